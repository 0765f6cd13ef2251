/*
 * kernels_tmpl_test.c: every primitive of every tier this machine has, against the portable twin.
 *
 * One function checks any case: the result lies within the bound that the length of its sums gives, two to four threads
 * give the same bits as one, and nothing outside the operands and the booked scratch is touched. A second one holds what is
 * fused to the bits of its parts.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/backend.h"
#include "cpu/cases.h"
#include "cpu/cost.h"
#include "cpu/winograd.h"
#include "guarded.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the check ---- */

typedef struct trial {
    const an_case *c;
    an_case_sizes sizes;
    bool positive; /* all numbers */
    guarded in[AN_CASE_INPUTS], out[AN_CASE_OUTPUTS];
} trial;

static trial trial_at(const an_case *c, guarded (*place)(size_t bytes))
{
    trial t = {.c = c};

    an_case_get_sizes(c, &t.sizes);
    for (int i = 0; i < AN_CASE_INPUTS; ++i) {
        t.in[i] = place(an_operand_bytes(&t.sizes.in[i]));
        an_operand_fill(&t.sizes.in[i], (uint64_t)i, t.in[i].data);
    }
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i)
        t.out[i] = place(an_operand_bytes(&t.sizes.out[i]));
    return t;
}

static trial trial_new(const an_case *c) { return trial_at(c, guarded_new); }

static void trial_free(trial *t)
{
    for (int i = 0; i < AN_CASE_INPUTS; ++i)
        guarded_free(&t->in[i]);
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i)
        guarded_free(&t->out[i]);
}

static void fill(const trial *t, const an_operand *operand, uint64_t seed, guarded *block)
{
    float *data = block->data;

    an_operand_fill(operand, seed, data);
    for (size_t i = 0; t->positive && operand->type == AN_OPERAND_FLOAT && i < operand->count; ++i)
        data[i] = fabsf(data[i]);
}

/* Outputs that are read start with the same values each time, others as not-a-number. */
static void trial_run(trial *t, const an_backend *backend, int threads)
{
    an_case c = *t->c;
    guarded scratch = guarded_new(an_case_scratch(&c, backend, threads));
    guarded prepared = guarded_new(an_case_prepared_bytes(&c, backend));
    an_run run = {threads, scratch.data, scratch.bytes};
    const void *in[AN_CASE_INPUTS];
    void *out[AN_CASE_OUTPUTS];

    for (int i = 0; i < AN_CASE_INPUTS; ++i)
        in[i] = t->in[i].data;
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i) {
        out[i] = t->out[i].data;
        if (t->sizes.updates)
            fill(t, &t->sizes.out[i], (uint64_t)(10 + i), &t->out[i]);
        else
            memset(out[i], 0xff, t->out[i].bytes);
    }
    if (prepared.bytes > 0)
        assert_int_equal(an_case_prepare(&c, backend, &run, in, prepared.data), ALEXNET_OK);
    assert_int_equal(an_case_run(&c, backend, &run, in, out), ALEXNET_OK);
    guarded_free(&scratch);
    guarded_free(&prepared);
}

/* Makes every number positive: the portable result is then the sum of |a||b|, the scale of the error. */
static void make_positive(trial *t)
{
    t->positive = true;
    for (int i = 0; i < AN_CASE_INPUTS; ++i)
        fill(t, &t->sizes.in[i], (uint64_t)i, &t->in[i]);
}

/*
 * A Winograd tile's rounding is of the size of all its sums. Where a pooling leaves gaps in the gradient, an element's own may
 * be 0 beside them: both of its gradients are measured by their largest. 0: each element by its own.
 */
static double shared_scale(const trial *scale, int output)
{
    const an_case *c = scale->c;
    const float *s = scale->out[output].data;
    float largest = 0;

    if (c->conv2d.pool.r == 0 || c->kind == &an_case_conv2d[AN_FORWARD] || output > 0) return 0;
    for (size_t i = 0; i < scale->sizes.out[output].count; ++i)
        largest = fmaxf(largest, s[i]);
    return (double)largest;
}

static void check_close(const trial *found, const trial *expected, const trial *scale,
                        const char *what)
{
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i) {
        const float *f = found->out[i].data;
        const float *e = expected->out[i].data;
        const float *s = scale->out[i].data;
        const double shared = shared_scale(scale, i);
        if (found->sizes.out[i].type == AN_OPERAND_PLACE)
            continue; /* rounding decides between equals: check_parts() */
        for (size_t j = 0; j < found->sizes.out[i].count; ++j) {
            const double bound = (double)(found->sizes.terms + 1) * (double)FLT_EPSILON *
                                 AN_MAX((double)s[j], shared);
            if (!(fabs((double)f[j] - (double)e[j]) <= bound))
                fail_msg("%s: output %d, element %zu: %.9g, expected %.9g within %.3g", what, i, j,
                         (double)f[j], (double)e[j], bound);
        }
    }
}

static void check_equal(const trial *found, const trial *expected, const char *what)
{
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i)
        if (memcmp(found->out[i].data, expected->out[i].data, found->out[i].bytes) != 0)
            fail_msg("%s: output %d differs in its bits", what, i);
}

static const char *const dtype_names[] = {"fp32", "bf16", "int8"};

static void describe(const an_case *c, const char *tier, int threads, char *text, size_t bytes)
{
    const an_conv2d *v = &c->conv2d;
    const an_linear *l = &c->linear;
    const an_lrn *r = &c->lrn;
    const an_pool *p = v->pool.r > 0 ? &v->pool : r->pool.r > 0 ? &r->pool : &c->pool;

    (void)snprintf(
        text, bytes,
        "%s, %s, %s, %d threads (conv2d %d %dx%dx%d, %d of %dx%d/%d groups %d; linear %d %d %d; "
        "pool %d %dx%dx%d, %dx%d/%d; lrn %d %dx%dx%d, %s %d groups %d; shape %d %d %d %d)",
        c->kind->name, dtype_names[c->dtype], tier, threads, v->n, v->c, v->h, v->w, v->k, v->r,
        v->s, v->stride, v->groups, l->n, l->inputs, l->outputs, p->n, p->c, p->h, p->w, p->r, p->s,
        p->stride, r->n, r->c, r->h, r->w, r->within ? "within" : "across", r->size, r->groups,
        c->shape.n, c->shape.c, c->shape.h, c->shape.w);
}

