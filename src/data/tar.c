/*
 * tar.c: a tree of class folders in a tar file (POSIX.1-2017, pax: "ustar Interchange Format" and
 * "pax Header Block"; GNU tar manual, "Basic Tar Format"). Nothing is unpacked to disk: the index
 * has the place of every image's bytes. Links are resolved inside the file (data/links.h), sparse
 * files are assembled when they are read (data/sparse.h).
 *
 *     header (512 bytes) | data, padded to 512 | header | data | ... | zeros
 *
 *     0 name 100   124 size 12   148 checksum 8   156 type 1   157 link 100   257 magic 6
 *     345 prefix 155
 *     sparse files in GNU's old format (type 'S') also have
 *     386 four segments of 24 (at 12, bytes 12)   482 more blocks of segments 1   483 size 12
 *
 * Entries follow each other, and each size is checked against the file, so that no two entries
 * share bytes. A file without the zeros at its end is truncated.
 * SPDX-License-Identifier: MIT
 */
#include "data/tar.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/links.h"
#include <stdio.h>
#include <string.h>

#define NAME_BYTES_MAX ((uint64_t)1 << 16) /* of a name, and of a whole pax header */
#define SPARSE_MAP_MAX ((uint64_t)2 << 20) /* bytes: two lines for every segment */
#define WRAPPERS_MAX   16                  /* each takes a pass over all paths */

typedef struct tar_source {
    an_blob blob;
    an_tar index;
} tar_source;

/* ---- one header ---- */

typedef struct header {
    char type;
    uint64_t size;
    char name[155 + 1 + 100 + 1];
    char link[100 + 1];
} header;

/* Octal digits with spaces around them; if the first bit is set, a big-endian number (GNU). */
static bool parse_number(const uint8_t *field, size_t bytes, uint64_t *out)
{
    size_t i = 0;

    *out = 0;
    if (field[0] == 0x80) {
        for (i = 1; i < bytes; ++i) {
            if (*out >> 56 != 0) return false;
            *out = *out << 8 | field[i];
        }
        return true;
    }
    while (i < bytes && field[i] == ' ')
        ++i;
    for (; i < bytes && field[i] >= '0' && field[i] <= '7'; ++i)
        *out = *out << 3 | (uint64_t)(field[i] - '0'); /* at most 12 digits: 36 bits */
    return i == bytes || field[i] == ' ' || field[i] == '\0';
}

/* The sum of the header's bytes, with spaces in place of the checksum. */
static bool checksum_is_right(const uint8_t *block)
{
    uint64_t said;
    uint64_t sum = 8 * ' ';

    for (int i = 0; i < AN_TAR_BLOCK; ++i)
        sum += i >= 148 && i < 156 ? 0 : block[i];
    return parse_number(block + 148, 8, &said) && said == sum;
}

bool an_tar_sniff(const uint8_t *data, size_t bytes)
{
    return bytes >= AN_TAR_BLOCK && checksum_is_right(data);
}

static bool parse_header(const uint8_t *block, header *out)
{
    const char *name = (const char *)block;
    const char *prefix = (const char *)block + 345;
    /* GNU's format, magic "ustar ", has other fields in place of the prefix. */
    const bool has_prefix = memcmp(block + 257, "ustar", 6) == 0 && prefix[0] != '\0';

    out->type = (char)block[156];
    snprintf(out->name, sizeof out->name, "%.155s%s%.100s", has_prefix ? prefix : "",
             has_prefix ? "/" : "", name);
    snprintf(out->link, sizeof out->link, "%.100s", (const char *)block + 157);
    return checksum_is_right(block) && parse_number(block + 124, 12, &out->size);
}

/* ---- the index ---- */

/* What extension headers say about the next entry. */
typedef struct next_entry {
    char *name, *link; /* NULL: not given */
    bool has_size;
    uint64_t size;
    /*
     * A sparse file in pax headers: `name` is then made up for programs that do not know sparse
     * files.
     */
    bool is_sparse, has_map; /* the map is in front of the data */
    char *sparse_name;
    uint64_t segment; /* start of the segment whose length comes next */
    an_sparse sparse;
} next_entry;

typedef struct scan {
    alexnet_context *ctx;
    const an_blob *blob;
    an_tar *tar;
    an_source_buffer buffer;
    uint64_t offset;
    next_entry next;
    an_link_list links;
} scan;

