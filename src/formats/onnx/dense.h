/*
 * dense.h: what the files that run an ONNX graph share.
 *
 *     onnx_run.c        the graph as a whole
 *     onnx_run_layer.c  operators of layers, over plain.h
 *     onnx_run_dense.c  operators on tensors of any shape
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_ONNX_DENSE_H
#define AN_FORMATS_ONNX_DENSE_H

#include "formats/onnx/onnx.h"

#define AN_DENSE_ELEMENTS_MAX ((int64_t)1 << 28) /* of one tensor: a gigabyte */
#define AN_DENSE_BATCH_MAX    256

/* A dense tensor of float, or a few whole numbers (data is NULL). Zeroed: none. */
typedef struct an_dense_tensor {
    int rank;
    int64_t dims[AN_TENSOR_RANK_MAX];
    float *data;
    int64_t ints[AN_ONNX_LIST_MAX];
    int count; /* of ints */
} an_dense_tensor;

typedef struct an_dense_run {
    alexnet_context *ctx;
    const char *path;
    const an_onnx_model *model;
    an_dense_tensor *values;
} an_dense_run;

/* An operator: inputs[i] is NULL if it is left out; the first is not. Makes *out. BAD_FILE,
   NO_MEMORY. */
typedef alexnet_status an_dense_operator(const an_dense_run *r, const an_onnx_node *node,
                                         const an_dense_tensor *const *inputs,
                                         an_dense_tensor *out);

an_dense_operator an_dense_conv, an_dense_pool, an_dense_global_pool, an_dense_lrn, an_dense_gemm,
    an_dense_batch_norm, an_dense_activation;
an_dense_operator an_dense_arithmetic, an_dense_reduce_mean, an_dense_identity, an_dense_flatten,
    an_dense_reshape, an_dense_squeeze, an_dense_transpose, an_dense_pad, an_dense_shape,
    an_dense_gather, an_dense_concat;

alexnet_status an_dense_fail(const an_dense_run *r, const an_onnx_node *node, const char *fact);
int64_t an_dense_count(const an_dense_tensor *x);
/* Uninitialised. BAD_FILE: a dimension below 1, or too many elements. */
alexnet_status an_dense_new(const an_dense_run *r, const an_onnx_node *node, int rank,
                            const int64_t *dims, an_dense_tensor *out) AN_NODISCARD;
void an_dense_free(const an_dense_run *r, an_dense_tensor *x);
alexnet_status an_dense_copy(const an_dense_run *r, const an_onnx_node *node,
                             const an_dense_tensor *x, an_dense_tensor *out) AN_NODISCARD;

/* The same data as a map; false: it has neither 4 nor 2 dimensions. */
bool an_dense_as_map(const an_dense_tensor *x, an_plain_map *out);
/* Takes the data of a map. */
void an_dense_take_map(const an_plain_map *map, int rank, an_dense_tensor *out);

#endif
