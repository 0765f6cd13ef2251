/*
 * show.h: what `info`, and some of the `data` commands, tell about a network and about a data set.
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/cli.h"

/* As text or JSON. batch: for the memory that is needed; file: the weights file that the model came
 * from, or NULL. */
cli_exit cli_show_model(cli *app, const alexnet_model *model, int batch, const char *file);

/* What a step of `batch` images would do, pass by pass, and how long that should take here. */
cli_exit cli_show_plan(cli *app, const alexnet_model *model, int batch, bool train);

/* Two networks side by side; what both have alike is "=" on the right. */
cli_exit cli_show_compare(cli *app, const alexnet_model *a, const alexnet_model *b);

/* What a run has come to: as text with where it stands, or JSON. */
cli_exit cli_show_trained(cli *app, const alexnet_train_result *result);

/* The commands that come next, as notes. */
void cli_show_next(cli *app, const alexnet_train_result *result);

/* {"schema", "data", "kind", "images", "ignored", "unread", "ignored_kinds", "classes": [{"name", "images"}, ...]}. */
json_t *cli_data_json(an_json_maker *m, const char *data, const alexnet_data_info *info);
void cli_data_print(const char *data, const alexnet_data_info *info);

#endif
