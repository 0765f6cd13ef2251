/*
 * runs.h: tiny training runs, for tests of what alexnet_train() does from options to files.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_RUNS_H
#define AN_TEST_RUNS_H

#include "infer/tiny.h"

/*
 * A context, a synthetic data set FOLDER/data of 2 classes (12 training and 6 validation images),
 * and the log.
 */
typedef struct an_runs {
    an_test_memory memory;
    an_tiny_text log;
    alexnet_context *ctx;
    char *folder;
    const char *data;
} an_runs;

int an_runs_set_up(void **state);
int an_runs_tear_down(void **state);

/* A cmocka test whose *state is an an_runs. */
#define an_runs_test(name) cmocka_unit_test_setup_teardown(name, an_runs_set_up, an_runs_tear_down)

/* cifar-19pct in batches of 4 (3 steps an epoch), 3 epochs, into FOLDER/NAME, without worker
 * threads. */
alexnet_train_options an_runs_options(an_runs *r, const char *name);

alexnet_train_result an_runs_train(an_runs *r, const alexnet_train_options *options);

bool an_runs_is_file(an_runs *r, const char *path);

/* Fails the test unless the weights of a file have this hash. */
void an_runs_assert_hash(an_runs *r, const char *path, const char *expected);

/*
 * A progress callback that requests something at one step (or, with val set, in the validation
 * after it).
 */
typedef struct an_runs_wish {
    int64_t step;
    bool val;
    alexnet_go go;
    int64_t last_step; /* seen so far */
} an_runs_wish;

alexnet_go an_runs_ask(void *user, const alexnet_progress *progress);

/*
 * Trains until a step (with val: until the validation after it), where the caller stops the run,
 * and resumes it. Returns the result of the resumed run.
 */
alexnet_train_result an_runs_interrupt(an_runs *r, const alexnet_train_options *options,
                                       int64_t step, bool val);

#endif
