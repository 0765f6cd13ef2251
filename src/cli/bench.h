/*
 * bench.h: what the benchmarks share. Their files, cmd_bench*.c, are the only files of the program
 * that include internal headers of the library: the public header does not offer what they time.
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

/* Sets the command's default batch and steps, unless options set them. */
void cli_bench_counts(cli_bench_args *args, int batch, int steps);

double cli_bench_median(double *values, size_t count); /* sorts them */

/* Reports progress at step `step`; warm-up steps are negative. */
void cli_bench_progress(cli *app, const cli_bench_args *args, int step);

int64_t cli_bench_peak_rss_bytes(void); /* of this process so far */

#endif
