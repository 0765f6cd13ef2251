/*
 * cases_linear.c: kinds of cases (cases.h): how linear layers, and SGD's update with them, are
 * called.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "bench/cases_kinds.h"
#include "cpu/scratch.h"
#include <string.h>

static int64_t linear_w(const an_linear *g) { return (int64_t)g->outputs * g->inputs; }

/* SGD rounds a few times more than the gradient that it uses. */
#define UPDATE_TERMS 4

/* Weights, or their gradient; bias gradient; velocity; data gradient. */
static void weights_sizes(const an_case *c, an_case_sizes *out)
{
    const an_linear *g = &c->linear;
    const bool updates = c->kind == &an_case_linear_update;
    const an_operand x = an_floats((int64_t)g->n * g->inputs), w = an_floats(linear_w(g));

    *out = (an_case_sizes){
        .in = {x, an_floats((int64_t)g->n * g->outputs)},
        .out = {w, an_floats(g->outputs)},
        .updates = updates,
        .terms = g->n + (updates ? UPDATE_TERMS : 0),
        .flops = 2.0 * g->n * (double)linear_w(g),
    };
    if (updates) out->out[2] = w;
    if (!c->with_data) return;
    if (!updates) out->in[2] = w;
    out->out[3] = x;
    out->terms = AN_MAX(out->terms, g->outputs);
    out->flops *= 2;
}

static void linear_sizes(const an_case *c, an_case_sizes *out)
{
    const an_linear *g = &c->linear;
    const int64_t x = (int64_t)g->n * g->inputs;
    const int64_t y = (int64_t)g->n * g->outputs;
    const int64_t w = linear_w(g);

    if (c->kind == &an_case_linear[AN_FORWARD])
        *out = (an_case_sizes){.in = {an_layer_input(c, x), an_floats(w), an_floats(g->outputs)},
                               .out = {an_floats(y)},
                               .terms = (int64_t)g->inputs + 1};
    else
        *out = (an_case_sizes){
            .in = {an_floats(y), an_floats(w)}, .out = {an_floats(x)}, .terms = g->outputs};
    out->flops = 2.0 * (double)y * g->inputs;
}

static const an_linear_algorithm *linear_algorithm(const an_case *c, const an_backend *backend,
                                                   an_pass pass)
{
    an_linear planned = c->linear;

    /* A plan for many images also serves few; and bf16 is planned for many only. */
    planned.n = AN_MAX(planned.n, 64);
    if (c->algorithm == NULL) return backend->linear(backend, &planned, pass, c->dtype);
    for (int i = 0; backend->linear_algorithms[i] != NULL; ++i) {
        const an_linear_algorithm *a = backend->linear_algorithms[i];
        if (a->pass == pass && strcmp(a->name, c->algorithm) == 0)
            return a->applies == NULL || a->applies(&planned, pass) ? a : NULL;
    }
    return NULL;
}

static const char *linear_algorithm_name(const an_case *c, const an_backend *backend)
{
    const an_pass pass = c->kind == &an_case_linear_update ? AN_BACKWARD_WEIGHTS
                                                           : (an_pass)(c->kind - an_case_linear);
    const an_linear_algorithm *algorithm = linear_algorithm(c, backend, pass);

    return algorithm != NULL ? algorithm->name : NULL;
}

static size_t pass_scratch(const an_case *c, const an_backend *backend, an_pass pass, int threads)
{
    const an_linear_algorithm *algorithm = linear_algorithm(c, backend, pass);

    return algorithm->scratch_bytes != NULL ? algorithm->scratch_bytes(&c->linear, threads) : 0;
}

/* ---- forward, and the data gradient alone ---- */

static size_t linear_scratch(const an_case *c, const an_backend *backend, int threads)
{
    return pass_scratch(c, backend, (an_pass)(c->kind - an_case_linear), threads);
}

static alexnet_status linear_run(const an_case *c, const an_backend *backend, const an_run *run,
                                 const void *const in[AN_CASE_INPUTS],
                                 void *const out[AN_CASE_OUTPUTS])
{
    const an_pass pass = (an_pass)(c->kind - an_case_linear);
    const an_linear_tensors t = an_case_tensors(c, pass, in, out);

    return linear_algorithm(c, backend, pass)->run(run, &c->linear, &t);
}

