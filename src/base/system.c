/*
 * system.c: the system calls of the file layer.
 * SPDX-License-Identifier: MIT
 */
#include "base/system.h"

#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/*
 * Calls the fault hook before the next call. 0: make the call; AN_FAULT_SHORT: it moves one byte;
 * -1: it fails with errno. After an interrupted call both are repeated.
 */
static int next_fault(const alexnet_context *ctx, an_fault_kind kind)
{
    int error;

    if (ctx->fault == NULL) return 0;
    do
        error = ctx->fault(ctx->fault_user, kind);
    while (error == EINTR);
    if (error > 0) errno = error;
    return error > 0 ? -1 : error;
}

int an_system_open(const alexnet_context *ctx, int folder, const char *path, int flags)
{
    int descriptor;

    if (next_fault(ctx, AN_FAULT_OPEN) == -1) return -1;
    do
        descriptor = openat(folder, path, flags | O_CLOEXEC, 0666);
    while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

int an_system_close(const alexnet_context *ctx, int descriptor)
{
    const bool fault = an_fault(ctx, AN_FAULT_CLOSE);
    const int before = errno;
    const int failed = close(descriptor) != 0 && errno != EINTR; /* after EINTR it is closed, too */

    if (fault || !failed) errno = before;
    return fault || failed ? -1 : 0;
}

ssize_t an_system_read(const alexnet_context *ctx, int descriptor, void *data, size_t bytes,
                       uint64_t offset)
{
    const int wanted = next_fault(ctx, AN_FAULT_READ);
    ssize_t got;

    if (wanted == -1) return -1;
    if (wanted == AN_FAULT_SHORT) bytes = AN_MIN(bytes, (size_t)1);
    do
        got = pread(descriptor, data, bytes, (off_t)offset);
    while (got < 0 && errno == EINTR);
    return got;
}

int an_system_write(const alexnet_context *ctx, int descriptor, const void *data, size_t bytes)
{
    const char *at = data;

    while (bytes > 0) {
        const int wanted = next_fault(ctx, AN_FAULT_WRITE);
        if (wanted == -1) return -1;
        const ssize_t put =
            write(descriptor, at, wanted == AN_FAULT_SHORT ? AN_MIN(bytes, (size_t)1) : bytes);
        if (put < 0 && errno != EINTR) return -1;
        if (put > 0) {
            at += put;
            bytes -= (size_t)put;
        }
    }
    return 0;
}

int an_system_truncate(const alexnet_context *ctx, int descriptor)
{
    int failed;

    if (next_fault(ctx, AN_FAULT_WRITE) == -1) return -1;
    do
        failed = ftruncate(descriptor, 0);
    while (failed != 0 && errno == EINTR);
    return failed;
}

int an_system_sync(const alexnet_context *ctx, int descriptor)
{
    int failed;

    if (next_fault(ctx, AN_FAULT_SYNC) == -1) return -1;
    do
        failed = fsync(descriptor);
    while (failed != 0 && errno == EINTR);
    return failed;
}

int an_system_lock(const alexnet_context *ctx, int descriptor)
{
    int failed;

    if (next_fault(ctx, AN_FAULT_OPEN) == -1) return -1;
    do
        failed = flock(descriptor, LOCK_EX | LOCK_NB);
    while (failed != 0 && errno == EINTR);
    return failed;
}

int an_system_stat(const alexnet_context *ctx, int descriptor, struct stat *out)
{
    return next_fault(ctx, AN_FAULT_STAT) == -1 ? -1 : fstat(descriptor, out);
}

int an_system_sync_path(const alexnet_context *ctx, const char *path, int flags)
{
    const int descriptor = an_system_open(ctx, AT_FDCWD, path, O_RDONLY | flags);
    if (descriptor < 0) return -1;
    int failed = an_system_sync(ctx, descriptor);
    if (failed != 0 && errno == EINVAL) /* a file system without sync, as some network ones are */
        failed = 0;
    return an_system_close(ctx, descriptor) != 0 ? -1 : failed;
}

int an_system_sync_folder_of(const alexnet_context *ctx, const char *path)
{
    char folder[PATH_MAX] = ".";
    const size_t length = (size_t)(an_path_base(path) - path);

    if (length >= sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (length > 0) {
        memcpy(folder, path, length);
        folder[length] = '\0';
    }
    return an_system_sync_path(ctx, folder, O_DIRECTORY);
}
