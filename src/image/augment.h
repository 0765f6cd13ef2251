/*
 * augment.h: the random changes that training makes to an image.
 *
 *     "none" | list, separated by commas, of
 *     crop | flip | rrc[:MIN_AREA] | jitter[:STRENGTH] | pca[:SD] | pca-text[:SD]
 *
 *   none      exactly as in testing
 *   crop      a uniformly random crop in place of the centre crop (after resize)
 *   flip      mirrored with probability 1/2
 *   rrc       torchvision's RandomResizedCrop in place of resize and crop: area MIN_AREA (0.08)
 *             .. 1 of the image, aspect ratio 3/4 .. 4/3, ten tries, then the centre. Excludes crop
 *   jitter    multiplies brightness, contrast and saturation, in this order, by one U(1 - s, 1 + s)
 *             each, s = 0.4. Works on the 8-bit pixels of the finished crop with the arithmetic of
 *             PIL's ImageEnhance (Image.blend in float32, truncated)
 *   pca       colour noise of the paper, section 4.1, as its authors ran it: to every pixel of the
 *             image, in units of 0 .. 255 and after the mean is subtracted, adds the sum of
 *             a_i sd_i p_i, a_i ~ SD N(0, 1), over the principal components p_i of ImageNet's
 *             colours; then divides everything by 1 + SD. SD = 0.1
 *   pca-text  the same as that section prints it: eigenvalues in place of sd_i, for colours from
 *             0 to 1, where they are sd_i^2; no division. About half as strong. Excludes pca
 *
 * An image's own stream of random numbers is used in this order: rrc or crop, flip, jitter, pca or
 * pca-text.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_IMAGE_AUGMENT_H
#define AN_IMAGE_AUGMENT_H

#include "base/rng.h"
#include "image/image.h"
#include "image/resize.h"
#include <stdbool.h>

typedef struct an_augment {
    bool crop, flip, rrc, jitter, pca, pca_text;
    float rrc_min_area, jitter_strength, pca_sd, pca_text_sd;
} an_augment;

/* Parses a list. BAD_ARG names the word that is wrong. */
alexnet_status an_augment_parse(alexnet_context *ctx, const char *text,
                                an_augment *out) AN_NODISCARD;

/* The rectangle of the image that RandomResizedCrop would cut out. */
an_rect an_augment_rrc(const an_augment *augment, an_stream *stream, int width, int height);

/* Draws the three factors and changes the image. */
void an_augment_jitter(const an_augment *augment, an_stream *stream, an_image *image);

/* The single steps of jitter: PIL's ImageEnhance.Brightness, Contrast and Color; factor >= 0. */
void an_image_brightness(an_image *image, float factor);
void an_image_contrast(an_image *image, float factor);
void an_image_saturation(an_image *image, float factor);

/* Draws what pca or pca-text adds to red, green and blue, in units of 0 .. 255. */
void an_augment_pca(const an_augment *augment, an_stream *stream, double shift[3]);

#endif
