/*
 * optimiser.c: the update.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/optimiser.h"

#include "base/status.h"
#include <math.h>
#include <string.h>

const char *const an_slot_names[AN_SLOTS] = {
    [AN_SLOT_MOMENTUM] = "momentum",
    [AN_SLOT_SQUARE] = "square",
    [AN_SLOT_AVERAGE] = "average",
};

/* ---- slots ---- */

static bool keeps(const an_recipe *recipe, int slot)
{
    if (slot == AN_SLOT_SQUARE)
        return recipe->update == AN_UPDATE_RMSPROP || recipe->update == AN_UPDATE_ADAM;
    return slot == AN_SLOT_MOMENTUM || recipe->average > 0;
}

static void start_slot(const alexnet_model *model, const an_recipe *recipe, int slot, float *values)
{
    const float first = slot == AN_SLOT_SQUARE && recipe->update == AN_UPDATE_RMSPROP ? 1 : 0;

    for (size_t i = 0; i < model->params.values; ++i)
        values[i] = slot == AN_SLOT_AVERAGE ? model->values[i] : first;
}

int an_optimiser_slots(const an_recipe *recipe)
{
    int count = 0;

    for (int slot = 0; slot < AN_SLOTS; ++slot)
        count += keeps(recipe, slot);
    return count;
}

static size_t slot_bytes(const alexnet_model *model)
{
    return AN_ROUND_UP(model->params.values * sizeof(float), (size_t)AN_ALIGNMENT);
}

int64_t an_optimiser_bytes(const alexnet_model *model, const an_recipe *recipe)
{
    return an_optimiser_slots(recipe) * (int64_t)slot_bytes(model);
}

alexnet_status an_optimiser_open(const alexnet_model *model, const an_recipe *recipe,
                                 an_optimiser *out)
{
    const size_t bytes = slot_bytes(model);

    *out = (an_optimiser){.recipe = recipe};
    AN_TRY(an_arena_open(model->ctx, "optimiser", (size_t)an_optimiser_bytes(model, recipe),
                         &out->memory));
    for (int slot = 0; slot < AN_SLOTS; ++slot) {
        if (!keeps(recipe, slot)) continue;
        out->slots[slot] = an_arena_alloc(&out->memory, bytes);
        start_slot(model, recipe, slot, out->slots[slot]);
    }
    return ALEXNET_OK;
}

void an_optimiser_close(alexnet_context *ctx, an_optimiser *optimiser)
{
    an_arena_close(ctx, &optimiser->memory);
    *optimiser = (an_optimiser){0};
}

/* ---- the update ---- */

an_rule an_optimiser_rule(const an_recipe *recipe, const an_param *param, const an_rates *rates,
                          const an_factors *factors)
{
    const bool bias = param->role == AN_PARAM_BIAS;
    const double factor = bias ? factors->biases : factors->weights;

    return (an_rule){
        .lr = factor * param->lr_multiplier *
              (bias ? recipe->bias_lr * rates->biases : rates->weights),
        .weight_decay = factors->decay * recipe->weight_decay * param->decay_multiplier *
                        (bias ? recipe->bias_decay : 1),
        .still = factor == 0,
    };
}

static bool is_sgd(const an_recipe *recipe)
{
    return recipe->update == AN_UPDATE_TORCH || recipe->update == AN_UPDATE_PAPER;
}

static an_sgd sgd_rule(const an_recipe *recipe, const an_rule *rule)
{
    return (an_sgd){(float)rule->lr, (float)recipe->momentum, (float)rule->weight_decay,
                    recipe->update == AN_UPDATE_PAPER};
}

/* A parameter with its gradient and its slots. */
typedef struct place {
    int64_t count;
    const float *g;
    float *v, *s, *w;
} place;

static alexnet_status update(const an_recipe *recipe, const an_backend *backend, const an_run *run,
                             const an_rule *rule, int64_t t, const place *at)
{
    const float lr = (float)rule->lr, decay = (float)rule->weight_decay;
    const float momentum = (float)recipe->momentum, epsilon = (float)recipe->epsilon;
    const an_sgd sgd = sgd_rule(recipe, rule);
    const an_rmsprop rmsprop = {lr, momentum, decay, (float)recipe->rho, epsilon};
    const an_adam adam = {lr, decay, momentum, (float)recipe->beta2, epsilon, t};

    switch ((an_update)recipe->update) {
    case AN_UPDATE_TORCH:
    case AN_UPDATE_PAPER:
        return backend->sgd(run, &sgd, at->count, at->g, at->v, at->w);
    case AN_UPDATE_RMSPROP:
        return backend->rmsprop(run, &rmsprop, at->count, at->g, at->v, at->s, at->w);
    case AN_UPDATE_ADAM:
        return backend->adam(run, &adam, at->count, at->g, at->v, at->s, at->w);
    }
    return ALEXNET_BAD_ARG;
}

