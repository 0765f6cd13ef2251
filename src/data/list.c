/*
 * list.c: the source (kind.h) of a text file that names images and their classes, one per line.
 *
 *     n01440764/n01440764_18.JPEG 0          PATH LABEL
 *     /photos/my cat.jpg,tabby cat           PATH,LABEL
 *
 *     id;class;filename                      a heading, and columns in any order
 *     7;tabby cat;"my; cat.jpg"
 *
 * Below a heading of known words ("path", "file name", "image"; "label", "class") each line is a
 * record as in RFC 4180, with fields separated by commas, tabs or semicolons, and the columns of
 * these names are read.
 *
 * Without a heading, a line is split at one of its commas, tabs, semicolons or spaces: at the last
 * one that follows an image's name, else at the last one. The label may come first, if only what
 * follows it is an image. A first line whose path does not exist, while those of other lines do, is
 * a heading in unknown words.
 *
 * A field may be quoted: then it can contain anything, line ends included, and two quotation marks
 * mean one. If every label is a number, the labels are class numbers; else they are class names,
 * sorted.
 * SPDX-License-Identifier: MIT
 */
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/tree.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_BYTES_MAX   ((size_t)1 << 30)
#define RECORD_BYTES_MAX 8192    /* of a record, whose fields may have line ends */
#define CLASSES_MAX      100000  /* a larger number is an error, not a class */
#define PLAIN_MARKS      ",\t; " /* separators of path and label without a heading */

typedef struct entry {
    char *path, *label;
    int64_t line;
} entry;

typedef struct list {
    an_bytes text; /* paths and labels point into it; each ends with 0 */
    char *folder;  /* the folder that contains the list */
    entry *entries;
    size_t count;
    bool label_first; /* in a list without a heading */
} list;

/* ---- fields ---- */

static char *trim(char *text)
{
    text += strspn(text, " \t");
    for (size_t n = strlen(text); n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL;)
        text[--n] = '\0';
    return text;
}

/* True if c is one of `marks`; their final 0 is not. */
static bool is_one_of(const char *marks, char c) { return c != '\0' && strchr(marks, c) != NULL; }

/*
 * The closing quotation mark of the field whose opening one is before `at`. NULL: there is none
 * before `limit`, or no field ends there; the opening one is then an ordinary character.
 */
static char *find_closing(char *at, const char *limit, const char *marks)
{
    for (; at < limit && *at != '\0'; ++at) {
        if (*at != '"') continue;
        if (at[1] == '"') {
            ++at;
            continue;
        }
        const size_t blanks = strspn(at + 1, " \t\r");
        const char next = at[1 + blanks];
        const bool ends = next == '\0' || next == '\n' || is_one_of(marks, next) ||
                          (blanks > 0 && is_one_of(marks, at[1]));
        return ends ? at : NULL;
    }
    return NULL;
}

/* The text between two quotation marks, with doubled ones made single; ends with 0. */
static char *unescape(char *text, char *closing)
{
    char *out = text;

    for (const char *at = text; at < closing; ++at) {
        *out++ = *at;
        if (*at == '"') ++at;
    }
    *out = '\0';
    return text;
}

/* Trims the text and removes quotation marks around it. */
static char *unquote(char *text)
{
    text = trim(text);
    if (text[0] != '"') return text;
    char *closing = find_closing(text + 1, text + strlen(text), "");
    return closing != NULL ? unescape(text + 1, closing) : text;
}

/* A field of a record; not terminated. */
typedef struct field {
    char *text;
    size_t length;
    bool quoted;
} field;

/* The field at *at; moves *at to the next field, or to NULL after the last. Changes no text. */
static field next_field(char **at, char mark)
{
    const char marks[2] = {mark, '\0'};
    const char *blanks = mark == '\t' ? " \r" : " \t\r";
    char *start = *at + strspn(*at, blanks);
    char *closing = *start == '"' ? find_closing(start + 1, start + strlen(start), marks) : NULL;
    char *end = closing != NULL ? closing + 1 : start;
    field f = {.text = closing != NULL ? start + 1 : start, .quoted = closing != NULL};

    end += strcspn(end, marks);
    f.length = (size_t)((closing != NULL ? closing : end) - f.text);
    while (!f.quoted && f.length > 0 && strchr(" \t\r", f.text[f.length - 1]) != NULL)
        --f.length;
    const bool last = mark == ' ' ? end[strspn(end, blanks)] == '\0' : *end == '\0';
    *at = last ? NULL : end + 1;
    return f;
}

