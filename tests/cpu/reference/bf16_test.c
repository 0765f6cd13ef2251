/*
 * bf16_test.c: rounding to bf16, and passes whose factors are rounded, by hand.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/backend.h"
#include "cpu/bf16.h"
#include "cpu/choice.h"
#include <math.h>

static float rounded(float value) { return an_bf16_to_float(an_bf16_from_float(value)); }

/* Between 1 and 2 numbers are 2^-7 apart. */
static void numbers_go_to_the_nearest_even_one(void **unused)
{
    (void)unused;
    assert_true(rounded(1) == 1 && rounded(-1.5f) == -1.5f && rounded(0) == 0);
    assert_true(signbit(rounded(-0.0f)));
    assert_true(rounded(1 + 0x1p-8f) == 1);               /* half way: down to an even number */
    assert_true(rounded(1 + 3 * 0x1p-8f) == 1 + 0x1p-6f); /* half way: up to one */
    assert_true(rounded(1 + 0x1.2p-8f) == 1 + 0x1p-7f);
    assert_true(rounded(0x1.fffffep127f) == INFINITY);
    assert_true(rounded(-INFINITY) == -INFINITY);
    assert_true(isnan(rounded(NAN)));
}

/*
 * x = 1 + 2^-8, 2   w = 1, 1 + 2^-8   are rounded to 1, 2 and 1, 1: y = 3, and db, which has no
 * products, is dy itself.
 */
static void factors_are_rounded(void **unused)
{
    const an_linear g = {.n = 1, .inputs = 2, .outputs = 1};
    const an_linear many = {.n = 64, .inputs = 2, .outputs = 1}; /* of few, training is in fp32 */
    const float x[2] = {1 + 0x1p-8f, 2}, w[2] = {1, 1 + 0x1p-8f}, dy[1] = {1 + 0x1p-8f};
    float y[1], dx[2], dw[2], db[1], scratch[256];
    float *const aligned = (float *)(void *)AN_ROUND_UP((uintptr_t)scratch, (size_t)AN_ALIGNMENT);
    const an_run run = {1, aligned, 192 * sizeof(float)};
    const an_linear_tensors t[AN_PASSES] = {
        {.x = x, .w = w, .y = y},
        {.dy = dy, .w = w, .dx = dx},
        {.x = x, .dy = dy, .dw = dw, .db = db},
    };

    (void)unused;
    for (int pass = 0; pass < AN_PASSES; ++pass) {
        const an_linear_algorithm *algorithm =
            an_choose_linear(an_backend_portable(), &many, (an_pass)pass, ALEXNET_BF16);
        assert_true(algorithm->scratch_bytes(&g, 1) <= run.scratch_bytes);
        assert_int_equal(algorithm->run(&run, &g, t + pass), ALEXNET_OK);
    }
    assert_true(y[0] == 3);
    assert_true(dx[0] == 1 && dx[1] == 1);
    assert_true(dw[0] == 1 && dw[1] == 2);
    assert_true(db[0] == dy[0]);
}

/* Convolutions are in bf16 in inference only; many images, where Winograd's pays, in fp32. */
static void convolutions_are_in_bf16_where_it_pays(void **unused)
{
    an_conv2d conv4 = {.n = 1,
                       .c = 384,
                       .h = 13,
                       .w = 13,
                       .k = 256,
                       .r = 3,
                       .s = 3,
                       .stride = 1,
                       .groups = 1,
                       .pad_top = 1,
                       .pad_left = 1,
                       .pad_bottom = 1,
                       .pad_right = 1,
                       .p = 13,
                       .q = 13,
                       .packed = true};

    (void)unused;
    assert_true(an_bf16_conv2d_pays(&conv4, AN_FORWARD));
    assert_false(an_bf16_conv2d_pays(&conv4, AN_BACKWARD_DATA));
    conv4.n = 64;
    assert_false(an_bf16_conv2d_pays(&conv4, AN_FORWARD));
    conv4.n = 1;
    conv4.packed = false;
    assert_false(an_bf16_conv2d_pays(&conv4, AN_FORWARD));
}

/* Linear layers are in bf16, except in a training step of few images, where fp32 needs fewer passes
   over the weights. */
static void linear_layers_are_in_bf16_where_it_pays(void **unused)
{
    an_linear fc7 = {.n = 32, .inputs = 4096, .outputs = 4096};

    (void)unused;
    assert_true(an_bf16_linear_pays(&fc7, AN_FORWARD));
    assert_false(an_bf16_linear_pays(&fc7, AN_BACKWARD_DATA));
    assert_false(an_bf16_linear_pays(&fc7, AN_BACKWARD_WEIGHTS));
    fc7.n = 8;
    assert_false(an_bf16_linear_pays(&fc7, AN_FORWARD));
    fc7.packed = true;
    assert_true(an_bf16_linear_pays(&fc7, AN_FORWARD));
    fc7.n = 33;
    fc7.packed = false;
    assert_true(an_bf16_linear_pays(&fc7, AN_BACKWARD_DATA));
    assert_true(an_bf16_linear_pays(&fc7, AN_BACKWARD_WEIGHTS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_go_to_the_nearest_even_one),
        cmocka_unit_test(factors_are_rounded),
        cmocka_unit_test(convolutions_are_in_bf16_where_it_pays),
        cmocka_unit_test(linear_layers_are_in_bf16_where_it_pays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
