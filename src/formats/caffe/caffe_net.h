/*
 * caffe_net.h: a network as Caffe's files describe it (BVLC/caffe, src/caffe/proto/caffe.proto,
 * message NetParameter). Files have layers of three generations: V2 `layer`, V1 `layers`, and V0
 * inside of V1. All become one list, with the names of V2.
 *
 * The values of the layers' blobs stay in the file.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_CAFFE_CAFFE_NET_H
#define AN_FORMATS_CAFFE_CAFFE_NET_H

#include "formats/protobuf.h"
#include "formats/tensor.h"

#define AN_CAFFE_LAYERS_MAX 1000
#define AN_CAFFE_ENDS_MAX   32  /* bottoms and tops of a layer, together */
#define AN_CAFFE_BLOBS_MAX  16  /* of a layer */
#define AN_CAFFE_TEXT_MAX   255 /* bytes of a name */
#define AN_CAFFE_SIZE_MAX   (1 << 24)

typedef enum an_caffe_kind {
    AN_CAFFE_OTHER, /* a layer that no AlexNet has */
    AN_CAFFE_DATA,  /* gives images or labels */
    AN_CAFFE_LOSS,  /* a loss or a measure: reads the network's output */
    AN_CAFFE_SPLIT, /* one blob under several names: Caffe adds it to what it saves */
    AN_CAFFE_CONVOLUTION,
    AN_CAFFE_POOLING,
    AN_CAFFE_LRN,
    AN_CAFFE_INNER_PRODUCT,
    AN_CAFFE_RELU,
    AN_CAFFE_TANH,
    AN_CAFFE_SIGMOID,
    AN_CAFFE_DROPOUT,
    AN_CAFFE_SOFTMAX,
    AN_CAFFE_BATCH_NORM,
    AN_CAFFE_SCALE,
    AN_CAFFE_POWER,
    AN_CAFFE_FLATTEN,
    AN_CAFFE_PADDING /* V0: padding for the layer after it */
} an_caffe_kind;

/* A blob with its values, which lie in the file in one piece, or else in memory. */
typedef struct an_caffe_blob {
    an_tensor_view view; /* without a name */
} an_caffe_blob;

/* Rows and columns, as repeated fields give them: one number for both, or two. */
typedef struct an_caffe_pair {
    int at[2], given;
} an_caffe_pair;

/* The numbers that a blob's shape or an input has. */
typedef struct an_caffe_shape {
    int64_t dims[AN_TENSOR_RANK_MAX];
    int rank;
} an_caffe_shape;

/* How a data layer makes images into the network's input: x = (pixel - mean) * scale. */
typedef struct an_caffe_transform {
    const char *mean_file; /* NULL: none */
    double mean_value[4];
    int mean_values;
    double scale;
    int crop[2]; /* 0: none */
    bool mirror; /* in training */
} an_caffe_transform;

/* A layer. What does not belong to its kind has the value of an absent field. */
typedef struct an_caffe_layer {
    an_caffe_kind kind;
    const char *name, *type;
    const char **bottoms, **tops;
    int bottom_count, top_count;
    an_caffe_blob *blobs;
    int blob_count;
    bool left_out;  /* not in the network of phase TEST */
    int tensors[2]; /* indices in the file's list of the weight and the bias, or of the mean and the
                       variance; -1: none */

    an_caffe_pair kernel, stride, pad, dilation; /* convolution, pooling */
    int outputs;                                 /* convolution, inner product */
    int groups;
    bool bias_term; /* convolution, inner product, scale */
    int axis;       /* inner product, softmax, scale */
    int end_axis;   /* flatten */
    int axes;       /* scale: of its blob */
    bool transpose; /* inner product: the weights are [inputs][outputs] */
    int method;     /* pooling: 0 maximum, 1 average, 2 stochastic */
    bool global;    /* pooling: the window is the map */
    int round_mode; /* pooling: 0 up, 1 down */
    int size;       /* response normalisation */
    int region;     /* 0 across channels, 1 within a map */
    double alpha, beta, k;
    double slope;                 /* ReLU: for negative values */
    double ratio;                 /* dropout */
    bool scale_train;             /* dropout: inference does nothing */
    double power, factor, shift;  /* power: y = (shift + factor * x)^power */
    double epsilon;               /* batch normalisation */
    an_caffe_shape shape;         /* of an input */
    an_caffe_transform transform; /* of a data layer */
} an_caffe_layer;

typedef struct an_caffe_net {
    const char *name; /* NULL: none */
    int generation;   /* 0, 1 or 2, of its last layer */
    an_caffe_layer *layers;
    int layer_count;
    an_caffe_shape input; /* [n][c][h][w] as the file gives it; rank 0: it does not */
    const an_caffe_transform *transform; /* of the first data layer of phase TEST, or else of TRAIN;
                                            NULL: none */

    /* the layers that compute something in inference, each reading what the one before it wrote */
    an_caffe_layer **chain;
    int chain_count;
    const char *not_chain; /* NULL; or why there is no chain, and which layer is the first */
} an_caffe_net;

/*
 * Reads the network, but not its blobs' values unless they are in pieces. All of it is in `store`.
 * BAD_FILE, IO, NO_MEMORY; messages name `path` and the layer.
 */
alexnet_status an_caffe_net_read(alexnet_context *ctx, const char *path, const an_reader *reader,
                                 an_store *store, an_caffe_net *out) AN_NODISCARD;

/* Reads a message BlobProto; its status is the cursor's as well. BAD_FILE: its values are not as
   many as its shape says. `what` names it in messages. */
alexnet_status an_caffe_blob_read(an_pb_cursor *message, const char *what, an_store *store,
                                  an_caffe_blob *out);

/* Reads a field of type BlobShape; its status is the cursor's as well. BAD_FILE. */
alexnet_status an_caffe_shape_read(an_pb_cursor *message, const an_pb_field *field,
                                   const char *what, an_caffe_shape *shape);

/* Finds the chain: net->chain or net->not_chain. NO_MEMORY. */
alexnet_status an_caffe_chain_find(alexnet_context *ctx, const char *path, an_store *store,
                                   an_caffe_net *net) AN_NODISCARD;

#endif
