/*
 * layer.h: the interface of layers. A layer is one file in src/layers that ends in one
 * an_layer_def: its settings, shape rule, parameters, cost, needs, forward and backward, written
 * over the primitives of core/backend.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_LAYER_H
#define AN_CORE_LAYER_H

#include "base/settings.h"
#include "core/backend.h"
#include "core/param.h"
#include "core/shape.h"

typedef struct an_layer_def an_layer_def;

#define AN_NAME_BYTES   64
#define AN_LAYER_PARAMS 4 /* at most this many parameters in one layer */

/* A layer of a model: one row of the family's table, resolved. Constant once the model is built. */
typedef struct an_node {
    const an_layer_def *def;
    char name[AN_NAME_BYTES];     /* "features.0" */
    int index;                    /* in the model, 0 .. */
    const void *settings;         /* the layer's own struct, parsed by def->keys; NULL: none */
    const char *settings_text;    /* the same as text */
    an_shape x, y;                /* for one image: n is 1 */
    int first_param, param_count; /* in the model's parameter table */
} an_node;

typedef enum an_mode { AN_INFER, AN_TRAIN } an_mode;

/* What a plan is made for: the whole model, then one layer. */
typedef struct an_setup {
    const an_backend *backend;
    an_mode mode;
    alexnet_dtype dtype; /* of products; never INT8 in training */
    int threads;

    /* of one layer */
    bool first;             /* its input is the images */
    bool no_input_gradient; /* the gradient of its input is not needed */
    an_pool pool;           /* r > 0: this maximum pooling follows, perhaps after a ReLU */
} an_setup;

/* What a layer needs in a run. def->plan() fills it in while planning; it starts zeroed. */
typedef struct an_needs {
    size_t scratch_bytes;  /* while it runs, forward or backward, all threads together */
    size_t saved_bytes;    /* kept from forward to backward besides x and y (argmax) */
    size_t packed_bytes;   /* weights packed for forward: inference only */
    bool alias;            /* y is x: nothing to compute in this mode */
    bool in_place;         /* y may take x's buffer, and dx dy's */
    bool backward_reads_x; /* x must be kept until backward */
    bool backward_reads_y;
    bool fuses_relu; /* forward can apply a ReLU that follows */
    bool fuses_pool; /* forward and backward can include setup->pool */
    bool takes_nchw; /* all passes can read [n][c][h][w], so that images are not converted */
    bool takes_relu; /* backward can include that of a ReLU before this layer: its mask is x > 0, or
                        y > 0 if backward does not read x */
    bool fuses_update; /* backward can apply SGD to parameter 0 instead of storing its gradient */
    /* the planner's choice; NULL elsewhere */
    const an_conv2d_algorithm *algorithm[AN_PASSES]; /* convolutions */
    const an_linear_algorithm *linear[AN_PASSES];    /* linear layers */
    an_cost cost[AN_PASSES];                         /* of those algorithms */
} an_needs;

/* The arguments of forward and backward. Shapes hold the number of images of this run. */
typedef struct an_op {
    const an_node *node;
    const an_backend *backend;
    const an_run *run;
    const an_needs *needs;
    an_mode mode;
    an_shape x_shape, y_shape;

    const float *x;   /* backward: only if needs->backward_reads_x */
    float *y;         /* backward: only if needs->backward_reads_y */
    float *dy;        /* not read afterwards: backward may overwrite it */
    float *dx;        /* NULL: not wanted */
    void *saved;      /* needs->saved_bytes; with `pool`: argmax of the pool's outputs */
    void *packed;     /* needs->packed_bytes: pack_weights() writes, forward reads */
    bool relu;        /* the following ReLU is fused into forward */
    bool relu_before; /* the backward pass of the ReLU before is fused into this one's */
    an_pool pool;     /* r > 0: this pooling is fused; y, y_shape and dy are of its outputs */

    const float *const *w; /* param_count values */
    float *const *dw;      /* param_count gradients; dw[i] NULL: not stored, as w[i] is frozen or
                              updated at once */
    const an_sgd_update *update; /* needs->fuses_update: of w[0], once dx is computed; NULL: none */

    uint64_t seed; /* of the run; training only */
    int64_t step;
    int first_row;      /* place of row 0 in the whole batch */
    float loss_scale;   /* 1 / images in the whole batch */
    an_targets targets; /* the loss layer, training only */
    float *row_loss;    /* [n]; the loss layer, training only */
} an_op;

struct an_layer_def {
    const char *name;      /* "conv2d", as tables and `info` spell it */
    const char *summary;   /* one line */
    const an_key *keys;    /* settings; NULL: none */
    size_t settings_bytes; /* of the struct that keys fill */
    bool is_relu;          /* max(x, 0): other layers can include it in their passes */
    bool is_loss;          /* gives a classifier's probabilities, and in training the loss */
    bool per_place;        /* its parameters belong to places of its map: they fit no other map */

    /* y's shape for x (n = 1). BAD_SHAPE, naming the layer, when x does not fit. */
    alexnet_status (*shape)(alexnet_context *ctx, const an_node *node, an_shape x, an_shape *y);

    /* Declares the parameters, in the order of op->w. NULL: none. */
    alexnet_status (*params)(alexnet_context *ctx, const an_node *node, an_param_list *list);

    /* Multiply-adds for one image, of convolutions and linear layers. NULL: 0. */
    int64_t (*macs)(const an_node *node);

    /* Maximum pooling: its geometry for n images. NULL, or false: this is another layer. */
    bool (*max_pool)(const an_node *node, int n, an_pool *out);

    /* Fills in needs. n of x and y is the planned batch. */
    void (*plan)(const an_node *node, const an_setup *setup, an_shape x, an_shape y,
                 an_needs *needs);

    /* Packs op->w into op->packed, if there are packed bytes; x and y are not set. NULL: this layer
       packs nothing. */
    alexnet_status (*pack_weights)(const an_op *op);

    alexnet_status (*forward)(const an_op *op);
    alexnet_status (*backward)(const an_op *op);
};

/* The table of all layers (src/layers/layers.inc). NULL: no layer of that name. */
const an_layer_def *an_layer_find(const char *name);
const an_layer_def *an_layer_at(int index); /* NULL: past the end */

#endif
