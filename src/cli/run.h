/*
 * run.h: reads config.json and log.jsonl of a run folder. A file that the system
 * refuses to read is an error; it is never treated as absent.
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "base/json.h"
#include <stdbool.h>
#include <stddef.h>

/* Sets *run to whether the folder holds a config.json. IO, NO_MEMORY. */
alexnet_status cli_is_run(alexnet_context *ctx, const char *path, bool *run);

/*
 * Writes to `path` the run under `folder` whose config.json or log.jsonl changed last.
 * NOT_FOUND (no run), IO, NO_MEMORY.
 */
alexnet_status cli_run_newest(alexnet_context *ctx, const char *folder, char *path, size_t bytes);

/* The model's name in a config.json; `path` is that file or the run folder. False: no name. */
bool cli_config_model(alexnet_context *ctx, const char *path, char *name, size_t bytes);

/* The same for the path of the data. */
bool cli_config_data(alexnet_context *ctx, const char *path, char *name, size_t bytes);

/*
 * Sets *out to {"config": ..., "train": last training line of the log, "val": last validation
 * line}; a member that is absent or damaged is null. IO, NO_MEMORY.
 */
alexnet_status cli_run_read(alexnet_context *ctx, an_json_maker *m, const char *run, json_t **out);

#endif
