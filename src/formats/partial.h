/*
 * partial.h: a weights file to start from, which may hold only a part of a network: the
 * convolutions alone, all layers but the last, a last layer for other classes.
 *
 * Elsewhere weights.h reads the weights, and requires them to be complete. Here a tensor that is
 * missing or has another shape leaves its parameter as it is, and a tensor that the network does
 * not have is ignored; the log names both.
 *
 * Prefixes of tensor names are ignored as in weights.h.
 *
 * The rows of the last layer are matched by class name: if both the file and the model have names,
 * each class gets the row of the same name, and new classes keep their values. If neither has
 * names, the numbers of classes must agree. If only one has, the rows cannot be matched: the layer
 * keeps its values, unless the caller says that equally many classes are in the same order.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_PARTIAL_H
#define AN_FORMATS_PARTIAL_H

#include "base/file.h"
#include "core/model.h"
#include "formats/caffe/solverstate.h"
#include "formats/safetensors.h"

/* An open file. Zeroed: closed. */
typedef struct an_partial {
    char *path;
    an_tensor_file file;
    const char **names;            /* of file.tensors, without prefixes */
    const an_family *family;       /* that the metadata name; NULL: none, or an unknown one */
    alexnet_model_options options; /* from the metadata; defaults if there is no family */
    const char **classes;          /* class_count names, in the order of the rows; NULL: unnamed */
    int class_count;
    struct json_t *class_list; /* owns the names, or: */
    an_names names_beside;     /* of the list beside the file */
    const char *preprocess;    /* the record, which parses; NULL: none */
    bool by_order;             /* classes are matched by their order if the file does not name them;
                                  set after opening */
    an_caffe_solverstate solver; /* whose momentum the values are; zeroed: none */
} an_partial;

/* As an_weights_open(); BAD_FILE also if the metadata or the record do not parse, or if two
   tensors have the same name. On failure *out is zeroed. */
alexnet_status an_partial_open(alexnet_context *ctx, const char *path,
                               an_partial *out) AN_NODISCARD;
/*
 * The same for a `.caffemodel`, but the values of each tensor are Caffe's momentum h of it
 * (caffe/solverstate.h), and messages about them name the solver state. Statistics have none: their
 * values mean nothing. BAD_FILE also: the weights are of another format, or the state of another
 * network. UNSUPPORTED: a state of another solver than SGD.
 */
alexnet_status an_partial_open_momentum(alexnet_context *ctx, const char *path,
                                        const char *solverstate, an_partial *out) AN_NODISCARD;
/* The same from bytes, which must outlive *out. For fuzzing. */
alexnet_status an_partial_parse(alexnet_context *ctx, const char *what, const void *data,
                                size_t bytes, an_partial *out) AN_NODISCARD;
void an_partial_close(alexnet_context *ctx, an_partial *partial); /* safe on a zeroed one */

/* The tensor of this name, ignoring prefixes; NULL: none. */
const an_tensor_view *an_partial_find(const an_partial *partial, const char *name);

/* The family that the metadata name, else the one that most tensors fit; the first in the table,
   which torchvision leads, if there are several. BAD_FILE: no tensor fits any family. */
alexnet_status an_partial_family(alexnet_context *ctx, const an_partial *partial,
                                 const an_family **out) AN_NODISCARD;

/*
 * Copies what fits into a model that has its initial weights and class names, and logs what was
 * loaded, what starts afresh and why, and which tensors of the file are not used.
 *   fresh  [params.count] true for parameters that keep all of their values; may be NULL
 * BAD_FILE: nothing fits, or a value is not finite. On failure the values are unspecified.
 */
alexnet_status an_partial_read(const an_partial *partial, alexnet_model *model,
                               bool *fresh) AN_NODISCARD;

/*
 * A model of the file's family for those layers that the file holds: *held receives the number of
 * nodes from the first on whose parameters are all in the file. The values of the others are 0.
 * Errors of an_partial_open() and an_partial_read(); UNSUPPORTED: the file describes a network that
 * is neither the family's nor its beginning, so that its layers might compute something else.
 */
alexnet_status an_partial_load(alexnet_context *ctx, const char *path, alexnet_model **out,
                               int *held) AN_NODISCARD;

/* Copies the file's preprocessing record and mean image to the model, unless they are for images of
   another size, which is logged. */
alexnet_status an_partial_take_record(const an_partial *partial, alexnet_model *model) AN_NODISCARD;

#endif
