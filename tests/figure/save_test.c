/*
 * save_test.c: a saved file holds the image, and a failure leaves no partial file.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include "base/memory.h"
#include "figure/save.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static an_image draw(alexnet_context *ctx)
{
    an_image image = {0};

    an_assert_ok(ctx, an_image_reserve(ctx, &image, 40, 30));
    for (int i = 0; i < 40 * 30 * 3; ++i)
        image.pixels[i] = (uint8_t)(i * i);
    return image;
}

/* Decodes the base64 letters up to `end`; returns the number of bytes. */
static size_t read_base64(const char *text, const char *end, uint8_t *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    size_t count = 0;

    assert_int_equal((end - text) % 4, 0);
    for (int i = 0; text < end && *text != '='; ++text, ++i) {
        const char *letter = strchr(letters, *text);
        assert_non_null(letter);
        bits = bits << 6 | (uint32_t)(letter - letters);
        if (i % 4 > 0) out[count++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    return count;
}

/* Saves images of many sizes, so that the base64 of a PNG ends in each of the three paddings. */
static void both_kinds_hold_the_image(void **state)
{
    static const char mark[] = "data:image/png;base64,";
    const an_test_place *w = *state;
    an_image image = draw(w->ctx);
    const char *png_path = an_test_path(w->folder, "a.png");
    const char *svg_path = an_test_path(w->folder, "a.SVG");
    size_t remainders = 0;

    for (int height = 30; height > 0; --height) {
        an_bytes png, svg;
        image.height = height;
        an_assert_ok(w->ctx, an_figure_save(w->ctx, png_path, "one", &image));
        an_assert_ok(w->ctx, an_figure_save(w->ctx, svg_path, "one", &image));
        an_assert_ok(w->ctx, an_file_read(w->ctx, png_path, 1 << 20, &png));
        an_assert_ok(w->ctx, an_file_read(w->ctx, svg_path, 1 << 20, &svg));

        an_image again = {0};
        an_assert_ok(w->ctx,
                     an_image_decode(w->ctx, png.data, png.size, AN_ORIENTATION_IGNORE, &again));
        assert_int_equal(again.width, 40);
        assert_int_equal(again.height, height);
        assert_memory_equal(again.pixels, image.pixels, 40 * 3 * (size_t)height);
        an_image_free(w->ctx, &again);

        const char *begin = strstr((char *)svg.data, mark);
        assert_non_null(begin);
        begin += sizeof mark - 1;
        const char *end = strchr(begin, '"');
        assert_non_null(end);
        assert_string_equal(end, "\"/>\n</svg>\n");
        assert_non_null(strstr((char *)svg.data, "<title>one</title>"));
        uint8_t *inside = an_new(w->ctx, svg.size);
        assert_int_equal(read_base64(begin, end, inside), png.size);
        assert_memory_equal(inside, png.data, png.size);
        remainders |= (size_t)1 << png.size % 3;
        an_free(w->ctx, inside);
        an_bytes_free(w->ctx, &png);
        an_bytes_free(w->ctx, &svg);
    }
    assert_int_equal(remainders, 7);
    an_image_free(w->ctx, &image);
}

static void other_names_are_refused(void **state)
{
    static const char *const names[] = {"a.jpg", "png", "a.png.txt", ""};
    const an_test_place *w = *state;
    an_image image = draw(w->ctx);

    for (size_t i = 0; i < AN_COUNT(names); ++i) {
        an_assert_status(w->ctx, an_figure_save(w->ctx, names[i], "one", &image), ALEXNET_BAD_ARG);
        an_assert_error(w->ctx, "expected a name that ends in .png or .svg");
    }
    an_image_free(w->ctx, &image);
}

static void every_failure_is_clean(void **state)
{
    static const char *const names[] = {"a.png", "a.svg"};
    const an_test_place *w = *state;
    an_image image = draw(w->ctx);

    for (size_t i = 0; i < AN_COUNT(names); ++i)
        for (long n = 0;; ++n) {
            an_test_fault fault;
            const char *path = an_test_path(w->folder, names[i]);
            an_test_fault_arm(&fault, w->ctx, AN_FAULT_ANY, n, false, EIO);
            const alexnet_status status = an_figure_save(w->ctx, path, "one", &image);
            if (!an_test_fault_disarm(&fault)) break;
            /* OK: a failed sync of the folder, or the like, does not fail the write */
            assert_true(status == ALEXNET_OK || status == ALEXNET_NO_MEMORY ||
                        status == ALEXNET_IO);
            remove(path);
            assert_int_equal(an_test_count_entries(w->folder), i);
        }
    an_image_free(w->ctx, &image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(both_kinds_hold_the_image),
        an_test_in_place(other_names_are_refused),
        an_test_in_place(every_failure_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
