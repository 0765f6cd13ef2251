/*
 * tree.c: from the paths in a data set to classes and labelled pictures.
 * SPDX-License-Identifier: MIT
 */
#include "data/tree.h"

#include "base/memory.h"
#include "base/status.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- collecting ---- */

#define TEXT_BYTES 65536

/* Paths are kept in large pieces: a data set may well have a million of them. */
struct an_tree_text {
    struct an_tree_text *next;
    size_t used, capacity;
    char bytes[];
};

static char *copy_path(alexnet_context *ctx, an_tree *tree, const char *path)
{
    const size_t bytes = strlen(path) + 1;
    struct an_tree_text *text = tree->texts;

    if (text == NULL || text->capacity - text->used < bytes) {
        const size_t capacity = AN_MAX(bytes, TEXT_BYTES);
        text = an_new(ctx, sizeof *text + capacity);
        if (text == NULL) return NULL;
        *text = (struct an_tree_text){.next = tree->texts, .capacity = capacity};
        tree->texts = text;
    }
    char *copy = memcpy(text->bytes + text->used, path, bytes);
    text->used += bytes;
    return copy;
}

alexnet_status an_tree_add(alexnet_context *ctx, an_tree *tree, const char *path, uint64_t offset,
                           uint64_t size)
{
    if (tree->count == tree->capacity) {
        const size_t larger = tree->capacity == 0 ? 256 : 2 * tree->capacity;
        an_leaf *leaves =
            an_grow(ctx, tree->leaves, tree->capacity * sizeof *leaves, larger * sizeof *leaves);
        if (leaves == NULL)
            return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for %zu paths", path, larger);
        tree->leaves = leaves;
        tree->capacity = larger;
    }
    const char *copy = copy_path(ctx, tree, path);
    if (copy == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for the path", path);
    tree->leaves[tree->count++] =
        (an_leaf){.path = copy, .offset = offset, .size = size, .order = offset};
    return ALEXNET_OK;
}

void an_tree_free(alexnet_context *ctx, an_tree *tree)
{
    for (struct an_tree_text *text = tree->texts, *next; text != NULL; text = next) {
        next = text->next;
        an_free(ctx, text);
    }
    an_free(ctx, tree->leaves);
    *tree = (an_tree){0};
}

/* ---- the rules for names ---- */

bool an_tree_is_picture(const char *path) { return an_image_kind_of(path).read; }

bool an_tree_is_hidden(const char *path) { return path[0] == '.' || strstr(path, "/.") != NULL; }

static bool is_folder(const char *path)
{
    const size_t length = strlen(path);

    return length > 0 && path[length - 1] == '/';
}

/* ---- parts ---- */

#define TRAIN 1u
#define VAL   2u
#define TEST  4u

const char *const an_tree_part_names[AN_TREE_PARTS] = {"train", "val", "test"};

unsigned an_tree_parts(const an_tree_top *top) { return top->others ? top->nested : top->named; }

alexnet_status an_tree_choose(alexnet_context *ctx, const an_source *source, an_part part,
                              unsigned present, unsigned *wanted)
{
    switch (part) {
    case AN_PART_ALL:
        *wanted = present & TRAIN ? present : 0;
        return ALEXNET_OK;
    case AN_PART_TRAIN:
        *wanted = present & TRAIN;
        return ALEXNET_OK;
    case AN_PART_VAL:
        *wanted = present & VAL ? VAL : present & TEST;
        break;
    case AN_PART_TEST:
        *wanted = present & TEST;
        break;
    }
    return *wanted != 0 ? ALEXNET_OK : an_source_no_part(ctx, source, part);
}

/* What follows the part in a path: "dog/1.jpg" of "train/dog/1.jpg"; NULL: it is not in a wanted
 * part. */
static const char *inside_part(const char *path, unsigned wanted)
{
    if (wanted == 0) return path;
    for (int i = 0; i < AN_TREE_PARTS; ++i) {
        const size_t length = strlen(an_tree_part_names[i]);
        if ((wanted >> i & 1) != 0 && strncmp(path, an_tree_part_names[i], length) == 0 &&
            path[length] == '/')
            return path + length + 1;
    }
    return NULL;
}

/* ---- sorting it out ---- */

static int compare_leaves(const void *a, const void *b)
{
    const an_leaf *x = a;
    const an_leaf *y = b;
    const int order = strcmp(x->path, y->path);

    return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The length of the class's name at the head of the path; 0: the path lies in no class. */
static size_t class_length(const char *inside)
{
    const char *slash = strchr(inside, '/');

    return slash == NULL ? 0 : (size_t)(slash - inside);
}

/* True when the class is that of the latest name. Sorted paths bring a part's class in one run. */
static bool is_latest(const an_names *names, const char *inside, size_t length)
{
    if (names->count == 0) return false;
    const char *latest = names->names[names->count - 1];
    return strncmp(latest, inside, length) == 0 && latest[length] == '\0';
}

static alexnet_status add_class(alexnet_context *ctx, an_names *names, const char *inside,
                                size_t length)
{
    alexnet_status status;
    char *name = an_format(ctx, "%.*s", (int)length, inside);

    if (name == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for the class", inside);
    status = an_names_add(ctx, names, name);
    an_free(ctx, name);
    return status;
}

/* Classes come once for each part; each stays once. */
static void sort_classes(alexnet_context *ctx, an_names *names)
{
    size_t kept = 0;

    if (names->count > 0) qsort(names->names, names->count, sizeof *names->names, compare_names);
    for (size_t i = 0; i < names->count; ++i) {
        if (kept > 0 && strcmp(names->names[kept - 1], names->names[i]) == 0)
            an_free(ctx, names->names[i]);
        else
            names->names[kept++] = names->names[i];
    }
    names->count = kept;
}

/* Keeps the pictures of the wanted parts, names the classes, counts what is passed over. */
static alexnet_status sift(alexnet_context *ctx, an_tree *tree, unsigned wanted, an_source *source)
{
    size_t kept = 0;

    for (size_t i = 0; i < tree->count; ++i) {
        const an_leaf leaf = tree->leaves[i];
        const char *inside = inside_part(leaf.path, wanted);
        if (inside == NULL || inside[0] == '\0') continue;
        if (i + 1 < tree->count && strcmp(leaf.path, tree->leaves[i + 1].path) == 0) continue;

        const bool folder = is_folder(inside);
        const size_t length = class_length(inside);
        const bool in_class = length > 0 && !an_tree_is_hidden(inside);
        const an_image_kind kind = an_image_kind_of(inside);
        const bool kept_leaf = in_class && !folder && kind.read;
        if (!folder && !kept_leaf) AN_TRY(an_tally_add(ctx, &source->passed, inside));
        if (!in_class || (!folder && kind.name == NULL)) continue;
        if (!is_latest(&source->classes, inside, length)) /* one of images not read is one, too */
            AN_TRY(add_class(ctx, &source->classes, inside, length));
        if (kept_leaf) tree->leaves[kept++] = leaf;
    }
    tree->count = kept;
    return ALEXNET_OK;
}

static int find_class(const an_names *names, const char *inside, size_t length)
{
    size_t low = 0;

    for (size_t high = names->count; low + 1 < high;) { /* the last name that is not greater */
        const size_t middle = (low + high) / 2;
        const char *name = names->names[middle];
        const int order = strncmp(name, inside, length);
        if (order > 0 || (order == 0 && name[length] != '\0'))
            high = middle;
        else
            low = middle;
    }
    return (int)low;
}

static const char *explain(const an_source *source, char passed[AN_TALLY_TEXT])
{
    an_tally_explain(&source->passed, passed);
    return passed;
}

static alexnet_status label(alexnet_context *ctx, const an_tree *tree, unsigned wanted,
                            an_source *source)
{
    const an_names *classes = &source->classes;
    bool *seen = an_new_array(ctx, classes->count, sizeof *seen);

    source->labels = an_new_array(ctx, tree->count, sizeof *source->labels);
    if (source->labels == NULL || seen == NULL) {
        an_free(ctx, seen);
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for %zu labels", source->path,
                       tree->count);
    }
    for (size_t i = 0; i < tree->count; ++i) {
        const char *inside = inside_part(tree->leaves[i].path, wanted);
        source->labels[i] = find_class(classes, inside, class_length(inside));
        seen[source->labels[i]] = true;
    }
    source->count = (int64_t)tree->count;

    char passed[AN_TALLY_TEXT];
    size_t empty = 0;
    while (empty < classes->count && seen[empty])
        ++empty;
    an_free(ctx, seen);
    if (empty < classes->count)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: class '%s' has no images that are read (.jpg .png .webp ...)%s",
                       source->path, classes->names[empty], explain(source, passed));
    return ALEXNET_OK;
}

alexnet_status an_tree_finish(alexnet_context *ctx, an_tree *tree, unsigned present,
                              unsigned wanted, an_source *source)
{
    char passed[AN_TALLY_TEXT];

    if (tree->count > 0) qsort(tree->leaves, tree->count, sizeof *tree->leaves, compare_leaves);
    AN_TRY(sift(ctx, tree, wanted, source));
    if (tree->count == 0 && (present & TRAIN) != 0 && (wanted & TRAIN) == 0 && wanted != 0)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: '%s' has no images that are read in class folders%s", source->path,
                       wanted == VAL ? "val" : "test", explain(source, passed));
    if (tree->count == 0 && an_tally_files(&source->passed, true) > 0)
        return an_fail(ctx, ALEXNET_NOT_FOUND, "%s: no images that are read in class folders%s",
                       source->path, explain(source, passed));
    if (tree->count == 0)
        return an_fail(ctx, ALEXNET_NOT_FOUND,
                       "%s: no images in class folders; expected %s/CLASS/NAME.jpg, or "
                       "%s/train/CLASS/NAME.jpg and %s/val/CLASS/NAME.jpg%s",
                       source->path, source->path, source->path, source->path,
                       explain(source, passed));
    sort_classes(ctx, &source->classes);
    return label(ctx, tree, wanted, source);
}
