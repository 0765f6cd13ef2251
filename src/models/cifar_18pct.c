/*
 * cifar_18pct.c: cuda-convnet's net that reaches 18 % error on CIFAR-10
 * (example-layers/layers-18pct.cfg and layer-params-18pct.cfg): the net of 19 % (cifar_19pct.c),
 * each map normalised within itself after the first two poolings. Caffe's cifar10_full is a copy of
 * it. 89,578 parameters, 12,298,240 multiply-accumulates.
 *
 * Biases learn twice as fast and are not decayed. The weight decay (wc) of fc10 is 1 where the
 * convolutions have .004: 250 times as much.
 *
 * models.h says how to read the rows, and what may be changed here.
 * SPDX-License-Identifier: MIT
 */
#include "models/models.h"

#define RATES " bias=const:0 bias_lr=2 bias_decay=0"
#define RNORM "within size=3 alpha=5.5555555555555555e-06 beta=0.75 k=1" /* alpha: 5e-5 / 9 */

/* clang-format off */
static const an_row rows[] = {
    {"conv1",        "conv2d",     "filters=32 kernel=5 pad=2 weights=normal:0.0001" RATES},
    {"pool1",        "pool",       "max POOL round=up"},
    {"pool1_neuron", "ACTIVATION", ""},
    {"rnorm1",       "lrn",        RNORM, "lrn"},
    {"conv2",        "conv2d",     "filters=32 kernel=5 pad=2 weights=normal:0.01" RATES},
    {"conv2_neuron", "ACTIVATION", ""},
    {"pool2",        "pool",       "average POOL round=up"},
    {"rnorm2",       "lrn",        RNORM, "lrn"},
    {"conv3",        "conv2d",     "filters=64 kernel=5 pad=2 weights=normal:0.01" RATES},
    {"conv3_neuron", "ACTIVATION", ""},
    {"pool3",        "pool",       "average POOL round=up"},
    {"flatten",      "flatten",    ""},
    {"fc10",         "linear",     "outputs=CLASSES weights=normal:0.01 decay=250" RATES},
};
/* clang-format on */

const an_family an_family_cifar_18pct = {
    .name = "cifar-18pct",
    .summary = "cifar-19pct with response normalisation, 18 % error on CIFAR-10",
    .source = "cuda-convnet, example-layers/layers-18pct.cfg and layer-params-18pct.cfg",
    .input = {3, 32, 32},
    .classes = 10,
    .dropout = -1,
    .preprocess = AN_PREPROCESS_CIFAR,
    .recipe = "cifar-18pct",
    .one_data_set = true,
    .classifier = "flatten",
    .rows = rows,
    .row_count = AN_COUNT(rows),
};
