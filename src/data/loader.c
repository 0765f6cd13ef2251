/*
 * loader.c: batches of prepared images, decoded ahead by worker threads.
 *
 * Batches are numbered 0, 1, 2 ... from the start of the loader, across epochs. Batch b uses slot b
 * % AN_LOADER_SLOTS. Only the caller's thread opens and frees slots. Workers take tickets, one per
 * image, in order:
 *
 *     batches   | free | the caller's | finished, being filled, waiting | not yet opened
 *                      ^ released     ^ next                            ^ opened
 *                                               ^ filling: the first with tickets left
 *
 * A worker writes only to its image's place in the slot, so the order in which images are finished
 * has no effect. The caller's thread decides what a failure means (skip or stop), image by image in
 * the order of the batch.
 * SPDX-License-Identifier: MIT
 */
#include "data/loader.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/team.h"
#include <assert.h>
#include <pthread.h>
#include <string.h>

#define NAME_BYTES 1024 /* of an image's name in a message */

/* The result of preparing an image. */
typedef struct outcome {
    alexnet_status status;
    char *reason; /* of a failure; NULL: no memory for it */
} outcome;

typedef struct slot {
    float *images;
    int32_t *labels;
    int64_t *indices;
    outcome *outcomes;
    int count;       /* images of the batch, bad ones included */
    int taken, done; /* tickets */
    an_batch batch;
} slot;

/* The buffers of a thread that prepares images. */
typedef struct worker {
    an_source_buffer buffer;
    an_image image;
    an_preparer preparer;
} worker;

struct an_loader {
    alexnet_context *ctx;
    an_loader_options options;
    size_t tensor_floats; /* of one view */
    an_arena arena;       /* everything in the slots, and the order */
    uint32_t *order;
    int64_t order_epoch;   /* epoch of `order`; -1: none yet */
    int64_t epoch, number; /* the next batch to open */
    bool ended;            /* no more batches are opened */
    an_bad_list bad;
    double wait_seconds;
    worker *workers;
    int worker_count;
    alexnet_context *own_ctx; /* without threads: the context of the only worker */
    an_team *team;            /* NULL: without threads */

    pthread_mutex_t lock; /* guards the slots' tickets and what follows */
    pthread_cond_t ticket_ready, batch_done;
    int64_t released, next, filling, opened;
    bool closing;
    slot slots[AN_LOADER_SLOTS];
};

static slot *slot_of(an_loader *loader, int64_t batch)
{
    return &loader->slots[batch % AN_LOADER_SLOTS];
}

/* ---- one image ---- */

static alexnet_status prepare(const an_loader *loader, alexnet_context *ctx, worker *w,
                              const slot *s, int place)
{
    const an_loader_options *o = &loader->options;
    const int64_t index = s->indices[place];

    const bool later = o->later != NULL && s->batch.epoch >= o->later_epoch;
    const an_augment *augment = later ? o->later : o->augment;

    AN_TRY(an_source_read(o->source, ctx, index, o->record->orientation, &w->buffer, &w->image));
    an_stream stream =
        an_stream_open(o->seed, AN_PURPOSE_AUGMENT, (uint64_t)s->batch.epoch, (uint32_t)index);
    for (int view = 0; view < o->views; ++view) {
        float *out =
            s->images + ((size_t)place * (size_t)o->views + (size_t)view) * loader->tensor_floats;
        AN_TRY(an_preprocess_tensor(ctx, &w->preparer, o->record, o->mean_image, o->mean_h,
                                    o->mean_w, augment, augment != NULL ? &stream : NULL, view,
                                    &w->image, o->height, o->width, out));
    }
    return ALEXNET_OK;
}

/*
 * Takes a ticket, if there is one, and prepares its image. Called and returns with the lock held.
 */
static bool work_on_ticket(an_loader *loader, alexnet_context *ctx, worker *w)
{
    while (loader->filling < loader->opened &&
           slot_of(loader, loader->filling)->taken == slot_of(loader, loader->filling)->count)
        ++loader->filling;
    if (loader->filling == loader->opened) return false;
    slot *s = slot_of(loader, loader->filling);
    const int place = s->taken++;
    pthread_mutex_unlock(&loader->lock);

    const alexnet_status status = prepare(loader, ctx, w, s, place);
    s->outcomes[place] = (outcome){
        .status = status,
        .reason = status == ALEXNET_OK ? NULL : an_copy_text(ctx, alexnet_error(ctx)),
    };

    pthread_mutex_lock(&loader->lock);
    if (++s->done == s->count) pthread_cond_signal(&loader->batch_done);
    return true;
}

static void work(void *arg, alexnet_context *ctx, int member)
{
    an_loader *loader = arg;

    pthread_mutex_lock(&loader->lock);
    while (!loader->closing) {
        if (!work_on_ticket(loader, ctx, &loader->workers[member]))
            pthread_cond_wait(&loader->ticket_ready, &loader->lock);
    }
    pthread_mutex_unlock(&loader->lock);
}

