/*
 * preprocess_test.c: the record, torchvision's results bit for bit, each step worked by hand.
 * SPDX-License-Identifier: MIT
 */
#include "image/samples.h"

#include "image/preprocess.h"
#include <stdlib.h>
#include <string.h>

static an_preprocess parse(alexnet_context *ctx, const char *text)
{
    an_preprocess record;

    an_assert_ok(ctx, an_preprocess_parse(ctx, text, &record));
    return record;
}

static an_augment parse_augment(alexnet_context *ctx, const char *text)
{
    an_augment augment;

    an_assert_ok(ctx, an_augment_parse(ctx, text, &augment));
    return augment;
}

static an_stream stream_of(uint32_t image) { return an_stream_open(5, AN_PURPOSE_TEST, 0, image); }

/* ---- the record ---- */

static void records_are_parsed(void **state)
{
    alexnet_context *ctx = *state;
    an_preprocess r = parse(ctx, "");

    assert_int_equal(r.resize, AN_RESIZE_NONE);
    assert_int_equal(r.crop_h, 0);
    assert_int_equal(r.filter, AN_FILTER_BILINEAR);
    assert_int_equal(r.orientation, AN_ORIENTATION_IGNORE);
    assert_false(r.bgr || r.subtract_image);
    assert_float_equal(r.divide, 1, 0);
    assert_float_equal(r.mean[2], 0, 0);
    assert_float_equal(r.std[2], 1, 0);

    r = parse(ctx,
              "resize=short:256 filter=bicubic crop=224 orientation=exif channels=bgr divide=255 "
              "mean=0.485,0.456,0.406 std=0.229,0.224,0.225");
    assert_int_equal(r.resize, AN_RESIZE_SHORT);
    assert_int_equal(r.resize_h, 256);
    assert_int_equal(r.resize_w, 256);
    assert_int_equal(r.crop_h, 224);
    assert_int_equal(r.crop_w, 224);
    assert_int_equal(r.filter, AN_FILTER_BICUBIC);
    assert_int_equal(r.orientation, AN_ORIENTATION_EXIF);
    assert_int_equal(parse(ctx, "orientation=stored").orientation, AN_ORIENTATION_IGNORE);
    assert_int_equal(parse(ctx, "orientation=ignore").orientation, AN_ORIENTATION_IGNORE);
    assert_true(r.bgr);
    assert_float_equal(r.mean[1], 0.456f, 0);
    assert_float_equal(r.std[2], 0.225f, 0);

    r = parse(ctx, "resize=exact:256x300 crop=227x200 filter=nearest mean=image");
    assert_int_equal(r.resize, AN_RESIZE_EXACT);
    assert_int_equal(r.resize_h, 256);
    assert_int_equal(r.resize_w, 300);
    assert_int_equal(r.crop_h, 227);
    assert_int_equal(r.crop_w, 200);
    assert_int_equal(r.filter, AN_FILTER_NEAREST);
    assert_true(r.subtract_image);
    assert_int_equal(parse(ctx, "resize=exact:64").resize_w, 64);
}

static void wrong_records_are_refused_naming_the_word(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"resize=256", "resize=256; expected short:N, square:N, exact:HxW or none"},
        {"resize=short:", "resize=short:"},
        {"resize=short:0", "resize=short:0"},
        {"resize=short:256x256", "resize=short:256x256"},
        {"resize=square:256x256", "resize=square:256x256"},
        {"resize=square:", "resize=square:"},
        {"resize=exact:70000", "resize=exact:70000"},
        {"resize=exact:10x", "resize=exact:10x"},
        {"crop=-1", "crop=-1; expected N, HxW or none"},
        {"crop=1x2x3", "crop=1x2x3"},
        {"mean=1,2", "mean=1,2; expected three numbers or image"},
        {"mean=1,2,3,4", "mean=1,2,3,4"},
        {"mean=1,2,x", "mean=1,2,x"},
        {"std=1,1", "std; expected three numbers above 0"},
        {"std=1,1,0", "std; expected"},
        {"divide=0", "divide"},
        {"filter=lanczos", "lanczos"},
        {"channels=grb", "grb"},
        {"size=3", "size"},
    };
    alexnet_context *ctx = *state;
    an_preprocess record;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(ctx, an_preprocess_parse(ctx, rows[i].text, &record), ALEXNET_BAD_ARG);
        an_assert_error(ctx, rows[i].message);
    }
}

