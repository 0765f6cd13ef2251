/*
 * kill.c: a library to be loaded before a program's own (LD_PRELOAD): it kills the program at one of its file operations,
 * as a power switch or the system's out-of-memory killer would, at a place that can be repeated.
 *
 *     AN_KILL_AT=17 LD_PRELOAD=libkill.so alexnet train ...    dies by SIGKILL at the 17th operation, counted from 0
 *
 * Counted is what changes files or their names: making, writing, syncing, renaming, linking, removing. A write counts
 * twice: before it, and when half of it is done. Without AN_KILL_AT nothing happens.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_due(void)
{
    static atomic_long done;
    const char *at = getenv("AN_KILL_AT");

    return at != NULL && atomic_fetch_add(&done, 1) == atol(at);
}

static void die_if_due(void)
{
    if (is_due()) raise(SIGKILL);
}

/* The system's own function; pointers to functions and objects are one thing to POSIX alone. */
static void *find(const char *name) { return dlsym(RTLD_NEXT, name); }

#define REAL(type, name) (*(type *)(void *)&(void *){find(name)})

typedef int open_fn(int folder, const char *path, int flags, ...);
typedef ssize_t write_fn(int descriptor, const void *data, size_t bytes);
typedef int sync_fn(int descriptor);
typedef int rename_fn(const char *from, const char *to);
typedef int remove_fn(const char *path);
typedef int remove_at_fn(int folder, const char *path, int flags);
typedef int make_fn(const char *path, mode_t mode);

static int open_at(const char *name, int folder, const char *path, int flags, mode_t mode)
{
    if ((flags & (O_CREAT | O_TRUNC)) != 0) die_if_due();
    return REAL(open_fn *, name)(folder, path, flags, mode);
}

/* The mode is there only where a file may be made. */
static mode_t mode_of(int flags, va_list list)
{
    return (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list list;

    va_start(list, flags);
    const mode_t mode = mode_of(flags, list);
    va_end(list);
    return open_at("openat", folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    va_list list;

    va_start(list, flags);
    const mode_t mode = mode_of(flags, list);
    va_end(list);
    return open_at("openat64", folder, path, flags, mode);
}

ssize_t write(int descriptor, const void *data, size_t bytes)
{
    struct stat info;

    if (fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode)) {
        die_if_due();
        if (is_due()) {
            REAL(write_fn *, "write")(descriptor, data, bytes / 2);
            raise(SIGKILL);
        }
    }
    return REAL(write_fn *, "write")(descriptor, data, bytes);
}

int fsync(int descriptor)
{
    die_if_due();
    return REAL(sync_fn *, "fsync")(descriptor);
}

int rename(const char *from, const char *to)
{
    die_if_due();
    return REAL(rename_fn *, "rename")(from, to);
}

int link(const char *from, const char *to)
{
    die_if_due();
    return REAL(rename_fn *, "link")(from, to);
}

int unlink(const char *path)
{
    die_if_due();
    return REAL(remove_fn *, "unlink")(path);
}

int rmdir(const char *path)
{
    die_if_due();
    return REAL(remove_fn *, "rmdir")(path);
}

int unlinkat(int folder, const char *path, int flags)
{
    die_if_due();
    return REAL(remove_at_fn *, "unlinkat")(folder, path, flags);
}

int mkdir(const char *path, mode_t mode)
{
    die_if_due();
    return REAL(make_fn *, "mkdir")(path, mode);
}
