/*
 * partial.h: a weights file to start from, which may hold a part of a network only: the convolutions
 * alone, all but the last layer, the last layer of other classes.
 *
 * Whoever shows images to a network reads its weights by weights.h, which wants them whole. Here a
 * tensor that is missing or of another shape leaves its parameter as it is, one that the network does
 * not have is left out, and both are told.
 *
 * Words before a tensor's name are passed over as in weights.h.
 *
 * The last layer goes by the names of classes: where both the file and the model have names, each
 * class gets the row of the class of its name, and new ones keep theirs. Where neither has, the
 * numbers of classes must agree. Where one has, nobody can say which row is whose: it stays as it is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_PARTIAL_H
#define AN_FORMATS_PARTIAL_H

#include "core/model.h"
#include "formats/safetensors.h"

/* An open file. Zeroed: closed. */
typedef struct an_partial {
    char *path;
    an_tensor_file file;
    const char **names;      /* of file.tensors, without those words */
    const an_family *family; /* that its metadata name; NULL: none, or one that is not known */
    alexnet_model_options options; /* of its metadata; without a family all is left to the family */
    const char **classes;          /* class_count names, in the order of the rows; NULL: unnamed */
    int class_count;
    struct json_t *class_list; /* owns the names */
    const char *preprocess;    /* the record, which parses; NULL: none */
} an_partial;

/* As an_safetensors_open(); BAD_FILE also when the metadata or the record are none, or when two tensors
 * have one name. On failure *out is zeroed. */
alexnet_status an_partial_open(alexnet_context *ctx, const char *path,
                               an_partial *out) AN_NODISCARD;
/* From bytes that outlive *out: fuzzing. */
alexnet_status an_partial_parse(alexnet_context *ctx, const char *what, const void *data,
                                size_t bytes, an_partial *out) AN_NODISCARD;
void an_partial_close(alexnet_context *ctx, an_partial *partial); /* safe on a zeroed one */

/* The tensor of that name, words before it not counted; NULL: none. */
const an_tensor_view *an_partial_find(const an_partial *partial, const char *name);

/* The family of the metadata, else the one that most tensors fit; of several the first in the table,
 * where torchvision leads. BAD_FILE: none fits any. */
alexnet_status an_partial_family(alexnet_context *ctx, const an_partial *partial,
                                 const an_family **out) AN_NODISCARD;

/*
 * Copies what fits into a model that has its first values and its classes' names, and says in the
 * log what was loaded, what starts afresh and why, and what of the file is not used.
 *   fresh  [params.count] those that keep all of their values; may be NULL
 * BAD_FILE: nothing at all fits, or a value is not finite. On failure the values are unspecified.
 */
alexnet_status an_partial_read(const an_partial *partial, alexnet_model *model,
                               bool *fresh) AN_NODISCARD;

/* Gives the model the file's preprocessing record and mean image, unless they are for images of
 * another size, which the log says. */
alexnet_status an_partial_take_record(const an_partial *partial, alexnet_model *model) AN_NODISCARD;

#endif
