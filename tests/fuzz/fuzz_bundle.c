/*
 * fuzz_bundle.c: whatever the entries of a checkpoint's index, it is refused, or its tensors lie in
 * its data files. The input is the contents of the index's only block; its checksums are made. The
 * data files are 4 KiB of zeros, of which there are one or two.
 * SPDX-License-Identifier: MIT
 */
#include "formats/tensorflow/made.h"
#include "fuzz/fuzz_file.h"
#include "fuzz/fuzz_tensors.h"

#define SHARD_BYTES 4096

static void fill_shards(void)
{
    static const char *const names[] = {"f.data-00000-of-00001", "f.data-00000-of-00002",
                                        "f.data-00001-of-00002"};
    static const uint8_t zeros[SHARD_BYTES];
    static bool filled;
    char path[FUZZ_PATH_BYTES];

    for (size_t i = 0; !filled && i < sizeof names / sizeof *names; ++i)
        fuzz_fill(names[i], zeros, sizeof zeros, path);
    filled = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    an_pb_out table = made_table(ctx, data, size);
    char path[FUZZ_PATH_BYTES];
    an_tensor_file file;

    fill_shards();
    fuzz_fill("f.index", table.data, table.bytes, path);
    an_pb_free(&table);
    const alexnet_status status = an_tensor_file_open(ctx, path, NULL, &file);
    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE ||
                 status == ALEXNET_UNSUPPORTED || status == ALEXNET_NOT_FOUND);
    for (size_t i = 0; i < file.count; ++i) {
        const an_tensor_view *tensor = &file.tensors[i];
        const size_t bytes = (size_t)tensor->count * an_dtype_bytes(tensor->dtype);
        FUZZ_REQUIRE(tensor->place <= tensor->reader.size &&
                     bytes <= tensor->reader.size - tensor->place && bytes <= SHARD_BYTES);
        fuzz_tensor(tensor);
    }
    an_tensor_file_close(ctx, &file);
    return 0;
}
