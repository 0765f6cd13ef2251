/*
 * fuzz_metadata.c: whatever the bytes, they are refused as metadata or are texts that can be
 * written and read again.
 * SPDX-License-Identifier: MIT
 */
#include "base/json.h"
#include "formats/metadata_json.h"
#include "fuzz/fuzz.h"
#include <string.h>

static void check_again(const an_tensor_file *file)
{
    alexnet_context *ctx = fuzz_context();
    an_tensor_file again = {0};
    char *text;

    FUZZ_REQUIRE(an_metadata_print(ctx, "fuzz", file->keys, file->values, file->metadata_count,
                                   &text) == ALEXNET_OK);
    FUZZ_REQUIRE(an_metadata_parse(ctx, "fuzz", text, strlen(text), &again) == ALEXNET_OK);
    FUZZ_REQUIRE(again.metadata_count == file->metadata_count);
    for (size_t i = 0; i < file->metadata_count; ++i)
        FUZZ_REQUIRE(strcmp(again.keys[i], file->keys[i]) == 0 &&
                     strcmp(again.values[i], file->values[i]) == 0);
    an_tensor_file_close(ctx, &again);
    an_json_free(ctx, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    an_tensor_file file = {0};

    const alexnet_status status = an_metadata_parse(ctx, "fuzz", (const char *)data, size, &file);
    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
    if (status == ALEXNET_OK) check_again(&file);
    an_tensor_file_close(ctx, &file);
    return 0;
}
