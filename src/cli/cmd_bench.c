/*
 * cmd_bench.c: alexnet bench train, infer and latency: the speed of training and inference here.
 *
 * Includes internal headers of the library: it times whole steps as the trainer runs them. Images
 * are pseudo-random numbers, never zeros. Times are medians over the steps after warm-up. gflops
 * counts the operations of the direct algorithm, whichever algorithm runs: 2 per MAC of the
 * forward pass; in training three times that, less the data gradient of the first layer, which is
 * not computed.
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/rng.h"
#include "base/status.h"
#include "cli/bench.h"
#include "cli/output.h"
#include "core/plan_cost.h"
#include "core/session.h"
#include "cpu/peak.h"
#include "train/optimiser.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define AT(member) offsetof(cli_bench_args, member)
#define MODEL      CLI_TEXT, AT(model), 0, 0, "MODEL", "family, see 'alexnet info' [torchvision]"
#define BATCH      CLI_INT, AT(batch), 1, 65536, "N", "images per step "
#define STEPS      CLI_INT, AT(steps), 1, 1000000, "N", "measured steps "
#define WARM_UP    CLI_INT, AT(warm_up), 0, 1000000, "N", "warm-up steps before those [3]"
#define LAYERS                                                                                     \
    CLI_FLAG, AT(layers), 0, 0, NULL,                                                              \
        "also print a row for each layer and pass, with its estimated time"
static const cli_option bench_options[] = {
    {"model", 'm', MODEL},   {"batch", 'b', BATCH "[128]"}, {"steps", 0, STEPS "[10]"},
    {"warm-up", 0, WARM_UP}, {"layers", 0, LAYERS},         {0},
};
static const cli_option latency_options[] = {
    {"model", 'm', MODEL},   {"batch", 'b', BATCH "[1]"}, {"steps", 0, STEPS "[50]"},
    {"warm-up", 0, WARM_UP}, {"layers", 0, LAYERS},       {0},
};
#undef AT

/* ---- what the benchmarks share ---- */

void cli_bench_defaults(void *data)
{
    cli_bench_args *args = data;

    args->model = "torchvision";
    args->warm_up = 3;
}

void cli_bench_counts(cli_bench_args *args, int batch, int steps)
{
    args->batch = args->batch > 0 ? args->batch : batch;
    args->steps = args->steps > 0 ? args->steps : steps;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double cli_bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void cli_bench_progress(cli *app, const cli_bench_args *args, int step)
{
    const alexnet_progress report =
        an_progress("bench", (int64_t)args->batch * (args->warm_up + step),
                    (int64_t)args->batch * (args->warm_up + args->steps), 0);

    (void)cli_progress_report(&app->progress, &report);
}

int64_t cli_bench_peak_rss_bytes(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) == 0 ? (int64_t)usage.ru_maxrss * 1024 : 0;
}

/* ---- what is timed ---- */

/* A network with everything that its steps need. */
typedef struct bench {
    alexnet_context *ctx;
    alexnet_model *model;
    alexnet_session *session;
    int batch;
    float *images;          /* [batch][c][h][w] */
    float *probs;           /* [batch][classes] */
    int32_t *labels;        /* [batch] */
    an_optimiser optimiser; /* training */
    int64_t step;
    an_profile profile; /* seconds, summed over the measured steps; [node_count] each */
    double peak_gflops; /* with --layers: the tier's peak, measured after the steps */
} bench;

static void close_bench(bench *b)
{
    alexnet_session_close(b->session);
    an_free(b->ctx, b->images);
    an_free(b->ctx, b->probs);
    an_free(b->ctx, b->labels);
    an_optimiser_close(b->ctx, &b->optimiser);
    an_free(b->ctx, b->profile.forward);
    an_free(b->ctx, b->profile.backward);
    alexnet_model_free(b->model);
}

/* Draws images as they are after preprocessing: mean 0, deviation 1; and random labels. */
static void draw_inputs(bench *b, size_t values, int classes, uint64_t seed)
{
    an_stream stream = an_stream_open(seed, AN_PURPOSE_BENCH, 0, 0);

    for (size_t i = 0; i < values; ++i)
        b->images[i] = an_random_normal(&stream);
    for (int i = 0; i < b->batch; ++i)
        b->labels[i] = (int32_t)an_random_below(&stream, (uint32_t)classes);
}

