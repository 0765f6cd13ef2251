/*
 * limits.h: what ends a run: its last planned step, its limit in time, or what validation shows.
 * Functions of the settings and of where the run stands.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_LIMITS_H
#define AN_TRAIN_LIMITS_H

#include "train/config.h"
#include "train/run/manifest.h"

/* No step is left or no time; but one step is taken, however short the time is. */
bool an_limit_reached(const an_config *config, const an_train_state *state);

/* Validation says that more is of no use. */
bool an_limit_good_enough(const an_config *config, const an_train_state *state);

/* What ended the run, when nobody stopped it: "epochs", "time", "patience" or "top1". */
const char *an_limit_name(const an_config *config, const an_train_state *state);

/* A resumed run may have nothing left to do: why, and the way on, as a warning. */
void an_limit_tell(alexnet_context *ctx, const an_config *config, const an_train_state *state);

#endif
