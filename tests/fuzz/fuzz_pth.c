/*
 * fuzz_pth.c: the format "pth": fuzz_tensors.h.
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz_tensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_tensor_file(data, size, &an_tensor_format_pth);
    return 0;
}
