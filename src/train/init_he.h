/*
 * init_he.h: init=he: initial weights by He et al. 2015, adapted at both ends of a network.
 *
 * First layer: He's rule assumes inputs of standard deviation 1. Some families see pixels from 0 to
 * 255, with a deviation near 58. On such an input x, a layer behaves and learns as with x / 58 if
 *
 *     w starts 58 times smaller, its rate is 58^2 times smaller, its decay 58^2 times larger
 *
 * So one recipe serves both kinds of family, and the preprocessing record stays the family's.
 *
 * Last layer: it starts ten times smaller. The first predictions are then close to uniform, the
 * loss is close to ln(classes), and the wide layers below, whose gradients pass through it, do not
 * make overly large first steps.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_INIT_HE_H
#define AN_TRAIN_INIT_HE_H

#include "core/model.h"
#include "image/preprocess.h"

/* The standard deviation of the network's input for a photograph. */
double an_input_deviation(const an_preprocess *record);

/* Draws all initial weights; biases are 0. */
void an_init_he(alexnet_model *model, double deviation, uint64_t seed);

/* Sets the first layer's multipliers. They are not in any file: a resumed run sets them again. */
void an_he_set_rates(alexnet_model *model, double deviation);

#endif