static void check_case(const an_case *c)
{
    const an_backend *portable = an_backend_portable(an_cpu_detect());
    const an_backend *backend;
    trial expected = trial_new(c);
    trial scale = trial_new(c);
    trial one = trial_new(c);
    trial several = trial_at(c, guarded_new_first);
    char what[512];
    an_case plain = *c;

    plain.relu = false;
    plain.ascends = true;
    scale.c = &plain;
    make_positive(&scale);
    trial_run(&expected, portable, 1);
    trial_run(&scale, portable, 1);

    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i) {
        if (backend == NULL) continue;
        trial_run(&one, backend, 1);
        describe(c, backend->tier, 1, what, sizeof what);
        if (c->kind->exact || c->dtype == ALEXNET_INT8) /* sums of whole numbers are exact */
            check_equal(&one, &expected, what);
        else
            check_close(&one, &expected, &scale, what);
        for (int threads = 2; threads <= 4; ++threads) {
            trial_run(&several, backend, threads);
            describe(c, backend->tier, threads, what, sizeof what);
            check_equal(&several, &one, what);
        }
    }
    trial_free(&expected);
    trial_free(&scale);
    trial_free(&one);
    trial_free(&several);
}

/*
 * What is fused gives the bits that its parts give, one after the other, in every tier: but for the gradient of a pooled
 * convolution's biases, which is a sum in another order.
 */
static void check_parts(const an_case *c)
{
    const an_backend *portable = an_backend_portable(an_cpu_detect()), *backend;
    const bool pools = c->conv2d.pool.r > 0;
    const bool other_order = pools && c->kind == &an_case_conv2d[AN_BACKWARD_WEIGHTS];
    an_case parts = *c;
    trial fused = trial_new(c), apart = trial_new(&parts);
    char what[512];

    parts.apart = true;
    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i) {
        if (backend == NULL || (pools && backend == portable)) continue; /* which pools apart */
        trial_run(&apart, backend, 1);
        trial_run(&fused, backend, 2);
        if (other_order) memcpy(fused.out[1].data, apart.out[1].data, apart.out[1].bytes);
        describe(c, backend->tier, 2, what, sizeof what);
        check_equal(&fused, &apart, what);
    }
    trial_free(&fused);
    trial_free(&apart);
}

static void check_fused(const an_case *c)
{
    check_case(c);
    check_parts(c);
}

/* ---- convolution ---- */

static an_conv2d conv2d(int n, int c, int h, int w, int k, int r, int s, int stride, int groups,
                        const int pad[4])
{
    return (an_conv2d){n,
                       c,
                       h,
                       w,
                       k,
                       r,
                       s,
                       stride,
                       groups,
                       pad[0],
                       pad[1],
                       pad[2],
                       pad[3],
                       .p = (h + pad[0] + pad[2] - r) / stride + 1,
                       .q = (w + pad[1] + pad[3] - s) / stride + 1};
}

static void check_conv2d(an_conv2d g)
{
    void (*const check)(const an_case *c) = g.pool.r > 0 ? check_fused : check_case;

    for (int pass = 0; pass < AN_PASSES; ++pass)
        for (int relu = 0; relu < (pass == AN_BACKWARD_WEIGHTS ? 1 : 2); ++relu)
            check(&(an_case){.kind = &an_case_conv2d[pass], .conv2d = g, .relu = relu == 1});
    g.prepared = true;
    for (int dtype = ALEXNET_FP32; dtype <= ALEXNET_INT8; ++dtype)
        check(&(an_case){.kind = &an_case_conv2d[AN_FORWARD],
                         .conv2d = g,
                         .relu = g.n % 2 == 0,
                         .behind_relu = g.k % 2 == 0,
                         .dtype = (alexnet_dtype)dtype});
}

static void convolutions_agree_on_edges(void **unused)
{
    /* n, c, h, w; k, r, s, stride, groups; pads top, left, bottom, right */
    static const struct {
        int g[9], pad[4];
    } rows[] = {
        {{1, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 0, 0}},
        {{1, 3, 23, 27, 7, 11, 11, 4, 1}, {2, 2, 2, 2}}, /* conv1, small */
        {{2, 3, 19, 19, 33, 11, 11, 4, 1}, {0, 0, 0, 0}},
        {{2, 3, 20, 20, 8, 11, 11, 4, 1}, {0, 0, 3, 3}}, /* padding "up" */
        {{3, 8, 9, 9, 12, 5, 5, 1, 2}, {2, 2, 2, 2}},    /* conv2, small, two towers */
        {{5, 5, 13, 13, 31, 3, 3, 1, 1}, {1, 1, 1, 1}},
        {{2, 15, 7, 14, 32, 3, 3, 1, 1}, {1, 1, 1, 1}},
        {{2, 16, 7, 15, 33, 3, 3, 1, 1}, {1, 1, 1, 1}},
        {{2, 17, 4, 29, 64, 1, 1, 1, 1}, {0, 0, 0, 0}},
        {{1, 34, 6, 6, 34, 3, 3, 1, 17}, {1, 1, 1, 1}},
        {{7, 19, 5, 5, 37, 5, 5, 1, 1}, {0, 0, 0, 0}}, /* the filter is as large as the map */
        {{3, 4, 6, 5, 65, 6, 5, 3, 1}, {0, 0, 0, 0}},
        {{3, 4, 6, 5, 6, 6, 5, 9, 1}, {1, 2, 0, 0}}, /* as large, but not in the same place */
        {{9, 70, 1, 1, 34, 1, 1, 1, 1}, {0, 0, 0, 0}},
        {{2, 6, 8, 8, 6, 3, 3, 1, 6}, {1, 1, 1, 1}}, /* depthwise */
        {{2, 7, 9, 9, 5, 2, 2, 3, 1}, {0, 0, 0, 0}}, /* stride beyond the window */
        {{2, 4, 9, 8, 5, 1, 3, 2, 1}, {0, 1, 0, 1}},
        {{2, 4, 9, 8, 6, 3, 1, 2, 2}, {1, 0, 1, 0}},
        {{1, 4, 10, 10, 6, 3, 3, 2, 1}, {0, 0, 1, 1}}, /* "same" of TensorFlow */
        {{1, 2, 5, 5, 3, 3, 3, 1, 1}, {4, 4, 4, 4}},   /* zeros beyond the window's size */
        {{1, 2, 6, 6, 3, 6, 6, 1, 1}, {0, 0, 0, 0}},   /* one output */
        {{1, 2, 3, 3, 3, 5, 5, 2, 1}, {1, 1, 1, 1}},
        {{1, 3, 7, 40, 4, 3, 4, 3, 1}, {3, 2, 1, 0}},
        {{9, 2, 4, 4, 3, 3, 3, 1, 1}, {1, 1, 1, 1}}, /* several images to a chunk, and a rest */
        {{1, 48, 5, 5, 100, 3, 3, 1, 1}, {1, 1, 1, 1}},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const int *g = rows[i].g;
        check_conv2d(conv2d(g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], g[8], rows[i].pad));
    }
}

