/*
 * guarded.h: memory for tests of kernels, between two pages that cannot be touched. A block ends
 * at the second page, except for the gap up to the alignment, or begins right after the first; the
 * rest of its pages is checked when it is freed. So a kernel that writes even one byte outside is
 * caught, and one that reads far enough. (AddressSanitizer sees neither in mapped memory; the pages
 * replace it.)
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

/* Filled with bytes 0xff: as floats, not a number. It ends at a guard. */
guarded guarded_new(size_t bytes);

/* The same, beginning at a guard. */
guarded guarded_new_first(size_t bytes);

/* Fails the test if bytes outside the data were written. */
void guarded_free(guarded *block);

#endif
