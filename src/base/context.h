/*
 * context.h: what a call needs from its surroundings: memory, messages, the last error, limits.
 *
 * One context serves one thread at a time. There are no globals: two contexts know nothing of each other.
 * A thread that the library starts itself (a loader worker) works on a child of the caller's context
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
 * Asked before every allocation and file operation. Returns 0 to let it happen, or the errno it is to fail with
 * (any non-zero value for memory); AN_FAULT_SHORT: a read or a write moves one byte and no more. EINTR is met as the
 * system's own is: the call is made again. May be called from several threads at once.
 */
#define AN_FAULT_SHORT (-2)

typedef int (*an_fault_hook)(void *user, an_fault_kind kind);

/* Asked instead of the system how many bytes are free, wherever a path lies. */
typedef uint64_t (*an_free_hook)(void *user);

struct alexnet_context {
    alexnet_options options;          /* as given to alexnet_open(), defaults filled in */
    bool threads_settled;             /* options.threads is what there is: base/threads.h */
    bool members_told;                /* that the system refuses threads for images: base/team.h */
    /* Slots for the directories above base, which hands the pointers on and never follows them. */
    const void *inherited;   /* forks get it, too. Core's: an_context_backend() */
    void *attached;          /* forks begin with NULL. Data's: unpacked gzip files (data/blob.c) */
    an_fault_hook   fault;   /* NULL outside tests */
    void           *fault_user;
    double (*clock)(void *user); /* NULL outside tests: an_seconds() */
    void *clock_user;
    an_free_hook free_bytes; /* NULL outside tests */
    void *free_user;
    const char *system_root; /* NULL outside tests: where /proc and /sys lie */
    char            error[AN_ERROR_BYTES];
    int error_number; /* the system's, of the last failure; 0: it was none of the system's */
};

/*
 * The part of alexnet_open() that base can do: checks `threads`, fills in the defaults (threads: the cores of the
 * process's affinity mask, or as many as its cgroup has the time of). options may be NULL. BAD_ARG, NO_MEMORY.
 */
alexnet_status an_context_open(const alexnet_options *options, alexnet_context **out) AN_NODISCARD;

/*
 * A context of the same options and hooks, with its own error message and without the log callback, which is promised to
 * the caller's own thread. Freed with alexnet_close(). NULL: no memory.
 */
alexnet_context *an_context_fork(alexnet_context *parent);

/* Tests: from now on every allocation and file operation asks `hook` first. NULL takes it off again. */
void an_context_set_fault(alexnet_context *ctx, an_fault_hook hook, void *user);

/* Tests: the clock that jobs of this context look at. NULL: the machine's. */
void an_context_set_clock(alexnet_context *ctx, double (*clock)(void *user), void *user);

/* Seconds since some moment in the past, by that clock. */
double an_context_seconds(const alexnet_context *ctx);

/* Tests: the disk is as full as `hook` says. NULL takes it off again. */
void an_context_set_free(alexnet_context *ctx, an_free_hook hook, void *user);

/* Tests: /proc and /sys lie in this folder, which is borrowed. NULL takes that off again. */
void an_context_set_system(alexnet_context *ctx, const char *root);

/* True, and errno is set, when the test hook wants the operation that comes next to fail. */
bool an_fault(const alexnet_context *ctx, an_fault_kind kind);

#endif
