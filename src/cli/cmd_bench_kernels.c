/*
 * cmd_bench_kernels.c: alexnet bench kernels: times each kernel call of a training step of AlexNet,
 * and the kinds of calls that only other networks make, against the machine's measured peak.
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/threads.h"
#include "bench/cases.h"
#include "cli/bench.h"
#include "cli/output.h"
#include "cpu/peak.h"

#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(cli_bench_args, member)
static const cli_option kernels_options[] = {
    {"model", 'm', CLI_TEXT, AT(model), 0, 0, "MODEL",
     "network whose calls are timed: only torchvision [torchvision]"},
    {"batch", 'b', CLI_INT, AT(batch), 1, 65536, "N", "images per call [128]"},
    {"steps", 0, CLI_INT, AT(steps), 1, 1000000, "N", "measured calls [5]"},
    {"warm-up", 0, CLI_INT, AT(warm_up), 0, 1000000, "N", "warm-up calls before those [3]"},
    {"algorithm", 0, CLI_TEXT, AT(algorithm), 0, 0, "NAME",
     "time only convolutions and linear layers, with this algorithm: direct, winograd ... [the "
     "cheapest]"},
    {"prepared", 0, CLI_FLAG, AT(prepared), 0, 0, NULL,
     "use packed weights in forward passes, as inference does; int8 always does"},
    {0},
};
#undef AT

/* One case with its buffers, which hold pseudo-random numbers. */
typedef struct kernel {
    an_case c;
    an_case_sizes sizes;
    an_run run;
    void *in[AN_CASE_INPUTS], *out[AN_CASE_OUTPUTS], *packed;
} kernel;

static void close_kernel(alexnet_context *ctx, kernel *k)
{
    for (int i = 0; i < AN_CASE_INPUTS; ++i)
        an_free(ctx, k->in[i]);
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i)
        an_free(ctx, k->out[i]);
    an_free(ctx, k->run.scratch);
    an_free(ctx, k->packed);
}

static void *new_operand(alexnet_context *ctx, const an_operand *operand, uint64_t seed)
{
    void *data = an_new(ctx, an_operand_bytes(operand));

    if (data != NULL) an_operand_fill(operand, seed, data);
    return data;
}

static alexnet_status open_kernel(alexnet_context *ctx, kernel *k, uint64_t seed)
{
    bool enough = true;

    an_case_get_sizes(&k->c, &k->sizes);
    an_threads_settle(ctx);
    k->run.threads = ctx->options.threads;
    k->run.scratch_bytes = an_case_scratch(&k->c, an_context_backend(ctx), k->run.threads);
    k->run.scratch = an_new(ctx, k->run.scratch_bytes);
    for (int i = 0; i < AN_CASE_INPUTS; ++i)
        enough =
            (k->in[i] = new_operand(ctx, &k->sizes.in[i], seed + (uint64_t)i)) != NULL && enough;
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i)
        enough =
            (k->out[i] = new_operand(ctx, &k->sizes.out[i], seed + 100 + (uint64_t)i)) != NULL &&
            enough;
    return enough && k->run.scratch != NULL
               ? ALEXNET_OK
               : an_fail(ctx, ALEXNET_NO_MEMORY, "operands of %s", k->c.name);
}

static alexnet_status pack_kernel_weights(alexnet_context *ctx, kernel *k,
                                          const void *const in[AN_CASE_INPUTS])
{
    const size_t bytes = an_case_packed_bytes(&k->c, an_context_backend(ctx));

    if (bytes == 0) return ALEXNET_OK;
    k->packed = an_new(ctx, bytes);
    if (k->packed == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "weights of %s", k->c.name);
    k->sizes.bytes += (double)bytes - (double)an_operand_bytes(&k->sizes.in[1]); /* read instead */
    return an_case_pack_weights(&k->c, an_context_backend(ctx), &k->run, in, k->packed);
}

static alexnet_status time_kernel(alexnet_context *ctx, kernel *k, const cli_bench_args *args,
                                  double *seconds)
{
    const void *in[AN_CASE_INPUTS];
    double *times = cli_allocate((size_t)args->steps, sizeof *times);

    for (int i = 0; i < AN_CASE_INPUTS; ++i)
        in[i] = k->in[i];
    alexnet_status status = pack_kernel_weights(ctx, k, in);
    for (int i = -args->warm_up; i < args->steps && status == ALEXNET_OK; ++i) {
        const double start = cli_now();
        status = an_case_run(&k->c, an_context_backend(ctx), &k->run, in, k->out);
        if (i >= 0) times[i] = cli_now() - start;
    }
    if (status == ALEXNET_OK) *seconds = cli_bench_median(times, (size_t)args->steps);
    free(times);
    return status;
}

/* Adds one kernel's line to the table and to the list. */
static void report_kernel(an_json_maker *m, const kernel *k, const char *algorithm, double seconds,
                          double peak, cli_table *table, json_t *list)
{
    const double gflops = 1e-9 * k->sizes.flops / seconds, gbytes = 1e-9 * k->sizes.bytes / seconds;
    const bool counted = k->sizes.flops > 0;
    char time[CLI_NUMBER], rate[CLI_NUMBER] = "", share[CLI_NUMBER] = "", bytes[CLI_NUMBER];

    snprintf(time, sizeof time, "%.3f", 1e3 * seconds);
    snprintf(bytes, sizeof bytes, "%.1f", gbytes);
    if (counted) {
        snprintf(rate, sizeof rate, "%.1f", gflops);
        snprintf(share, sizeof share, "%.0f %%", 100 * gflops / peak);
    }
    cli_table_row(table, k->c.name, algorithm, time, rate, share, bytes);
    an_json_add(m, list,
                an_json_pack(m, "{s:s, s:s, s:s, s:f, s:o, s:o, s:f}", "name", k->c.name, "kind",
                             k->c.kind->name, "algorithm", algorithm, "milliseconds", 1e3 * seconds,
                             "gflops", counted ? an_json_real(m, gflops) : json_null(),
                             "peak_share", counted ? an_json_real(m, gflops / peak) : json_null(),
                             "gbytes_per_second", gbytes));
}

