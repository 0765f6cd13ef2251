/*
 * paper_run.c: the network whose results the paper prints ("1 CNN" of its Table 2: 40.7 % top-1 and
 * 18.2 % top-5 error). It is net 145 of the source that the Computer History Museum released
 * (AlexNet-Source-Code, layers/layers-145.cfg and layer-params-145.cfg), whose log has 40.66 % and
 * 18.21 %: ILSVRC-2012 validation, ten crops. Sizes, parameters and multiply-accumulates are those
 * of the text (paper.c), but not all the rest is:
 *
 *                             the text                     the run
 *   block 1                   conv, ReLU, norm, pool       conv, norm, pool, ReLU
 *   block 2                   conv, ReLU, norm, pool       conv, ReLU, norm, second norm, pool
 *   norm: alpha, window       1e-4, all maps               1e-4 / 5, the maps of the same tower
 *   second norm (cnorm2)      none                         in a map: 0.001 / 25, 5x5 pixels, k 1
 *   conv3 to conv5 begin as   N(0, 0.01)                   N(0, 0.03)
 *   biases                    as weights                   twice the rate, no decay
 *
 * "norm" is response normalisation (3.3), a tower the half of the maps that one GPU had (groups=2
 * in the rows below; its linear layers fc2048a and fc2048b are one here). How the network was
 * trained is the recipe `paper-run` (train/recipe.c).
 *
 * --no-lrn leaves out all three normalisations, as net 148 does. --pool 2/2 is net 147: poolings
 * without overlap, and its paddings of conv2 and conv5. models.h says what may be changed here.
 * SPDX-License-Identifier: MIT
 */
#include "models/models.h"

#define RATES " bias_lr=2 bias_decay=0"
#define LRN   "across size=5 alpha=2e-05 beta=0.75 k=2 groups=2" /* alpha: 1e-4 / 5 */
#define CNORM "within size=5 alpha=4e-05 beta=0.75 k=1"          /* alpha: 0.001 / 25 */

/* clang-format off */
static const an_row rows[] = {
    {"conv1",         "conv2d",     "filters=96 kernel=11 stride=4 round=up weights=normal:0.01 bias=const:0" RATES},
    {"rnorm1",        "lrn",        LRN, "lrn"},
    {"pool1",         "pool",       "max POOL round=up"},
    {"pool1_neuron",  "ACTIVATION", ""},
    {"conv2",         "conv2d",     "filters=256 kernel=5 pad=2 groups=2 weights=normal:0.01 bias=const:1" RATES, "3/2"},
    {"conv2",         "conv2d",     "filters=256 kernel=5 pad=1 groups=2 weights=normal:0.01 bias=const:1" RATES, "2/2"},
    {"conv2_neuron",  "ACTIVATION", ""},
    {"rnorm2",        "lrn",        LRN, "lrn"},
    {"cnorm2",        "lrn",        CNORM, "lrn"},
    {"pool2",         "pool",       "max POOL round=up"},
    {"conv3",         "conv2d",     "filters=384 kernel=3 pad=1 weights=normal:0.03 bias=const:0" RATES},
    {"conv3_neuron",  "ACTIVATION", ""},
    {"conv4",         "conv2d",     "filters=384 kernel=3 pad=1 groups=2 weights=normal:0.03 bias=const:1" RATES},
    {"conv4_neuron",  "ACTIVATION", ""},
    {"conv5",         "conv2d",     "filters=256 kernel=3 pad=1 groups=2 weights=normal:0.03 bias=const:1" RATES, "3/2"},
    {"conv5",         "conv2d",     "filters=256 kernel=3 groups=2 weights=normal:0.03 bias=const:1" RATES,       "2/2"},
    {"pool3",         "pool",       "max POOL round=up"},
    {"pool3_neuron",  "ACTIVATION", ""},
    {"pool3_flat",    "flatten",    "window=6"},
    {"fc4096a",       "linear",     "outputs=4096 weights=normal:0.01 bias=const:1" RATES}, /* fc2048a and fc2048b */
    {"fc4096a_neuron","ACTIVATION", ""},
    {"dropout1",      "dropout",    "paper p=DROPOUT"},
    {"fc4096b",       "linear",     "outputs=4096 weights=normal:0.01 bias=const:1" RATES}, /* fc2048ba and fc2048bb */
    {"fc4096b_neuron","ACTIVATION", ""},
    {"dropout2",      "dropout",    "paper p=DROPOUT"},
    {"fc4096b_mean",  "adaptive_average", "size=1", "global-pool"},
    {"fc1000",        "linear",     "outputs=CLASSES weights=normal:0.01 bias=const:0" RATES},
};
/* clang-format on */

const an_family an_family_paper_run = {
    .name = "paper-run",
    .summary = "the network of the paper as it was run: its source's net 145",
    .source = "computerhistory/AlexNet-Source-Code, layers/layers-145.cfg and layer-params-145.cfg",
    .input = {3, 224, 224},
    .classes = 1000,
    .dropout = 0.5,
    .preprocess = AN_PREPROCESS_2012,
    .short_side = 256,
    .recipe = "paper-run",
    .classifier = "pool3_flat",
    .rows = rows,
    .row_count = AN_COUNT(rows),
};
