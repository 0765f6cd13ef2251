/*
 * best.c: checks best.safetensors against the checkpoint.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/run/best.h"

#include "base/json.h"
#include "base/log.h"
#include "base/status.h"
#include "formats/metadata.h"
#include "formats/safetensors.h"
#include <math.h>
#include <string.h>

/*
 * Whether best.safetensors differs from the hash in the checkpoint's manifest, or cannot be read.
 */
static alexnet_status best_differs(alexnet_context *ctx, const an_run_folder *folder,
                                   const an_train_state *state, bool *differs)
{
    char found[AN_SHA256_HEX_SIZE];
    int64_t bytes;

    *differs = false;
    if (state->best_sha256[0] == '\0') return ALEXNET_OK; /* not known */
    const alexnet_status status = an_file_hash(ctx, folder->best, &bytes, found);
    *differs = status != ALEXNET_OK || strcmp(found, state->best_sha256) != 0;
    return status == ALEXNET_NO_MEMORY ? status : ALEXNET_OK;
}

/* The step in the record of best.safetensors; -1: there is none. */
static alexnet_status read_best_step(alexnet_context *ctx, const an_run_folder *folder,
                                     int64_t *step)
{
    an_tensor_file file;
    json_t *object = NULL;

    *step = -1;
    AN_TRY(an_safetensors_open(ctx, folder->best, &file));
    const char *text = an_tensor_file_metadata(&file, AN_KEY_TRAINED);
    if (text != NULL && an_json_parse(ctx, folder->best, text, strlen(text), &object) == ALEXNET_OK)
        *step = an_json_get_int(object, "steps", -1);
    json_decref(object);
    an_tensor_file_close(ctx, &file);
    return ALEXNET_OK;
}

static void seek_best_anew(alexnet_context *ctx, const an_run_folder *folder, an_train_state *state,
                           const char *why)
{
    an_log(ctx, ALEXNET_LOG_WARNING, "%s %s: the search for the best weights starts again",
           folder->best, why);
    state->best_step = -1;
    state->best_top1 = (double)NAN;
    state->best_sha256[0] = '\0';
}

alexnet_status an_best_check(alexnet_context *ctx, const an_run_folder *folder,
                             an_train_state *state, bool *due)
{
    const int64_t expected = state->best_step;
    an_file_info info;
    bool differs = false;
    int64_t found = -1;

    *due = false;
    AN_TRY(an_file_stat(ctx, folder->best, &info));
    const bool absent = info.kind == AN_FILE_ABSENT;
    if (!absent) {
        const alexnet_status status = read_best_step(ctx, folder, &found);
        if (status == ALEXNET_NO_MEMORY) return status;
        AN_TRY(best_differs(ctx, folder, state, &differs));
        if (status == ALEXNET_OK && (found < 0 || found == expected) && !differs) return ALEXNET_OK;
    }
    if (expected >= 0 && expected == state->step)
        *due = true;
    else if (expected >= 0 && absent)
        seek_best_anew(ctx, folder, state, "is gone");
    else if (!absent && found > state->step) {
        seek_best_anew(ctx, folder, state, "is of a later step than the checkpoint");
        return an_file_remove(ctx, folder->best);
    } else if (!absent)
        seek_best_anew(ctx, folder, state, "is not what its checkpoint says");
    return ALEXNET_OK;
}
