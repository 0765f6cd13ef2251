/*
 * backend.h: the primitives that layers are written over. A backend is a table of primitives for
 * one kind of device; each layer is written once, over that table.
 *
 * Only the backend knows how activations are laid out: they are `float *` buffers of
 * an_shape_count() elements in the backend's own layout (the CPU's is [n][h][w][c]). from_nchw and
 * to_nchw convert at the boundary: outside, tensors are [n][c][h][w]; a first convolution may read
 * that layout (an_conv2d.nchw). Weights, biases and their gradients have a fixed layout:
 * convolution [k][c/g][r][s], locally connected [p*q][c][r*s][k], linear [outputs][inputs].
 *
 * Contract of every primitive:
 *   - Pointers are aligned to AN_ALIGNMENT; outputs do not overlap inputs unless "in place" is
 *     allowed.
 *   - The result does not depend on the number of threads, bit for bit: work is split over outputs,
 *     and a sum that must be split is split at places fixed by the shape alone and added in a fixed
 *     order.
 *   - Nothing is allocated: scratch comes from `run`, booked beforehand through the scratch
 *     functions.
 *   - Gradients are overwritten (=), never added to.
 *   - n and count may be 0. Then only gradients of weights are written, as 0, and SGD updates with
 *     them. Every other size is at least 1, as in shapes and windows.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_BACKEND_H
#define AN_CORE_BACKEND_H

#include "alexnet.h"
#include "base/context.h"
#include "base/rng.h"
#include "core/shape.h"
#include <stdbool.h>
#include <stddef.h>

/* What a primitive may use while it runs. */
typedef struct an_run {
    int threads;
    void *scratch;        /* aligned to AN_ALIGNMENT */
    size_t scratch_bytes; /* at least what the primitive's scratch function returned */
} an_run;

/* ---- one update of one parameter ---- */

typedef struct an_sgd {
    float lr, momentum, weight_decay; /* multipliers already applied */
    bool lr_inside; /* true:  v = m v - lr (g + wd w); w += v   (paper, cuda-convnet, Caffe)
                       false: v = m v + (g + wd w);    w -= lr v   (PyTorch) */
} an_sgd;

/* SGD's update of w, whose velocity is v, done with the gradient in place of storing it. */
typedef struct an_sgd_update {
    an_sgd rule;
    float *v, *w;
} an_sgd_update;

/* ---- pooling ---- */

typedef struct an_pool {
    int n, c, h, w;
    int r, s, stride, pad_top, pad_left; /* windows are clipped to the input */
    int p, q;
    bool padded; /* average: the divisor includes the padding: pad_top rows above and below,
                    pad_left columns on both sides */
} an_pool;

/* ---- convolution ---- */

typedef struct an_conv2d {
    int n, c, h, w;              /* input */
    int k, r, s, stride, groups; /* filters of r x s over c/groups channels */
    int pad_top, pad_left, pad_bottom,
        pad_right; /* zeros around the input; with "up", bottom and right may differ */
    int p, q;      /* output map; p = (h + pad_top + pad_bottom - r) / stride + 1 */
    bool packed;   /* forward: the weights are packed, if the algorithm packs them */
    bool nchw;     /* x is [n][c][h][w], the layout of images, if the algorithm `takes_nchw` */
    an_pool pool;  /* r > 0: maximum pooling of the output (after the ReLU) is part of the layer,
                      if the algorithm `pools`: y and dy are then pooled, [n][k][pool.p][pool.q] */
} an_conv2d;

typedef enum an_pass { AN_FORWARD, AN_BACKWARD_DATA, AN_BACKWARD_WEIGHTS } an_pass;
#define AN_PASSES 3

