/*
 * torchvision.c: the AlexNet of torchvision (pytorch/vision, torchvision/models/alexnet.py): one
 * tower, no normalisation, dropout before the linear layers, not after them. 61,100,840 parameters,
 * 714,188,480 multiply-accumulates; published 56.522 % top-1, 79.066 % top-5 accuracy, one centre
 * crop (docs of AlexNet_Weights.IMAGENET1K_V1).
 *
 * Two forms with the same weights: today's averages any feature map to 6x6, that of 2018
 * accepts only 6x6. Initial weights: PyTorch's default, U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for
 * weights and biases.
 *
 * models.h says how to read the rows, and what may be changed here.
 * SPDX-License-Identifier: MIT
 */
#include "models/models.h"

/* clang-format off */
#define FEATURES                                                       \
    { "features.0",  "conv2d", "filters=64 kernel=11 stride=4 pad=2" }, \
    { "features.1",  "ACTIVATION", "" },                                    \
    { "features.2",  "pool",   "max POOL" },                 \
    { "features.3",  "conv2d", "filters=192 kernel=5 pad=2" },          \
    { "features.4",  "ACTIVATION", "" },                                    \
    { "features.5",  "pool",   "max POOL" },                 \
    { "features.6",  "conv2d", "filters=384 kernel=3 pad=1" },          \
    { "features.7",  "ACTIVATION", "" },                                    \
    { "features.8",  "conv2d", "filters=256 kernel=3 pad=1" },          \
    { "features.9",  "ACTIVATION", "" },                                    \
    { "features.10", "conv2d", "filters=256 kernel=3 pad=1" },          \
    { "features.11", "ACTIVATION", "" },                                    \
    { "features.12", "pool",   "max POOL" }

#define CLASSIFIER                                                      \
    { "classifier.0", "dropout", "p=DROPOUT" },                         \
    { "classifier.1", "linear",  "outputs=4096" },                      \
    { "classifier.2", "ACTIVATION", "" },                               \
    { "classifier.3", "dropout", "p=DROPOUT" },                         \
    { "classifier.4", "linear",  "outputs=4096" },                      \
    { "classifier.5", "ACTIVATION", "" },                               \
    { "classifier.6", "linear",  "outputs=CLASSES" }
/* clang-format on */

static const an_row rows[] = {
    FEATURES,
    {"avgpool", "adaptive_average", "size=6"},
    {"flatten", "flatten", ""},
    CLASSIFIER,
};

static const an_row rows_2018[] = {
    FEATURES,
    {"flatten", "flatten", "map=6"},
    CLASSIFIER,
};

const an_family an_family_torchvision = {
    .name = "torchvision",
    .summary = "torchvision's AlexNet: one tower, no normalisation, any input from 63x63",
    .source = "pytorch/vision, torchvision/models/alexnet.py",
    .input = {3, 224, 224},
    .classes = 1000,
    .dropout = 0.5,
    .preprocess = AN_PREPROCESS_TORCH,
    .short_side = 256,
    .recipe = "torchvision",
    .classifier = "classifier.0",
    .rows = rows,
    .row_count = AN_COUNT(rows),
};

const an_family an_family_torchvision_2018 = {
    .name = "torchvision-2018",
    .summary = "the same before 2019: refuses a feature map that is not 6x6",
    .source = "pytorch/vision, torchvision/models/alexnet.py of 2018",
    .input = {3, 224, 224},
    .classes = 1000,
    .dropout = 0.5,
    .preprocess = AN_PREPROCESS_TORCH,
    .short_side = 256,
    .recipe = "torchvision",
    .classifier = "classifier.0",
    .rows = rows_2018,
    .row_count = AN_COUNT(rows_2018),
};