/* ---- torchvision's results ---- */

static void pixels_and_tensors_match_torchvision(void **state)
{
    static const struct {
        const char *file, *record;
        int height, width;
        const char *pixels, *tensor;
    } rows[] = {
#include "golden/image_prepare.inc"
    };
    alexnet_context *ctx = *state;
    an_preparer preparer = {0};
    an_image pixels = {0};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const int h = rows[i].height, w = rows[i].width;
        const size_t bytes = (size_t)(3 * h * w) * sizeof(float);
        an_image image = an_sample_decode(ctx, rows[i].file);
        const an_preprocess record = parse(ctx, rows[i].record);
        float *tensor = malloc(bytes);

        an_assert_ok(ctx, an_preprocess_pixels(ctx, &preparer, &record, NULL, NULL, 0, &image, h, w,
                                               &pixels));
        an_assert_pixels(rows[i].record, &pixels, rows[i].pixels);
        an_assert_ok(ctx, an_preprocess_tensor(ctx, &preparer, &record, NULL, 0, 0, NULL, NULL, 0,
                                               &image, h, w, tensor));
        an_assert_digest(rows[i].record, tensor, bytes, rows[i].tensor);
        free(tensor);
        an_image_free(ctx, &image);
    }
    an_image_free(ctx, &pixels);
    an_preparer_free(ctx, &preparer);
}

static void photographs_match_pil_and_torchvision(void **state)
{
    static const struct {
        const char *file, *stored, *upright, *pixels, *tensor;
    } rows[] = {
#include "golden/image_photo.inc"
    };
    enum { SIDE = 224 };
    static float tensor[3 * SIDE * SIDE];
    alexnet_context *ctx = *state;
    an_preparer preparer = {0};
    an_image image = {0}, pixels = {0};
    const an_preprocess record =
        parse(ctx, "resize=short:256 crop=224 divide=255 mean=0.485,0.456,0.406 "
                   "std=0.229,0.224,0.225");

    if (an_test_data("photos") == NULL) skip();
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const char *path = an_test_data(rows[i].file);
        an_bytes file;
        if (path == NULL) continue;
        an_assert_ok(ctx, an_file_read(ctx, path, 1 << 20, &file));
        an_assert_ok(ctx, an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_EXIF, &image));
        an_assert_pixels(rows[i].file, &image, rows[i].upright);
        an_assert_ok(ctx,
                     an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_IGNORE, &image));
        an_assert_pixels(rows[i].file, &image, rows[i].stored);
        an_assert_ok(ctx, an_preprocess_pixels(ctx, &preparer, &record, NULL, NULL, 0, &image, SIDE,
                                               SIDE, &pixels));
        an_assert_pixels(rows[i].file, &pixels, rows[i].pixels);
        an_assert_ok(ctx, an_preprocess_tensor(ctx, &preparer, &record, NULL, 0, 0, NULL, NULL, 0,
                                               &image, SIDE, SIDE, tensor));
        an_assert_digest(rows[i].file, tensor, sizeof tensor, rows[i].tensor);
        an_bytes_free(ctx, &file);
    }
    an_image_free(ctx, &image);
    an_image_free(ctx, &pixels);
    an_preparer_free(ctx, &preparer);
}

/* ---- steps worked by hand ---- */

