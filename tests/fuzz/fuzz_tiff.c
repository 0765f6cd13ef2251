/*
 * fuzz_tiff.c: any bytes are an image or an error, and a raw photograph or none.
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *raw = an_image_raw(data, size);

    FUZZ_REQUIRE(raw == NULL || an_codec_tiff.sniff(data, size));
    return fuzz_codec(&an_codec_tiff, data, size);
}
