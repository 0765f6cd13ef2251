/*
 * packed.h: algorithms in formats of which several numbers go into 4 bytes, of machines that multiply them
 * at once. NULL: this compiler cannot make them. What machines without them do: bf16.h, int8.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_PACKED_PACKED_H
#define AN_CPU_PACKED_PACKED_H

#include "core/backend.h"

/* Forward, of prepared weights; in linear layers any pass, and any weights in bf16. */
const an_conv2d_algorithm *an_conv2d_bf16__avx512(void);
const an_linear_algorithm *an_linear_bf16__avx512(an_pass pass);
const an_conv2d_algorithm *an_conv2d_int8__avx512(void);
const an_linear_algorithm *an_linear_int8__avx512(void);

#endif
