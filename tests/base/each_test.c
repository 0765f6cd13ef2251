/*
 * each_test.c: every job runs once, the first failure is reported, progress is reported on the
 * caller's thread.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/each.h"
#include "base/status.h"
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define COUNT 200

typedef struct run {
    atomic_int jobs[COUNT];
    int64_t fail_from; /* the first job to fail; -1: none */
    long pause_ms;
    pthread_t caller;
    int64_t last_done;
    int reports;
    int stop_at; /* the report whose callback asks to stop */
} run;

static alexnet_status job(void *arg, alexnet_context *ctx, int member, int64_t index)
{
    run *r = arg;

    (void)member;
    ++r->jobs[index];
    nanosleep(&(struct timespec){.tv_nsec = r->pause_ms * 1000000}, NULL);
    if (r->fail_from >= 0 && index >= r->fail_from)
        return an_fail(ctx, ALEXNET_BAD_FILE, "job %d", (int)index);
    return ALEXNET_OK;
}

static alexnet_go progress(void *user, const alexnet_progress *p)
{
    run *r = user;

    assert_true(pthread_equal(r->caller, pthread_self()));
    assert_string_equal(p->phase, "test");
    assert_int_equal(p->total, COUNT);
    assert_true(p->done >= r->last_done && p->done <= COUNT);
    assert_true(isnan(p->loss) && isnan(p->top1));
    r->last_done = p->done;
    return ++r->reports == r->stop_at ? ALEXNET_GO_STOP : ALEXNET_GO_ON;
}

static alexnet_status go(const an_test_place *place, run *r, int members)
{
    r->caller = pthread_self();
    return an_each(place->ctx, &(an_each_options){.count = COUNT,
                                                  .members = members,
                                                  .job = job,
                                                  .arg = r,
                                                  .phase = "test",
                                                  .progress = progress,
                                                  .progress_user = r});
}

static void every_job_is_done_once(void **in)
{
    const an_test_place *place = *in;

    for (int members = 1; members <= 8; ++members) {
        run r = {.fail_from = -1};
        an_assert_ok(place->ctx, go(place, &r, members));
        for (int i = 0; i < COUNT; ++i)
            assert_int_equal(r.jobs[i], 1);
        assert_true(r.reports >= 1);
        assert_int_equal(r.last_done, COUNT);
    }
}

/*
 * With few threads or none, all jobs are done, a failure is reported, and the callback can stop
 * them.
 */
static void fewer_threads_do_all_jobs(void **in)
{
    const an_test_place *place = *in;

    for (int most = 0; most < 3; ++most) {
        an_test_fault fault;
        run r = {.fail_from = -1};
        an_test_fault_arm(&fault, place->ctx, AN_FAULT_BIT(AN_FAULT_THREAD), most, true, EAGAIN);
        an_assert_ok(place->ctx, go(place, &r, 3));
        for (int i = 0; i < COUNT; ++i)
            assert_int_equal(r.jobs[i], 1);
        assert_int_equal(r.last_done, COUNT);
        assert_true(an_test_fault_disarm(&fault));
        r = (run){.fail_from = 5};
        an_test_fault_arm(&fault, place->ctx, AN_FAULT_BIT(AN_FAULT_THREAD), most, true, EAGAIN);
        an_assert_status(place->ctx, go(place, &r, 3), ALEXNET_BAD_FILE);
        an_assert_error(place->ctx, "job 5");
        assert_true(r.jobs[COUNT - 1] == 0);
        assert_true(an_test_fault_disarm(&fault));
    }
}

static void without_threads_it_can_be_stopped(void **in)
{
    const an_test_place *place = *in;
    an_test_fault fault;
    run r = {.fail_from = -1, .pause_ms = 120, .stop_at = 2};

    an_test_fault_arm(&fault, place->ctx, AN_FAULT_BIT(AN_FAULT_THREAD), 0, true, EAGAIN);
    an_assert_status(place->ctx, go(place, &r, 3), ALEXNET_STOPPED);
    assert_true(an_test_fault_disarm(&fault));
    assert_true(r.jobs[1] == 1 && r.jobs[COUNT - 1] == 0);
}

static void the_failure_of_the_lowest_index_is_reported(void **in)
{
    const an_test_place *place = *in;

    for (int members = 1; members <= 8; ++members) {
        run r = {.fail_from = 50};
        an_assert_status(place->ctx, go(place, &r, members), ALEXNET_BAD_FILE);
        assert_string_equal(alexnet_error(place->ctx), "job 50");
        assert_int_equal(r.jobs[COUNT - 1], 0);
    }
}

static void the_callback_can_stop_the_jobs(void **in)
{
    const an_test_place *place = *in;
    run r = {.fail_from = -1, .pause_ms = 5, .stop_at = 2};

    an_assert_status(place->ctx, go(place, &r, 2), ALEXNET_STOPPED);
    assert_true(r.last_done < COUNT);
    assert_int_equal(r.jobs[COUNT - 1], 0);
    an_assert_error(place->ctx, "stopped on request");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(every_job_is_done_once),
        an_test_in_place(fewer_threads_do_all_jobs),
        an_test_in_place(without_threads_it_can_be_stopped),
        an_test_in_place(the_failure_of_the_lowest_index_is_reported),
        an_test_in_place(the_callback_can_stop_the_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
