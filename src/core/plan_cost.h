/*
 * plan_cost.h: the passes of a plan and the estimated cost of each, as `alexnet info MODEL --plan`
 * and `bench --layers` print them.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_PLAN_COST_H
#define AN_CORE_PLAN_COST_H

#include "core/plan.h"

typedef struct an_pass_estimate {
    const an_plan_step *step;
    bool is_forward;       /* false: a part of the layer's backward pass */
    const char *pass;      /* "forward"; "data" and "weights", the two gradients; or "backward" */
    const char *algorithm; /* NULL: this layer has no choice of algorithms */
    double macs;           /* multiply-adds by definition */
    an_cost cost;          /* without an algorithm: from the bytes that are read and written */
    int64_t bytes; /* of the buffers that it writes: y and saved values, dx, stored gradients */
    bool updates;  /* includes SGD's update */
} an_pass_estimate;

/* In the order of running. out has room for 3 * step_count passes. Returns their number. */
int an_plan_estimate(const an_plan *plan, an_pass_estimate *out);

/* What is fused into the pass: "relu", "relu pool", "update"; "": nothing. */
const char *an_pass_estimate_fused(const an_pass_estimate *estimate);

#endif
