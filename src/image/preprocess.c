/*
 * preprocess.c: the record as text, the geometry that follows from it, and the arithmetic that
 * turns bytes into the tensor.
 *
 *     image -> part -> resized -> window -> padded with zeros -> mirrored, jittered -> tensor
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/preprocess.h"

#include "base/settings.h"
#include "base/status.h"
#include "base/text.h"
#include <limits.h>
#include <string.h>

/* ---- the record ---- */

/* The record as parsed by base/settings.h. */
typedef struct record_text {
    char resize[AN_SETTING_TEXT], crop[AN_SETTING_TEXT], mean[AN_SETTING_TEXT];
    int filter, orientation, channels;
    double divide;
    an_reals std;
} record_text;

#define AT(member) offsetof(record_text, member)
static const an_key keys[] = {
    {"resize", AN_KEY_TEXT, AT(resize), 0, 0, NULL, "none", "short:N, square:N, exact:HxW or none"},
    {"filter", AN_KEY_CHOICE, AT(filter), 0, 0, AN_FILTER_CHOICES, "bilinear", "of resize"},
    {"crop", AN_KEY_TEXT, AT(crop), 0, 0, NULL, "none", "N, HxW or none, pixels"},
    {"orientation", AN_KEY_CHOICE, AT(orientation), 0, 0, "exif|stored|ignore", "stored",
     "of a photograph"}, /* ignore: the word for stored in older records */
    {"channels", AN_KEY_CHOICE, AT(channels), 0, 0, "rgb|bgr", "rgb", "their order in the tensor"},
    {"divide", AN_KEY_REAL, AT(divide), 1e-3, 1e6, NULL, "1", "divides the pixels 0 .. 255"},
    {"mean", AN_KEY_TEXT, AT(mean), 0, 0, NULL, "0,0,0", "per channel, after divide; or image"},
    {"std", AN_KEY_REALS, AT(std), 0, 0, NULL, "1,1,1", "per channel, after divide"},
    {0},
};
#undef AT

static bool parse_side(const char *text, size_t length, int *out)
{
    int64_t side;

    if (!an_parse_int(text, length, &side) || side < 1 || side > AN_IMAGE_SIDE_MAX) return false;
    *out = (int)side;
    return true;
}

/* "227" or "227x200", height first. */
static bool parse_size(const char *text, int *height, int *width)
{
    const size_t length = strcspn(text, "x");

    if (!parse_side(text, length, height)) return false;
    *width = *height;
    return text[length] == '\0' || parse_side(text + length + 1, strlen(text + length + 1), width);
}

static bool parse_resize(const char *text, an_preprocess *out)
{
    static const struct {
        const char *word;
        an_resize_rule rule;
    } rules[] = {
        {"short:", AN_RESIZE_SHORT}, {"square:", AN_RESIZE_SQUARE}, {"exact:", AN_RESIZE_EXACT}};

    if (strcmp(text, "none") == 0) return true;
    for (size_t i = 0; i < AN_COUNT(rules); ++i) {
        const size_t length = strlen(rules[i].word);
        if (strncmp(text, rules[i].word, length) != 0) continue;
        out->resize = rules[i].rule;
        if (!parse_size(text + length, &out->resize_h, &out->resize_w)) return false;
        return out->resize == AN_RESIZE_EXACT || strchr(text, 'x') == NULL;
    }
    return false;
}

/* Three numbers separated by commas, or "image". */
static bool parse_mean(const char *text, an_preprocess *out)
{
    double value;

    out->subtract_image = strcmp(text, "image") == 0;
    if (out->subtract_image) return true;
    for (int c = 0; c < 3; ++c) {
        const size_t length = strcspn(text, ",");
        if (!an_parse_real(text, length, &value)) return false;
        out->mean[c] = (float)value;
        if (text[length] != (c < 2 ? ',' : '\0')) return false;
        text += length + 1;
    }
    return true;
}

static bool take_std(const an_reals *reals, an_preprocess *out)
{
    for (int c = 0; c < 3; ++c) {
        if (reals->count != 3 || !(reals->values[c] >= 1e-6 && reals->values[c] <= 1e6))
            return false;
        out->std[c] = (float)reals->values[c];
    }
    return true;
}

