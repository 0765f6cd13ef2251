/*
 * cost.c: see cost.h.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/cost.h"

#include "base/compiler.h"
#include "cpu/tiles.h"
#include "cpu/winograd.h"
#include <stdio.h>

/* ---- constants ---- */

/*
 * Measured on 2 cores of AMD Zen 5, whose peak in fp32 is 128 multiply-adds a nanosecond and core
 * with AVX-512, and half as many with AVX2; memory gives both cores 40 GB/s. These constants are
 * guesses:
 *
 *     pace_int8 of avx512        only shown: int8 is taken wherever it fits
 *     pace_bf16, _int8 of avx2   not used: its bf16 is fp32 with rounded factors, its int8 is the
 *                                portable algorithm
 *     neon                       those of AVX2 for half the lanes; no ARM was measured, so the
 *                                choices there are guesses, too
 *     portable                   only shown: it has one algorithm for each pass and format
 */
const an_tier_cost an_cost_avx512 = {
    .rows = AN_TILE_AVX512_ROWS,
    .columns = AN_TILE_AVX512_VECTORS * AN_TILE_AVX512_LANES,
    .mac = 1 / 115e9,
    .pace_bf16 = 1.8,
    .pace_int8 = 3.4,
    .map_number = 0.2e-9,
    .filter_number = 0.6e-9,
    .gradient_number = 0.35e-9,
    .weight_number = 0.5e-9,
    .padded_number = 0.15e-9,
    .sorted_number = 0.8e-9,
    .memory_byte = 1 / 20e9,
    .cache_byte = 1 / 40e9,
    .start = 30e-6,
};

const an_tier_cost an_cost_avx2 = {
    .rows = AN_TILE_AVX2_ROWS,
    .columns = AN_TILE_AVX2_VECTORS * AN_TILE_AVX2_LANES,
    .mac = 1 / 57e9,
    .pace_bf16 = 1,
    .pace_int8 = 1,
    .map_number = 0.25e-9,
    .filter_number = 0.6e-9,
    .gradient_number = 0.6e-9,
    .weight_number = 0.5e-9,
    .padded_number = 0.15e-9,
    .sorted_number = 0.8e-9,
    .memory_byte = 1 / 20e9,
    .cache_byte = 1 / 40e9,
    .start = 30e-6,
};

const an_tier_cost an_cost_neon = {
    .rows = AN_TILE_NEON_ROWS,
    .columns = AN_TILE_NEON_VECTORS * AN_TILE_NEON_LANES,
    .mac = 1 / 20e9,
    .pace_bf16 = 1,
    .pace_int8 = 1,
    .map_number = 0.5e-9,
    .filter_number = 1.2e-9,
    .gradient_number = 0.7e-9,
    .weight_number = 1e-9,
    .padded_number = 0.3e-9,
    .sorted_number = 1.6e-9,
    .memory_byte = 1 / 20e9,
    .cache_byte = 1 / 40e9,
    .start = 30e-6,
};

/* There are no tiles: one number at a time. */
const an_tier_cost an_cost_portable = {
    .rows = 1,
    .columns = 1,
    .mac = 1 / 1e9,
    .pace_bf16 = 1,
    .pace_int8 = 1,
    .memory_byte = 1 / 20e9,
    .cache_byte = 1 / 40e9,
    .start = 30e-6,
};

#define TILE_STEPS 8 /* the time that a tile takes to begin and end, in steps of its sum */
#define TILE_ROWS  5 /* with fewer, a multiply-add waits for the one before it */
#define CACHE_BYTES                                                                                \
    16e6 /* up to this size, maps and weights of a layer stay in L3 from layer to layer */

/* ---- from work to time ---- */

double an_work_seconds(const an_tier_cost *tier, const an_work *work, int threads)
{
    const double seconds =
        (work->macs + work->idle) / work->pace * tier->mac + work->map_numbers * tier->map_number +
        work->filter_numbers * tier->filter_number +
        work->gradient_numbers * tier->gradient_number +
        work->weight_numbers * tier->weight_number + work->padded_numbers * tier->padded_number +
        work->sorted_numbers * tier->sorted_number + work->memory_bytes * tier->memory_byte +
        work->cache_bytes * tier->cache_byte;

    return seconds / threads + (threads > 1 ? tier->start : 0);
}

double an_plain_seconds(const an_tier_cost *tier, double macs, double bytes, int threads)
{
    const an_work work = {.pace = 1,
                          .macs = macs,
                          .memory_bytes = bytes > CACHE_BYTES ? bytes : 0,
                          .cache_bytes = bytes > CACHE_BYTES ? 0 : bytes};

    return an_work_seconds(tier, &work, threads);
}

