/*
 * peak.h: the peak speed of the machine, to compare measured speeds with.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_PEAK_H
#define AN_CPU_PEAK_H

#include "core/backend.h"

/*
 * The fp32 multiply-add rate of a tier's instructions on so many threads, in GFLOP/s, measured in
 * about 0.2 s. On a shared machine the rate drifts: measure it in the same minute as the speed that
 * is compared with it.
 */
double an_cpu_peak_gflops(const an_backend *backend, int threads);

#endif
