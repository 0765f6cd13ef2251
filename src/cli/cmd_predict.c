/*
 * cmd_predict.c: alexnet predict: the most likely classes of images.
 * SPDX-License-Identifier: MIT
 */
#include "cli/cli.h"
#include "cli/names.h"
#include "cli/output.h"

#include <limits.h>

typedef struct predict_args {
    cli_weights shared;
    alexnet_predict_options options;
    int csv, csv_safe;
    int orientation; /* alexnet_orientation */
} predict_args;

#define AT(member) offsetof(predict_args, member)
static const cli_option predict_options[] = {
    {"topk", 'k', CLI_INT, AT(options.topk), 1, 1000000, "N", "number of classes to print [5]"},
    {"csv", 0, CLI_FLAG, AT(csv), 0, 0, NULL,
     "print results as CSV: image,rank,index,label,probability,error"},
    {"csv-safe", 0, CLI_FLAG, AT(csv_safe), 0, 0, NULL, CLI_CSV_SAFE_HELP},
    {"batch", 'b', CLI_INT, AT(options.batch), 1, 65536, "N", "images at a time [32]"},
    {"orientation", 0, CLI_CHOICE, AT(orientation), 0, 0, CLI_ORIENTATIONS, CLI_ORIENTATION_HELP},
    {"workers", 0, CLI_INT, AT(options.workers), 0, 64, "N",
     "threads that decode images [as needed]"},
    {0},
};
#undef AT

/* ---- the results ---- */

static void print_text(const alexnet_prediction_result *r)
{
    cli_put(stdout, r->image);
    cli_print(stdout, "\n");
    for (int i = 0; i < r->count; ++i) {
        cli_print(stdout, "  %5.1f %%  ", 100 * (double)r->predictions[i].probability);
        cli_put(stdout, r->predictions[i].label);
        cli_print(stdout, "\n");
    }
}

static void print_csv(const alexnet_prediction_result *r, bool safe)
{
    for (int i = 0; i < r->count; ++i) {
        cli_csv_field(stdout, r->image, safe);
        cli_print(stdout, ",%d,%d,", i + 1, r->predictions[i].index);
        cli_csv_field(stdout, r->predictions[i].label, safe);
        cli_print(stdout, ",%.9g,\n", (double)r->predictions[i].probability);
    }
    if (r->error != NULL) {
        cli_csv_field(stdout, r->image, safe);
        cli_print(stdout, ",,,,,");
        cli_csv_field(stdout, r->error, safe);
        cli_print(stdout, "\n");
    }
}

static cli_exit print_json(cli *app, const alexnet_prediction_result *r)
{
    an_json_maker *m = &app->json;
    json_t *line = an_json_pack(m, "{s:o}", "image", cli_json_text(m, r->image));
    json_t *list = an_json_list(m);

    for (int i = 0; i < r->count; ++i)
        an_json_add(m, list,
                    an_json_pack(m, "{s:i, s:o, s:f}", "index", r->predictions[i].index, "label",
                                 cli_json_text(m, r->predictions[i].label), "probability",
                                 (double)r->predictions[i].probability));
    if (r->error != NULL)
        an_json_set(m, line, "error", cli_json_text(m, r->error));
    else
        an_json_set(m, line, "predictions", json_incref(list));
    json_decref(list);
    return cli_json_print(app, line);
}

/* What print_result() needs. */
typedef struct printer {
    cli *app;
    bool csv, csv_safe;
    cli_exit code; /* of a result that could not be printed */
} printer;

static void print_result(void *user, const alexnet_prediction_result *result)
{
    printer *p = user;

    cli_progress_clear(&p->app->progress);
    if (p->code != CLI_DONE) return;
    if (p->app->common->json)
        p->code = print_json(p->app, result);
    else if (p->csv)
        print_csv(result, p->csv_safe);
    else if (result->error != NULL)
        (void)cli_error(p->app, CLI_BAD_DATA, "%s: %s", result->image, result->error);
    else
        print_text(result);
}

/* Stops when stdout is broken, or a result could not be printed. */
static alexnet_go report_progress(void *user, const alexnet_progress *report)
{
    const printer *p = user;

    cli_progress_report(&p->app->progress, report);
    return ferror(stdout) || p->code != CLI_DONE ? ALEXNET_GO_STOP : ALEXNET_GO_ON;
}

static cli_exit predict(cli *app, predict_args *args, const cli_names *images)
{
    alexnet_predict_options *options = &args->options;
    const alexnet_run_size size = cli_run_size(&args->shared);
    printer out = {app, args->csv != 0, args->csv_safe != 0, CLI_DONE};
    int64_t count, failed;

    options->weights = app->words[0];
    options->orientation = (alexnet_orientation)args->orientation;
    options->struct_size = sizeof *options;
    options->size = &size;
    options->images = (const char *const *)images->items;
    options->image_count = images->count;
    options->result = print_result;
    options->result_user = &out;
    options->start = cli_note_start;
    options->start_user = app;
    options->progress = report_progress;
    options->progress_user = &out;
    if (args->csv) cli_print(stdout, "image,rank,index,label,probability,error\n");

    const alexnet_status status = alexnet_predict(app->ctx, options, &count, &failed);
    if (out.code != CLI_DONE) return out.code;
    if (status != ALEXNET_OK) return cli_fail(app, status);
    if (failed == 0) return CLI_DONE;
    return cli_error(app, CLI_BAD_DATA, "%lld of %lld %s could not be read", (long long)failed,
                     (long long)count, cli_noun((double)count, "image", "images"));
}

static cli_exit run_predict(cli *app, void *data)
{
    predict_args *args = data;
    cli_names images;

    if (app->common->json && args->csv)
        return cli_usage(app, "expected --json or --csv, found both");
    if (args->csv_safe && !args->csv) return cli_usage(app, "--csv-safe needs --csv");
    cli_exit code = cli_names_collect(app, 1, &images);

    if (code == CLI_DONE) code = predict(app, args, &images);
    cli_names_free(&images);
    return code;
}

static const cli_example examples[] = {
    {"alexnet predict run cat.jpg", "the five most likely classes, by a run's best weights"},
    {"alexnet predict run/best.safetensors photos/ --topk 1 --csv",
     "every image in a folder, as a table"},
    {"find . -name '*.jpg' -print0 | alexnet predict run/best.safetensors - --json",
     "names on standard input; one line of JSON for each image"},
    {0},
};

const cli_command command_predict = {
    .name = "predict",
    .words = "WEIGHTS IMAGE|DIR|-...",
    .summary = "classifies images",
    .examples = examples,
    .notes = {CLI_NAMES_NOTE,
              "Images that cannot be read are reported, and the exit status is then 65; all other "
              "images are classified.",
              CLI_BYTES_NOTE},
    .words_min = 2,
    .words_max = INT_MAX,
    .weights_words = 1,
    .options = predict_options,
    .args_bytes = sizeof(predict_args),
    .computes = true,
    .runs_weights = true,
    .run = run_predict,
};
