/*
 * cifar_local.c: cuda-convnet's nets with locally connected layers, on 24x24 crops of CIFAR-10's
 * images (example-layers/layers-conv-local-13pct.cfg, -11pct.cfg and their layer-params): the
 * filters of local3 and local4 differ at each place. Maps 24-12-6.
 *
 *   cifar-13pct  no normalisation: 13 % error, 1,116,490 parameters, 18,517,248
 *                multiply-accumulates
 *   cifar-11pct  response normalisation before and after the poolings, twice as many filters in
 *                local3: 11 % error, 2,112,970 parameters, 19,512,576 multiply-accumulates
 *
 * Biases learn twice as fast. Neither biases nor convolutions are decayed; the weight decay (wc) of
 * the layers after them is .004, but .01 for fc10 of the second net: 2.5 times as much.
 *
 * models.h says how to read the rows, and what may be changed here.
 * SPDX-License-Identifier: MIT
 */
#include "models/models.h"

#define RATES " bias=const:0 bias_lr=2 bias_decay=0"
#define CONV1 "filters=64 kernel=5 pad=2 weights=normal:0.0001 decay=0" RATES
#define CONV2 "filters=64 kernel=5 pad=2 weights=normal:0.01 decay=0" RATES
#define LOCAL " kernel=3 pad=1 weights=normal:0.04" RATES
#define RNORM "across size=9 alpha=0.00011111111111111112 beta=0.75 k=1" /* alpha: 1e-3 / 9 */

/* clang-format off */
static const an_row rows_13pct[] = {
    {"conv1",         "conv2d",     CONV1},
    {"conv1_neuron",  "ACTIVATION", ""},
    {"pool1",         "pool",       "max POOL round=up"},
    {"conv2",         "conv2d",     CONV2},
    {"conv2_neuron",  "ACTIVATION", ""},
    {"pool2",         "pool",       "max POOL round=up"},
    {"local3",        "local",      "filters=32" LOCAL},
    {"local3_neuron", "ACTIVATION", ""},
    {"local4",        "local",      "filters=32" LOCAL},
    {"local4_neuron", "ACTIVATION", ""},
    {"flatten",       "flatten",    ""},
    {"fc10",          "linear",     "outputs=CLASSES weights=normal:0.01" RATES},
};

static const an_row rows_11pct[] = {
    {"conv1",         "conv2d",     CONV1},
    {"conv1_neuron",  "ACTIVATION", ""},
    {"pool1",         "pool",       "max POOL round=up"},
    {"rnorm1",        "lrn",        RNORM, "lrn"},
    {"conv2",         "conv2d",     CONV2},
    {"conv2_neuron",  "ACTIVATION", ""},
    {"rnorm2",        "lrn",        RNORM, "lrn"},
    {"pool2",         "pool",       "max POOL round=up"},
    {"local3",        "local",      "filters=64" LOCAL},
    {"local3_neuron", "ACTIVATION", ""},
    {"local4",        "local",      "filters=32" LOCAL},
    {"local4_neuron", "ACTIVATION", ""},
    {"flatten",       "flatten",    ""},
    {"fc10",          "linear",     "outputs=CLASSES weights=normal:0.01 decay=2.5" RATES},
};
/* clang-format on */

const an_family an_family_cifar_13pct = {
    .name = "cifar-13pct",
    .summary = "cuda-convnet's net with locally connected layers, 13 % error on CIFAR-10",
    .source = "cuda-convnet, example-layers/layers-conv-local-13pct.cfg "
              "and layer-params-conv-local-13pct.cfg",
    .input = {3, 24, 24},
    .classes = 10,
    .dropout = -1,
    .preprocess = AN_PREPROCESS_CIFAR_CROP,
    .short_side = 32,
    .recipe = "cifar-13pct",
    .one_data_set = true,
    .classifier = "flatten",
    .rows = rows_13pct,
    .row_count = AN_COUNT(rows_13pct),
};

const an_family an_family_cifar_11pct = {
    .name = "cifar-11pct",
    .summary = "the same, wider and with response normalisation, 11 % error on CIFAR-10",
    .source = "cuda-convnet, example-layers/layers-conv-local-11pct.cfg "
              "and layer-params-conv-local-11pct.cfg",
    .input = {3, 24, 24},
    .classes = 10,
    .dropout = -1,
    .preprocess = AN_PREPROCESS_CIFAR_CROP,
    .short_side = 32,
    .recipe = "cifar-11pct",
    .one_data_set = true,
    .classifier = "flatten",
    .rows = rows_11pct,
    .row_count = AN_COUNT(rows_11pct),
};
