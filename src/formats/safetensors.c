/*
 * safetensors.c: reads and checks a safetensors file (the rules: huggingface/safetensors, README.md
 * and its tests). SPDX-License-Identifier: MIT
 */
#include "formats/safetensors.h"

#include "base/cursor.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include <stdlib.h>
#include <string.h>

#define METADATA "__metadata__"

/* The file while it is read: all of it, then the data that follow the header. */
typedef struct source {
    alexnet_context *ctx;
    const char *path;
    const uint8_t *data;
    size_t bytes;
} source;

/* ---- one tensor ---- */

static alexnet_status fail_tensor(const source *from, const char *name, const char *fact)
{
    return an_fail(from->ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': %s", from->path, name, fact);
}

static alexnet_status read_shape(const source *from, const json_t *shape, an_tensor_view *tensor)
{
    const size_t rank = json_array_size(shape);

    if (!json_is_array(shape)) return fail_tensor(from, tensor->name, "its shape is not a list");
    if (rank > AN_TENSOR_RANK_MAX)
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: tensor '%s': it has %zu dimensions, at most %d are possible",
                       from->path, tensor->name, rank, AN_TENSOR_RANK_MAX);
    tensor->rank = (int)rank;
    for (size_t i = 0; i < rank; ++i) {
        const json_t *dimension = json_array_get(shape, i);
        if (!json_is_integer(dimension) || json_integer_value(dimension) < 0)
            return fail_tensor(from, tensor->name, "a dimension is not a whole number from 0 on");
        tensor->shape[i] = json_integer_value(dimension);
    }
    return ALEXNET_OK;
}

/* Checks the range against the data and the tensor's size; whether ranges fit together is seen
 * later. */
static alexnet_status read_range(const source *from, const json_t *range, an_tensor_view *tensor)
{
    const json_t *begin = json_array_get(range, 0);
    const json_t *end = json_array_get(range, 1);
    size_t bytes;
    char shape[AN_SHAPE_TEXT];

    if (json_array_size(range) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return fail_tensor(from, tensor->name, "its data_offsets are not two whole numbers");

    const json_int_t first = json_integer_value(begin);
    const json_int_t last = json_integer_value(end);
    if (first < 0 || last < first)
        return fail_tensor(from, tensor->name,
                           "its data_offsets are negative or in the wrong order");
    if ((uintmax_t)last > from->bytes)
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: tensor '%s': its data ends at byte %lld, the file's data has %zu",
                       from->path, tensor->name, (long long)last, from->bytes);

    an_tensor_shape_text(tensor->shape, tensor->rank, shape);
    if (!an_tensor_size(tensor->shape, tensor->rank, tensor->dtype, &tensor->count, &bytes))
        return an_fail(from->ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': shape %s is too large",
                       from->path, tensor->name, shape);
    if (bytes != (uint64_t)(last - first))
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: tensor '%s': %s of %s needs %zu bytes, its data_offsets hold %lld",
                       from->path, tensor->name, shape, an_dtype_name(tensor->dtype), bytes,
                       (long long)(last - first));
    tensor->data = from->data + first;
    return ALEXNET_OK;
}

static alexnet_status read_tensor(const source *from, const char *name, const json_t *entry,
                                  an_tensor_view *tensor)
{
    const json_t *dtype = json_object_get(entry, "dtype");
    const json_t *shape = json_object_get(entry, "shape");
    const json_t *range = json_object_get(entry, "data_offsets");

    *tensor = (an_tensor_view){.name = name};
    if (dtype == NULL || shape == NULL || range == NULL || json_object_size(entry) != 3)
        return fail_tensor(from, name, "expected dtype, shape and data_offsets, and nothing else");
    if (!json_is_string(dtype)) return fail_tensor(from, name, "its dtype is not a text");
    if (!an_dtype_find(json_string_value(dtype), &tensor->dtype))
        return an_fail(from->ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': unknown dtype '%s'",
                       from->path, name, json_string_value(dtype));
    AN_TRY(read_shape(from, shape, tensor));
    return read_range(from, range, tensor);
}

/* ---- all of them ---- */

static const uint8_t *end_of(const an_tensor_view *tensor)
{
    return tensor->data + (size_t)tensor->count * an_dtype_bytes(tensor->dtype);
}

/* In the order of the data; an empty tensor stands before the one that begins at the same place. */
static int compare_places(const void *a, const void *b)
{
    const an_tensor_view *left = a;
    const an_tensor_view *right = b;

    if (left->data != right->data) return left->data < right->data ? -1 : 1;
    if (end_of(left) != end_of(right)) return end_of(left) < end_of(right) ? -1 : 1;
    return strcmp(left->name, right->name);
}

/* The tensors must cover the data exactly, so that nothing can hide in a file. */
static alexnet_status check_coverage(const source *from, const an_tensor_file *file)
{
    const uint8_t *at = from->data;

    for (size_t i = 0; i < file->count; ++i) {
        const an_tensor_view *tensor = &file->tensors[i];
        if (tensor->data < at)
            return fail_tensor(from, tensor->name, "its data overlaps another's");
        if (tensor->data > at)
            return fail_tensor(from, tensor->name, "there is a hole before its data");
        at = end_of(tensor);
    }
    const size_t used = (size_t)(at - from->data);
    if (used != from->bytes)
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: its tensors take %zu bytes, but %zu follow the header", from->path,
                       used, from->bytes);
    return ALEXNET_OK;
}

