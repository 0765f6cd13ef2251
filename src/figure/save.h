/*
 * save.h: writes an image as a file for viewers: PNG, or SVG with the PNG inside. After a failure
 * there is no partial file.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FIGURE_SAVE_H
#define AN_FIGURE_SAVE_H

#include "image/image.h"

/* BAD_ARG unless the name ends in .png or .svg. */
alexnet_status an_figure_check_name(alexnet_context *ctx, const char *path) AN_NODISCARD;

/*
 * title: the title of the SVG; plain text without & < >. Equal arguments give equal bytes.
 * IO, NO_MEMORY, BAD_ARG as above.
 */
alexnet_status an_figure_save(alexnet_context *ctx, const char *path, const char *title,
                              const an_image *image) AN_NODISCARD;

#endif
