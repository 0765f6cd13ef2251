/*
 * folder_test.c: names in order, folders made, removed and locked, links not followed, parts of
 * paths.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include "base/memory.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- listing ---- */

static void names_come_in_byte_order(void **state)
{
    static const char *const names[] = {"b",   "a10", "a2",  "B", ".hidden", "\xc3\xa9t\xc3\xa9",
                                        "a b", "..x", "a\nb"};
    static const char *const sorted[] = {"..x", ".hidden",          "B", "a\nb", "a b", "a10", "a2",
                                         "b",   "\xc3\xa9t\xc3\xa9"};
    const an_test_place *p = *state;
    an_names found;

    an_assert_ok(p->ctx, an_folder_list(p->ctx, p->folder, &found));
    assert_int_equal(found.count, 0);
    an_names_free(p->ctx, &found);

    for (size_t i = 0; i < AN_COUNT(names); ++i)
        an_test_write_text(an_test_path(p->folder, names[i]), "");
    an_assert_ok(p->ctx, an_folder_list(p->ctx, p->folder, &found));
    assert_int_equal(found.count, AN_COUNT(sorted));
    for (size_t i = 0; i < AN_COUNT(sorted); ++i)
        assert_string_equal(found.names[i], sorted[i]);
    an_names_free(p->ctx, &found);
    an_names_free(p->ctx, &found);
}

static void large_folders_are_listed_whole(void **state)
{
    const an_test_place *p = *state;
    char name[32];
    an_names found;

    for (int i = 0; i < 1000; ++i) {
        snprintf(name, sizeof name, "%04d.jpg", (i * 7) % 1000);
        an_test_write_text(an_test_path(p->folder, name), "");
    }
    an_assert_ok(p->ctx, an_folder_list(p->ctx, p->folder, &found));
    assert_int_equal(found.count, 1000);
    for (int i = 0; i < 1000; ++i) {
        snprintf(name, sizeof name, "%04d.jpg", i);
        assert_string_equal(found.names[i], name);
    }
    an_names_free(p->ctx, &found);
}

static void unreadable_folders_are_named(void **state)
{
    const an_test_place *p = *state;
    const char *file = an_test_path(p->folder, "file");
    an_names found;

    an_test_write_text(file, "");
    an_assert_status(p->ctx, an_folder_list(p->ctx, file, &found), ALEXNET_NOT_FOUND);
    an_assert_error(p->ctx, "file: cannot list: Not a directory");
    an_assert_status(p->ctx, an_folder_list(p->ctx, an_test_path(p->folder, "absent"), &found),
                     ALEXNET_NOT_FOUND);
    assert_int_equal(found.count, 0);
}

/* ---- making ---- */

static void folders_are_made_with_their_parents(void **state)
{
    static const char *const paths[] = {"a", "a/b/c", "a/b/c", "d//e/", "./f/../f/g"};
    const an_test_place *p = *state;
    an_file_info info;

    for (size_t i = 0; i < AN_COUNT(paths); ++i) {
        const char *path = an_test_path(p->folder, paths[i]);
        an_assert_ok(p->ctx, an_folder_make(p->ctx, path));
        an_assert_ok(p->ctx, an_file_stat(p->ctx, path, &info));
        assert_int_equal(info.kind, AN_FILE_FOLDER);
    }
    an_assert_ok(p->ctx, an_folder_make(p->ctx, "/")); /* exists, though it cannot be made */
    an_assert_ok(p->ctx, an_folder_make(p->ctx, "."));
    an_assert_ok(p->ctx, an_folder_make(p->ctx, "/proc/self"));

    assert_int_equal(symlink("a", an_test_path(p->folder, "link")), 0);
    an_assert_ok(p->ctx, an_folder_make(p->ctx, an_test_path(p->folder, "link/z")));
    an_assert_ok(p->ctx, an_file_stat(p->ctx, an_test_path(p->folder, "a/z"), &info));
    assert_int_equal(info.kind, AN_FILE_FOLDER);
}

/* Made once; if its name would not survive a power failure, the call fails. */
static void a_new_folder_is_made_once(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "new");
    an_test_fault fault;
    bool made;

    an_assert_ok(p->ctx, an_folder_make_new(p->ctx, path, &made));
    assert_true(made);
    an_assert_ok(p->ctx, an_folder_make_new(p->ctx, path, &made));
    assert_false(made);
    an_assert_status(p->ctx, an_folder_make_new(p->ctx, an_test_path(p->folder, "no/new"), &made),
                     ALEXNET_IO);
    assert_false(made);
    an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_SYNC), 0, false, EIO);
    an_assert_status(p->ctx, an_folder_make_new(p->ctx, an_test_path(p->folder, "other"), &made),
                     ALEXNET_IO);
    assert_true(an_test_fault_disarm(&fault));
}

