/*
 * account_test.c: the accuracy of guessing. trainer_test.c and train_test.c test the reports of
 * runs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "train/account.h"
#include <math.h>

/* Classes 0, 1 and 2 of the source, 6 images each. */
static void the_largest_class_is_what_guessing_gives(void **unused)
{
    static const int64_t some[] = {0, 1, 2, 3, 6, 12, 13};
    static const int joined[] = {1, 0, 1};
    static const struct {
        const int64_t *indices;
        int64_t count;
        const int *labels;
        int64_t bad[3];
        int bad_count;
        double guess;
    } rows[] = {
        {NULL, 18, NULL, {0}, 0, 6.0 / 18},     {NULL, 18, NULL, {0, 1, 6}, 3, 6.0 / 15},
        {NULL, 18, joined, {0}, 0, 12.0 / 18},  {some, 7, NULL, {0}, 0, 4.0 / 7},
        {some, 7, NULL, {0, 1, 2}, 3, 2.0 / 4}, {some, 7, joined, {0}, 0, 6.0 / 7},
    };
    char *folder = an_test_folder_open();
    an_test_memory memory = {0};
    alexnet_context *ctx = an_tiny_open(&memory, 1);
    an_source *source;
    double guess;

    (void)unused;
    an_tiny_draw(ctx, an_test_path(folder, "data"), 3, 6);
    an_assert_ok(ctx,
                 an_source_open(ctx, an_test_path(folder, "data/train"), AN_PART_ALL, &source));
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_image_set images = {source, rows[i].indices, rows[i].count, rows[i].labels};
        an_bad_list skipped = {0};
        for (int j = 0; j < rows[i].bad_count; ++j)
            an_assert_ok(ctx, an_bad_list_add(ctx, &skipped, rows[i].bad[j], "bad"));
        an_assert_ok(ctx, an_account_guess(ctx, &images, &skipped, 3, &guess));
        assert_true(fabs(guess - rows[i].guess) < 1e-12);
        an_bad_list_free(ctx, &skipped);
    }
    const an_bad_list nothing = {0};
    an_assert_ok(ctx, an_account_guess(ctx, &(an_image_set){0}, &nothing, 3, &guess));
    assert_true(isnan(guess));
    an_source_close(source);
    an_test_folder_close(folder);
    an_test_close(ctx, &memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_class_is_what_guessing_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
