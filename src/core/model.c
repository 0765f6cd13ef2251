/*
 * model.c: makes a network with shapes, parameters and costs from a family's table of rows.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core/model.h"
#include "base/alike.h"
#include "base/context.h"
#include "base/extend.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/room.h"
#include "base/status.h"
#include "base/text.h"
#include "core/options.h"
#include "core/refit.h"
#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES 80 /* of a class name in a message */

/* ---- finding a family ---- */

alexnet_status an_family_require(alexnet_context *ctx, const char *name, const an_family **out)
{
    const char *names[64];
    size_t count = 0;
    const char *nearest;

    *out = an_family_find(name);
    if (*out != NULL) return ALEXNET_OK;
    for (const an_family *family;
         count < AN_COUNT(names) && (family = an_family_at((int)count)) != NULL; ++count)
        names[count] = family->name;
    nearest = an_nearest(name, names, count);
    if (nearest != NULL)
        return an_fail(ctx, ALEXNET_BAD_ARG, "unknown model '%s': did you mean '%s'?", name,
                       nearest);
    return an_fail(ctx, ALEXNET_BAD_ARG, "unknown model '%s': `alexnet info` lists the models",
                   name);
}

/* ---- rows to nodes ---- */

static alexnet_status parse_settings(alexnet_model *model, an_node *node, const char *text)
{
    alexnet_context *ctx = model->ctx;
    char full[AN_ROW_SETTINGS], what[AN_NAME_BYTES + 8];
    void *settings;

    an_options_substitute(&model->options, text, full);
    node->settings_text = an_copy_text(ctx, full);
    if (node->settings_text == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "layer %s", node->name);
    if (node->def->keys == NULL) return ALEXNET_OK;
    settings = an_new_zeroed(ctx, node->def->settings_bytes);
    if (settings == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "layer %s", node->name);
    node->settings = settings;
    snprintf(what, sizeof what, "layer %s", node->name);
    return an_settings_parse(ctx, what, node->def->keys, full, settings);
}

/* One side of the family's resizing; the crop's share of it stays the same. */
static long long scaled(const an_family *family, int64_t wanted, int64_t native)
{
    return (long long)((family->short_side * wanted + native / 2) / native);
}

/* INPUT is the input's size. SHORT is scaled so that the crop's longer side keeps its share of the
 * image's short side: then an image of any shape fills the crop. If both sides of the image are
 * resized, each is scaled. */
void an_family_record(const an_family *family, const alexnet_model_options *options,
                      char text[AN_RECORD_BYTES])
{
    const int h = options->input_h, w = options->input_w;
    const int *native = family->input;
    char with_input[AN_RECORD_BYTES], size[48];

    snprintf(size, sizeof size, "%dx%d", h, w);
    an_substitute(with_input, sizeof with_input, family->preprocess, "INPUT", size);
    if (strstr(family->preprocess, "exact:SHORT") != NULL && h != w)
        snprintf(size, sizeof size, "%lldx%lld", scaled(family, h, native[1]),
                 scaled(family, w, native[2]));
    else
        snprintf(size, sizeof size, "%lld",
                 scaled(family, AN_MAX(h, w), AN_MAX(native[1], native[2])));
    an_substitute(text, AN_RECORD_BYTES, with_input, "SHORT", size);
}

static alexnet_status write_preprocess(alexnet_model *model)
{
    char text[AN_RECORD_BYTES];

    an_family_record(model->family, &model->options, text);
    return an_model_set_preprocess(model, text);
}

