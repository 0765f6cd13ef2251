/*
 * augment_test.c: the list of words, and each random change compared with its definition.
 * SPDX-License-Identifier: MIT
 */
#include "image/samples.h"

#include "image/augment.h"
#include <math.h>
#include <string.h>

static an_augment parse(alexnet_context *ctx, const char *text)
{
    an_augment augment;

    an_assert_ok(ctx, an_augment_parse(ctx, text, &augment));
    return augment;
}

static void lists_are_parsed(void **state)
{
    alexnet_context *ctx = *state;
    an_augment a = parse(ctx, "none");

    assert_false(a.crop || a.flip || a.rrc || a.jitter || a.pca);
    a = parse(ctx, "crop,flip");
    assert_true(a.crop && a.flip);
    assert_false(a.rrc || a.jitter || a.pca);
    a = parse(ctx, "pca,jitter,rrc");
    assert_true(a.rrc && a.jitter && a.pca);
    assert_float_equal(a.rrc_min_area, 0.08f, 0);
    assert_float_equal(a.jitter_strength, 0.4f, 0);
    assert_float_equal(a.pca_sd, 0.1f, 0);
    a = parse(ctx, "rrc:0.25,jitter:1,pca:0.05");
    assert_float_equal(a.rrc_min_area, 0.25f, 0);
    assert_float_equal(a.jitter_strength, 1.0f, 0);
    assert_float_equal(a.pca_sd, 0.05f, 0);
    a = parse(ctx, "pca-text");
    assert_true(a.pca_text && !a.pca);
    assert_float_equal(a.pca_text_sd, 0.1f, 0);
}

static void wrong_lists_are_refused_naming_the_word(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "augment: '' is unknown; expected none, crop"},
        {"flop", "'flop' is unknown; did you mean 'flip'?"},
        {"flip,", "'' is unknown"},
        {"flip,none", "'none' is unknown"},
        {"flip,flip", "'flip' is given twice"},
        {"crop,rrc", "crop and rrc exclude each other"},
        {"pca,pca-text", "pca and pca-text exclude each other"},
        {"flip:0.5", "'flip' takes no number, found '0.5'"},
        {"rrc:0", "'rrc' takes a number from 0.0001 to 1, found '0'"},
        {"rrc:1.5", "found '1.5'"},
        {"jitter:", "found ''"},
        {"jitter:nan", "found 'nan'"},
        {"pca:0.1x", "found '0.1x'"},
        {"a_word_that_is_longer_than_any_of_ours", "is unknown"},
    };
    alexnet_context *ctx = *state;
    an_augment augment;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(ctx, an_augment_parse(ctx, rows[i].text, &augment), ALEXNET_BAD_ARG);
        an_assert_error(ctx, rows[i].message);
    }
}

static an_stream stream_of(uint32_t image) { return an_stream_open(3, AN_PURPOSE_TEST, 0, image); }

static void random_parts_keep_area_and_aspect(void **state)
{
    static const int sizes[][2] = {{224, 224}, {500, 375}, {375, 500}, {32, 32}, {1000, 900}};
    alexnet_context *ctx = *state;
    const an_augment augment = parse(ctx, "rrc:0.2");

    for (size_t s = 0; s < AN_COUNT(sizes); ++s) {
        const int width = sizes[s][0], height = sizes[s][1];
        double smallest = 1, largest = 0;
        for (uint32_t i = 0; i < 2000; ++i) {
            an_stream stream = stream_of(i);
            const an_rect r = an_augment_rrc(&augment, &stream, width, height);
            const double area = (double)r.width * r.height / ((double)width * height);
            assert_true(r.left >= 0 && r.top >= 0 && r.left + r.width <= width &&
                        r.top + r.height <= height);
            assert_true((r.width - 0.5) / (r.height + 0.5) < 4.0 / 3 &&
                        (r.width + 0.5) / (r.height - 0.5) > 3.0 / 4);
            smallest = fmin(smallest, area);
            largest = fmax(largest, area);
        }
        assert_true(smallest > 0.17 && smallest < 0.23);
        assert_true(largest > 0.9);
    }
}

/* No rectangle of aspect ratio 3/4 .. 4/3 has half the area of these images: all ten tries fail. */
static void narrow_images_give_their_centre(void **state)
{
    static const struct {
        int width, height;
        an_rect part;
    } rows[] = {
        {100, 1000, {0, 433, 100, 133}}, /* 100 / (3/4) = 133.3; (1000 - 133) / 2 */
        {1000, 100, {433, 0, 133, 100}},
        {1, 65500, {0, 32749, 1, 1}},
        {6, 60, {0, 26, 6, 8}}, /* 6 / (3/4) = 8 */
    };
    alexnet_context *ctx = *state;
    const an_augment augment = parse(ctx, "rrc:0.5");

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_stream stream = stream_of(0);
        const an_rect r = an_augment_rrc(&augment, &stream, rows[i].width, rows[i].height);
        assert_memory_equal(&r, &rows[i].part, sizeof r);
    }
}

