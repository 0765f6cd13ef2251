/*
 * fuzz_idx.c: whatever two files in MNIST's format hold, they are refused, or are a data set of
 * which every image is there.
 *
 *     size of the labels (2 bytes, big-endian) | labels | images
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH_BYTES];

    if (size < 2) return 0;
    const size_t said = (size_t)data[0] << 8 | data[1];
    const size_t labels = said < size - 2 ? said : size - 2;
    fuzz_fill("train-labels-idx1-ubyte", data + 2, labels, path);
    fuzz_fill("train-images-idx3-ubyte", data + 2 + labels, size - 2 - labels, path);
    fuzz_data("idx", AN_PART_ALL);
    return 0;
}
