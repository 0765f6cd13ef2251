/*
 * place_test.c: runs inside the class folders of their data.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/runs.h"

#include <unistd.h>

/* A run among the classes would count as one of them from then on. */
static void a_run_does_not_lie_among_its_data(void **state)
{
    static const struct {
        const char *data, *out, *made;
        alexnet_status status;
    } rows[] = {
        {"data/train", "data/train/run", "data/train/run", ALEXNET_BAD_ARG},
        {"data/train", "data/train/runs/1", "data/train/runs", ALEXNET_BAD_ARG},
        {"data", "data/train/run", "data/train/run", ALEXNET_BAD_ARG},
        {"data", "data/val/run", "data/val/run", ALEXNET_BAD_ARG},
        {"data", "data/runs/1", NULL, ALEXNET_OK}, /* beside the splits */
        {"data/train", "data/train-run", NULL, ALEXNET_OK},
    };
    an_runs *r = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_train_options options = an_runs_options(r, rows[i].out);
        alexnet_train_result result;
        options.data = an_test_path(r->folder, rows[i].data);
        options.epochs = 1;
        an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), rows[i].status);
        if (rows[i].made == NULL) continue;
        an_assert_error(r->ctx, "would count as a class: choose a place outside");
        assert_int_not_equal(access(an_test_path(r->folder, rows[i].made), F_OK), 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, an_runs_set_up, an_runs_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_does_not_lie_among_its_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
