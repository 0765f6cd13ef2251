/*
 * caffe_layers.h: a chain as layers of Caffe, each with its settings in both forms: fields of a
 * message and words of a prototxt.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_CAFFE_CAFFE_LAYERS_H
#define AN_FORMATS_CAFFE_CAFFE_LAYERS_H

#include "formats/graph.h"
#include "formats/protobuf.h"

#define AN_CAFFE_WORDS 512

/* A layer to write. */
typedef struct an_caffe_layer_out {
    const char *name, *type, *bottom, *top;
    const char *message;        /* "convolution_param"; NULL: none */
    int number;                 /* of its field */
    an_pb_out settings;         /* the fields of that message */
    char words[AN_CAFFE_WORDS]; /* the same: "num_output: 96 kernel_size: 11 " */
    int blobs[3];               /* indices of tensors, AN_CAFFE_ONE or AN_CAFFE_NONE */
} an_caffe_layer_out;

#define AN_CAFFE_NONE (-1)
#define AN_CAFFE_ONE  (-2) /* a blob of the number 1 */

typedef struct an_caffe_layers {
    an_caffe_layer_out *layers;
    int count;
    an_store store; /* names that were made */
} an_caffe_layers;

/* The layers of a chain, and a softmax. UNSUPPORTED, naming the layer that Caffe does not have.
   NO_MEMORY. On failure *out is zeroed. */
alexnet_status an_caffe_layers_make(alexnet_context *ctx, const an_graph *graph,
                                    an_caffe_layers *out) AN_NODISCARD;
void an_caffe_layers_free(alexnet_context *ctx, an_caffe_layers *layers);

#endif
