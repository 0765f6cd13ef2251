/*
 * pth.c: the format "pth": which container a file is, and which of its dicts is the network.
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/pth.h"

#include "base/cursor.h"
#include "base/log.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/pytorch/pickle_walk.h"
#include "formats/pytorch/pth_write.h"
#include "formats/zip.h"
#include <string.h>

/* Under these keys training scripts keep the weights; the first that holds some is read. */
static const char *const wrappers[] = {
    "state_dict", "model", "model_state_dict", "state_dict_ema", "net", "network", "params"};
#define WRAPPED_MAX 4 /* dicts in dicts */
#define PATH_BYTES  160
#define ITEMS_MAX   ((size_t)1 << 20) /* looked at: a dict may be in several, and they in others */

/* ---- which dict ---- */

/* The search for the dict of tensors. */
typedef struct search {
    size_t items;          /* looked at so far */
    char path[PATH_BYTES]; /* the keys that lead to what is found */
} search;

/* What a dict has under the wrappers, or NULL; returns whether a value of it is a tensor. */
static bool scan_dict(const an_pickle_value *dict, const an_pickle_value *wrapped[])
{
    bool tensor = false;

    for (size_t i = 0; i < dict->items->count; i += 2) {
        const an_pickle_value *key = &dict->items->values[i];
        tensor = tensor || an_pth_is_tensor(key + 1);
        for (size_t k = 0; k < AN_COUNT(wrappers); ++k)
            if (an_pickle_is(key, wrappers[k])) wrapped[k] = key + 1;
    }
    return tensor;
}

/* The deepest dict of tensors that wrappers lead to, or NULL. `used`: bytes of the path to here.
   At most WRAPPED_MAX deep. */
static const an_pickle_value *find_wrapped(search *s, const an_pickle_value *value, int depth,
                                           size_t used)
{
    const an_pickle_value *wrapped[AN_COUNT(wrappers)] = {0};

    if (value == NULL || value->kind != AN_PICKLE_DICT || depth > WRAPPED_MAX) return NULL;
    if ((s->items += value->items->count) > ITEMS_MAX) return NULL;
    const bool tensor = scan_dict(value, wrapped);
    for (size_t k = 0; k < AN_COUNT(wrappers); ++k) {
        const int more = an_print(s->path + used, sizeof s->path - used, "%s%s",
                                  depth > 0 ? "." : "", wrappers[k]);
        const an_pickle_value *found = find_wrapped(s, wrapped[k], depth + 1, used + (size_t)more);
        if (found != NULL) return found;
    }
    s->path[used] = '\0';
    return tensor ? value : NULL;
}

/* The keys of a dict, for a message. */
static const char *list_keys(const an_pickle_value *value, an_listing *listing)
{
    *listing = (an_listing){0};
    for (size_t i = 0; value->kind == AN_PICKLE_DICT && i < value->items->count; i += 2) {
        const char *key = an_pickle_text(&value->items->values[i]);
        if (key != NULL) an_listing_add(listing, key);
    }
    return an_listing_text(listing);
}

static alexnet_status fail_empty(const an_pth *pth)
{
    const an_pickle_value *value = &pth->pickle.value;
    an_listing listing;

    if (value->kind == AN_PICKLE_DICT && value->items->count > 0)
        return an_fail(pth->ctx, ALEXNET_BAD_FILE,
                       "%s: no tensors in its dict of %s; expected a state_dict, or one under "
                       "'state_dict' or 'model'",
                       pth->path, list_keys(value, &listing));
    return an_fail(pth->ctx, ALEXNET_BAD_FILE,
                   "%s: it holds no dict of tensors; expected a state_dict, as of "
                   "torch.save(model.state_dict(), FILE)",
                   pth->path);
}

static alexnet_status add_tensors(an_pth *pth)
{
    an_pickle_walk walk = {.ctx = pth->ctx,
                           .path = pth->path,
                           .file = pth->file,
                           .describe = an_pth_describe,
                           .is_tensor = an_pth_is_tensor,
                           .self = pth};
    search s = {0};
    const an_pickle_value *root = &pth->pickle.value;
    const an_pickle_value *found = find_wrapped(&s, root, 0, 0);

    if (found != NULL && found != root)
        an_log(pth->ctx, ALEXNET_LOG_INFO, "%s: the tensors under '%s' are read", pth->path,
               s.path);
    if (an_pth_is_tensor(root)) return fail_empty(pth); /* it has no name */
    AN_TRY(an_pickle_walk_value(&walk, found != NULL ? found : root));
    if (pth->file->count == 0) return fail_empty(pth);
    return an_pickle_check_names(pth->ctx, pth->path, pth->file);
}

/* ---- the file ---- */

static alexnet_status read_container(an_pth *pth)
{
    uint8_t head[512];
    const an_reader *reader = &pth->file->reader;
    const size_t bytes = (size_t)AN_MIN(reader->size, (uint64_t)sizeof head);

    AN_TRY(an_reader_read(pth->ctx, reader, pth->path, 0, head, bytes));
    if (an_pth_is_legacy(head, bytes)) return an_pth_read_legacy(pth);
    if (an_pth_is_tar(head, bytes)) return an_pth_read_tar(pth);
    return an_pth_read_zip(pth);
}

static alexnet_status read_pth(alexnet_context *ctx, const char *path, an_tensor_file *out)
{
    an_pth pth = {.ctx = ctx, .path = path, .file = out};
    alexnet_status status = read_container(&pth);

    if (status == ALEXNET_OK) status = add_tensors(&pth);
    an_pickle_close(ctx, &pth.pickle);
    an_bytes_free(ctx, &pth.content);
    an_store_free(ctx, &pth.store);
    return status;
}

/* Whether the first entry of a zip archive is an array of NumPy: then it is an .npz. */
static bool is_npz(const uint8_t *head, size_t head_bytes)
{
    an_cursor header = an_cursor_open(head, head_bytes);

    an_cursor_skip(&header, 26);
    const size_t name_bytes = an_cursor_u16le(&header);
    an_cursor_skip(&header, 2);
    const uint8_t *name = an_cursor_bytes(&header, name_bytes);
    return name != NULL && name_bytes >= 4 && memcmp(name + name_bytes - 4, ".npy", 4) == 0;
}

static bool is_pth(const uint8_t *head, size_t head_bytes, uint64_t size)
{
    (void)size;
    return an_pth_is_legacy(head, head_bytes) || an_pth_is_tar(head, head_bytes) ||
           (an_zip_matches(head, head_bytes) && !is_npz(head, head_bytes));
}

const an_tensor_format an_tensor_format_pth = {
    .name = "pth", .extension = "pth", .matches = is_pth, .read = read_pth, .write = an_pth_write};
