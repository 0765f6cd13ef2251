/*
 * place.h: where a run folder may be.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_PLACE_H
#define AN_TRAIN_RUN_PLACE_H

#include "data/source.h"
#include "train/run/run_folder.h"

/*
 * BAD_ARG for a run among the class folders of its data: the data would then have one class more.
 * Beside the split folders of a data set it is allowed. The folder may be absent. source: of
 * `data`; NULL: none.
 */
alexnet_status an_place_check(alexnet_context *ctx, const an_run_folder *folder,
                              const an_source *source, const char *data) AN_NODISCARD;

#endif
