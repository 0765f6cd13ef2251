/*
 * source_test.c: detection of the kind of a data set, and its identity.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "base/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void other_files_are_refused(void **in)
{
    const fixture *f = *in;
    an_source *source;

    an_assert_status(
        f->ctx, an_source_open(f->ctx, an_test_path(f->folder, "absent"), AN_PART_ALL, &source),
        ALEXNET_NOT_FOUND);
    an_assert_error(f->ctx, "absent: no such file or folder");

    fixture_write(f->ctx, f->folder, "image.jpg", 1);
    an_assert_status(
        f->ctx, an_source_open(f->ctx, an_test_path(f->folder, "image.jpg"), AN_PART_ALL, &source),
        ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, "found an image");

    an_test_write(an_test_path(f->folder, "zeros"), (const char[600]){0}, 600);
    an_assert_status(f->ctx,
                     an_source_open(f->ctx, an_test_path(f->folder, "zeros"), AN_PART_ALL, &source),
                     ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, "found something else");

    assert_int_equal(mkfifo(an_test_path(f->folder, "pipe"), 0600), 0);
    an_assert_status(f->ctx,
                     an_source_open(f->ctx, an_test_path(f->folder, "pipe"), AN_PART_ALL, &source),
                     ALEXNET_BAD_FILE);
    an_source_close(NULL);
}

static void assert_same_images(const an_source *a, const an_source *b, bool same)
{
    char x[AN_SHA256_HEX_SIZE], y[AN_SHA256_HEX_SIZE];

    an_source_hash(a, x);
    an_source_hash(b, y);
    assert_int_equal(an_source_same_images(x, y), same);
}

/* The same images as folder, tar, tar.gz and list: names differ, images and labels do not. */
static void kinds_are_detected_by_content_and_agree(void **in)
{
    const fixture *f = *in;
    an_source *folder, *other;
    fixture_tar tar = {.ctx = f->ctx};

    fixture_write(f->ctx, f->folder, "set/a/1.png", 1);
    fixture_write(f->ctx, f->folder, "set/a/2.png", 2);
    fixture_write(f->ctx, f->folder, "set/b/1.png", 3);
    fixture_text(f->ctx, f->folder, "no-extension",
                 "set/a/1.png a\nset/a/2.png a\nset/b/1.png b\n");
    an_assert_ok(f->ctx,
                 an_source_open(f->ctx, an_test_path(f->folder, "set"), AN_PART_ALL, &folder));

    an_assert_ok(f->ctx, an_source_open(f->ctx, an_test_path(f->folder, "no-extension"),
                                        AN_PART_ALL, &other));
    assert_string_equal(an_source_kind(other), "list");
    fixture_assert_same(f->ctx, folder, other);
    assert_same_images(folder, other, true);
    an_source_close(other);

    for (int gzip = 0; gzip < 2; ++gzip) {
        fixture_tar_png(&tar, "b/1.png", 3); /* in any order */
        fixture_tar_png(&tar, "a/2.png", 2);
        fixture_tar_png(&tar, "a/1.png", 1);
        fixture_tar_end(&tar);
        fixture_tar_write(&tar, an_test_path(f->folder, "no-extension"), gzip);
        an_assert_ok(f->ctx, an_source_open(f->ctx, an_test_path(f->folder, "no-extension"),
                                            AN_PART_ALL, &other));
        assert_string_equal(an_source_kind(other), "tar");
        fixture_assert_same(f->ctx, folder, other);
        assert_same_images(folder, other, true);
        an_source_close(other);
    }
    an_source_close(folder);
}

static void hash_of(const fixture *f, char hex[AN_SHA256_HEX_SIZE])
{
    an_source *source;

    an_assert_ok(f->ctx,
                 an_source_open(f->ctx, an_test_path(f->folder, "set"), AN_PART_ALL, &source));
    an_source_hash(source, hex);
    an_source_close(source);
}

static void a_hash_depends_on_names_and_classes(void **in)
{
    /* one change at a time: a name, a class, the name of a class */
    static const struct {
        const char *from, *to;
    } moves[] = {
        {"set/a/1.png", "set/a/3.png"}, {"set/a/3.png", "set/b/3.png"}, {"set/b", "set/c"}};
    const fixture *f = *in;
    char before[AN_SHA256_HEX_SIZE], after[AN_SHA256_HEX_SIZE];

    fixture_write(f->ctx, f->folder, "set/a/1.png", 1);
    fixture_write(f->ctx, f->folder, "set/a/2.png", 2);
    fixture_write(f->ctx, f->folder, "set/b/1.png", 3);
    hash_of(f, before);
    fixture_write(f->ctx, f->folder, "set/a/2.png", 9); /* pixels do not count */
    hash_of(f, after);
    assert_true(an_source_same_order(after, before));
    for (size_t i = 0; i < AN_COUNT(moves); ++i) {
        assert_int_equal(
            rename(an_test_path(f->folder, moves[i].from), an_test_path(f->folder, moves[i].to)),
            0);
        hash_of(f, after);
        assert_string_not_equal(after, before);
        memcpy(before, after, sizeof before);
    }
}

/* In another order, inside a split, and with another file under one of the names. */
static void a_hash_knows_images_in_any_order_and_by_size(void **in)
{
    const fixture *f = *in;
    an_source *train, *list, *all;
    char order[2][AN_SHA256_HEX_SIZE];

    fixture_write(f->ctx, f->folder, "train/a/1.png", 1);
    fixture_write(f->ctx, f->folder, "train/b/2.png", 2);
    fixture_text(f->ctx, f->folder, "list", "train/b/2.png b\ntrain/a/1.png a\n");
    an_assert_ok(f->ctx,
                 an_source_open(f->ctx, an_test_path(f->folder, "train"), AN_PART_ALL, &train));
    an_assert_ok(f->ctx,
                 an_source_open(f->ctx, an_test_path(f->folder, "list"), AN_PART_ALL, &list));
    an_assert_ok(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_TRAIN, &all));
    assert_same_images(train, list, true);
    assert_same_images(train, all, true);
    an_source_hash(train, order[0]);
    an_source_hash(list, order[1]);
    assert_false(an_source_same_order(order[0], order[1]));
    fixture_text(f->ctx, f->folder, "train/a/1.png", "another");
    an_source_hash(list, order[1]);
    assert_false(an_source_same_images(order[0], order[1]));
    an_source_hash(train, order[1]);
    assert_true(an_source_same_order(order[0], order[1]));
    an_source_close(train);
    an_source_close(list);
    an_source_close(all);
}

static void imagenette(void **in)
{
    const fixture *f = *in;
    const char *path = an_test_data("imagenette-224");
    an_source *source;

    if (path == NULL) skip();
    an_assert_ok(f->ctx, an_source_open(f->ctx, path, AN_PART_TRAIN, &source));
    assert_int_equal(an_source_count(source), 9469);
    assert_int_equal(an_source_classes(source), 10);
    assert_string_equal(an_source_class(source, 0), "n01440764");
    an_source_close(source);
    an_assert_ok(f->ctx, an_source_open(f->ctx, path, AN_PART_VAL, &source));
    assert_int_equal(an_source_count(source), 3925);
    an_source_close(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(other_files_are_refused),
        FIXTURE_TEST(kinds_are_detected_by_content_and_agree),
        FIXTURE_TEST(a_hash_depends_on_names_and_classes),
        FIXTURE_TEST(a_hash_knows_images_in_any_order_and_by_size),
        FIXTURE_TEST(imagenette),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