static alexnet_status fail_entry(const scan *s, const char *what)
{
    return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: tar entry at %ju: %s", s->blob->path,
                   (uintmax_t)s->offset, what);
}

static void forget_next(scan *s)
{
    an_free(s->ctx, s->next.name);
    an_free(s->ctx, s->next.link);
    an_free(s->ctx, s->next.sparse_name);
    an_sparse_free(s->ctx, &s->next.sparse);
    s->next = (next_entry){0};
}

static alexnet_status set_text(scan *s, char **out, const char *text, size_t length)
{
    if (memchr(text, '\0', length) != NULL) return fail_entry(s, "a zero byte in its name");
    an_free(s->ctx, *out);
    *out = an_format(s->ctx, "%.*s", (int)length, text);
    return *out != NULL ? ALEXNET_OK
                        : an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: no memory", s->blob->path);
}

static alexnet_status parse_size(const scan *s, const char *value, size_t length, uint64_t *out)
{
    int64_t size;

    if (!an_parse_int(value, length, &size) || size < 0)
        return fail_entry(s, "a bad size in its pax header");
    *out = (uint64_t)size;
    return ALEXNET_OK;
}

/* GNU.sparse.KEY, of formats 0.0, 0.1 and 1.0. */
static alexnet_status set_sparse_value(scan *s, const char *key, size_t key_length,
                                       const char *value, size_t length)
{
    next_entry *n = &s->next;
    uint64_t bytes;

    n->is_sparse = true;
    if (an_is_word(key, key_length, "name")) return set_text(s, &n->sparse_name, value, length);
    if (an_is_word(key, key_length, "size") || an_is_word(key, key_length, "realsize"))
        return parse_size(s, value, length, &n->sparse.size);
    if (an_is_word(key, key_length, "major")) n->has_map = length == 1 && value[0] == '1';
    if (an_is_word(key, key_length, "map")) {
        const alexnet_status status = an_sparse_parse_list(s->ctx, &n->sparse, value, length);
        return status == ALEXNET_BAD_FILE ? fail_entry(s, "a bad map of a sparse file") : status;
    }
    if (an_is_word(key, key_length, "offset")) return parse_size(s, value, length, &n->segment);
    if (!an_is_word(key, key_length, "numbytes")) return ALEXNET_OK;
    AN_TRY(parse_size(s, value, length, &bytes));
    return an_sparse_add(s->ctx, &n->sparse, n->segment, bytes);
}

static alexnet_status set_pax_value(scan *s, const char *key, size_t key_length, const char *value,
                                    size_t length)
{
    static const char sparse[] = "GNU.sparse.";
    const size_t prefix = sizeof sparse - 1;

    if (an_is_word(key, key_length, "path")) return set_text(s, &s->next.name, value, length);
    if (an_is_word(key, key_length, "linkpath")) return set_text(s, &s->next.link, value, length);
    if (an_is_word(key, key_length, "size")) {
        s->next.has_size = true;
        return parse_size(s, value, length, &s->next.size);
    }
    if (key_length > prefix && memcmp(key, sparse, prefix) == 0)
        return set_sparse_value(s, key + prefix, key_length - prefix, value, length);
    return ALEXNET_OK;
}

/* Records "LENGTH KEY=VALUE\n", where LENGTH counts the whole record. */
static alexnet_status parse_pax(scan *s, const char *text, size_t bytes)
{
    while (bytes > 0) {
        int64_t record;
        const char *space = memchr(text, ' ', bytes);
        const size_t digits = space == NULL ? 0 : (size_t)(space - text);
        if (!an_parse_int(text, digits, &record) || record <= (int64_t)digits + 1 ||
            (uint64_t)record > bytes || text[record - 1] != '\n')
            return fail_entry(s, "a bad pax header");

        const char *key = space + 1;
        const char *end = text + record - 1;
        const char *equals = memchr(key, '=', (size_t)(end - key));
        if (equals == NULL) return fail_entry(s, "a bad pax header");
        AN_TRY(
            set_pax_value(s, key, (size_t)(equals - key), equals + 1, (size_t)(end - equals - 1)));
        text += record;
        bytes -= (size_t)record;
    }
    return ALEXNET_OK;
}

