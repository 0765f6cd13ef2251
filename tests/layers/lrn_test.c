/*
 * lrn_test.c: values by hand, gradients, refusals.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "layers/check.h"
#include <string.h>

/* k 7, alpha 1, beta 3/4: d = 16 where the window holds one 3, 3 * 16^-3/4 = 3/8. Two towers
   of two maps. */
static void values_by_hand(void **unused)
{
    static const struct {
        const char *settings;
        an_shape x;
        float first; /* of x 3 0 0 3 */
    } rows[] = {
        {"across size=1 alpha=1 beta=0.75 k=7", {1, 4, 1, 1}, 3 / 8.0f},
        {"across size=3 alpha=1 beta=0.75 k=7 groups=2", {1, 4, 1, 1}, 3 / 8.0f},
        {"across size=255 alpha=0.5 beta=0.75 k=7", {1, 4, 1, 1}, 3 / 8.0f},
        {"within size=1 alpha=1 beta=0.75 k=7", {1, 1, 2, 2}, 3 / 8.0f},
        {"within size=3 alpha=0.5 beta=0.75 k=7", {1, 1, 2, 2}, 3 / 8.0f},
    };
    static const float x[] = {3, 0, 0, 3};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const float expected[] = {rows[i].first, 0, 0, rows[i].first};
        check_layer c;
        float y[4];

        check_open(&c, "portable", "lrn", rows[i].settings, rows[i].x, AN_INFER);
        check_forward(&c, x, y);
        assert_memory_equal(y, expected, sizeof y);
        check_close(&c);
    }
}

static void gradient_agrees_with_central_differences(void **unused)
{
    static const struct {
        const char *settings;
        an_shape x;
    } rows[] = {
        {"across size=5 alpha=0.5 beta=0.75 k=1", {2, 9, 3, 2}},
        {"across size=3 alpha=2 beta=0.75 k=1 groups=3", {2, 12, 2, 3}},
        {"across size=5 alpha=1 beta=0.5 k=2 groups=5", {3, 5, 1, 1}},
        {"across size=9 alpha=1 beta=0.75 k=2", {1, 3, 3, 1}},
        {"across size=5 alpha=1 beta=0.75 k=2", {2, 1, 3, 3}},
        {"across size=1 alpha=1 beta=1.5 k=1", {1, 4, 2, 2}},
        {"within size=3 alpha=0.5 beta=0.75 k=1", {2, 3, 5, 4}},
        {"within size=5 alpha=0.2 beta=0.75 k=1", {1, 2, 7, 3}},
        {"within size=1 alpha=1 beta=0.75 k=2", {2, 2, 3, 3}},
        {"within size=9 alpha=0.5 beta=0.5 k=1", {1, 1, 2, 5}},
        {"within size=3 alpha=1 beta=0.75 k=1", {3, 7, 1, 1}},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check_gradient("lrn", rows[i].settings, rows[i].x, 1e-2, 1e-3);
}

static void refuses_what_does_not_fit(void **unused)
{
    static const struct {
        const char *settings;
        alexnet_status status;
        const char *part;
    } rows[] = {
        {"across size=4 alpha=1 beta=0.75 k=1", ALEXNET_BAD_ARG, "odd"},
        {"across size=5 alpha=1 beta=0.75 k=1 groups=4", ALEXNET_BAD_SHAPE, "4 groups"},
        {"across size=5 alpha=1 beta=0.75 k=0", ALEXNET_BAD_ARG, "k"},
        {"across size=5 beta=0.75 k=1", ALEXNET_BAD_ARG, "alpha"},
        {"size=5 alpha=1 beta=0.75 k=1", ALEXNET_BAD_ARG, "kind"},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        char message[256];
        an_shape y;

        assert_int_equal(check_shape("lrn", rows[i].settings, (an_shape){1, 6, 3, 3}, &y, message,
                                     sizeof message),
                         rows[i].status);
        assert_non_null(strstr(message, rows[i].part));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(gradient_agrees_with_central_differences),
        cmocka_unit_test(refuses_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
