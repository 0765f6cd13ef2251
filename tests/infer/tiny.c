/*
 * tiny.c: small models and data sets for the tests of training and inference.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tiny.h"

#include "synth/synth.h"
#include <stdio.h>
#include <string.h>

const char *const an_tiny_classes[3] = {"checker", "cross",
                                        "disc"}; /* the first of synth/synth.h */

alexnet_context *an_tiny_open(an_test_memory *memory, int threads)
{
    alexnet_options options = alexnet_options_default();
    alexnet_context *ctx;

    if (memory != NULL) options = an_test_options(memory);
    options.threads = threads;
    an_assert_ok(NULL, alexnet_open(&options, &ctx));
    return ctx;
}

void an_tiny_draw(alexnet_context *ctx, const char *folder, int classes, int per_class)
{
    const alexnet_synth_options options = {
        .struct_size = sizeof options,
        .out = folder,
        .classes = classes,
        .train_images = per_class,
        .val_images = (per_class + 1) / 2,
        .size = 32,
        .seed = 7,
    };

    an_assert_ok(ctx, alexnet_data_synth(ctx, &options));
    for (int i = 0; i < classes && i < 3; ++i)
        assert_string_equal(an_synth_class(i), an_tiny_classes[i]);
}

alexnet_model *an_tiny_model(alexnet_context *ctx, const char *const *names, int classes,
                             uint64_t seed)
{
    static const an_init he = {AN_INIT_HE, 0};
    static const int shape[3] = {3, 32, 32};
    static float grey[3 * 32 * 32];
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *model;

    options.classes = classes;
    an_assert_ok(ctx, an_model_create_zero(ctx, "cifar-19pct", &options, &model));
    an_model_init_weights(model, seed, &he);
    for (int64_t i = 0; i < model->params.items[0].count; ++i) /* pixels are not normalised */
        model->values[i] /= 58;
    for (size_t i = 0; i < AN_COUNT(grey); ++i)
        grey[i] = 128;
    an_assert_ok(ctx, an_model_set_mean_image(model, shape, grey));
    if (names != NULL) an_assert_ok(ctx, an_model_set_classes(model, names, classes));
    return model;
}

void an_tiny_weights(alexnet_context *ctx, const char *path, const char *const *names, int classes,
                     uint64_t seed)
{
    alexnet_model *model = an_tiny_model(ctx, names, classes, seed);

    an_assert_ok(ctx, alexnet_model_save(model, path));
    alexnet_model_free(model);
}

alexnet_model *an_tiny_normed(alexnet_context *ctx, int classes, uint64_t seed)
{
    static const an_row rows[] = {
        {"conv1", "conv2d", "filters=6 kernel=3 pad=1"},
        {"norm1", "batch_norm", ""},
        {"relu1", "relu", ""},
        {"pool1", "pool", "max size=2 stride=2"},
        {"local2", "local", "filters=5 kernel=3 pad=1"},
        {"flat", "flatten", ""},
        {"fc3", "linear", "outputs=7"},
        {"norm3", "batch_norm", "epsilon=1e-3 momentum=0.25"},
        {"relu3", "relu", ""},
        {"fc4", "linear", "outputs=CLASSES"},
    };
    static const an_family family = {
        .name = "tiny-normed",
        .input = {3, 8, 8},
        .classes = 3,
        .dropout = -1,
        .preprocess = "resize=exact:INPUT",
        .classifier = "fc3",
        .rows = rows,
        .row_count = AN_COUNT(rows),
    };
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *model;

    options.classes = classes;
    an_assert_ok(ctx, an_model_describe(ctx, &family, &options, &model));
    an_assert_ok(ctx, an_model_alloc(model));
    an_model_init_weights(model, seed, NULL);
    return model;
}

static void append(an_tiny_text *all, const char *a, const char *b)
{
    const size_t used = strlen(all->text);

    snprintf(all->text + used, sizeof all->text - used, "%s%s%s\n", a, b[0] != '\0' ? ": " : "", b);
}

void an_tiny_log(void *user, alexnet_log_level level, const char *line)
{
    (void)level;
    append(user, line, "");
}

void an_tiny_skipped(void *user, const char *path, const char *reason)
{
    append(user, path, reason);
}

void an_tiny_spoil(const char *folder, const char *name)
{
    an_test_write_text(an_test_path(folder, name), "this is not an image");
}
