/*
 * choice_test.c: which algorithm is taken from lists made for the test, so that no tier's
 * constants decide.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/backend.h"
#include "cpu/choice.h"
#include <string.h>

/* The costs that the lists' algorithms report, by number. */
static double seconds[4];

static an_cost cost_0(const an_conv2d *g, an_pass pass, int threads)
{
    (void)g, (void)pass, (void)threads;
    return (an_cost){.seconds = seconds[0]};
}

static an_cost cost_1(const an_conv2d *g, an_pass pass, int threads)
{
    (void)g, (void)pass, (void)threads;
    return (an_cost){.seconds = seconds[1]};
}

static an_cost cost_2(const an_conv2d *g, an_pass pass, int threads)
{
    (void)g, (void)pass, (void)threads;
    return (an_cost){.seconds = seconds[2]};
}

static bool applies_to_filters_of_3x3(const an_conv2d *g, an_pass pass)
{
    (void)pass;
    return g->r == 3 && g->s == 3;
}

static const an_conv2d_algorithm plain = {.name = "plain", .pass = AN_FORWARD, .cost = cost_0};
static const an_conv2d_algorithm clever = {
    .name = "clever", .pass = AN_FORWARD, .applies = applies_to_filters_of_3x3, .cost = cost_1};
static const an_conv2d_algorithm backward = {
    .name = "backward", .pass = AN_BACKWARD_DATA, .cost = cost_2};
static const an_conv2d_algorithm packed = {.name = "packed",
                                           .pass = AN_FORWARD,
                                           .dtype = ALEXNET_INT8,
                                           .applies = applies_to_filters_of_3x3,
                                           .cost = cost_1};
static const an_conv2d_algorithm one_by_one = {
    .name = "one by one", .pass = AN_FORWARD, .dtype = ALEXNET_INT8, .cost = cost_0};

static const char *choice(int r, alexnet_dtype dtype)
{
    static const an_conv2d_algorithm *const list[] = {&plain,  &clever,     &backward,
                                                      &packed, &one_by_one, NULL};
    const an_backend self = {.conv2d_algorithms = list};
    const an_conv2d g = {.n = 1,
                         .c = 1,
                         .h = 5,
                         .w = 5,
                         .k = 1,
                         .r = r,
                         .s = r,
                         .stride = 1,
                         .groups = 1,
                         .p = 6 - r,
                         .q = 6 - r,
                         .packed = dtype != ALEXNET_FP32};

    return an_choose_conv2d(&self, &g, AN_FORWARD, dtype)->name;
}

static void the_cheapest_that_applies(void **unused)
{
    (void)unused;
    seconds[0] = 2;
    seconds[1] = 1;
    seconds[2] = 0; /* of another pass */
    assert_string_equal(choice(3, ALEXNET_FP32), "clever");
    assert_string_equal(choice(5, ALEXNET_FP32), "plain");
    seconds[1] = 3;
    assert_string_equal(choice(3, ALEXNET_FP32), "plain");
    seconds[1] = 2; /* the first of two that cost the same */
    assert_string_equal(choice(3, ALEXNET_FP32), "plain");
}

/* Costs in other formats are not compared: an algorithm with instructions for the format is first.
   */
static void the_first_of_another_format(void **unused)
{
    (void)unused;
    seconds[0] = 1;
    seconds[1] = 2;
    assert_string_equal(choice(3, ALEXNET_INT8), "packed");
    assert_string_equal(choice(5, ALEXNET_INT8), "one by one");
}

/* A name selects an algorithm of a pass, for `bench kernels --algorithm` and for tests. */
static void names_of_a_pass_differ(void **unused)
{
    const an_backend *b;

    (void)unused;
    for (int t = 0; an_tier_name(t, &b) != NULL; ++t) {
        for (int i = 0; b != NULL && b->conv2d_algorithms[i] != NULL; ++i)
            for (int j = 0; j < i; ++j)
                assert_true(b->conv2d_algorithms[i]->pass != b->conv2d_algorithms[j]->pass ||
                            strcmp(b->conv2d_algorithms[i]->name, b->conv2d_algorithms[j]->name));
        for (int i = 0; b != NULL && b->linear_algorithms[i] != NULL; ++i)
            for (int j = 0; j < i; ++j)
                assert_true(b->linear_algorithms[i]->pass != b->linear_algorithms[j]->pass ||
                            strcmp(b->linear_algorithms[i]->name, b->linear_algorithms[j]->name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cheapest_that_applies),
        cmocka_unit_test(the_first_of_another_format),
        cmocka_unit_test(names_of_a_pass_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
