/*
 * sgd.h: stochastic gradient descent with momentum over the one table of parameters (section 5 of
 * the paper).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_SGD_H
#define AN_TRAIN_SGD_H

#include "core/session.h"
#include "train/recipe.h"

/* The rule for one parameter at rate `lr`: the recipe's numbers times its multipliers. */
an_sgd an_sgd_rule(const an_recipe *recipe, const an_param *param, double lr);

/*
 * One step for every parameter that is not frozen, from the session's gradients.
 *   velocity  params.values floats, laid out as the model's values; zero to begin with
 */
alexnet_status an_sgd_update(alexnet_session *session, alexnet_model *model,
                             const an_recipe *recipe, double lr, float *velocity) AN_NODISCARD;

#endif
