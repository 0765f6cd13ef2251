/*
 * writer.c: the part of file.h that writes: files that are whole or absent, and logs that stay
 * readable line by line.
 *
 * The order of the system calls is the guarantee, and must stay: write, sync, rename, sync the
 * folder. tests/kill replays every prefix of it, as after a kill or a power failure.
 * SPDX-License-Identifier: MIT
 */
#include "base/file.h"

#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/system.h"
#include "base/text.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRIES_MAX 100 /* names for one temporary file */

struct an_writer {
    alexnet_context *ctx;
    char *path;
    char *temporary;       /* PATH.tmp-PID-N */
    int descriptor;        /* of the temporary file; -1: none */
    alexnet_status status; /* of the first call that failed; all later ones fail with it */
    an_file_sum *sum;      /* of all bytes, for the caller; NULL: not wanted */
    an_sha256 hash;
    size_t held; /* bytes waiting in buffer */
    uint8_t buffer[1 << 16];
};

static alexnet_status fail_writing(alexnet_context *ctx, const char *path, int error)
{
    return an_status_of_writing(an_fail_errno(ctx, error, "%s: cannot write", path));
}

static void free_writer(an_writer *writer)
{
    alexnet_context *ctx = writer->ctx;

    if (writer->descriptor >= 0) close(writer->descriptor);
    an_free(ctx, writer->path);
    an_free(ctx, writer->temporary);
    an_free(ctx, writer);
}

/*
 * A unique name for a temporary file; NULL: no memory. The counter is the library's only variable:
 * contexts are independent, and may write to the same folder.
 */
static char *name_temporary(alexnet_context *ctx, const char *path)
{
    static atomic_uint counter;
    const unsigned n = atomic_fetch_add(&counter, 1);

    return an_format(ctx, "%s.tmp-%ld-%u", path, (long)getpid(), n);
}

static alexnet_status create_temporary(an_writer *writer)
{
    alexnet_context *ctx = writer->ctx;

    for (int tries = 0; tries < TRIES_MAX; ++tries) {
        an_free(ctx, writer->temporary);
        writer->temporary = name_temporary(ctx, writer->path);
        if (writer->temporary == NULL)
            return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", writer->path);
        writer->descriptor =
            an_system_open(ctx, AT_FDCWD, writer->temporary, O_WRONLY | O_CREAT | O_EXCL);
        if (writer->descriptor >= 0) return ALEXNET_OK;
        if (errno != EEXIST) break; /* left by a crashed process with the same id */
    }
    return fail_writing(ctx, writer->path, errno);
}

bool an_file_is_temporary(const char *name, const char *of)
{
    static const char digits[] = "0123456789", tag[] = ".tmp-";
    const size_t length = strlen(of);

    if (strncmp(name, of, length) != 0 || strncmp(name + length, tag, strlen(tag)) != 0)
        return false;
    name += length + strlen(tag);
    const size_t process = strspn(name, digits);
    const size_t number = name[process] == '-' ? strspn(name + process + 1, digits) : 0;
    return process > 0 && number > 0 && name[process + 1 + number] == '\0';
}

/* Renaming would replace even /dev/null, and cannot replace a folder: so this is refused first. */
static alexnet_status check_target(alexnet_context *ctx, const char *path)
{
    an_file_info info;

    AN_TRY(an_file_stat(ctx, path, &info));
    if (info.kind == AN_FILE_FOLDER) return fail_writing(ctx, path, EISDIR);
    if (info.kind == AN_FILE_OTHER)
        return an_fail(ctx, ALEXNET_IO, "%s: cannot write: not a regular file", path);
    return ALEXNET_OK;
}