static void convolutions_agree_on_random_shapes(void **unused)
{
    an_stream stream = an_stream_open(2012, AN_PURPOSE_TEST, 0, 0);

    (void)unused;
    for (int i = 0; i < 60; ++i) {
        const int groups = 1 + (int)an_random_below(&stream, 3);
        const int c = groups * (1 + (int)an_random_below(&stream, 20));
        const int k = groups * (1 + (int)an_random_below(&stream, 40));
        const int r = 1 + (int)an_random_below(&stream, 5);
        const int s = 1 + (int)an_random_below(&stream, 5);
        const int h = r + (int)an_random_below(&stream, 12);
        const int w = s + (int)an_random_below(&stream, 18);
        int pad[4];
        for (int j = 0; j < 4; ++j)
            pad[j] = (int)an_random_below(&stream, 4);
        check_conv2d(conv2d(1 + (int)an_random_below(&stream, 6), c, h, w, k, r, s,
                            1 + (int)an_random_below(&stream, 4), groups, pad));
    }
}

/* ---- Winograd's convolution ---- */

/* The size of the difference to the portable twin, which sums in double, over the size of its result. */
static void check_relative_error(const an_case *c, double limit)
{
    const an_backend *backend;
    trial expected = trial_new(c), found = trial_new(c);
    char what[512];

    trial_run(&expected, an_backend_portable(an_cpu_detect()), 1);
    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i) {
        if (backend == NULL) continue;
        trial_run(&found, backend, 2);
        for (int o = 0; o < AN_CASE_OUTPUTS; ++o) {
            const float *f = found.out[o].data, *e = expected.out[o].data;
            double size = 0, difference = 0;
            if (found.sizes.out[o].type == AN_OPERAND_PLACE) continue;
            for (size_t j = 0; j < found.sizes.out[o].count; ++j) {
                size += pow((double)e[j], 2);
                difference += pow((double)f[j] - (double)e[j], 2);
            }
            describe(c, backend->tier, 2, what, sizeof what);
            if (!(sqrt(difference) <= limit * sqrt(size)))
                fail_msg("%s: output %d: relative error %.3g", what, o, sqrt(difference / size));
        }
    }
    trial_free(&expected);
    trial_free(&found);
}

/* The same bits for any number of threads. */
static void check_threads(const an_case *c)
{
    const an_backend *backend;
    trial one = trial_new(c), several = trial_at(c, guarded_new_first);
    char what[512];

    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i) {
        if (backend == NULL) continue;
        trial_run(&one, backend, 1);
        for (int threads = 2; threads <= 4; ++threads) {
            trial_run(&several, backend, threads);
            describe(c, backend->tier, threads, what, sizeof what);
            check_equal(&several, &one, what);
        }
    }
    trial_free(&one);
    trial_free(&several);
}

static double macs_of(const an_conv2d *g)
{
    return (double)g->n * g->p * g->q * g->k * g->r * g->s * (g->c / g->groups);
}

/* Whether the cost of it is the lower one, in the tier that most machines of ours have. */
static bool is_by_winograd(const an_conv2d *g, an_pass pass)
{
    const an_tier_cost *tier = &an_cost_avx512;

    return an_winograd_applies(g, pass) &&
           an_winograd_cost(tier, g, pass, AN_CHOICE_THREADS).seconds <
               an_direct_cost(tier, ALEXNET_FP32, g, pass, AN_CHOICE_THREADS).seconds;
}

/* Tiles of every size and cut, groups, channels that fill no vector, paddings of every kind; several chunks. The bound
   is the project's for a layer, 1e-5. */
static void winograd_agrees(void **unused)
{
    static const struct {
        int n, c, h, w, k, r, groups, pad[4];
    } rows[] = {
        {8, 32, 13, 13, 40, 3, 1, {1, 1, 1, 1}},    /* conv3 to conv5, small: 5 + 4 + 4 */
        {5, 33, 27, 27, 48, 5, 1, {2, 2, 2, 2}},    /* conv2, small */
        {6, 48, 27, 27, 64, 5, 2, {2, 2, 2, 2}},    /* the same in two towers */
        {9, 34, 13, 11, 70, 3, 2, {1, 1, 1, 1}},    /* channels and filters that fill no block */
        {9, 17, 14, 9, 16, 3, 1, {0, 0, 0, 0}},     /* no padding */
        {9, 16, 12, 8, 31, 3, 1, {2, 2, 2, 2}},     /* as much as the data gradient can take */
        {9, 16, 12, 8, 17, 3, 1, {0, 1, 2, 0}},     /* uneven */
        {40, 40, 3, 2, 40, 3, 1, {1, 1, 1, 1}},     /* a tile or less */
        {20, 32, 8, 8, 64, 5, 1, {2, 2, 2, 2}},     /* cifar-19pct's conv3 */
        {3, 64, 55, 41, 64, 3, 1, {1, 1, 1, 1}},    /* more than one chunk for each thread */
        {12, 16, 13, 13, 1360, 3, 1, {1, 1, 1, 1}}, /* the same for all threads: large filters */
    };
    int paid[AN_PASSES] = {0}, left_out = 0;

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_conv2d g = conv2d(rows[i].n, rows[i].c, rows[i].h, rows[i].w, rows[i].k, rows[i].r,
                                   rows[i].r, 1, rows[i].groups, rows[i].pad);
        if (macs_of(&g) > 1e8 && an_test_leaves_out("a large shape")) {
            ++left_out;
            continue;
        }
        for (int pass = 0; pass < AN_PASSES; ++pass) {
            an_case c = {.kind = &an_case_conv2d[pass], .conv2d = g, .relu = i % 2 == 0};
            if (!is_by_winograd(&g, (an_pass)pass)) continue;
            ++paid[pass];
            check_case(&c);
            check_relative_error(&c, 1e-5);
            if (pass != AN_FORWARD) continue;
            c.conv2d.prepared = true; /* which costs less */
            check_relative_error(&c, 1e-5);
        }
    }
    for (int pass = 0; pass < AN_PASSES; ++pass)
        assert_true(paid[pass] + left_out >= 9);
}

/* Strides, as blocks of pixels: the first layers of torchvision, of the paper (224 rounded up) and others; of images
   as they come, too. */
static void winograd_of_blocks_agrees(void **unused)
{
    static const struct {
        int n, c, h, w, k, r, stride, pad[4];
    } rows[] = {
        {9, 3, 63, 71, 64, 11, 4, {2, 2, 2, 2}},  {2, 3, 224, 224, 96, 11, 4, {0, 0, 3, 3}},
        {40, 3, 40, 40, 17, 9, 3, {1, 0, 0, 2}},  {20, 5, 33, 30, 33, 6, 2, {0, 0, 0, 0}},
        {20, 4, 41, 40, 48, 10, 2, {4, 4, 4, 4}},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_conv2d g = conv2d(rows[i].n, rows[i].c, rows[i].h, rows[i].w, rows[i].k, rows[i].r,
                             rows[i].r, rows[i].stride, 1, rows[i].pad);
        for (int pass = 0; pass < AN_PASSES; ++pass) {
            g.nchw = i % 2 == (pass == AN_FORWARD);
            g.prepared = g.nchw && pass == AN_FORWARD;
            const an_case c = {.kind = &an_case_conv2d[pass], .conv2d = g, .relu = i % 2 == 0};
            assert_int_equal(is_by_winograd(&g, (an_pass)pass), pass != AN_BACKWARD_DATA);
            if (pass == AN_BACKWARD_DATA) continue;
            check_case(&c);
            check_relative_error(&c, 1e-5);
        }
    }
}

