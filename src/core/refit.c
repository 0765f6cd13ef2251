/*
 * refit.c: another input size over the same parameters.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core/refit.h"

#include "base/context.h"
#include "base/extend.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "core/options.h"
#include <string.h>

#define SEARCH_BEYOND                                                                              \
    64 /* pixels above a size that fits: if that still fits, there is no upper limit */

/* ---- are the parameters the same? ---- */

static const an_node *find_node(const alexnet_model *model, const char *name)
{
    for (int i = 0; i < model->node_count; ++i)
        if (strcmp(model->nodes[i].name, name) == 0) return &model->nodes[i];
    return NULL;
}

/* Whether a map of several places becomes one row: the next linear layer has weights for each
   place. */
static bool is_flattening(const an_node *node)
{
    return node->x.h * node->x.w > 1 && node->y.h == 1 && node->y.w == 1 &&
           an_shape_image(node->x) == an_shape_image(node->y);
}

static bool same_map(an_shape a, an_shape b) { return a.h == b.h && a.w == b.w; }

/* The node, or the first after it, that has parameters. */
static const an_node *with_params(const alexnet_model *model, const an_node *node)
{
    while (node->param_count == 0 && node->index + 1 < model->node_count)
        ++node;
    return node;
}

static alexnet_status fail_map(const alexnet_model *other, const an_node *node, an_shape found,
                               an_shape expected)
{
    return an_fail(other->ctx, ALEXNET_BAD_SHAPE,
                   "layer %s: its weights are for a map of %dx%d, an input of %dx%d gives %dx%d",
                   with_params(other, node)->name, expected.h, expected.w, other->options.input_h,
                   other->options.input_w, found.h, found.w);
}

static alexnet_status check_places(const alexnet_model *model, const alexnet_model *other)
{
    for (int i = 0; i < other->node_count; ++i) {
        const an_node *now = &other->nodes[i], *then = find_node(model, now->name);
        if (then == NULL) continue;
        if (now->def->per_place && !same_map(now->y, then->y))
            return fail_map(other, now, now->y, then->y);
        if (is_flattening(now) && is_flattening(then) && !same_map(now->x, then->x))
            return fail_map(other, now, now->x, then->x);
    }
    return ALEXNET_OK;
}

static bool same_param(const an_param *a, const an_param *b)
{
    return strcmp(a->name, b->name) == 0 && a->rank == b->rank && a->offset == b->offset &&
           memcmp(a->shape, b->shape, (size_t)a->rank * sizeof a->shape[0]) == 0;
}

static alexnet_status check_params(const alexnet_model *model, const alexnet_model *other)
{
    AN_TRY(check_places(model, other));
    for (int i = 0; i < other->params.count; ++i) {
        const an_param *param = &other->params.items[i];
        if (i >= model->params.count || !same_param(param, &model->params.items[i]))
            return an_fail(other->ctx, ALEXNET_BAD_SHAPE,
                           "%s would be another tensor for an input of %dx%d", param->name,
                           other->options.input_h, other->options.input_w);
    }
    return model->params.count == other->params.count
               ? ALEXNET_OK
               : an_fail(
                     other->ctx, ALEXNET_BAD_SHAPE,
                     "%d %s of %d would be left over for an input of %dx%d",
                     model->params.count - other->params.count,
                     AN_NOUN(model->params.count - other->params.count, "parameter", "parameters"),
                     model->params.count, other->options.input_h, other->options.input_w);
}

/* ---- which sizes fit? ---- */

typedef struct search {
    alexnet_context *ctx;
    const an_family *family;
    alexnet_model_options options;
    const alexnet_model *like;
} search;

static bool fits(const search *s, int h, int w)
{
    alexnet_model_options options = s->options;
    alexnet_model *model;
    bool fit;

    options.input_h = h;
    options.input_w = w;
    if (an_model_try_describe(s->ctx, s->family, &options, &model) != ALEXNET_OK) return false;
    fit = s->like == NULL || check_params(s->like, model) == ALEXNET_OK;
    alexnet_model_free(model);
    return fit;
}

/* The sizes that fit along one side, around one that does. max 0: no limit was found. */
typedef struct range {
    int min, max;
} range;

