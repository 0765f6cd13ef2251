/*
 * cost_test.c: the costs of passes, counted by hand; and how costs grow and compare, whatever the
 * constants of a machine. choice_test.c tests which algorithm is taken.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/backend.h"
#include "cpu/cost.h"
#include "cpu/winograd.h"
#include <string.h>

static an_conv2d square(int n, int c, int h, int k, int r, int stride, int pad)
{
    const int p = (h + 2 * pad - r) / stride + 1;

    return (an_conv2d){.n = n,
                       .c = c,
                       .h = h,
                       .w = h,
                       .k = k,
                       .r = r,
                       .s = r,
                       .stride = stride,
                       .groups = 1,
                       .pad_top = pad,
                       .pad_left = pad,
                       .pad_bottom = pad,
                       .pad_right = pad,
                       .p = p,
                       .q = p};
}

/*
 * 2 images of 16 channels, 4 x 4, to 40 filters of 3 x 3, in tiles of 14 x 32. Direct: 40 filters
 * fill two panels of 32: 2 * 4 * 4 outputs * 64 * 9 * 16 steps. Winograd: one tile of 4 x 4, 36
 * points, each a product of 2 x 16 by 16 x 64.
 */
static void small_layers_by_hand(void **unused)
{
    const an_conv2d g = square(2, 16, 4, 40, 3, 1, 1);
    an_work work = an_direct_work(&an_cost_avx512, ALEXNET_FP32, &g, AN_FORWARD);

    (void)unused;
    assert_true(work.macs == 2 * 16 * 64 * 144);
    /* rows of 4 are as slow as rows of 5, and each tile takes 8 steps more */
    assert_true(work.idle == 2 * 4 * 64 * (5 * (144 + 8) - 4 * 144));
    assert_true(work.weight_numbers == 40 * 144 && work.padded_numbers == 2 * 16 * 16);
    assert_true(work.memory_bytes == 4 * 40 * 144 && work.cache_bytes == 4 * 2 * 16 * (16 + 40));

    work = an_winograd_work(&an_cost_avx512, &g, AN_FORWARD);
    assert_true(work.macs == 36 * 2 * 64 * 16);
    assert_true(work.map_numbers == 36 * 2 * (16 + 40) && work.filter_numbers == 36 * 16 * 40);

    const an_linear few = {.n = 16, .inputs = 100, .outputs = 28};
    work = an_linear_work(&an_cost_avx512, ALEXNET_FP32, &few, AN_FORWARD, true);
    assert_true(work.macs == 28 * 16 * 100 && work.idle == 0); /* dot products; not in bf16 */
    work = an_linear_work(&an_cost_avx512, ALEXNET_BF16, &few, AN_FORWARD, true);
    assert_true(work.macs == 28 * 32 * 100);

    const an_linear linear = {.n = 20, .inputs = 100, .outputs = 28};
    work = an_linear_work(&an_cost_avx512, ALEXNET_FP32, &linear, AN_FORWARD, true);
    assert_true(work.macs == 28 * 32 * 100); /* images fill a panel */
    assert_true(work.memory_bytes == 4 * 2800 && work.cache_bytes == 4 * 20 * 128);
    work = an_linear_work(&an_cost_avx512, ALEXNET_FP32, &linear, AN_BACKWARD_WEIGHTS, true);
    assert_true(work.memory_bytes == 4 * 4 * 2800); /* weight and velocity, read and written */
    work = an_linear_work(&an_cost_avx512, ALEXNET_FP32, &linear, AN_BACKWARD_DATA, true);
    assert_true(work.memory_bytes == 0); /* few images: the same sweep reads them */
    work = an_linear_work(&an_cost_avx512, ALEXNET_FP32, &linear, AN_BACKWARD_DATA, false);
    assert_true(work.memory_bytes == 4 * 2800);
}

/* Work of a known size: 115e9 multiply-adds are a second of a core. */
static void threads_share_the_work(void **unused)
{
    const an_tier_cost tier = {.mac = 1e-9, .memory_byte = 1e-9, .start = 0.25};
    const an_work work = {.macs = 3e9, .idle = 1e9, .pace = 2, .memory_bytes = 2e9};

    (void)unused;
    assert_true(an_work_seconds(&tier, &work, 1) == 4);
    assert_true(an_work_seconds(&tier, &work, 4) == 1.25);
}

