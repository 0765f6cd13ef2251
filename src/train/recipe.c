/*
 * recipe.c: the recipes. Each row can be compared with its source.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/recipe.h"

#include "base/status.h"
#include "base/text.h"
#include <math.h>
#include <stddef.h>
#include <string.h>

#define AT(member) offsetof(an_recipe, member)

#define AN_RECIPE_KEY(name, kind, min, max, fallback, option, letter, value, help)                 \
    {#name, AN_KEY_##kind, AT(name), min, max, value, fallback, help},

const an_key an_recipe_overrides[] = {
#include "train/recipe_keys.inc"
    {0},
};

const an_key an_recipe_keys[] = {
#include "train/recipe_keys.inc"
    {"epochs", AN_KEY_REAL, AT(epochs), ALEXNET_EPOCHS_MIN, ALEXNET_EPOCHS_MAX, NULL, NULL,
     "passes through the images, at least"},
    {"seen", AN_KEY_INT, AT(seen), 0, ALEXNET_SEEN_MAX, NULL, "0",
     "images in total, at least: a small set gets up to 10 times the epochs"},
    {"dropout", AN_KEY_REAL, AT(dropout), -1, ALEXNET_DROPOUT_MAX, NULL, "-1",
     "probability; -1: the family's default"},
    {0},
};
#undef AN_RECIPE_KEY

static const struct {
    const char *name, *settings;
} recipes[] = {
    /* docs/quick-recipe.md says how the next three were found. Small data, minutes on a CPU:
       initial weights of He et al. 2015, many small steps with a rate that is warmed up and falls
       to zero, gentle crops, little dropout. Ours. */
    {"quick", "batch=16 lr=0.003 weight_decay=0.0005 bias_decay=0 schedule=warmup:100+cosine "
              "augment=rrc:0.5,flip epochs=15 seen=100000 init=he dropout=0.2"},

    /* The same for networks with batch normalisation, which take a ten times higher rate. Ours. */
    {"quick-bn", "batch=64 lr=0.03 weight_decay=0.0005 bias_decay=0 schedule=warmup:100+cosine "
                 "smoothing=0.1 average=0.99 augment=rrc:0.35,flip epochs=15 seen=100000 "
                 "dropout=0.2"},

    /* Small data, from weights trained on other images. Little is left to learn, so dropout and the
       large initial weights of He et al., which slow learning down, are left out. Ours. */
    {"finetune",
     "batch=64 lr=0.01 weight_decay=0.0005 bias_decay=0 schedule=warmup:100+cosine "
     "smoothing=0.1 average=0.99 augment=rrc:0.5,flip grow=160 epochs=8 seen=15000 dropout=0 "
     "views=3"},

    /* ---- ImageNet ---- */

    /* Krizhevsky, Sutskever, Hinton 2012, section 5: v = 0.9 v - 0.0005 rate w - rate g, batches of
       128; the rate, equal for all layers, starts at 0.01 and is divided by 10 "when the validation
       error rate stopped improving with the current learning rate", three times; roughly 90 epochs.
       Section 4.1: crops and reflections of an image, and its colours shifted along their principal
       components, by its formula. The length of time without improvement is not stated: five
       epochs is ours. */
    {"paper", "batch=128 lr=0.01 weight_decay=0.0005 update=paper schedule=plateau:0.1,5,3 "
              "augment=crop,flip,pca-text epochs=90"},

    /* The same as it was run: computerhistory/AlexNet-Source-Code, layers/layer-params-145.cfg and
       its comments. The rates of biases, twice as high (the model's table), were not lowered with
       those of weights. There crops and reflections are drawn once per 32 images, here for each
       image. */
    {"paper-run", "batch=128 lr=0.01 weight_decay=0.0005 update=paper augment=crop,flip,pca "
                  "events=25:weights=0.1;51:weights=0.01;67:conv1=0.001;67:noise=off;72:conv1=0;"
                  "79:weights=0.001 epochs=91"},

    /* akrizhevsky/cuda-convnet2, layers/layer-params-imagenet-1gpu.cfg and the wiki's
       TrainingExample: epsW dexp of base 0.01, factor 250, 4 steps; epsB of base 0.02 (the model's
       table), factor 10, 2 steps; wc 0.0005; colour noise 0.1. */
    {"owt", "batch=128 lr=0.01 weight_decay=0.0005 update=paper schedule=dexp:250,4 "
            "bias_schedule=dexp:10,2 augment=crop,flip,pca epochs=90"},

    /* pytorch/vision, references/classification, README: "AlexNet and VGG", lr 0.01; the rest are
       the script's defaults. */
    {"torchvision",
     "batch=256 lr=0.01 weight_decay=0.0001 schedule=step:30,0.1 augment=rrc,flip epochs=90"},

    /* tensorflow/models, research/slim/train_image_classifier.py, its defaults: rmsprop_decay,
       rmsprop_momentum, opt_epsilon, exponential decay each 2 epochs as a staircase. It does not
       end; 90 epochs are ours. vgg_preprocessing, the usual choice, also varies the size of images
       before it crops: that is left out. */
    {"slim", "batch=32 update=rmsprop lr=0.01 momentum=0.9 rho=0.9 epsilon=1 weight_decay=4e-05 "
             "schedule=exp:2,0.94 augment=crop,flip epochs=90"},

    /* BVLC/caffe, models/bvlc_alexnet/solver.prototxt, and the same for bvlc_reference_caffenet: x
       0.1 each 100,000 of 450,000 iterations of 256 images, which its examples/imagenet/readme.md
       calls about 20 of about 90 epochs. Biases learn twice as fast and are not decayed (the
       models' tables). */
    {"caffe", "batch=256 lr=0.01 weight_decay=0.0005 update=paper schedule=step:20,0.1 "
              "augment=crop,flip epochs=90"},

    /* soumith/imagenet-multiGPU.torch, train.lua: rates and decay from epochs 1, 19, 30, 44 and 53;
       opts.lua: batches of 128, 10,000 an epoch, 55 epochs; donkey.lua: crops and reflections. At
       each change of the rate the velocity is reset to zero there; here it is kept. */
    {"bn", "batch=128 lr=0.01 weight_decay=0.0005 augment=crop,flip "
           "events=18:rate=0.5;29:rate=0.1;29:decay=0;43:rate=0.05;52:rate=0.01 epochs=55"},

    /* ---- CIFAR-10: cuda-convnet, example-layers/layer-params-NAME.cfg ----

       epsW .001, momW .9; epsB and the weight costs of single layers are multipliers in the models'
       tables. Batches of 128 are in stored order there, shuffled here. */

    /* "reduce the learning rate after 8 epochs by a factor of 10": for how long is not stated; two
       epochs are ours. */
    {"cifar-80sec",
     "batch=128 lr=0.001 weight_decay=0.004 update=paper schedule=at:8:0.1 epochs=10"},

    /* It is not stated how the rate falls, so it is constant here. Nor is the number of epochs: 19
       % took 20 minutes, in which the 18 % net of the same size trained 140 epochs. */
    {"cifar-19pct", "batch=128 lr=0.001 weight_decay=0.004 update=paper epochs=140"},

    /* "Reduce all learning rates by factor of 10 after 120 epochs. Then another factor of 10 after
       10 more epochs." The last ten are those of Caffe's copy, cifar10_full. */
    {"cifar-18pct",
     "batch=128 lr=0.001 weight_decay=0.004 update=paper schedule=at:120,130:0.1 epochs=140"},

    /* The project's page Methodology: 100 + 40 epochs, weights' rates / 10, 10 epochs, / 10 again,
       10 more. The first 100 left out a fifth of the data, to decide when to stop; here all data is
       used. */
    {"cifar-13pct", "batch=128 lr=0.001 weight_decay=0.004 update=paper augment=crop,flip "
                    "events=140:weights=0.1;150:weights=0.01 epochs=160"},

    /* The head of its file: the same with about 350 + 150 epochs before the rates fall. */
    {"cifar-11pct", "batch=128 lr=0.001 weight_decay=0.004 update=paper augment=crop,flip "
                    "events=500:weights=0.1;510:weights=0.01 epochs=520"},

    /* The paper's Figure 1: no regularisation of any kind. Rates were "chosen independently to make
       training as fast as possible", and are not given: these are cifar-19pct's. Nor is the number
       of epochs. */
    {"figure1-relu", "batch=128 lr=0.001 update=paper epochs=40"},
    {"figure1-tanh", "batch=128 lr=0.001 update=paper epochs=40"},
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
    char known[512];
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

