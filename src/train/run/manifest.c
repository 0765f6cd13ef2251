/*
 * manifest.c: writing manifests, and reading and verifying them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/run/manifest.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include <math.h>
#include <string.h>

#define SCHEMA 1

an_train_state an_train_state_start(void)
{
    return (an_train_state){
        .validated = -1,
        .val_loss = (double)NAN,
        .val_top1 = (double)NAN,
        .val_top5 = (double)NAN,
        .best_step = -1,
        .best_top1 = (double)NAN,
        .best_loss = (double)NAN,
        .plateau = an_plateau_start(),
        .limit = -1,
        .most = AN_SCHEDULE_UNBOUND,
        .bias_most = AN_SCHEDULE_UNBOUND,
    };
}

/* The checksum of an object that does not hold it yet. */
static alexnet_status checksum(alexnet_context *ctx, const char *path, const json_t *object,
                               char hex[AN_SHA256_HEX_SIZE])
{
    char *text = an_json_text(ctx, object);
    an_sha256 hash;
    uint8_t digest[AN_SHA256_BYTES];

    if (text == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for its checksum", path);
    an_sha256_open(&hash);
    an_sha256_add(&hash, text, strlen(text));
    an_sha256_close(&hash, digest);
    an_sha256_hex(digest, hex);
    an_free(ctx, text);
    return ALEXNET_OK;
}

/* ---- writing ---- */

static json_t *files_to_json(an_json_maker *m, const an_manifest *manifest)
{
    json_t *list = an_json_list(m);

    for (int i = 0; i < AN_MANIFEST_FILES; ++i) {
        const an_manifest_file *file = &manifest->files[i];
        if (file->name == NULL || file->bytes < 0) continue;
        an_json_add(m, list,
                    an_json_pack(m, "{s:s, s:I, s:s}", "name", file->name, "bytes",
                                 (json_int_t)file->bytes, "sha256", file->sha256));
    }
    return list;
}

static json_t *to_json(an_json_maker *m, const an_manifest *manifest)
{
    const an_train_state *state = &manifest->state;

    return an_json_pack(
        m,
        "{s:i, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:s, s:I, s:f, s:o, s:I, s:I, "
        "s:I, s:I, s:f, s:I, s:i, s:o, s:o, s:o, s:o}",
        "schema", SCHEMA, "version", alexnet_version(), "config_sha256", manifest->config_sha256,
        "step", (json_int_t)state->step, "validated", (json_int_t)state->validated, "val_loss",
        an_json_real(m, state->val_loss), "val_top1", an_json_real(m, state->val_top1), "val_top5",
        an_json_real(m, state->val_top5), "best_step", (json_int_t)state->best_step, "best_top1",
        an_json_real(m, state->best_top1), "best_loss", an_json_real(m, state->best_loss),
        "best_sha256", state->best_sha256, "stale", (json_int_t)state->stale, "seconds",
        state->seconds, "plateau_best", an_json_real(m, state->plateau.best), "plateau_stale",
        (json_int_t)state->plateau.stale, "plateau_drops", (json_int_t)state->plateau.drops,
        "course_planned", (json_int_t)state->course.planned, "course_from",
        (json_int_t)state->course.from, "course_done", state->course.done, "course_total",
        (json_int_t)state->course.total, "side", state->side, "limit",
        state->limit >= 0 ? an_json_real(m, state->limit) : json_null(), "most",
        an_json_real(m, state->most), "bias_most", an_json_real(m, state->bias_most), "files",
        files_to_json(m, manifest));
}

alexnet_status an_manifest_write(alexnet_context *ctx, const char *path,
                                 const an_manifest *manifest)
{
    an_json_maker m = {0};
    json_t *object = to_json(&m, manifest);
    char hex[AN_SHA256_HEX_SIZE];
    alexnet_status status = an_json_made(ctx, &m, path);

    if (status == ALEXNET_OK) status = checksum(ctx, path, object, hex);
    if (status == ALEXNET_OK) {
        an_json_set(&m, object, "sha256", an_json_string(&m, hex));
        status = an_json_made(ctx, &m, path);
    }
    if (status == ALEXNET_OK) status = an_json_write(ctx, path, object);
    json_decref(object);
    return status;
}

/* ---- reading ---- */

static alexnet_status check(alexnet_context *ctx, const char *path, json_t *object)
{
    const char *given = an_json_get_text(object, "sha256", "");
    char claimed[AN_SHA256_HEX_SIZE] = "", found[AN_SHA256_HEX_SIZE];

    if (strlen(given) + 1 == sizeof claimed) memcpy(claimed, given, sizeof claimed);
    json_object_del(object, "sha256");
    AN_TRY(checksum(ctx, path, object, found));
    if (strcmp(claimed, found) != 0)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: its checksum is %s, it says '%s'", path, found,
                       claimed);
    if (an_json_get_int(object, "schema", -1) != SCHEMA)
        return an_fail(ctx, ALEXNET_UNSUPPORTED, "%s: schema %lld, expected %d", path,
                       (long long)an_json_get_int(object, "schema", -1), SCHEMA);
    return ALEXNET_OK;
}

