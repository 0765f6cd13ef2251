/*
 * run.h: reads what a training run left behind: config.json and log.jsonl of its run directory.
 * What the system refuses is an error, and never taken for a run that is not there.
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "base/json.h"
#include <stdbool.h>
#include <stddef.h>

/* *run: whether the folder holds a config.json. IO, NO_MEMORY. */
alexnet_status cli_is_run(alexnet_context *ctx, const char *path, bool *run);

/* The run under `folder` whose config.json or log.jsonl changed last. NOT_FOUND: there is none. IO, NO_MEMORY. */
alexnet_status cli_run_newest(alexnet_context *ctx, const char *folder, char *path, size_t bytes);

/* The name of the model in a run's config.json, given that or the run's folder. False: there is none. */
bool cli_config_model(alexnet_context *ctx, const char *path, char *name, size_t bytes);

/* The same for its data. */
bool cli_config_data(alexnet_context *ctx, const char *path, char *name, size_t bytes);

/*
 * {"config": ..., "train": last line of the training log, "val": last line of the validation}; a
 * part that is absent or damaged is null. IO, NO_MEMORY.
 */
alexnet_status cli_run_read(alexnet_context *ctx, an_json_maker *m, const char *run, json_t **out);

#endif
