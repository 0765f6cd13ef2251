/*
 * cifar_19pct.c: cuda-convnet's net that reaches 19 % error on CIFAR-10 in 20 minutes of 2011
 * (example-layers/ layers-19pct.cfg and layer-params-19pct.cfg). All sizes round up: maps
 * 32-16-8-4. 89,578 parameters, 12,298,240 MACs.
 *
 * Rates: biases learn twice as fast and are not decayed. The weight cost of fc10 is 3 where the
 * convolutions have .004: 750 times as much.
 * SPDX-License-Identifier: MIT
 */
#include "models/models.h"

#define RATES " bias=const:0 bias_lr=2 bias_decay=0"

static const an_row rows[] = {
    {"conv1",        "conv2d",  "filters=32 kernel=5 pad=2 weights=normal:0.0001" RATES},
    {"pool1",        "pool",    "max size=3 stride=2 round=up"                         },
    {"pool1_neuron", "relu",    ""                                                     },
    {"conv2",        "conv2d",  "filters=32 kernel=5 pad=2 weights=normal:0.01" RATES  },
    {"conv2_neuron", "relu",    ""                                                     },
    {"pool2",        "pool",    "average size=3 stride=2 round=up"                     },
    {"conv3",        "conv2d",  "filters=64 kernel=5 pad=2 weights=normal:0.01" RATES  },
    {"conv3_neuron", "relu",    ""                                                     },
    {"pool3",        "pool",    "average size=3 stride=2 round=up"                     },
    {"flatten",      "flatten", ""                                                     },
    {"fc10",         "linear",  "outputs=CLASSES weights=normal:0.01 decay=750" RATES  },
};

const an_family an_family_cifar_19pct = {
    .name = "cifar-19pct",
    .summary = "cuda-convnet's small net for 32x32 pictures, 19 % error on CIFAR-10",
    .source = "cuda-convnet, example-layers/layers-19pct.cfg",
    .input = {3, 32, 32},
    .classes = 10,
    .dropout = -1,
    .preprocess = "resize=exact:INPUT filter=bilinear crop=none orientation=ignore channels=rgb "
                  "divide=1 mean=image",
    .recipe = "cifar-19pct",
    .classifier = "fc10",
    .rows = rows,
    .row_count = AN_COUNT(rows),
};