alexnet_status an_preprocess_parse(alexnet_context *ctx, const char *text, an_preprocess *out)
{
    record_text t;
    an_preprocess record = {0};

    AN_TRY(an_settings_parse(ctx, "preprocessing", keys, text, &t));
    record.filter = (an_filter)t.filter;
    record.orientation = t.orientation == 0 ? AN_ORIENTATION_EXIF : AN_ORIENTATION_IGNORE;
    record.bgr = t.channels == 1;
    record.divide = t.divide;
    if (!parse_resize(t.resize, &record))
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "preprocessing: resize=%s; expected short:N, square:N, exact:HxW or none",
                       t.resize);
    if (strcmp(t.crop, "none") != 0 && !parse_size(t.crop, &record.crop_h, &record.crop_w))
        return an_fail(ctx, ALEXNET_BAD_ARG, "preprocessing: crop=%s; expected N, HxW or none",
                       t.crop);
    if (!parse_mean(t.mean, &record))
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "preprocessing: mean=%s; expected three numbers or image", t.mean);
    if (!take_std(&t.std, &record))
        return an_fail(ctx, ALEXNET_BAD_ARG, "preprocessing: std; expected three numbers above 0");
    *out = record;
    return ALEXNET_OK;
}

void an_preparer_free(alexnet_context *ctx, an_preparer *preparer)
{
    an_image_free(ctx, &preparer->a);
    an_image_free(ctx, &preparer->b);
    an_resizer_free(ctx, &preparer->resizer);
}

size_t an_preparer_bytes(const an_image *image, int height, int width)
{
    const size_t row = (size_t)width * 3;

    return row * (size_t)image->height + 2 * row * (size_t)height;
}

/* ---- geometry ---- */

/* What is done to one image. All sizes are in pixels. */
typedef struct plan {
    an_rect part;             /* rectangle that is cut out of the image */
    int resized_w, resized_h; /* size of that part after the resize */
    an_rect window;           /* rectangle of the resized part that is kept */
    int width, height;        /* of the result: the window, centred and padded with zeros */
    bool mirror;
} plan;

static int half_to_even(int n) { return n / 2 + (n % 2 != 0 && n / 2 % 2 != 0); }

/* Sets the size to which the record's `resize` scales an image of width x height. */
static alexnet_status plan_resize(alexnet_context *ctx, const an_preprocess *record, int width,
                                  int height, plan *p)
{
    p->resized_w = record->resize == AN_RESIZE_EXACT ? record->resize_w : width;
    p->resized_h = record->resize == AN_RESIZE_EXACT ? record->resize_h : height;
    if (record->resize != AN_RESIZE_SHORT && record->resize != AN_RESIZE_SQUARE) return ALEXNET_OK;

    const int64_t side = record->resize_h;
    const int64_t longer = side * AN_MAX(width, height) / AN_MIN(width, height);
    if (longer > INT_MAX)
        return an_fail(ctx, ALEXNET_BAD_SHAPE,
                       "an image of %d x %d pixels is too narrow to be resized to %lld", width,
                       height, (long long)side);
    p->resized_w = (int)(width <= height ? side : longer);
    p->resized_h = (int)(width <= height ? longer : side);
    return ALEXNET_OK;
}

typedef enum place { FIRST, MIDDLE, LAST, ANYWHERE } place;

/* The crop of each view, vertical and horizontal; views 5 .. 9 are these mirrored. */
static const place views[AN_VIEWS / 2][2] = {
    {MIDDLE, MIDDLE}, {FIRST, FIRST}, {FIRST, LAST}, {LAST, FIRST}, {LAST, LAST},
};

/* Where a crop begins on an axis that is `slack` pixels longer than the crop. */
static int crop_offset(int slack, place where, an_stream *stream)
{
    if (slack <= 0 || where == FIRST) return 0;
    if (where == MIDDLE) return half_to_even(slack);
    if (where == LAST) return slack;
    return (int)an_random_below(stream, (uint32_t)slack + 1);
}

/* One side of the area that crops are taken from: all of the resized part, or for resize=square the
   middle. */
static int side_to_crop(const an_preprocess *record, int resized, int crop)
{
    if (record->resize != AN_RESIZE_SQUARE) return resized;
    return AN_MIN(AN_MAX(record->resize_h, crop), resized);
}

static void plan_crop(const an_preprocess *record, place down, place across, an_stream *stream,
                      plan *p)
{
    const int h = side_to_crop(record, p->resized_h, record->crop_h);
    const int w = side_to_crop(record, p->resized_w, record->crop_w);

    p->width = record->crop_w != 0 ? record->crop_w : w;
    p->height = record->crop_h != 0 ? record->crop_h : h;
    p->window.top = half_to_even(p->resized_h - h) + crop_offset(h - p->height, down, stream);
    p->window.left = half_to_even(p->resized_w - w) + crop_offset(w - p->width, across, stream);
    p->window.width = AN_MIN(p->width, w);
    p->window.height = AN_MIN(p->height, h);
}

