/*
 * verify.c: runs of two files on the same images, and their difference.
 * SPDX-License-Identifier: MIT
 */
#include "convert/verify.h"

#include "base/memory.h"
#include "base/rng.h"
#include "base/status.h"
#include "convert/chain_run.h"
#include "image/preprocess.h"
#include <math.h>

#define IMAGES 2

static size_t count_of(const an_plain_map *map)
{
    return (size_t)map->n * (size_t)map->c * (size_t)map->h * (size_t)map->w;
}

alexnet_status an_verify_images(const alexnet_model *model, an_plain_map *out)
{
    const an_shape x = model->nodes[0].x;
    an_preprocess record;

    *out = (an_plain_map){0};
    AN_TRY(an_preprocess_parse(model->ctx, model->preprocess, &record));
    AN_TRY(an_plain_new(model->ctx, "images", IMAGES, x.c, x.h, x.w, out));
    const size_t places = (size_t)x.h * (size_t)x.w;
    an_stream stream = an_stream_open(1, AN_PURPOSE_BENCH, 0, 0);
    for (size_t i = 0; i < count_of(out); ++i) {
        const size_t channel = i / places % (size_t)x.c % 3;
        const double pixel = 255 * an_random_unit64(&stream);
        out->data[i] = (float)((pixel / record.divide - (double)record.mean[channel] -
                                (record.subtract_image ? 127 / record.divide : 0)) /
                               (double)record.std[channel]);
    }
    return ALEXNET_OK;
}

alexnet_status an_verify_run(const alexnet_model *model, const an_plain_map *images,
                             an_plain_map *logits)
{
    alexnet_session *session;
    int shape[3];

    *logits = (an_plain_map){0};
    AN_TRY(alexnet_session_open(model, images->n, "logits", &session));
    alexnet_session_get_output(session, shape);
    alexnet_status status =
        an_plain_new(model->ctx, "logits", images->n, shape[0], shape[1], shape[2], logits);
    if (status == ALEXNET_OK)
        status = alexnet_session_run(session, images->data, images->n, logits->data);
    alexnet_session_close(session);
    if (status != ALEXNET_OK) an_plain_free(model->ctx, logits);
    return status;
}

alexnet_status an_verify_run_file(const alexnet_model *model, const char *path,
                                  const an_tensor_file *raw, const an_plain_map *images,
                                  an_plain_map *logits)
{
    return raw->format->run != NULL ? raw->format->run(model->ctx, path, raw, images, logits)
                                    : an_chain_run(model, path, raw, images, logits);
}

double an_verify_difference(const an_plain_map *found, const an_plain_map *expected)
{
    double largest = 0, difference = 0;

    if (count_of(found) != count_of(expected)) return (double)NAN;
    for (size_t i = 0; i < count_of(expected); ++i) {
        const double a = (double)found->data[i], b = (double)expected->data[i];
        if (!isfinite(a) || !isfinite(b)) return (double)NAN;
        largest = fmax(largest, fabs(b));
        difference = fmax(difference, fabs(a - b));
    }
    return largest > 0 ? difference / largest : difference;
}
