/*
 * network.h: a model ready to classify images: its preprocessing record, session and probabilities.
 * predict, eval, the classifier and the validation of training share it, so that they cannot
 * differ.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_NETWORK_H
#define AN_INFER_NETWORK_H

#include "core/session.h"
#include "data/loader.h"

typedef struct an_network {
    const alexnet_model *model; /* borrowed; unless `exclusive`, its values may change */
    an_preprocess record;
    alexnet_session *session;
    int batch; /* images at a time */
    int views; /* tensors per image: 1 or AN_VIEWS */
    int classes;
    float *probs; /* [batch * views][classes] */
} an_network;

/* BAD_ARG if the list or one of its paths is NULL. */
alexnet_status an_network_check_paths(alexnet_context *ctx, const char *const *paths,
                                      size_t count) AN_NODISCARD;

/*
 * Loads weights to run on images; their preprocessing record must be usable. An orientation other
 * than DEFAULT replaces that of the record; `size` as in alexnet_model_resize(). Errors as of
 * alexnet_model_load() and these two functions; BAD_FILE (the record asks for a missing mean
 * image), BAD_SHAPE (the network does not support the size).
 */
alexnet_status an_network_load(alexnet_context *ctx, const char *path,
                               alexnet_orientation orientation, const alexnet_run_size *size,
                               alexnet_model **out) AN_NODISCARD;

/* The same for a file that may hold a part of a network only, as an_partial_load(). */
alexnet_status an_network_load_part(alexnet_context *ctx, const char *path,
                                    alexnet_orientation orientation, const alexnet_run_size *size,
                                    alexnet_model **out, int *held) AN_NODISCARD;

/* Checks that the model's preprocessing record is usable. BAD_ARG (it asks for a missing mean
   image), BAD_SHAPE. */
alexnet_status an_network_check(const alexnet_model *model) AN_NODISCARD;

/*
 * If the network's output is a map, resizes the model with a global pool, and logs that: the result
 * is the mean of the logits over all positions, as the layer after the pool is linear. No session
 * of the model may be open.
 */
alexnet_status an_network_join(alexnet_model *model) AN_NODISCARD;

/*
 * Opens a session for `batch` images. exclusive: nothing else reads the model's values, now or
 * later, so their memory may be released (an_session_open_exclusive()). NO_MEMORY, BAD_ARG (the
 * model's record does not parse), BAD_SHAPE.
 */
alexnet_status an_network_open(alexnet_model *model, int batch, int views, bool exclusive,
                               an_network *network) AN_NODISCARD;
/* The same for a model that shares the values and the packed weights of the model of `of`; see
   an_session_open_like(). */
alexnet_status an_network_open_like(alexnet_model *model, an_network *of,
                                    an_network *network) AN_NODISCARD;
void an_network_close(an_network *network); /* safe on a zeroed network */

/*
 * Adds the memory that a network takes beside its model, when it classifies `images` images. The
 * model may be only described (alexnet_model_describe()), without values. Other arguments and
 * errors as an_network_open().
 */
alexnet_status an_network_book(const alexnet_model *model, int batch, int64_t images, int views,
                               bool exclusive, an_footprint *footprint) AN_NODISCARD;

/*
 * Computes the class probabilities of n images, averaged over their views: network->probs
 * [n][classes].
 *   images  [n * views][3][h][w], preprocessed
 * DIVERGED if a probability is NaN: the weights are bad.
 */
alexnet_status an_network_classify(an_network *network, const float *images, int n) AN_NODISCARD;

/* Fills in the loader's preprocessing record, mean image and size. */
void an_network_set_input(const alexnet_model *model, const an_preprocess *record,
                          an_loader_options *options);

/* The name of a class; if the model has no names, "class 7", written to the buffer. */
#define AN_LABEL_BYTES 32
const char *an_network_label(const alexnet_model *model, int index, char buffer[AN_LABEL_BYTES]);

#endif
