/*
 * cmd_data.c: alexnet data synth, verify and stats.
 * SPDX-License-Identifier: MIT
 */
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/show.h"

#include <string.h>

typedef struct data_args {
    cli_common common;
    alexnet_data_options options;
    alexnet_synth_options synth;
} data_args;

#define AT(member) offsetof(data_args, member)

/* ---- what a data set holds ---- */

/* {"HEIC":12} */
static json_t *passed_json(an_json_maker *m, const alexnet_data_info *info, int unread)
{
    json_t *kinds = an_json_object(m);

    for (size_t i = 0; i < info->passed_over_kinds; ++i)
        if (info->passed_over[i].unread == unread)
            an_json_set(m, kinds, info->passed_over[i].kind,
                        an_json_int(m, (json_int_t)info->passed_over[i].files));
    return kinds;
}

json_t *cli_data_json(an_json_maker *m, const char *data, const alexnet_data_info *info)
{
    json_t *classes = an_json_list(m);

    for (int i = 0; i < info->classes; ++i)
        an_json_add(m, classes,
                    an_json_pack(m, "{s:o, s:I}", "name", cli_json_text(m, info->class_names[i]),
                                 "images", (json_int_t)info->class_images[i]));
    return an_json_pack(m, "{s:i, s:o, s:s, s:I, s:I, s:o, s:o, s:o}", "schema", 1, "data",
                        cli_json_text(m, data), "kind", info->kind, "images",
                        (json_int_t)info->images, "ignored", (json_int_t)info->ignored, "unread",
                        passed_json(m, info, 1), "ignored_kinds", passed_json(m, info, 0),
                        "classes", classes);
}

/* "unread   15 images: 12 HEIC, 3 CR2" */
static void print_passed(const alexnet_data_info *info, int unread, const char *title,
                         const char *what)
{
    int64_t files = 0;
    char a[CLI_NUMBER];

    for (size_t i = 0; i < info->passed_over_kinds; ++i)
        if (info->passed_over[i].unread == unread) files += info->passed_over[i].files;
    if (files == 0) return;
    cli_print(stdout, "%s  %s %s", title, cli_thousands(files, a), what);
    for (size_t i = 0, said = 0; i < info->passed_over_kinds; ++i) {
        if (info->passed_over[i].unread != unread) continue;
        cli_print(stdout, "%s %s %s", said++ == 0 ? ":" : ",",
                  cli_thousands(info->passed_over[i].files, a), info->passed_over[i].kind);
    }
    cli_print(stdout, "\n");
}

void cli_data_print(const char *data, const alexnet_data_info *info)
{
    cli_table table = {.align = "rlr"};
    char a[CLI_NUMBER], b[CLI_NUMBER];

    cli_print(stdout, "data     ");
    cli_put(stdout, data);
    cli_print(stdout, " (%s)\n", info->kind);
    cli_print(stdout, "images   %s\n", cli_thousands(info->images, a));
    print_passed(info, 1, "unread ", "images in unsupported formats");
    print_passed(info, 0, "ignored", "other files");
    cli_print(stdout, "classes  %d\n\n", info->classes);
    for (int i = 0; i < info->classes; ++i) {
        snprintf(a, sizeof a, "%d", i);
        cli_table_row(&table, a, info->class_names[i], cli_thousands(info->class_images[i], b));
    }
    cli_table_print(&table, stdout, "  ");
    cli_table_free(&table);
}

static void prepare(cli *app, alexnet_data_options *options)
{
    options->struct_size = sizeof *options;
    options->data = app->words[0];
    options->progress = cli_progress_report;
    options->progress_user = &app->progress;
}

/* ---- verify ---- */

#define PART_OPTION                                                                                \
    {                                                                                              \
        "part", 0, CLI_TEXT, AT(options.part), 0, 0, "NAME",                                       \
            "only this split: train, val or test [everything]"                                     \
    }
#define WORKERS_OPTION                                                                             \
    {                                                                                              \
        "workers", 0, CLI_INT, AT(options.workers), 0, 64, "N",                                    \
            "threads that decode images [as needed]"                                               \
    }

static const cli_option verify_options[] = {
    PART_OPTION,
    WORKERS_OPTION,
    {0},
};

/* The bad images that the library reports. */
typedef struct bad_list {
    cli *app;
    json_t *files;
} bad_list;

