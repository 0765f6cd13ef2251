/*
 * pickle_walk.c: names the tensors of nested dicts and lists.
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/pickle_walk.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

/*
 * A list may hold one list twice, and so on: a small pickle can be long to look at. So one without
 * tensors is looked at once; others are bounded by the number of tensors, and this.
 */
#define STEPS_MAX ((size_t)1 << 18)

static alexnet_status step(an_pickle_walk *w, int depth)
{
    if (depth > AN_PICKLE_DEPTH_MAX)
        return an_fail(w->ctx, ALEXNET_BAD_FILE, "%s: dicts and lists are nested more than %d deep",
                       w->path, AN_PICKLE_DEPTH_MAX);
    return ++w->steps <= STEPS_MAX
               ? ALEXNET_OK
               : an_fail(w->ctx, ALEXNET_BAD_FILE,
                         "%s: its dicts and lists have more than %zu values", w->path, STEPS_MAX);
}

/* Appends a key to the name, whose length was `length`. */
static alexnet_status add_name(an_pickle_walk *w, size_t length, const char *key)
{
    const size_t room = sizeof w->name - length;

    if (an_print(w->name + length, room, "%s%s", length > 0 ? "." : "", key) < (int)room)
        return ALEXNET_OK;
    w->name[length] = '\0';
    return an_fail(w->ctx, ALEXNET_BAD_FILE,
                   "%s: a name under '%s' makes one of more than %d bytes", w->path, w->name,
                   AN_PICKLE_NAME_MAX);
}

static alexnet_status add_tensor(an_pickle_walk *w, const an_pickle_value *value)
{
    an_tensor_view tensor = {.name = w->name};
    bool is;

    AN_TRY(w->describe(w->self, value, &tensor, &is));
    return is ? an_tensor_file_add(w->ctx, w->path, w->file, &tensor) : ALEXNET_OK;
}

static alexnet_status visit(an_pickle_walk *w, const an_pickle_value *value, int depth);

static bool has_items(const an_pickle_value *value)
{
    return value->kind == AN_PICKLE_DICT || value->kind == AN_PICKLE_LIST ||
           value->kind == AN_PICKLE_TUPLE;
}

/* Visits value `i` of a list, or pair i / 2 of a dict. A key that is neither a text nor an integer
   leads to nothing with a name. */
static alexnet_status visit_item(an_pickle_walk *w, const an_pickle_value *of, size_t i,
                                 size_t length, int depth)
{
    const bool dict = of->kind == AN_PICKLE_DICT;
    const an_pickle_value *key = &of->items->values[i];
    const char *text = dict ? an_pickle_text(key) : NULL;
    char number[24];

    if (!has_items(dict ? key + 1 : key) && !w->is_tensor(dict ? key + 1 : key))
        return step(w, depth);
    if (text == NULL) {
        if (dict && key->kind != AN_PICKLE_INT) return ALEXNET_OK;
        an_print(number, sizeof number, "%lld", dict ? (long long)key->integer : (long long)i);
        text = number;
    }
    AN_TRY(add_name(w, length, text));
    return visit(w, dict ? key + 1 : key, depth);
}

/* As deep as step() allows. */
static alexnet_status visit(an_pickle_walk *w, const an_pickle_value *value, int depth)
{
    const size_t length = strlen(w->name), before = w->file->count;

    AN_TRY(step(w, depth));
    if (w->is_tensor(value)) return add_tensor(w, value);
    if (!has_items(value) || value->items->barren) return ALEXNET_OK;
    for (size_t i = 0; i < value->items->count; i += value->kind == AN_PICKLE_DICT ? 2 : 1)
        AN_TRY(visit_item(w, value, i, length, depth + 1));
    w->name[length] = '\0';
    value->items->barren = w->file->count == before;
    return ALEXNET_OK;
}

alexnet_status an_pickle_walk_value(an_pickle_walk *walk, const an_pickle_value *value)
{
    walk->name[0] = '\0';
    walk->steps = 0;
    return visit(walk, value, 0);
}

/* ---- layers of cuda-convnet ---- */

/* Adds an array, or those of a list. */
static alexnet_status add_arrays(an_pickle_walk *w, const an_pickle_value *value)
{
    const size_t length = strlen(w->name);
    char number[24];

    AN_TRY(step(w, 0));
    if (w->is_tensor(value)) return add_tensor(w, value);
    if (value->kind != AN_PICKLE_LIST && value->kind != AN_PICKLE_TUPLE) return ALEXNET_OK;
    for (size_t i = 0; i < value->items->count; ++i) {
        const an_pickle_value *item = &value->items->values[i];
        AN_TRY(step(w, 0));
        if (!w->is_tensor(item)) continue;
        an_print(number, sizeof number, "%zu", i);
        AN_TRY(add_name(w, length, number));
        AN_TRY(add_tensor(w, item));
    }
    return ALEXNET_OK;
}

static alexnet_status add_layer(an_pickle_walk *w, const char *name, const an_pickle_value *layer)
{
    AN_TRY(step(w, 0));
    if (layer->kind != AN_PICKLE_DICT || name == NULL) return ALEXNET_OK;
    an_print(w->name, sizeof w->name, "layers");
    AN_TRY(add_name(w, strlen(w->name), name));
    const size_t length = strlen(w->name);
    for (size_t i = 0; i < layer->items->count; i += 2) {
        const char *key = an_pickle_text(&layer->items->values[i]);
        if (key == NULL) continue;
        AN_TRY(add_name(w, length, key));
        AN_TRY(add_arrays(w, &layer->items->values[i + 1]));
    }
    return ALEXNET_OK;
}

alexnet_status an_pickle_walk_layers(an_pickle_walk *walk, const an_pickle_value *layers)
{
    const bool dict = layers->kind == AN_PICKLE_DICT;

    walk->steps = 0;
    for (size_t i = 0; i < layers->items->count; i += dict ? 2 : 1) {
        const an_pickle_value *value = &layers->items->values[i];
        const an_pickle_value *name = dict ? value : an_pickle_get(value, "name");
        AN_TRY(
            add_layer(walk, name != NULL ? an_pickle_text(name) : NULL, dict ? value + 1 : value));
    }
    return ALEXNET_OK;
}

/* ---- names ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

alexnet_status an_pickle_check_names(alexnet_context *ctx, const char *path,
                                     const an_tensor_file *file)
{
    const char **names = an_new_array(ctx, file->count, sizeof *names);
    alexnet_status status = ALEXNET_OK;

    if (names == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: names of tensors", path);
    for (size_t i = 0; i < file->count; ++i)
        names[i] = file->tensors[i].name;
    if (file->count > 0) qsort(names, file->count, sizeof *names, compare_names);
    for (size_t i = 1; i < file->count && status == ALEXNET_OK; ++i)
        if (strcmp(names[i - 1], names[i]) == 0)
            status = an_fail(ctx, ALEXNET_BAD_FILE, "%s: two of its tensors are named '%s'", path,
                             names[i]);
    an_free(ctx, names);
    return status;
}
