/*
 * folder_test.c: a folder of class folders, in the layouts that users have.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "base/file.h"
#include "data/kind.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static an_source *open_part(fixture *f, an_part part)
{
    an_source *source;

    an_assert_ok(f->ctx, an_source_open(f->ctx, f->folder, part, &source));
    return source;
}

/* The image's name is the data set's, a slash, and the expected one. */
static void assert_name(const fixture *f, const an_source *source, int64_t index,
                        const char *expected)
{
    char name[512];

    an_source_name(source, index, name, sizeof name);
    assert_string_equal(name, an_test_path(f->folder, expected));
}

static void the_training_split_has_its_images_in_order(void **in)
{
    fixture *f = *in;
    fixture_folder(f->ctx, f->folder);
    an_source *source = open_part(f, AN_PART_TRAIN);

    assert_string_equal(an_source_kind(source), "folder");
    assert_int_equal(an_source_classes(source), 2);
    assert_string_equal(an_source_class(source, 0), "cat");
    assert_string_equal(an_source_class(source, 1), "dog");
    assert_int_equal(an_source_count(source), 4);
    assert_int_equal(an_source_ignored(source), 2);
    static const struct {
        const char *name;
        int label, grey;
    } rows[] = {{"train/cat/1.png", 0, 10},
                {"train/cat/2.JPG", 0, 20},
                {"train/cat/deep/3.png", 0, 30},
                {"train/dog/a b.png", 1, 40}};
    for (int i = 0; i < 4; ++i) {
        assert_name(f, source, i, rows[i].name);
        assert_int_equal(an_source_label(source, i), rows[i].label);
        assert_int_equal(fixture_grey(f->ctx, source, i), rows[i].grey);
    }
    char name[256];
    an_source_name(source, 3, name, sizeof name);
    assert_int_equal(access(name, R_OK), 0);
    an_source_name(source, 3, name, 8); /* truncated */
    assert_int_equal(strlen(name), 7);
    an_source_close(source);
}

static void splits_are_separate(void **in)
{
    static const struct {
        an_part part;
        int count, ignored;
    } rows[] = {{AN_PART_TRAIN, 4, 2}, {AN_PART_VAL, 2, 2}, {AN_PART_ALL, 6, 4}};
    fixture *f = *in;

    fixture_folder(f->ctx, f->folder);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_source *source = open_part(f, rows[i].part);
        assert_int_equal(an_source_count(source), rows[i].count);
        assert_int_equal(an_source_ignored(source), rows[i].ignored);
        assert_int_equal(an_source_classes(source), 2);
        an_source_close(source);
    }
    an_source *source;
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_TEST, &source),
                     ALEXNET_NOT_FOUND);
    an_assert_error(f->ctx, "'test'");
    assert_null(source);
}

static void test_replaces_a_missing_val(void **in)
{
    fixture *f = *in;

    fixture_folder(f->ctx, f->folder);
    char *val = strdup(an_test_path(f->folder, "val"));
    assert_int_equal(rename(val, an_test_path(f->folder, "test")), 0);
    free(val);
    an_source *source = open_part(f, AN_PART_VAL);
    assert_name(f, source, 0, "test/cat/4.jpeg");
    an_source_close(source);
    source = open_part(f, AN_PART_TEST);
    assert_int_equal(an_source_count(source), 2);
    an_source_close(source);
}

static void a_folder_without_splits_is_all_and_train_but_not_val(void **in)
{
    fixture *f = *in;
    an_source *source;

    fixture_write(f->ctx, f->folder, "b/1.png", 1);
    fixture_write(f->ctx, f->folder, "a/1.png", 2);
    source = open_part(f, AN_PART_ALL);
    assert_int_equal(an_source_count(source), 2);
    assert_name(f, source, 0, "a/1.png");
    an_source_close(source);
    source = open_part(f, AN_PART_TRAIN);
    assert_int_equal(an_source_count(source), 2);
    an_source_close(source);
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_VAL, &source),
                     ALEXNET_NOT_FOUND);
    an_assert_error(f->ctx, "'val' or 'test'");
}