/* 5 x 4 pixels, each with its own number: 0 1 2 3 4 / 5 6 7 8 9 / 10 .. 14 / 15 .. 19. */
static an_image numbered(alexnet_context *ctx)
{
    uint8_t pixels[60];

    for (int i = 0; i < 60; ++i)
        pixels[i] = (uint8_t)(i / 3);
    return an_image_of(ctx, 5, 4, pixels);
}

static void assert_numbers(const an_image *image, int count, const uint8_t *numbers)
{
    assert_int_equal(image->width * image->height, count);
    for (int i = 0; i < 3 * count; ++i)
        assert_int_equal(image->pixels[i], numbers[i / 3]);
}

static void ten_views_are_centre_corners_and_their_mirrors(void **state)
{
    static const uint8_t views[AN_VIEWS][6] = {
        /* crop 2 x 3: vertical offset (4 - 2) / 2 = 1, horizontal (5 - 3) / 2 = 1 */
        {6, 7, 8, 11, 12, 13},    {0, 1, 2, 5, 6, 7},       {2, 3, 4, 7, 8, 9},
        {10, 11, 12, 15, 16, 17}, {12, 13, 14, 17, 18, 19}, {8, 7, 6, 13, 12, 11},
        {2, 1, 0, 7, 6, 5},       {4, 3, 2, 9, 8, 7},       {12, 11, 10, 17, 16, 15},
        {14, 13, 12, 19, 18, 17},
    };
    alexnet_context *ctx = *state;
    const an_preprocess record = parse(ctx, "crop=2x3");
    an_preparer preparer = {0};
    an_image image = numbered(ctx), out = {0};

    for (int view = 0; view < AN_VIEWS; ++view) {
        an_assert_ok(ctx, an_preprocess_pixels(ctx, &preparer, &record, NULL, NULL, view, &image, 2,
                                               3, &out));
        assert_numbers(&out, 6, views[view]);
    }
    for (int view = -1; view <= AN_VIEWS; view += AN_VIEWS + 1)
        an_assert_status(
            ctx,
            an_preprocess_pixels(ctx, &preparer, &record, NULL, NULL, view, &image, 2, 3, &out),
            ALEXNET_BAD_ARG);
    an_image_free(ctx, &image);
    an_image_free(ctx, &out);
    an_preparer_free(ctx, &preparer);
}

static void a_small_image_is_padded_with_zeros(void **state)
{
    /* crop 5 x 2 of 4 rows and 5 columns: one row of zeros below; columns 2, 3 as round(1.5) = 2 */
    static const uint8_t expected[10] = {2, 3, 7, 8, 12, 13, 17, 18, 0, 0};
    alexnet_context *ctx = *state;
    const an_preprocess record = parse(ctx, "crop=5x2");
    an_preparer preparer = {0};
    an_image image = numbered(ctx), out = {0};

    for (int view = 0; view < 2; ++view) {
        an_assert_ok(
            ctx, an_preprocess_pixels(ctx, &preparer, &record, NULL, NULL, 0, &image, 5, 2, &out));
        assert_numbers(&out, 10, expected);
    }
    an_image_free(ctx, &image);
    an_image_free(ctx, &out);
    an_preparer_free(ctx, &preparer);
}

/* The middle 4 x 4 of 4 x 5 is the first four columns: half a pixel is rounded to the even side.
   A crop of all five columns uses them. */
