/*
 * cases.h: one call of one primitive as data: the primitive, its sizes, its number of operations.
 * The tests run cases of odd sizes on every tier and compare; `alexnet bench kernels` times those
 * of networks.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BENCH_CASES_H
#define AN_BENCH_CASES_H

#include "core/backend.h"
#include <stdbool.h>

#define AN_CASE_INPUTS  4
#define AN_CASE_OUTPUTS 4

typedef struct an_case an_case;

typedef enum an_operand_type {
    AN_OPERAND_FLOAT,
    AN_OPERAND_UNIT,  /* the same, but never negative */
    AN_OPERAND_PLACE, /* a byte: the argmax of a window */
    AN_OPERAND_INT
} an_operand_type;

typedef struct an_operand {
    size_t count; /* elements; 0: there are none */
    an_operand_type type;
    int limit;    /* ints are 0 .. limit-1 */
    an_pool pool; /* places: of these windows, and on the map */
} an_operand;

/* The operands of a case. */
typedef struct an_case_sizes {
    an_operand in[AN_CASE_INPUTS], out[AN_CASE_OUTPUTS];
    bool updates;  /* outputs are read, too */
    int64_t terms; /* in the longest sum of an output element */
    double flops;  /* of the direct algorithm; 0: not counted */
    double bytes;  /* of all operands, each once */
} an_case_sizes;

typedef struct an_case_kind {
    const char *name; /* "conv2d forward" */
    bool exact;       /* all tiers give the same bits */
    void (*sizes)(const an_case *c, an_case_sizes *out);
    size_t (*scratch)(const an_case *c, const an_backend *backend, int threads); /* NULL: none */
    const char *(*algorithm)(const an_case *c, const an_backend *backend); /* NULL: there is one */
    alexnet_status (*run)(const an_case *c, const an_backend *backend, const an_run *run,
                          const void *const in[AN_CASE_INPUTS], void *const out[AN_CASE_OUTPUTS]);
    /* of forward kinds with weights: */
    size_t (*packed_bytes)(const an_case *c, const an_backend *backend);
    alexnet_status (*pack_weights)(const an_case *c, const an_backend *backend, const an_run *run,
                                   const float *w, void *packed);
} an_case_kind;

struct an_case {
    const char *name; /* "conv2 forward" */
    const an_case_kind *kind;
    /* the one that the kind uses: */
    an_conv2d conv2d; /* perhaps with the pooling that follows */
    an_linear linear;
    an_pool pool;
    an_lrn lrn;     /* perhaps with the pooling that follows */
    an_shape shape; /* everything else; rows of classes and elements are n and c */
    /* options */
    alexnet_dtype dtype;   /* of conv2d and linear */
    const char *algorithm; /* of these, the one to run; NULL: the backend's choice */
    bool behind_relu;      /* of these, forward: x has no numbers below 0 */
    const void *packed;    /* of these, forward: an_case_pack_weights() */
    bool relu;      /* conv2d backward data: with the ReLU before, whose output is an operand */
    bool with_data; /* linear backward weights: the data gradient in the same sweep */
    bool apart;     /* fused operations run separately, one after the other */
    bool lr_inside;
    bool ascends; /* SGD goes up the gradient: with positive operands, the scale of its rounding */
    float smoothing; /* of the loss */
    bool blended;    /* of the loss: images with two labels */
    bool fixed;      /* statistics, of batch_norm backward */
    int p, q;        /* of the adaptive average */
    int size;        /* of the windows of unfold and fold */
};

/* The kinds, one per primitive of the backend. */
extern const an_case_kind an_case_conv2d[AN_PASSES], an_case_linear[AN_PASSES];
extern const an_case_kind an_case_linear_update;
extern const an_case_kind an_case_local[AN_PASSES];
extern const an_case_kind an_case_max_pool, an_case_max_pool_backward;
extern const an_case_kind an_case_average_pool, an_case_average_pool_backward;
extern const an_case_kind an_case_batch_statistics, an_case_batch_norm, an_case_batch_norm_backward;
extern const an_case_kind an_case_average, an_case_average_backward;
extern const an_case_kind an_case_lrn, an_case_lrn_backward;
extern const an_case_kind an_case_from_nchw, an_case_to_nchw, an_case_flatten, an_case_unflatten;
extern const an_case_kind an_case_unfold, an_case_fold, an_case_all_finite;
extern const an_case_kind an_case_relu, an_case_relu_backward, an_case_dropout;
extern const an_case_kind an_case_sgd, an_case_rmsprop, an_case_adam, an_case_average_values;
extern const an_case_kind an_case_tanh, an_case_tanh_backward;
extern const an_case_kind an_case_sigmoid, an_case_sigmoid_backward;
extern const an_case_kind an_case_softmax, an_case_cross_entropy, an_case_loss_backward;

void an_case_get_sizes(const an_case *c, an_case_sizes *out);

size_t an_case_scratch(const an_case *c, const an_backend *backend, int threads); /* bytes */

/* The name of the algorithm that computes the case: "direct int8". "" where the backend has only
   one algorithm, in fp32. NULL: the backend lacks c->algorithm, or it does not apply to the case.
   */
const char *an_case_algorithm(const an_case *c, const an_backend *backend);

/* Values for an operand, a function of (operand, seed). Floats are -1 .. 1, or 0 .. 1. */
void an_operand_fill(const an_operand *operand, uint64_t seed, void *data);

/* Bytes of an operand. */
size_t an_operand_bytes(const an_operand *operand);

/* Packed weights for the algorithm of the case: their bytes, 0 where it does not pack; and packing
   them, for the later runs of the case. */
size_t an_case_packed_bytes(const an_case *c, const an_backend *backend);
alexnet_status an_case_pack_weights(an_case *c, const an_backend *backend, const an_run *run,
                                    const void *const in[AN_CASE_INPUTS], void *packed);

alexnet_status an_case_run(const an_case *c, const an_backend *backend, const an_run *run,
                           const void *const in[AN_CASE_INPUTS], void *const out[AN_CASE_OUTPUTS]);

/* Calls that networks make, for timing and for tests of real sizes. */
typedef struct an_case_list {
    const an_case *cases; /* of one image */
    int count;
} an_case_list;

extern const an_case_list an_cases_step; /* a training step of torchvision's AlexNet, as planned */
extern const an_case_list an_cases_others; /* calls of each kind, and form, that the step lacks */

an_case an_case_get(const an_case_list *list, int index, int n); /* for a batch of n images */

#endif
