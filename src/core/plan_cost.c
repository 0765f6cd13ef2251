/*
 * plan_cost.c: the estimated cost of each pass of a plan.
 * SPDX-License-Identifier: MIT
 */
#include "core/plan_cost.h"

static int64_t bytes_of(const an_plan *plan, an_shape shape)
{
    return an_shape_count(an_shape_with_n(shape, plan->batch)) * (int64_t)sizeof(float);
}

static const char *algorithm_of(const an_plan_step *step, an_pass pass)
{
    if (step->needs.algorithm[pass] != NULL) return step->needs.algorithm[pass]->name;
    return step->needs.linear[pass] != NULL ? step->needs.linear[pass]->name : NULL;
}

static bool is_trained(const an_plan *plan, const an_plan_step *step)
{
    const an_node *node = step->node;

    for (int i = 0; i < node->param_count; ++i)
        if (!plan->model->params.items[node->first_param + i].frozen) return true;
    return false;
}

/* A pass with an algorithm. */
static an_pass_estimate estimate_pass(const an_plan *plan, const an_plan_step *step, an_pass pass)
{
    static const char *const names[AN_PASSES] = {"forward", "data", "weights"};

    return (an_pass_estimate){.step = step,
                              .is_forward = pass == AN_FORWARD,
                              .pass = names[pass],
                              .algorithm = algorithm_of(step, pass),
                              .macs = (double)step->node->def->macs(step->node) * plan->batch,
                              .cost = step->needs.cost[pass]};
}

static double weights_bytes(const an_plan *plan, const an_node *node)
{
    double bytes = 0;

    for (int i = 0; i < node->param_count; ++i)
        bytes += (double)plan->model->params.items[node->first_param + i].count * sizeof(float);
    return bytes;
}

/* A pass of a layer without a choice of algorithms. Backward computes two gradients, those of data
   and weights. */
static an_pass_estimate estimate_move(const an_plan *plan, const an_plan_step *step,
                                      bool is_forward)
{
    const int64_t x = bytes_of(plan, step->x_shape), y = bytes_of(plan, step->y_shape);
    const an_needs *needs = &step->needs;
    const int64_t read =
        is_forward ? x : y + (needs->backward_reads_x ? x : 0) + (needs->backward_reads_y ? y : 0);
    const int64_t moved = read + (is_forward ? y : x) + (int64_t)needs->saved_bytes;
    const an_layer_def *def = step->node->def;
    const double passes = is_forward ? 1 : 2;
    an_pass_estimate p = {.step = step, .is_forward = is_forward};

    p.pass = is_forward ? "forward" : "backward";
    p.cost.memory_bytes = (double)moved + passes * weights_bytes(plan, step->node);
    if (def->macs != NULL)
        p.cost.macs = p.macs = passes * (double)def->macs(step->node) * plan->batch;
    p.cost.seconds =
        plan->setup.backend->plain_seconds(p.cost.macs, p.cost.memory_bytes, plan->setup.threads);
    return p;
}

static int64_t gradient_bytes(const an_plan *plan, const an_plan_step *step)
{
    int64_t bytes = 0;

    for (int i = 0; i < step->node->param_count; ++i)
        if (an_plan_stores_gradient(plan, step, i, true))
            bytes += plan->model->params.items[step->node->first_param + i].count *
                     (int64_t)sizeof(float);
    return bytes;
}

static int estimate_forward(const an_plan *plan, const an_plan_step *step, an_pass_estimate *out)
{
    *out = algorithm_of(step, AN_FORWARD) != NULL ? estimate_pass(plan, step, AN_FORWARD)
                                                  : estimate_move(plan, step, true);
    out->bytes = (int64_t)step->needs.saved_bytes;
    if (!step->needs.in_place) out->bytes += bytes_of(plan, step->y_shape);
    return 1;
}

static int estimate_backward(const an_plan *plan, const an_plan_step *step, an_pass_estimate *out)
{
    const int64_t dx = step->want_dx && !step->needs.in_place ? bytes_of(plan, step->x_shape) : 0;
    const bool trained = is_trained(plan, step);
    int count = 0;

    if (algorithm_of(step, AN_FORWARD) == NULL) {
        out[0] = estimate_move(plan, step, false);
        out[0].bytes = dx + gradient_bytes(plan, step);
        return 1;
    }
    if (trained) {
        out[count] = estimate_pass(plan, step, AN_BACKWARD_WEIGHTS);
        out[count].bytes = gradient_bytes(plan, step);
        out[count++].updates = step->needs.fuses_update;
    }
    if (step->want_dx) {
        out[count] = estimate_pass(plan, step, AN_BACKWARD_DATA);
        out[count++].bytes = dx;
    }
    return count;
}

int an_plan_estimate(const an_plan *plan, an_pass_estimate *out)
{
    int count = 0;

    for (int i = 0; i < plan->step_count; ++i)
        if (plan->steps[i].run_forward)
            count += estimate_forward(plan, &plan->steps[i], out + count);
    for (int i = plan->step_count - 1; i >= 0; --i)
        if (plan->steps[i].run_backward)
            count += estimate_backward(plan, &plan->steps[i], out + count);
    return count;
}

const char *an_pass_estimate_fused(const an_pass_estimate *p)
{
    const an_plan_step *step = p->step;

    if (p->updates) return "update";
    const bool relu = p->is_forward ? step->fused_relu : step->relu_before;

    if (step->fused_pool.r > 0) return relu ? "relu pool" : "pool";
    return relu ? "relu" : "";
}
