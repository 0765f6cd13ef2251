/*
 * classes.c: maps classes by name.
 *
 * SPDX-License-Identifier: MIT
 */
#include "infer/classes.h"

#include "base/alike.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/class_names.h"
#include <stdlib.h>
#include <string.h>

/* ---- a list of names for a message ---- */

#define SHOWN_MAX   4
#define SHOWN_BYTES 256

typedef const char *(*class_name)(const void *owner, int index);

static const char *source_class(const void *source, int index)
{
    return an_source_class(source, index);
}

static const char *model_class(const void *model, int index)
{
    return alexnet_model_class(model, index);
}

/* "ant, bee, cat, dog, ... (10 classes)" */
static void show(class_name name, const void *owner, int count, char text[SHOWN_BYTES])
{
    size_t used = 0;

    for (int i = 0; i < count && i < SHOWN_MAX && used < SHOWN_BYTES; ++i)
        used += (size_t)an_print(text + used, SHOWN_BYTES - used, "%s%.40s", i == 0 ? "" : ", ",
                                 name(owner, i));
    if (used < SHOWN_BYTES)
        an_print(text + used, SHOWN_BYTES - used, "%s (%d %s)", count > SHOWN_MAX ? ", ..." : "",
                 count, AN_NOUN(count, "class", "classes"));
}

/* ---- finding by name ---- */

typedef struct entry {
    const char *name;
    int index;
} entry;

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

/* The model's classes, sorted by name. NULL: no memory. */
static entry *sort_classes(const alexnet_model *model)
{
    const int count = model->options.classes;
    entry *entries = an_new_array(model->ctx, (size_t)count, sizeof *entries);

    if (entries == NULL) return NULL;
    for (int i = 0; i < count; ++i)
        entries[i] = (entry){model->classes[i], i};
    qsort(entries, (size_t)count, sizeof *entries, compare_entries);
    return entries;
}

/* Marks the classes that have images: a list of numbered classes may name others in between. */
static void mark_used(const an_source *source, bool *used)
{
    for (int64_t i = 0; i < an_source_count(source); ++i)
        used[an_source_label(source, i)] = true;
}

/* The entry of this name; of a synset of ImageNet, as its folders are called, also that of the name
   of its class. NULL: none. */
static const entry *find_entry(const char *name, const entry *sorted, int count)
{
    const char *names[] = {name, an_imagenet_of_synset(name)};
    const entry *found = NULL;

    for (size_t i = 0; i < AN_COUNT(names) && names[i] != NULL && found == NULL; ++i) {
        const entry wanted = {names[i], 0};
        found = bsearch(&wanted, sorted, (size_t)count, sizeof *sorted, compare_entries);
    }
    return found;
}

/* Fills labels. Returns the first class of the source that has images but is not in the model; -1:
   none. */
static int look_up(const an_source *source, const bool *used, const entry *sorted, int count,
                   int *labels)
{
    for (int i = 0; i < an_source_classes(source); ++i) {
        const entry *found = find_entry(an_source_class(source, i), sorted, count);
        if (found == NULL && used[i]) return i;
        labels[i] = found != NULL ? found->index : 0;
    }
    return -1;
}

static bool same_order(const alexnet_model *model, const an_source *source)
{
    if (an_source_classes(source) != model->options.classes) return false;
    for (int i = 0; i < model->options.classes; ++i)
        if (strcmp(model->classes[i], an_source_class(source, i)) != 0) return false;
    return true;
}

#define NAME_BYTES 200

/* The class of the model that looks most like an unknown name; -1: none looks alike. */
static int find_alike(const alexnet_model *model, const char *name)
{
    an_likeness most = AN_LIKENESS_NONE;
    int found = -1;

    for (int i = 0; i < model->options.classes; ++i) {
        const an_likeness likeness = an_compare_likeness(name, model->classes[i]);
        if (likeness <= most) continue;
        most = likeness;
        found = i;
    }
    return found;
}

/* Writes "; 'Cat' differs from 'cat' only in the case of letters", or nothing. */
static void explain(const alexnet_model *model, const char *name, char *hint, size_t bytes)
{
    const int alike = find_alike(model, name);
    char theirs[NAME_BYTES], ours[NAME_BYTES];

    hint[0] = '\0';
    if (alike < 0) return;
    an_escape_bytes(theirs, sizeof theirs, name);
    an_escape_bytes(ours, sizeof ours, model->classes[alike]);
    an_print(hint, bytes, "; '%s' differs from '%s' only in %s", theirs, ours,
             an_compare_likeness(name, model->classes[alike]) == AN_LIKENESS_FORM
                 ? "Unicode's form"
                 : "the case of letters");
}

static alexnet_status fail_unknown(const alexnet_model *model, const char *weights,
                                   const an_source *source, const char *data, int unknown)
{
    const char *name = an_source_class(source, unknown);
    char ours[SHOWN_BYTES], theirs[SHOWN_BYTES], hint[2 * NAME_BYTES + 64];

    explain(model, name, hint, sizeof hint);
    show(model_class, model, model->options.classes, ours);
    show(source_class, source, an_source_classes(source), theirs);
    return an_fail(model->ctx, ALEXNET_BAD_FILE,
                   "class '%s' of %s is not in %s%s: %s has %s; %s has %s", name, data, weights,
                   hint, weights, ours, data, theirs);
}

alexnet_status an_classes_map(const alexnet_model *model, const char *weights,
                              const an_source *source, const char *data, int **labels)
{
    alexnet_context *ctx = model->ctx;
    const int count = an_source_classes(source);

    *labels = NULL;
    if (model->classes == NULL && count != model->options.classes) {
        char theirs[SHOWN_BYTES];
        show(source_class, source, count, theirs);
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s has %d unnamed %s, %s has %s", weights,
                       model->options.classes, AN_NOUN(model->options.classes, "class", "classes"),
                       data, theirs);
    }
    if (model->classes == NULL || same_order(model, source)) return ALEXNET_OK;

    entry *sorted = sort_classes(model);
    int *map = an_new_array(ctx, (size_t)count, sizeof *map);
    bool *used = an_new_array(ctx, (size_t)count, sizeof *used);
    const bool enough = sorted != NULL && map != NULL && used != NULL;
    int unknown = -1;
    if (enough) {
        mark_used(source, used);
        unknown = look_up(source, used, sorted, model->options.classes, map);
    }
    const bool complete = enough && unknown < 0;
    an_free(ctx, sorted);
    an_free(ctx, used);
    if (complete) {
        *labels = map;
        return ALEXNET_OK;
    }
    an_free(ctx, map);
    if (unknown >= 0) return fail_unknown(model, weights, source, data, unknown);
    return an_fail(ctx, ALEXNET_NO_MEMORY, "%d classes of %s", count, data);
}

alexnet_status an_classes_compare(const alexnet_model *a, const char *a_weights,
                                  const alexnet_model *b, const char *b_weights)
{
    if (a->options.classes != b->options.classes)
        return an_fail(a->ctx, ALEXNET_BAD_FILE, "%s has %d %s, %s has %d", a_weights,
                       a->options.classes, AN_NOUN(a->options.classes, "class", "classes"),
                       b_weights, b->options.classes);
    for (int i = 0; a->classes != NULL && b->classes != NULL && i < a->options.classes; ++i)
        if (strcmp(a->classes[i], b->classes[i]) != 0)
            return an_fail(a->ctx, ALEXNET_BAD_FILE, "class %d is '%s' in %s and '%s' in %s", i,
                           a->classes[i], a_weights, b->classes[i], b_weights);
    return ALEXNET_OK;
}
