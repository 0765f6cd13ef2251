/*
 * context.c: opening, forking and closing a context; the fault hook.
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"

#include "base/clock.h"
#include "base/extend.h"
#include "base/memory.h"
#include "base/room.h"
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>
#if defined(_OPENMP)
#include <omp.h>
#endif

/* The cores that this process may use. Under taskset or in a container these are fewer than the
 * machine has, by the mask of cores or by a limit of CPU time. */
static int count_cores(void)
{
    cpu_set_t set;
    long cores;

    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        cores = CPU_COUNT(&set);
    else /* more than 1024 cores do not fit in the set */
        cores = sysconf(_SC_NPROCESSORS_ONLN);
#if defined(_OPENMP) /* with OMP_PROC_BIND this thread is bound to one of the process's cores */
    cores = AN_MAX(cores, omp_get_num_procs());
#endif
    return an_room_cores("", (int)AN_MIN(AN_MAX(cores, 1), AN_THREADS_MAX));
}

alexnet_status an_context_open(const alexnet_options *options, alexnet_context **out)
{
    alexnet_context first = {0}; /* its allocator makes the real context */

    *out = NULL;
    if (options != NULL) AN_TAKE_OPTIONS(NULL, options, &first.options);
    if (first.options.threads < 0 || first.options.threads > AN_THREADS_MAX) return ALEXNET_BAD_ARG;
    if (first.options.dtype > ALEXNET_INT8) return ALEXNET_BAD_ARG;
    if ((first.options.allocate == NULL) != (first.options.release == NULL)) return ALEXNET_BAD_ARG;
    if (first.options.max_pixels < 0 || first.options.max_pixels > ALEXNET_PIXELS_MAX)
        return ALEXNET_BAD_ARG;
    if (first.options.max_memory < 0 && first.options.max_memory != ALEXNET_NO_LIMIT)
        return ALEXNET_BAD_ARG;
    if (first.options.max_memory > ALEXNET_MEMORY_MAX) return ALEXNET_BAD_ARG;
    if (first.options.max_pixels == 0) first.options.max_pixels = ALEXNET_PIXELS;
    if (first.options.threads == 0) first.options.threads = count_cores();

    alexnet_context *ctx = an_new(&first, sizeof *ctx);
    if (ctx == NULL) return ALEXNET_NO_MEMORY;
    *ctx = first;
    *out = ctx;
    return ALEXNET_OK;
}

alexnet_context *an_context_fork(alexnet_context *parent)
{
    alexnet_context *child = an_new(parent, sizeof *child);

    if (child == NULL) return NULL;
    *child = *parent;
    child->options.log = NULL;
    child->attached = NULL;
    child->error[0] = '\0';
    return child;
}

void alexnet_close(alexnet_context *ctx)
{
    if (ctx == NULL) return;
    alexnet_context last = {.options = ctx->options}; /* a copy, as an_free() reads the allocator */
    an_free(&last, ctx);
}

void an_context_set_fault(alexnet_context *ctx, an_fault_hook hook, void *user)
{
    ctx->fault = hook;
    ctx->fault_user = user;
}

void an_context_set_clock(alexnet_context *ctx, double (*clock)(void *user), void *user)
{
    ctx->clock = clock;
    ctx->clock_user = user;
}

double an_context_seconds(const alexnet_context *ctx)
{
    return ctx->clock != NULL ? ctx->clock(ctx->clock_user) : an_seconds();
}

void an_context_set_free(alexnet_context *ctx, an_free_hook hook, void *user)
{
    ctx->free_bytes = hook;
    ctx->free_user = user;
}

void an_context_set_system(alexnet_context *ctx, const char *root) { ctx->system_root = root; }

bool an_fault(const alexnet_context *ctx, an_fault_kind kind)
{
    const int error = ctx->fault == NULL ? 0 : ctx->fault(ctx->fault_user, kind);

    if (error == AN_FAULT_SHORT) return false; /* for an operation that moves no bytes */
    if (error != 0) errno = error;
    return error != 0;
}
