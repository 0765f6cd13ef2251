/*
 * prototxt.c: the text format of protocol buffers.
 * SPDX-License-Identifier: MIT
 */
#include "formats/caffe/prototxt.h"

#include "base/file.h"
#include "base/status.h"
#include "base/text.h"
#include <string.h>

#define KEYS "alexnet." /* what a comment begins with that is a field */

/* The text that is being parsed. */
typedef struct parser {
    alexnet_context *ctx;
    const char *path;
    an_store *store;
    const char *at, *end;
    int line, fields;
    an_prototxt *root;
    an_prototxt **comments; /* where the next field of a comment goes */
    an_prototxt *noted;     /* the fields of comments */
} parser;

static alexnet_status fail_here(const parser *p, const char *fact)
{
    return an_fail(p->ctx, ALEXNET_BAD_FILE, "%s: line %d: %s", p->path, p->line, fact);
}

static alexnet_status fail_memory(const parser *p)
{
    return an_fail(p->ctx, ALEXNET_NO_MEMORY, "%s: line %d", p->path, p->line);
}

static alexnet_status new_field(parser *p, const char *name, size_t length, an_prototxt **out)
{
    if (++p->fields > AN_PROTOTXT_FIELDS_MAX) return fail_here(p, "more than 50000 fields");
    *out = an_store_new(p->ctx, p->store, sizeof **out);
    if (*out == NULL) return fail_memory(p);
    (*out)->name = an_store_text(p->ctx, p->store, name, length);
    return (*out)->name != NULL ? ALEXNET_OK : fail_memory(p);
}

/* ---- between the words ---- */

/* `alexnet.KEY: VALUE` in a comment of `length` bytes. */
static alexnet_status note_comment(parser *p, const char *text, size_t length)
{
    an_prototxt *field;

    while (length > 0 && (*text == '#' || *text == ' ')) {
        ++text;
        --length;
    }
    const char *colon = memchr(text, ':', length);
    if (length < strlen(KEYS) || memcmp(text, KEYS, strlen(KEYS)) != 0 || colon == NULL)
        return ALEXNET_OK;
    const char *value = colon + 1, *end = text + length;
    while (value < end && *value == ' ')
        ++value;
    while (end > value && (end[-1] == '\r' || end[-1] == ' '))
        --end;
    AN_TRY(new_field(p, text, (size_t)(colon - text), &field));
    field->text = an_store_text(p->ctx, p->store, value, (size_t)(end - value));
    if (field->text == NULL) return fail_memory(p);
    *p->comments = field;
    p->comments = &field->next;
    return ALEXNET_OK;
}

static alexnet_status skip_space(parser *p)
{
    for (; p->at < p->end; ++p->at) {
        if (*p->at == '#') {
            const char *end = memchr(p->at, '\n', (size_t)(p->end - p->at));
            if (end == NULL) end = p->end;
            AN_TRY(note_comment(p, p->at, (size_t)(end - p->at)));
            p->at = end;
            if (p->at == p->end) break;
        }
        if (*p->at == '\n') ++p->line;
        if (strchr(" \t\r\n\f\v", *p->at) == NULL || *p->at == '\0') break;
    }
    return ALEXNET_OK;
}

static bool is_here(const parser *p, char c) { return p->at < p->end && *p->at == c; }

/* Passes over the character and the space after it, if it is here. */
static alexnet_status skip_if(parser *p, char c, bool *skipped)
{
    *skipped = is_here(p, c);
    if (!*skipped) return ALEXNET_OK;
    ++p->at;
    return skip_space(p);
}

/* ---- words ---- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '+';
}

static size_t word_length(const parser *p)
{
    size_t length = 0;

    while (p->at + length < p->end && is_word(p->at[length]))
        ++length;
    return length;
}

static bool is_octal(const parser *p) { return p->at < p->end && *p->at >= '0' && *p->at <= '7'; }

static int hex_value(char c)
{
    const char *digits = "0123456789abcdef", *found;
    const char lower = c >= 'A' && c <= 'F' ? (char)(c + ('a' - 'A')) : c;

    found = lower != '\0' ? strchr(digits, lower) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* The character of an escape, whose backslash was passed over. */
