/*
 * guarded.c: see guarded.h.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/guarded.h"

#include "support/support.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GAP_BYTE 0x5a

static size_t page_bytes(void) { return (size_t)sysconf(_SC_PAGESIZE); }

static guarded new_at(size_t bytes, bool first)
{
    const size_t page = page_bytes();
    const size_t whole = AN_ROUND_UP(bytes, (size_t)AN_ALIGNMENT), pages = AN_ROUND_UP(whole, page);
    guarded block = {.bytes = bytes, .map_bytes = page + pages + page};

    block.map =
        mmap(NULL, block.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(block.map != MAP_FAILED);
    char *begin = (char *)block.map + page;
    assert_int_equal(mprotect(block.map, page, PROT_NONE), 0);
    assert_int_equal(mprotect(begin + pages, page, PROT_NONE), 0);
    block.data = first ? begin : begin + pages - whole;
    memset(begin, GAP_BYTE, pages);
    memset(block.data, 0xff, bytes);
    return block;
}

guarded guarded_new(size_t bytes) { return new_at(bytes, false); }

guarded guarded_new_first(size_t bytes) { return new_at(bytes, true); }

static void check_gap(const unsigned char *from, const unsigned char *to)
{
    for (; from < to; ++from)
        assert_int_equal(*from, GAP_BYTE);
}

void guarded_free(guarded *block)
{
    const unsigned char *begin = (const unsigned char *)block->map + page_bytes();
    const unsigned char *data = block->data;

    check_gap(begin, data);
    check_gap(data + block->bytes, begin + block->map_bytes - 2 * page_bytes());
    assert_int_equal(munmap(block->map, block->map_bytes), 0);
}
