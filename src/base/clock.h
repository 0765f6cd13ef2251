/*
 * clock.h: elapsed time. Only for progress and rates: no result of a run may depend on it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_CLOCK_H
#define AN_BASE_CLOCK_H

/* Seconds since an arbitrary time in the past; never decreases. Any thread. */
double an_seconds(void);

#endif
