/*
 * pickle_file.c: the format "pickle": a file that is one pickle, of NumPy's arrays in dicts and
 * lists.
 *
 * A checkpoint of cuda-convnet is one as well, written by Python 2: its network is the list
 * "layers" of the dict "model_state" (docs/file-formats.md).
 * SPDX-License-Identifier: MIT
 */
#include "base/log.h"
#include "base/status.h"
#include "formats/pytorch/pickle_array.h"
#include "formats/pytorch/pickle_walk.h"
#include <string.h>

static alexnet_status describe(void *self, const an_pickle_value *value, an_tensor_view *out,
                               bool *is)
{
    const an_pickle_walk *walk = self;

    AN_TRY(an_pickle_array(walk->ctx, walk->path, value, walk->file, out, is));
    if (!*is)
        an_log(walk->ctx, ALEXNET_LOG_INFO, "%s: array '%s' has no numbers that are read; left out",
               walk->path, out->name);
    return ALEXNET_OK;
}

/* The layers of cuda-convnet, or NULL. */
static const an_pickle_value *find_layers(const an_pickle_value *root)
{
    const an_pickle_value *state = an_pickle_get(root, "model_state");
    const an_pickle_value *layers = an_pickle_get(state != NULL ? state : root, "layers");

    if (layers == NULL || (layers->kind != AN_PICKLE_LIST && layers->kind != AN_PICKLE_DICT) ||
        layers->items->count == 0)
        return NULL;
    const an_pickle_value *layer = &layers->items->values[layers->kind == AN_PICKLE_DICT ? 1 : 0];
    return an_pickle_get(layer, "name") != NULL ? layers : NULL;
}

static alexnet_status read_values(alexnet_context *ctx, const char *path, const an_pickle *pickle,
                                  an_tensor_file *out)
{
    an_pickle_walk walk = {.ctx = ctx,
                           .path = path,
                           .file = out,
                           .describe = describe,
                           .is_tensor = an_pickle_is_array,
                           .self = &walk};
    const an_pickle_value *layers = find_layers(&pickle->value);

    if (pickle->persistent.count > 0)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: its pickle refers to data that are not in the file", path);
    if (layers != NULL)
        AN_TRY(an_pickle_walk_layers(&walk, layers));
    else
        AN_TRY(an_pickle_walk_value(&walk, &pickle->value));
    if (out->count == 0)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: its pickle holds no array of numbers", path);
    return an_pickle_check_names(ctx, path, out);
}

static alexnet_status read_pickle(alexnet_context *ctx, const char *path, an_tensor_file *out)
{
    an_pickle pickle;
    alexnet_status status = an_pickle_read(ctx, path, &out->reader, 0, out->reader.size, &pickle);

    if (status == ALEXNET_OK && pickle.end != out->reader.size)
        status = an_fail(ctx, ALEXNET_BAD_FILE, "%s: its pickle ends at byte %ju of %ju", path,
                         (uintmax_t)pickle.end, (uintmax_t)out->reader.size);
    if (status == ALEXNET_OK) status = read_values(ctx, path, &pickle, out);
    an_pickle_close(ctx, &pickle);
    return status;
}

static bool is_name_character(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

/* The length of a line of a name, with its newline; 0: it is none. */
static size_t name_line(const uint8_t *text, size_t bytes)
{
    size_t length = 0;

    while (length < bytes && is_name_character(text[length]))
        ++length;
    return length > 0 && length < bytes && text[length] == '\n' ? length + 1 : 0;
}

/* "cmodule\nname\n", then what calls it, or puts it into the memo */
static bool begins_with_global(const uint8_t *head, size_t bytes)
{
    const size_t module = bytes > 0 && head[0] == 'c' ? name_line(head + 1, bytes - 1) : 0;
    const size_t name = module > 0 ? name_line(head + 1 + module, bytes - 1 - module) : 0;
    const size_t at = 1 + module + name;

    return name > 0 && at < bytes && strchr("(pq)", head[at]) != NULL && head[at] != '\0';
}

/* From protocol 2 on, a pickle begins with its number. Before that, with a dict or a list, or with
   what makes another one. */
static bool is_pickle(const uint8_t *head, size_t head_bytes, uint64_t size)
{
    static const char *const starts[] = {"(dp", "(lp", "}q", "]q", "(d.", "(l.", "}.", "]."};

    (void)size;
    if (head_bytes >= 2 && head[0] == 0x80) return head[1] >= 2 && head[1] <= 5;
    for (size_t i = 0; i < AN_COUNT(starts); ++i)
        if (head_bytes >= strlen(starts[i]) && memcmp(head, starts[i], strlen(starts[i])) == 0)
            return true;
    return begins_with_global(head, head_bytes);
}

const an_tensor_format an_tensor_format_pickle = {
    .name = "pickle", .extension = "pkl", .matches = is_pickle, .read = read_pickle};