/* ---- convolution with unshared filters ---- */

static void check_local(an_conv2d g)
{
    for (int pass = 0; pass < AN_PASSES; ++pass)
        for (int relu = 0; relu < (pass == AN_FORWARD ? 2 : 1); ++relu)
            check_case(&(an_case){.kind = &an_case_local[pass], .conv2d = g, .relu = relu == 1});
}

static void unshared_convolutions_agree(void **unused)
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

/* ---- linear ---- */

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
                              .linear = {n, inputs, outputs, .prepared = true},
                              .relu = n % 2 == 1,
                              .behind_relu = outputs % 2 == 0,
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

/* The weight gradient, stored or with SGD's update, with the data gradient in the same walk or without. */
static void check_walks(int n, int inputs, int outputs, alexnet_dtype dtype)
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

static void linear_layers_go_back_in_one_walk(void **unused)
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
            check_walks(rows[i][0], rows[i][1], rows[i][2], (alexnet_dtype)dtype);
    for (int i = 0; i < 20; ++i)
        check_walks(1 + (int)an_random_below(&stream, 80), 1 + (int)an_random_below(&stream, 130),
                    1 + (int)an_random_below(&stream, 70),
                    i % 2 == 0 ? ALEXNET_FP32 : ALEXNET_BF16);
}

/* ---- pooling ---- */

static void check_pool(an_pool g)
{
    check_case(&(an_case){.kind = &an_case_max_pool, .pool = g});
    check_case(&(an_case){.kind = &an_case_max_pool_backward, .pool = g});
    for (int padded = 0; padded < 2; ++padded) {
        g.padded = padded == 1;
        check_case(&(an_case){.kind = &an_case_average_pool, .pool = g});
        check_case(&(an_case){.kind = &an_case_average_pool_backward, .pool = g});
    }
}

static void pools_agree(void **unused)
{
    /* n, c, h, w; r, s, stride, pad top, pad left; p, q */
    static const an_pool rows[] = {
        {1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1},      {2, 64, 13, 13, 3, 3, 2, 0, 0, 6, 6},
        {2, 65, 8, 8, 3, 3, 2, 0, 0, 4, 4}, /* the last window passes the edge */
        {2, 63, 9, 7, 2, 3, 2, 1, 1, 5, 4},     {1, 130, 5, 5, 5, 5, 1, 2, 2, 5, 5},
        {3, 7, 6, 6, 2, 2, 3, 0, 0, 3, 3},      /* a window outside altogether */
        {1, 16, 20, 20, 16, 16, 4, 0, 0, 2, 2}, /* 256 places */
        {9, 3, 7, 11, 3, 2, 1, 0, 0, 5, 10},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check_pool(rows[i]);
}

/* ---- local response normalisation ---- */

/* Held to the twin's by the size of the difference, as powers are computed in other ways. */
static void check_lrn(an_lrn g)
{
    static const an_case_kind *const kinds[] = {&an_case_lrn, &an_case_lrn_backward};

    for (size_t i = 0; i < AN_COUNT(kinds); ++i) {
        const an_case c = {.kind = kinds[i], .lrn = g};
        an_case_sizes sizes;
        an_case_get_sizes(&c, &sizes);
        check_relative_error(&c, (double)(sizes.terms + 8) * (double)FLT_EPSILON);
        check_threads(&c);
        if (g.pool.r > 0) check_parts(&c);
    }
}

static an_lrn random_lrn(an_stream *stream, int i)
{
    const int groups = 1 + (int)an_random_below(stream, 3);

    return (an_lrn){.n = 1 + (int)an_random_below(stream, 9),
                    .c = groups * (1 + (int)an_random_below(stream, 40)),
                    .h = 1 + (int)an_random_below(stream, 9),
                    .w = 1 + (int)an_random_below(stream, 9),
                    .within = i % 2 == 1,
                    .size = 1 + 2 * (int)an_random_below(stream, 6),
                    .groups = groups,
                    .alpha = an_random_unit(stream),
                    .beta = i % 4 < 2 ? 0.75f : an_random_unit(stream),
                    .k = 1 + an_random_unit(stream),
                    .relu = i % 8 < 4};
}

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

/* ---- with the pooling that follows ---- */

/* Over maps [n][c][h][w], with windows of size x size. */
static an_pool pool_over(int n, int c, int h, int w, int size, int stride, int pad,
                         an_rounding rounding)
{
    an_window rows = {0}, columns = {0};

    assert_true(an_window_output(rounding, h, size, stride, pad, true, &rows));
    assert_true(an_window_output(rounding, w, size, stride, pad, true, &columns));
    return (an_pool){n, c, h, w, size, size, stride, pad, pad, rows.out, columns.out};
}

/* Some windows pass the edges, some do not reach them. */
static an_pool random_pool(an_stream *stream, int n, int c, int h, int w)
{
    const int size = 1 + (int)an_random_below(stream, (uint32_t)AN_MIN(4, AN_MIN(h, w)));
    const int stride = 1 + (int)an_random_below(stream, 4);
    const int pad = (int)an_random_below(stream, (uint32_t)size);

    return pool_over(n, c, h, w, size, stride, pad,
                     an_random_below(stream, 2) == 0 ? AN_ROUND_DOWN : AN_ROUND_UP_SIZE);
}

/* The fast tiers do fuse it: else nothing would have been compared. */
static void check_pools(const an_conv2d *g)
{
    const an_backend *backend;

    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i)
        for (int pass = 0; pass < AN_PASSES && backend != NULL; ++pass)
            if (strcmp(backend->tier, "portable") != 0 && is_by_winograd(g, (an_pass)pass))
                assert_true(backend->conv2d(g, (an_pass)pass, ALEXNET_FP32)->pools);
    assert_true(is_by_winograd(g, AN_FORWARD) && is_by_winograd(g, AN_BACKWARD_WEIGHTS));
}

