/*
 * linear_test.c: the reference linear layer against values worked by hand.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/backend.h"
#include "cpu/choice.h"

/*
 * x = 1 2 3   w = 1  0 1   bias = 10   y = x w^T + bias = 1+3+10   -2+3-6 = 14 -5
 *     4 5 6       0 -1 1          -6                      4+6+10   -5+6-6   20 -5
 */
static const an_linear g = {2, 3, 2};
static const float x[6] = {1, 2, 3, 4, 5, 6}, w[6] = {1, 0, 1, 0, -1, 1}, bias[2] = {10, -6};
static const an_run run = {.threads = 2};

static alexnet_status run_pass(an_pass pass, an_linear_tensors t)
{
    return an_choose_linear(an_backend_portable(), &g, pass, ALEXNET_FP32)->run(&run, &g, &t);
}

static void forward_by_hand(void **unused)
{
    const float plain[4] = {14, -5, 20, -5}, above[4] = {14, 0, 20, 0}, bare[4] = {4, 1, 10, 1};
    float y[4];

    (void)unused;
    assert_int_equal(
        run_pass(AN_FORWARD,
                 (an_linear_tensors){.x = x, .w = w, .bias = bias, .relu = false, .y = y}),
        ALEXNET_OK);
    assert_memory_equal(y, plain, sizeof y);
    assert_int_equal(
        run_pass(AN_FORWARD,
                 (an_linear_tensors){.x = x, .w = w, .bias = bias, .relu = true, .y = y}),
        ALEXNET_OK);
    assert_memory_equal(y, above, sizeof y);
    assert_int_equal(
        run_pass(AN_FORWARD,
                 (an_linear_tensors){.x = x, .w = w, .bias = NULL, .relu = false, .y = y}),
        ALEXNET_OK);
    assert_memory_equal(y, bare, sizeof y);
}

/*
 * dy = 1 2   dx = dy w = 1  -2  3    dw = dy^T x = 1+12  2+15  3+18 = 13 17 21   db = 1+3 2+4
 *      3 4               3  -4  7                  2+16  4+20  6+24   18 24 30
 */
static void backward_by_hand(void **unused)
{
    const float dy[4] = {1, 2, 3, 4};
    const float dx_expected[6] = {1, -2, 3, 3, -4, 7}, dw_expected[6] = {13, 17, 21, 18, 24, 30},
                db_expected[2] = {4, 6};
    const an_sgd_update update = {
        .rule = {.lr = 0.5F, .momentum = 0.25F}, .v = (float[6]){4, 8}, .w = (float[6]){1, 2}};
    const float v_expected[6] = {14, 19, 21, 18, 24, 30},  /* v / 4 + dw */
        w_expected[6] = {-6, -7.5F, -10.5F, -9, -12, -15}; /* w - v / 2 */
    float dx[6], dw[6], db[2];

    (void)unused;
    assert_int_equal(run_pass(AN_BACKWARD_DATA, (an_linear_tensors){.dy = dy, .w = w, .dx = dx}),
                     ALEXNET_OK);
    assert_memory_equal(dx, dx_expected, sizeof dx);
    assert_int_equal(
        run_pass(AN_BACKWARD_WEIGHTS, (an_linear_tensors){.x = x, .dy = dy, .dw = dw, .db = db}),
        ALEXNET_OK);
    assert_memory_equal(dw, dw_expected, sizeof dw);
    assert_memory_equal(db, db_expected, sizeof db);
    assert_int_equal(
        run_pass(AN_BACKWARD_WEIGHTS, (an_linear_tensors){.x = x, .dy = dy, .dw = dw, .db = NULL}),
        ALEXNET_OK);
    assert_memory_equal(dw, dw_expected, sizeof dw);
    assert_int_equal(
        run_pass(AN_BACKWARD_WEIGHTS, (an_linear_tensors){.x = x, .dy = dy, .update = &update}),
        ALEXNET_OK);
    assert_memory_equal(update.v, v_expected, sizeof v_expected);
    assert_memory_equal(update.w, w_expected, sizeof w_expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_by_hand),
        cmocka_unit_test(backward_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