static alexnet_status read_tensors(const source *from, an_tensor_file *file)
{
    const char *name;
    json_t *entry;

    file->tensors = an_new_array(from->ctx, json_object_size(file->header), sizeof *file->tensors);
    if (file->tensors == NULL)
        return an_fail(from->ctx, ALEXNET_NO_MEMORY, "%s: list of tensors", from->path);
    json_object_foreach(file->header, name, entry)
    {
        if (strcmp(name, METADATA) == 0) continue;
        AN_TRY(read_tensor(from, name, entry, &file->tensors[file->count]));
        ++file->count;
    }
    qsort(file->tensors, file->count, sizeof *file->tensors, compare_places);
    return check_coverage(from, file);
}

static alexnet_status read_metadata(const source *from, an_tensor_file *file)
{
    json_t *metadata = json_object_get(file->header, METADATA);
    const size_t count = json_object_size(metadata);
    const char *key;
    json_t *value;

    if (metadata == NULL) return ALEXNET_OK;
    if (!json_is_object(metadata))
        return an_fail(from->ctx, ALEXNET_BAD_FILE, "%s: its metadata is not an object",
                       from->path);
    file->keys = an_new_array(from->ctx, count, sizeof *file->keys);
    file->values = an_new_array(from->ctx, count, sizeof *file->values);
    if (file->keys == NULL || file->values == NULL)
        return an_fail(from->ctx, ALEXNET_NO_MEMORY, "%s: metadata", from->path);
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return an_fail(from->ctx, ALEXNET_BAD_FILE, "%s: metadata '%s' is not a text",
                           from->path, key);
        file->keys[file->metadata_count] = key;
        file->values[file->metadata_count++] = json_string_value(value);
    }
    return ALEXNET_OK;
}

/* ---- the file ---- */

/* Parses the header and leaves in `from` what follows it. */
static alexnet_status read_header(source *from, json_t **out)
{
    an_cursor cursor = an_cursor_open(from->data, from->bytes);
    const uint64_t bytes = an_cursor_u64le(&cursor);
    const size_t left = an_cursor_left(&cursor);

    if (cursor.bad)
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: not a safetensors file: it has %zu bytes, the header's size takes 8",
                       from->path, from->bytes);
    if (bytes == 0 || left == 0 || cursor.at[0] != '{')
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: not a safetensors file: its header does not begin with '{'",
                       from->path);
    if (bytes > left)
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: truncated: a header of %ju bytes, %zu follow", from->path,
                       (uintmax_t)bytes, left);
    if (bytes > AN_SAFETENSORS_HEADER_MAX)
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: a header of %ju bytes, at most %zu are read", from->path,
                       (uintmax_t)bytes, AN_SAFETENSORS_HEADER_MAX);

    const char *text = (const char *)an_cursor_take(&cursor, (size_t)bytes);
    from->data = cursor.at;
    from->bytes = an_cursor_left(&cursor);
    return an_json_parse(from->ctx, from->path, text, (size_t)bytes, out);
}

alexnet_status an_safetensors_parse(alexnet_context *ctx, const char *what, const void *data,
                                    size_t bytes, an_tensor_file *out)
{
    source from = {.ctx = ctx, .path = what, .data = data, .bytes = bytes};
    alexnet_status status;

    *out = (an_tensor_file){0};
    if ((status = read_header(&from, &out->header)) != ALEXNET_OK) goto fail;
    if ((status = read_metadata(&from, out)) != ALEXNET_OK) goto fail;
    if ((status = read_tensors(&from, out)) != ALEXNET_OK) goto fail;
    return ALEXNET_OK;
fail:
    an_tensor_file_close(ctx, out);
    return status;
}

alexnet_status an_safetensors_open(alexnet_context *ctx, const char *path, an_tensor_file *out)
{
    an_map map;

    *out = (an_tensor_file){0};
    AN_TRY(an_file_map(ctx, path, &map));

    const alexnet_status status = an_safetensors_parse(ctx, path, map.data, map.size, out);
    if (status == ALEXNET_OK)
        out->map = map;
    else
        an_file_unmap(&map);
    return status;
}

void an_tensor_file_close(alexnet_context *ctx, an_tensor_file *file)
{
    json_decref(file->header);
    an_free(ctx, file->tensors);
    an_free(ctx, file->keys);
    an_free(ctx, file->values);
    an_file_unmap(&file->map);
    *file = (an_tensor_file){0};
}

const an_tensor_view *an_tensor_file_find(const an_tensor_file *file, const char *name)
{
    for (size_t i = 0; i < file->count; ++i) {
        if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
    }
    return NULL;
}

const char *an_tensor_file_metadata(const an_tensor_file *file, const char *key)
{
    for (size_t i = 0; i < file->metadata_count; ++i) {
        if (strcmp(file->keys[i], key) == 0) return file->values[i];
    }
    return NULL;
}