static alexnet_status add_node(alexnet_model *model, const an_row *row, an_shape *flow)
{
    alexnet_context *ctx = model->ctx;
    an_node *node = &model->nodes[model->node_count];

    node->index = model->node_count++; /* counted now, so that a failure frees its memory */
    node->def = an_layer_find(an_options_type(&model->options, row->type));
    snprintf(node->name, sizeof node->name, "%s", row->name);
    if (node->def == NULL)
        return an_fail(ctx, ALEXNET_UNSUPPORTED, "layer %s: unknown type '%s'", row->name,
                       row->type);
    AN_TRY(parse_settings(model, node, row->settings));
    node->x = *flow;
    AN_TRY(node->def->shape(ctx, node, node->x, &node->y));
    AN_TRY(an_shape_check(ctx, node->name, node->y));
    node->first_param = model->params.count;
    if (node->def->params != NULL) AN_TRY(node->def->params(ctx, node, &model->params));
    node->param_count = model->params.count - node->first_param;
    *flow = node->y;
    return ALEXNET_OK;
}

/* The last layer of a classifier. */
static const an_layer_def *loss_layer(void)
{
    int i = 0;

    while (!an_layer_at(i)->is_loss)
        ++i;
    return an_layer_at(i);
}

static alexnet_status add_nodes(alexnet_model *model)
{
    const an_row probabilities = {"prob", loss_layer()->name, "", NULL};
    const an_family *family = model->family;
    an_shape flow = {1, family->input[0], model->options.input_h, model->options.input_w};

    AN_TRY(an_shape_check(model->ctx, "input", flow));
    model->nodes = an_new_array(model->ctx, family->row_count + 1, sizeof *model->nodes);
    if (model->nodes == NULL)
        return an_fail(model->ctx, ALEXNET_NO_MEMORY, "model %s", family->name);
    model->params.naming = family->naming;
    for (size_t i = 0; i < family->row_count; ++i)
        if (an_options_hold(&model->options, family->rows[i].when))
            AN_TRY(add_node(model, &family->rows[i], &flow));
    return model->options.classes > 0 ? add_node(model, &probabilities, &flow) : ALEXNET_OK;
}

alexnet_status an_model_try_describe(alexnet_context *ctx, const an_family *family,
                                     const alexnet_model_options *options, alexnet_model **out)
{
    alexnet_model_options resolved = options != NULL ? *options : alexnet_model_options_default();
    alexnet_model *model;
    alexnet_status status;

    *out = NULL;
    AN_TRY(an_options_resolve(ctx, family, &resolved));
    model = an_new_zeroed(ctx, sizeof *model);
    if (model == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "model %s", family->name);
    model->ctx = ctx;
    model->family = family;
    model->options = resolved;
    if ((status = add_nodes(model)) != ALEXNET_OK) goto fail;
    if ((status = write_preprocess(model)) != ALEXNET_OK) goto fail;
    *out = model;
    return ALEXNET_OK;
fail:
    alexnet_model_free(model);
    return an_fail_within(ctx, status, "model %s", family->name);
}

alexnet_status an_model_describe(alexnet_context *ctx, const an_family *family,
                                 const alexnet_model_options *options, alexnet_model **out)
{
    const alexnet_status status = an_model_try_describe(ctx, family, options, out);

    if (status == ALEXNET_BAD_SHAPE && options != NULL)
        an_refit_tell_sizes(ctx, family, options, NULL);
    return status;
}

static alexnet_status describe_named(alexnet_context *ctx, const char *family_name,
                                     const alexnet_model_options *options, alexnet_model **out)
{
    const an_family *family;

    AN_TRY(an_family_require(ctx, family_name, &family));
    return an_model_describe(ctx, family, options, out);
}

alexnet_status alexnet_model_describe(alexnet_context *ctx, const char *family,
                                      const alexnet_model_options *options, alexnet_model **out)
{
    alexnet_model_options given;

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, out);
    *out = NULL;
    AN_NEED(ctx, family);
    if (options != NULL) AN_TAKE_OPTIONS(ctx, options, &given);
    return describe_named(ctx, family, options != NULL ? &given : NULL, out);
}

int64_t an_model_bytes(const alexnet_model *model)
{
    return (int64_t)(model->params.values * sizeof *model->values);
}

