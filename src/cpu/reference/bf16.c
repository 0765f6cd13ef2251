/*
 * bf16.c: passes in bf16 for machines without instructions for it: an algorithm of fp32 whose
 * factors are rounded. Their products are then exact, as bf16 has a third of a float's digits.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/bf16.h"

#include "cpu/cost.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/winograd.h"

#define CHUNK 4096 /* numbers rounded at a time */

static void round_all(const an_run *run, size_t count, const float *from, float *to)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (size_t first = 0; first < count; first += CHUNK)
        for (size_t i = first; i < AN_MIN(first + CHUNK, count); ++i)
            to[i] = an_bf16_to_float(an_bf16_from_float(from[i]));
}

/* A rounded copy of a factor, at the end of the scratch; NULL stays NULL. */
static const float *rounded(const an_run *run, size_t at, size_t count, const float *from)
{
    float *to = an_scratch_at(run, at);

    if (from != NULL) round_all(run, count, from, to);
    return from != NULL ? to : NULL;
}

/* The sizes of the factors x, dy and w; 0: none. */
typedef struct factors {
    size_t x, dy, w;
} factors;

static size_t plan_factors(const factors *f, size_t inner, size_t at[3])
{
    an_scratch plan = {inner};

    at[0] = an_scratch_floats(&plan, f->x);
    at[1] = an_scratch_floats(&plan, f->dy);
    at[2] = an_scratch_floats(&plan, f->w);
    return plan.bytes;
}

static an_conv2d_tensors round_factors(const an_run *run, const factors *f, const size_t at[3],
                                       const an_conv2d_tensors *t)
{
    an_conv2d_tensors result = *t;

    result.x = rounded(run, at[0], f->x, t->x);
    result.dy = rounded(run, at[1], f->dy, t->dy);
    result.w = t->packed != NULL ? t->packed : rounded(run, at[2], f->w, t->w);
    result.packed = NULL;
    return result;
}

static an_run inner_run(const an_run *run, size_t scratch_bytes)
{
    return (an_run){run->threads, run->scratch, scratch_bytes};
}

/* ---- convolution, forward ---- */

/*
 * Forward, with packed weights, where the direct algorithm in bf16 costs less than Winograd's in
 * fp32, by the constants of the tier that multiplies in bf16, so that every tier gives results of
 * the same kind. A filter as large as the map is a linear layer, for which convolutions in bf16 are
 * not made.
 */
bool an_bf16_conv2d_pays(const an_conv2d *g, an_pass pass)
{
    const an_tier_cost *tier = &an_cost_avx512;

    if (pass != AN_FORWARD || !g->packed || (g->p == 1 && g->q == 1)) return false;
    return !an_winograd_applies(g, pass) ||
           an_direct_cost(tier, ALEXNET_BF16, g, pass, AN_CHOICE_THREADS).seconds <
               an_winograd_cost(tier, g, pass, AN_CHOICE_THREADS).seconds;
}

static size_t conv2d_weights(const an_conv2d *g)
{
    return an_size_times((size_t)g->k, (size_t)(g->c / g->groups) * (size_t)g->r * (size_t)g->s);
}

static factors conv2d_factors(const an_conv2d *g)
{
    const size_t map = an_size_times((size_t)g->h, (size_t)g->w);

    return (factors){.x = an_size_times((size_t)g->n, an_size_times(map, (size_t)g->c)),
                     .w = g->packed ? 0 : conv2d_weights(g)};
}

/* The geometry for `inner`, whose weights are not in packed form. */
static an_conv2d conv2d_inside(const an_conv2d *g)
{
    an_conv2d inside = *g;

    inside.packed = false;
    return inside;
}

static size_t conv2d_inner_scratch(const an_conv2d_algorithm *inner, const an_conv2d *g,
                                   int threads)
{
    const an_conv2d inside = conv2d_inside(g);

    return inner->scratch_bytes != NULL ? inner->scratch_bytes(&inside, threads) : 0;
}

size_t an_bf16_conv2d_scratch(const an_conv2d_algorithm *inner, const an_conv2d *g, int threads)
{
    const factors f = conv2d_factors(g);
    size_t at[3];

    return plan_factors(&f, conv2d_inner_scratch(inner, g, threads), at);
}

