/*
 * detect.h: the features that the processor and the operating system offer.
 *
 * Features come in levels, each with everything the level below has: no x86 processor skips one.
 * ARM's one level comes after those of x86; a build has the tiers of one architecture only, so
 * levels of the two are never compared.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_DETECT_H
#define AN_CPU_DETECT_H

/* name, the features a machine of this level has (Linux's words, shown by `alexnet info`) */
#define AN_CPU_LEVEL_MAP(X)                                                                        \
    X(BASELINE, "baseline")                                                                        \
    X(AVX2, "avx2 fma")                                                                            \
    X(AVX512, "avx2 fma avx512f avx512vl avx512dq avx512bw")                                       \
    X(AVX512_VNNI, "avx2 fma avx512f avx512vl avx512dq avx512bw avx512_vnni")                      \
    X(AVX512_BF16, "avx2 fma avx512f avx512vl avx512dq avx512bw avx512_vnni avx512_bf16")          \
    X(NEON, "asimd")

typedef enum an_cpu_level {
#define AN_CPU_LEVEL_ENUM(name, features) AN_CPU_##name,
    AN_CPU_LEVEL_MAP(AN_CPU_LEVEL_ENUM)
#undef AN_CPU_LEVEL_ENUM
        AN_CPU_LEVELS
} an_cpu_level;

/* The highest level whose instructions this machine runs, and whose registers the system saves. */
an_cpu_level an_cpu_of_processor(void);

#ifndef AN_CPU_LIMIT /* of x86; builds for tests have lower ones (ALEXNET_CPU_LIMIT) */
#define AN_CPU_LIMIT AN_CPU_AVX512_BF16
#endif

/* The level to choose kernels by: the processor's, or the build's limit if that is lower. */
an_cpu_level an_cpu_detect(void);

/* The features of a machine of that level, names separated by spaces. */
const char *an_cpu_features(void);

#endif