/* The cost of an update depends only on its rule. */
static const an_recipe recipe = {
    .momentum = 0.9, .weight_decay = 5e-4, .bias_lr = 1, .bias_decay = 1};

static alexnet_status open_bench(bench *b, const cli_bench_args *args, bool training)
{
    const uint64_t seed = (uint64_t)args->network.common.seed;
    alexnet_model_info info;

    AN_TRY(alexnet_model_create(b->ctx, args->model, &args->network.model, seed, &b->model));
    alexnet_model_get_info(b->model, &info);
    const size_t pixels = (size_t)info.input[0] * (size_t)info.input[1] * (size_t)info.input[2];
    b->images = an_new_array(b->ctx, (size_t)b->batch, pixels * sizeof(float));
    b->probs = an_new_array(b->ctx, (size_t)b->batch, (size_t)info.classes * sizeof(float));
    b->labels = an_new_array(b->ctx, (size_t)b->batch, sizeof *b->labels);
    b->profile.forward = an_new_array(b->ctx, (size_t)b->model->node_count, sizeof(double));
    b->profile.backward = an_new_array(b->ctx, (size_t)b->model->node_count, sizeof(double));
    if (b->images == NULL || b->probs == NULL || b->labels == NULL || b->profile.forward == NULL ||
        b->profile.backward == NULL)
        return an_fail(b->ctx, ALEXNET_NO_MEMORY, "images for a batch of %d", b->batch);
    draw_inputs(b, (size_t)b->batch * pixels, info.classes, seed);
    if (!training) return an_session_open_exclusive(b->model, b->batch, NULL, &b->session);
    AN_TRY(an_optimiser_open(b->model, &recipe, &b->optimiser));
    return an_optimiser_open_session(&recipe, b->model, b->batch, 0, seed, &b->session);
}

static alexnet_status run_step(bench *b, bool training)
{
    const an_rates rates = {.weights = 0.001, .biases = 0.001, .step = b->step++};
    const an_batch batch = {.images = b->images, .labels = b->labels, .n = b->batch};
    double loss;

    if (!training) return alexnet_session_run(b->session, b->images, b->batch, b->probs);
    return an_optimiser_train(&b->optimiser, b->session, b->model, &rates, &batch, &loss, NULL);
}

/* ---- measuring ---- */

/* Sets *seconds to the median time of a step. */
static alexnet_status time_steps(cli *app, bench *b, const cli_bench_args *args, bool training,
                                 double *seconds)
{
    double *times = cli_allocate((size_t)args->steps, sizeof *times);
    alexnet_status status = ALEXNET_OK;

    for (int i = -args->warm_up; i < args->steps && status == ALEXNET_OK; ++i) {
        cli_bench_progress(app, args, i);
        if (i == 0 && args->layers) an_session_profile(b->session, &b->profile);
        const double start = cli_now();
        status = run_step(b, training);
        if (i >= 0) times[i] = cli_now() - start;
    }
    if (status == ALEXNET_OK) *seconds = cli_bench_median(times, (size_t)args->steps);
    free(times);
    return status;
}

/* Multiply-accumulates of one step. */
static double macs_of_step(const alexnet_model *model, int batch, bool training)
{
    alexnet_model_info info;
    int64_t first = 0; /* MACs of the first layer that has any */

    alexnet_model_get_info(model, &info);
    for (int i = 0; i < model->node_count && first == 0; ++i)
        if (model->nodes[i].def->macs != NULL) first = model->nodes[i].def->macs(&model->nodes[i]);
    return batch * (training ? 3 * (double)info.macs - (double)first : (double)info.macs);
}

/* ---- layer by layer ---- */

/* One row: a layer's forward or backward pass in one step, the mean over the measured steps. */
typedef struct layer_row {
    const an_node *node;
    const char *pass;
    char algorithm[64]; /* of both gradients, if they differ */
    double seconds, predicted;
    double gflops, share; /* share: fraction of the peak; 0: not counted */
    bool slow;
} layer_row;

/* Measured over estimated time: above this ratio, a layer is marked as slow. */
#define SLOW 3

/* The estimates of the plan. */
typedef struct forecast {
    an_pass_estimate *rows;
    int count;
} forecast;

static forecast forecast_of(const bench *b)
{
    const an_plan *plan = an_session_plan(b->session);
    forecast f = {.rows = cli_allocate(3 * (size_t)plan->step_count, sizeof *f.rows)};

    f.count = an_plan_estimate(plan, f.rows);
    return f;
}