/* A folder's contents make it a split, not its name. */
static void a_class_may_have_the_name_of_a_split(void **in)
{
    fixture *f = *in;
    an_source *source;

    fixture_write(f->ctx, f->folder, "car/1.png", 1);
    fixture_write(f->ctx, f->folder, "test/1.png", 2);
    fixture_write(f->ctx, f->folder, "train/1.png", 3);
    fixture_write(f->ctx, f->folder, "train/.thumbnails/1.png", 3);
    source = open_part(f, AN_PART_TRAIN);
    assert_int_equal(an_source_classes(source), 3);
    assert_string_equal(an_source_class(source, 1), "test");
    assert_name(f, source, 2, "train/1.png");
    an_source_close(source);
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_VAL, &source),
                     ALEXNET_NOT_FOUND);

    fixture_write(f->ctx, f->folder, "train/steam/1.png", 4);
    source = open_part(f, AN_PART_ALL);
    assert_int_equal(an_source_classes(source), 1);
    assert_string_equal(an_source_class(source, 0), "steam");
    an_source_close(source);
}

static void splits_without_classes_are_no_classes(void **in)
{
    fixture *f = *in;
    an_source *source;

    fixture_write(f->ctx, f->folder, "train/1.png", 1);
    fixture_write(f->ctx, f->folder, "test/1.png", 2);
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_TRAIN, &source),
                     ALEXNET_NOT_FOUND);
    an_assert_error(f->ctx, "/train/CLASS/NAME.jpg");
}

static void classes_and_labels_are_in_byte_order(void **in)
{
    static const char *const names[] = {"B",  "a",        "a-b",      "a b",
                                        "ab", "\xc3\xa4", "\xff\xfe", "new\nline"};
    static const char *const sorted[] = {"B",  "a",         "a b",      "a-b",
                                         "ab", "new\nline", "\xc3\xa4", "\xff\xfe"};
    fixture *f = *in;
    char path[64];

    for (size_t i = 0; i < AN_COUNT(names); ++i) {
        snprintf(path, sizeof path, "%s/p.png", names[i]);
        fixture_write(f->ctx, f->folder, path, (uint8_t)(1 + i));
    }
    an_source *source = open_part(f, AN_PART_ALL);
    assert_int_equal(an_source_classes(source), AN_COUNT(names));
    for (int i = 0; i < (int)AN_COUNT(names); ++i)
        assert_string_equal(an_source_class(source, i), sorted[i]);
    for (int64_t i = 0; i < an_source_count(source); ++i) {
        const char *name = names[fixture_grey(f->ctx, source, i) - 1];
        assert_string_equal(an_source_class(source, an_source_label(source, i)), name);
    }
    an_source_close(source);
}

static void an_empty_class_is_named(void **in)
{
    fixture *f = *in;
    an_source *source;

    fixture_write(f->ctx, f->folder, "full/1.png", 1);
    fixture_text(f->ctx, f->folder, "empty/readme.txt", "x");
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_ALL, &source),
                     ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, "class 'empty' has no readable images (.jpg .png .webp ...)");
}

static void unsupported_images_are_reported(void **in)
{
    fixture *f = *in;
    an_source *source;

    fixture_text(f->ctx, f->folder, "cat/IMG_1.HEIC", "x");
    fixture_text(f->ctx, f->folder, "dog/IMG_2.heic", "x");
    fixture_text(f->ctx, f->folder, "dog/3.nef", "x");
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_ALL, &source),
                     ALEXNET_NOT_FOUND);
    an_assert_error(f->ctx, "no readable images in class folders; passed over: 2 HEIC, 1 NEF; "
                            "convert to JPEG, for example with 'magick IN out.jpg'");

    fixture_write(f->ctx, f->folder, "cat/1.png", 1);
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_ALL, &source),
                     ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, "class 'dog' has no readable images (.jpg .png .webp ...); passed "
                            "over: 2 HEIC, 1 NEF; convert");

    fixture_write(f->ctx, f->folder, "dog/1.jfif", 2);
    an_assert_ok(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_ALL, &source));
    assert_int_equal(an_source_count(source), 2);
    assert_int_equal(an_source_ignored(source), 3);
    an_source_close(source);
}

/* Only beside train: alone, 'val' or 'test' may be the name of a class. */
static void an_empty_split_beside_train_is_named(void **in)
{
    fixture *f = *in;
    an_source *source;

    fixture_write(f->ctx, f->folder, "test/1.png", 1);
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_VAL, &source),
                     ALEXNET_NOT_FOUND);
    fixture_write(f->ctx, f->folder, "train/a/1.png", 1);
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_VAL, &source),
                     ALEXNET_NOT_FOUND); /* images without labels */
    fixture_text(f->ctx, f->folder, "test/a/1.heic", "x");
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_VAL, &source),
                     ALEXNET_BAD_FILE);
    an_assert_error(
        f->ctx,
        "'test' has no readable images in class folders; passed over: 1 HEIC, 1 in no class");
    fixture_text(f->ctx, f->folder, "val/readme.txt", "x");
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_VAL, &source),
                     ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, "'val' has no readable images");
}

