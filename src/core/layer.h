/*
 * layer.h: what a layer is. A layer is one file in src/layers that ends in one an_layer_def: its
 * settings, shape rule, parameters, cost, needs, forward and backward, written over the primitives
 * of core/backend.h.
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
#define AN_LAYER_PARAMS 4 /* most parameters one layer has */

/* A layer in its place in a model: one row of the family's table, resolved. Constant once the model
 * is built. */
typedef struct an_node {
    const an_layer_def *def;
    char name[AN_NAME_BYTES];     /* "features.0" */
    int index;                    /* in the model, 0 .. */
    const void *settings;         /* the layer's own struct, parsed by def->keys; NULL: none */
    const char *settings_text;    /* the same as text, as the row has it */
    an_shape x, y;                /* for one image: n is 1 */
    int first_param, param_count; /* in the model's parameter table */
} an_node;

typedef enum an_mode { AN_INFER, AN_TRAIN } an_mode;

/* What a plan is made for. */
typedef struct an_setup {
    const an_backend *backend;
    an_mode mode;
    alexnet_dtype dtype; /* of products; never INT8 in training */
    int threads;

    /* of one layer */
    bool first;             /* its input is the images */
    bool no_input_gradient; /* nobody wants the gradient of its input */
    an_pool pool; /* r > 0: what follows, perhaps after a ReLU, is this pooling by maximum */
} an_setup;

/* What a layer needs in a run, answered while planning; the planner does the rest. Starts zeroed.
 */
typedef struct an_needs {
    size_t scratch_bytes;  /* while it runs, forward or backward, all threads together */
    size_t saved_bytes;    /* kept from forward to backward besides x and y (arg-max) */
    size_t packed_bytes;   /* weights in the form that forward wants: inference only */
    bool alias;            /* y is x: nothing to compute in this mode */
    bool in_place;         /* y may take x's buffer, and dx dy's */
    bool backward_reads_x; /* x must live until backward */
    bool backward_reads_y;
    bool fuses_relu; /* forward can apply a ReLU that follows */
    bool fuses_pool; /* forward and backward can be those of this layer and setup->pool in one */
    bool takes_nchw; /* all passes can read images as they come, which are then not converted */
    bool
        takes_relu; /* backward can apply the mask of a ReLU before, from x if it reads x, else y */
    bool fuses_update; /* backward can apply SGD to parameter 0 instead of storing its gradient */
    /* the planner's choice; NULL elsewhere */
    const an_conv2d_algorithm *algorithm[AN_PASSES]; /* convolutions */
    const an_linear_algorithm *linear[AN_PASSES];    /* linear layers */
    an_cost cost[AN_PASSES]; /* of those algorithms */
} an_needs;

/* What forward and backward get. Shapes carry the number of images of this run. */
typedef struct an_op {
    const an_node *node;
    const an_backend *backend;
    const an_run *run;
    const an_needs *needs;
    an_mode mode;
    an_shape x_shape, y_shape;

    const float *x; /* backward: only if needs->backward_reads_x */
    float *y;       /* backward: only if needs->backward_reads_y */
    float *dy;        /* read by nobody afterwards: backward may write over it */
    float *dx;        /* NULL: nobody wants it */
    void *saved;      /* needs->saved_bytes; with `pool`: argmax, of pool's outputs */
    void *packed;     /* needs->packed_bytes: pack_weights() writes, forward reads */
    bool relu;        /* the planner fused the following ReLU into forward */
    bool relu_before; /* and the backward pass of the one before into this one's */
    an_pool pool;     /* r > 0: the planner fused this pooling; y, y_shape, dy are of its outputs */

    const float *const *w; /* param_count values */
    float *const *dw;      /* param_count gradients; dw[i] NULL: none is stored, as it is frozen or
                              updated at once */
    const an_sgd_update *update; /* needs->fuses_update: of w[0], once dx is computed; NULL: none */

    uint64_t seed; /* of the run; training only */
    int64_t step;
    int first_row;         /* place of row 0 in the whole batch */
    float loss_scale;      /* 1 / images in the whole batch */
    an_targets targets;    /* the loss layer, training only */
    float *row_loss;       /* [n]; the loss layer, training only */
} an_op;

struct an_layer_def {
    const char *name;      /* "conv2d", as tables and `info` spell it */
    const char *summary;   /* one line */
    const an_key *keys;    /* settings; NULL: none */
    size_t settings_bytes; /* of the struct that keys fill */
    bool is_relu;          /* max(x, 0): other layers can do it in their own pass */
    bool is_loss;          /* gives a classifier's probabilities, and in training the loss */
    bool per_place; /* each place of its map has parameters of its own: they fit no other map */

    /* y's shape for x (n = 1). BAD_SHAPE, naming the layer, when x does not fit. */
    alexnet_status (*shape)(alexnet_context *ctx, const an_node *node, an_shape x, an_shape *y);

    /* Declares the parameters, in the order of op->w. NULL: none. */
    alexnet_status (*params)(alexnet_context *ctx, const an_node *node, an_param_list *list);

    /* Multiply-accumulates for one image, as FACTS count them: convolutions and linear layers.
     * NULL: 0. */
    int64_t (*macs)(const an_node *node);

    /* Pooling by maximum: its geometry for n images. NULL, or false: this layer is something else.
       */
    bool (*max_pool)(const an_node *node, int n, an_pool *out);

    /* x has the planned batch as n. */
    void (*plan)(const an_node *node, const an_setup *setup, an_shape x, an_shape y,
                 an_needs *needs);

    /* From op->w to op->packed, where there is any; x and y are not there. NULL: this layer packs
       nothing. */
    alexnet_status (*pack_weights)(const an_op *op);

    alexnet_status (*forward)(const an_op *op);
    alexnet_status (*backward)(const an_op *op);
};

/* The table of all layers (src/layers/layers.inc). NULL: no layer of that name. */
const an_layer_def *an_layer_find(const char *name);
const an_layer_def *an_layer_at(int index); /* NULL: past the last */

#endif
