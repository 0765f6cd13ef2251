/*
 * pace_test.c: on a clock that the test advances.
 *
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "train/optimiser.h"
#include "train/pace.h"
#include <math.h>
#include <string.h>

static void what_fits(void **unused)
{
    static const struct {
        an_pace pace;
        int64_t epoch_steps, into;
        double seconds;
        int64_t fit;
    } rows[] = {
        {{.step = 0.5}, 10, 0, 50, 100},
        {{.step = 0.5}, 10, 0, 0.4, 0},
        {{.step = 0.5}, 10, 0, -1, 0},
        {{.step = 0.5, .epoch = 5}, 10, 0, 50, 50},
        {{.step = 0.5, .epoch = 5}, 10, 5, 50, 45},
        {{.step = 0.5, .epoch = 5}, 10, 0, 8, 6}, /* and a validation */
        {{.step = 0.5, .epoch = 5}, 10, 0, 5, 0},
        {{.step = 0.5, .epoch = 5},
         10,
         0,
         57,
         50}, /* two more seconds and a validation do not fit */
        {{.step = 0.5, .epoch = 1}, 10, 0, 20.6, 33},
        {{.step = 0.5, .epoch = 5, .once = 20}, 10, 0, 50, 30},
        {{.step = 0.5, .once = 60}, 10, 0, 50, 0},
        {{.step = 0}, 10, 0, 0, 0},
        {{.step = 0}, 10, 0, 1, INT64_MAX / 2},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        assert_int_equal(
            an_pace_fit(&rows[i].pace, rows[i].epoch_steps, rows[i].into, rows[i].seconds),
            rows[i].fit);
}

/* ---- a process ---- */

typedef struct world {
    an_test_memory memory;
    alexnet_context *ctx;
    char *root;
    an_run_folder folder;
    an_config config;
    alexnet_model *model;
    an_train_state state;
    an_feed feed; /* without batches */
    an_pacer pacer;
    double now, tick; /* tick: each reading of the clock advances it by this */
} world;

static double look(void *user)
{
    world *w = user;

    w->now += w->tick;
    return w->now;
}

static int set_up(void **state)
{
    static world w;

    w = (world){.root = an_test_folder_open(), .state = an_train_state_start()};
    w.ctx = an_tiny_open(&w.memory, 1);
    an_context_set_clock(w.ctx, look, &w);
    an_assert_ok(w.ctx, an_run_folder_open(w.ctx, an_test_path(w.root, "run"), &w.folder));
    an_assert_ok(w.ctx, an_run_folder_create(w.ctx, &w.folder, false));
    an_assert_ok(w.ctx, an_recipe_find(w.ctx, "quick", &w.config.recipe));
    w.config.recipe.batch = 4;
    w.config.seconds = -1;
    w.model = an_tiny_model(w.ctx, NULL, 2, 1);
    w.feed.options = (an_feed_options){.model = w.model, .config = &w.config, .state = &w.state};
    w.state.course = an_course_start(1000);
    w.pacer = (an_pacer){.feed = &w.feed,
                         .config = &w.config,
                         .folder = &w.folder,
                         .state = &w.state,
                         .epoch_steps = 4};
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;

    alexnet_session_close(w->feed.session);
    alexnet_model_free(w->model);
    an_run_folder_close(w->ctx, &w->folder);
    an_test_folder_close(w->root);
    an_test_close(w->ctx, &w->memory);
    return 0;
}

static void take_steps(world *w, int count, double seconds)
{
    for (int i = 0; i < count; ++i) {
        an_pacer_begin_step(&w->pacer);
        w->now += seconds;
        ++w->state.step;
        an_assert_ok(w->ctx, an_pacer_end_step(&w->pacer));
    }
}

/* The first estimate comes after ten seconds, the next after a twentieth of the time, each from the
   steps since the one before. */
