/*
 * owt.c: AlexNet in one tower, for training on several GPUs: Krizhevsky, "One weird trick for
 * parallelizing convolutional neural networks" (arXiv 1404.5997), as in cuda-convnet2
 * (layers/layers-imagenet-1gpu.cfg and layer-params-imagenet-1gpu.cfg): conv4 has 256 filters, in
 * that paper's text 384. 61,100,840 parameters, 714,188,480 multiply-accumulates; the author's run:
 * 42.55 % top-1, 19.81 % top-5 error, one centre crop (cuda-convnet2's wiki, TrainingExample).
 *
 * models.h says how to read the rows, and what may be changed here.
 * SPDX-License-Identifier: MIT
 */
#include "models/models.h"

#define RATES " bias_lr=2 bias_decay=0"
#define LRN   "across size=5 alpha=2e-05 beta=0.75 k=2" /* alpha: 1e-4 / 5 */

/* clang-format off */
static const an_row rows[] = {
    {"conv1",          "conv2d",     "filters=64 kernel=11 stride=4 round=up weights=normal:0.01 bias=const:0" RATES},
    {"rnorm1",         "lrn",        LRN, "lrn"},
    {"pool1",          "pool",       "max POOL round=up"},
    {"pool1_neuron",   "ACTIVATION", ""},
    {"conv2",          "conv2d",     "filters=192 kernel=5 pad=2 weights=normal:0.01 bias=const:1" RATES, "3/2"},
    {"conv2",          "conv2d",     "filters=192 kernel=5 pad=1 weights=normal:0.01 bias=const:1" RATES, "2/2"},
    {"conv2_neuron",   "ACTIVATION", ""},
    {"rnorm2",         "lrn",        LRN, "lrn"},
    {"pool2",          "pool",       "max POOL round=up"},
    {"conv3",          "conv2d",     "filters=384 kernel=3 pad=1 weights=normal:0.03 bias=const:0" RATES},
    {"conv3_neuron",   "ACTIVATION", ""},
    {"conv4",          "conv2d",     "filters=256 kernel=3 pad=1 weights=normal:0.03 bias=const:1" RATES},
    {"conv4_neuron",   "ACTIVATION", ""},
    {"conv5",          "conv2d",     "filters=256 kernel=3 pad=1 weights=normal:0.03 bias=const:1" RATES, "3/2"},
    {"conv5",          "conv2d",     "filters=256 kernel=3 weights=normal:0.03 bias=const:1" RATES,       "2/2"},
    {"pool3",          "pool",       "max POOL round=up"},
    {"pool3_neuron",   "ACTIVATION", ""},
    {"pool3_flat",     "flatten",    "window=6"},
    {"fc4096a",        "linear",     "outputs=4096 weights=normal:0.01 bias=const:1" RATES},
    {"fc4096a_neuron", "ACTIVATION", ""},
    {"dropout1",       "dropout",    "paper p=DROPOUT"},
    {"fc4096b",        "linear",     "outputs=4096 weights=normal:0.01 bias=const:1" RATES},
    {"fc4096b_neuron", "ACTIVATION", ""},
    {"dropout2",       "dropout",    "paper p=DROPOUT"},
    {"fc4096b_mean",   "adaptive_average", "size=1", "global-pool"},
    {"fc1000",         "linear",     "outputs=CLASSES weights=normal:0.01 bias=const:-7" RATES},
};
/* clang-format on */

const an_family an_family_owt = {
    .name = "owt",
    .summary = "one tower, response normalisation: cuda-convnet2's net of \"one weird trick\"",
    .source = "akrizhevsky/cuda-convnet2, layers/layers-imagenet-1gpu.cfg "
              "and layer-params-imagenet-1gpu.cfg",
    .input = {3, 224, 224},
    .classes = 1000,
    .dropout = 0.5,
    .preprocess = AN_PREPROCESS_2012,
    .short_side = 256,
    .recipe = "owt",
    .classifier = "pool3_flat",
    .rows = rows,
    .row_count = AN_COUNT(rows),
};
