/*
 * plan.c: the planner, in three passes: forward over the layers (needs, fusion, live ranges of
 * activations), backward over them (live ranges of gradients), and over the live ranges, where
 * every buffer gets its offset. plan.h has the words, a drawing, and what may be changed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core/plan.h"
#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"

/* A buffer, from the time it is written to the time it is last read. */
typedef struct live_range {
    size_t bytes;
    int from, to; /* times, both included */
    bool kept;    /* backward reads its current values: it must not be overwritten */
    size_t offset;
} live_range;

#define NO_RANGE (-1)

/* Working state of one planning. A live range is known by its index. */
typedef struct planner {
    alexnet_context *ctx;
    an_plan *plan;
    live_range *ranges;
    int range_count;
    int *x, *y, *saved, *dy, *dx; /* of each step: a live range, or NO_RANGE */
} planner;

/* Times: 0 is the conversion of the images, 1 .. L are the forward steps, L+1 .. 2L the backward
 * steps from last to first. */
static int forward_time(int step) { return step + 1; }

static int backward_time(const planner *p, int step) { return 2 * p->plan->step_count - step; }

static int begin_range(planner *p, size_t bytes, int time)
{
    p->ranges[p->range_count] =
        (live_range){.bytes = AN_ROUND_UP(bytes, AN_ALIGNMENT), .from = time, .to = time};
    return p->range_count++;
}

static void extend_range(planner *p, int index, int time)
{
    p->ranges[index].to = AN_MAX(p->ranges[index].to, time);
}

static size_t shape_bytes(an_shape shape) { return (size_t)an_shape_count(shape) * sizeof(float); }

/* ---- forward: what each layer needs, what is fused, which buffers are read ---- */

static int first_trained_step(const an_plan *plan)
{
    for (int i = plan->first; i < plan->step_count; ++i) {
        const an_node *node = &plan->model->nodes[i];

        for (int j = 0; j < node->param_count; ++j)
            if (!plan->model->params.items[node->first_param + j].frozen) return i;
    }
    return plan->step_count;
}

/* The maximum pooling that follows step i, perhaps after a ReLU: its step and geometry; 0: none. */
static int find_pool(const an_plan *plan, int i, an_pool *out)
{
    const an_node *nodes = plan->model->nodes;
    const int at = i + 1 < plan->step_count && nodes[i + 1].def->is_relu ? i + 2 : i + 1;

    if (at < plan->step_count && nodes[at].def->max_pool != NULL &&
        nodes[at].def->max_pool(&nodes[at], plan->batch, out))
        return at;
    *out = (an_pool){0};
    return 0;
}

/* Fuses the pooling of step `pool` into step i. */
static void fuse_pool(an_plan *plan, int i, int pool, const an_pool *geometry)
{
    an_plan_step *steps = plan->steps;

    steps[i].fused_pool = *geometry;
    steps[i].needs.saved_bytes = steps[pool].needs.saved_bytes;
    steps[pool].needs.saved_bytes = 0;
    steps[pool].run_forward = steps[pool].run_backward = false;
    steps[i].y_shape = steps[pool].y_shape;
    for (int j = i + 1; j <= pool; ++j)
        steps[j].x_shape = steps[j].y_shape = steps[pool].y_shape;
}

/* A step before the first: without buffers, and never run. */
static an_plan_step skipped_step(const an_plan *plan, int i)
{
    const an_node *node = &plan->model->nodes[i];

    return (an_plan_step){.node = node,
                          .x_shape = node->x,
                          .y_shape = node->y,
                          .x = AN_NOWHERE,
                          .y = AN_NOWHERE,
                          .saved = AN_NOWHERE,
                          .dy = AN_NOWHERE,
                          .dx = AN_NOWHERE,
                          .packed = AN_NOWHERE};
}

static void plan_step(an_plan *plan, int i, bool no_input_gradient, an_plan_step *step)
{
    const an_node *node = &plan->model->nodes[i];
    an_setup setup = plan->setup;

    setup.first = i == 0;
    setup.no_input_gradient = no_input_gradient;
    (void)find_pool(plan, i, &setup.pool);
    step->node = node;
    step->x_shape = node->x;
    step->y_shape = node->y;
    step->x = step->y = step->saved = step->dy = step->dx = step->packed = AN_NOWHERE;
    node->def->plan(node, &setup, an_shape_with_n(node->x, plan->batch),
                    an_shape_with_n(node->y, plan->batch), &step->needs);
}

/* The step that runs backward before step i; those between are fused into others. */
static an_plan_step *next_backward(an_plan *plan, int i)
{
    for (int j = i + 1; j < plan->step_count; ++j)
        if (plan->steps[j].run_backward) return &plan->steps[j];
    return NULL;
}

