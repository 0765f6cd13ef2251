/*
 * cases_conv2d.c: kinds of cases (cases.h): how convolutions and locally connected layers are
 * called.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "bench/cases_kinds.h"
#include "cpu/scratch.h"
#include <string.h>

/* ---- convolution ---- */

static int64_t conv2d_x(const an_conv2d *g) { return (int64_t)g->n * g->c * g->h * g->w; }

static int64_t conv2d_map(const an_conv2d *g) { return (int64_t)g->n * g->k * g->p * g->q; }

/* The output of the layer: pooled, where the pooling is a part of it. */
static int64_t conv2d_y(const an_conv2d *g)
{
    return g->pool.r > 0 ? an_pooled(&g->pool) : conv2d_map(g);
}

static int64_t conv2d_w(const an_conv2d *g)
{
    return (int64_t)g->k * (g->c / g->groups) * g->r * g->s;
}

static an_pass conv2d_pass(const an_case *c) { return (an_pass)(c->kind - an_case_conv2d); }

static void conv2d_sizes(const an_case *c, an_case_sizes *out)
{
    const an_conv2d *g = &c->conv2d;
    const int64_t x = conv2d_x(g);
    const int64_t y = conv2d_y(g);
    const int64_t w = conv2d_w(g);

    switch (conv2d_pass(c)) {
    case AN_FORWARD:
        *out = (an_case_sizes){.in = {an_layer_input(c, x), an_floats(w), an_floats(g->k)},
                               .out = {an_floats(y)},
                               .terms = w / g->k + 1};
        if (!g->packed) out->out[1] = an_argmaxes(&g->pool); /* used only in training */
        break;
    case AN_BACKWARD_DATA:
        *out = (an_case_sizes){.in = {an_floats(y), an_floats(w), [3] = an_argmaxes(&g->pool)},
                               .out = {an_floats(x)},
                               .terms = (int64_t)g->k / g->groups * g->r * g->s};
        if (c->relu) out->in[2] = an_floats(x); /* the output of the ReLU before */
        break;
    case AN_BACKWARD_WEIGHTS:
        *out = (an_case_sizes){.in = {an_floats(x), an_floats(y), [3] = an_argmaxes(&g->pool)},
                               .out = {an_floats(w), an_floats(g->k)},
                               .terms = (int64_t)g->n * g->p * g->q};
        break;
    }
    out->flops = 2.0 * (double)conv2d_map(g) * (double)(w / g->k);
}

/*
 * How a backend computes a case: an algorithm, and separate passes for what the algorithm does not
 * do, as in a plan: images are converted before; pooling and the ReLU's mask follow.
 */
typedef struct conv2d_way {
    an_conv2d g; /* the algorithm's argument */
    const an_conv2d_algorithm *algorithm;
    bool converts, pools, masks;              /* in separate passes */
    size_t x_at, map_at, algorithm_at, bytes; /* in scratch */
} conv2d_way;

/* For no images, what would be planned for some. */
static const an_conv2d_algorithm *conv2d_algorithm(const an_case *c, const an_backend *backend)
{
    an_conv2d planned = c->conv2d;

    if (planned.n == 0) planned.n = 16;
    if (c->algorithm == NULL) return backend->conv2d(backend, &planned, conv2d_pass(c), c->dtype);
    for (int i = 0; backend->conv2d_algorithms[i] != NULL; ++i) {
        const an_conv2d_algorithm *a = backend->conv2d_algorithms[i];
        if (a->pass == conv2d_pass(c) && strcmp(a->name, c->algorithm) == 0)
            return a->applies == NULL || a->applies(&planned, a->pass) ? a : NULL;
    }
    return NULL;
}

static const char *conv2d_algorithm_name(const an_case *c, const an_backend *backend)
{
    const an_conv2d_algorithm *algorithm = conv2d_algorithm(c, backend);

    return algorithm != NULL ? algorithm->name : NULL;
}

