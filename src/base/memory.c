/*
 * memory.c: the allocator.
 *
 * The caller's functions align as malloc does. So a block lies inside a larger one, and the pointer
 * to release is stored just before it:
 *
 *     raw        ...   raw's address | block (aligned)
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"

#include "base/context.h"
#include "base/text.h"
#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *allocate_from_caller(const alexnet_options *options, size_t bytes, size_t alignment)
{
    size_t total;

    if (!an_add(bytes, sizeof(void *) + alignment - 1, &total)) return NULL;
    char *raw = options->allocate(options->memory_user, total);
    if (raw == NULL) return NULL;
    const uintptr_t earliest = (uintptr_t)raw + sizeof(void *);
    char *block = raw + sizeof(void *) + (-earliest & (alignment - 1));
    memcpy(block - sizeof(void *), &raw, sizeof raw);
    return block;
}

void *an_new_aligned(alexnet_context *ctx, size_t bytes, size_t alignment)
{
    void *block = NULL;

    assert(alignment >= AN_ALIGNMENT && (alignment & (alignment - 1)) == 0);
    if (an_fault(ctx, AN_FAULT_MEMORY)) return NULL;
    bytes = AN_MAX(bytes, 1);
    if (ctx->options.allocate != NULL) return allocate_from_caller(&ctx->options, bytes, alignment);
    return posix_memalign(&block, alignment, bytes) == 0 ? block : NULL;
}

void an_free(alexnet_context *ctx, void *block)
{
    char *raw = block;

    if (block == NULL) return;
    if (ctx->options.allocate == NULL) {
        free(block);
        return;
    }
    memcpy(&raw, raw - sizeof raw, sizeof raw);
    ctx->options.release(ctx->options.memory_user, raw);
}

void *an_new(alexnet_context *ctx, size_t bytes)
{
    return an_new_aligned(ctx, bytes, AN_ALIGNMENT);
}

void *an_new_zeroed(alexnet_context *ctx, size_t bytes)
{
    void *block = an_new(ctx, bytes);

    return block == NULL ? NULL : memset(block, 0, bytes);
}

void *an_new_array(alexnet_context *ctx, size_t count, size_t size)
{
    size_t bytes;

    return an_multiply(count, size, &bytes) ? an_new_zeroed(ctx, bytes) : NULL;
}

void *an_grow(alexnet_context *ctx, void *block, size_t old_bytes, size_t new_bytes)
{
    void *larger = an_new(ctx, new_bytes); /* realloc() does not keep the alignment */

    if (larger == NULL) return NULL;
    if (block != NULL) memcpy(larger, block, AN_MIN(old_bytes, new_bytes));
    an_free(ctx, block);
    return larger;
}

char *an_copy_text(alexnet_context *ctx, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = an_new(ctx, bytes);

    return copy == NULL ? NULL : memcpy(copy, text, bytes);
}

char *an_format(alexnet_context *ctx, const char *format, ...)
{
    va_list list, again;
    char *text = NULL;

    va_start(list, format);
    va_copy(again, list);
    const int length = an_print_list(NULL, 0, format, list);
    if (length >= 0) text = an_new(ctx, (size_t)length + 1);
    if (text != NULL) an_print_list(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(list);
    return text;
}

void an_pages_release(const void *from, size_t bytes)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)from;
    const uintptr_t begin = AN_ROUND_UP(first, page), end = (first + bytes) / page * page;

    if (begin < end) (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
}

bool an_multiply(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b) return false;
    *out = a * b;
    return true;
}

bool an_add(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b) return false;
    *out = a + b;
    return true;
}
