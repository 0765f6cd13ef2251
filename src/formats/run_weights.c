/*
 * run_weights.c: finds the file of a run, or of a checkpoint of TensorFlow, that holds weights.
 *
 * SPDX-License-Identifier: MIT
 */
#include "formats/run_weights.h"

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "formats/tensorflow/bundle.h"
#include <string.h>

/* Sets *out to the path of a file in the folder; NULL: the folder has no such file. */
static alexnet_status find(alexnet_context *ctx, const char *folder, const char *name, char **out)
{
    char *path = an_path_join(ctx, folder, name);
    an_file_info info;

    *out = NULL;
    if (path == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for a path", folder);
    const alexnet_status status = an_file_stat(ctx, path, &info);
    if (status == ALEXNET_OK && info.kind == AN_FILE_REGULAR)
        *out = path;
    else
        an_free(ctx, path);
    return status;
}

static alexnet_status fail_without_weights(alexnet_context *ctx, const char *folder)
{
    char *config;

    AN_TRY(find(ctx, folder, AN_RUN_CONFIG, &config));
    const bool run = config != NULL;
    an_free(ctx, config);
    if (run)
        return an_fail(ctx, ALEXNET_NOT_FOUND,
                       "run '%s' has no weights yet: neither " AN_RUN_BEST " nor " AN_RUN_LAST,
                       folder);
    return an_fail(ctx, ALEXNET_NOT_FOUND,
                   "'%s' is a folder, but not a run: expected a weights file, or a folder "
                   "with " AN_RUN_BEST " or " AN_RUN_LAST,
                   folder);
}

/* The newest checkpoint of a folder of TensorFlow's, by its state file. */
static alexnet_status find_state(alexnet_context *ctx, const char *folder, char **out)
{
    char *state;

    AN_TRY(find(ctx, folder, AN_BUNDLE_STATE, &state));
    if (state == NULL) return fail_without_weights(ctx, folder);
    const alexnet_status status = an_bundle_find(ctx, state, out);
    if (status == ALEXNET_OK) an_log(ctx, ALEXNET_LOG_INFO, "%s: its newest, %s", state, *out);
    an_free(ctx, state);
    return status;
}

static alexnet_status find_in_run(alexnet_context *ctx, const char *folder, char **out)
{
    AN_TRY(find(ctx, folder, AN_RUN_BEST, out));
    const bool best = *out != NULL;
    if (!best) AN_TRY(find(ctx, folder, AN_RUN_LAST, out));
    if (*out == NULL) return find_state(ctx, folder, out);
    an_log(ctx, ALEXNET_LOG_INFO, "run %s: its %s weights, %s", folder, best ? "best" : "last",
           *out);
    return ALEXNET_OK;
}

alexnet_status an_weights_file(alexnet_context *ctx, const char *path, char **out)
{
    an_file_info info;

    *out = NULL;
    AN_TRY(an_file_stat(ctx, path, &info));
    if (info.kind == AN_FILE_FOLDER) return find_in_run(ctx, path, out);
    const bool state =
        info.kind == AN_FILE_REGULAR && strcmp(an_path_base(path), AN_BUNDLE_STATE) == 0;
    if (info.kind == AN_FILE_ABSENT || state) AN_TRY(an_bundle_find(ctx, path, out));
    if (*out != NULL) {
        an_log(ctx, ALEXNET_LOG_INFO, "%s: the checkpoint %s", path, *out);
        return ALEXNET_OK;
    }
    *out = an_copy_text(ctx, path);
    return *out != NULL ? ALEXNET_OK : an_fail(ctx, ALEXNET_NO_MEMORY, "%s", path);
}
