/*
 * best.h: checks best.safetensors against the checkpoint of a resumed run.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_BEST_H
#define AN_TRAIN_RUN_BEST_H

#include "train/run/manifest.h"
#include "train/run/run_folder.h"

/*
 * Call when a run is resumed from `state`.
 *   the checkpoint is of the best step, the file is not: the run was killed between the two writes,
 *   and the checkpoint has the weights: sets *due
 *   else, the file is of a later step: the resumed run may never reach it; the file is removed
 *   else, the file is missing or another one: somebody moved or replaced it
 * In the last two cases *state has no best weights any more, and the log says so. IO, NO_MEMORY.
 */
alexnet_status an_best_check(alexnet_context *ctx, const an_run_folder *folder,
                             an_train_state *state, bool *due) AN_NODISCARD;

#endif
