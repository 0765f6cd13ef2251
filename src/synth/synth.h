/*
 * synth.h: drawn images: shapes and textures of random colour, place, rotation, size, light and
 * noise. An image is a function of (seed, class, number): a data set for demos and tests that needs
 * no download.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_SYNTH_SYNTH_H
#define AN_SYNTH_SYNTH_H

#include "image/image.h"

#define AN_SYNTH_CLASSES_MAX 12
#define AN_SYNTH_SIZE_MIN    8
#define AN_SYNTH_SIZE_MAX    4096

/* "checker", "cross", "disc" ...; sorted, so that labels keep their order. */
const char *an_synth_class(int index);

/*
 * Draws image `number` of a class, size x size. The pixels are the same on every machine: they are
 * computed with additions, products, quotients and square roots only. BAD_ARG, NO_MEMORY.
 */
alexnet_status an_synth_draw(alexnet_context *ctx, uint64_t seed, int class_index, uint32_t number,
                             int size, an_image *out) AN_NODISCARD;

#endif
