/*
 * file.h: the file layer. All reading and writing goes through here, so that error messages have
 * one form, written files are whole or absent, and a test can make the n-th operation fail.
 *
 *     file.c      reads files; finds, removes and renames them; free disk space
 *     writer.c    writes whole files, and logs
 *     folder.c    folders, and paths as text
 *     system.h    the system calls below them: repeated after EINTR, and where tests inject faults
 *
 * Errors: NOT_FOUND (no such file or folder), IO (the system refused), NO_MEMORY, BAD_FILE (larger
 * than the limit, or not a regular file). Messages name the path and the system's reason. EINTR and
 * short counts are retried.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_FILE_H
#define AN_BASE_FILE_H

#include "alexnet.h"
#include "base/compiler.h"
#include "base/hash.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- reading ---- */

typedef struct an_bytes {
    uint8_t *data; /* size bytes, then a 0 that size does not count */
    size_t size;
} an_bytes;

/* Reads the whole of a regular file of at most `limit` bytes. Free with an_bytes_free(). */
alexnet_status an_file_read(alexnet_context *ctx, const char *path, size_t limit,
                            an_bytes *out) AN_NODISCARD;
void an_bytes_free(alexnet_context *ctx, an_bytes *bytes);

/*
 * The SHA-256 and the size of a regular file. No file is mapped, here or elsewhere: so a bad
 * sector, or a file that is truncated meanwhile, gives an error that names the file, not a signal.
 */
alexnet_status an_file_hash(alexnet_context *ctx, const char *path, int64_t *bytes,
                            char hex[AN_SHA256_HEX_SIZE]) AN_NODISCARD;
/* The SHA-1 of one. */
alexnet_status an_file_sha1(alexnet_context *ctx, const char *path,
                            char hex[AN_SHA1_HEX_SIZE]) AN_NODISCARD;

/* An open file for reading at any offset; safe for several threads at once (pread). */
typedef struct an_reader {
    int descriptor; /* -1: closed, or in memory */
    uint64_t size;
    const uint8_t *memory; /* a file in memory; else NULL */
} an_reader;

alexnet_status an_reader_open(alexnet_context *ctx, const char *path, an_reader *out) AN_NODISCARD;
/*
 * Reads `bytes` bytes at `offset`: all of them, or BAD_FILE "truncated". `path` is for the message.
 */
alexnet_status an_reader_read(alexnet_context *ctx, const an_reader *reader, const char *path,
                              uint64_t offset, void *data, size_t bytes) AN_NODISCARD;
/*
 * Opens a file that another file names, which may be hostile: `name` is relative to the folder of
 * `path`, and is a regular file in it or beneath it that has no other name. BAD_FILE: the name is
 * absolute or has a part "..", "." or "", a part of it is a link, the file has several hard links.
 * Nothing outside is opened. Other errors as above.
 */
alexnet_status an_reader_open_beside(alexnet_context *ctx, const char *path, const char *name,
                                     an_reader *out) AN_NODISCARD;
void an_reader_close(an_reader *reader);
/* A reader of bytes in memory, which must outlive it. NULL is legal for 0 bytes. */
an_reader an_reader_of(const void *data, size_t bytes);

/* ---- writing: a file is whole or absent ---- */

/*
 * Writes to PATH.tmp-PID-N in the same folder; an_writer_commit() syncs it, renames it onto PATH
 * and syncs the folder. Until then PATH is untouched. After a failure all later calls, the commit
 * included, return the first status. PATH must not be a folder, device or pipe; a link at PATH is
 * replaced, not followed.
 *
 * Every writer that was opened ends with one call of an_writer_commit() or an_writer_abandon(),
 * also after a failure; both free it.
 */
typedef struct an_writer an_writer;

/* Size and checksum of a written file, computed while writing. */
typedef struct an_file_sum {
    int64_t bytes;
    char sha256[AN_SHA256_HEX_SIZE];
} an_file_sum;

alexnet_status an_writer_open(alexnet_context *ctx, const char *path, an_writer **out) AN_NODISCARD;
/* Call this before the first byte is added: a commit that succeeds then fills *out, which must stay
   valid until then. */
void an_writer_sum(an_writer *writer, an_file_sum *out);
/* Appends bytes, or text as printf() makes it in the C locale. Both are buffered. */
alexnet_status an_writer_add(an_writer *writer, const void *data, size_t bytes) AN_NODISCARD;
alexnet_status an_writer_format(an_writer *writer, const char *format, ...)
    AN_PRINTF(2, 3) AN_NODISCARD;
/* Puts the file in its place, or removes what was written. */
alexnet_status an_writer_commit(an_writer *writer) AN_NODISCARD;
/* Removes what was written. NULL is legal. */
void an_writer_abandon(an_writer *writer);

/*
 * Renames the file at PATH to a temporary name like those of a writer (PATH.tmp-PID-N), and syncs
 * the folder. PATH is then free. IO, NO_MEMORY.
 */
alexnet_status an_file_set_aside(alexnet_context *ctx, const char *path) AN_NODISCARD;

