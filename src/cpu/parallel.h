/*
 * parallel.h: how the kernels use threads.
 *
 *     AN_PARALLEL_FOR(run, schedule(dynamic))
 *     for (int i = 0; i < count; ++i)
 *
 * spreads a loop over run->threads threads (OpenMP), or leaves it alone in a build without OpenMP.
 * Threads take iterations as they become free, because the cores also run the loader's threads. So
 * the result of an iteration must not depend on which thread computes it, nor when.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_PARALLEL_H
#define AN_CPU_PARALLEL_H

#if defined(_OPENMP)
#include <omp.h>
#define AN_PRAGMA(text) _Pragma(#text)
#define AN_PARALLEL_FOR(run, clauses)                                                              \
    AN_PRAGMA(omp parallel for num_threads((run)->threads) clauses)
#define AN_SIMD AN_PRAGMA(omp simd)
#else
#define AN_SIMD
#define AN_PARALLEL_FOR(run, clauses) (void)(run);
#endif

/* The index of this thread, 0 .. run->threads-1, which chooses its scratch. */
static inline int an_thread(void)
{
#if defined(_OPENMP)
    return omp_get_thread_num();
#else
    return 0;
#endif
}

#endif
