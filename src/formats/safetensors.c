/*
 * safetensors.c: reads and checks a safetensors file (the rules: huggingface/safetensors, README.md
 * and its tests).
 * SPDX-License-Identifier: MIT
 */
#include "formats/safetensors.h"

#include "base/cursor.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "formats/sums.h"
#include <stdlib.h>
#include <string.h>

#define METADATA "__metadata__"

/* The file that is being read. */
typedef struct source {
    alexnet_context *ctx;
    const char *path;
    const uint8_t *memory; /* the whole file; NULL: on disk */
    an_reader reader;      /* if on disk */
    uint64_t size;         /* of the file */
    uint64_t start, bytes; /* of the data, which follow the header */
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
                       "%s: tensor '%s': it has %zu dimensions; expected at most %d", from->path,
                       tensor->name, rank, AN_TENSOR_RANK_MAX);
    tensor->rank = (int)rank;
    for (size_t i = 0; i < rank; ++i) {
        const json_t *dimension = json_array_get(shape, i);
        if (!json_is_integer(dimension) || json_integer_value(dimension) < 0)
            return fail_tensor(from, tensor->name,
                               "a dimension is not a whole number of at least 0");
        tensor->shape[i] = json_integer_value(dimension);
    }
    return ALEXNET_OK;
}

/* Checks the range against the data and the tensor's size; check_coverage() compares the ranges. */
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
        return an_fail(
            from->ctx, ALEXNET_BAD_FILE,
            "%s: tensor '%s': its data ends at byte %lld, the file has %ju bytes of data",
            from->path, tensor->name, (long long)last, (uintmax_t)from->bytes);

    an_tensor_shape_text(tensor->shape, tensor->rank, shape);
    if (!an_tensor_size(tensor->shape, tensor->rank, tensor->dtype, &tensor->count, &bytes))
        return an_fail(from->ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': shape %s is too large",
                       from->path, tensor->name, shape);
    if (bytes != (uint64_t)(last - first))
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: tensor '%s': %s of %s needs %zu bytes, its data_offsets hold %lld",
                       from->path, tensor->name, shape, an_dtype_name(tensor->dtype), bytes,
                       (long long)(last - first));
    tensor->place = from->start + (uint64_t)first;
    tensor->reader = from->reader;
    if (from->memory != NULL) tensor->data = from->memory + tensor->place;
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
        return fail_tensor(from, name, "expected only dtype, shape and data_offsets");
    if (!json_is_string(dtype)) return fail_tensor(from, name, "its dtype is not a string");
    if (!an_dtype_find(json_string_value(dtype), &tensor->dtype))
        return an_fail(from->ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': unknown dtype '%s'",
                       from->path, name, json_string_value(dtype));
    AN_TRY(read_shape(from, shape, tensor));
    return read_range(from, range, tensor);
}

/* ---- all of them ---- */

static uint64_t end_of(const an_tensor_view *tensor)
{
    return tensor->place + (uint64_t)tensor->count * an_dtype_bytes(tensor->dtype);
}

/* By position in the data; an empty tensor precedes the one that begins at the same position. */
static int compare_places(const void *a, const void *b)
{
    const an_tensor_view *left = a;
    const an_tensor_view *right = b;

    if (left->place != right->place) return left->place < right->place ? -1 : 1;
    if (end_of(left) != end_of(right)) return end_of(left) < end_of(right) ? -1 : 1;
    return strcmp(left->name, right->name);
}

/* The tensors must cover the data exactly, so that a file cannot hide anything. */
static alexnet_status check_coverage(const source *from, const an_tensor_file *file)
{
    uint64_t at = from->start;

    for (size_t i = 0; i < file->count; ++i) {
        const an_tensor_view *tensor = &file->tensors[i];
        if (tensor->place < at)
            return fail_tensor(from, tensor->name, "its data overlap those of another");
        if (tensor->place > at)
            return fail_tensor(from, tensor->name, "there is a hole before its data");
        at = end_of(tensor);
    }
    const uint64_t used = at - from->start;
    if (used != from->bytes)
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: its tensors take %ju bytes, but %ju follow the header", from->path,
                       (uintmax_t)used, (uintmax_t)from->bytes);
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
            return an_fail(from->ctx, ALEXNET_BAD_FILE, "%s: metadata '%s' is not a string",
                           from->path, key);
        file->keys[file->metadata_count] = key;
        file->values[file->metadata_count++] = json_string_value(value);
    }
    return ALEXNET_OK;
}

