/*
 * gzip_test.c: unpacking, and files that claim to hold more than they do.
 * SPDX-License-Identifier: MIT
 */
#include "image/samples.h"

#include "base/memory.h"
#include "image/codec.h"
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void a_gzipped_image_decodes_to_the_same_pixels(void **state)
{
    alexnet_context *ctx = *state;
    an_bytes packed = an_sample_read(ctx, "gzipped.jpg"), plain = an_sample_read(ctx, "rgb420.jpg"),
             out;

    assert_true(an_gzip_sniff(packed.data, packed.size));
    an_assert_ok(ctx, an_gzip_unpack(ctx, packed.data, packed.size, &out));
    assert_int_equal(out.size, plain.size);
    assert_memory_equal(out.data, plain.data, plain.size + 1);
    an_bytes_free(ctx, &out);
    an_bytes_free(ctx, &packed);
    an_bytes_free(ctx, &plain);
}

static void damaged_files_fail_and_say_why(void **state)
{
    static const struct {
        const char *file, *message;
    } rows[] = {
        {"bad_truncated.gz", "gzip: "},
        {"bad_size.gz", "claim to hold 2147483648"},
        {"bad_text.gz", "gzip: not an image: begins with bytes 6e 6f 74 20"},
    };
    alexnet_context *ctx = *state;
    an_image image = {0};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_bytes file = an_sample_read(ctx, rows[i].file);
        an_assert_status(ctx,
                         an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_EXIF, &image),
                         ALEXNET_BAD_FILE);
        an_assert_error(ctx, rows[i].message);
        an_bytes_free(ctx, &file);
    }
    an_image_free(ctx, &image);
}

/* Returns `size` zeros compressed by gzip. Free with free(). */
static uint8_t *pack_zeros(size_t size, size_t *bytes)
{
    uint8_t *zeros = calloc(1, size), *packed = malloc(size / 500 + 1000);
    z_stream stream = {.next_in = zeros,
                       .avail_in = (uInt)size,
                       .next_out = packed,
                       .avail_out = (uInt)(size / 500 + 1000)};

    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    *bytes = stream.total_out;
    deflateEnd(&stream);
    free(zeros);
    return packed;
}

static void the_limit_is_checked_before_memory_is_allocated(void **state)
{
    alexnet_context *ctx = *state;
    an_bytes out;
    size_t bytes;

    uint8_t *packed =
        pack_zeros(AN_GZIP_BYTES_MAX, &bytes); /* the highest ratio that deflate reaches */
    an_assert_ok(ctx, an_gzip_unpack(ctx, packed, bytes, &out));
    assert_int_equal(out.size, AN_GZIP_BYTES_MAX);
    an_bytes_free(ctx, &out);
    free(packed);

    an_test_fault fault;
    packed = pack_zeros(AN_GZIP_BYTES_MAX + 1, &bytes);
    an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), 0, true, 1);
    an_assert_status(ctx, an_gzip_unpack(ctx, packed, bytes, &out), ALEXNET_BAD_FILE);
    assert_false(an_test_fault_disarm(&fault));
    assert_null(out.data);
    free(packed);
}

static void a_wrong_size_is_detected(void **state)
{
    alexnet_context *ctx = *state;
    an_bytes file = an_sample_read(ctx, "gzipped.jpg"), out;

    for (int change = -1; change <= 1; change += 2) {
        file.data[file.size - 4] = (uint8_t)(file.data[file.size - 4] + change);
        an_assert_status(ctx, an_gzip_unpack(ctx, file.data, file.size, &out), ALEXNET_BAD_FILE);
        an_assert_error(ctx, "gzip: truncated or corrupt");
        file.data[file.size - 4] = (uint8_t)(file.data[file.size - 4] - change);
    }
    for (size_t size = 0; size < file.size; ++size)
        an_assert_status(ctx, an_gzip_unpack(ctx, file.data, size, &out), ALEXNET_BAD_FILE);
    an_bytes_free(ctx, &file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(a_gzipped_image_decodes_to_the_same_pixels),
        an_unit_test(damaged_files_fail_and_say_why),
        an_unit_test(the_limit_is_checked_before_memory_is_allocated),
        an_unit_test(a_wrong_size_is_detected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
