/*
 * inflate_test.c: compressed data piece by piece, whatever the pieces; data that is damaged or of
 * another size.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/inflate.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Deflates without a header (RFC 1951); free the result. */
static uint8_t *deflated(const void *data, size_t bytes, size_t *packed)
{
    const size_t room = bytes + 1000;
    uint8_t *out = malloc(room);
    z_stream stream = {.next_in = (void *)(uintptr_t)data,
                       .avail_in = (uInt)bytes,
                       .next_out = out,
                       .avail_out = (uInt)room};

    assert_non_null(out);
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    *packed = stream.total_out;
    deflateEnd(&stream);
    return out;
}

/* Reads `bytes` bytes in two pieces, the first of `first`. */
static alexnet_status read_pieces(alexnet_context *ctx, const an_reader *reader, size_t packed,
                                  uint8_t *out, size_t bytes, size_t first)
{
    an_inflate s;
    alexnet_status status = an_inflate_open(ctx, "f", "entry", "e", reader, 0, packed, &s);

    if (status == ALEXNET_OK) status = an_inflate_read(&s, out, first);
    if (status == ALEXNET_OK) status = an_inflate_read(&s, out + first, bytes - first);
    if (status == ALEXNET_OK) status = an_inflate_finish(&s);
    an_inflate_close(&s);
    return status;
}

/* zlib takes the last bytes of the input long before it has written the last zeros. */
static void pieces_may_end_anywhere(void **state)
{
    enum { BYTES = 3000 };
    const an_test_place *p = *state;
    uint8_t zeros[BYTES] = {0}, out[BYTES];
    size_t packed;
    uint8_t *data = deflated(zeros, BYTES, &packed);
    const an_reader reader = an_reader_of(data, packed);

    for (size_t first = 0; first <= BYTES; ++first) {
        memset(out, 1, sizeof out);
        an_assert_ok(p->ctx, read_pieces(p->ctx, &reader, packed, out, BYTES, first));
        assert_memory_equal(out, zeros, BYTES);
    }
    free(data);
}

/* More input than is read at a time. */
static void large_data_is_read_in_parts(void **state)
{
    const an_test_place *p = *state;
    const size_t bytes = 300000;
    uint8_t *content = malloc(bytes), *out = malloc(bytes);
    uint32_t random = 1;
    size_t packed;

    assert_non_null(content);
    assert_non_null(out);
    for (size_t i = 0; i < bytes; ++i)
        content[i] = (uint8_t)((random = random * 1664525 + 1013904223) >> 24);
    uint8_t *data = deflated(content, bytes, &packed);
    const an_reader reader = an_reader_of(data, packed);
    assert_true(packed > 200000);
    an_assert_ok(p->ctx, read_pieces(p->ctx, &reader, packed, out, bytes, 12345));
    assert_memory_equal(out, content, bytes);
    free(data);
    free(out);
    free(content);
}

static void other_data_is_refused(void **state)
{
    static const char content[] = "a text that is compressed";
    const an_test_place *p = *state;
    size_t packed;
    uint8_t *data = deflated(content, sizeof content, &packed), out[2 * sizeof content];
    data = realloc(data, packed + 1);
    assert_non_null(data);
    data[packed] = 0;
    const struct {
        size_t packed, bytes;
        const char *message;
    } rows[] = {
        {packed, sizeof content - 1, "f: entry 'e': its compressed data is longer than the entry"},
        {packed, sizeof content + 1, "f: entry 'e': its compressed data is shorter than the entry"},
        {packed - 1, sizeof content, "f: entry 'e': its compressed data ends early"},
        {0, sizeof content, "f: entry 'e': its compressed data ends early"},
        {packed + 1, sizeof content,
         "f: entry 'e': its compressed data is followed by something else"}};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_reader reader = an_reader_of(data, packed + 1);
        an_assert_status(p->ctx,
                         read_pieces(p->ctx, &reader, rows[i].packed, out, rows[i].bytes, 5),
                         ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, rows[i].message);
    }
    data[0] = 0xff; /* a reserved type of block */
    const an_reader reader = an_reader_of(data, packed);
    an_assert_status(p->ctx, read_pieces(p->ctx, &reader, packed, out, sizeof content, 5),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "f: entry 'e': its compressed data is damaged");
    free(data);
}

static void refused_memory_is_reported(void **state)
{
    const an_test_place *p = *state;
    static const char content[] = "a text";
    size_t packed;
    uint8_t *data = deflated(content, sizeof content, &packed), out[sizeof content];
    const an_reader reader = an_reader_of(data, packed);
    long n = 0;

    for (;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, ENOMEM);
        const alexnet_status status = read_pieces(p->ctx, &reader, packed, out, sizeof content, 3);
        if (!an_test_fault_disarm(&fault)) break;
        assert_int_equal(status, ALEXNET_NO_MEMORY);
        an_assert_error(p->ctx, "f: no memory to decompress entry 'e'");
    }
    assert_true(n >= 3);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(pieces_may_end_anywhere),
        an_test_in_place(large_data_is_read_in_parts),
        an_test_in_place(other_data_is_refused),
        an_test_in_place(refused_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
