/*
 * tally.c: counts by kind the files that a data set passes over.
 * SPDX-License-Identifier: MIT
 */
#include "data/tally.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/tree.h"
#include "image/image.h"
#include <string.h>

#define KINDS_MAX     64 /* further extensions count as one kind */
#define EXTENSION_MAX 12 /* characters; a longer one is no extension */
#define OTHER         "of other kinds"

/* ---- counting ---- */

static an_tally_row *find(const an_tally *tally, const char *name, bool unread)
{
    for (size_t i = 0; i < tally->count; ++i) {
        if (tally->rows[i].unread == unread && strcmp(tally->rows[i].name, name) == 0)
            return &tally->rows[i];
    }
    return NULL;
}

static alexnet_status add(alexnet_context *ctx, an_tally *tally, const char *name, bool unread,
                          int64_t files)
{
    an_tally_row *row = find(tally, name, unread);

    if (row == NULL && tally->count >= KINDS_MAX && name[0] == '.') {
        name = OTHER;
        row = find(tally, name, unread);
    }
    if (row == NULL && tally->count == tally->capacity) {
        const size_t larger = tally->capacity + 16;
        an_tally_row *rows =
            an_grow(ctx, tally->rows, tally->capacity * sizeof *rows, larger * sizeof *rows);
        if (rows == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "no memory for kinds of files");
        tally->rows = rows;
        tally->capacity = larger;
    }
    if (row == NULL) {
        row = &tally->rows[tally->count++];
        *row = (an_tally_row){.unread = unread};
        an_print(row->name, sizeof row->name, "%s", name);
    }
    row->files += files;
    return ALEXNET_OK;
}

/* The extension in lower case: ".txt" of "a/b.TXT". False: there is none. */
static bool extension_of(const char *path, char out[AN_TALLY_NAME])
{
    const char *base = an_path_base(path);
    const char *dot = strrchr(base, '.');
    size_t length = 0;

    if (dot == NULL || dot == base) return false;
    out[length] = '.';
    for (const char *c = dot + 1; *c != '\0'; ++c) {
        const bool upper = *c >= 'A' && *c <= 'Z';
        const bool plain = upper || (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
        if (!plain || ++length > EXTENSION_MAX) return false;
        out[length] = upper ? (char)(*c - 'A' + 'a') : *c;
    }
    out[length + 1] = '\0';
    return length > 0;
}

alexnet_status an_tally_add(alexnet_context *ctx, an_tally *tally, const char *path)
{
    const an_image_kind kind = an_image_kind_of(path);
    char extension[AN_TALLY_NAME];

    if (an_tree_is_hidden(path)) return add(ctx, tally, "hidden", false, 1);
    if (kind.read) return add(ctx, tally, "in no class folder", false, 1);
    if (kind.name != NULL) return add(ctx, tally, kind.name, true, 1);
    if (extension_of(path, extension)) return add(ctx, tally, extension, false, 1);
    return add(ctx, tally, "without extension", false, 1);
}

alexnet_status an_tally_add_kind(alexnet_context *ctx, an_tally *tally, const char *name,
                                 int64_t files)
{
    return files > 0 ? add(ctx, tally, name, false, files) : ALEXNET_OK;
}

alexnet_status an_tally_merge(alexnet_context *ctx, an_tally *tally, const an_tally *from)
{
    for (size_t i = 0; i < from->count; ++i)
        AN_TRY(add(ctx, tally, from->rows[i].name, from->rows[i].unread, from->rows[i].files));
    return ALEXNET_OK;
}

/* ---- printing ---- */

int64_t an_tally_files(const an_tally *tally, bool unread)
{
    int64_t files = 0;

    for (size_t i = 0; i < tally->count; ++i) {
        if (tally->rows[i].unread == unread) files += tally->rows[i].files;
    }
    return files;
}

/* The row after `last`, by falling number of files, then by row; NULL: none. */
static const an_tally_row *next_row(const an_tally *tally, bool unread, const an_tally_row *last)
{
    const an_tally_row *best = NULL;

    for (size_t i = 0; i < tally->count; ++i) {
        const an_tally_row *row = &tally->rows[i];
        const bool later =
            last == NULL || row->files < last->files || (row->files == last->files && row > last);
        if (row->unread == unread && later && (best == NULL || row->files > best->files))
            best = row;
    }
    return best;
}

void an_tally_print(const an_tally *tally, bool unread, char *buffer, size_t bytes)
{
    const an_tally_row *row = NULL;
    size_t used = 0;

    buffer[0] = '\0';
    while ((row = next_row(tally, unread, row)) != NULL && used < bytes)
        used += (size_t)an_print(buffer + used, bytes - used, "%s%jd %s", used > 0 ? ", " : "",
                                 (intmax_t)row->files, row->name);
}

void an_tally_explain(const an_tally *tally, char buffer[AN_TALLY_TEXT])
{
    char unread[AN_TALLY_TEXT / 4], others[AN_TALLY_TEXT / 4];

    an_tally_print(tally, true, unread, sizeof unread);
    an_tally_print(tally, false, others, sizeof others);
    buffer[0] = '\0';
    if (unread[0] != '\0')
        an_print(buffer, AN_TALLY_TEXT, "; passed over: %s%s%s; " AN_IMAGE_WAY_ON, unread,
                 others[0] != '\0' ? ", " : "", others);
    else if (others[0] != '\0')
        an_print(buffer, AN_TALLY_TEXT, "; passed over: %s", others);
}

void an_tally_free(alexnet_context *ctx, an_tally *tally)
{
    an_free(ctx, tally->rows);
    *tally = (an_tally){0};
}
