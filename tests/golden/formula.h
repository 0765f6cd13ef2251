/*
 * formula.h: numbers that tests and the scripts for their fixtures both compute, so that inputs
 * need not be stored.
 *
 *   h(name, i)   in [-1, 1): a 32-bit mix of i and the FNV-1a hash of the name; see formula.py
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_GOLDEN_FORMULA_H
#define AN_TEST_GOLDEN_FORMULA_H

#include <stdint.h>

static inline uint32_t formula_key(const char *name)
{
    uint32_t key = 2166136261u;

    for (; *name != '\0'; ++name)
        key = (key ^ (uint8_t)*name) * 16777619u;
    return key;
}

static inline float formula_value(uint32_t key, uint32_t i)
{
    uint32_t x = i * 0x9E3779B9u + key;

    x = (x ^ x >> 16) * 0x7FEB352Du;
    x = (x ^ x >> 15) * 0x846CA68Bu;
    x ^= x >> 16;
    return (float)((int32_t)(x >> 8) - (1 << 23)) * 0x1p-23f;
}

/* offset + scale * h(name, i) */
static inline void formula_give(const char *name, float offset, float scale, int64_t count,
                                float *out)
{
    const uint32_t key = formula_key(name);

    for (int64_t i = 0; i < count; ++i)
        out[i] = offset + scale * formula_value(key, (uint32_t)i);
}

#endif
