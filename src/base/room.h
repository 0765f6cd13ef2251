/*
 * room.h: the memory and the cores that the system allows this process.
 *
 *     limit of memory                     where it is read                              beyond it
 *     the caller (options.max_memory)     the process's resident memory                 refused
 *     a cgroup, or one above it           v2 memory.max, v1 memory.limit_in_bytes       refused
 *     RLIMIT_AS, RLIMIT_DATA (ulimit)     getrlimit()                                   refused
 *     the machine                         MemAvailable of /proc/meminfo                 refused
 *
 * File pages that the system can reclaim at once count as free in a cgroup, as in MemAvailable.
 * Swap is counted apart: a job that needs it gets a warning, not an error.
 *
 * Nothing is allocated for this. A file that is absent or cannot be read is no limit.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_ROOM_H
#define AN_BASE_ROOM_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdint.h>

#define AN_ROOM_UNKNOWN INT64_MAX

typedef enum an_room_limit {
    AN_ROOM_NONE,
    AN_ROOM_CALLER,
    AN_ROOM_CGROUP,
    AN_ROOM_ADDRESSES,
    AN_ROOM_DATA,
    AN_ROOM_MACHINE
} an_room_limit;

/* The tightest limit. */
typedef struct an_room {
    int64_t bytes; /* that the process may allocate in addition; or AN_ROOM_UNKNOWN */
    int64_t swap;  /* bytes of swap in addition, which are slow */
    an_room_limit limit;
} an_room;

an_room an_room_find(const alexnet_context *ctx);

/*
 * Checks that `bytes` more fit. NO_MEMORY: the message has the need, the free memory, the limit and
 * advice. Logs a warning if they need swap.
 *   what    will allocate them: "the run"
 *   total   bytes of the whole process then, for the message
 *   advice  for the message: "a smaller --batch"; NULL: none
 */
alexnet_status an_room_check(alexnet_context *ctx, const char *what, int64_t bytes, int64_t total,
                             const char *advice) AN_NODISCARD;

/* Bytes in memory now, and their maximum since the process began; 0: unknown. */
int64_t an_room_resident(const alexnet_context *ctx);
int64_t an_room_peak(const alexnet_context *ctx);

/*
 * Returns `cores`, or fewer if the cgroup or one above it limits CPU time (v2 cpu.max, v1
 * cpu.cfs_quota_us): the limit in cores, rounded up.
 *   root  the folder that holds /proc and /sys: "" outside tests
 */
int an_room_cores(const char *root, int cores);

#endif
