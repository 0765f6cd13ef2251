/*
 * compiler.h: the compiler extensions of the library, each under a name for its purpose, and
 * macros for every file. Those of the kernels are in cpu/simd/compiler.h; the rest is plain C17.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_COMPILER_H
#define AN_BASE_COMPILER_H

#include <stddef.h>

#if defined(__GNUC__) || defined(__clang__)
#define AN_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define AN_NODISCARD           __attribute__((warn_unused_result))
#else
#define AN_PRINTF(text, first)
#define AN_NODISCARD
#endif

#define AN_COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define AN_MIN(a, b)      ((a) < (b) ? (a) : (b))
#define AN_MAX(a, b)      ((a) > (b) ? (a) : (b))
#define AN_ROUND_UP(x, m) (((x) + (m)-1) / (m) * (m))

/* The alignment of every large buffer: a cache line, which is also the widest vector. */
#define AN_ALIGNMENT 64

#endif
