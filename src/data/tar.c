/*
 * tar.c: the tree of a folder in a tar file (POSIX.1-2017, pax: "ustar Interchange Format" and "pax
 * Header Block"; GNU tar manual, "Basic Tar Format"). Nothing is unpacked to disk: the index holds
 * where each picture's bytes lie.
 *
 *     header (512 bytes) | data, padded to 512 | header | data | ... | zeros
 *
 *     0 name 100   124 size 12   148 checksum 8   156 type 1   257 magic 6   345 prefix 155
 *
 * Entries follow each other and each size is checked against the file, so that no two can share
 * bytes. A file without the zeros at its end is cut short.
 * SPDX-License-Identifier: MIT
 */
#include "data/tar.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

#define NAME_BYTES_MAX                                                                             \
    ((uint64_t)1 << 16) /* of a name, and of a pax header with everything in it */

#define WRAPPERS_MAX 16 /* each takes a look at every path */

typedef struct tar {
    an_blob blob;
    an_tree tree;
} tar;

/* ---- one header ---- */

typedef struct header {
    char type;
    uint64_t size;
    char name[155 + 1 + 100 + 1];
} header;

/* Octal digits with spaces around them, or, where the first bit is set, a big-endian number (GNU). */
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

/* The sum of the header's bytes, those of the checksum itself taken as spaces. */
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
    /* GNU's own format, magic "ustar ", keeps other things where the prefix would be. */
    const bool has_prefix = memcmp(block + 257, "ustar", 6) == 0 && prefix[0] != '\0';

    out->type = (char)block[156];
    snprintf(out->name, sizeof out->name, "%.155s%s%.100s", has_prefix ? prefix : "",
             has_prefix ? "/" : "", name);
    return checksum_is_right(block) && parse_number(block + 124, 12, &out->size);
}

/* ---- the index ---- */

typedef struct scan {
    alexnet_context *ctx;
    const an_blob *blob;
    an_tree *tree;
    an_source_buffer buffer;
    uint64_t offset;
    int64_t others; /* links, devices */
    char *name;     /* of the next entry, from a header of its own; NULL: none */
    bool has_size;  /* likewise */
    uint64_t size;
} scan;

static alexnet_status fail_entry(const scan *s, const char *what)
{
    return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: tar entry at %ju: %s", s->blob->path,
                   (uintmax_t)s->offset, what);
}

static void forget_next(scan *s)
{
    an_free(s->ctx, s->name);
    s->name = NULL;
    s->has_size = false;
}

static alexnet_status set_name(scan *s, const char *name, size_t length)
{
    if (memchr(name, '\0', length) != NULL) return fail_entry(s, "a zero byte in its name");
    an_free(s->ctx, s->name);
    s->name = an_format(s->ctx, "%.*s", (int)length, name);
    return s->name != NULL ? ALEXNET_OK
                           : an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: no memory", s->blob->path);
}

