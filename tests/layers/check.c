/*
 * check.c: runs one layer by itself, and checks its gradients.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/memory.h"
#include "cpu/backend.h"
#include "layers/check.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check_fill(float *values, size_t count, uint32_t stream)
{
    an_stream random = an_stream_open(1, AN_PURPOSE_TEST, stream, 0);
    uint32_t *order = malloc((count + 1) * sizeof *order);

    assert_non_null(order);
    for (size_t i = 0; i < count; ++i)
        order[i] = (uint32_t)i;
    an_shuffle(&random, order, count);
    for (size_t i = 0; i < count; ++i)
        values[i] = (float)((2.0 * order[i] + 1) / (double)count - 1);
    free(order);
}

const char *check_tier(int index)
{
    const an_backend *backend;
    const char *tier;

    for (int i = 0; (tier = an_tier_name(i, &backend)) != NULL; ++i)
        if (backend != NULL && index-- == 0) return tier;
    return NULL;
}

static void *allocate(alexnet_context *ctx, size_t bytes)
{
    void *block = an_new_zeroed(ctx, bytes);

    assert_non_null(block);
    return block;
}

static float *floats(alexnet_context *ctx, int64_t count)
{
    return allocate(ctx, (size_t)count * sizeof(float));
}

/* Finds and parses the layer; status of its shape rule. */
static alexnet_status open_node(alexnet_context *ctx, const char *type, const char *settings,
                                an_shape x, an_node *node, an_shape *y)
{
    void *parsed = NULL;
    alexnet_status status = ALEXNET_OK;

    *node = (an_node){.def = an_layer_find(type)};
    assert_non_null(node->def);
    snprintf(node->name, sizeof node->name, "layer");
    x.n = 1;
    if (node->def->keys != NULL) {
        parsed = allocate(ctx, node->def->settings_bytes);
        status = an_settings_parse(ctx, "layer", node->def->keys, settings, parsed);
    }
    node->settings = parsed;
    node->x = x;
    if (status == ALEXNET_OK) status = node->def->shape(ctx, node, x, &node->y);
    *y = node->y;
    return status;
}

static void free_settings(alexnet_context *ctx, an_node *node)
{
    an_free(ctx, (void *)(uintptr_t)node->settings);
}

alexnet_status check_shape(const char *type, const char *settings, an_shape x, an_shape *y,
                           char *message, size_t bytes)
{
    alexnet_context *ctx;
    an_node node;
    alexnet_status status;

    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    status = open_node(ctx, type, settings, x, &node, y);
    snprintf(message, bytes, "%s", alexnet_error(ctx));
    free_settings(ctx, &node);
    alexnet_close(ctx);
    return status;
}

static void open_params(check_layer *c)
{
    if (c->node.def->params != NULL)
        an_assert_ok(c->ctx, c->node.def->params(c->ctx, &c->node, &c->params));
    c->node.param_count = c->params.count;
    assert_true(c->params.count <= CHECK_PARAMS_MAX);
    for (int i = 0; i < c->params.count; ++i) {
        c->w[i] = floats(c->ctx, c->params.items[i].count);
        c->dw[i] = floats(c->ctx, c->params.items[i].count);
        check_fill(c->w[i], (size_t)c->params.items[i].count, 100 + (uint32_t)i);
    }
}

void check_open(check_layer *c, const char *tier, const char *type, const char *settings,
                an_shape x, an_mode mode)
{
    check_open_threads(c, tier, 2, type, settings, x, mode);
}

void check_open_threads(check_layer *c, const char *tier, int threads, const char *type,
                        const char *settings, an_shape x, an_mode mode)
{
    const alexnet_options options = {
        .struct_size = sizeof options, .cpu = tier, .threads = threads};
    an_shape y;

    *c = (check_layer){.mode = mode, .step = 7};
    assert_int_equal(alexnet_open(&options, &c->ctx), ALEXNET_OK);
    an_assert_ok(c->ctx, open_node(c->ctx, type, settings, x, &c->node, &y));
    c->x_shape = x;
    c->y_shape = an_shape_with_n(y, x.n);
    open_params(c);
    const an_setup setup = {an_context_backend(c->ctx), mode, ALEXNET_FP32, options.threads};
    c->node.def->plan(&c->node, &setup, c->x_shape, c->y_shape, &c->needs);
    c->run =
        (an_run){options.threads, allocate(c->ctx, c->needs.scratch_bytes), c->needs.scratch_bytes};
    c->x = floats(c->ctx, an_shape_count(c->x_shape));
    c->dx = floats(c->ctx, an_shape_count(c->x_shape));
    c->y = floats(c->ctx, an_shape_count(c->y_shape));
    c->dy = floats(c->ctx, an_shape_count(c->y_shape));
    c->saved = allocate(c->ctx, c->needs.saved_bytes);
    c->packed = allocate(c->ctx, c->needs.packed_bytes);
    c->labels = allocate(c->ctx, (size_t)x.n * sizeof *c->labels);
    c->row_loss = floats(c->ctx, x.n);
}

void check_close(check_layer *c)
{
    for (int i = 0; i < c->params.count; ++i) {
        an_free(c->ctx, c->w[i]);
        an_free(c->ctx, c->dw[i]);
    }
    an_param_list_free(c->ctx, &c->params);
    an_free(c->ctx, c->run.scratch);
    an_free(c->ctx, c->x);
    an_free(c->ctx, c->dx);
    an_free(c->ctx, c->y);
    an_free(c->ctx, c->dy);
    an_free(c->ctx, c->saved);
    an_free(c->ctx, c->packed);
    an_free(c->ctx, c->labels);
    an_free(c->ctx, c->row_loss);
    free_settings(c->ctx, &c->node);
    alexnet_close(c->ctx);
}

