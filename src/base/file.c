/*
 * file.c: the part of file.h that reads: whole files, at any offset, for a hash; what a path is,
 * and removing and renaming it. Never mmap(): a damaged disk would then send a signal to the
 * process.
 * SPDX-License-Identifier: MIT
 */
#include "base/file.h"

#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/system.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* ---- an open file ---- */

alexnet_status an_reader_open(alexnet_context *ctx, const char *path, an_reader *out)
{
    struct stat info;
    alexnet_status status;

    *out = (an_reader){.descriptor = -1};
    /* O_NONBLOCK: opening a pipe must not wait for its writer. Regular files ignore it. */
    const int descriptor = an_system_open(ctx, AT_FDCWD, path, O_RDONLY | O_NONBLOCK);
    if (descriptor < 0) return an_fail_errno(ctx, errno, "%s", path);
    if (an_system_stat(ctx, descriptor, &info) != 0)
        status = an_fail_errno(ctx, errno, "%s", path);
    else if (!S_ISREG(info.st_mode))
        status = an_fail(ctx, ALEXNET_BAD_FILE, "%s: expected a file, found %s", path,
                         S_ISDIR(info.st_mode) ? "a folder" : "a device or a pipe");
    else
        status = ALEXNET_OK;
    if (status != ALEXNET_OK) {
        close(descriptor);
        return status;
    }
    *out = (an_reader){.descriptor = descriptor, .size = (uint64_t)info.st_size};
    return ALEXNET_OK;
}

/* Whether each part of a relative path is the name of a file or folder. */
static bool stays_beneath(const char *name)
{
    for (const char *part = name;;) {
        const size_t length = strcspn(part, "/");
        if (length == 0 || length > NAME_MAX || (length == 1 && part[0] == '.') ||
            (length == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        if (part[length] == '\0') return true;
        part += length + 1;
    }
}

/* Opens one part of a path. A link fails with ELOOP, or ENOTDIR if a folder was expected. */
static int open_part(alexnet_context *ctx, int folder, const char *part, size_t length, int flags)
{
    char name[NAME_MAX + 1];

    memcpy(name, part, length);
    name[length] = '\0';
    return an_system_open(ctx, folder, name, O_RDONLY | O_NOFOLLOW | flags);
}

/* The descriptor of folder/name; -1 with errno. */
static int open_beneath(alexnet_context *ctx, int folder, const char *name)
{
    int at = folder;

    for (;;) {
        const size_t length = strcspn(name, "/");
        const bool last = name[length] == '\0';
        const int next = open_part(ctx, at, name, length, last ? O_NONBLOCK : O_DIRECTORY);
        const int error = errno;
        if (at != folder) close(at);
        errno = error;
        if (next < 0 || last) return next;
        at = next;
        name += length + 1;
    }
}

/* The folder that holds `path`. */
static int open_folder_of(alexnet_context *ctx, const char *path)
{
    char *folder = an_format(ctx, "%.*s", (int)(an_path_base(path) - path), path);

    if (folder == NULL) {
        errno = ENOMEM;
        return -1;
    }
    const int descriptor =
        an_system_open(ctx, AT_FDCWD, folder[0] != '\0' ? folder : ".", O_RDONLY | O_DIRECTORY);
    const int error = errno;
    an_free(ctx, folder);
    errno = error;
    return descriptor;
}

static alexnet_status check_alone(alexnet_context *ctx, const char *name, int descriptor,
                                  an_reader *out)
{
    struct stat info;

    if (an_system_stat(ctx, descriptor, &info) != 0) return an_fail_errno(ctx, errno, "%s", name);
    if (!S_ISREG(info.st_mode))
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: expected a file, found %s", name,
                       S_ISDIR(info.st_mode) ? "a folder" : "a device or a pipe");
    if (info.st_nlink > 1)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: it has other names, which may be anywhere",
                       name);
    *out = (an_reader){.descriptor = descriptor, .size = (uint64_t)info.st_size};
    return ALEXNET_OK;
}

alexnet_status an_reader_open_beside(alexnet_context *ctx, const char *path, const char *name,
                                     an_reader *out)
{
    *out = (an_reader){.descriptor = -1};
    if (!stays_beneath(name))
        return an_fail(ctx, ALEXNET_BAD_FILE, "'%s' may lie outside the folder of the file", name);
    const int folder = open_folder_of(ctx, path);
    if (folder < 0) return an_fail_errno(ctx, errno, "folder of %s", path);
    const int descriptor = open_beneath(ctx, folder, name);
    const int error = errno;
    close(folder);
    if (descriptor < 0 && (error == ELOOP || error == ENOTDIR))
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: a part of it is a link or no folder", name);
    if (descriptor < 0) return an_fail_errno(ctx, error, "%s", name);
    const alexnet_status status = check_alone(ctx, name, descriptor, out);
    if (status != ALEXNET_OK) close(descriptor);
    return status;
}

