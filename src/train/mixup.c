/*
 * mixup.c: see mixup.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/mixup.h"

#include "base/memory.h"
#include "base/rng.h"
#include "base/status.h"
#include <math.h>

double an_mixup_draw(an_stream *stream, double strength)
{
    for (;;) {
        const double u = an_random_unit64(stream), v = an_random_unit64(stream);
        const double x = pow(u, 1 / strength), y = pow(v, 1 / strength);
        if (x + y > 1) continue;
        if (x + y > 0) return x / (x + y);
        return u > v ? 1 : 0; /* underflow with a tiny strength: only one of the two images */
    }
}

alexnet_status an_mixup_open(alexnet_context *ctx, double strength, uint64_t seed, int batch,
                             size_t floats, an_mixup *out)
{
    *out = (an_mixup){.strength = strength, .seed = seed, .floats = floats, .capacity = batch};
    out->images = an_new_array(ctx, (size_t)batch, floats * sizeof *out->images);
    out->shares = an_new_array(ctx, (size_t)batch, sizeof *out->shares);
    out->other_labels = an_new_array(ctx, (size_t)batch, sizeof *out->other_labels);
    if (out->images != NULL && out->shares != NULL && out->other_labels != NULL) return ALEXNET_OK;
    an_mixup_close(ctx, out);
    return an_fail(ctx, ALEXNET_NO_MEMORY, "a batch of %d blended images", batch);
}

int64_t an_mixup_bytes(int batch, size_t floats)
{
    return (int64_t)batch * (int64_t)(floats * sizeof(float) + sizeof(float) + sizeof(int32_t));
}

void an_mixup_close(alexnet_context *ctx, an_mixup *mixup)
{
    an_free(ctx, mixup->images);
    an_free(ctx, mixup->shares);
    an_free(ctx, mixup->other_labels);
    *mixup = (an_mixup){0};
}

/* out = (1 - share) a + share b. */
static void blend(const float *a, const float *b, float share, size_t floats, float *out)
{
    for (size_t i = 0; i < floats; ++i)
        out[i] = a[i] + share * (b[i] - a[i]);
}

const an_batch *an_mixup_blend(an_mixup *m, const an_batch *batch, int64_t step)
{
    for (int i = 0; i < batch->n; ++i) {
        const int other = batch->n - 1 - i;
        an_stream stream = an_stream_open(m->seed, AN_PURPOSE_MIXUP, (uint64_t)step, (uint32_t)i);
        const double p = an_mixup_draw(&stream, m->strength);
        m->shares[i] = (float)fmin(p, 1 - p);
        m->other_labels[i] = batch->labels[other];
        blend(batch->images + (size_t)i * m->floats, batch->images + (size_t)other * m->floats,
              m->shares[i], m->floats, m->images + (size_t)i * m->floats);
    }
    m->batch = *batch;
    m->batch.images = m->images;
    m->batch.other_labels = m->other_labels;
    m->batch.shares = m->shares;
    return &m->batch;
}
