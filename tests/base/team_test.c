/*
 * team_test.c: threads that start together, as many as the system allows.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/status.h"
#include "base/team.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

typedef struct seen {
    atomic_int members[8];
    atomic_int blocked; /* number of threads that block SIGINT */
} seen;

static void work(void *arg, alexnet_context *ctx, int member)
{
    seen *s = arg;
    sigset_t set;

    an_fail(ctx, ALEXNET_IO, "member %d was here", member); /* in the thread's context */
    ++s->members[member];
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    s->blocked += sigismember(&set, SIGINT) == 1;
}

static void every_thread_works_once_on_its_own_context(void **in)
{
    const an_test_place *place = *in;
    seen s = {0};
    an_team *team;
    sigset_t set;

    an_assert_ok(place->ctx, an_team_open(place->ctx, 5, work, &s, &team));
    an_team_close(team);
    for (int i = 0; i < 8; ++i)
        assert_int_equal(s.members[i], i < 5);
    assert_int_equal(s.blocked, 5);
    assert_string_equal(alexnet_error(place->ctx), "");
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    assert_int_equal(sigismember(&set, SIGINT), 0);
    an_team_close(NULL);
}

static void without_memory_no_thread_works(void **in)
{
    const an_test_place *place = *in;

    for (long n = 0;; ++n) {
        an_test_fault fault;
        seen s = {0};
        an_team *team;
        an_test_fault_arm(&fault, place->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status = an_team_open(place->ctx, 4, work, &s, &team);
        const bool failed = an_test_fault_disarm(&fault);
        an_team_close(team);
        if (!failed) break;
        assert_int_equal(status, ALEXNET_NO_MEMORY);
        for (int i = 0; i < 4; ++i)
            assert_int_equal(s.members[i], 0);
    }
}

/* The threads that start do all the work, and one warning says so for any number of teams. */
static void the_threads_that_start_do_the_work(void **unused)
{
    static const char *const said[] = {
        "no thread but the main one works on images: the system refused to start another (a limit "
        "on processes, or no memory)",
        "1 thread works on images: the system refused to start more of the 4 wanted (a limit on "
        "processes, or no memory)",
        "2 threads work on images: the system refused to start more of the 4 wanted (a limit on "
        "processes, or no memory)"};

    (void)unused;
    for (int most = 0; most <= 4; ++most) {
        an_test_heard h = {0};
        const alexnet_options options = {
            .struct_size = sizeof options, .threads = 1, .log = an_test_hear, .log_user = &h};
        alexnet_context *ctx;
        an_assert_ok(NULL, an_context_open(&options, &ctx));
        for (int again = 0; again < 2; ++again) {
            an_test_fault fault;
            seen s = {0};
            an_team *team;
            an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_THREAD), most, true, EAGAIN);
            an_assert_ok(ctx, an_team_open(ctx, 4, work, &s, &team));
            assert_int_equal(an_test_fault_disarm(&fault), most < 4);
            assert_int_equal(an_team_members(team), most);
            an_team_close(team);
            for (int i = 0; i < 8; ++i)
                assert_int_equal(s.members[i], i < most);
        }
        assert_int_equal(h.lines, most < 4);
        if (most < 3) assert_string_equal(h.last, said[most]);
        alexnet_close(ctx);
    }
}

static void sizes(void **in)
{
    const an_test_place *place = *in;
    const int cores = place->ctx->options.threads;

    assert_int_equal(an_team_size(place->ctx, 0, 100), 0);
    assert_int_equal(an_team_size(place->ctx, 3, 100), 3);
    assert_int_equal(an_team_size(place->ctx, 3, 2), 2);
    assert_int_equal(an_team_size(place->ctx, 3, 0), 1);
    assert_int_equal(an_team_size(place->ctx, 1000, 1000), AN_TEAM_MAX);
    assert_int_equal(an_team_size(place->ctx, -1, 1), 1);
    assert_int_equal(an_team_size(place->ctx, -1, 1000), AN_MIN(cores, AN_TEAM_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(every_thread_works_once_on_its_own_context),
        an_test_in_place(without_memory_no_thread_works),
        cmocka_unit_test(the_threads_that_start_do_the_work),
        an_test_in_place(sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