/* ---- the file ---- */

#define HEAD_BYTES 9 /* the header's size and its first byte */

/* Checks the first HEAD_BYTES (or fewer) of the file; *length receives the size of the header. */
static alexnet_status measure_header(source *from, const uint8_t *head, size_t *length)
{
    an_cursor cursor = an_cursor_open(head, (size_t)AN_MIN(from->size, HEAD_BYTES));
    const uint64_t bytes = an_cursor_u64le(&cursor);
    const uint64_t left = from->size - AN_MIN(from->size, sizeof bytes);

    if (cursor.bad)
        return an_fail(
            from->ctx, ALEXNET_BAD_FILE,
            "%s: not a safetensors file: it has %ju bytes, but the size of the header takes 8",
            from->path, (uintmax_t)from->size);
    if (bytes == 0 || left == 0 || cursor.at[0] != '{')
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: not a safetensors file: its header does not begin with '{'",
                       from->path);
    if (bytes > left)
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: truncated: a header of %ju bytes, but %ju follow", from->path,
                       (uintmax_t)bytes, (uintmax_t)left);
    if (bytes > AN_SAFETENSORS_HEADER_MAX)
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: a header of %ju bytes; expected at most %zu", from->path,
                       (uintmax_t)bytes, AN_SAFETENSORS_HEADER_MAX);
    *length = (size_t)bytes;
    from->start = sizeof bytes + bytes;
    from->bytes = from->size - from->start;
    return ALEXNET_OK;
}

/* Parses the header's text into the description of the file. */
static alexnet_status parse(const source *from, const char *text, size_t length,
                            an_tensor_file *out)
{
    AN_TRY(an_json_parse(from->ctx, from->path, text, length, &out->header));
    AN_TRY(read_metadata(from, out));
    AN_TRY(read_tensors(from, out));
    return an_sums_take(from->ctx, from->path, out);
}

static alexnet_status parse_memory(source *from, an_tensor_file *out)
{
    size_t length;

    AN_TRY(measure_header(from, from->memory, &length));
    return parse(from, (const char *)from->memory + from->start - length, length, out);
}

static alexnet_status parse_disk(source *from, an_tensor_file *out)
{
    uint8_t head[HEAD_BYTES];
    size_t length;

    AN_TRY(an_reader_read(from->ctx, &from->reader, from->path, 0, head,
                          (size_t)AN_MIN(from->size, sizeof head)));
    AN_TRY(measure_header(from, head, &length));
    char *text = an_new(from->ctx, length);
    if (text == NULL)
        return an_fail(from->ctx, ALEXNET_NO_MEMORY, "%s: a header of %zu bytes", from->path,
                       length);
    alexnet_status status =
        an_reader_read(from->ctx, &from->reader, from->path, from->start - length, text, length);
    if (status == ALEXNET_OK) status = parse(from, text, length, out);
    an_free(from->ctx, text);
    return status;
}

alexnet_status an_safetensors_parse(alexnet_context *ctx, const char *what, const void *data,
                                    size_t bytes, an_tensor_file *out)
{
    static const uint8_t nothing[1];
    source from = {
        .ctx = ctx, .path = what, .memory = data != NULL ? data : nothing, .size = bytes};

    *out = (an_tensor_file){0};
    const alexnet_status status = parse_memory(&from, out);
    if (status != ALEXNET_OK) an_tensor_file_close(ctx, out);
    return status;
}

alexnet_status an_safetensors_open(alexnet_context *ctx, const char *path, an_tensor_file *out)
{
    source from = {.ctx = ctx, .path = path};

    *out = (an_tensor_file){0};
    AN_TRY(an_reader_open(ctx, path, &from.reader));
    from.size = from.reader.size;
    out->on_disk = true;
    out->reader = from.reader;
    const alexnet_status status = parse_disk(&from, out);
    if (status != ALEXNET_OK) an_tensor_file_close(ctx, out);
    return status;
}

void an_tensor_file_close(alexnet_context *ctx, an_tensor_file *file)
{
    json_decref(file->header);
    an_free(ctx, file->tensors);
    an_free(ctx, file->keys);
    an_free(ctx, file->values);
    if (file->on_disk) an_reader_close(&file->reader);
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
