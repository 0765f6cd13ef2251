/*
 * bundle_find_test.c: which index a path stands for.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include "base/memory.h"
#include "formats/tensorflow/bundle.h"
#include <errno.h>
#include <limits.h>
#include <string.h>

/* expected NULL: the path stands for itself. */
static void expect(const an_test_place *p, const char *path, const char *expected)
{
    char *found;

    an_assert_ok(p->ctx, an_bundle_find(p->ctx, path, &found));
    if (expected == NULL)
        assert_null(found);
    else
        assert_string_equal(found, expected);
    an_free(p->ctx, found);
}

static void a_name_stands_for_its_index(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "model.ckpt-7"),
               *index = an_test_path(p->folder, "model.ckpt-7.index");
    char longest[NAME_MAX + 1];

    expect(p, path, NULL);
    an_assert_ok(p->ctx, an_folder_make(p->ctx, index));
    expect(p, path, NULL);
    an_assert_ok(p->ctx, an_folder_remove(p->ctx, index));
    an_test_write_text(index, "x");
    expect(p, path, index);
    expect(p, index, NULL);
    an_test_write_text(path, "x"); /* a file of that name comes first */
    expect(p, path, NULL);
    memset(longest, 'a', NAME_MAX);
    longest[NAME_MAX] = '\0';
    expect(p, an_test_path(p->folder, longest), NULL);
}

static void a_state_file_names_the_newest(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "checkpoint"),
               *index = an_test_path(p->folder, "m-2.index");
    static const char *const good[] = {
        "model_checkpoint_path: \"m-2\"\nall_model_checkpoint_paths: \"m-1\"\n",
        "all_model_checkpoint_paths: \"m-1\"\nmodel_checkpoint_path: \"m-2\"",
        "model_checkpoint_path: \"/elsewhere/m-2\"\n", "model_checkpoint_path:\"../../m-2\"\n"};
    static const char *const bad[] = {"",
                                      "m-2",
                                      "model_checkpoint_path: \"\"\n",
                                      "model_checkpoint_path: \"m-2\n\"",
                                      "model_checkpoint_path: m-2\n",
                                      "model_checkpoint_path: \"a/\"\n",
                                      "model_checkpoint_path: \"m\\\"-2\"\n",
                                      "model_checkpoint_path: \"m-2",
                                      "all_model_checkpoint_paths: \"m-1\"\n"};
    char *found;

    for (size_t i = 0; i < AN_COUNT(good); ++i) {
        an_test_write_text(path, good[i]);
        expect(p, path, index); /* whether it exists is seen when it is opened */
    }
    for (size_t i = 0; i < AN_COUNT(bad); ++i) {
        an_test_write_text(path, bad[i]);
        an_assert_status(p->ctx, an_bundle_find(p->ctx, path, &found), ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, "checkpoint: expected a line model_checkpoint_path: \"NAME\"");
        assert_null(found);
    }
}

static void every_failure_is_reported(void **state)
{
    const an_test_place *p = *state;
    const char *paths[] = {an_test_path(p->folder, "checkpoint"), an_test_path(p->folder, "m")};
    const unsigned kinds[] = {AN_FAULT_BIT(AN_FAULT_MEMORY), AN_FAULT_FILES};

    an_test_write_text(paths[0], "model_checkpoint_path: \"m\"\n");
    an_test_write_text(an_test_path(p->folder, "m.index"), "x");
    for (size_t i = 0; i < 4; ++i) {
        for (long n = 0;; ++n) {
            an_test_fault fault;
            char *found;
            an_test_fault_arm(&fault, p->ctx, kinds[i / 2], n, false, EIO);
            const alexnet_status status = an_bundle_find(p->ctx, paths[i % 2], &found);
            an_free(p->ctx, found);
            if (!an_test_fault_disarm(&fault)) break;
            assert_int_equal(status, i / 2 == 0 ? ALEXNET_NO_MEMORY : ALEXNET_IO);
            an_assert_error(p->ctx, paths[i % 2]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(a_name_stands_for_its_index),
        an_test_in_place(a_state_file_names_the_newest),
        an_test_in_place(every_failure_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
