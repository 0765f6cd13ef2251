/*
 * frozen.c: the kept rows, and the batches made of them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/frozen.h"

#include "base/context.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/status.h"
#include "core/session.h"
#include "infer/skipped.h"
#include <math.h>
#include <string.h>

#define BATCH 64 /* images at a time through the frozen layers, and rows in validation */

/* The rows of a set of images. */
typedef struct rows {
    an_loader_options images; /* the images; count 0: none */
    int views, ready;         /* in total; computed so far */
    float *values;            /* [views][count][row] */
    bool *good;               /* [count]: the image can be read */
    an_bad_list bad;
} rows;

struct an_frozen {
    alexnet_context *ctx;
    an_frozen_options options;
    size_t row; /* floats */
    rows train, val;
    alexnet_session *lower; /* the frozen layers; NULL once all rows are computed */
    alexnet_session *upper; /* the other layers, for validation; NULL without it */
    float *probs;           /* [BATCH][classes] */
    double seconds;         /* spent on rows */
    int64_t computed;       /* rows, for the pace */
    double image_seconds;   /* by a rehearsal; 0: none */

    uint32_t *order;
    int64_t order_epoch; /* of `order`; -1: none yet */
    int64_t epoch, number;
    float *images; /* [batch][row] */
    int32_t *labels;
    int64_t *indices;
    an_batch batch;
};

/* ---- which layers ---- */

static bool draws(const an_node *node) { return node->def == an_layer_find("dropout"); }

static bool has_trained(const alexnet_model *model, const an_node *node)
{
    for (int i = 0; i < node->param_count; ++i)
        if (!model->params.items[node->first_param + i].frozen) return true;
    return false;
}

int an_frozen_part(const alexnet_model *model)
{
    bool any = false;

    for (int i = 0; i < model->node_count; ++i) {
        const an_node *node = &model->nodes[i];
        if (draws(node) || has_trained(model, node)) return any ? i : 0;
        any = any || node->param_count > 0;
    }
    return 0; /* nothing is trained: such a run is refused */
}

/* ---- rows ---- */

static int64_t index_at(const rows *r, int64_t place)
{
    return r->images.indices != NULL ? r->images.indices[place] : place;
}

static float *row_at(const an_frozen *f, const rows *r, int view, int64_t place)
{
    return r->values + ((size_t)view * (size_t)r->images.count + (size_t)place) * f->row;
}

static alexnet_status report(const an_frozen *f, const rows *r, int64_t done, double seconds)
{
    const alexnet_progress progress = an_progress("features", done, r->images.count, seconds);

    return an_progress_tell(f->ctx, &progress, f->options.progress, f->options.progress_user);
}

static void leave_out(const an_frozen *f, rows *r, int view, int64_t place)
{
    r->good[place] = false;
    memset(row_at(f, r, view, place), 0, f->row * sizeof *r->values);
}

/*
 * Runs the frozen layers on a batch and stores each row at its image's index. Images that the
 * loader left out are not good.
 */
static alexnet_status keep_batch(an_frozen *f, rows *r, int view, const an_batch *batch, float *out,
                                 int64_t *place)
{
    if (batch->n > 0) AN_TRY(alexnet_session_run(f->lower, batch->images, batch->n, out));
    for (int i = 0; i < batch->n; ++i, ++*place) {
        while (index_at(r, *place) != batch->indices[i])
            leave_out(f, r, view, (*place)++);
        r->good[*place] = true;
        memcpy(row_at(f, r, view, *place), out + (size_t)i * f->row, f->row * sizeof *out);
    }
    return ALEXNET_OK;
}

static alexnet_status keep_all(an_frozen *f, rows *r, int view, an_loader *loader, float *out)
{
    const double start = an_context_seconds(f->ctx);
    const an_batch *batch;
    int64_t place = 0;

    for (int64_t shown = 0;;) {
        AN_TRY(an_loader_next(loader, &batch));
        if (batch == NULL) break;
        AN_TRY(keep_batch(f, r, view, batch, out, &place));
        shown = AN_MIN(shown + BATCH, r->images.count);
        AN_TRY(report(f, r, shown, an_context_seconds(f->ctx) - start));
    }
    while (place < r->images.count)
        leave_out(f, r, view, place++);
    return an_skipped_take(f->ctx, loader, &r->bad);
}

