/*
 * fuzz_manifest.c: whatever a manifest holds, it is refused with a reason, or it says where
 * training stands, is written again and is then the same.
 *
 * It gets a right checksum first: it would keep nearly every change from being looked at.
 * SPDX-License-Identifier: MIT
 */
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "fuzz/fuzz_file.h"
#include "train/run/manifest.h"

static void expect_files(an_manifest *manifest)
{
    *manifest = (an_manifest){.files = {{.name = "weights.safetensors"},
                                        {.name = "optimiser.safetensors"},
                                        {.name = "frozen.safetensors", .optional = true}}};
}

/* The object with the checksum of what else it holds. False: it is no object. */
static bool set_checksum(alexnet_context *ctx, const uint8_t *data, size_t size, const char *path)
{
    char hex[AN_SHA256_HEX_SIZE];
    uint8_t digest[AN_SHA256_BYTES];
    an_sha256 hash;
    json_t *object;

    if (an_json_parse(ctx, "fuzz", (const char *)data, size, &object) != ALEXNET_OK) return false;
    json_object_del(object, "sha256");
    char *text = an_json_text(ctx, object);
    FUZZ_REQUIRE(text != NULL);
    an_sha256_open(&hash);
    an_sha256_add(&hash, text, strlen(text));
    an_sha256_close(&hash, digest);
    an_sha256_hex(digest, hex);
    an_free(ctx, text);
    FUZZ_REQUIRE(json_object_set_new(object, "sha256", json_string(hex)) == 0);
    FUZZ_REQUIRE(json_dump_file(object, path, JSON_REAL_PRECISION(17)) == 0);
    json_decref(object);
    return true;
}

static void check_state(const an_manifest *manifest)
{
    const an_train_state *state = &manifest->state;

    FUZZ_REQUIRE(state->step >= 0 && state->side >= 0 && state->side <= ALEXNET_INPUT_MAX);
    FUZZ_REQUIRE(strlen(manifest->config_sha256) == AN_SHA256_HEX_SIZE - 1);
    for (int i = 0; i < AN_MANIFEST_FILES; ++i)
        FUZZ_REQUIRE(manifest->files[i].bytes < 0 ||
                     strlen(manifest->files[i].sha256) == AN_SHA256_HEX_SIZE - 1);
}

/* What is written of it, read and written once more, is the same bytes. */
static void check_again(alexnet_context *ctx, an_manifest *manifest)
{
    char path[FUZZ_PATH_BYTES];
    an_bytes bytes[2];

    fuzz_fill("again.json", "", 0, path);
    for (int i = 0; i < 2; ++i) {
        for (int k = 0; k < AN_MANIFEST_FILES; ++k)
            if (manifest->files[k].bytes < 0) manifest->files[k].name = NULL;
        if (manifest->files[0].name == NULL || manifest->files[1].name == NULL) return;
        FUZZ_REQUIRE(an_manifest_write(ctx, path, manifest) == ALEXNET_OK);
        FUZZ_REQUIRE(an_file_read(ctx, path, 1 << 20, &bytes[i]) == ALEXNET_OK);
        if (i > 0) break;
        expect_files(manifest);
        FUZZ_REQUIRE(an_manifest_read(ctx, path, manifest) == ALEXNET_OK);
    }
    FUZZ_REQUIRE(bytes[0].size == bytes[1].size &&
                 memcmp(bytes[0].data, bytes[1].data, bytes[0].size) == 0);
    for (int i = 0; i < 2; ++i)
        an_bytes_free(ctx, &bytes[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    char path[FUZZ_PATH_BYTES];
    an_manifest manifest;

    fuzz_fill("manifest.json", data, size, path);
    expect_files(&manifest);
    if (an_manifest_read(ctx, path, &manifest) == ALEXNET_OK) check_state(&manifest);
    if (!set_checksum(ctx, data, size, path)) return 0;
    expect_files(&manifest);
    const alexnet_status status = an_manifest_read(ctx, path, &manifest);
    if (status == ALEXNET_OK) {
        check_state(&manifest);
        check_again(ctx, &manifest);
    } else
        FUZZ_REQUIRE(status == ALEXNET_BAD_FILE || status == ALEXNET_UNSUPPORTED);
    return 0;
}