static void crops_of_a_square_exclude_its_margins(void **state)
{
    static const uint8_t views[AN_VIEWS / 2][6] = {
        {5, 6, 7, 10, 11, 12},    {0, 1, 2, 5, 6, 7},       {1, 2, 3, 6, 7, 8},
        {10, 11, 12, 15, 16, 17}, {11, 12, 13, 16, 17, 18},
    };
    alexnet_context *ctx = *state;
    an_preprocess record = parse(ctx, "resize=square:4 crop=2x3");
    const an_augment augment = parse_augment(ctx, "crop");
    an_preparer preparer = {0};
    an_image image = numbered(ctx), out = {0};
    int last_column = 0;

    for (int view = 0; view < AN_VIEWS / 2; ++view) {
        an_assert_ok(ctx, an_preprocess_pixels(ctx, &preparer, &record, NULL, NULL, view, &image, 2,
                                               3, &out));
        assert_numbers(&out, 6, views[view]);
    }
    for (uint32_t i = 0; i < 100; ++i) {
        an_stream stream = stream_of(i);
        an_assert_ok(ctx, an_preprocess_pixels(ctx, &preparer, &record, &augment, &stream, 0,
                                               &image, 2, 3, &out));
        last_column = AN_MAX(last_column, out.pixels[6] % 5);
    }
    assert_int_equal(last_column, 3);

    record = parse(ctx, "resize=square:4 crop=4x5");
    an_assert_ok(ctx,
                 an_preprocess_pixels(ctx, &preparer, &record, NULL, NULL, 0, &image, 4, 5, &out));
    assert_memory_equal(out.pixels, image.pixels, 60);
    an_image_free(ctx, &image);
    an_image_free(ctx, &out);
    an_preparer_free(ctx, &preparer);
}

static void a_record_of_another_size_is_refused(void **state)
{
    alexnet_context *ctx = *state;
    an_preparer preparer = {0};
    an_image image = numbered(ctx), out = {0}, needle = {0};

    an_preprocess record = parse(ctx, "resize=short:8");
    an_assert_status(
        ctx, an_preprocess_pixels(ctx, &preparer, &record, NULL, NULL, 0, &image, 8, 8, &out),
        ALEXNET_BAD_SHAPE);
    an_assert_error(ctx, "turns an image of 5 x 4 pixels into 10 x 8; the network expects 8 x 8");

    an_assert_ok(ctx, an_image_reserve(ctx, &needle, 1, 65535));
    record = parse(ctx, "resize=short:65535 crop=8");
    an_assert_status(
        ctx, an_preprocess_pixels(ctx, &preparer, &record, NULL, NULL, 0, &needle, 8, 8, &out),
        ALEXNET_BAD_SHAPE);
    an_assert_error(ctx, "too narrow");
    an_image_free(ctx, &image);
    an_image_free(ctx, &needle);
    an_image_free(ctx, &out);
    an_preparer_free(ctx, &preparer);
}

/* One pixel (10, 100, 250) through ((x / divide - mean) + shift) / std / gain. */
static void values_follow_the_record(void **state)
{
    static const uint8_t pixel[3] = {10, 100, 250};
    static const struct {
        const char *record;
        float out[3];
    } rows[] = {
        {"", {10, 100, 250}},
        {"channels=bgr", {250, 100, 10}},
        {"mean=1,2,3 std=2,4,8", {4.5f, 24.5f, 30.875f}},
        {"channels=bgr mean=1,2,3 std=2,4,8", {124.5f, 24.5f, 0.875f}},
        {"divide=10 mean=1,1,1", {0, 9, 24}},
    };
    alexnet_context *ctx = *state;
    an_preparer preparer = {0};
    an_image image = an_image_of(ctx, 1, 1, pixel);
    float out[3];

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_preprocess record = parse(ctx, rows[i].record);
        an_assert_ok(ctx, an_preprocess_tensor(ctx, &preparer, &record, NULL, 0, 0, NULL, NULL, 0,
                                               &image, 1, 1, out));
        assert_memory_equal(out, rows[i].out, sizeof out);
    }
    an_image_free(ctx, &image);
    an_preparer_free(ctx, &preparer);
}

