/*
 * cifar_80sec_test.c: cifar-80sec: sizes, counts, initial weights and multipliers of its files.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "models/expect.h"

/* clang-format off */
static const expect_layer layers_80sec[] = {
    {"conv1", {32, 32, 32}, 2432, 2457600},
    {"pool1", {32, 16, 16}, 0, 0},
    {"conv2", {32, 16, 16}, 25632, 6553600},
    {"pool2", {32, 8, 8}, 0, 0},
    {"conv3", {64, 8, 8}, 51264, 3276800},
    {"pool3", {64, 4, 4}, 0, 0},
    {"fc64", {64, 1, 1}, 65600, 65536},
    {"fc10", {10, 1, 1}, 650, 640},
    {0},
};

static const expect_tensor tensors_80sec[] = {
    {"conv1.weight", 4, {32, 3, 5, 5}}, {"conv1.bias", 1, {32}},
    {"conv2.weight", 4, {32, 32, 5, 5}}, {"conv2.bias", 1, {32}},
    {"conv3.weight", 4, {64, 32, 5, 5}}, {"conv3.bias", 1, {64}},
    {"fc64.weight", 2, {64, 1024}}, {"fc64.bias", 1, {64}},
    {"fc10.weight", 2, {10, 64}}, {"fc10.bias", 1, {10}},
    {0},
};
/* clang-format on */

static void numbers_of_the_source(void **unused)
{
    const expect_family expected[] = {
        {"cifar-80sec",
         {3, 32, 32},
         145578,
         12354176,
         32768 + 8192 + 4096 + 64 + 10,
         layers_80sec,
         tensors_80sec},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(expected); ++i)
        an_expect_family(&expected[i]);
}

/* initW 1e-4 .01 .01 .1 .1; wc .004 .004 .004 .03 .03, in units of .004; epsB twice epsW, not
   decayed. */
static void initial_weights_and_rates(void **unused)
{
    static const expect_start start_80sec[] = {
        {"conv1.weight", 0.0001, 0, 1, 2, 0}, {"conv2.weight", 0.01, 0, 1, 2, 0},
        {"conv3.weight", 0.01, 0, 1, 2, 0},   {"fc64.weight", 0.1, 0, 7.5, 2, 0},
        {"fc10.weight", 0.1, 0, 7.5, 2, 0},   {0},
    };

    (void)unused;
    an_expect_start("cifar-80sec", start_80sec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_the_source),
        cmocka_unit_test(initial_weights_and_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