static void convolutions_pool(void **unused)
{
    static const struct {
        int n, c, h, w, k, r, stride, groups, pad; /* of the convolution */
        int size, step, pool_pad;
        an_rounding rounding;
        bool fused; /* in training, too */
    } rows[] = {
        {6, 3, 63, 63, 64, 11, 4, 1, 2, 3, 2, 0, AN_ROUND_DOWN,
         true}, /* conv1, small: shared by all threads */
        {18, 3, 63, 63, 40, 11, 4, 1, 2, 3, 2, 0, AN_ROUND_DOWN,
         true}, /* an image for each thread */
        {17, 32, 13, 13, 48, 5, 1, 1, 2, 3, 2, 0, AN_ROUND_DOWN, true}, /* conv2, small */
        {18, 48, 13, 13, 32, 5, 1, 2, 2, 2, 2, 0, AN_ROUND_DOWN,
         true}, /* two towers, windows that do not overlap */
        {5, 40, 14, 14, 33, 3, 1, 1, 1, 3, 2, 1, AN_ROUND_DOWN,
         true}, /* channels that fill no block; padding */
        {17, 128, 6, 6, 256, 3, 1, 1, 1, 3, 2, 0, AN_ROUND_DOWN,
         true}, /* filters too large for threads of their own */
        {9, 32, 12, 8, 36, 3, 1, 1, 1, 3, 3, 0, AN_ROUND_UP_SIZE,
         true}, /* the last window passes the edge */
        {1, 3, 43, 43, 40, 11, 4, 1, 2, 3, 2, 0, AN_ROUND_DOWN, false},
        {3, 16, 13, 13, 33, 3, 1, 1, 1, 3, 2, 0, AN_ROUND_DOWN, false},
        {7, 17, 13, 11, 64, 5, 1, 1, 2, 2, 2, 0, AN_ROUND_DOWN, false},
        {2, 32, 9, 9, 70, 3, 1, 2, 1, 3, 2, 1, AN_ROUND_DOWN, false},
    };
    an_stream stream = an_stream_open(2012, AN_PURPOSE_TEST, 2, 0);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const int pad = rows[i].pad;
        an_conv2d g =
            conv2d(rows[i].n, rows[i].c, rows[i].h, rows[i].w, rows[i].k, rows[i].r, rows[i].r,
                   rows[i].stride, rows[i].groups, (int[]){pad, pad, pad, pad});
        if (macs_of(&g) > 1e8 && an_test_leaves_out("a large shape")) continue;
        g.pool = pool_over(g.n, g.k, g.p, g.q, rows[i].size, rows[i].step, rows[i].pool_pad,
                           rows[i].rounding);
        if (rows[i].fused) check_pools(&g);
        check_conv2d(g);
    }
    for (int i = 0; i < 12; ++i) {
        const int groups = 1 + (int)an_random_below(&stream, 2);
        const int r = 3 + 2 * (int)an_random_below(&stream, 2);
        const int pad = (int)an_random_below(&stream, (uint32_t)r / 2 + 1);
        const int c = groups * (16 + (int)an_random_below(&stream, 20));
        const int k = groups * (16 + (int)an_random_below(&stream, 30));
        const int h = r + (int)an_random_below(&stream, 10);
        const int w = r + (int)an_random_below(&stream, 10);
        an_conv2d g = conv2d(1 + (int)an_random_below(&stream, 6), c, h, w, k, r, r, 1, groups,
                             (int[]){pad, pad, pad, pad});
        g.pool = random_pool(&stream, g.n, g.k, g.p, g.q);
        check_conv2d(g);
    }
}

