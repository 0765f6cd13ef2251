/*
 * memory.h: the allocator. All heap memory of the library is allocated here (except by third-party
 * libraries), so that a caller can supply an allocator and a test can make the n-th call fail.
 *
 * All functions return NULL if there is no memory and do not set the context's error: the caller
 * knows the purpose. Blocks are aligned to AN_ALIGNMENT. Each thread allocates on its own context;
 * a block may be freed on another context forked from the same parent.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_MEMORY_H
#define AN_BASE_MEMORY_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdbool.h>
#include <stddef.h>

/* An uninitialised block. 0 bytes give a pointer that can be freed, not NULL. */
void *an_new(alexnet_context *ctx, size_t bytes) AN_NODISCARD;
/* The same with a larger alignment, a power of 2. */
void *an_new_aligned(alexnet_context *ctx, size_t bytes, size_t alignment) AN_NODISCARD;
/* The same with all bits zero. */
void *an_new_zeroed(alexnet_context *ctx, size_t bytes) AN_NODISCARD;
/* `count` elements of `size` bytes, zeroed. NULL also if count * size overflows. */
void *an_new_array(alexnet_context *ctx, size_t count, size_t size) AN_NODISCARD;
/* Moves a block to a larger one and frees it. NULL: the old block stays as it is. */
void *an_grow(alexnet_context *ctx, void *block, size_t old_bytes, size_t new_bytes) AN_NODISCARD;
/* A copy of a string. */
char *an_copy_text(alexnet_context *ctx, const char *text) AN_NODISCARD;
/* A string as sprintf() makes it, in the C locale. */
char *an_format(alexnet_context *ctx, const char *format, ...) AN_PRINTF(2, 3) AN_NODISCARD;
void an_free(alexnet_context *ctx, void *block); /* NULL is legal */

/* Returns the whole pages in this range to the system (MADV_DONTNEED); their contents are lost.
   Advice, which the system may decline. */
void an_pages_release(const void *from, size_t bytes);

/* True and *out = a * b, or false on overflow. Likewise for the sum. */
bool an_multiply(size_t a, size_t b, size_t *out) AN_NODISCARD;
bool an_add(size_t a, size_t b, size_t *out) AN_NODISCARD;

#endif