static void on_bad(void *user, const char *path, const char *reason)
{
    bad_list *bad = user;

    cli_progress_clear(&bad->app->progress);
    if (bad->app->common->json) {
        an_json_maker *m = &bad->app->json;
        an_json_add(m, bad->files,
                    an_json_pack(m, "{s:o, s:o}", "path", cli_json_text(m, path), "reason",
                                 cli_json_text(m, reason)));
        return;
    }
    cli_put(stdout, path);
    cli_print(stdout, ": ");
    cli_put(stdout, reason);
    cli_print(stdout, "\n");
}

static cli_exit run_verify(cli *app, void *data)
{
    data_args *args = data;
    an_json_maker *m = &app->json;
    bad_list bad = {app, an_json_list(m)};
    alexnet_data_info info;
    char a[CLI_NUMBER], b[CLI_NUMBER];

    prepare(app, &args->options);
    args->options.skipped = on_bad;
    args->options.skipped_user = &bad;
    const alexnet_status status = alexnet_data_verify(app->ctx, &args->options, &info);
    if (status != ALEXNET_OK) {
        json_decref(bad.files);
        return cli_fail(app, status);
    }
    cli_progress_clear(&app->progress);
    cli_exit code = CLI_DONE;
    if (app->common->json) {
        json_t *document = cli_data_json(m, app->words[0], &info);
        an_json_set(m, document, "bad", an_json_int(m, info.bad));
        an_json_set(m, document, "files", json_incref(bad.files));
        code = cli_json_print(app, document);
    } else {
        cli_print(stdout, "%s %s, %s bad\n", cli_thousands(info.images, a),
                  cli_noun((double)info.images, "image", "images"), cli_thousands(info.bad, b));
        print_passed(&info, 1, "unread ", "images in unsupported formats");
        print_passed(&info, 0, "ignored", "other files");
    }
    if (info.bad > 0 && code == CLI_DONE) code = CLI_BAD_DATA;
    json_decref(bad.files);
    alexnet_data_info_free(app->ctx, &info);
    return code;
}

static const cli_example verify_examples[] = {
    {"alexnet data verify photos/",
     "decodes every image and lists those that cannot be read; status 65 if there are any"},
    {"alexnet data verify photos.tar --json", "the list as JSON"},
    {0},
};

const cli_command command_data_verify = {
    .name = "data verify",
    .words = "DATA",
    .summary = "decodes every image and lists the bad ones",
    .examples = verify_examples,
    .words_min = 1,
    .words_max = 1,
    .options = verify_options,
    .args_bytes = sizeof(data_args),
    .computes = true,
    .run = run_verify,
};

/* ---- stats ---- */

static const cli_option stats_options[] = {
    {"size", 0, CLI_INT, AT(options.size), 1, 65536, "N",
     "resize images to N x N first [as they are]"},
    PART_OPTION,
    WORKERS_OPTION,
    {0},
};

static json_t *three(an_json_maker *m, const double v[3])
{
    return an_json_pack(m, "[o,o,o]", an_json_real(m, v[0]), an_json_real(m, v[1]),
                        an_json_real(m, v[2]));
}

static cli_exit stats_json(cli *app, const alexnet_data_info *info)
{
    an_json_maker *m = &app->json;
    json_t *document = cli_data_json(m, app->words[0], info);

    an_json_set(m, document, "bad", an_json_int(m, info->bad));
    an_json_set(m, document, "mean", three(m, info->mean));
    an_json_set(m, document, "sd", three(m, info->sd));
    an_json_set(m, document, "eigenvalues", three(m, info->eigenvalues));
    an_json_set(m, document, "eigenvectors",
                an_json_pack(m, "[o,o,o]", three(m, info->eigenvectors[0]),
                             three(m, info->eigenvectors[1]), three(m, info->eigenvectors[2])));
    return cli_json_print(app, document);
}

