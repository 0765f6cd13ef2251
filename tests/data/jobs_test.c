/*
 * jobs_test.c: alexnet_data_inspect(), alexnet_data_verify(), alexnet_data_stats().
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void inspect_counts(void **in)
{
    const fixture *f = *in;
    alexnet_data_info info;

    fixture_folder(f->ctx, f->folder);
    an_assert_ok(f->ctx, alexnet_data_inspect(
                             f->ctx,
                             &(alexnet_data_options){.struct_size = sizeof(alexnet_data_options),
                                                     .data = f->folder},
                             &info));
    assert_string_equal(info.kind, "folder");
    assert_int_equal(info.images, 6);
    assert_int_equal(info.bad, 0);
    assert_int_equal(info.ignored, 4);
    assert_int_equal(info.classes, 2);
    assert_string_equal(info.class_names[1], "dog");
    assert_int_equal(info.class_images[0], 4);
    assert_int_equal(info.class_images[1], 2);
    alexnet_data_info_free(f->ctx, &info);
    alexnet_data_info_free(f->ctx, &info);

    an_assert_ok(f->ctx, alexnet_data_inspect(
                             f->ctx,
                             &(alexnet_data_options){.struct_size = sizeof(alexnet_data_options),
                                                     .data = f->folder,
                                                     .part = "val"},
                             &info));
    assert_int_equal(info.images, 2);
    alexnet_data_info_free(f->ctx, &info);
}

typedef struct told {
    int count;
    char path[512], reason[256];
} told;

static void tell(void *user, const char *path, const char *reason)
{
    told *t = user;

    ++t->count;
    snprintf(t->path, sizeof t->path, "%s", path);
    snprintf(t->reason, sizeof t->reason, "%s", reason);
}

static void empty_and_unreadable_classes_are_reported(void **in)
{
    const fixture *f = *in;
    told t = {0};
    const alexnet_data_options options = {.struct_size = sizeof options,
                                          .data = f->folder,
                                          .skipped = tell,
                                          .skipped_user = &t,
                                          .workers = 1};
    alexnet_data_info info;
    an_test_fault fault;

    fixture_write(f->ctx, f->folder, "a/1.png", 1);
    fixture_write(f->ctx, f->folder, "b/2.png", 1);
    fixture_text(f->ctx, f->folder, "c/readme.txt", "x");
    an_assert_ok(f->ctx, alexnet_data_verify(f->ctx, &options, &info));
    assert_int_equal(info.classes, 3);
    assert_int_equal(info.class_images[2], 0);
    alexnet_data_info_free(f->ctx, &info);

    /* The folder is listed to find splits, then to find files; then comes a. */
    an_test_fault_arm(&fault, f->ctx, AN_FAULT_BIT(AN_FAULT_OPEN), 2, false, EACCES);
    an_assert_ok(f->ctx, alexnet_data_verify(f->ctx, &options, &info));
    assert_true(an_test_fault_disarm(&fault));
    assert_int_equal(info.images, 1);
    assert_int_equal(info.bad, 1);
    assert_int_equal(info.class_images[0], 0);
    assert_string_equal(t.path + strlen(f->folder), "/a/");
    assert_string_equal(t.reason, "cannot list: Permission denied");
    alexnet_data_info_free(f->ctx, &info);
}

static void options_are_checked(void **in)
{
    enum { SIZE = sizeof(alexnet_data_options) };
    static const struct {
        alexnet_data_options options;
        alexnet_status status;
    } rows[] = {
        {{0}, ALEXNET_BAD_ARG},
        {{SIZE}, ALEXNET_BAD_ARG},
        {{SIZE, .data = "synthetic:", .part = "trian"}, ALEXNET_BAD_ARG},
        {{SIZE, .data = "synthetic:", .size = -1}, ALEXNET_BAD_ARG},
        {{SIZE, .data = "synthetic:", .part = "test"}, ALEXNET_NOT_FOUND},
        {{SIZE, .data = "/no/such"}, ALEXNET_NOT_FOUND},
    };
    const fixture *f = *in;
    alexnet_data_info info = {.images = -7};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(f->ctx, alexnet_data_stats(f->ctx, &rows[i].options, &info),
                         rows[i].status);
        assert_int_equal(info.images, -7); /* untouched */
    }
}

/* ---- verify ---- */

typedef struct skipped {
    char names[10][64];
    int count;
} skipped;

static void note(void *user, const char *path, const char *reason)
{
    skipped *s = user;

    assert_true(strlen(reason) > 4);
    snprintf(s->names[s->count++], sizeof s->names[0], "%s", path);
}

static alexnet_go count_reports(void *user, const alexnet_progress *p)
{
    assert_string_equal(p->phase, "verify");
    ++*(int *)user;
    return ALEXNET_GO_ON;
}

