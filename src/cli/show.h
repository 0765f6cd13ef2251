/*
 * show.h: what `info`, `train` and the `data` commands print about networks, runs and data sets.
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/cli.h"

/* Prints the model as text or JSON. batch: the batch size for the memory figures; file: the weights
 * file that the model was loaded from, or NULL. */
cli_exit cli_show_model(cli *app, const alexnet_model *model, int batch, const char *file);

/* Prints the plan of a step of `batch` images, pass by pass, with estimated times. */
cli_exit cli_show_plan(cli *app, const alexnet_model *model, int batch, bool train);

/* Prints two networks side by side; on the right, "=" marks what equals the left. */
cli_exit cli_show_compare(cli *app, const alexnet_model *a, const alexnet_model *b);

/* Prints the result of a run: as text with a comparison and advice, or as JSON. */
cli_exit cli_show_trained(cli *app, const alexnet_train_result *result);

/* Prints the commands to run next, as notes. */
void cli_show_next(cli *app, const alexnet_train_result *result);

/* {"schema", "data", "kind", "images", "ignored", "unread", "ignored_kinds", "classes": [{"name",
 * "images"}, ...]}. */
json_t *cli_data_json(an_json_maker *m, const char *data, const alexnet_data_info *info);
void cli_data_print(const char *data, const alexnet_data_info *info);

#endif
