/*
 * init_he.h: init=he: first weights by He et al. 2015, fitted at both ends of a network.
 *
 * The first layer. He's rule takes inputs of deviation 1. Some families see pixels from 0 to 255,
 * whose deviation is near 58; on such an input x a layer is and learns as it would on x / 58 when
 *
 *     w starts 58 times smaller, its rate is 58^2 times smaller, its decay 58^2 times larger
 *
 * So one recipe serves families of either kind, and the preprocessing record stays the family's.
 *
 * The last layer starts ten times smaller: the first answers are near to guessing, the loss near to
 * ln(classes), and the wide layers below, whose gradients pass through it, take no wild first
 * steps.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_INIT_HE_H
#define AN_TRAIN_INIT_HE_H

#include "core/model.h"
#include "image/preprocess.h"

/* The deviation of what the network sees of a photograph. */
double an_input_deviation(const an_preprocess *record);

/* Draws all first weights; biases are 0. */
void an_init_he(alexnet_model *model, double deviation, uint64_t seed);

/* Sets the first layer's multipliers. They are in no file: a resumed run sets them again. */
void an_he_set_rates(alexnet_model *model, double deviation);

#endif
