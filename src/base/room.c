/*
 * room.c: see room.h. Reads small files of the system into the stack, without the allocator and
 * without messages. tests/base/room_test.c makes folders of such files for each kind of limit.
 * SPDX-License-Identifier: MIT
 */
#include "base/room.h"

#include "base/context.h"
#include "base/log.h"
#include "base/status.h"
#include "base/text.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define FILE_BYTES 16384 /* the longest of these files has about 3,000 */

/* Where v2 says "max", v1 has the largest number of bytes that is a whole number of pages. */
#define NO_LIMIT_V1 (INT64_MAX / 2)

/* ---- files of the system ---- */

/* The file as text, truncated to FILE_BYTES. False: it cannot be read. base/file.h is not used, as
 * these are not the user's files, and failures need no message. */
static bool read_text(const char *path, char text[FILE_BYTES])
{
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    size_t size = 0;
    ssize_t got = 1;

    if (descriptor < 0) return false;
    while (got > 0 && size < FILE_BYTES - 1) {
        got = read(descriptor, text + size, FILE_BYTES - 1 - size);
        if (got > 0) size += (size_t)got;
    }
    close(descriptor);
    text[size] = '\0';
    return size > 0;
}

static bool read_below(const char *folder, const char *name, char text[FILE_BYTES])
{
    char path[PATH_BYTES];

    return an_print(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path &&
           read_text(path, text);
}

/* The number at the start of the text. -1: another word ("max", "-1"), or too large: no limit. */
static int64_t number_at(const char *text)
{
    int64_t value = 0;

    while (*text == ' ' || *text == '\t')
        ++text;
    if (*text < '0' || *text > '9') return -1;
    for (; *text >= '0' && *text <= '9'; ++text) {
        if (value > (INT64_MAX - 9) / 10) return -1;
        value = 10 * value + (*text - '0');
    }
    return value;
}

/* The number in a file that holds one; -1: none. */
static int64_t number_below(const char *folder, const char *name)
{
    char text[FILE_BYTES];

    return read_below(folder, name, text) ? number_at(text) : -1;
}

/* The number after `key` at the beginning of a line; 0: there is no such line. */
static int64_t number_of(const char *text, const char *key)
{
    const size_t length = strlen(key);

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0) return AN_MAX(number_at(line + length), 0);
    }
    return 0;
}

/* ---- control groups ---- */

/*
 * The path of the process's group in a hierarchy: that of `controller` in v1, of v2 for NULL. The
 * lines of the file are ID:CONTROLLER,CONTROLLER...:PATH; v2's has no controllers.
 */
static bool find_group(const char *root, const char *controller, char group[PATH_BYTES])
{
    char text[FILE_BYTES];

    if (!read_below(root, "proc/self/cgroup", text)) return false;
    for (char *line = text, *end; line != NULL && *line != '\0'; line = end) {
        end = strchr(line, '\n');
        if (end != NULL) *end++ = '\0';
        char *names = strchr(line, ':');
        char *path = names != NULL ? strchr(names + 1, ':') : NULL;
        if (path == NULL) continue;
        *path++ = '\0';
        bool found = controller == NULL && names[1] == '\0';
        for (char *name = names + 1; controller != NULL && name != NULL && !found;) {
            const size_t length = strcspn(name, ",");
            found = an_is_word(name, length, controller);
            name = name[length] == ',' ? name + length + 1 : NULL;
        }
        if (!found) continue;
        an_print(group, PATH_BYTES, "%s", path);
        return true;
    }
    return false;
}

/* Reads the files of a group in its folder. */
typedef void (*group_fn)(const char *folder, void *user);

/*
 * Calls `visit` for the process's group, and for each above it: the limits of all hold. In a
 * container the path may belong to another view of the tree: then folders do not exist, and their
 * files are no limits.
 */
static void visit_groups(const char *root, const char *mount, const char *controller,
                         group_fn visit, void *user)
{
    char group[PATH_BYTES], folder[PATH_BYTES];

    if (!find_group(root, controller, group)) return;
    for (size_t length = strlen(group);;) {
        while (length > 0 && group[length - 1] == '/')
            --length;
        group[length] = '\0';
        if (an_print(folder, sizeof folder, "%s/%s%s", root, mount, group) < (int)sizeof folder)
            visit(folder, user);
        if (length == 0) return;
        while (length > 0 && group[length - 1] != '/')
            --length;
    }
}