static alexnet_status update_param(an_optimiser *optimiser, alexnet_session *session,
                                   alexnet_model *model, int index, const an_rates *rates,
                                   const an_factors *factors)
{
    const an_backend *backend = an_session_plan(session)->setup.backend;
    const an_run *run = an_session_run_resources(session);
    const an_param *param = &model->params.items[index];
    const an_rule rule = an_optimiser_rule(optimiser->recipe, param, rates, factors);
    float *squares = optimiser->slots[AN_SLOT_SQUARE];
    const place at = {
        .count = param->count,
        .g = an_session_gradient(session, index),
        .v = optimiser->slots[AN_SLOT_MOMENTUM] + param->offset,
        .s = squares != NULL ? squares + param->offset : NULL,
        .w = model->values + param->offset,
    };

    if (at.g == NULL) return ALEXNET_OK;
    if (param->role == AN_PARAM_STATISTIC)
        return backend->average(run, (float)param->lr_multiplier, at.count, at.g, at.w);
    if (rule.still) return ALEXNET_OK;
    return update(optimiser->recipe, backend, run, &rule, rates->step + 1, &at);
}

static an_factors factors_of(const an_rates *rates, const an_node *node)
{
    static const an_events none = {0};

    return an_events_at(rates->events != NULL ? rates->events : &none, rates->epochs, node);
}

double an_optimiser_kept(double average, int64_t step)
{
    return fmin(average, (1.0 + (double)step) / (10.0 + (double)step));
}

alexnet_status an_optimiser_step(an_optimiser *optimiser, alexnet_session *session,
                                 alexnet_model *model, const an_rates *rates)
{
    float *average = optimiser->slots[AN_SLOT_AVERAGE];

    an_model_changed(model);
    for (const an_node *node = model->nodes; node < model->nodes + model->node_count; ++node) {
        const an_factors factors = factors_of(rates, node);
        for (int i = node->first_param; i < node->first_param + node->param_count; ++i)
            AN_TRY(update_param(optimiser, session, model, i, rates, &factors));
    }
    if (average == NULL) return ALEXNET_OK;
    const double kept = an_optimiser_kept(optimiser->recipe->average, rates->step);
    return an_session_plan(session)->setup.backend->average(
        an_session_run_resources(session), (float)(1 - kept), (int64_t)model->params.values,
        model->values, average);
}

/* ---- a step of training ---- */

alexnet_status an_optimiser_open_session(const an_recipe *recipe, alexnet_model *model, int batch,
                                         int first, uint64_t seed, alexnet_session **out)
{
    return is_sgd(recipe) ? an_session_open_sgd(model, batch, first, seed, out)
                          : an_session_open_training(model, batch, first, seed, out);
}

alexnet_status an_optimiser_book_session(const an_recipe *recipe, const alexnet_model *model,
                                         int batch, int first, an_footprint *footprint)
{
    const an_session_order order = {
        .mode = AN_TRAIN,
        .batch = batch,
        .images = batch,
        .first = first,
        .output = model->node_count - 1,
        .updates = is_sgd(recipe),
    };

    return an_session_book(model, &order, footprint);
}

/* Sets the rules for the parameters that the session updates itself. */
static void set_updates(const an_optimiser *optimiser, alexnet_session *session,
                        const alexnet_model *model, const an_rates *rates)
{
    for (const an_node *node = model->nodes; node < model->nodes + model->node_count; ++node) {
        const an_factors factors = factors_of(rates, node);
        for (int i = node->first_param; i < node->first_param + node->param_count; ++i) {
            const an_param *param = &model->params.items[i];
            const an_rule rule = an_optimiser_rule(optimiser->recipe, param, rates, &factors);
            const an_sgd_update update = {
                .rule = sgd_rule(optimiser->recipe, &rule),
                .v = optimiser->slots[AN_SLOT_MOMENTUM] + param->offset,
                .w = model->values + param->offset,
            };
            if (an_session_updates(session, i))
                an_session_set_update(session, i, rule.still ? NULL : &update);
        }
    }
}

alexnet_status an_optimiser_train(an_optimiser *optimiser, alexnet_session *session,
                                  alexnet_model *model, const an_rates *rates,
                                  const an_batch *batch, double *loss, float *probs)
{
    const an_targets targets = {.labels = batch->labels,
                                .other_labels = batch->other_labels,
                                .shares = batch->shares,
                                .smoothing = (float)optimiser->recipe->smoothing};

    set_updates(optimiser, session, model, rates);
    AN_TRY(an_session_train(session, batch->images, &targets, batch->n, rates->step, loss, probs));
    return an_optimiser_step(optimiser, session, model, rates);
}

void an_optimiser_swap_average(an_optimiser *optimiser, alexnet_model *model)
{
    float *average = optimiser->slots[AN_SLOT_AVERAGE];

    if (average != NULL) an_model_swap_values(model, average);
}
