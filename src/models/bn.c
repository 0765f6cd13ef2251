/*
 * bn.c: AlexNet with batch normalisation. There is no single published design; this is torch7's
 * alexnet-owt-bn (soumith/imagenet-multiGPU.torch, models/alexnetowtbn_cudnn.lua): torchvision's
 * sizes, with normalisation (epsilon 1e-3), scale and shift between each layer but the last and its
 * ReLU. 61,119,528 parameters, 714,188,480 multiply-accumulates.
 *
 * Initial weights are torch7's defaults: U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for layers, U(0, 1) for
 * the scale of a normalisation, and 0 for its shift. torch7's tensors have no names; these are
 * ours.
 *
 * models.h says how to read the rows, and what may be changed here.
 * SPDX-License-Identifier: MIT
 */
#include "models/models.h"

/* clang-format off */
#define BN "epsilon=0.001 weights=uniform:1"

static const an_row rows[] = {
    {"conv1", "conv2d",     "filters=64 kernel=11 stride=4 pad=2"},
    {"bn1",   "batch_norm", BN},
    {"relu1", "ACTIVATION", ""},
    {"pool1", "pool",       "max POOL"},
    {"conv2", "conv2d",     "filters=192 kernel=5 pad=2"},
    {"bn2",   "batch_norm", BN},
    {"relu2", "ACTIVATION", ""},
    {"pool2", "pool",       "max POOL"},
    {"conv3", "conv2d",     "filters=384 kernel=3 pad=1"},
    {"bn3",   "batch_norm", BN},
    {"relu3", "ACTIVATION", ""},
    {"conv4", "conv2d",     "filters=256 kernel=3 pad=1"},
    {"bn4",   "batch_norm", BN},
    {"relu4", "ACTIVATION", ""},
    {"conv5", "conv2d",     "filters=256 kernel=3 pad=1"},
    {"bn5",   "batch_norm", BN},
    {"relu5", "ACTIVATION", ""},
    {"pool5", "pool",       "max POOL"},
    {"flat5", "flatten",    "window=6"},
    {"drop6", "dropout",    "p=DROPOUT"},
    {"fc6",   "linear",     "outputs=4096"},
    {"bn6",   "batch_norm", BN},
    {"relu6", "ACTIVATION", ""},
    {"drop7", "dropout",    "p=DROPOUT"},
    {"fc7",   "linear",     "outputs=4096"},
    {"bn7",   "batch_norm", BN},
    {"relu7", "ACTIVATION", ""},
    {"mean7", "adaptive_average", "size=1", "global-pool"},
    {"fc8",   "linear",     "outputs=CLASSES"},
};
/* clang-format on */

const an_family an_family_bn = {
    .name = "bn",
    .summary = "torchvision's sizes with batch normalisation: torch7's alexnet-owt-bn",
    .source = "soumith/imagenet-multiGPU.torch, models/alexnetowtbn_cudnn.lua",
    .input = {3, 224, 224},
    .classes = 1000,
    .dropout = 0.5,
    .preprocess = AN_PREPROCESS_TORCH,
    .short_side = 256,
    .recipe = "bn",
    .normalises = true,
    .classifier = "flat5",
    .rows = rows,
    .row_count = AN_COUNT(rows),
};
