/*
 * kernels_avx512_bf16.c: passes in bf16 with AVX-512 BF16: convolution forward, linear layers in
 * all passes. Compiled with -mavx512bf16 beside the flags of the tier; used where the processor has
 * it.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/packed/packed.h"
#include "cpu/tiles.h"

#if defined(__AVX512BF16__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#include "base/compiler.h"
#include "cpu/bf16.h"
#include "cpu/detect.h"
#include "cpu/simd/avx512_units.h"

/* ---- the numbers ---- */

#define LANES           AN_TILE_AVX512_LANES
#define NV              AN_TILE_AVX512_VECTORS
#define MR              AN_TILE_AVX512_ROWS
#define UNIT            2 /* numbers in a unit */
#define PLAIN_WEIGHTS   1 /* linear layers also take weights that are not packed */
#define DTYPE           ALEXNET_BF16
#define TILE_NAME(stem) bf16_tile_##stem##__avx512

typedef uint16_t number;
typedef float sum_number;
typedef __m512 va; /* 16 sums */

/* How numbers are packed, and what is stored about weights: nothing in bf16. */
typedef struct packing {
    char nothing;
} packing;

typedef struct weights_info {
    char nothing;
} weights_info;

static inline packing packing_of_image(const float *x, size_t count)
{
    (void)x, (void)count;
    return (packing){0};
}

static inline packing packing_of_weights(const float *w, size_t count)
{
    return packing_of_image(w, count);
}

static inline number pack_weight(const packing *how, float value)
{
    (void)how;
    return an_bf16_from_float(value);
}

static inline int packed_zero(const packing *how)
{
    (void)how;
    return 0;
}

static inline int32_t whole_value(number value) /* for formats that need the sum of the weights */
{
    (void)value;
    return 0;
}

static inline size_t weights_info_bytes(int count)
{
    (void)count;
    return 0;
}

static inline weights_info weights_info_at(const void *at, int count)
{
    (void)at, (void)count;
    return (weights_info){0};
}

static inline void weights_info_set(const weights_info *info, int i, const packing *how,
                                    int32_t sum)
{
    (void)info, (void)i, (void)how, (void)sum;
}

static inline float value_of(const weights_info *info, const packing *how, int i, float sum)
{
    (void)info, (void)how, (void)i;
    return sum;
}

/* Numbers first .. first+31 of a row, as far as it has them: 16 units. */
static inline vp vp_pack(const float *row, int first, int count)
{
    const __m512 low = _mm512_maskz_loadu_ps(lanes_of(count - first), row + first);
    const __m512 high = _mm512_maskz_loadu_ps(lanes_of(count - first - 16), row + first + 16);

    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

/* Numbers first .. first+15 of two rows, by twos; second NULL: zeros. */
static inline vp vp_pair(const float *row, const float *second, int first, int count)
{
    const __m512i by_twos =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const __mmask16 lanes = lanes_of(count - first);
    const __m512 low = _mm512_maskz_loadu_ps(lanes, row + first);
    const __m512 high =
        second != NULL ? _mm512_maskz_loadu_ps(lanes, second + first) : _mm512_setzero_ps();

    return _mm512_permutexvar_epi16(by_twos, (__m512i)_mm512_cvtne2ps_pbh(high, low));
}

static inline void pack_numbers(const packing *how, const float *from, size_t count, number *to)
{
    size_t i = 0;

    (void)how;
    for (; i + 32 <= count; i += 32)
        _mm512_storeu_si512(to + i, vp_pack(from + i, 0, 32));
    if (i < count)
        _mm512_mask_storeu_epi16(to + i, (__mmask32)((1ull << (count - i)) - 1),
                                 vp_pack(from + i, 0, (int)(count - i)));
}

/* ---- the machine ---- */

static inline void vp_store(char *to, vp value) { _mm512_storeu_si512(to, value); }

static inline va va_zero(void) { return _mm512_setzero_ps(); }

static inline va va_dot(va sum, vp a, vp b)
{
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}

static inline float va_sum(va sum) { return _mm512_reduce_add_ps(sum); }

/* How the sums of a row of C are stored. */
typedef struct finish {
    const float *bias; /* NULL: none */
    bool relu;
} finish;

static inline finish finish_of(const weights_info *info, const packing *how, const float *bias,
                               bool relu)
{
    (void)info, (void)how;
    return (finish){bias, relu};
}

static inline finish finish_of_columns(const finish *end, int first)
{
    return (finish){end->bias != NULL ? end->bias + first : NULL, end->relu};
}

static inline void va_finish(const finish *end, float *c, int first, int count, bool add, va sum)
{
    const __mmask16 lanes = lanes_of(count);

    if (add) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(lanes, c + first));
    if (end->bias != NULL)
        sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(lanes, end->bias + first));
    if (end->relu) sum = _mm512_max_ps(_mm512_setzero_ps(), sum); /* not a number stays */
    _mm512_mask_storeu_ps(c + first, lanes, sum);
}