static void normalisations_pool(void **unused)
{
    static const struct {
        int n, c, h, w;
        bool within;
        int size, groups, pool, step, pad;
    } rows[] = {
        {2, 96, 55, 5, false, 5, 2, 3, 2, 0}, /* several bands */
        {3, 32, 13, 9, true, 5, 1, 3, 2, 0},
        {2, 19, 24, 6, false, 3, 1, 3, 1, 1}, /* windows that share two rows; padding */
        {1, 7, 47, 3, true, 3, 1, 2, 2, 0},   /* that share none, the last past the edge */
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

/* ---- functions, against libm's in double ---- */

#define POINTS 4096

typedef struct function_check {
    const an_backend *backend;
    double x[POINTS], exact[POINTS], bound; /* relative, in FLT_EPSILON */
    float found[POINTS];
} function_check;

static void check_function(const function_check *f, const char *name)
{
    for (int i = 0; i < POINTS; ++i)
        if (!(fabs((double)f->found[i] - f->exact[i]) <=
              f->bound * (double)FLT_EPSILON * fabs(f->exact[i])))
            fail_msg("%s, %s of %.9g: %.9g, expected %.9g", name, f->backend->tier, f->x[i],
                     (double)f->found[i], f->exact[i]);
}

/* From -last to last, half of them near 0 on every scale down to 1e-20. */
static double point(int i, double last)
{
    const double part = (2.0 * i + 1 - POINTS) / POINTS;

    return i % 2 == 0 ? part * last : copysign(last * pow(1e-20 / last, 1 - fabs(part)), part);
}

static void check_tanh_and_sigmoid(const an_backend *backend)
{
    function_check f = {.backend = backend};
    const an_run run = {.threads = 2};
    float x[POINTS];

    for (int i = 0; i < POINTS; ++i) {
        x[i] = (float)point(i, 80);
        f.x[i] = (double)x[i];
        f.exact[i] = tanh(f.x[i]);
    }
    f.bound = 3;
    assert_int_equal(backend->tanh(&run, 1, 1, POINTS, x, f.found), ALEXNET_OK);
    check_function(&f, "tanh");
    for (int i = 0; i < POINTS; ++i)
        f.exact[i] = 1 / (1 + exp(-f.x[i]));
    f.bound = 2;
    assert_int_equal(backend->sigmoid(&run, POINTS, x, f.found), ALEXNET_OK);
    check_function(&f, "sigmoid");
}

/* Rows of two classes, 0 and x: the second has e^x / (1 + e^x), and the loss of the first is ln(1 + e^x). */
static void check_softmax(const an_backend *backend)
{
    function_check f = {.backend = backend, .bound = 3};
    const an_run run = {.threads = 2};
    float x[POINTS][2] = {{0}}, y[POINTS][2];
    int32_t labels[POINTS] = {0};

    for (int i = 0; i < POINTS; ++i) {
        x[i][1] = (float)-fabs(point(i, 80));
        f.x[i] = (double)x[i][1];
        f.exact[i] = exp(f.x[i]) / (1 + exp(f.x[i]));
    }
    assert_int_equal(backend->softmax(&run, (an_shape){POINTS, 2, 1, 1}, x[0], y[0]), ALEXNET_OK);
    for (int i = 0; i < POINTS; ++i)
        f.found[i] = y[i][1];
    check_function(&f, "softmax");

    for (int i = 0; i < POINTS; ++i) { /* beyond, e^x is lost beside 1 even in double */
        x[i][1] = (float)-fabs(point(i, 15));
        f.x[i] = (double)x[i][1];
        f.exact[i] = log(1 + exp(f.x[i]));
    }
    assert_int_equal(
        backend->cross_entropy(&run, POINTS, 2, x[0], &(an_targets){.labels = labels}, f.found),
        ALEXNET_OK);
    check_function(&f, "cross entropy");
}

/* A map of ones and no sum: y = k^-beta. */
static void check_powers(const an_backend *backend, float beta)
{
    function_check f = {.backend = backend, .bound = 2 + 0.5 * (double)beta};
    an_lrn g = {.n = 1, .c = 1, .h = 1, .w = 1, .size = 1, .groups = 1, .beta = beta};
    guarded scratch = guarded_new(backend->lrn_scratch(&g, 1));
    const an_run run = {1, scratch.data, scratch.bytes};
    const float one = 1;

    for (int i = 0; i < POINTS; ++i) { /* 1e-6 to 1e6 */
        g.k = (float)pow(10, 12.0 * i / POINTS - 6);
        f.x[i] = (double)g.k;
        f.exact[i] = pow(f.x[i], -(double)beta);
        assert_int_equal(backend->lrn(&run, &g, &one, &f.found[i], NULL), ALEXNET_OK);
    }
    check_function(&f, "power");
    guarded_free(&scratch);
}

static void check_functions(const an_backend *backend)
{
    check_tanh_and_sigmoid(backend);
    check_softmax(backend);
    check_powers(backend, 0.75f);
    check_powers(backend, 0.5f);
    check_powers(backend, 1);
    check_powers(backend, 4);
}

/* ---- what lies beyond: infinities, not a number ---- */

static void check_special_values(const an_backend *backend)
{
    const an_run run = {.threads = 1};
    const float x[] = {-INFINITY, -200, -0.0f, 0, 200, INFINITY, NAN};
    const float tanh_of[] = {-1, -1, 0, 0, 1, 1}, sigmoid_of[] = {0, 0, 0.5f, 0.5f, 1, 1};
    float y[AN_COUNT(x)];

    assert_int_equal(backend->tanh(&run, 1, 1, AN_COUNT(x), x, y), ALEXNET_OK);
    for (size_t i = 0; i < AN_COUNT(tanh_of); ++i)
        assert_true(y[i] == tanh_of[i]);
    assert_true(isnan(y[6]));
    assert_int_equal(backend->sigmoid(&run, AN_COUNT(x), x, y), ALEXNET_OK);
    for (size_t i = 0; i < AN_COUNT(sigmoid_of); ++i)
        assert_true(y[i] == sigmoid_of[i]);
    assert_true(isnan(y[6]));
    assert_int_equal(backend->softmax(&run, (an_shape){1, 2, 1, 1}, (const float[]){0, -200}, y),
                     ALEXNET_OK);
    assert_true(y[0] == 1 && y[1] == 0);
    assert_int_equal(backend->softmax(&run, (an_shape){1, 2, 1, 1}, (const float[]){0, NAN}, y),
                     ALEXNET_OK);
    assert_true(isnan(y[0]) && isnan(y[1]));
}

/* ---- the rest ---- */

static void other_primitives_agree(void **unused)
{
    static const an_case_kind *const kinds[] = {
        &an_case_import,
        &an_case_export,
        &an_case_flatten,
        &an_case_unflatten,
        &an_case_relu,
        &an_case_relu_backward,
        &an_case_dropout,
        &an_case_softmax,
        &an_case_cross_entropy,
        &an_case_loss_backward,
        &an_case_tanh,
        &an_case_tanh_backward,
        &an_case_sigmoid,
        &an_case_sigmoid_backward,
        &an_case_batch_statistics,
        &an_case_rmsprop,
        &an_case_adam,
        &an_case_average_values,
        &an_case_all_finite,
    };
    static const an_shape shapes[] = {{0, 1, 1, 1},     {0, 33, 6, 6},    {1, 1, 1, 1},
                                      {3, 3, 9, 11},    {5, 10, 1, 1},    {2, 33, 6, 6},
                                      {1, 40000, 1, 1}, {130, 1000, 1, 1}};
    static const int maps[][2] = {{1, 1}, {6, 6}, {4, 7}, {13, 3}};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(shapes); ++i) {
        for (size_t j = 0; j < AN_COUNT(kinds); ++j)
            check_case(&(an_case){.kind = kinds[j], .shape = shapes[i]});
        check_case(
            &(an_case){.kind = &an_case_cross_entropy, .shape = shapes[i], .smoothing = 0.1f});
        check_case(
            &(an_case){.kind = &an_case_loss_backward, .shape = shapes[i], .smoothing = 0.1f});
        check_case(&(an_case){.kind = &an_case_cross_entropy,
                              .shape = shapes[i],
                              .smoothing = 0.1f,
                              .blended = true});
        check_case(&(an_case){.kind = &an_case_loss_backward, .shape = shapes[i], .blended = true});
        for (int flag = 0; flag < 2; ++flag) {
            check_case(
                &(an_case){.kind = &an_case_batch_norm, .shape = shapes[i], .relu = flag == 1});
            check_case(&(an_case){
                .kind = &an_case_batch_norm_backward, .shape = shapes[i], .fixed = flag == 1});
        }
        for (int inside = 0; inside < 2; ++inside)
            check_case(
                &(an_case){.kind = &an_case_sgd, .shape = shapes[i], .lr_inside = inside == 1});
    }
    for (int n = 0; n <= 3; n += 3) {
        const an_shape shape = {n, 5, 13, 9};
        for (int size = 1; size <= 9; size += 4) {
            check_case(&(an_case){.kind = &an_case_unfold, .shape = shape, .size = size});
            check_case(&(an_case){.kind = &an_case_fold, .shape = shape, .size = size});
        }
        for (size_t i = 0; i < AN_COUNT(maps); ++i) {
            const int p = maps[i][0], q = maps[i][1];
            check_case(&(an_case){.kind = &an_case_average, .shape = shape, .p = p, .q = q});
            check_case(
                &(an_case){.kind = &an_case_average_backward, .shape = shape, .p = p, .q = q});
        }
    }
}

/* ---- nothing to do ---- */

/* The pooled and the plain form of convolutions whose fast way, for some images, is Winograd's, direct or a linear layer's. */
static void no_images_convolve_to_nothing(void **unused)
{
    /* c, h, w; k, r, s, stride, groups, padding */
    static const int rows[][9] = {{32, 13, 13, 40, 3, 3, 1, 1, 1}, {3, 23, 27, 64, 11, 11, 4, 1, 2},
                                  {1, 1, 1, 1, 1, 1, 1, 1, 0},     {8, 9, 9, 12, 5, 5, 1, 2, 2},
                                  {5, 7, 9, 33, 2, 3, 3, 1, 0},    {70, 6, 5, 34, 6, 5, 1, 1, 0}};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const int *g = rows[i], pad = g[8];
        an_conv2d empty =
            conv2d(0, g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], (int[]){pad, pad, pad, pad});
        check_conv2d(empty);
        if (empty.groups == 1) check_local(empty);
        empty.pool = pool_over(0, empty.k, empty.p, empty.q, 1, 2, 0, AN_ROUND_UP_SIZE);
        check_conv2d(empty);
        check_pool(empty.pool);
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

/* What `alexnet bench kernels` times, in the sizes of networks. */
static void calls_of_networks_agree(void **unused)
{
    (void)unused;
    if (an_test_leaves_out("calls of networks")) return;
    for (int i = 0; i < an_cases_others.count; ++i) {
        const an_case c = an_case_get(&an_cases_others, i, 2);
        if (c.kind == &an_case_lrn || c.kind == &an_case_lrn_backward)
            check_lrn(c.lrn);
        else
            check_case(&c);
    }
}

/* The longest sums of AlexNet's convolutions, of as many images as fast tiers want for Winograd's algorithm. */
static void conv4_of_alexnet_agrees(void **unused)
{
    int found = 0;

    (void)unused;
    if (an_test_leaves_out("conv4 of AlexNet")) return;
    for (int i = 0; i < an_cases_step.count; ++i) {
        const an_case c = an_case_get(&an_cases_step, i, 3);
        if (strncmp(c.name, "conv4 ", strlen("conv4 ")) != 0) continue;
        check_case(&c);
        ++found;
    }
    assert_int_equal(found, AN_PASSES);
}

/* ---- what a booking promises ---- */

static void for_each_tier(void (*check)(const an_backend *backend))
{
    const an_backend *backend;

    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i)
        if (backend != NULL) check(backend);
}

