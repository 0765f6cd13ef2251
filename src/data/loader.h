/*
 * loader.h: batches of prepared images, decoded ahead by worker threads.
 *
 * The batches are a function of (seed, epoch, place in the order) alone: not of workers, timing or
 * resumes.
 *
 *   source --> ticket --> worker: read, decode, augment, prepare --> slot of a batch
 *          --> an_loader_next(), in order
 *
 * A ring of AN_LOADER_SLOTS batches is allocated once. With workers = 0 an_loader_next() does all
 * the work. If the system refuses threads, those that it starts do all the work.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_LOADER_H
#define AN_DATA_LOADER_H

#include "data/bad_list.h"
#include "data/source.h"
#include "image/preprocess.h"

#define AN_LOADER_SLOTS 3

typedef struct an_loader_options {
    const an_source *source;
    const int64_t *indices; /* the images to use (a split), or NULL: all. Borrowed */
    int64_t count;          /* number of indices */
    const int *labels;      /* source class -> network class; NULL: the same. Borrowed */
    const an_preprocess *record;
    const float *mean_image; /* or NULL; borrowed */
    int mean_h, mean_w;
    const an_augment *augment; /* NULL: inference */
    const an_augment *later;   /* used instead from epoch `later_epoch` on; NULL: never */
    int64_t later_epoch;
    int views; /* inference: tensors of an image, 1 or AN_VIEWS, consecutive */
    int height, width;
    int batch;    /* images per batch; the last batch of an epoch may be smaller */
    bool shuffle; /* a new order each epoch */
    uint64_t seed;
    int64_t epoch, first_batch; /* where to start: resume */
    bool repeat;                /* go on with the next epoch; else end after one */
    int workers;                /* threads; -1: as many as the context has; 0: none */
    bool skip_bad;
    int64_t skip_max; /* BAD_FILE if more images are bad; -1: no limit */
} an_loader_options;

typedef struct an_batch {
    const float *images;         /* [n * views][3][height][width] */
    const int32_t *labels;       /* [n] */
    const int64_t *indices;      /* [n]: in the source */
    const int32_t *other_labels; /* [n]: second labels, if blended (train/mixup.h); or NULL */
    const float *shares;         /* [n]: weights of these labels */
    int n;                       /* readable images; 0 if all of the batch are bad */
    int64_t epoch, number;       /* `number` counts batches in the epoch */
    bool last;                   /* of its epoch */
} an_batch;

typedef struct an_loader an_loader;

alexnet_status an_loader_open(alexnet_context *ctx, const an_loader_options *options,
                              an_loader **out) AN_NODISCARD;
void an_loader_close(an_loader *loader); /* stops and joins the workers at once */

/*
 * The next batch, valid until the next call; *batch = NULL at the end (without `repeat`). Allocates
 * nothing after the first epoch. BAD_FILE names the image and the reason (skip_bad false, or more
 * than skip_max).
 */
alexnet_status an_loader_next(an_loader *loader, const an_batch **batch) AN_NODISCARD;

/*
 * The memory that a loader with these options takes, its threads included. Decoding is taken to
 * need as much as the largest of AN_LOADER_MEASURED images, evenly spread over the data. Adds to
 * *bytes. NO_MEMORY, IO.
 */
#define AN_LOADER_MEASURED 16
alexnet_status an_loader_book(alexnet_context *ctx, const an_loader_options *options,
                              int64_t *bytes) AN_NODISCARD;

int64_t an_loader_batches(const an_loader *loader);     /* in an epoch */
double an_loader_wait_seconds(const an_loader *loader); /* spent waiting so far */

/* The number of threads that were started; 0: an_loader_next() does the work. */
int an_loader_workers(const an_loader *loader);

/* The bad images so far, each once, sorted by index. Borrowed until the next call. */
size_t an_loader_bad(an_loader *loader, const an_bad_image **list);

/* The order of an epoch: a permutation of 0 .. count-1; without `shuffle`, the identity. */
void an_loader_order(uint64_t seed, int64_t epoch, bool shuffle, int64_t count, uint32_t *order);

#endif
