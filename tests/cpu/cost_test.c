/* What passes cost, counted by hand, and which algorithms the costs choose for the layers of the family.
 * SPDX-License-Identifier: MIT */
#include "support/support.h"

#include "cpu/backend.h"
#include "cpu/cost.h"
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

/* A work of a known size: 115e9 multiply-adds are a second of a core. */
static void threads_share_the_work(void **unused)
{
    const an_tier_cost tier = {.mac = 1e-9, .memory_byte = 1e-9, .start = 0.25};
    const an_work work = {.macs = 3e9, .idle = 1e9, .pace = 2, .memory_bytes = 2e9};

    (void)unused;
    assert_true(an_work_seconds(&tier, &work, 1) == 4);
    assert_true(an_work_seconds(&tier, &work, 4) == 1.25);
}

/* ---- choices ---- */

static const struct choice {
    const char *layer;
    int c, h, k, r, stride, pad;
    const char *at_1[AN_PASSES], *at_128[AN_PASSES]; /* of a batch; forward, data, weights */
} choices[] = {
#define WINOGRAD                                                                                   \
    {                                                                                              \
        "winograd", "winograd", "winograd"                                                         \
    }
#define DIRECT                                                                                     \
    {                                                                                              \
        "direct", "direct", "direct"                                                               \
    }
#define WINOGRAD_STRIDE                                                                            \
    {                                                                                              \
        "winograd", "direct", "winograd"                                                           \
    }
    {"torchvision conv1", 3, 224, 64, 11, 4, 2, WINOGRAD_STRIDE, WINOGRAD_STRIDE},
    {"torchvision conv2", 64, 27, 192, 5, 1, 2, WINOGRAD, WINOGRAD},
    {"torchvision conv3", 192, 13, 384, 3, 1, 1, DIRECT, WINOGRAD},
    {"torchvision conv4", 384, 13, 256, 3, 1, 1, DIRECT, WINOGRAD},
    {"torchvision conv5", 256, 13, 256, 3, 1, 1, DIRECT, WINOGRAD},
    {"cifar conv1", 3, 32, 32, 5, 1, 2, DIRECT, DIRECT},
    {"cifar conv2", 32, 16, 32, 5, 1, 2, WINOGRAD, WINOGRAD},
    {"cifar conv3", 32, 8, 64, 5, 1, 2, DIRECT, WINOGRAD},
    {"cifar-11pct conv2", 64, 12, 64, 5, 1, 2, {"direct", "direct", "winograd"}, WINOGRAD},
    {"slim fc7, on one place",
     4096,
     1,
     4096,
     1,
     1,
     0,
     {"linear", "linear", "linear"},
     {"linear", "linear", "linear"}},
};

/* In the tier with AVX-512, where this machine has it. */
static void algorithms_of_the_families(void **unused)
{
    const an_backend *backend;

    (void)unused;
    (void)an_tier_name(0, &backend);
    if (backend == NULL) skip();
    for (size_t i = 0; i < AN_COUNT(choices); ++i) {
        const struct choice *row = &choices[i];
        for (int batch = 1; batch <= 128; batch += 127) {
            const an_conv2d g =
                square(batch, row->c, row->h, row->k, row->r, row->stride, row->pad);
            for (int pass = 0; pass < AN_PASSES; ++pass) {
                const char *expected = (batch == 1 ? row->at_1 : row->at_128)[pass];
                const char *found = backend->conv2d(backend, &g, (an_pass)pass, ALEXNET_FP32)->name;
                if (strcmp(found, expected) != 0)
                    fail_msg("%s, pass %d, batch %d: %s, expected %s", row->layer, pass, batch,
                             found, expected);
            }
        }
    }
}

/* Where a filter is as large as the map, dot products do for a few images what tiles of a row would
   do more slowly. */
static void whole_maps_of_few_images_are_linear(void **unused)
{
    const an_backend *backend;

    (void)unused;
    (void)an_tier_name(0, &backend);
    if (backend == NULL) skip();
    for (int batch = 1; batch <= 16; ++batch) {
        an_conv2d g = square(batch, 256, 5, 4096, 5, 1, 0); /* slim's fc6 */
        g.packed = true;
        assert_string_equal(backend->conv2d(backend, &g, AN_FORWARD, ALEXNET_FP32)->name, "linear");
    }
}

/* Every algorithm of every tier has a cost; more images never take less, nor do more threads more.
   */
static void costs_grow_with_the_batch(void **unused)
{
    const an_backend *backend;

    (void)unused;
    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i) {
        if (backend == NULL) continue;
        for (size_t j = 0; j < AN_COUNT(choices); ++j) {
            for (int pass = 0; pass < AN_PASSES; ++pass) {
                double before = 0;
                for (int batch = 1; batch <= 512; batch *= 2) {
                    const an_conv2d g = square(batch, choices[j].c, choices[j].h, choices[j].k,
                                               choices[j].r, choices[j].stride, choices[j].pad);
                    const an_conv2d_algorithm *a =
                        backend->conv2d(backend, &g, (an_pass)pass, ALEXNET_FP32);
                    const an_cost cost = a->cost(&g, (an_pass)pass, 1);
                    assert_true(cost.seconds > before && cost.macs > 0);
                    before = cost.seconds;
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_layers_by_hand),
        cmocka_unit_test(threads_share_the_work),
        cmocka_unit_test(algorithms_of_the_families),
        cmocka_unit_test(whole_maps_of_few_images_are_linear),
        cmocka_unit_test(costs_grow_with_the_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
