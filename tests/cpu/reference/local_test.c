/*
 * local_test.c: locally connected layer against its definition in float64, written down as what
 * each product of an input and a weight adds to everything it touches.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/reference/reference.h"
#include <float.h>
#include <math.h>
#include <string.h>

#define SIZE_MOST 65536 /* elements of any tensor here */

/* A sum in float64, and the sum of the absolute values of its terms, which bounds the error of the
   same sum in float. */
typedef struct exact {
    double sum, size;
    int terms;
} exact;

typedef struct tensors {
    float x[SIZE_MOST], w[SIZE_MOST], bias[SIZE_MOST], dy[SIZE_MOST];
    exact y[SIZE_MOST], dx[SIZE_MOST], dw[SIZE_MOST], db[SIZE_MOST];
    float found[SIZE_MOST], found_bias[SIZE_MOST];
} tensors;

static void add(exact *to, double term)
{
    to->sum += term;
    to->size += fabs(term);
    ++to->terms;
}

static void by_definition(const an_conv2d *g, tensors *t)
{
    for (int n = 0; n < g->n; ++n)
        for (int p = 0; p < g->p; ++p)
            for (int q = 0; q < g->q; ++q)
                for (int k = 0; k < g->k; ++k) {
                    const int place = p * g->q + q;
                    const int iy = (n * g->p * g->q + place) * g->k + k;
                    add(&t->y[iy], (double)t->bias[place * g->k + k]);
                    add(&t->db[place * g->k + k], (double)t->dy[iy]);
                    for (int c = 0; c < g->c; ++c)
                        for (int r = 0; r < g->r; ++r)
                            for (int s = 0; s < g->s; ++s) {
                                const int h = p * g->stride + r - g->pad_top;
                                const int w = q * g->stride + s - g->pad_left;
                                const int ix = ((n * g->h + h) * g->w + w) * g->c + c;
                                const int iw =
                                    (((place * g->c + c) * g->r + r) * g->s + s) * g->k + k;
                                if (h < 0 || h >= g->h || w < 0 || w >= g->w) continue;
                                add(&t->y[iy], (double)t->x[ix] * (double)t->w[iw]);
                                add(&t->dx[ix], (double)t->dy[iy] * (double)t->w[iw]);
                                add(&t->dw[iw], (double)t->dy[iy] * (double)t->x[ix]);
                            }
                }
}

static void check_near(const char *what, const float *found, const exact *expected, int count)
{
    for (int i = 0; i < count; ++i) {
        const double bound = (expected[i].terms + 1) * (double)FLT_EPSILON * expected[i].size;
        if (!(fabs((double)found[i] - expected[i].sum) <= bound))
            fail_msg("%s[%d]: %.9g, expected %.9g within %.3g", what, i, (double)found[i],
                     expected[i].sum, bound);
    }
}

static void fill(an_stream *stream, float *x)
{
    for (size_t i = 0; i < SIZE_MOST; ++i)
        x[i] = 2 * an_random_unit(stream) - 1;
}

static void check(an_conv2d g)
{
    static tensors t;
    const an_run run = {.threads = 3};
    an_stream stream = an_stream_open(1, AN_PURPOSE_TEST, 0, 0);
    const int x = g.n * g.c * g.h * g.w, biases = g.p * g.q * g.k;
    const int y = g.n * biases, w = biases * g.c * g.r * g.s;

    assert_true(AN_MAX(AN_MAX(x, y), w) <= SIZE_MOST);
    memset(&t, 0, sizeof t);
    fill(&stream, t.x);
    fill(&stream, t.w);
    fill(&stream, t.bias);
    fill(&stream, t.dy);
    by_definition(&g, &t);

    memset(t.found, 0xff, sizeof t.found);
    an_local_forward__portable(&run, &g, t.x, t.w, t.bias, false, t.found);
    check_near("y", t.found, t.y, y);
    memset(t.found, 0xff, sizeof t.found);
    an_local_backward_data__portable(&run, &g, t.dy, t.w, t.found);
    check_near("dx", t.found, t.dx, x);
    memset(t.found, 0xff, sizeof t.found);
    an_local_backward_weights__portable(&run, &g, t.x, t.dy, t.found, t.found_bias);
    check_near("dw", t.found, t.dw, w);
    check_near("db", t.found_bias, t.db, biases);

    for (int i = 0; i < y; ++i) /* the ReLU cuts what is clearly below 0 */
        t.y[i].sum = AN_MAX(t.y[i].sum, 0);
    an_local_forward__portable(&run, &g, t.x, t.w, t.bias, true, t.found);
    check_near("relu(y)", t.found, t.y, y);
}

static void agrees_with_the_definition(void **unused)
{
    /* n, c, h, w; k, r, s, stride, groups; pads top, left, bottom, right; p, q */
    static const an_conv2d rows[] = {
        {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1},
        {3, 5, 6, 6, 32, 3, 3, 1, 1, 1, 1, 1, 1, 6, 6}, /* local3, small */
        {2, 3, 5, 7, 17, 3, 3, 2, 1, 1, 1, 1, 1, 3, 4},
        {2, 4, 7, 5, 15, 2, 3, 3, 1, 0, 0, 0, 0, 2, 1}, /* some input in no window */
        {2, 2, 6, 5, 50, 4, 4, 2, 1, 0, 0, 0, 1, 2, 2},
        {1, 2, 4, 4, 3, 3, 3, 1, 1, 4, 4, 4, 4, 10, 10}, /* windows entirely outside the map */
        {40, 3, 3, 3, 16, 3, 3, 1, 1, 1, 1, 1, 1, 3, 3},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check(rows[i]);
}

/*
 * 1 x 3, two places of 1 x 2, two filters: x = 1 2 3; weights [place][tap][filter]
 *   place 0: filter 0  1 2, filter 1  3 4, biases 10 20     1 + 4 + 10 = 15    3 + 8 + 20 = 31
 *   place 1: filter 0  5 6, filter 1  7 8, biases 30 40     10 + 18 + 30 = 58  14 + 24 + 40 = 78
 * dy = 1 0 at place 0, 0 1 at place 1: dx = 1, 2 + 7, 8.
 */
static void values_by_hand(void **unused)
{
    const an_conv2d g = {1, 1, 1, 3, 2, 1, 2, 1, 1, 0, 0, 0, 0, 1, 2};
    const an_run run = {.threads = 2};
    const float x[] = {1, 2, 3}, w[] = {1, 3, 2, 4, 5, 7, 6, 8}, bias[] = {10, 20, 30, 40};
    const float expected[] = {15, 31, 58, 78}, dy[] = {1, 0, 0, 1}, gradient[] = {1, 9, 8};
    const float weights[] = {1, 0, 2, 0, 0, 2, 0, 3};
    float y[4], dx[3], dw[8], db[4];

    (void)unused;
    an_local_forward__portable(&run, &g, x, w, bias, false, y);
    assert_memory_equal(y, expected, sizeof y);
    an_local_backward_data__portable(&run, &g, dy, w, dx);
    assert_memory_equal(dx, gradient, sizeof dx);
    an_local_backward_weights__portable(&run, &g, x, dy, dw, db);
    assert_memory_equal(dw, weights, sizeof dw);
    assert_memory_equal(db, dy, sizeof db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(agrees_with_the_definition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
