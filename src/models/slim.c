/*
 * slim.c: TF-slim's alexnet_v2 (tensorflow/models, research/slim/nets/alexnet.py): one tower
 * without normalisation, all layers convolutions, 50,303,912 parameters, 736,555,776
 * multiply-accumulates. Its text says that the sizes are cuda-convnet2's, but conv4 has 384
 * filters. No weights were published.
 *
 * The arguments of its function are model options:
 *
 *     num_classes         --classes; 0 (None): ends with fc7, or its global pool
 *     is_training         `train`, or any other command
 *     dropout_keep_prob   1 - --dropout
 *     spatial_squeeze     --no-spatial-squeeze: predictions may be a map, one for each place
 *     global_pool         --global-pool: fc7 is averaged over its map: one prediction for any input
 *
 * Layers have the names of its end points, which are the outputs of ReLUs; the layer before a ReLU
 * has the name of TensorFlow's operation. Tensors have the names of its variables; their values are
 * [out][in][h][w] here and [h][w][in][out] there.
 *
 * Initial weights: Glorot's rule for conv1 to conv5 (slim's default), truncated normals of 0.005
 * for the layers after them; biases 0.1, but 0 in fc8. Only weights are decayed
 * (alexnet_v2_arg_scope).
 *
 * models.h says how to read the rows, and what may be changed here.
 * SPDX-License-Identifier: MIT
 */
#include "models/models.h"

#define GLOROT " weights=glorot bias=const:0.1 bias_decay=0"
#define NORMAL " weights=truncated:0.005 bias=const:0.1 bias_decay=0"
#define FC8    "filters=CLASSES kernel=1 weights=truncated:0.005 bias=const:0 bias_decay=0"

/* clang-format off */
static const an_row rows[] = {
    {"conv1/BiasAdd", "conv2d",     "filters=64 kernel=11 stride=4 round=valid" GLOROT},
    {"conv1",         "ACTIVATION", ""},
    {"pool1",         "pool",       "max POOL round=valid"},
    {"conv2/BiasAdd", "conv2d",     "filters=192 kernel=5 round=same" GLOROT},
    {"conv2",         "ACTIVATION", ""},
    {"pool2",         "pool",       "max POOL round=valid"},
    {"conv3/BiasAdd", "conv2d",     "filters=384 kernel=3 round=same" GLOROT},
    {"conv3",         "ACTIVATION", ""},
    {"conv4/BiasAdd", "conv2d",     "filters=384 kernel=3 round=same" GLOROT},
    {"conv4",         "ACTIVATION", ""},
    {"conv5/BiasAdd", "conv2d",     "filters=256 kernel=3 round=same" GLOROT},
    {"conv5",         "ACTIVATION", ""},
    {"pool5",         "pool",       "max POOL round=valid"},
    {"fc6/BiasAdd",   "conv2d",     "filters=4096 kernel=5 round=valid" NORMAL},
    {"fc6",           "ACTIVATION", ""},
    {"dropout6",      "dropout",    "p=DROPOUT"},
    {"fc7/BiasAdd",   "conv2d",     "filters=4096 kernel=1" NORMAL},
    {"fc7",           "ACTIVATION", ""},
    {"global_pool",   "adaptive_average", "size=1", "global-pool"},
    {"dropout7",      "dropout",    "p=DROPOUT",    "classes"},
    {"fc8/BiasAdd",   "conv2d",     FC8,            "classes squeeze"},
    {"fc8",           "squeeze",    "",             "classes squeeze"},
    {"fc8",           "conv2d",     FC8,            "classes no-squeeze"},
};
/* clang-format on */

const an_family an_family_slim = {
    .name = "slim",
    .summary = "TF-slim's alexnet_v2: one tower, no normalisation, all convolutions",
    .source = "tensorflow/models, research/slim/nets/alexnet.py",
    .input = {3, 224, 224},
    .classes = 1000,
    .dropout = 0.5,
    .preprocess = "resize=short:SHORT filter=bilinear crop=INPUT orientation=stored channels=rgb "
                  "divide=1 mean=123.68,116.78,103.94", /* vgg_preprocessing.py */
    .short_side = 256,
    .recipe = "slim",
    .classifier = "fc6/BiasAdd",
    .naming = {"alexnet_v2/", "/weights", "/biases"},
    .rows = rows,
    .row_count = AN_COUNT(rows),
};
