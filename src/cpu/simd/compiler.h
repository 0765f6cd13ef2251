/*
 * compiler.h: what the templates ask of the compiler, and how their names are made. Plain C
 * besides: base/compiler.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SIMD_COMPILER_H
#define AN_CPU_SIMD_COMPILER_H

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* The loop that follows, whose bounds are constants, without its jumps. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* Hides from the compiler where a pointer came from. Without it each row of A gets a pointer of its
   own, which spills; with it rows are reached from three pointers and small multiples of one
   stride. */
#define FORGET(pointer) __asm__("" : "+r"(pointer))

#define PASTE(a, b)     PASTE_2(a, b)
#define PASTE_2(a, b)   a##b
#define TEXT(a)         TEXT_2(a)
#define TEXT_2(a)       #a
#define TIER_NAME(stem) PASTE(stem##__, TIER) /* f32_tile_6__avx2 */

#endif
