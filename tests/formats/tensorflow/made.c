/*
 * made.c: see made.h.
 * SPDX-License-Identifier: MIT
 */
#include "formats/tensorflow/made.h"

#include "base/hash.h"
#include <string.h>

void made_bytes(an_pb_out *out, const void *data, size_t bytes)
{
    /* an_pb_append() only reads it */
    an_pb_append(out, &(an_pb_out){.data = (uint8_t *)(uintptr_t)data, .bytes = bytes});
}

void made_number(an_pb_out *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) {
        const uint8_t byte = (uint8_t)(value | 0x80);
        made_bytes(out, &byte, 1);
    }
    const uint8_t last = (uint8_t)value;
    made_bytes(out, &last, 1);
}

void made_u32(an_pb_out *out, uint32_t value) { made_bytes(out, &value, sizeof value); }

uint32_t made_mask(uint32_t crc) { return (crc >> 15 | crc << 17) + 0xa282ead8U; }

void made_entry(an_pb_out *block, size_t shared, const void *key, size_t key_bytes,
                const void *value, size_t value_bytes)
{
    made_number(block, shared);
    made_number(block, key_bytes);
    made_number(block, value_bytes);
    made_bytes(block, key, key_bytes);
    made_bytes(block, value, value_bytes);
}

void made_end(an_pb_out *block)
{
    made_u32(block, 0);
    made_u32(block, 1);
}

an_sstable_range made_block(an_pb_out *file, const void *data, size_t bytes, uint8_t compression)
{
    const an_sstable_range range = {file->bytes, bytes};
    const uint32_t crc = an_crc32c(an_crc32c(0, data, bytes), &compression, 1);

    made_bytes(file, data, bytes);
    made_bytes(file, &compression, 1);
    made_u32(file, made_mask(crc));
    return range;
}

void made_place(an_pb_out *index, const void *key, size_t key_bytes, an_sstable_range range)
{
    an_pb_out value = {.ctx = index->ctx};

    made_number(&value, range.place);
    made_number(&value, range.bytes);
    made_entry(index, 0, key, key_bytes, value.data, value.bytes);
    an_pb_free(&value);
}

void made_finish(an_pb_out *file, const an_pb_out *index)
{
    static const uint8_t empty[8] = {0, 0, 0, 0, 1}, zeros[40];
    static const uint64_t magic = 0xdb4775248b80fb57U;
    const an_sstable_range meta = made_block(file, empty, sizeof empty, 0);
    const an_sstable_range range = made_block(file, index->data, index->bytes, 0);
    const size_t start = file->bytes;

    made_number(file, meta.place);
    made_number(file, meta.bytes);
    made_number(file, range.place);
    made_number(file, range.bytes);
    made_bytes(file, zeros, start + sizeof zeros - file->bytes);
    made_bytes(file, &magic, sizeof magic);
}

an_pb_out made_table(alexnet_context *ctx, const void *data, size_t bytes)
{
    an_pb_out file = {.ctx = ctx}, index = file;

    made_place(&index, "\xff\xff", 2, made_block(&file, data, bytes, 0));
    made_end(&index);
    made_finish(&file, &index);
    an_pb_free(&index);
    return file;
}
