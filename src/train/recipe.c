/*
 * recipe.c: the recipes. Each row can be laid beside its source.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/recipe.h"

#include "base/status.h"
#include "base/text.h"
#include <stddef.h>
#include <string.h>

#define AT(member) offsetof(an_recipe, member)

const an_key an_recipe_keys[] = {
    {"batch", AN_KEY_INT, AT(batch), 1, ALEXNET_BATCH_MAX, NULL, NULL, "pictures a step"},
    {"lr", AN_KEY_REAL, AT(lr), 0, ALEXNET_LR_MAX, NULL, NULL, "learning rate"},
    {"bias_lr", AN_KEY_REAL, AT(bias_lr), 0, 1000, NULL, "1", "for biases, times lr"},
    {"momentum", AN_KEY_REAL, AT(momentum), 0, ALEXNET_MOMENTUM_MAX, NULL, "0.9",
     "kept of the last update; adam's beta1"},
    {"weight_decay", AN_KEY_REAL, AT(weight_decay), 0, ALEXNET_WEIGHT_DECAY_MAX, NULL, "0",
     "times the weight, added to its gradient"},
    {"bias_decay", AN_KEY_REAL, AT(bias_decay), 0, 1000, NULL, "1",
     "for biases, times weight_decay"},
    {"update", AN_KEY_CHOICE, AT(update), 0, 0, AN_UPDATE_CHOICES, "torch",
     "the rate outside or inside the velocity, or another rule"},
    {"rho", AN_KEY_REAL, AT(rho), 0, ALEXNET_MOMENTUM_MAX, NULL, "0.9",
     "rmsprop: kept of the mean square"},
    {"beta2", AN_KEY_REAL, AT(beta2), 0, ALEXNET_AVERAGE_MAX, NULL, "0.999",
     "adam: kept of the mean square"},
    {"epsilon", AN_KEY_REAL, AT(epsilon), AN_RECIPE_EPSILON_MIN, AN_RECIPE_EPSILON_MAX, NULL,
     "1e-08", "rmsprop, adam: added to the divisor"},
    {"average", AN_KEY_REAL, AT(average), 0, ALEXNET_AVERAGE_MAX, NULL, "0",
     "kept of the weights' running average; 0: none"},
    {"smoothing", AN_KEY_REAL, AT(smoothing), 0, ALEXNET_SMOOTHING_MAX, NULL, "0",
     "part of each label that all classes share"},
    {"schedule", AN_KEY_TEXT, AT(schedule), 0, 0, NULL, "constant", "the rate over the run"},
    {"bias_schedule", AN_KEY_TEXT, AT(bias_schedule), 0, 0, NULL, "",
     "of biases; empty: as schedule"},
    {"augment", AN_KEY_TEXT, AT(augment), 0, 0, NULL, "none", "what is varied in pictures"},
    {"events", AN_KEY_TEXT, AT(events), 0, 0, NULL, "", "what changes at an epoch"},
    {"epochs", AN_KEY_REAL, AT(epochs), ALEXNET_EPOCHS_MIN, ALEXNET_EPOCHS_MAX, NULL, NULL,
     "times through the pictures"},
    {"init", AN_KEY_CHOICE, AT(init), 0, 0, AN_RECIPE_INIT_CHOICES, "family",
     "how first weights are drawn"},
    {"dropout", AN_KEY_REAL, AT(dropout), -1, ALEXNET_DROPOUT_MAX, NULL, "-1",
     "probability; -1: the family's"},
    {0},
};

static const struct {
    const char *name, *settings;
} recipes[] = {
    /* Small data, minutes on a CPU: first weights of He et al. 2015, many small steps with a rate that
       is warmed up and let down to nothing, gentle crops, little dropout. Ours. */
    {"quick", "batch=16 lr=0.003 weight_decay=0.0005 bias_decay=0 schedule=warmup:100+cosine "
              "augment=rrc:0.5,flip epochs=15 init=he dropout=0.2"},

    /* pytorch/vision, references/classification, README: "AlexNet and VGG", lr 0.01; the rest are
       the script's defaults. */
    {"torchvision",
     "batch=256 lr=0.01 weight_decay=0.0001 schedule=step:30,0.1 augment=rrc,flip epochs=90"},

    /* cuda-convnet, layer-params-19pct.cfg: epsW .001, momW .9, wc .004; epsB, wc of fc10 and the
       biases are multipliers in the model's table. How the rate falls is not stated there: it
       stays. Nor is the number of epochs: 19 % took 20 minutes, and in 20 minutes the 18 % net of
       the same size went through 140. */
    {"cifar-19pct", "batch=128 lr=0.001 weight_decay=0.004 update=paper epochs=140"},
};

int alexnet_recipe_count(void) { return (int)AN_COUNT(recipes); }

const char *alexnet_recipe_name(int index)
{
    return index >= 0 && index < (int)AN_COUNT(recipes) ? recipes[index].name : NULL;
}

const char *alexnet_recipe_settings(int index)
{
    return index >= 0 && index < (int)AN_COUNT(recipes) ? recipes[index].settings : NULL;
}

static alexnet_status fail_unknown(alexnet_context *ctx, const char *name)
{
    const char *names[AN_COUNT(recipes)];
    char known[256];
    size_t used = 0;

    for (size_t i = 0; i < AN_COUNT(recipes); ++i) {
        names[i] = recipes[i].name;
        if (used < sizeof known)
            used += (size_t)an_print(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ",
                                     names[i]);
    }
    const char *nearest = an_nearest(name, names, AN_COUNT(recipes));
    if (nearest != NULL)
        return an_fail(ctx, ALEXNET_BAD_ARG, "unknown recipe '%s': did you mean '%s'?", name,
                       nearest);
    return an_fail(ctx, ALEXNET_BAD_ARG, "unknown recipe '%s': there are %s", name, known);
}

alexnet_status an_recipe_schedules(alexnet_context *ctx, const an_recipe *recipe,
                                   an_schedule *weights, an_schedule *biases)
{
    AN_TRY(an_schedule_parse(ctx, recipe->schedule, weights));
    *biases = *weights;
    if (recipe->bias_schedule[0] == '\0') return ALEXNET_OK;
    AN_TRY(an_schedule_parse(ctx, recipe->bias_schedule, biases));
    if (biases->shape == AN_SCHEDULE_PLATEAU)
        return an_fail(ctx, ALEXNET_BAD_ARG, "bias_schedule '%s': a plateau is for all rates alike",
                       recipe->bias_schedule);
    return ALEXNET_OK;
}

alexnet_status an_recipe_find(alexnet_context *ctx, const char *name, an_recipe *out)
{
    for (size_t i = 0; i < AN_COUNT(recipes); ++i)
        if (strcmp(recipes[i].name, name) == 0)
            return an_settings_parse(ctx, "recipe", an_recipe_keys, recipes[i].settings, out);
    return fail_unknown(ctx, name);
}
