/*
 * filters.h: the filters of a convolution as a grid of small images, as in Figure 3 of Krizhevsky
 * et al. 2012. A weight of 0 is mid-grey, the largest is white or black:
 * v = 127.5 + 127.5 w / max|w|, rounded to nearest, where max is over one filter or over all.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FIGURE_FILTERS_H
#define AN_FIGURE_FILTERS_H

#include "image/image.h"

typedef struct an_filters {
    const float *weights; /* [count][channels][height][width], finite */
    int count, channels, height, width;
    int towers;  /* drawn apart; a divisor of count */
    bool bgr;    /* the order of three channels; else RGB */
    bool common; /* one scale for all filters; else each has its own */
} an_filters;

/*
 * Three channels are the colours of a filter; any other number becomes their mean in grey.
 * NO_MEMORY, BAD_ARG (too large).
 */
alexnet_status an_filters_draw(alexnet_context *ctx, const an_filters *filters,
                               an_image *image) AN_NODISCARD;

#endif
