/*
 * clock.c: elapsed time.
 * SPDX-License-Identifier: MIT
 */
#include "base/clock.h"

#include <time.h>

double an_seconds(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0; /* cannot happen with this clock */
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
