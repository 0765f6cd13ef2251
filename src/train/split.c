/*
 * split.c: a stratified split.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/split.h"

#include "base/memory.h"
#include "base/rng.h"
#include "base/status.h"
#include <math.h>
#include <string.h>

/* How many of a class's n images are held back for validation. */
static int64_t share(int64_t n, double fraction)
{
    const int64_t wanted = llround((double)n * fraction);

    if (fraction <= 0 || n < 2) return 0;
    return AN_MIN(AN_MAX(wanted, 1), n - 1);
}

/* Sorts the images by class: those of class c are order[first[c]] .. order[first[c + 1] - 1]. The
 * caller zeroes `first`. */
static void sort_by_class(const an_source *source, uint32_t *order, int64_t *first)
{
    const int64_t count = an_source_count(source);
    const int classes = an_source_classes(source);

    for (int64_t i = 0; i < count; ++i)
        ++first[an_source_label(source, i) + 1];
    for (int c = 0; c < classes; ++c)
        first[c + 1] += first[c];
    for (int64_t i = count - 1; i >= 0;
         --i) /* from the back: afterwards first[c + 1] is where class c begins */
        order[--first[an_source_label(source, i) + 1]] = (uint32_t)i;
    memmove(first, first + 1, (size_t)classes * sizeof *first);
    first[classes] = count;
}

static void deal(const an_source *source, double fraction, uint64_t seed, uint32_t *order,
                 int64_t *first, bool *is_val, an_split *out)
{
    sort_by_class(source, order, first);
    for (int c = 0; c < an_source_classes(source); ++c) {
        const int64_t n = first[c + 1] - first[c];
        an_stream stream = an_stream_open(seed, AN_PURPOSE_SPLIT, (uint64_t)c, 0);
        an_shuffle(&stream, order + first[c], (size_t)n);
        for (int64_t i = 0; i < share(n, fraction); ++i)
            is_val[order[first[c] + i]] = true;
    }
    for (int64_t i = 0; i < an_source_count(source); ++i) {
        if (is_val[i])
            out->val[out->val_count++] = i;
        else
            out->train[out->train_count++] = i;
    }
}

alexnet_status an_split_open(alexnet_context *ctx, const an_source *source, double fraction,
                             uint64_t seed, an_split *out)
{
    const size_t count = (size_t)an_source_count(source);
    uint32_t *order = an_new_array(ctx, count, sizeof *order);
    int64_t *first = an_new_array(ctx, (size_t)an_source_classes(source) + 1, sizeof *first);
    bool *is_val = an_new_array(ctx, count, sizeof *is_val);

    *out = (an_split){0};
    out->train = an_new_array(ctx, count, sizeof *out->train);
    out->val = an_new_array(ctx, count, sizeof *out->val);

    const bool complete =
        order != NULL && first != NULL && is_val != NULL && out->train != NULL && out->val != NULL;
    if (complete)
        deal(source, fraction, seed, order, first, is_val, out);
    else
        an_split_close(ctx, out);
    an_free(ctx, order);
    an_free(ctx, first);
    an_free(ctx, is_val);
    return complete ? ALEXNET_OK : an_fail(ctx, ALEXNET_NO_MEMORY, "a split of %zu images", count);
}

void an_split_close(alexnet_context *ctx, an_split *split)
{
    an_free(ctx, split->train);
    an_free(ctx, split->val);
    *split = (an_split){0};
}