static void the_middle_of_the_mean_image_is_subtracted(void **state)
{
    alexnet_context *ctx = *state;
    const an_preprocess record = parse(ctx, "crop=2x3 channels=bgr mean=image std=2,2,2");
    an_preparer preparer = {0};
    an_image image = numbered(ctx);
    float mean[3 * 4 * 5], out[18];

    for (int i = 0; i < 60; ++i)
        mean[i] = (float)(i / 20 * 100 + i % 20); /* channel * 100 + the pixel's number */
    image.pixels[6 * 3] = 50; /* red of pixel 6, which comes first in the crop */
    an_assert_ok(ctx, an_preprocess_tensor(ctx, &preparer, &record, mean, 4, 5, NULL, NULL, 0,
                                           &image, 2, 3, out));
    for (int i = 0; i < 18; ++i)
        assert_float_equal(out[i], i == 12 ? -78.0f /* (50 - 206) / 2 */ : (float)(-50 * (i / 6)),
                           0);

    an_assert_status(
        ctx,
        an_preprocess_tensor(ctx, &preparer, &record, NULL, 0, 0, NULL, NULL, 0, &image, 2, 3, out),
        ALEXNET_BAD_ARG);
    an_assert_error(ctx, "there is no mean image");
    an_assert_status(
        ctx,
        an_preprocess_tensor(ctx, &preparer, &record, mean, 4, 2, NULL, NULL, 0, &image, 2, 3, out),
        ALEXNET_BAD_SHAPE);
    an_assert_error(ctx, "mean image of 2 x 4 pixels; expected at least 3 x 2");
    an_image_free(ctx, &image);
    an_preparer_free(ctx, &preparer);
}

static void records_are_checked_before_any_image(void **state)
{
    alexnet_context *ctx = *state;
    static const float mean[3 * 4 * 4] = {0};
    static const struct {
        const char *record;
        int mean_side; /* 0: no mean image */
        alexnet_status status;
    } rows[] = {
        {"resize=short:9 crop=3x4", 0, ALEXNET_OK},
        {"resize=short:9 crop=4x3", 0, ALEXNET_BAD_SHAPE},
        {"resize=exact:3x4", 0, ALEXNET_OK},
        {"resize=exact:4x4", 0, ALEXNET_BAD_SHAPE},
        {"resize=exact:4x4 crop=3x4", 0, ALEXNET_OK},
        {"resize=short:3", 0, ALEXNET_OK}, /* depends on the image */
        {"resize=square:9 crop=3x4", 0, ALEXNET_OK},
        {"resize=square:3", 0, ALEXNET_BAD_SHAPE},
        {"", 0, ALEXNET_OK},
        {"mean=image", 4, ALEXNET_OK},
        {"mean=image", 3, ALEXNET_BAD_SHAPE},
        {"mean=image", 0, ALEXNET_BAD_ARG},
    };

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_preprocess record = parse(ctx, rows[i].record);
        const int side = rows[i].mean_side;
        an_assert_status(
            ctx, an_preprocess_check(ctx, &record, side > 0 ? mean : NULL, side, side, 3, 4),
            rows[i].status);
    }
}

/* ---- training ---- */

static void no_augmentation_is_testing(void **state)
{
    alexnet_context *ctx = *state;
    const an_preprocess record = parse(ctx, "resize=short:24 crop=20");
    const an_augment none = parse_augment(ctx, "none");
    an_preparer preparer = {0};
    an_image image = an_sample_decode(ctx, "rgb8.png"), training = {0}, testing = {0};
    an_stream stream = stream_of(1);

    an_assert_ok(ctx, an_preprocess_pixels(ctx, &preparer, &record, NULL, NULL, 0, &image, 20, 20,
                                           &testing));
    an_assert_ok(ctx, an_preprocess_pixels(ctx, &preparer, &record, &none, &stream, 0, &image, 20,
                                           20, &training));
    an_assert_image(&training, 20, 20, testing.pixels);
    an_assert_status(
        ctx,
        an_preprocess_pixels(ctx, &preparer, &record, &none, NULL, 0, &image, 20, 20, &training),
        ALEXNET_BAD_ARG);
    an_image_free(ctx, &image);
    an_image_free(ctx, &training);
    an_image_free(ctx, &testing);
    an_preparer_free(ctx, &preparer);
}

