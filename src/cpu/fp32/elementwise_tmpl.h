/*
 * elementwise_tmpl.h: element by element operations that cost more than their memory traffic:
 * functions of math_tmpl.h, and dropout. For the others all tiers use the plain loops of
 * reference/elementwise.c. Nothing is kept from one element to the next; the
 * random words of dropout, 4 of PHILOX_BLOCKS blocks (1 KB with AVX-512), are made in L1.
 *
 * Needs: the vector vocabulary and its LANES (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_ELEMENTWISE_TMPL_H
#define AN_CPU_FP32_ELEMENTWISE_TMPL_H

#include "base/compiler.h"
#include "base/rng.h"
#include "core/backend.h"
#include "cpu/parallel.h"
#include "cpu/reference/reference.h"
#include "cpu/simd/math_tmpl.h"
#include "cpu/simd/vectors_tmpl.h"

#define ELEMENTWISE_CHUNK ((int64_t)1 << 14) /* elements that a thread takes at a time */

static alexnet_status tanh_forward(const an_run *run, float a, float b, int64_t count,
                                   const float *x, float *y)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int64_t start = 0; start < count; start += ELEMENTWISE_CHUNK) {
        const int64_t end = AN_MIN(start + ELEMENTWISE_CHUNK, count);
        for (int64_t i = start; i < end; i += LANES) {
            const int rest = (int)AN_MIN(LANES, end - i);
            const vf bx = vf_mul(vf_set1(b), load_up_to(x + i, rest));
            store_up_to(y + i, rest, vf_mul(vf_set1(a), vf_tanh(bx)));
        }
    }
    return ALEXNET_OK;
}

static alexnet_status sigmoid_forward(const an_run *run, int64_t count, const float *x, float *y)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int64_t start = 0; start < count; start += ELEMENTWISE_CHUNK) {
        const int64_t end = AN_MIN(start + ELEMENTWISE_CHUNK, count);
        for (int64_t i = start; i < end; i += LANES) {
            const int rest = (int)AN_MIN(LANES, end - i);
            store_up_to(y + i, rest, vf_logistic(load_up_to(x + i, rest)));
        }
    }
    return ALEXNET_OK;
}

/* ---- dropout ----
 *
 * Philox (base/rng.h) for many blocks side by side: plain loops that compilers make vectors of. A
 * block's four words belong to four neighbouring elements.
 */

#define PHILOX_BLOCKS                                                                              \
    (4 * LANES) /* four vectors at a time hide the latency of the multiplications */

/* Words 0 .. 3 of blocks first, first + 1 .. as floats in [0, 1). */
static void philox_units(const an_stream *stream, uint32_t first, float units[PHILOX_BLOCKS][4])
{
    uint32_t x[4][PHILOX_BLOCKS], k0 = stream->key[0], k1 = stream->key[1];

    for (uint32_t i = 0; i < PHILOX_BLOCKS; ++i) {
        x[0][i] = first + i;
        x[1][i] = stream->counter[1];
        x[2][i] = stream->counter[2];
        x[3][i] = stream->counter[3];
    }
    for (int round = 0; round < AN_PHILOX_ROUNDS;
         ++round, k0 += AN_PHILOX_KEY_STEP_0, k1 += AN_PHILOX_KEY_STEP_1) {
        AN_SIMD
        for (int i = 0; i < PHILOX_BLOCKS; ++i) {
            const uint64_t p0 = (uint64_t)AN_PHILOX_MULTIPLIER_0 * x[0][i];
            const uint64_t p1 = (uint64_t)AN_PHILOX_MULTIPLIER_1 * x[2][i];
            x[0][i] = (uint32_t)(p1 >> 32) ^ x[1][i] ^ k0;
            x[1][i] = (uint32_t)p1;
            x[2][i] = (uint32_t)(p0 >> 32) ^ x[3][i] ^ k1;
            x[3][i] = (uint32_t)p0;
        }
    }
    for (int i = 0; i < PHILOX_BLOCKS; ++i)
        for (int j = 0; j < 4; ++j)
            units[i][j] = an_unit_from_u32(x[j][i]);
}

static void dropout_row(const an_dropout *d, int row, int count, const float *x, float *y)
{
    const uint32_t place = (uint32_t)d->layer << 16 | (uint32_t)(d->first_row + row);
    const an_stream stream = an_stream_open(d->seed, AN_PURPOSE_DROPOUT, (uint64_t)d->step, place);
    const vf drop = vf_set1(d->drop), scale = vf_set1(d->scale);
    float units[PHILOX_BLOCKS][4];

    for (int i = 0; i < count; i += LANES) {
        const int at = i % (4 * PHILOX_BLOCKS);
        if (at == 0) philox_units(&stream, (uint32_t)i / 4, units);
        store_up_to(y + i, count - i,
                    vf_pick(vf_more(drop, vf_load(&units[at / 4][0])), vf_zero(),
                            vf_mul(load_up_to(x + i, count - i), scale)));
    }
}

static alexnet_status dropout(const an_run *run, const an_dropout *d, an_shape shape,
                              const float *x, float *y)
{
    /* The words count in the order c, h, w, which is not that of a map. No network applies dropout
       to maps. */
    if (shape.h * shape.w != 1) return an_dropout__portable(run, d, shape, x, y);
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int n = 0; n < shape.n; ++n)
        dropout_row(d, n, shape.c, x + (ptrdiff_t)n * shape.c, y + (ptrdiff_t)n * shape.c);
    return ALEXNET_OK;
}

#endif
