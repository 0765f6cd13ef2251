/*
 * run.h: reads what a training run left behind: config.json and log.jsonl of its run directory.
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "base/json.h"
#include <stdbool.h>
#include <stddef.h>

/* True when the folder holds a config.json. */
bool cli_is_run(const char *path);

/* The run under `folder` whose config.json or log.jsonl changed last. False: there is none. */
bool cli_run_newest(const char *folder, char *path, size_t bytes);

/* The name of the model in a run's config.json, given that or the run's folder. False: there is none. */
bool cli_config_model(alexnet_context *ctx, const char *path, char *name, size_t bytes);

/* The same for its data. */
bool cli_config_data(alexnet_context *ctx, const char *path, char *name, size_t bytes);

/*
 * {"config": ..., "train": last line of the training log, "val": last line of the validation}; a
 * part that cannot be read is null. NO_MEMORY.
 */
alexnet_status cli_run_read(alexnet_context *ctx, an_json_maker *m, const char *run, json_t **out);

#endif
