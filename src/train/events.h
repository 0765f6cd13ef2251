/*
 * events.h: changes at given epochs of a run, as published recipes have them:
 *
 *     events = event { ";" event }      event = EPOCHS ":" what
 *     what   = "rate=" F       all rates
 *            | "weights=" F    those of weights
 *            | LAYER "=" F     those of this layer's weights; 0: the layer is neither trained nor
 *                              decayed any more
 *            | "decay=" F      weight decay
 *            | "noise=off"     colour noise (augment pca, pca-text) ends with the next epoch that
 *                              begins
 *
 *     18:rate=0.5;29:decay=0;67:conv1=0.001;67:noise=off
 *
 * An event holds once EPOCHS epochs are done, which need not be a whole number. F multiplies the
 * recipe's value, with its schedule, not the result of an earlier event. If several events concern
 * one rate, only the most specific applies, not their product: LAYER before weights before rate,
 * and the last of the same kind. A parameter with F = 0 is not decayed either. LAYER may be the
 * beginning of several layers' names, as for freezing. Running statistics are still updated.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_EVENTS_H
#define AN_TRAIN_EVENTS_H

#include "core/model.h"

#define AN_EVENTS_MAX 32

typedef enum an_event_kind {
    AN_EVENT_RATE,
    AN_EVENT_WEIGHTS,
    AN_EVENT_LAYER,
    AN_EVENT_DECAY,
    AN_EVENT_NOISE
} an_event_kind;

typedef struct an_event {
    an_event_kind kind;
    double epochs, factor;
    char layer[AN_NAME_BYTES]; /* LAYER */
} an_event;

typedef struct an_events {
    int count;
    an_event items[AN_EVENTS_MAX];
} an_events;

/* An empty text: no events. BAD_ARG naming the event and the grammar. */
alexnet_status an_events_parse(alexnet_context *ctx, const char *text, an_events *out) AN_NODISCARD;

/* NOT_FOUND naming the layer, if an event's layer has no parameters in this model. */
alexnet_status an_events_check(const an_events *events, const alexnet_model *model) AN_NODISCARD;

/* Factors of the learning rates and the weight decay of one layer's parameters. */
typedef struct an_factors {
    double weights, biases, decay;
} an_factors;

an_factors an_events_at(const an_events *events, double epochs,
                        const an_node *node /* NULL: without events for a layer */);

/* The first epoch, counted from 0, without colour noise; INT64_MAX: the noise does not end. */
int64_t an_events_noise_end(const an_events *events);

#endif
