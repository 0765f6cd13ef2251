/*
 * files.c: a library for LD_PRELOAD that intercepts a program's file operations. Environment
 * variables select the faults; without any, nothing fails.
 *
 *     AN_KILL_AT=17             SIGKILL at the 17th operation, counted from 0
 *     AN_FAIL=EIO AN_FAIL_AT=3  the 3rd call fails with EIO, ENOSPC or EINTR, or "short": it moves
 *                               half the bytes. 3+ : and all later ones; with EINTR every other one
 *     AN_ROOM=8192              the disk is full after so many written bytes
 *     AN_RECORD=FILE            records all operations in FILE, for power.py to replay
 *     AN_TELL=FILE              writes the failed calls to FILE, and at the end the number of calls
 *                               that could have failed, and the bytes written
 *
 * AN_KILL_AT counts the operations that change files or their names: creating, writing, syncing,
 * renaming, linking, removing. A write counts twice: before it, and when half of it is done.
 * AN_FAIL_AT counts the calls that can fail in the given way, also stat, opening, reading, listing,
 * closing and locking, and writing results to standard output.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The system's function. Only POSIX allows converting an object pointer to a function pointer. */
static void *find(const char *name) { return dlsym(RTLD_NEXT, name); }

#define REAL(type, name) (*(type *)(void *)&(void *){find(name)})

typedef int open_fn(int folder, const char *path, int flags, ...);
typedef ssize_t read_fn(int descriptor, void *data, size_t bytes, off_t offset);
typedef ssize_t write_fn(int descriptor, const void *data, size_t bytes);
typedef int descriptor_fn(int descriptor);
typedef int lock_fn(int descriptor, int how);
typedef int rename_fn(const char *from, const char *to);
typedef int path_fn(const char *path);
typedef int remove_at_fn(int folder, const char *path, int flags);
typedef int mode_fn(const char *path, mode_t mode);
typedef int stat_fn(const char *path, struct stat *out);
typedef int stat_open_fn(int descriptor, struct stat *out);
typedef int stat_disk_fn(const char *path, struct statvfs *out);
typedef char *real_path_fn(const char *path, char *out);
typedef struct dirent *read_folder_fn(DIR *folder);

/* ---- absolute paths, without touching the disk ---- */

static void path_of(int descriptor, char path[PATH_MAX])
{
    char link[64];

    if (descriptor == AT_FDCWD)
        strcpy(link, "/proc/self/cwd");
    else
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = '\0';
}

static void path_at(int folder, const char *name, char path[PATH_MAX])
{
    size_t length = 0;

    if (name[0] != '/') {
        path_of(folder, path);
        length = strlen(path);
        if (length + 1 < PATH_MAX) path[length++] = '/';
    }
    snprintf(path + length, PATH_MAX - length, "%s", name);
}

/* ---- kills ---- */

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

/* ---- failures ---- */

/* The ways in which a call can fail, besides EIO from a broken disk. */
enum {
    FILLS = 1, /* it needs disk space (ENOSPC) */
    WAITS = 2, /* a signal may interrupt it (EINTR) */
    MOVES = 4, /* it may move fewer bytes than requested */
};

static const struct {
    const char *name;
    int error; /* 0: moves half the bytes */
    unsigned of;
} ways[] = {
    {"EIO", EIO, 0}, {"ENOSPC", ENOSPC, FILLS}, {"EINTR", EINTR, WAITS}, {"short", 0, MOVES}};

static atomic_long calls;

static void tell(const char *text)
{
    const char *path = getenv("AN_TELL");

    if (path == NULL) return;
    const long file =
        syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0 || syscall(SYS_write, file, text, strlen(text)) != (long)strlen(text)) _exit(99);
    syscall(SYS_close, file);
}

static bool is_chosen(long call)
{
    const char *at = getenv("AN_FAIL_AT");
    const long first = at != NULL ? atol(at) : LONG_MAX;

    if (call <= first || strchr(at, '+') == NULL) return call == first;
    return strcmp(getenv("AN_FAIL"), "EINTR") != 0 || (call - first) % 2 == 0;
}

/*
 * Whether this call must fail: -1: with errno set; 1: it moves half the bytes; 0: no. name: a path
 * relative to `folder`; NULL: `folder` is the file's descriptor.
 */
static int fault_of(const char *function, unsigned kinds, int folder, const char *name)
{
    const char *wanted = getenv("AN_FAIL");
    char path[PATH_MAX], text[PATH_MAX + 64];

    if (wanted == NULL) return 0;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; ++i) {
        if (strcmp(wanted, ways[i].name) != 0 || (kinds & ways[i].of) != ways[i].of) continue;
        if (!is_chosen(atomic_fetch_add(&calls, 1))) return 0;
        if (name != NULL)
            path_at(folder, name, path);
        else
            path_of(folder, path);
        snprintf(text, sizeof text, "%s\t%s\n", function, path);
        tell(text);
        errno = ways[i].error;
        return ways[i].error != 0 ? -1 : 1;
    }
    return 0;
}