/* Reads a header that extends the next entry. */
static alexnet_status read_extension(scan *s, const header *h)
{
    const uint8_t *data;

    if (h->size > NAME_BYTES_MAX) return fail_entry(s, "an absurdly long name");
    AN_TRY(an_blob_view(s->blob, s->ctx, s->offset + AN_TAR_BLOCK, (size_t)h->size, &s->buffer,
                        &data));
    if (h->type == 'x') return parse_pax(s, (const char *)data, (size_t)h->size);
    return set_text(s, h->type == 'K' ? &s->next.link : &s->next.name, (const char *)data,
                    strnlen((const char *)data, (size_t)h->size));
}

/* Removes leading and doubled slashes and "./", so that equal paths are equal texts. */
static void normalise(char *path)
{
    char *to = path;

    for (const char *from = path; *from != '\0';) {
        const bool at_start = to == path || to[-1] == '/';
        if (at_start && *from == '/')
            ++from;
        else if (at_start && from[0] == '.' && (from[1] == '/' || from[1] == '\0'))
            ++from;
        else
            *to++ = *from++;
    }
    *to = '\0';
}

alexnet_status an_tar_add(alexnet_context *ctx, an_tar *tar, const char *path, uint64_t order,
                          uint64_t offset, uint64_t size)
{
    AN_TRY(an_tree_add(ctx, &tar->tree, path, offset, size));
    tar->tree.leaves[tar->tree.count - 1].order = order;
    return ALEXNET_OK;
}

alexnet_status an_tar_add_unreadable(alexnet_context *ctx, an_tar *tar, const char *path,
                                     uint64_t order, const char *reason)
{
    AN_TRY(an_names_add(ctx, &tar->reasons, reason));
    return an_tar_add(ctx, tar, path, order, 0, tar->reasons.count - 1);
}

static alexnet_status add_entry(scan *s, const header *h, char *name)
{
    const size_t length = strlen(name);
    const bool folder = h->type == '5' || (length > 0 && name[length - 1] == '/');

    normalise(name);
    if (name[0] == '\0') return ALEXNET_OK; /* "./" is the folder that was packed */
    if (folder && name[strlen(name) - 1] != '/') {
        char *with_slash = an_format(s->ctx, "%s/", name);
        if (with_slash == NULL)
            return an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: no memory", s->blob->path);
        const alexnet_status status = an_tar_add(s->ctx, s->tar, with_slash, s->offset, 0, 0);
        an_free(s->ctx, with_slash);
        return status;
    }
    return an_tar_add(s->ctx, s->tar, name, s->offset, folder ? 0 : s->offset + AN_TAR_BLOCK,
                      h->size);
}

static alexnet_status add_link(scan *s, header *h, char *name)
{
    char *target = s->next.link != NULL ? s->next.link : h->link;

    normalise(name);
    if (h->type == '1') normalise(target);
    if (name[0] == '\0') return ALEXNET_OK;
    return an_link_add(s->ctx, &s->links, name, target, h->type == '1', s->offset);
}

/* ---- sparse files ---- */

/* Adds a sparse file whose segments begin at `data`, with `stored` bytes in all. */
static alexnet_status add_sparse(scan *s, char *name, uint64_t data, uint64_t stored)
{
    an_sparse *sparse = &s->next.sparse;
    const char *fault = an_sparse_fault(sparse, stored);

    normalise(name);
    if (name[0] == '\0') return ALEXNET_OK;
    if (fault != NULL) return an_tar_add_unreadable(s->ctx, s->tar, name, s->offset, fault);
    sparse->offset = data;
    AN_TRY(an_sparse_keep(s->ctx, &s->tar->sparse, sparse));
    return an_tar_add(s->ctx, s->tar, name, s->offset, data, stored);
}

/* Adds a sparse file with a bad map as unreadable, so that the other files can be read. */
static alexnet_status add_unmapped(scan *s, char *name)
{
    normalise(name);
    return an_tar_add_unreadable(s->ctx, s->tar, name, s->offset, alexnet_error(s->ctx));
}

