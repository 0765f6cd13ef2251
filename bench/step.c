/*
 * step.c: times each call of a training step of torchvision's AlexNet on a tier, and their sum, beside the machine's peak.
 *
 *     bench/step [BATCH [THREADS [TIER [ROUNDS [FILTER]]]]]
 *
 * Each round runs every case once, in the order of a step; shown are the best and the median round. Built by hand, see
 * bench/NOTES.md; `alexnet bench kernels` is the tool for users.
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/memory.h"
#include "cpu/cases.h"
#include "cpu/peak.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define ROUNDS_MAX 64

/* One thread is timed by the processor time it got, so that the machine's other users count less. */
static clockid_t the_clock = CLOCK_MONOTONIC;

static double seconds_now(void)
{
    struct timespec t;

    clock_gettime(the_clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* One block for all cases: operands of a case lie behind each other, scratch at the end. */
static size_t case_bytes(const an_case *c, const an_backend *backend, int threads)
{
    an_case_sizes sizes;
    size_t bytes = an_case_scratch(c, backend, threads);

    an_case_get_sizes(c, &sizes);
    for (int i = 0; i < AN_CASE_INPUTS; ++i)
        bytes += AN_ROUND_UP(an_operand_bytes(&sizes.in[i]), (size_t)AN_ALIGNMENT);
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i)
        bytes += AN_ROUND_UP(an_operand_bytes(&sizes.out[i]), (size_t)AN_ALIGNMENT);
    return AN_ROUND_UP(bytes, (size_t)AN_ALIGNMENT);
}

static void *take(char **at, size_t bytes)
{
    void *piece = *at;

    *at += AN_ROUND_UP(bytes, (size_t)AN_ALIGNMENT);
    return piece;
}

/* Seconds of one call; fill: only sets the operands. */
static double time_case(const an_case *c, const an_backend *backend, int threads, char *block,
                        bool fill)
{
    an_case_sizes sizes;
    const void *in[AN_CASE_INPUTS];
    void *out[AN_CASE_OUTPUTS];
    an_run run = {threads, NULL, an_case_scratch(c, backend, threads)};

    an_case_get_sizes(c, &sizes);
    run.scratch = take(&block, run.scratch_bytes);
    for (int i = 0; i < AN_CASE_INPUTS; ++i) {
        void *data = take(&block, an_operand_bytes(&sizes.in[i]));
        if (fill) an_operand_fill(&sizes.in[i], (uint64_t)i, data);
        in[i] = data;
    }
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i) {
        out[i] = take(&block, an_operand_bytes(&sizes.out[i]));
        if (fill) an_operand_fill(&sizes.out[i], (uint64_t)i, out[i]);
    }
    if (fill) return 0;

    const double start = seconds_now();
    if (an_case_run(c, backend, &run, in, out) != ALEXNET_OK)
        fprintf(stderr, "%s: failed\n", c->name);
    return seconds_now() - start;
}

int main(int argc, char **argv)
{
    const int batch = argc > 1 ? atoi(argv[1]) : 128;
    const int threads = argc > 2 ? atoi(argv[2]) : 2;
    const char *tier = argc > 3 && strcmp(argv[3], "best") != 0 ? argv[3] : NULL;
    const int rounds = argc > 4 ? AN_MIN(atoi(argv[4]), ROUNDS_MAX) : 5;
    const char *filter = argc > 5 ? argv[5] : "";
    const int count = an_cases_step.count;
    const an_backend *backend;
    alexnet_context *ctx;
    double times[64][ROUNDS_MAX];
    double peaks[ROUNDS_MAX], flops = 0, best = 0, median = 0;
    size_t bytes = 0;
    char *block[64];

    if (an_context_open(NULL, &ctx) != ALEXNET_OK ||
        an_backend_find(ctx, tier, &backend) != ALEXNET_OK)
        return 1;
    if (threads == 1) the_clock = CLOCK_PROCESS_CPUTIME_ID;
    printf("%s, %s: batch %d, %d threads\n", backend->tier, backend->features, batch, threads);
    for (int i = 0; i < count; ++i) {
        const an_case c = an_case_get(&an_cases_step, i, batch);
        bytes = case_bytes(&c, backend, threads);
        bytes = AN_ROUND_UP(bytes, (size_t)2 << 20);
        block[i] = NULL;
        if (strstr(c.name, filter) == NULL) continue;
        block[i] = aligned_alloc((size_t)2 << 20, bytes);
        if (block[i] == NULL) return 1;
        (void)madvise(block[i], bytes, MADV_HUGEPAGE);
        time_case(&c, backend, threads, block[i], true);
    }
    for (int r = 0; r < rounds; ++r) {
        for (int i = 0; i < count; ++i) {
            const an_case c = an_case_get(&an_cases_step, i, batch);
            if (block[i] != NULL) times[i][r] = time_case(&c, backend, threads, block[i], false);
        }
        peaks[r] = an_cpu_peak_gflops(backend, threads);
    }
    qsort(peaks, (size_t)rounds, sizeof *peaks, compare);
    printf("%-24s %10s %10s %10s %8s\n", "", "best ms", "median ms", "GFLOP/s", "share");
    for (int i = 0; i < count; ++i) {
        const an_case c = an_case_get(&an_cases_step, i, batch);
        an_case_sizes sizes;
        if (block[i] == NULL) continue;
        an_case_get_sizes(&c, &sizes);
        qsort(times[i], (size_t)rounds, sizeof *times[i], compare);
        printf("%-24s %10.2f %10.2f %10.1f %7.1f%%  %6.1f GB/s\n", c.name, times[i][0] * 1e3,
               times[i][rounds / 2] * 1e3, sizes.flops / times[i][0] * 1e-9,
               100 * sizes.flops / times[i][0] * 1e-9 / peaks[rounds - 1],
               sizes.bytes / times[i][0] * 1e-9);
        best += times[i][0];
        median += times[i][rounds / 2];
        flops += sizes.flops;
    }
    printf("%-24s %10.2f %10.2f %10.1f %7.1f%%  (of %.1f; median %.1f%% of %.1f)\n", "sum",
           best * 1e3, median * 1e3, flops / best * 1e-9,
           100 * flops / best * 1e-9 / peaks[rounds - 1], peaks[rounds - 1],
           100 * flops / median * 1e-9 / peaks[rounds / 2], peaks[rounds / 2]);
    return 0;
}
