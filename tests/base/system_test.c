/*
 * system_test.c: every system call does what its name says, and calls the fault hook.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/system.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void calls_work_on_a_file(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "file");
    struct stat info;
    char data[16] = "";

    (void)unused;
    const int descriptor = an_system_open(ctx, AT_FDCWD, path, O_RDWR | O_CREAT);
    assert_true(descriptor >= 0);
    assert_true(fcntl(descriptor, F_GETFD) & FD_CLOEXEC); /* no child process inherits it */
    assert_int_equal(an_system_write(ctx, descriptor, "0123456789", 10), 0);
    assert_int_equal(an_system_sync(ctx, descriptor), 0);
    assert_int_equal(an_system_stat(ctx, descriptor, &info), 0);
    assert_int_equal(info.st_size, 10);
    assert_int_equal(an_system_read(ctx, descriptor, data, sizeof data, 7), 3);
    assert_string_equal(data, "789");
    assert_int_equal(an_system_truncate(ctx, descriptor), 0);
    assert_int_equal(an_system_stat(ctx, descriptor, &info), 0);
    assert_int_equal(info.st_size, 0);
    assert_int_equal(an_system_close(ctx, descriptor), 0);
    assert_int_equal(fcntl(descriptor, F_GETFD), -1);
    assert_int_equal(an_system_sync_folder_of(ctx, path), 0);
    assert_int_equal(an_system_sync_folder_of(ctx, "a-name-in-the-working-folder"), 0);
    an_test_folder_close(folder);
    alexnet_close(ctx);
}

static void faults_come_before_the_call(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "file");
    struct stat info;
    an_test_fault fault;
    char byte;

    (void)unused;
    an_test_fault_arm(&fault, ctx, AN_FAULT_FILES, 0, true, EDQUOT);
    assert_int_equal(an_system_open(ctx, AT_FDCWD, path, O_RDWR | O_CREAT), -1);
    assert_true(an_test_fault_disarm(&fault));
    assert_int_equal(an_test_count_entries(folder), 0);

    const int descriptor = an_system_open(ctx, AT_FDCWD, path, O_RDWR | O_CREAT);
    an_test_fault_arm(&fault, ctx, AN_FAULT_FILES, 0, true, EDQUOT);
    assert_int_equal(an_system_write(ctx, descriptor, "x", 1), -1);
    assert_int_equal(errno, EDQUOT);
    assert_int_equal(an_system_read(ctx, descriptor, &byte, 1, 0), -1);
    assert_int_equal(an_system_truncate(ctx, descriptor), -1);
    assert_int_equal(an_system_sync(ctx, descriptor), -1);
    assert_int_equal(an_system_lock(ctx, descriptor), -1);
    assert_int_equal(an_system_stat(ctx, descriptor, &info), -1);
    errno = 0;
    assert_int_equal(an_system_close(ctx, descriptor), -1);
    assert_int_equal(errno, EDQUOT);
    assert_int_equal(fcntl(descriptor, F_GETFD), -1); /* closed nevertheless */
    assert_true(an_test_fault_disarm(&fault));
    an_test_assert_text_file(path, "");

    errno = ENXIO; /* a close that succeeds keeps the errno of an earlier failure */
    assert_int_equal(an_system_close(ctx, open(path, O_RDONLY)), 0);
    assert_int_equal(errno, ENXIO);
    an_test_folder_close(folder);
    alexnet_close(ctx);
}

static void syncing_a_folder(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    char *folder = an_test_folder_open();
    char longer[8192];
    an_test_fault fault;

    (void)unused;
    assert_int_equal(an_system_sync_folder_of(ctx, an_test_path(folder, "absent/file")), -1);
    assert_int_equal(errno, ENOENT);
    memset(longer, '/', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(an_system_sync_folder_of(ctx, longer), -1);
    assert_int_equal(errno, ENAMETOOLONG);

    /* a file system that cannot sync folders returns EINVAL, which is no failure */
    an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_SYNC), 0, true, EINVAL);
    assert_int_equal(an_system_sync_folder_of(ctx, an_test_path(folder, "file")), 0);
    assert_true(an_test_fault_disarm(&fault));
    an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_SYNC), 0, true, EIO);
    assert_int_equal(an_system_sync_folder_of(ctx, an_test_path(folder, "file")), -1);
    assert_int_equal(errno, EIO);
    assert_true(an_test_fault_disarm(&fault));
    an_test_folder_close(folder);
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_work_on_a_file),
        cmocka_unit_test(faults_come_before_the_call),
        cmocka_unit_test(syncing_a_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
