/*
 * manifest_test.c: a manifest is written and read back; no changed byte goes unnoticed.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include "train/run/manifest.h"
#include <errno.h>
#include <math.h>
#include <string.h>

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEX_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static const an_manifest example = {
    .state = {.step = 120,
              .validated = 119,
              .val_loss = 0.1 + 0.2,
              .val_top1 = 1.0 / 3,
              .val_top5 = 1,
              .best_step = 60,
              .best_top1 = 0.5,
              .best_sha256 = HEX_B,
              .stale = 2,
              .seconds = 61.5,
              .most = 0.25,
              .bias_most = 0.75,
              .plateau = {.best = 0.5, .stale = 1, .drops = 2}},
    .config_sha256 = HEX_A,
    .files = {{.name = "one", .bytes = 5000000000, .sha256 = HEX_B},
              {.name = "two", .bytes = 0, .sha256 = HEX_C}},
};

static void what_is_written_is_read(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "manifest.json");
    an_manifest back = {.files = {{.name = "two"}, {.name = "one"}}};

    (void)unused;
    an_assert_ok(ctx, an_manifest_write(ctx, path, &example));
    an_assert_ok(ctx, an_manifest_read(ctx, path, &back));
    assert_memory_equal(&back.state, &example.state, sizeof back.state);
    assert_string_equal(back.config_sha256, HEX_A);
    assert_string_equal(back.files[0].sha256, HEX_C); /* by name, not by position */
    assert_string_equal(back.files[1].sha256, HEX_B);
    assert_int_equal(back.files[1].bytes, 5000000000);
    an_test_folder_close(folder);
    an_test_close(ctx, &memory);
}

/* An optional file, and one that is not requested. */
static void a_file_may_be_optional(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "manifest.json");
    an_manifest back = {.files = {{.name = "one"}, {.name = "three", .optional = true}}};

    (void)unused;
    an_assert_ok(ctx, an_manifest_write(ctx, path, &example));
    an_assert_ok(ctx, an_manifest_read(ctx, path, &back));
    assert_int_equal(back.files[1].bytes, -1);
    assert_int_equal(back.files[2].bytes, -1);
    back.files[1].optional = false;
    an_assert_status(ctx, an_manifest_read(ctx, path, &back), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "it does not name three");
    an_test_folder_close(folder);
    an_test_close(ctx, NULL);
}

static void what_has_not_happened_yet_stays_so(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "manifest.json");
    an_manifest fresh = example, back = {.files = {{.name = "one"}, {.name = "two"}}};

    (void)unused;
    fresh.state = an_train_state_start();
    an_assert_ok(ctx, an_manifest_write(ctx, path, &fresh));
    an_assert_ok(ctx, an_manifest_read(ctx, path, &back));
    assert_int_equal(back.state.step, 0);
    assert_int_equal(back.state.validated, -1);
    assert_int_equal(back.state.best_step, -1);
    assert_true(isnan(back.state.best_top1) && isnan(back.state.val_top1));
    an_test_folder_close(folder);
    an_test_close(ctx, NULL);
}

/* Each flip changes the text, except in bytes that JSON ignores. */
static void no_changed_byte_goes_unnoticed(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "manifest.json");
    an_bytes bytes;

    (void)unused;
    an_assert_ok(ctx, an_manifest_write(ctx, path, &example));
    an_assert_ok(ctx, an_file_read(ctx, path, 1 << 20, &bytes));
    for (size_t i = 0; i < bytes.size; ++i) {
        const uint8_t bit = (uint8_t)(1 << i % 8);
        an_manifest back = {.files = {{.name = "one"}, {.name = "two"}}};
        bytes.data[i] ^= bit;
        an_test_write(path, bytes.data, bytes.size);
        if (an_manifest_read(ctx, path, &back) == ALEXNET_OK)
            assert_memory_equal(&back.state, &example.state, sizeof back.state);
        bytes.data[i] ^= bit;
    }
    for (size_t i = 0; i + 2 < bytes.size; i += 7) {
        an_manifest back = {.files = {{.name = "one"}, {.name = "two"}}};
        an_test_write(path, bytes.data, i);
        an_assert_status(ctx, an_manifest_read(ctx, path, &back), ALEXNET_BAD_FILE);
    }
    an_bytes_free(ctx, &bytes);
    an_test_folder_close(folder);
    an_test_close(ctx, NULL);
}

static void a_file_it_does_not_name_is_missed(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "manifest.json");
    an_manifest back = {.files = {{.name = "one"}, {.name = "three"}}};

    (void)unused;
    an_assert_ok(ctx, an_manifest_write(ctx, path, &example));
    an_assert_status(ctx, an_manifest_read(ctx, path, &back), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "it does not name three");
    an_test_folder_close(folder);
    an_test_close(ctx, NULL);
}

static void memory_and_files_may_fail(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "manifest.json");

    (void)unused;
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_manifest back = {.files = {{.name = "one"}, {.name = "two"}}};
        an_test_fault_arm(&fault, ctx, AN_FAULT_ANY & ~AN_FAULT_BIT(AN_FAULT_CLOSE), n, false, EIO);
        alexnet_status status = an_manifest_write(ctx, path, &example);
        if (status == ALEXNET_OK) status = an_manifest_read(ctx, path, &back);
        if (!an_test_fault_disarm(&fault)) break;
        assert_int_not_equal(status, ALEXNET_OK);
    }
    an_test_folder_close(folder);
    an_test_close(ctx, &memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_file_may_be_optional),
        cmocka_unit_test(what_has_not_happened_yet_stays_so),
        cmocka_unit_test(no_changed_byte_goes_unnoticed),
        cmocka_unit_test(a_file_it_does_not_name_is_missed),
        cmocka_unit_test(memory_and_files_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
