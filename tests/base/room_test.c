/*
 * room_test.c: limits of memory and cores, read from folders that look like /proc and /sys.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/room.h"
#include "base/status.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB INT64_C(1048576)

/* Writes a file below `folder`, which replaces the system's root, and the folders that hold it. */
static void put(const char *folder, const char *name, const char *text)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')) != NULL; ++slash) {
        *slash = '\0';
        (void)mkdir(path, 0777);
        *slash = '/';
    }
    an_test_write_text(path, text);
}

/* A machine with 1,000 MiB free, where the process holds 100 MiB. */
static void make_machine(const an_test_place *place)
{
    char text[128];
    const long pages = (long)(100 * MIB / sysconf(_SC_PAGESIZE));

    put(place->folder, "proc/meminfo",
        "MemTotal:        4096000 kB\nMemFree:          512000 kB\nMemAvailable:    1024000 kB\n"
        "SwapTotal:       2048000 kB\nSwapFree:         204800 kB\n");
    snprintf(text, sizeof text, "%ld %ld 10 10 0 %ld 0\n", 2 * pages, pages, pages);
    put(place->folder, "proc/self/statm", text);
    put(place->folder, "proc/self/status", "Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t  123456 kB\n");
    an_context_set_system(place->ctx, place->folder);
}

static void expect(const an_test_place *place, an_room_limit limit, int64_t mib, int64_t swap)
{
    const an_room room = an_room_find(place->ctx);

    assert_int_equal(room.limit, limit);
    assert_int_equal(room.bytes / MIB, mib);
    assert_int_equal(room.swap / MIB, swap);
}

static void the_memory_of_the_machine_is_read(void **state)
{
    const an_test_place *place = *state;

    make_machine(place);
    expect(place, AN_ROOM_MACHINE, 1000, 200);
    assert_int_equal(an_room_resident(place->ctx), 100 * MIB);
    assert_int_equal(an_room_peak(place->ctx), 123456 * 1024);
}

static void without_files_the_memory_is_unknown(void **state)
{
    const an_test_place *place = *state;

    an_context_set_system(place->ctx, place->folder);
    assert_int_equal(an_room_find(place->ctx).limit, AN_ROOM_NONE);
    assert_true(an_room_find(place->ctx).bytes == AN_ROOM_UNKNOWN);
    assert_int_equal(an_room_resident(place->ctx), 0);
    assert_int_equal(an_room_peak(place->ctx), 0);
    an_assert_ok(place->ctx, an_room_check(place->ctx, "it", INT64_MAX / 2, 0, NULL));
}

static void a_cgroup_of_version_2_limits(void **state)
{
    const an_test_place *place = *state;

    make_machine(place);
    put(place->folder, "proc/self/cgroup", "0::/a/b\n");
    put(place->folder, "sys/fs/cgroup/a/b/memory.max", "max\n");
    expect(place, AN_ROOM_MACHINE, 1000, 200);

    put(place->folder, "sys/fs/cgroup/a/b/memory.max", "629145600\n");     /* 600 MiB */
    put(place->folder, "sys/fs/cgroup/a/b/memory.current", "314572800\n"); /* 300 MiB */
    expect(place, AN_ROOM_CGROUP, 300, 0);
    put(place->folder, "sys/fs/cgroup/a/b/memory.stat", /* 100 MiB can be reclaimed */
        "anon 1\ninactive_file 52428800\nactive_file 41943040\nslab_reclaimable 10485760\n");
    expect(place, AN_ROOM_CGROUP, 400, 0);
    put(place->folder, "sys/fs/cgroup/a/b/memory.swap.max", "max\n");
    expect(place, AN_ROOM_CGROUP, 400, 0);
    put(place->folder, "sys/fs/cgroup/a/b/memory.swap.max", "62914560\n");
    put(place->folder, "sys/fs/cgroup/a/b/memory.swap.current", "10485760\n");
    expect(place, AN_ROOM_CGROUP, 400, 50);
}

static void a_parent_group_limits_as_well(void **state)
{
    const an_test_place *place = *state;

    make_machine(place);
    put(place->folder, "proc/self/cgroup", "0::/a/b/c\n");
    put(place->folder, "sys/fs/cgroup/a/b/c/memory.max", "943718400\n"); /* 900 MiB */
    put(place->folder, "sys/fs/cgroup/a/memory.max", "734003200\n");     /* 700 MiB */
    put(place->folder, "sys/fs/cgroup/a/memory.current", "524288000\n"); /* 500 MiB */
    expect(place, AN_ROOM_CGROUP, 200, 0);
}

/* As in a container with its own view of cgroups: the path does not exist, and the limit is at the
   top. */
static void the_root_group_is_read_if_the_path_does_not_exist(void **state)
{
    const an_test_place *place = *state;

    make_machine(place);
    put(place->folder, "proc/self/cgroup", "0::/../../docker/0123\n");
    put(place->folder, "sys/fs/cgroup/memory.max", "104857600\n");
    expect(place, AN_ROOM_CGROUP, 100, 0);
}