alexnet_status an_reader_read(alexnet_context *ctx, const an_reader *reader, const char *path,
                              uint64_t offset, void *data, size_t bytes)
{
    char *at = data;

    if (offset > reader->size || bytes > reader->size - offset)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: truncated: %zu %s expected at %ju, the file has %ju", path, bytes,
                       AN_NOUN(bytes, "byte", "bytes"), (uintmax_t)offset, (uintmax_t)reader->size);
    if (reader->memory != NULL) {
        memcpy(data, reader->memory + offset, bytes);
        return ALEXNET_OK;
    }
    while (bytes > 0) {
        const ssize_t got = an_system_read(ctx, reader->descriptor, at, bytes, offset);
        if (got < 0) return an_fail_errno(ctx, errno, "%s: cannot read", path);
        if (got == 0)
            return an_fail(ctx, ALEXNET_BAD_FILE, "%s: truncated while it was read", path);
        at += got;
        offset += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return ALEXNET_OK;
}

void an_reader_close(an_reader *reader)
{
    if (reader->descriptor >= 0) close(reader->descriptor);
    reader->descriptor = -1;
}

an_reader an_reader_of(const void *data, size_t bytes)
{
    static const uint8_t nothing[1];

    return (an_reader){.descriptor = -1, .size = bytes, .memory = data != NULL ? data : nothing};
}

/* Closes the file after a read that ended with `status`. A failed read hides a failure to close. */
static alexnet_status close_after(alexnet_context *ctx, const char *path, an_reader *reader,
                                  alexnet_status status)
{
    const int failed = an_system_close(ctx, reader->descriptor);

    reader->descriptor = -1;
    return failed != 0 && status == ALEXNET_OK ? an_fail_errno(ctx, errno, "%s: cannot read", path)
                                               : status;
}

/* ---- whole files ---- */

static alexnet_status fail_limit(alexnet_context *ctx, const char *path, size_t limit)
{
    return an_fail(ctx, ALEXNET_BAD_FILE, "%s: larger than the %zu bytes that are allowed", path,
                   limit);
}

/*
 * Reads up to the end, wherever it is: the size is a hint (it is 0 in /proc), and the file may be
 * growing. The buffer has one byte more than expected, to detect the end, and for the final 0.
 */