/*
 * True if `name`, without its folder, is a temporary name of a file called `of`: "a.csv.tmp-12-0"
 * of "a.csv". A killed process may leave such a file.
 */
bool an_file_is_temporary(const char *name, const char *of);

/* Writes a file of `bytes` bytes as a writer does, in one call. */
alexnet_status an_file_write(alexnet_context *ctx, const char *path, const void *data,
                             size_t bytes) AN_NODISCARD;

/*
 * Appends one line to a log and flushes it to the system. The file is created if absent. If its
 * last line has no newline, after a crash, that line is ended first, so that the log stays readable
 * line by line.
 */
alexnet_status an_file_append_line(alexnet_context *ctx, const char *path,
                                   const char *line) AN_NODISCARD;

/*
 * Syncs a log or a folder, and the folder that holds it: lines appended to the log, changes of
 * names in the folder, and its name then survive a power failure. NOT_FOUND, IO.
 */
alexnet_status an_file_sync(alexnet_context *ctx, const char *path) AN_NODISCARD;

/* ---- folders and names ---- */

typedef enum an_file_kind {
    AN_FILE_ABSENT,
    AN_FILE_REGULAR,
    AN_FILE_FOLDER,
    AN_FILE_OTHER
} an_file_kind;

typedef struct an_file_info {
    an_file_kind kind;
    uint64_t size;
    uint64_t device, inode; /* to detect a link loop */
    int64_t changed;        /* last change of its content, nanoseconds since 1970 */
} an_file_info;

/* Follows links. An absent file is no error: kind is AN_FILE_ABSENT. */
alexnet_status an_file_stat(alexnet_context *ctx, const char *path, an_file_info *out) AN_NODISCARD;

/* True if both exist and are the same file. */
alexnet_status an_file_same(alexnet_context *ctx, const char *a, const char *b,
                            bool *same) AN_NODISCARD;

/*
 * The names in a folder in byte order (strcmp), without "." and ".." but with hidden names.
 * names[i] are allocated; free with an_names_free().
 */
typedef struct an_names {
    char **names;
    size_t count, capacity;
} an_names;

alexnet_status an_folder_list(alexnet_context *ctx, const char *path, an_names *out) AN_NODISCARD;
/* Appends a copy of the name. */
alexnet_status an_names_add(alexnet_context *ctx, an_names *names, const char *name) AN_NODISCARD;
void an_names_free(alexnet_context *ctx, an_names *names);

/* Makes a folder and those that hold it. It may exist. */
alexnet_status an_folder_make(alexnet_context *ctx, const char *path) AN_NODISCARD;
/* Makes a folder that must not exist. *made: false if the name exists, as a folder or anything
   else. */
alexnet_status an_folder_make_new(alexnet_context *ctx, const char *path, bool *made) AN_NODISCARD;
/* Removes a file, which may be absent. */
alexnet_status an_file_remove(alexnet_context *ctx, const char *path) AN_NODISCARD;
/* Renames a file or folder, and syncs the folder of `to`. A file at `to` is replaced. */
alexnet_status an_file_rename(alexnet_context *ctx, const char *from, const char *to) AN_NODISCARD;
/*
 * Makes `to` another name of the file `from` (a hard link), atomically; an existing file is
 * replaced. IO if the file system has no hard links.
 */
alexnet_status an_file_link(alexnet_context *ctx, const char *from, const char *to) AN_NODISCARD;
/* Removes a folder, which may be absent, and everything in it. Never follows links. */
alexnet_status an_folder_remove(alexnet_context *ctx, const char *path) AN_NODISCARD;

/* Removes an empty folder, which may be absent. Allocates nothing. IO: it is not empty. */
alexnet_status an_folder_remove_empty(alexnet_context *ctx, const char *path) AN_NODISCARD;

/*
 * An exclusive lock on a folder, released by close or by the end of the process. Readers need no
 * lock. It also excludes processes on other machines, if the file system shares locks between them.
 * Zeroed: closed.
 */
typedef struct an_lock {
    bool held;
    int descriptor;
} an_lock;

/* Takes the lock without waiting. BAD_ARG: another process holds it. */
alexnet_status an_folder_lock(alexnet_context *ctx, const char *path, an_lock *out) AN_NODISCARD;
void an_lock_close(an_lock *lock);

/* The bytes that this process may still write on the file system of `path`, which need not exist;
   UINT64_MAX: unknown. */
uint64_t an_disk_free(const alexnet_context *ctx, const char *path);

/* "folder/name", allocated; NULL: no memory. */
char *an_path_join(alexnet_context *ctx, const char *folder, const char *name) AN_NODISCARD;
/* The path from the root of what exists at `path`, with links followed; *out is allocated. */
alexnet_status an_path_absolute(alexnet_context *ctx, const char *path, char **out) AN_NODISCARD;
const char *an_path_base(const char *path); /* the part after the last '/', inside `path` */
bool an_path_has_extension(const char *path, const char *extension /* "jpg", any case */);

#endif
