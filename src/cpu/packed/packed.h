/*
 * packed.h: algorithms in formats with several numbers in 4 bytes, for machines with instructions
 * for them. For other machines: bf16.h, int8.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_PACKED_PACKED_H
#define AN_CPU_PACKED_PACKED_H

#include "core/backend.h"

/* An algorithm that the compiler cannot make is defined all the same, and applies to nothing. */
static inline bool an_conv2d_never(const an_conv2d *g, an_pass pass)
{
    (void)g, (void)pass;
    return false;
}

static inline bool an_linear_never(const an_linear *g, an_pass pass)
{
    (void)g, (void)pass;
    return false;
}

/* Forward, of packed weights; in linear layers any pass, and any weights in bf16. */
extern const an_conv2d_algorithm an_conv2d_bf16__avx512, an_conv2d_int8__avx512;
extern const an_linear_algorithm an_linear_bf16__avx512[AN_PASSES], an_linear_int8__avx512;

#endif