static bool fits_along(const search *s, bool rows, int pixels, int other)
{
    return rows ? fits(s, pixels, other) : fits(s, other, pixels);
}

static range find_range(const search *s, bool rows, int known, int other)
{
    range r = {1, known};

    while (r.min < known && !fits_along(s, rows, r.min, other))
        ++r.min;
    while (r.max < known + SEARCH_BEYOND && fits_along(s, rows, r.max + 1, other))
        ++r.max;
    if (r.max == known + SEARCH_BEYOND) r.max = 0;
    return r;
}

void an_refit_tell_sizes(alexnet_context *ctx, const an_family *family,
                         const alexnet_model_options *options, const alexnet_model *like)
{
    const search s = {ctx, family, *options, like};
    const int h = like != NULL ? like->options.input_h : family->input[1];
    const int w = like != NULL ? like->options.input_w : family->input[2];
    char cause[AN_ERROR_BYTES];

    an_print(cause, sizeof cause, "%s", ctx->error);
    if (!fits(&s, h, w)) {
        an_fail(ctx, ALEXNET_BAD_SHAPE, "%s", cause);
        return;
    }
    const range rows = find_range(&s, true, h, w);
    const range columns = h == w ? rows : find_range(&s, false, w, h);
    if (rows.max == 0 || columns.max == 0)
        an_fail(ctx, ALEXNET_BAD_SHAPE, "%s; the smallest input that fits is %dx%d", cause,
                rows.min, columns.min);
    else if (rows.min == rows.max && columns.min == columns.max)
        an_fail(ctx, ALEXNET_BAD_SHAPE, "%s; only an input of %dx%d fits", cause, rows.min,
                columns.min);
    else
        an_fail(ctx, ALEXNET_BAD_SHAPE, "%s; inputs from %dx%d to %dx%d fit", cause, rows.min,
                columns.min, rows.max, columns.max);
}

/* ---- the preprocessing record, scaled ---- */

static int64_t scaled(int64_t size, int wanted, int native)
{
    return AN_MAX((size * wanted + native / 2) / native, 1);
}

/* "exact:256" or "exact:256x341" at another size: each side is scaled as that of the input. */
static bool scale_exact(const char *text, size_t length, const alexnet_model_options *from,
                        const alexnet_model_options *to, char *out, size_t bytes)
{
    const char *x = memchr(text, 'x', length);
    const size_t first = x != NULL ? (size_t)(x - text) : length;
    int64_t h, w;

    if (!an_parse_int(text, first, &h)) return false;
    w = h;
    if (x != NULL && !an_parse_int(x + 1, length - first - 1, &w)) return false;
    an_print(out, bytes, "%lldx%lld", (long long)scaled(h, to->input_h, from->input_h),
             (long long)scaled(w, to->input_w, from->input_w));
    return true;
}

/* One word of the record, at another size. False: it does not depend on the size. */
static bool scale_word(const char *word, size_t length, const alexnet_model_options *from,
                       const alexnet_model_options *to, char *out, size_t bytes)
{
    static const char crop[] = "crop=", exact[] = "resize=exact:";
    static const char *const short_sides[] = {"resize=short:", "resize=square:"};
    char size[64];
    int64_t side;

    if (strncmp(word, crop, sizeof crop - 1) == 0 && !an_is_word(word, length, "crop=none")) {
        an_print(out, bytes, "crop=%dx%d", to->input_h, to->input_w);
        return true;
    }
    if (strncmp(word, exact, sizeof exact - 1) == 0 &&
        scale_exact(word + sizeof exact - 1, length - (sizeof exact - 1), from, to, size,
                    sizeof size)) {
        an_print(out, bytes, "%s%s", exact, size);
        return true;
    }
    for (size_t i = 0; i < AN_COUNT(short_sides); ++i) {
        const size_t skip = strlen(short_sides[i]);
        if (strncmp(word, short_sides[i], skip) != 0 ||
            !an_parse_int(word + skip, length - skip, &side))
            continue;
        side = scaled(side, AN_MAX(to->input_h, to->input_w), AN_MAX(from->input_h, from->input_w));
        an_print(out, bytes, "%s%lld", short_sides[i], (long long)side);
        return true;
    }
    return false;
}

