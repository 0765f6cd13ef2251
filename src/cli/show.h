/*
 * show.h: what `info`, `train` and the `data` commands print about networks, runs and data sets.
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/cli.h"

/* A weights file that a model is from. */
typedef struct cli_shown_file {
    const char *path;
    const alexnet_file_info *info; /* NULL: the model has another input size than the file */
    bool loaded;                   /* the model has its weights, so their hash can be computed */
} cli_shown_file;

/* Prints the model as text or JSON. batch: the batch size for the memory figures; file: the weights
 * file that the model is from, or NULL. */
cli_exit cli_show_model(cli *app, const alexnet_model *model, int batch,
                        const cli_shown_file *file);

/* Prints a file of tensors that holds no whole network. */
cli_exit cli_show_file(cli *app, const char *file, const alexnet_file_info *info);

/* Parts of these: what a file holds, beside the network that it is. cli_file_json() sets "file",
   "format", "bytes" and "metadata". cli_file_print_metadata() leaves out what else is shown of a
   network of ours. */
json_t *cli_file_tensors_json(an_json_maker *m, const alexnet_file_info *info);
void cli_file_json(an_json_maker *m, const char *file, const alexnet_file_info *info,
                   json_t *document);
void cli_file_print_format(const alexnet_file_info *info);
void cli_file_print_tensors(const alexnet_file_info *info);
void cli_file_print_metadata(const alexnet_file_info *info);

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
