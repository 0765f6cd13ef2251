/*
 * cases_maps.c: kinds of cases (cases.h): how pooling and normalisation of maps are called.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "bench/cases_kinds.h"
#include "cpu/scratch.h"

/* ---- pooling ---- */

static int64_t pool_x(const an_pool *g) { return (int64_t)g->n * g->c * g->h * g->w; }

static void max_pool_sizes(const an_case *c, an_case_sizes *out)
{
    *out = (an_case_sizes){.in = {an_floats(pool_x(&c->pool))},
                           .out = {an_floats(an_pooled(&c->pool)), an_argmaxes(&c->pool)},
                           .terms = 1};
}

static alexnet_status max_pool_run(const an_case *c, const an_backend *backend, const an_run *run,
                                   const void *const in[AN_CASE_INPUTS],
                                   void *const out[AN_CASE_OUTPUTS])
{
    return backend->max_pool(run, &c->pool, in[0], out[0], out[1]);
}

static void max_pool_backward_sizes(const an_case *c, an_case_sizes *out)
{
    *out = (an_case_sizes){.in = {an_floats(an_pooled(&c->pool)), an_argmaxes(&c->pool)},
                           .out = {an_floats(pool_x(&c->pool))},
                           .terms = (int64_t)c->pool.r * c->pool.s};
}

static alexnet_status max_pool_backward_run(const an_case *c, const an_backend *backend,
                                            const an_run *run, const void *const in[AN_CASE_INPUTS],
                                            void *const out[AN_CASE_OUTPUTS])
{
    return backend->max_pool_backward(run, &c->pool, in[0], in[1], out[0]);
}

static void average_pool_sizes(const an_case *c, an_case_sizes *out)
{
    const an_operand x = an_floats(pool_x(&c->pool)), y = an_floats(an_pooled(&c->pool));

    *out = c->kind == &an_case_average_pool ? (an_case_sizes){.in = {x}, .out = {y}}
                                            : (an_case_sizes){.in = {y}, .out = {x}};
    out->terms = (int64_t)c->pool.r * c->pool.s;
}

static alexnet_status average_pool_run(const an_case *c, const an_backend *backend,
                                       const an_run *run, const void *const in[AN_CASE_INPUTS],
                                       void *const out[AN_CASE_OUTPUTS])
{
    return c->kind == &an_case_average_pool
               ? backend->average_pool(run, &c->pool, in[0], out[0])
               : backend->average_pool_backward(run, &c->pool, in[0], out[0]);
}

static void average_sizes(const an_case *c, an_case_sizes *out)
{
    const int64_t x = an_shape_count(c->shape);
    const int64_t y = (int64_t)c->shape.n * c->shape.c * c->p * c->q;

    *out = c->kind == &an_case_adaptive_average
               ? (an_case_sizes){.in = {an_floats(x)}, .out = {an_floats(y)}}
               : (an_case_sizes){.in = {an_floats(y)}, .out = {an_floats(x)}};
    out->terms = (int64_t)c->shape.h * c->shape.w;
}

static alexnet_status average_run(const an_case *c, const an_backend *backend, const an_run *run,
                                  const void *const in[AN_CASE_INPUTS],
                                  void *const out[AN_CASE_OUTPUTS])
{
    return c->kind == &an_case_adaptive_average
               ? backend->adaptive_average(run, c->shape, c->p, c->q, in[0], out[0])
               : backend->adaptive_average_backward(run, c->shape, c->p, c->q, in[0], out[0]);
}

const an_case_kind an_case_max_pool = {
    .name = "max pool", .exact = true, .sizes = max_pool_sizes, .run = max_pool_run};
const an_case_kind an_case_max_pool_backward = {.name = "max pool backward",
                                                .exact = true,
                                                .sizes = max_pool_backward_sizes,
                                                .run = max_pool_backward_run};
const an_case_kind an_case_average_pool = {
    .name = "average pool", .exact = true, .sizes = average_pool_sizes, .run = average_pool_run};
const an_case_kind an_case_average_pool_backward = {.name = "average pool backward",
                                                    .exact = true,
                                                    .sizes = average_pool_sizes,
                                                    .run = average_pool_run};
const an_case_kind an_case_adaptive_average = {
    .name = "adaptive average", .sizes = average_sizes, .run = average_run};
const an_case_kind an_case_adaptive_average_backward = {
    .name = "adaptive average backward", .sizes = average_sizes, .run = average_run};

/* ---- local response normalisation ---- */

static int64_t lrn_map(const an_lrn *g) { return (int64_t)g->n * g->c * g->h * g->w; }

static void lrn_sizes(const an_case *c, an_case_sizes *out)
{
    const an_lrn *g = &c->lrn;
    const an_operand x = an_floats(lrn_map(g)), argmax = an_argmaxes(&g->pool);
    const an_operand y = g->pool.r > 0 ? an_floats(an_pooled(&g->pool)) : x;

    *out = c->kind == &an_case_lrn ? (an_case_sizes){.in = {x}, .out = {y, argmax}}
                                   : (an_case_sizes){.in = {x, y, argmax}, .out = {x}};
    out->terms = g->within ? (int64_t)g->size * g->size : g->size;
}

