/*
 * paper.c: the network of Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep
 * Convolutional Neural Networks" (NIPS 2012), as printed: 60,965,224 parameters, 724,406,816
 * multiply-accumulates, 659,272 neurons ("650,000"; the 253,440 of Figure 2's caption is a slip for
 * 290,400). The network that was run, and gave the published figures, differs: paper_run.c.
 *
 * Two towers, one for each GPU, are groups: conv2, conv4 and conv5 read the maps of their tower
 * only (3.5). 224 pixels give 55 only with sizes rounded up, as cuda-convnet does. Normalisation is
 * the formula of 3.3: alpha is not divided by n, and the window is clipped at the first and last
 * map of the whole layer. Initial weights: N(0, 0.01), biases 1 in conv2, conv4, conv5 and the
 * hidden linear layers (section 5). Dropout halves in inference instead of doubling in training
 * (4.2).
 *
 * --pool 2/2 is the net without overlap (3.4). Padding of conv2 and conv5 then differs, as in the
 * run for that claim (cuda-convnet's net 147), so that fc6 reads 6x6 maps: 55-28-26-13-13-11-6.
 *
 * models.h says how to read the rows, and what may be changed here.
 * SPDX-License-Identifier: MIT
 */
#include "models/models.h"

#define START_0 " weights=normal:0.01 bias=const:0"
#define START_1 " weights=normal:0.01 bias=const:1"
#define LRN     "across size=5 alpha=0.0001 beta=0.75 k=2"

/* clang-format off */
static const an_row rows[] = {
    {"conv1", "conv2d",     "filters=96 kernel=11 stride=4 round=up" START_0},
    {"relu1", "ACTIVATION", ""},
    {"norm1", "lrn",        LRN, "lrn"},
    {"pool1", "pool",       "max POOL round=up"},
    {"conv2", "conv2d",     "filters=256 kernel=5 pad=2 groups=2" START_1, "3/2"},
    {"conv2", "conv2d",     "filters=256 kernel=5 pad=1 groups=2" START_1, "2/2"},
    {"relu2", "ACTIVATION", ""},
    {"norm2", "lrn",        LRN, "lrn"},
    {"pool2", "pool",       "max POOL round=up"},
    {"conv3", "conv2d",     "filters=384 kernel=3 pad=1" START_0},
    {"relu3", "ACTIVATION", ""},
    {"conv4", "conv2d",     "filters=384 kernel=3 pad=1 groups=2" START_1},
    {"relu4", "ACTIVATION", ""},
    {"conv5", "conv2d",     "filters=256 kernel=3 pad=1 groups=2" START_1, "3/2"},
    {"conv5", "conv2d",     "filters=256 kernel=3 groups=2" START_1,       "2/2"},
    {"relu5", "ACTIVATION", ""},
    {"pool5", "pool",       "max POOL round=up"},
    {"flat5", "flatten",    "window=6"},
    {"fc6",   "linear",     "outputs=4096" START_1},
    {"relu6", "ACTIVATION", ""},
    {"drop6", "dropout",    "paper p=DROPOUT"},
    {"fc7",   "linear",     "outputs=4096" START_1},
    {"relu7", "ACTIVATION", ""},
    {"drop7", "dropout",    "paper p=DROPOUT"},
    {"mean7", "adaptive_average", "size=1", "global-pool"},
    {"fc8",   "linear",     "outputs=CLASSES" START_0},
};
/* clang-format on */

const an_family an_family_paper = {
    .name = "paper",
    .summary = "the network of the paper as printed: two towers, response normalisation",
    .source = "Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional "
              "Neural Networks, NIPS 2012",
    .input = {3, 224, 224},
    .classes = 1000,
    .dropout = 0.5,
    .preprocess = AN_PREPROCESS_2012,
    .short_side = 256,
    .recipe = "paper",
    .classifier = "flat5",
    .rows = rows,
    .row_count = AN_COUNT(rows),
};
