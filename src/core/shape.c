/*
 * shape.c: shapes of activations, and output sizes of windows.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core/shape.h"
#include "base/status.h"

int64_t an_shape_count(an_shape shape) { return (int64_t)shape.n * an_shape_image(shape); }

int64_t an_shape_image(an_shape shape) { return (int64_t)shape.c * shape.h * shape.w; }

an_shape an_shape_with_n(an_shape shape, int n)
{
    shape.n = n;
    return shape;
}

alexnet_status an_shape_check(alexnet_context *ctx, const char *what, an_shape shape)
{
    const int dimensions[] = {shape.n, shape.c, shape.h, shape.w};
    int64_t count = 1;

    for (size_t i = 0; i < AN_COUNT(dimensions); ++i) {
        if (dimensions[i] < 1 || dimensions[i] > AN_DIMENSION_MAX ||
            count > AN_ELEMENTS_MAX / dimensions[i])
            return an_fail(ctx, ALEXNET_BAD_SHAPE, "%s: shape [%d,%d,%d,%d] is empty or too large",
                           what, shape.n, shape.c, shape.h, shape.w);
        count *= dimensions[i];
    }
    return ALEXNET_OK;
}

static bool window_same(int in, int window, int stride, an_window *out)
{
    const int64_t positions = ((int64_t)in + stride - 1) / stride;
    const int64_t needed = (positions - 1) * stride + window - in;
    const int64_t pad = AN_MAX(needed, 0);

    out->out = (int)positions;
    out->pad_before = (int)(pad / 2);
    out->pad_after = (int)(pad - pad / 2);
    return true;
}

bool an_window_output(an_rounding rounding, int in, int window, int stride, int pad, bool clip,
                      an_window *out)
{
    const int64_t span = (int64_t)in + 2 * (int64_t)pad - window;
    int64_t positions, reach;

    if (rounding == AN_ROUND_SAME) return window_same(in, window, stride, out);
    if (span < 0) return false;
    positions = 1 + (rounding == AN_ROUND_UP_SIZE ? (span + stride - 1) / stride : span / stride);
    if (clip && rounding == AN_ROUND_UP_SIZE && (positions - 1) * stride >= (int64_t)in + pad)
        --positions; /* Caffe: a window must start inside the image or its left padding */
    reach = (positions - 1) * stride + window - pad;
    out->out = (int)positions;
    out->pad_before = pad;
    out->pad_after = (int)AN_MAX(reach - in, 0);
    return true;
}