static alexnet_status bench_case(cli *app, const cli_bench_args *args, an_case c, double *peak,
                                 cli_table *table, json_t *list)
{
    kernel k = {.c = c};
    double seconds = 0;

    k.c.dtype = app->ctx->options.dtype;
    k.c.algorithm = args->algorithm;
    k.c.conv2d.packed = k.c.linear.packed = args->prepared || k.c.dtype == ALEXNET_INT8;
    const char *algorithm = an_case_algorithm(&k.c, an_context_backend(app->ctx));
    if (algorithm == NULL) return ALEXNET_OK;
    alexnet_status status = open_kernel(app->ctx, &k, (uint64_t)args->network.common.seed);
    if (status == ALEXNET_OK) status = time_kernel(app->ctx, &k, args, &seconds);
    if (status == ALEXNET_OK) {
        /* The peak drifts on a shared machine, so it is measured again after each kernel. */
        *peak = an_cpu_peak_gflops(an_context_backend(app->ctx), k.run.threads);
        report_kernel(&app->json, &k, algorithm, seconds, *peak, table, list);
    }
    close_kernel(app->ctx, &k);
    return status;
}

static alexnet_status bench_list(cli *app, const cli_bench_args *args, const an_case_list *cases,
                                 double *peak, cli_table *table, json_t *list)
{
    const char *part = app->word_count > 0 ? app->words[0] : "";

    for (int i = 0; i < cases->count; ++i)
        if (strstr(cases->cases[i].name, part) != NULL)
            AN_TRY(bench_case(app, args, an_case_get(cases, i, args->batch), peak, table, list));
    return ALEXNET_OK;
}

static cli_exit print_kernels(cli *app, int batch, double peak, const cli_table *table,
                              json_t *list)
{
    const char *tier = an_context_backend(app->ctx)->tier;
    const int threads = app->ctx->options.threads;

    if (app->common->json)
        return cli_json_print(
            app, an_json_pack(&app->json, "{s:i, s:s, s:s, s:i, s:i, s:s, s:f, s:O}", "schema", 1,
                              "task", "kernels", "dtype", cli_dtype(app), "batch", batch, "threads",
                              threads, "tier", tier, "peak_gflops", peak, "kernels", list));
    cli_print(stdout, "kernels of AlexNet, %s, batch %d, %d %s, %s; fp32 peak %.0f GFLOP/s\n\n",
              cli_dtype(app), batch, threads, cli_noun(threads, "thread", "threads"), tier, peak);
    cli_table_print(table, stdout, "");
    return CLI_DONE;
}

/* Times all kernels and adds them to table and list, which are empty. */
static cli_exit time_kernels(cli *app, const cli_bench_args *args, cli_table *table, json_t *list)
{
    double peak = 0;

    cli_table_row(table, "kernel", "algorithm", "ms", "GFLOP/s", "of peak", "GB/s");
    alexnet_status status = bench_list(app, args, &an_cases_step, &peak, table, list);
    if (status == ALEXNET_OK) status = bench_list(app, args, &an_cases_others, &peak, table, list);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    if (json_array_size(list) == 0 && args->algorithm != NULL)
        return cli_usage(app, "tier %s has no algorithm '%s' for these calls",
                         an_context_backend(app->ctx)->tier, args->algorithm);
    if (json_array_size(list) == 0)
        return cli_usage(app, "no kernel has '%s' in its name", app->words[0]);
    return print_kernels(app, args->batch, peak, table, list);
}

static cli_exit run_kernels(cli *app, void *data)
{
    cli_bench_args *args = data;

    if (strcmp(args->model, "torchvision") != 0)
        return cli_error(app, CLI_USAGE,
                         "only the calls of torchvision can be timed; for the layers of '%s' see "
                         "'alexnet bench train --layers'",
                         args->model);
    cli_bench_counts(args, 128, 5);
    cli_table table = {.align = "llrrrr"};
    json_t *list = an_json_list(&app->json);
    const cli_exit code = time_kernels(app, args, &table, list);
    cli_table_free(&table);
    json_decref(list);
    return code;
}

static const cli_example kernels_examples[] = {
    {"alexnet bench kernels",
     "every call of a training step of AlexNet, and kinds of calls that only other networks make"},
    {"alexnet bench kernels conv2 --threads 1", "those whose name contains 'conv2', on one thread"},
    {"alexnet bench kernels conv --algorithm direct",
     "convolutions by the direct algorithm, also those that Winograd's would compute"},
    {"alexnet bench kernels lrn", "response normalisation, with the bytes moved per second"},
    {0},
};

const cli_command command_bench_kernels = {
    .name = "bench kernels",
    .words = "[NAME]",
    .summary = "speed of single kernels, compared with the machine's peak",
    .examples = kernels_examples,
    .words_max = 1,
    .options = kernels_options,
    .args_bytes = sizeof(cli_bench_args),
    .computes = true,
    .defaults = cli_bench_defaults,
    .run = run_kernels,
};
