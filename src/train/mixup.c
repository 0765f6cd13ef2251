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
    out->parts = an_new_array(ctx, (size_t)batch, sizeof *out->parts);
    out->others = an_new_array(ctx, (size_t)batch, sizeof *out->others);
    if (out->images != NULL && out->parts != NULL && out->others != NULL) return ALEXNET_OK;
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
    an_free(ctx, mixup->parts);
    an_free(ctx, mixup->others);
    *mixup = (an_mixup){0};
}

static void blend(const float *a, const float *b, float part, size_t floats, float *out)
{
    for (size_t i = 0; i < floats; ++i)
        out[i] = a[i] + part * (b[i] - a[i]);
}

const an_batch *an_mixup_blend(an_mixup *m, const an_batch *batch, int64_t step)
{
    for (int i = 0; i < batch->n; ++i) {
        const int other = batch->n - 1 - i;
        an_stream stream = an_stream_open(m->seed, AN_PURPOSE_MIXUP, (uint64_t)step, (uint32_t)i);
        const double p = an_mixup_draw(&stream, m->strength);
        m->parts[i] = (float)fmin(p, 1 - p);
        m->others[i] = batch->labels[other];
        blend(batch->images + (size_t)i * m->floats, batch->images + (size_t)other * m->floats,
              m->parts[i], m->floats, m->images + (size_t)i * m->floats);
    }
    m->batch = *batch;
    m->batch.images = m->images;
    m->batch.others = m->others;
    m->batch.parts = m->parts;
    return &m->batch;
}
