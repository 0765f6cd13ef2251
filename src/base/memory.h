/*
 * memory.h: the one allocator. Every heap byte of the library comes through here (third-party libraries excepted),
 * so that a caller can supply his own and a test can make the n-th call fail.
 *
 * All functions return NULL when memory is short and leave the context's error alone: the caller knows what it was for.
 * Blocks are aligned to AN_ALIGNMENT. Any thread may allocate on its own context; a block may be freed on another
 * context forked from the same parent.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_MEMORY_H
#define AN_BASE_MEMORY_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdbool.h>
#include <stddef.h>

void *an_new(alexnet_context *ctx, size_t bytes) AN_NODISCARD;        /* uninitialised; 0 bytes gives a valid pointer */
void *an_new_aligned(alexnet_context *ctx, size_t bytes, size_t alignment) AN_NODISCARD; /* a power of 2 from AN_ALIGNMENT on */
void *an_new_zeroed(alexnet_context *ctx, size_t bytes) AN_NODISCARD; /* all bits zero */
void *an_new_array(alexnet_context *ctx, size_t count, size_t size) AN_NODISCARD; /* zeroed; NULL when count * size overflows */
void *an_grow(alexnet_context *ctx, void *block, size_t old_bytes, size_t new_bytes) AN_NODISCARD; /* keeps the old block on failure */
char *an_copy_text(alexnet_context *ctx, const char *text) AN_NODISCARD;
char *an_format(alexnet_context *ctx, const char *format, ...) AN_PRINTF(2, 3) AN_NODISCARD; /* an allocated string */
void  an_free(alexnet_context *ctx, void *block); /* NULL is legal */

/* The whole pages among these bytes take no memory until they are touched again, and then hold nothing in particular.
   Advice, which the system may decline. */
void an_pages_release(const void *from, size_t bytes);

/* True and *out = a * b, or false on overflow. Likewise for the sum. */
bool an_multiply(size_t a, size_t b, size_t *out) AN_NODISCARD;
bool an_add(size_t a, size_t b, size_t *out) AN_NODISCARD;

#endif
