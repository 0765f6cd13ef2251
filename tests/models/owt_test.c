/*
 * owt_test.c: cuda-convnet2's one tower: sizes, counts, initial weights and rates of its files.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "models/expect.h"

/* clang-format off */
static const expect_layer layers[] = {
    {"conv1",   {64, 55, 55},  23296,    70276800},
    {"pool1",   {64, 27, 27},  0,        0},
    {"conv2",   {192, 27, 27}, 307392,   223948800},
    {"pool2",   {192, 13, 13}, 0,        0},
    {"conv3",   {384, 13, 13}, 663936,   112140288},
    {"conv4",   {256, 13, 13}, 884992,   149520384},
    {"conv5",   {256, 13, 13}, 590080,   99680256},
    {"pool3",   {256, 6, 6},   0,        0},
    {"fc4096a", {4096, 1, 1},  37752832, 37748736},
    {"fc4096b", {4096, 1, 1},  16781312, 16777216},
    {"fc1000",  {1000, 1, 1},  4097000,  4096000},
    {0},
};

static const expect_tensor tensors[] = {
    {"conv1.weight",   4, {64, 3, 11, 11}},  {"conv1.bias",   1, {64}},
    {"conv2.weight",   4, {192, 64, 5, 5}},  {"conv2.bias",   1, {192}},
    {"conv3.weight",   4, {384, 192, 3, 3}}, {"conv3.bias",   1, {384}},
    {"conv4.weight",   4, {256, 384, 3, 3}}, {"conv4.bias",   1, {256}},
    {"conv5.weight",   4, {256, 256, 3, 3}}, {"conv5.bias",   1, {256}},
    {"fc4096a.weight", 2, {4096, 9216}},     {"fc4096a.bias", 1, {4096}},
    {"fc4096b.weight", 2, {4096, 4096}},     {"fc4096b.bias", 1, {4096}},
    {"fc1000.weight",  2, {1000, 4096}},     {"fc1000.bias",  1, {1000}},
    {0},
};
/* clang-format on */

static void numbers_of_the_source(void **unused)
{
    const expect_family expected = {"owt",  {3, 224, 224}, 61100840, 714188480,
                                    494184, layers,        tensors};

    (void)unused;
    an_expect_family(&expected);
}

/* Biases of fc1000 begin at -7; all biases learn twice as fast and are not decayed. */
static void initial_weights_and_rates(void **unused)
{
    static const expect_start start[] = {
        /* clang-format off */
        {"conv1.weight", 0.01, 0, 1, 2, 0},   {"conv2.weight", 0.01, 1, 1, 2, 0},
        {"conv3.weight", 0.03, 0, 1, 2, 0},   {"conv4.weight", 0.03, 1, 1, 2, 0},
        {"conv5.weight", 0.03, 1, 1, 2, 0},   {"fc4096a.weight", 0.01, 1, 1, 2, 0},
        {"fc4096b.weight", 0.01, 1, 1, 2, 0}, {"fc1000.weight", 0.01, -7, 1, 2, 0},
        {0},
        /* clang-format on */
    };

    (void)unused;
    an_expect_start("owt", start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_the_source),
        cmocka_unit_test(initial_weights_and_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
