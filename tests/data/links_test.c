/*
 * links_test.c: links inside a tar file are followed, or reported.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "base/memory.h"
#include "data/links.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *tar_path(const fixture *f) { return an_test_path(f->folder, "set.tar"); }

static an_source *open_tar(const fixture *f, fixture_tar *tar)
{
    an_source *source;

    fixture_tar_end(tar);
    fixture_tar_write(tar, tar_path(f), false);
    an_assert_ok(f->ctx, an_source_open(f->ctx, tar_path(f), AN_PART_ALL, &source));
    return source;
}

/* The index of the image with this path. */
static int64_t find_image(const fixture *f, const an_source *source, const char *path)
{
    char name[512];

    for (int64_t i = 0; i < an_source_count(source); ++i) {
        an_source_name(source, i, name, sizeof name);
        if (strcmp(name, an_test_path(tar_path(f), path)) == 0) return i;
    }
    fail_msg("no image %s", path);
    return -1;
}

static void assert_grey(const fixture *f, const an_source *source, const char *path, uint8_t grey)
{
    assert_int_equal(fixture_grey(f->ctx, source, find_image(f, source, path)), grey);
}

static void assert_unreadable(const fixture *f, const an_source *source, const char *path,
                              const char *reason)
{
    an_source_buffer buffer = {0};
    an_image image = {0};

    an_assert_status(f->ctx,
                     an_source_read(source, f->ctx, find_image(f, source, path),
                                    AN_ORIENTATION_EXIF, &buffer, &image),
                     ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, reason);
}

static int64_t passed(const an_source *source, const char *kind)
{
    for (size_t i = 0; i < source->passed.count; ++i) {
        if (strcmp(source->passed.rows[i].name, kind) == 0) return source->passed.rows[i].files;
    }
    return 0;
}

static void links_to_files_are_followed(void **in)
{
    static const struct {
        char type;
        const char *path, *target;
        uint8_t grey;
    } rows[] = {
        {'1', "b/hard.png", "a/1.png", 1},
        {'1', "b/hard2.png", "./a//1.png", 1},
        {'1', "b/hard_chain.png", "b/hard.png", 1},
        {'2', "a/soft.png", "1.png", 1},
        {'2', "a/dot.png", "./1.png", 1},
        {'2', "b/up.png", "../a/1.png", 1},
        {'2', "b/up_and_down.png", "../b/../a/./1.png", 1},
        {'2', "b/chain.png", "up.png", 1},
        {'2', "b/chain2.png", "../a/later.png", 7}, /* which comes later in the archive */
        {'1', "b/hard_to_soft.png", "b/up.png", 1},
        {'2', "b/soft_to_hard.png", "hard.png", 1},
        {'2', "b/through.png", "../linked/2.png", 2}, /* through a link to a folder */
        {'2', "store", "hidden/.store", 0},
        {'2', "a/stored.png", "../store/3.png", 3},
    };
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};

    fixture_tar_png(&tar, "a/1.png", 1);
    fixture_tar_png(&tar, "a/2.png", 2);
    fixture_tar_png(&tar, "hidden/.store/3.png", 3);
    fixture_tar_png(&tar, "hidden/4.png", 4);
    fixture_tar_link(&tar, '2', "linked", "a");
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        fixture_tar_link(&tar, rows[i].type, rows[i].path, rows[i].target);
    fixture_tar_png(&tar, "a/later.png", 7);
    an_source *source = open_tar(f, &tar);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        if (rows[i].grey > 0) assert_grey(f, source, rows[i].path, rows[i].grey);
    }
    an_source_close(source);
}

static void a_link_to_a_folder_has_its_files(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};

    fixture_tar_png(&tar, "a/1.png", 1);
    fixture_tar_png(&tar, "a/deep/2.png", 2);
    fixture_tar_entry(&tar, '5', "a/deep/", NULL, 0);
    fixture_tar_link(&tar, '2', "a/soft.png", "deep/2.png");
    fixture_tar_link(&tar, '2', "a/around", "..");
    fixture_tar_link(&tar, '2', "b", "a");
    fixture_tar_link(&tar, '2', "c", "./b/deep/");
    fixture_tar_link(&tar, '2', "a/inside", "deep");
    an_source *source = open_tar(f, &tar);
    assert_int_equal(an_source_classes(source), 3);
    assert_grey(f, source, "b/1.png", 1);
    assert_grey(f, source, "b/deep/2.png", 2);
    assert_grey(f, source, "b/soft.png", 2);
    assert_grey(f, source, "c/2.png", 2);
    assert_grey(f, source, "a/inside/2.png", 2);
    assert_int_equal(an_source_count(source), 8);
    assert_int_equal(passed(source, "links to a folder around them"), 1);
    assert_int_equal(passed(source, "links to folders in a linked folder"), 2);
    an_source_close(source);
}

static void links_that_lead_nowhere_are_reported(void **in)
{
    static const struct {
        char type;
        const char *path, *target, *reason;
    } rows[] = {
        {'2', "a/gone.png", "nothing.png", "not in the archive: nothing.png"},
        {'2', "a/self.png", "self.png", "in a circle: self.png"},
        {'2', "a/ping.png", "pong.png", "in a circle"},
        {'2', "a/pong.png", "../a/ping.png", "in a circle"},
        {'2', "a/absolute.png", "/a/1.png", "out of the archive: /a/1.png"},
        {'2', "a/above.png", "../../a/1.png", "out of the archive"},
        {'2', "a/in_file.png", "1.png/2.png", "not in the archive"},
        {'1', "a/hard.png", "a/nothing.png", "not in the archive"},
        {'1', "a/hard_self.png", "a/hard_self.png", "not in the archive"},
        {'1', "a/hard_later.png", "a/later.png",
         "not in the archive"}, /* its target must come first */
        {'1', "a/hard_folder.png", "a/folder", "not in the archive"},
    };
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};

    fixture_tar_png(&tar, "a/1.png", 1);
    fixture_tar_entry(&tar, '5', "a/folder/", NULL, 0);
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        fixture_tar_link(&tar, rows[i].type, rows[i].path, rows[i].target);
    fixture_tar_link(&tar, '2', "a/README", "nothing");
    fixture_tar_png(&tar, "a/later.png", 9);
    an_source *source = open_tar(f, &tar);
    assert_int_equal(an_source_count(source), 2 + AN_COUNT(rows));
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        assert_unreadable(f, source, rows[i].path, rows[i].reason);
    assert_int_equal(passed(source, "links that lead nowhere"), 1);
    an_source_close(source);
}

