/*
 * arrival.c: a file that arrives in pieces, over several runs of a program.
 * SPDX-License-Identifier: MIT
 */
#include "fetch/arrival.h"

#include "base/context.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/system.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static alexnet_status fail_writing(const an_arrival *part, int error)
{
    return an_status_of_writing(an_fail_errno(part->ctx, error, "%s: cannot write", part->name));
}

/* A link is not followed: what lies behind it is no part of ours. */
static alexnet_status open_file(an_arrival *part)
{
    struct stat info;

    part->descriptor = an_system_open(part->ctx, AT_FDCWD, part->name,
                                      O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK);
    if (part->descriptor < 0) return fail_writing(part, errno);
    if (an_system_stat(part->ctx, part->descriptor, &info) != 0) return fail_writing(part, errno);
    if (!S_ISREG(info.st_mode))
        return an_fail(part->ctx, ALEXNET_IO, "%s: cannot write: not a regular file", part->name);
    part->size = (uint64_t)info.st_size;
    return ALEXNET_OK;
}

alexnet_status an_arrival_open(alexnet_context *ctx, const char *path, an_arrival *out)
{
    *out = (an_arrival){.ctx = ctx, .descriptor = -1};
    out->path = an_copy_text(ctx, path);
    out->name = an_format(ctx, "%s.part", path);
    const alexnet_status status =
        out->path == NULL || out->name == NULL
            ? an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", path)
            : open_file(out);
    if (status != ALEXNET_OK) an_arrival_close(out);
    return status;
}

alexnet_status an_arrival_add(an_arrival *part, const void *data, size_t bytes)
{
    if (an_system_write(part->ctx, part->descriptor, data, bytes) != 0)
        return fail_writing(part, errno);
    part->size += bytes;
    return ALEXNET_OK;
}

alexnet_status an_arrival_restart(an_arrival *part)
{
    if (an_system_truncate(part->ctx, part->descriptor) != 0) return fail_writing(part, errno);
    part->size = 0;
    return ALEXNET_OK;
}

static alexnet_status sync_and_rename(an_arrival *part)
{
    if (an_system_sync(part->ctx, part->descriptor) != 0) return fail_writing(part, errno);
    const int failed = an_system_close(part->ctx, part->descriptor);
    part->descriptor = -1;
    if (failed != 0) return fail_writing(part, errno);
    return an_status_of_writing(an_file_rename(part->ctx, part->name, part->path));
}

alexnet_status an_arrival_commit(an_arrival *part)
{
    const alexnet_status status = sync_and_rename(part);

    an_arrival_close(part);
    return status;
}

void an_arrival_close(an_arrival *part)
{
    if (part->ctx == NULL) return;
    if (part->descriptor >= 0) close(part->descriptor);
    an_free(part->ctx, part->path);
    an_free(part->ctx, part->name);
    *part = (an_arrival){0};
}
