/*
 * best.h: whether best.safetensors is what the checkpoint says.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_BEST_H
#define AN_TRAIN_RUN_BEST_H

#include "train/run/manifest.h"
#include "train/run/run_folder.h"

/*
 * Asked when a run is resumed from `state`. Where the file is not yet what the checkpoint says, as the run was killed between
 * the two, the checkpoint has the weights: *due. Of a later step, it is of a future that this sitting may never come to, and
 * goes. Somebody may also have taken the best weights for themselves. Then *state knows of none, and the log says so. IO,
 * NO_MEMORY.
 */
alexnet_status an_best_check(alexnet_context *ctx, const an_run_folder *folder,
                             an_train_state *state, bool *due) AN_NODISCARD;

#endif
