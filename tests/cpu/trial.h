/*
 * trial.h: runs any case by every algorithm that applies, on every tier of this machine.
 *
 * One function checks it: the result is within the bound given by the length of its sums, two to
 * four threads give the same bits as one, and nothing outside the operands and the booked scratch
 * is touched. A second function compares fused operations bit by bit with their parts.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_CPU_TRIAL_H
#define AN_TEST_CPU_TRIAL_H

#include "base/rng.h"
#include "bench/cases.h"
#include "cpu/backend.h"

/* Against the reference implementation. */
void check_case(const an_case *c);

/* A fused operation gives the bits of its parts; and both of these checks. */
void check_parts(const an_case *c);
void check_fused(const an_case *c);

/* The norm of the difference to the reference implementation, which sums in double, over the norm
   of its result. */
void check_relative_error(const an_case *c, double limit);

/* The same bits for any number of threads. */
void check_threads(const an_case *c);

/* All passes and formats of a layer. */
void check_conv2d(an_conv2d g);
void check_local(an_conv2d g);
void check_pool(an_pool g);
void check_lrn(an_lrn g);

/* ---- geometries ---- */

an_conv2d conv2d(int n, int c, int h, int w, int k, int r, int s, int stride, int groups,
                 const int pad[4]);
double macs_of(const an_conv2d *g);
an_lrn random_lrn(an_stream *stream, int i);

/* Over maps [n][c][h][w], with windows of size x size. */
an_pool pool_over(int n, int c, int h, int w, int size, int stride, int pad, an_rounding rounding);
an_pool random_pool(an_stream *stream, int n, int c, int h, int w);

/* ---- tiers and formats ---- */

void for_each_tier(void (*check)(const an_backend *backend));
void for_each_format(void (*check)(const an_backend *backend, alexnet_dtype dtype));

#endif
