/*
 * augment.h: the random changes that training makes to an image (section 4.1 of the paper: crop,
 * flip and pca).
 *
 *     "none" | list, separated by commas, of
 *     crop | flip | rrc[:MIN_AREA] | jitter[:STRENGTH] | pca[:SD] | pca-text[:SD]
 *
 *   none      exactly as in validation
 *   crop      a uniformly random crop in place of the centre crop (after resize)
 *   flip      mirrored with probability 1/2
 *   rrc       torchvision's RandomResizedCrop in place of resize and crop: area MIN_AREA (0.08)
 *             .. 1 of the image, aspect ratio 3/4 .. 4/3, ten tries, then the centre. Not with crop
 *   jitter    multiplies brightness, contrast and saturation, in this order, by a factor each,
 *             drawn from U(1 - STRENGTH, 1 + STRENGTH), STRENGTH = 0.4. Works on the 8-bit pixels
 *             of the finished crop with the arithmetic of PIL's ImageEnhance (Image.blend in
 *             float32, truncated)
 *   pca       colour noise as the paper's authors ran it. p_i are the three principal components
 *             of ImageNet's colours, sd_i the standard deviations along them. To every pixel of
 *             the image, in units of 0 .. 255 and after the mean is subtracted, it adds the same
 *             colour, the sum of a_i sd_i p_i with a_i ~ SD N(0, 1); then it divides everything by
 *             1 + SD. SD = 0.1
 *   pca-text  colour noise as the paper prints it: with the eigenvalues sd_i^2 of colours from 0 to
 *             1 in place of sd_i, and no division. About half as strong. Not with pca
 *
 * An image's own stream of random numbers is used in this order: rrc or crop, flip, jitter, pca or
 * pca-text. Order and arithmetic are part of the bits of every run: a new word draws after these,
 * and gets a row in docs/training.md.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_IMAGE_AUGMENT_H
#define AN_IMAGE_AUGMENT_H

#include "base/rng.h"
#include "image/image.h"
#include "image/resize.h"
#include <stdbool.h>

typedef struct an_augment {
    bool crop, flip, rrc, jitter, pca, pca_text; /* what the list contains */
    float rrc_min_area, jitter_strength, pca_sd, pca_text_sd;
} an_augment;

/* Parses a list. BAD_ARG names the word that is wrong. */
alexnet_status an_augment_parse(alexnet_context *ctx, const char *text,
                                an_augment *out) AN_NODISCARD;

/* The rectangle of an image of width x height that RandomResizedCrop would cut out. */
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
