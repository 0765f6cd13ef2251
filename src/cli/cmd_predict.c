/*
 * cmd_predict.c: alexnet predict: names for pictures.
 * SPDX-License-Identifier: MIT
 */
#include "cli/cli.h"
#include "cli/output.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct predict_args {
    cli_weights shared;
    alexnet_predict_options options;
    int csv;
    int orientation; /* alexnet_orientation */
} predict_args;

#define AT(member) offsetof(predict_args, member)
static const cli_option predict_options[] = {
    {"topk", 'k', CLI_INT, AT(options.topk), 1, 1000000, "N", "how many classes to name [5]"},
    {"csv", 0, CLI_FLAG, AT(csv), 0, 0, NULL,
     "results as CSV: image,rank,index,label,probability,error"},
    {"batch", 'b', CLI_INT, AT(options.batch), 1, 65536, "N", "pictures at a time [32]"},
    {"orientation", 0, CLI_CHOICE, AT(orientation), 0, 0, CLI_ORIENTATIONS, CLI_ORIENTATION_HELP},
    {"workers", 0, CLI_INT, AT(options.workers), 0, 64, "N",
     "threads that decode pictures [as needed]"},
    {0},
};
#undef AT

/* ---- the pictures ---- */

typedef struct names {
    char **items;
    size_t count;
} names;

static void add_name(names *list, const char *name)
{
    list->items = cli_grow(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count++] = cli_copy(name);
}

/* A name a line, ended as on Unix or as on Windows. False: the stream cannot be read. */
static bool add_lines(names *list, FILE *from)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;

    while ((length = getline(&line, &room, from)) > 0) {
        if (line[length - 1] == '\n') line[--length] = '\0';
        if (length > 0 && line[length - 1] == '\r') line[--length] = '\0';
        if (length > 0) add_name(list, line);
    }
    free(line);
    return !ferror(from);
}

static void free_names(names *list)
{
    for (size_t i = 0; i < list->count; ++i)
        free(list->items[i]);
    free(list->items);
}

/* The words after the weights; `-` stands for the list on standard input. */
static cli_exit collect_names(cli *app, names *list)
{
    for (int i = 1; i < app->word_count; ++i) {
        if (strcmp(app->words[i], "-") != 0)
            add_name(list, app->words[i]);
        else if (!add_lines(list, stdin))
            return cli_error(app, CLI_IO, "standard input: %s", strerror(errno));
    }
    if (list->count == 0)
        return cli_error(app, CLI_NO_INPUT, "no pictures: the list on standard input is empty");
    return CLI_DONE;
}

/* ---- the results ---- */

static void print_text(const alexnet_prediction_result *r)
{
    cli_put(stdout, r->image);
    putchar('\n');
    for (int i = 0; i < r->count; ++i) {
        printf("  %5.1f %%  ", 100 * (double)r->predictions[i].probability);
        cli_put(stdout, r->predictions[i].label);
        putchar('\n');
    }
}

static void print_csv(const alexnet_prediction_result *r)
{
    for (int i = 0; i < r->count; ++i) {
        cli_csv_field(stdout, r->image);
        printf(",%d,%d,", i + 1, r->predictions[i].index);
        cli_csv_field(stdout, r->predictions[i].label);
        printf(",%.9g,\n", (double)r->predictions[i].probability);
    }
    if (r->error != NULL) {
        cli_csv_field(stdout, r->image);
        printf(",,,,,");
        cli_csv_field(stdout, r->error);
        putchar('\n');
    }
}

static void print_json(cli *app, const alexnet_prediction_result *r)
{
    json_t *line = json_pack("{s:o}", "image", cli_json_text(r->image));
    json_t *list = json_array();

    for (int i = 0; i < r->count; ++i)
        json_array_append_new(list,
                              json_pack("{s:i, s:o, s:f}", "index", r->predictions[i].index,
                                        "label", cli_json_text(r->predictions[i].label),
                                        "probability", (double)r->predictions[i].probability));
    if (r->error != NULL)
        json_object_set_new(line, "error", cli_json_text(r->error));
    else
        json_object_set(line, "predictions", list);
    json_decref(list);
    (void)cli_json_print(app, line);
}

/* The whole of a command's state that a result needs. */
typedef struct printer {
    cli *app;
    int csv;
} printer;

static void print_result(void *user, const alexnet_prediction_result *result)
{
    const printer *p = user;

    cli_progress_clear(&p->app->progress);
    if (p->app->common->json)
        print_json(p->app, result);
    else if (p->csv)
        print_csv(result);
    else if (result->error != NULL)
        (void)cli_error(p->app, CLI_BAD_DATA, "%s: %s", result->image, result->error);
    else
        print_text(result);
}

/* Stops when nobody can read the results any more. */
static alexnet_go report_progress(void *user, const alexnet_progress *report)
{
    cli_progress_report(user, report);
    return ferror(stdout) ? ALEXNET_GO_STOP : ALEXNET_GO_ON;
}

static cli_exit predict(cli *app, predict_args *args, const names *images)
{
    alexnet_predict_options *options = &args->options;
    printer out = {app, args->csv};
    int64_t count, failed;

    options->weights = app->words[0];
    options->orientation = (alexnet_orientation)args->orientation;
    options->size = cli_run_size(&args->shared);
    options->images = (const char *const *)images->items;
    options->image_count = images->count;
    options->result = print_result;
    options->result_user = &out;
    options->progress = report_progress;
    options->progress_user = &app->progress;
    if (args->csv) puts("image,rank,index,label,probability,error");

    const alexnet_status status = alexnet_predict(app->ctx, options, &count, &failed);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    if (failed == 0) return CLI_DONE;
    return cli_error(app, CLI_BAD_DATA, "%lld of %lld pictures could not be read",
                     (long long)failed, (long long)count);
}

static cli_exit run_predict(cli *app, void *args)
{
    names images = {NULL, 0};

    if (app->common->json && ((const predict_args *)args)->csv)
        return cli_usage(app, "expected --json or --csv, found both");
    cli_exit code = collect_names(app, &images);

    if (code == CLI_DONE) code = predict(app, args, &images);
    free_names(&images);
    return code;
}

static const cli_example examples[] = {
    {"alexnet predict run cat.jpg", "the five most likely classes, by a run's best weights"},
    {"alexnet predict run/best.safetensors photos/ --topk 1 --csv",
     "every picture in a folder, as a table"},
    {"find . -name '*.jpg' | alexnet predict run/best.safetensors - --json",
     "names on standard input; a JSON line each"},
    {0},
};

const cli_command command_predict = {
    .name = "predict",
    .words = "WEIGHTS IMAGE|DIR|-...",
    .summary = "names what is on pictures",
    .examples = examples,
    .notes = {"A folder stands for all pictures in it, '-' for a list of names on standard input, "
              "one a line. Pictures that cannot be read are reported, the others are done all the "
              "same, and the exit status is 65."},
    .words_min = 2,
    .words_max = INT_MAX,
    .options = predict_options,
    .args_bytes = sizeof(predict_args),
    .computes = true,
    .runs_weights = true,
    .run = run_predict,
};
