/*
 * compiler.h: what the templates need from the compiler, and how their names are made. For
 * plain C: base/compiler.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SIMD_COMPILER_H
#define AN_CPU_SIMD_COMPILER_H

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Unrolls the loop that follows, whose bounds are constants, completely. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* Hides from the compiler where a pointer came from. Without it the compiler keeps a pointer for
   each row of A, and spills; with it rows are reached from three pointers and small multiples of
   one stride. */
#define FORGET(pointer) __asm__("" : "+r"(pointer))

#define PASTE(a, b)     PASTE_2(a, b)
#define PASTE_2(a, b)   a##b
#define TEXT(a)         TEXT_2(a)
#define TEXT_2(a)       #a
#define TIER_NAME(stem) PASTE(stem##__, TIER) /* f32_tile_6__avx2 */

#endif
