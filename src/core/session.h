/*
 * session.h: a plan with its memory: runs a model forward, and in training backward.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_SESSION_H
#define AN_CORE_SESSION_H

#include "base/footprint.h"
#include "core/plan.h"

/*
 * As alexnet_session_open(), for a model that nobody else reads, now or later: values that the session has prepared in the
 * form its kernels want give their memory back, and are lost.
 */
alexnet_status an_session_open_exclusive(alexnet_model *model, int batch, const char *output,
                                    alexnet_session **out) AN_NODISCARD;

/*
 * Another session of the same kind as `of`, of a model that shares the values of its model on another context, with the
 * weights that `of` has prepared. `of` must stay open, and is not to be called meanwhile. BAD_ARG: the contexts differ in
 * tier or format of numbers.
 */
alexnet_status an_session_open_like(const alexnet_model *model, alexnet_session *of,
                                    alexnet_session **out) AN_NODISCARD;

/* As alexnet_session_open() for the whole output, but what is given to run is the input of node `first` in place of images:
   [n][c][h][w] of its x shape. */
alexnet_status an_session_open_from(const alexnet_model *model, int batch, int first,
                                    alexnet_session **out) AN_NODISCARD;

/* BAD_ARG when this format is not for training. */
alexnet_status an_session_check_training(alexnet_context *ctx, alexnet_dtype dtype) AN_NODISCARD;

/*
 * Training. The model's values are read in place; gradients are the session's. One session serves
 * one thread. Nothing is allocated after opening. BAD_ARG (the context computes in int8), BAD_SHAPE
 * when the network does not give each image one answer.
 *   first  the node that gets what is given to train on: 0, images; or one with nothing to train before
 *          it, and then the input of that node, [n][c][h][w] of its x shape
 */
alexnet_status an_session_open_training(alexnet_model *model, int batch, int first, uint64_t seed,
                                        alexnet_session **out) AN_NODISCARD;

/*
 * The same for training by SGD alone: where a layer can (an_needs.fuses_update), backward updates
 * the values as it computes their gradient, which is read and written nowhere. The bits are those
 * of backend->sgd() after backward.
 */
alexnet_status an_session_open_sgd(alexnet_model *model, int batch, int first, uint64_t seed,
                                   alexnet_session **out) AN_NODISCARD;

/* Whether backward updates this parameter itself. */
bool an_session_updates(const alexnet_session *session, int param);

/* How it does so from now on. NULL, and to begin with: not at all, it stands still. */
void an_session_set_update(alexnet_session *session, int param, const an_sgd_update *update);

/*
 * Forward with loss, then backward: fills the gradients of the mean loss over n images.
 *   images   [n][c][h][w]     n  1 .. batch
 *   targets  labels [n], 0 .. classes-1, and what else the loss is drawn to (core/backend.h)
 *   step    of the run: it keys dropout
 *   probs   [n][classes], or NULL;  *loss: mean cross-entropy in nats
 * BAD_ARG (n or a label out of range), DIVERGED (the loss is not finite; the message names the
 * first layer whose output is not: gradients are then unspecified).
 */
alexnet_status an_session_train(alexnet_session *session, const float *images,
                                const an_targets *targets, int n, int64_t step, double *loss,
                                float *probs) AN_NODISCARD;

/*
 * The memory that a session takes, in the order in which it does, of a model that may be an outline.
 *   mode, batch, first, output  as of an_plan_open()
 *   images   shown at once at most: 1 .. batch
 *   updates  training: it is by SGD alone; exclusive  inference: as of an_session_open_exclusive()
 * As an_plan_open().
 */
typedef struct an_session_order {
    an_mode mode;
    int batch, images, first, output;
    bool updates, exclusive;
} an_session_order;

alexnet_status an_session_book(const alexnet_model *model, const an_session_order *order,
                               an_footprint *footprint) AN_NODISCARD;

/* Seconds that each layer took, added up from run to run: one entry for each node of the model. For bench. */
typedef struct an_profile {
    double *forward, *backward;
} an_profile;

/* From now on every run adds to `profile`, which is borrowed; NULL ends it. */
void an_session_profile(alexnet_session *session, const an_profile *profile);

/* What backward found for a parameter, laid out as its values; NULL: not stored, as it is frozen or updated already. */
float *an_session_gradient(const alexnet_session *session, int param);
size_t an_session_gradient_bytes(const alexnet_session *session);
const an_run *an_session_run_resources(const alexnet_session *session);
const an_plan *an_session_plan(const alexnet_session *session);

#endif
