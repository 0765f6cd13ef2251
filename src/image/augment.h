/*
 * augment.h: what training does to an image so that it is never quite the same.
 *
 *     "none" | list, separated by commas, of  crop | flip | rrc[:MIN_AREA] | jitter[:STRENGTH] | pca[:SD] | pca-text[:SD]
 *
 *   none    exactly as in testing
 *   crop    a uniformly random crop in place of the centre (after resize)
 *   flip    mirrored with probability 1/2
 *   rrc     torchvision's RandomResizedCrop in place of resize and crop: area MIN_AREA (0.08) .. 1 of the image,
 *           aspect 3/4 .. 4/3, ten tries, then the centre. Not together with crop
 *   jitter  brightness, contrast and saturation each times U(1 - s, 1 + s), s = 0.4, in this order, on the 8 bits of the
 *           finished crop, by the arithmetic of PIL's ImageEnhance (Image.blend in float32, the fraction cut off)
 *   pca     colour noise of the paper, section 4.1, as it was run: to every pixel of the image, in units of 0 .. 255 and
 *           after the mean is subtracted, is added the sum of a_i sd_i p_i, a_i ~ SD N(0, 1), over the principal
 *           components p_i of ImageNet's colours; then all is divided by 1 + SD. SD = 0.1
 *   pca-text  the same as that section prints it: with eigenvalues in place of sd_i, of colours from 0 to 1, where they are
 *           sd_i^2; nothing is divided. About half as strong. Not together with pca
 *
 * An image's own stream is used in this order: rrc or crop, flip, jitter, pca or pca-text.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_IMAGE_AUGMENT_H
#define AN_IMAGE_AUGMENT_H

#include "base/rng.h"
#include "image/image.h"
#include "image/resize.h"
#include <stdbool.h>

typedef struct an_augment {
    bool  crop, flip, rrc, jitter, pca, pca_text;
    float rrc_min_area, jitter_strength, pca_sd, pca_text_sd;
} an_augment;

/* BAD_ARG naming the word. */
alexnet_status an_augment_parse(alexnet_context *ctx, const char *text, an_augment *out) AN_NODISCARD;

/* The part of an image that RandomResizedCrop would take. */
an_rect an_augment_rrc(const an_augment *augment, an_stream *stream, int width, int height);

/* Draws the three factors and changes the image. */
void an_augment_jitter(const an_augment *augment, an_stream *stream, an_image *image);

/* The single steps of jitter: PIL's ImageEnhance.Brightness, Contrast and Color with this factor, 0 or more. */
void an_image_brightness(an_image *image, float factor);
void an_image_contrast(an_image *image, float factor);
void an_image_saturation(an_image *image, float factor);

/* Draws what pca or pca-text adds to red, green and blue, in units of 0 .. 255. */
void an_augment_pca(const an_augment *augment, an_stream *stream, double shift[3]);

#endif