/* Computes the next view. */
static alexnet_status compute_view(an_frozen *f, rows *r)
{
    const double start = an_context_seconds(f->ctx);
    an_loader_options options = r->images;
    float *out = an_new_array(f->ctx, BATCH * f->row, sizeof *out);
    an_loader *loader;

    if (out == NULL) return an_fail(f->ctx, ALEXNET_NO_MEMORY, "%d rows", BATCH);
    options.batch = BATCH;
    options.shuffle = options.repeat = false;
    options.epoch = r->ready; /* its augmentation */
    options.first_batch = 0;
    alexnet_status status = an_loader_open(f->ctx, &options, &loader);
    if (status == ALEXNET_OK) status = keep_all(f, r, r->ready, loader, out);
    an_loader_close(loader);
    an_free(f->ctx, out);
    f->seconds += an_context_seconds(f->ctx) - start;
    AN_TRY(status);
    f->computed += r->images.count;
    ++r->ready;
    if (f->train.ready == f->train.views && f->val.ready == f->val.views) {
        alexnet_session_close(f->lower);
        f->lower = NULL;
    }
    return ALEXNET_OK;
}

double an_frozen_seconds(const an_frozen *f) { return f->seconds; }

double an_frozen_seconds_left(const an_frozen *f)
{
    const double left = (double)(f->train.views - f->train.ready) * (double)f->train.images.count +
                        (double)(f->val.views - f->val.ready) * (double)f->val.images.count;

    return left * (f->computed > 0 ? f->seconds / (double)f->computed : f->image_seconds);
}

alexnet_status an_frozen_rehearse(an_frozen *f, uint64_t seed)
{
    const size_t floats = (size_t)an_shape_image(f->options.model->nodes[0].x) * BATCH;
    float *images = an_new_array(f->ctx, floats, sizeof *images);
    float *out = an_new_array(f->ctx, BATCH * f->row, sizeof *out);
    an_stream stream = an_stream_open(seed, AN_PURPOSE_BENCH, 1, 0);
    alexnet_status status = images != NULL && out != NULL
                                ? ALEXNET_OK
                                : an_fail(f->ctx, ALEXNET_NO_MEMORY, "%d images", BATCH);
    double start = 0;

    for (size_t i = 0; images != NULL && i < floats; ++i)
        images[i] = an_random_unit(&stream) - 0.5f;
    for (int i = 0; i < 2 && status == ALEXNET_OK; ++i) { /* the first one warms up */
        start = an_context_seconds(f->ctx);
        status = alexnet_session_run(f->lower, images, BATCH, out);
    }
    f->image_seconds = (an_context_seconds(f->ctx) - start) / BATCH;
    an_free(f->ctx, images);
    an_free(f->ctx, out);
    return status;
}

/* ---- batches ---- */

static const float *find_view(an_frozen *f, int64_t place)
{
    return row_at(f, &f->train, (int)(f->epoch % f->train.views), place);
}

static void fill_batch(an_frozen *f, int64_t first, int count)
{
    const an_loader_options *o = &f->train.images;
    int n = 0;

    for (int i = 0; i < count; ++i) {
        const int64_t place = f->order[first + i];
        if (!f->train.good[place]) continue;
        const int64_t index = index_at(&f->train, place);
        const int label = an_source_label(o->source, index);
        memcpy(f->images + (size_t)n * f->row, find_view(f, place), f->row * sizeof *f->images);
        f->labels[n] = o->labels != NULL ? o->labels[label] : label;
        f->indices[n] = index;
        ++n;
    }
    f->batch = (an_batch){.images = f->images,
                          .labels = f->labels,
                          .indices = f->indices,
                          .n = n,
                          .epoch = f->epoch,
                          .number = f->number,
                          .last = first + count == o->count};
}

alexnet_status an_frozen_next(an_frozen *f, const an_batch **batch)
{
    const an_loader_options *o = &f->train.images;
    const int64_t first = f->number * o->batch;

    *batch = NULL;
    while (f->train.ready <= f->epoch % f->train.views)
        AN_TRY(compute_view(f, &f->train));
    if (f->order_epoch != f->epoch) {
        an_loader_order(o->seed, f->epoch, o->shuffle, o->count, f->order);
        f->order_epoch = f->epoch;
    }
    fill_batch(f, first, (int)AN_MIN(o->batch, o->count - first));
    ++f->number;
    if (f->batch.last) {
        ++f->epoch;
        f->number = 0;
    }
    *batch = &f->batch;
    return ALEXNET_OK;
}

