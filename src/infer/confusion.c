/*
 * confusion.c: writes the confusion matrix as CSV and as SVG.
 *
 * SPDX-License-Identifier: MIT
 */
#include "infer/confusion.h"

#include "base/status.h"
#include "base/text.h"
#include "infer/network.h"
#include "infer/prediction_file.h"
#include <string.h>

/* A matrix that is being written. */
typedef struct matrix {
    const alexnet_model *model;
    const int64_t *counts;
    int classes;
    an_writer *writer;
    bool safe;
} matrix;

static int64_t count_of(const matrix *m, int right, int predicted)
{
    return m->counts[(ptrdiff_t)right * m->classes + predicted];
}

/* ---- CSV ---- */

static alexnet_status write_csv(const matrix *m)
{
    char label[AN_LABEL_BYTES];

    AN_TRY(an_writer_format(m->writer, "label"));
    for (int c = 0; c < m->classes; ++c) {
        AN_TRY(an_writer_add(m->writer, ",", 1));
        AN_TRY(an_write_csv(m->writer, an_network_label(m->model, c, label), m->safe));
    }
    for (int r = 0; r < m->classes; ++r) {
        AN_TRY(an_writer_add(m->writer, "\n", 1));
        AN_TRY(an_write_csv(m->writer, an_network_label(m->model, r, label), m->safe));
        for (int c = 0; c < m->classes; ++c)
            AN_TRY(an_writer_format(m->writer, ",%lld", (long long)count_of(m, r, c)));
    }
    return an_writer_add(m->writer, "\n", 1);
}

/* ---- SVG ---- */

#define LABEL_CHARACTERS_MAX 24 /* of a name beside the matrix; titles show the whole name */
#define MARGIN               8

/* Sizes in pixels. */
typedef struct layout {
    int cell, font;
    int labels; /* space for names, left and above; 0: cells are too small for names */
    int side;   /* of the image */
} layout;

/* Writes at most `most` characters (-1: all) as XML 1.0, which forbids even escaped control
   characters. */
static alexnet_status write_xml(an_writer *writer, const char *text, int most)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
    static const char marks[] = "&<>\"";

    for (int i = 0; *text != '\0'; ++i) {
        const size_t length = an_utf8_length(text);
        const char *mark = strchr(marks, *text);
        const bool nothing = length == 3 && memcmp(text, "\xef\xbf\xbe", 2) == 0 &&
                             (unsigned char)text[2] >= 0xbe; /* U+FFFE, U+FFFF */
        if (i == most) return an_writer_add(writer, "\xe2\x80\xa6" /* ... */, 3);
        if (mark != NULL)
            AN_TRY(an_writer_format(writer, "%s", entities[mark - marks]));
        else if (length == 0 || (unsigned char)*text < ' ' || nothing)
            AN_TRY(an_writer_add(writer, "\xef\xbf\xbd" /* U+FFFD */, 3));
        else
            AN_TRY(an_writer_add(writer, text, length));
        text += length > 0 ? length : 1;
    }
    return ALEXNET_OK;
}