/* Terminates the field in place. To be called when the fields after it have been found. */
static char *take_field(const field *f)
{
    if (f->quoted) return unescape(f->text, f->text + f->length);
    f->text[f->length] = '\0';
    return f->text;
}

/* ---- records ---- */

typedef struct reader {
    char *at, *end; /* at NULL: at the end */
    int64_t line;   /* of the next record */
} reader;

/* The end of the record: the first line end outside quotation marks. */
static char *find_end(const reader *r, const char *marks)
{
    const size_t left = (size_t)(r->end - r->at);
    const char *limit = r->at + AN_MIN(left, RECORD_BYTES_MAX);
    bool begins = true; /* a field may begin here */
    char *at = r->at;

    for (; at < r->end && *at != '\n'; ++at) {
        char *closing = begins && *at == '"' ? find_closing(at + 1, limit, marks) : NULL;
        if (closing != NULL) at = closing;
        begins = is_one_of(marks, *at) || (begins && closing == NULL && is_one_of(" \t", *at));
    }
    return at;
}

/* The next record, terminated, and the line where it begins; NULL: there is none. */
static char *next_record(reader *r, const char *marks, int64_t *line)
{
    char *record = r->at;

    if (record == NULL) return NULL;
    char *end = find_end(r, marks);
    *line = r->line++;
    for (const char *c = record; c < end; ++c)
        r->line += *c == '\n';
    r->at = end < r->end ? end + 1 : NULL;
    *end = '\0';
    return record;
}

/* ---- a line of PATH LABEL ---- */

#define EXTENSION_BYTES 16 /* more than the extension of any image */

/* True if text[0 .. end-1] ends as an image's name. */
static bool ends_image(char *text, size_t end)
{
    const size_t start = end > EXTENSION_BYTES ? end - EXTENSION_BYTES : 0;
    const char cut = text[end];

    text[end] = '\0';
    const bool image = an_tree_is_image(text + start);
    text[end] = cut;
    return image;
}

/* The index of the separator between path and label; 0: none. */
static size_t find_separator(char *line)
{
    size_t after_image = 0, last = 0, last_semicolon = 0;
    size_t end = 0, looked_at = 0; /* of a word, without quotation marks */
    bool image = false;

    for (size_t i = 0; line[i] != '\0'; ++i) {
        if (i > 0 && is_one_of(PLAIN_MARKS, line[i])) {
            if (end != looked_at) image = ends_image(line, end);
            looked_at = end;
            if (image) after_image = i;
            *(line[i] == ';' ? &last_semicolon : &last) = i;
        }
        if (strchr(" \t\"", line[i]) == NULL) end = i + 1;
    }
    return after_image > 0 ? after_image : last > 0 ? last : last_semicolon;
}

static bool split_plain(char *line, entry *out)
{
    line = trim(line);
    char *closing =
        line[0] == '"' ? find_closing(line + 1, line + strlen(line), PLAIN_MARKS) : NULL;
    if (closing != NULL) {
        char *rest = closing + 1 + strspn(closing + 1, " \t");
        out->label = unquote(rest + is_one_of(",;", *rest));
        out->path = unescape(line + 1, closing);
    } else {
        const size_t separator = find_separator(line);
        if (separator == 0) return false;
        line[separator] = '\0';
        out->label = unquote(line + separator + 1);
        out->path = unquote(line);
    }
    return out->path[0] != '\0' && out->label[0] != '\0';
}

/* ---- headings ---- */

/* The columns that a heading names. */
typedef struct columns {
    char mark; /* the separator; 0: there is no heading of known words */
    int path, label, count;
} columns;

#define WORD_BYTES 24

