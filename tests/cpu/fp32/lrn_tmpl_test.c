/*
 * lrn_tmpl_test.c: local response normalisation, and with the pooling that follows.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/trial.h"

static void normalisations_agree(void **unused)
{
    /* n, c, h, w; within, size, groups; alpha, beta, k */
    static const an_lrn rows[] = {
        {1, 1, 1, 1, false, 1, 1, 1, 0.75f, 1},
        {2, 96, 7, 5, false, 5, 2, 2e-5f, 0.75f, 2}, /* the paper's first, small */
        {1, 3, 4, 4, false, 255, 3, 1, 0.75f, 1},    /* a window beyond its group */
        {2, 32, 6, 9, true, 5, 1, 4e-5f, 0.75f, 1},  /* net #145's same-map norm, small */
        {1, 2, 3, 2, true, 255, 1, 1, 0.5f, 1},
    };
    an_stream stream = an_stream_open(2012, AN_PURPOSE_TEST, 1, 0);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check_lrn(rows[i]);
    for (int i = 0; i < 40; ++i)
        check_lrn(random_lrn(&stream, i));
}

static void normalisations_pool(void **unused)
{
    static const struct {
        int n, c, h, w;
        bool within;
        int size, groups, pool, step, pad;
    } rows[] = {
        {2, 96, 55, 5, false, 5, 2, 3, 2, 0}, /* several chunks of rows */
        {3, 32, 13, 9, true, 5, 1, 3, 2, 0},
        {2, 19, 24, 6, false, 3, 1, 3, 1, 1}, /* windows with two rows in common; padding */
        {1, 7, 47, 3, true, 3, 1, 2, 2, 0},   /* with none in common, the last past the edge */
        {2, 5, 29, 3, false, 9, 5, 2, 3, 0},  /* with rows between them */
        {1, 1, 1, 1, false, 1, 1, 1, 1, 0},
    };
    an_stream stream = an_stream_open(2012, AN_PURPOSE_TEST, 3, 0);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check_lrn(
            (an_lrn){.n = rows[i].n,
                     .c = rows[i].c,
                     .h = rows[i].h,
                     .w = rows[i].w,
                     .within = rows[i].within,
                     .size = rows[i].size,
                     .groups = rows[i].groups,
                     .alpha = 0.1f,
                     .beta = 0.75f,
                     .k = 1,
                     .relu = i % 2 == 0,
                     .pool = pool_over(rows[i].n, rows[i].c, rows[i].h, rows[i].w, rows[i].pool,
                                       rows[i].step, rows[i].pad, AN_ROUND_UP_SIZE)});
    for (int i = 0; i < 20; ++i) {
        an_lrn g = random_lrn(&stream, i);
        g.pool = random_pool(&stream, g.n, g.c, g.h, g.w);
        check_lrn(g);
    }
}

static void no_images_have_no_normalisation(void **unused)
{
    an_stream stream = an_stream_open(2012, AN_PURPOSE_TEST, 4, 0);

    (void)unused;
    for (int i = 0; i < 8; ++i) {
        an_lrn g = random_lrn(&stream, i);
        g.n = 0;
        check_lrn(g);
        g.pool = random_pool(&stream, 0, g.c, g.h, g.w);
        check_lrn(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normalisations_agree),
        cmocka_unit_test(normalisations_pool),
        cmocka_unit_test(no_images_have_no_normalisation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
