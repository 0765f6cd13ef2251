/*
 * local_tmpl_test.c: locally connected layers.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/trial.h"

static void locally_connected_layers_agree(void **unused)
{
    an_stream stream = an_stream_open(2011, AN_PURPOSE_TEST, 0, 0);

    (void)unused;
    check_local(conv2d(1, 1, 1, 1, 1, 1, 1, 1, 1, (int[]){0, 0, 0, 0}));
    check_local(conv2d(5, 64, 6, 6, 32, 3, 3, 1, 1, (int[]){1, 1, 1, 1})); /* local3 of 13pct */
    check_local(conv2d(2, 3, 3, 3, 5, 3, 3, 1, 1, (int[]){4, 4, 4, 4}));   /* windows off the map */
    check_local(
        conv2d(33, 35, 4, 5, 70, 2, 3, 1, 1, (int[]){1, 0, 0, 1})); /* several tiles each way */
    for (int i = 0; i < 20; ++i) {
        const int r = 1 + (int)an_random_below(&stream, 4);
        const int s = 1 + (int)an_random_below(&stream, 4);
        const int c = 1 + (int)an_random_below(&stream, 9);
        const int k = 1 + (int)an_random_below(&stream, 40);
        int pad[4];
        for (int j = 0; j < 4; ++j)
            pad[j] = (int)an_random_below(&stream, 3);
        check_local(conv2d(1 + (int)an_random_below(&stream, 5), c,
                           r + (int)an_random_below(&stream, 6),
                           s + (int)an_random_below(&stream, 8), k, r, s,
                           1 + (int)an_random_below(&stream, 3), 1, pad));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locally_connected_layers_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
