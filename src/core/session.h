/*
 * session.h: a plan with its memory: runs a model forward, and in training backward.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_SESSION_H
#define AN_CORE_SESSION_H

#include "core/plan.h"

/*
 * Training. The model's values are read in place; gradients are the session's, laid out as the
 * model's values (an_param.offset). One session serves one thread. Nothing is allocated after
 * opening. BAD_SHAPE when the network does not give each image one answer.
 */
alexnet_status an_session_open_training(alexnet_model *model, int batch, uint64_t seed,
                                        alexnet_session **out) AN_NODISCARD;

/*
 * Forward with loss, then backward: fills the gradients of the mean loss over n images.
 *   images  [n][c][h][w]     labels  [n], 0 .. classes-1     n  1 .. batch
 *   step    of the run: it keys dropout
 *   probs   [n][classes], or NULL;  *loss: mean cross-entropy in nats
 * BAD_ARG (n or a label out of range), DIVERGED (the loss is not finite; the message names the
 * first layer whose output is not: gradients are then unspecified).
 */
alexnet_status an_session_train(alexnet_session *session, const float *images,
                                const int32_t *labels, int n, int64_t step, double *loss,
                                float *probs) AN_NODISCARD;

/* From now on labels are smoothed in the loss and its gradient: the target is (1 - smoothing) onehot(label)
   + smoothing / classes. 0 <= smoothing < 1; 0 to begin with. */
void an_session_smooth(alexnet_session *session, double smoothing);

/* Seconds that each layer took, added up from run to run: one entry for each node of the model. For bench. */
typedef struct an_profile {
    double *forward, *backward;
} an_profile;

/* From now on every run adds to `profile`, which is borrowed; NULL ends it. */
void an_session_profile(alexnet_session *session, const an_profile *profile);

float *an_session_gradients(alexnet_session *session); /* params.values floats */
const an_run *an_session_run_resources(const alexnet_session *session);
const an_plan *an_session_plan(const alexnet_session *session);

#endif