/* The tensors of one pass; those that a pass does not use are NULL. */
typedef struct an_conv2d_tensors {
    const float *x;    /* [n][c][h][w], backend layout  FORWARD, BACKWARD_WEIGHTS; BACKWARD_DATA
                          or as g->nchw says            with relu                 */
    const float *w;    /* [k][c/g][r][s]                FORWARD, BACKWARD_DATA    */
    const float *bias; /* [k]                           FORWARD; NULL: none       */
    float *y;          /* [n][k][p][q], backend layout  FORWARD                   */
    bool relu;         /* y = max(y, 0)                 FORWARD; BACKWARD_DATA, of the ReLU that
                          x comes from: dx = 0 where x <= 0             */
    const float *dy;   /* as y                          both backward passes      */
    float *dx;         /* as x                          BACKWARD_DATA             */
    float *dw;         /* as w; linear: may be NULL    BACKWARD_WEIGHTS          */
    float *db;         /* [k]; NULL: not wanted         BACKWARD_WEIGHTS          */
    const an_sgd_update *update; /* of a linear layer  BACKWARD_WEIGHTS; NULL, or in place of dw:
                                    the bits are those of sgd() with that gradient */
    uint8_t *argmax;    /* [n][k][pool.p][pool.q], with g->pool: as in max_pool(). Written by
                        FORWARD (NULL: not wanted), read by both backward passes */
    const void *packed; /* what pack_weights() made of w   FORWARD with g->packed, if the algorithm
                             has pack_weights(); else NULL: run reads w */
} an_conv2d_tensors;

/* The cost of a pass, computed before it runs. */
typedef struct an_cost {
    double macs;         /* multiply-adds that are executed, including those with zeros in tiles */
    double memory_bytes; /* from and to memory */
    double seconds;      /* estimate for the given number of threads; 0: unknown */
    char tiles[32];      /* how the work is divided, a few words for readers; may be empty */
} an_cost;

/*
 * One way to compute one pass of a convolution, with the factors of its products in one format.
 *
 * Some forward algorithms have pack_weights: it copies w into the layout that run reads, once for
 * many runs. The layout depends neither on g->n nor on the number of threads. NULL, then with
 * packed_bytes: run reads w.
 */
typedef struct an_conv2d_algorithm {
    const char *name; /* "direct", "reference": what the plan prints */
    an_pass pass;
    alexnet_dtype dtype;
    bool pools;                                        /* takes g->pool */
    bool takes_nchw;                                   /* takes g->nchw */
    bool takes_relu;                                   /* data gradient: takes `relu` */
    bool (*applies)(const an_conv2d *g, an_pass pass); /* NULL: to any shape on any machine */
    an_cost (*cost)(const an_conv2d *g, an_pass pass, int threads);
    size_t (*scratch_bytes)(const an_conv2d *g,
                            int threads); /* of run and pack_weights; NULL: none */
    alexnet_status (*run)(const an_run *run, const an_conv2d *g, const an_conv2d_tensors *t);
    size_t (*packed_bytes)(const an_conv2d *g);
    alexnet_status (*pack_weights)(const an_run *run, const an_conv2d *g, const float *w,
                                   void *packed /* aligned to AN_ALIGNMENT */);
} an_conv2d_algorithm;

/* ---- locally connected layers ---- */

/*
 * A convolution whose filters and biases differ at every place (p, q) of the output: an an_conv2d
 * with groups = 1 and
 *
 *   w, dw    [p * q][c][r * s][k]   the filters last, as in cuda-convnet: sums of neighbouring
 *                                   filters are computed side by side
 *   bias, db [p * q][k]
 */

/* ---- linear ---- */

typedef struct an_linear {
    int n, inputs, outputs;
    bool packed; /* forward: the weights are packed, if the algorithm packs them */
} an_linear;

/* As for a convolution, without maps: y = x w^T + bias, then max(., 0) with relu; x, dx
   [n][inputs], w, dw [outputs][inputs], y, dy [n][outputs]. With dx (and w) set, BACKWARD_WEIGHTS
   also computes the data gradient, from the weights before the update; results are bitwise equal to
   two separate passes. */
typedef an_conv2d_tensors an_linear_tensors;

/* One way to compute one pass of a linear layer; as for a convolution. */
typedef struct an_linear_algorithm {
    const char *name;
    an_pass pass;
    alexnet_dtype dtype;
    bool (*applies)(const an_linear *g, an_pass pass);
    an_cost (*cost)(const an_linear *g, an_pass pass, int threads);
    size_t (*scratch_bytes)(const an_linear *g, int threads);
    alexnet_status (*run)(const an_run *run, const an_linear *g, const an_linear_tensors *t);
    size_t (*packed_bytes)(const an_linear *g);
    alexnet_status (*pack_weights)(const an_run *run, const an_linear *g, const float *w,
                                   void *packed);
} an_linear_algorithm;

