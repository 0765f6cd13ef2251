/*
 * fuzz_solverstate.c: whatever the bytes, the reader refuses them or gives a history whose values
 * lie in them.
 * SPDX-License-Identifier: MIT
 */
#include "formats/caffe/solverstate.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    an_caffe_solverstate state;
    const alexnet_status status = an_caffe_solverstate_parse(ctx, "fuzz", data, size, &state);

    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
    if (status != ALEXNET_OK) return 0;
    FUZZ_REQUIRE(state.count > 0 && state.iteration >= 0);
    for (int i = 0; i < state.count; ++i) {
        float *values = malloc((size_t)state.history[i].count * sizeof *values + 1);
        FUZZ_REQUIRE(values != NULL && (size_t)state.history[i].count <= size / 4);
        FUZZ_REQUIRE(an_tensor_to_float(ctx, "fuzz", &state.history[i], values) == ALEXNET_OK);
        free(values);
    }
    an_caffe_solverstate_close(ctx, &state);
    return 0;
}