static alexnet_status plan_testing(alexnet_context *ctx, const an_preprocess *record, int view,
                                   const an_image *image, plan *p)
{
    *p = (plan){.part = {0, 0, image->width, image->height}, .mirror = view >= AN_VIEWS / 2};
    if (view < 0 || view >= AN_VIEWS)
        return an_fail(ctx, ALEXNET_BAD_ARG, "view %d; expected 0 to %d", view, AN_VIEWS - 1);
    const place *places = views[view % (AN_VIEWS / 2)];
    AN_TRY(plan_resize(ctx, record, image->width, image->height, p));
    plan_crop(record, places[0], places[1], NULL, p);
    return ALEXNET_OK;
}

static alexnet_status plan_training(alexnet_context *ctx, const an_preprocess *record,
                                    const an_augment *augment, an_stream *stream,
                                    const an_image *image, int height, int width, plan *p)
{
    *p = (plan){.part = {0, 0, image->width, image->height}};
    if (augment->rrc) {
        p->part = an_augment_rrc(augment, stream, image->width, image->height);
        p->width = p->resized_w = width;
        p->height = p->resized_h = height;
        p->window = (an_rect){0, 0, width, height};
    } else {
        const place where = augment->crop ? ANYWHERE : MIDDLE;
        AN_TRY(plan_resize(ctx, record, image->width, image->height, p));
        plan_crop(record, where, where, stream, p);
    }
    p->mirror = augment->flip && an_random_u32(stream) >> 31 != 0;
    return ALEXNET_OK;
}

/* ---- 8-bit pixels ---- */

static void mirror_rows(an_image *image)
{
    for (int y = 0; y < image->height; ++y) {
        uint8_t *left = image->pixels + (size_t)y * (size_t)image->width * 3;
        uint8_t *right = left + (size_t)(image->width - 1) * 3;
        for (; left < right; left += 3, right -= 3) {
            uint8_t pixel[3];
            memcpy(pixel, left, 3);
            memcpy(left, right, 3);
            memcpy(right, pixel, 3);
        }
    }
}

/* Copies `from` into the middle of `to` and sets the rest to zero. */
static void pad_with_zeros(const an_image *from, an_image *to)
{
    const size_t row = (size_t)from->width * 3, stride = (size_t)to->width * 3;
    const size_t left = (size_t)(to->width - from->width) / 2;
    const size_t top = (size_t)(to->height - from->height) / 2;

    memset(to->pixels, 0, stride * (size_t)to->height);
    for (size_t y = 0; y < (size_t)from->height; ++y)
        memcpy(to->pixels + (top + y) * stride + left * 3, from->pixels + y * row, row);
}

static alexnet_status run_plan(alexnet_context *ctx, an_preparer *preparer, const plan *p,
                               an_filter filter, const an_image *image, an_image *out)
{
    const bool padded = p->window.width < p->width || p->window.height < p->height;
    an_image *resized = padded ? &preparer->a : out;

    AN_TRY(an_image_resize_window(ctx, &preparer->resizer, image, &p->part, p->resized_w,
                                  p->resized_h, filter, &p->window, resized));
    if (padded) {
        AN_TRY(an_image_reserve(ctx, out, p->width, p->height));
        pad_with_zeros(resized, out);
    }
    if (p->mirror) mirror_rows(out);
    return ALEXNET_OK;
}

alexnet_status an_preprocess_pixels(alexnet_context *ctx, an_preparer *preparer,
                                    const an_preprocess *record, const an_augment *augment,
                                    an_stream *stream, int view, const an_image *image, int height,
                                    int width, an_image *out)
{
    plan p;

    if ((augment == NULL) != (stream == NULL))
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "expected both an augmentation and a stream, or neither");
    if (augment != NULL)
        AN_TRY(plan_training(ctx, record, augment, stream, image, height, width, &p));
    else
        AN_TRY(plan_testing(ctx, record, view, image, &p));
    if (p.width != width || p.height != height)
        return an_fail(ctx, ALEXNET_BAD_SHAPE,
                       "preprocessing turns an image of %d x %d pixels into %d x %d; the network "
                       "expects %d x %d",
                       image->width, image->height, p.width, p.height, width, height);
    AN_TRY(run_plan(ctx, preparer, &p, record->filter, image, out));
    if (augment != NULL && augment->jitter) an_augment_jitter(augment, stream, out);
    return ALEXNET_OK;
}

/* ---- the tensor ---- */

/* Converts a byte to the network's number, in float32 and in the order of scale(). */
typedef struct scaling {
    float divide, mean, shift, std, gain;
} scaling;