/* Adds a layer's passes in one direction: their estimated times, operations and algorithms. */
static void add_forecast(const forecast *f, bool forward, layer_row *row, double *macs)
{
    for (const an_pass_estimate *p = f->rows; p < f->rows + f->count; ++p) {
        if (p->step->node != row->node || p->is_forward != forward) continue;
        row->predicted += p->cost.seconds;
        *macs += p->macs;
        if (p->algorithm == NULL || strstr(row->algorithm, p->algorithm) != NULL) continue;
        const size_t used = strlen(row->algorithm);
        snprintf(row->algorithm + used, sizeof row->algorithm - used, "%s%s", used > 0 ? ", " : "",
                 p->algorithm);
    }
}

/* Fills in row `index` of 2 * node_count, in the order of execution; false: nothing runs there. */
static bool get_layer_row(const bench *b, const forecast *f, int steps, int index, layer_row *row)
{
    const int count = b->model->node_count;
    const bool forward = index < count;
    const int i = forward ? index : 2 * count - 1 - index;
    double macs = 0;

    *row = (layer_row){.node = &b->model->nodes[i], .pass = forward ? "forward" : "backward"};
    row->seconds = (forward ? b->profile.forward : b->profile.backward)[i] / steps;
    if (!(row->seconds > 0)) return false;
    add_forecast(f, forward, row, &macs);
    row->gflops = 2e-9 * macs / row->seconds;
    row->share = row->gflops / b->peak_gflops;
    row->slow = row->predicted > 0 && row->seconds > SLOW * row->predicted;
    return true;
}

static json_t *layers_json(an_json_maker *m, const bench *b, int steps)
{
    const forecast f = forecast_of(b);
    json_t *rows = an_json_list(m);
    layer_row row;

    for (int i = 0; i < 2 * b->model->node_count; ++i)
        if (get_layer_row(b, &f, steps, i, &row))
            an_json_add(
                m, rows,
                an_json_pack(m, "{s:s, s:s, s:s, s:f, s:o, s:f, s:f, s:b}", "name", row.node->name,
                             "pass", row.pass, "algorithm", row.algorithm, "milliseconds",
                             1e3 * row.seconds, "predicted_milliseconds",
                             row.predicted > 0 ? an_json_real(m, 1e3 * row.predicted) : json_null(),
                             "gflops", row.gflops, "peak_share", row.share, "slow", row.slow));
    free(f.rows);
    return rows;
}

static void print_layers(const bench *b, int steps)
{
    const forecast f = forecast_of(b);
    char ms[CLI_NUMBER], predicted[CLI_NUMBER], gflops[CLI_NUMBER], share[CLI_NUMBER];
    cli_table table = {.align = "llllrrrrl"};
    layer_row row;

    cli_table_row(&table, "layer", "type", "pass", "algorithm", "ms", "estimated", "GFLOP/s",
                  "of peak", "");
    for (int i = 0; i < 2 * b->model->node_count; ++i) {
        if (!get_layer_row(b, &f, steps, i, &row)) continue;
        gflops[0] = share[0] = '\0';
        snprintf(ms, sizeof ms, "%.3f", 1e3 * row.seconds);
        snprintf(predicted, sizeof predicted, row.predicted > 0 ? "%.3f" : "-",
                 1e3 * row.predicted);
        if (row.gflops > 0) { /* its operations were counted */
            snprintf(gflops, sizeof gflops, "%.1f", row.gflops);
            snprintf(share, sizeof share, "%.0f %%", 100 * row.share);
        }
        cli_table_row(&table, row.node->name, row.node->def->name, row.pass, row.algorithm, ms,
                      predicted, gflops, share, row.slow ? "slow" : "");
    }
    cli_print(stdout, "\n");
    cli_table_print(&table, stdout, "");
    cli_print(stdout, "fp32 peak %.0f GFLOP/s\n", b->peak_gflops);
    cli_table_free(&table);
    free(f.rows);
}