static void a_file_in_the_way_is_named(void **state)
{
    const an_test_place *p = *state;
    const char *file = an_test_path(p->folder, "file");

    an_test_write_text(file, "");
    an_assert_status(p->ctx, an_folder_make(p->ctx, file), ALEXNET_IO);
    an_assert_error(p->ctx, "file: expected a folder, found a file");
    an_assert_status(p->ctx, an_folder_make(p->ctx, an_test_path(file, "below")), ALEXNET_IO);
    an_assert_error(p->ctx, "file: expected a folder, found a file");
}

/* ---- removing ---- */

static void plant_tree(const an_test_place *p)
{
    const char *tree = an_test_path(p->folder, "tree");

    an_assert_ok(p->ctx, an_folder_make(p->ctx, an_test_path(tree, "a/b")));
    an_test_write_text(an_test_path(tree, "a/b/file"), "x");
    an_test_write_text(an_test_path(tree, ".hidden"), "x");
    assert_int_equal(mkfifo(an_test_path(tree, "pipe"), 0600), 0);
    assert_int_equal(symlink("../kept", an_test_path(tree, "link")), 0);
    assert_int_equal(symlink("nowhere", an_test_path(tree, "dangling")), 0);
}

static void a_tree_is_removed_and_links_are_not_followed(void **state)
{
    const an_test_place *p = *state;
    const char *tree = an_test_path(p->folder, "tree");

    an_assert_ok(p->ctx, an_folder_make(p->ctx, an_test_path(p->folder, "kept")));
    an_test_write_text(an_test_path(p->folder, "kept/file"), "kept");
    plant_tree(p);
    an_assert_ok(p->ctx, an_folder_remove(p->ctx, tree));
    an_assert_ok(p->ctx, an_folder_remove(p->ctx, tree)); /* absent is fine */
    an_test_assert_text_file(an_test_path(p->folder, "kept/file"), "kept");
    assert_int_equal(an_test_count_entries(p->folder), 1);

    /* A link and a file are not folders: refused. */
    const char *link = an_test_path(p->folder, "link");
    assert_int_equal(symlink("kept", link), 0);
    assert_int_not_equal(an_folder_remove(p->ctx, link), ALEXNET_OK);
    assert_int_not_equal(an_folder_remove(p->ctx, an_test_path(p->folder, "kept/file")),
                         ALEXNET_OK);
    an_assert_error(p->ctx, "kept/file: cannot remove: Not a directory");
    an_test_assert_text_file(an_test_path(p->folder, "kept/file"), "kept");
}

/* ---- faults ---- */

static alexnet_status list(const an_test_place *p)
{
    an_names names;
    const alexnet_status status = an_folder_list(p->ctx, p->folder, &names);

    if (status != ALEXNET_OK) assert_int_equal(names.count, 0);
    an_names_free(p->ctx, &names);
    return status;
}

static alexnet_status make(const an_test_place *p)
{
    return an_folder_make(p->ctx, an_test_path(p->folder, "x/y/z"));
}

static alexnet_status remove_all(const an_test_place *p)
{
    return an_folder_remove(p->ctx, an_test_path(p->folder, "tree"));
}

static void every_step_can_fail(void **state)
{
    alexnet_status (*const operations[])(const an_test_place *) = {list, make, remove_all};
    const struct {
        unsigned kinds;
        alexnet_status status;
    } rows[] = {
        {AN_FAULT_FILES, ALEXNET_IO},
        {AN_FAULT_BIT(AN_FAULT_MEMORY), ALEXNET_NO_MEMORY},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(operations); ++i) {
        for (size_t k = 0; k < AN_COUNT(rows); ++k) {
            bool failed = true;
            for (long n = 0; failed; ++n) {
                an_test_fault fault;
                an_assert_ok(p->ctx, an_folder_remove(p->ctx, an_test_path(p->folder, "x")));
                an_assert_ok(p->ctx, an_folder_remove(p->ctx, an_test_path(p->folder, "tree")));
                plant_tree(p);
                const long live = p->memory.live;
                an_test_fault_arm(&fault, p->ctx, rows[k].kinds, n, true, EIO);
                const alexnet_status status = operations[i](p);
                failed = an_test_fault_disarm(&fault);
                an_assert_status(p->ctx, status, failed ? rows[k].status : ALEXNET_OK);
                assert_int_equal(p->memory.live, live);
                assert_int_equal(an_test_count_descriptors(), p->descriptors);
            }
        }
    }
}

/* ---- locking ---- */

