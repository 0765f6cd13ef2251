/*
 * growth.h: an input that grows during the run. Steps on small images are faster; the last quarter
 * of the run trains at full size, the size in use.
 *
 *     side
 *     full |            ________     from: the first side
 *          |        ___'             the side grows in steps of AN_GROWTH_STEP pixels
 *     from |_______'
 *          +----------------------
 *          0           0.75       1  fraction of the run that is done (course.h)
 *
 * The side is constant within an epoch: feed.c decides it at the epoch's start. It decides the bits
 * of a run; the estimate of costs only decides where a time limit ends it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_GROWTH_H
#define AN_TRAIN_GROWTH_H

/* pixels: the stride of AlexNet's last feature map, 4 * 2 * 2 * 2 */
#define AN_GROWTH_STEP 32
/* The fraction of the run after which the side is full. */
#define AN_GROWTH_END  0.75

/* The side in pixels when a fraction `done` of the run is done, 0 .. 1. from 0: full, always; the
   same if from >= full. */
int an_growth_side(int from, int full, double done);

/* Estimated mean cost of the remaining steps, relative to a step with the side at `done`. */
double an_growth_rest(int from, int full, double done);

#endif
