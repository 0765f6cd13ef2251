/*
 * fuzz_tiff.c: any bytes are an image or an error.
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_codec(&an_codec_tiff, data, size);
}