/* A pooling that is not fused works between the primitive and a map at the start of the scratch. */
static bool lrn_pool_is_unfused(const an_case *c, const an_backend *backend)
{
    return c->lrn.pool.r > 0 && (c->unfused || !backend->lrn_pools);
}

static an_lrn lrn_alone(const an_case *c)
{
    an_lrn g = c->lrn;

    g.pool = (an_pool){0};
    return g;
}

static size_t lrn_scratch(const an_case *c, const an_backend *backend, int threads)
{
    const an_lrn alone = lrn_alone(c);
    an_scratch plan = {0};

    if (!lrn_pool_is_unfused(c, backend)) return backend->lrn_scratch(&c->lrn, threads);
    (void)an_scratch_floats(&plan, (size_t)lrn_map(&c->lrn));
    return an_size_plus(plan.bytes, backend->lrn_scratch(&alone, threads));
}

static alexnet_status lrn_run(const an_case *c, const an_backend *backend, const an_run *run,
                              const void *const in[AN_CASE_INPUTS],
                              void *const out[AN_CASE_OUTPUTS])
{
    const bool forward = c->kind == &an_case_lrn;

    if (!lrn_pool_is_unfused(c, backend))
        return forward ? backend->lrn(run, &c->lrn, in[0], out[0], out[1])
                       : backend->lrn_backward(run, &c->lrn, in[0], in[1], in[2], out[0]);

    const an_lrn alone = lrn_alone(c);
    const an_pool *pool = &c->lrn.pool;
    const an_run inner = an_run_behind(run, an_scratch_round((size_t)lrn_map(&c->lrn)));
    float *const map = run->scratch;
    if (forward) {
        AN_TRY(backend->lrn(&inner, &alone, in[0], map, NULL));
        return backend->max_pool(run, pool, map, out[0], out[1]);
    }
    AN_TRY(backend->max_pool_backward(run, pool, in[1], in[2], map));
    return backend->lrn_backward(&inner, &alone, in[0], map, NULL, out[0]);
}

const an_case_kind an_case_lrn = {
    .name = "lrn", .sizes = lrn_sizes, .scratch = lrn_scratch, .run = lrn_run};
const an_case_kind an_case_lrn_backward = {
    .name = "lrn backward", .sizes = lrn_sizes, .scratch = lrn_scratch, .run = lrn_run};

/* ---- batch normalisation: operands [k][c] hold k vectors of a number for each channel ---- */

#define CASE_EPSILON 1.5f /* variances are drawn from -1 .. 1 */

static an_operand vectors(const an_case *c, int k) { return an_floats((int64_t)k * c->shape.c); }

static size_t batch_norm_scratch(const an_case *c, const an_backend *backend, int threads)
{
    (void)threads;
    return backend->batch_norm_scratch(c->shape);
}

static void batch_norm_sizes(const an_case *c, an_case_sizes *out)
{
    const an_operand x = an_floats(an_shape_count(c->shape));
    const int64_t values = an_shape_count(c->shape) / c->shape.c;

    if (c->kind == &an_case_batch_statistics)
        *out = (an_case_sizes){.in = {x, vectors(c, 2)}, .out = {vectors(c, 3)}, .terms = values};
    else if (c->kind == &an_case_batch_norm)
        *out = (an_case_sizes){.in = {x, vectors(c, 4)}, .out = {x}, .terms = 1};
    else
        *out = (an_case_sizes){
            .in = {x, x, vectors(c, 4)}, .out = {x, vectors(c, 2)}, .terms = values};
}

static alexnet_status batch_norm_run(const an_case *c, const an_backend *backend, const an_run *run,
                                     const void *const in[AN_CASE_INPUTS],
                                     void *const out[AN_CASE_OUTPUTS])
{
    const int channels = c->shape.c;
    const float *given = in[c->kind == &an_case_batch_norm_backward ? 2 : 1];
    float *found = out[c->kind == &an_case_batch_norm_backward ? 1 : 0];
    an_batch_norm_channels t = {.mean = given, .variance = given + channels};

    if (c->kind == &an_case_batch_statistics)
        return backend->batch_statistics(run, c->shape, in[0], t.mean, t.variance, found,
                                         found + channels, found + 2 * channels);
    t.weight = given + 2 * channels;
    t.bias = given + 3 * channels;
    if (c->kind == &an_case_batch_norm)
        return backend->batch_norm(run, c->shape, CASE_EPSILON, in[0], &t, c->relu, out[0]);
    return backend->batch_norm_backward(run, c->shape, CASE_EPSILON, c->fixed, in[0], in[1], &t,
                                        out[0], found, found + channels);
}

const an_case_kind an_case_batch_statistics = {.name = "batch statistics",
                                               .exact = true,
                                               .sizes = batch_norm_sizes,
                                               .scratch = batch_norm_scratch,
                                               .run = batch_norm_run};
const an_case_kind an_case_batch_norm = {.name = "batch norm",
                                         .exact = true,
                                         .sizes = batch_norm_sizes,
                                         .scratch = batch_norm_scratch,
                                         .run = batch_norm_run};
const an_case_kind an_case_batch_norm_backward = {.name = "batch norm backward",
                                                  .exact = true,
                                                  .sizes = batch_norm_sizes,
                                                  .scratch = batch_norm_scratch,
                                                  .run = batch_norm_run};
