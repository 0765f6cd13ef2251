/*
 * cifar_19pct.c: cuda-convnet's net that reaches 19 % error on CIFAR-10, in 2011 in 20 minutes
 * (example-layers/layers-19pct.cfg and layer-params-19pct.cfg). All sizes round up: maps
 * 32-16-8-4. 89,578 parameters, 12,298,240 multiply-accumulates.
 *
 * Biases learn twice as fast and are not decayed. The weight decay (wc) of fc10 is 3 where the
 * convolutions have .004: 750 times as much.
 *
 * Two more families use its rows: the paper's Figure 1 compares the training error of "a four-layer
 * convolutional network" with ReLU and with tanh and does not say which network. This one is the
 * likeliest, as it has four layers with weights. No regularisation: its recipe has no weight decay.
 *
 * models.h says how to read the rows, and what may be changed here.
 * SPDX-License-Identifier: MIT
 */
#include "models/models.h"

#define RATES " bias=const:0 bias_lr=2 bias_decay=0"

/* clang-format off */
#define ROWS(activation)                                                                   \
    {"conv1",        "conv2d",   "filters=32 kernel=5 pad=2 weights=normal:0.0001" RATES}, \
    {"pool1",        "pool",     "max POOL round=up"},                                     \
    {"pool1_neuron", activation, ""},                                                      \
    {"conv2",        "conv2d",   "filters=32 kernel=5 pad=2 weights=normal:0.01" RATES},   \
    {"conv2_neuron", activation, ""},                                                      \
    {"pool2",        "pool",     "average POOL round=up"},                                 \
    {"conv3",        "conv2d",   "filters=64 kernel=5 pad=2 weights=normal:0.01" RATES},   \
    {"conv3_neuron", activation, ""},                                                      \
    {"pool3",        "pool",     "average POOL round=up"},                                 \
    {"flatten",      "flatten",  ""},                                                      \
    {"fc10",         "linear",   "outputs=CLASSES weights=normal:0.01 decay=750" RATES}

static const an_row rows[]      = {ROWS("ACTIVATION")};
static const an_row rows_relu[] = {ROWS("relu")};
static const an_row rows_tanh[] = {ROWS("tanh")};
/* clang-format on */

const an_family an_family_cifar_19pct = {
    .name = "cifar-19pct",
    .summary = "cuda-convnet's small net for 32x32 images, 19 % error on CIFAR-10",
    .source = "cuda-convnet, example-layers/layers-19pct.cfg and layer-params-19pct.cfg",
    .input = {3, 32, 32},
    .classes = 10,
    .dropout = -1,
    .preprocess = AN_PREPROCESS_CIFAR,
    .recipe = "cifar-19pct",
    .one_data_set = true,
    .classifier = "flatten",
    .rows = rows,
    .row_count = AN_COUNT(rows),
};

#define FIGURE_1                                                                                   \
    "Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural "       \
    "Networks, NIPS 2012, Figure 1"

const an_family an_family_figure1_relu = {
    .name = "figure1-relu",
    .summary = "cifar-19pct for the paper's Figure 1: ReLU, no regularisation",
    .source = FIGURE_1,
    .input = {3, 32, 32},
    .classes = 10,
    .dropout = -1,
    .preprocess = AN_PREPROCESS_CIFAR,
    .recipe = "figure1-relu",
    .one_data_set = true,
    .classifier = "flatten",
    .rows = rows_relu,
    .row_count = AN_COUNT(rows_relu),
};

const an_family an_family_figure1_tanh = {
    .name = "figure1-tanh",
    .summary = "cifar-19pct for the paper's Figure 1: tanh, no regularisation",
    .source = FIGURE_1,
    .input = {3, 32, 32},
    .classes = 10,
    .dropout = -1,
    .preprocess = AN_PREPROCESS_CIFAR,
    .recipe = "figure1-tanh",
    .one_data_set = true,
    .classifier = "flatten",
    .rows = rows_tanh,
    .row_count = AN_COUNT(rows_tanh),
};
