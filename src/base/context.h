/*
 * context.h: the state that every call needs: memory, messages, the last error, limits.
 *
 * One context serves one thread at a time. There are no globals, so contexts are independent. A
 * thread that the library starts itself (a loader worker) works on a child of the caller's context
 * (an_context_fork), so that its error message cannot overwrite the caller's.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_CONTEXT_H
#define AN_BASE_CONTEXT_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdbool.h>
#include <stdint.h>

#define AN_ERROR_BYTES 1024
#define AN_THREADS_MAX 256

/* The kinds of system call that a test can make fail; see an_fault_hook. */
typedef enum an_fault_kind {
    AN_FAULT_MEMORY, /* an allocation */
    AN_FAULT_OPEN,
    AN_FAULT_READ, /* bytes of a file, names of a folder */
    AN_FAULT_WRITE,
    AN_FAULT_SYNC,
    AN_FAULT_RENAME, /* whatever changes names: rename, mkdir, unlink, rmdir */
    AN_FAULT_CLOSE,  /* the descriptor is closed all the same */
    AN_FAULT_STAT,
    AN_FAULT_THREAD /* the start of a thread */
} an_fault_kind;

/*
 * Called before every allocation and file operation. Returns 0 to let it happen, or the errno that
 * it fails with (any non-zero value for memory); AN_FAULT_SHORT: a read or a write moves one byte
 * only. After EINTR the call is made again, as after a real one. May be called from several threads
 * at once.
 */
#define AN_FAULT_SHORT (-2)

typedef int (*an_fault_hook)(void *user, an_fault_kind kind);

/* Returns the free bytes of a disk, for any path, in place of the system. */
typedef uint64_t (*an_free_hook)(void *user);

struct alexnet_context {
    alexnet_options options; /* as given to alexnet_open(), defaults filled in */
    bool threads_settled;    /* options.threads is the number that started: base/threads.h */
    bool members_told;       /* the log says that threads for images were refused: base/team.h */
    /* Slots for the directories above base, which never reads through these pointers. */
    const void *inherited; /* copied to forks. Used by core: an_context_backend() */
    void *attached;        /* NULL in forks. Used by data: unpacked gzip files (data/blob.c) */
    an_fault_hook fault;   /* NULL outside tests */
    void *fault_user;
    double (*clock)(void *user); /* NULL outside tests: an_seconds() */
    void *clock_user;
    an_free_hook free_bytes; /* NULL outside tests */
    void *free_user;
    const char *system_root; /* NULL outside tests: the folder that holds /proc and /sys */
    char error[AN_ERROR_BYTES];
    int error_number; /* errno of the last failure; 0: it was no system error */
};

/*
 * The part of alexnet_open() in base: checks `threads` and fills in the defaults (threads: the
 * cores of the process's affinity mask, or fewer if its cgroup limits its CPU time). options may be
 * NULL. BAD_ARG, NO_MEMORY.
 */
alexnet_status an_context_open(const alexnet_options *options, alexnet_context **out) AN_NODISCARD;

/*
 * A context with the same options and hooks and an error message of its own. It has no log
 * callback, which is only called on the caller's thread. Free it with alexnet_close(). NULL: no
 * memory.
 */
alexnet_context *an_context_fork(alexnet_context *parent);

/* Tests: sets the fault hook; NULL removes it. */
void an_context_set_fault(alexnet_context *ctx, an_fault_hook hook, void *user);

/* Tests: sets the clock of this context's jobs. NULL: the machine's. */
void an_context_set_clock(alexnet_context *ctx, double (*clock)(void *user), void *user);

/* an_seconds(), or the seconds of that clock. */
double an_context_seconds(const alexnet_context *ctx);

/* Tests: sets the hook for free disk space; NULL removes it. */
void an_context_set_free(alexnet_context *ctx, an_free_hook hook, void *user);

/* Tests: sets the folder that holds /proc and /sys; `root` is borrowed. NULL: "/" again. */
void an_context_set_system(alexnet_context *ctx, const char *root);

/* True, with errno set, if the fault hook makes the next operation fail. */
bool an_fault(const alexnet_context *ctx, an_fault_kind kind);

#endif