static void enhancement_matches_pil(void **state)
{
    static const struct {
        void (*enhance)(an_image *image, float factor);
        float factor;
        const char *digest;
    } rows[] = {
#include "golden/image_enhance.inc"
    };
    alexnet_context *ctx = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_image image = an_sample_decode(ctx, "rgb8.png");
        rows[i].enhance(&image, rows[i].factor);
        an_assert_pixels("rgb8.png", &image, rows[i].digest);
        an_image_free(ctx, &image);
    }
}

/*
 * Grey levels of the two pixels: (200 * 19595 + 100 * 38470 + 50 * 7471 + 32768) / 65536 = 124.7,
 * so 124; and 10. Their mean 67 is the level that contrast leaves unchanged.
 */
static void enhancement_matches_values_worked_by_hand(void **state)
{
    static const uint8_t stored[6] = {200, 100, 50, 10, 10, 10};
    static const struct {
        void (*enhance)(an_image *image, float factor);
        float factor;
        uint8_t pixels[6];
    } rows[] = {
        {an_image_brightness, 1.5f, {255, 150, 75, 15, 15, 15}},
        {an_image_brightness, 0.25f, {50, 25, 12, 2, 2, 2}},
        {an_image_contrast, 0.5f, {133, 83, 58, 38, 38, 38}}, /* 67 + (200 - 67) / 2 = 133.5 */
        {an_image_contrast, 2.0f, {255, 133, 33, 0, 0, 0}},
        {an_image_saturation, 0.0f, {124, 124, 124, 10, 10, 10}},
        {an_image_saturation, 2.0f, {255, 76, 0, 10, 10, 10}},
    };
    alexnet_context *ctx = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_image image = an_image_of(ctx, 2, 1, stored);
        rows[i].enhance(&image, rows[i].factor);
        an_assert_image(&image, 2, 1, rows[i].pixels);
        an_image_free(ctx, &image);
    }
}

static void jitter_applies_three_draws_in_order(void **state)
{
    alexnet_context *ctx = *state;
    const an_augment augment = parse(ctx, "jitter:0.5");
    an_image image = an_sample_decode(ctx, "rgb8.png"),
             expected = an_sample_decode(ctx, "rgb8.png");
    an_stream stream = stream_of(7), again = stream;

    an_augment_jitter(&augment, &stream, &image);
    an_image_brightness(&expected, (float)(0.5 + an_random_unit64(&again)));
    an_image_contrast(&expected, (float)(0.5 + an_random_unit64(&again)));
    an_image_saturation(&expected, (float)(0.5 + an_random_unit64(&again)));
    an_assert_image(&image, expected.width, expected.height, expected.pixels);
    assert_memory_equal(&stream, &again, sizeof stream);
    an_image_free(ctx, &image);
    an_image_free(ctx, &expected);
}

/* variances: those of red, green and blue, and the covariance of red and blue. */
static void check_noise(alexnet_context *ctx, const char *text, const double variances[4])
{
    enum { DRAWS = 20000 };
    const an_augment augment = parse(ctx, text);
    double sum[3] = {0}, squares[3] = {0}, red_blue = 0;

    for (uint32_t i = 0; i < DRAWS; ++i) {
        an_stream stream = stream_of(i);
        double shift[3];
        an_augment_pca(&augment, &stream, shift);
        for (int c = 0; c < 3; ++c) {
            sum[c] += shift[c];
            squares[c] += shift[c] * shift[c];
        }
        red_blue += shift[0] * shift[2];
    }
    /* An estimate of a variance from n draws is off by sqrt(2 / n) = 1 %. */
    for (int c = 0; c < 3; ++c) {
        assert_true(fabs(sum[c] / DRAWS) < 4 * sqrt(variances[c] / DRAWS));
        assert_true(fabs(squares[c] / DRAWS / variances[c] - 1) < 0.04);
    }
    assert_true(fabs(red_blue / DRAWS / variances[3] - 1) < 0.05);
}

/* The covariance is 0.01 sum of s_i^2 p_i p_i^T; s_i is sd_i, or sd_i^2 / 255 as in the paper. */
static void colour_noise_has_the_covariance_of_imagenet(void **state)
{
    static const double run[] = {54.76, 51.84, 59.36, 43.25}, printed[] = {10.89, 11.24, 12, 11.14};

    check_noise(*state, "pca", run);
    check_noise(*state, "pca-text", printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(lists_are_parsed),
        an_unit_test(wrong_lists_are_refused_naming_the_word),
        an_unit_test(random_parts_keep_area_and_aspect),
        an_unit_test(narrow_images_give_their_centre),
        an_unit_test(enhancement_matches_pil),
        an_unit_test(enhancement_matches_values_worked_by_hand),
        an_unit_test(jitter_applies_three_draws_in_order),
        an_unit_test(colour_noise_has_the_covariance_of_imagenet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
