/*
 * blob_test.c: plain and compressed files.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "data/blob.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LIMIT ((size_t)1 << 20)

/* Compresses to a gzip member; returns its size. */
static size_t compress_gzip(const void *data, size_t bytes, uint8_t *out, size_t room)
{
    z_stream stream = {.avail_in = (uInt)bytes, .avail_out = (uInt)room, .next_out = out};

    stream.next_in = (Bytef *)(uintptr_t)data; /* zlib's interface has no const */
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return stream.total_out;
}

static const char *path_of(const fixture *f) { return an_test_path(f->folder, "blob"); }

static void assert_holds(const fixture *f, const char *expected, size_t bytes)
{
    an_blob blob;
    an_source_buffer buffer = {0};
    const uint8_t *data;

    an_assert_ok(f->ctx, an_blob_open(f->ctx, path_of(f), LIMIT, &blob));
    assert_int_equal(blob.size, bytes);
    an_assert_ok(f->ctx, an_blob_view(&blob, f->ctx, 0, bytes, &buffer, &data));
    assert_memory_equal(data, expected, bytes);
    an_assert_ok(f->ctx, an_blob_view(&blob, f->ctx, bytes, 0, &buffer, &data));
    an_assert_status(f->ctx, an_blob_view(&blob, f->ctx, bytes, 1, &buffer, &data),
                     ALEXNET_BAD_FILE);
    an_assert_status(f->ctx, an_blob_view(&blob, f->ctx, UINT64_MAX, 2, &buffer, &data),
                     ALEXNET_BAD_FILE);
    an_assert_status(f->ctx, an_blob_view(&blob, f->ctx, 1, SIZE_MAX, &buffer, &data),
                     ALEXNET_BAD_FILE);
    an_source_buffer_free(f->ctx, &buffer);
    an_blob_close(f->ctx, &blob);
}

static void assert_refused(const fixture *f, size_t limit, const char *message)
{
    an_blob blob;

    an_assert_status(f->ctx, an_blob_open(f->ctx, path_of(f), limit, &blob), ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, message);
}

static void plain_and_gzip_files_read_alike(void **in)
{
    const fixture *f = *in;
    uint8_t packed[100];

    an_test_write(path_of(f), "plain text", 10);
    assert_holds(f, "plain text", 10);
    an_test_write(path_of(f), "x", 1);
    assert_holds(f, "x", 1);
    an_test_write(path_of(f), packed, compress_gzip("plain text", 10, packed, sizeof packed));
    assert_holds(f, "plain text", 10);
}

static void several_members_and_padding_zeros_are_read(void **in)
{
    const fixture *f = *in;
    uint8_t packed[300] = {0};
    size_t bytes = compress_gzip("one ", 4, packed, 100);

    bytes += compress_gzip("", 0, packed + bytes, 100);
    bytes += compress_gzip("two", 3, packed + bytes, 100);
    an_test_write(path_of(f), packed, bytes);
    assert_holds(f, "one two", 7);
    an_test_write(path_of(f), packed, bytes + 20);
    assert_holds(f, "one two", 7);
    packed[bytes] = 'x';
    an_test_write(path_of(f), packed, bytes + 20);
    assert_refused(f, LIMIT, "gzip");
}

/* Larger than the input and output buffers, and hardly compressible. */
static void large_files(void **in)
{
    const fixture *f = *in;
    const size_t bytes = 300000;
    char *data = malloc(bytes);
    uint8_t *packed = malloc(2 * bytes);
    uint32_t state = 1;

    assert_true(data != NULL && packed != NULL);
    for (size_t i = 0; i < bytes; ++i)
        data[i] = (char)((state = state * 1664525 + 1013904223) >> 24);
    const size_t packed_bytes = compress_gzip(data, bytes, packed, 2 * bytes);
    an_test_write(path_of(f), packed, packed_bytes);
    assert_holds(f, data, bytes);

    for (size_t cut = 2; cut < packed_bytes; cut += cut < 40 ? 1 : 9973) {
        an_test_write(path_of(f), packed, cut);
        assert_refused(f, LIMIT, "cut short");
    }
    packed[packed_bytes - 5] ^= 1; /* the checksum */
    an_test_write(path_of(f), packed, packed_bytes);
    assert_refused(f, LIMIT, "gzip");
    free(data);
    free(packed);
}