/* ---- slots ---- */

int64_t an_loader_batches(const an_loader *loader)
{
    return (loader->options.count + loader->options.batch - 1) / loader->options.batch;
}

void an_loader_order(uint64_t seed, int64_t epoch, bool shuffle, int64_t count, uint32_t *order)
{
    for (int64_t i = 0; i < count; ++i)
        order[i] = (uint32_t)i;
    if (!shuffle) return;
    an_stream stream = an_stream_open(seed, AN_PURPOSE_ORDER, (uint64_t)epoch, 0);
    an_shuffle(&stream, order, (size_t)count);
}

/* All tickets that were taken must be done. */
static void drop_reasons(an_loader *loader, slot *s)
{
    for (int i = 0; i < s->taken; ++i) {
        an_free(loader->ctx, s->outcomes[i].reason);
        s->outcomes[i].reason = NULL;
    }
}

/* Prepares the slot for the next batch. No other thread uses the slot yet. */
static void open_slot(an_loader *loader, slot *s)
{
    const an_loader_options *o = &loader->options;
    const int64_t first = loader->number * o->batch;

    if (loader->order_epoch != loader->epoch) {
        an_loader_order(o->seed, loader->epoch, o->shuffle, o->count, loader->order);
        loader->order_epoch = loader->epoch;
    }
    drop_reasons(loader, s);
    s->count = (int)AN_MIN(o->batch, o->count - first);
    s->taken = s->done = 0;
    for (int i = 0; i < s->count; ++i) {
        const int64_t at = loader->order[first + i];
        s->indices[i] = o->indices != NULL ? o->indices[at] : at;
    }
    s->batch = (an_batch){.images = s->images,
                          .labels = s->labels,
                          .indices = s->indices,
                          .epoch = loader->epoch,
                          .number = loader->number,
                          .last = loader->number + 1 == an_loader_batches(loader)};
    ++loader->number;
    if (s->batch.last) {
        ++loader->epoch;
        loader->number = 0;
        loader->ended = !o->repeat;
    }
}

/* Opens every slot that is free. Called with the lock held. */
static void open_slots(an_loader *loader)
{
    while (!loader->ended && loader->opened - loader->released < AN_LOADER_SLOTS) {
        open_slot(loader, slot_of(loader, loader->opened));
        ++loader->opened;
    }
    pthread_cond_broadcast(&loader->ticket_ready);
}

/* ---- bad images ---- */

static const char *reason_of(const outcome *o)
{
    return o->reason != NULL ? o->reason : alexnet_status_text(o->status);
}

size_t an_loader_bad(an_loader *loader, const an_bad_image **list)
{
    *list = loader->bad.images;
    return loader->bad.count;
}

/* Decides what an image's failure means for the batch. OK: skip the image. */
static alexnet_status judge(an_loader *loader, int64_t index, const outcome *o)
{
    const an_loader_options *options = &loader->options;
    char name[NAME_BYTES];

    an_source_name(options->source, index, name, sizeof name);
    if (!an_source_is_bad_image(o->status))
        return an_fail(loader->ctx, o->status, "%s: %s", name, reason_of(o));
    AN_TRY(an_bad_list_add(loader->ctx, &loader->bad, index, reason_of(o)));
    if (!options->skip_bad)
        return an_fail(loader->ctx, ALEXNET_BAD_FILE, "%s: %s", name, reason_of(o));
    if (options->skip_max >= 0 && loader->bad.count > (size_t)options->skip_max)
        return an_fail(
            loader->ctx, ALEXNET_BAD_FILE,
            "%s: %s (unreadable image number %zu, at most %jd are skipped; '--on-bad-image "
            "skip' skips all, 'alexnet data verify' lists them)",
            name, reason_of(o), loader->bad.count, (intmax_t)options->skip_max);
    return ALEXNET_OK;
}

/* ---- the caller's side ---- */

/* Closes the gaps of bad images, and sets the labels. */
static void close_gaps(const an_loader *loader, slot *s)
{
    const an_loader_options *o = &loader->options;
    const size_t floats = loader->tensor_floats * (size_t)o->views;
    int n = 0;

    for (int i = 0; i < s->count; ++i) {
        if (s->outcomes[i].status != ALEXNET_OK) continue;
        if (n != i)
            memcpy(s->images + (size_t)n * floats, s->images + (size_t)i * floats,
                   floats * sizeof *s->images);
        const int label = an_source_label(o->source, s->indices[i]);
        s->labels[n] = o->labels != NULL ? o->labels[label] : label;
        s->indices[n] = s->indices[i];
        ++n;
    }
    s->batch.n = n;
}

