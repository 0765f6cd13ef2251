/*
 * prediction_file.h: predictions as a CSV file or as JSON lines. Written whole or not at all.
 *
 *     image,label,predicted,probability,correct
 *     photos/val/cat/7.jpg,cat,dog,0.61,0
 *
 *     {"image":"photos/val/cat/7.jpg","label":"cat","predictions":[
 *        {"index":1,"label":"dog","probability":0.61},...]}                         on one line
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_PREDICTION_FILE_H
#define AN_INFER_PREDICTION_FILE_H

#include "base/file.h"
#include "infer/eval_run.h"

#define AN_PREDICTIONS_TOP 5 /* predictions in a JSON line */

typedef struct an_prediction_file {
    an_writer *writer; /* NULL: closed */
    bool json, safe;
    const alexnet_model *model;
    const an_source *source;
} an_prediction_file;

/* safe: as in an_write_csv(). BAD_ARG unless the path ends in .csv or .jsonl. The file does not
   appear under `path` before the commit. */
alexnet_status an_prediction_file_open(const alexnet_model *model, const an_source *source,
                                       const char *path, bool safe,
                                       an_prediction_file *out) AN_NODISCARD;
alexnet_status an_prediction_file_add(an_prediction_file *file,
                                      const an_eval_result *result) AN_NODISCARD;
/* Closes the file, even on failure. */
alexnet_status an_prediction_file_commit(an_prediction_file *file) AN_NODISCARD;
void an_prediction_file_abandon(an_prediction_file *file); /* safe on a zeroed file */

/*
 * an_write_csv() writes text as a CSV field (RFC 4180), which reads back as the same bytes; safe:
 * puts ' before a leading = + - @, which begins a formula. an_write_json() writes a JSON string:
 * control characters are escaped, including U+007F to U+009F, and a byte XX that is not UTF-8
 * becomes "\udcXX", as in Python's os.fsdecode().
 */
alexnet_status an_write_csv(an_writer *writer, const char *text, bool safe) AN_NODISCARD;
alexnet_status an_write_json(an_writer *writer, const char *text) AN_NODISCARD;

#endif
