/*
 * graph.h: a network as a file or a family describes it: a chain of layers whose arithmetic is
 * written out, so that two of them can be compared. A reader of a format that stores a network
 * (ONNX, Caffe) makes one; graph.c makes one of a family, and compares.
 *
 * A chain is enough: every network of the AlexNet family is one, its towers are grouped
 * convolutions.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_GRAPH_H
#define AN_FORMATS_GRAPH_H

#include "core/model.h"
#include "formats/tensor_file.h"

/* Layers that compute nothing in inference (inverted dropout, identities, a softmax at the end, a
   pooling or a reshape that changes nothing) are left out of a chain. */
typedef enum an_graph_op {
    AN_GRAPH_CONV2D,
    AN_GRAPH_LINEAR,
    AN_GRAPH_RELU,
    AN_GRAPH_TANH,
    AN_GRAPH_SIGMOID,
    AN_GRAPH_LRN_ACROSS, /* over neighbouring channels */
    AN_GRAPH_LRN_WITHIN, /* over a window of the same map */
    AN_GRAPH_MAX_POOL,
    AN_GRAPH_AVERAGE_POOL,
    AN_GRAPH_BATCH_NORM, /* by running statistics */
    AN_GRAPH_LOCAL,      /* a convolution whose weights differ from place to place */
    AN_GRAPH_SCALE,      /* by a constant: dropout as in the paper */
    AN_GRAPH_FLATTEN     /* in the order channel, row, column */
} an_graph_op;

typedef struct an_graph_node {
    an_graph_op op;
    const char *name;  /* in the file, for messages */
    int in[3], out[3]; /* channels, height, width; after a flatten: elements, 1, 1 */

    /* convolutions and pooling; beyond the input lie zeros, which a maximum ignores. How far the
       last windows reach beyond it follows from out. */
    int kernel[2], stride[2], pad[2]; /* rows, columns; pad: above and to the left */
    int groups;                       /* convolutions; response normalisation across channels */
    bool counts_pad; /* average: the divisor counts elements beyond the input, up to `pad` */

    /* response normalisation: y = x / (k + alpha * sum of squares)^beta over `size` elements, or
       size * size within a map; alpha is the factor of the sum itself, whatever the format calls
       so */
    int size;
    double alpha, beta, k;

    double epsilon; /* batch normalisation: added to the variance */
    double factor;  /* scale: y = factor * x */

    /* Indices of the parameters: of file->tensors, or of model->params; -1: none. A reader has
       given the tensors our layout (an_tensor_permute()): convolutions [out][in/groups][kh][kw],
       linear layers [out][in] with inputs in the order channel, row, column. */
    int weight, bias; /* batch normalisation: its scale and shift */
    int mean, variance;
} an_graph_node;

typedef struct an_graph {
    an_graph_node *nodes; /* in the store of the file, or allocated */
    int count;
    const char *name; /* that the file gives the network; NULL: none */
} an_graph;

/* The chain of a model; free out->nodes. UNSUPPORTED: a layer that other formats do not have, such
   as a linear layer that runs at every place of a large map. NO_MEMORY. */
alexnet_status an_graph_of_model(const alexnet_model *model, an_graph *out) AN_NODISCARD;

/*
 * The number of equal nodes from the beginning on. Then *differs and *expected are the first pair
 * that differs; NULL: the chain has ended; both NULL: they are equal. Flatten nodes do not count,
 * and a convolution over all of its map equals a linear layer.
 */
int an_graph_equal_nodes(const an_graph *found, const an_graph *model,
                         const an_graph_node **differs, const an_graph_node **expected);

/*
 * Compares a file's chain with a model's. BAD_FILE: the message names the first node that differs,
 * what the model has there, and what was found.
 */
alexnet_status an_graph_compare(alexnet_context *ctx, const char *path, const an_graph *found,
                                const an_graph *expected, const char *family) AN_NODISCARD;

#endif
