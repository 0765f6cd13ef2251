/*
 * run_weights_test.c: which file of a run is read.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include "base/memory.h"
#include "formats/run_weights.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char said[256];

static void keep(void *user, alexnet_log_level level, const char *line)
{
    (void)user;
    assert_int_equal(level, ALEXNET_LOG_INFO);
    snprintf(said, sizeof said, "%s", line);
}

static void expect(alexnet_context *ctx, const char *path, const char *expected)
{
    char *found;

    said[0] = '\0';
    an_assert_ok(ctx, an_weights_file(ctx, path, &found));
    assert_string_equal(found, expected);
    an_free(ctx, found);
}

static void a_run_means_its_best_weights(void **state)
{
    an_test_place *place = *state;
    alexnet_context *ctx = place->ctx;
    const char *run = an_test_path(place->folder, "run");
    const char *last = an_test_path(run, "last.safetensors"),
               *best = an_test_path(run, "best.safetensors");
    char *found = NULL;

    ctx->options.log = keep;
    expect(ctx, run, run); /* absent: whoever opens it reports that */
    an_assert_ok(ctx, an_folder_make(ctx, run));
    an_assert_status(ctx, an_weights_file(ctx, run, &found), ALEXNET_NOT_FOUND);
    assert_null(found);
    an_assert_error(ctx, "run' is a folder, but not a run: expected a weights file, or a folder");
    an_test_write_text(an_test_path(run, "config.json"), "{}");
    an_assert_status(ctx, an_weights_file(ctx, run, &found), ALEXNET_NOT_FOUND);
    an_assert_error(ctx, "run' has no weights yet: neither best.safetensors nor last.safetensors");
    an_test_write_text(last, "x");
    expect(ctx, run, last);
    assert_non_null(strstr(said, ": its last weights, "));
    an_assert_ok(ctx, an_folder_make(ctx, best)); /* a folder of that name does not count */
    expect(ctx, run, last);
    an_assert_ok(ctx, an_folder_remove(ctx, best));
    an_test_write_text(best, "x");
    expect(ctx, run, best);
    assert_non_null(strstr(said, ": its best weights, "));
    expect(ctx, best, best);
    assert_string_equal(said, "");
    assert_int_equal(unlink(best), 0);
    assert_int_equal(symlink("best.safetensors", best), 0); /* to itself */
    an_assert_status(ctx, an_weights_file(ctx, run, &found), ALEXNET_IO);
    an_assert_error(ctx, "best.safetensors");
}

static void a_checkpoint_of_tensorflow_is_found(void **state)
{
    an_test_place *place = *state;
    alexnet_context *ctx = place->ctx;
    const char *state_file = an_test_path(place->folder, "checkpoint"),
               *name = an_test_path(place->folder, "m-2"),
               *index = an_test_path(place->folder, "m-2.index"),
               *best = an_test_path(place->folder, "best.safetensors");
    char *found = NULL;

    ctx->options.log = keep;
    expect(ctx, name, name);
    an_test_write_text(index, "x");
    expect(ctx, name, index);
    assert_non_null(strstr(said, "m-2: the checkpoint "));
    an_test_write_text(state_file, "model_checkpoint_path: \"m-2\"\n");
    expect(ctx, state_file, index);
    expect(ctx, place->folder, index);
    assert_non_null(strstr(said, "checkpoint: its newest, "));
    an_test_write_text(best, "x"); /* of a run, which comes first */
    expect(ctx, place->folder, best);
    an_assert_ok(ctx, an_file_remove(ctx, best));
    an_test_write_text(state_file, "x");
    an_assert_status(ctx, an_weights_file(ctx, place->folder, &found), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "checkpoint: expected a line model_checkpoint_path: ");
    assert_null(found);
}

static void memory_and_files_may_fail(void **state)
{
    const unsigned kinds[] = {AN_FAULT_BIT(AN_FAULT_MEMORY), AN_FAULT_FILES};
    an_test_place *place = *state;
    const char *run = an_test_path(place->folder, "run");

    an_assert_ok(place->ctx, an_folder_make(place->ctx, run));
    an_test_write_text(an_test_path(run, "last.safetensors"), "x");
    for (size_t k = 0; k < AN_COUNT(kinds); ++k) {
        for (long n = 0;; ++n) {
            an_test_fault fault;
            char *found;
            an_test_fault_arm(&fault, place->ctx, kinds[k], n, false, EIO);
            const alexnet_status status = an_weights_file(place->ctx, run, &found);
            an_free(place->ctx, found);
            if (!an_test_fault_disarm(&fault)) break;
            an_assert_status(place->ctx, status, k == 0 ? ALEXNET_NO_MEMORY : ALEXNET_IO);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(a_run_means_its_best_weights),
        an_test_in_place(a_checkpoint_of_tensorflow_is_found),
        an_test_in_place(memory_and_files_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