alexnet_status an_model_alloc_unset(alexnet_model *model)
{
    const size_t bytes = model->params.values * sizeof *model->values;
    size_t end = 0;

    AN_TRY(an_room_check(model->ctx, "the model", (int64_t)bytes,
                         an_room_resident(model->ctx) + (int64_t)bytes, NULL));
    AN_TRY(an_arena_open(model->ctx, "the weights", bytes, &model->memory));
    model->values = an_arena_alloc(&model->memory, bytes);
    for (int i = 0; i <= model->params.count;
         ++i) { /* zeroes the gaps before each, and after the last */
        const an_param *param = i < model->params.count ? &model->params.items[i] : NULL;
        const size_t begin = param != NULL ? param->offset : model->params.values;
        memset(model->values + end, 0, (begin - end) * sizeof *model->values);
        if (param != NULL) end = begin + (size_t)param->count;
    }
    an_model_changed(model);
    return ALEXNET_OK;
}

alexnet_status an_model_alloc(alexnet_model *model)
{
    AN_TRY(an_model_alloc_unset(model));
    memset(model->values, 0, model->params.values * sizeof *model->values);
    return ALEXNET_OK;
}

void an_model_changed(alexnet_model *model)
{
    ++(model->lender != NULL ? model->lender : model)->changes;
}

uint64_t an_model_changes(const alexnet_model *model)
{
    return (model->lender != NULL ? model->lender : model)->changes;
}

void an_model_swap_values(alexnet_model *model, float *others)
{
    an_model_changed(model);
    for (size_t i = 0; i < model->params.values; ++i) {
        const float value = model->values[i];
        model->values[i] = others[i];
        others[i] = value;
    }
}

alexnet_status an_model_create_zero(alexnet_context *ctx, const char *family_name,
                                    const alexnet_model_options *options, alexnet_model **out)
{
    alexnet_model *model;

    *out = NULL;
    AN_TRY(describe_named(ctx, family_name, options, &model));

    const alexnet_status status = an_model_alloc(model);
    if (status != ALEXNET_OK) {
        alexnet_model_free(model);
        return an_fail_within(ctx, status, "model %s", family_name);
    }
    *out = model;
    return ALEXNET_OK;
}

static void free_classes(alexnet_model *model, char **classes)
{
    for (int i = 0; classes != NULL && i < model->options.classes; ++i)
        an_free(model->ctx, classes[i]);
    an_free(model->ctx, classes);
}

void alexnet_model_free(alexnet_model *model)
{
    alexnet_context *ctx;

    if (model == NULL) return;
    ctx = model->ctx;
    for (int i = 0; i < model->node_count; ++i) {
        an_free(ctx, (void *)(uintptr_t)model->nodes[i].settings);
        an_free(ctx, (void *)(uintptr_t)model->nodes[i].settings_text);
    }
    free_classes(model, model->classes);
    for (size_t i = 0; i < model->metadata_count; ++i) {
        an_free(ctx, model->metadata[i].key);
        an_free(ctx, model->metadata[i].value);
    }
    an_free(ctx, model->metadata);
    an_free(ctx, model->nodes);
    an_free(ctx, model->preprocess);
    an_free(ctx, model->mean_image);
    if (model->lender == NULL) an_param_list_free(ctx, &model->params);
    if (model->shares) __atomic_fetch_sub(&model->lender->sharers, 1, __ATOMIC_SEQ_CST);
    an_arena_close(ctx, &model->memory);
    an_free(ctx, model);
}

/* ---- initial weights ---- */

void an_model_init_weights(alexnet_model *model, uint64_t seed, const an_init *rule)
{
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        an_init chosen = param->init;
        if (rule != NULL && param->role == AN_PARAM_BIAS) chosen = (an_init){AN_INIT_CONST, 0};
        if (rule != NULL && param->role == AN_PARAM_WEIGHT && param->rank > 1) chosen = *rule;
        an_param_init(param, chosen, seed, i, model->values + param->offset);
    }
    an_model_changed(model);
}

