/*
 * first_layer.h: He's first weights for pixels of any scale.
 *
 * He et al. 2015 take inputs of deviation 1. Some families see pixels from 0 to 255, whose deviation
 * is near 58; with such an input x the layer w x and its rate are those of a layer on x / 58 when
 *
 *     w starts 58 times smaller      its rate is 58^2 times smaller      its decay 58^2 times larger
 *
 * So one recipe serves families of either kind, and the preprocessing record stays the family's.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_FIRST_LAYER_H
#define AN_TRAIN_FIRST_LAYER_H

#include "core/model.h"
#include "image/preprocess.h"

/* The deviation of what the network sees of a photograph. */
double an_input_deviation(const an_preprocess *record);

/* Divides the first layer's weights, as He's rule drew them, by the deviation. */
void an_first_layer_scale(alexnet_model *model, double deviation);

/* Sets the multipliers of its rate and decay. They are in no file: a resumed run sets them again. */
void an_first_layer_slow(alexnet_model *model, double deviation);

#endif
