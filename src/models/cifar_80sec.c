/*
 * cifar_80sec.c: cuda-convnet's net that reaches 26 % error on CIFAR-10, in 2011 in 80 seconds
 * (example-layers/layers-80sec.cfg and layer-params-80sec.cfg). All sizes round up: maps
 * 32-16-8-4. 145,578 parameters, 12,354,176 multiply-accumulates.
 *
 * Biases learn twice as fast and are not decayed. The weight decay (wc) of fc64 and fc10 is .03
 * where the convolutions have .004: 7.5 times as much.
 *
 * models.h says how to read the rows, and what may be changed here.
 * SPDX-License-Identifier: MIT
 */
#include "models/models.h"

#define RATES " bias=const:0 bias_lr=2 bias_decay=0"

/* clang-format off */
static const an_row rows[] = {
    {"conv1",        "conv2d",     "filters=32 kernel=5 pad=2 weights=normal:0.0001" RATES},
    {"pool1",        "pool",       "max POOL round=up"},
    {"pool1_neuron", "ACTIVATION", ""},
    {"conv2",        "conv2d",     "filters=32 kernel=5 pad=2 weights=normal:0.01" RATES},
    {"conv2_neuron", "ACTIVATION", ""},
    {"pool2",        "pool",       "average POOL round=up"},
    {"conv3",        "conv2d",     "filters=64 kernel=5 pad=2 weights=normal:0.01" RATES},
    {"conv3_neuron", "ACTIVATION", ""},
    {"pool3",        "pool",       "average POOL round=up"},
    {"flatten",      "flatten",    ""},
    {"fc64",         "linear",     "outputs=64 weights=normal:0.1 decay=7.5" RATES},
    {"fc64_neuron",  "ACTIVATION", ""},
    {"fc10",         "linear",     "outputs=CLASSES weights=normal:0.1 decay=7.5" RATES},
};
/* clang-format on */

const an_family an_family_cifar_80sec = {
    .name = "cifar-80sec",
    .summary = "cuda-convnet's quickest net for 32x32 images, 26 % error on CIFAR-10",
    .source = "cuda-convnet, example-layers/layers-80sec.cfg and layer-params-80sec.cfg",
    .input = {3, 32, 32},
    .classes = 10,
    .dropout = -1,
    .preprocess = AN_PREPROCESS_CIFAR,
    .recipe = "cifar-80sec",
    .one_data_set = true,
    .classifier = "flatten",
    .rows = rows,
    .row_count = AN_COUNT(rows),
};
