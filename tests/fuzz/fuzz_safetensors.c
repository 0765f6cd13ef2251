/*
 * fuzz_safetensors.c: whatever the bytes, the reader refuses them or gives tensors that cover the
 * data exactly.
 * SPDX-License-Identifier: MIT
 */
#include "formats/safetensors.h"
#include "fuzz/fuzz.h"

static void check_tensor(const an_tensor_view *tensor, const uint8_t *begin, const uint8_t *end)
{
    const size_t bytes = (size_t)tensor->count * an_dtype_bytes(tensor->dtype);
    float *values = malloc((size_t)tensor->count * sizeof *values + 1);

    FUZZ_REQUIRE(values != NULL);
    FUZZ_REQUIRE(tensor->rank >= 0 && tensor->rank <= AN_TENSOR_RANK_MAX);
    FUZZ_REQUIRE(tensor->data >= begin && bytes <= (size_t)(end - tensor->data));
    const alexnet_status status = an_tensor_to_float(fuzz_context(), "fuzz", tensor, values);
    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
    free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    an_tensor_file file;

    if (an_safetensors_parse(ctx, "fuzz", data, size, &file) != ALEXNET_OK) return 0;
    size_t used = 0;
    for (size_t i = 0; i < file.count; ++i) {
        const an_tensor_view *tensor = &file.tensors[i];
        check_tensor(tensor, data, data + size);
        used += (size_t)tensor->count * an_dtype_bytes(tensor->dtype);
        FUZZ_REQUIRE(an_tensor_file_find(&file, tensor->name) == tensor);
        FUZZ_REQUIRE(i == 0 || tensor->data >= file.tensors[i - 1].data);
    }
    FUZZ_REQUIRE(used <= size);
    for (size_t i = 0; i < file.metadata_count; ++i)
        FUZZ_REQUIRE(an_tensor_file_metadata(&file, file.keys[i]) == file.values[i]);
    an_tensor_file_close(ctx, &file);
    return 0;
}
