/*
 * init_he.c: He's initial weights, adapted at both ends.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/init_he.h"

/* Of an 8-bit colour channel: torchvision's std for ImageNet is 255 * (.229, .224, .225). */
#define PIXEL_DEVIATION (0.226 * 255)
#define LAST_LAYER      10.0

double an_input_deviation(const an_preprocess *record)
{
    const double std =
        ((double)record->std[0] + (double)record->std[1] + (double)record->std[2]) / 3;

    return PIXEL_DEVIATION / record->divide / std;
}

static void divide(alexnet_model *model, int index, double divisor)
{
    const an_param *param = &model->params.items[index];
    float *values = model->values + param->offset;

    for (int64_t i = 0; i < param->count; ++i)
        values[i] = (float)((double)values[i] / divisor);
    an_model_changed(model);
}

static int last_weight(const alexnet_model *model)
{
    int index = model->params.count - 1;

    while (index > 0 && model->params.items[index].role != AN_PARAM_WEIGHT)
        --index;
    return index;
}

void an_init_he(alexnet_model *model, double deviation, uint64_t seed)
{
    static const an_init he = {AN_INIT_HE, 0};

    an_model_init_weights(model, seed, &he);
    divide(model, 0, deviation);
    divide(model, last_weight(model), LAST_LAYER);
}

void an_he_set_rates(alexnet_model *model, double deviation)
{
    an_param *first = &model->params.items[0];

    first->lr_multiplier /= deviation * deviation;
    first->decay_multiplier *= deviation * deviation;
}
