/*
 * cases_test.c: the cases of AlexNet are those of the network. tests/cpu/fp32 tests that each
 * kind runs correctly.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "bench/cases.h"
#include <string.h>

/* 714,188,480 multiply-adds forward; each backward pass costs the same, except that conv1 has no
   data gradient. */
static void operations_add_up_to_those_of_the_network(void **unused)
{
    double forward = 0, all = 0;
    const double macs = 714188480, conv1 = 55 * 55 * 64 * 363.0;

    (void)unused;
    for (int i = 0; i < an_cases_step.count; ++i) {
        const an_case c = an_case_get(&an_cases_step, i, 3);
        an_case_sizes sizes;
        an_case_get_sizes(&c, &sizes);
        all += sizes.flops;
        forward += strstr(c.name, "forward") != NULL ? sizes.flops : 0;
    }
    assert_true(forward == 3 * 2 * macs);
    assert_true(all == 3 * 2 * (3 * macs - conv1));
}

static void weights_add_up_to_those_of_the_network(void **unused)
{
    int64_t weights = 0, updated = 0;

    (void)unused;
    for (int i = 0; i < an_cases_step.count; ++i) {
        const an_case c = an_case_get(&an_cases_step, i, 1);
        an_case_sizes sizes;
        an_case_get_sizes(&c, &sizes);
        if (c.kind == &an_case_conv2d[AN_BACKWARD_WEIGHTS] || c.kind == &an_case_linear_update)
            weights += (int64_t)(sizes.out[0].count + sizes.out[1].count);
        if (strstr(c.name, "update") != NULL) updated += (int64_t)sizes.out[0].count;
    }
    assert_int_equal(updated, 61100840);
    assert_int_equal(weights, 61100840);
}

static void operands_are_filled_within_their_limits(void **unused)
{
    /* four windows of 3 x 3 that begin a row and a column before a map of 3 x 3 */
    const an_pool windows = {125, 2, 3, 3, 3, 3, 2, 1, 1, 2, 2};
    const an_operand places = {.count = 1000, .type = AN_OPERAND_ARGMAX, .pool = windows};
    const an_operand labels = {.count = 1000, .type = AN_OPERAND_INT, .limit = 7};
    const an_operand values = {.count = 1000}, squares = {.count = 1000, .type = AN_OPERAND_UNIT};
    uint8_t bytes[1000];
    int32_t ints[1000];
    float floats[1000], units[1000];

    (void)unused;
    an_operand_fill(&places, 1, bytes);
    an_operand_fill(&labels, 1, ints);
    an_operand_fill(&values, 1, floats);
    an_operand_fill(&squares, 1, units);
    for (int i = 0; i < 1000; ++i) {
        const int p = i / 4 % 2, q = i / 2 % 2; /* [n][p][q][c] */
        assert_in_range(bytes[i] / 3, p == 0 ? 1 : 0, p == 0 ? 2 : 1);
        assert_in_range(bytes[i] % 3, q == 0 ? 1 : 0, q == 0 ? 2 : 1);
        assert_in_range(ints[i], 0, 6);
        assert_true(floats[i] >= -1 && floats[i] < 1);
        assert_true(units[i] >= 0 && units[i] < 1);
    }
    assert_int_equal(an_operand_bytes(&places), 1000);
    assert_int_equal(an_operand_bytes(&labels), 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_add_up_to_those_of_the_network),
        cmocka_unit_test(weights_add_up_to_those_of_the_network),
        cmocka_unit_test(operands_are_filled_within_their_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