/* A record that is not the family's keeps its words; its sizes are scaled by the family's rule. */
static alexnet_status scale_record(const alexnet_model *model, alexnet_model *other)
{
    char text[AN_RECORD_BYTES], word[96];
    size_t used = 0;

    an_family_record(model->family, &model->options, text);
    /* `other` has the family's record */
    if (strcmp(text, model->preprocess) == 0) return ALEXNET_OK;
    for (const char *at = model->preprocess + strspn(model->preprocess, " "); *at != '\0';) {
        const size_t length = strcspn(at, " ");
        const bool is_size =
            scale_word(at, length, &model->options, &other->options, word, sizeof word);
        const int written =
            an_print(text + used, sizeof text - used, "%s%.*s", used > 0 ? " " : "",
                     is_size ? (int)strlen(word) : (int)length, is_size ? word : at);
        if (written < 0 || (size_t)written >= sizeof text - used)
            return an_fail(model->ctx, ALEXNET_BAD_SHAPE, "its preprocessing record is too long");
        used += (size_t)written;
        at += length;
        at += strspn(at, " ");
    }
    return an_model_set_preprocess(other, text);
}

/* ---- the mean image, scaled ---- */

/* Where pixel `i` of `wanted` lies between two of `native`, clamped to the border. */
static void find_neighbours(int i, int wanted, int native, int *before, int *after, double *share)
{
    const double at = (i + 0.5) * native / wanted - 0.5;
    const double inside = AN_MIN(AN_MAX(at, 0), native - 1);

    *before = (int)inside;
    *after = AN_MIN(*before + 1, native - 1);
    *share = inside - *before;
}

/* Bilinear: a mean over many images is smooth. */
static void scale_map(const float *from, int from_h, int from_w, float *to, int h, int w)
{
    for (int y = 0; y < h; ++y) {
        int top, bottom, left, right;
        double down, across;
        find_neighbours(y, h, from_h, &top, &bottom, &down);
        for (int x = 0; x < w; ++x) {
            find_neighbours(x, w, from_w, &left, &right, &across);
            const float *a = from + (ptrdiff_t)top * from_w, *b = from + (ptrdiff_t)bottom * from_w;
            const double upper = (double)a[left] * (1 - across) + (double)a[right] * across;
            const double lower = (double)b[left] * (1 - across) + (double)b[right] * across;
            to[(ptrdiff_t)y * w + x] = (float)(upper * (1 - down) + lower * down);
        }
    }
}

static alexnet_status scale_mean_image(const alexnet_model *model, alexnet_model *other)
{
    const alexnet_model_options *from = &model->options, *to = &other->options;
    const int *old = model->mean_shape;

    if (model->mean_image == NULL) return ALEXNET_OK;
    const int64_t h = scaled(old[1], to->input_h, from->input_h);
    const int64_t w = scaled(old[2], to->input_w, from->input_w);
    if (h > AN_DIMENSION_MAX || w > AN_DIMENSION_MAX)
        return an_fail(model->ctx, ALEXNET_BAD_SHAPE, "its mean image would be %lldx%lld",
                       (long long)h, (long long)w);
    const int shape[3] = {old[0], (int)h, (int)w};
    const size_t pixels = (size_t)shape[1] * (size_t)shape[2];
    float *values = an_new_array(model->ctx, (size_t)shape[0], pixels * sizeof *values);

    if (values == NULL) return an_fail(model->ctx, ALEXNET_NO_MEMORY, "mean image");
    for (int c = 0; c < shape[0]; ++c)
        scale_map(model->mean_image + (ptrdiff_t)c * old[1] * old[2], old[1], old[2],
                  values + (size_t)c * pixels, shape[1], shape[2]);
    const alexnet_status status = an_model_set_mean_image(other, shape, values);
    an_free(model->ctx, values);
    return status;
}

/* ---- describing for another size ---- */

