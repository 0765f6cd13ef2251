/*
 * fuzz_cifar.c: whatever CIFAR's binary files and their list of classes hold, they are refused, or
 * are a data set of which every image is there.
 *
 *     1: CIFAR-100, else CIFAR-10 | size of the list (2 bytes, big-endian, or 0) | list | records
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH_BYTES];

    if (size < 3) return 0;
    const bool hundred = data[0] == 1;
    const size_t said = (size_t)data[1] << 8 | data[2];
    const size_t list = said < size - 3 ? said : size - 3;
    fuzz_empty_folder(fuzz_folder());
    if (list > 0)
        fuzz_fill(hundred ? "fine_label_names.txt" : "batches.meta.txt", data + 3, list, path);
    fuzz_fill(hundred ? "train.bin" : "test_batch.bin", data + 3 + list, size - 3 - list, path);
    fuzz_data("cifar", AN_PART_ALL);
    return 0;
}
