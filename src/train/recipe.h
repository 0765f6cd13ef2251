/*
 * recipe.h: how to train: a table of named sets of settings. Every setting can be overridden.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RECIPE_H
#define AN_TRAIN_RECIPE_H

#include "base/settings.h"
#include "train/schedule.h"

/*
 * The update rule, in the order of the words in recipe_keys.inc. See core/backend.h: an_sgd (the
 * rate outside or inside the velocity), an_rmsprop, an_adam.
 */
typedef enum an_update {
    AN_UPDATE_TORCH,
    AN_UPDATE_PAPER,
    AN_UPDATE_RMSPROP,
    AN_UPDATE_ADAM
} an_update;

/* How initial weights are drawn: by the family's rule, or by He et al. 2015 for all families. */
typedef enum an_recipe_init { AN_RECIPE_INIT_FAMILY, AN_RECIPE_INIT_HE } an_recipe_init;

typedef struct an_recipe {
    int batch;                         /* images per step */
    double lr, momentum, weight_decay; /* momentum: adam's beta1, too */
    double bias_lr, bias_decay;        /* factors for biases, besides the model's multipliers */
    double rho, beta2, epsilon;        /* of update rules: rmsprop; adam; both */
    double average;                    /* decay of the weights' running average; 0: none */
    double smoothing;                  /* of labels */
    double mixup;   /* images are blended by parts from Beta(mixup, mixup); 0: off */
    int grow;       /* the input's height and width at the start, pixels; 0: the network's size */
    int views;      /* of each image, whose output of frozen layers is kept; 0: none */
    int update;     /* an_update */
    int init;       /* an_recipe_init */
    double dropout; /* below 0: the family's default */
    double epochs;
    int seen; /* images in total, at least: a small set gets more epochs; 0: no minimum */
    char schedule[AN_SETTING_TEXT];      /* schedule.h */
    char bias_schedule[AN_SETTING_TEXT]; /* of biases; empty: the same */
    char augment[AN_SETTING_TEXT];       /* image/augment.h */
    char events[AN_SETTING_TEXT];        /* events.h */
} an_recipe;

/*
 * For base/settings.h: names, ranges, defaults. The first table holds the settings that a run may
 * override (recipe_keys.inc); the second also those that only recipes have: epochs, seen, dropout.
 */
extern const an_key an_recipe_overrides[], an_recipe_keys[];

/*
 * Overrides settings of the recipe ("lr=0.01 augment=crop,flip"); `settings` may be NULL. BAD_ARG
 * naming the setting that is unknown, out of range, or set by another option.
 */
alexnet_status an_recipe_override(alexnet_context *ctx, const char *settings,
                                  an_recipe *recipe) AN_NODISCARD;

/* BAD_ARG: a schedule that does not parse, or a plateau for biases alone. */
alexnet_status an_recipe_schedules(alexnet_context *ctx, const an_recipe *recipe,
                                   an_schedule *weights, an_schedule *biases) AN_NODISCARD;

/* Epochs for a set of `images` images: the recipe's, or more as `seen` requires, up to
   AN_RECIPE_EPOCHS_FACTOR times as many. */
#define AN_RECIPE_EPOCHS_FACTOR 10
double an_recipe_epochs(const an_recipe *recipe, int64_t images);

/* BAD_ARG for an unknown name, with the most similar one. */
alexnet_status an_recipe_find(alexnet_context *ctx, const char *name, an_recipe *out) AN_NODISCARD;

#endif