static int count_characters(const char *text)
{
    int count = 0;

    for (; *text != '\0'; ++text)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static layout make_layout(const matrix *m)
{
    char label[AN_LABEL_BYTES];
    layout l = {.cell = m->classes <= 12 ? 48 : m->classes <= 40 ? 28 : m->classes <= 120 ? 12 : 4};
    int longest = 0;

    l.font = AN_MIN(l.cell, 12);
    for (int c = 0; c < m->classes; ++c)
        longest = AN_MAX(longest, count_characters(an_network_label(m->model, c, label)));
    if (l.cell >= 12) l.labels = (AN_MIN(longest, LABEL_CHARACTERS_MAX) + 2) * l.font * 2 / 3;
    l.side = 2 * MARGIN + l.labels + m->classes * l.cell;
    return l;
}

/* The position of row or column i: its upper or left edge. */
static int place_of(const layout *l, int i) { return MARGIN + l->labels + i * l->cell; }

static alexnet_status write_labels(const matrix *m, const layout *l)
{
    char label[AN_LABEL_BYTES];

    for (int i = 0; i < m->classes && l->labels > 0; ++i) {
        const char *name = an_network_label(m->model, i, label);
        const int edge = MARGIN + l->labels - 4;
        const int middle = place_of(l, i) + l->cell / 2 + l->font / 3;
        AN_TRY(an_writer_format(m->writer, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", edge,
                                middle));
        AN_TRY(write_xml(m->writer, name, LABEL_CHARACTERS_MAX));
        AN_TRY(an_writer_format(
            m->writer, "</text>\n<text transform=\"translate(%d %d) rotate(-90)\">", middle, edge));
        AN_TRY(write_xml(m->writer, name, LABEL_CHARACTERS_MAX));
        AN_TRY(an_writer_format(m->writer, "</text>\n"));
    }
    return ALEXNET_OK;
}

static alexnet_status write_title(const matrix *m, int right, int predicted, int64_t total)
{
    char label[AN_LABEL_BYTES];

    AN_TRY(an_writer_format(m->writer, "<title>"));
    AN_TRY(write_xml(m->writer, an_network_label(m->model, right, label), -1));
    AN_TRY(an_writer_format(m->writer, ": %lld of %lld as ",
                            (long long)count_of(m, right, predicted), (long long)total));
    AN_TRY(write_xml(m->writer, an_network_label(m->model, predicted, label), -1));
    return an_writer_format(m->writer, "</title>");
}

static alexnet_status write_cell(const matrix *m, const layout *l, int right, int predicted,
                                 int64_t total)
{
    static const int light[3] = {222, 235, 247}, dark[3] = {8, 48, 107};
    const int64_t count = count_of(m, right, predicted);
    const double share = (double)count / (double)total;
    const int x = place_of(l, predicted), y = place_of(l, right);
    int colour[3];
    char number[24];

    for (int i = 0; i < 3; ++i)
        colour[i] = light[i] + (int)(share * (dark[i] - light[i]));
    AN_TRY(an_writer_format(m->writer,
                            "<rect class=\"cell\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
                            "fill=\"#%02x%02x%02x\">",
                            x, y, l->cell, l->cell, colour[0], colour[1], colour[2]));
    AN_TRY(write_title(m, right, predicted, total));
    AN_TRY(an_writer_format(m->writer, "</rect>\n"));
    const int digits = an_print(number, sizeof number, "%lld", (long long)count);
    if (l->cell < 28) return ALEXNET_OK;
    const int size = AN_MIN(l->font, 3 * l->cell / (2 * digits));
    return an_writer_format(m->writer,
                            "<text class=\"count\" x=\"%d\" y=\"%d\" text-anchor=\"middle\" "
                            "font-size=\"%d\" fill=\"%s\">%s</text>\n",
                            x + l->cell / 2, y + l->cell / 2 + size / 3, size,
                            share > 0.5 ? "#fff" : "#000", number);
}

static alexnet_status write_row(const matrix *m, const layout *l, int right)
{
    int64_t total = 0;

    for (int c = 0; c < m->classes; ++c)
        total += count_of(m, right, c);
    for (int c = 0; c < m->classes; ++c)
        if (count_of(m, right, c) > 0) AN_TRY(write_cell(m, l, right, c, total));
    return ALEXNET_OK;
}

static alexnet_status write_svg(const matrix *m)
{
    const layout l = make_layout(m);
    const int first = place_of(&l, 0), cells = m->classes * l.cell;

    AN_TRY(an_writer_format(
        m->writer,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
        "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"%d\">\n"
        "<title>Confusion matrix: rows are true classes, columns are predicted classes</title>\n"
        "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n"
        "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#f7fbff\"/>\n",
        l.side, l.side, l.side, l.side, l.font, l.side, l.side, first, first, cells, cells));
    AN_TRY(write_labels(m, &l));
    for (int r = 0; r < m->classes; ++r)
        AN_TRY(write_row(m, &l, r));
    return an_writer_format(m->writer, "</svg>\n");
}

/* ---- the file ---- */

alexnet_status an_confusion_open(alexnet_context *ctx, const char *path, bool safe,
                                 an_confusion_file *out)
{
    *out = (an_confusion_file){.svg = an_path_has_extension(path, "svg"), .safe = safe};
    if (!out->svg && !an_path_has_extension(path, "csv"))
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "confusion matrix '%s': expected a name that ends in .csv or .svg", path);
    return an_writer_open(ctx, path, &out->writer);
}

alexnet_status an_confusion_commit(an_confusion_file *file, const alexnet_model *model,
                                   const int64_t *counts)
{
    const matrix m = {model, counts, model->options.classes, file->writer, file->safe};
    const alexnet_status status = file->svg ? write_svg(&m) : write_csv(&m);

    if (status != ALEXNET_OK) {
        an_confusion_abandon(file);
        return status;
    }
    file->writer = NULL;
    return an_writer_commit(m.writer);
}

void an_confusion_abandon(an_confusion_file *file)
{
    an_writer_abandon(file->writer);
    file->writer = NULL;
}
