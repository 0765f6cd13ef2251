/*
 * config.h: everything a run depends on, in one flat struct that config.json holds, member by
 * member under the same names.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_CONFIG_H
#define AN_TRAIN_CONFIG_H

#include "base/hash.h"
#include "core/model.h"
#include "train/recipe.h"

typedef struct an_config {
    /* what */
    char *data, *val; /* val NULL: a part of data, or a split */
    double val_split;
    char *model;                      /* family */
    alexnet_model_options network;    /* -1: the family's, or of no use to it */
    char *from, *freeze;              /* NULL: none */
    int orientation;                  /* alexnet_orientation; DEFAULT: not known yet */
    int64_t train_images, val_images; /* what was found: a resumed run must find the same */
    char *train_sha256, *val_sha256;  /* an_source_hash(); val_sha256 NULL: split off, or none */
    char *first_data,
        *first_val; /* where they lay at first, if they have moved since; NULL: they have not */
    char *
        tier; /* of the kernels, which decides the bits: "avx512"; NULL: not known, as of a version before */

    /* how */
    char *recipe_name, *recipe_reason; /* and why it: for people */
    an_recipe recipe; /* with the overrides */
    uint64_t seed;
    int dtype;        /* alexnet_dtype */
    int on_bad_image; /* alexnet_bad_image */

    /* how long, and how carefully: may change when the run is resumed, as recipe.epochs may */
    int64_t steps;             /* -1: no limit */
    double seconds;            /* -1: no limit; of all sittings together */
    int patience;              /* 0: off */
    double stop_at_top1;       /* -1: off */
    double checkpoint_seconds; /* 0: none by time */
    int64_t checkpoint_steps;  /* 0: none by steps */
    int checkpoint_keep;       /* 0: none after success */
} an_config;

/*
 * From a caller's options: the recipe, overridden. What is only found later (images, classes) is
 * zero or as the options have it; the recipe is that of a small set. BAD_ARG naming the option.
 */
alexnet_status an_config_resolve(alexnet_context *ctx, const alexnet_train_options *options,
                                 const an_family *family, an_config *config) AN_NODISCARD;

/* Now that it is known how many images there are to train on: the recipe that suits them, overridden,
 * and its epochs. BAD_ARG. */
alexnet_status an_config_suit(alexnet_context *ctx, const alexnet_train_options *options,
                              const an_family *family, int64_t images,
                              an_config *config) AN_NODISCARD;

/*
 * Reads what another run was, from its config.json or its folder, to start a new one: without what it
 * found in its data. As an_config_read(); NOT_FOUND: the folder is none of a run.
 */
alexnet_status an_config_open(alexnet_context *ctx, const char *path,
                              an_config *config) AN_NODISCARD;

/*
 * As an_config_resolve(), but what the options leave open is as in `base`. A recipe that is given
 * replaces all settings of the old one, a model the old one's options, other data also the old `val`. For val,
 * from and freeze "none" (or an empty text) takes the old one's away.
 */
alexnet_status an_config_resolve_from(alexnet_context *ctx, const an_config *base,
                                      const alexnet_train_options *options, const an_family *family,
                                      an_config *config) AN_NODISCARD;

/* Whether a text stands for none there. */
bool an_config_is_none(const char *text);

/* The tier whose bits a run in this format of numbers gets here, allocated: "avx512", "avx512 bf16". NO_MEMORY. */
alexnet_status an_config_find_tier(alexnet_context *ctx, int dtype, char **out) AN_NODISCARD;

/* Makes the paths absolute, so that the run can be resumed from anywhere. */
alexnet_status an_config_root(alexnet_context *ctx, an_config *config) AN_NODISCARD;

/*
 * The options of a caller who resumes: takes over those that may change, and where the data lies now (which
 * an_dataset_check() then has to know again). BAD_ARG names another one that is not as the run has it. Paths are
 * the same when they lead to the same file.
 */
alexnet_status an_config_change(alexnet_context *ctx, const alexnet_train_options *options,
                                an_config *config) AN_NODISCARD;

/* ---- config_file.c ---- */

void an_config_free(alexnet_context *ctx, an_config *config); /* safe on a zeroed config */

/* The index of a word in "a|b|c"; -1: none. */
int an_config_choice(const char *choices, const char *word);

/* A copy of one's own, to be freed. NO_MEMORY. */
alexnet_status an_config_copy(alexnet_context *ctx, const an_config *config,
                              an_config *out) AN_NODISCARD;

/* BAD_ARG naming the first member that must not change between sittings and is not the same. */
alexnet_status an_config_compare(alexnet_context *ctx, const an_config *config,
                                 const an_config *other) AN_NODISCARD;

/* BAD_ARG naming the first number that is out of range. */
alexnet_status an_config_check(alexnet_context *ctx, const an_config *config) AN_NODISCARD;

alexnet_status an_config_write(alexnet_context *ctx, const an_config *config,
                               const char *path) AN_NODISCARD;
/* BAD_FILE names the member that is missing, of another kind or out of range; UNSUPPORTED: a later
 * schema. */
alexnet_status an_config_read(alexnet_context *ctx, const char *path,
                              an_config *config) AN_NODISCARD;

/* SHA-256 of all that must not change between sittings; data that moved counts as where it lay at first. */
alexnet_status an_config_hash(alexnet_context *ctx, const an_config *config,
                              char hex[AN_SHA256_HEX_SIZE]) AN_NODISCARD;

#endif
