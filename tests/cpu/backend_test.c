/*
 * backend_test.c: which tier a context gets.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/hash.h"
#include "cpu/backend.h"
#include "cpu/reference/reference.h"
#include <stdlib.h>
#include <string.h>

static void best_tier_is_the_first_that_the_machine_has(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    const an_backend *found, *expected;
    int i = 0;

    (void)unused;
    while (an_tier_name(i, &expected) != NULL && expected == NULL)
        ++i;
    an_assert_ok(ctx, an_backend_find(ctx, NULL, &found));
    assert_ptr_equal(found, expected);
    an_test_close(ctx, NULL);
}

static void every_tier_can_be_asked_for_by_name(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    const an_backend *found, *expected;
    const char *name;

    (void)unused;
    for (int i = 0; (name = an_tier_name(i, &expected)) != NULL; ++i) {
        if (expected == NULL) continue; /* the next test */
        an_assert_ok(ctx, an_backend_find(ctx, name, &found));
        assert_ptr_equal(found, expected);
        assert_string_equal(found->name, "cpu");
        assert_string_equal(found->tier, name);
        assert_true(strlen(found->features()) > 0);
    }
    an_test_close(ctx, NULL);
}

typedef struct cap {
    const char *most;
    an_cpu_level level;
    const char *tier;
} cap;

static void check_caps(const cap *rows, size_t count)
{
    alexnet_context *ctx = an_test_open(NULL);
    const an_backend *found;

    for (size_t i = 0; i < count; ++i) {
        an_assert_ok(ctx, an_backend_choose(ctx, rows[i].most, rows[i].level, &found));
        assert_string_equal(found->tier, rows[i].tier);
    }
    an_test_close(ctx, NULL);
}

static void a_tier_is_a_cap(void **unused)
{
    static const cap x86[] = {
        {"avx512", AN_CPU_AVX512_BF16, "avx512"},
        {"avx512", AN_CPU_AVX2, "avx2"},
        {"avx512", AN_CPU_BASELINE, "portable"},
        {"avx2", AN_CPU_AVX512, "avx2"},
        {"avx2", AN_CPU_BASELINE, "portable"},
        {"portable", AN_CPU_AVX512, "portable"},
        {NULL, AN_CPU_AVX2, "avx2"},
        {NULL, AN_CPU_BASELINE, "portable"},
    };
    static const cap arm[] = {
        {"neon", AN_CPU_NEON, "neon"},         {"neon", AN_CPU_BASELINE, "portable"},
        {"portable", AN_CPU_NEON, "portable"}, {NULL, AN_CPU_NEON, "neon"},
        {NULL, AN_CPU_BASELINE, "portable"},
    };

    (void)unused;
    if (an_backend_avx2() != NULL) check_caps(x86, AN_COUNT(x86));
    if (an_backend_neon() != NULL) check_caps(arm, AN_COUNT(arm));
}

/* A tier that the build lacks is refused; one that the machine lacks is lowered. */
static void tier_of_another_architecture_is_refused(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    const an_backend *found;
    const bool is_arm = an_backend_neon() != NULL;
    const char *tier = is_arm ? "avx2" : "neon";

    (void)unused;
    an_assert_status(ctx, an_backend_find(ctx, tier, &found), ALEXNET_UNSUPPORTED);
    assert_null(found);
    an_assert_error(ctx, tier);
    an_test_close(ctx, NULL);
}

static void unknown_tier_is_told_the_choices(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    const an_backend *found;

    (void)unused;
    an_assert_status(ctx, an_backend_find(ctx, "avx1024", &found), ALEXNET_BAD_ARG);
    assert_null(found);
    an_assert_error(ctx, "avx1024");
    for (int i = 0; an_tier_name(i, &found) != NULL; ++i)
        an_assert_error(ctx, an_tier_name(i, &found));
    an_test_close(ctx, NULL);
}

/* A missing entry of a table would be a crash in the one network that needs it. */
static void no_entry_of_a_table_is_missing(void **unused)
{
    const an_backend *b;

    (void)unused;
    for (int i = 0; an_tier_name(i, &b) != NULL; ++i) {
        if (b == NULL) continue;
        assert_true(b->from_nchw && b->to_nchw && b->conv2d && b->linear && b->features);
        assert_true(b->max_pool && b->max_pool_backward);
        assert_true(b->batch_norm_scratch && b->batch_statistics && b->batch_norm &&
                    b->batch_norm_backward);
        assert_true(b->local_scratch && b->local_forward && b->local_backward_data);
        assert_true(b->local_backward_weights);
        assert_true(b->adaptive_average && b->adaptive_average_backward && b->relu &&
                    b->relu_backward && b->dropout);
        assert_true(b->flatten && b->unflatten && b->softmax && b->cross_entropy &&
                    b->softmax_loss_backward);
        assert_true(b->sgd && b->rmsprop && b->adam && b->average && b->all_finite && b->crc32c);
    }
}

/* Of every tier, against the tables: lengths around those of its streams, any alignment, in
   chunks. */
static void crc32c_is_the_same_in_every_tier(void **unused)
{
    enum { SIZE = 200000 };
    uint8_t *data = malloc(SIZE);
    const an_backend *b;

    (void)unused;
    assert_non_null(data);
    for (size_t i = 0; i < SIZE; ++i)
        data[i] = (uint8_t)(i * 131 + i / 251);
    for (int i = 0; an_tier_name(i, &b) != NULL; ++i) {
        if (b == NULL) continue;
        assert_int_equal(b->crc32c(0, "123456789", 9), 0xe3069283);
        assert_int_equal(b->crc32c(0, "", 0), 0);
        for (size_t n = 0; n < 300; ++n)
            assert_int_equal(b->crc32c(7, data + n % 9, n), an_crc32c(7, data + n % 9, n));
        for (size_t n = 3 << 14; n <= 6 << 14; n += 3 << 14)
            for (size_t off = 0; off < 20; ++off)
                assert_int_equal(b->crc32c(0, data + off, n - 10 + off),
                                 an_crc32c(0, data + off, n - 10 + off));
        assert_int_equal(b->crc32c(b->crc32c(0, data, 77777), data + 77777, SIZE - 77777),
                         an_crc32c(0, data, SIZE));
    }
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(best_tier_is_the_first_that_the_machine_has),
        cmocka_unit_test(every_tier_can_be_asked_for_by_name),
        cmocka_unit_test(a_tier_is_a_cap),
        cmocka_unit_test(tier_of_another_architecture_is_refused),
        cmocka_unit_test(unknown_tier_is_told_the_choices),
        cmocka_unit_test(no_entry_of_a_table_is_missing),
        cmocka_unit_test(crc32c_is_the_same_in_every_tier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