static void the_limit_is_exact(void **in)
{
    static const size_t sizes[] = {1, 1000, 65535, 65536, 65537, 200000};
    const fixture *f = *in;
    char *zeros = calloc(1, 200000);
    uint8_t packed[1000];

    assert_non_null(zeros);
    for (size_t i = 0; i < AN_COUNT(sizes); ++i) {
        an_blob blob;
        an_test_write(path_of(f), packed, compress_gzip(zeros, sizes[i], packed, sizeof packed));
        an_assert_ok(f->ctx, an_blob_open(f->ctx, path_of(f), sizes[i], &blob));
        assert_int_equal(blob.size, sizes[i]);
        an_blob_close(f->ctx, &blob);
        assert_refused(f, sizes[i] - 1, "unpacks to more than");
    }
    free(zeros);
}

/* 70 MiB of zeros in 70 kB. */
static void a_small_file_cannot_take_much_memory(void **in)
{
    const fixture *f = *in;
    const size_t bytes = AN_BLOB_FREE + (6 << 20), room = 1 << 20;
    char *zeros = calloc(1, bytes);
    uint8_t *packed = malloc(room);

    assert_true(zeros != NULL && packed != NULL);
    an_test_write(path_of(f), packed, compress_gzip(zeros, bytes, packed, room));
    assert_refused(f, SIZE_MAX, "unpacks to more than 67108864 bytes");
    an_test_write(path_of(f), packed, compress_gzip(zeros, AN_BLOB_FREE, packed, room));
    an_blob blob;
    an_assert_ok(f->ctx, an_blob_open(f->ctx, path_of(f), SIZE_MAX, &blob));
    assert_int_equal(blob.size, AN_BLOB_FREE);
    an_blob_close(f->ctx, &blob);
    free(packed);
    free(zeros);
}

static void blobs_of_one_gzip_file_share_its_bytes(void **in)
{
    const fixture *f = *in;
    const uint8_t *x, *y;
    uint8_t packed[100];
    an_blob a, b, other;

    an_test_write(path_of(f), packed, compress_gzip("plain text", 10, packed, sizeof packed));
    an_test_write(an_test_path(f->folder, "other"), packed,
                  compress_gzip("other text", 10, packed, sizeof packed));
    an_assert_ok(f->ctx, an_blob_open(f->ctx, path_of(f), LIMIT, &a));
    an_assert_ok(f->ctx, an_blob_open(f->ctx, an_test_path(f->folder, "other"), LIMIT, &other));
    an_assert_ok(f->ctx, an_blob_open(f->ctx, path_of(f), LIMIT, &b));
    an_assert_ok(f->ctx, an_blob_view(&a, f->ctx, 0, 10, NULL, &x));
    an_assert_ok(f->ctx, an_blob_view(&b, f->ctx, 0, 10, NULL, &y));
    assert_ptr_equal(x, y);
    an_blob_close(f->ctx, &a);
    assert_memory_equal(y, "plain text", 10);
    an_assert_ok(f->ctx, an_blob_view(&other, f->ctx, 0, 10, NULL, &x));
    assert_memory_equal(x, "other text", 10);
    an_blob_close(f->ctx, &b);
    an_blob_close(f->ctx, &other);
}

static alexnet_status open_blob(const fixture *f, const void *unused)
{
    an_blob blob;

    (void)unused;
    const alexnet_status status = an_blob_open(f->ctx, path_of(f), LIMIT, &blob);
    an_blob_close(f->ctx, &blob);
    return status;
}

static void every_failure_is_clean(void **in)
{
    const fixture *f = *in;
    uint8_t packed[100];

    an_test_write(path_of(f), packed, compress_gzip("plain text", 10, packed, sizeof packed));
    fixture_sweep_job(f, AN_FAULT_ANY, EIO, open_blob, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(plain_and_gzip_files_read_alike),
        FIXTURE_TEST(several_members_and_padding_zeros_are_read),
        FIXTURE_TEST(large_files),
        FIXTURE_TEST(the_limit_is_exact),
        FIXTURE_TEST(a_small_file_cannot_take_much_memory),
        FIXTURE_TEST(blobs_of_one_gzip_file_share_its_bytes),
        FIXTURE_TEST(every_failure_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
