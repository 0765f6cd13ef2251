/*
 * verify.c: alexnet_verify(): checks a weights file, or the files of a run, by their checksums.
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "formats/safetensors.h"
#include "train/config.h"
#include "train/run/checkpoint_read.h"
#include "train/run/run_folder.h"
#include <string.h>

typedef struct job {
    alexnet_context *ctx;
    alexnet_verified_fn tell;
    void *user;
    int bad;
    an_train_state state; /* of the newest checkpoint whose manifest fits */
    bool known;           /* there is such a checkpoint */
} job;

/* status not OK: the context has the message. */
static void tell(job *j, const char *path, const char *proof, alexnet_status status)
{
    const alexnet_verified file = {
        .file = path, .proof = proof, .error = status == ALEXNET_OK ? NULL : alexnet_error(j->ctx)};

    j->bad += status != ALEXNET_OK;
    if (j->tell != NULL) j->tell(j->user, &file);
}

/* ---- one file of tensors ---- */

/* The step in the weights' record; -1: none. */
static int64_t find_step(job *j, const an_tensor_file *file)
{
    const char *text = an_tensor_file_metadata(file, "alexnet.trained");
    json_t *trained;

    if (text == NULL ||
        an_json_parse(j->ctx, "alexnet.trained", text, strlen(text), &trained) != ALEXNET_OK)
        return -1;
    const int64_t step = an_json_get_int(trained, "steps", -1);
    json_decref(trained);
    return step;
}

/* *summed: all tensors have a checksum, or there are no tensors. */
static alexnet_status read_tensors(job *j, const char *path, int64_t *step, bool *summed)
{
    an_tensor_file file;
    alexnet_status status;

    AN_TRY(an_safetensors_open(j->ctx, path, &file));
    *step = find_step(j, &file);
    *summed = an_tensor_file_metadata(&file, AN_KEY_CRC32C) != NULL;
    status = ALEXNET_OK;
    for (size_t i = 0; i < file.count && status == ALEXNET_OK; ++i)
        status = an_tensor_check(j->ctx, path, &file.tensors[i]);
    an_tensor_file_close(j->ctx, &file);
    return status;
}

/* expected: the known SHA-256 of the weights of step `of`; "": none is known. */
static alexnet_status verify_tensors(job *j, const char *path, const char *expected, int64_t of)
{
    char found[AN_SHA256_HEX_SIZE];
    int64_t bytes, step = -1;
    bool summed = false, held = false;

    alexnet_status status = read_tensors(j, path, &step, &summed);
    if (status == ALEXNET_OK && expected[0] != '\0' && (step < 0 || step == of)) {
        held = true; /* not for a file of another step, which is not the one meant */
        status = an_file_hash(j->ctx, path, &bytes, found);
        if (status == ALEXNET_OK && strcmp(found, expected) != 0)
            status =
                an_fail(j->ctx, ALEXNET_BAD_FILE,
                        "%s: SHA-256 is %s, the newest checkpoint says %s", path, found, expected);
    }
    if (status == ALEXNET_NO_MEMORY) return status;
    tell(j, path, held ? "sha256" : summed ? "crc32c" : "none", status);
    return ALEXNET_OK;
}

/* ---- a run ---- */

static void told(void *user, const char *path, alexnet_status status, const an_train_state *state)
{
    job *j = user;

    if (state != NULL && !j->known) { /* the first one is the newest */
        j->state = *state;
        j->known = true;
    }
    tell(j, path, "sha256", status);
}

/* A file that a run may lack. */
static alexnet_status verify_weights(job *j, const char *path, const char *expected)
{
    an_file_info info;

    AN_TRY(an_file_stat(j->ctx, path, &info));
    return info.kind == AN_FILE_ABSENT ? ALEXNET_OK
                                       : verify_tensors(j, path, expected, j->state.best_step);
}

static alexnet_status verify_config(job *j, const an_run_folder *folder,
                                    char hash[AN_SHA256_HEX_SIZE])
{
    an_config config = {0};
    alexnet_status status = an_config_read(j->ctx, folder->config, &config);

    if (status == ALEXNET_OK) status = an_config_hash(j->ctx, &config, hash);
    an_config_free(j->ctx, &config);
    return status;
}

static alexnet_status verify_folder(job *j, const an_run_folder *folder)
{
    char hash[AN_SHA256_HEX_SIZE];
    const alexnet_status status = verify_config(j, folder, hash);

    if (status == ALEXNET_NOT_FOUND)
        return an_fail(j->ctx, ALEXNET_BAD_FILE, "%s: a folder, but not a run: no config.json",
                       folder->path);
    if (status == ALEXNET_NO_MEMORY) return status;
    tell(j, folder->config, "none", status);
    if (status == ALEXNET_OK)
        AN_TRY(an_checkpoint_verify_all(j->ctx, folder->checkpoints, hash, told, j));
    AN_TRY(verify_weights(j, folder->best, j->known ? j->state.best_sha256 : ""));
    return verify_weights(j, folder->last, "");
}

static alexnet_status verify_run(job *j, const char *path)
{
    an_run_folder folder;

    AN_TRY(an_run_folder_open(j->ctx, path, &folder));
    const alexnet_status status = verify_folder(j, &folder);
    an_run_folder_close(j->ctx, &folder);
    return status;
}

alexnet_status alexnet_verify(alexnet_context *ctx, const char *path, alexnet_verified_fn tell_file,
                              void *user, int *bad)
{
    job j = {.ctx = ctx, .tell = tell_file, .user = user, .state = an_train_state_start()};
    an_file_info info;

    if (bad != NULL) *bad = 0;
    AN_NEED(ctx, ctx);
    AN_NEED(ctx, path);
    AN_TRY(an_file_stat(ctx, path, &info));
    if (info.kind == AN_FILE_ABSENT)
        return an_fail(ctx, ALEXNET_NOT_FOUND, "%s: no such file or folder", path);
    const alexnet_status status =
        info.kind == AN_FILE_FOLDER ? verify_run(&j, path) : verify_tensors(&j, path, "", -1);
    if (bad != NULL) *bad = j.bad;
    return status;
}