/* In order of preference. */
static const char *const path_words[] = {
    "path",  "filepath",  "imagepath", "imgpath", "file",  "filename", "imagefile",
    "image", "imagename", "img",       "picture", "photo", "name",
};
static const char *const label_words[] = {
    "label",   "labels",  "labelname", "labelid",      "class",      "classname",
    "classid", "classes", "category",  "categoryname", "categoryid", "target",
};

/*
 * The index of the field among the words, of which only letters and digits count; -1: none of them.
 */
static int rank_of(const field *f, const char *const *words, size_t count)
{
    char word[WORD_BYTES];
    size_t used = 0;

    for (size_t i = 0; i < f->length; ++i) {
        if (strchr("_- .", f->text[i]) != NULL) continue;
        if (used + 1 == sizeof word) return -1;
        word[used++] = f->text[i];
    }
    word[used] = '\0';
    for (size_t i = 0; i < count; ++i)
        if (an_same_word(word, words[i])) return (int)i;
    return -1;
}

/* True if the field looks like data: a number, an image's name, a path. */
static bool is_data(const field *f)
{
    double number;

    return memchr(f->text, '/', f->length) != NULL || an_parse_real(f->text, f->length, &number) ||
           ends_image(f->text, f->length);
}

/* The columns of a record read as a heading; -1: no such column. */
typedef struct heading {
    int path, label, count;
    bool data; /* some field looks like data, so it is no heading */
} heading;

static void keep_better(int *column, int *best, int rank, int index)
{
    if (rank < 0 || (*column >= 0 && *best <= rank)) return;
    *column = index;
    *best = rank;
}

static heading look_at(char *record, char mark)
{
    heading h = {-1, -1, 0, false};
    int path_rank = 0, label_rank = 0;

    for (char *at = record; at != NULL; ++h.count) {
        const field f = next_field(&at, mark);
        keep_better(&h.path, &path_rank, rank_of(&f, path_words, AN_COUNT(path_words)), h.count);
        keep_better(&h.label, &label_rank, rank_of(&f, label_words, AN_COUNT(label_words)),
                    h.count);
        h.data = h.data || is_data(&f);
    }
    return h;
}

/* With two columns one known word is enough: the other column is the other thing. */
static void guess_other(heading *h, char mark)
{
    if (h->count != 2 || mark == ' ') return;
    if (h->path >= 0 && h->label < 0) h->label = 1 - h->path;
    if (h->label >= 0 && h->path < 0) h->path = 1 - h->label;
}

/* Looks for a heading of known words. BAD_FILE: it lacks a column of paths or of labels. */
static alexnet_status find_columns(alexnet_context *ctx, const an_source *source, char *record,
                                   columns *out)
{
    static const char marks[] = {',', '\t', ';', ' '};

    *out = (columns){0};
    for (size_t i = 0; i < AN_COUNT(marks); ++i) {
        heading h = look_at(record, marks[i]);
        if (h.data || h.count < 2) continue;
        guess_other(&h, marks[i]);
        if (h.path >= 0 && h.label >= 0) {
            *out = (columns){marks[i], h.path, h.label, h.count};
            return ALEXNET_OK;
        }
        if (marks[i] != ' ' && (h.path >= 0 || h.label >= 0))
            return an_fail(ctx, ALEXNET_BAD_FILE,
                           "%s: line 1: a heading without a column of %s: expected one called %s",
                           source->path, h.path < 0 ? "paths" : "labels",
                           h.path < 0 ? "path, file, filename or image"
                                      : "label, class, category or target");
    }
    return ALEXNET_OK;
}

/* Logs which columns are read, if there are others. */
static void tell_columns(alexnet_context *ctx, const an_source *source, char *record,
                         const columns *c)
{
    an_listing unused = {0};
    char name[80], paths[80] = "", labels[80] = "";
    int index = 0;

    for (char *at = record; at != NULL; ++index) {
        const field f = next_field(&at, c->mark);
        an_print(name, sizeof name, "%.*s", (int)AN_MIN(f.length, sizeof name - 1), f.text);
        if (index == c->path)
            memcpy(paths, name, sizeof paths);
        else if (index == c->label)
            memcpy(labels, name, sizeof labels);
        else
            an_listing_add(&unused, name);
    }
    if (unused.count > 0)
        an_log(ctx, ALEXNET_LOG_INFO,
               "%s: paths are read from column '%s', labels from '%s', not: %s", source->path,
               paths, labels, an_listing_text(&unused));
}