static float scale(const scaling *s, float x)
{
    return ((x / s->divide - s->mean) + s->shift) / s->std / s->gain;
}

/* The scaling of the network's three channels. */
static void plan_scaling(const an_preprocess *record, const an_augment *augment, an_stream *stream,
                         scaling s[3])
{
    const bool noise = augment != NULL && (augment->pca || augment->pca_text);
    double shift[3] = {0};

    if (noise) an_augment_pca(augment, stream, shift);
    for (int c = 0; c < 3; ++c)
        s[c] = (scaling){
            .divide = (float)record->divide,
            .mean = record->subtract_image ? 0 : record->mean[c],
            .shift = (float)(shift[record->bgr ? 2 - c : c] / record->divide),
            .std = record->std[c],
            .gain = noise && augment->pca ? 1 + augment->pca_sd : 1,
        };
}

/* Writes one channel. A byte has 256 values, so each is computed once. */
static void write_plane(const uint8_t *bytes, size_t count, const scaling *s, float *out)
{
    float table[256];

    for (int x = 0; x < 256; ++x)
        table[x] = scale(s, (float)x);
    for (size_t i = 0; i < count; ++i)
        out[i] = table[bytes[3 * i]];
}

/* Writes one channel with a mean for each pixel; the rows of `mean` are `stride` floats apart. */
static void write_plane_minus_image(const uint8_t *bytes, int height, int width, scaling s,
                                    const float *mean, int stride, float *out)
{
    for (int y = 0; y < height; ++y, mean += stride)
        for (int x = 0; x < width; ++x, bytes += 3) {
            s.mean = mean[x];
            *out++ = scale(&s, (float)*bytes);
        }
}

static alexnet_status check_mean(alexnet_context *ctx, const an_preprocess *record,
                                 const float *mean_image, int mean_h, int mean_w, int height,
                                 int width)
{
    if (!record->subtract_image || (mean_image != NULL && mean_h >= height && mean_w >= width))
        return ALEXNET_OK;
    if (mean_image == NULL)
        return an_fail(
            ctx, ALEXNET_BAD_ARG,
            "preprocessing: mean=image, but there is no mean image: training computes it");
    return an_fail(ctx, ALEXNET_BAD_SHAPE,
                   "mean image of %d x %d pixels; expected at least %d x %d", mean_w, mean_h, width,
                   height);
}

alexnet_status an_preprocess_check(alexnet_context *ctx, const an_preprocess *record,
                                   const float *mean_image, int mean_h, int mean_w, int height,
                                   int width)
{
    const bool cropped = record->crop_h > 0;
    const bool known = record->resize == AN_RESIZE_EXACT || record->resize == AN_RESIZE_SQUARE;
    const int made_h = cropped ? record->crop_h : record->resize_h;
    const int made_w = cropped ? record->crop_w : record->resize_w;

    AN_TRY(check_mean(ctx, record, mean_image, mean_h, mean_w, height, width));
    if ((cropped || known) && (made_h != height || made_w != width))
        return an_fail(ctx, ALEXNET_BAD_SHAPE,
                       "preprocessing makes every image %d x %d; the network expects %d x %d",
                       made_w, made_h, width, height);
    return ALEXNET_OK;
}

alexnet_status an_preprocess_tensor(alexnet_context *ctx, an_preparer *preparer,
                                    const an_preprocess *record, const float *mean_image,
                                    int mean_h, int mean_w, const an_augment *augment,
                                    an_stream *stream, int view, const an_image *image, int height,
                                    int width, float *out)
{
    const size_t count = (size_t)height * (size_t)width;
    scaling s[3];

    AN_TRY(check_mean(ctx, record, mean_image, mean_h, mean_w, height, width));
    AN_TRY(an_preprocess_pixels(ctx, preparer, record, augment, stream, view, image, height, width,
                                &preparer->b));
    plan_scaling(record, augment, stream, s);
    for (int c = 0; c < 3; ++c, out += count) {
        const uint8_t *bytes = preparer->b.pixels + (record->bgr ? 2 - c : c);
        if (!record->subtract_image) {
            write_plane(bytes, count, &s[c], out);
            continue;
        }
        const float *mean = mean_image + (size_t)c * (size_t)mean_h * (size_t)mean_w +
                            (size_t)half_to_even(mean_h - height) * (size_t)mean_w +
                            (size_t)half_to_even(mean_w - width);
        write_plane_minus_image(bytes, height, width, s[c], mean, mean_w, out);
    }
    return ALEXNET_OK;
}
