/*
 * room.h: how much more memory this process may use, and how many cores. A job that needs more
 * memory is refused before it begins (base/footprint.h computes what it needs).
 *
 *     whose limit of memory               the limit                               used so far
 *     the caller's                        options.max_memory                      resident memory
 *     of a cgroup, or one above it        v2 memory.max                           memory.current
 *                                         v1 memory.limit_in_bytes                usage_in_bytes
 *     the user's, of addresses and data   getrlimit(): RLIMIT_AS, RLIMIT_DATA     /proc/self/statm
 *     the machine's                       MemAvailable of /proc/meminfo           (counted in it)
 *
 * The tightest one decides. File pages that the system can reclaim at once count as free in a
 * cgroup, as in MemAvailable. Swap is counted separately: a job that needs it gets a warning, not
 * an error.
 *
 * Nothing is allocated for this. A file that is absent or cannot be read is no limit.
 * ctx->system_root, set by tests, is the folder that holds /proc and /sys.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_ROOM_H
#define AN_BASE_ROOM_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdint.h>

#define AN_ROOM_UNKNOWN INT64_MAX

/* Whose limit is the tightest. */
typedef enum an_room_limit {
    AN_ROOM_NONE,      /* no limit was found */
    AN_ROOM_CALLER,    /* options.max_memory */
    AN_ROOM_CGROUP,    /* a container's, usually */
    AN_ROOM_ADDRESSES, /* RLIMIT_AS, ulimit -v */
    AN_ROOM_DATA,      /* RLIMIT_DATA, ulimit -d */
    AN_ROOM_MACHINE    /* its free memory */
} an_room_limit;

/* What the tightest limit leaves. */
typedef struct an_room {
    int64_t bytes; /* of memory that the process may still allocate; AN_ROOM_UNKNOWN: no limit */
    int64_t swap;  /* bytes of swap beyond these, which are slow */
    an_room_limit limit;
} an_room;

/* Reads all limits. options.max_memory < 0: none is read, and bytes is AN_ROOM_UNKNOWN. */
an_room an_room_find(const alexnet_context *ctx);

/*
 * Checks that `bytes` more fit. NO_MEMORY: the message has the need, the free memory, the limit and
 * advice. Logs a warning if they fit only with swap.
 *   what    will allocate them, for the message: "the run"
 *   total   bytes of the whole process then, for the message
 *   advice  for the message, what the user can do: "take a smaller batch (--batch)"; NULL: nothing
 */
alexnet_status an_room_check(alexnet_context *ctx, const char *what, int64_t bytes, int64_t total,
                             const char *advice) AN_NODISCARD;

/* Bytes of the process in memory now, and their maximum since it began; 0: unknown. */
int64_t an_room_resident(const alexnet_context *ctx);
int64_t an_room_peak(const alexnet_context *ctx);

/*
 * Returns `cores`, or fewer if the cgroup or one above it limits CPU time (v2 cpu.max, v1
 * cpu.cfs_quota_us): the limit in cores, rounded up.
 *   root  the folder that holds /proc and /sys: "" outside tests
 */
int an_room_cores(const char *root, int cores);

#endif