/* ---- validation ---- */

static alexnet_status mark(an_frozen *f, int64_t place, const float *probs, an_metrics *metrics)
{
    const an_loader_options *o = &f->val.images;
    const int classes = f->options.model->options.classes;
    const int found = an_source_label(o->source, index_at(&f->val, place));
    const int label = o->labels != NULL ? o->labels[found] : found;

    for (int c = 0; c < classes; ++c)
        if (isnan(probs[c]))
            return an_fail(f->ctx, ALEXNET_DIVERGED,
                           "the network's output is not a number: its weights are too large or not "
                           "finite");
    an_metrics_add(metrics, an_rank(probs, classes, label), an_cross_entropy(probs[label]));
    return ALEXNET_OK;
}

alexnet_status an_frozen_eval(an_frozen *f, an_metrics *metrics)
{
    const int64_t count = f->val.images.count;
    const int classes = f->options.model->options.classes;

    *metrics = (an_metrics){0};
    if (f->val.ready == 0) AN_TRY(compute_view(f, &f->val));
    for (int64_t first = 0; first < count; first += BATCH) {
        const int n = (int)AN_MIN(BATCH, count - first);
        AN_TRY(alexnet_session_run(f->upper, row_at(f, &f->val, 0, first), n, f->probs));
        for (int i = 0; i < n; ++i)
            if (f->val.good[first + i])
                AN_TRY(mark(f, first + i, f->probs + (ptrdiff_t)i * classes, metrics));
    }
    return ALEXNET_OK;
}

/* ---- opening and closing ---- */

static alexnet_status take_rows(an_frozen *f, rows *r)
{
    const size_t count = (size_t)r->images.count;

    if (count == 0) return ALEXNET_OK;
    r->values = an_new_array(f->ctx, (size_t)r->views * count, f->row * sizeof *r->values);
    r->good = an_new_array(f->ctx, count, sizeof *r->good);
    if (r->values == NULL || r->good == NULL)
        return an_fail(f->ctx, ALEXNET_NO_MEMORY, "the output of frozen layers for %zu images",
                       count);
    memset(r->good, 0, count * sizeof *r->good);
    return ALEXNET_OK;
}

static alexnet_status take_batch(an_frozen *f)
{
    const an_loader_options *o = &f->train.images;
    const size_t batch = (size_t)AN_MIN(o->batch, o->count);

    f->order = an_new_array(f->ctx, (size_t)o->count, sizeof *f->order);
    f->images = an_new_array(f->ctx, batch, f->row * sizeof *f->images);
    f->labels = an_new_array(f->ctx, batch, sizeof *f->labels);
    f->indices = an_new_array(f->ctx, batch, sizeof *f->indices);
    f->probs =
        an_new_array(f->ctx, BATCH, (size_t)f->options.model->options.classes * sizeof(float));
    return f->order != NULL && f->images != NULL && f->labels != NULL && f->indices != NULL &&
                   f->probs != NULL
               ? ALEXNET_OK
               : an_fail(f->ctx, ALEXNET_NO_MEMORY, "a batch of %zu rows", batch);
}

/* How many views fit the limit; 0: not even one. */
static int count_views(const an_frozen *f)
{
    const double row = (double)f->row * sizeof(float);
    const double view = row * (double)f->train.images.count,
                 val = row * (double)f->val.images.count;
    const double fit = floor(((double)AN_FROZEN_BYTES_MAX - val) / view);
    const double useful = fmin(ceil(f->options.epochs), f->options.views);

    return (int)fmax(fmin(fit, useful), 0);
}

static alexnet_status open_frozen(an_frozen *f)
{
    alexnet_model *model = f->options.model;

    AN_TRY(take_rows(f, &f->train));
    AN_TRY(take_rows(f, &f->val));
    AN_TRY(take_batch(f));
    AN_TRY(alexnet_session_open(model, BATCH, model->nodes[f->options.first - 1].name, &f->lower));
    return f->val.views > 0 ? an_session_open_from(model, BATCH, f->options.first, &f->upper)
                            : ALEXNET_OK;
}

/* Normalises the position of the first batch, which may follow an epoch's last one. */
static void normalise_start(an_frozen *f)
{
    const an_loader_options *o = &f->train.images;

    f->epoch = o->epoch;
    f->number = o->first_batch;
    if (f->number < (o->count + o->batch - 1) / o->batch) return;
    f->number = 0;
    ++f->epoch;
}

