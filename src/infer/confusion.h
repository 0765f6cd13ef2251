/*
 * confusion.h: the confusion matrix as a CSV or SVG file. Written whole or not at all.
 *
 *     label,cat,dog            rows are true classes, columns are predicted classes
 *     cat,48,2
 *
 * The SVG has the same rows and columns. The larger a cell's share of its row, the darker it is;
 * its title shows the names and the counts. Empty cells are left out, so that 1000 classes do not
 * produce a million SVG elements.
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

/* safe: as in an_write_csv(). BAD_ARG unless the path ends in .csv or .svg. The file does not
   appear under `path` before the commit. */
alexnet_status an_confusion_open(alexnet_context *ctx, const char *path, bool safe,
                                 an_confusion_file *out) AN_NODISCARD;

/* counts [classes][classes]: true class, predicted class. Closes the file, even on failure. */
alexnet_status an_confusion_commit(an_confusion_file *file, const alexnet_model *model,
                                   const int64_t *counts) AN_NODISCARD;
void an_confusion_abandon(an_confusion_file *file); /* safe on a zeroed file */

#endif