static bool fails(const char *function, unsigned kinds, int folder, const char *name)
{
    return fault_of(function, kinds, folder, name) == -1;
}

static bool is_file(int descriptor)
{
    struct stat info;

    return REAL(stat_open_fn *, "fstat")(descriptor, &info) == 0 && S_ISREG(info.st_mode);
}

static atomic_size_t used;

/* How many of `bytes` bytes fit on the disk; -1, with errno set: none. */
static ssize_t room_for(int descriptor, size_t bytes)
{
    const char *room = getenv("AN_ROOM");

    if (room == NULL || !is_file(descriptor)) return (ssize_t)bytes;
    const size_t before = atomic_fetch_add(&used, bytes), all = strtoul(room, NULL, 10);
    if (before + bytes <= all) return (ssize_t)bytes;
    if (before < all) return (ssize_t)(all - before);
    errno = ENOSPC;
    return -1;
}

/* ---- the record ---- */

/*
 * Writes one line, words separated by tabs, then the data: OPERATION PATH OTHER-PATH OFFSET BYTES.
 */
static void record(const char *what, const char *path, const char *other, off_t offset,
                   const void *data, size_t bytes)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    const char *file = getenv("AN_RECORD");
    char line[2 * PATH_MAX + 128];

    const int length = snprintf(line, sizeof line, "%s\t%s\t%s\t%jd\t%zu\n", what, path, other,
                                (intmax_t)offset, bytes);
    pthread_mutex_lock(&one_at_a_time);
    const long out =
        syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (out < 0 || syscall(SYS_write, out, line, length) != length ||
        (bytes > 0 && syscall(SYS_write, out, data, bytes) != (long)bytes))
        _exit(99);
    syscall(SYS_close, out);
    pthread_mutex_unlock(&one_at_a_time);
}

/* Records an operation on an open file; data were written at its end. */
static void record_file(const char *what, int descriptor, const void *data, size_t bytes)
{
    const int before = errno;
    char path[PATH_MAX];

    if (getenv("AN_RECORD") == NULL) return;
    path_of(descriptor, path);
    record(what, path, "", data != NULL ? lseek(descriptor, 0, SEEK_CUR) - (off_t)bytes : 0, data,
           bytes);
    errno = before;
}

/* Records an operation on a name in `folder`; returns the call's result. */
static int record_name(int result, const char *what, int folder, const char *name,
                       const char *other)
{
    const int before = errno;
    char path[PATH_MAX], second[PATH_MAX] = "";

    if (result != 0 || getenv("AN_RECORD") == NULL) return result;
    path_at(folder, name, path);
    if (other != NULL) path_at(folder, other, second);
    record(what, path, second, 0, NULL, 0);
    errno = before;
    return result;
}

/* ---- files ---- */

int openat(int folder, const char *path, int flags, ...)
{
    const bool changes = (flags & (O_CREAT | O_TRUNC)) != 0;
    mode_t mode = 0;

    if ((flags & O_CREAT) != 0) { /* the mode is passed only if a file may be created */
        va_list list;
        va_start(list, flags);
        mode = va_arg(list, mode_t);
        va_end(list);
    }
    if (fails("open", WAITS | (changes ? FILLS : 0), folder, path)) return -1;
    if (changes) die_if_due();
    const int descriptor = REAL(open_fn *, "openat")(folder, path, flags, mode);
    if (descriptor >= 0 && changes)
        record_name(0, (flags & O_TRUNC) != 0 ? "empty" : "open", folder, path, NULL);
    return descriptor;
}

int openat64(int folder, const char *path, int flags, ...) __attribute__((alias("openat")));

ssize_t pread(int descriptor, void *data, size_t bytes, off_t offset)
{
    const int fault = fault_of("read", WAITS | (bytes > 1 ? MOVES : 0), descriptor, NULL);

    if (fault < 0) return -1;
    return REAL(read_fn *, "pread")(descriptor, data, fault > 0 ? bytes / 2 : bytes, offset);
}

ssize_t pread64(int descriptor, void *data, size_t bytes, off_t offset)
    __attribute__((alias("pread")));

ssize_t write(int descriptor, const void *data, size_t bytes)
{
    if (!is_file(descriptor)) return REAL(write_fn *, "write")(descriptor, data, bytes);
    const int fault = fault_of("write", FILLS | WAITS | (bytes > 1 ? MOVES : 0), descriptor, NULL);
    const ssize_t room = fault < 0 ? -1 : room_for(descriptor, fault > 0 ? bytes / 2 : bytes);
    if (room < 0) return -1;
    die_if_due();
    if (is_due()) {
        REAL(write_fn *, "write")(descriptor, data, bytes / 2);
        raise(SIGKILL);
    }
    const ssize_t put = REAL(write_fn *, "write")(descriptor, data, (size_t)room);
    if (put > 0) record_file("write", descriptor, data, (size_t)put);
    return put;
}

