/*
 * synth_set_test.c: alexnet_data_synth(): a folder of drawn images, whole or absent.
 * SPDX-License-Identifier: MIT
 */
#include "data/fixtures.h"

#include "base/file.h"
#include "base/memory.h"
#include "synth/synth.h"
#include <errno.h>
#include <string.h>

static const char *out_of(const fixture *f) { return an_test_path(f->folder, "drawn"); }

static alexnet_status draw(const fixture *f, int force, uint64_t seed)
{
    return alexnet_data_synth(f->ctx,
                              &(alexnet_synth_options){.struct_size = sizeof(alexnet_synth_options),
                                                       .out = out_of(f),
                                                       .classes = 3,
                                                       .train_images = 4,
                                                       .val_images = 2,
                                                       .size = 16,
                                                       .seed = seed,
                                                       .force = force});
}

static void the_folder_is_a_data_set_of_splits_and_classes(void **in)
{
    const fixture *f = *in;
    an_source *source;

    an_assert_ok(f->ctx, draw(f, 0, 1));
    assert_int_equal(an_test_count_entries(f->folder), 1);
    an_assert_ok(f->ctx, an_source_open(f->ctx, out_of(f), AN_PART_TRAIN, &source));
    assert_int_equal(an_source_classes(source), 3);
    assert_string_equal(an_source_class(source, 1), an_synth_class(1));
    assert_int_equal(an_source_count(source), 12);
    assert_int_equal(an_source_ignored(source), 0);
    for (int64_t i = 0; i < 12; ++i)
        fixture_grey(f->ctx, source, i);
    an_source_close(source);
    an_assert_ok(f->ctx, an_source_open(f->ctx, out_of(f), AN_PART_VAL, &source));
    assert_int_equal(an_source_count(source), 6);
    an_source_close(source);
}

static void files_are_a_function_of_the_seed(void **in)
{
    const fixture *f = *in;
    an_bytes first, again, other;
    const char *name = "drawn/train/cross/0003.jpg";

    an_assert_ok(f->ctx, draw(f, 0, 1));
    an_assert_ok(f->ctx, an_file_read(f->ctx, an_test_path(f->folder, name), 1 << 20, &first));
    an_assert_ok(f->ctx, draw(f, 1, 1));
    an_assert_ok(f->ctx, an_file_read(f->ctx, an_test_path(f->folder, name), 1 << 20, &again));
    an_assert_ok(f->ctx, draw(f, 1, 2));
    an_assert_ok(f->ctx, an_file_read(f->ctx, an_test_path(f->folder, name), 1 << 20, &other));
    assert_int_equal(first.size, again.size);
    assert_memory_equal(first.data, again.data, first.size);
    assert_true(other.size != first.size || memcmp(first.data, other.data, first.size) != 0);
    an_bytes_free(f->ctx, &first);
    an_bytes_free(f->ctx, &again);
    an_bytes_free(f->ctx, &other);
}

static void existing_files_are_not_lost(void **in)
{
    const fixture *f = *in;

    fixture_text(f->ctx, f->folder, "drawn/letters/to-mother.txt", "dear");
    an_assert_status(f->ctx, draw(f, 0, 1), ALEXNET_BAD_ARG);
    an_assert_error(f->ctx, "exists already");
    an_assert_status(f->ctx, draw(f, 1, 1), ALEXNET_BAD_ARG);
    an_assert_error(f->ctx, "contains 'letters'");
    an_test_assert_text_file(an_test_path(f->folder, "drawn/letters/to-mother.txt"), "dear");
    an_assert_ok(f->ctx, an_folder_remove(f->ctx, out_of(f)));
    an_test_write_text(out_of(f), "a file");
    an_assert_status(f->ctx, draw(f, 1, 1), ALEXNET_BAD_ARG);
    assert_int_equal(an_test_count_entries(f->folder), 1);
}

static void options_are_checked(void **in)
{
    enum { SIZE = sizeof(alexnet_synth_options) };
    const fixture *f = *in;
    const alexnet_synth_options bad[] = {{SIZE, .out = NULL},
                                         {SIZE, .out = ""},
                                         {SIZE, .out = "x", .classes = 13},
                                         {SIZE, .out = "x", .classes = -1},
                                         {SIZE, .out = "x", .train_images = -1},
                                         {SIZE, .out = "x", .val_images = 1000001},
                                         {SIZE, .out = "x", .size = 7},
                                         {SIZE, .out = "x", .size = 4097}};

    for (size_t i = 0; i < AN_COUNT(bad); ++i)
        an_assert_status(f->ctx, alexnet_data_synth(f->ctx, &bad[i]), ALEXNET_BAD_ARG);
}

static alexnet_go stop(void *user, const alexnet_progress *progress)
{
    (void)user;
    assert_string_equal(progress->phase, "synth");
    return ALEXNET_GO_STOP;
}

static void a_stop_leaves_nothing(void **in)
{
    const fixture *f = *in;

    an_assert_status(f->ctx,
                     alexnet_data_synth(f->ctx, &(alexnet_synth_options){.struct_size = sizeof(
                                                                             alexnet_synth_options),
                                                                         .out = out_of(f),
                                                                         .train_images = 10000,
                                                                         .progress = stop}),
                     ALEXNET_STOPPED);
    an_assert_error(f->ctx, "stopped on request");
    assert_int_equal(an_test_count_entries(f->folder), 0);
}

/* After any failure: the old folder, the new one or none, never a half of one. */
static void every_failure_is_clean(void **in)
{
    const fixture *f = *in;

    for (long n = 0;; n += n < 60 ? 1 : 7) {
        an_test_fault fault;
        an_test_fault_arm(&fault, f->ctx, AN_FAULT_ANY, n, false, EIO);
        const alexnet_status status = alexnet_data_synth(
            f->ctx, &(alexnet_synth_options){.struct_size = sizeof(alexnet_synth_options),
                                             .out = out_of(f),
                                             .classes = 1,
                                             .train_images = 2,
                                             .val_images = 1,
                                             .size = 16,
                                             .force = 1});
        const bool failed = an_test_fault_disarm(&fault);
        an_file_info info;
        an_assert_ok(f->ctx, an_file_stat(f->ctx, out_of(f), &info));
        if (info.kind == AN_FILE_FOLDER) {
            assert_int_equal(an_test_count_entries(an_test_path(f->folder, "drawn/train/checker")),
                             2);
            assert_int_equal(an_test_count_entries(an_test_path(f->folder, "drawn/val/checker")),
                             1);
        }
        assert_int_equal(an_test_count_entries(f->folder), info.kind == AN_FILE_FOLDER);
        if (!failed) break;
        /* OK: the folder that could not be made was there already */
        assert_true(status == ALEXNET_OK || status == ALEXNET_NO_MEMORY || status == ALEXNET_IO);
        an_assert_ok(f->ctx, an_folder_remove(f->ctx, out_of(f)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(the_folder_is_a_data_set_of_splits_and_classes),
        FIXTURE_TEST(files_are_a_function_of_the_seed),
        FIXTURE_TEST(existing_files_are_not_lost),
        FIXTURE_TEST(options_are_checked),
        FIXTURE_TEST(a_stop_leaves_nothing),
        FIXTURE_TEST(every_failure_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
