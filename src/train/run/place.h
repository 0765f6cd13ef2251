/*
 * place.h: where the folder of a run may lie.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_PLACE_H
#define AN_TRAIN_RUN_PLACE_H

#include "data/source.h"
#include "train/run/run_folder.h"

/*
 * A run among the classes of its data would be one of them from the next look on: BAD_ARG. Beside the parts of a data set it
 * is in nobody's way. The folder may be absent. source: of `data`; NULL: there is none.
 */
alexnet_status an_place_check(alexnet_context *ctx, const an_run_folder *folder,
                              const an_source *source, const char *data) AN_NODISCARD;

#endif