static void for_each_format(void (*check)(const an_backend *backend, alexnet_dtype dtype))
{
    const an_backend *backend;

    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i)
        for (int dtype = ALEXNET_FP32; backend != NULL && dtype <= ALEXNET_INT8; ++dtype)
            check(backend, (alexnet_dtype)dtype);
}

/* In the formats but fp32 weights are prepared. */
static size_t conv2d_scratch(const an_backend *backend, const an_conv2d *g, an_pass pass,
                             alexnet_dtype dtype, int threads)
{
    const an_conv2d_algorithm *algorithm = backend->conv2d(g, pass, dtype);

    return algorithm->scratch_bytes != NULL ? algorithm->scratch_bytes(g, threads) : 0;
}

static size_t linear_scratch(const an_backend *backend, const an_linear *g, an_pass pass,
                             alexnet_dtype dtype, int threads)
{
    const an_linear_algorithm *algorithm = backend->linear(g, pass, dtype);

    return algorithm->scratch_bytes != NULL ? algorithm->scratch_bytes(g, threads) : 0;
}

#define PLANNED 70

/* A session plans for its batch and may run fewer images, as the last of an epoch, by the same algorithms. */
static void check_scratch_grows(const an_backend *backend, alexnet_dtype dtype)
{
    an_conv2d g = conv2d(PLANNED, 16, 13, 13, 32, 3, 3, 1, 1, (int[]){1, 1, 1, 1});
    an_linear l = {PLANNED, 100, 50, dtype != ALEXNET_FP32};

    g.prepared = l.prepared;
    for (int pass = 0; pass < AN_PASSES; ++pass) {
        const an_conv2d_algorithm *conv = backend->conv2d(&g, (an_pass)pass, dtype);
        const an_linear_algorithm *linear = backend->linear(&l, (an_pass)pass, dtype);
        size_t before = 0, linear_before = 0, local_before = 0;
        for (int n = 0; n <= PLANNED; ++n) {
            an_conv2d some = g;
            some.n = n;
            const an_linear few = {n, l.inputs, l.outputs, l.prepared};
            const size_t now = conv->scratch_bytes != NULL ? conv->scratch_bytes(&some, 3) : 0;
            const size_t linear_now =
                linear->scratch_bytes != NULL ? linear->scratch_bytes(&few, 3) : 0;
            assert_true(now >= before);
            const size_t local_now = backend->local_scratch(&some, 3);
            assert_true(linear_now >= linear_before);
            assert_true(local_now >= local_before);
            local_before = local_now;
            before = now;
            linear_before = linear_now;
        }
    }
}

static void functions_keep_their_bounds(void **unused)
{
    (void)unused;
    for_each_tier(check_functions);
}

static void functions_take_any_value(void **unused)
{
    (void)unused;
    for_each_tier(check_special_values);
}

static void scratch_grows_with_the_batch(void **unused)
{
    (void)unused;
    for_each_format(check_scratch_grows);
}

/* Sizes that no machine has stick at the largest size_t, or at least do not wrap to something small. */
static void check_scratch_saturates(const an_backend *backend, alexnet_dtype dtype)
{
    const int big = 1 << 24;
    const int pad[] = {0, 0, 0, 0};
    an_conv2d g = conv2d(big, big, big, big, big, big / 2, big / 2, 1, 1, pad);

    an_linear linear = {.n = big, .inputs = big, .outputs = big};
    const an_lrn normalisation = {
        .n = big, .c = big, .h = big, .w = big, .within = true, .size = 5, .groups = 1};

    assert_true(backend->lrn_scratch(&normalisation, 256) > (size_t)1 << 48);
    g.prepared = linear.prepared = dtype != ALEXNET_FP32;
    if (strcmp(backend->tier, "portable") == 0) return; /* the rest of it needs none */
    for (int pass = 0; pass < AN_PASSES; ++pass) {
        assert_true(conv2d_scratch(backend, &g, (an_pass)pass, dtype, 256) == SIZE_MAX);
        assert_true(linear_scratch(backend, &linear, (an_pass)pass, dtype, 256) > (size_t)1 << 48);
    }
    assert_true(backend->local_scratch(&g, 256) == SIZE_MAX);
}

static void scratch_of_hostile_sizes_saturates(void **unused)
{
    (void)unused;
    for_each_format(check_scratch_saturates);
}

/* Not a number must come out where it went in: a run that diverges has to show it. */
static void check_nan(const an_backend *backend, alexnet_dtype dtype)
{
    float x[8 * 5], w[3 * 5] = {0}, bias[3] = {0}, y[8 * 3];
    const an_linear g = {.n = 8, .inputs = 5, .outputs = 3, .prepared = dtype != ALEXNET_FP32};
    const an_linear_algorithm *algorithm = backend->linear(&g, AN_FORWARD, dtype);
    guarded scratch = guarded_new(linear_scratch(backend, &g, AN_FORWARD, dtype, 2));
    guarded prepared = guarded_new(algorithm->prepare != NULL ? algorithm->prepared_bytes(&g) : 0);
    const an_run run = {2, scratch.data, scratch.bytes};
    const an_linear_tensors t = {.x = x,
                                 .w = w,
                                 .bias = bias,
                                 .relu = true,
                                 .y = y,
                                 .prepared = prepared.bytes > 0 ? prepared.data : NULL};

    for (size_t i = 0; i < AN_COUNT(x); ++i)
        x[i] = i == 7 ? NAN : 1;
    if (t.prepared != NULL)
        assert_int_equal(algorithm->prepare(&run, &g, w, prepared.data), ALEXNET_OK);
    assert_int_equal(algorithm->run(&run, &g, &t), ALEXNET_OK);
    for (size_t i = 0; i < AN_COUNT(y); ++i)
        assert_int_equal(isnan(y[i]) != 0, i / 3 == 1);
    guarded_free(&scratch);
    guarded_free(&prepared);
}