/* ---- labels first ---- */

static alexnet_status find_file(alexnet_context *ctx, const list *l, const char *path, bool *found)
{
    an_file_info info = {.kind = AN_FILE_ABSENT};
    char *whole = path[0] == '/' ? an_copy_text(ctx, path) : an_path_join(ctx, l->folder, path);

    if (whole == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", path);
    const alexnet_status status = an_file_stat(ctx, whole, &info);
    an_free(ctx, whole);
    *found = info.kind != AN_FILE_ABSENT;
    return status == ALEXNET_NO_MEMORY ? status : ALEXNET_OK; /* impossible paths do not exist */
}

/* The text before the first separator of a record, and the text after it. False: there is none. */
static bool halve(char *record, char **first, char **rest)
{
    char *line = trim(record);
    char *closing =
        line[0] == '"' ? find_closing(line + 1, line + strlen(line), PLAIN_MARKS) : NULL;
    char *at = closing != NULL ? closing + 1 : line;
    const size_t length = strcspn(at, ",\t;");

    at += at[length] != '\0' ? length : strcspn(at, " ");
    if (*at == '\0' || at == line) return false;
    *at = '\0';
    *first = unquote(line);
    *rest = unquote(at + 1);
    return (*first)[0] != '\0' && (*rest)[0] != '\0';
}

static alexnet_status is_image(alexnet_context *ctx, const list *l, const char *path, bool *out)
{
    *out = an_image_kind_of(path).name != NULL;
    return *out ? ALEXNET_OK : find_file(ctx, l, path, out);
}

/* Decides whether records have their label first: only the text after it is an image. */
static alexnet_status look_for_label(alexnet_context *ctx, list *l, const char *record)
{
    char *first, *rest, *copy = an_copy_text(ctx, record);
    bool image = false;
    alexnet_status status = ALEXNET_OK;

    if (copy == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "a line of a list");
    if (halve(copy, &first, &rest)) {
        status = is_image(ctx, l, first, &image);
        if (status == ALEXNET_OK && !image) status = is_image(ctx, l, rest, &l->label_first);
    }
    an_free(ctx, copy);
    return status;
}

/* If the text has no \n: lines that end with \r, as old Macintosh programs wrote them. */
static void end_lines(an_bytes *text)
{
    for (size_t i = 0; i < text->size; ++i)
        if (text->data[i] == '\r') text->data[i] = '\n';
}

static size_t count_lines(const an_bytes *text)
{
    size_t lines = 1;

    for (size_t i = 0; i < text->size; ++i)
        lines += text->data[i] == '\n';
    return lines;
}

/* Splits a record below a heading. False: too few or too many fields; *found is their number. */
static bool split_columns(char *record, const columns *c, entry *out, int *found)
{
    field path = {0}, label = {0};

    *found = 0;
    for (char *at = record; at != NULL; ++*found) {
        const field f = next_field(&at, c->mark);
        if (*found == c->path) path = f;
        if (*found == c->label) label = f;
    }
    /* "a,b.jpg,cat", written without the quotation marks it needs */
    if (*found != c->count && c->path == 0 && c->label == 1 && c->count == 2)
        return split_plain(record, out) &&
               (c->mark == ' ' || strchr(out->label, c->mark) == NULL || out->label[-1] == '"');
    if (*found > c->count || path.text == NULL || label.text == NULL) return false;
    out->path = take_field(&path);
    out->label = take_field(&label);
    return out->path[0] != '\0' && out->label[0] != '\0';
}

static alexnet_status split(alexnet_context *ctx, const an_source *source, char *record,
                            const columns *c, bool label_first, entry *out)
{
    int found = 0;
    bool whole;

    if (strlen(record) > RECORD_BYTES_MAX)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: line %jd: expected PATH LABEL, found a line of more than %d bytes",
                       source->path, (intmax_t)out->line, RECORD_BYTES_MAX);
    if (c->mark != 0)
        whole = split_columns(record, c, out, &found);
    else
        whole = label_first ? halve(record, &out->label, &out->path) : split_plain(record, out);
    if (whole && out->label[0] == '"' && strchr(out->label + 1, '"') == NULL)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: line %jd: a quotation mark without a closing one: '%s'", source->path,
                       (intmax_t)out->line, out->label);
    if (whole) return ALEXNET_OK;
    if (c->mark == 0 || found == c->count)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: line %jd: expected %s, found '%s'", source->path,
                       (intmax_t)out->line, c->mark == 0 ? "PATH LABEL" : "a path and a label",
                       record);
    return an_fail(ctx, ALEXNET_BAD_FILE,
                   "%s: line %jd: expected %d columns as in the heading, found %d", source->path,
                   (intmax_t)out->line, c->count, found);
}