alexnet_status alexnet_model_create(alexnet_context *ctx, const char *family,
                                    const alexnet_model_options *options, uint64_t seed,
                                    alexnet_model **out)
{
    alexnet_model_options given;

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, out);
    *out = NULL;
    AN_NEED(ctx, family);
    if (options != NULL) AN_TAKE_OPTIONS(ctx, options, &given);
    AN_TRY(an_model_create_zero(ctx, family, options != NULL ? &given : NULL, out));
    an_model_init_weights(*out, seed, NULL);
    return ALEXNET_OK;
}

/* ---- class names, records, metadata ---- */

/* Bytes of a name in a weights file. The list of names is itself a JSON string there, so characters
 * are escaped twice. */
static size_t stored_bytes(const char *name)
{
    size_t bytes = 5; /* escaped quotation marks and a comma */

    for (; *name != '\0'; ++name)
        bytes += (unsigned char)*name < ' ' ? 7 : *name == '"' || *name == '\\' ? 4 : 1;
    return bytes;
}

static bool is_utf8(const char *text)
{
    size_t length = 1;

    for (; *text != '\0' && length > 0; text += length)
        length = an_utf8_length(text);
    return length > 0;
}

/* A class name must identify one class. */
static alexnet_status check_different(alexnet_context *ctx, const char *const *names, int count)
{
    char shown[SHOWN_BYTES];
    const char *twice;

    AN_TRY(an_find_twice(ctx, names, (size_t)count, &twice));
    if (twice == NULL) return ALEXNET_OK;
    an_escape(shown, sizeof shown, twice);
    return an_fail(ctx, ALEXNET_BAD_FILE, "two classes are called '%s'", shown);
}

/* Checks here that a weights file can hold them, not when hours of training are saved. */
alexnet_status an_model_check_classes(alexnet_context *ctx, const char *const *names, int count)
{
    char shown[SHOWN_BYTES];
    size_t all = 0, most = 0;
    int longest = 0;

    for (int i = 0; i < count; ++i) {
        const size_t bytes = stored_bytes(names[i]);
        if (!is_utf8(names[i])) {
            an_escape(shown, sizeof shown, names[i]);
            return an_fail(ctx, ALEXNET_BAD_FILE, "class %d, '%s': its name is not UTF-8", i,
                           shown);
        }
        if (bytes > most) longest = i;
        most = AN_MAX(most, bytes);
        all += bytes;
    }
    if (all <= AN_CLASSES_BYTES_MAX) return check_different(ctx, names, count);
    an_escape(shown, sizeof shown, names[longest]);
    return an_fail(ctx, ALEXNET_BAD_FILE,
                   "the names of %d classes take %zu bytes in a weights file, at most %zu are "
                   "possible; the longest is that of class %d, '%s...'",
                   count, all, AN_CLASSES_BYTES_MAX, longest, shown);
}