static an_op make_op(check_layer *c)
{
    return (an_op){
        .node = &c->node,
        .backend = an_context_backend(c->ctx),
        .run = &c->run,
        .needs = &c->needs,
        .mode = c->mode,
        .x_shape = c->x_shape,
        .y_shape = c->y_shape,
        .x = c->x,
        .y = c->y,
        .dy = c->dy,
        .dx = c->dx,
        .saved = c->needs.saved_bytes > 0 ? c->saved : NULL,
        .packed = c->needs.packed_bytes > 0 ? c->packed : NULL,
        .relu = c->relu,
        .w = (const float *const *)c->w,
        .dw = c->dw,
        .seed = 1,
        .step = c->step,
        .loss_scale = 1.0f / (float)c->x_shape.n,
        .targets = {.labels = c->labels, .smoothing = c->smoothing},
        .row_loss = c->row_loss,
    };
}

void check_forward(check_layer *c, const float *x, float *y)
{
    const an_op op = make_op(c);

    if (op.packed != NULL) an_assert_ok(c->ctx, c->node.def->pack_weights(&op));
    an_assert_ok(c->ctx, an_context_backend(c->ctx)->from_nchw(&c->run, c->x_shape, x, c->x));
    if (c->needs.alias)
        memcpy(c->y, c->x, (size_t)an_shape_count(c->x_shape) * sizeof(float));
    else
        an_assert_ok(c->ctx, c->node.def->forward(&op));
    if (y != NULL)
        an_assert_ok(c->ctx, an_context_backend(c->ctx)->to_nchw(&c->run, c->y_shape, c->y, y));
}

void check_backward(check_layer *c, const float *dy, float *dx)
{
    const an_op op = make_op(c);

    an_assert_ok(c->ctx, an_context_backend(c->ctx)->from_nchw(&c->run, c->y_shape, dy, c->dy));
    if (c->needs.alias)
        memcpy(c->dx, c->dy, (size_t)an_shape_count(c->x_shape) * sizeof(float));
    else
        an_assert_ok(c->ctx, c->node.def->backward(&op));
    if (dx != NULL)
        an_assert_ok(c->ctx, an_context_backend(c->ctx)->to_nchw(&c->run, c->x_shape, c->dx, dx));
}

/* ---- gradients ---- */

typedef struct gradient_check {
    check_layer c;
    float *x, *y, *dx;
    float *direction; /* r of the loss sum(y r) */
    int64_t y_count;
} gradient_check;

static double loss_now(gradient_check *g)
{
    double loss = 0;

    check_forward(&g->c, g->x, g->y);
    for (int64_t i = 0; i < g->y_count; ++i)
        loss += (double)g->y[i] * (double)g->direction[i];
    return loss;
}

/* The error of the loss from rounding y twice, by half an eps: the only error where a gradient is
   0. */
static double rounding_of_loss(const gradient_check *g)
{
    double sizes = 0;

    for (int64_t i = 0; i < g->y_count; ++i)
        sizes += fabs((double)g->y[i] * (double)g->direction[i]);
    return (double)FLT_EPSILON * sizes;
}

static void check_tensor(gradient_check *g, const char *name, float *values, const float *gradient,
                         int64_t count, double step, double rtol)
{
    double largest = 0;

    for (int64_t i = 0; i < count; ++i)
        largest = fmax(largest, fabs((double)gradient[i]));
    for (int64_t i = 0; i < count; ++i) {
        const float kept = values[i];
        double up, down, numeric;

        values[i] = kept + (float)step;
        up = loss_now(g);
        values[i] = kept - (float)step;
        down = loss_now(g);
        values[i] = kept;
        numeric = (up - down) / (2 * step);
        if (!(fabs(numeric - (double)gradient[i]) <=
              rtol * largest + rounding_of_loss(g) / (2 * step)))
            fail_msg("%s[%lld]: gradient %g, central difference %g, largest %g", name, (long long)i,
                     (double)gradient[i], numeric, largest);
    }
}

void check_gradient(const char *type, const char *settings, an_shape x, double step, double rtol)
{
    gradient_check g = {0};
    const int64_t x_count = an_shape_count(x);

    check_open(&g.c, "portable", type, settings, x, AN_TRAIN);
    g.y_count = an_shape_count(g.c.y_shape);
    g.x = floats(g.c.ctx, x_count);
    g.dx = floats(g.c.ctx, x_count);
    g.y = floats(g.c.ctx, g.y_count);
    g.direction = floats(g.c.ctx, g.y_count);
    check_fill(g.x, (size_t)x_count, 1);
    check_fill(g.direction, (size_t)g.y_count, 2);
    check_forward(&g.c, g.x, g.y);
    check_backward(&g.c, g.direction, g.dx);
    check_tensor(&g, "input", g.x, g.dx, x_count, step, rtol);
    for (int i = 0; i < g.c.params.count; ++i)
        if (g.c.params.items[i].role != AN_PARAM_STATISTIC) /* a seen statistic is no gradient */
            check_tensor(&g, g.c.params.items[i].name, g.c.w[i], g.c.dw[i],
                         g.c.params.items[i].count, step, rtol);
    an_free(g.c.ctx, g.x);
    an_free(g.c.ctx, g.dx);
    an_free(g.c.ctx, g.y);
    an_free(g.c.ctx, g.direction);
    check_close(&g.c);
}