/* Pax: the segments are known from the header, or (1.0) from a map in front of the data. */
static alexnet_status add_pax_sparse(scan *s, const header *h)
{
    next_entry *n = &s->next;
    const uint64_t data = s->offset + AN_TAR_BLOCK;
    char own_name[sizeof h->name];
    const uint8_t *map;
    size_t used = 0;

    snprintf(own_name, sizeof own_name, "%s", h->name);
    char *name = n->sparse_name != NULL ? n->sparse_name : n->name != NULL ? n->name : own_name;
    if (n->has_map) {
        const size_t bytes = (size_t)AN_MIN(h->size, SPARSE_MAP_MAX);
        AN_TRY(an_blob_view(s->blob, s->ctx, data, bytes, &s->buffer, &map));
        const alexnet_status status = an_sparse_parse_map(s->ctx, &n->sparse, map, bytes, &used);
        if (status == ALEXNET_BAD_FILE) return add_unmapped(s, name);
        AN_TRY(status);
    }
    return add_sparse(s, name, data + used, h->size - used);
}

/* Reads segments of GNU's old format, 24 bytes each; an empty one ends them. */
static alexnet_status add_segments(scan *s, const uint8_t *from, int count)
{
    for (int i = 0; i < count; ++i, from += 24) {
        uint64_t at, bytes;
        if (from[0] == '\0' || from[12] == '\0') return ALEXNET_OK;
        if (!parse_number(from, 12, &at) || !parse_number(from + 12, 12, &bytes))
            return fail_entry(s, "a bad map of a sparse file");
        AN_TRY(an_sparse_add(s->ctx, &s->next.sparse, at, bytes));
    }
    return ALEXNET_OK;
}

/*
 * GNU's old format: segments in the header and in blocks behind it. *blocks: the number of these.
 */
static alexnet_status read_old_map(scan *s, uint64_t *blocks)
{
    uint8_t block[AN_TAR_BLOCK];
    bool more;

    AN_TRY(an_blob_read(s->blob, s->ctx, s->offset, AN_TAR_BLOCK, block));
    if (!parse_number(block + 483, 12, &s->next.sparse.size))
        return fail_entry(s, "a bad size of a sparse file");
    more = block[482] != 0;
    AN_TRY(add_segments(s, block + 386, 4));
    for (*blocks = 0; more; more = block[504] != 0) {
        ++*blocks;
        AN_TRY(
            an_blob_read(s->blob, s->ctx, s->offset + *blocks * AN_TAR_BLOCK, AN_TAR_BLOCK, block));
        AN_TRY(add_segments(s, block, 21));
    }
    return ALEXNET_OK;
}

static alexnet_status add_old_sparse(scan *s, header *h, uint64_t *blocks)
{
    AN_TRY(read_old_map(s, blocks));
    const uint64_t data = s->offset + (1 + *blocks) * AN_TAR_BLOCK;

    if (data > s->blob->size || h->size > s->blob->size - data)
        return fail_entry(s, "larger than the file: cut short");
    return add_sparse(s, s->next.name != NULL ? s->next.name : h->name, data, h->size);
}

/* ---- all entries ---- */

static bool is_extension(char type)
{
    return type == 'x' || type == 'g' || type == 'L' || type == 'K';
}

/*
 * Adds an entry that is not an extension header. *blocks: the number of blocks that extend its
 * header.
 */
static alexnet_status add_any(scan *s, header *h, uint64_t *blocks)
{
    char *name = s->next.name != NULL ? s->next.name : h->name;

    switch (h->type) {
    case '0':
    case '\0':
    case '7':
        return s->next.is_sparse ? add_pax_sparse(s, h) : add_entry(s, h, name);
    case '5':
        return add_entry(s, h, name);
    case '1':
    case '2':
        return add_link(s, h, name);
    case 'S':
        return add_old_sparse(s, h, blocks);
    default:
        return an_tally_add_kind(s->ctx, &s->tar->passed, "devices and the like", 1);
    }
}

/* Processes the entry at s->offset, and advances to the next. */
static alexnet_status scan_entry(scan *s, header *h)
{
    uint64_t blocks = 0;

    if (!is_extension(h->type) && s->next.has_size) h->size = s->next.size;
    if (h->type >= '2' && h->type <= '6') h->size = 0; /* links, devices and folders have no data */
    const uint64_t left = s->blob->size - s->offset - AN_TAR_BLOCK;
    if (h->size > left) return fail_entry(s, "larger than the file: cut short");

    if (h->type == 'x' || h->type == 'L' || h->type == 'K') {
        AN_TRY(read_extension(s, h));
    } else if (h->type != 'g') { /* a global header has nothing that matters to an image */
        AN_TRY(add_any(s, h, &blocks));
        forget_next(s);
    }
    s->offset += (1 + blocks) * AN_TAR_BLOCK + AN_ROUND_UP(h->size, AN_TAR_BLOCK);
    return ALEXNET_OK;
}

