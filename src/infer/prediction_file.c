/*
 * prediction_file.c: writes predictions as CSV and as JSON lines.
 *
 * SPDX-License-Identifier: MIT
 */
#include "infer/prediction_file.h"

#include "base/status.h"
#include "base/text.h"
#include "infer/metrics.h"
#include <string.h>

#define NAME_BYTES 4096 /* of an image's name */

/* ---- text ---- */

alexnet_status an_write_csv(an_writer *writer, const char *text, bool safe)
{
    const bool formula = safe && *text != '\0' && strchr("=+-@", *text) != NULL;

    if (formula && strpbrk(text, ",\"\r\n") == NULL) AN_TRY(an_writer_add(writer, "'", 1));
    if (strpbrk(text, ",\"\r\n") == NULL) return an_writer_add(writer, text, strlen(text));
    AN_TRY(an_writer_format(writer, "\"%s", formula ? "'" : ""));
    for (const char *c = text; *c != '\0'; ++c)
        AN_TRY(*c == '"' ? an_writer_add(writer, "\"\"", 2) : an_writer_add(writer, c, 1));
    return an_writer_add(writer, "\"", 1);
}

alexnet_status an_write_json(an_writer *writer, const char *text)
{
    AN_TRY(an_writer_add(writer, "\"", 1));
    while (*text != '\0') {
        const size_t length = an_utf8_length(text);
        const unsigned first = (unsigned char)text[0], second = (unsigned char)text[1];
        if (length == 0)
            AN_TRY(an_writer_format(writer, "\\udc%02x", first));
        else if (first < ' ' || first == 0x7f)
            AN_TRY(an_writer_format(writer, "\\u%04x", first));
        else if (first == 0xc2 && second < 0xa0)
            AN_TRY(an_writer_format(writer, "\\u%04x", second));
        else if (*text == '"' || *text == '\\')
            AN_TRY(an_writer_format(writer, "\\%c", *text));
        else
            AN_TRY(an_writer_add(writer, text, length));
        text += length > 0 ? length : 1;
    }
    return an_writer_add(writer, "\"", 1);
}

/* ---- predictions ---- */

alexnet_status an_prediction_file_open(const alexnet_model *model, const an_source *source,
                                       const char *path, bool safe, an_prediction_file *out)
{
    static const char heading[] = "image,label,predicted,probability,correct\n";

    *out = (an_prediction_file){.model = model,
                                .source = source,
                                .json = an_path_has_extension(path, "jsonl"),
                                .safe = safe};
    if (!out->json && !an_path_has_extension(path, "csv"))
        return an_fail(model->ctx, ALEXNET_BAD_ARG,
                       "predictions '%s': expected a name that ends in .csv or .jsonl", path);
    AN_TRY(an_writer_open(model->ctx, path, &out->writer));
    if (out->json) return ALEXNET_OK;
    const alexnet_status status = an_writer_add(out->writer, heading, sizeof heading - 1);
    if (status != ALEXNET_OK) an_prediction_file_abandon(out);
    return status;
}

static alexnet_status add_csv(an_prediction_file *file, const an_eval_result *result,
                              const char *image)
{
    char label[AN_LABEL_BYTES];
    int best;

    an_best_classes(result->probs, file->model->options.classes, 1, &best);
    AN_TRY(an_write_csv(file->writer, image, file->safe));
    AN_TRY(an_writer_add(file->writer, ",", 1));
    AN_TRY(an_write_csv(file->writer, an_network_label(file->model, result->label, label),
                        file->safe));
    AN_TRY(an_writer_add(file->writer, ",", 1));
    AN_TRY(an_write_csv(file->writer, an_network_label(file->model, best, label), file->safe));
    return an_writer_format(file->writer, ",%.6g,%d\n", (double)result->probs[best],
                            result->rank == 0);
}

static alexnet_status add_json(an_prediction_file *file, const an_eval_result *result,
                               const char *image)
{
    const int count = AN_MIN(file->model->options.classes, AN_PREDICTIONS_TOP);
    char label[AN_LABEL_BYTES];
    int best[AN_PREDICTIONS_TOP];

    an_best_classes(result->probs, file->model->options.classes, count, best);
    AN_TRY(an_writer_format(file->writer, "{\"image\":"));
    AN_TRY(an_write_json(file->writer, image));
    AN_TRY(an_writer_format(file->writer, ",\"label\":"));
    AN_TRY(an_write_json(file->writer, an_network_label(file->model, result->label, label)));
    AN_TRY(an_writer_format(file->writer, ",\"predictions\":["));
    for (int i = 0; i < count; ++i) {
        AN_TRY(an_writer_format(file->writer, "%s{\"index\":%d,\"label\":", i > 0 ? "," : "",
                                best[i]));
        AN_TRY(an_write_json(file->writer, an_network_label(file->model, best[i], label)));
        AN_TRY(an_writer_format(file->writer, ",\"probability\":%.6g}",
                                (double)result->probs[best[i]]));
    }
    return an_writer_format(file->writer, "]}\n");
}

alexnet_status an_prediction_file_add(an_prediction_file *file, const an_eval_result *result)
{
    char image[NAME_BYTES];

    an_source_name(file->source, result->index, image, sizeof image);
    return file->json ? add_json(file, result, image) : add_csv(file, result, image);
}

alexnet_status an_prediction_file_commit(an_prediction_file *file)
{
    an_writer *writer = file->writer;

    file->writer = NULL;
    return an_writer_commit(writer);
}

void an_prediction_file_abandon(an_prediction_file *file)
{
    an_writer_abandon(file->writer);
    file->writer = NULL;
}