static size_t linear_packed_bytes(const an_case *c, const an_backend *backend)
{
    const an_linear_algorithm *algorithm = linear_algorithm(c, backend, AN_FORWARD);

    return c->linear.packed && algorithm->pack_weights != NULL ? algorithm->packed_bytes(&c->linear)
                                                               : 0;
}

static alexnet_status linear_pack_weights(const an_case *c, const an_backend *backend,
                                          const an_run *run, const float *w, void *packed)
{
    return linear_algorithm(c, backend, AN_FORWARD)->pack_weights(run, &c->linear, w, packed);
}

/* ---- the weight gradient, with SGD's update and the data gradient ---- */

/* Not fused, the gradient is stored for SGD. */
static size_t stored_bytes(const an_case *c)
{
    an_scratch plan = {0};

    if (c->unfused && c->kind == &an_case_linear_update)
        (void)an_scratch_floats(&plan, (size_t)linear_w(&c->linear));
    return plan.bytes;
}

static size_t weights_scratch(const an_case *c, const an_backend *backend, int threads)
{
    const size_t weights = pass_scratch(c, backend, AN_BACKWARD_WEIGHTS, threads);
    const size_t data = c->unfused ? pass_scratch(c, backend, AN_BACKWARD_DATA, threads) : 0;

    return an_size_plus(stored_bytes(c), AN_MAX(weights, data));
}

static alexnet_status run_unfused(const an_case *c, const an_backend *backend, const an_run *run,
                                  const an_linear_tensors *t)
{
    const an_run inner = an_run_behind(run, stored_bytes(c));
    const an_linear_tensors data = {.dy = t->dy, .w = t->w, .dx = t->dx};
    an_linear_tensors weights = {.x = t->x, .dy = t->dy, .dw = t->dw, .db = t->db};

    if (t->update != NULL) weights.dw = run->scratch;
    if (t->dx != NULL)
        AN_TRY(linear_algorithm(c, backend, AN_BACKWARD_DATA)->run(&inner, &c->linear, &data));
    AN_TRY(linear_algorithm(c, backend, AN_BACKWARD_WEIGHTS)->run(&inner, &c->linear, &weights));
    return t->update != NULL ? backend->sgd(run, &t->update->rule, linear_w(&c->linear), weights.dw,
                                            t->update->v, t->update->w)
                             : ALEXNET_OK;
}

static alexnet_status weights_run(const an_case *c, const an_backend *backend, const an_run *run,
                                  const void *const in[AN_CASE_INPUTS],
                                  void *const out[AN_CASE_OUTPUTS])
{
    const bool updates = c->kind == &an_case_linear_update;
    const an_sgd_update update = {.rule = an_case_sgd_rule(c), .v = out[2], .w = out[0]};
    an_linear_tensors t = an_case_tensors(c, AN_BACKWARD_WEIGHTS, in, out);

    if (updates) {
        t.dw = NULL;
        t.update = &update;
    }
    if (c->with_data) {
        t.w = updates ? out[0] : in[2];
        t.dx = out[3];
    }
    if (c->unfused) return run_unfused(c, backend, run, &t);
    return linear_algorithm(c, backend, AN_BACKWARD_WEIGHTS)->run(run, &c->linear, &t);
}

const an_case_kind an_case_linear[AN_PASSES] = {
    {.name = "linear forward",
     .sizes = linear_sizes,
     .scratch = linear_scratch,
     .algorithm = linear_algorithm_name,
     .run = linear_run,
     .packed_bytes = linear_packed_bytes,
     .pack_weights = linear_pack_weights},
    {.name = "linear backward data",
     .sizes = linear_sizes,
     .scratch = linear_scratch,
     .algorithm = linear_algorithm_name,
     .run = linear_run},
    {.name = "linear backward weights",
     .sizes = weights_sizes,
     .scratch = weights_scratch,
     .algorithm = linear_algorithm_name,
     .run = weights_run},
};

const an_case_kind an_case_linear_update = {.name = "linear backward weights and update",
                                            .sizes = weights_sizes,
                                            .scratch = weights_scratch,
                                            .algorithm = linear_algorithm_name,
                                            .run = weights_run};
