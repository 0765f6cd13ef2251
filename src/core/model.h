/*
 * model.h: a model is data. A family is a table of rows that can be laid beside its source; shapes,
 * parameters, costs and the summary all follow from it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_MODEL_H
#define AN_CORE_MODEL_H

#include "base/arena.h"
#include "core/layer.h"
#include "core/param.h"

/* One row. How it may mention model options: core/options.h. */
typedef struct an_row {
    const char *name, *type, *settings;
    const char *when; /* the condition under which the row stands; NULL: always */
} an_row;

typedef struct an_family {
    const char *name, *summary, *source;
    int input[3];   /* channels, height, width */
    int classes;    /* default */
    double dropout; /* default; negative: the family has none */
    const char
        *preprocess;    /* the preprocessing record (image/preprocess.h) as text; INPUT stands for
                               the input's HxW, SHORT for short_side scaled to it */
    int short_side;     /* SHORT at the default input, pixels; 0: the record has none */
    const char *recipe; /* name of its own recipe (train/recipe.c) */
    bool normalises;    /* batch normalisation: it takes higher rates */
    bool one_data_set;  /* it was made for one data set, and so was its recipe */
    const char *classifier; /* its first layer behind the features: a row that always stands */
    an_naming naming;       /* of tensors; zeroed: "LAYER.weight", "LAYER.bias" */
    const an_row *rows;
    size_t row_count;
} an_family;

/* The table of all families (src/models/models.inc). */
const an_family *an_family_find(const char *name); /* NULL: none */
const an_family *an_family_at(int index);          /* NULL: past the last */

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
    an_arena memory;   /* of the values */
    float *values;     /* params.values floats */
    uint64_t changes;  /* how often the values were written: an_model_changes() */
    alexnet_model *lender; /* whose params and values these are (core/refit.h); NULL: its own */
    bool shares;           /* with a lender on another context: alexnet_model_share() */
    int sharers;           /* models that share these values, perhaps on other threads: changed
                              with __atomic builtins, as C++ has no atomic_int */
    char **classes;    /* options.classes names, or NULL: unnamed */
    char *preprocess;  /* the record as text */
    float *mean_image; /* [3][h][w] of mean_shape, or NULL */
    int mean_shape[3];
    an_metadata_entry *metadata;
    size_t metadata_count;
};

/* alexnet_model_describe() of a family that need not stand in the table. */
alexnet_status an_model_describe(alexnet_context *ctx, const an_family *family,
                                const alexnet_model_options *options,
                                alexnet_model **out) AN_NODISCARD;

/* The same, but where the input size does not fit nobody looks for sizes that would. */
alexnet_status an_model_try_describe(alexnet_context *ctx, const an_family *family,
                                    const alexnet_model_options *options,
                                    alexnet_model **out) AN_NODISCARD;

/* The family's preprocessing record for a network of these resolved options. */
#define AN_RECORD_BYTES 512
void an_family_record(const an_family *family, const alexnet_model_options *options,
                      char text[AN_RECORD_BYTES]);

/* BAD_ARG where others share the values, so that they must stay as they are. `what` leads the message. */
alexnet_status an_model_check_unshared(const alexnet_model *model, const char *what) AN_NODISCARD;

/* Bytes of the values that it has, or will have. */
int64_t an_model_bytes(const alexnet_model *model);

/* Gives a network that was laid out its values, all zero. NO_MEMORY. */
alexnet_status an_model_alloc(alexnet_model *model) AN_NODISCARD;
/* The same for whoever writes all of them: only what lies between the parameters is zero. */
alexnet_status an_model_alloc_unset(alexnet_model *model) AN_NODISCARD;

/* To be called by whoever has written values: what a session prepared of the old ones is then made anew. */
void an_model_changed(alexnet_model *model);
uint64_t an_model_changes(const alexnet_model *model); /* how often that was */

/* The model's values and `others`, as many laid out alike, change places. */
void an_model_swap_values(alexnet_model *model, float *others);

/* As alexnet_model_create(), but leaves the values zero: both of the above. */
alexnet_status an_model_create_zero(alexnet_context *ctx, const char *family,
                              const alexnet_model_options *options,
                              alexnet_model **out) AN_NODISCARD;

/* Draws first values for every parameter by its own rule, or by `rule` for all weights of layers
 * that multiply (biases then 0). */
void an_model_init_weights(alexnet_model *model, uint64_t seed,
                    const an_init *rule /* NULL: the family's */);

/*
 * Copies the names; NULL: unnamed. BAD_FILE: two of them are the same, or no weights file could hold them, as they are not
 * UTF-8 or too long: all together AN_CLASSES_BYTES_MAX, as they stand escaped in its header.
 */
#define AN_CLASSES_BYTES_MAX (((size_t)2 << 20) - 65536)
alexnet_status an_model_check_classes(alexnet_context *ctx, const char *const *names,
                                      int count) AN_NODISCARD; /* alone */
alexnet_status an_model_set_classes(alexnet_model *model, const char *const *names,
                                    int count) AN_NODISCARD;
alexnet_status an_model_set_preprocess(alexnet_model *model, const char *text) AN_NODISCARD;
alexnet_status an_model_set_mean_image(alexnet_model *model, const int shape[3],
                                       const float *values) AN_NODISCARD; /* copies; NULL: none */
alexnet_status an_model_set_metadata(alexnet_model *model, const char *key,
                                     const char *value) AN_NODISCARD;

/* True when the layer is called `part` (of so many characters), or is one under it: its name begins so
 * before a dot or a slash. */
bool an_node_is_under(const an_node *node, const char *part, size_t length);

/* Marks parameters as not trained: "features" (all before the classifier), "classifier.1", ... NOT_FOUND
 * when a name fits nothing. */
alexnet_status an_model_freeze(alexnet_model *model, const char *names) AN_NODISCARD;

/* BAD_SHAPE unless the network gives each image one row of probabilities: it has classes, and its last
 * map is 1x1. */
alexnet_status an_model_check_classifier(const alexnet_model *model) AN_NODISCARD;

int an_model_find_layer(const alexnet_model *model,
                        const char *name); /* "logits" is the node before "prob"; both without
                                             classes are the last; -1: none */
alexnet_status an_model_require_layer(const alexnet_model *model, const char *name,
                                      int *node) AN_NODISCARD;         /* NOT_FOUND */
int an_model_find_param(const alexnet_model *model, const char *name); /* -1: none */

/* "unknown model 'alexnt': did you mean ..." */
alexnet_status an_family_require(alexnet_context *ctx, const char *name,
                                 const an_family **out) AN_NODISCARD;

#endif
