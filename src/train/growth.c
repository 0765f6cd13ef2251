/*
 * growth.c: see growth.h.
 * SPDX-License-Identifier: MIT
 */
#include "train/growth.h"

#include "base/compiler.h"
#include <math.h>

#define POINTS 64  /* for the mean over the rest of a run */
#define FIXED  0.3 /* fraction of a full-size step: linear layers and update, at any side */

int an_growth_side(int from, int full, double done)
{
    if (from <= 0 || from >= full || done >= AN_GROWTH_END) return full;
    const double side = from + (full - from) * (done / AN_GROWTH_END);
    const int steps = (int)floor((side - from) / AN_GROWTH_STEP);

    return AN_MIN(from + steps * AN_GROWTH_STEP, full);
}

/* Estimated cost of a step at this side, relative to one at the full side. */
static double cost(int side, int full)
{
    const double ratio = (double)side / full;

    return FIXED + (1 - FIXED) * ratio * ratio;
}

double an_growth_rest(int from, int full, double done)
{
    double sum = 0;

    for (int i = 0; i < POINTS; ++i)
        sum += cost(an_growth_side(from, full, done + (1 - done) * (i + 0.5) / POINTS), full);
    return sum / POINTS / cost(an_growth_side(from, full, done), full);
}
