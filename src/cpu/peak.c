/*
 * peak.c: times independent multiply-adds.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/peak.h"

#include "base/clock.h"
#include "cpu/backend.h"
#include "cpu/parallel.h"

/* Sixty-four sums, enough for the compiler's vectors to overlap. */
float an_peak_loop_portable(int64_t rounds)
{
    float sums[64] = {0};
    float total = 0;

    for (int64_t i = 0; i < rounds; ++i)
        for (int j = 0; j < 64; ++j)
            sums[j] = sums[j] * 0.5f + 1;
    for (int j = 0; j < 64; ++j)
        total += sums[j];
    return 2 * 64 + 0 * total;
}

#define SECONDS_ENOUGH 0.002 /* less than a scheduler's time slice: some try is not interrupted */
#define TRIES          100

/* Seconds for `rounds` rounds on each thread. */
static double time_rounds(const an_run *run, an_peak_loop loop, int64_t rounds)
{
    const double start = an_seconds();

    AN_PARALLEL_FOR(run, schedule(static, 1))
    for (int i = 0; i < run->threads; ++i)
        (void)loop(rounds);
    return an_seconds() - start;
}

double an_cpu_peak_gflops(const an_backend *backend, int threads)
{
    const an_run run = {.threads = threads};
    const an_peak_loop loop = an_tier_peak_loop(backend);
    int64_t rounds = 1 << 12;
    double best = 0;

    while (time_rounds(&run, loop, rounds) < SECONDS_ENOUGH)
        rounds *= 2;
    for (int i = 0; i < TRIES; ++i) {
        const double flops = (double)loop(0) * (double)rounds * threads;
        const double rate = flops / time_rounds(&run, loop, rounds) * 1e-9;
        best = rate > best ? rate : best;
    }
    return best;
}
