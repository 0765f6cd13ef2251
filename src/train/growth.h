/*
 * growth.h: an input that grows during the run. Steps on small images are faster; the last part of
 * the run trains at full size, the size in use.
 *
 *     side
 *     full |            ________     from: the first side
 *          |        ___'             the side grows in steps of AN_GROWTH_STEP pixels, and
 *     from |_______'                 is full in the last part of the run
 *          +----------------------
 *          0           0.75       1  part of the run
 *
 * The side is constant within an epoch. It is a function of the epoch's start on the run's course.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_GROWTH_H
#define AN_TRAIN_GROWTH_H

/* pixels: the stride of AlexNet's last feature map, 4 * 2 * 2 * 2 */
#define AN_GROWTH_STEP 32
#define AN_GROWTH_END  0.75

/* The side at fraction `part` of the run, 0 .. 1. from 0, or from >= full: full. */
int an_growth_side(int from, int full, double part);

/* Estimated mean cost of the remaining steps, relative to a step with the side at `part`. */
double an_growth_rest(int from, int full, double part);

#endif
