/*
 * sstable.c: reads a sorted table block by block.
 * SPDX-License-Identifier: MIT
 */
#include "formats/tensorflow/sstable.h"

#include "base/cursor.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/status.h"
#include <string.h>

#define FOOTER_BYTES  ((size_t)48)
#define RANGES_BYTES  ((size_t)40) /* of the footer: two places, padded with zeros */
#define TRAILER_BYTES ((size_t)5)  /* after a block */
#define MAGIC         0xdb4775248b80fb57U
#define MASK          0xa282ead8U
#define VARINT_BYTES  10 /* of 64 bits, 7 in each byte */
#define SNAPPY        1  /* compression */

uint32_t an_sstable_unmask(uint32_t masked)
{
    const uint32_t rotated = masked - MASK;

    return rotated >> 17 | rotated << 15;
}

bool an_sstable_matches(const uint8_t *tail, size_t bytes)
{
    if (bytes < sizeof(uint64_t)) return false;
    an_cursor cursor = an_cursor_open(tail + bytes - sizeof(uint64_t), sizeof(uint64_t));
    return an_cursor_u64le(&cursor) == MAGIC;
}

static alexnet_status fail_at(const an_sstable *table, uint64_t place, const char *fact)
{
    return an_fail(table->ctx, ALEXNET_BAD_FILE, "%s: byte %ju: %s", table->path, (uintmax_t)place,
                   fact);
}

/* ---- numbers ---- */

/* Sets the cursor's `bad` also for a number of more than 64 bits, or one in more bytes than it
   needs, which no writer makes. */
static uint64_t take_varint(an_cursor *cursor)
{
    uint64_t value = 0;

    for (int i = 0; i < VARINT_BYTES; ++i) {
        const uint8_t byte = an_cursor_u8(cursor);
        if (i == VARINT_BYTES - 1 && byte > 1) break;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            if (i > 0 && byte == 0) break;
            return value;
        }
    }
    cursor->bad = true;
    return 0;
}

static an_sstable_range take_range(an_cursor *cursor)
{
    an_sstable_range range = {.place = take_varint(cursor)};

    range.bytes = take_varint(cursor);
    return range;
}

/* ---- one block ---- */

/* The bytes of a block with its trailer, into block->data, which grows. */
static alexnet_status load(const an_sstable *table, const an_sstable_range *range,
                           an_sstable_block *block)
{
    const size_t bytes = (size_t)range->bytes + TRAILER_BYTES;

    if (bytes > block->room) {
        an_free(table->ctx, block->data);
        block->data = an_new(table->ctx, bytes);
        block->room = block->data != NULL ? bytes : 0;
        if (block->data == NULL)
            return an_fail(table->ctx, ALEXNET_NO_MEMORY, "%s: a block of %zu bytes", table->path,
                           bytes);
    }
    return an_reader_read(table->ctx, table->reader, table->path, range->place, block->data, bytes);
}

static alexnet_status check_trailer(const an_sstable *table, const an_sstable_range *range,
                                    const an_sstable_block *block)
{
    const size_t bytes = (size_t)range->bytes;
    an_cursor trailer = an_cursor_open(block->data + bytes, TRAILER_BYTES);
    const uint8_t compression = an_cursor_u8(&trailer);
    const uint32_t said = an_sstable_unmask(an_cursor_u32le(&trailer));
    const uint32_t found = an_crc32c(0, block->data, bytes + 1);

    if (found != said)
        return an_fail(table->ctx, ALEXNET_BAD_FILE,
                       "%s: byte %ju: the CRC-32C of a block of %zu bytes is %08x, the file says "
                       "%08x: the file is damaged",
                       table->path, (uintmax_t)range->place, bytes, found, said);
    if (compression == 0) return ALEXNET_OK;
    return an_fail(table->ctx, ALEXNET_UNSUPPORTED,
                   "%s: byte %ju: a block is compressed%s, which is not read", table->path,
                   (uintmax_t)range->place,
                   compression == SNAPPY ? " by Snappy" : " in an unknown way");
}

/* The place of a restart, or the position behind the entries if there are no more. */
static size_t restart_at(const an_sstable_block *block, size_t index)
{
    an_cursor cursor =
        an_cursor_open(block->data + block->end + index * sizeof(uint32_t), sizeof(uint32_t));

    return index < block->count ? an_cursor_u32le(&cursor) : block->end;
}

