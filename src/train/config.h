/*
 * config.h: everything a run depends on, in one flat struct. config.json holds the same members
 * under the same names.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_CONFIG_H
#define AN_TRAIN_CONFIG_H

#include "base/hash.h"
#include "core/model.h"
#include "train/recipe.h"

typedef struct an_config {
    /* what */
    char *data, *val; /* val NULL: a split of data, or images held back from it */
    double val_split;
    char *model;                      /* family */
    alexnet_model_options network;    /* -1: the family's default, or not used by the family */
    char *from, *freeze;              /* NULL: none */
    char *solverstate;                /* NULL: none */
    int orientation;                  /* alexnet_orientation; DEFAULT: not known yet */
    int64_t train_images, val_images; /* as found at the start: a resumed run must find the same */
    char *train_sha256, *val_sha256;  /* an_source_hash(); val_sha256 NULL: held back, or none */
    char *first_data, *first_val;     /* their first paths; NULL: the data has not moved */
    char *tier; /* of the kernels, decides the bits: "avx512"; NULL: unknown (older version) */

    /* how */
    char *recipe_name, *recipe_reason; /* reason: why this recipe, for people to read */
    an_recipe recipe;                  /* with the overrides */
    uint64_t seed;
    int dtype;        /* alexnet_dtype */
    int on_bad_image; /* alexnet_bad_image */

    /* how long, and how often it is saved: may change on resume, as recipe.epochs may */
    int64_t steps;             /* -1: no limit */
    double seconds;            /* -1: no limit; all processes of the run together */
    int patience;              /* 0: off */
    double stop_at_top1;       /* -1: off */
    double checkpoint_seconds; /* 0: none by time */
    int64_t checkpoint_steps;  /* 0: none by steps */
    int checkpoint_keep;       /* 0: none are kept after success */
} an_config;

/*
 * Builds the config from the caller's options: the recipe with its overrides. Members that are
 * known only later (images, classes) are zero or as in the options; the recipe is the one for a
 * small set. BAD_ARG naming the option.
 */
alexnet_status an_config_resolve(alexnet_context *ctx, const alexnet_train_options *options,
                                 const an_family *family, an_config *config) AN_NODISCARD;

/* Chooses the recipe by the number of training images, with its overrides and epochs. BAD_ARG. */
alexnet_status an_config_suit(alexnet_context *ctx, const alexnet_train_options *options,
                              const an_family *family, int64_t images,
                              an_config *config) AN_NODISCARD;

/*
 * Reads the config of another run, from its config.json or its folder, to start a new run; what
 * that run found in its data is left out. As an_config_read(); NOT_FOUND: the folder is not a
 * run's.
 */
alexnet_status an_config_open(alexnet_context *ctx, const char *path,
                              an_config *config) AN_NODISCARD;

/*
 * As an_config_resolve(), but options that are not given are taken from `base`. A given recipe
 * replaces all settings of the old one; a given model replaces the old model's options; other data
 * replaces the old `val`, too. For val, from, freeze and solverstate, "none" or an empty text
 * removes the value; other weights to start from remove the solver state, which belongs to the old
 * ones.
 */
alexnet_status an_config_resolve_from(alexnet_context *ctx, const an_config *base,
                                      const alexnet_train_options *options, const an_family *family,
                                      an_config *config) AN_NODISCARD;

/* True for "none" and for the empty text. */
bool an_config_is_none(const char *text);

/*
 * The tier that decides a run's bits on this machine with this dtype: "avx512", "avx512 bf16".
 * *out is allocated; free it with an_free(). NO_MEMORY.
 */
alexnet_status an_config_find_tier(alexnet_context *ctx, int dtype, char **out) AN_NODISCARD;

/* Makes the paths absolute, so that the run can be resumed from any folder. */
alexnet_status an_config_root(alexnet_context *ctx, an_config *config) AN_NODISCARD;

/*
 * Applies the options of a caller who resumes the run: those that may change, and the new path of
 * the data, whose images an_dataset_check() must then recognise. BAD_ARG names another option that
 * differs from the run's. Two paths are equal if they lead to the same file.
 */
alexnet_status an_config_change(alexnet_context *ctx, const alexnet_train_options *options,
                                an_config *config) AN_NODISCARD;

/* ---- config_file.c ---- */

void an_config_free(alexnet_context *ctx, an_config *config); /* safe on a zeroed config */

/* The index of a word in "a|b|c"; -1: not found. */
int an_config_choice(const char *choices, const char *word);

/* Copies the config; free the copy with an_config_free(). NO_MEMORY. */
alexnet_status an_config_copy(alexnet_context *ctx, const an_config *config,
                              an_config *out) AN_NODISCARD;

/* BAD_ARG naming the first member that differs and must not change on resume. */
alexnet_status an_config_compare(alexnet_context *ctx, const an_config *config,
                                 const an_config *other) AN_NODISCARD;

/* BAD_ARG naming the first number that is out of range. */
alexnet_status an_config_check(alexnet_context *ctx, const an_config *config) AN_NODISCARD;

alexnet_status an_config_write(alexnet_context *ctx, const an_config *config,
                               const char *path) AN_NODISCARD;
/*
 * BAD_FILE names the member that is missing, of the wrong type or out of range; UNSUPPORTED: a
 * later schema.
 */
alexnet_status an_config_read(alexnet_context *ctx, const char *path,
                              an_config *config) AN_NODISCARD;

/* SHA-256 of all members that must not change on resume; data that has moved counts with its first
 * path. */
alexnet_status an_config_hash(alexnet_context *ctx, const an_config *config,
                              char hex[AN_SHA256_HEX_SIZE]) AN_NODISCARD;

#endif