static alexnet_status read_to_end(alexnet_context *ctx, const an_reader *reader, const char *path,
                                  size_t limit, an_bytes *out)
{
    size_t room;

    if (reader->size > limit || !an_add((size_t)reader->size, 1, &room))
        return fail_limit(ctx, path, limit);
    out->data = an_new(ctx, room);
    if (out->data == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for %zu bytes", path, room);
    for (;;) {
        const ssize_t got = an_system_read(ctx, reader->descriptor, out->data + out->size,
                                           room - out->size, out->size);
        if (got < 0) return an_fail_errno(ctx, errno, "%s: cannot read", path);
        if (got == 0) break;
        out->size += (size_t)got;
        if (out->size > limit) return fail_limit(ctx, path, limit);
        if (out->size == room) {
            const size_t larger = room < SIZE_MAX / 2 - 4096 ? 2 * room + 4096 : SIZE_MAX;
            uint8_t *data = an_grow(ctx, out->data, room, larger);
            if (data == NULL)
                return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for %zu bytes", path, larger);
            out->data = data;
            room = larger;
        }
    }
    out->data[out->size] = 0;
    return ALEXNET_OK;
}

alexnet_status an_file_read(alexnet_context *ctx, const char *path, size_t limit, an_bytes *out)
{
    an_reader reader;

    *out = (an_bytes){0};
    AN_TRY(an_reader_open(ctx, path, &reader));
    const alexnet_status status =
        close_after(ctx, path, &reader, read_to_end(ctx, &reader, path, limit, out));
    if (status != ALEXNET_OK) an_bytes_free(ctx, out);
    return status;
}

void an_bytes_free(alexnet_context *ctx, an_bytes *bytes)
{
    an_free(ctx, bytes->data);
    *bytes = (an_bytes){0};
}

/* ---- hashing ---- */

#define HASH_CHUNK ((size_t)1 << 20)

/* Adds bytes to a hash of either kind. */
typedef void add_fn(void *hash, const void *data, size_t bytes);

static void add_sha256(void *hash, const void *data, size_t bytes)
{
    an_sha256_add(hash, data, bytes);
}

static void add_sha1(void *hash, const void *data, size_t bytes) { an_sha1_add(hash, data, bytes); }

static alexnet_status hash_all(alexnet_context *ctx, const an_reader *reader, const char *path,
                               uint8_t *chunk, add_fn *add, void *hash)
{
    for (uint64_t at = 0; at < reader->size; at += HASH_CHUNK) {
        const size_t bytes = (size_t)AN_MIN(reader->size - at, HASH_CHUNK);
        AN_TRY(an_reader_read(ctx, reader, path, at, chunk, bytes));
        add(hash, chunk, bytes);
    }
    return ALEXNET_OK;
}

static alexnet_status hash_file(alexnet_context *ctx, const char *path, add_fn *add, void *hash,
                                int64_t *bytes)
{
    an_reader reader;

    *bytes = 0;
    AN_TRY(an_reader_open(ctx, path, &reader));
    uint8_t *chunk = an_new(ctx, HASH_CHUNK);
    const alexnet_status status =
        close_after(ctx, path, &reader,
                    chunk == NULL ? an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to read", path)
                                  : hash_all(ctx, &reader, path, chunk, add, hash));
    an_free(ctx, chunk);
    if (status == ALEXNET_OK) *bytes = (int64_t)reader.size;
    return status;
}

alexnet_status an_file_hash(alexnet_context *ctx, const char *path, int64_t *bytes,
                            char hex[AN_SHA256_HEX_SIZE])
{
    an_sha256 hash;
    uint8_t digest[AN_SHA256_BYTES];

    an_sha256_open(&hash);
    AN_TRY(hash_file(ctx, path, add_sha256, &hash, bytes));
    an_sha256_close(&hash, digest);
    an_sha256_hex(digest, hex);
    return ALEXNET_OK;
}

alexnet_status an_file_sha1(alexnet_context *ctx, const char *path, char hex[AN_SHA1_HEX_SIZE])
{
    an_sha1 hash;
    int64_t bytes;

    an_sha1_open(&hash);
    AN_TRY(hash_file(ctx, path, add_sha1, &hash, &bytes));
    an_sha1_close(&hash, hex);
    return ALEXNET_OK;
}

/* ---- paths ---- */

alexnet_status an_file_stat(alexnet_context *ctx, const char *path, an_file_info *out)
{
    struct stat info;

    *out = (an_file_info){.kind = AN_FILE_ABSENT};
    if (an_fault(ctx, AN_FAULT_STAT) || stat(path, &info) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return ALEXNET_OK;
        return an_fail_errno(ctx, errno, "%s", path);
    }
    *out = (an_file_info){
        .kind = S_ISREG(info.st_mode)   ? AN_FILE_REGULAR
                : S_ISDIR(info.st_mode) ? AN_FILE_FOLDER
                                        : AN_FILE_OTHER,
        .size = (uint64_t)info.st_size,
        .device = info.st_dev,
        .inode = info.st_ino,
        .changed = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec,
    };
    return ALEXNET_OK;
}

alexnet_status an_file_same(alexnet_context *ctx, const char *a, const char *b, bool *same)
{
    an_file_info x, y;

    *same = false;
    AN_TRY(an_file_stat(ctx, a, &x));
    AN_TRY(an_file_stat(ctx, b, &y));
    *same = x.kind != AN_FILE_ABSENT && y.kind != AN_FILE_ABSENT && x.device == y.device &&
            x.inode == y.inode;
    return ALEXNET_OK;
}

/* Removes the last part of a path: "a/b" to "a", "a" to ".". False: there is none. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');

    if (strcmp(path, ".") == 0 || strcmp(path, "/") == 0) return false;
    if (slash == NULL)
        strcpy(path, ".");
    else
        slash[slash == path] = '\0';
    return true;
}

uint64_t an_disk_free(const alexnet_context *ctx, const char *path)
{
    char place[PATH_MAX];
    struct statvfs info;
    int failed;

    if (ctx->free_bytes != NULL) return ctx->free_bytes(ctx->free_user);
    if (*path == '\0' || strlen(path) >= sizeof place) return UINT64_MAX;
    strcpy(place, path);
    do
        failed = statvfs(place, &info);
    while (failed != 0 &&
           (errno == EINTR || ((errno == ENOENT || errno == ENOTDIR) && go_up(place))));
    /* as some virtual file systems report */
    if (failed != 0 || info.f_blocks == 0) return UINT64_MAX;
    if (info.f_bavail > UINT64_MAX / info.f_frsize) return UINT64_MAX;
    return (uint64_t)info.f_bavail * info.f_frsize;
}

alexnet_status an_file_remove(alexnet_context *ctx, const char *path)
{
    const int failed = an_fault(ctx, AN_FAULT_RENAME) ? -1 : unlink(path);

    if (failed != 0 && errno != ENOENT)
        return an_status_of_writing(an_fail_errno(ctx, errno, "%s: cannot remove", path));
    return ALEXNET_OK;
}

alexnet_status an_file_rename(alexnet_context *ctx, const char *from, const char *to)
{
    const int failed = an_fault(ctx, AN_FAULT_RENAME) ? -1 : rename(from, to);

    if (failed != 0 || an_system_sync_folder_of(ctx, to) != 0)
        return an_fail_errno(ctx, errno, "%s: cannot rename to %s", from, to);
    return ALEXNET_OK;
}