/* ---- memory ---- */

static int64_t plus(int64_t a, int64_t b) { return a > INT64_MAX - b ? INT64_MAX : a + b; }

/* Keeps the limit that leaves less, swap included. */
static void take_tighter(an_room *room, int64_t bytes, int64_t swap, an_room_limit limit)
{
    bytes = AN_MAX(bytes, 0);
    if (plus(bytes, swap) >= plus(room->bytes, room->swap)) return;
    *room = (an_room){bytes, swap, limit};
}

typedef struct search {
    an_room *room; /* the tightest limit so far */
    int64_t swap;  /* free on the machine */
} search;

static void read_memory_v2(const char *folder, void *user)
{
    const search *s = user;
    char text[FILE_BYTES];
    const int64_t limit = number_below(folder, "memory.max");

    if (limit < 0) return;
    const int64_t used = AN_MAX(number_below(folder, "memory.current"), 0);
    const int64_t swap_limit = number_below(folder, "memory.swap.max");
    const int64_t swap_used = AN_MAX(number_below(folder, "memory.swap.current"), 0);
    int64_t reclaimable = 0;
    if (read_below(folder, "memory.stat", text))
        reclaimable = number_of(text, "inactive_file ") + number_of(text, "active_file ") +
                      number_of(text, "slab_reclaimable ");
    take_tighter(s->room, limit - AN_MAX(used - reclaimable, 0),
                 swap_limit < 0 ? 0 : AN_MIN(s->swap, AN_MAX(swap_limit - swap_used, 0)),
                 AN_ROOM_CGROUP);
}

static void read_memory_v1(const char *folder, void *user)
{
    const search *s = user;
    char text[FILE_BYTES];
    const int64_t limit = number_below(folder, "memory.limit_in_bytes");

    if (limit < 0 || limit > NO_LIMIT_V1) return;
    const int64_t used = AN_MAX(number_below(folder, "memory.usage_in_bytes"), 0);
    int64_t reclaimable = 0;
    if (read_below(folder, "memory.stat", text))
        reclaimable =
            number_of(text, "total_inactive_file ") + number_of(text, "total_active_file ");
    take_tighter(s->room, limit - AN_MAX(used - reclaimable, 0), 0, AN_ROOM_CGROUP);
}

/* Bytes of the process: its address space, what is in memory, its data. Zeros: unknown. */
typedef struct sizes {
    int64_t addresses, resident, data;
} sizes;

static sizes find_sizes(const char *root)
{
    char text[FILE_BYTES];
    long long n[6]; /* pages: size, resident, shared, text, lib (0), data */
    sizes found = {0};
    const int64_t page = sysconf(_SC_PAGESIZE);

    if (read_below(root, "proc/self/statm", text) &&
        sscanf(text, "%lld %lld %lld %lld %lld %lld", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) ==
            6)
        found = (sizes){n[0] * page, n[1] * page, n[5] * page};
    return found;
}

static void read_user_limits(const sizes *now, an_room *room)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < INT64_MAX)
        take_tighter(room, (int64_t)limit.rlim_cur - now->addresses, 0, AN_ROOM_ADDRESSES);
    if (getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur < INT64_MAX)
        take_tighter(room, (int64_t)limit.rlim_cur - now->data, 0, AN_ROOM_DATA);
}

static const char *root_of(const alexnet_context *ctx)
{
    return ctx->system_root != NULL ? ctx->system_root : "";
}

