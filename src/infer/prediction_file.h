/*
 * prediction_file.h: answers as files: predictions as CSV or JSON lines. Written whole or not at all.
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

#define AN_ANSWERS_TOP 5 /* predictions in a JSON line */

typedef struct an_prediction_file {
    an_writer *writer; /* NULL: closed */
    bool json, safe;
    const alexnet_model *model;
    const an_source *source;
} an_prediction_file;

/* safe: as an_write_csv(). BAD_ARG unless the path ends in .csv or .jsonl. Nothing is under `path` before the commit. */
alexnet_status an_prediction_file_open(const alexnet_model *model, const an_source *source,
                                   const char *path, bool safe, an_prediction_file *out) AN_NODISCARD;
alexnet_status an_prediction_file_add(an_prediction_file *file, const an_eval_result *answer) AN_NODISCARD;
alexnet_status
an_prediction_file_commit(an_prediction_file *file) AN_NODISCARD; /* closes it, whatever the outcome */
void an_prediction_file_abandon(an_prediction_file *file);        /* safe on a zeroed file */

/*
 * Text as a CSV field (RFC 4180), which reads back as the same bytes; safe: with ' before = + - @, by
 * which formulas begin. Text as a JSON string: control characters are escaped, those of U+007F to
 * U+009F too, and a byte that is not UTF-8 is "\udcXX", XX the byte, as Python's os.fsdecode() has it.
 */
alexnet_status an_write_csv(an_writer *writer, const char *text, bool safe) AN_NODISCARD;
alexnet_status an_write_json(an_writer *writer, const char *text) AN_NODISCARD;

#endif
