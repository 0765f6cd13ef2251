/*
 * list.c: a text file that names pictures and their classes, one a line.
 *
 *     n01440764/n01440764_18.JPEG 0          PATH LABEL
 *     /photos/my cat.jpg,tabby cat           PATH,LABEL
 *
 * Where a line has several commas, tabs or spaces, the last one that follows a picture's name parts
 * it, else the last one. A first line "path,label" is a heading. When every label is a number, they
 * are the class numbers; else they are names, and classes are sorted by name.
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/tree.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_BYTES_MAX ((size_t)1 << 30)
#define LINE_MAX_BYTES 8192 /* a path and a label; looking for the mark between them is quadratic */
#define CLASSES_MAX    100000 /* a larger number is a slip, not a class */

typedef struct entry {
    const char *path, *label;
    int64_t line;
} entry;

typedef struct list {
    an_bytes text; /* paths and labels lie in it, each ended by 0 */
    char *folder;  /* that the list lies in */
    entry *entries;
    size_t count;
} list;

/* ---- one line ---- */

static bool is_separator(char c) { return c == ',' || c == '\t' || c == ' '; }

static char *trim(char *text)
{
    text += strspn(text, " \t");
    for (size_t n = strlen(text); n > 0 && strchr(" \t\r", text[n - 1]) != NULL;)
        text[--n] = '\0';
    return text;
}

/* Trims, and takes off the quotation marks that spreadsheets put around a field. */
static char *unquote(char *text)
{
    text = trim(text);
    const size_t length = strlen(text);
    if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
        text[length - 1] = '\0';
        ++text;
    }
    return text;
}

/* True when what lies before text[end] is a picture's name, quoted or not. */
static bool ends_picture(char *text, size_t end)
{
    while (end > 0 && strchr(" \t\"", text[end - 1]) != NULL)
        --end;
    const char cut = text[end];
    text[end] = '\0';
    const bool picture = an_tree_is_picture(text);
    text[end] = cut;
    return picture;
}

/* The separator between path and label; 0: there is none. */
static size_t find_separator(char *line)
{
    size_t last = 0;

    for (size_t i = strlen(line); i-- > 1;) {
        if (!is_separator(line[i])) continue;
        if (ends_picture(line, i)) return i;
        if (last == 0) last = i;
    }
    return last;
}

static bool split(char *line, entry *out)
{
    line = trim(line);
    const size_t separator = find_separator(line);
    if (separator == 0) return false;
    line[separator] = '\0';
    out->label = unquote(line + separator + 1);
    out->path = unquote(line);
    return out->path[0] != '\0' && out->label[0] != '\0';
}

static bool is_heading(const entry *e)
{
    return an_same_word(e->path, "path") && an_same_word(e->label, "label");
}

/* ---- all lines ---- */

static size_t count_lines(const an_bytes *text)
{
    size_t lines = 1;

    for (size_t i = 0; i < text->size; ++i)
        lines += text->data[i] == '\n';
    return lines;
}

static alexnet_status parse(alexnet_context *ctx, const an_source *source, list *l)
{
    char *at = (char *)l->text.data;
    int64_t line = 0;

    if (strncmp(at, "\xef\xbb\xbf", 3) == 0) at += 3; /* a byte order mark, which Excel writes */
    for (char *next; at != NULL; at = next) {
        entry e = {.line = ++line};
        next = strchr(at, '\n');
        if (next != NULL) *next++ = '\0';
        if (at[strspn(at, " \t\r")] == '\0') continue;
        if (strlen(at) > LINE_MAX_BYTES)
            return an_fail(ctx, ALEXNET_BAD_FILE,
                           "%s: line %jd: expected PATH LABEL, found a line of more than %d bytes",
                           source->path, (intmax_t)line, LINE_MAX_BYTES);
        if (!split(at, &e))
            return an_fail(ctx, ALEXNET_BAD_FILE, "%s: line %jd: expected PATH LABEL, found '%s'",
                           source->path, (intmax_t)line, at);
        if (line == 1 && is_heading(&e)) continue;
        l->entries[l->count++] = e;
    }
    if (l->count == 0)
        return an_fail(ctx, ALEXNET_NOT_FOUND, "%s: expected lines PATH LABEL, found none",
                       source->path);
    return ALEXNET_OK;
}

/* ---- labels ---- */