static bool is_zero(const uint8_t *block)
{
    for (int i = 0; i < AN_TAR_BLOCK; ++i) {
        if (block[i] != 0) return false;
    }
    return true;
}

static alexnet_status scan_all(scan *s)
{
    const uint8_t *block;
    header h;

    for (;;) {
        if (s->offset > s->blob->size || s->blob->size - s->offset < AN_TAR_BLOCK)
            return an_fail(s->ctx, ALEXNET_BAD_FILE,
                           "%s: tar file cut short: no end mark in its %ju bytes", s->blob->path,
                           (uintmax_t)s->blob->size);
        AN_TRY(an_blob_view(s->blob, s->ctx, s->offset, AN_TAR_BLOCK, &s->buffer, &block));
        if (is_zero(block)) return ALEXNET_OK;
        if (!parse_header(block, &h)) return fail_entry(s, "not a tar header (checksum, size)");
        AN_TRY(scan_entry(s, &h));
    }
}

alexnet_status an_tar_index(alexnet_context *ctx, const an_blob *blob, an_tar *out)
{
    scan s = {.ctx = ctx, .blob = blob, .tar = out};
    alexnet_status status = scan_all(&s);

    if (status == ALEXNET_OK) status = an_links_follow(ctx, &s.links, out);
    forget_next(&s);
    an_link_list_free(ctx, &s.links);
    an_source_buffer_free(ctx, &s.buffer);
    return status;
}

void an_tar_free(alexnet_context *ctx, an_tar *tar)
{
    an_tree_free(ctx, &tar->tree);
    an_sparse_list_free(ctx, &tar->sparse);
    an_names_free(ctx, &tar->reasons);
    an_tally_free(ctx, &tar->passed);
}

/* ---- the tree ---- */

static bool begins_with(const char *path, const char *folder, size_t length)
{
    return strncmp(path, folder, length) == 0 && path[length] == '/';
}

static an_parts_top look_at_top(const an_tree *tree)
{
    an_parts_top top = {0};

    for (size_t i = 0; i < tree->count; ++i) {
        const char *path = tree->leaves[i].path;
        const char *slash = strchr(path, '/');
        if (slash == NULL || path[0] == '.') continue;
        const bool nested = slash[1] != '.' && strchr(slash + 1, '/') != NULL;
        an_parts_note(&top, path, (size_t)(slash - path), nested);
    }
    return top;
}

/*
 * Finds an outer folder that only wraps the data set ("imagenette2" around train and val, "flowers"
 * around classes): all images and folders are below it, and no image directly. Returns its length
 * at the head of *top; 0: there is none.
 */
static size_t find_wrapper(const an_tree *tree, const char **top)
{
    size_t length = 0;

    *top = NULL;
    const an_parts_top parts = look_at_top(tree);
    if (an_parts_present(&parts) != 0) return 0;
    for (size_t i = 0; i < tree->count; ++i) {
        const char *path = tree->leaves[i].path;
        const bool folder = path[strlen(path) - 1] == '/';
        if (an_tree_is_hidden(path) || (!folder && !an_tree_is_image(path))) continue;
        if (*top == NULL) {
            *top = path;
            length = strcspn(path, "/");
        }
        if (!begins_with(path, *top, length)) return 0;
        if (!folder && strchr(path + length + 1, '/') == NULL) return 0;
    }
    return length;
}

/* Removes outer folders from all paths. */
static alexnet_status unwrap(alexnet_context *ctx, const an_source *source, an_tree *tree)
{
    const char *top;
    int depth = 0;

    for (size_t length; (length = find_wrapper(tree, &top)) > 0;) {
        size_t kept = 0;
        if (depth++ == WRAPPERS_MAX)
            return an_fail(ctx, ALEXNET_UNSUPPORTED, "%s: more than %d outer folders", source->path,
                           WRAPPERS_MAX);
        for (size_t i = 0; i < tree->count; ++i) {
            an_leaf leaf = tree->leaves[i];
            if (begins_with(leaf.path, top, length)) leaf.path += length + 1;
            if (leaf.path[0] != '\0') tree->leaves[kept++] = leaf;
        }
        tree->count = kept;
    }
    return ALEXNET_OK;
}