/* Opens nothing. */
static an_frozen describe(const an_frozen_options *options)
{
    an_frozen f = {
        .ctx = options->model->ctx,
        .options = *options,
        .row = (size_t)an_shape_image(options->model->nodes[options->first].x),
        .train = {.images = options->train},
        .val = {.images = options->val, .views = options->val.count > 0},
        .order_epoch = -1,
    };

    f.train.views = count_views(&f);
    return f;
}

/* The buffers of compute_view(): a batch of images for the frozen layers, and its rows. */
static alexnet_status book_view(const an_frozen *f, const rows *r, an_footprint *footprint)
{
    an_loader_options images = r->images;
    int64_t bytes = BATCH * (int64_t)(f->row * sizeof(float));

    if (r->images.count == 0) return ALEXNET_OK;
    images.batch = BATCH;
    images.repeat = false;
    AN_TRY(an_loader_book(f->ctx, &images, &bytes));
    an_footprint_add(footprint, bytes);
    an_footprint_subtract(footprint, bytes);
    return ALEXNET_OK;
}

alexnet_status an_frozen_book(const an_frozen_options *options, an_footprint *footprint, bool *kept)
{
    const an_frozen f = describe(options);
    const alexnet_model *model = options->model;
    const int64_t row = (int64_t)(f.row * sizeof(float)), classes = model->options.classes;
    const int64_t batch = AN_MIN(options->train.batch, options->train.count);
    const an_session_order lower = {
        .mode = AN_INFER, .batch = BATCH, .images = BATCH, .output = options->first - 1};
    const an_session_order upper = {.mode = AN_INFER,
                                    .batch = BATCH,
                                    .images = BATCH,
                                    .first = options->first,
                                    .output = model->node_count - 1};

    *kept = f.train.views > 0;
    if (!*kept) return ALEXNET_OK;
    an_footprint_add(footprint, (int64_t)an_frozen_bytes(&f) + batch * row +
                                    options->train.count * (int64_t)sizeof *f.order +
                                    BATCH * classes * (int64_t)sizeof(float));
    AN_TRY(an_session_book(model, &lower, footprint));
    if (f.val.views > 0) AN_TRY(an_session_book(model, &upper, footprint));
    AN_TRY(book_view(&f, &f.train, footprint));
    return book_view(&f, &f.val, footprint);
}

alexnet_status an_frozen_open(const an_frozen_options *options, an_frozen **out)
{
    alexnet_context *ctx = options->model->ctx;
    an_frozen *f = an_new_zeroed(ctx, sizeof *f);

    *out = NULL;
    if (f == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "frozen layers");
    *f = describe(options);
    normalise_start(f);
    const alexnet_status status = f->train.views > 0 ? open_frozen(f) : ALEXNET_OK;
    if (status != ALEXNET_OK || f->train.views == 0) {
        an_frozen_close(f);
        return status;
    }
    *out = f;
    return ALEXNET_OK;
}

static void free_rows(alexnet_context *ctx, rows *r)
{
    an_free(ctx, r->values);
    an_free(ctx, r->good);
    an_bad_list_free(ctx, &r->bad);
}

void an_frozen_close(an_frozen *f)
{
    if (f == NULL) return;
    alexnet_context *ctx = f->ctx;

    free_rows(ctx, &f->train);
    free_rows(ctx, &f->val);
    alexnet_session_close(f->lower);
    alexnet_session_close(f->upper);
    an_free(ctx, f->probs);
    an_free(ctx, f->order);
    an_free(ctx, f->images);
    an_free(ctx, f->labels);
    an_free(ctx, f->indices);
    an_free(ctx, f);
}

int an_frozen_views(const an_frozen *f) { return f->train.views; }

size_t an_frozen_bytes(const an_frozen *f)
{
    return ((size_t)f->train.views * (size_t)f->train.images.count +
            (size_t)f->val.views * (size_t)f->val.images.count) *
           f->row * sizeof(float);
}

alexnet_status an_frozen_take_skipped(const an_frozen *f, an_bad_list *train, an_bad_list *val)
{
    AN_TRY(an_bad_list_add_all(f->ctx, train, &f->train.bad));
    return an_bad_list_add_all(f->ctx, val, &f->val.bad);
}