static void estimates_move_the_end(void **state)
{
    world *w = *state;

    w->config.seconds = 100;
    w->pacer.epoch_steps = 5000;
    an_pacer_begin(&w->pacer, w->ctx);
    assert_true(an_pacer_seconds_left(&w->pacer) == 100);
    take_steps(w, 4, 2);
    assert_int_equal(w->state.course.total, 1000);
    take_steps(w, 1, 2);
    assert_int_equal(w->state.course.total, 5 + 45);
    take_steps(w, 5, 1);
    assert_int_equal(w->state.course.total, 10 + 85);
    assert_true(w->state.seconds == 15 && w->pacer.busy_seconds == 15);
    assert_true(an_pacer_seconds_left(&w->pacer) == 85);
}

/* Ten seconds of validation after each epoch of four steps. */
static void the_ends_of_epochs_are_counted_apart(void **state)
{
    world *w = *state;

    w->config.seconds = 200;
    an_pacer_begin(&w->pacer, w->ctx);
    take_steps(w, 4, 2);
    w->now += 10;
    take_steps(w, 1, 2);
    assert_true(w->pacer.busy_seconds == 10 && w->state.seconds == 20);
    assert_true(w->pacer.epoch_seconds == 10);
    assert_int_equal(w->state.course.total, 5 + 3 + 36); /* 180 = 6 + 10 + 9 * (8 + 10) and 2 */
}

/* An estimate at the last step of an epoch includes the validation that follows. */
static void an_estimate_at_the_end_of_an_epoch(void **state)
{
    world *w = *state;

    w->config.seconds = 100;
    w->pacer.epoch_steps = 20;
    w->pacer.val_images = 12; /* take as long as one step */
    an_pacer_begin(&w->pacer, w->ctx);
    take_steps(w, 20, 0.25);
    assert_int_equal(w->state.course.total, 20 + 360); /* 95 = 0.25 + 18 * 5.25 and 0.25 */
}

/* A resumed process adds to the time of earlier ones. */
static void without_a_limit_only_the_clock_is_kept(void **state)
{
    world *w = *state;

    w->state.seconds = 50;
    an_pacer_begin(&w->pacer, w->ctx);
    assert_true(isnan(an_pacer_seconds_left(&w->pacer)));
    take_steps(w, 100, 2);
    assert_int_equal(w->state.course.total, 1000);
    assert_true(w->state.seconds == 250);
    assert_true(an_pacer_seconds_left(&w->pacer) == 1800);
    w->now += 1;
    an_pacer_look(&w->pacer);
    assert_true(w->state.seconds == 251);
}

/* Two steps per second; a validation image counts as a third of a training image. */
static void a_rehearsal_learns_the_pace_and_nothing_else(void **state)
{
    world *w = *state;
    char before[65], after[65];

    w->tick = 1;
    w->pacer.val_images = 24;
    an_assert_ok(w->ctx,
                 an_optimiser_open_session(&w->config.recipe, w->model, 4, 0, 1, &w->feed.session));
    an_assert_ok(w->ctx, alexnet_model_hash(w->model, before));
    an_pacer_begin(&w->pacer, w->ctx);
    assert_true(isnan(w->pacer.expected_seconds));
    an_assert_ok(w->ctx, an_pacer_rehearse(&w->pacer));
    an_assert_ok(w->ctx, alexnet_model_hash(w->model, after));
    assert_string_equal(after, before);
    assert_true(fabs(w->pacer.expected_seconds - 1000 * (0.5 + 0.5 / 3 * 6 / 4)) < 1e-9);
    assert_int_equal(w->state.course.total, 1000);
    w->config.seconds = 100;
    an_assert_ok(w->ctx, an_pacer_rehearse(&w->pacer));
    assert_in_range(w->state.course.total, 100, 133);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits),
        TEST(estimates_move_the_end),
        TEST(the_ends_of_epochs_are_counted_apart),
        TEST(an_estimate_at_the_end_of_an_epoch),
        TEST(without_a_limit_only_the_clock_is_kept),
        TEST(a_rehearsal_learns_the_pace_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
