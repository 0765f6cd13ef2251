/*
 * split_test.c: which images are held back: fractions of classes, order, seed.
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "train/split.h"
#include <stdio.h>
#include <string.h>

/* A list of images that are never read: class c has counts[c] of them, in turn. */
static an_source *open_source(alexnet_context *ctx, const int *counts, int classes)
{
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "list.txt");
    char text[16384];
    size_t used = 0;
    an_source *source;

    for (int i = 0; i < 200; ++i)
        for (int c = 0; c < classes; ++c)
            if (i < counts[c])
                used +=
                    (size_t)snprintf(text + used, sizeof text - used, "%d-%d.jpg %d\n", c, i, c);
    an_test_write_text(path, text);
    an_assert_ok(ctx, an_source_open(ctx, path, AN_PART_ALL, &source));
    an_test_folder_close(folder);
    return source;
}

static void each_class_gives_its_share(void **unused)
{
    static const int counts[5] = {100, 25, 4, 2, 1}, expected[5] = {10, 3, 1, 1, 0};
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    an_source *source = open_source(ctx, counts, 5);
    int found[5] = {0};
    an_split split;

    (void)unused;
    an_assert_ok(ctx, an_split_open(ctx, source, 0.1, 1, &split));
    assert_int_equal(split.train_count + split.val_count, 132);
    for (int64_t i = 0; i < split.val_count; ++i)
        ++found[an_source_label(source, split.val[i])];
    assert_memory_equal(found, expected, sizeof expected);
    an_split_close(ctx, &split);
    an_source_close(source);
    an_test_close(ctx, &memory);
}

static void the_two_sets_are_ascending_and_together_all(void **unused)
{
    static const int counts[3] = {30, 20, 10};
    alexnet_context *ctx = an_test_open(NULL);
    an_source *source = open_source(ctx, counts, 3);
    an_split split;

    (void)unused;
    an_assert_ok(ctx, an_split_open(ctx, source, 0.3, 5, &split));
    for (int64_t i = 0, t = 0, v = 0; i < 60; ++i) {
        const bool is_val = v < split.val_count && split.val[v] == i;
        if (is_val)
            ++v;
        else
            assert_int_equal(split.train[t++], i);
    }
    an_split_close(ctx, &split);
    an_source_close(source);
    an_test_close(ctx, NULL);
}

static void the_seed_decides(void **unused)
{
    static const int counts[2] = {100, 100};
    alexnet_context *ctx = an_test_open(NULL);
    an_source *source = open_source(ctx, counts, 2);
    an_split a, b, c;

    (void)unused;
    an_assert_ok(ctx, an_split_open(ctx, source, 0.2, 1, &a));
    an_assert_ok(ctx, an_split_open(ctx, source, 0.2, 1, &b));
    an_assert_ok(ctx, an_split_open(ctx, source, 0.2, 2, &c));
    assert_int_equal(a.val_count, 40);
    assert_memory_equal(a.val, b.val, 40 * sizeof *a.val);
    assert_memory_not_equal(a.val, c.val, 40 * sizeof *a.val);
    an_split_close(ctx, &a);
    an_split_close(ctx, &b);
    an_split_close(ctx, &c);
    an_source_close(source);
    an_test_close(ctx, NULL);
}

static void a_fraction_of_zero_takes_nothing(void **unused)
{
    static const int counts[1] = {10};
    alexnet_context *ctx = an_test_open(NULL);
    an_source *source = open_source(ctx, counts, 1);
    an_split split;

    (void)unused;
    an_assert_ok(ctx, an_split_open(ctx, source, 0, 1, &split));
    assert_int_equal(split.val_count, 0);
    assert_int_equal(split.train_count, 10);
    an_split_close(ctx, &split);
    an_source_close(source);
    an_test_close(ctx, NULL);
}

static void memory_may_run_out(void **unused)
{
    static const int counts[2] = {5, 5};
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    an_source *source = open_source(ctx, counts, 2);

    (void)unused;
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_split split;
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status = an_split_open(ctx, source, 0.2, 1, &split);
        an_split_close(ctx, &split);
        if (!an_test_fault_disarm(&fault)) break;
        an_assert_status(ctx, status, ALEXNET_NO_MEMORY);
    }
    an_source_close(source);
    an_test_close(ctx, &memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_class_gives_its_share),
        cmocka_unit_test(the_two_sets_are_ascending_and_together_all),
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(a_fraction_of_zero_takes_nothing),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
