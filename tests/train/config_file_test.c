/*
 * config_file_test.c: config.json is written and read back; files that are spoiled or older; its
 * hash.
 * SPDX-License-Identifier: MIT
 */
#include "runs.h"

#include "base/file.h"
#include "base/memory.h"
#include "train/config.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static an_config make_config(alexnet_context *ctx)
{
    alexnet_train_options options = alexnet_train_options_default();
    an_config config;

    options.data = "photos of \"cats\"";
    options.val = "other/photos";
    options.recipe = "quick";
    an_test_set(&options, "batch=64");
    an_test_set(&options, "lr=%.17g", 0.1 + 0.2); /* not exact in a few decimals */
    options.stop_at_top1 = 0.5;
    options.orientation = ALEXNET_ORIENTATION_EXIF;
    an_assert_ok(ctx, an_config_resolve(ctx, &options, an_family_find("torchvision"), &config));
    config.train_images = (int64_t)1 << 40;
    config.train_sha256 = an_copy_text(ctx, "0123456789abcdef");
    assert_non_null(config.train_sha256);
    config.seed = UINT64_MAX;
    config.dtype = ALEXNET_BF16;
    config.network.classes = 10;
    return config;
}

static void what_is_written_is_read(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "config.json");
    char before[AN_SHA256_HEX_SIZE], after[AN_SHA256_HEX_SIZE];
    an_config config = make_config(ctx), back;

    (void)unused;
    an_assert_ok(ctx, an_config_write(ctx, &config, path));
    an_assert_ok(ctx, an_config_read(ctx, path, &back));
    assert_string_equal(back.data, config.data);
    assert_string_equal(back.val, config.val);
    assert_string_equal(back.model, "torchvision");
    assert_string_equal(back.recipe_name, "quick");
    assert_null(back.from);
    assert_int_equal(back.orientation, ALEXNET_ORIENTATION_EXIF);
    back.recipe.dropout = config.recipe.dropout; /* stored as network.dropout */
    assert_memory_equal(&back.recipe, &config.recipe, sizeof config.recipe);
    assert_true(back.network.dropout == config.network.dropout);
    assert_true(back.seed == UINT64_MAX);
    assert_int_equal(back.dtype, ALEXNET_BF16);
    assert_int_equal(back.train_images, config.train_images);
    assert_true(back.stop_at_top1 == 0.5 && back.seconds == -1 && back.checkpoint_seconds == 600);
    assert_true(back.steps == -1 && back.network.input_h == -1);
    an_assert_ok(ctx, an_config_hash(ctx, &config, before));
    an_assert_ok(ctx, an_config_hash(ctx, &back, after));
    assert_string_equal(before, after);
    an_config_free(ctx, &back);
    an_config_free(ctx, &config);
    an_test_folder_close(folder);
    an_test_close(ctx, &memory);
}

static void the_hash_is_that_of_what_must_not_change(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    char before[AN_SHA256_HEX_SIZE], after[AN_SHA256_HEX_SIZE];
    an_config config = make_config(ctx);

    (void)unused;
    an_assert_ok(ctx, an_config_hash(ctx, &config, before));
    config.recipe.epochs = 1000;
    config.steps = 5;
    config.seconds = 5;
    config.stop_at_top1 = -1;
    config.checkpoint_keep = 9;
    an_assert_ok(ctx, an_config_hash(ctx, &config, after));
    assert_string_equal(before, after);
    config.first_data = config.data; /* moved */
    config.first_val = config.val;
    config.data = an_copy_text(ctx, "elsewhere");
    config.val = an_copy_text(ctx, "elsewhere, too");
    config.tier = an_copy_text(ctx, "portable");
    assert_non_null(config.data);
    assert_non_null(config.val);
    an_assert_ok(ctx, an_config_hash(ctx, &config, after));
    assert_string_equal(before, after);
    config.recipe.lr *= 1 + 1e-15;
    an_assert_ok(ctx, an_config_hash(ctx, &config, after));
    assert_string_not_equal(before, after);
    an_config_free(ctx, &config);
    an_test_close(ctx, NULL);
}

/* Four of these are too long for a setting's text. */
#define LONG "0123456789012345678901234567890123456789012345678901234567890123"