static void a_cgroup_of_version_1_limits(void **state)
{
    const an_test_place *place = *state;

    make_machine(place);
    put(place->folder, "proc/self/cgroup", "5:cpu,cpuacct:/x\n4:hugetlb,memory:/docker/1\n0::/\n");
    put(place->folder, "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes",
        "9223372036854771712\n");
    expect(place, AN_ROOM_MACHINE, 1000, 200);
    put(place->folder, "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "419430400\n");
    put(place->folder, "sys/fs/cgroup/memory/docker/1/memory.usage_in_bytes", "209715200\n");
    put(place->folder, "sys/fs/cgroup/memory/docker/1/memory.stat",
        "inactive_file 999999999\ntotal_inactive_file 10485760\ntotal_active_file 31457280\n");
    expect(place, AN_ROOM_CGROUP, 240, 0);
}

static void malformed_files_are_no_limit(void **state)
{
    const an_test_place *place = *state;
    static const char *const texts[] = {"", "none\n", "-1\n", "99999999999999999999999999\n",
                                        "\n\n"};

    make_machine(place);
    put(place->folder, "proc/self/cgroup", "nonsense\n0:\n0::/a\n");
    for (size_t i = 0; i < AN_COUNT(texts); ++i) {
        put(place->folder, "sys/fs/cgroup/a/memory.max", texts[i]);
        expect(place, AN_ROOM_MACHINE, 1000, 200);
        put(place->folder, "sys/fs/cgroup/a/cpu.max", texts[i]);
        assert_int_equal(an_room_cores(place->folder, 8), 8);
    }
}

static void a_caller_limits_the_whole_process(void **state)
{
    const an_test_place *place = *state;

    make_machine(place);
    place->ctx->options.max_memory = 400 * MIB; /* the process holds 100 of them */
    expect(place, AN_ROOM_CALLER, 300, 0);
    place->ctx->options.max_memory = 50 * MIB;
    expect(place, AN_ROOM_CALLER, 0, 0);
    place->ctx->options.max_memory = ALEXNET_NO_LIMIT;
    assert_true(an_room_find(place->ctx).bytes == AN_ROOM_UNKNOWN);
}

/* In another process, as such a limit cannot be raised again. */
static void expect_limited(const an_test_place *place, int resource, an_room_limit limit,
                           int64_t mib)
{
    const pid_t child = fork();
    int status = -1;

    if (child == 0) {
        const struct rlimit all = {(rlim_t)(350 * MIB), (rlim_t)(350 * MIB)};
        const int set =
            resource == RLIMIT_AS ? setrlimit(RLIMIT_AS, &all) : setrlimit(RLIMIT_DATA, &all);
        if (set != 0) _exit(1);
        const an_room room = an_room_find(place->ctx);
        _exit(room.limit == limit && room.bytes / MIB == mib ? 0 : 2);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    assert_int_equal(status, 0);
}

static void limits_of_the_process_count(void **state)
{
    const an_test_place *place = *state;

    make_machine(place);
    expect_limited(place, RLIMIT_AS, AN_ROOM_ADDRESSES, 150); /* it uses 200 MiB of addresses */
    expect_limited(place, RLIMIT_DATA, AN_ROOM_DATA, 250);
}

static void a_refusal_names_need_limit_and_advice(void **state)
{
    const an_test_place *place = *state;

    make_machine(place);
    an_assert_ok(place->ctx, an_room_check(place->ctx, "it", 1000 * MIB, 1100 * MIB, NULL));
    an_assert_ok(place->ctx, an_room_check(place->ctx, "it", 1200 * MIB, 1300 * MIB, NULL));
    an_assert_status(
        place->ctx, an_room_check(place->ctx, "it", 1201 * MIB, 1301 * MIB, "take a smaller batch"),
        ALEXNET_NO_MEMORY);
    an_assert_error(place->ctx, "it needs about 1.27 GiB");
    an_assert_error(place->ctx, "1.17 GiB of them still to come");
    an_assert_error(place->ctx, "the free memory of this machine");
    an_assert_error(place->ctx, "take a smaller batch, ");
    an_assert_error(place->ctx, "--max-memory none");
}

static void cores_are_limited_by_the_groups_cpu_time(void **state)
{
    static const struct {
        const char *max;
        int cores;
    } rows[] = {
        {"max 100000\n", 8},   {"200000 100000\n", 2}, {"250000 100000\n", 3},
        {"50000 100000\n", 1}, {"1000 100000\n", 1},   {"1600000 100000\n", 8},
        {"100000 50000\n", 2}, {"100000\n", 8},        {"0 100000\n", 8},
    };
    const an_test_place *place = *state;

    assert_int_equal(an_room_cores(place->folder, 8), 8);
    put(place->folder, "proc/self/cgroup", "0::/a/b\n");
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        put(place->folder, "sys/fs/cgroup/a/b/cpu.max", rows[i].max);
        assert_int_equal(an_room_cores(place->folder, 8), rows[i].cores);
    }
    put(place->folder, "sys/fs/cgroup/a/cpu.max", "300000 100000\n"); /* above it */
    assert_int_equal(an_room_cores(place->folder, 8), 3);
    assert_int_equal(an_room_cores(place->folder, 1), 1);
}

static void cores_of_version_1(void **state)
{
    const an_test_place *place = *state;

    put(place->folder, "proc/self/cgroup", "7:cpu,cpuacct:/a\n3:cpuset:/\n");
    put(place->folder, "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
    put(place->folder, "sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
    assert_int_equal(an_room_cores(place->folder, 4), 4);
    put(place->folder, "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "150000\n");
    assert_int_equal(an_room_cores(place->folder, 4), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(the_memory_of_the_machine_is_read),
        an_test_in_place(without_files_the_memory_is_unknown),
        an_test_in_place(a_cgroup_of_version_2_limits),
        an_test_in_place(a_parent_group_limits_as_well),
        an_test_in_place(the_root_group_is_read_if_the_path_does_not_exist),
        an_test_in_place(a_cgroup_of_version_1_limits),
        an_test_in_place(malformed_files_are_no_limit),
        an_test_in_place(a_caller_limits_the_whole_process),
        an_test_in_place(limits_of_the_process_count),
        an_test_in_place(a_refusal_names_need_limit_and_advice),
        an_test_in_place(cores_are_limited_by_the_groups_cpu_time),
        an_test_in_place(cores_of_version_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