static void plan_needs(planner *p)
{
    an_plan *plan = p->plan;
    const int first = plan->setup.mode == AN_TRAIN ? first_trained_step(plan) : plan->step_count;

    for (int i = 0; i < plan->first; ++i)
        plan->steps[i] = skipped_step(plan, i);
    for (int i = plan->first; i < plan->step_count; ++i) {
        an_plan_step *step = &plan->steps[i];

        plan_step(plan, i, i <= first, step);
        step->run_forward = !step->needs.alias;
        step->run_backward = i >= first && !step->needs.alias;
        step->want_dx = i > first;
        plan->scratch_bytes = AN_MAX(plan->scratch_bytes, step->needs.scratch_bytes);
        if (step->needs.packed_bytes == 0) continue;
        step->packed = plan->packed_bytes;
        plan->packed_bytes += AN_ROUND_UP(step->needs.packed_bytes, (size_t)AN_ALIGNMENT);
    }
    for (int i = plan->first; i + 1 < plan->step_count; ++i) {
        an_plan_step *step = &plan->steps[i], *next = step + 1;
        an_pool geometry;
        const int pool = find_pool(plan, i, &geometry);

        if (step->needs.fuses_relu && next->node->def->is_relu) {
            step->fused_relu = true;
            next->run_forward = false;
        }
        an_plan_step *above = next_backward(plan, i);
        if (step->node->def->is_relu && step->run_backward && above != NULL &&
            above->needs.takes_relu) {
            above->relu_before = true;
            step->run_backward = false;
        }
        if (step->needs.fuses_pool && pool > 0) fuse_pool(plan, i, pool, &geometry);
    }
}

static void plan_forward(planner *p)
{
    an_plan *plan = p->plan;
    const an_plan_step *first = &plan->steps[plan->first];
    const size_t input = shape_bytes(an_shape_with_n(first->node->x, plan->batch));
    /* the live range of the activation that the next step reads; at first the converted images */
    int current = begin_range(p, first->needs.takes_nchw ? 0 : input, 0);

    for (int i = plan->first; i < plan->step_count; ++i) {
        an_plan_step *step = &plan->steps[i];
        const bool reads_x = step->run_backward && step->needs.backward_reads_x;
        const bool reads_y =
            step->run_backward && (step->needs.backward_reads_y || (step->relu_before && !reads_x));
        const bool may_overwrite = step->needs.in_place && !reads_x && !p->ranges[current].kept;

        p->x[i] = current;
        extend_range(p, current, forward_time(i));
        if (reads_x) {
            extend_range(p, current, backward_time(p, i));
            p->ranges[current].kept = true;
        }
        if (step->run_forward && !may_overwrite)
            current = begin_range(p, shape_bytes(an_shape_with_n(step->y_shape, plan->batch)),
                                  forward_time(i));
        p->y[i] = current;
        extend_range(p, current, forward_time(i));
        if (reads_y) {
            extend_range(p, current, backward_time(p, i));
            p->ranges[current].kept = true;
        }
        if (step->needs.saved_bytes > 0) {
            p->saved[i] = begin_range(p, step->needs.saved_bytes, forward_time(i));
            if (step->run_backward) extend_range(p, p->saved[i], backward_time(p, i));
        }
    }
    extend_range(p, current,
                 forward_time(plan->step_count - 1) + 1); /* until to_nchw has read it */
}

/* ---- backward: the gradients ---- */

static void plan_backward(planner *p)
{
    an_plan *plan = p->plan;
    int current = NO_RANGE; /* of the gradient that the next step reads; the loss has no dy */

    for (int i = plan->step_count - 1; i >= plan->first; --i) {
        const an_plan_step *step = &plan->steps[i];
        const bool fresh = step->run_backward && (!step->needs.in_place || current == NO_RANGE);

        p->dy[i] = current;
        if (current != NO_RANGE) extend_range(p, current, backward_time(p, i));
        if (!step->want_dx) return; /* nothing to train before this step */
        if (fresh)
            current = begin_range(p, shape_bytes(an_shape_with_n(step->x_shape, plan->batch)),
                                  backward_time(p, i));
        p->dx[i] = current;
    }
}

/* ---- places ---- */

static bool ranges_overlap(const live_range *a, const live_range *b)
{
    return a->from <= b->to && b->from <= a->to;
}

/* The lowest offset for ranges[order[at]] where no range placed before it has the same bytes at the
 * same time. */
static size_t lowest_place(const planner *p, const int *order, int at)
{
    const live_range *mine = &p->ranges[order[at]];
    size_t place = 0;

    for (int i = 0; i < at; ++i) {
        const live_range *other = &p->ranges[order[i]];

        if (ranges_overlap(mine, other) && place < other->offset + other->bytes &&
            other->offset < place + mine->bytes) {
            place = other->offset + other->bytes;
            i = -1; /* moved up: compare with all of them again */
        }
    }
    return place;
}

/* Largest first, each at the lowest free offset: a simple rule that comes within a few percent of
 * the lower bound here. */