/* ---- the kind ---- */

static void name_of(const an_source *source, int64_t index, char *buffer, size_t bytes)
{
    const tar_source *t = source->own;

    snprintf(buffer, bytes, "%s", t->index.tree.leaves[index].path);
}

static alexnet_status read_image(const an_source *source, alexnet_context *ctx, int64_t index,
                                 an_orientation orientation, an_source_buffer *buffer,
                                 an_image *image)
{
    const tar_source *t = source->own;
    const an_leaf *leaf = &t->index.tree.leaves[index];
    const an_sparse *sparse = an_sparse_find(&t->index.sparse, leaf->offset);
    const uint8_t *data;

    if (leaf->offset == 0)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s", t->index.reasons.names[leaf->size]);
    if (sparse != NULL) {
        AN_TRY(an_sparse_view(sparse, &t->blob, ctx, buffer));
        return an_image_decode(ctx, buffer->data, (size_t)sparse->size, orientation, image);
    }
    if (leaf->size > AN_IMAGE_BYTES_MAX)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%ju bytes, at most %ju for an image",
                       (uintmax_t)leaf->size, (uintmax_t)AN_IMAGE_BYTES_MAX);
    AN_TRY(an_blob_view(&t->blob, ctx, leaf->offset, (size_t)leaf->size, buffer, &data));
    return an_image_decode(ctx, data, (size_t)leaf->size, orientation, image);
}

static uint64_t size_of(const an_source *source, int64_t index)
{
    const tar_source *t = source->own;
    const an_leaf *leaf = &t->index.tree.leaves[index];
    const an_sparse *sparse = an_sparse_find(&t->index.sparse, leaf->offset);

    return leaf->offset == 0 ? 0 : sparse != NULL ? sparse->size : leaf->size;
}

static void close_tar(an_source *source)
{
    tar_source *t = source->own;

    an_tar_free(source->ctx, &t->index);
    an_blob_close(source->ctx, &t->blob);
    an_free(source->ctx, t);
}

static const an_kind tar_kind = {.name = "tar",
                                 .names = AN_NAMES_INSIDE,
                                 .close = close_tar,
                                 .name_of = name_of,
                                 .read = read_image,
                                 .size_of = size_of};

/* Checks what a gzip file contains, now that it is unpacked. */
static alexnet_status check_unpacked(alexnet_context *ctx, const an_blob *blob)
{
    const size_t bytes = (size_t)AN_MIN(blob->size, AN_TAR_BLOCK);
    an_source_buffer unused = {0};
    const uint8_t *head;

    AN_TRY(an_blob_view(blob, ctx, 0, bytes, &unused, &head));
    if (an_tar_sniff(head, bytes) || (bytes == AN_TAR_BLOCK && is_zero(head))) return ALEXNET_OK;
    const bool text = memchr(head, 0, bytes) == NULL && !an_image_sniff(head, bytes);
    return an_fail(ctx, ALEXNET_BAD_FILE, "%s: expected a tar file in this gzip file, found %s",
                   blob->path,
                   an_idx_sniff(head, bytes) ? "an IDX file: the data set is its folder"
                   : text                    ? "text: a list of images is read uncompressed only"
                                             : "something else");
}

alexnet_status an_tar_open(alexnet_context *ctx, an_part part, an_source *source)
{
    tar_source *t = an_new_zeroed(ctx, sizeof *t);

    source->kind = &tar_kind;
    source->own = t;
    if (t == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", source->path);
    AN_TRY(an_blob_open(ctx, source->path, AN_TAR_UNPACKED_MAX, &t->blob));
    if (t->blob.memory != NULL) AN_TRY(check_unpacked(ctx, &t->blob));

    AN_TRY(an_tar_index(ctx, &t->blob, &t->index));
    an_tree *tree = &t->index.tree;
    AN_TRY(unwrap(ctx, source, tree));
    const an_parts_top top = look_at_top(tree);
    AN_TRY(an_parts_find(ctx, source->path, &top, &source->parts));
    AN_TRY(an_parts_choose(ctx, source->path, part, &source->parts));
    for (size_t i = 0; i < t->index.passed.count; ++i)
        AN_TRY(an_tally_add_kind(ctx, &source->passed, t->index.passed.rows[i].name,
                                 t->index.passed.rows[i].files));
    return an_tree_finish(ctx, tree, source);
}
