/*
 * cmd_eval.c: alexnet eval: evaluates weights on labelled images.
 * SPDX-License-Identifier: MIT
 */
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/run.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct eval_args {
    cli_weights shared;
    alexnet_evaluate_options options;
    int crops;        /* 1: one, 2: ten */
    int on_bad_image; /* 1: fail, 2: skip */
    int orientation;  /* alexnet_orientation */
    int per_class;
} eval_args;

#define AT(member) offsetof(eval_args, member)
static const cli_option eval_options[] = {
    {"crops", 0, CLI_CHOICE, AT(crops), 0, 0, "1|10",
     "crops of each image: the centre; or four corners, the centre, and their mirror images [1]"},
    {"batch", 'b', CLI_INT, AT(options.batch), 1, 65536, "N",
     "images at a time; with ten crops a tenth of that [64]"},
    {"per-class", 0, CLI_FLAG, AT(per_class), 0, 0, NULL, "print the accuracy of each class"},
    {"predictions", 0, CLI_PATH, AT(options.predictions), 0, 0, "FILE",
     "write the prediction for each image: .csv or .jsonl"},
    {"confusion", 0, CLI_PATH, AT(options.confusion), 0, 0, "FILE",
     "write the confusion matrix: .csv, or .svg for an image"},
    {"csv-safe", 0, CLI_FLAG, AT(options.csv_safe), 0, 0, NULL, CLI_CSV_SAFE_HELP},
    {"orientation", 0, CLI_CHOICE, AT(orientation), 0, 0, CLI_ORIENTATIONS, CLI_ORIENTATION_HELP},
    {"workers", 0, CLI_INT, AT(options.workers), 0, 64, "N",
     "threads that decode images [as needed]"},
    {"on-bad-image", 0, CLI_CHOICE, AT(on_bad_image), 0, 0, "fail|skip",
     "what to do with unreadable images [skip, but at most 1 %]"},
    {0},
};
#undef AT

static json_t *pack_each(cli *app, const alexnet_evaluate_result *r)
{
    an_json_maker *m = &app->json;
    json_t *each = an_json_list(m);

    for (int i = 0; i < app->word_count - 1; ++i)
        an_json_add(m, each,
                    an_json_pack(m, "{s:o, s:o, s:o, s:o}", "weights",
                                 cli_json_text(m, app->given[i]), "top1",
                                 an_json_real(m, r->each[i].top1), "top5",
                                 an_json_real(m, r->each[i].top5), "loss",
                                 an_json_real(m, r->each[i].loss)));
    return each;
}

static cli_exit print_json(cli *app, const eval_args *args, const alexnet_evaluate_result *r)
{
    an_json_maker *m = &app->json;
    json_t *document = an_json_pack(
        m, "{s:i, s:I, s:o, s:o, s:o, s:i, s:I, s:o, s:I, s:I}", "schema", 1, "images",
        (json_int_t)r->images, "loss", an_json_real(m, r->loss), "top1", an_json_real(m, r->top1),
        "top5", an_json_real(m, r->top5), "crops", r->crops, "skipped", (json_int_t)r->skipped,
        "images_per_second", an_json_real(m, r->images_per_second), "memory_bytes",
        (json_int_t)r->memory_bytes, "peak_rss_bytes", (json_int_t)r->peak_rss_bytes);

    if (r->each != NULL) an_json_set(m, document, "each", pack_each(app, r));
    if (args->per_class) {
        json_t *classes = an_json_list(m);
        for (int i = 0; i < r->classes; ++i)
            an_json_add(m, classes,
                        an_json_pack(m, "{s:o, s:I, s:I}", "label",
                                     cli_json_text(m, r->per_class[i].label), "images",
                                     (json_int_t)r->per_class[i].images, "correct",
                                     (json_int_t)r->per_class[i].correct));
        an_json_set(m, document, "classes", classes);
    }
    return cli_json_print(app, document);
}

static void print_classes(const alexnet_evaluate_result *r)
{
    cli_table table = {.align = "lrrr"};
    char a[CLI_NUMBER], b[CLI_NUMBER], c[CLI_NUMBER];

    cli_table_row(&table, "class", "images", "correct", "top-1");
    for (int i = 0; i < r->classes; ++i) {
        const alexnet_class_result *class = &r->per_class[i];
        cli_table_row(
            &table, class->label, cli_thousands(class->images, a), cli_thousands(class->correct, b),
            class->images > 0 ? cli_percent((double)class->correct / (double)class->images, c)
                              : "-");
    }
    cli_table_print(&table, stdout, "");
    cli_table_free(&table);
    cli_print(stdout, "\n");
}

/* Prints the result of each of several weights. */
static void print_each(const cli *app, const alexnet_evaluate_result *r)
{
    const bool five = r->classes > ALEXNET_TOP5_CLASSES;
    cli_table table = {.align = "lrrr"};
    char a[CLI_NUMBER], b[CLI_NUMBER], c[CLI_NUMBER];

    cli_table_row(&table, "alone", "loss", "top-1", five ? "top-5" : "");
    for (int i = 0; i < app->word_count - 1; ++i) {
        const alexnet_weights_result *each = &r->each[i];
        cli_table_row(&table, app->given[i], cli_fixed(each->loss, 4, a),
                      cli_percent(each->top1, b), five ? cli_percent(each->top5, c) : "");
    }
    cli_table_print(&table, stdout, "");
    cli_table_free(&table);
    cli_print(stdout, "\n");
}

