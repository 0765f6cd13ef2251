/*
 * kernels_avx512_vnni.c: forward passes in whole numbers of 8 bits, as int8.h defines them, with
 * AVX-512 VNNI. Compiled with -mavx512vnni beside the flags of the tier; used where the processor
 * has it.
 *
 * vpdpbusd multiplies unsigned bytes by signed bytes: images by weights. Where images have numbers
 * below 0, zero is 128, and 128 times the sum of the weights is subtracted; the padding is 128,
 * too.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/packed/packed.h"
#include "cpu/tiles.h"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#include "base/compiler.h"
#include "cpu/detect.h"
#include "cpu/int8.h"
#include "cpu/scratch.h"
#include "cpu/simd/avx512_units.h"

/* ---- the numbers ---- */

#define LANES           AN_TILE_AVX512_LANES
#define NV              AN_TILE_AVX512_VECTORS
#define MR              AN_TILE_AVX512_ROWS
#define UNIT            4 /* numbers in a unit */
#define PLAIN_WEIGHTS   0 /* weights are packed in any case */
#define DTYPE           ALEXNET_INT8
#define TILE_NAME(stem) int8_tile_##stem##__avx512

typedef uint8_t number; /* of weights: the bits of an int8_t */
typedef int32_t sum_number;
typedef __m512i va; /* 16 sums */

typedef an_int8_scale packing;

/* Of each output channel: its scale, and the sum of its weights. */
typedef struct weights_info {
    float *scale;
    int32_t *sum;
} weights_info;

static inline packing packing_of_image(const float *x, size_t count)
{
    return an_int8_scale_of_image(x, count);
}

static inline packing packing_of_weights(const float *w, size_t count)
{
    return an_int8_scale_of_weights(w, count);
}

static inline number pack_weight(const packing *how, float value)
{
    return (number)an_int8_low_byte(how, value);
}

static inline int packed_zero(const packing *how) { return how->zero; }

static inline int32_t whole_value(number value) { return (value ^ 0x80) - 0x80; }

static inline size_t weights_info_bytes(int count) { return 2 * an_scratch_round((size_t)count); }

static inline weights_info weights_info_at(const void *at, int count)
{
    char *info = (char *)(uintptr_t)at; /* written when weights are packed */

    return (weights_info){(float *)(void *)info,
                          (int32_t *)(void *)(info + an_scratch_round((size_t)count))};
}

static inline void weights_info_set(const weights_info *info, int i, const packing *how,
                                    int32_t sum)
{
    info->scale[i] = how->scale;
    info->sum[i] = sum;
}

static inline float value_of(const weights_info *info, const packing *how, int i, int32_t sum)
{
    return (float)(sum - how->zero * info->sum[i]) * (how->scale * info->scale[i]);
}

/* 16 numbers, as far as there are any. */
static inline __m128i pack_16(const packing *how, const float *from, __mmask16 lanes)
{
    const __m512 value =
        _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, from), _mm512_set1_ps(how->inverse));

    return _mm512_cvtepi32_epi8(
        _mm512_add_epi32(_mm512_cvtps_epi32(value), _mm512_set1_epi32(how->zero)));
}

static inline void pack_numbers(const packing *how, const float *from, size_t count, number *to)
{
    size_t i = 0;

    for (; i + 16 <= count; i += 16)
        _mm_storeu_si128((__m128i *)(void *)(to + i), pack_16(how, from + i, 0xffff));
    if (i < count) {
        const __mmask16 lanes = lanes_of((int)(count - i));
        _mm_mask_storeu_epi8(to + i, lanes, pack_16(how, from + i, lanes));
    }
}

/* ---- the machine ---- */

static inline va va_zero(void) { return _mm512_setzero_si512(); }

static inline va va_dot(va sum, vp images, vp weights)
{
    return _mm512_dpbusd_epi32(sum, images, weights);
}

static inline int32_t va_sum(va sum) { return _mm512_reduce_add_epi32(sum); }

/* How the sums of a row of C, whose columns are output channels, are stored. */
typedef struct finish {
    const float *scale; /* of the weights; NULL: sums stay whole numbers */
    const int32_t *sum;
    const float *bias; /* NULL: none */
    float image_scale;
    int zero;
    bool relu;
} finish;

static inline finish finish_of(const weights_info *info, const packing *how, const float *bias,
                               bool relu)
{
    return (finish){info->scale, info->sum, bias, how->scale, how->zero, relu};
}

static inline finish finish_of_columns(const finish *end, int first)
{
    finish here = *end;

    here.scale += first;
    here.sum += first;
    if (here.bias != NULL) here.bias += first;
    return here;
}

static inline void va_finish(const finish *end, float *c, int first, int count, bool add, va sum)
{
    const __mmask16 lanes = lanes_of(count);

    if (add) sum = _mm512_add_epi32(sum, _mm512_maskz_loadu_epi32(lanes, c + first));
    if (end->scale == NULL) {
        _mm512_mask_storeu_epi32(c + first, lanes, sum);
        return;
    }
    const __m512i off = _mm512_mullo_epi32(_mm512_set1_epi32(end->zero),
                                           _mm512_maskz_loadu_epi32(lanes, end->sum + first));
    const __m512 scale = _mm512_mul_ps(_mm512_set1_ps(end->image_scale),
                                       _mm512_maskz_loadu_ps(lanes, end->scale + first));
    const __m512 bias =
        end->bias != NULL ? _mm512_maskz_loadu_ps(lanes, end->bias + first) : _mm512_setzero_ps();
    __m512 value =
        _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(sum, off)), scale), bias);
    if (end->relu) value = _mm512_max_ps(_mm512_setzero_ps(), value); /* not a number stays */
    _mm512_mask_storeu_ps(c + first, lanes, value);
}

#include "cpu/packed/algorithms_tmpl.h"

/* ---- the algorithms ---- */

static bool conv_applies(const an_conv2d *g, an_pass pass)
{
    return an_int8_conv2d_fits(g, pass) && an_cpu_detect() >= AN_CPU_AVX512_VNNI;
}

static bool linear_applies(const an_linear *g, an_pass pass)
{
    return an_int8_linear_fits(g, pass) && an_cpu_detect() >= AN_CPU_AVX512_VNNI;
}

const an_conv2d_algorithm an_conv2d_int8__avx512 = {
    .name = "direct int8",
    .pass = AN_FORWARD,
    .dtype = ALEXNET_INT8,
    .pools = true,
    .applies = conv_applies,
    .cost = conv_cost,
    .scratch_bytes = conv_scratch,
    .run = conv_forward,
    .packed_bytes = conv_packed_bytes,
    .pack_weights = conv_pack_weights,
};

const an_linear_algorithm an_linear_int8__avx512 = {
    .name = "direct int8",
    .pass = AN_FORWARD,
    .dtype = ALEXNET_INT8,
    .applies = linear_applies,
    .cost = linear_cost,
    .scratch_bytes = linear_scratch,
    .run = linear_forward,
    .packed_bytes = linear_packed_bytes,
    .pack_weights = linear_pack_weights,
};
#else
const an_conv2d_algorithm an_conv2d_int8__avx512 = {
    .name = "direct int8", .pass = AN_FORWARD, .dtype = ALEXNET_INT8, .applies = an_conv2d_never};

const an_linear_algorithm an_linear_int8__avx512 = {
    .name = "direct int8", .pass = AN_FORWARD, .dtype = ALEXNET_INT8, .applies = an_linear_never};
#endif