static void random_crops_are_uniform(void **state)
{
    enum { DRAWS = 3600 };
    alexnet_context *ctx = *state;
    const an_preprocess record =
        parse(ctx, "crop=2x3"); /* of 4 x 5: three offsets on each axis, mirrored or not */
    const an_augment augment = parse_augment(ctx, "crop,flip");
    an_preparer preparer = {0};
    an_image image = numbered(ctx), out = {0};
    int counts[20][2] = {{0}}, seen = 0;

    for (uint32_t i = 0; i < DRAWS; ++i) {
        an_stream stream = stream_of(i);
        an_assert_ok(ctx, an_preprocess_pixels(ctx, &preparer, &record, &augment, &stream, 0,
                                               &image, 2, 3, &out));
        const int mirrored = out.pixels[0] > out.pixels[6];
        const uint8_t first = out.pixels[mirrored ? 6 : 0];
        const uint8_t step = (uint8_t)(mirrored ? -1 : 1), start = out.pixels[0];
        const uint8_t expected[6] = {start,
                                     (uint8_t)(start + step),
                                     (uint8_t)(start + 2 * step),
                                     (uint8_t)(start + 5),
                                     (uint8_t)(start + 5 + step),
                                     (uint8_t)(start + 5 + 2 * step)};
        assert_numbers(&out, 6, expected);
        ++counts[first][mirrored];
    }
    for (int first = 0; first < 20; ++first)
        for (int mirrored = 0; mirrored < 2; ++mirrored) {
            if (counts[first][mirrored] == 0) continue;
            ++seen;
            assert_in_range(counts[first][mirrored], 140,
                            260); /* 200 expected, standard deviation 14 */
        }
    assert_int_equal(seen, 18);
    an_image_free(ctx, &image);
    an_image_free(ctx, &out);
    an_preparer_free(ctx, &preparer);
}

static void rrc_resizes_its_part(void **state)
{
    alexnet_context *ctx = *state;
    const an_preprocess record = parse(ctx, "resize=short:24 filter=bicubic crop=20");
    const an_augment augment = parse_augment(ctx, "rrc");
    an_preparer preparer = {0};
    an_resizer resizer = {0};
    an_image image = an_sample_decode(ctx, "rgb8.png"), expected = {0}, out = {0};

    for (uint32_t i = 0; i < 20; ++i) {
        an_stream stream = stream_of(i), again = stream;
        const an_rect part = an_augment_rrc(&augment, &again, image.width, image.height);
        an_assert_ok(ctx, an_image_resize_window(ctx, &resizer, &image, &part, 20, 20,
                                                 AN_FILTER_BICUBIC, NULL, &expected));
        an_assert_ok(ctx, an_preprocess_pixels(ctx, &preparer, &record, &augment, &stream, 0,
                                               &image, 20, 20, &out));
        an_assert_image(&out, 20, 20, expected.pixels);
    }
    an_image_free(ctx, &image);
    an_image_free(ctx, &expected);
    an_image_free(ctx, &out);
    an_resizer_free(ctx, &resizer);
    an_preparer_free(ctx, &preparer);
}

/* gain: the divisor of the result */
static void check_colour_noise(alexnet_context *ctx, const char *text, double gain)
{
    static const uint8_t pixel[3] = {10, 100, 250};
    const an_preprocess record =
        parse(ctx, "channels=bgr divide=255 mean=0.5,0.4,0.3 std=0.2,0.2,0.2");
    const an_augment augment = parse_augment(ctx, text);
    an_preparer preparer = {0};
    an_image image = an_image_of(ctx, 1, 1, pixel);
    float out[3];

    for (uint32_t i = 0; i < 10; ++i) {
        an_stream stream = stream_of(i), again = stream;
        double shift[3];
        an_augment_pca(&augment, &again, shift);
        an_assert_ok(ctx, an_preprocess_tensor(ctx, &preparer, &record, NULL, 0, 0, &augment,
                                               &stream, 0, &image, 1, 1, out));
        for (int c = 0; c < 3; ++c) {
            const double x = ((pixel[2 - c] + shift[2 - c]) / 255 - (0.5 - 0.1 * c)) / 0.2 / gain;
            assert_float_equal(out[c], (float)x, 1e-5f);
        }
    }
    an_image_free(ctx, &image);
    an_preparer_free(ctx, &preparer);
}

