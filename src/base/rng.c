/*
 * rng.c: Philox4x32-10, and random values of several kinds.
 * SPDX-License-Identifier: MIT
 */
#include "base/rng.h"

#include <assert.h>
#include <math.h>

an_stream an_stream_open(uint64_t seed, an_purpose purpose, uint64_t a, uint32_t b)
{
    assert(a < (uint64_t)1 << 56);
    return (an_stream){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, b, (uint32_t)a, (uint32_t)purpose << 24 | (uint32_t)(a >> 32)},
    };
}

void an_stream_block(const an_stream *stream, uint32_t i, uint32_t out[4])
{
    uint32_t x0 = i;
    uint32_t x1 = stream->counter[1];
    uint32_t x2 = stream->counter[2];
    uint32_t x3 = stream->counter[3];
    uint32_t k0 = stream->key[0];
    uint32_t k1 = stream->key[1];

    for (int round = 0; round < AN_PHILOX_ROUNDS;
         ++round, k0 += AN_PHILOX_KEY_STEP_0, k1 += AN_PHILOX_KEY_STEP_1) {
        const uint64_t p0 = (uint64_t)AN_PHILOX_MULTIPLIER_0 * x0;
        const uint64_t p1 = (uint64_t)AN_PHILOX_MULTIPLIER_1 * x2;
        x0 = (uint32_t)(p1 >> 32) ^ x1 ^ k0;
        x1 = (uint32_t)p1;
        x2 = (uint32_t)(p0 >> 32) ^ x3 ^ k1;
        x3 = (uint32_t)p0;
    }
    out[0] = x0;
    out[1] = x1;
    out[2] = x2;
    out[3] = x3;
}

uint32_t an_random_u32(an_stream *stream)
{
    if (stream->left == 0) {
        an_stream_block(stream, stream->counter[0]++, stream->block);
        stream->left = 4;
    }
    return stream->block[4 - stream->left--];
}

/*
 * Lemire, Fast Random Integer Generation in an Interval, 2019: the high half of word * n. The
 * few low halves that would make some results more likely are rejected.
 */
uint32_t an_random_below(an_stream *stream, uint32_t n)
{
    assert(n > 0);
    const uint32_t surplus = (0u - n) % n; /* 2^32 mod n */
    uint64_t product;

    do
        product = (uint64_t)an_random_u32(stream) * n;
    while ((uint32_t)product < surplus);
    return (uint32_t)(product >> 32);
}

float an_random_unit(an_stream *stream) { return an_unit_from_u32(an_random_u32(stream)); }

double an_random_unit64(an_stream *stream)
{
    const uint64_t high = an_random_u32(stream);
    const uint64_t low = an_random_u32(stream);

    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

float an_random_normal(an_stream *stream)
{
    const double two_pi = 6.283185307179586476925;
    const double u =
        ((double)an_random_u32(stream) + 1) * 0x1p-32; /* (0, 1]: its logarithm is finite */
    const double v = (double)an_random_u32(stream) * 0x1p-32;

    return (float)(sqrt(-2 * log(u)) * cos(two_pi * v));
}

void an_shuffle(an_stream *stream, uint32_t *indices, size_t n)
{
    assert(n <= UINT32_MAX);
    for (size_t i = n; i > 1; --i) {
        const uint32_t j = an_random_below(stream, (uint32_t)i);
        const uint32_t last = indices[i - 1];
        indices[i - 1] = indices[j];
        indices[j] = last;
    }
}
