/*
 * filters.h: draws the filters of a convolution as a grid of small images, as in Figure 3 of
 * Krizhevsky et al. 2012. A weight of 0 is mid-grey; the largest absolute weight is white or black:
 * v = 127.5 + 127.5 w / max|w|, rounded to nearest, with max over one filter or over all filters.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FIGURE_FILTERS_H
#define AN_FIGURE_FILTERS_H

#include "image/image.h"

typedef struct an_filters {
    const float *weights; /* [count][channels][height][width], finite */
    int count, channels, height, width;
    int towers;  /* number of groups of filters that are drawn apart; a divisor of count */
    bool bgr;    /* three channels are in the order BGR; else RGB */
    bool common; /* one scale for all filters; else each has its own */
} an_filters;

/*
 * Draws the filters into `image`. Three channels become the colours of a filter; with any other
 * number, the mean over the channels is drawn in grey. NO_MEMORY, BAD_ARG (image too large).
 */
alexnet_status an_filters_draw(alexnet_context *ctx, const an_filters *filters,
                               an_image *image) AN_NODISCARD;

#endif
