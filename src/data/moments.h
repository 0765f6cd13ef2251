/*
 * moments.h: mean, deviation and principal components of colours (the colour PCA of
 * Krizhevsky et al. 2012, section 4.1).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_MOMENTS_H
#define AN_DATA_MOMENTS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Integer sums over pixels, which do not depend on their order; enough for 2 * 10^14 pixels.
 * Zeroed: none.
 */
typedef struct an_moments {
    uint64_t pixels;
    uint64_t sums[3];     /* of R, G, B in 0 .. 255 */
    uint64_t products[6]; /* RR, RG, RB, GG, GB, BB */
} an_moments;

void an_moments_add(an_moments *moments, const uint8_t *rgb, size_t pixels);
void an_moments_merge(an_moments *moments, const an_moments *other);

/*
 * In the scale 0 .. 1: mean and deviation of each channel; the eigenvalues of the covariance,
 * largest first, and their unit eigenvectors ([component][channel], largest entry positive). All
 * zero without pixels.
 */
void an_moments_conclude(const an_moments *moments, double mean[3], double sd[3],
                         double eigenvalues[3], double eigenvectors[3][3]);

#endif
