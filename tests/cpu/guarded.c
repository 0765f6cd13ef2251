/*
 * guarded.c: see guarded.h.
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include "support/support.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GAP_BYTE 0x5a

guarded guarded_new(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t whole = AN_ROUND_UP(bytes, (size_t)AN_ALIGNMENT);
    guarded block = {.bytes = bytes, .map_bytes = AN_ROUND_UP(whole, page) + page};

    block.map =
        mmap(NULL, block.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(block.map != MAP_FAILED);
    char *end = (char *)block.map + block.map_bytes - page;
    assert_int_equal(mprotect(end, page, PROT_NONE), 0);
    block.data = end - whole;
    memset(block.data, 0xff, bytes);
    memset(end - (whole - bytes), GAP_BYTE, whole - bytes);
    return block;
}

void guarded_free(guarded *block)
{
    const unsigned char *gap = (const unsigned char *)block->data + block->bytes;
    const size_t count = AN_ROUND_UP(block->bytes, (size_t)AN_ALIGNMENT) - block->bytes;

    for (size_t i = 0; i < count; ++i)
        assert_int_equal(gap[i], GAP_BYTE);
    assert_int_equal(munmap(block->map, block->map_bytes), 0);
}
