/*
 * fuzz_sstable.c: whatever the bytes, a table is refused, or has ascending keys and values within
 * the file. The first byte of the input says what the rest is: a table; the contents of a data
 * block; the contents of an index over one data block. For the last two the checksums are made,
 * which no fuzzer would find.
 * SPDX-License-Identifier: MIT
 */
#include "formats/tensorflow/made.h"
#include "fuzz/fuzz.h"
#include <string.h>

static void read_table(const uint8_t *data, size_t size)
{
    const an_reader reader = an_reader_of(data, size);
    uint8_t last[AN_SSTABLE_KEY_MAX];
    size_t last_bytes = 0;
    an_sstable_entry entry;
    an_sstable table;
    bool more = true, first = true;
    alexnet_status status = an_sstable_open(fuzz_context(), "fuzz", &reader, &table);

    while (status == ALEXNET_OK && more) {
        status = an_sstable_next(&table, &entry, &more);
        if (status != ALEXNET_OK || !more) break;
        FUZZ_REQUIRE(entry.key_bytes <= AN_SSTABLE_KEY_MAX);
        FUZZ_REQUIRE(entry.place <= size && entry.value_bytes <= size - entry.place);
        FUZZ_REQUIRE(memcmp(data + entry.place, entry.value, entry.value_bytes) == 0);
        const size_t both = last_bytes < entry.key_bytes ? last_bytes : entry.key_bytes;
        const int order = both > 0 ? memcmp(last, entry.key, both) : 0;
        FUZZ_REQUIRE(first || order < 0 || (order == 0 && last_bytes < entry.key_bytes));
        memcpy(last, entry.key, entry.key_bytes);
        last_bytes = entry.key_bytes;
        first = false;
    }
    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE ||
                 status == ALEXNET_UNSUPPORTED);
    an_sstable_close(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char block[] = "\0\1\1av\0\0\0\0\1\0\0\0";

    if (size == 0) return 0;
    if (data[0] % 3 == 0) {
        read_table(data + 1, size - 1);
        return 0;
    }
    an_pb_out file = {.ctx = fuzz_context()};
    if (data[0] % 3 == 1) {
        file = made_table(fuzz_context(), data + 1, size - 1);
    } else {
        made_block(&file, block, sizeof block - 1, 0);
        made_finish(&file,
                    &(an_pb_out){.data = (uint8_t *)(uintptr_t)(data + 1), .bytes = size - 1});
    }
    read_table(file.data, file.bytes);
    an_pb_free(&file);
    return 0;
}