static void hidden_folders_are_no_classes(void **in)
{
    fixture *f = *in;

    fixture_write(f->ctx, f->folder, "a/1.png", 1);
    fixture_write(f->ctx, f->folder, "a/.cache/2.png", 2);
    fixture_write(f->ctx, f->folder, ".ipynb_checkpoints/1.png", 3);
    an_source *source = open_part(f, AN_PART_ALL);
    assert_int_equal(an_source_classes(source), 1);
    assert_int_equal(an_source_count(source), 1);
    assert_int_equal(an_source_ignored(source), 2);
    an_source_close(source);
}

static void no_images_show_the_expected_tree(void **in)
{
    fixture *f = *in;
    an_source *source;

    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_ALL, &source),
                     ALEXNET_NOT_FOUND);
    fixture_write(f->ctx, f->folder, "1.png", 1); /* a common first try: no class folders */
    fixture_write(f->ctx, f->folder, "2.png", 1);
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_ALL, &source),
                     ALEXNET_NOT_FOUND);
    an_assert_error(f->ctx, "passed over: 2 in no class folder");
    an_assert_error(f->ctx, "/train/CLASS/NAME.jpg");
    an_assert_status(f->ctx, an_source_open(f->ctx, "/no/such/folder", AN_PART_ALL, &source),
                     ALEXNET_NOT_FOUND);
    an_assert_error(f->ctx, "/no/such/folder");
}

static void link_loops_are_not_followed(void **in)
{
    fixture *f = *in;

    fixture_write(f->ctx, f->folder, "a/1.png", 1);
    fixture_write(f->ctx, f->folder, "a/deep/2.png", 2);
    fixture_write(f->ctx, f->folder, "elsewhere/3.png", 3);
    assert_int_equal(symlink("..", an_test_path(f->folder, "a/deep/up")), 0);
    assert_int_equal(symlink(".", an_test_path(f->folder, "a/self")), 0);
    assert_int_equal(symlink("../elsewhere", an_test_path(f->folder, "a/beside")), 0);
    assert_int_equal(symlink("a", an_test_path(f->folder, "also_a")), 0);
    assert_int_equal(symlink("nowhere", an_test_path(f->folder, "broken")), 0);
    an_source *source = open_part(f, AN_PART_ALL);
    /*
     * a: 1, beside/3, deep/2, and the same again through also_a; elsewhere: 3. Passed over: up and
     * self, twice, and broken.
     */
    assert_int_equal(an_source_classes(source), 3);
    assert_int_equal(an_source_count(source), 7);
    assert_int_equal(an_source_ignored(source), 5);
    char text[AN_TALLY_TEXT];
    an_tally_print(&source->passed, false, text, sizeof text);
    assert_string_equal(text, "4 links to a folder around them, 1 without extension");
    an_source_close(source);
}

static void too_deep_is_refused(void **in)
{
    fixture *f = *in;
    an_source *source;

    fixture_write(f->ctx, f->folder, "z/1.png", 1);
    fixture_write(f->ctx, f->folder, "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/1.png", 1);
    source = open_part(f, AN_PART_ALL);
    an_source_close(source);
    fixture_write(f->ctx, f->folder, "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/1.png", 1);
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_ALL, &source),
                     ALEXNET_UNSUPPORTED);
    an_assert_error(f->ctx, "16 nested folders");
}

static void messages_about_a_file_do_not_repeat_its_name(void **in)
{
    fixture *f = *in;
    an_source_buffer buffer = {0};
    an_image image = {0};

    fixture_write(f->ctx, f->folder, "a/0.png", 1);
    fixture_text(f->ctx, f->folder, "a/1empty.jpg", "");
    fixture_text(f->ctx, f->folder, "a/2text.jpg", "not an image");
    fixture_write(f->ctx, f->folder, "a/3gone\n.jpg", 1);
    an_source *source = open_part(f, AN_PART_ALL);
    assert_int_equal(unlink(an_test_path(f->folder, "a/3gone\n.jpg")), 0);

    static const alexnet_status expected[] = {ALEXNET_OK, ALEXNET_BAD_FILE, ALEXNET_BAD_FILE,
                                              ALEXNET_NOT_FOUND};
    for (int i = 0; i < 4; ++i) {
        an_assert_status(f->ctx,
                         an_source_read(source, f->ctx, i, AN_ORIENTATION_IGNORE, &buffer, &image),
                         expected[i]);
        assert_int_equal(an_source_is_bad_image(expected[i]), i > 0);
        assert_null(strstr(alexnet_error(f->ctx), f->folder));
        if (i > 0) assert_true(strlen(alexnet_error(f->ctx)) > 4);
    }
    an_source_close(source);
    an_source_buffer_free(f->ctx, &buffer);
    an_image_free(f->ctx, &image);
}