static cli_exit print_result(cli *app, const eval_args *args, const alexnet_evaluate_result *r)
{
    char a[CLI_NUMBER], b[CLI_NUMBER];

    if (app->common->json) return print_json(app, args, r);
    if (args->per_class) print_classes(r);
    if (r->each != NULL) print_each(app, r);
    cli_print(stdout, "images  %s", cli_thousands(r->images, a));
    if (r->skipped > 0) cli_print(stdout, ", %s more unreadable", cli_thousands(r->skipped, a));
    cli_print(stdout, "\nloss    %s\n", cli_fixed(r->loss, 4, a));
    cli_print(stdout, "top-1   %s right, %s wrong\n", cli_percent(r->top1, a),
              cli_percent(1 - r->top1, b));
    if (r->classes > ALEXNET_TOP5_CLASSES)
        cli_print(stdout, "top-5   %s right, %s wrong\n", cli_percent(r->top5, a),
                  cli_percent(1 - r->top5, b));
    cli_print(stdout, "crops   %d\nspeed   %.0f images/s\n", r->crops, r->images_per_second);
    return CLI_DONE;
}

/* Refuses a run as the last of several arguments, which must be data. */
static cli_exit check_words(cli *app)
{
    const char *last = app->words[app->word_count - 1];

    bool run;

    if (app->word_count == 1) return CLI_DONE;
    const alexnet_status status = cli_is_run(app->ctx, last, &run);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    return run ? cli_usage(app, "'%s' is a run, not data: name the data last", last) : CLI_DONE;
}

static bool is_csv(const char *path)
{
    const char *dot = path != NULL ? strrchr(path, '.') : NULL;

    return dot != NULL && strcasecmp(dot, ".csv") == 0;
}

static cli_exit run_eval(cli *app, void *data)
{
    eval_args *args = data;
    alexnet_evaluate_options *options = &args->options;
    const alexnet_run_size size = cli_run_size(&args->shared);
    alexnet_evaluate_result result;
    const cli_exit usable = check_words(app);
    if (usable != CLI_DONE) return usable;
    if (options->csv_safe && !is_csv(options->predictions) && !is_csv(options->confusion))
        return cli_usage(app, "--csv-safe needs --predictions or --confusion FILE.csv");
    const bool with_data = app->word_count > 1; /* else the validation images of the run */
    const int count = app->word_count - with_data;
    const char **weights = cli_allocate((size_t)count, sizeof *weights);

    for (int i = 0; i < count; ++i)
        weights[i] = app->words[i];
    options->weights = weights;
    options->weights_count = (size_t)count;
    options->data = with_data ? app->words[count] : NULL;
    options->crops = args->crops == 2 ? 10 : 1;
    options->orientation = (alexnet_orientation)args->orientation;
    options->struct_size = sizeof *options;
    options->size = &size;
    options->on_bad_image = (alexnet_bad_image)args->on_bad_image;
    options->progress = cli_progress_report;
    options->progress_user = &app->progress;
    options->skipped = cli_warn_skipped;
    options->skipped_user = app;
    options->start = cli_note_start;
    options->start_user = app;

    const alexnet_status status = alexnet_evaluate(app->ctx, options, &result);
    free(weights);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    cli_progress_clear(&app->progress);
    const cli_exit code = print_result(app, args, &result);
    alexnet_evaluate_result_free(app->ctx, &result);
    return code;
}

static const cli_example examples[] = {
    {"alexnet eval run", "accuracy of a run's best weights on the images that it held back"},
    {"alexnet eval run photos/val", "on a folder of class folders"},
    {"alexnet eval run/best.safetensors photos/val --crops 10 --per-class",
     "ten crops of each image; accuracy by class"},
    {"alexnet eval a.safetensors b.safetensors photos/val", "the mean of two networks"},
    {"alexnet eval run/best.safetensors photos/val --predictions out.csv",
     "also writes the prediction for each image"},
    {"alexnet eval run/best.safetensors photos/val --confusion confusion.svg",
     "also draws the confusion matrix"},
    {0},
};

const cli_command command_eval = {
    .name = "eval",
    .words = "WEIGHTS... [DATA]",
    .summary = "evaluates weights on labelled images: top-1, top-5, loss",
    .examples = examples,
    .notes =
        {"The order of classes comes from the weights and is checked against the data by name.",
         "A run folder means its best.safetensors, or its last.safetensors if there is no "
         "best. Without DATA, it is evaluated on the run's validation images.",
         "Of DATA with splits, 'val' (valid, validation, dev) is evaluated, else 'test'. Messages "
         "name what is not used, and warn if training images are evaluated.",
         CLI_BYTES_NOTE},
    .words_min = 1,
    .words_max = INT_MAX,
    .weights_words = INT_MAX,
    .options = eval_options,
    .args_bytes = sizeof(eval_args),
    .computes = true,
    .runs_weights = true,
    .run = run_eval,
};