/* Replaces one part of a file's text. */
static void edit(alexnet_context *ctx, const char *path, const char *old, const char *new)
{
    an_bytes bytes;
    char text[8192];

    an_assert_ok(ctx, an_file_read(ctx, path, sizeof text, &bytes));
    const char *at = strstr((const char *)bytes.data, old);
    assert_non_null(at);
    const int head = (int)(at - (const char *)bytes.data);
    snprintf(text, sizeof text, "%.*s%s%s", head, (const char *)bytes.data, new, at + strlen(old));
    an_bytes_free(ctx, &bytes);
    an_test_write_text(path, text);
}

/* A file of an older version lacks some members. */
static void what_came_later_may_be_missing(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "config.json");
    an_config config = make_config(ctx), back;

    (void)unused;
    config.tier = an_copy_text(ctx, "avx2");
    config.first_data = an_copy_text(ctx, "before");
    an_assert_ok(ctx, an_config_write(ctx, &config, path));
    an_assert_ok(ctx, an_config_read(ctx, path, &back));
    assert_string_equal(back.tier, "avx2");
    assert_string_equal(back.first_data, "before");
    assert_null(back.first_val);
    an_config_free(ctx, &back);
    edit(ctx, path, "\"tier\"", "\"tier of\"");
    edit(ctx, path, "\"first_data\"", "\"first of\"");
    an_assert_ok(ctx, an_config_read(ctx, path, &back));
    assert_null(back.tier);
    assert_null(back.first_data);
    an_config_free(ctx, &back);
    an_config_free(ctx, &config);
    an_test_folder_close(folder);
    an_test_close(ctx, NULL);
}

static void a_spoiled_file_is_refused_by_name(void **unused)
{
    static const struct {
        const char *old, *new, *message;
        alexnet_status status;
    } rows[] = {
        {"{", "", "config.json", ALEXNET_BAD_FILE},
        {"\"schema\": 2", "\"schema\": 1",
         "schema 1, expected 2: it is of another version of alexnet (", ALEXNET_UNSUPPORTED},
        {"\"schema\": 2", "\"skema\": 2", "it is not the config.json of a run: 'schema'",
         ALEXNET_BAD_FILE},
        {"\"recipe\": ", "\"receipt\": ", "it is not the config.json of a run: 'recipe'",
         ALEXNET_BAD_FILE},
        {"\"orientation\": \"exif\"", "\"orientation\": \"up\"", "'orientation'", ALEXNET_BAD_FILE},
        {"\"batch\": 64", "\"batch\": 64.5", "'batch'", ALEXNET_BAD_FILE},
        {"\"batch\": 64", "\"batch\": 1e300", "'batch'", ALEXNET_BAD_FILE},
        {"\"batch\": 64", "\"batch\": 9999999999", "'batch'", ALEXNET_BAD_FILE},
        {"\"batch\": 64", "\"batch\": -1", "batch is -1", ALEXNET_BAD_FILE},
        {"\"batch\": 64", "\"batch\": null", "'batch'", ALEXNET_BAD_FILE},
        {"\"batch\": 64", "\"batsch\": 64", "'batch' is missing", ALEXNET_BAD_FILE},
        {"\"steps\": null", "\"steps\": 0", "steps is 0, expected 1 to", ALEXNET_BAD_FILE},
        {"\"seconds\": null", "\"seconds\": 0", "seconds is 0", ALEXNET_BAD_FILE},
        {"\"epochs\": 15", "\"epochs\": 0", "epochs is 0", ALEXNET_BAD_FILE},
        {"\"train_sha256\": \"0123456789abcdef\"", "\"train_sha256\": null", "'train_sha256'",
         ALEXNET_BAD_FILE},
        {"\"val\": \"other/photos\"", "\"val\": 5", "'val'", ALEXNET_BAD_FILE},
        {"\"model\": \"torchvision\"", "\"model\": null", "'model'", ALEXNET_BAD_FILE},
        {"\"update\": \"torch\"", "\"update\": \"adamant\"", "'update'", ALEXNET_BAD_FILE},
        {"\"update\": \"torch\"", "\"update\": \"torch|paper\"", "'update'", ALEXNET_BAD_FILE},
        {"\"stop_at_top1\": 0.5", "\"stop_at_top1\": \"high\"", "'stop_at_top1'", ALEXNET_BAD_FILE},
        {"\"init\": \"he\"", "\"init\": 1", "'init'", ALEXNET_BAD_FILE},
        {"\"schedule\": \"", "\"schedule\": \"" LONG LONG LONG LONG, "'schedule'",
         ALEXNET_BAD_FILE},
    };
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "config.json");
    an_config config = make_config(ctx), back;

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_ok(ctx, an_config_write(ctx, &config, path));
        edit(ctx, path, rows[i].old, rows[i].new);
        an_assert_status(ctx, an_config_read(ctx, path, &back), rows[i].status);
        an_assert_error(ctx, rows[i].message);
        an_assert_error(ctx, "config.json");
    }
    an_assert_status(ctx, an_config_read(ctx, an_test_path(folder, "none"), &back),
                     ALEXNET_NOT_FOUND);
    an_config_free(ctx, &config);
    an_test_folder_close(folder);
    an_test_close(ctx, &memory);
}

