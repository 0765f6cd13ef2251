/*
 * session.h: a plan and its memory. It runs a model forward, and in training backward.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_SESSION_H
#define AN_CORE_SESSION_H

#include "base/footprint.h"
#include "core/plan.h"

/*
 * As alexnet_session_open(), for a model whose values nobody else reads, now or later: once the
 * session has packed weights, it returns the memory of the originals to the system, and they are
 * lost.
 */
alexnet_status an_session_open_exclusive(alexnet_model *model, int batch, const char *output,
                                         alexnet_session **out) AN_NODISCARD;

/*
 * A second session like `of`, which uses the packed weights of `of`. `model` shares the values of
 * the other's model on another context. `of` must stay open, and must not be used during this call.
 * BAD_ARG: the contexts differ in tier or format of numbers.
 */
alexnet_status an_session_open_like(const alexnet_model *model, alexnet_session *of,
                                    alexnet_session **out) AN_NODISCARD;

/* As alexnet_session_open() for the last output, but runs on the input of node `first` in place of
   images: [n][c][h][w] of its x shape. */
alexnet_status an_session_open_from(const alexnet_model *model, int batch, int first,
                                    alexnet_session **out) AN_NODISCARD;

/* BAD_ARG if training is not possible in this format. */
alexnet_status an_session_check_training(alexnet_context *ctx, alexnet_dtype dtype) AN_NODISCARD;

/*
 * Opens a session for training. It reads the model's values in place and owns the gradients. One
 * session serves one thread. Nothing is allocated after opening. BAD_ARG (the context computes in
 * int8), BAD_SHAPE: the network does not give one prediction for each image.
 *   first  the first node that runs: 0, or a node with nothing to train before it, whose input
 *          replaces the images: [n][c][h][w] of its x shape
 */
alexnet_status an_session_open_training(alexnet_model *model, int batch, int first, uint64_t seed,
                                        alexnet_session **out) AN_NODISCARD;

/*
 * The same for training by SGD alone: if a layer can (an_needs.fuses_update), backward updates the
 * values as it computes their gradient, which is not stored. The bits are those of backend->sgd()
 * after backward.
 */
alexnet_status an_session_open_sgd(alexnet_model *model, int batch, int first, uint64_t seed,
                                   alexnet_session **out) AN_NODISCARD;

/* Whether backward updates this parameter itself. */
bool an_session_updates(const alexnet_session *session, int param);

/* Sets the SGD rule for this parameter. NULL, the initial state: it is not updated. */
void an_session_set_update(alexnet_session *session, int param, const an_sgd_update *update);

/*
 * Forward with loss, then backward: fills the gradients of the mean loss over n images.
 *   images   [n][c][h][w]     n  1 .. batch
 *   targets  labels [n], 0 .. classes-1, and the rest of the loss's targets (core/backend.h)
 *   step     of the run: it keys dropout
 *   probs    [n][classes], or NULL;  *loss: mean cross-entropy in nats
 * BAD_ARG (n or a label out of range), DIVERGED (the loss is not finite; the message names the
 * first layer whose output is not: gradients are then unspecified).
 */
alexnet_status an_session_train(alexnet_session *session, const float *images,
                                const an_targets *targets, int n, int64_t step, double *loss,
                                float *probs) AN_NODISCARD;

/*
 * What an_session_book() counts: the session's memory, in the order of its allocation. The model
 * may be only described.
 *   mode, batch, first, output  as in an_plan_open()
 *   images     at most this many in one run: 1 .. batch
 *   updates    training: as with an_session_open_sgd()
 *   exclusive  inference: as with an_session_open_exclusive()
 * Errors as in an_plan_open().
 */
typedef struct an_session_order {
    an_mode mode;
    int batch, images, first, output;
    bool updates, exclusive;
} an_session_order;

alexnet_status an_session_book(const alexnet_model *model, const an_session_order *order,
                               an_footprint *footprint) AN_NODISCARD;

/* Seconds of each layer, summed over runs: one entry for each node of the model. For bench. */
typedef struct an_profile {
    double *forward, *backward;
} an_profile;

/* Every later run adds to `profile`, which is borrowed; NULL ends this. */
void an_session_profile(alexnet_session *session, const an_profile *profile);

/* The gradient of a parameter, laid out as its values; NULL: not stored, as the parameter is frozen
   or already updated. */
float *an_session_gradient(const alexnet_session *session, int param);
size_t an_session_gradient_bytes(const alexnet_session *session);
const an_run *an_session_run_resources(const alexnet_session *session);
const an_plan *an_session_plan(const alexnet_session *session);

#endif