static alexnet_status parse(alexnet_context *ctx, const an_source *source, list *l, columns *c)
{
    char *text = (char *)l->text.data;
    reader r = {.at = text, .end = text + l->text.size, .line = 1};
    char marks[] = PLAIN_MARKS;
    bool first = true;
    entry e;

    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) r.at += 3; /* a byte order mark, as Excel writes */
    for (char *record; (record = next_record(&r, marks, &e.line)) != NULL;) {
        if (record[strspn(record, " \t\r\n")] == '\0') continue;
        if (first && strlen(record) <= RECORD_BYTES_MAX)
            AN_TRY(find_columns(ctx, source, record, c));
        if (first && c->mark != 0) {
            tell_columns(ctx, source, record, c);
            if (c->mark != ' ') memcpy(marks, (const char[2]){c->mark, '\0'}, 2);
            first = false;
            continue;
        }
        first = false;
        if (c->mark == 0 && l->count < 2 && !l->label_first && strlen(record) <= RECORD_BYTES_MAX) {
            AN_TRY(look_for_label(ctx, l, record)); /* the first line may be a heading */
            if (l->label_first)
                an_log(ctx, ALEXNET_LOG_INFO,
                       "%s: line %jd: labels are read from the first column, paths from what "
                       "follows",
                       source->path, (intmax_t)e.line);
        }
        AN_TRY(split(ctx, source, record, c, l->label_first, &e));
        l->entries[l->count++] = e;
    }
    if (l->count == 0)
        return an_fail(ctx, ALEXNET_NOT_FOUND, "%s: expected lines PATH LABEL, found none",
                       source->path);
    return ALEXNET_OK;
}

/* ---- headings in unknown words ---- */

#define LOOKED_FOR 16 /* lines whose files are looked for */

/*
 * Removes the first line if its path is neither a file nor an image's name, while other lines name
 * files.
 */
static alexnet_status drop_heading(alexnet_context *ctx, const an_source *source, list *l)
{
    const entry first = l->entries[0];
    bool found;

    if (l->count < 2 || an_tree_is_image(first.path)) return ALEXNET_OK;
    AN_TRY(find_file(ctx, l, first.path, &found));
    if (found) return ALEXNET_OK;
    for (size_t i = 1; i < AN_MIN(l->count, LOOKED_FOR) && !found; ++i)
        AN_TRY(find_file(ctx, l, l->entries[i].path, &found));
    if (!found) return ALEXNET_OK;
    an_log(ctx, ALEXNET_LOG_INFO, "%s: line %jd, '%s' and '%s', is read as a heading", source->path,
           (intmax_t)first.line, first.path, first.label);
    memmove(l->entries, l->entries + 1, --l->count * sizeof *l->entries);
    return ALEXNET_OK;
}

/* ---- labels ---- */

/* "7", or "7.0", as some spreadsheets write it. */
static bool is_number(const char *label, int64_t *number)
{
    const size_t length = strlen(label);
    double real;

    if (an_parse_int(label, length, number)) return true;
    if (!an_parse_real(label, length, &real) || fabs(real) > 1e9 || real != floor(real))
        return false;
    *number = (int64_t)real;
    return true;
}