static void verify_lists_bad_images_in_order(void **in)
{
    const fixture *f = *in;
    alexnet_data_info info;

    fixture_folder(f->ctx, f->folder);
    fixture_text(f->ctx, f->folder, "train/dog/bad.jpg", "no image");
    fixture_text(f->ctx, f->folder, "train/cat/empty.png", "");
    fixture_text(f->ctx, f->folder, "val/cat/last.png", "\x89PNG\r\n\x1a\nand no more");
    for (int workers = 0; workers <= 4; ++workers) {
        skipped s = {0};
        int reports = 0;
        const alexnet_data_options options = {.struct_size = sizeof options,
                                              .data = f->folder,
                                              .workers = workers,
                                              .skipped = note,
                                              .skipped_user = &s,
                                              .progress = count_reports,
                                              .progress_user = &reports};
        an_assert_ok(f->ctx, alexnet_data_verify(f->ctx, &options, &info));
        assert_int_equal(info.images, 9);
        assert_int_equal(info.bad, 3);
        assert_int_equal(s.count, 3);
        assert_string_equal(s.names[0], an_test_path(f->folder, "train/cat/empty.png"));
        assert_string_equal(s.names[1], an_test_path(f->folder, "train/dog/bad.jpg"));
        assert_string_equal(s.names[2], an_test_path(f->folder, "val/cat/last.png"));
        assert_true(reports >= 1);
        alexnet_data_info_free(f->ctx, &info);
    }
}

static alexnet_go stop(void *user, const alexnet_progress *p)
{
    (void)user;
    (void)p;
    return ALEXNET_GO_STOP;
}

static void it_can_be_stopped(void **in)
{
    const fixture *f = *in;
    alexnet_data_info info;
    const alexnet_data_options options = {
        .struct_size = sizeof options, .data = "synthetic:images=100000", .progress = stop};

    an_assert_status(f->ctx, alexnet_data_verify(f->ctx, &options, &info), ALEXNET_STOPPED);
}

/* ---- stats ---- */

/*
 * Grey values 10, 20, 30, 40 in train, with equal numbers of pixels: mean 25, deviation sqrt(125).
 * All channels are equal: a single component along (1, 1, 1) / sqrt(3) with three times the
 * variance.
 */
static void stats_worked_by_hand(void **in)
{
    static const int sizes[] = {0, 1, 17};
    const fixture *f = *in;

    fixture_folder(f->ctx, f->folder);
    for (size_t i = 0; i < AN_COUNT(sizes); ++i) {
        for (int workers = 1; workers <= 3; ++workers) {
            alexnet_data_info info;
            an_assert_ok(f->ctx, alexnet_data_stats(f->ctx,
                                                    &(alexnet_data_options){
                                                        .struct_size = sizeof(alexnet_data_options),
                                                        .data = f->folder,
                                                        .part = "train",
                                                        .workers = workers,
                                                        .size = sizes[i]},
                                                    &info));
            for (int k = 0; k < 3; ++k) {
                assert_true(fabs(info.mean[k] - 25 / 255.0) < 1e-12);
                assert_true(fabs(info.sd[k] - sqrt(125) / 255) < 1e-12);
                assert_true(fabs(info.eigenvectors[0][k] - sqrt(1 / 3.0)) < 1e-9);
            }
            assert_true(fabs(info.eigenvalues[0] - 3 * 125 / (255.0 * 255)) < 1e-12);
            assert_true(fabs(info.eigenvalues[1]) < 1e-12);
            alexnet_data_info_free(f->ctx, &info);
        }
    }
}

static void threads_do_not_change_a_bit(void **in)
{
    const fixture *f = *in;
    alexnet_data_info one, many;

    an_assert_ok(f->ctx, alexnet_data_stats(
                             f->ctx,
                             &(alexnet_data_options){.struct_size = sizeof(alexnet_data_options),
                                                     .data = "synthetic:images=60,size=40",
                                                     .workers = 1},
                             &one));
    an_assert_ok(f->ctx, alexnet_data_stats(
                             f->ctx,
                             &(alexnet_data_options){.struct_size = sizeof(alexnet_data_options),
                                                     .data = "synthetic:images=60,size=40",
                                                     .workers = 4},
                             &many));
    assert_memory_equal(one.mean, many.mean, sizeof one.mean);
    assert_memory_equal(one.sd, many.sd, sizeof one.sd);
    assert_memory_equal(one.eigenvalues, many.eigenvalues, sizeof one.eigenvalues);
    assert_memory_equal(one.eigenvectors, many.eigenvectors, sizeof one.eigenvectors);
    alexnet_data_info_free(f->ctx, &one);
    alexnet_data_info_free(f->ctx, &many);
}

static alexnet_status take_stats(const fixture *f, const void *unused)
{
    skipped s = {0};
    const alexnet_data_options options = {.struct_size = sizeof options,
                                          .data = f->folder,
                                          .workers = 2,
                                          .size = 5,
                                          .skipped = note,
                                          .skipped_user = &s};
    alexnet_data_info info = {0};

    (void)unused;
    const alexnet_status status = alexnet_data_stats(f->ctx, &options, &info);
    alexnet_data_info_free(f->ctx, &info);
    return status;
}

static void every_failure_is_clean(void **in)
{
    const fixture *f = *in;

    fixture_folder(f->ctx, f->folder);
    fixture_text(f->ctx, f->folder, "train/dog/bad.jpg", "no image");
    fixture_sweep_job(f, AN_FAULT_ANY, EMFILE, take_stats, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(inspect_counts),
        FIXTURE_TEST(options_are_checked),
        FIXTURE_TEST(empty_and_unreadable_classes_are_reported),
        FIXTURE_TEST(verify_lists_bad_images_in_order),
        FIXTURE_TEST(it_can_be_stopped),
        FIXTURE_TEST(stats_worked_by_hand),
        FIXTURE_TEST(threads_do_not_change_a_bit),
        FIXTURE_TEST(every_failure_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
