/*
 * tree_test.c: the rules that make classes and pictures of paths. Whole trees are tested with folder and tar.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "base/memory.h"
#include "data/tree.h"
#include <stdio.h>
#include <string.h>

#define TRAIN 1u
#define VAL   2u
#define TEST  4u

static an_source *empty_source(const fixture *f)
{
    an_source *source = an_new_zeroed(f->ctx, sizeof *source);

    assert_non_null(source);
    source->ctx = f->ctx;
    source->path = an_copy_text(f->ctx, "set");
    return source;
}

static void names_of_pictures_and_hidden_ones(void **in)
{
    (void)in;
    assert_true(an_tree_is_picture("a/b.jpg"));
    assert_true(an_tree_is_picture("a/b.c.JPeG"));
    assert_true(an_tree_is_picture("b.PNG"));
    assert_false(an_tree_is_picture("b.png.txt"));
    assert_false(an_tree_is_picture("jpg"));
    assert_false(an_tree_is_picture("a.jpg/b"));
    assert_true(an_tree_is_hidden(".a/b"));
    assert_true(an_tree_is_hidden("a/.b"));
    assert_true(an_tree_is_hidden("a/../b"));
    assert_false(an_tree_is_hidden("a.b/c.d"));
}

static void a_part_is_chosen_among_those_present(void **in)
{
    static const struct {
        an_part part;
        unsigned present, wanted;
        alexnet_status status;
    } rows[] = {
        {AN_PART_ALL, TRAIN | VAL, TRAIN | VAL, ALEXNET_OK},
        {AN_PART_ALL, TRAIN | VAL | TEST, TRAIN | VAL | TEST, ALEXNET_OK},
        {AN_PART_ALL, 0, 0, ALEXNET_OK},
        {AN_PART_ALL, TEST, 0, ALEXNET_OK}, /* a class called test */
        {AN_PART_TRAIN, TRAIN | VAL, TRAIN, ALEXNET_OK},
        {AN_PART_TRAIN, VAL, 0, ALEXNET_OK},
        {AN_PART_VAL, TRAIN | VAL | TEST, VAL, ALEXNET_OK},
        {AN_PART_VAL, TRAIN | TEST, TEST, ALEXNET_OK},
        {AN_PART_VAL, TRAIN, 0, ALEXNET_NOT_FOUND},
        {AN_PART_TEST, VAL | TEST, TEST, ALEXNET_OK},
        {AN_PART_TEST, TRAIN | VAL, 0, ALEXNET_NOT_FOUND},
    };
    const fixture *f = *in;
    an_source *source = empty_source(f);

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        unsigned wanted;
        an_assert_status(f->ctx,
                         an_tree_choose(f->ctx, source, rows[i].part, rows[i].present, &wanted),
                         rows[i].status);
        assert_int_equal(wanted, rows[i].wanted);
    }
    an_source_close(source);
}

/* "train-old" sorts between "train" and "train/": neighbours in a list, strangers in the tree. */
static void alike_names_are_kept_apart(void **in)
{
    static const char *const paths[] = {"train/a/1.png",  "train-old/a/1.png", "train/a-b/1.png",
                                        "train/ab/1.png", "train/a/2/3.png",   "val/b/1.png",
                                        "train.txt",      "train/a-b/"};
    static const char *const expected[] = {"train/a-b/1.png", "train/a/1.png", "train/a/2/3.png",
                                           "train/ab/1.png"};
    static const int labels[] = {1, 0, 0, 2};
    const fixture *f = *in;
    an_tree tree = {0};
    an_source *source = empty_source(f);

    for (size_t i = 0; i < AN_COUNT(paths); ++i)
        an_assert_ok(f->ctx, an_tree_add(f->ctx, &tree, paths[i], i, 0));
    an_assert_ok(f->ctx, an_tree_finish(f->ctx, &tree, TRAIN, TRAIN, source));
    assert_int_equal(source->count, AN_COUNT(expected));
    assert_int_equal(an_source_ignored(source), 0);
    assert_int_equal(source->classes.count, 3);
    for (size_t i = 0; i < AN_COUNT(expected); ++i) {
        assert_string_equal(tree.leaves[i].path, expected[i]);
        assert_int_equal(source->labels[i], labels[i]);
    }
    an_tree_free(f->ctx, &tree);
    an_source_close(source);
}

static void classes_of_all_parts_are_united(void **in)
{
    const fixture *f = *in;
    an_tree tree = {0};
    an_source *source = empty_source(f);

    an_assert_ok(f->ctx, an_tree_add(f->ctx, &tree, "val/a/1.png", 0, 0));
    an_assert_ok(f->ctx, an_tree_add(f->ctx, &tree, "train/b/1.png", 0, 0));
    an_assert_ok(f->ctx, an_tree_add(f->ctx, &tree, "val/b/1.png", 0, 0));
    an_assert_ok(f->ctx, an_tree_finish(f->ctx, &tree, TRAIN | VAL, TRAIN | VAL, source));
    assert_int_equal(source->classes.count, 2);
    assert_string_equal(source->classes.names[0], "a");
    assert_int_equal(source->labels[0], 1);
    assert_int_equal(source->labels[1], 0);
    assert_int_equal(source->labels[2], 1);
    an_tree_free(f->ctx, &tree);
    an_source_close(source);
}

/* More than one piece of text memory, and a path longer than a piece. */
static void many_and_long_paths(void **in)
{
    static char path[100000];
    const fixture *f = *in;
    an_tree tree = {0};
    an_source *source = empty_source(f);

    for (int i = 0; i < 20000; ++i) {
        snprintf(path, sizeof path, "class %02d/%06d.png", i * 7 % 20, i);
        an_assert_ok(f->ctx, an_tree_add(f->ctx, &tree, path, 0, 0));
    }
    memset(path, 'x', sizeof path);
    memcpy(path + sizeof path - 7, "/1.png", 7);
    an_assert_ok(f->ctx, an_tree_add(f->ctx, &tree, path, 0, 0));
    an_assert_ok(f->ctx, an_tree_finish(f->ctx, &tree, 0, 0, source));
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
        FIXTURE_TEST(names_of_pictures_and_hidden_ones),
        FIXTURE_TEST(a_part_is_chosen_among_those_present),
        FIXTURE_TEST(alike_names_are_kept_apart),
        FIXTURE_TEST(classes_of_all_parts_are_united),
        FIXTURE_TEST(many_and_long_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
