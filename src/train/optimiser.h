/*
 * optimiser.h: the update of all parameters after each step (section 5 of the paper, and later
 * rules), and what it keeps from step to step.
 *
 *     slot      update                 holds
 *     momentum  all                    the velocity; adam: the mean of gradients
 *     square    rmsprop, adam          the mean of their squares; of rmsprop 1 to begin with, as TensorFlow has it
 *     average   recipe.average > 0     the running average of all values; the values themselves to begin with
 *
 * Running statistics (batch normalisation) are averaged as weights are: the two belong together.
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
    float *slots[AN_SLOTS]; /* params.values floats, laid out as the model's; NULL: not kept */
} an_optimiser;

/* How many slots a recipe fills: each is as large as what is trained. */
int an_optimiser_slots(const an_recipe *recipe);

/* NO_MEMORY. On failure nothing is open. */
alexnet_status an_optimiser_open(const alexnet_model *model, const an_recipe *recipe,
                                 an_optimiser *out) AN_NODISCARD;
int64_t an_optimiser_bytes(const alexnet_model *model, const an_recipe *recipe); /* that takes */
void an_optimiser_close(alexnet_context *ctx, an_optimiser *optimiser); /* safe on a zeroed one */

/* Of one step. */
typedef struct an_rates {
    double weights, biases; /* the recipe's rate times its schedules; recipe.bias_lr comes on top */
    int64_t step;           /* updates before this one */
    double epochs;          /* done before this one */
    const an_events *events; /* NULL: none */
} an_rates;

/* What holds for one parameter: the recipe's numbers times its multipliers. A rate of 0 that `factors` say:
   it stands still. */
typedef struct an_rule {
    double lr, weight_decay;
    bool still;
} an_rule;

an_rule an_optimiser_rule(const an_recipe *recipe, const an_param *param, const an_rates *rates,
                          const an_factors *factors);

/* A session for training by the recipe: where that is SGD, one that updates what it can by itself. */
alexnet_status an_optimiser_open_session(const an_recipe *recipe, alexnet_model *model, int batch,
                                         int first, uint64_t seed,
                                         alexnet_session **out) AN_NODISCARD;

/* The memory that such a session takes: an_session_book(). */
alexnet_status an_optimiser_book_session(const an_recipe *recipe, const alexnet_model *model,
                                         int batch, int first,
                                         an_footprint *footprint) AN_NODISCARD;

/* One step of training: an_session_train(), and the update of every parameter that is not frozen. When the loss is not
   finite nothing is updated. */
alexnet_status an_optimiser_train(an_optimiser *optimiser, alexnet_session *session,
                                  alexnet_model *model, const an_rates *rates,
                                  const an_batch *batch, double *loss, float *probs) AN_NODISCARD;

/*
 * What is kept of the average after so many updates: the recipe's part, but 1/10 at first, 2/11, 3/12
 * ..., so that the first weights do not stay in it for long: tf.train.ExponentialMovingAverage with
 * num_updates.
 */
double an_optimiser_kept(double average, int64_t step);

/* The update alone: of what the session has gradients of; then the average. */
alexnet_status an_optimiser_step(an_optimiser *optimiser, alexnet_session *session,
                                 alexnet_model *model, const an_rates *rates) AN_NODISCARD;

/* The model's values and their average change places; nothing happens where there is none. */
void an_optimiser_swap_average(an_optimiser *optimiser, alexnet_model *model);

#endif