/* ---- local response normalisation ---- */

typedef struct an_lrn {
    int n, c, h, w;
    bool within; /* the window: false: `size` maps around this one, clipped to its group of maps;
                    true: size x size pixels around this one, clipped to the map */
    int size;    /* odd */
    int groups;  /* not within: c / groups maps each */
    float alpha; /* multiplies the undivided sum; some frameworks divide it by the size first */
    float beta, k;
    bool relu;    /* x is the output of a ReLU, whose backward pass is included */
    an_pool pool; /* r > 0: maximum pooling of the output is part of the layer, if the backend
                     has lrn_pools: y and dy are then pooled */
} an_lrn;

/* ---- batch normalisation ---- */

/* The values that normalise each channel: [c] each. */
typedef struct an_batch_norm_channels {
    const float *mean, *variance;
    const float *weight, *bias; /* NULL: 1 and 0 */
} an_batch_norm_channels;

/* ---- randomness of a training step ---- */

typedef struct an_dropout {
    uint64_t seed;
    int64_t step;
    int layer;     /* the layer's index in the model */
    int first_row; /* place of row 0 in the whole batch */
    float drop;    /* probability of zero */
    float scale;   /* of kept elements: 1 / (1 - drop) for inverted dropout */
} an_dropout;

/* ---- other updates of one parameter ---- */

/* d = g + wd w;  s = rho s + (1 - rho) d^2;  v = m v + lr d / sqrt(s + epsilon);  w -= v
   (TensorFlow's RMSPropOptimizer, where s starts at 1) */
typedef struct an_rmsprop {
    float lr, momentum, weight_decay; /* multipliers already applied */
    float rho, epsilon;
} an_rmsprop;

/* d = g + wd w;  v = beta1 v + (1 - beta1) d;  s = beta2 s + (1 - beta2) d^2; w -= lr v / (1 -
   beta1^t) / (sqrt(s / (1 - beta2^t)) + epsilon)   (Kingma and Ba 2015, PyTorch) */
typedef struct an_adam {
    float lr, weight_decay; /* multipliers already applied */
    float beta1, beta2, epsilon;
    int64_t t; /* number of this update, from 1 */
} an_adam;

/* ---- the table ---- */

/* The targets of the loss of n rows. Row i: (1 - smoothing) ((1 - shares[i]) onehot(labels[i]) +
   shares[i] onehot(other_labels[i])) + smoothing / classes. */
typedef struct an_targets {
    const int32_t *labels;       /* [n] */
    const int32_t *other_labels; /* [n], of blended images; NULL: none, and shares is not read */
    const float *shares;         /* [n], 0 .. 1 */
    float smoothing;             /* 0 .. 1 */
} an_targets;

typedef struct an_backend an_backend;

struct an_backend {
    const char *name;              /* "cpu" */
    const char *tier;              /* "avx512" */
    const char *(*features)(void); /* the machine's instruction sets, separated by spaces */

    /* estimate for a layer without a choice of algorithm, from its multiply-adds and the bytes
       that it reads and writes */
    double (*plain_seconds)(double macs, double bytes, int threads);

    /* Between the interface's [n][c][h][w] and the backend's layout. */
    alexnet_status (*from_nchw)(const an_run *run, an_shape shape, const float *nchw, float *x);
    alexnet_status (*to_nchw)(const an_run *run, an_shape shape, const float *x, float *nchw);

    /* All algorithms, best first; NULL after the last. */
    const an_conv2d_algorithm *const *conv2d_algorithms;
    const an_linear_algorithm *const *linear_algorithms;

    /*
     * The cheapest of them, by cost(), for this pass of this shape in this format of numbers: never
     * NULL, and the same for the same arguments. The format is that of the factors of products;
     * tensors are always float. A pass that would be slower in the format is computed in fp32.
     * int8, and bf16 in convolutions, are only for forward with g->packed; other passes are in
     * fp32.
     */
    const an_conv2d_algorithm *(*conv2d)(const an_backend *self, const an_conv2d *g, an_pass pass,
                                         alexnet_dtype dtype);
    const an_linear_algorithm *(*linear)(const an_backend *self, const an_linear *g, an_pass pass,
                                         alexnet_dtype dtype);