static an_cost cost_of(const an_tier_cost *tier, const an_work *work, int threads)
{
    return (an_cost){.macs = work->macs,
                     .memory_bytes = work->memory_bytes,
                     .seconds = an_work_seconds(tier, work, threads)};
}

static double pace_of(const an_tier_cost *tier, alexnet_dtype dtype)
{
    return dtype == ALEXNET_BF16 ? tier->pace_bf16 : dtype == ALEXNET_INT8 ? tier->pace_int8 : 1;
}

/* Bytes of a number in this format. */
static double bytes_of(alexnet_dtype dtype)
{
    return dtype == ALEXNET_BF16 ? 2 : dtype == ALEXNET_INT8 ? 1 : 4;
}

/* `times` products of matrices, [rows][depth] by [depth][columns], in tiles. */
static void add_products(const an_tier_cost *tier, double times, int rows, int columns,
                         double depth, an_work *work)
{
    const double tiles = AN_ROUND_UP(rows, tier->rows) / tier->rows;
    const double high = AN_MAX(rows, tiles * AN_MIN(TILE_ROWS, tier->rows));
    const double wide = AN_ROUND_UP(columns, tier->columns);
    const double steps = tier->columns > 1 ? TILE_STEPS : 0;

    work->macs += times * rows * wide * depth;
    work->idle += times * wide * (high * (depth + steps) - rows * depth);
}

/* Maps, which are in cache between two layers if they are small, and weights, which always come
   from memory. */
static void add_bytes(double maps, double weights, an_work *work)
{
    work->memory_bytes += weights;
    if (maps + weights > CACHE_BYTES)
        work->memory_bytes += maps;
    else
        work->cache_bytes += maps;
}

static double inputs_of(const an_conv2d *g) { return (double)g->n * g->h * g->w * g->c; }

/* Also where a pooling follows in the same pass, so that the choice is the same as without. */
static double outputs_of(const an_conv2d *g) { return (double)g->n * g->k * g->p * g->q; }

static double weights_of(const an_conv2d *g)
{
    return (double)g->k * (g->c / g->groups) * g->r * g->s;
}

/* How often a weight, or its gradient, is transferred: memory that is written is read first. */
static double touches(an_pass pass) { return pass == AN_BACKWARD_WEIGHTS ? 2 : 1; }

/* ---- direct ---- */

an_work an_direct_work(const an_tier_cost *tier, alexnet_dtype dtype, const an_conv2d *g,
                       an_pass pass)
{
    const int c = g->c / g->groups, k = g->k / g->groups;
    const double window = (double)g->r * g->s, weights = weights_of(g);
    const double of_weights = g->packed ? bytes_of(dtype) : 4;
    an_work work = {.pace = pace_of(tier, dtype), .weight_numbers = g->packed ? 0 : weights};

    switch (pass) {
    case AN_FORWARD: /* a tile is a part of a row of outputs */
        add_products(tier, (double)g->n * g->groups * g->p, g->q, k, window * c, &work);
        work.padded_numbers = inputs_of(g);
        break;
    case AN_BACKWARD_DATA: { /* the same by phases: each sees a part of the window */
        const double rows = (double)g->n * g->groups * g->h, stride = g->stride;
        const int columns = (g->w + g->stride - 1) / g->stride;
        add_products(tier, rows * stride, columns, c, window * k / (stride * stride), &work);
        work.padded_numbers = outputs_of(g);
        break;
    }
    case AN_BACKWARD_WEIGHTS: /* of few channels a row of the window is one matrix */
        if (g->groups == 1 && c < tier->columns / 2)
            add_products(tier, g->r, g->s * c, k, (double)g->n * g->p * g->q, &work);
        else
            add_products(tier, window * g->groups, c, k, (double)g->n * g->p * g->q, &work);
        work.padded_numbers = inputs_of(g);
        work.sorted_numbers = outputs_of(g);
        break;
    }
    add_bytes(4 * (inputs_of(g) + outputs_of(g)), of_weights * touches(pass) * weights, &work);
    return work;
}

an_cost an_direct_cost(const an_tier_cost *tier, alexnet_dtype dtype, const an_conv2d *g,
                       an_pass pass, int threads)
{
    const an_work work = an_direct_work(tier, dtype, g, pass);
    const int filters = (pass == AN_BACKWARD_DATA ? g->c : g->k) / g->groups;
    const int panels = (filters + tier->columns - 1) / tier->columns * g->groups;
    an_cost cost = cost_of(tier, &work, threads);

    if (tier->columns > 1)
        snprintf(cost.tiles, sizeof cost.tiles, "panels %dx%d", panels, tier->columns);
    return cost;
}

/* ---- Winograd ---- */