static cli_exit print_result(cli *app, const char *task, const cli_bench_args *args, const bench *b,
                             bool training, double seconds)
{
    const double gflops = 2e-9 * macs_of_step(b->model, b->batch, training) / seconds;
    alexnet_machine machine;
    char a[CLI_NUMBER];

    const alexnet_status status = alexnet_get_machine(app->ctx, &machine);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    if (app->common->json) {
        an_json_maker *m = &app->json;
        json_t *result =
            an_json_pack(m, "{s:i, s:s, s:s, s:s, s:i, s:i, s:s, s:f, s:f, s:f, s:I}", "schema", 1,
                         "task", task, "model", args->model, "dtype", cli_dtype(app), "batch",
                         b->batch, "threads", machine.threads, "tier", machine.tier, "milliseconds",
                         1e3 * seconds, "images_per_second", b->batch / seconds, "gflops", gflops,
                         "peak_rss_bytes", (json_int_t)cli_bench_peak_rss_bytes());
        if (args->layers) {
            an_json_set(m, result, "peak_gflops", an_json_real(m, b->peak_gflops));
            an_json_set(m, result, "layers", layers_json(m, b, args->steps));
        }
        return cli_json_print(app, result);
    }
    cli_print(stdout, "%s %s, %s, batch %d, %d %s, %s\n", task, args->model, cli_dtype(app),
              b->batch, machine.threads, cli_noun(machine.threads, "thread", "threads"),
              machine.tier);
    cli_print(stdout, "time    %.3f ms a step, median of %d\n", 1e3 * seconds, args->steps);
    cli_print(stdout, "rate    %.1f images/s\n", b->batch / seconds);
    cli_print(stdout, "work    %.1f GFLOP/s\n", gflops);
    cli_print(stdout, "memory  %s at most\n", cli_bytes(cli_bench_peak_rss_bytes(), a));
    if (args->layers) print_layers(b, args->steps);
    return CLI_DONE;
}

static cli_exit run_task(cli *app, cli_bench_args *args, const char *task, bool training)
{
    bench b = {.ctx = app->ctx, .batch = args->batch};
    double seconds = 0;
    cli_exit code;

    alexnet_status status = open_bench(&b, args, training);
    if (status == ALEXNET_OK) status = time_steps(app, &b, args, training, &seconds);
    if (args->layers && status == ALEXNET_OK)
        b.peak_gflops = an_cpu_peak_gflops(an_context_backend(app->ctx), app->ctx->options.threads);
    cli_progress_clear(&app->progress);
    code = status == ALEXNET_OK ? print_result(app, task, args, &b, training, seconds)
                                : cli_fail(app, status);
    close_bench(&b);
    return code;
}

static cli_exit run_train(cli *app, void *args)
{
    cli_bench_counts(args, 128, 10);
    return run_task(app, args, "train", true);
}

static cli_exit run_infer(cli *app, void *args)
{
    cli_bench_counts(args, 128, 10);
    return run_task(app, args, "infer", false);
}

static cli_exit run_latency(cli *app, void *args)
{
    cli_bench_counts(args, 1, 50);
    return run_task(app, args, "latency", false);
}

/* ---- the commands ---- */

static const cli_example train_examples[] = {
    {"alexnet bench train", "AlexNet, 128 images per step: forward, loss, backward, update"},
    {"alexnet bench train --model cifar-19pct --threads 1 --json",
     "another network, one thread, as JSON"},
    {0},
};

const cli_command command_bench_train = {
    .name = "bench train",
    .words = "",
    .summary = "speed of training steps, without loading",
    .examples = train_examples,
    .options = bench_options,
    .args_bytes = sizeof(cli_bench_args),
    .computes = true,
    .builds = true,
    .defaults = cli_bench_defaults,
    .run = run_train,
};

static const cli_example infer_examples[] = {
    {"alexnet bench infer", "AlexNet, 128 images at a time"},
    {"alexnet bench infer --cpu avx2 --json", "with AVX2 at most, as JSON"},
    {0},
};

const cli_command command_bench_infer = {
    .name = "bench infer",
    .words = "",
    .summary = "speed of inference with many images at a time",
    .examples = infer_examples,
    .options = bench_options,
    .args_bytes = sizeof(cli_bench_args),
    .computes = true,
    .builds = true,
    .defaults = cli_bench_defaults,
    .run = run_infer,
};

static const cli_example latency_examples[] = {
    {"alexnet bench latency", "how long one image takes"},
    {0},
};

const cli_command command_bench_latency = {
    .name = "bench latency",
    .words = "",
    .summary = "how long one image takes",
    .examples = latency_examples,
    .options = latency_options,
    .args_bytes = sizeof(cli_bench_args),
    .computes = true,
    .builds = true,
    .defaults = cli_bench_defaults,
    .run = run_latency,
};