static conv2d_way conv2d_way_of(const an_case *c, const an_backend *backend, int threads)
{
    const an_pass pass = conv2d_pass(c);
    const an_conv2d_algorithm *algorithm = conv2d_algorithm(c, backend);
    conv2d_way way = {
        .g = c->conv2d,
        .algorithm = algorithm,
        .converts = pass != AN_BACKWARD_DATA && c->conv2d.nchw && !algorithm->takes_nchw,
        .pools = c->conv2d.pool.r > 0 && (c->unfused || !algorithm->pools),
        .masks = pass == AN_BACKWARD_DATA && c->relu && (c->unfused || !algorithm->takes_relu),
    };
    an_scratch plan = {0};

    if (way.converts) way.g.nchw = false;
    if (way.pools) way.g.pool = (an_pool){0};
    way.x_at = an_scratch_floats(&plan, way.converts ? (size_t)conv2d_x(&way.g) : 0);
    way.map_at = an_scratch_floats(&plan, way.pools ? (size_t)conv2d_map(&way.g) : 0);
    way.algorithm_at = plan.bytes;
    way.bytes = plan.bytes;
    if (algorithm->scratch_bytes != NULL)
        way.bytes = an_size_plus(plan.bytes, algorithm->scratch_bytes(&way.g, threads));
    return way;
}

static size_t conv2d_scratch(const an_case *c, const an_backend *backend, int threads)
{
    return conv2d_way_of(c, backend, threads).bytes;
}

an_conv2d_tensors an_case_tensors(const an_case *c, an_pass pass,
                                  const void *const in[AN_CASE_INPUTS],
                                  void *const out[AN_CASE_OUTPUTS])
{
    switch (pass) {
    case AN_FORWARD:
        return (an_conv2d_tensors){.x = in[0],
                                   .w = in[1],
                                   .bias = in[2],
                                   .y = out[0],
                                   .relu = c->relu,
                                   .packed = c->packed};
    case AN_BACKWARD_DATA:
        return (an_conv2d_tensors){.dy = in[0], .w = in[1], .dx = out[0]};
    case AN_BACKWARD_WEIGHTS:
        return (an_conv2d_tensors){.x = in[0], .dy = in[1], .dw = out[0], .db = out[1]};
    }
    return (an_conv2d_tensors){0};
}

static alexnet_status conv2d_forward(const an_case *c, const an_backend *backend, const an_run *run,
                                     const conv2d_way *way, an_conv2d_tensors *t,
                                     void *const out[AN_CASE_OUTPUTS])
{
    const an_run inner = an_run_behind(run, way->algorithm_at);
    uint8_t *const argmax = c->conv2d.packed ? NULL : out[1];

    if (way->pools)
        t->y = an_scratch_at(run, way->map_at);
    else if (c->conv2d.pool.r > 0)
        t->argmax = argmax;
    AN_TRY(way->algorithm->run(&inner, &way->g, t));
    return way->pools ? backend->max_pool(run, &c->conv2d.pool, t->y, out[0], argmax) : ALEXNET_OK;
}

static alexnet_status conv2d_backward(const an_case *c, const an_backend *backend,
                                      const an_run *run, const conv2d_way *way,
                                      an_conv2d_tensors *t, const void *const in[AN_CASE_INPUTS])
{
    const an_run inner = an_run_behind(run, way->algorithm_at);

    if (way->pools) {
        float *const map = an_scratch_at(run, way->map_at);
        AN_TRY(backend->max_pool_backward(run, &c->conv2d.pool, t->dy, in[3], map));
        t->dy = map;
    } else if (c->conv2d.pool.r > 0) {
        t->argmax = (uint8_t *)(uintptr_t)in[3]; /* read only */
    }
    if (conv2d_pass(c) == AN_BACKWARD_DATA && c->relu && !way->masks) {
        t->x = in[2];
        t->relu = true;
    }
    AN_TRY(way->algorithm->run(&inner, &way->g, t));
    return way->masks ? backend->relu_backward(run, conv2d_x(&way->g), in[2], t->dx, t->dx)
                      : ALEXNET_OK;
}

static alexnet_status conv2d_run(const an_case *c, const an_backend *backend, const an_run *run,
                                 const void *const in[AN_CASE_INPUTS],
                                 void *const out[AN_CASE_OUTPUTS])
{
    const conv2d_way way = conv2d_way_of(c, backend, run->threads);
    const an_conv2d *g = &c->conv2d;
    an_conv2d_tensors t = an_case_tensors(c, conv2d_pass(c), in, out);

    if (way.converts) {
        float *const x = an_scratch_at(run, way.x_at);
        AN_TRY(backend->from_nchw(run, (an_shape){g->n, g->c, g->h, g->w}, t.x, x));
        t.x = x;
    }
    return conv2d_pass(c) == AN_FORWARD ? conv2d_forward(c, backend, run, &way, &t, out)
                                        : conv2d_backward(c, backend, run, &way, &t, in);
}

