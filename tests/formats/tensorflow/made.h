/*
 * made.h: tables, and entries of a checkpoint's index, with the checksums that they need.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_FORMATS_TENSORFLOW_MADE_H
#define AN_TEST_FORMATS_TENSORFLOW_MADE_H

#include "formats/protobuf.h"
#include "formats/tensorflow/sstable.h"

/* Appends bytes, a varint, four bytes. */
void made_bytes(an_pb_out *out, const void *data, size_t bytes);
void made_number(an_pb_out *out, uint64_t value);
void made_u32(an_pb_out *out, uint32_t value);

/* Appends an entry that shares `shared` bytes of the key before it. */
void made_entry(an_pb_out *block, size_t shared, const void *key, size_t key_bytes,
                const void *value, size_t value_bytes);

/* Appends the place of the only restart, 0, and the number of restarts. */
void made_end(an_pb_out *block);

/* Appends a block with its trailer. */
an_sstable_range made_block(an_pb_out *file, const void *data, size_t bytes, uint8_t compression);

/* Appends meta index, index and footer. index: the contents of its block. */
void made_finish(an_pb_out *file, const an_pb_out *index);

/* Appends an entry of an index. */
void made_place(an_pb_out *index, const void *key, size_t key_bytes, an_sstable_range range);

/* A whole table of one data block with these contents. Free it with an_pb_free(). */
an_pb_out made_table(alexnet_context *ctx, const void *data, size_t bytes);

uint32_t made_mask(uint32_t crc);

#endif
