/*
 * kernels_tmpl_test.c: the primitives that no other test of a template has, and what holds for all:
 * no images, booked scratch, values that are not a number, operands that may be missing.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/guarded.h"
#include "cpu/trial.h"
#include <math.h>
#include <string.h>

static void other_primitives_agree(void **unused)
{
    static const an_case_kind *const kinds[] = {
        &an_case_from_nchw,
        &an_case_to_nchw,
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
            check_case(
                &(an_case){.kind = &an_case_adaptive_average, .shape = shape, .p = p, .q = q});
            check_case(&(an_case){
                .kind = &an_case_adaptive_average_backward, .shape = shape, .p = p, .q = q});
        }
    }
}

/* The pooled and the plain form of convolutions whose algorithm, for some images, is Winograd's,
   direct or a linear layer's. */
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

/* The calls that `alexnet bench kernels` times, in the sizes of networks. */
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

/* In the formats other than fp32 weights are packed. */
static size_t conv2d_scratch(const an_backend *backend, const an_conv2d *g, an_pass pass,
                             alexnet_dtype dtype, int threads)
{
    const an_conv2d_algorithm *algorithm = backend->conv2d(backend, g, pass, dtype);

    return algorithm->scratch_bytes != NULL ? algorithm->scratch_bytes(g, threads) : 0;
}

static size_t linear_scratch(const an_backend *backend, const an_linear *g, an_pass pass,
                             alexnet_dtype dtype, int threads)
{
    const an_linear_algorithm *algorithm = backend->linear(backend, g, pass, dtype);

    return algorithm->scratch_bytes != NULL ? algorithm->scratch_bytes(g, threads) : 0;
}

#define PLANNED 70

/* A session plans for its batch and may run fewer images, as the last of an epoch, by the same
   algorithms. */
static void check_scratch_grows(const an_backend *backend, alexnet_dtype dtype)
{
    an_conv2d g = conv2d(PLANNED, 16, 13, 13, 32, 3, 3, 1, 1, (int[]){1, 1, 1, 1});
    an_linear l = {PLANNED, 100, 50, dtype != ALEXNET_FP32};

    g.packed = l.packed;
    for (int pass = 0; pass < AN_PASSES; ++pass) {
        const an_conv2d_algorithm *conv = backend->conv2d(backend, &g, (an_pass)pass, dtype);
        const an_linear_algorithm *linear = backend->linear(backend, &l, (an_pass)pass, dtype);
        size_t before = 0, linear_before = 0, local_before = 0;
        for (int n = 0; n <= PLANNED; ++n) {
            an_conv2d some = g;
            some.n = n;
            const an_linear few = {n, l.inputs, l.outputs, l.packed};
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

static void scratch_grows_with_the_batch(void **unused)
{
    (void)unused;
    for_each_format(check_scratch_grows);
}

/* Impossible sizes become the largest size_t, or at least do not wrap to a small one. */
static void check_scratch_saturates(const an_backend *backend, alexnet_dtype dtype)
{
    const int big = 1 << 24;
    const int pad[] = {0, 0, 0, 0};
    an_conv2d g = conv2d(big, big, big, big, big, big / 2, big / 2, 1, 1, pad);

    an_linear linear = {.n = big, .inputs = big, .outputs = big};
    const an_lrn normalisation = {
        .n = big, .c = big, .h = big, .w = big, .within = true, .size = 5, .groups = 1};

    assert_true(backend->lrn_scratch(&normalisation, 256) > (size_t)1 << 48);
    g.packed = linear.packed = dtype != ALEXNET_FP32;
    if (strcmp(backend->tier, "portable") == 0) return; /* its other primitives need none */
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

/* Not a number must be passed on to the result, so that a diverging run is seen. */
static void check_nan(const an_backend *backend, alexnet_dtype dtype)
{
    float x[8 * 5], w[3 * 5] = {0}, bias[3] = {0}, y[8 * 3];
    const an_linear g = {.n = 8, .inputs = 5, .outputs = 3, .packed = dtype != ALEXNET_FP32};
    const an_linear_algorithm *algorithm = backend->linear(backend, &g, AN_FORWARD, dtype);
    guarded scratch = guarded_new(linear_scratch(backend, &g, AN_FORWARD, dtype, 2));
    guarded packed = guarded_new(algorithm->pack_weights != NULL ? algorithm->packed_bytes(&g) : 0);
    const an_run run = {2, scratch.data, scratch.bytes};
    const an_linear_tensors t = {.x = x,
                                 .w = w,
                                 .bias = bias,
                                 .relu = true,
                                 .y = y,
                                 .packed = packed.bytes > 0 ? packed.data : NULL};

    for (size_t i = 0; i < AN_COUNT(x); ++i)
        x[i] = i == 7 ? NAN : 1;
    if (t.packed != NULL)
        assert_int_equal(algorithm->pack_weights(&run, &g, w, packed.data), ALEXNET_OK);
    assert_int_equal(algorithm->run(&run, &g, &t), ALEXNET_OK);
    for (size_t i = 0; i < AN_COUNT(y); ++i)
        assert_int_equal(isnan(y[i]) != 0, i / 3 == 1);
    guarded_free(&scratch);
    guarded_free(&packed);
}

static void relu_keeps_not_a_number(void **unused)
{
    (void)unused;
    for_each_format(check_nan);
}

/* Without a bias or its gradient the other results are the same; with weights that are not packed.
   */
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
        assert_int_equal(backend->conv2d(backend, &g, AN_FORWARD, dtype)->run(&run, &g, &forward),
                         ALEXNET_OK);
        assert_int_equal(
            backend->conv2d(backend, &g, AN_BACKWARD_WEIGHTS, dtype)->run(&run, &g, &weights),
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
            assert_int_equal(
                backend->linear(backend, &some, AN_FORWARD, dtype)->run(&run, &some, &forward),
                ALEXNET_OK);
            assert_int_equal(backend->linear(backend, &some, AN_BACKWARD_WEIGHTS, dtype)
                                 ->run(&run, &some, &weights),
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
        cmocka_unit_test(other_primitives_agree),
        cmocka_unit_test(no_images_convolve_to_nothing),
        cmocka_unit_test(calls_of_networks_agree),
        cmocka_unit_test(scratch_grows_with_the_batch),
        cmocka_unit_test(scratch_of_hostile_sizes_saturates),
        cmocka_unit_test(relu_keeps_not_a_number),
        cmocka_unit_test(bias_is_optional),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
