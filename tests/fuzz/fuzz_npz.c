/*
 * fuzz_npz.c: whatever the bytes, the reader refuses them or gives tensors within the file; their
 * values are read, or refused.
 * SPDX-License-Identifier: MIT
 */
#include "formats/numpy/npz.h"
#include "fuzz/fuzz.h"

static void check_tensor(const an_tensor_view *tensor, size_t size)
{
    const size_t bytes = (size_t)tensor->count * an_dtype_bytes(tensor->dtype);
    float *values = malloc((size_t)tensor->count * sizeof *values + 1);

    FUZZ_REQUIRE(values != NULL);
    FUZZ_REQUIRE(tensor->rank >= 0 && tensor->rank <= AN_TENSOR_RANK_MAX);
    FUZZ_REQUIRE(an_tensor_span(tensor) == tensor->count);
    FUZZ_REQUIRE(tensor->place <= size);
    if (tensor->packed > 0)
        FUZZ_REQUIRE(tensor->packed <= size - tensor->place && tensor->data == NULL);
    else
        FUZZ_REQUIRE(bytes <= size - tensor->place && tensor->skip <= tensor->place);
    const alexnet_status status = an_tensor_to_float(fuzz_context(), "fuzz", tensor, values);
    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
    free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    an_tensor_file file;

    const alexnet_status status =
        an_tensor_file_parse(ctx, "fuzz", data, size, &an_tensor_format_npz, &file);
    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE ||
                 status == ALEXNET_UNSUPPORTED);
    for (size_t i = 0; i < file.count; ++i) {
        check_tensor(&file.tensors[i], size);
        FUZZ_REQUIRE(an_tensor_file_find(&file, file.tensors[i].name) == &file.tensors[i]);
    }
    for (size_t i = 0; i < file.metadata_count; ++i)
        FUZZ_REQUIRE(an_tensor_file_metadata(&file, file.keys[i]) == file.values[i]);
    an_tensor_file_close(ctx, &file);
    return 0;
}
