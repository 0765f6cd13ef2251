/*
 * cases_conv2d.c: how convolutions are called, with shared filters and with unshared ones.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "cpu/cases_kinds.h"

/* ---- convolution ---- */

static int64_t conv2d_x(const an_conv2d *g) { return (int64_t)g->n * g->c * g->h * g->w; }

static int64_t conv2d_y(const an_conv2d *g) { return (int64_t)g->n * g->k * g->p * g->q; }

static int64_t conv2d_w(const an_conv2d *g)
{
    return (int64_t)g->k * (g->c / g->groups) * g->r * g->s;
}

static void conv2d_sizes(const an_case *c, an_case_sizes *out)
{
    const an_conv2d *g = &c->conv2d;
    const int64_t x = conv2d_x(g);
    const int64_t y = conv2d_y(g);
    const int64_t w = conv2d_w(g);
    const an_pass pass = (an_pass)(c->kind - an_case_conv2d);

    switch (pass) {
    case AN_FORWARD:
        *out = (an_case_sizes){.in = {an_layer_input(c, x), an_floats(w), an_floats(g->k)},
                               .out = {an_floats(y)},
                               .terms = w / g->k + 1};
        break;
    case AN_BACKWARD_DATA:
        *out = (an_case_sizes){.in = {an_floats(y), an_floats(w)},
                               .out = {an_floats(x)},
                               .terms = (int64_t)g->k / g->groups * g->r * g->s};
        if (c->relu) out->in[2] = an_floats(x); /* what the ReLU before gave */
        break;
    case AN_BACKWARD_WEIGHTS:
        *out = (an_case_sizes){.in = {an_floats(x), an_floats(y)},
                               .out = {an_floats(w), an_floats(g->k)},
                               .terms = (int64_t)g->n * g->p * g->q};
        break;
    }
    out->flops = 2.0 * (double)y * (double)(w / g->k);
}

static const an_conv2d_algorithm *conv2d_algorithm(const an_case *c, const an_backend *backend)
{
    return backend->conv2d(&c->conv2d, (an_pass)(c->kind - an_case_conv2d), c->dtype);
}

static size_t conv2d_scratch(const an_case *c, const an_backend *backend, int threads)
{
    const an_conv2d_algorithm *algorithm = conv2d_algorithm(c, backend);

    return algorithm->scratch_bytes != NULL ? algorithm->scratch_bytes(&c->conv2d, threads) : 0;
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
                                   .prepared = c->prepared};
    case AN_BACKWARD_DATA:
        return (an_conv2d_tensors){.dy = in[0], .w = in[1], .dx = out[0]};
    case AN_BACKWARD_WEIGHTS:
        return (an_conv2d_tensors){.x = in[0], .dy = in[1], .dw = out[0], .db = out[1]};
    }
    return (an_conv2d_tensors){0};
}

static alexnet_status conv2d_run(const an_case *c, const an_backend *backend, const an_run *run,
                                 const void *const in[AN_CASE_INPUTS],
                                 void *const out[AN_CASE_OUTPUTS])
{
    const an_conv2d_algorithm *algorithm = conv2d_algorithm(c, backend);
    const bool masks = c->kind == &an_case_conv2d[AN_BACKWARD_DATA] && c->relu;
    an_conv2d_tensors t = an_case_tensors(c, (an_pass)(c->kind - an_case_conv2d), in, out);

    if (masks && algorithm->takes_relu) {
        t.x = in[2];
        t.relu = true;
    }
    AN_TRY(algorithm->run(run, &c->conv2d, &t));
    return masks && !algorithm->takes_relu
               ? backend->relu_backward(run, conv2d_x(&c->conv2d), in[2], t.dx, t.dx)
               : ALEXNET_OK;
}

static size_t conv2d_prepared_bytes(const an_case *c, const an_backend *backend)
{
    const an_conv2d_algorithm *algorithm = conv2d_algorithm(c, backend);

    return c->conv2d.prepared && algorithm->prepare != NULL ? algorithm->prepared_bytes(&c->conv2d)
                                                            : 0;
}

static alexnet_status conv2d_prepare(const an_case *c, const an_backend *backend, const an_run *run,
                                     const float *w, void *prepared)
{
    return conv2d_algorithm(c, backend)->prepare(run, &c->conv2d, w, prepared);
}

const an_case_kind an_case_conv2d[AN_PASSES] = {
    {.name = "conv2d forward",
     .sizes = conv2d_sizes,
     .scratch = conv2d_scratch,
     .run = conv2d_run,
     .prepared_bytes = conv2d_prepared_bytes,
     .prepare = conv2d_prepare},
    {.name = "conv2d backward data",
     .sizes = conv2d_sizes,
     .scratch = conv2d_scratch,
     .run = conv2d_run},
    {.name = "conv2d backward weights",
     .sizes = conv2d_sizes,
     .scratch = conv2d_scratch,
     .run = conv2d_run},
};

/* ---- convolution with unshared filters ---- */

static void local_sizes(const an_case *c, an_case_sizes *out)
{
    const an_conv2d *g = &c->conv2d;
    const int64_t x = conv2d_x(g);
    const int64_t y = conv2d_y(g);
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
