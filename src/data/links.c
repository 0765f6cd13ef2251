/*
 * links.c: resolves links between the entries of a tar file.
 *
 * Files, folders and links are sorted by path in one list, `entries`. Symbolic links are resolved
 * as the system does: component by component from the link's folder, and a component that is a
 * symbolic link itself is replaced by its target.
 * SPDX-License-Identifier: MIT
 */
#include "data/links.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/kind.h"
#include "image/image.h"
#include <stdlib.h>
#include <string.h>

#define EXPANDED_BYTES_MAX ((size_t)1 << 28) /* of the paths of files added for links to folders */

/* ---- the list of links ---- */

alexnet_status an_link_add(alexnet_context *ctx, an_link_list *list, const char *path,
                           const char *target, bool hard, uint64_t order)
{
    if (list->count == list->capacity) {
        const size_t larger = list->capacity == 0 ? 64 : 2 * list->capacity;
        an_link *links =
            an_grow(ctx, list->links, list->capacity * sizeof *links, larger * sizeof *links);
        if (links == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%zu links", larger);
        list->links = links;
        list->capacity = larger;
    }
    const an_link link = {
        .path = an_copy_text(ctx, path),
        .target = an_copy_text(ctx, target),
        .hard = hard,
        .order = order,
    };
    list->links[list->count++] = link;
    return link.path != NULL && link.target != NULL
               ? ALEXNET_OK
               : an_fail(ctx, ALEXNET_NO_MEMORY, "a link's path");
}

void an_link_list_free(alexnet_context *ctx, an_link_list *list)
{
    for (size_t i = 0; i < list->count; ++i) {
        an_free(ctx, list->links[i].path);
        an_free(ctx, list->links[i].target);
    }
    an_free(ctx, list->links);
    *list = (an_link_list){0};
}

/* ---- everything by path ---- */

typedef enum entry_kind { REGULAR, FOLDER, LINK } entry_kind;

typedef struct entry {
    const char *path; /* a folder's ends in '/', which `length` does not count */
    size_t length;
    uint64_t order;
    entry_kind kind;
    uint64_t offset, size; /* of a file */
    const an_link *link;
} entry;

typedef struct follower {
    alexnet_context *ctx;
    an_tar *tar;
    entry *entries; /* sorted by path, then by order */
    size_t count;
    size_t expanded, expanded_bytes; /* files below linked folders; bytes of their paths */
    char rest[AN_PATH_BYTES], done[AN_PATH_BYTES]; /* of a target: components to do, done */
} follower;

static int compare_text(const char *a, size_t a_length, const char *b, size_t b_length)
{
    const int order = memcmp(a, b, AN_MIN(a_length, b_length));

    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    const int order = compare_text(x->path, x->length, y->path, y->length);

    return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static size_t length_of(const char *path)
{
    const size_t length = strlen(path);

    return length > 0 && path[length - 1] == '/' ? length - 1 : length;
}

static alexnet_status collect(follower *f, const an_link_list *list)
{
    const an_tree *tree = &f->tar->tree;
    entry *e = an_new_array(f->ctx, tree->count + list->count, sizeof *e);

    if (e == NULL) return an_fail(f->ctx, ALEXNET_NO_MEMORY, "%zu links", list->count);
    f->entries = e;
    for (size_t i = 0; i < tree->count; ++i, ++e) {
        const an_leaf *leaf = &tree->leaves[i];
        const size_t length = length_of(leaf->path);
        *e = (entry){.path = leaf->path,
                     .length = length,
                     .order = leaf->order,
                     .kind = leaf->path[length] == '/' ? FOLDER : REGULAR,
                     .offset = leaf->offset,
                     .size = leaf->size};
    }
    for (size_t i = 0; i < list->count; ++i, ++e) {
        const an_link *link = &list->links[i];
        *e = (entry){.path = link->path,
                     .length = strlen(link->path),
                     .order = link->order,
                     .kind = LINK,
                     .link = link};
    }
    f->count = tree->count + list->count;
    qsort(f->entries, f->count, sizeof *f->entries, compare_entries);
    return ALEXNET_OK;
}

/* The index of the first entry that is not less than the path. */
static size_t lower_bound(const follower *f, const char *path, size_t length)
{
    size_t low = 0;

    for (size_t high = f->count; low < high;) {
        const size_t middle = (low + high) / 2;
        if (compare_text(f->entries[middle].path, f->entries[middle].length, path, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The last entry with this path whose header is before `before`; NULL: none. */
static const entry *find(const follower *f, const char *path, uint64_t before)
{
    const size_t length = strlen(path);
    size_t low = lower_bound(f, path, length);
    const entry *found = NULL;

    for (; low < f->count && f->entries[low].length == length &&
           memcmp(f->entries[low].path, path, length) == 0 && f->entries[low].order < before;
         ++low)
        found = &f->entries[low];
    return found;
}

static bool lies_in(const char *path, const char *folder, size_t length)
{
    return length == 0 || (strncmp(path, folder, length) == 0 && path[length] == '/');
}

/*
 * The first entry below the folder, which needs no entry of its own; f->count: none. The path ends
 * in '/'.
 */
static size_t first_below(const follower *f, const char *folder_with_slash)
{
    const size_t length = strlen(folder_with_slash);
    const size_t first = lower_bound(f, folder_with_slash, length);

    return first < f->count && lies_in(f->entries[first].path, folder_with_slash, length - 1)
               ? first
               : f->count;
}

/* ---- one link ---- */

/* Where a link leads: to a file, to the folder whose path is f->done, or nowhere. */
typedef struct place {
    const entry *file;
    bool folder;
    const char *fault; /* why it leads nowhere */
} place;

static const char *const circle = "a link that leads in a circle";
static const char *const outside = "a link that leads out of the archive";
static const char *const nothing = "a link to something that is not in the archive";
static const char *const too_long = "a link whose target is too long";

/* Puts text and a slash in front of the remaining components. False: it is too long. */
static bool push_components(follower *f, const char *text, size_t length)
{
    const size_t rest = strlen(f->rest) + 1;

    if (length + 1 + rest > sizeof f->rest) return false;
    memmove(f->rest + length + 1, f->rest, rest);
    memcpy(f->rest, text, length);
    f->rest[length] = '/';
    return true;
}

/* Moves the next component from f->rest to f->done. Returns NULL or a fault. */
static const char *step(follower *f)
{
    const size_t length = strcspn(f->rest, "/");
    const size_t done = strlen(f->done);
    const char *fault = NULL;

    if (length == 2 && memcmp(f->rest, "..", 2) == 0) {
        char *slash = strrchr(f->done, '/');
        if (done == 0) fault = outside;
        f->done[slash != NULL ? slash - f->done : 0] = '\0';
    } else if (length > 0 && !(length == 1 && f->rest[0] == '.')) {
        if (done + length + 2 > sizeof f->done) return too_long;
        an_print(f->done + done, sizeof f->done - done, "%s%.*s", done > 0 ? "/" : "", (int)length,
                 f->rest);
    }
    const size_t taken = length + (f->rest[length] == '/');
    memmove(f->rest, f->rest + taken, strlen(f->rest + taken) + 1);
    return fault;
}

/* Starts to resolve a symbolic link's target, from the link's folder. */
static const char *enter(follower *f, const an_link *link)
{
    const char *base = strrchr(link->path, '/');

    if (link->target[0] == '/') return outside;
    if (!push_components(f, link->target, strlen(link->target))) return too_long;
    an_print(f->done, sizeof f->done, "%.*s", base != NULL ? (int)(base - link->path) : 0,
             link->path);
    return NULL;
}

/* A hard link is another name for what the earlier entry was. */
static const entry *follow_hard(const follower *f, const entry *e, int *hops)
{
    while (e != NULL && e->kind == LINK && e->link->hard) {
        if (++*hops > AN_LINK_HOPS_MAX) return NULL;
        e = find(f, e->link->target, e->order);
    }
    return e;
}

static place follow(follower *f, const entry *start)
{
    int hops = 0;
    const entry *e = follow_hard(f, start, &hops);
    const char *fault = e == NULL ? nothing : NULL;

    f->rest[0] = f->done[0] = '\0';
    if (e != NULL && e->kind == FOLDER) fault = nothing; /* hard links to folders do not exist */
    if (e != NULL && e->kind == LINK) fault = enter(f, e->link);
    if (e != NULL && e->kind == REGULAR) return (place){.file = e};
    while (fault == NULL && f->rest[0] != '\0') {
        fault = step(f);
        e = f->done[0] != '\0' ? follow_hard(f, find(f, f->done, UINT64_MAX), &hops) : NULL;
        if (fault != NULL || e == NULL || e->kind != LINK) continue;
        fault = ++hops > AN_LINK_HOPS_MAX ? circle : enter(f, e->link);
    }
    if (fault == NULL && e != NULL && e->kind == REGULAR) return (place){.file = e};
    if (fault != NULL) return (place){.fault = hops > AN_LINK_HOPS_MAX ? circle : fault};

    const size_t length = strlen(f->done);
    if (length + 2 > sizeof f->done) return (place){.fault = too_long};
    if (e != NULL && e->kind == FOLDER) return (place){.folder = true};
    f->done[length] = '/';
    f->done[length + 1] = '\0';
    const bool folder = length == 0 || first_below(f, f->done) < f->count;
    f->done[length] = '\0';
    return (place){.folder = folder, .fault = folder ? NULL : nothing};
}

/* ---- the leaves of a link ---- */

static alexnet_status add_broken(follower *f, const char *path, uint64_t order, const an_link *link,
                                 const char *fault)
{
    char reason[512];

    if (!an_tree_is_image(path))
        return an_tally_add_kind(f->ctx, &f->tar->passed, "links that lead nowhere", 1);
    an_print(reason, sizeof reason, "%s: %s", fault, link->target);
    return an_tar_add_unreadable(f->ctx, f->tar, path, order, reason);
}

/* Adds a leaf for `path`, which is the entry seen through a link to a folder above it. */
static alexnet_status add_below(follower *f, const entry *e, const char *path)
{
    f->expanded_bytes += strlen(path);
    if (++f->expanded > AN_LINK_EXPANDED_MAX || f->expanded_bytes > EXPANDED_BYTES_MAX)
        return an_fail(f->ctx, ALEXNET_UNSUPPORTED, "more than %zu files behind links to folders",
                       AN_LINK_EXPANDED_MAX);
    if (e->kind != LINK) return an_tar_add(f->ctx, f->tar, path, e->order, e->offset, e->size);
    const place to = follow(f, e);
    if (to.file != NULL)
        return an_tar_add(f->ctx, f->tar, path, e->order, to.file->offset, to.file->size);
    if (to.folder)
        return an_tally_add_kind(f->ctx, &f->tar->passed, "links to folders in a linked folder", 1);
    return add_broken(f, path, e->order, e->link, to.fault);
}

/* Adds everything below the folder in f->done a second time, below the link. */
static alexnet_status add_folder(follower *f, const an_link *link)
{
    const size_t length = strlen(f->done);
    alexnet_status status = ALEXNET_OK;

    if (lies_in(link->path, f->done, length))
        return an_tally_add_kind(f->ctx, &f->tar->passed, "links to a folder around them", 1);
    char *folder = an_format(f->ctx, "%s/", f->done); /* add_below() overwrites f->done */
    char *own = an_format(f->ctx, "%s/", link->path);
    if (folder == NULL || own == NULL) status = an_fail(f->ctx, ALEXNET_NO_MEMORY, "a link's path");
    if (status == ALEXNET_OK) status = an_tar_add(f->ctx, f->tar, own, link->order, 0, 0);
    for (size_t i = status == ALEXNET_OK ? first_below(f, folder) : f->count;
         i < f->count && lies_in(f->entries[i].path, folder, length) && status == ALEXNET_OK; ++i) {
        char *path = an_format(f->ctx, "%s%s", own, f->entries[i].path + length + 1);
        status = path != NULL ? add_below(f, &f->entries[i], path)
                              : an_fail(f->ctx, ALEXNET_NO_MEMORY, "a link's path");
        an_free(f->ctx, path);
    }
    an_free(f->ctx, folder);
    an_free(f->ctx, own);
    return status;
}

static alexnet_status add_link(follower *f, const entry *e)
{
    const place to = follow(f, e);

    if (to.file != NULL)
        return an_tar_add(f->ctx, f->tar, e->link->path, e->order, to.file->offset, to.file->size);
    return to.folder ? add_folder(f, e->link)
                     : add_broken(f, e->link->path, e->order, e->link, to.fault);
}

static alexnet_status follow_all(follower *f, const an_link_list *list)
{
    AN_TRY(collect(f, list));
    for (size_t i = 0; i < f->count; ++i) {
        if (f->entries[i].kind == LINK) AN_TRY(add_link(f, &f->entries[i]));
    }
    return ALEXNET_OK;
}

alexnet_status an_links_follow(alexnet_context *ctx, const an_link_list *list, an_tar *tar)
{
    if (list->count == 0) return ALEXNET_OK;
    follower *f = an_new_zeroed(ctx, sizeof *f); /* large for a stack */
    if (f == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%zu links", list->count);
    f->ctx = ctx;
    f->tar = tar;
    const alexnet_status status = follow_all(f, list);
    an_free(ctx, f->entries);
    an_free(ctx, f);
    return status;
}
