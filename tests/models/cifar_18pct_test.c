/*
 * cifar_18pct_test.c: cifar-18pct: sizes, counts, initial weights and multipliers of its files.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "models/expect.h"

/* clang-format off */
static const expect_layer layers_18pct[] = {
    {"conv1", {32, 32, 32}, 2432, 2457600},
    {"pool1", {32, 16, 16}, 0, 0},
    {"rnorm1", {32, 16, 16}, 0, 0},
    {"conv2", {32, 16, 16}, 25632, 6553600},
    {"pool2", {32, 8, 8}, 0, 0},
    {"rnorm2", {32, 8, 8}, 0, 0},
    {"conv3", {64, 8, 8}, 51264, 3276800},
    {"pool3", {64, 4, 4}, 0, 0},
    {"fc10", {10, 1, 1}, 10250, 10240},
    {0},
};

static const expect_tensor tensors_18pct[] = {
    {"conv1.weight", 4, {32, 3, 5, 5}}, {"conv1.bias", 1, {32}},
    {"conv2.weight", 4, {32, 32, 5, 5}}, {"conv2.bias", 1, {32}},
    {"conv3.weight", 4, {64, 32, 5, 5}}, {"conv3.bias", 1, {64}},
    {"fc10.weight", 2, {10, 1024}}, {"fc10.bias", 1, {10}},
    {0},
};
/* clang-format on */

static void numbers_of_the_source(void **unused)
{
    const expect_family expected[] = {
        {"cifar-18pct",
         {3, 32, 32},
         89578,
         12298240,
         32768 + 8192 + 4096 + 10,
         layers_18pct,
         tensors_18pct},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(expected); ++i)
        an_expect_family(&expected[i]);
}

/* initW 1e-4 .01 .01 .01; wc .004 .004 .004 1, in units of .004; epsB twice epsW, not decayed. */
static void initial_weights_and_rates(void **unused)
{
    static const expect_start start_18pct[] = {
        {"conv1.weight", 0.0001, 0, 1, 2, 0},
        {"conv2.weight", 0.01, 0, 1, 2, 0},
        {"conv3.weight", 0.01, 0, 1, 2, 0},
        {"fc10.weight", 0.01, 0, 250, 2, 0},
        {0},
    };

    (void)unused;
    an_expect_start("cifar-18pct", start_18pct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_the_source),
        cmocka_unit_test(initial_weights_and_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