static bool all_are_numbers(const list *l)
{
    int64_t number;

    for (size_t i = 0; i < l->count; ++i) {
        if (!is_number(l->entries[i].label, &number)) return false;
    }
    return true;
}

/* Class 0 exists nevertheless, so that a number means the same class in every list. */
static void tell_first(alexnet_context *ctx, const an_source *source, int64_t first)
{
    if (first == 1)
        an_log(ctx, ALEXNET_LOG_INFO, "%s: labels begin at 1: class 0 has no images", source->path);
    else if (first > 1)
        an_log(ctx, ALEXNET_LOG_INFO, "%s: labels begin at %jd: classes 0 to %jd have no images",
               source->path, (intmax_t)first, (intmax_t)first - 1);
}

static alexnet_status take_numbers(alexnet_context *ctx, const list *l, an_source *source)
{
    int64_t classes = 0, first = CLASSES_MAX;

    for (size_t i = 0; i < l->count; ++i) {
        const entry *e = &l->entries[i];
        int64_t number;
        if (!is_number(e->label, &number) || number < 0 || number >= CLASSES_MAX)
            return an_fail(ctx, ALEXNET_BAD_FILE,
                           "%s: line %jd: expected a class from 0 to %d, found %s", source->path,
                           (intmax_t)e->line, CLASSES_MAX - 1, e->label);
        source->labels[i] = (int)number;
        classes = AN_MAX(classes, number + 1);
        first = AN_MIN(first, number);
    }
    tell_first(ctx, source, first);
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

static alexnet_status read_image(const an_source *source, alexnet_context *ctx, int64_t index,
                                 an_orientation orientation, an_source_buffer *buffer,
                                 an_image *image)
{
    const list *l = source->own;

    return an_source_read_file(ctx, l->folder, l->entries[index].path, orientation, buffer, image);
}

static uint64_t size_of(const an_source *source, int64_t index)
{
    const list *l = source->own;

    return an_source_file_bytes(source->ctx, l->folder, l->entries[index].path);
}

static void close_list(an_source *source)
{
    list *l = source->own;

    an_bytes_free(source->ctx, &l->text);
    an_free(source->ctx, l->folder);
    an_free(source->ctx, l->entries);
    an_free(source->ctx, l);
}

static const an_kind list_kind = {.name = "list",
                                  .names = AN_NAMES_BESIDE,
                                  .close = close_list,
                                  .name_of = name_of,
                                  .read = read_image,
                                  .size_of = size_of};

alexnet_status an_list_open(alexnet_context *ctx, an_part part, an_source *source)
{
    const size_t folder_length = (size_t)(an_path_base(source->path) - source->path);
    list *l = an_new_zeroed(ctx, sizeof *l);
    columns found = {0};

    source->kind = &list_kind;
    source->own = l;
    if (l == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", source->path);
    if (part == AN_PART_VAL || part == AN_PART_TEST) return an_source_no_part(ctx, source, part);
    AN_TRY(an_file_read(ctx, source->path, LIST_BYTES_MAX, &l->text));
    if (memchr(l->text.data, '\0', l->text.size) != NULL)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: expected text, found a zero byte", source->path);

    if (memchr(l->text.data, '\n', l->text.size) == NULL) end_lines(&l->text);
    const size_t lines = count_lines(&l->text);
    l->folder = an_format(ctx, "%.*s", (int)folder_length, source->path);
    l->entries = an_new_array(ctx, lines, sizeof *l->entries);
    source->labels = an_new_array(ctx, lines, sizeof *source->labels);
    if (l->folder == NULL || l->entries == NULL || source->labels == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for %zu lines", source->path, lines);
    AN_TRY(parse(ctx, source, l, &found));
    if (found.mark == 0) AN_TRY(drop_heading(ctx, source, l));
    source->count = (int64_t)l->count;
    return all_are_numbers(l) ? take_numbers(ctx, l, source) : take_names(ctx, l, source);
}
