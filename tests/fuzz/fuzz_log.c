/*
 * fuzz_log.c: whatever log.jsonl holds, `alexnet info RUN` reads it, and a resumed run cuts it to a
 * beginning of itself, once and for all, to which a line can be added.
 * SPDX-License-Identifier: MIT
 */
#include "base/file.h"
#include "cli/run.h"
#include "fuzz/fuzz_file.h"
#include "train/run/run_folder.h"

#define STEP 20 /* where the run is resumed */

static void check_document(json_t *document)
{
    static const char *const splits[] = {"train", "val"};

    FUZZ_REQUIRE(document != NULL && json_is_null(json_object_get(document, "config")));
    for (int i = 0; i < 2; ++i) {
        const json_t *line = json_object_get(document, splits[i]);
        FUZZ_REQUIRE(json_is_null(line) ||
                     strcmp(json_string_value(json_object_get(line, "split")), splits[i]) == 0);
    }
    json_decref(document);
}

static json_t *read_run(alexnet_context *ctx)
{
    an_json_maker m = {0};
    json_t *document = NULL;

    FUZZ_REQUIRE(cli_run_read(ctx, &m, fuzz_folder(), &document) == ALEXNET_OK);
    FUZZ_REQUIRE(m.status == ALEXNET_OK);
    return document;
}

static size_t trim(alexnet_context *ctx, const an_run_folder *folder, const uint8_t *data,
                   size_t size)
{
    an_bytes bytes;

    FUZZ_REQUIRE(an_run_folder_trim_log(ctx, folder, STEP) == ALEXNET_OK);
    FUZZ_REQUIRE(an_file_read(ctx, folder->log, size, &bytes) == ALEXNET_OK);
    FUZZ_REQUIRE(bytes.size <= size && memcmp(bytes.data, data, bytes.size) == 0);
    FUZZ_REQUIRE(bytes.size == size || bytes.size == 0 || data[bytes.size - 1] == '\n');
    const size_t left = bytes.size;
    an_bytes_free(ctx, &bytes);
    return left;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const an_log_line line = {.split = "val", .step = STEP, .top1 = 0.5};
    alexnet_context *ctx = fuzz_context();
    char path[FUZZ_PATH_BYTES];
    an_run_folder folder;

    fuzz_fill("log.jsonl", data, size, path);
    FUZZ_REQUIRE(an_run_folder_open(ctx, fuzz_folder(), &folder) == ALEXNET_OK);
    check_document(read_run(ctx));
    const size_t left = trim(ctx, &folder, data, size);
    FUZZ_REQUIRE(trim(ctx, &folder, data, left) == left);

    FUZZ_REQUIRE(an_run_folder_log(ctx, &folder, &line) == ALEXNET_OK);
    json_t *document = read_run(ctx);
    FUZZ_REQUIRE(json_integer_value(json_object_get(json_object_get(document, "val"), "step")) ==
                 STEP);
    check_document(document);
    an_run_folder_close(ctx, &folder);
    return 0;
}
