/*
 * fuzz_tensors.h: what every reader of tensors must hold to, for the targets of their formats.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_FUZZ_TENSORS_H
#define AN_TEST_FUZZ_TENSORS_H

#include "formats/tensor_file.h"
#include "fuzz/fuzz.h"

static inline void fuzz_tensor(const an_tensor_view *tensor)
{
    float *values = malloc((size_t)tensor->count * sizeof *values + 1);

    FUZZ_REQUIRE(values != NULL && tensor->name != NULL);
    FUZZ_REQUIRE(tensor->rank >= 0 && tensor->rank <= AN_TENSOR_RANK_MAX);
    int64_t count = 1;
    for (int i = 0; i < tensor->rank; ++i)
        count *= tensor->shape[i];
    FUZZ_REQUIRE(count == tensor->count);
    const alexnet_status status = an_tensor_to_float(fuzz_context(), "fuzz", tensor, values);
    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
    free(values);
}

/* Whatever the bytes, the reader refuses them or gives tensors that can be read. */
static inline void fuzz_tensor_file(const uint8_t *data, size_t size,
                                    const an_tensor_format *format)
{
    alexnet_context *ctx = fuzz_context();
    an_tensor_file file;
    const alexnet_status status = an_tensor_file_parse(ctx, "fuzz", data, size, format, &file);

    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE ||
                 status == ALEXNET_UNSUPPORTED);
    if (status != ALEXNET_OK) return;
    for (size_t i = 0; i < file.count; ++i)
        fuzz_tensor(&file.tensors[i]);
    an_tensor_file_close(ctx, &file);
}

#endif