static void place_ranges(planner *p, int *order)
{
    for (int i = 0; i < p->range_count; ++i) {
        int j = i;

        for (; j > 0 && p->ranges[order[j - 1]].bytes < p->ranges[i].bytes; --j)
            order[j] = order[j - 1];
        order[j] = i;
    }
    for (int i = 0; i < p->range_count; ++i) {
        live_range *mine = &p->ranges[order[i]];

        mine->offset = lowest_place(p, order, i);
        p->plan->step_bytes = AN_MAX(p->plan->step_bytes, mine->offset + mine->bytes);
    }
}

static size_t place_of(const planner *p, int index)
{
    return index == NO_RANGE ? AN_NOWHERE : p->ranges[index].offset;
}

static void write_places(const planner *p)
{
    const int first = p->plan->first;
    const bool converts = !p->plan->steps[first].needs.takes_nchw;

    p->plan->input = converts ? place_of(p, 0) : AN_NOWHERE;
    for (int i = first; i < p->plan->step_count; ++i) {
        an_plan_step *step = &p->plan->steps[i];

        step->x = i > first || converts ? place_of(p, p->x[i]) : AN_NOWHERE;
        step->y = place_of(p, p->y[i]);
        step->saved = place_of(p, p->saved[i]);
        step->dy = place_of(p, p->dy[i]);
        step->dx = place_of(p, p->dx[i]);
    }
}

/* ---- all together ---- */

alexnet_status an_plan_open(const alexnet_model *model, an_mode mode, int batch, int first,
                            int output, an_plan *out)
{
    alexnet_context *ctx = model->ctx;
    const int steps = output + 1;
    planner p = {.ctx = ctx, .plan = out};
    int *work;

    *out = (an_plan){.model = model,
                     .setup = {.backend = an_context_backend(ctx),
                               .mode = mode,
                               .dtype = ctx->options.dtype,
                               .threads = ctx->options.threads},
                     .batch = batch,
                     .first = first};
    if (mode == AN_TRAIN && out->setup.dtype == ALEXNET_INT8) out->setup.dtype = ALEXNET_FP32;
    if (batch < 1 || batch > ALEXNET_BATCH_MAX)
        return an_fail(ctx, ALEXNET_BAD_ARG, "batch of %d images, expected 1 to %d", batch,
                       ALEXNET_BATCH_MAX);
    for (int i = first; i < steps; ++i) {
        AN_TRY(
            an_shape_check(ctx, model->nodes[i].name, an_shape_with_n(model->nodes[i].x, batch)));
        AN_TRY(
            an_shape_check(ctx, model->nodes[i].name, an_shape_with_n(model->nodes[i].y, batch)));
    }
    out->steps = an_new_array(ctx, (size_t)steps, sizeof *out->steps);
    p.ranges = an_new_array(ctx, 3 * (size_t)steps + 1,
                            sizeof *p.ranges); /* y, saved and dx of each step, and the input */
    /* the live ranges of each step (x, y, saved, dy, dx), and all of them sorted by size */
    work = an_new_array(ctx, 5 * (size_t)steps + 3 * (size_t)steps + 1, sizeof *work);
    if (out->steps == NULL || p.ranges == NULL || work == NULL) {
        an_free(ctx, p.ranges);
        an_free(ctx, work);
        an_plan_close(ctx, out);
        return an_fail(ctx, ALEXNET_NO_MEMORY, "plan of %d layers", steps);
    }
    for (int i = 0; i < 5 * steps; ++i)
        work[i] = NO_RANGE;
    p.x = work;
    p.y = work + steps;
    p.saved = work + 2 * steps;
    p.dy = work + 3 * steps;
    p.dx = work + 4 * steps;
    out->step_count = steps;
    plan_needs(&p);
    plan_forward(&p);
    if (mode == AN_TRAIN) plan_backward(&p);
    place_ranges(&p, work + 5 * steps);
    write_places(&p);
    an_free(ctx, p.ranges);
    an_free(ctx, work);
    return ALEXNET_OK;
}

/* ---- the gradients that are stored ---- */

static const an_param *param_of(const an_plan *plan, const an_plan_step *step, int index)
{
    return &plan->model->params.items[step->node->first_param + index];
}

bool an_plan_stores_gradient(const an_plan *plan, const an_plan_step *step, int index, bool updates)
{
    if (param_of(plan, step, index)->frozen) return false;
    return !(updates && step->needs.fuses_update && index == 0);
}

size_t an_plan_gradient_bytes(const an_plan *plan, bool updates)
{
    size_t bytes = 0;

    for (const an_plan_step *step = plan->steps; step < plan->steps + plan->step_count; ++step)
        for (int i = 0; i < step->node->param_count; ++i)
            if (an_plan_stores_gradient(plan, step, i, updates))
                bytes += AN_ROUND_UP((size_t)param_of(plan, step, i)->count * sizeof(float),
                                     (size_t)AN_ALIGNMENT);
    return bytes;
}

void an_plan_close(alexnet_context *ctx, an_plan *plan)
{
    an_free(ctx, plan->steps);
    *plan = (an_plan){0};
}
