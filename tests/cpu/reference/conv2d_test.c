/*
 * conv2d_test.c: the reference convolution against the definition, written down in float64 as what
 * each product of an input and a weight adds to everything it touches.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/backend.h"
#include "cpu/choice.h"
#include "cpu/reference/reference.h"
#include <math.h>
#include <string.h>

#define SIZE_MOST 4096 /* elements of any tensor here */

/* All tensors [n][c][h][w]. */
typedef struct tensors {
    float x[SIZE_MOST], w[SIZE_MOST], bias[64], dy[SIZE_MOST];
    double y[SIZE_MOST], dx[SIZE_MOST], dw[SIZE_MOST], db[64];
    float found[SIZE_MOST], inside_x[SIZE_MOST], inside_y[SIZE_MOST], inside[SIZE_MOST];
} tensors;

static void fill(an_stream *stream, float *x, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        x[i] = 2 * an_random_unit(stream) - 1;
}

static void by_definition(const an_conv2d *g, tensors *t)
{
    const int cg = g->c / g->groups, kg = g->k / g->groups;

    for (int n = 0; n < g->n; ++n)
        for (int k = 0; k < g->k; ++k)
            for (int p = 0; p < g->p; ++p)
                for (int q = 0; q < g->q; ++q) {
                    const int iy = ((n * g->k + k) * g->p + p) * g->q + q;
                    t->y[iy] += (double)t->bias[k];
                    t->db[k] += (double)t->dy[iy];
                    for (int c = 0; c < cg; ++c)
                        for (int r = 0; r < g->r; ++r)
                            for (int s = 0; s < g->s; ++s) {
                                const int h = p * g->stride + r - g->pad_top;
                                const int w = q * g->stride + s - g->pad_left;
                                const int ix = ((n * g->c + k / kg * cg + c) * g->h + h) * g->w + w;
                                const int iw = ((k * cg + c) * g->r + r) * g->s + s;
                                if (h < 0 || h >= g->h || w < 0 || w >= g->w) continue;
                                t->y[iy] += (double)t->x[ix] * (double)t->w[iw];
                                t->dx[ix] += (double)t->dy[iy] * (double)t->w[iw];
                                t->dw[iw] += (double)t->dy[iy] * (double)t->x[ix];
                            }
                }
}

static void check_near(const float *found, const double *expected, int count)
{
    for (int i = 0; i < count; ++i)
        assert_true(fabs((double)found[i] - expected[i]) <= 1e-6 * (1 + fabs(expected[i])));
}

static void check(an_conv2d g)
{
    static tensors t;
    const an_run run = {.threads = 2};
    const an_shape x_shape = {g.n, g.c, g.h, g.w}, y_shape = {g.n, g.k, g.p, g.q};
    const int weights = g.k * (g.c / g.groups) * g.r * g.s;
    const int x_count = (int)an_shape_count(x_shape), y_count = (int)an_shape_count(y_shape);
    an_stream stream = an_stream_open(3, AN_PURPOSE_TEST, 0, 0);

    assert_true(weights <= SIZE_MOST && x_count <= SIZE_MOST && y_count <= SIZE_MOST && g.k <= 64);
    memset(&t, 0, sizeof t);
    fill(&stream, t.x, (size_t)x_count);
    fill(&stream, t.w, (size_t)weights);
    fill(&stream, t.bias, (size_t)g.k);
    fill(&stream, t.dy, (size_t)y_count);
    by_definition(&g, &t);
    an_from_nchw__portable(&run, x_shape, t.x, t.inside_x);
    an_from_nchw__portable(&run, y_shape, t.dy, t.inside_y);

    for (int relu = 0; relu < 2; ++relu) {
        an_choose_conv2d(an_backend_portable(), &g, AN_FORWARD, ALEXNET_FP32)
            ->run(&run, &g,
                  &(an_conv2d_tensors){
                      .x = t.inside_x, .w = t.w, .bias = t.bias, .y = t.inside, .relu = relu == 1});
        an_to_nchw__portable(&run, y_shape, t.inside, t.found);
        for (int i = 0; relu == 1 && i < y_count; ++i)
            t.y[i] = fmax(t.y[i], 0);
        check_near(t.found, t.y, y_count);
    }
    an_choose_conv2d(an_backend_portable(), &g, AN_BACKWARD_DATA, ALEXNET_FP32)
        ->run(&run, &g, &(an_conv2d_tensors){.dy = t.inside_y, .w = t.w, .dx = t.inside});
    an_to_nchw__portable(&run, x_shape, t.inside, t.found);
    check_near(t.found, t.dx, x_count);

    float db[64];
    an_choose_conv2d(an_backend_portable(), &g, AN_BACKWARD_WEIGHTS, ALEXNET_FP32)
        ->run(&run, &g,
              &(an_conv2d_tensors){.x = t.inside_x, .dy = t.inside_y, .dw = t.found, .db = db});
    check_near(t.found, t.dw, weights);
    check_near(db, t.db, g.k);
    memset(t.found, 0, sizeof t.found);
    an_choose_conv2d(an_backend_portable(), &g, AN_BACKWARD_WEIGHTS, ALEXNET_FP32)
        ->run(&run, &g, &(an_conv2d_tensors){.x = t.inside_x, .dy = t.inside_y, .dw = t.found});
    check_near(t.found, t.dw, weights);
}

static void agrees_with_the_definition(void **unused)
{
    /* n, c, h, w; k, r, s, stride, groups; pads top, left, bottom, right; p, q */
    static const an_conv2d rows[] = {
        {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1},
        {2, 3, 11, 13, 5, 5, 5, 4, 1, 2, 2, 2, 2, 3, 4},
        {2, 6, 5, 5, 4, 3, 3, 1, 2, 1, 1, 1, 1, 5, 5},
        {3, 2, 6, 7, 3, 2, 3, 2, 1, 0, 1, 0, 0, 3, 3},
        {1, 4, 7, 7, 4, 3, 3, 2, 4, 0, 0, 1, 1, 3, 3},
        {2, 2, 7, 7, 2, 1, 1, 3, 1, 0, 0, 0, 0, 3, 3},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check(rows[i]);
}

/*
 * x = 1 2 3    w = 1 0    pad 0, stride 1, bias -10, ReLU
 *     4 5 6        0 1
 *     7 8 9
 * y = 1+5 2+6 = 6 8   less 10: -4 -2, above 0:  0 0
 *     4+8 5+9  12 14            2  4            2 4
 */
static void worked_by_hand(void **unused)
{
    const an_run run = {.threads = 1};
    const an_conv2d g = {1, 1, 3, 3, 1, 2, 2, 1, 1, 0, 0, 0, 0, 2, 2};
    const float x[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, w[4] = {1, 0, 0, 1}, bias[1] = {-10},
                expected[4] = {0, 0, 2, 4};
    float y[4];

    (void)unused;
    an_choose_conv2d(an_backend_portable(), &g, AN_FORWARD, ALEXNET_FP32)
        ->run(&run, &g, &(an_conv2d_tensors){.x = x, .w = w, .bias = bias, .y = y, .relu = true});
    assert_memory_equal(y, expected, sizeof y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_definition),
        cmocka_unit_test(worked_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