static void chains_are_followed_as_far_as_by_the_system(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};
    char path[64], target[64];

    fixture_tar_png(&tar, "a/0.png", 5);
    for (int i = 1; i <= 60; ++i) {
        snprintf(path, sizeof path, "a/%d.png", i);
        snprintf(target, sizeof target, "%d.png", i - 1);
        fixture_tar_link(&tar, '2', path, target);
    }
    an_source *source = open_tar(f, &tar);
    assert_grey(f, source, "a/40.png", 5);
    assert_unreadable(f, source, "a/60.png", "in a circle");
    an_source_close(source);
}

static void the_later_of_link_and_file_counts(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};

    fixture_tar_png(&tar, "a/1.png", 1);
    fixture_tar_png(&tar, "a/2.png", 2);
    fixture_tar_link(&tar, '2', "a/3.png", "1.png");
    fixture_tar_png(&tar, "a/3.png", 3); /* the file comes later */
    fixture_tar_png(&tar, "a/4.png", 4);
    fixture_tar_link(&tar, '2', "a/4.png", "1.png"); /* the link does */
    fixture_tar_link(&tar, '1', "a/old.png", "a/2.png");
    fixture_tar_png(&tar, "a/2.png", 20); /* the hard link keeps its original contents */
    fixture_tar_link(&tar, '2', "a/new.png", "2.png");
    an_source *source = open_tar(f, &tar);
    assert_grey(f, source, "a/3.png", 3);
    assert_grey(f, source, "a/4.png", 1);
    assert_grey(f, source, "a/old.png", 2);
    assert_grey(f, source, "a/new.png", 20);
    an_source_close(source);
}

static void long_targets_in_gnu_and_pax_headers(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};
    char name[200], record[300], target[256];

    memset(name, 'n', sizeof name);
    memcpy(name, "a/", 2);
    memcpy(name + 150, ".png", 5);
    fixture_tar_entry(&tar, 'L', "././@LongLink", name, strlen(name) + 1);
    fixture_tar_png(&tar, "a/cut short", 6);
    fixture_tar_entry(&tar, 'K', "././@LongLink", name, strlen(name) + 1);
    fixture_tar_link(&tar, '1', "a/gnu.png", "a/cut short");
    snprintf(target, sizeof target, "linkpath=../%s\n", name);
    snprintf(record, sizeof record, "%zu %s", strlen(target) + 4, target);
    fixture_tar_entry(&tar, 'x', "x", record, strlen(record));
    fixture_tar_link(&tar, '2', "a/pax.png", "a/cut short");
    an_source *source = open_tar(f, &tar);
    assert_grey(f, source, "a/gnu.png", 6);
    assert_grey(f, source, "a/pax.png", 6);
    an_source_close(source);
}

/* Each of many links leads to all files of a folder: more in all than the limit. */
static void too_many_files_behind_links_are_refused(void **in)
{
    const fixture *f = *in;
    an_tar index = {0};
    an_link_list links = {0};
    char path[64];

    for (int i = 0; i < 1100; ++i) {
        snprintf(path, sizeof path, "a/%d.png", i);
        an_assert_ok(f->ctx, an_tar_add(f->ctx, &index, path, (uint64_t)i, 512, 1));
    }
    for (int i = 0; i < 1100; ++i) {
        snprintf(path, sizeof path, "b%d", i);
        an_assert_ok(f->ctx, an_link_add(f->ctx, &links, path, "a", false, (uint64_t)(2000 + i)));
    }
    an_assert_status(f->ctx, an_links_follow(f->ctx, &links, &index), ALEXNET_UNSUPPORTED);
    an_assert_error(f->ctx, "more than 1048576 files behind links to folders");
    an_link_list_free(f->ctx, &links);
    an_tar_free(f->ctx, &index);
}

static alexnet_status open_source(const fixture *f, an_source **out)
{
    return an_source_open(f->ctx, tar_path(f), AN_PART_ALL, out);
}

static void every_failure_is_clean(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};

    fixture_tar_png(&tar, "a/1.png", 1);
    fixture_tar_link(&tar, '1', "a/2.png", "a/1.png");
    fixture_tar_link(&tar, '2', "b", "a");
    fixture_tar_link(&tar, '2', "a/3.png", "gone.png");
    fixture_tar_end(&tar);
    fixture_tar_write(&tar, tar_path(f), false);
    fixture_sweep(f, open_source, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(links_to_files_are_followed),
        FIXTURE_TEST(a_link_to_a_folder_has_its_files),
        FIXTURE_TEST(links_that_lead_nowhere_are_reported),
        FIXTURE_TEST(chains_are_followed_as_far_as_by_the_system),
        FIXTURE_TEST(the_later_of_link_and_file_counts),
        FIXTURE_TEST(long_targets_in_gnu_and_pax_headers),
        FIXTURE_TEST(too_many_files_behind_links_are_refused),
        FIXTURE_TEST(every_failure_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