/* Waits until the slot is done; without threads, does its work. */
static void wait_for(an_loader *loader, const slot *s)
{
    const double start = an_seconds();

    while (s->done < s->count) {
        if (loader->team != NULL)
            pthread_cond_wait(&loader->batch_done, &loader->lock);
        else
            work_on_ticket(loader, loader->own_ctx, &loader->workers[0]);
    }
    loader->wait_seconds += an_seconds() - start;
}

alexnet_status an_loader_next(an_loader *loader, const an_batch **batch)
{
    slot *s = slot_of(loader, loader->next);

    *batch = NULL;
    pthread_mutex_lock(&loader->lock);
    loader->released = loader->next;
    open_slots(loader);
    const bool at_end = loader->next == loader->opened;
    if (!at_end) wait_for(loader, s);
    pthread_mutex_unlock(&loader->lock);
    if (at_end) return ALEXNET_OK;

    for (int i = 0; i < s->count; ++i) {
        if (s->outcomes[i].status != ALEXNET_OK)
            AN_TRY(judge(loader, s->indices[i], &s->outcomes[i]));
    }
    close_gaps(loader, s);
    ++loader->next;
    *batch = &s->batch;
    return ALEXNET_OK;
}

int an_loader_workers(const an_loader *loader)
{
    return loader->team != NULL ? an_team_members(loader->team) : 0;
}

double an_loader_wait_seconds(const an_loader *loader) { return loader->wait_seconds; }

/* ---- opening and closing ---- */

static alexnet_status check(alexnet_context *ctx, const an_loader_options *o)
{
    const bool whole = o->count > 0 && o->count <= (int64_t)UINT32_MAX && o->batch > 0;
    const int64_t batches = whole ? (o->count + o->batch - 1) / o->batch : 0;

    if (!whole || o->height <= 0 || o->width <= 0 || o->height > AN_IMAGE_SIDE_MAX ||
        o->width > AN_IMAGE_SIDE_MAX || (o->views != 1 && o->views != AN_VIEWS) || o->epoch < 0 ||
        o->first_batch < 0 || o->first_batch > batches || o->workers > ALEXNET_WORKERS_MAX)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "loader: %jd images in batches of %d from batch %jd, %d x %d pixels, "
                       "%d views, %d workers",
                       (intmax_t)o->count, o->batch, (intmax_t)o->first_batch, o->height, o->width,
                       o->views, o->workers);
    return ALEXNET_OK;
}

/* Bytes of a slot's images, of a slot, of the order, and of all. */
typedef struct room {
    size_t images, slot, order, all;
} room;

static bool plan_room(const an_loader_options *o, room *r)
{
    const size_t batch = (size_t)AN_MIN(o->batch, o->count);
    const size_t rest = batch * (sizeof(int32_t) + sizeof(int64_t) + sizeof(outcome));
    const size_t tensor = 3 * (size_t)o->height * (size_t)o->width * sizeof(float);
    size_t slots;

    r->order = (size_t)o->count * sizeof(uint32_t);
    return an_multiply(tensor * (size_t)o->views, batch, &r->images) &&
           an_add(r->images, rest + 4 * AN_ALIGNMENT, &r->slot) &&
           an_multiply(r->slot, AN_LOADER_SLOTS, &slots) &&
           an_add(slots, r->order + AN_ALIGNMENT, &r->all);
}

static alexnet_status take_slots(an_loader *loader)
{
    const an_loader_options *o = &loader->options;
    const size_t batch = (size_t)AN_MIN(o->batch, o->count);
    room r;

    loader->tensor_floats = 3 * (size_t)o->height * (size_t)o->width;
    if (!plan_room(o, &r))
        return an_fail(loader->ctx, ALEXNET_NO_MEMORY, "loader: a batch of %zu images", batch);

    AN_TRY(an_arena_open(loader->ctx, "images", r.all, &loader->arena));
    for (int i = 0; i < AN_LOADER_SLOTS; ++i) {
        slot *s = &loader->slots[i];
        s->images = an_arena_alloc(&loader->arena, r.images);
        s->labels = an_arena_alloc(&loader->arena, batch * sizeof *s->labels);
        s->indices = an_arena_alloc(&loader->arena, batch * sizeof *s->indices);
        s->outcomes = an_arena_alloc(&loader->arena, batch * sizeof *s->outcomes);
    }
    loader->order = an_arena_alloc(&loader->arena, r.order);
    return ALEXNET_OK;
}

