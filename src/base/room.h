/*
 * room.h: what the system lets this process have: memory, and cores.
 *
 *     what limits memory                  where it is read                              what is over it
 *     the caller (options.max_memory)     the process's resident memory                 refused
 *     a cgroup, or one above it           v2 memory.max, v1 memory.limit_in_bytes       refused
 *     RLIMIT_AS, RLIMIT_DATA (ulimit)     getrlimit()                                   refused
 *     the machine                         MemAvailable of /proc/meminfo                 refused
 *
 * Pages of files that the system can take back at once count as free in a cgroup, as they do in MemAvailable. What swap
 * adds is told apart: who needs it is warned, not refused.
 *
 * Nothing is allocated to find it out. A file that is not there, or that nobody may read, limits nothing.
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

/* The room that is tightest. */
typedef struct an_room {
    int64_t bytes; /* that the process may take beside what it has; or AN_ROOM_UNKNOWN */
    int64_t swap;  /* bytes after them, which are slow */
    an_room_limit limit;
} an_room;

an_room an_room_find(const alexnet_context *ctx);

/*
 * Whether `bytes` more will fit. NO_MEMORY, saying what is needed, what there is, whose limit it is and what to do; a
 * warning where it takes swap.
 *   what    is going to take them: "the run"
 *   total   bytes of the whole process then, for the message
 *   advice  what helps: "a smaller --batch"; NULL: nothing known
 */
alexnet_status an_room_check(alexnet_context *ctx, const char *what, int64_t bytes, int64_t total,
                             const char *advice) AN_NODISCARD;

/* Bytes in memory now, and at most since the process began; 0: nobody can say. */
int64_t an_room_resident(const alexnet_context *ctx);
int64_t an_room_peak(const alexnet_context *ctx);

/*
 * `cores` or fewer: as many as the time that the cgroup, and each above it, may use of all of them (v2 cpu.max, v1
 * cpu.cfs_quota_us), rounded up.
 *   root  where /proc and /sys lie: "", but in tests
 */
int an_room_cores(const char *root, int cores);

#endif