static void a_path_with_a_slash_at_its_end(void **in)
{
    fixture *f = *in;
    an_source *source;
    char path[512];

    fixture_folder(f->ctx, f->folder);
    snprintf(path, sizeof path, "%s/", f->folder);
    an_assert_ok(f->ctx, an_source_open(f->ctx, path, AN_PART_VAL, &source));
    assert_name(f, source, 1, "val/dog/5.png");
    assert_int_equal(fixture_grey(f->ctx, source, 1), 60);
    an_source_close(source);
}

static void a_single_outer_folder_is_entered(void **in)
{
    static const struct {
        const char *add; /* one after the other */
        bool stepped_in;
    } rows[] = {{"a/b/cat/1.png", true},
                {"a/b/dog/1.png", true},
                {"a/b/3.png", true}, /* only a is entered: b has images */
                {"more/4.png", false}};
    fixture *f = *in;
    char path[512], name[512];

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        fixture_write(f->ctx, f->folder, rows[i].add, 1);
        an_source *source = open_part(f, AN_PART_ALL);
        assert_int_equal(source->stepped_in, rows[i].stepped_in);
        assert_int_equal(an_source_count(source), i + 1);
        an_source_name(source, 0, name, sizeof name);
        snprintf(path, sizeof path, "%s/a/b/", f->folder);
        assert_memory_equal(name, path, strlen(path));
        an_source_close(source);
    }
}

static void files_beside_the_splits_are_noted(void **in)
{
    fixture *f = *in;

    fixture_folder(f->ctx, f->folder);
    fixture_write(f->ctx, f->folder, "holdout/cat/1.png", 1);
    fixture_text(f->ctx, f->folder, "holdout/2.heic", "x");
    fixture_write(f->ctx, f->folder, "new\nline/1.png", 1);
    fixture_write(f->ctx, f->folder, "new\nline/2.png", 1);
    fixture_write(f->ctx, f->folder, "test/1.png", 1);
    fixture_write(f->ctx, f->folder, "9.png", 1);
    fixture_text(f->ctx, f->folder, "docs/readme.txt", "x");
    an_source *source = open_part(f, AN_PART_VAL);
    an_assert_ok(f->ctx, an_source_tell_layout(f->ctx, source, f->folder));
    const an_beside *beside = &source->beside;
    assert_int_equal(beside->loose, 1);
    assert_int_equal(beside->strangers.images, 4);
    assert_int_equal(beside->strangers.names.count, 2);
    assert_int_equal(beside->flat.names.count, 1);
    assert_int_equal(beside->flat.images, 1);
    assert_int_equal(an_tally_files(&beside->files, false), 6);
    assert_int_equal(an_tally_files(&beside->files, true), 1);
    an_source_close(source);
}

/* Whatever fails, the call fails cleanly, and nothing is leaked (the fixture counts). */
static alexnet_status open_source(const fixture *f, an_source **out)
{
    return an_source_open(f->ctx, f->folder, AN_PART_TRAIN, out);
}

static void every_failure_is_clean(void **in)
{
    fixture *f = *in;

    fixture_folder(f->ctx, f->folder);
    fixture_sweep(f, open_source, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(the_training_split_has_its_images_in_order),
        FIXTURE_TEST(splits_are_separate),
        FIXTURE_TEST(a_single_outer_folder_is_entered),
        FIXTURE_TEST(files_beside_the_splits_are_noted),
        FIXTURE_TEST(test_replaces_a_missing_val),
        FIXTURE_TEST(a_folder_without_splits_is_all_and_train_but_not_val),
        FIXTURE_TEST(a_class_may_have_the_name_of_a_split),
        FIXTURE_TEST(splits_without_classes_are_no_classes),
        FIXTURE_TEST(classes_and_labels_are_in_byte_order),
        FIXTURE_TEST(an_empty_class_is_named),
        FIXTURE_TEST(unsupported_images_are_reported),
        FIXTURE_TEST(an_empty_split_beside_train_is_named),
        FIXTURE_TEST(hidden_folders_are_no_classes),
        FIXTURE_TEST(no_images_show_the_expected_tree),
        FIXTURE_TEST(link_loops_are_not_followed),
        FIXTURE_TEST(too_deep_is_refused),
        FIXTURE_TEST(messages_about_a_file_do_not_repeat_its_name),
        FIXTURE_TEST(a_path_with_a_slash_at_its_end),
        FIXTURE_TEST(every_failure_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