static alexnet_status set_pax_value(scan *s, const char *key, size_t key_length, const char *value,
                                    size_t length)
{
    int64_t size;

    if (key_length == 4 && memcmp(key, "path", 4) == 0) return set_name(s, value, length);
    if (key_length == 4 && memcmp(key, "size", 4) == 0) {
        if (!an_parse_int(value, length, &size) || size < 0)
            return fail_entry(s, "a bad size in its pax header");
        s->has_size = true;
        s->size = (uint64_t)size;
    }
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

/* A header that says more about the entry that follows. */
static alexnet_status read_extension(scan *s, const header *h)
{
    const uint8_t *data;

    if (h->size > NAME_BYTES_MAX) return fail_entry(s, "an absurdly long name");
    AN_TRY(an_blob_view(s->blob, s->ctx, s->offset + AN_TAR_BLOCK, (size_t)h->size, &s->buffer,
                        &data));
    if (h->type == 'x') return parse_pax(s, (const char *)data, (size_t)h->size);
    return set_name(s, (const char *)data, strnlen((const char *)data, (size_t)h->size));
}

/* Takes "/", "./" and doubled slashes out, so that equal paths are equal texts. */
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

static alexnet_status add_entry(scan *s, const header *h, char *name)
{
    const size_t length = strlen(name);
    const bool folder = h->type == '5' || (length > 0 && name[length - 1] == '/');

    normalise(name);
    if (name[0] == '\0') return ALEXNET_OK; /* "./", the folder that was packed */
    if (folder && name[strlen(name) - 1] != '/') {
        char *with_slash = an_format(s->ctx, "%s/", name);
        if (with_slash == NULL)
            return an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: no memory", s->blob->path);
        const alexnet_status status = an_tree_add(s->ctx, s->tree, with_slash, 0, 0);
        an_free(s->ctx, with_slash);
        return status;
    }
    return an_tree_add(s->ctx, s->tree, name, folder ? 0 : s->offset + AN_TAR_BLOCK, h->size);
}

/* The entry at s->offset, and on to the next. */
static alexnet_status scan_entry(scan *s, header *h)
{
    const bool extension = h->type == 'x' || h->type == 'g' || h->type == 'L' || h->type == 'K';

    if (!extension && s->has_size) h->size = s->size;
    if (h->type >= '2' && h->type <= '6') h->size = 0; /* links, devices and folders have no data */
    const uint64_t left = s->blob->size - s->offset - AN_TAR_BLOCK;
    if (h->size > left) return fail_entry(s, "larger than the file: cut short");

    switch (h->type) {
    case 'x':
    case 'L':
        AN_TRY(read_extension(s, h));
        break;
    case 'g': /* nothing in it could concern one picture */
    case 'K': /* the target of a link */
        break;
    case '0':
    case '\0':
    case '7':
    case '5':
        AN_TRY(add_entry(s, h, s->name != NULL ? s->name : h->name));
        forget_next(s);
        break;
    default:
        ++s->others;
        forget_next(s);
    }
    s->offset += AN_TAR_BLOCK + AN_ROUND_UP(h->size, AN_TAR_BLOCK);
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

alexnet_status an_tar_index(alexnet_context *ctx, const an_blob *blob, an_tree *tree,
                            int64_t *others)
{
    scan s = {.ctx = ctx, .blob = blob, .tree = tree};
    const alexnet_status status = scan_all(&s);

    forget_next(&s);
    an_source_buffer_free(ctx, &s.buffer);
    *others = s.others;
    return status;
}

/* ---- the tree ---- */

static bool begins_with(const char *path, const char *folder, size_t length)
{
    return strncmp(path, folder, length) == 0 && path[length] == '/';
}

static unsigned find_parts(const an_tree *tree)
{
    an_tree_top top = {0};

    for (size_t i = 0; i < tree->count; ++i) {
        const char *path = tree->leaves[i].path;
        const char *slash = strchr(path, '/');
        unsigned part = 0;
        if (slash == NULL || path[0] == '.') continue;
        while (part < AN_TREE_PARTS &&
               !begins_with(path, an_tree_part_names[part], strlen(an_tree_part_names[part])))
            ++part;
        if (part == AN_TREE_PARTS) {
            top.others = true;
            continue;
        }
        top.named |= 1u << part;
        if (slash[1] != '.' && strchr(slash + 1, '/') != NULL) top.nested |= 1u << part;
    }
    return an_tree_parts(&top);
}

/*
 * Finds the one folder at the top that only wraps the data set ("imagenette2" around train and val,
 * "flowers" around classes): everything of interest lies in it, and no picture directly. Returns its
 * length at the head of *top, 0: there is none.
 */
static size_t find_wrapper(const an_tree *tree, const char **top)
{
    size_t length = 0;

    *top = NULL;
    if (find_parts(tree) != 0) return 0;
    for (size_t i = 0; i < tree->count; ++i) {
        const char *path = tree->leaves[i].path;
        const bool folder = path[strlen(path) - 1] == '/';
        if (an_tree_is_hidden(path) || (!folder && !an_tree_is_picture(path))) continue;
        if (*top == NULL) {
            *top = path;
            length = strcspn(path, "/");
        }
        if (!begins_with(path, *top, length)) return 0;
        if (!folder && strchr(path + length + 1, '/') == NULL) return 0;
    }
    return length;
}

/* Steps into it, and into the next. */
static alexnet_status unwrap(alexnet_context *ctx, const an_source *source, an_tree *tree)
{
    const char *top;
    int depth = 0;

    for (size_t length; (length = find_wrapper(tree, &top)) > 0;) {
        size_t kept = 0;
        if (depth++ == WRAPPERS_MAX)
            return an_fail(ctx, ALEXNET_UNSUPPORTED, "%s: more than %d folders around it all",
                           source->path, WRAPPERS_MAX);
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
    const tar *t = source->own;

    snprintf(buffer, bytes, "%s", t->tree.leaves[index].path);
}

static alexnet_status read_picture(const an_source *source, alexnet_context *ctx, int64_t index,
                                   an_orientation orientation, an_source_buffer *buffer,
                                   an_image *image)
{
    const tar *t = source->own;
    const an_leaf *leaf = &t->tree.leaves[index];
    const uint8_t *data;

    if (leaf->size > AN_PICTURE_BYTES_MAX)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%ju bytes, at most %ju for a picture",
                       (uintmax_t)leaf->size, (uintmax_t)AN_PICTURE_BYTES_MAX);
    AN_TRY(an_blob_view(&t->blob, ctx, leaf->offset, (size_t)leaf->size, buffer, &data));
    return an_image_decode(ctx, data, (size_t)leaf->size, orientation, image);
}

static void close_tar(an_source *source)
{
    tar *t = source->own;

    an_tree_free(source->ctx, &t->tree);
    an_blob_close(source->ctx, &t->blob);
    an_free(source->ctx, t);
}

static const an_kind tar_kind = {.name = "tar",
                                 .names = AN_NAMES_INSIDE,
                                 .close = close_tar,
                                 .name_of = name_of,
                                 .read = read_picture};

/* What is in a gzip file shows only now. */
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
                   an_idx_sniff(head, bytes) ? "an IDX file: the data set is the folder it lies in"
                   : text                    ? "text: a list of pictures is read uncompressed only"
                                             : "something else");
}

alexnet_status an_tar_open(alexnet_context *ctx, an_part part, an_source *source)
{
    unsigned wanted;
    int64_t others;
    tar *t = an_new_zeroed(ctx, sizeof *t);

    source->kind = &tar_kind;
    source->own = t;
    if (t == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", source->path);
    AN_TRY(an_blob_open(ctx, source->path, AN_TAR_UNPACKED_MAX, &t->blob));
    if (t->blob.memory != NULL) AN_TRY(check_unpacked(ctx, &t->blob));

    AN_TRY(an_tar_index(ctx, &t->blob, &t->tree, &others));
    AN_TRY(unwrap(ctx, source, &t->tree));
    const unsigned present = find_parts(&t->tree);
    AN_TRY(an_tree_choose(ctx, source, part, present, &wanted));
    AN_TRY(an_tree_finish(ctx, &t->tree, present, wanted, source));
    return an_tally_add_kind(ctx, &source->passed, "links or devices", others);
}