alexnet_status an_writer_open(alexnet_context *ctx, const char *path, an_writer **out)
{
    *out = NULL;
    AN_TRY(check_target(ctx, path));

    an_writer *writer = an_new(ctx, sizeof *writer);
    if (writer == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", path);
    writer->ctx = ctx;
    writer->path = an_copy_text(ctx, path);
    writer->temporary = NULL;
    writer->descriptor = -1;
    writer->sum = NULL;
    writer->held = 0;
    writer->status = writer->path == NULL
                         ? an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", path)
                         : create_temporary(writer);
    if (writer->status != ALEXNET_OK) {
        const alexnet_status status = writer->status;
        free_writer(writer);
        return status;
    }
    *out = writer;
    return ALEXNET_OK;
}

void an_writer_sum(an_writer *writer, an_file_sum *out)
{
    assert(writer->held == 0);
    writer->sum = out;
    *out = (an_file_sum){0};
    an_sha256_open(&writer->hash);
}

static alexnet_status put(an_writer *writer, const void *data, size_t bytes)
{
    if (writer->sum != NULL) an_sha256_add(&writer->hash, data, bytes);
    if (an_system_write(writer->ctx, writer->descriptor, data, bytes) != 0)
        writer->status = fail_writing(writer->ctx, writer->path, errno);
    return writer->status;
}

static alexnet_status flush(an_writer *writer)
{
    const size_t held = writer->held;

    writer->held = 0;
    return put(writer, writer->buffer, held);
}

alexnet_status an_writer_add(an_writer *writer, const void *data, size_t bytes)
{
    AN_TRY(writer->status);
    if (bytes > sizeof writer->buffer - writer->held) AN_TRY(flush(writer));
    if (bytes > sizeof writer->buffer) return put(writer, data, bytes);
    if (bytes > 0) memcpy(writer->buffer + writer->held, data, bytes);
    writer->held += bytes;
    return ALEXNET_OK;
}

alexnet_status an_writer_format(an_writer *writer, const char *format, ...)
{
    va_list list, again;
    char *at = (char *)writer->buffer + writer->held;
    const size_t room = sizeof writer->buffer - writer->held;
    char *text = NULL;

    AN_TRY(writer->status);
    va_start(list, format);
    va_copy(again, list);
    const int length = an_print_list(at, room, format, list);
    if (length < 0)
        writer->status =
            an_fail(writer->ctx, ALEXNET_BAD_ARG, "%s: bad format '%s'", writer->path, format);
    else if ((size_t)length < room)
        writer->held += (size_t)length;
    else if ((text = an_new(writer->ctx, (size_t)length + 1)) == NULL)
        writer->status =
            an_fail(writer->ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", writer->path);
    else {
        an_print_list(text, (size_t)length + 1, format, again);
        writer->status = an_writer_add(writer, text, (size_t)length);
    }
    va_end(again);
    va_end(list);
    an_free(writer->ctx, text);
    return writer->status;
}

static void conclude_sum(an_writer *writer)
{
    uint8_t digest[AN_SHA256_BYTES];

    if (writer->sum == NULL) return;
    writer->sum->bytes = (int64_t)writer->hash.bytes;
    an_sha256_close(&writer->hash, digest);
    an_sha256_hex(digest, writer->sum->sha256);
}

alexnet_status an_writer_commit(an_writer *writer)
{
    alexnet_context *ctx = writer->ctx;
    alexnet_status status = writer->status == ALEXNET_OK ? flush(writer) : writer->status;

    if (status == ALEXNET_OK && an_system_sync(ctx, writer->descriptor) != 0)
        status = fail_writing(ctx, writer->path, errno);
    if (status == ALEXNET_OK) {
        if (an_system_close(ctx, writer->descriptor) != 0)
            status = fail_writing(ctx, writer->path, errno);
        writer->descriptor = -1;
    }
    if (status == ALEXNET_OK &&
        (an_fault(ctx, AN_FAULT_RENAME) || rename(writer->temporary, writer->path) != 0))
        status = fail_writing(ctx, writer->path, errno);
    if (status != ALEXNET_OK) {
        an_writer_abandon(writer);
        return status;
    }
    if (an_system_sync_folder_of(ctx, writer->path) != 0)
        status = fail_writing(ctx, writer->path, errno);
    if (status == ALEXNET_OK) conclude_sum(writer);
    free_writer(writer);
    return status;
}

void an_writer_abandon(an_writer *writer)
{
    if (writer == NULL) return;
    unlink(writer->temporary);
    free_writer(writer);
}

alexnet_status an_file_write(alexnet_context *ctx, const char *path, const void *data, size_t bytes)
{
    an_writer *writer;

    AN_TRY(an_writer_open(ctx, path, &writer));
    const alexnet_status status = an_writer_add(writer, data, bytes);
    if (status == ALEXNET_OK) return an_writer_commit(writer);
    an_writer_abandon(writer);
    return status;
}

/* ---- a second name ---- */

/* Links to a temporary name, as link() cannot replace a file; *temporary is NULL on failure. */
static int link_temporary(alexnet_context *ctx, const char *from, const char *to, char **temporary)
{
    int failed = -1;

    *temporary = NULL;
    for (int tries = 0; failed != 0 && tries < TRIES_MAX; ++tries) {
        an_free(ctx, *temporary);
        *temporary = name_temporary(ctx, to);
        errno = ENOMEM;
        if (*temporary == NULL) return -1;
        failed = an_fault(ctx, AN_FAULT_RENAME) ? -1 : link(from, *temporary);
        if (failed != 0 && errno != EEXIST) break;
    }
    if (failed == 0) return 0;
    const int error = errno;
    an_free(ctx, *temporary);
    *temporary = NULL;
    errno = error;
    return -1;
}

alexnet_status an_file_link(alexnet_context *ctx, const char *from, const char *to)
{
    char *temporary;
    bool same;

    AN_TRY(check_target(ctx, to));
    AN_TRY(an_file_same(ctx, from, to, &same));
    if (same) return ALEXNET_OK; /* rename() would leave both names */
    if (link_temporary(ctx, from, to, &temporary) != 0)
        return an_fail_errno(ctx, errno, "%s: cannot link to %s", from, to);

    int failed = an_fault(ctx, AN_FAULT_RENAME) ? -1 : rename(temporary, to);
    const int error = errno;
    if (failed != 0) unlink(temporary);
    an_free(ctx, temporary);
    if (failed != 0) return fail_writing(ctx, to, error);
    return an_system_sync_folder_of(ctx, to) == 0 ? ALEXNET_OK : fail_writing(ctx, to, errno);
}

/* Skips a name that a killed process with the same id left: it may be the only trace of a run. */
alexnet_status an_file_set_aside(alexnet_context *ctx, const char *path)
{
    char *temporary = NULL;
    an_file_info info = {.kind = AN_FILE_OTHER};
    alexnet_status status = ALEXNET_OK;

    while (status == ALEXNET_OK && info.kind != AN_FILE_ABSENT) {
        an_free(ctx, temporary);
        temporary = name_temporary(ctx, path);
        status = temporary != NULL
                     ? an_file_stat(ctx, temporary, &info)
                     : an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", path);
    }
    if (status == ALEXNET_OK) status = an_file_rename(ctx, path, temporary);
    an_free(ctx, temporary);
    return status;
}

/* ---- logs ---- */

/* Sets *torn if the file's last byte is not a newline. */
static int look_at_last_byte(const alexnet_context *ctx, int descriptor, bool *torn)
{
    struct stat info;
    char last = '\n';

    if (an_system_stat(ctx, descriptor, &info) != 0) return -1;
    if (info.st_size > 0 &&
        an_system_read(ctx, descriptor, &last, 1, (uint64_t)info.st_size - 1) < 0)
        return -1;
    *torn = last != '\n';
    return 0;
}

alexnet_status an_file_append_line(alexnet_context *ctx, const char *path, const char *line)
{
    bool torn;
    int failed;
    /* One write, so that lines of several processes do not mix. */
    char *text = an_format(ctx, "\n%s\n", line);

    assert(strchr(line, '\n') == NULL);
    if (text == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", path);
    const int descriptor = an_system_open(ctx, AT_FDCWD, path, O_RDWR | O_APPEND | O_CREAT);
    if (descriptor < 0) {
        const int error = errno;
        an_free(ctx, text);
        return fail_writing(ctx, path, error);
    }
    failed = look_at_last_byte(ctx, descriptor, &torn);
    if (failed == 0) {
        const char *from = torn ? text : text + 1;
        failed = an_system_write(ctx, descriptor, from, strlen(from));
    }
    const int error = errno;
    an_free(ctx, text);
    if (an_system_close(ctx, descriptor) != 0 && failed == 0) return fail_writing(ctx, path, errno);
    return failed == 0 ? ALEXNET_OK : fail_writing(ctx, path, error);
}

alexnet_status an_file_sync(alexnet_context *ctx, const char *path)
{
    if (an_system_sync_path(ctx, path, 0) != 0 || an_system_sync_folder_of(ctx, path) != 0)
        return an_fail_errno(ctx, errno, "%s: cannot write", path);
    return ALEXNET_OK;
}