static bool all_are_numbers(const list *l)
{
    int64_t number;

    for (size_t i = 0; i < l->count; ++i) {
        if (!an_parse_int(l->entries[i].label, strlen(l->entries[i].label), &number)) return false;
    }
    return true;
}

static alexnet_status take_numbers(alexnet_context *ctx, const list *l, an_source *source)
{
    int64_t classes = 0;

    for (size_t i = 0; i < l->count; ++i) {
        const entry *e = &l->entries[i];
        int64_t number;
        if (!an_parse_int(e->label, strlen(e->label), &number) || number < 0 ||
            number >= CLASSES_MAX)
            return an_fail(ctx, ALEXNET_BAD_FILE,
                           "%s: line %jd: expected a class from 0 to %d, found %s", source->path,
                           (intmax_t)e->line, CLASSES_MAX - 1, e->label);
        source->labels[i] = (int)number;
        classes = AN_MAX(classes, number + 1);
    }
    return an_source_number_classes(ctx, source, classes);
}

static int compare_labels(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;

    return strcmp(*x, *y);
}

static int compare_names(const void *key, const void *name)
{
    return strcmp(key, *(char *const *)name);
}

static alexnet_status take_names(alexnet_context *ctx, const list *l, an_source *source)
{
    alexnet_status status = ALEXNET_OK;
    an_names *classes = &source->classes;
    const char **sorted = an_new_array(ctx, l->count, sizeof *sorted);

    if (sorted == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", source->path);
    for (size_t i = 0; i < l->count; ++i)
        sorted[i] = l->entries[i].label;
    qsort(sorted, l->count, sizeof *sorted, compare_labels);
    for (size_t i = 0; i < l->count && status == ALEXNET_OK; ++i) {
        if (i == 0 || strcmp(sorted[i - 1], sorted[i]) != 0)
            status = an_names_add(ctx, classes, sorted[i]);
    }
    an_free(ctx, sorted);
    AN_TRY(status);

    for (size_t i = 0; i < l->count; ++i) {
        char **found = bsearch(l->entries[i].label, classes->names, classes->count,
                               sizeof *classes->names, compare_names);
        source->labels[i] = (int)(found - classes->names);
    }
    return ALEXNET_OK;
}

/* ---- the kind ---- */

static void name_of(const an_source *source, int64_t index, char *buffer, size_t bytes)
{
    const list *l = source->own;

    snprintf(buffer, bytes, "%s", l->entries[index].path);
}

static alexnet_status read_picture(const an_source *source, alexnet_context *ctx, int64_t index,
                                   an_orientation orientation, an_source_buffer *buffer,
                                   an_image *image)
{
    const list *l = source->own;

    return an_source_read_file(ctx, l->folder, l->entries[index].path, orientation, buffer, image);
}

static void close_list(an_source *source)
{
    list *l = source->own;

    an_bytes_free(source->ctx, &l->text);
    an_free(source->ctx, l->folder);
    an_free(source->ctx, l->entries);
    an_free(source->ctx, l);
}

static const an_kind list_kind = {
    .name = "list", .names = AN_NAMES_BESIDE, .close = close_list, .name_of = name_of, .read = read_picture};

alexnet_status an_list_open(alexnet_context *ctx, an_part part, an_source *source)
{
    const size_t folder_length = (size_t)(an_path_base(source->path) - source->path);
    list *l = an_new_zeroed(ctx, sizeof *l);

    source->kind = &list_kind;
    source->own = l;
    if (l == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", source->path);
    if (part == AN_PART_VAL || part == AN_PART_TEST) return an_source_no_part(ctx, source, part);
    AN_TRY(an_file_read(ctx, source->path, LIST_BYTES_MAX, &l->text));
    if (memchr(l->text.data, '\0', l->text.size) != NULL)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: expected text, found a zero byte", source->path);

    const size_t lines = count_lines(&l->text);
    l->folder = an_format(ctx, "%.*s", (int)folder_length, source->path);
    l->entries = an_new_array(ctx, lines, sizeof *l->entries);
    source->labels = an_new_array(ctx, lines, sizeof *source->labels);
    if (l->folder == NULL || l->entries == NULL || source->labels == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for %zu lines", source->path, lines);
    AN_TRY(parse(ctx, source, l));
    source->count = (int64_t)l->count;
    return all_are_numbers(l) ? take_numbers(ctx, l, source) : take_names(ctx, l, source);
}
