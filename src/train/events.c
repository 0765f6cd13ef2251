/*
 * events.c: parsing events, and the factors at a given epoch.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/events.h"

#include "base/status.h"
#include "base/text.h"
#include <math.h>
#include <string.h>

/* ---- parsing ---- */

#define FACTOR_MAX 1e9

/* "rate", "conv1" */
static bool take_name(const char *text, size_t length, an_event *out)
{
    if (length == 0 || length >= sizeof out->layer) return false;
    if (an_is_word(text, length, "rate"))
        out->kind = AN_EVENT_RATE;
    else if (an_is_word(text, length, "weights"))
        out->kind = AN_EVENT_WEIGHTS;
    else if (an_is_word(text, length, "decay"))
        out->kind = AN_EVENT_DECAY;
    else if (an_is_word(text, length, "noise"))
        out->kind = AN_EVENT_NOISE;
    else {
        out->kind = AN_EVENT_LAYER;
        memcpy(out->layer, text, length);
    }
    return true;
}

/* "67:conv1=0.001" */
static bool take_event(const char *text, size_t length, an_event *out)
{
    const char *colon = memchr(text, ':', length);
    const char *equal = memchr(text, '=', length);

    *out = (an_event){0};
    if (colon == NULL || equal == NULL || equal < colon) return false;
    const char *value = equal + 1;
    const size_t value_length = length - (size_t)(value - text);
    if (!an_parse_real(text, (size_t)(colon - text), &out->epochs) || out->epochs < 0 ||
        !take_name(colon + 1, (size_t)(equal - colon) - 1, out))
        return false;
    if (out->kind == AN_EVENT_NOISE) return an_is_word(value, value_length, "off");
    return an_parse_real(value, value_length, &out->factor) && out->factor >= 0 &&
           out->factor <= FACTOR_MAX;
}

alexnet_status an_events_parse(alexnet_context *ctx, const char *text, an_events *out)
{
    *out = (an_events){0};
    if (*text == '\0') return ALEXNET_OK;
    for (;;) {
        const size_t length = strcspn(text, ";");
        if (out->count == AN_EVENTS_MAX)
            return an_fail(ctx, ALEXNET_BAD_ARG, "events: more than %d", AN_EVENTS_MAX);
        if (!take_event(text, length, &out->items[out->count]))
            return an_fail(ctx, ALEXNET_BAD_ARG,
                           "event '%.*s': expected EPOCHS:rate=F, EPOCHS:weights=F, "
                           "EPOCHS:LAYER=F, EPOCHS:decay=F or EPOCHS:noise=off",
                           (int)AN_MIN(length, 64), text);
        ++out->count;
        text += length;
        if (*text++ == '\0') return ALEXNET_OK;
    }
}

static bool concerns(const an_event *event, const an_node *node)
{
    return node->param_count > 0 && an_node_is_under(node, event->layer, strlen(event->layer));
}

alexnet_status an_events_check(const an_events *events, const alexnet_model *model)
{
    for (const an_event *event = events->items; event < events->items + events->count; ++event) {
        int found = event->kind != AN_EVENT_LAYER;
        for (int i = 0; i < model->node_count; ++i)
            found += concerns(event, &model->nodes[i]);
        if (found == 0)
            return an_fail(model->ctx, ALEXNET_NOT_FOUND,
                           "events: model %s has no parameters under '%s'", model->family->name,
                           event->layer);
    }
    return ALEXNET_OK;
}

/* ---- the factors ---- */

/* The last event of a kind whose epoch is reached; NULL: none. */
static const an_event *find(const an_events *events, double epochs, an_event_kind kind,
                            const an_node *node)
{
    const an_event *last = NULL;

    for (const an_event *event = events->items; event < events->items + events->count; ++event) {
        if (event->kind != kind || event->epochs > epochs) continue;
        if (kind == AN_EVENT_LAYER && (node == NULL || !concerns(event, node))) continue;
        if (last == NULL || event->epochs >= last->epochs) last = event;
    }
    return last;
}

an_factors an_events_at(const an_events *events, double epochs, const an_node *node)
{
    const an_event *rate = find(events, epochs, AN_EVENT_RATE, node);
    const an_event *weights = find(events, epochs, AN_EVENT_WEIGHTS, node);
    const an_event *layer = find(events, epochs, AN_EVENT_LAYER, node);
    const an_event *decay = find(events, epochs, AN_EVENT_DECAY, node);
    an_factors factors = {1, 1, 1};

    if (rate != NULL) factors.weights = factors.biases = rate->factor;
    if (weights != NULL) factors.weights = weights->factor;
    if (layer != NULL) factors.weights = layer->factor;
    if (layer != NULL && layer->factor == 0) factors.biases = 0;
    if (decay != NULL) factors.decay = decay->factor;
    return factors;
}

int64_t an_events_noise_end(const an_events *events)
{
    double first = (double)INFINITY;

    for (const an_event *event = events->items; event < events->items + events->count; ++event)
        if (event->kind == AN_EVENT_NOISE) first = fmin(first, ceil(event->epochs));
    return first < 1e15 ? (int64_t)first : INT64_MAX;
}
