/*
 * growth.h: an input that grows during the run. Small images are quicker to learn from; the size that is
 * used later is learnt at last.
 *
 *     side
 *     full |            ________     from: the side to begin with
 *          |        ___'             the side grows in steps of AN_GROWTH_STEP pixels, and
 *     from |_______'                 is full in the last part of the run
 *          +----------------------
 *          0           0.75       1  part of the run
 *
 * A side holds for a whole epoch. It is a function of where the epoch begins on the run's course.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_GROWTH_H
#define AN_TRAIN_GROWTH_H

#define AN_GROWTH_STEP                                                                             \
    32 /* pixels: what a place of AlexNet's last feature map covers, 4 * 2 * 2 * 2 */
#define AN_GROWTH_END 0.75

/* The side at a part 0 .. 1 of the run. from 0, or from >= full: full. */
int an_growth_side(int from, int full, double part);

/* What the mean step of the rest of the run costs, in steps of the side at `part`: an estimate. */
double an_growth_rest(int from, int full, double part);

#endif