alexnet_status an_model_set_classes(alexnet_model *model, const char *const *names, int count)
{
    alexnet_context *ctx = model->ctx;
    char **classes = NULL;

    if (names != NULL && count != model->options.classes)
        return an_fail(ctx, ALEXNET_BAD_ARG, "%d class %s for a model of %d %s", count,
                       AN_NOUN(count, "name", "names"), model->options.classes,
                       AN_NOUN(model->options.classes, "class", "classes"));
    if (names != NULL) {
        AN_TRY(an_model_check_classes(ctx, names, count));
        classes = an_new_array(ctx, (size_t)count, sizeof *classes);
        for (int i = 0; classes != NULL && i < count; ++i) {
            classes[i] = an_copy_text(ctx, names[i]);
            if (classes[i] == NULL) {
                free_classes(model, classes);
                classes = NULL;
            }
        }
        if (classes == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%d class names", count);
    }
    free_classes(model, model->classes);
    model->classes = classes;
    return ALEXNET_OK;
}

/* Puts a copy of `text` in *place. */
static alexnet_status replace_text(alexnet_context *ctx, char **place, const char *text)
{
    char *copy = an_copy_text(ctx, text);

    if (copy == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%zu bytes of text", strlen(text));
    an_free(ctx, *place);
    *place = copy;
    return ALEXNET_OK;
}

alexnet_status an_model_set_preprocess(alexnet_model *model, const char *text)
{
    static const char old[] = "orientation=ignore", now[] = "orientation=stored";

    AN_TRY(replace_text(model->ctx, &model->preprocess, text));
    char *at = model->preprocess != NULL ? strstr(model->preprocess, old) : NULL;
    if (at != NULL) memcpy(at, now, sizeof now - 1); /* the option's current name */
    return ALEXNET_OK;
}

alexnet_status an_model_set_mean_image(alexnet_model *model, const int shape[3],
                                       const float *values)
{
    const size_t bytes =
        values == NULL ? 0
                       : (size_t)shape[0] * (size_t)shape[1] * (size_t)shape[2] * sizeof *values;
    float *copy = NULL;

    if (values != NULL) {
        copy = an_new(model->ctx, bytes);
        if (copy == NULL)
            return an_fail(model->ctx, ALEXNET_NO_MEMORY, "mean image of %dx%d", shape[1],
                           shape[2]);
        memcpy(copy, values, bytes);
        memcpy(model->mean_shape, shape, sizeof model->mean_shape);
    }
    an_free(model->ctx, model->mean_image);
    model->mean_image = copy;
    return ALEXNET_OK;
}

alexnet_status an_model_set_metadata(alexnet_model *model, const char *key, const char *value)
{
    alexnet_context *ctx = model->ctx;
    const size_t bytes = model->metadata_count * sizeof *model->metadata;
    an_metadata_entry *entries, *entry;

    for (size_t i = 0; i < model->metadata_count; ++i)
        if (strcmp(model->metadata[i].key, key) == 0)
            return replace_text(ctx, &model->metadata[i].value, value);
    entries = an_grow(ctx, model->metadata, bytes, bytes + sizeof *entries);
    if (entries == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "metadata '%s'", key);
    model->metadata = entries;
    entry = &entries[model->metadata_count];
    *entry = (an_metadata_entry){an_copy_text(ctx, key), an_copy_text(ctx, value)};
    if (entry->key == NULL || entry->value == NULL) {
        an_free(ctx, entry->key);
        an_free(ctx, entry->value);
        return an_fail(ctx, ALEXNET_NO_MEMORY, "metadata '%s'", key);
    }
    ++model->metadata_count;
    return ALEXNET_OK;
}

/* ---- finding and freezing ---- */

bool an_node_is_under(const an_node *node, const char *part, size_t length)
{
    return strncmp(node->name, part, length) == 0 &&
           (node->name[length] == '.' || node->name[length] == '/' || node->name[length] == '\0');
}

/* Returns the number of parameters. */
static int freeze_layer(alexnet_model *model, const an_node *node)
{
    for (int i = 0; i < node->param_count; ++i)
        model->params.items[node->first_param + i].frozen = true;
    return node->param_count;
}

/* "features", of every family: the layers before its classifier. */
static int freeze_features(alexnet_model *model)
{
    const char *classifier = model->family->classifier;
    int count = 0;

    for (int i = 0; strcmp(model->nodes[i].name, classifier) != 0; ++i)
        count += freeze_layer(model, &model->nodes[i]);
    return count;
}

alexnet_status an_model_freeze(alexnet_model *model, const char *names)
{
    static const char features[] = "features";

    for (const char *at = names; *at != '\0';) {
        const size_t length = strcspn(at, ",");
        int found = 0;

        if (length == strlen(features) && strncmp(at, features, length) == 0)
            found = freeze_features(model);
        for (int i = 0; i < model->node_count; ++i)
            if (an_node_is_under(&model->nodes[i], at, length))
                found += freeze_layer(model, &model->nodes[i]);
        if (found == 0)
            return an_fail(model->ctx, ALEXNET_NOT_FOUND,
                           "freeze: model %s has no parameters under '%.*s'", model->family->name,
                           (int)length, at);
        at += length;
        at += *at == ',';
    }
    return ALEXNET_OK;
}

alexnet_status an_model_check_classifier(const alexnet_model *model)
{
    const an_shape last = model->nodes[model->node_count - 1].y;

    if (model->options.classes == 0)
        return an_fail(model->ctx, ALEXNET_BAD_SHAPE,
                       "model %s: it has no classes, only features to take from its layers",
                       model->family->name);
    if (last.h != 1 || last.w != 1)
        return an_fail(
            model->ctx, ALEXNET_BAD_SHAPE,
            "model %s: its predictions are a map of %dx%d, one for each place, where one for "
            "each image is needed: use a global pool, or the family's input size",
            model->family->name, last.h, last.w);
    return ALEXNET_OK;
}

int an_model_find_layer(const alexnet_model *model, const char *name)
{
    if (strcmp(name, "logits") == 0 && model->options.classes > 0) return model->node_count - 2;
    if (strcmp(name, "logits") == 0 || strcmp(name, "prob") == 0) return model->node_count - 1;
    for (int i = 0; i < model->node_count; ++i)
        if (strcmp(model->nodes[i].name, name) == 0) return i;
    return -1;
}

alexnet_status an_model_require_layer(const alexnet_model *model, const char *name, int *node)
{
    *node = an_model_find_layer(model, name);
    if (*node >= 0) return ALEXNET_OK;
    return an_fail(
        model->ctx, ALEXNET_NOT_FOUND,
        "model %s has no layer '%s': `alexnet info` lists those of a model or of weights",
        model->family->name, name);
}

int an_model_find_param(const alexnet_model *model, const char *name)
{
    for (int i = 0; i < model->params.count; ++i)
        if (strcmp(model->params.items[i].name, name) == 0) return i;
    return -1;
}

/* ---- values of another model ---- */

alexnet_status an_model_check_unshared(const alexnet_model *model, const char *what)
{
    const int sharers = __atomic_load_n(&model->sharers, __ATOMIC_SEQ_CST);

    return sharers == 0 ? ALEXNET_OK
                        : an_fail(model->ctx, ALEXNET_BAD_ARG,
                                  "%s: %d models share the weights of this one", what, sharers);
}

/* Copies what a model has besides layers and values. */
static alexnet_status copy_records(const alexnet_model *from, alexnet_model *to)
{
    AN_TRY(an_model_set_preprocess(to, from->preprocess));
    AN_TRY(an_model_set_classes(to, (const char *const *)from->classes, from->options.classes));
    AN_TRY(an_model_set_mean_image(to, from->mean_shape, from->mean_image));
    for (size_t i = 0; i < from->metadata_count; ++i)
        AN_TRY(an_model_set_metadata(to, from->metadata[i].key, from->metadata[i].value));
    return ALEXNET_OK;
}

alexnet_status alexnet_model_share(alexnet_model *model, alexnet_context *ctx, alexnet_model **out)
{
    alexnet_model *other;

    AN_NEED(ctx, model);
    AN_NEED(ctx, ctx);
    AN_NEED(ctx, out);
    *out = NULL;
    if (model->values == NULL)
        return an_fail(ctx, ALEXNET_BAD_ARG, "share: the model is only described, without weights");
    AN_TRY(an_model_try_describe(ctx, model->family, &model->options, &other));
    const alexnet_status status = copy_records(model, other);
    if (status != ALEXNET_OK) {
        alexnet_model_free(other);
        return status;
    }
    an_param_list_free(ctx, &other->params);
    other->lender = model->lender != NULL ? model->lender : model;
    other->params = other->lender->params;
    other->values = other->lender->values;
    other->shares = true;
    __atomic_fetch_add(&other->lender->sharers, 1, __ATOMIC_SEQ_CST);
    *out = other;
    return ALEXNET_OK;
}