double an_recipe_epochs(const an_recipe *recipe, int64_t images)
{
    const double most = AN_RECIPE_EPOCHS_FACTOR * recipe->epochs;
    const double wanted = images > 0 ? ceil((double)recipe->seen / (double)images) : 0;

    return fmin(fmax(wanted, recipe->epochs), most);
}

alexnet_status an_recipe_override(alexnet_context *ctx, const char *settings, an_recipe *recipe)
{
    static const char *const others[] = {"epochs=", "seen=", "dropout="};

    if (settings == NULL) return ALEXNET_OK;
    for (const char *word = settings; *word != '\0'; word += strcspn(word, " ")) {
        word += strspn(word, " ");
        for (size_t i = 0; i < AN_COUNT(others); ++i)
            if (strncmp(word, others[i], strlen(others[i])) == 0)
                return an_fail(ctx, ALEXNET_BAD_ARG,
                               "settings: %.*s belongs to recipes; of the options, epochs and "
                               "model_options.dropout are members",
                               (int)strlen(others[i]) - 1, others[i]);
    }
    return an_settings_override(ctx, "settings", an_recipe_overrides, settings, recipe);
}

alexnet_status an_recipe_find(alexnet_context *ctx, const char *name, an_recipe *out)
{
    for (size_t i = 0; i < AN_COUNT(recipes); ++i)
        if (strcmp(recipes[i].name, name) == 0)
            return an_settings_parse(ctx, "recipe", an_recipe_keys, recipes[i].settings, out);
    return fail_unknown(ctx, name);
}
