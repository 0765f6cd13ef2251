/*
 * optimiser.h: the update of all parameters at each step (section 5 of the paper, and later rules),
 * and the state that it keeps from step to step.
 *
 *     slot      update                 holds
 *     momentum  all                    the velocity; adam: the mean of gradients
 *     square    rmsprop, adam          the mean of their squares; rmsprop: first 1, as TensorFlow
 *     average   recipe.average > 0     the running average of all values; first the values
 *
 * Running statistics (batch normalisation) are averaged as the weights are, because they must
 * match.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_OPTIMISER_H
#define AN_TRAIN_OPTIMISER_H

#include "base/arena.h"
#include "core/session.h"
#include "data/loader.h"
#include "train/events.h"
#include "train/recipe.h"

typedef enum an_slot { AN_SLOT_MOMENTUM, AN_SLOT_SQUARE, AN_SLOT_AVERAGE } an_slot;
#define AN_SLOTS 3

extern const char *const an_slot_names[AN_SLOTS];

typedef struct an_optimiser {
    const an_recipe *recipe; /* borrowed */
    an_arena memory;
    float *slots[AN_SLOTS]; /* params.values floats each, in the model's layout; NULL: not kept */
} an_optimiser;

/* The number of slots of a recipe; each is as large as the trained parameters. */
int an_optimiser_slots(const an_recipe *recipe);

/* NO_MEMORY. On failure nothing is open. */
alexnet_status an_optimiser_open(const alexnet_model *model, const an_recipe *recipe,
                                 an_optimiser *out) AN_NODISCARD;
/* Bytes that an_optimiser_open() allocates. */
int64_t an_optimiser_bytes(const alexnet_model *model, const an_recipe *recipe);
void an_optimiser_close(alexnet_context *ctx, an_optimiser *optimiser); /* safe on a zeroed one */

/* The learning rates of one step. */
typedef struct an_rates {
    double weights, biases;  /* the recipe's rate times its schedules, without recipe.bias_lr */
    int64_t step;            /* updates before this one */
    double epochs;           /* done before this one */
    const an_events *events; /* NULL: none */
} an_rates;

/*
 * For one parameter: the recipe's values times its multipliers. still: `factors` have a rate of 0
 * for it, and it is not updated.
 */
typedef struct an_rule {
    double lr, weight_decay;
    bool still;
} an_rule;

an_rule an_optimiser_rule(const an_recipe *recipe, const an_param *param, const an_rates *rates,
                          const an_factors *factors);

/* Opens a session for training by the recipe. With SGD, the session itself updates the parameters
   that it can. */
alexnet_status an_optimiser_open_session(const an_recipe *recipe, alexnet_model *model, int batch,
                                         int first, uint64_t seed,
                                         alexnet_session **out) AN_NODISCARD;

/* Adds the memory of such a session: an_session_book(). */
alexnet_status an_optimiser_book_session(const an_recipe *recipe, const alexnet_model *model,
                                         int batch, int first,
                                         an_footprint *footprint) AN_NODISCARD;

/* One training step: an_session_train(), then the update of every parameter that is not frozen.
   Nothing is updated if the loss is not finite. */
alexnet_status an_optimiser_train(an_optimiser *optimiser, alexnet_session *session,
                                  alexnet_model *model, const an_rates *rates,
                                  const an_batch *batch, double *loss, float *probs) AN_NODISCARD;

/*
 * The decay of the average after `step` updates: the recipe's `average`, but at first 1/10, 2/11,
 * 3/12 ..., so that the initial weights do not stay in it for long. The same as
 * tf.train.ExponentialMovingAverage with num_updates.
 */
double an_optimiser_kept(double average, int64_t step);

/* Only the update, of all parameters that the session has gradients of, and then of the average. */
alexnet_status an_optimiser_step(an_optimiser *optimiser, alexnet_session *session,
                                 alexnet_model *model, const an_rates *rates) AN_NODISCARD;

/* Swaps the model's values with their average; does nothing if there is none. */
void an_optimiser_swap_average(an_optimiser *optimiser, alexnet_model *model);

#endif
