/*
 * cases.h: calls of single primitives of a backend as data. A kind (an_case_kind) says for one
 * primitive which operands it has, what it costs and how it is called; a case (an_case) is a kind
 * with sizes and options.
 *
 *     tests/cpu/trial.h                  runs cases of odd sizes on every tier, and compares
 *     alexnet bench kernels              times the cases of networks (cases_networks.c)
 *
 * A new primitive of core/backend.h needs a kind here, and a test of tests/cpu/fp32 that runs it. A
 * new option of a primitive is a member of an_case, whose 0 is the ordinary form.
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
    AN_OPERAND_FLOAT,  /* drawn from -1 .. 1 */
    AN_OPERAND_UNIT,   /* a float, drawn from 0 .. 1 */
    AN_OPERAND_ARGMAX, /* a byte: where the maximum of a window is (an_backend.max_pool) */
    AN_OPERAND_INT
} an_operand_type;

/* An array that a primitive reads or writes. */
typedef struct an_operand {
    size_t count; /* elements; 0: there is no such operand */
    an_operand_type type;
    int limit;    /* INT: values are 0 .. limit-1 */
    an_pool pool; /* ARGMAX: values are places of these windows that are on the map */
} an_operand;

/* The operands of a case, and its work. */
typedef struct an_case_sizes {
    an_operand in[AN_CASE_INPUTS], out[AN_CASE_OUTPUTS];
    bool updates;  /* out is also read: weights, the state of an optimiser */
    int64_t terms; /* in the longest sum of an output element: bounds of tests follow from it */
    double flops;  /* of the direct algorithm; 0: not counted */
    double bytes;  /* of all operands, each once */
} an_case_sizes;

/* One primitive. The functions below that take a case call these. */
typedef struct an_case_kind {
    const char *name;                                    /* "conv2d forward" */
    bool exact;                                          /* all tiers give the same bits */
    void (*sizes)(const an_case *c, an_case_sizes *out); /* all members but bytes */
    size_t (*scratch)(const an_case *c, const an_backend *backend, int threads); /* NULL: none */
    const char *(*algorithm)(const an_case *c, const an_backend *backend); /* NULL: there is one */
    alexnet_status (*run)(const an_case *c, const an_backend *backend, const an_run *run,
                          const void *const in[AN_CASE_INPUTS], void *const out[AN_CASE_OUTPUTS]);
    /* of forward kinds with weights, else NULL: */
    size_t (*packed_bytes)(const an_case *c, const an_backend *backend);
    alexnet_status (*pack_weights)(const an_case *c, const an_backend *backend, const an_run *run,
                                   const float *w, void *packed);
} an_case_kind;

struct an_case {
    const char *name; /* "conv2 forward" */
    const an_case_kind *kind;
    /* the sizes; a kind uses one of these: */
    an_conv2d conv2d; /* perhaps with the pooling that follows */
    an_linear linear;
    an_pool pool;
    an_lrn lrn;     /* perhaps with the pooling that follows */
    an_shape shape; /* everything else; n rows of c classes or elements */
    /* options; a kind reads those that concern it: */
    alexnet_dtype dtype;   /* conv2d, linear: the number format that is asked for */
    const char *algorithm; /* conv2d, linear: the one to run; NULL: the backend's choice */
    const void *packed;    /* conv2d, linear forward: set by an_case_pack_weights() */
    bool after_relu;       /* conv2d, linear forward: x has no numbers below 0 */
    bool relu;          /* forward, batch_norm: the ReLU that follows is included. conv2d backward
                              data: the ReLU before, whose output is an operand */
    bool with_data;     /* linear backward weights: the data gradient in the same sweep */
    bool unfused;       /* operations that can be fused run one after the other */
    bool lr_inside;     /* sgd: an_sgd.lr_inside */
    bool adds_gradient; /* sgd: a rate below 0. With positive operands no terms cancel then: the
                              result is the scale of its rounding errors */
    float smoothing;    /* the loss: an_targets.smoothing */
    bool blended;       /* the loss: images have two labels (an_targets.others) */
    bool fixed;         /* batch_norm backward: the statistics do not depend on the batch */
    int p, q;           /* adaptive average: the size of its output */
    int size;           /* unfold, fold: the side of their windows */
};

/* The kinds, one per primitive of the backend. */
extern const an_case_kind an_case_conv2d[AN_PASSES], an_case_linear[AN_PASSES];
extern const an_case_kind an_case_linear_update;
extern const an_case_kind an_case_local[AN_PASSES];
extern const an_case_kind an_case_max_pool, an_case_max_pool_backward;
extern const an_case_kind an_case_average_pool, an_case_average_pool_backward;
extern const an_case_kind an_case_batch_statistics, an_case_batch_norm, an_case_batch_norm_backward;
extern const an_case_kind an_case_adaptive_average, an_case_adaptive_average_backward;
extern const an_case_kind an_case_lrn, an_case_lrn_backward;
extern const an_case_kind an_case_from_nchw, an_case_to_nchw, an_case_flatten, an_case_unflatten;
extern const an_case_kind an_case_unfold, an_case_fold, an_case_all_finite;
extern const an_case_kind an_case_relu, an_case_relu_backward, an_case_dropout;
extern const an_case_kind an_case_sgd, an_case_rmsprop, an_case_adam, an_case_average_values;
extern const an_case_kind an_case_tanh, an_case_tanh_backward;
extern const an_case_kind an_case_sigmoid, an_case_sigmoid_backward;
extern const an_case_kind an_case_softmax, an_case_cross_entropy, an_case_loss_backward;

void an_case_get_sizes(const an_case *c, an_case_sizes *out);

/* The bytes of scratch that an_case_run() and an_case_pack_weights() need in `run`. */
size_t an_case_scratch(const an_case *c, const an_backend *backend, int threads);

/* The name of the algorithm that computes the case: "direct int8". "" where the backend has only
   one algorithm, in fp32. NULL: the backend lacks c->algorithm, or it does not apply to the case.
   */
const char *an_case_algorithm(const an_case *c, const an_backend *backend);

/* Draws values for an operand, a function of (operand, seed). data: an_operand_bytes(). */
void an_operand_fill(const an_operand *operand, uint64_t seed, void *data);

/* Bytes of an operand. */
size_t an_operand_bytes(const an_operand *operand);

/*
 * Packed weights for the algorithm of the case: their bytes, 0 where it does not pack; and packing
 * the weights among `in` to `packed`, which later runs of the case read.
 */
size_t an_case_packed_bytes(const an_case *c, const an_backend *backend);
alexnet_status an_case_pack_weights(an_case *c, const an_backend *backend, const an_run *run,
                                    const void *const in[AN_CASE_INPUTS], void *packed);

/* Calls the primitive. in, out: arrays as an_case_get_sizes() describes them. */
alexnet_status an_case_run(const an_case *c, const an_backend *backend, const an_run *run,
                           const void *const in[AN_CASE_INPUTS], void *const out[AN_CASE_OUTPUTS]);

/* Calls that networks make, for timing and for tests of real sizes (cases_networks.c). */
typedef struct an_case_list {
    const an_case *cases; /* of one image */
    int count;
} an_case_list;

extern const an_case_list an_cases_step; /* a training step of torchvision's AlexNet, as planned */
extern const an_case_list an_cases_others; /* calls of each kind, and form, that the step lacks */

an_case an_case_get(const an_case_list *list, int index, int n); /* for a batch of n images */

#endif