    size_t (*local_scratch)(const an_conv2d *g, int threads); /* enough for all three */
    /* y = the sum of x w over the window of place (p, q), + bias, then max(., 0) with relu. Sums
       are in float. */
    alexnet_status (*local_forward)(const an_run *run, const an_conv2d *g, const float *x,
                                    const float *w, const float *bias, bool relu, float *y);
    alexnet_status (*local_backward_data)(const an_run *run, const an_conv2d *g, const float *dy,
                                          const float *w, float *dx);
    /* Gradients of weights that only meet padding are 0. */
    alexnet_status (*local_backward_weights)(const an_run *run, const an_conv2d *g, const float *x,
                                             const float *dy, float *dw, float *db);

    /* Maximum over the window; argmax: its place in the window (r * S + s), one byte per output;
       NULL in inference. The first of equal values wins. R * S is at most 256. */
    alexnet_status (*max_pool)(const an_run *run, const an_pool *g, const float *x, float *y,
                               uint8_t *argmax);
    alexnet_status (*max_pool_backward)(const an_run *run, const an_pool *g, const float *dy,
                                        const uint8_t *argmax, float *dx);

    /* The sum over the window's pixels inside the map, divided by their number; with `padded`, by
     * the number of the window's pixels inside the map and its padding. */
    alexnet_status (*average_pool)(const an_run *run, const an_pool *g, const float *x, float *y);
    alexnet_status (*average_pool_backward)(const an_run *run, const an_pool *g, const float *dy,
                                            float *dx);

    /* Average over windows that divide the map evenly (PyTorch's adaptive rule): rows floor(i H /
     * P) .. ceil((i+1) H / P) - 1. */
    alexnet_status (*adaptive_average)(const an_run *run, an_shape x_shape, int p, int q,
                                       const float *x, float *y);
    alexnet_status (*adaptive_average_backward)(const an_run *run, an_shape x_shape, int p, int q,
                                                const float *dy, float *dx);

    /* y = x d^-beta, d = k + alpha * (sum of x^2 over the window): Krizhevsky et al. 2012, 3.3. */
    bool lrn_pools;                                      /* takes g->pool */
    size_t (*lrn_scratch)(const an_lrn *g, int threads); /* enough for both */
    /* argmax: with g->pool, as in max_pool(); else not used */
    alexnet_status (*lrn)(const an_run *run, const an_lrn *g, const float *x, float *y,
                          uint8_t *argmax);
    /* dx = dy d^-beta - 2 alpha beta x * (sum of dy x d^(-beta-1) over the windows that hold x,
     * which are those of its window); with g->relu, 0 where x <= 0. */
    alexnet_status (*lrn_backward)(const an_run *run, const an_lrn *g, const float *x,
                                   const float *dy, const uint8_t *argmax, float *dx);

    /* Mean and variance of each channel over n, h and w, the variance divided by the number of
       values m, and, as sample_variance, by m - 1. With m below 2 there is no variance: mean and
       both variances are then the running ones, which are otherwise not read. All [c]. */
    size_t (*batch_norm_scratch)(an_shape shape); /* enough for all three */
    alexnet_status (*batch_statistics)(const an_run *run, an_shape shape, const float *x,
                                       const float *running_mean, const float *running_variance,
                                       float *mean, float *variance, float *sample_variance);
    /* y = (x - mean) / sqrt(variance + epsilon) * weight + bias, then max(., 0) with relu; in place
       allowed */
    alexnet_status (*batch_norm)(const an_run *run, an_shape shape, float epsilon, const float *x,
                                 const an_batch_norm_channels *t, bool relu, float *y);
    /* fixed: mean and variance are given, not those of x. dx may be dy; dx, dweight, dbias may be
       NULL: not wanted. */
    alexnet_status (*batch_norm_backward)(const an_run *run, an_shape shape, float epsilon,
                                          bool fixed, const float *x, const float *dy,
                                          const an_batch_norm_channels *t, float *dx,
                                          float *dweight, float *dbias);

    alexnet_status (*relu)(const an_run *run, int64_t count, const float *x,
                           float *y); /* in place allowed */
    alexnet_status (*relu_backward)(const an_run *run, int64_t count, const float *y,
                                    const float *dy, float *dx); /* in place allowed */

