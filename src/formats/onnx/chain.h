/*
 * chain.h: what the files that make a chain of an ONNX graph share: the meaning of each value.
 *
 *     onnx_chain.c         layers that compute; the ends of the chain
 *     onnx_chain_window.c  windows: convolution, pooling, padding
 *     onnx_chain_shape.c   operators that change the shape or compute one
 *     onnx_chain_norm.c    response normalisation that is spelled out in elementary operators
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_ONNX_CHAIN_H
#define AN_FORMATS_ONNX_CHAIN_H

#include "formats/onnx/onnx.h"

#define AN_CHAIN_SIDE_MAX (1 << 20) /* of a map, or channels */
#define AN_CHAIN_BATCH    INT64_MIN /* as a dimension: however many images there are */

typedef enum an_chain_kind {
    AN_CHAIN_NOTHING,
    AN_CHAIN_REFUSED, /* no chain has it; `reason` says why */
    AN_CHAIN_MAP,
    AN_CHAIN_TENSOR,
    AN_CHAIN_DIMS, /* numbers of a shape */
    AN_CHAIN_NORM  /* a step of a response normalisation */
} an_chain_kind;

/* What a layer gives, however its elements are arranged just now. */
typedef struct an_chain_map {
    int layer;    /* the last one; -1: it is the input of the network */
    int side[3];  /* channels, rows, columns */
    int order[3]; /* which of them its elements run over, from the outermost inwards */
    int from[3];  /* of the input: the dimension of each of them */
    int rank;
    int64_t dims[AN_TENSOR_RANK_MAX]; /* the first is of the images */
    int fold;                         /* the images are taken to be so many groups of channels */
    bool padded;                      /* a Pad is still to be included in the layer that follows */
    int pad[4];                       /* above, left, below, right */
    double pad_value;
    bool softmax;  /* a softmax came after the layer: */
    int logits;    /* value that it reads */
    bool positive; /* no element is negative */
} an_chain_map;

typedef struct an_chain_dims {
    int count;
    int64_t values[AN_ONNX_LIST_MAX];
    bool scalar;
} an_chain_dims;

/* x^2; then (k + alpha * sum of it); then that to the power of beta. */
typedef struct an_chain_norm {
    int value;       /* x: value of the graph */
    int size;        /* of the window; 0: not yet summed */
    bool within;     /* the window lies in one map, not across channels */
    bool deep;       /* x^2 has a dimension more: [n][1][c][h][w] */
    int64_t pads[2]; /* of the channels */
    bool has_power;
    double alpha, beta, k;
} an_chain_norm;

typedef struct an_chain_value {
    an_chain_kind kind;
    const char *reason;
    an_chain_map map;    /* MAP; NORM: x */
    an_tensor_view view; /* TENSOR, as the graph has rearranged it */
    int tensor;          /* in an_onnx_model.tensors */
    an_chain_dims shape;
    an_chain_norm norm;
} an_chain_value;

typedef struct an_chain_layer {
    an_graph_node node;
    const an_onnx_node *of;
    int before;                      /* -1: none */
    const an_chain_value *params[4]; /* weight, bias, mean, variance; NULL: none */
} an_chain_layer;

typedef struct an_chain {
    alexnet_context *ctx;
    const char *path;
    an_tensor_file *file;
    an_onnx_model *model;
    an_store scratch;
    an_chain_value **values; /* in scratch; NULL: not needed so far */
    an_chain_layer *layers;
    size_t layer_count, layer_room;
    int64_t batch;       /* the first dimension of the input */
    const char *refusal; /* of the graph as a whole */
} an_chain;

/* Makes *out what no chain has. OK, NO_MEMORY. */
alexnet_status an_chain_refuse(an_chain *k, const an_onnx_node *node, an_chain_value *out,
                               const char *format, ...) AN_PRINTF(4, 5) AN_NODISCARD;
/* For the reason of an input. */
alexnet_status an_chain_refuse_as(an_chain_value *out, const an_chain_value *input) AN_NODISCARD;
alexnet_status an_chain_fail_memory(const an_chain *k);

bool an_chain_has_input(const an_onnx_node *node, int i);
/* Of kind NOTHING if it is left out; refused or not. */
const an_chain_value *an_chain_input(an_chain *k, const an_onnx_node *node, int i);

enum { AN_CHAIN_TAKES_PAD = 1, AN_CHAIN_TAKES_FOLD = 2, AN_CHAIN_TAKES_SOFTMAX = 4 };
/* An input as a map in a state that the node takes; NULL: it is not, and *out is refused, or
   *status is not OK. */
const an_chain_map *an_chain_map_input(an_chain *k, const an_onnx_node *node, int i, unsigned takes,
                                       an_chain_value *out, alexnet_status *status);

/* Appends a layer, whose out is set, to the chain of x. *out is x with another layer and sides. */
alexnet_status an_chain_add(an_chain *k, const an_onnx_node *node, const an_chain_map *x,
                            const an_graph_node *layer, const an_chain_value *const params[4],
                            an_chain_value *out) AN_NODISCARD;

bool an_chain_is_nchw(const an_chain_map *x); /* [n][c][h][w] */
void an_chain_to_nchw(an_chain_map *x);       /* sets dims from side */
int64_t an_chain_elements(const an_chain_map *x);

/* A constant of one element. False: it is none, or *status is not OK. */
bool an_chain_number(an_chain *k, const an_chain_value *value, double *out, alexnet_status *status);
/* Constant whole numbers, or a shape. */
bool an_chain_ints(an_chain *k, const an_chain_value *value, an_chain_dims *out,
                   alexnet_status *status);

/* ---- windows ---- */

typedef struct an_chain_window {
    int kernel[2], stride[2], pad[4], out[2];
    int reach[2]; /* how far the last windows reach past the input; negative: they do not */
} an_chain_window;

/* Reads the attributes of a node with windows. kernel: [2]; NULL: the attribute. *out is refused if
   they do not fit. */
alexnet_status an_chain_read_window(an_chain *k, const an_onnx_node *node, const an_chain_map *x,
                                    const int64_t *kernel, an_chain_window *window,
                                    an_chain_value *out) AN_NODISCARD;
void an_chain_set_window(const an_chain_window *window, int channels, an_graph_node *layer);

/* ---- operators ---- */

typedef alexnet_status an_chain_operator(an_chain *k, const an_onnx_node *node,
                                         an_chain_value *out);

an_chain_operator an_chain_add_pool, an_chain_add_global_pool, an_chain_add_reduce_mean,
    an_chain_add_pad;
an_chain_operator an_chain_add_flatten, an_chain_add_reshape, an_chain_add_transpose,
    an_chain_add_squeeze, an_chain_add_shape, an_chain_add_gather, an_chain_add_concat;

/* ---- normalisation ---- */

/* x^2 */
alexnet_status an_chain_square(an_chain *k, const an_onnx_node *node, const an_chain_map *x,
                               int value, an_chain_value *out) AN_NODISCARD;
/* An operator one of whose inputs is a step of a normalisation. */
alexnet_status an_chain_normalise(an_chain *k, const an_onnx_node *node,
                                  an_chain_value *out) AN_NODISCARD;

#endif
