/*
 * caffe.c: Caffe's two copies of AlexNet (BVLC/caffe, models/bvlc_alexnet and
 * models/bvlc_reference_caffenet, train_val.prototxt). Input 227, so that sizes rounded down give
 * 55; pooling rounds up. 60,965,224 parameters, 724,406,816 multiply-accumulates.
 *
 *   caffe     normalisation before pooling, biases 0.1: 57.1 % top-1, 80.2 % top-5, centre crop
 *   caffenet  pooling before normalisation, biases 1: 57.4 %, 80.4 %
 *
 * Normalisation: alpha 1e-4 / 5 with k = 1, across the maps of both towers. Weights have lr_mult 1
 * and decay_mult 1, biases 2 and 0. Images are resized to 256x256, blue first, minus the mean pixel
 * (the released weights were trained on the mean image instead).
 *
 * models.h says how to read the rows, and what may be changed here.
 * SPDX-License-Identifier: MIT
 */
#include "models/models.h"

#define RATES " bias_lr=2 bias_decay=0"
#define LRN   "across size=5 alpha=2e-05 beta=0.75 k=1" /* alpha: 1e-4 / 5 */

/* clang-format off */
#define CONV1          {"conv1", "conv2d", "filters=96 kernel=11 stride=4 weights=normal:0.01 bias=const:0" RATES}, \
                       {"relu1", "ACTIVATION", ""}
#define CONV2(bias)    {"conv2", "conv2d", "filters=256 kernel=5 pad=2 groups=2 weights=normal:0.01 bias=const:" bias RATES, "3/2"}, \
                       {"conv2", "conv2d", "filters=256 kernel=5 pad=1 groups=2 weights=normal:0.01 bias=const:" bias RATES, "2/2"}, \
                       {"relu2", "ACTIVATION", ""}
#define NORM(n)        {"norm" #n, "lrn", LRN, "lrn"}
#define POOL_UP(n)     {"pool" #n, "pool", "max POOL round=up"}
#define REST(bias)                                                                                                    \
    {"conv3", "conv2d",     "filters=384 kernel=3 pad=1 weights=normal:0.01 bias=const:0" RATES},                     \
    {"relu3", "ACTIVATION", ""},                                                                                      \
    {"conv4", "conv2d",     "filters=384 kernel=3 pad=1 groups=2 weights=normal:0.01 bias=const:" bias RATES},        \
    {"relu4", "ACTIVATION", ""},                                                                                      \
    {"conv5", "conv2d",     "filters=256 kernel=3 pad=1 groups=2 weights=normal:0.01 bias=const:" bias RATES, "3/2"}, \
    {"conv5", "conv2d",     "filters=256 kernel=3 groups=2 weights=normal:0.01 bias=const:" bias RATES,       "2/2"}, \
    {"relu5", "ACTIVATION", ""},                                                                                      \
    POOL_UP(5),                                                                                                       \
    {"flat5", "flatten",    "window=6"},                                                                              \
    {"fc6",   "linear",     "outputs=4096 weights=normal:0.005 bias=const:" bias RATES},                              \
    {"relu6", "ACTIVATION", ""},                                                                                      \
    {"drop6", "dropout",    "p=DROPOUT"},                                                                             \
    {"fc7",   "linear",     "outputs=4096 weights=normal:0.005 bias=const:" bias RATES},                              \
    {"relu7", "ACTIVATION", ""},                                                                                      \
    {"drop7", "dropout",    "p=DROPOUT"},                                                                             \
    {"mean7", "adaptive_average", "size=1", "global-pool"},                                                           \
    {"fc8",   "linear",     "outputs=CLASSES weights=normal:0.01 bias=const:0" RATES}

static const an_row rows[]          = {CONV1, NORM(1), POOL_UP(1), CONV2("0.1"), NORM(2), POOL_UP(2), REST("0.1")};
static const an_row rows_caffenet[] = {CONV1, POOL_UP(1), NORM(1), CONV2("1"),   POOL_UP(2), NORM(2), REST("1")};
/* clang-format on */

#define PREPROCESS                                                                                 \
    "resize=exact:SHORT filter=bilinear crop=INPUT orientation=stored channels=bgr divide=1 "      \
    "mean=104,117,123"

const an_family an_family_caffe = {
    .name = "caffe",
    .summary = "Caffe's bvlc_alexnet: two towers, normalisation before pooling, 227x227",
    .source = "BVLC/caffe, models/bvlc_alexnet/train_val.prototxt",
    .input = {3, 227, 227},
    .classes = 1000,
    .dropout = 0.5,
    .preprocess = PREPROCESS,
    .short_side = 256,
    .recipe = "caffe",
    .classifier = "flat5",
    .rows = rows,
    .row_count = AN_COUNT(rows),
};

const an_family an_family_caffenet = {
    .name = "caffenet",
    .summary = "Caffe's bvlc_reference_caffenet: the same with pooling before normalisation",
    .source = "BVLC/caffe, models/bvlc_reference_caffenet/train_val.prototxt",
    .input = {3, 227, 227},
    .classes = 1000,
    .dropout = 0.5,
    .preprocess = PREPROCESS,
    .short_side = 256,
    .recipe = "caffe",
    .classifier = "flat5",
    .rows = rows_caffenet,
    .row_count = AN_COUNT(rows_caffenet),
};
