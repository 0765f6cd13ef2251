/*
 * backend.h: the tiers of the CPU backend. Each is one constant table. Algorithms for some
 * machines only are in its lists of algorithms, and say where they apply.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_BACKEND_H
#define AN_CPU_BACKEND_H

#include "core/backend.h"
#include "cpu/detect.h"

/* NULL: this compiler, or this build, cannot make the tier. */
const an_backend *an_backend_portable(void);
const an_backend *an_backend_avx2(void);
const an_backend *an_backend_avx512(void);
const an_backend *an_backend_neon(void);

/*
 * Runs `rounds` rounds of multiply-adds in registers and returns the operations of one round. It
 * returns not a number if a sum overflowed, so that the compiler cannot drop the sums.
 */
typedef float (*an_peak_loop)(int64_t rounds);

float an_peak_loop_portable(int64_t rounds);
float an_peak_loop_avx2(int64_t rounds);
float an_peak_loop_avx512(int64_t rounds);
float an_peak_loop_neon(int64_t rounds);

an_peak_loop an_tier_peak_loop(const an_backend *backend);

/*
 * Finds the best tier of a machine of this level, not above `most` (NULL: no limit). BAD_ARG: no
 * tier has that name. UNSUPPORTED: this build, for another architecture, lacks `most`.
 */
alexnet_status an_backend_choose(alexnet_context *ctx, const char *most, an_cpu_level level,
                                 const an_backend **out) AN_NODISCARD;

/* For tests: the tiers by index, best first; NULL past the last. *out: NULL if the build lacks it.
   */
const char *an_tier_name(int index, const an_backend **out);

#endif
