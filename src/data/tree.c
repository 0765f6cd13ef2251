/*
 * tree.c: from the paths in a data set to classes and labelled images.
 * SPDX-License-Identifier: MIT
 */
#include "data/tree.h"

#include "base/context.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- collecting ---- */

#define TEXT_BYTES 65536

/* Paths are stored in large blocks, as a data set may have a million of them. */
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

alexnet_status an_tree_excuse(alexnet_context *ctx, an_tree *tree, const char *path)
{
    an_leaf *leaf = &tree->leaves[tree->count - 1];

    const bool refused = ctx->error_number != 0;
    an_source_drop_path(ctx, path);
    leaf->reason = copy_path(ctx, tree, alexnet_error(ctx));
    if (leaf->reason == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for the path", leaf->path);
    if (refused && tree->refused.reason == NULL) tree->refused = *leaf;
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

bool an_tree_is_image(const char *path) { return an_image_kind_of(path).read; }

bool an_tree_is_hidden(const char *path) { return path[0] == '.' || strstr(path, "/.") != NULL; }

static bool is_folder(const char *path)
{
    const size_t length = strlen(path);

    return length > 0 && path[length - 1] == '/';
}

/* ---- classes ---- */

/* The rest of a path below its split; NULL: not in a wanted split. */
static const char *wanted_inside(const an_source *source, const char *path)
{
    return an_parts_inside(&source->parts, source->parts.wanted, path);
}

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

/* The length of the class's name at the head of the path; 0: in no class. */
static size_t class_length(const char *inside)
{
    const char *slash = strchr(inside, '/');

    return slash == NULL ? 0 : (size_t)(slash - inside);
}

/* True if the class is the last one added. Sorted paths bring a class of one split in one run. */
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

/* Sorts the classes and removes duplicates: each split adds its own. */
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

/* True for an image in a class. */
static bool is_labelled(const char *inside)
{
    return class_length(inside) > 0 && !an_tree_is_hidden(inside) && !is_folder(inside) &&
           an_tree_is_image(inside);
}

/* True for the last of the leaves with one path, which are neighbours after sorting. */
static bool is_last(const an_tree *tree, size_t i)
{
    return i + 1 == tree->count || strcmp(tree->leaves[i].path, tree->leaves[i + 1].path) != 0;
}

int64_t an_tree_count(const an_tree *tree, const an_parts *parts, unsigned part)
{
    int64_t count = 0;

    for (size_t i = 0; i < tree->count; ++i) {
        const char *inside = an_parts_inside(parts, part, tree->leaves[i].path);
        count += inside != NULL && is_last(tree, i) && is_labelled(inside);
    }
    return count;
}

/* ---- beside the splits ---- */

#define OUTSIDE      "outside of train, val and test"
#define BESIDE_BYTES 256 /* longer names are truncated */

/* Adds the folder whose name is the first `length` bytes of the path; 0: none. */
static void add_beside(an_beside *beside, const char *path, size_t length, int64_t images)
{
    char name[BESIDE_BYTES];

    an_print(name, sizeof name, "%.*s", (int)AN_MIN(length, sizeof name), path);
    const bool flat = an_part_of(name, strlen(name)) < AN_PARTS;
    struct an_beside_folders *folders = flat ? &beside->flat : &beside->strangers;

    if (name[0] == '\0' || an_tree_is_hidden(name) || (images == 0 && !flat)) return;
    an_listing_add(&folders->names, name);
    folders->images += images;
}

/* Notes one file. *images counts those of its folder at the top. */
static alexnet_status note_beside(alexnet_context *ctx, an_beside *beside, const char *path,
                                  int64_t *images)
{
    const an_image_kind kind = an_image_kind_of(path);

    if (an_tree_is_hidden(path) || kind.name == NULL)
        return an_tally_add(ctx, &beside->files, path);
    ++*(class_length(path) > 0 ? images : &beside->loose);
    return kind.read ? an_tally_add_kind(ctx, &beside->files, OUTSIDE, 1)
                     : an_tally_add(ctx, &beside->files, path);
}

alexnet_status an_tree_beside(alexnet_context *ctx, const an_tree *tree, an_source *source)
{
    const an_parts *parts = &source->parts;
    an_beside *beside = &source->beside;
    const char *folder = ""; /* the current folder and the length of its name */
    size_t folder_length = 0;
    int64_t images = 0;

    beside->known = true;
    for (size_t i = 0; i < tree->count && parts->present != 0; ++i) {
        const char *path = tree->leaves[i].path;
        const size_t length = class_length(path);
        if (an_parts_inside(parts, parts->present, path) != NULL || !is_last(tree, i)) continue;
        if (length != folder_length || strncmp(folder, path, length) != 0) {
            add_beside(beside, folder, folder_length, images);
            folder = path;
            folder_length = length;
            images = 0;
        }
        if (!is_folder(path)) AN_TRY(note_beside(ctx, beside, path, &images));
    }
    add_beside(beside, folder, folder_length, images);
    return ALEXNET_OK;
}

/* ---- selection ---- */

alexnet_status an_tree_pass(alexnet_context *ctx, const an_leaf *leaf, const char *inside,
                            an_tally *tally)
{
    return leaf->offset == AN_LEAF_ROUND
               ? an_tally_add_kind(ctx, tally, "links to a folder around them", 1)
               : an_tally_add(ctx, tally, inside);
}

/* Keeps the images of the wanted splits, collects the classes, counts what is passed over. */
static alexnet_status sift(alexnet_context *ctx, an_tree *tree, an_source *source)
{
    size_t kept = 0;

    for (int i = 0; i < AN_PARTS; ++i)
        if ((source->parts.present & ~source->parts.wanted & 1u << i) != 0)
            source->parts.images[i] = an_tree_count(tree, &source->parts, 1u << i);

    for (size_t i = 0; i < tree->count; ++i) {
        const an_leaf leaf = tree->leaves[i];
        const char *inside = wanted_inside(source, leaf.path);
        if (inside == NULL || inside[0] == '\0' || !is_last(tree, i)) continue;

        const bool folder = is_folder(inside);
        const size_t length = class_length(inside);
        const bool in_class = length > 0 && !an_tree_is_hidden(inside);
        const an_image_kind kind = an_image_kind_of(inside);
        const bool kept_leaf = in_class && (leaf.reason != NULL || (!folder && kind.read));
        if (!folder && !kept_leaf) AN_TRY(an_tree_pass(ctx, &leaf, inside, &source->passed));
        if (!in_class || (!folder && kind.name == NULL)) continue;
        if (!is_latest(&source->classes, inside, length)) /* also without readable images */
            AN_TRY(add_class(ctx, &source->classes, inside, length));
        if (kept_leaf) tree->leaves[kept++] = leaf;
    }
    tree->count = kept;
    return ALEXNET_OK;
}

static int find_class(const an_names *names, const char *inside, size_t length)
{
    size_t low = 0;

    for (size_t high = names->count; low + 1 < high;) { /* the last name that is <= inside */
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

/* Flags of a class. */
#define SEEN   1u /* it has an image */
#define NESTED 2u /* it has an image in a subfolder */

/* Prints what was opened: "photos", or "photos/train" if that is a single split of it. */
static void describe(const an_source *source, char *text, size_t bytes)
{
    const unsigned wanted = source->parts.wanted;
    const bool one = wanted != 0 && (wanted & (wanted - 1)) == 0;
    char names[AN_PARTS * (AN_PART_NAME_BYTES + 8)];

    an_parts_list(&source->parts, one ? wanted : 0, names, sizeof names);
    names[strcspn(names, "/")] = '\0';
    an_print(text, bytes, "%s%s%s", source->path,
             names[0] == '\0' || an_path_base(source->path)[0] == '\0' ? "" : "/", names);
}

#define WHERE_BYTES 512

static void tell_nested(alexnet_context *ctx, const an_source *source, const uint8_t *marks)
{
    char where[WHERE_BYTES];
    an_listing names = {0};

    for (size_t i = 0; i < source->classes.count; ++i)
        if ((marks[i] & NESTED) != 0) an_listing_add(&names, source->classes.names[i]);
    if (names.count == 0) return;
    describe(source, where, sizeof where);
    an_log(ctx, ALEXNET_LOG_INFO, "%s: %s %s %s folders, whose images belong to the class", where,
           AN_NOUN(names.count, "class", "classes"), an_listing_text(&names),
           AN_NOUN(names.count, "contains", "contain"));
}

static alexnet_status label(alexnet_context *ctx, const an_tree *tree, an_source *source)
{
    const an_names *classes = &source->classes;
    uint8_t *marks = an_new_array(ctx, classes->count, sizeof *marks);

    source->labels = an_new_array(ctx, tree->count, sizeof *source->labels);
    if (source->labels == NULL || marks == NULL) {
        an_free(ctx, marks);
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for %zu labels", source->path,
                       tree->count);
    }
    for (size_t i = 0; i < tree->count; ++i) {
        const char *inside = wanted_inside(source, tree->leaves[i].path);
        const size_t length = class_length(inside);
        source->labels[i] = find_class(classes, inside, length);
        const bool nested = strchr(inside + length + 1, '/') != NULL;
        marks[source->labels[i]] |= (uint8_t)(SEEN | (nested ? NESTED : 0));
    }
    source->count = (int64_t)tree->count;

    char passed[AN_TALLY_TEXT];
    size_t empty = classes->count; /* the first empty class */
    an_listing without = {0};
    for (size_t i = classes->count; i-- > 0;)
        if ((marks[i] & SEEN) == 0) empty = i;
    for (size_t i = empty; i < classes->count; ++i)
        if ((marks[i] & SEEN) == 0) an_listing_add(&without, classes->names[i]);
    if (empty == classes->count || source->survey) tell_nested(ctx, source, marks);
    an_free(ctx, marks);
    if (empty < classes->count && source->survey)
        an_log(ctx, ALEXNET_LOG_WARNING, "%s: %s %s %s no readable images", source->path,
               AN_NOUN(without.count, "class", "classes"), an_listing_text(&without),
               AN_NOUN(without.count, "has", "have"));
    else if (empty < classes->count)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: class '%s' has no readable images (.jpg .png .webp ...)%s",
                       source->path, classes->names[empty], explain(source, passed));
    return ALEXNET_OK;
}

alexnet_status an_tree_finish(alexnet_context *ctx, an_tree *tree, an_source *source)
{
    const an_parts *parts = &source->parts;
    const bool beside = (parts->present & ~parts->wanted & AN_TRAIN_BIT) != 0;
    char passed[AN_TALLY_TEXT];

    if (tree->count > 0) qsort(tree->leaves, tree->count, sizeof *tree->leaves, compare_leaves);
    if (source->kind == NULL || source->kind->look_beside == NULL)
        AN_TRY(an_tree_beside(ctx, tree, source));
    AN_TRY(sift(ctx, tree, source));
    if (tree->count == 0 && beside && parts->wanted != 0) {
        const char *name = parts->names[parts->wanted == AN_VAL_BIT ? 1 : 2];
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: '%s' has no readable images in class folders%s; put some into "
                       "%s/CLASS/, or remove '%s'",
                       source->path, name, explain(source, passed), name, name);
    }
    if (tree->count == 0 && an_tally_files(&source->passed, true) > 0)
        return an_fail(ctx, ALEXNET_NOT_FOUND, "%s: no readable images in class folders%s",
                       source->path, explain(source, passed));
    if (tree->count == 0)
        return an_fail(ctx, ALEXNET_NOT_FOUND,
                       "%s: no images in class folders; expected %s/CLASS/NAME.jpg, or "
                       "%s/train/CLASS/NAME.jpg and %s/val/CLASS/NAME.jpg%s",
                       source->path, source->path, source->path, source->path,
                       explain(source, passed));
    sort_classes(ctx, &source->classes);
    return label(ctx, tree, source);
}
