/*
 * fuzz_weights.c: whatever a weights file claims, it is refused or gives a model of finite numbers;
 * also where a part of a network is enough.
 * SPDX-License-Identifier: MIT
 */
#include "formats/partial.h"
#include "formats/weights.h"
#include "fuzz/fuzz.h"
#include <math.h>

static void require_finite(const alexnet_model *model)
{
    for (size_t i = 0; i < model->params.values; ++i)
        FUZZ_REQUIRE(isfinite(model->values[i]));
}

static void start_from(alexnet_context *ctx, const uint8_t *data, size_t size)
{
    static const char *const names[] = {"cat", "dog"};
    alexnet_model_options options = alexnet_model_options_default();
    const an_family *family;
    an_partial partial;
    alexnet_model *model;

    if (an_partial_parse(ctx, "fuzz", data, size, &partial) != ALEXNET_OK) return;
    options.classes = 2;
    FUZZ_REQUIRE(alexnet_model_create(ctx, "cifar-19pct", &options, 1, &model) == ALEXNET_OK);
    FUZZ_REQUIRE(an_model_set_classes(model, names, 2) == ALEXNET_OK);
    if (an_partial_family(ctx, &partial, &family) == ALEXNET_OK) FUZZ_REQUIRE(family != NULL);
    if (an_partial_read(&partial, model, NULL) == ALEXNET_OK) {
        require_finite(model);
        if (an_partial_take_record(&partial, model) == ALEXNET_OK)
            FUZZ_REQUIRE(model->preprocess != NULL);
    }
    alexnet_model_free(model);
    an_partial_close(ctx, &partial);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    alexnet_model *model;
    an_tensor_file file;

    if (an_safetensors_parse(ctx, "fuzz", data, size, &file) != ALEXNET_OK) return 0;
    if (an_weights_read(ctx, "fuzz", &file, &model) == ALEXNET_OK) {
        require_finite(model);
        alexnet_model_free(model);
    }
    an_tensor_file_close(ctx, &file);
    start_from(ctx, data, size);
    return 0;
}
