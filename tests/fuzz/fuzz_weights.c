/*
 * fuzz_weights.c: whatever a weights file claims, it is refused or gives a model of finite numbers.
 * SPDX-License-Identifier: MIT
 */
#include "formats/weights.h"
#include "fuzz/fuzz.h"
#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    alexnet_model *model;
    an_tensor_file file;

    if (an_safetensors_parse(ctx, "fuzz", data, size, &file) != ALEXNET_OK) return 0;
    if (an_weights_read(ctx, "fuzz", &file, &model) == ALEXNET_OK) {
        for (size_t i = 0; i < model->params.values; ++i)
            FUZZ_REQUIRE(isfinite(model->values[i]));
        alexnet_model_free(model);
    }
    an_tensor_file_close(ctx, &file);
    return 0;
}
