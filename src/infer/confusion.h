/*
 * confusion.h: the confusion matrix as a file, CSV or an image: which class was taken for which.
 * Written whole or not at all.
 *
 *     label,cat,dog            a row for the right class, a column for the answer given
 *     cat,48,2
 *
 * The image (SVG) has the same rows and columns: a cell is the darker the larger its share of the
 * row, and says its names and counts where a viewer shows titles. Cells of no image are left out,
 * so that a thousand classes make no million of elements.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_CONFUSION_H
#define AN_INFER_CONFUSION_H

#include "base/file.h"
#include "core/model.h"

typedef struct an_confusion_file {
    an_writer *writer; /* NULL: closed */
    bool svg, safe;
} an_confusion_file;

/* safe: as an_write_csv(). BAD_ARG unless the path ends in .csv or .svg. Nothing is under `path` before the commit. */
alexnet_status an_confusion_open(alexnet_context *ctx, const char *path, bool safe,
                                 an_confusion_file *out) AN_NODISCARD;

/* counts [classes][classes]: right class, answer. Closes the file, whatever the outcome. */
alexnet_status an_confusion_commit(an_confusion_file *file, const alexnet_model *model,
                                   const int64_t *counts) AN_NODISCARD;
void an_confusion_abandon(an_confusion_file *file); /* safe on a zeroed file */

#endif
