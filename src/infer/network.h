/*
 * network.h: a model made ready for images: its preprocessing record, its session, its answers.
 * What predict, eval, the classifier and the validation of training have in common, so that they
 * cannot differ.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_NETWORK_H
#define AN_INFER_NETWORK_H

#include "core/session.h"
#include "data/loader.h"

typedef struct an_network {
    const alexnet_model *model; /* borrowed; unless `sole`, its values may change between calls */
    an_preprocess record;
    alexnet_session *session;
    int batch; /* images at a time */
    int views; /* tensors for one image: 1 or AN_VIEWS */
    int classes;
    float *probs; /* [batch * views][classes] */
} an_network;

/* BAD_ARG where the list, or one of its texts, is NULL. */
alexnet_status an_network_check_paths(alexnet_context *ctx, const char *const *paths,
                                      size_t count) AN_NODISCARD;

/*
 * Reads weights that are to be shown images: with a preprocessing record that can be followed.
 * orientation, other than DEFAULT, takes the place of the record's own; size as alexnet_model_resize() does. As
 * alexnet_model_load() and these; BAD_FILE (no mean image where the record asks for one), BAD_SHAPE (sizes that the
 * network does not take).
 */
alexnet_status an_network_load(alexnet_context *ctx, const char *path,
                               alexnet_orientation orientation, const alexnet_run_size *size,
                               alexnet_model **out) AN_NODISCARD;

/* That the model's preprocessing record can be followed. BAD_ARG (no mean image where it asks for one), BAD_SHAPE. */
alexnet_status an_network_check(const alexnet_model *model) AN_NODISCARD;

/*
 * Where the network's answers are a map, averages it, and says so: by a global pool, which is the mean of the logits over
 * all places, as the layer behind it is linear. No session of the model may be open.
 */
alexnet_status an_network_join(alexnet_model *model) AN_NODISCARD;

/*
 * Plans for `batch` images. sole: nobody else reads the model's values, now or later, so that their memory may be given
 * back (an_session_open_sole()). NO_MEMORY, BAD_ARG (the model's record does not parse), BAD_SHAPE.
 */
alexnet_status an_network_open(alexnet_model *model, int batch, int views, bool sole,
                               an_network *network) AN_NODISCARD;
/* The same for a model that shares the values of that of `of`, with its prepared weights: an_session_open_like(). */
alexnet_status an_network_open_like(alexnet_model *model, an_network *of,
                                    an_network *network) AN_NODISCARD;
void an_network_close(an_network *network); /* safe on a zeroed network */

/* The memory that it takes beside the model, which may be an outline, when it is shown so many images. As an_network_open(). */
alexnet_status an_network_book(const alexnet_model *model, int batch, int64_t images, int views,
                               bool sole, an_footprint *footprint) AN_NODISCARD;

/*
 * Class probabilities of n images, averaged over their views: network->probs [n][classes].
 *   images  [n * views][3][h][w], prepared
 * DIVERGED when a probability is not a number: the weights are bad.
 */
alexnet_status an_network_classify(an_network *network, const float *images, int n) AN_NODISCARD;

/* Tells a loader what the model wants to see: record, mean image, size. */
void an_network_ask(const alexnet_model *model, const an_preprocess *record,
                    an_loader_options *options);

/* The name of a class, or "class 7" written to the buffer where the model has no names. */
#define AN_LABEL_BYTES 32
const char *an_network_label(const alexnet_model *model, int index, char buffer[AN_LABEL_BYTES]);

#endif
