/*
 * synth.h: drawn images: shapes and textures under random colour, place, turn, size, light and
 * noise. A function of (seed, class, number): a data set for demos and tests that needs no download.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_SYNTH_SYNTH_H
#define AN_SYNTH_SYNTH_H

#include "image/image.h"

#define AN_SYNTH_CLASSES_MAX 12
#define AN_SYNTH_SIZE_MIN    8
#define AN_SYNTH_SIZE_MAX    4096

/* "checker", "cross", "disc", ...; sorted by name, so that labels keep their order. */
const char *an_synth_class(int index);

/*
 * Draws image `number` of a class, size x size. The same pixels on every machine: nothing but
 * additions, products, quotients and square roots goes into them. BAD_ARG, NO_MEMORY.
 */
alexnet_status an_synth_draw(alexnet_context *ctx, uint64_t seed, int class_index, uint32_t number,
                             int size, an_image *out) AN_NODISCARD;

#endif