/* The memory of one worker. An image that cannot be read needs none. */
static alexnet_status measure_worker(alexnet_context *ctx, const an_loader_options *o, size_t *out)
{
    const int64_t looks = AN_MIN(o->count, AN_LOADER_MEASURED);

    *out = 0;
    for (int64_t i = 0; i < looks; ++i) {
        const int64_t place = i * o->count / looks;
        const int64_t index = o->indices != NULL ? o->indices[place] : place;
        an_image image;
        size_t bytes;
        const alexnet_status status =
            an_source_measure(o->source, ctx, index, o->record->orientation, &image, &bytes);
        if (an_source_is_bad_image(status)) continue;
        AN_TRY(status);
        *out = AN_MAX(*out, bytes + an_preparer_bytes(&image, o->height, o->width));
    }
    return ALEXNET_OK;
}

alexnet_status an_loader_book(alexnet_context *ctx, const an_loader_options *options,
                              int64_t *bytes)
{
    an_loader_options o = *options;
    size_t each;
    room r;

    if (o.indices == NULL) o.count = an_source_count(o.source);
    if (o.count == 0) return ALEXNET_OK;
    /* A slot that is never filled takes no memory. */
    const int64_t batch = AN_MIN(o.batch, o.count), ahead = AN_LOADER_SLOTS * batch;
    const int64_t images = o.repeat ? ahead : AN_MIN(ahead, o.count);
    const int members = AN_MAX(an_team_size(ctx, o.workers, o.count), 1);
    if (!plan_room(&o, &r))
        return an_fail(ctx, ALEXNET_NO_MEMORY, "loader: a batch of %d images", o.batch);
    AN_TRY(measure_worker(ctx, &o, &each));
    *bytes += images * (int64_t)r.slot / batch + (int64_t)r.order + members * (int64_t)each;
    return ALEXNET_OK;
}

static alexnet_status take_workers(an_loader *loader)
{
    alexnet_context *ctx = loader->ctx;
    const int members = an_team_size(ctx, loader->options.workers, loader->options.count);

    loader->worker_count = AN_MAX(members, 1);
    loader->workers = an_new_array(ctx, (size_t)loader->worker_count, sizeof *loader->workers);
    if (loader->workers == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "loader: %d workers", loader->worker_count);
    if (members > 0) {
        AN_TRY(an_team_open(ctx, members, work, loader, &loader->team));
        if (an_team_members(loader->team) > 0) return ALEXNET_OK;
        an_team_close(loader->team);
        loader->team = NULL;
    }
    loader->own_ctx = an_context_fork(ctx);
    return loader->own_ctx != NULL ? ALEXNET_OK
                                   : an_fail(ctx, ALEXNET_NO_MEMORY, "loader: a context");
}

alexnet_status an_loader_open(alexnet_context *ctx, const an_loader_options *options,
                              an_loader **out)
{
    *out = NULL;
    an_loader *loader = an_new_zeroed(ctx, sizeof *loader);
    if (loader == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "loader");
    loader->ctx = ctx;
    loader->options = *options;
    if (options->indices == NULL) loader->options.count = an_source_count(options->source);
    loader->epoch = options->epoch;
    loader->number = options->first_batch;
    loader->order_epoch = -1;
    pthread_mutex_init(&loader->lock, NULL); /* cannot fail on Linux: nothing is allocated */
    pthread_cond_init(&loader->ticket_ready, NULL);
    pthread_cond_init(&loader->batch_done, NULL);

    alexnet_status status = check(ctx, &loader->options);
    if (status == ALEXNET_OK) status = take_slots(loader);
    if (status == ALEXNET_OK) {
        if (loader->number == an_loader_batches(loader)) { /* resumed after an epoch */
            loader->number = 0;
            ++loader->epoch;
            loader->ended = !options->repeat;
        }
        open_slots(loader); /* the threads find work as soon as they start */
        status = take_workers(loader);
    }
    if (status != ALEXNET_OK) {
        an_loader_close(loader);
        return status;
    }
    *out = loader;
    return ALEXNET_OK;
}

void an_loader_close(an_loader *loader)
{
    if (loader == NULL) return;
    alexnet_context *ctx = loader->ctx;

    pthread_mutex_lock(&loader->lock);
    loader->closing = true;
    pthread_cond_broadcast(&loader->ticket_ready);
    pthread_mutex_unlock(&loader->lock);
    an_team_close(loader->team);
    alexnet_close(loader->own_ctx);

    for (int i = 0; i < loader->worker_count && loader->workers != NULL; ++i) {
        an_source_buffer_free(ctx, &loader->workers[i].buffer);
        an_image_free(ctx, &loader->workers[i].image);
        an_preparer_free(ctx, &loader->workers[i].preparer);
    }
    an_free(ctx, loader->workers);
    for (int i = 0; i < AN_LOADER_SLOTS; ++i)
        drop_reasons(loader, &loader->slots[i]);
    an_bad_list_free(ctx, &loader->bad);
    an_arena_close(ctx, &loader->arena);
    pthread_cond_destroy(&loader->batch_done);
    pthread_cond_destroy(&loader->ticket_ready);
    pthread_mutex_destroy(&loader->lock);
    an_free(ctx, loader);
}
