/*
 * clock.h: elapsed time. For progress and rates only: no result of a run may depend on it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_CLOCK_H
#define AN_BASE_CLOCK_H

/* Seconds since some moment in the past; never goes back. Any thread. */
double an_seconds(void);

#endif
