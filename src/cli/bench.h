/*
 * bench.h: what the benchmarks share. Their files, cmd_bench*.c, are the only ones of the program that look inside the
 * library: what they time the public header does not offer.
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "cli/cli.h"

typedef struct cli_bench_args {
    cli_network network;
    const char *model, *algorithm; /* algorithm NULL: the cheapest */
    int batch, steps, warm_up;
    int layers, prepared; /* flags are int: cli/options.h */
} cli_bench_args;

void cli_bench_defaults(void *args); /* of a cli_command */

/* What the command takes where nothing else was asked for. */
void cli_bench_counts(cli_bench_args *args, int batch, int steps);

double cli_bench_median(double *values, size_t count); /* sorts them */

/* Tells of step `step`; those of the warm-up are negative. */
void cli_bench_progress(cli *app, const cli_bench_args *args, int step);

int64_t cli_bench_peak_rss_bytes(void); /* of this process so far */

#endif
