/*
 * choice.h: which algorithm of a backend computes a pass of a shape: an_backend.conv2d and linear
 * of every tier. Algorithms round differently: another choice changes the bits of results.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_CHOICE_H
#define AN_CPU_CHOICE_H

#include "core/backend.h"

/*
 * From the backend's list of algorithms, for a product whose factors are to be in `dtype` where
 * that pays. Never NULL: a list has an algorithm of each pass in fp32 that applies to every
 * shape.
 */
const an_conv2d_algorithm *an_choose_conv2d(const an_backend *self, const an_conv2d *g,
                                            an_pass pass, alexnet_dtype dtype);
const an_linear_algorithm *an_choose_linear(const an_backend *self, const an_linear *g,
                                            an_pass pass, alexnet_dtype dtype);

#endif