/* Reads a block that lies before `limit`, and places the position at its beginning. */
static alexnet_status block_open(const an_sstable *table, const an_sstable_range *range,
                                 uint64_t limit, an_sstable_block *block)
{
    const size_t bytes = (size_t)range->bytes;

    if (range->place > limit || range->bytes > limit - range->place ||
        limit - range->place - range->bytes < TRAILER_BYTES)
        return an_fail(table->ctx, ALEXNET_BAD_FILE,
                       "%s: a block of %ju bytes at %ju, of which only %ju are left", table->path,
                       (uintmax_t)range->bytes, (uintmax_t)range->place, (uintmax_t)limit);
    if (range->bytes > AN_SSTABLE_BLOCK_MAX)
        return an_fail(table->ctx, ALEXNET_BAD_FILE,
                       "%s: byte %ju: a block of %ju bytes; expected at most %zu", table->path,
                       (uintmax_t)range->place, (uintmax_t)range->bytes, AN_SSTABLE_BLOCK_MAX);
    if (bytes < 2 * sizeof(uint32_t))
        return fail_at(table, range->place, "a block of less than 8 bytes");
    AN_TRY(load(table, range, block));
    AN_TRY(check_trailer(table, range, block));
    an_cursor count = an_cursor_open(block->data + bytes - sizeof(uint32_t), sizeof(uint32_t));
    block->count = an_cursor_u32le(&count);
    if (block->count < 1 || block->count > bytes / sizeof(uint32_t) - 1)
        return fail_at(table, range->place, "a block has more restarts than bytes, or none");
    block->place = range->place;
    block->end = bytes - (block->count + 1) * sizeof(uint32_t);
    block->at = 0;
    block->next = 0;
    block->key_bytes = 0;
    if (restart_at(block, 0) != 0)
        return fail_at(table, range->place, "the first restart of a block is not its beginning");
    /* a block without entries has this restart all the same */
    if (block->end == 0) block->next = 1;
    return ALEXNET_OK;
}

/* Completes the key of an entry. False: it is not above the one before. */
static bool take_key(an_sstable_block *block, size_t shared, const uint8_t *added, size_t bytes)
{
    const size_t old = block->key_bytes - shared;
    const int order =
        AN_MIN(old, bytes) > 0 ? memcmp(added, block->key + shared, AN_MIN(old, bytes)) : 0;
    const bool above = block->at == 0 || order > 0 || (order == 0 && bytes > old);

    if (bytes > 0) memcpy(block->key + shared, added, bytes);
    block->key_bytes = shared + bytes;
    return above;
}

/* The next entry of a block; *more false: there is none. */
static alexnet_status block_next(const an_sstable *table, an_sstable_block *block,
                                 an_sstable_entry *out, bool *more)
{
    const uint64_t place = block->place + block->at;
    const size_t restart = restart_at(block, block->next);

    *more = block->at < block->end;
    if (restart < block->at || (!*more && block->next < block->count))
        return fail_at(table, place, "a restart of a block is not where an entry begins");
    if (!*more) return ALEXNET_OK;
    an_cursor cursor = an_cursor_open(block->data + block->at, block->end - block->at);
    const uint64_t shared = take_varint(&cursor), added = take_varint(&cursor);
    const uint64_t value = take_varint(&cursor);
    if (cursor.bad || added > an_cursor_left(&cursor) || value > an_cursor_left(&cursor) - added)
        return fail_at(table, place, "an entry does not end in its block");
    if (shared > block->key_bytes || (restart == block->at && shared > 0))
        return fail_at(table, place, "a key shares more than there is before it");
    if (shared + added > AN_SSTABLE_KEY_MAX)
        return fail_at(table, place, "a key has more than 2048 bytes");
    const uint8_t *key = an_cursor_bytes(&cursor, (size_t)added);
    if (!take_key(block, (size_t)shared, key, (size_t)added))
        return fail_at(table, place, "keys do not ascend");
    out->key = block->key;
    out->key_bytes = block->key_bytes;
    out->value = an_cursor_bytes(&cursor, (size_t)value);
    out->value_bytes = (size_t)value;
    out->place = block->place + (uint64_t)(out->value - block->data);
    if (restart == block->at) ++block->next;
    block->at = (size_t)(out->value - block->data) + (size_t)value;
    return ALEXNET_OK;
}

/* ---- the table ---- */

static alexnet_status read_footer(const an_sstable *table, an_sstable_range *meta,
                                  an_sstable_range *index)
{
    const uint64_t size = table->reader->size;
    uint8_t footer[FOOTER_BYTES];

    if (size < FOOTER_BYTES)
        return an_fail(table->ctx, ALEXNET_BAD_FILE,
                       "%s: %ju bytes; expected a table, whose footer alone has %zu", table->path,
                       (uintmax_t)size, FOOTER_BYTES);
    AN_TRY(an_reader_read(table->ctx, table->reader, table->path, size - FOOTER_BYTES, footer,
                          FOOTER_BYTES));
    if (!an_sstable_matches(footer, FOOTER_BYTES))
        return fail_at(table, size - sizeof(uint64_t),
                       "expected the magic number of a table, found another");
    an_cursor cursor = an_cursor_open(footer, RANGES_BYTES);
    *meta = take_range(&cursor);
    *index = take_range(&cursor);
    bool padded = !cursor.bad;
    while (an_cursor_left(&cursor) > 0)
        padded = an_cursor_u8(&cursor) == 0 && padded;
    return padded ? ALEXNET_OK
                  : fail_at(table, size - FOOTER_BYTES, "the footer is not that of a table");
}

