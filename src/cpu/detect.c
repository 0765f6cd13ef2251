/*
 * detect.c: finds the processor's features. The compiler's __builtin_cpu_supports() reads CPUID
 * and, for the wide registers, XCR0: a feature counts only when the operating system saves ymm (or
 * zmm and mask) registers across a task switch.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/detect.h"

an_cpu_level an_cpu_of_processor(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return AN_CPU_BASELINE;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512bw"))
        return AN_CPU_AVX2;
    if (!__builtin_cpu_supports("avx512vnni")) return AN_CPU_AVX512;
    if (!__builtin_cpu_supports("avx512bf16")) return AN_CPU_AVX512_VNNI;
    return AN_CPU_AVX512_BF16;
#elif defined(__aarch64__)
    return AN_CPU_NEON; /* part of the architecture: no test needed */
#else
    return AN_CPU_BASELINE;
#endif
}

an_cpu_level an_cpu_detect(void)
{
    const an_cpu_level level = an_cpu_of_processor();

    return level > AN_CPU_LIMIT && level <= AN_CPU_AVX512_BF16 ? AN_CPU_LIMIT : level;
}

const char *an_cpu_features(void)
{
    static const char *const features[] = {
#define FEATURES(name, text) [AN_CPU_##name] = (text),
        AN_CPU_LEVEL_MAP(FEATURES)
#undef FEATURES
    };

    return features[an_cpu_detect()];
}