    /* y = a tanh(b x); dx = dy b (a - y^2 / a). a is not 0. In place allowed. */
    alexnet_status (*tanh)(const an_run *run, float a, float b, int64_t count, const float *x,
                           float *y);
    alexnet_status (*tanh_backward)(const an_run *run, float a, float b, int64_t count,
                                    const float *y, const float *dy, float *dx);

    /* y = 1 / (1 + exp(-x)); dx = dy y (1 - y). In place allowed. */
    alexnet_status (*sigmoid)(const an_run *run, int64_t count, const float *x, float *y);
    alexnet_status (*sigmoid_backward)(const an_run *run, int64_t count, const float *y,
                                       const float *dy, float *dx);

    /* y = x * scale where the element is kept, else 0; backward is the same function. rows
       [n][count]; in place allowed. Element j of row i is kept when an_unit_from_u32(word) >= drop,
       word j % 4 of block j / 4 of the stream (seed, DROPOUT, step, layer << 16 | (first_row + i)).
       j counts in the order c, h, w. */
    alexnet_status (*dropout)(const an_run *run, const an_dropout *d, an_shape shape,
                              const float *x, float *y);

    /* [n][c][h][w] to [n][c*h*w] in the order c, h, w, and back. */
    alexnet_status (*flatten)(const an_run *run, an_shape shape, const float *x, float *y);
    alexnet_status (*unflatten)(const an_run *run, an_shape shape, const float *dy, float *dx);

    /* Every window of size x size pixels as one column: [n][c][h][w] to
       [n][c*size*size][h-size+1][w-size+1], in the order c, h, w within the window; and back,
       where windows that overlap are added up. */
    alexnet_status (*unfold)(const an_run *run, an_shape x_shape, int size, const float *x,
                             float *y);
    alexnet_status (*fold)(const an_run *run, an_shape x_shape, int size, const float *dy,
                           float *dx);

    /* Logits to probabilities, over the channels of each place. */
    alexnet_status (*softmax)(const an_run *run, an_shape shape, const float *x, float *y);
    /* loss[i] = -(sum over the classes of target ln y[i]), from the logits, not from y. */
    alexnet_status (*cross_entropy)(const an_run *run, int n, int classes, const float *logits,
                                    const an_targets *targets, float *loss);
    /* dx = (y - target) * scale; scale is 1 / images of the whole batch. */
    alexnet_status (*softmax_loss_backward)(const an_run *run, int n, int classes, const float *y,
                                            const an_targets *targets, float scale, float *dx);

    /* One update of w from its gradient g; v and s are the rule's state between updates. */
    alexnet_status (*sgd)(const an_run *run, const an_sgd *rule, int64_t count, const float *g,
                          float *v, float *w);
    alexnet_status (*rmsprop)(const an_run *run, const an_rmsprop *rule, int64_t count,
                              const float *g, float *v, float *s, float *w);
    alexnet_status (*adam)(const an_run *run, const an_adam *rule, int64_t count, const float *g,
                           float *v, float *s, float *w);

    /* w += rate * (observed - w): a running average. rate 0 .. 1 */
    alexnet_status (*average)(const an_run *run, float rate, int64_t count, const float *observed,
                              float *w);

    /* False when any element is infinite or not a number. */
    bool (*all_finite)(const an_run *run, int64_t count, const float *x);

    /* As an_crc32c() of base/hash.h, on the caller's thread. data need not be aligned. */
    uint32_t (*crc32c)(uint32_t crc, const void *data, size_t bytes);
};

/*
 * The backend for a context's options: the tier `cpu`, or the best one. Tables are constants, so
 * there is nothing to close. BAD_ARG (no such tier), UNSUPPORTED (this machine lacks it).
 */
alexnet_status an_backend_find(alexnet_context *ctx, const char *tier /* NULL: best */,
                               const an_backend **out) AN_NODISCARD;

/* The backend that alexnet_open() chose; NULL for a context of an_context_open(). */
static inline const an_backend *an_context_backend(const alexnet_context *ctx)
{
    return (const an_backend *)ctx->inherited; /* the cast is for C++ */
}

#endif