/* What the meta index names is not looked at, but it must be a block. */
static alexnet_status check_meta(const an_sstable *table, const an_sstable_range *range)
{
    an_sstable_entry entry;
    bool more;

    AN_TRY(block_open(table, range, table->reader->size - FOOTER_BYTES, table->block));
    do
        AN_TRY(block_next(table, table->block, &entry, &more));
    while (more);
    return ALEXNET_OK;
}

alexnet_status an_sstable_open(alexnet_context *ctx, const char *path, const an_reader *reader,
                               an_sstable *out)
{
    an_sstable_range meta, index;

    *out = (an_sstable){.ctx = ctx, .path = path, .reader = reader};
    AN_TRY(read_footer(out, &meta, &index));
    out->index = an_new_zeroed(ctx, sizeof *out->index);
    out->block = an_new_zeroed(ctx, sizeof *out->block);
    out->bound = an_new(ctx, AN_SSTABLE_KEY_MAX);
    if (out->index == NULL || out->block == NULL || out->bound == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to read", path);
    AN_TRY(check_meta(out, &meta));
    AN_TRY(block_open(out, &index, reader->size - FOOTER_BYTES, out->index));
    out->to = index.place;
    *out->block = (an_sstable_block){.data = out->block->data, .room = out->block->room};
    return ALEXNET_OK;
}

static int compare(const uint8_t *a, size_t a_bytes, const uint8_t *b, size_t b_bytes)
{
    const size_t both = AN_MIN(a_bytes, b_bytes);
    const int order = both > 0 ? memcmp(a, b, both) : 0;

    return order != 0 ? order : a_bytes < b_bytes ? -1 : a_bytes > b_bytes;
}

/* The index's key of a block that was read is the bound between its keys and those that follow. */
static alexnet_status leave_block(an_sstable *table)
{
    const an_sstable_block *block = table->block, *index = table->index;

    if (compare(block->key, block->key_bytes, index->key, index->key_bytes) > 0)
        return fail_at(table, block->place, "the index has a lower key than the block");
    memcpy(table->bound, index->key, index->key_bytes);
    table->bound_bytes = index->key_bytes;
    table->bounded = true;
    return ALEXNET_OK;
}

/* Opens the next block; *more false: there is none. */
static alexnet_status enter_block(an_sstable *table, bool *more)
{
    an_sstable_entry entry;

    AN_TRY(block_next(table, table->index, &entry, more));
    if (!*more) return ALEXNET_OK;
    an_cursor cursor = an_cursor_open(entry.value, entry.value_bytes);
    const an_sstable_range range = take_range(&cursor);
    if (cursor.bad || an_cursor_left(&cursor) > 0)
        return fail_at(table, entry.place, "the index has a value that is no place");
    if (range.place < table->from)
        return fail_at(table, entry.place, "the index has a block before the end of another");
    AN_TRY(block_open(table, &range, table->to, table->block));
    table->from = range.place + range.bytes + TRAILER_BYTES;
    return ALEXNET_OK;
}

alexnet_status an_sstable_next(an_sstable *table, an_sstable_entry *out, bool *more)
{
    *more = false;
    if (table->block->count > 0) { /* one is open */
        AN_TRY(block_next(table, table->block, out, more));
        if (*more) return ALEXNET_OK;
        AN_TRY(leave_block(table));
    }
    AN_TRY(enter_block(table, more));
    if (!*more) return ALEXNET_OK;
    AN_TRY(block_next(table, table->block, out, more));
    if (!*more) return fail_at(table, table->block->place, "a block without entries");
    if (table->bounded && compare(out->key, out->key_bytes, table->bound, table->bound_bytes) <= 0)
        return fail_at(table, table->block->place, "keys do not ascend from block to block");
    return ALEXNET_OK;
}

void an_sstable_close(an_sstable *table)
{
    if (table->index != NULL) an_free(table->ctx, table->index->data);
    if (table->block != NULL) an_free(table->ctx, table->block->data);
    an_free(table->ctx, table->index);
    an_free(table->ctx, table->block);
    an_free(table->ctx, table->bound);
    *table = (an_sstable){0};
}