static alexnet_status take_file(alexnet_context *ctx, const char *path, const json_t *object,
                                an_manifest_file *file)
{
    const json_t *list = json_object_get(object, "files");

    file->bytes = -1;
    if (file->name == NULL) return ALEXNET_OK;
    for (size_t i = 0; i < json_array_size(list); ++i) {
        const json_t *entry = json_array_get(list, i);
        const char *sha256 = an_json_get_text(entry, "sha256", "");
        if (strcmp(an_json_get_text(entry, "name", ""), file->name) != 0 ||
            strlen(sha256) + 1 != sizeof file->sha256)
            continue;
        file->bytes = an_json_get_int(entry, "bytes", -1);
        memcpy(file->sha256, sha256, sizeof file->sha256);
        return ALEXNET_OK;
    }
    return file->optional
               ? ALEXNET_OK
               : an_fail(ctx, ALEXNET_BAD_FILE, "%s: it does not name %s", path, file->name);
}

static alexnet_status take(alexnet_context *ctx, const char *path, const json_t *object,
                           an_manifest *manifest)
{
    const char *config = an_json_get_text(object, "config_sha256", "");

    if (strlen(config) + 1 != sizeof manifest->config_sha256)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: 'config_sha256' is missing", path);
    memcpy(manifest->config_sha256, config, sizeof manifest->config_sha256);
    manifest->state = (an_train_state){
        .step = an_json_get_int(object, "step", -1),
        .validated = an_json_get_int(object, "validated", -1),
        .val_loss = an_json_get_real(object, "val_loss", (double)NAN),
        .val_top1 = an_json_get_real(object, "val_top1", (double)NAN),
        .val_top5 = an_json_get_real(object, "val_top5", (double)NAN),
        .best_step = an_json_get_int(object, "best_step", -1),
        .best_top1 = an_json_get_real(object, "best_top1", (double)NAN),
        .best_loss = an_json_get_real(object, "best_loss", (double)NAN),
        .stale = an_json_get_int(object, "stale", 0),
        .seconds = an_json_get_real(object, "seconds", 0),
        .plateau = {.best = an_json_get_real(object, "plateau_best", (double)NAN),
                    .stale = an_json_get_int(object, "plateau_stale", 0),
                    .drops = an_json_get_int(object, "plateau_drops", 0)},
        .side = (int)AN_MAX(AN_MIN(an_json_get_int(object, "side", 0), ALEXNET_INPUT_MAX), 0),
        .limit = an_json_get_real(object, "limit", -1),
        .most = an_json_get_real(object, "most", AN_SCHEDULE_UNBOUND),
        .bias_most = an_json_get_real(object, "bias_most", AN_SCHEDULE_UNBOUND),
        .course = {.planned = an_json_get_int(object, "course_planned", 0),
                   .from = an_json_get_int(object, "course_from", 0),
                   .done = an_json_get_real(object, "course_done", 0),
                   .total = an_json_get_int(object, "course_total", 0)},
    };
    const char *best = an_json_get_text(object, "best_sha256", "");
    if (strlen(best) + 1 == sizeof manifest->state.best_sha256)
        memcpy(manifest->state.best_sha256, best, sizeof manifest->state.best_sha256);
    if (manifest->state.step < 0)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: 'step' is missing", path);
    for (int i = 0; i < AN_MANIFEST_FILES; ++i)
        AN_TRY(take_file(ctx, path, object, &manifest->files[i]));
    return ALEXNET_OK;
}

alexnet_status an_manifest_read(alexnet_context *ctx, const char *path, an_manifest *manifest)
{
    json_t *object;
    alexnet_status status;

    AN_TRY(an_json_read(ctx, path, &object));
    status = check(ctx, path, object);
    if (status == ALEXNET_OK) status = take(ctx, path, object, manifest);
    json_decref(object);
    return status;
}
