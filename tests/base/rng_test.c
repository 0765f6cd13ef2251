/*
 * rng_test.c: Philox against the known answers of Random123; the distributions; streams that stay
 * apart.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/rng.h"
#include <math.h>
#include <string.h>

static void philox_known_answers(void **unused)
{
    /* Random123, kat_vectors: philox4x32 10 */
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } rows[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_stream stream = {0};
        uint32_t out[4];
        memcpy(stream.counter, rows[i].counter, sizeof stream.counter);
        memcpy(stream.key, rows[i].key, sizeof stream.key);
        an_stream_block(&stream, rows[i].counter[0], out);
        assert_memory_equal(out, rows[i].out, sizeof out);
    }
}

static void names_are_laid_out_as_documented(void **unused)
{
    const an_stream stream =
        an_stream_open(0x0123456789abcdef, AN_PURPOSE_DROPOUT, 0x00fedcba98765432, 0xabcd0123);

    (void)unused;
    assert_int_equal(stream.key[0], 0x89abcdef);
    assert_int_equal(stream.key[1], 0x01234567);
    assert_int_equal(stream.counter[0], 0);
    assert_int_equal(stream.counter[1], 0xabcd0123);
    assert_int_equal(stream.counter[2], 0x98765432);
    assert_int_equal(stream.counter[3], 0x04fedcba);
}

static void the_sequence_is_the_blocks_in_order(void **unused)
{
    an_stream stream = an_stream_open(1, AN_PURPOSE_TEST, 2, 3);
    const an_stream start = stream;

    (void)unused;
    for (uint32_t i = 0; i < 5; ++i) {
        uint32_t block[4];
        an_stream_block(&start, i, block);
        for (int k = 0; k < 4; ++k)
            assert_int_equal(an_random_u32(&stream), block[k]);
    }
}

static void streams_of_other_names_differ(void **unused)
{
    static const struct {
        uint64_t seed;
        an_purpose purpose;
        uint64_t a;
        uint32_t b;
    } rows[] = {
        {1, AN_PURPOSE_TEST, 0, 0},
        {2, AN_PURPOSE_TEST, 0, 0},
        {(uint64_t)1 << 32, AN_PURPOSE_TEST, 0, 0},
        {1, AN_PURPOSE_BENCH, 0, 0},
        {1, AN_PURPOSE_TEST, 1, 0},
        {1, AN_PURPOSE_TEST, (uint64_t)1 << 32, 0},
        {1, AN_PURPOSE_TEST, 0, 1},
    };
    uint32_t blocks[AN_COUNT(rows)][4];

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_stream stream =
            an_stream_open(rows[i].seed, rows[i].purpose, rows[i].a, rows[i].b);
        an_stream_block(&stream, 0, blocks[i]);
        for (size_t k = 0; k < i; ++k)
            assert_memory_not_equal(blocks[i], blocks[k], sizeof blocks[i]);
    }
}

static void below_is_uniform(void **unused)
{
    an_stream stream = an_stream_open(5, AN_PURPOSE_TEST, 0, 0);
    int counts[7] = {0};

    (void)unused;
    for (int i = 0; i < 70000; ++i)
        ++counts[an_random_below(&stream, 7)];
    for (int k = 0; k < 7; ++k) /* 10000 each; the deviation is 93: five of them */
        assert_in_range(counts[k], 10000 - 465, 10000 + 465);
    for (int i = 0; i < 100; ++i)
        assert_int_equal(an_random_below(&stream, 1), 0);

    /* 3 * 2^30 leaves a quarter of all words: a biased mapping would give 1/2, 1/4, 1/4 */
    int thirds[3] = {0};
    for (int i = 0; i < 30000; ++i)
        ++thirds[an_random_below(&stream, 3u << 30) >> 30];
    for (int k = 0; k < 3; ++k)
        assert_in_range(thirds[k], 10000 - 410, 10000 + 410);
}

static void units_are_in_range(void **unused)
{
    an_stream stream = an_stream_open(6, AN_PURPOSE_TEST, 0, 0);
    double sum = 0, sum64 = 0;

    (void)unused;
    assert_true(an_unit_from_u32(0) == 0.0f);
    assert_true(an_unit_from_u32(UINT32_MAX) == 1.0f - 0x1p-24f);
    for (int i = 0; i < 100000; ++i) {
        const float unit = an_random_unit(&stream);
        const double unit64 = an_random_unit64(&stream);
        assert_true(unit >= 0 && unit < 1);
        assert_true(unit64 >= 0 && unit64 < 1);
        sum += (double)unit;
        sum64 += unit64;
    }
    assert_true(fabs(sum / 100000 - 0.5) < 0.005); /* five deviations of the mean */
    assert_true(fabs(sum64 / 100000 - 0.5) < 0.005);
}

static void normals_have_the_moments(void **unused)
{
    const int n = 200000;
    an_stream stream = an_stream_open(7, AN_PURPOSE_TEST, 0, 0);
    double moments[5] = {0};
    int beyond2 = 0;

    (void)unused;
    for (int i = 0; i < n; ++i) {
        const double x = (double)an_random_normal(&stream);
        assert_true(isfinite(x));
        for (int k = 1; k < 5; ++k)
            moments[k] += pow(x, k) / n;
        beyond2 += fabs(x) > 2;
    }
    assert_true(fabs(moments[1]) < 0.012);
    assert_true(fabs(moments[2] - 1) < 0.016);
    assert_true(fabs(moments[3]) < 0.05);
    assert_true(fabs(moments[4] - 3) < 0.12);
    assert_true(fabs((double)beyond2 / n - 0.0455) < 0.0024);
}

static void shuffle_is_a_uniform_permutation(void **unused)
{
    an_stream stream = an_stream_open(8, AN_PURPOSE_TEST, 0, 0);
    uint32_t indices[100];
    bool seen[100] = {false};
    int orders[6] = {0};

    (void)unused;
    an_shuffle(&stream, NULL, 0);
    for (uint32_t i = 0; i < 100; ++i)
        indices[i] = i;
    an_shuffle(&stream, indices, 1);
    assert_int_equal(indices[0], 0);
    an_shuffle(&stream, indices, 100);
    for (int i = 0; i < 100; ++i) {
        assert_in_range(indices[i], 0, 99);
        assert_false(seen[indices[i]]);
        seen[indices[i]] = true;
    }
    for (int i = 0; i < 6000; ++i) {
        uint32_t three[3] = {0, 1, 2};
        an_shuffle(&stream, three, 3);
        ++orders[three[0] * 2 + (three[1] > three[2])];
    }
    for (int k = 0; k < 6; ++k) /* 1000 each; the deviation is 29 */
        assert_in_range(orders[k], 855, 1145);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_known_answers),
        cmocka_unit_test(names_are_laid_out_as_documented),
        cmocka_unit_test(the_sequence_is_the_blocks_in_order),
        cmocka_unit_test(streams_of_other_names_differ),
        cmocka_unit_test(below_is_uniform),
        cmocka_unit_test(units_are_in_range),
        cmocka_unit_test(normals_have_the_moments),
        cmocka_unit_test(shuffle_is_a_uniform_permutation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
