/*
 * cost.h: counts the work of an algorithm for a pass of a shape, and estimates its time by the
 * constants of a tier. The cheapest of the algorithms that apply is chosen; `alexnet info MODEL
 * --plan` prints its estimate.
 *
 * The constants are fixed, measured once, and nothing is calibrated when the program starts:
 * algorithms round differently, so with a choice by measurement the bits of a result would depend
 * on the load of the machine. Nor does a choice depend on the number of threads: it is made for
 * AN_CHOICE_THREADS.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_COST_H
#define AN_CPU_COST_H

#include "core/backend.h"

/* Seconds are those of one core. */
typedef struct an_tier_cost {
    int rows, columns;           /* of a tile of the micro-kernel: MR and NR */
    double mac;                  /* a multiply-add of the micro-kernel in fp32 */
    double pace_bf16, pace_int8; /* how many times as fast it is in these formats */

    /* a number that is read, transformed and written */
    double map_number;      /* of a map, into or out of Winograd's form */
    double filter_number;   /* of a filter, into that form from its order in memory */
    double gradient_number; /* of a filter's gradient, out of it */
    double weight_number;   /* of a filter, into panels or out of them */
    double padded_number;   /* of a map that gets zeros around it */
    double sorted_number;   /* of a map that is brought into another order: panels, blocks */

    double memory_byte; /* from or to memory */
    double cache_byte;  /* from or to L3 */
    double start;       /* until all threads are at work: once a pass, where there are several */
} an_tier_cost;

extern const an_tier_cost an_cost_portable, an_cost_avx2, an_cost_avx512, an_cost_neon;

#define AN_CHOICE_THREADS 2

/* The work of a pass. */
typedef struct an_work {
    double macs; /* multiply-adds, those with the zeros that fill up tiles, too */
    /* multiply-add slots lost at the start and end of tiles, and in tiles too short to hide latency
       */
    double idle;
    double pace; /* how many of them take the time of one in fp32 */
    double map_numbers, filter_numbers, gradient_numbers, weight_numbers;
    double padded_numbers, sorted_numbers;
    double memory_bytes, cache_bytes;
} an_work;

double an_work_seconds(const an_tier_cost *tier, const an_work *work, int threads);

/* Of a layer with only one algorithm: most of these do little but read and write so many bytes. */
double an_plain_seconds(const an_tier_cost *tier, double macs, double bytes, int threads);

/* Linear layers of no more images: forward by dot products; both gradients in one sweep over the
   weights (fp32). */
#define AN_FEW_FORWARD        16
#define AN_FEW_FORWARD_PACKED 4
#define AN_FEW_BACKWARD       64

/* ---- the algorithms ---- */

/* Direct, one tap after the other (conv2d_direct_tmpl.h, conv2d_weights_tmpl.h,
   packed/conv2d_tmpl.h). */
an_work an_direct_work(const an_tier_cost *tier, alexnet_dtype dtype, const an_conv2d *g,
                       an_pass pass);
an_cost an_direct_cost(const an_tier_cost *tier, alexnet_dtype dtype, const an_conv2d *g,
                       an_pass pass, int threads);

/* By Winograd's tiles, in fp32, for a g to which they apply: an_winograd_applies(). */
an_work an_winograd_work(const an_tier_cost *tier, const an_conv2d *g, an_pass pass);
an_cost an_winograd_cost(const an_tier_cost *tier, const an_conv2d *g, an_pass pass, int threads);

/* A linear layer; with `updates`, SGD's update of the weights is counted with their gradient. */
an_work an_linear_work(const an_tier_cost *tier, alexnet_dtype dtype, const an_linear *g,
                       an_pass pass, bool updates);
an_cost an_linear_cost(const an_tier_cost *tier, alexnet_dtype dtype, const an_linear *g,
                       an_pass pass, bool updates, int threads);

#endif
