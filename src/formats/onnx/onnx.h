/*
 * onnx.h: ONNX models (onnx/onnx, onnx/onnx.proto and docs/Operators.md), operator sets 7 to 28.
 *
 *     onnx.c         the messages of the file: its graph as tables, what it claims checked
 *     onnx_tensor.c  tensors, which stay in the file or in files beside it
 *     onnx_chain.c   the graph as the chain of graph.h, node by node
 *     onnx_run.c     the graph run by the rules of ONNX alone
 *     onnx_write.c   a chain as a model
 *
 * A graph that is no chain still has tensors: an_tensor_file.no_graph says which node differs.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_ONNX_H
#define AN_FORMATS_ONNX_H

#include "formats/graph.h"
#include "formats/protobuf.h"
#include "formats/tensor_file.h"

/* A file of more is refused. */
#define AN_ONNX_NODES_MAX      10000
#define AN_ONNX_VALUES_MAX     40000
#define AN_ONNX_TENSORS_MAX    8000
#define AN_ONNX_ATTRIBUTES_MAX 30000
#define AN_ONNX_TEXT_MAX       512               /* bytes of a name */
#define AN_ONNX_TEXTS_MAX      ((size_t)4 << 20) /* of all names */
#define AN_ONNX_LIST_MAX       16                /* of an attribute, of inputs */
#define AN_ONNX_OPSET_MIN      7
#define AN_ONNX_OPSET_MAX      28

/* The types of AttributeProto that are read. */
enum {
    AN_ONNX_FLOAT = 1,
    AN_ONNX_INT = 2,
    AN_ONNX_STRING = 3,
    AN_ONNX_TENSOR = 4,
    AN_ONNX_INTS = 7
};

typedef struct an_onnx_attribute {
    const char *name;
    int type; /* of AttributeProto; one that is not above is known by its name only */
    double f;
    int64_t i;
    const char *s;
    int tensor;
    int64_t ints[AN_ONNX_LIST_MAX];
    int count; /* of ints */
} an_onnx_attribute;

typedef struct an_onnx_node {
    const char *name; /* that of its first output if it has none */
    const char *op;   /* "Conv"; of another domain than ONNX's own: "domain::op" */
    int inputs[AN_ONNX_LIST_MAX], input_count; /* values; -1: left out */
    int outputs[AN_ONNX_LIST_MAX], output_count;
    an_onnx_attribute *attributes;
    int attribute_count;
} an_onnx_node;

typedef struct an_onnx_value {
    const char *name;
    int tensor;   /* an initializer or the output of a Constant; -1: neither */
    int producer; /* node; -1: none */
    bool is_input;
} an_onnx_value;

typedef struct an_onnx_tensor {
    an_tensor_view view; /* as ONNX shapes it */
    int listed;          /* index in an_tensor_file.tensors; -1: a constant of the graph alone */
} an_onnx_tensor;

/* an_tensor_file.network: lies in the file's store. */
typedef struct an_onnx_model {
    int opset;
    an_onnx_node *nodes; /* each after those whose outputs it reads */
    int node_count;
    an_onnx_value *values;
    int value_count;
    an_onnx_tensor *tensors;
    int tensor_count;
    int input; /* value; -1: none; -2: several */
    int64_t input_shape[4];
    bool input_known[4]; /* the dimension has a number */
    int input_type;      /* of TensorProto */
    int input_rank;
    int output; /* value: the first output */

    /* from onnx_chain.c */
    int logits;        /* value: the output, or what a softmax at the end reads */
    int input_axes[3]; /* which dimension of the input is channels, height, width */
} an_onnx_model;

/* ---- onnx_tensor.c ---- */

/* Reads a TensorProto. `name` NULL: its own. The view's values lie in the file, beside it, or, if
   they are written one by one, in the store. */
alexnet_status an_onnx_read_tensor(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                   an_pb_cursor *message, const char *name,
                                   an_tensor_view *out) AN_NODISCARD;

/* Reads the whole numbers of an I64 or I32 tensor of at most `room` elements. BAD_FILE: another
   type, or more. */
alexnet_status an_onnx_read_ints(alexnet_context *ctx, const char *path,
                                 const an_tensor_view *tensor, int room, int64_t *out,
                                 int *count) AN_NODISCARD;

/* ---- onnx.c ---- */

const an_onnx_attribute *an_onnx_attribute_find(const an_onnx_node *node, const char *name);

/* The value of an attribute, or `otherwise` without one. */
int64_t an_onnx_int(const an_onnx_node *node, const char *name, int64_t otherwise);
double an_onnx_float(const an_onnx_node *node, const char *name, double otherwise);
const char *an_onnx_string(const an_onnx_node *node, const char *name, const char *otherwise);

/* ---- onnx_chain.c, onnx_run.c ---- */

/* Sets file->graph, or file->no_graph. BAD_FILE (the graph is damaged), IO, NO_MEMORY. */
alexnet_status an_onnx_make_chain(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                  an_onnx_model *model, const char *name) AN_NODISCARD;

/* an_tensor_format.run */
alexnet_status an_onnx_run(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                           const an_plain_map *images, an_plain_map *logits) AN_NODISCARD;

#endif
