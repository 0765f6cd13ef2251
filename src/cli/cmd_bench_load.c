/*
 * cmd_bench_load.c: alexnet bench load: the speed of reading, decoding and preprocessing images
 * with the loader that training uses, when no training step keeps it waiting.
 *
 * The loader works ahead, so that a single batch comes at once or late; the time of a batch is
 * therefore the mean over the measured steps.
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "base/status.h"
#include "base/team.h"
#include "cli/bench.h"
#include "cli/output.h"
#include "data/loader.h"
#include "infer/network.h"

typedef struct load_args {
    cli_bench_args bench;
    const char *augment;
    int workers;
} load_args;

#define AT(member) offsetof(load_args, member)
static const cli_option load_options[] = {
    {"model", 'm', CLI_TEXT, AT(bench.model), 0, 0, "MODEL",
     "family whose preprocessing is used, see 'alexnet info' [torchvision]"},
    {"augment", 0, CLI_TEXT, AT(augment), 0, 0, "NAME,...",
     "augmentations as in training: crop, flip, rrc ... [none]"},
    {"workers", 0, CLI_INT, AT(workers), 0, ALEXNET_WORKERS_MAX, "N",
     "threads that decode images [as needed]"},
    {"batch", 'b', CLI_INT, AT(bench.batch), 1, 65536, "N", "images per step [128]"},
    {"steps", 0, CLI_INT, AT(bench.steps), 1, 1000000, "N", "measured steps [10]"},
    {"warm-up", 0, CLI_INT, AT(bench.warm_up), 0, 1000000, "N", "warm-up steps before those [3]"},
    {0},
};
#undef AT

static void defaults(void *data)
{
    load_args *args = data;

    cli_bench_defaults(&args->bench);
    args->augment = "none";
}

/* A loader with what it borrows, and the measurements. */
typedef struct load {
    alexnet_context *ctx;
    alexnet_model *model; /* described only: its preprocessing record is used */
    an_source *source;
    an_preprocess record;
    an_augment augment;
    an_loader *loader;
    int64_t images;
    double seconds;
    int workers;
    size_t skipped;
} load;

static void close_load(load *l)
{
    an_loader_close(l->loader);
    an_source_close(l->source);
    alexnet_model_free(l->model);
}

static alexnet_status open_load(load *l, const load_args *args, const char *data)
{
    const cli_bench_args *bench = &args->bench;
    an_loader_options options = {
        .views = 1,
        .batch = bench->batch,
        .shuffle = true,
        .seed = (uint64_t)bench->network.common.seed,
        .repeat = true,
        .workers = args->workers > 0 ? args->workers : -1,
        .skip_bad = true,
        .skip_max = -1,
        .augment = &l->augment,
    };

    AN_TRY(an_source_open(l->ctx, data, AN_PART_TRAIN, &l->source));
    AN_TRY(alexnet_model_describe(l->ctx, bench->model, &bench->network.model, &l->model));
    AN_TRY(an_preprocess_parse(l->ctx, l->model->preprocess, &l->record));
    AN_TRY(an_augment_parse(l->ctx, args->augment, &l->augment));
    /* There is no mean image; subtracting a constant takes the same time. */
    l->record.subtract_image = false;
    options.source = l->source;
    options.count = an_source_count(l->source);
    an_network_set_input(l->model, &l->record, &options);
    AN_TRY(an_loader_open(l->ctx, &options, &l->loader));
    l->workers = an_loader_workers(l->loader);
    return ALEXNET_OK;
}

static alexnet_status run_load(cli *app, load *l, const cli_bench_args *args)
{
    const an_batch *batch;
    const an_bad_image *bad;
    double start = cli_now();

    for (int i = -args->warm_up; i < args->steps; ++i) {
        cli_bench_progress(app, args, i);
        if (i == 0) start = cli_now();
        AN_TRY(an_loader_next(l->loader, &batch));
        if (i >= 0) l->images += batch->n;
    }
    l->seconds = cli_now() - start;
    l->skipped = an_loader_bad(l->loader, &bad);
    return ALEXNET_OK;
}

static cli_exit print_result(cli *app, const load *l, const cli_bench_args *args)
{
    const double milliseconds = 1e3 * l->seconds / args->steps;
    const double rate = l->seconds > 0 ? (double)l->images / l->seconds : 0;
    char a[CLI_NUMBER];

    if (app->common->json)
        return cli_json_print(
            app, an_json_pack(
                     &app->json, "{s:i, s:s, s:o, s:s, s:i, s:i, s:f, s:f, s:I, s:I}", "schema", 1,
                     "task", "load", "data", cli_json_text(&app->json, app->words[0]), "model",
                     args->model, "batch", args->batch, "workers", l->workers, "milliseconds",
                     milliseconds, "images_per_second", rate, "skipped", (json_int_t)l->skipped,
                     "peak_rss_bytes", (json_int_t)cli_bench_peak_rss_bytes()));
    cli_print(stdout, "load ");
    cli_put(stdout, app->words[0]);
    cli_print(stdout, " for %s, batch %d, %d %s\n", args->model, args->batch, l->workers,
              cli_noun(l->workers, "worker", "workers"));
    cli_print(stdout, "time    %.3f ms a batch, mean of %d\n", milliseconds, args->steps);
    cli_print(stdout, "rate    %.1f images/s\n", rate);
    cli_print(stdout, "memory  %s at most\n", cli_bytes(cli_bench_peak_rss_bytes(), a));
    if (l->skipped > 0)
        cli_print(stdout, "skipped %zu unreadable %s\n", l->skipped,
                  cli_noun((double)l->skipped, "image", "images"));
    return CLI_DONE;
}

static cli_exit run(cli *app, void *data)
{
    load_args *args = data;
    load l = {.ctx = app->ctx};

    cli_bench_counts(&args->bench, 128, 10);
    alexnet_status status = open_load(&l, args, app->words[0]);
    if (status == ALEXNET_OK) status = run_load(app, &l, &args->bench);
    cli_progress_clear(&app->progress);
    const cli_exit code =
        status == ALEXNET_OK ? print_result(app, &l, &args->bench) : cli_fail(app, status);
    close_load(&l);
    return code;
}

static const cli_example examples[] = {
    {"alexnet bench load photos/", "how fast the training images are read and preprocessed"},
    {"alexnet bench load photos.tar --augment rrc,flip --workers 4 --json",
     "augmented as in a training run, on four threads, as JSON"},
    {0},
};

const cli_command command_bench_load = {
    .name = "bench load",
    .words = "DATA",
    .summary = "speed of reading and preprocessing images",
    .examples = examples,
    .words_min = 1,
    .words_max = 1,
    .options = load_options,
    .args_bytes = sizeof(load_args),
    .computes = true,
    .builds = true,
    .defaults = defaults,
    .run = run,
};
