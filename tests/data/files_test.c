/*
 * files_test.c: images named one by one, and folders of images.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "data/files.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void assert_names(const fixture *f, const char *const *paths, size_t count,
                         const char *const *expected, int64_t expected_count)
{
    an_source *source;
    char name[512];

    an_assert_ok(f->ctx, an_files_open(f->ctx, paths, count, &source));
    assert_int_equal(an_source_count(source), expected_count);
    for (int64_t i = 0; i < expected_count; ++i) {
        an_source_name(source, i, name, sizeof name);
        assert_string_equal(name, expected[i]);
        assert_int_equal(an_source_label(source, i), 0);
    }
    an_source_close(source);
}

static void named_files_keep_their_order_and_folders_are_searched(void **in)
{
    static const char *const paths[] = {"z.txt", "b", "absent.jpg", "b/1.png"};
    static const char *const expected[] = {"z.txt",    "b/1.png",    "b/c/2.JPG",
                                           "b/d.jpeg", "absent.jpg", "b/1.png"};
    const fixture *f = *in;

    fixture_write(f->ctx, f->folder, "b/1.png", 1);
    fixture_write(f->ctx, f->folder, "b/c/2.JPG", 2);
    fixture_write(f->ctx, f->folder, "b/d.jpeg", 3);
    fixture_write(f->ctx, f->folder, "b/.hidden.png", 4);
    fixture_text(f->ctx, f->folder, "b/notes.txt", "x");
    assert_int_equal(symlink("..", an_test_path(f->folder, "b/c/up")), 0);
    fixture_text(f->ctx, f->folder, "z.txt", "x");
    assert_int_equal(chdir(f->folder), 0);
    assert_names(f, paths, 4, expected, 6);
    assert_int_equal(chdir("/"), 0);
}

static void no_images_are_an_error(void **in)
{
    const fixture *f = *in;
    const char *folders[] = {f->folder};
    an_source *source;

    an_assert_status(f->ctx, an_files_open(f->ctx, folders, 1, &source), ALEXNET_NOT_FOUND);
    an_assert_error(f->ctx, "no readable images (.jpg .png .webp ...) in this folder");
    fixture_text(f->ctx, f->folder, "b/IMG_1.HEIC", "x");
    fixture_text(f->ctx, f->folder, "b/IMG_2.HEIC", "x");
    fixture_text(f->ctx, f->folder, "b/notes.txt", "x");
    an_assert_status(f->ctx, an_files_open(f->ctx, folders, 1, &source), ALEXNET_NOT_FOUND);
    an_assert_error(f->ctx, "passed over: 2 HEIC, 1 .txt; convert to JPEG, for example with");
    an_assert_status(f->ctx, an_files_open(f->ctx, NULL, 0, &source), ALEXNET_NOT_FOUND);
}

/* A link to itself and a name that is too long are unreadable images; the others are read. */
static void a_path_without_status_is_a_bad_image(void **in)
{
    static char longest[300];
    const fixture *f = *in;
    const char *paths[] = {f->folder, longest};
    an_source *source;
    an_source_buffer buffer = {0};
    an_image image = {0};

    memset(longest, 'x', sizeof longest - 1);
    fixture_write(f->ctx, f->folder, "1.png", 1);
    assert_int_equal(symlink("2.png", an_test_path(f->folder, "2.png")), 0);
    assert_int_equal(symlink("loop", an_test_path(f->folder, "loop")), 0);
    an_assert_ok(f->ctx, an_files_open(f->ctx, paths, 2, &source));
    assert_int_equal(an_source_count(source), 3);
    assert_int_equal(an_source_ignored(source), 1);
    assert_int_equal(fixture_grey(f->ctx, source, 0), 1);
    an_assert_status(f->ctx,
                     an_source_read(source, f->ctx, 1, AN_ORIENTATION_EXIF, &buffer, &image),
                     ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, "Too many levels of symbolic links");
    an_assert_status(f->ctx,
                     an_source_read(source, f->ctx, 2, AN_ORIENTATION_EXIF, &buffer, &image),
                     ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, "File name too long");
    an_source_buffer_free(f->ctx, &buffer);
    an_source_close(source);
}

/* Beside others, a folder without images is one bad image; so is one that cannot be listed. */
static void a_folder_without_images_is_a_bad_image(void **in)
{
    const fixture *f = *in;
    char empty[512], images[512];
    const char *paths[] = {empty, images};
    an_source_buffer buffer = {0};
    an_image image = {0};
    an_source *source;

    snprintf(empty, sizeof empty, "%s/empty", f->folder);
    snprintf(images, sizeof images, "%s/images", f->folder);
    fixture_text(f->ctx, f->folder, "empty/1.heic", "x");
    fixture_write(f->ctx, f->folder, "images/a/1.png", 1);
    fixture_write(f->ctx, f->folder, "images/b/1.png", 2);
    an_assert_ok(f->ctx, an_files_open(f->ctx, paths, 2, &source));
    assert_int_equal(an_source_count(source), 3);
    an_assert_status(f->ctx,
                     an_source_read(source, f->ctx, 0, AN_ORIENTATION_EXIF, &buffer, &image),
                     ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, "no readable images (.jpg .png .webp ...) in this folder; passed");
    an_source_close(source);
    for (int n = 0; n < 4; ++n) { /* for each of the four folders */
        an_test_fault fault;
        an_test_fault_arm(&fault, f->ctx, AN_FAULT_BIT(AN_FAULT_OPEN), n, false, EACCES);
        const alexnet_status status = an_files_open(f->ctx, paths, 2, &source);
        assert_true(an_test_fault_disarm(&fault));
        an_assert_status(f->ctx, status, n == 1 ? ALEXNET_IO : ALEXNET_OK);
        if (status != ALEXNET_OK) { /* neither gives any */
            an_assert_error(f->ctx, "/images: cannot list: Permission denied");
            continue;
        }
        const int bad = n == 0 ? 0 : n - 1;
        an_assert_status(f->ctx,
                         an_source_read(source, f->ctx, bad, AN_ORIENTATION_EXIF, &buffer, &image),
                         ALEXNET_BAD_FILE);
        assert_string_equal(alexnet_error(f->ctx), "cannot list: Permission denied");
        an_source_close(source);
    }
    an_source_buffer_free(f->ctx, &buffer);
}

static alexnet_status open_source(const fixture *f, an_source **out)
{
    const char *folders[] = {f->folder};

    return an_files_open(f->ctx, folders, 1, out);
}

static void every_failure_is_clean(void **in)
{
    const fixture *f = *in;

    fixture_write(f->ctx, f->folder, "b/1.png", 1);
    fixture_sweep(f, open_source, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(named_files_keep_their_order_and_folders_are_searched),
        FIXTURE_TEST(no_images_are_an_error),
        FIXTURE_TEST(a_path_without_status_is_a_bad_image),
        FIXTURE_TEST(a_folder_without_images_is_a_bad_image),
        FIXTURE_TEST(every_failure_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