#include "cpu/packed/algorithms_tmpl.h"
#include "cpu/packed/linear_backward_tmpl.h"

/* ---- the algorithms ---- */

static bool conv_applies(const an_conv2d *g, an_pass pass)
{
    return pass == AN_FORWARD && g->packed && an_cpu_detect() >= AN_CPU_AVX512_BF16;
}

static bool linear_applies(const an_linear *g, an_pass pass)
{
    (void)g, (void)pass;
    return an_cpu_detect() >= AN_CPU_AVX512_BF16;
}

const an_conv2d_algorithm an_conv2d_bf16__avx512 = {
    .name = "direct bf16",
    .pass = AN_FORWARD,
    .dtype = ALEXNET_BF16,
    .pools = true,
    .applies = conv_applies,
    .cost = conv_cost,
    .scratch_bytes = conv_scratch,
    .run = conv_forward,
    .packed_bytes = conv_packed_bytes,
    .pack_weights = conv_pack_weights,
};

const an_linear_algorithm an_linear_bf16__avx512[AN_PASSES] = {
    [AN_FORWARD] = {.name = "direct bf16",
                    .pass = AN_FORWARD,
                    .dtype = ALEXNET_BF16,
                    .applies = linear_applies,
                    .cost = linear_cost,
                    .scratch_bytes = linear_scratch,
                    .run = linear_forward,
                    .packed_bytes = linear_packed_bytes,
                    .pack_weights = linear_pack_weights},
    [AN_BACKWARD_DATA] = {.name = "direct bf16",
                          .pass = AN_BACKWARD_DATA,
                          .dtype = ALEXNET_BF16,
                          .applies = linear_applies,
                          .cost = linear_cost,
                          .scratch_bytes = linear_data_scratch,
                          .run = linear_backward_data},
    [AN_BACKWARD_WEIGHTS] = {.name = "direct bf16",
                             .pass = AN_BACKWARD_WEIGHTS,
                             .dtype = ALEXNET_BF16,
                             .applies = linear_applies,
                             .cost = linear_cost,
                             .scratch_bytes = linear_weights_scratch,
                             .run = linear_backward_weights},
};
#else
const an_conv2d_algorithm an_conv2d_bf16__avx512 = {
    .name = "direct bf16", .pass = AN_FORWARD, .dtype = ALEXNET_BF16, .applies = an_conv2d_never};

const an_linear_algorithm an_linear_bf16__avx512[AN_PASSES] = {
    [AN_FORWARD] = {.name = "direct bf16",
                    .pass = AN_FORWARD,
                    .dtype = ALEXNET_BF16,
                    .applies = an_linear_never},
    [AN_BACKWARD_DATA] = {.name = "direct bf16",
                          .pass = AN_BACKWARD_DATA,
                          .dtype = ALEXNET_BF16,
                          .applies = an_linear_never},
    [AN_BACKWARD_WEIGHTS] = {.name = "direct bf16",
                             .pass = AN_BACKWARD_WEIGHTS,
                             .dtype = ALEXNET_BF16,
                             .applies = an_linear_never},
};
#endif
