/*
 * system.h: the system calls of the file layer (file.c, writer.c, folder.c, and fetch/arrival.c
 * only). Each calls the fault hook first, and repeats the call after EINTR. As in the system's
 * calls, -1 is a failure, and errno has the cause.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_SYSTEM_H
#define AN_BASE_SYSTEM_H

#include "base/compiler.h"
#include "base/context.h"
#include <sys/stat.h>
#include <sys/types.h>

/* openat() with O_CLOEXEC, and 0666 for a new file. `folder`: a descriptor, or AT_FDCWD. */
int an_system_open(const alexnet_context *ctx, int folder, const char *path,
                   int flags) AN_NODISCARD;
/* Closes the descriptor also where it reports a failure. A success leaves errno as it was. */
int an_system_close(const alexnet_context *ctx, int descriptor);
/* pread(): the number of bytes read, which may be fewer; 0: the end of the file. */
ssize_t an_system_read(const alexnet_context *ctx, int descriptor, void *data, size_t bytes,
                       uint64_t offset) AN_NODISCARD;
/* Writes all of the bytes at the file's position. */
int an_system_write(const alexnet_context *ctx, int descriptor, const void *data,
                    size_t bytes) AN_NODISCARD;
/* to nothing; the next write begins the file anew if it was opened to append */
int an_system_truncate(const alexnet_context *ctx, int descriptor) AN_NODISCARD;
int an_system_sync(const alexnet_context *ctx, int descriptor) AN_NODISCARD;
/* Takes an exclusive lock without waiting. EWOULDBLOCK: another process holds it. */
int an_system_lock(const alexnet_context *ctx, int descriptor) AN_NODISCARD;
int an_system_stat(const alexnet_context *ctx, int descriptor, struct stat *out) AN_NODISCARD;

/* Syncs a file or a folder: its bytes or its names then survive a power failure. */
int an_system_sync_path(const alexnet_context *ctx, const char *path, int flags) AN_NODISCARD;

/* Syncs the folder that holds `path`: added, replaced and removed names in it then survive a power
   failure. */
int an_system_sync_folder_of(const alexnet_context *ctx, const char *path) AN_NODISCARD;

#endif