alexnet_status an_bf16_conv2d(const an_conv2d_algorithm *inner, const an_run *run,
                              const an_conv2d *g, const an_conv2d_tensors *t)
{
    const factors f = conv2d_factors(g);
    const an_conv2d inside = conv2d_inside(g);
    const an_run part = inner_run(run, conv2d_inner_scratch(inner, g, run->threads));
    size_t at[3];

    if (!an_scratch_fits(run, plan_factors(&f, part.scratch_bytes, at))) return ALEXNET_BAD_ARG;
    const an_conv2d_tensors in = round_factors(run, &f, at, t);
    return inner->run(&part, &inside, &in);
}

size_t an_bf16_conv2d_packed_bytes(const an_conv2d *g)
{
    return an_size_times(conv2d_weights(g), sizeof(float));
}

alexnet_status an_bf16_conv2d_pack_weights(const an_run *run, const an_conv2d *g, const float *w,
                                           void *packed)
{
    round_all(run, conv2d_weights(g), w, packed);
    return ALEXNET_OK;
}

/* ---- linear ---- */

/*
 * Always with packed weights, and with many images. In training the weights are fp32, so bf16 saves
 * no memory traffic, which is the bound with few images; and backward in fp32 reads them once,
 * where bf16 reads them three times (measured: bench/NOTES.md, section 6).
 */
bool an_bf16_linear_pays(const an_linear *g, an_pass pass)
{
    return g->packed || g->n > (pass == AN_FORWARD ? 8 : 32);
}

static size_t linear_weights(const an_linear *g)
{
    return an_size_times((size_t)g->inputs, (size_t)g->outputs);
}

static factors linear_factors(const an_linear *g)
{
    return (factors){.x = an_size_times((size_t)g->n, (size_t)g->inputs),
                     .dy = an_size_times((size_t)g->n, (size_t)g->outputs),
                     .w = g->packed ? 0 : linear_weights(g)};
}

static an_linear linear_inside(const an_linear *g)
{
    an_linear inside = *g;

    inside.packed = false;
    return inside;
}

static size_t linear_inner_scratch(const an_linear_algorithm *inner, const an_linear *g,
                                   int threads)
{
    const an_linear inside = linear_inside(g);

    return inner->scratch_bytes != NULL ? inner->scratch_bytes(&inside, threads) : 0;
}

size_t an_bf16_linear_scratch(const an_linear_algorithm *inner, const an_linear *g, int threads)
{
    const factors f = linear_factors(g);
    size_t at[3];

    return plan_factors(&f, linear_inner_scratch(inner, g, threads), at);
}

/* The gradient of the biases has no products: it is that of fp32, of dy without rounding. */
static void bias_gradient(const an_run *run, const an_linear *g, const float *dy, float *db)
{
    AN_PARALLEL_FOR(run, schedule(dynamic, 16))
    for (int o = 0; o < g->outputs; ++o) {
        double sum = 0;
        for (int n = 0; n < g->n; ++n)
            sum += (double)dy[(size_t)n * (size_t)g->outputs + (size_t)o];
        db[o] = (float)sum;
    }
}

alexnet_status an_bf16_linear(const an_linear_algorithm *inner, const an_run *run,
                              const an_linear *g, const an_linear_tensors *t)
{
    const factors f = linear_factors(g);
    const an_linear inside = linear_inside(g);
    const an_run part = inner_run(run, linear_inner_scratch(inner, g, run->threads));
    size_t at[3];

    if (!an_scratch_fits(run, plan_factors(&f, part.scratch_bytes, at))) return ALEXNET_BAD_ARG;
    an_linear_tensors in = round_factors(run, &f, at, t);
    in.db = NULL;
    if (t->db != NULL) bias_gradient(run, g, t->dy, t->db);
    return inner->run(&part, &inside, &in);
}

size_t an_bf16_linear_packed_bytes(const an_linear *g)
{
    return an_size_times(linear_weights(g), sizeof(float));
}

alexnet_status an_bf16_linear_pack_weights(const an_run *run, const an_linear *g, const float *w,
                                           void *packed)
{
    round_all(run, linear_weights(g), w, packed);
    return ALEXNET_OK;
}
