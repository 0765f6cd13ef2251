/*
 * fuzz_npy.c: whatever the bytes, the reader refuses them or gives a tensor that ends where they
 * end.
 * SPDX-License-Identifier: MIT
 */
#include "formats/numpy/npy.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    an_tensor_view tensor;

    if (an_npy_parse(ctx, "fuzz", data, size, &tensor) != ALEXNET_OK) return 0;

    const size_t bytes = (size_t)tensor.count * an_dtype_bytes(tensor.dtype);
    float *values = malloc((size_t)tensor.count * sizeof *values + 1);
    FUZZ_REQUIRE(values != NULL);
    FUZZ_REQUIRE(tensor.data > data && bytes == size - (size_t)(tensor.data - data));
    const alexnet_status status = an_tensor_to_float(ctx, "fuzz", &tensor, values);
    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
    free(values);
    return 0;
}
