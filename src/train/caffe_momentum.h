/*
 * caffe_momentum.h: goes on with the momentum of a training in Caffe: `config.solverstate` is the
 * state that Caffe saved with the weights `config.from`.
 *
 * Only the momentum is taken over. The learning rate and its schedule are the run's own and begin
 * anew: the state has a count of steps, but not the schedule that they were counted for.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_CAFFE_MOMENTUM_H
#define AN_TRAIN_CAFFE_MOMENTUM_H

#include "train/config.h"
#include "train/optimiser.h"

/* Whether the momentum can be taken over, before anything is written. BAD_ARG: there are no weights
   to start from, or the recipe's update is not SGD. Otherwise as an_partial_open_momentum(). */
alexnet_status an_caffe_momentum_check(alexnet_context *ctx, const an_config *config) AN_NODISCARD;

/*
 * Sets the momentum of every parameter that got its weights from the file; that of others is 0. The
 * momentum is in the optimiser's terms (caffe/solverstate.h); where these depend on a learning
 * rate, it is the recipe's, without its schedule. Errors as above; BAD_FILE also if a value is not
 * finite.
 */
alexnet_status an_caffe_momentum_load(alexnet_model *model, const an_config *config,
                                      an_optimiser *optimiser) AN_NODISCARD;

#endif
