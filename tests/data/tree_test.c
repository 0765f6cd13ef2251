/*
 * tree_test.c: from paths to classes and images. folder_test.c and tar_test.c have whole trees.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "base/memory.h"
#include "data/tree.h"
#include <stdio.h>
#include <string.h>

/* A data set whose splits are called train, val and test. */
static an_source *empty_source(const fixture *f, unsigned present, unsigned wanted)
{
    an_source *source = an_new_zeroed(f->ctx, sizeof *source);

    assert_non_null(source);
    source->ctx = f->ctx;
    source->path = an_copy_text(f->ctx, "set");
    source->parts =
        (an_parts){.present = present, .wanted = wanted, .names = {"train", "val", "test"}};
    return source;
}

static void names_of_images_and_hidden_ones(void **in)
{
    (void)in;
    assert_true(an_tree_is_image("a/b.jpg"));
    assert_true(an_tree_is_image("a/b.c.JPeG"));
    assert_true(an_tree_is_image("b.PNG"));
    assert_false(an_tree_is_image("b.png.txt"));
    assert_false(an_tree_is_image("jpg"));
    assert_false(an_tree_is_image("a.jpg/b"));
    assert_true(an_tree_is_hidden(".a/b"));
    assert_true(an_tree_is_hidden("a/.b"));
    assert_true(an_tree_is_hidden("a/../b"));
    assert_false(an_tree_is_hidden("a.b/c.d"));
}

/* "train-old" sorts between "train" and "train/": neighbours in a list, apart in the tree. */
static void similar_names_are_distinct(void **in)
{
    static const char *const paths[] = {"train/a/1.png",  "train-old/a/1.png", "train/a-b/1.png",
                                        "train/ab/1.png", "train/a/2/3.png",   "val/b/1.png",
                                        "train.txt",      "train/a-b/"};
    static const char *const expected[] = {"train/a-b/1.png", "train/a/1.png", "train/a/2/3.png",
                                           "train/ab/1.png"};
    static const int labels[] = {1, 0, 0, 2};
    const fixture *f = *in;
    an_tree tree = {0};
    an_source *source = empty_source(f, AN_TRAIN_BIT | AN_VAL_BIT, AN_TRAIN_BIT);

    for (size_t i = 0; i < AN_COUNT(paths); ++i)
        an_assert_ok(f->ctx, an_tree_add(f->ctx, &tree, paths[i], i, 0));
    an_assert_ok(f->ctx, an_tree_finish(f->ctx, &tree, source));
    assert_int_equal(source->count, AN_COUNT(expected));
    assert_int_equal(an_source_ignored(source), 0);
    assert_int_equal(source->parts.images[1], 1);
    assert_int_equal(source->classes.count, 3);
    for (size_t i = 0; i < AN_COUNT(expected); ++i) {
        assert_string_equal(tree.leaves[i].path, expected[i]);
        assert_int_equal(source->labels[i], labels[i]);
    }
    an_tree_free(f->ctx, &tree);
    an_source_close(source);
}

static void classes_of_all_splits_are_merged(void **in)
{
    const fixture *f = *in;
    an_tree tree = {0};
    an_source *source = empty_source(f, AN_TRAIN_BIT | AN_VAL_BIT, AN_TRAIN_BIT | AN_VAL_BIT);

    an_assert_ok(f->ctx, an_tree_add(f->ctx, &tree, "val/a/1.png", 0, 0));
    an_assert_ok(f->ctx, an_tree_add(f->ctx, &tree, "train/b/1.png", 0, 0));
    an_assert_ok(f->ctx, an_tree_add(f->ctx, &tree, "val/b/1.png", 0, 0));
    an_assert_ok(f->ctx, an_tree_finish(f->ctx, &tree, source));
    assert_int_equal(source->classes.count, 2);
    assert_string_equal(source->classes.names[0], "a");
    assert_int_equal(source->labels[0], 1);
    assert_int_equal(source->labels[1], 0);
    assert_int_equal(source->labels[2], 1);
    an_tree_free(f->ctx, &tree);
    an_source_close(source);
}

/* More than one block of text memory, and a path longer than a block. */
static void many_and_long_paths(void **in)
{
    static char path[100000];
    const fixture *f = *in;
    an_tree tree = {0};
    an_source *source = empty_source(f, 0, 0);

    for (int i = 0; i < 20000; ++i) {
        snprintf(path, sizeof path, "class %02d/%06d.png", i * 7 % 20, i);
        an_assert_ok(f->ctx, an_tree_add(f->ctx, &tree, path, 0, 0));
    }
    memset(path, 'x', sizeof path);
    memcpy(path + sizeof path - 7, "/1.png", 7);
    an_assert_ok(f->ctx, an_tree_add(f->ctx, &tree, path, 0, 0));
    an_assert_ok(f->ctx, an_tree_finish(f->ctx, &tree, source));
    assert_int_equal(source->count, 20001);
    assert_int_equal(source->classes.count, 21);
    for (size_t i = 0; i < 20000; ++i) {
        int number, label;
        assert_int_equal(sscanf(tree.leaves[i].path, "class %d/%d.png", &label, &number), 2);
        assert_int_equal(number * 7 % 20, label);
        assert_int_equal(source->labels[i], label);
    }
    an_tree_free(f->ctx, &tree);
    an_source_close(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(names_of_images_and_hidden_ones),
        FIXTURE_TEST(similar_names_are_distinct),
        FIXTURE_TEST(classes_of_all_splits_are_merged),
        FIXTURE_TEST(many_and_long_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
