/*
 * first_layer.c: fitting the first layer to the scale of its input.
 * SPDX-License-Identifier: MIT
 */
#include "train/first_layer.h"

/* Of an 8-bit colour channel: torchvision's std of ImageNet is .229, .224, .225 of 255. */
#define PIXEL_DEVIATION (0.226 * 255)

double an_input_deviation(const an_preprocess *record)
{
    const double std =
        ((double)record->std[0] + (double)record->std[1] + (double)record->std[2]) / 3;

    return PIXEL_DEVIATION / record->divide / std;
}

void an_first_layer_scale(alexnet_model *model, double deviation)
{
    const an_param *weight = &model->params.items[0];
    float *values = model->values + weight->offset;

    for (int64_t i = 0; i < weight->count; ++i)
        values[i] = (float)((double)values[i] / deviation);
}

void an_first_layer_slow(alexnet_model *model, double deviation)
{
    an_param *weight = &model->params.items[0];

    weight->lr_multiplier /= deviation * deviation;
    weight->decay_multiplier *= deviation * deviation;
}
