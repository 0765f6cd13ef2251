/*
 * model.h: a model is data. A family is a table of rows that can be compared with its source line
 * by line; shapes, parameters, costs and the summary are computed from it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_MODEL_H
#define AN_CORE_MODEL_H

#include "base/arena.h"
#include "core/layer.h"
#include "core/param.h"

/* One row. core/options.h says how it may mention model options. */
typedef struct an_row {
    const char *name, *type, *settings;
    const char *when; /* the condition for this row to be used; NULL: always */
} an_row;

typedef struct an_family {
    const char *name, *summary, *source;
    int input[3];   /* channels, height, width */
    int classes;    /* default */
    double dropout; /* default; negative: the family has none */
    const char
        *preprocess;    /* the preprocessing record (image/preprocess.h) as text; INPUT is replaced
                               by the input's HxW, SHORT by short_side scaled to it */
    int short_side;     /* SHORT at the default input, pixels; 0: the record has none */
    const char *recipe; /* name of its recipe (train/recipe.c) */
    bool normalises;    /* uses batch normalisation: it trains at higher rates */
    bool one_data_set;  /* designed for one data set, like its recipe */
    const char *classifier; /* its first layer after the features: a row without a condition */
    an_naming naming;       /* of tensors; zeroed: "LAYER.weight", "LAYER.bias" */
    const an_row *rows;
    size_t row_count;
} an_family;

/* The table of all families (src/models/models.inc). */
const an_family *an_family_find(const char *name); /* NULL: none */
const an_family *an_family_at(int index);          /* NULL: past the end */

typedef struct an_metadata_entry {
    char *key, *value;
} an_metadata_entry;

struct alexnet_model {
    alexnet_context *ctx;
    const an_family *family;
    alexnet_model_options options; /* with the family's values filled in */
    an_node *nodes; /* the rows, then one softmax called "prob" where there are classes */
    int node_count;
    an_param_list params;
    an_arena memory;       /* of the values */
    float *values;         /* params.values floats */
    uint64_t changes;      /* number of writes to the values: an_model_changes() */
    alexnet_model *lender; /* the owner of params and values (core/refit.h); NULL: this model */
    bool shares;           /* with a lender on another context: alexnet_model_share() */
    int sharers;           /* models that share these values, perhaps on other threads: accessed
                              with __atomic builtins, as C++ has no atomic_int */
    char **classes;        /* options.classes names, or NULL: unnamed */
    char *preprocess;      /* the record as text */
    float *mean_image;     /* [3][h][w] of mean_shape, or NULL */
    int mean_shape[3];
    an_metadata_entry *metadata;
    size_t metadata_count;
};

/* alexnet_model_describe() for a family that need not be in the table. */
alexnet_status an_model_describe(alexnet_context *ctx, const an_family *family,
                                 const alexnet_model_options *options,
                                 alexnet_model **out) AN_NODISCARD;

/* The same, but a message about an input size does not name sizes that would fit. */
alexnet_status an_model_try_describe(alexnet_context *ctx, const an_family *family,
                                     const alexnet_model_options *options,
                                     alexnet_model **out) AN_NODISCARD;

/* The family's preprocessing record for a network of these resolved options. */
#define AN_RECORD_BYTES 512
void an_family_record(const an_family *family, const alexnet_model_options *options,
                      char text[AN_RECORD_BYTES]);

/* BAD_ARG if other models share the values, which then must not change. The message begins with
   `what`. */
alexnet_status an_model_check_unshared(const alexnet_model *model, const char *what) AN_NODISCARD;

/* Bytes of the model's values, allocated or not. */
int64_t an_model_bytes(const alexnet_model *model);

/* Allocates the values of a described model, all zero. NO_MEMORY. */
alexnet_status an_model_alloc(alexnet_model *model) AN_NODISCARD;
/* The same for callers that write all parameters: only the gaps between them are zeroed. */
alexnet_status an_model_alloc_unset(alexnet_model *model) AN_NODISCARD;

/* Call this after writing values: sessions then pack the weights again. */
void an_model_changed(alexnet_model *model);
uint64_t an_model_changes(const alexnet_model *model); /* the number of such calls */

/* Swaps the model's values with `others`, which has the same size and layout. */
void an_model_swap_values(alexnet_model *model, float *others);

/* As alexnet_model_create(), but all values are zero. */
alexnet_status an_model_create_zero(alexnet_context *ctx, const char *family,
                                    const alexnet_model_options *options,
                                    alexnet_model **out) AN_NODISCARD;

/* Draws the initial weights: each parameter by its own rule; or, with `rule`, all weights of
 * convolutions and linear layers by it, and biases are 0. */
void an_model_init_weights(alexnet_model *model, uint64_t seed,
                           const an_init *rule /* NULL: the family's */);

/*
 * Copies the names; NULL: unnamed. BAD_FILE: two names are equal, or no weights file could hold
 * them: one is not UTF-8, or escaped in the file's header they take more than AN_CLASSES_BYTES_MAX
 * together.
 */
#define AN_CLASSES_BYTES_MAX (((size_t)2 << 20) - 65536)
alexnet_status an_model_check_classes(alexnet_context *ctx, const char *const *names,
                                      int count) AN_NODISCARD; /* checks only */
alexnet_status an_model_set_classes(alexnet_model *model, const char *const *names,
                                    int count) AN_NODISCARD;
alexnet_status an_model_set_preprocess(alexnet_model *model, const char *text) AN_NODISCARD;
alexnet_status an_model_set_mean_image(alexnet_model *model, const int shape[3],
                                       const float *values) AN_NODISCARD; /* copies; NULL: none */
alexnet_status an_model_set_metadata(alexnet_model *model, const char *key,
                                     const char *value) AN_NODISCARD;

/* True if the layer's name is part[0..length-1], or starts with it followed by '.' or '/'. */
bool an_node_is_under(const an_node *node, const char *part, size_t length);

/* Marks parameters as frozen: "features" (all before the classifier), "classifier.1", ...,
 * separated by commas. NOT_FOUND: a name matches no parameters. */
alexnet_status an_model_freeze(alexnet_model *model, const char *names) AN_NODISCARD;

/* BAD_SHAPE unless the network gives one row of probabilities for each image: it has classes, and
 * its last map is 1x1. */
alexnet_status an_model_check_classifier(const alexnet_model *model) AN_NODISCARD;

int an_model_find_layer(const alexnet_model *model,
                        const char *name); /* "logits" is the node before "prob"; without classes
                                             both are the last node; -1: none */
alexnet_status an_model_require_layer(const alexnet_model *model, const char *name,
                                      int *node) AN_NODISCARD;         /* NOT_FOUND */
int an_model_find_param(const alexnet_model *model, const char *name); /* -1: none */

/* "unknown model 'alexnt': did you mean ..." */
alexnet_status an_family_require(alexnet_context *ctx, const char *name,
                                 const an_family **out) AN_NODISCARD;

#endif
