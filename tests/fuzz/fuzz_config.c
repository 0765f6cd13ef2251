/*
 * fuzz_config.c: whatever config.json holds, it is refused with a reason, or is a configuration
 * that is written, read again and the same.
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz_file.h"
#include "train/config.h"

static void check(alexnet_context *ctx, const an_config *config)
{
    char path[FUZZ_PATH_BYTES], first[AN_SHA256_HEX_SIZE], second[AN_SHA256_HEX_SIZE];
    an_config back;

    fuzz_fill("again.json", "", 0, path);
    FUZZ_REQUIRE(an_config_check(ctx, config) == ALEXNET_OK);
    FUZZ_REQUIRE(an_config_hash(ctx, config, first) == ALEXNET_OK);
    FUZZ_REQUIRE(an_config_write(ctx, config, path) == ALEXNET_OK);
    FUZZ_REQUIRE(an_config_read(ctx, path, &back) == ALEXNET_OK);
    FUZZ_REQUIRE(an_config_hash(ctx, &back, second) == ALEXNET_OK);
    FUZZ_REQUIRE(strcmp(first, second) == 0);
    FUZZ_REQUIRE(back.steps == config->steps && back.patience == config->patience &&
                 back.checkpoint_steps == config->checkpoint_steps);
    an_config_free(ctx, &back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    char path[FUZZ_PATH_BYTES];
    an_config config;

    const alexnet_status status =
        an_config_read(ctx, fuzz_fill("config.json", data, size, path), &config);
    if (status == ALEXNET_OK) {
        check(ctx, &config);
        an_config_free(ctx, &config);
    } else {
        FUZZ_REQUIRE(status == ALEXNET_BAD_FILE || status == ALEXNET_UNSUPPORTED);
        FUZZ_REQUIRE(strstr(alexnet_error(ctx), "config.json") != NULL);
    }
    return 0;
}
