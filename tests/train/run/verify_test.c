/*
 * verify_test.c: an undamaged run verifies; any file that loses a bit or its end is named.
 * SPDX-License-Identifier: MIT
 */
#include "train/runs.h"

#include "base/file.h"
#include "base/memory.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the callback got. */
typedef struct heard {
    char text[8192];
    int files, bad;
} heard;

static void hear(void *user, const alexnet_verified *file)
{
    heard *h = user;
    const size_t used = strlen(h->text);

    ++h->files;
    h->bad += file->error != NULL;
    snprintf(h->text + used, sizeof h->text - used, "%s %s %s\n", file->proof,
             strrchr(file->file, '/'), file->error != NULL ? file->error : "ok");
}

static heard verify(an_runs *r, const char *path)
{
    heard h = {{0}, 0, 0};
    int bad;

    an_assert_ok(r->ctx, alexnet_verify(r->ctx, path, hear, &h, &bad));
    assert_int_equal(bad, h.bad);
    return h;
}

static void a_whole_run_fits(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");

    /* nothing improves: the best is of the first epoch, and later manifests have its hash */
    an_test_set(&options, "lr=1e-7");
    an_runs_train(r, &options);
    heard h = verify(r, options.out);
    assert_int_equal(h.bad, 0);
    assert_non_null(strstr(h.text, "none /config.json ok"));
    assert_non_null(strstr(h.text, "sha256 /manifest.json ok"));
    assert_non_null(strstr(h.text, "sha256 /weights.safetensors ok"));
    assert_non_null(strstr(h.text, "sha256 /optimiser.safetensors ok"));
    assert_non_null(strstr(h.text, "sha256 /best.safetensors ok"));
    assert_non_null(strstr(h.text, "crc32c /last.safetensors ok"));

    h = verify(r, an_test_path(r->folder, "run/best.safetensors"));
    assert_int_equal(h.files, 1);
    assert_non_null(strstr(h.text, "crc32c /best.safetensors ok"));
    an_assert_ok(r->ctx, alexnet_verify(r->ctx, options.out, NULL, NULL, NULL));
}

static void whatever_is_damaged_is_named(void **state)
{
    static const char *const names[] = {"run/best.safetensors",
                                        "run/checkpoints/step-00000009/weights.safetensors",
                                        "run/checkpoints/step-00000009/optimiser.safetensors",
                                        "run/checkpoints/step-00000009/manifest.json"};
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");

    an_runs_train(r, &options);
    for (size_t i = 0; i < AN_COUNT(names); ++i) {
        const char *path = an_test_path(r->folder, names[i]);
        an_bytes bytes;
        an_assert_ok(r->ctx, an_file_read(r->ctx, path, 1 << 24, &bytes));
        bytes.data[bytes.size / 2] ^= 1;
        an_test_write(path, bytes.data, bytes.size);
        heard h = verify(r, options.out);
        assert_int_not_equal(h.bad, 0);
        assert_non_null(strstr(h.text, strrchr(names[i], '/')));
        an_test_write(path, bytes.data, bytes.size / 2);
        h = verify(r, options.out);
        assert_int_not_equal(h.bad, 0);
        bytes.data[bytes.size / 2] ^= 1;
        an_test_write(path, bytes.data, bytes.size);
        an_bytes_free(r->ctx, &bytes);
        h = verify(r, options.out);
        if (h.bad > 0) fail_msg("%s: %s", names[i], h.text);
    }
}

/* Weights that fit their own checksums, but are not those that the run wrote. */
static void replaced_weights_are_reported(void **state)
{
    an_runs *r = *state;
    const char *best = an_test_path(r->folder, "run/best.safetensors");
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_model *model;

    an_test_set(&options, "lr=1e-7");
    an_runs_train(r, &options);
    an_assert_ok(r->ctx, alexnet_model_load(r->ctx, best, &model));
    model->values[0] += 1;
    an_assert_ok(r->ctx, alexnet_model_save(model, best));
    alexnet_model_free(model);
    heard h = verify(r, options.out);
    assert_int_equal(h.bad, 1);
    assert_non_null(strstr(h.text, "best.safetensors: SHA-256 is "));
    h = verify(r, best);
    assert_int_equal(h.bad, 0); /* by itself, it verifies */
}

static void what_is_no_run_is_refused(void **state)
{
    an_runs *r = *state;
    int bad;

    an_assert_status(r->ctx, alexnet_verify(r->ctx, NULL, NULL, NULL, &bad), ALEXNET_BAD_ARG);
    an_assert_status(r->ctx,
                     alexnet_verify(r->ctx, an_test_path(r->folder, "none"), NULL, NULL, &bad),
                     ALEXNET_NOT_FOUND);
    an_assert_status(r->ctx, alexnet_verify(r->ctx, r->data, NULL, NULL, &bad), ALEXNET_BAD_FILE);
    an_assert_error(r->ctx, "a folder, but not a run");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, an_runs_set_up, an_runs_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_whole_run_fits),
        TEST(whatever_is_damaged_is_named),
        TEST(replaced_weights_are_reported),
        TEST(what_is_no_run_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