static void names_that_are_not_utf8_cannot_be_kept(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    an_config config = make_config(ctx);

    (void)unused;
    config.data[0] = '\xff';
    an_assert_status(ctx, an_config_write(ctx, &config, "nowhere/config.json"), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "'data'");
    an_config_free(ctx, &config);
    an_test_close(ctx, NULL);
}

static void memory_and_files_may_fail(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "config.json");
    an_config config = make_config(ctx);

    (void)unused;
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_config back = {0};
        an_test_fault_arm(&fault, ctx, AN_FAULT_ANY & ~AN_FAULT_BIT(AN_FAULT_CLOSE), n, false, EIO);
        alexnet_status status = an_config_write(ctx, &config, path);
        if (status == ALEXNET_OK) status = an_config_read(ctx, path, &back);
        an_config_free(ctx, &back);
        if (!an_test_fault_disarm(&fault)) break;
        assert_int_not_equal(status, ALEXNET_OK);
    }
    an_config_free(ctx, &config);
    an_test_folder_close(folder);
    an_test_close(ctx, &memory);
}

/* ---- whole runs ---- */

static void a_run_is_repeated_from_its_config(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "first"), again;
    alexnet_train_result result;

    an_test_set(&options, "lr=0.01");
    options.seed = 5;
    an_test_set(&options, "augment=flip");
    const alexnet_train_result first = an_runs_train(r, &options);

    again = alexnet_train_options_default();
    again.out = an_test_path(r->folder, "second");
    for (int by_folder = 0; by_folder < 2; ++by_folder) {
        again.config = by_folder ? options.out : an_test_path(r->folder, "first/config.json");
        again.force = by_folder;
        result = an_runs_train(r, &again);
        assert_string_equal(result.last_sha256, first.last_sha256);
    }
    again.seed = 6;
    again.epochs = 2;
    result = an_runs_train(r, &again);
    assert_int_equal(result.steps, 6);
    assert_string_not_equal(result.last_sha256, first.last_sha256);

    /* other data: the number of classes is that of the new data */
    again.data = "synthetic:classes=3,images=12,size=32";
    again.val_split = 0;
    result = an_runs_train(r, &again);
    assert_int_equal(result.steps, 6);

    again.resume = again.out;
    again.force = 0;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &again, &result), ALEXNET_BAD_ARG);
    an_assert_error(r->ctx, "either resumed, or a new one is started from a config");
    again.resume = NULL;
    again.config = r->data;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &again, &result), ALEXNET_NOT_FOUND);
    an_assert_error(r->ctx, "not a run folder");
}

static void what_is_no_run_cannot_be_resumed(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = alexnet_train_options_default();
    alexnet_train_result result;

    options.resume = r->data;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_NOT_FOUND);
    an_assert_error(r->ctx, "config.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_hash_is_that_of_what_must_not_change),
        cmocka_unit_test(what_came_later_may_be_missing),
        cmocka_unit_test(a_spoiled_file_is_refused_by_name),
        cmocka_unit_test(names_that_are_not_utf8_cannot_be_kept),
        cmocka_unit_test(memory_and_files_may_fail),
    };
    const struct CMUnitTest runs[] = {
        an_runs_test(a_run_is_repeated_from_its_config),
        an_runs_test(what_is_no_run_cannot_be_resumed),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);

    if (an_test_leaves_out("whole runs")) return failed;
    return failed + cmocka_run_group_tests(runs, NULL, NULL);
}