an_work an_winograd_work(const an_tier_cost *tier, const an_conv2d *given, an_pass pass)
{
    const an_conv2d g = an_winograd_blocks(given);
    const bool back = pass == AN_BACKWARD_DATA;
    const int c = g.c / g.groups, k = g.k / g.groups;
    const an_winograd_axis rows = an_winograd_cut(g.r, back ? g.h : g.p);
    const an_winograd_axis columns = an_winograd_cut(g.s, back ? g.w : g.q);
    const double weights = weights_of(given);
    const double filters = (double)rows.points * columns.points * c * k * g.groups;
    an_work work = {.pace = 1};

    for (int i = 0; i < rows.points; ++i) {
        for (int j = 0; j < columns.points; ++j) {
            const double tiles = (double)g.n * an_winograd_tiles_with(&rows, i) *
                                 an_winograd_tiles_with(&columns, j);
            const int high = (int)AN_MIN(tiles, 1e9);
            if (pass == AN_BACKWARD_WEIGHTS)
                add_products(tier, g.groups, c, k, tiles, &work);
            else
                add_products(tier, g.groups, high, back ? c : k, back ? k : c, &work);
            work.map_numbers += tiles * (g.c + g.k);
        }
    }
    if (pass == AN_BACKWARD_WEIGHTS)
        work.gradient_numbers = filters;
    else if (!given->packed)
        work.filter_numbers = filters;
    if (given->stride > 1) work.sorted_numbers = inputs_of(&g);
    add_bytes(4 * (inputs_of(given) + outputs_of(given)),
              4 * (given->packed ? filters : touches(pass) * weights), &work);
    return work;
}

/* "1x5+2x4": a tile of 5 outputs, two of 4. */
static void print_axis(const an_winograd_axis *axis, char *text, size_t size)
{
    size_t used = 0;

    for (int m = AN_WINOGRAD_M_MAX; m > 1 && used < size; --m)
        if (axis->count[m] > 0)
            used += (size_t)snprintf(text + used, size - used, "%s%dx%d", used > 0 ? "+" : "",
                                     axis->count[m], m);
}

an_cost an_winograd_cost(const an_tier_cost *tier, const an_conv2d *g, an_pass pass, int threads)
{
    const an_work work = an_winograd_work(tier, g, pass);
    const int high = pass == AN_BACKWARD_DATA ? g->h : g->p;
    const int r = an_winograd_blocks(g).r;
    const an_winograd_axis rows = an_winograd_cut(r, high);
    an_cost cost = cost_of(tier, &work, threads);

    print_axis(&rows, cost.tiles, sizeof cost.tiles);
    return cost;
}

/* ---- linear ---- */

static int few_images(alexnet_dtype dtype)
{
    return dtype == ALEXNET_FP32 ? AN_FEW_FORWARD : AN_FEW_FORWARD_PACKED;
}

/* Whether the data gradient comes from the sweep that reads the weights for theirs. */
static bool in_one_sweep(const an_tier_cost *tier, alexnet_dtype dtype, const an_linear *g,
                         an_pass pass, bool updates)
{
    return pass == AN_BACKWARD_DATA && updates && dtype == ALEXNET_FP32 &&
           g->n <= AN_FEW_BACKWARD && tier->columns > 1;
}

an_work an_linear_work(const an_tier_cost *tier, alexnet_dtype dtype, const an_linear *g,
                       an_pass pass, bool updates)
{
    const double weights = (double)g->inputs * g->outputs;
    const double of_weights = g->packed ? bytes_of(dtype) : 4;
    an_work work = {.pace = pace_of(tier, dtype)};

    switch (pass) {
    case AN_FORWARD:
        if (g->n > few_images(dtype))
            add_products(tier, 1, g->outputs, g->n, g->inputs, &work);
        else
            work.macs = g->n * weights;
        break;
    case AN_BACKWARD_DATA:
        add_products(tier, 1, g->n, g->inputs, g->outputs, &work);
        break;
    case AN_BACKWARD_WEIGHTS:
        add_products(tier, 1, g->outputs, g->inputs, g->n, &work);
        break;
    }
    work.cache_bytes = 4 * (double)g->n * (g->inputs + g->outputs);
    if (!in_one_sweep(tier, dtype, g, pass, updates))
        work.memory_bytes = weights * of_weights * touches(pass);
    if (pass == AN_BACKWARD_WEIGHTS && updates) work.memory_bytes *= 2; /* the velocity, too */
    return work;
}

an_cost an_linear_cost(const an_tier_cost *tier, alexnet_dtype dtype, const an_linear *g,
                       an_pass pass, bool updates, int threads)
{
    const an_work work = an_linear_work(tier, dtype, g, pass, updates);
    an_cost cost = cost_of(tier, &work, threads);

    if (pass == AN_FORWARD && g->n <= few_images(dtype) && tier->columns > 1)
        snprintf(cost.tiles, sizeof cost.tiles, "rows");
    return cost;
}