static void relu_keeps_not_a_number(void **unused)
{
    (void)unused;
    for_each_format(check_nan);
}

/* What pooling layers do: the gradient through max(x, 0) and then the maximum, first at what won, or last everywhere. */
static void check_relu_before_pool(const an_backend *backend)
{
    enum { MAP = 2 * 9 * 9 * 19, POOLED = 2 * 4 * 4 * 19 };
    const an_pool g = {2, 19, 9, 9, 3, 3, 2, 0, 0, 4, 4};
    const an_operand map = {.count = MAP}, pooled = {.count = POOLED};
    const an_run run = {.threads = 2};
    static float x[MAP], y[POOLED], dy[POOLED], first[MAP], last[MAP];
    uint8_t which[POOLED];
    int blocked = 0;

    an_operand_fill(&map, 1, x);
    an_operand_fill(&pooled, 2, dy);
    for (int i = 0; i < MAP; ++i)
        x[i] -= 0.7f; /* or hardly a window would be all negative */
    assert_int_equal(backend->relu(&run, MAP, x, x), ALEXNET_OK);
    assert_int_equal(backend->max_pool(&run, &g, x, y, which), ALEXNET_OK);
    assert_int_equal(backend->max_pool_backward(&run, &g, dy, which, last), ALEXNET_OK);
    assert_int_equal(backend->relu_backward(&run, MAP, x, last, last), ALEXNET_OK);
    assert_int_equal(backend->relu_backward(&run, POOLED, y, dy, dy), ALEXNET_OK);
    assert_int_equal(backend->max_pool_backward(&run, &g, dy, which, first), ALEXNET_OK);
    for (int i = 0; i < POOLED; ++i)
        blocked += dy[i] == 0;
    assert_in_range(blocked, POOLED / 10, POOLED / 2);
    assert_memory_equal(first, last, sizeof first);
}

static void pooling_does_the_relu_before_it(void **unused)
{
    (void)unused;
    for_each_tier(check_relu_before_pool);
}

/* Without a bias, and with nobody wanting its gradient, the rest is the same; of weights that are not prepared. */
static void check_optional(const an_backend *backend, alexnet_dtype dtype)
{
    const an_conv2d g = conv2d(2, 3, 6, 6, 5, 3, 3, 1, 1, (int[]){1, 1, 1, 1});
    const an_linear l = {.n = 6, .inputs = 108, .outputs = 5};
    float x[2 * 3 * 36], w[5 * 108], dy[2 * 5 * 36], zero[5] = {0};
    float y[2][2 * 5 * 36], dw[2][5 * 108], db[5];
    const an_operand operand = {.count = AN_COUNT(w)};
    size_t bytes = 0;

    for (int pass = 0; pass < AN_PASSES; ++pass) {
        bytes = AN_MAX(bytes, conv2d_scratch(backend, &g, (an_pass)pass, dtype, 2));
        bytes = AN_MAX(bytes, linear_scratch(backend, &l, (an_pass)pass, dtype, 2));
    }
    guarded scratch = guarded_new(bytes);
    const an_run run = {2, scratch.data, scratch.bytes};
    an_operand_fill(&operand, 1, w);
    memcpy(x, w, sizeof x);
    memcpy(dy, w, sizeof dy);

    for (int i = 0; i < 2; ++i) {
        const an_conv2d_tensors forward = {.x = x, .w = w, .bias = i == 0 ? zero : NULL, .y = y[i]};
        const an_conv2d_tensors weights = {.x = x, .dy = dy, .dw = dw[i], .db = i == 0 ? db : NULL};
        assert_int_equal(backend->conv2d(&g, AN_FORWARD, dtype)->run(&run, &g, &forward),
                         ALEXNET_OK);
        assert_int_equal(backend->conv2d(&g, AN_BACKWARD_WEIGHTS, dtype)->run(&run, &g, &weights),
                         ALEXNET_OK);
    }
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    assert_memory_equal(dw[0], dw[1], 5 * 27 * sizeof(float));
    for (int n = 1; n <= 2; ++n) { /* few images, and as many as there is data for */
        const an_linear some = {.n = n == 1 ? 1 : 6, .inputs = n == 1 ? 108 : 18, .outputs = 5};
        for (int i = 0; i < 2; ++i) {
            const an_linear_tensors forward = {
                .x = x, .w = w, .bias = i == 0 ? zero : NULL, .y = y[i]};
            const an_linear_tensors weights = {
                .x = x, .dy = dy, .dw = dw[i], .db = i == 0 ? db : NULL};
            assert_int_equal(backend->linear(&some, AN_FORWARD, dtype)->run(&run, &some, &forward),
                             ALEXNET_OK);
            assert_int_equal(
                backend->linear(&some, AN_BACKWARD_WEIGHTS, dtype)->run(&run, &some, &weights),
                ALEXNET_OK);
        }
        assert_memory_equal(y[0], y[1], (size_t)some.n * 5 * sizeof(float));
        assert_memory_equal(dw[0], dw[1], (size_t)some.inputs * 5 * sizeof(float));
    }
    guarded_free(&scratch);
}

static void bias_is_optional(void **unused)
{
    (void)unused;
    for_each_format(check_optional);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_agree_on_edges),
        cmocka_unit_test(convolutions_agree_on_random_shapes),
        cmocka_unit_test(winograd_agrees),
        cmocka_unit_test(winograd_of_blocks_agrees),
        cmocka_unit_test(unshared_convolutions_agree),
        cmocka_unit_test(linear_layers_agree),
        cmocka_unit_test(linear_layers_go_back_in_one_walk),
        cmocka_unit_test(pools_agree),
        cmocka_unit_test(pooling_does_the_relu_before_it),
        cmocka_unit_test(convolutions_pool),
        cmocka_unit_test(normalisations_agree),
        cmocka_unit_test(normalisations_pool),
        cmocka_unit_test(other_primitives_agree),
        cmocka_unit_test(no_images_convolve_to_nothing),
        cmocka_unit_test(no_images_have_no_normalisation),
        cmocka_unit_test(calls_of_networks_agree),
        cmocka_unit_test(conv4_of_alexnet_agrees),
        cmocka_unit_test(functions_keep_their_bounds),
        cmocka_unit_test(functions_take_any_value),
        cmocka_unit_test(scratch_grows_with_the_batch),
        cmocka_unit_test(scratch_of_hostile_sizes_saturates),
        cmocka_unit_test(relu_keeps_not_a_number),
        cmocka_unit_test(bias_is_optional),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