static void stats_print(const char *data, const alexnet_data_info *info)
{
    cli_data_print(data, info);
    cli_print(stdout, "\n                     red     green      blue\n");
    cli_print(stdout, "mean            %8.5f  %8.5f  %8.5f\n", info->mean[0], info->mean[1],
              info->mean[2]);
    cli_print(stdout, "deviation       %8.5f  %8.5f  %8.5f\n", info->sd[0], info->sd[1],
              info->sd[2]);
    for (int i = 0; i < 3; ++i)
        cli_print(stdout, "component %d     %8.5f  %8.5f  %8.5f  variance %.5f\n", i + 1,
                  info->eigenvectors[i][0], info->eigenvectors[i][1], info->eigenvectors[i][2],
                  info->eigenvalues[i]);
}

static cli_exit run_stats(cli *app, void *data)
{
    data_args *args = data;
    alexnet_data_info info;
    cli_exit code = CLI_DONE;

    prepare(app, &args->options);
    args->options.skipped = cli_warn_skipped;
    args->options.skipped_user = app;
    const alexnet_status status = alexnet_data_stats(app->ctx, &args->options, &info);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    cli_progress_clear(&app->progress);
    if (app->common->json)
        code = stats_json(app, &info);
    else
        stats_print(app->words[0], &info);
    alexnet_data_info_free(app->ctx, &info);
    return code;
}

static const cli_example stats_examples[] = {
    {"alexnet data stats photos/",
     "mean, deviation and principal components of the colours; images of each class"},
    {"alexnet data stats photos/ --part train --size 224 --json",
     "of training images of one size, so that each has the same weight"},
    {0},
};

const cli_command command_data_stats = {
    .name = "data stats",
    .words = "DATA",
    .summary = "colour statistics and class counts",
    .examples = stats_examples,
    .words_min = 1,
    .words_max = 1,
    .options = stats_options,
    .args_bytes = sizeof(data_args),
    .computes = true,
    .run = run_stats,
};

/* ---- synth ---- */

static const cli_option synth_options[] = {
    {"out", 'o', CLI_PATH, AT(synth.out), 0, 0, "DIR", "folder to create; required"},
    {"classes", 0, CLI_INT, AT(synth.classes), 1, 12, "N", "number of classes [6]"},
    {"train-images", 0, CLI_INT, AT(synth.train_images), 1, 1000000, "N",
     "training images of each class [200]"},
    {"val-images", 0, CLI_INT, AT(synth.val_images), 1, 1000000, "N",
     "validation images of each class [40]"},
    {"size", 0, CLI_INT, AT(synth.size), 8, 4096, "N", "height and width in pixels [224]"},
    {"force", 'f', CLI_FLAG, AT(synth.force), 0, 0, NULL, "replace the folder if it exists"},
    {0},
};

static cli_exit run_synth(cli *app, void *data)
{
    data_args *args = data;
    alexnet_synth_options *synth = &args->synth;
    const alexnet_data_options options = {.struct_size = sizeof options, .data = synth->out};
    alexnet_data_info info;
    char a[CLI_NUMBER];
    cli_exit code = CLI_DONE;

    if (synth->out == NULL) return cli_usage(app, "expected --out DIR");
    synth->struct_size = sizeof *synth;
    synth->seed = (uint64_t)app->common->seed;
    synth->progress = cli_progress_report;
    synth->progress_user = &app->progress;
    alexnet_status status = alexnet_data_synth(app->ctx, synth);
    if (status == ALEXNET_OK) status = alexnet_data_inspect(app->ctx, &options, &info);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    cli_progress_clear(&app->progress);
    if (app->common->json) {
        code = cli_json_print(app, cli_data_json(&app->json, synth->out, &info));
    } else {
        cli_put(stdout, synth->out);
        cli_print(stdout, ": %s %s in %d %s\n", cli_thousands(info.images, a),
                  cli_noun((double)info.images, "image", "images"), info.classes,
                  cli_noun(info.classes, "class", "classes"));
    }
    alexnet_data_info_free(app->ctx, &info);
    return code;
}

static const cli_example synth_examples[] = {
    {"alexnet data synth -o shapes",
     "1,440 images of simple shapes, in shapes/train and shapes/val"},
    {"alexnet data synth -o tiny --size 32 --classes 3 --train-images 50 --val-images 10",
     "a smaller set"},
    {0},
};

const cli_command command_data_synth = {
    .name = "data synth",
    .words = "",
    .summary = "draws a small data set of simple shapes",
    .examples = synth_examples,
    .options = synth_options,
    .args_bytes = sizeof(data_args),
    .computes = true,
    .run = run_synth,
};