static size_t conv2d_packed_bytes(const an_case *c, const an_backend *backend)
{
    const conv2d_way way = conv2d_way_of(c, backend, 1);

    return way.g.packed && way.algorithm->pack_weights != NULL ? way.algorithm->packed_bytes(&way.g)
                                                               : 0;
}

static alexnet_status conv2d_pack_weights(const an_case *c, const an_backend *backend,
                                          const an_run *run, const float *w, void *packed)
{
    const conv2d_way way = conv2d_way_of(c, backend, run->threads);
    const an_run inner = an_run_behind(run, way.algorithm_at);

    return way.algorithm->pack_weights(&inner, &way.g, w, packed);
}

const an_case_kind an_case_conv2d[AN_PASSES] = {
    {.name = "conv2d forward",
     .sizes = conv2d_sizes,
     .scratch = conv2d_scratch,
     .algorithm = conv2d_algorithm_name,
     .run = conv2d_run,
     .packed_bytes = conv2d_packed_bytes,
     .pack_weights = conv2d_pack_weights},
    {.name = "conv2d backward data",
     .sizes = conv2d_sizes,
     .scratch = conv2d_scratch,
     .algorithm = conv2d_algorithm_name,
     .run = conv2d_run},
    {.name = "conv2d backward weights",
     .sizes = conv2d_sizes,
     .scratch = conv2d_scratch,
     .algorithm = conv2d_algorithm_name,
     .run = conv2d_run},
};

/* ---- locally connected layers ---- */

static void local_sizes(const an_case *c, an_case_sizes *out)
{
    const an_conv2d *g = &c->conv2d;
    const int64_t x = conv2d_x(g);
    const int64_t y = conv2d_map(g);
    const int64_t places = (int64_t)g->p * g->q;
    const int64_t w = places * conv2d_w(g);

    switch ((an_pass)(c->kind - an_case_local)) {
    case AN_FORWARD:
        *out = (an_case_sizes){.in = {an_floats(x), an_floats(w), an_floats(places * g->k)},
                               .out = {an_floats(y)},
                               .terms = conv2d_w(g) / g->k + 1};
        break;
    case AN_BACKWARD_DATA:
        *out = (an_case_sizes){.in = {an_floats(y), an_floats(w)},
                               .out = {an_floats(x)},
                               .terms = (int64_t)g->k * g->r * g->s};
        break;
    case AN_BACKWARD_WEIGHTS:
        *out = (an_case_sizes){.in = {an_floats(x), an_floats(y)},
                               .out = {an_floats(w), an_floats(places * g->k)},
                               .terms = g->n};
        break;
    }
    out->flops = 2.0 * (double)g->n * (double)w;
}

static alexnet_status local_run(const an_case *c, const an_backend *backend, const an_run *run,
                                const void *const in[AN_CASE_INPUTS],
                                void *const out[AN_CASE_OUTPUTS])
{
    const an_conv2d *g = &c->conv2d;

    switch ((an_pass)(c->kind - an_case_local)) {
    case AN_FORWARD:
        return backend->local_forward(run, g, in[0], in[1], in[2], c->relu, out[0]);
    case AN_BACKWARD_DATA:
        return backend->local_backward_data(run, g, in[0], in[1], out[0]);
    case AN_BACKWARD_WEIGHTS:
        return backend->local_backward_weights(run, g, in[0], in[1], out[0], out[1]);
    }
    return ALEXNET_BAD_ARG;
}

static size_t local_scratch(const an_case *c, const an_backend *backend, int threads)
{
    return backend->local_scratch(&c->conv2d, threads);
}

const an_case_kind an_case_local[AN_PASSES] = {
    {.name = "local forward", .sizes = local_sizes, .scratch = local_scratch, .run = local_run},
    {.name = "local backward data",
     .sizes = local_sizes,
     .scratch = local_scratch,
     .run = local_run},
    {.name = "local backward weights",
     .sizes = local_sizes,
     .scratch = local_scratch,
     .run = local_run},
};
