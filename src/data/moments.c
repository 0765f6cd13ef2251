/*
 * moments.c: mean, deviation and principal components of colours.
 * SPDX-License-Identifier: MIT
 */
#include "data/moments.h"

#include <math.h>
#include <string.h>

/* ---- sums ---- */

#define CHUNK 65536 /* pixels whose sums of products, each below 2^16, fit 32 bits */

static void add_chunk(an_moments *m, const uint8_t *rgb, size_t pixels)
{
    uint32_t sums[3] = {0};
    uint32_t products[6] = {0};

    for (size_t i = 0; i < pixels; ++i) {
        const uint32_t r = rgb[3 * i], g = rgb[3 * i + 1], b = rgb[3 * i + 2];
        sums[0] += r;
        sums[1] += g;
        sums[2] += b;
        products[0] += r * r;
        products[1] += r * g;
        products[2] += r * b;
        products[3] += g * g;
        products[4] += g * b;
        products[5] += b * b;
    }
    for (int i = 0; i < 3; ++i)
        m->sums[i] += sums[i];
    for (int i = 0; i < 6; ++i)
        m->products[i] += products[i];
    m->pixels += pixels;
}

void an_moments_add(an_moments *moments, const uint8_t *rgb, size_t pixels)
{
    for (; pixels > CHUNK; rgb += (size_t)3 * CHUNK, pixels -= CHUNK)
        add_chunk(moments, rgb, CHUNK);
    add_chunk(moments, rgb, pixels);
}

void an_moments_merge(an_moments *moments, const an_moments *other)
{
    moments->pixels += other->pixels;
    for (int i = 0; i < 3; ++i)
        moments->sums[i] += other->sums[i];
    for (int i = 0; i < 6; ++i)
        moments->products[i] += other->products[i];
}

/* ---- eigenvectors ---- */

/*
 * Rotates rows and columns p and q so that a[p][q] becomes 0; `vectors` accumulates the rotations,
 * one eigenvector per row. (Jacobi method: Golub, Van Loan, Matrix Computations, 8.5.)
 */
static void rotate(double a[3][3], double vectors[3][3], int p, int q)
{
    if (a[p][q] == 0) return;
    const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
    const double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
    const double c = 1 / sqrt(t * t + 1);
    const double s = t * c;

    for (int k = 0; k < 3; ++k) {
        const double x = a[k][p], y = a[k][q];
        a[k][p] = c * x - s * y;
        a[k][q] = s * x + c * y;
    }
    for (int k = 0; k < 3; ++k) {
        const double x = a[p][k], y = a[q][k];
        a[p][k] = c * x - s * y;
        a[q][k] = s * x + c * y;
        const double u = vectors[p][k], v = vectors[q][k];
        vectors[p][k] = c * u - s * v;
        vectors[q][k] = s * u + c * v;
    }
}

static void make_largest_positive(double v[3])
{
    int largest = 0;

    for (int i = 1; i < 3; ++i) {
        if (fabs(v[i]) > fabs(v[largest])) largest = i;
    }
    for (int i = 0; v[largest] < 0 && i < 3; ++i)
        v[i] = i == largest ? v[i] : -v[i];
    v[largest] = fabs(v[largest]);
}

static void find_eigenvectors(double a[3][3], double values[3], double vectors[3][3])
{
    double found[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    int order[3] = {0, 1, 2};

    for (int sweep = 0; sweep < 12; ++sweep) { /* about 5 sweeps reach the last bit */
        rotate(a, found, 0, 1);
        rotate(a, found, 0, 2);
        rotate(a, found, 1, 2);
    }
    for (int i = 0; i < 3; ++i) { /* the largest of the rest */
        for (int k = i + 1; k < 3; ++k) {
            if (a[order[k]][order[k]] > a[order[i]][order[i]]) {
                const int swap = order[i];
                order[i] = order[k];
                order[k] = swap;
            }
        }
        values[i] = fmax(a[order[i]][order[i]], 0);
        memcpy(vectors[i], found[order[i]], sizeof vectors[i]);
        make_largest_positive(vectors[i]);
    }
}

/* ---- conclusion ---- */

void an_moments_conclude(const an_moments *moments, double mean[3], double sd[3],
                         double eigenvalues[3], double eigenvectors[3][3])
{
    static const int product[3][3] = {{0, 1, 2}, {1, 3, 4}, {2, 4, 5}};
    const double n = moments->pixels > 0 ? (double)moments->pixels : 1;
    double covariance[3][3];

    for (int i = 0; i < 3; ++i)
        mean[i] = (double)moments->sums[i] / n / 255;
    for (int i = 0; i < 3; ++i) {
        for (int k = 0; k < 3; ++k)
            covariance[i][k] =
                (double)moments->products[product[i][k]] / n / (255 * 255) - mean[i] * mean[k];
        sd[i] = sqrt(fmax(covariance[i][i], 0));
    }
    find_eigenvectors(covariance, eigenvalues, eigenvectors);
}
