/*
 * recipe.h: how to train, apart from what: named sets of settings, one table. Every setting can be
 * overridden.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RECIPE_H
#define AN_TRAIN_RECIPE_H

#include "base/settings.h"

/* How the rate enters the update: core/backend.h, an_sgd.lr_inside. */
typedef enum an_update { AN_UPDATE_TORCH, AN_UPDATE_PAPER } an_update;
#define AN_UPDATE_CHOICES "torch|paper"

/* How first weights are drawn: as the family says, or He et al. 2015 for all. */
typedef enum an_recipe_init { AN_RECIPE_INIT_FAMILY, AN_RECIPE_INIT_HE } an_recipe_init;
#define AN_RECIPE_INIT_CHOICES "family|he"

typedef struct an_recipe {
    int batch; /* pictures a step */
    double lr, momentum, weight_decay;
    double bias_lr, bias_decay; /* for biases, on top of the model's own multipliers */
    int update;                 /* an_update */
    int init;                   /* an_recipe_init */
    double dropout;             /* below 0: the family's */
    double epochs;
    char schedule[AN_SETTING_TEXT]; /* schedule.h */
    char augment[AN_SETTING_TEXT];  /* image/preprocess.h */
} an_recipe;

/* For base/settings.h: names, ranges, defaults. */
extern const an_key an_recipe_keys[];

/* BAD_ARG for an unknown name, with the nearest. */
alexnet_status an_recipe_find(alexnet_context *ctx, const char *name, an_recipe *out) AN_NODISCARD;

#endif