int fsync(int descriptor)
{
    if (fails("fsync", FILLS | WAITS, descriptor, NULL)) return -1;
    die_if_due();
    const int failed = REAL(descriptor_fn *, "fsync")(descriptor);
    if (failed == 0) record_file("sync", descriptor, NULL, 0);
    return failed;
}

/* The file is closed even if the call fails. */
int close(int descriptor)
{
    const bool fault = is_file(descriptor) && fails("close", FILLS | WAITS, descriptor, NULL);
    const int error = errno;
    const int failed = REAL(descriptor_fn *, "close")(descriptor);

    if (fault) errno = error;
    return fault ? -1 : failed;
}

int flock(int descriptor, int how)
{
    return fails("flock", WAITS, descriptor, NULL) ? -1 : REAL(lock_fn *, "flock")(descriptor, how);
}

/* ---- names ---- */

int rename(const char *from, const char *to)
{
    if (fails("rename", FILLS, AT_FDCWD, from)) return -1;
    die_if_due();
    return record_name(REAL(rename_fn *, "rename")(from, to), "rename", AT_FDCWD, from, to);
}

int link(const char *from, const char *to)
{
    if (fails("link", FILLS, AT_FDCWD, from)) return -1;
    die_if_due();
    return record_name(REAL(rename_fn *, "link")(from, to), "link", AT_FDCWD, from, to);
}

int unlink(const char *path)
{
    if (fails("unlink", 0, AT_FDCWD, path)) return -1;
    die_if_due();
    return record_name(REAL(path_fn *, "unlink")(path), "remove", AT_FDCWD, path, NULL);
}

int rmdir(const char *path)
{
    if (fails("rmdir", 0, AT_FDCWD, path)) return -1;
    die_if_due();
    return record_name(REAL(path_fn *, "rmdir")(path), "remove", AT_FDCWD, path, NULL);
}

int unlinkat(int folder, const char *path, int flags)
{
    if (fails("unlink", 0, folder, path)) return -1;
    die_if_due();
    return record_name(REAL(remove_at_fn *, "unlinkat")(folder, path, flags), "remove", folder,
                       path, NULL);
}

int mkdir(const char *path, mode_t mode)
{
    if (fails("mkdir", FILLS, AT_FDCWD, path)) return -1;
    die_if_due();
    return record_name(REAL(mode_fn *, "mkdir")(path, mode), "mkdir", AT_FDCWD, path, NULL);
}

/* ---- stat ---- */

int stat(const char *path, struct stat *out)
{
    return fails("stat", 0, AT_FDCWD, path) ? -1 : REAL(stat_fn *, "stat")(path, out);
}

int stat64(const char *path, struct stat64 *out) __attribute__((alias("stat")));

int fstat(int descriptor, struct stat *out)
{
    return fails("stat", 0, descriptor, NULL) ? -1 : REAL(stat_open_fn *, "fstat")(descriptor, out);
}

int fstat64(int descriptor, struct stat64 *out) __attribute__((alias("fstat")));

int statvfs(const char *path, struct statvfs *out)
{
    return fails("statvfs", WAITS, AT_FDCWD, path) ? -1
                                                   : REAL(stat_disk_fn *, "statvfs")(path, out);
}

int statvfs64(const char *path, struct statvfs64 *out) __attribute__((alias("statvfs")));

char *realpath(const char *path, char *out)
{
    return fails("realpath", 0, AT_FDCWD, path) ? NULL
                                                : REAL(real_path_fn *, "realpath")(path, out);
}

/* ---- folders ---- */

struct dirent *readdir(DIR *folder)
{
    return fails("list", WAITS, dirfd(folder), NULL) ? NULL
                                                     : REAL(read_folder_fn *, "readdir")(folder);
}

struct dirent64 *readdir64(DIR *folder) __attribute__((alias("readdir")));

/* ---- results: standard output through our own call, as the C library's calls bypass us ---- */

/* Never interrupted: no signal handler of the program requires it. */
static ssize_t write_results(void *cookie, const char *data, size_t bytes)
{
    size_t done = 0;

    (void)cookie;
    while (done < bytes) { /* as the C library does */
        const size_t left = bytes - done;
        const int fault = fault_of("write", FILLS | (left > 1 ? MOVES : 0), STDOUT_FILENO, NULL);
        const long put =
            fault < 0 ? -1
                      : syscall(SYS_write, STDOUT_FILENO, data + done, fault > 0 ? left / 2 : left);
        if (put < 0) break;
        done += (size_t)put;
    }
    return (ssize_t)done;
}

__attribute__((constructor)) static void begin(void)
{
    if (getenv("AN_FAIL") == NULL) return;
    FILE *results = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_results});
    if (results == NULL) _exit(99);
    stdout = results;
}

__attribute__((destructor)) static void end(void)
{
    char text[64];

    snprintf(text, sizeof text, "calls\t%ld\nbytes\t%zu\n", atomic_load(&calls),
             atomic_load(&used));
    tell(text);
}
