/*
 * bundle_find.c: which index a path stands for. A state file is the text form of a message
 * (tensorflow/python/training/checkpoint_state.proto); its first field names the newest checkpoint:
 *
 *     model_checkpoint_path: "model.ckpt-1000"
 *
 * TensorFlow also writes whole paths, which are wrong once the folder has moved, and which could
 * lead anywhere: only the last part counts, in the folder of the state file.
 * SPDX-License-Identifier: MIT
 */
#include "formats/tensorflow/bundle.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include <limits.h>
#include <string.h>

#define STATE_BYTES ((size_t)1 << 20) /* it lists every checkpoint that was kept */
#define KEY         "model_checkpoint_path:"

static alexnet_status fail_memory(alexnet_context *ctx, const char *path)
{
    return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for a path", path);
}

/* Leaves out the folders of a path. */
static const char *last_part(const char *name, size_t *length)
{
    for (size_t i = *length; i > 0; --i)
        if (name[i - 1] == '/') {
            *length -= i;
            return name + i;
        }
    return name;
}

/* The text between the quotes of the first line that names a checkpoint; NULL: there is none.
   A text with escapes is not read: it has no place in the name of a file. */
static const char *find_name(const char *text, size_t *length)
{
    while (strncmp(text, KEY, strlen(KEY)) != 0) {
        text = strchr(text, '\n');
        if (text == NULL) return NULL;
        ++text;
    }
    text += strlen(KEY);
    text += strspn(text, " \t");
    if (*text != '"') return NULL;
    *length = strcspn(text + 1, "\"\\\n");
    return text[1 + *length] == '"' ? last_part(text + 1, length) : NULL;
}

/* *out: FOLDER OF `path`/name.index */
static alexnet_status join(alexnet_context *ctx, const char *path, const char *name, size_t length,
                           char **out)
{
    const int folder = (int)(an_path_base(path) - path);

    *out = an_format(ctx, "%.*s%.*s" AN_BUNDLE_INDEX, folder, path, (int)length, name);
    return *out != NULL ? ALEXNET_OK : fail_memory(ctx, path);
}

static alexnet_status read_state(alexnet_context *ctx, const char *path, char **out)
{
    size_t length = 0;
    an_bytes bytes;

    AN_TRY(an_file_read(ctx, path, STATE_BYTES, &bytes));
    const char *name = find_name((const char *)bytes.data, &length);
    const alexnet_status status =
        name != NULL && length > 0
            ? join(ctx, path, name, length, out)
            : an_fail(ctx, ALEXNET_BAD_FILE,
                      "%s: expected a line " KEY " \"NAME\", as TensorFlow writes it", path);
    an_bytes_free(ctx, &bytes);
    return status;
}

alexnet_status an_bundle_find(alexnet_context *ctx, const char *path, char **out)
{
    an_file_info info;

    *out = NULL;
    AN_TRY(an_file_stat(ctx, path, &info));
    if (info.kind == AN_FILE_REGULAR && strcmp(an_path_base(path), AN_BUNDLE_STATE) == 0)
        return read_state(ctx, path, out);
    if (info.kind != AN_FILE_ABSENT ||
        strlen(an_path_base(path)) + strlen(AN_BUNDLE_INDEX) > NAME_MAX)
        return ALEXNET_OK;
    char *index = an_format(ctx, "%s" AN_BUNDLE_INDEX, path);
    if (index == NULL) return fail_memory(ctx, path);
    const alexnet_status status = an_file_stat(ctx, index, &info);
    if (status == ALEXNET_OK && info.kind == AN_FILE_REGULAR)
        *out = index;
    else
        an_free(ctx, index);
    return status;
}
