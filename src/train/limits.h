/*
 * limits.h: what ends a run: its last planned step, its time limit, or the result of validation.
 * All are functions of the settings and of the run's state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_LIMITS_H
#define AN_TRAIN_LIMITS_H

#include "train/config.h"
#include "train/run/manifest.h"

/* True if no step or no time is left. At least one step is taken, however short the time is. */
bool an_limit_reached(const an_config *config, const an_train_state *state);

/* True if validation ends the run: top-1 is good enough, or has not improved for long enough. */
bool an_limit_good_enough(const an_config *config, const an_train_state *state);

/* What ended a run that was not stopped: "epochs", "time", "patience" or "top1". */
const char *an_limit_name(const an_config *config, const an_train_state *state);

/* Warns if a resumed run has nothing left to do: why, and how to continue. */
void an_limit_tell(alexnet_context *ctx, const an_config *config, const an_train_state *state);

#endif
