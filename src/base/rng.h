/*
 * rng.h: randomness as a function, not a state: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel
 * Random Numbers: As Easy as 1, 2, 3, SC 2011).
 *
 * A stream is named by (seed, purpose, a, b); its i-th block of four words is a pure function of
 * the name and i. So order, augmentation, dropout and initial weights do not depend on the number
 * of threads, and nothing need be saved to resume a run.
 *
 *   key      seed (64 bits)
 *   counter  i (32) | b (32) | a (32) | purpose (8), a's high 24 bits (24)
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_RNG_H
#define AN_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* The purpose of a stream. The results of every run depend on these numbers: only add, never
   renumber. */
typedef enum an_purpose {
    AN_PURPOSE_INIT = 1,    /* initial weights: a = parameter's index, i = element / 4 */
    AN_PURPOSE_ORDER = 2,   /* an epoch's order: a = epoch */
    AN_PURPOSE_AUGMENT = 3, /* one image: a = epoch, b = sample's index */
    AN_PURPOSE_DROPOUT =
        4,                /* one layer: a = step, b = layer's index << 16 | row, i = element / 4 */
    AN_PURPOSE_SPLIT = 5, /* split into training and validation */
    AN_PURPOSE_SYNTH = 6, /* drawn images: a = class, b = image */
    AN_PURPOSE_BENCH = 7, /* inputs of bench and of tests */
    AN_PURPOSE_TEST = 8,
    AN_PURPOSE_MIXUP = 9 /* weights of blends: a = step, b = place in the batch */
} an_purpose;

/* Philox4x32 (Salmon et al. 2011, 4.3): multipliers, and the key's steps: golden ratio, root of 3.
   For code that computes many blocks at once. */
#define AN_PHILOX_MULTIPLIER_0 0xD2511F53u
#define AN_PHILOX_MULTIPLIER_1 0xCD9E8D57u
#define AN_PHILOX_KEY_STEP_0   0x9E3779B9u
#define AN_PHILOX_KEY_STEP_1   0xBB67AE85u
#define AN_PHILOX_ROUNDS       10

typedef struct an_stream {
    uint32_t key[2];
    uint32_t counter[4]; /* counter[0] is the block's number */
    uint32_t block[4];   /* the current block, for the sequential calls */
    int left;            /* words of `block` not yet used */
} an_stream;

an_stream an_stream_open(uint64_t seed, an_purpose purpose, uint64_t a /* below 2^56 */,
                         uint32_t b);

/* Random access: the four words of block i. Changes nothing. */
void an_stream_block(const an_stream *stream, uint32_t i, uint32_t out[4]);

/* Sequential calls. */
uint32_t an_random_u32(an_stream *stream);
uint32_t an_random_below(an_stream *stream, uint32_t n); /* 0 .. n-1, unbiased; n > 0 */
float an_random_unit(an_stream *stream);                 /* [0, 1), 24 bits */
double an_random_unit64(an_stream *stream);              /* [0, 1), 53 bits */
float an_random_normal(an_stream *stream);               /* N(0, 1), Box-Muller in double, one per
                                                            two words */

/* A word as a float in [0, 1). All code uses this mapping. */
static inline float an_unit_from_u32(uint32_t word) { return (float)(word >> 8) * 0x1p-24f; }

/* Fisher-Yates shuffle of n indices. */
void an_shuffle(an_stream *stream, uint32_t *indices, size_t n);

#endif
