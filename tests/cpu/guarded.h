/*
 * guarded.h: memory for tests of kernels. A block ends, but for the gap up to the alignment, at a page that cannot be
 * touched; the gap is checked when the block is freed. So a kernel that writes even one byte too far is caught, and one
 * that reads more than the gap too far. (AddressSanitizer sees neither in mapped memory; the pages do its work.)
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_GUARDED_H
#define AN_TEST_GUARDED_H

#include <stddef.h>

typedef struct guarded {
    void *data; /* aligned to AN_ALIGNMENT */
    size_t bytes;
    void *map;
    size_t map_bytes;
} guarded;

/* Filled with bytes 0xff: as floats, not a number. */
guarded guarded_new(size_t bytes);

/* Fails the test if the gap was written to. */
void guarded_free(guarded *block);

#endif