static alexnet_status read_escape(parser *p, char *out)
{
    static const char names[] = "abfnrtv", values[] = "\a\b\f\n\r\t\v";
    int value = 0;

    if (p->at == p->end) return fail_here(p, "a text does not end");
    if (is_octal(p)) {
        for (int i = 0; i < 3 && is_octal(p); ++i)
            value = value * 8 + (*p->at++ - '0');
    } else if (*p->at == 'x') {
        ++p->at;
        for (int i = 0; i < 2 && p->at < p->end && hex_value(*p->at) >= 0; ++i)
            value = value * 16 + hex_value(*p->at++);
    } else {
        const char *found = *p->at != '\0' ? strchr(names, *p->at) : NULL;
        value = found != NULL ? values[found - names] : *p->at;
        ++p->at;
    }
    if ((value & 0xff) == 0) return fail_here(p, "a text has a zero byte");
    *out = (char)value;
    return ALEXNET_OK;
}

/* One quoted text, appended to out[*length], which has `room` bytes. */
static alexnet_status read_quoted(parser *p, char *out, size_t room, size_t *length)
{
    const char quote = *p->at++;

    while (!is_here(p, quote)) {
        if (p->at == p->end || *p->at == '\n' || *p->at == '\0')
            return fail_here(p, "a text does not end on its line");
        if (*length == room) return fail_here(p, "there is a comment between parts of a text");
        if (*p->at == '\\') {
            ++p->at;
            AN_TRY(read_escape(p, &out[(*length)++]));
        } else {
            out[(*length)++] = *p->at++;
        }
    }
    ++p->at;
    return skip_space(p);
}

/* The bytes of the quoted texts that follow each other here, at most. */
static size_t quoted_room(const parser *p)
{
    const char *at = p->at;
    bool inside = false;
    char quote = 0;

    for (; at < p->end && (inside || strchr(" \t\r\n\"'", *at) != NULL) && *at != '\0'; ++at) {
        if (inside && *at == '\\' && at + 1 < p->end)
            ++at;
        else if (inside && *at == quote)
            inside = false;
        else if (!inside && (*at == '"' || *at == '\'')) {
            inside = true;
            quote = *at;
        } else if (inside && *at == '\n')
            break;
    }
    return (size_t)(at - p->at);
}

static alexnet_status read_scalar(parser *p, const char **out)
{
    const size_t length = word_length(p);
    size_t used = 0;

    if (is_here(p, '"') || is_here(p, '\'')) {
        const size_t room = quoted_room(p);
        char *text = an_store_new(p->ctx, p->store, room + 1);
        if (text == NULL) return fail_memory(p);
        while (is_here(p, '"') || is_here(p, '\''))
            AN_TRY(read_quoted(p, text, room, &used));
        *out = text;
        return ALEXNET_OK;
    }
    if (length == 0) return fail_here(p, "expected a value");
    *out = an_store_text(p->ctx, p->store, p->at, length);
    if (*out == NULL) return fail_memory(p);
    p->at += length;
    return skip_space(p);
}

/* ---- fields ---- */

/* A message that is being read. */
typedef struct level {
    an_prototxt *message, *last;
    char end; /* '}' or '>'; 0: that of the file */
} level;

static void append(level *l, an_prototxt *field)
{
    if (l->last == NULL)
        l->message->first = field;
    else
        l->last->next = field;
    l->last = field;
}

/* The values between '[' and ']', a field for each. */
static alexnet_status read_list(parser *p, level *l, an_prototxt *field)
{
    bool again = true, skipped;

    while (again) {
        AN_TRY(read_scalar(p, &field->text));
        append(l, field);
        AN_TRY(skip_if(p, ',', &again));
        if (again) AN_TRY(new_field(p, field->name, strlen(field->name), &field));
    }
    AN_TRY(skip_if(p, ']', &skipped));
    return skipped ? ALEXNET_OK : fail_here(p, "a list does not end with ']'");
}

