/*
 * cases_linear.c: how linear layers are called, SGD's update included.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/cases_kinds.h"

static void linear_sizes(const an_case *c, an_case_sizes *out)
{
    const an_linear *g = &c->linear;
    const int64_t x = (int64_t)g->n * g->inputs;
    const int64_t y = (int64_t)g->n * g->outputs;
    const int64_t w = (int64_t)g->outputs * g->inputs;

    switch ((an_pass)(c->kind - an_case_linear)) {
    case AN_FORWARD:
        *out = (an_case_sizes){.in = {an_layer_input(c, x), an_floats(w), an_floats(g->outputs)},
                               .out = {an_floats(y)},
                               .terms = (int64_t)g->inputs + 1};
        break;
    case AN_BACKWARD_DATA:
        *out = (an_case_sizes){
            .in = {an_floats(y), an_floats(w)}, .out = {an_floats(x)}, .terms = g->outputs};
        break;
    case AN_BACKWARD_WEIGHTS:
        *out = (an_case_sizes){.in = {an_floats(x), an_floats(y)},
                               .out = {an_floats(w), an_floats(g->outputs)},
                               .terms = g->n};
        break;
    }
    out->flops = 2.0 * (double)y * g->inputs;
}

static const an_linear_algorithm *linear_algorithm(const an_case *c, const an_backend *backend)
{
    const bool updates = c->kind == &an_case_linear_update;
    an_linear planned = c->linear;

    /* What was planned for many images takes few, too; and bf16's is planned for many alone. */
    planned.n = AN_MAX(planned.n, 64);
    return backend->linear(
        &planned, updates ? AN_BACKWARD_WEIGHTS : (an_pass)(c->kind - an_case_linear), c->dtype);
}

static size_t linear_scratch(const an_case *c, const an_backend *backend, int threads)
{
    const an_linear_algorithm *algorithm = linear_algorithm(c, backend);

    return algorithm->scratch_bytes != NULL ? algorithm->scratch_bytes(&c->linear, threads) : 0;
}

static alexnet_status linear_run(const an_case *c, const an_backend *backend, const an_run *run,
                                 const void *const in[AN_CASE_INPUTS],
                                 void *const out[AN_CASE_OUTPUTS])
{
    const an_linear_tensors t = an_case_tensors(c, (an_pass)(c->kind - an_case_linear), in, out);

    return linear_algorithm(c, backend)->run(run, &c->linear, &t);
}

static size_t linear_prepared_bytes(const an_case *c, const an_backend *backend)
{
    const an_linear_algorithm *algorithm = linear_algorithm(c, backend);

    return c->linear.prepared && algorithm->prepare != NULL ? algorithm->prepared_bytes(&c->linear)
                                                            : 0;
}

static alexnet_status linear_prepare(const an_case *c, const an_backend *backend, const an_run *run,
                                     const float *w, void *prepared)
{
    return linear_algorithm(c, backend)->prepare(run, &c->linear, w, prepared);
}

const an_case_kind an_case_linear[AN_PASSES] = {
    {.name = "linear forward",
     .sizes = linear_sizes,
     .scratch = linear_scratch,
     .run = linear_run,
     .prepared_bytes = linear_prepared_bytes,
     .prepare = linear_prepare},
    {.name = "linear backward data",
     .sizes = linear_sizes,
     .scratch = linear_scratch,
     .run = linear_run},
    {.name = "linear backward weights",
     .sizes = linear_sizes,
     .scratch = linear_scratch,
     .run = linear_run},
};

/* ---- with SGD's update ---- */

/* Weights, bias gradient, velocity. */
static void linear_update_sizes(const an_case *c, an_case_sizes *out)
{
    const an_linear *g = &c->linear;
    const int64_t w = (int64_t)g->outputs * g->inputs;

    *out = (an_case_sizes){
        .in = {an_floats((int64_t)g->n * g->inputs), an_floats((int64_t)g->n * g->outputs)},
        .out = {an_floats(w), an_floats(g->outputs), an_floats(w)},
        .updates = true,
        .terms = g->n,
        .flops = 2.0 * g->n * (double)w,
    };
}

static alexnet_status linear_update_run(const an_case *c, const an_backend *backend,
                                        const an_run *run, const void *const in[AN_CASE_INPUTS],
                                        void *const out[AN_CASE_OUTPUTS])
{
    const an_sgd_update update = {.rule = an_case_sgd_rule(c), .v = out[2], .w = out[0]};

    const an_linear_tensors t = {.x = in[0], .dy = in[1], .db = out[1], .update = &update};

    return linear_algorithm(c, backend)->run(run, &c->linear, &t);
}

const an_case_kind an_case_linear_update = {.name = "linear backward weights and update",
                                            .sizes = linear_update_sizes,
                                            .scratch = linear_scratch,
                                            .run = linear_update_run};