an_room an_room_find(const alexnet_context *ctx)
{
    const char *root = root_of(ctx);
    const sizes now = find_sizes(root);
    an_room room = {.bytes = AN_ROOM_UNKNOWN};
    search s = {.room = &room};
    char text[FILE_BYTES];

    if (ctx->options.max_memory < 0) return room;
    if (ctx->options.max_memory > 0)
        take_tighter(&room, ctx->options.max_memory - now.resident, 0, AN_ROOM_CALLER);
    if (read_below(root, "proc/meminfo", text)) {
        s.swap = number_of(text, "SwapFree:") * 1024;
        if (number_of(text, "MemTotal:") > 0)
            take_tighter(&room, number_of(text, "MemAvailable:") * 1024, s.swap, AN_ROOM_MACHINE);
    }
    visit_groups(root, "sys/fs/cgroup", NULL, read_memory_v2, &s);
    visit_groups(root, "sys/fs/cgroup/memory", "memory", read_memory_v1, &s);
    read_user_limits(&now, &room);
    return room;
}

static const char *limit_name(an_room_limit limit)
{
    switch (limit) {
    case AN_ROOM_CALLER:
        return "max_memory";
    case AN_ROOM_CGROUP:
        return "the limit of its cgroup, for example a container";
    case AN_ROOM_ADDRESSES:
        return "the limit of address space, 'ulimit -v'";
    case AN_ROOM_DATA:
        return "the limit of data, 'ulimit -d'";
    case AN_ROOM_MACHINE:
        return "the free memory of this machine";
    case AN_ROOM_NONE:
        break;
    }
    return "no limit";
}

alexnet_status an_room_check(alexnet_context *ctx, const char *what, int64_t bytes, int64_t total,
                             const char *advice)
{
    const an_room room = an_room_find(ctx);
    char needed[AN_REAL_SIZE], more[AN_REAL_SIZE], there[AN_REAL_SIZE];

    if (bytes <= room.bytes) return ALEXNET_OK;
    an_show_bytes(needed, total);
    an_show_bytes(more, bytes);
    an_show_bytes(there, room.bytes);
    if (bytes <= plus(room.bytes, room.swap)) {
        an_log(ctx, ALEXNET_LOG_WARNING,
               "%s needs about %s of memory, %s more than there is now, and %s are there without "
               "swap (%s): it will be slow",
               what, needed, more, there, limit_name(room.limit));
        return ALEXNET_OK;
    }
    return an_fail(ctx, ALEXNET_NO_MEMORY,
                   "%s needs about %s, %s of them still to come, and there are %s (%s): %s%s"
                   "free some memory, or run without this check (--max-memory none)",
                   what, needed, more, there, limit_name(room.limit), advice != NULL ? advice : "",
                   advice != NULL ? ", " : "");
}

int64_t an_room_resident(const alexnet_context *ctx) { return find_sizes(root_of(ctx)).resident; }

int64_t an_room_peak(const alexnet_context *ctx)
{
    char text[FILE_BYTES];

    return read_below(root_of(ctx), "proc/self/status", text) ? number_of(text, "VmHWM:") * 1024
                                                              : 0;
}

/* ---- cores ---- */

/* The cores of a quota of CPU time per period, rounded up: 1 .. cores. */
static int whole_cores(int64_t quota, int64_t period, int cores)
{
    if (quota <= 0 || period <= 0) return cores;
    return (int)AN_MAX(AN_MIN((quota - 1) / period + 1, cores), 1);
}

static void read_cpu_v2(const char *folder, void *user)
{
    char text[FILE_BYTES];
    int *cores = user;

    if (!read_below(folder, "cpu.max", text)) return; /* "200000 100000", "max 100000" */
    const char *period = strchr(text, ' ');
    if (period != NULL) *cores = whole_cores(number_at(text), number_at(period), *cores);
}

static void read_cpu_v1(const char *folder, void *user)
{
    int *cores = user;

    *cores = whole_cores(number_below(folder, "cpu.cfs_quota_us"),
                         number_below(folder, "cpu.cfs_period_us"), *cores);
}

int an_room_cores(const char *root, int cores)
{
    visit_groups(root, "sys/fs/cgroup", NULL, read_cpu_v2, &cores);
    visit_groups(root, "sys/fs/cgroup/cpu", "cpu", read_cpu_v1, &cores);
    visit_groups(root, "sys/fs/cgroup/cpu,cpuacct", "cpu", read_cpu_v1, &cores);
    return cores;
}