/* A field of the innermost message; one that is a message becomes the innermost. */
static alexnet_status read_field(parser *p, level *levels, int *depth)
{
    level *l = &levels[*depth];
    const size_t length = word_length(p);
    bool colon, skipped;
    an_prototxt *field;

    if (length == 0) return fail_here(p, "expected the name of a field");
    AN_TRY(new_field(p, p->at, length, &field));
    p->at += length;
    AN_TRY(skip_space(p));
    AN_TRY(skip_if(p, ':', &colon));
    const char end = is_here(p, '{') ? '}' : is_here(p, '<') ? '>' : '\0';
    if (end != '\0') {
        append(l, field);
        if (++*depth > AN_PROTOTXT_DEPTH_MAX)
            return fail_here(p, "messages are nested more than 32 deep");
        levels[*depth] = (level){.message = field, .end = end};
        ++p->at;
        return skip_space(p);
    }
    if (!colon) return fail_here(p, "expected ':' or '{' after the name of a field");
    AN_TRY(skip_if(p, '[', &skipped));
    if (skipped) {
        AN_TRY(skip_if(p, ']', &skipped)); /* an empty list is no field */
        if (skipped) return ALEXNET_OK;
        return read_list(p, l, field);
    }
    AN_TRY(read_scalar(p, &field->text));
    append(l, field);
    return ALEXNET_OK;
}

static alexnet_status read_all(parser *p)
{
    level levels[AN_PROTOTXT_DEPTH_MAX + 1] = {{.message = p->root}};
    int depth = 0;
    bool skipped;

    AN_TRY(skip_space(p));
    while (p->at < p->end) {
        if (depth > 0 && is_here(p, levels[depth].end)) {
            --depth;
            ++p->at;
            AN_TRY(skip_space(p));
        } else {
            AN_TRY(read_field(p, levels, &depth));
        }
        AN_TRY(skip_if(p, ',', &skipped));
        if (!skipped) AN_TRY(skip_if(p, ';', &skipped));
    }
    if (depth > 0) return fail_here(p, "a message does not end");
    *p->comments = p->root->first; /* the fields of comments come first */
    p->root->first = p->noted;
    return ALEXNET_OK;
}

alexnet_status an_prototxt_parse(alexnet_context *ctx, const char *path, const char *text,
                                 size_t bytes, an_store *store, const an_prototxt **out)
{
    parser p = {
        .ctx = ctx, .path = path, .store = store, .at = text, .end = text + bytes, .line = 1};

    *out = NULL;
    p.comments = &p.noted;
    AN_TRY(new_field(&p, "", 0, &p.root));
    AN_TRY(read_all(&p));
    *out = p.root;
    return ALEXNET_OK;
}

alexnet_status an_prototxt_read(alexnet_context *ctx, const char *path, an_store *store,
                                const an_prototxt **out)
{
    an_bytes text;

    *out = NULL;
    AN_TRY(an_file_read(ctx, path, AN_PROTOTXT_BYTES_MAX, &text));
    const alexnet_status status =
        an_prototxt_parse(ctx, path, (const char *)text.data, text.size, store, out);
    an_bytes_free(ctx, &text);
    return status;
}

/* ---- values ---- */

const an_prototxt *an_prototxt_find(const an_prototxt *message, const char *name,
                                    const an_prototxt *after)
{
    const an_prototxt *field = after != NULL     ? after->next
                               : message != NULL ? message->first
                                                 : NULL;

    while (field != NULL && strcmp(field->name, name) != 0)
        field = field->next;
    return field;
}

const char *an_prototxt_text(const an_prototxt *message, const char *name, const char *fallback)
{
    const an_prototxt *field = an_prototxt_find(message, name, NULL);

    return field != NULL && field->text != NULL ? field->text : fallback;
}

double an_prototxt_real(const an_prototxt *message, const char *name, double fallback)
{
    const char *text = an_prototxt_text(message, name, NULL);
    size_t length = text != NULL ? strlen(text) : 0;
    double value;

    /* "1.0f" is allowed */
    if (length > 1 && (text[length - 1] == 'f' || text[length - 1] == 'F')) --length;
    return length > 0 && an_parse_real(text, length, &value) ? value : fallback;
}

int an_prototxt_int(const an_prototxt *message, const char *name, int fallback)
{
    const char *text = an_prototxt_text(message, name, NULL);
    int64_t value;

    return text != NULL && an_parse_int(text, strlen(text), &value) && value >= 0 &&
                   value <= 1 << 24
               ? (int)value
               : fallback;
}

bool an_prototxt_bool(const an_prototxt *message, const char *name, bool fallback)
{
    const char *text = an_prototxt_text(message, name, NULL);

    if (text == NULL) return fallback;
    return strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || strcmp(text, "t") == 0;
}