/* Describes a model with other options that fits the values of `model`. It has no values yet. */
static alexnet_status describe_for(const alexnet_model *model, const alexnet_model_options *options,
                                   alexnet_model **out)
{
    alexnet_context *ctx = model->ctx;
    alexnet_model *other = NULL;
    alexnet_status status = an_model_try_describe(ctx, model->family, options, &other);

    *out = NULL;
    if (status == ALEXNET_OK) {
        status = check_params(model, other);
        if (status != ALEXNET_OK) an_fail_within(ctx, status, "model %s", model->family->name);
    }
    if (status == ALEXNET_BAD_SHAPE) an_refit_tell_sizes(ctx, model->family, options, model);
    if (status == ALEXNET_OK) status = scale_record(model, other);
    if (status == ALEXNET_OK) status = scale_mean_image(model, other);
    if (status != ALEXNET_OK) {
        alexnet_model_free(other);
        return status;
    }
    *out = other;
    return ALEXNET_OK;
}

/* Swaps the layers of the two; `model` keeps its parameters and values. */
static void exchange_layers(alexnet_model *model, alexnet_model *other)
{
    const alexnet_model old = *model;

    model->options = other->options;
    model->nodes = other->nodes;
    model->node_count = other->node_count;
    model->preprocess = other->preprocess;
    model->mean_image = other->mean_image;
    memcpy(model->mean_shape, other->mean_shape, sizeof model->mean_shape);
    other->options = old.options;
    other->nodes = old.nodes;
    other->node_count = old.node_count;
    other->preprocess = old.preprocess;
    other->mean_image = old.mean_image;
}

static alexnet_status check_run_size(alexnet_context *ctx, const alexnet_run_size *size)
{
    if (size->input_h >= 0 && size->input_h <= ALEXNET_INPUT_MAX && size->input_w >= 0 &&
        size->input_w <= ALEXNET_INPUT_MAX)
        return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_ARG, "input size %dx%d, expected up to %d", size->input_h,
                   size->input_w, ALEXNET_INPUT_MAX);
}

/* With the given options; if these do not fit because of the squeeze, which allows no map of
 * predictions, without it. So the message that remains names all sizes that run. */
static alexnet_status describe_to_run(const alexnet_model *model, alexnet_model_options *options,
                                      alexnet_model **out)
{
    const alexnet_status status = describe_for(model, options, out);

    if (status != ALEXNET_BAD_SHAPE || options->squeeze != 1) return status;
    options->squeeze = 0;
    return describe_for(model, options, out);
}

static bool is_as_before(const alexnet_model_options *a, const alexnet_model_options *b)
{
    return a->input_h == b->input_h && a->input_w == b->input_w &&
           a->global_pool == b->global_pool && a->squeeze == b->squeeze;
}

alexnet_status alexnet_model_resize(alexnet_model *model, const alexnet_run_size *size)
{
    alexnet_run_size given;
    alexnet_model *other;

    AN_NEED(NULL, model);
    alexnet_model_options options = model->options;
    if (size == NULL) return ALEXNET_OK;
    AN_TAKE_OPTIONS(model->ctx, size, &given);
    AN_TRY(check_run_size(model->ctx, &given));
    if (given.input_h > 0) options.input_h = given.input_h;
    if (given.input_w > 0) options.input_w = given.input_w;
    if (given.global_pool) options.global_pool = 1;
    if (given.no_squeeze) options.squeeze = 0;
    if (is_as_before(&options, &model->options)) return ALEXNET_OK;
    AN_TRY(an_model_check_unshared(model, "resize"));
    AN_TRY(describe_to_run(model, &options, &other));
    exchange_layers(model, other);
    alexnet_model_free(other);
    return ALEXNET_OK;
}

alexnet_status an_model_describe_like(alexnet_model *model, int h, int w, alexnet_model **view)
{
    alexnet_model *lender = model->lender != NULL ? model->lender : model;
    alexnet_model_options options = model->options;
    alexnet_model *other;

    *view = NULL;
    options.input_h = h;
    options.input_w = w;
    AN_TRY(describe_for(model, &options, &other));
    const alexnet_status status =
        an_model_set_classes(other, (const char *const *)model->classes, model->options.classes);
    if (status != ALEXNET_OK) {
        alexnet_model_free(other);
        return status;
    }
    an_param_list_free(model->ctx, &other->params);
    other->params = lender->params;
    other->values = lender->values;
    other->lender = lender;
    *view = other;
    return ALEXNET_OK;
}
