/*
 * list_tree_test.c: an_list_tree(): the order of names, hidden ones, paths too long, and names
 * whose status the system refuses. folder_test.c has link loops and hidden folders.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "base/file.h"
#include "data/list_tree.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void order_slashes_and_skip(void **in)
{
    static const char *const expected[] = {".hidden", "a/",      "a/1.jpg", "a/sub/",
                                           "a.jpg/",  "a.jpg/b", "z"};
    const fixture *f = *in;
    an_tree tree = {0};

    fixture_text(f->ctx, f->folder, "a/1.jpg", "x");
    fixture_text(f->ctx, f->folder, "a.jpg/b", "x"); /* at the top even such a name is looked at */
    fixture_text(f->ctx, f->folder, "z", "x");
    fixture_text(f->ctx, f->folder, ".hidden/not entered", "x");
    assert_int_equal(mkdir(an_test_path(f->folder, "a/sub"), 0777), 0);

    an_assert_ok(f->ctx, an_list_tree(f->ctx, f->folder, strlen(f->folder) + 1, &tree));
    assert_int_equal(tree.count, AN_COUNT(expected));
    for (size_t i = 0; i < tree.count; ++i)
        assert_string_equal(tree.leaves[i].path, expected[i]);
    an_tree_free(f->ctx, &tree);

    an_assert_ok(f->ctx, an_list_tree(f->ctx, an_test_path(f->folder, "a"), 0, &tree));
    assert_string_equal(tree.leaves[0].path, an_test_path(f->folder, "a/1.jpg"));
    an_tree_free(f->ctx, &tree);
    an_assert_status(f->ctx, an_list_tree(f->ctx, an_test_path(f->folder, "absent"), 0, &tree),
                     ALEXNET_NOT_FOUND);
}

/* Longer than any path that the system opens. */
static void a_path_too_long_is_refused(void **in)
{
    const fixture *f = *in;
    an_tree tree = {0};
    char name[256];
    char *before = getcwd(NULL, 0);

    memset(name, 'n', sizeof name);
    name[255] = '\0';
    assert_int_equal(chdir(f->folder), 0);
    for (int i = 0; i < 16; ++i) {
        assert_int_equal(mkdir(name, 0777), 0);
        assert_int_equal(chdir(name), 0);
    }
    assert_int_equal(chdir(before), 0);
    an_assert_status(f->ctx, an_list_tree(f->ctx, f->folder, 0, &tree), ALEXNET_UNSUPPORTED);
    an_assert_error(f->ctx, "/nnn");
    an_tree_free(f->ctx, &tree);
    free(before);
    an_assert_ok(f->ctx, an_folder_remove(f->ctx, an_test_path(f->folder, name)));
}

/* What looks like an image, or cannot be a folder, is left to its reader; anything else fails. */
static void possible_folders_are_not_passed_over(void **in)
{
    static const struct {
        const char *name;
        int error; /* the errno of stat() */
        alexnet_status status;
    } rows[] = {
        {"a/1.jpg", EACCES, ALEXNET_OK},        {"a/1.jpg", EIO, ALEXNET_OK},
        {"a/1.heic", EACCES, ALEXNET_OK},       {"a/1.jpg", ELOOP, ALEXNET_OK},
        {"a/loop", ELOOP, ALEXNET_OK},          {"a/long", ENAMETOOLONG, ALEXNET_OK},
        {"a/class", EACCES, ALEXNET_IO},        {"a/class", EIO, ALEXNET_IO},
        {"a/1.jpg", ENOMEM, ALEXNET_NO_MEMORY}, {"a/1.jpg", ENFILE, ALEXNET_IO},
    };
    const fixture *f = *in;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_test_fault fault;
        an_file_info info;
        an_test_fault_arm(&fault, f->ctx, AN_FAULT_BIT(AN_FAULT_STAT), 0, false, rows[i].error);
        an_assert_status(f->ctx, an_list_tree_stat(f->ctx, rows[i].name, &info), rows[i].status);
        assert_true(an_test_fault_disarm(&fault));
        if (rows[i].status == ALEXNET_OK) assert_int_equal(info.kind, AN_FILE_OTHER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {FIXTURE_TEST(order_slashes_and_skip),
                                       FIXTURE_TEST(a_path_too_long_is_refused),
                                       FIXTURE_TEST(possible_folders_are_not_passed_over)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
