/*
 * folder.c: the part of file.h for folders: lists, makes, removes and locks them; lists of names;
 * paths as text.
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/system.h"
#include "base/text.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- names ---- */

alexnet_status an_names_add(alexnet_context *ctx, an_names *names, const char *name)
{
    if (names->count == names->capacity) {
        const size_t larger = names->capacity == 0 ? 16 : 2 * names->capacity;
        char **grown =
            an_grow(ctx, names->names, names->capacity * sizeof *grown, larger * sizeof *grown);
        if (grown == NULL)
            return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for %zu names", name, larger);
        names->names = grown;
        names->capacity = larger;
    }
    char *copy = an_copy_text(ctx, name);
    if (copy == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for the name", name);
    names->names[names->count++] = copy;
    return ALEXNET_OK;
}

void an_names_free(alexnet_context *ctx, an_names *names)
{
    for (size_t i = 0; i < names->count; ++i)
        an_free(ctx, names->names[i]);
    an_free(ctx, names->names);
    *names = (an_names){0};
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* ---- listing ---- */

/* The next entry but "." and "..". NULL: with errno 0 the end, with another errno a failure. */
static const struct dirent *next_entry(const alexnet_context *ctx, DIR *folder)
{
    const struct dirent *entry;

    do {
        errno = 0;
        entry = an_fault(ctx, AN_FAULT_READ) ? NULL : readdir(folder);
    } while (entry != NULL ? strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0
                           : errno == EINTR);
    return entry;
}

static DIR *open_folder(const alexnet_context *ctx, int parent, const char *name, int flags)
{
    const int descriptor = an_system_open(ctx, parent, name, O_RDONLY | O_DIRECTORY | flags);
    DIR *folder = descriptor < 0 ? NULL : fdopendir(descriptor);

    if (descriptor >= 0 && folder == NULL) close(descriptor);
    return folder;
}

static alexnet_status read_names(alexnet_context *ctx, DIR *folder, const char *path, an_names *out)
{
    const struct dirent *entry;

    while ((entry = next_entry(ctx, folder)) != NULL)
        AN_TRY(an_names_add(ctx, out, entry->d_name));
    return errno == 0 ? ALEXNET_OK : an_fail_errno(ctx, errno, "%s: cannot list", path);
}

alexnet_status an_folder_list(alexnet_context *ctx, const char *path, an_names *out)
{
    *out = (an_names){0};
    DIR *folder = open_folder(ctx, AT_FDCWD, path, 0);

    if (folder == NULL) return an_fail_errno(ctx, errno, "%s: cannot list", path);
    const alexnet_status status = read_names(ctx, folder, path, out);
    closedir(folder);
    if (status != ALEXNET_OK) {
        an_names_free(ctx, out);
        return status;
    }
    if (out->count > 0) qsort(out->names, out->count, sizeof *out->names, compare_names);
    return ALEXNET_OK;
}

/* ---- making ---- */

static alexnet_status fail_making(alexnet_context *ctx, const char *path, int error)
{
    return an_status_of_writing(an_fail_errno(ctx, error, "%s: cannot make the folder", path));
}

/* Its name must survive a power failure. */
static alexnet_status keep_name(alexnet_context *ctx, const char *path)
{
    return an_system_sync_folder_of(ctx, path) == 0 ? ALEXNET_OK : fail_making(ctx, path, errno);
}

alexnet_status an_folder_make_new(alexnet_context *ctx, const char *path, bool *made)
{
    *made = !an_fault(ctx, AN_FAULT_RENAME) && mkdir(path, 0777) == 0;
    if (*made) return keep_name(ctx, path);
    return errno == EEXIST ? ALEXNET_OK : fail_making(ctx, path, errno);
}

static alexnet_status make_one(alexnet_context *ctx, const char *path)
{
    an_file_info info;

    if (!an_fault(ctx, AN_FAULT_RENAME) && mkdir(path, 0777) == 0) return keep_name(ctx, path);
    /* An existing folder is fine, also a parent that we cannot write to. */
    const int error = errno;
    AN_TRY(an_file_stat(ctx, path, &info));
    if (info.kind == AN_FILE_FOLDER) return ALEXNET_OK;
    if (info.kind != AN_FILE_ABSENT)
        return an_fail(ctx, ALEXNET_IO, "%s: expected a folder, found a file", path);
    return fail_making(ctx, path, error);
}

alexnet_status an_folder_make(alexnet_context *ctx, const char *path)
{
    alexnet_status status = ALEXNET_OK;
    char *copy = an_copy_text(ctx, path);

    if (copy == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to make the folder", path);
    for (size_t end = 0; status == ALEXNET_OK && copy[end] != '\0';) {
        end += strspn(copy + end, "/");
        end += strcspn(copy + end, "/");
        const char after = copy[end];
        copy[end] = '\0';
        status = make_one(ctx, copy);
        copy[end] = after;
    }
    an_free(ctx, copy);
    return status;
}

/* ---- removing ---- */

static int remove_name(const alexnet_context *ctx, int parent, const char *name, int flags)
{
    return an_fault(ctx, AN_FAULT_RENAME) ? -1 : unlinkat(parent, name, flags);
}

/*
 * Removes the folder `name` with its content. Its parent is a descriptor, not a path, so that no
 * other process can replace a part of the path by a link meanwhile.
 */
static int remove_tree(const alexnet_context *ctx, int parent, const char *name)
{
    DIR *folder = open_folder(ctx, parent, name, O_NOFOLLOW);
    const struct dirent *entry;
    int failed = 0;

    if (folder == NULL) return -1;
    while (failed == 0 && (entry = next_entry(ctx, folder)) != NULL) {
        failed = remove_tree(ctx, dirfd(folder), entry->d_name);
        if (failed != 0 && (errno == ENOTDIR || errno == ELOOP)) /* a file or a link */
            failed = remove_name(ctx, dirfd(folder), entry->d_name, 0);
        if (failed != 0 && errno == ENOENT) /* another process removed it */
            failed = 0;
    }
    const int error = errno;
    closedir(folder);
    errno = error;
    return error != 0 ? -1 : remove_name(ctx, parent, name, AT_REMOVEDIR);
}

alexnet_status an_folder_remove(alexnet_context *ctx, const char *path)
{
    if (remove_tree(ctx, AT_FDCWD, path) != 0 && errno != ENOENT)
        return an_status_of_writing(an_fail_errno(ctx, errno, "%s: cannot remove", path));
    return ALEXNET_OK;
}

alexnet_status an_folder_remove_empty(alexnet_context *ctx, const char *path)
{
    if (remove_name(ctx, AT_FDCWD, path, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return an_status_of_writing(an_fail_errno(ctx, errno, "%s: cannot remove", path));
    return ALEXNET_OK;
}

/* ---- locking ---- */

alexnet_status an_folder_lock(alexnet_context *ctx, const char *path, an_lock *out)
{
    *out = (an_lock){0};
    const int descriptor = an_system_open(ctx, AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
    if (descriptor < 0) return an_fail_errno(ctx, errno, "%s: cannot lock", path);

    /* File systems without locks, as some network ones are, work without one. */
    if (an_system_lock(ctx, descriptor) == 0 || errno == ENOLCK || errno == ENOTSUP) {
        *out = (an_lock){.held = true, .descriptor = descriptor};
        return ALEXNET_OK;
    }
    const int error = errno;
    close(descriptor);
    if (error == EWOULDBLOCK)
        return an_fail(ctx, ALEXNET_BAD_ARG, "%s: in use by another process", path);
    return an_fail_errno(ctx, error, "%s: cannot lock", path);
}

void an_lock_close(an_lock *lock)
{
    if (lock->held) close(lock->descriptor);
    *lock = (an_lock){0};
}

/* ---- paths ---- */

char *an_path_join(alexnet_context *ctx, const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    const bool slash = length > 0 && folder[length - 1] != '/';

    return an_format(ctx, "%s%s%s", folder, slash ? "/" : "", name);
}

alexnet_status an_path_absolute(alexnet_context *ctx, const char *path, char **out)
{
    char absolute[PATH_MAX];

    *out = NULL;
    if (an_fault(ctx, AN_FAULT_STAT) || realpath(path, absolute) == NULL)
        return an_fail_errno(ctx, errno, "%s", path);
    *out = an_copy_text(ctx, absolute);
    return *out != NULL ? ALEXNET_OK : an_fail(ctx, ALEXNET_NO_MEMORY, "%s", path);
}

const char *an_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

bool an_path_has_extension(const char *path, const char *extension)
{
    const char *base = an_path_base(path);
    const char *dot = strrchr(base, '.');

    return dot != NULL && dot != base && an_same_word(dot + 1, extension);
}