/* ---- every algorithm of every tier ---- */

/* Layers of the families. */
static const struct layer {
    int c, h, k, r, stride, pad;
} layers[] = {
    {3, 224, 64, 11, 4, 2}, /* torchvision's convolutions */
    {64, 27, 192, 5, 1, 2},   {192, 13, 384, 3, 1, 1},
    {256, 13, 256, 3, 1, 1},  {3, 32, 32, 5, 1, 2}, /* those of cifar-19pct */
    {32, 16, 32, 5, 1, 2},    {32, 8, 64, 5, 1, 2},
    {4096, 1, 4096, 1, 1, 0}, /* slim's fc7, on one place */
};

/* The number of batches for which the algorithm applies to the layer. More images never cost less.
   */
static int check_growth(const an_conv2d_algorithm *a, const struct layer *l)
{
    double before = 0;
    int applied = 0;

    for (int batch = 1; batch <= 512; batch *= 2) {
        an_conv2d g = square(batch, l->c, l->h, l->k, l->r, l->stride, l->pad);
        g.packed = a->dtype != ALEXNET_FP32;
        if (a->applies != NULL && !a->applies(&g, a->pass)) continue;
        const an_cost cost = a->cost(&g, a->pass, 1);
        if (!(cost.seconds > before && cost.macs > 0))
            fail_msg("%s, pass %d, %d channels, batch %d: %g s after %g", a->name, a->pass, l->c,
                     batch, cost.seconds, before);
        before = cost.seconds;
        ++applied;
    }
    return applied;
}

static void costs_grow_with_the_batch(void **unused)
{
    const an_backend *backend;
    int applied = 0;

    (void)unused;
    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i)
        for (int a = 0; backend != NULL && backend->conv2d_algorithms[a] != NULL; ++a)
            for (size_t j = 0; j < AN_COUNT(layers); ++j)
                applied += check_growth(backend->conv2d_algorithms[a], &layers[j]);
    assert_true(applied > 0);
}

static double seconds_of(const an_backend *backend, const char *name, const an_conv2d *g)
{
    for (int i = 0; backend->conv2d_algorithms[i] != NULL; ++i) {
        const an_conv2d_algorithm *a = backend->conv2d_algorithms[i];
        if (a->pass == AN_FORWARD && strcmp(a->name, name) == 0)
            return a->cost(g, AN_FORWARD, AN_CHOICE_THREADS).seconds;
    }
    fail_msg("tier %s has no algorithm '%s'", backend->tier, name);
    return 0;
}

/* Where a filter is as large as the map, dot products are faster for a few images than tiles of one
   row. */
static void whole_maps_of_few_images_cost_less_as_linear(void **unused)
{
    const an_backend *backend;

    (void)unused;
    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i) {
        if (backend == NULL || backend == an_backend_portable()) continue;
        for (int batch = 1; batch <= 16; ++batch) {
            an_conv2d g = square(batch, 256, 5, 4096, 5, 1, 0); /* slim's fc6 */
            g.packed = true;
            assert_true(seconds_of(backend, "linear", &g) < seconds_of(backend, "direct", &g));
        }
    }
}

/* Fewer multiplications pay where there are many channels and images; not for three channels. */
static void tiles_pay_where_there_are_many_channels(void **unused)
{
    const an_backend *backend;
    const an_conv2d many = square(128, 192, 13, 384, 3, 1, 1),
                    few = square(128, 3, 32, 32, 5, 1, 2);

    (void)unused;
    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i)
        if (backend != NULL && backend != an_backend_portable())
            assert_true(seconds_of(backend, "winograd", &many) <
                        seconds_of(backend, "direct", &many));
    assert_false(an_winograd_applies(&few, AN_FORWARD));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_layers_by_hand),
        cmocka_unit_test(threads_share_the_work),
        cmocka_unit_test(costs_grow_with_the_batch),
        cmocka_unit_test(whole_maps_of_few_images_cost_less_as_linear),
        cmocka_unit_test(tiles_pay_where_there_are_many_channels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
