/*
 * bn_test.c: torch7's alexnet-owt-bn: sizes and counts; statistics are not counted.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "models/expect.h"
#include <math.h>

/* clang-format off */
static const expect_layer layers[] = {
    {"conv1", {64, 55, 55},  23296,    70276800},
    {"bn1",   {64, 55, 55},  128,      0},
    {"pool1", {64, 27, 27},  0,        0},
    {"conv2", {192, 27, 27}, 307392,   223948800},
    {"bn2",   {192, 27, 27}, 384,      0},
    {"pool2", {192, 13, 13}, 0,        0},
    {"conv3", {384, 13, 13}, 663936,   112140288},
    {"bn3",   {384, 13, 13}, 768,      0},
    {"conv4", {256, 13, 13}, 884992,   149520384},
    {"bn4",   {256, 13, 13}, 512,      0},
    {"conv5", {256, 13, 13}, 590080,   99680256},
    {"bn5",   {256, 13, 13}, 512,      0},
    {"pool5", {256, 6, 6},   0,        0},
    {"fc6",   {4096, 1, 1},  37752832, 37748736},
    {"bn6",   {4096, 1, 1},  8192,     0},
    {"fc7",   {4096, 1, 1},  16781312, 16777216},
    {"bn7",   {4096, 1, 1},  8192,     0},
    {"fc8",   {1000, 1, 1},  4097000,  4096000},
    {0},
};

static const expect_tensor tensors[] = {
    {"conv1.weight", 4, {64, 3, 11, 11}}, {"conv1.bias", 1, {64}},
    {"bn1.weight", 1, {64}}, {"bn1.bias", 1, {64}}, {"bn1.running_mean", 1, {64}}, {"bn1.running_var", 1, {64}},
    {"conv2.weight", 4, {192, 64, 5, 5}}, {"conv2.bias", 1, {192}},
    {"bn2.weight", 1, {192}}, {"bn2.bias", 1, {192}}, {"bn2.running_mean", 1, {192}}, {"bn2.running_var", 1, {192}},
    {"conv3.weight", 4, {384, 192, 3, 3}}, {"conv3.bias", 1, {384}},
    {"bn3.weight", 1, {384}}, {"bn3.bias", 1, {384}}, {"bn3.running_mean", 1, {384}}, {"bn3.running_var", 1, {384}},
    {"conv4.weight", 4, {256, 384, 3, 3}}, {"conv4.bias", 1, {256}},
    {"bn4.weight", 1, {256}}, {"bn4.bias", 1, {256}}, {"bn4.running_mean", 1, {256}}, {"bn4.running_var", 1, {256}},
    {"conv5.weight", 4, {256, 256, 3, 3}}, {"conv5.bias", 1, {256}},
    {"bn5.weight", 1, {256}}, {"bn5.bias", 1, {256}}, {"bn5.running_mean", 1, {256}}, {"bn5.running_var", 1, {256}},
    {"fc6.weight", 2, {4096, 9216}}, {"fc6.bias", 1, {4096}},
    {"bn6.weight", 1, {4096}}, {"bn6.bias", 1, {4096}}, {"bn6.running_mean", 1, {4096}}, {"bn6.running_var", 1, {4096}},
    {"fc7.weight", 2, {4096, 4096}}, {"fc7.bias", 1, {4096}},
    {"bn7.weight", 1, {4096}}, {"bn7.bias", 1, {4096}}, {"bn7.running_mean", 1, {4096}}, {"bn7.running_var", 1, {4096}},
    {"fc8.weight", 2, {1000, 4096}}, {"fc8.bias", 1, {1000}},
    {0},
};
/* clang-format on */

static void numbers_of_the_source(void **unused)
{
    const expect_family expected = {"bn",   {3, 224, 224}, 61119528, 714188480,
                                    494184, layers,        tensors};

    (void)unused;
    an_expect_family(&expected);
}

/* U(-1/sqrt(fan_in), 1/sqrt(fan_in)) has deviation 1/sqrt(3 fan_in); scales are U(0, 1), whose root
 * mean square is 1/sqrt(3), shifts 0. */
static void first_values_are_torch7s(void **unused)
{
    const double third = 1 / sqrt(3);
    const expect_start start[] = {
        {"conv1.weight", third / sqrt(363), (double)NAN, 1, 1, 1},
        {"bn1.weight", third, 0, 1, 1, 1},
        {"conv2.weight", third / sqrt(1600), (double)NAN, 1, 1, 1},
        {"fc6.weight", third / sqrt(9216), (double)NAN, 1, 1, 1},
        {"bn6.weight", third, 0, 1, 1, 1},
        {"fc8.weight", third / sqrt(4096), (double)NAN, 1, 1, 1},
        {0},
    };

    (void)unused;
    an_expect_start("bn", start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_the_source),
        cmocka_unit_test(first_values_are_torch7s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
