/*
 * verify_test.c: images within the range of pixels, differences, and numbers that are none.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "convert/verify.h"
#include <math.h>

static void images_are_those_of_random_pixels(void **state)
{
    const an_test_place *p = *state;
    alexnet_model *model;
    an_plain_map images, again;

    an_assert_ok(p->ctx, alexnet_model_describe(p->ctx, "torchvision", NULL, &model));
    an_assert_ok(p->ctx, an_verify_images(model, &images));
    an_assert_ok(p->ctx, an_verify_images(model, &again));
    assert_int_equal(images.c, 3);
    assert_int_equal(images.h, 224);
    const size_t places = 224 * 224;
    for (size_t i = 0; i < (size_t)images.n * 3 * places; ++i) {
        static const float mean[] = {0.485f, 0.456f, 0.406f}, std[] = {0.229f, 0.224f, 0.225f};
        const size_t c = i / places % 3;
        const float pixel = images.data[i] * std[c] + mean[c];
        assert_true(pixel > -1e-5f && pixel < 1 + 1e-5f);
        assert_true(images.data[i] == again.data[i]);
    }
    an_plain_free(p->ctx, &images);
    an_plain_free(p->ctx, &again);
    alexnet_model_free(model);
}

static void differences_are_relative_to_the_largest(void **state)
{
    float a[] = {1, -4, 0.5f}, b[] = {1, -4, 0.5f};
    const an_plain_map x = {1, 3, 1, 1, a}, y = {1, 3, 1, 1, b}, shorter = {1, 2, 1, 1, b};

    (void)state;
    assert_true(an_verify_difference(&x, &y) == 0);
    a[2] = 0.9f;
    assert_true(fabs(an_verify_difference(&x, &y) - 0.1) < 1e-6);
    assert_true(isnan(an_verify_difference(&x, &shorter)));
    a[0] = NAN;
    assert_true(isnan(an_verify_difference(&x, &y)));
    assert_true(isnan(an_verify_difference(&y, &x)));
    a[0] = INFINITY;
    assert_true(isnan(an_verify_difference(&x, &y)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(images_are_those_of_random_pixels),
        cmocka_unit_test(differences_are_relative_to_the_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
