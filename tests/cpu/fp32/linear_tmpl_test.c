/*
 * linear_tmpl_test.c: linear layers, and their gradients and update in one sweep over the weights.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/trial.h"

static void check_linear(int n, int inputs, int outputs)
{
    for (int pass = 0; pass < AN_PASSES; ++pass)
        for (int relu = 0; relu < (pass == AN_FORWARD ? 2 : 1); ++relu)
            check_case(&(an_case){
                .kind = &an_case_linear[pass], .linear = {n, inputs, outputs}, .relu = relu == 1});
    for (int pass = 0; pass < AN_PASSES; ++pass)
        check_case(&(an_case){.kind = &an_case_linear[pass],
                              .linear = {n, inputs, outputs},
                              .relu = n % 2 == 0,
                              .dtype = ALEXNET_BF16});
    for (int dtype = ALEXNET_BF16; dtype <= ALEXNET_INT8; ++dtype)
        check_case(&(an_case){.kind = &an_case_linear[AN_FORWARD],
                              .linear = {n, inputs, outputs, .packed = true},
                              .relu = n % 2 == 1,
                              .after_relu = outputs % 2 == 0,
                              .dtype = (alexnet_dtype)dtype});
}

static void linear_layers_agree(void **unused)
{
    static const int n[] = {0, 1, 2, 3, 4, 5, 13, 33, 64, 65};
    static const int sizes[] = {1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100};
    static const int rows[][3] = {{128, 300, 70}, {1, 1025, 143}, {5, 513, 141},
                                  {40, 600, 600}, {600, 33, 9},   {7, 1600, 290}};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(n); ++i)
        for (size_t j = 0; j < AN_COUNT(sizes); ++j)
            check_linear(n[i], sizes[j], sizes[(j * 5 + i) % AN_COUNT(sizes)]);
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check_linear(rows[i][0], rows[i][1], rows[i][2]);
}

/* The weight gradient, stored or with SGD's update, with the data gradient in the same sweep or
   without. */
static void check_sweeps(int n, int inputs, int outputs, alexnet_dtype dtype)
{
    an_case c = {.linear = {n, inputs, outputs}, .dtype = dtype, .with_data = true};

    c.kind = &an_case_linear[AN_BACKWARD_WEIGHTS];
    check_fused(&c);
    c.kind = &an_case_linear_update;
    for (int i = 0; i < 4; ++i) {
        c.with_data = i % 2 == 1;
        c.lr_inside = i / 2 == 1;
        check_fused(&c);
    }
}

static void linear_layers_go_back_in_one_sweep(void **unused)
{
    static const int rows[][3] = {{0, 1, 1},     {0, 600, 50},   {1, 1, 1},      {2, 31, 13},
                                  {5, 32, 14},   {3, 33, 15},    {8, 513, 57},   {13, 100, 29},
                                  {32, 64, 15},  {33, 64, 15},   {64, 1100, 43}, {65, 1100, 43},
                                  {70, 40, 600}, {128, 513, 70}, {7, 1600, 460}, {128, 64, 449},
                                  {513, 40, 29}, {1100, 17, 9}};
    an_stream stream = an_stream_open(2014, AN_PURPOSE_TEST, 0, 0);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        for (int dtype = ALEXNET_FP32; dtype <= ALEXNET_BF16; ++dtype)
            check_sweeps(rows[i][0], rows[i][1], rows[i][2], (alexnet_dtype)dtype);
    for (int i = 0; i < 20; ++i)
        check_sweeps(1 + (int)an_random_below(&stream, 80), 1 + (int)an_random_below(&stream, 130),
                     1 + (int)an_random_below(&stream, 70),
                     i % 2 == 0 ? ALEXNET_FP32 : ALEXNET_BF16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_layers_agree),
        cmocka_unit_test(linear_layers_go_back_in_one_sweep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