static void colour_noise_is_added_after_the_mean_in_the_units_of_the_record(void **state)
{
    check_colour_noise(*state, "pca:0.2", 1.2);
    check_colour_noise(*state, "pca-text:0.2", 1);
}

static void everything_at_once_is_a_function_of_the_stream(void **state)
{
    alexnet_context *ctx = *state;
    const an_preprocess record = parse(ctx, "divide=255");
    const an_augment augment = parse_augment(ctx, "rrc,flip,jitter,pca");
    an_preparer preparer = {0};
    an_image image = an_sample_decode(ctx, "rgb8.png");
    float first[3 * 16 * 16], second[3 * 16 * 16];

    an_stream stream = stream_of(9);
    an_assert_ok(ctx, an_preprocess_tensor(ctx, &preparer, &record, NULL, 0, 0, &augment, &stream,
                                           0, &image, 16, 16, first));
    stream = stream_of(9);
    an_assert_ok(ctx, an_preprocess_tensor(ctx, &preparer, &record, NULL, 0, 0, &augment, &stream,
                                           0, &image, 16, 16, second));
    assert_memory_equal(first, second, sizeof first);
    stream = stream_of(10);
    an_assert_ok(ctx, an_preprocess_tensor(ctx, &preparer, &record, NULL, 0, 0, &augment, &stream,
                                           0, &image, 16, 16, second));
    assert_memory_not_equal(first, second, sizeof first);
    an_image_free(ctx, &image);
    an_preparer_free(ctx, &preparer);
}

static void every_failed_allocation_is_a_status(void **state)
{
    alexnet_context *ctx = *state;
    const an_preprocess record =
        parse(ctx, "resize=short:24 crop=40x20"); /* resized, then padded */
    an_image image = an_sample_decode(ctx, "rgb8.png");
    float out[3 * 40 * 20];

    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_preparer preparer = {0};
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status = an_preprocess_tensor(ctx, &preparer, &record, NULL, 0, 0,
                                                           NULL, NULL, 0, &image, 40, 20, out);
        const bool failed = an_test_fault_disarm(&fault);
        an_preparer_free(ctx, &preparer);
        assert_int_equal(status, failed ? ALEXNET_NO_MEMORY : ALEXNET_OK);
        if (!failed) break;
        assert_true(n < 10);
    }
    an_image_free(ctx, &image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(records_are_parsed),
        an_unit_test(wrong_records_are_refused_naming_the_word),
        an_unit_test(pixels_and_tensors_match_torchvision),
        an_unit_test(photographs_match_pil_and_torchvision),
        an_unit_test(ten_views_are_centre_corners_and_their_mirrors),
        an_unit_test(crops_of_a_square_exclude_its_margins),
        an_unit_test(a_small_image_is_padded_with_zeros),
        an_unit_test(a_record_of_another_size_is_refused),
        an_unit_test(values_follow_the_record),
        an_unit_test(the_middle_of_the_mean_image_is_subtracted),
        an_unit_test(records_are_checked_before_any_image),
        an_unit_test(no_augmentation_is_testing),
        an_unit_test(random_crops_are_uniform),
        an_unit_test(rrc_resizes_its_part),
        an_unit_test(colour_noise_is_added_after_the_mean_in_the_units_of_the_record),
        an_unit_test(everything_at_once_is_a_function_of_the_stream),
        an_unit_test(every_failed_allocation_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
