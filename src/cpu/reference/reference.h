/*
 * reference.h: every primitive in plain C, as short as possible. The fast tiers are tested against
 * these functions; they run where there is no faster tier; and every tier uses those that are cheap
 * or bound by memory. Contracts: core/backend.h. Layout of activations: [n][h][w][c].
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_REFERENCE_REFERENCE_H
#define AN_CPU_REFERENCE_REFERENCE_H

#include "core/backend.h"

/* The valid sizes of shapes and windows; every tier asserts them before it chooses an algorithm. */
static inline bool an_conv2d_is_sound(const an_conv2d *g)
{
    return g->n >= 0 && g->c > 0 && g->h > 0 && g->w > 0 && g->k > 0 && g->r > 0 && g->s > 0 &&
           g->stride > 0 && g->p > 0 && g->q > 0 && g->groups > 0 && g->c % g->groups == 0 &&
           g->k % g->groups == 0;
}

static inline bool an_linear_is_sound(const an_linear *g)
{
    return g->n >= 0 && g->inputs > 0 && g->outputs > 0;
}

/* Runs of pixels into which every tier divides a sum over a batch: its bits depend on them. */
#define AN_NORM_PARTS 64

/* reference/batch_norm.c */
size_t an_batch_norm_scratch__portable(an_shape shape);
alexnet_status an_batch_statistics__portable(const an_run *run, an_shape shape, const float *x,
                                             const float *running_mean,
                                             const float *running_variance, float *mean,
                                             float *variance, float *sample_variance);
alexnet_status an_batch_norm__portable(const an_run *run, an_shape shape, float epsilon,
                                       const float *x, const an_batch_norm_channels *t, bool relu,
                                       float *y);
alexnet_status an_batch_norm_backward__portable(const an_run *run, an_shape shape, float epsilon,
                                                bool fixed, const float *x, const float *dy,
                                                const an_batch_norm_channels *t, float *dx,
                                                float *dweight, float *dbias);

/* reference/conv2d.c */
extern const an_conv2d_algorithm *const an_conv2d_algorithms__portable[];

/* reference/local.c */
size_t an_local_scratch__portable(const an_conv2d *g, int threads);
alexnet_status an_local_forward__portable(const an_run *run, const an_conv2d *g, const float *x,
                                          const float *w, const float *bias, bool relu, float *y);
alexnet_status an_local_backward_data__portable(const an_run *run, const an_conv2d *g,
                                                const float *dy, const float *w, float *dx);
alexnet_status an_local_backward_weights__portable(const an_run *run, const an_conv2d *g,
                                                   const float *x, const float *dy, float *dw,
                                                   float *db);

/* reference/linear.c */
extern const an_linear_algorithm *const an_linear_algorithms__portable[];

/* reference/int8.c */
extern const an_conv2d_algorithm an_conv2d_int8__portable;
extern const an_linear_algorithm an_linear_int8__portable;

/* reference/pool.c */
alexnet_status an_max_pool__portable(const an_run *run, const an_pool *g, const float *x, float *y,
                                     uint8_t *argmax);
alexnet_status an_max_pool_backward__portable(const an_run *run, const an_pool *g, const float *dy,
                                              const uint8_t *argmax, float *dx);
alexnet_status an_adaptive_average__portable(const an_run *run, an_shape x_shape, int p, int q,
                                             const float *x, float *y);
alexnet_status an_adaptive_average_backward__portable(const an_run *run, an_shape x_shape, int p,
                                                      int q, const float *dy, float *dx);
alexnet_status an_average_pool__portable(const an_run *run, const an_pool *g, const float *x,
                                         float *y);
alexnet_status an_average_pool_backward__portable(const an_run *run, const an_pool *g,
                                                  const float *dy, float *dx);

/* reference/lrn.c: without g->pool */
size_t an_lrn_scratch__portable(const an_lrn *g, int threads);
alexnet_status an_lrn__portable(const an_run *run, const an_lrn *g, const float *x, float *y,
                                uint8_t *argmax);
alexnet_status an_lrn_backward__portable(const an_run *run, const an_lrn *g, const float *x,
                                         const float *dy, const uint8_t *argmax, float *dx);

/* reference/layout.c */
alexnet_status an_from_nchw__portable(const an_run *run, an_shape shape, const float *nchw,
                                      float *x);
alexnet_status an_to_nchw__portable(const an_run *run, an_shape shape, const float *x, float *nchw);
alexnet_status an_unfold__portable(const an_run *run, an_shape x_shape, int size, const float *x,
                                   float *y);
alexnet_status an_fold__portable(const an_run *run, an_shape x_shape, int size, const float *dy,
                                 float *dx);

/* reference/elementwise.c */
alexnet_status an_relu__portable(const an_run *run, int64_t count, const float *x, float *y);
alexnet_status an_relu_backward__portable(const an_run *run, int64_t count, const float *y,
                                          const float *dy, float *dx);
alexnet_status an_tanh__portable(const an_run *run, float a, float b, int64_t count, const float *x,
                                 float *y);
alexnet_status an_tanh_backward__portable(const an_run *run, float a, float b, int64_t count,
                                          const float *y, const float *dy, float *dx);
alexnet_status an_sigmoid__portable(const an_run *run, int64_t count, const float *x, float *y);
alexnet_status an_sigmoid_backward__portable(const an_run *run, int64_t count, const float *y,
                                             const float *dy, float *dx);
alexnet_status an_dropout__portable(const an_run *run, const an_dropout *d, an_shape shape,
                                    const float *x, float *y);
alexnet_status an_sgd__portable(const an_run *run, const an_sgd *rule, int64_t count,
                                const float *g, float *v, float *w);
alexnet_status an_rmsprop__portable(const an_run *run, const an_rmsprop *rule, int64_t count,
                                    const float *g, float *v, float *s, float *w);
alexnet_status an_adam__portable(const an_run *run, const an_adam *rule, int64_t count,
                                 const float *g, float *v, float *s, float *w);
alexnet_status an_average__portable(const an_run *run, float rate, int64_t count,
                                    const float *observed, float *w);
bool an_all_finite__portable(const an_run *run, int64_t count, const float *x);

/* reference/loss.c */
alexnet_status an_softmax__portable(const an_run *run, an_shape shape, const float *x, float *y);
/* The logit in the loss of a row: that of its label, or the mean of two. */
double an_target_logit(const an_targets *targets, int row, const float *x);
alexnet_status an_cross_entropy__portable(const an_run *run, int n, int classes,
                                          const float *logits, const an_targets *targets,
                                          float *loss);
alexnet_status an_softmax_loss_backward__portable(const an_run *run, int n, int classes,
                                                  const float *y, const an_targets *targets,
                                                  float scale, float *dx);

/* The entries of a table that are the same in every tier: bound by memory. */
#define AN_PRIMITIVES_ALL_TIERS                                                                    \
    .relu = an_relu__portable, .relu_backward = an_relu_backward__portable,                        \
    .tanh_backward = an_tanh_backward__portable,                                                   \
    .sigmoid_backward = an_sigmoid_backward__portable, .unfold = an_unfold__portable,              \
    .fold = an_fold__portable, .softmax_loss_backward = an_softmax_loss_backward__portable,        \
    .sgd = an_sgd__portable, .rmsprop = an_rmsprop__portable, .adam = an_adam__portable,           \
    .average = an_average__portable, .all_finite = an_all_finite__portable

#endif
