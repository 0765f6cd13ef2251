/*
 * skipped_test.c: the policy for bad images, and their report.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tiny.h"

#include "data/files.h"
#include "infer/network.h"
#include "infer/skipped.h"
#include <string.h>

static void the_policy_allows_one_in_a_hundred_but_at_least_one(void **unused)
{
    static const struct {
        alexnet_bad_image policy;
        int64_t count, max;
        bool skip;
    } rows[] = {
        {ALEXNET_BAD_IMAGE_DEFAULT, 10, 1, true},    {ALEXNET_BAD_IMAGE_DEFAULT, 199, 1, true},
        {ALEXNET_BAD_IMAGE_DEFAULT, 5000, 50, true}, {ALEXNET_BAD_IMAGE_SKIP, 10, -1, true},
        {ALEXNET_BAD_IMAGE_FAIL, 5000, 50, false},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_loader_options options = {0};
        an_skip_policy(rows[i].policy, rows[i].count, &options);
        assert_int_equal(options.skip_bad, rows[i].skip);
        assert_int_equal(options.skip_max, rows[i].max);
    }
}

static void bad_images_are_reported_by_name(void **unused)
{
    static const an_preprocess record = {.divide = 1, .std = {1, 1, 1}};
    an_test_memory memory;
    alexnet_context *ctx = an_tiny_open(&memory, 1);
    char *folder = an_test_folder_open();
    an_tiny_text told = {""};
    an_bad_list skipped = {0};
    const an_batch *batch;
    an_loader *loader;
    an_source *source;

    (void)unused;
    an_tiny_spoil(folder, "a.jpg");
    an_tiny_spoil(folder, "b.jpg");
    const char *paths[] = {an_test_path(folder, "a.jpg"), an_test_path(folder, "b.jpg")};
    an_assert_ok(ctx, an_files_open(ctx, paths, 2, &source));
    const an_loader_options options = {.source = source,
                                       .count = 2,
                                       .record = &record,
                                       .views = 1,
                                       .height = 8,
                                       .width = 8,
                                       .batch = 2,
                                       .skip_bad = true,
                                       .skip_max = -1};
    an_assert_ok(ctx, an_loader_open(ctx, &options, &loader));
    an_assert_ok(ctx, an_loader_next(loader, &batch));
    an_assert_ok(ctx, an_skipped_take(ctx, loader, &skipped));
    an_assert_ok(ctx, an_skipped_take(ctx, loader, &skipped)); /* does not append */
    assert_int_equal(skipped.count, 2);
    an_skipped_tell(&skipped, source, an_tiny_skipped, &told);
    assert_non_null(strstr(told.text, "a.jpg: "));
    assert_non_null(strstr(told.text, "b.jpg: "));
    an_skipped_tell(&skipped, source, NULL, NULL);

    an_bad_list_free(ctx, &skipped);
    an_loader_close(loader);
    an_source_close(source);
    an_test_folder_close(folder);
    an_test_close(ctx, &memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_policy_allows_one_in_a_hundred_but_at_least_one),
        cmocka_unit_test(bad_images_are_reported_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
