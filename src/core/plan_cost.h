/*
 * plan_cost.h: a plan pass by pass, with what each is to cost: what `alexnet info MODEL --plan` and `bench --layers` print.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_PLAN_COST_H
#define AN_CORE_PLAN_COST_H

#include "core/plan.h"

typedef struct an_pass_estimate {
    const an_plan_step *step;
    bool is_forward;       /* else a part of the layer's backward pass */
    const char *pass;      /* "forward", "data", "weights": its two gradients; or "backward" */
    const char *algorithm; /* NULL: this layer has but one way */
    double macs;           /* of the definition */
    an_cost cost;          /* without an algorithm: of the bytes that are read and written */
    int64_t bytes; /* of the buffers that it fills: y and what is saved, dx, stored gradients */
    bool updates;  /* SGD's update is done with the gradient */
} an_pass_estimate;

/* Layers in the order they run. out has room for 3 * step_count. Returns how many there are. */
int an_plan_estimate(const an_plan *plan, an_pass_estimate *out);

/* "relu", "relu pool", "update": what is done in the same pass; "" is nothing. */
const char *an_pass_estimate_fused(const an_pass_estimate *prediction);

#endif