/* A process that locks the folder and waits to be killed. */
static pid_t start_holder(const an_test_place *p)
{
    int ends[2];
    char byte;
    an_lock lock;

    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        const bool held = an_folder_lock(p->ctx, p->folder, &lock) == ALEXNET_OK;
        const ssize_t sent = write(ends[1], held ? "y" : "n", 1);
        if (sent == 1) pause();
        _exit(1);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    close(ends[0]);
    close(ends[1]);
    return child;
}

static void a_lock_ends_with_its_holder(void **state)
{
    const an_test_place *p = *state;
    an_lock lock, other;

    const pid_t child = start_holder(p);
    an_assert_status(p->ctx, an_folder_lock(p->ctx, p->folder, &lock), ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "in use");
    assert_false(lock.held);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);

    an_assert_ok(p->ctx, an_folder_lock(p->ctx, p->folder, &lock));
    an_assert_status(p->ctx, an_folder_lock(p->ctx, p->folder, &other), ALEXNET_BAD_ARG);
    an_lock_close(&lock);
    an_lock_close(&lock); /* closing twice is legal */
    an_assert_ok(p->ctx, an_folder_lock(p->ctx, p->folder, &other));
    an_lock_close(&other);
    assert_int_equal(an_test_count_entries(p->folder), 0);
}

static void locks_that_fail(void **state)
{
    const an_test_place *p = *state;
    an_test_fault fault;
    an_lock lock;

    an_assert_status(p->ctx, an_folder_lock(p->ctx, an_test_path(p->folder, "absent"), &lock),
                     ALEXNET_NOT_FOUND);
    for (long n = 0; n < 2; ++n) {
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_OPEN), n, false, EIO);
        an_assert_status(p->ctx, an_folder_lock(p->ctx, p->folder, &lock), ALEXNET_IO);
        assert_true(an_test_fault_disarm(&fault));
    }
    /* a file system without locks */
    an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_OPEN), 1, false, ENOLCK);
    an_assert_ok(p->ctx, an_folder_lock(p->ctx, p->folder, &lock));
    assert_true(an_test_fault_disarm(&fault));
    an_lock_close(&lock);
}

/* ---- paths ---- */

static void paths(void **state)
{
    static const struct {
        const char *folder, *name, *joined;
    } joins[] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"},        {"", "b", "b"},
        {"/", "b", "/b"},  {"a/b", "c/d", "a/b/c/d"}, {"a", "", "a/"},
    };
    static const char *const absolutes[] = {"/", "/.", "//"};
    static const struct {
        const char *path, *base;
    } bases[] = {{"a/b.jpg", "b.jpg"}, {"b", "b"}, {"a/", ""}, {"/x", "x"}, {"", ""}};
    static const struct {
        const char *path, *extension;
        bool has;
    } extensions[] = {
        {"a/b.jpg", "jpg", true}, {"a/b.JPG", "jpg", true}, {"b.tar.gz", "gz", true},
        {"b.jpg", "jpeg", false}, {"b.jpeg", "jpg", false}, {"jpg", "jpg", false},
        {".jpg", "jpg", false},   {"a/.jpg", "jpg", false}, {"a.jpg/b", "jpg", false},
        {"b.", "", true},         {"", "jpg", false},       {"b..jpg", "jpg", true},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(joins); ++i) {
        char *joined = an_path_join(p->ctx, joins[i].folder, joins[i].name);
        assert_string_equal(joined, joins[i].joined);
        an_free(p->ctx, joined);
    }
    for (size_t i = 0; i < AN_COUNT(absolutes); ++i) {
        char *absolute;
        an_assert_ok(p->ctx, an_path_absolute(p->ctx, absolutes[i], &absolute));
        assert_string_equal(absolute, "/");
        an_free(p->ctx, absolute);
        an_assert_status(p->ctx, an_path_absolute(p->ctx, "no/such/file", &absolute),
                         ALEXNET_NOT_FOUND);
        assert_null(absolute);
    }
    for (size_t i = 0; i < AN_COUNT(bases); ++i)
        assert_string_equal(an_path_base(bases[i].path), bases[i].base);
    for (size_t i = 0; i < AN_COUNT(extensions); ++i)
        assert_int_equal(an_path_has_extension(extensions[i].path, extensions[i].extension),
                         extensions[i].has);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(names_come_in_byte_order),
        an_test_in_place(large_folders_are_listed_whole),
        an_test_in_place(unreadable_folders_are_named),
        an_test_in_place(folders_are_made_with_their_parents),
        an_test_in_place(a_new_folder_is_made_once),
        an_test_in_place(a_file_in_the_way_is_named),
        an_test_in_place(a_tree_is_removed_and_links_are_not_followed),
        an_test_in_place(every_step_can_fail),
        an_test_in_place(a_lock_ends_with_its_holder),
        an_test_in_place(locks_that_fail),
        an_test_in_place(paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
