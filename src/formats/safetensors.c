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
#include "base/text.h"
#include "formats/sums.h"
#include <stdlib.h>
#include <string.h>

#define METADATA "__metadata__"

/* The file that is being read. */
typedef struct source {
    alexnet_context *ctx;
    const char *path;
    an_tensor_file *file;
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
                       "%s: tensor '%s': %s of %s needs %zu %s, its data_offsets hold %lld",
                       from->path, tensor->name, shape, an_dtype_name(tensor->dtype), bytes,
                       AN_NOUN(bytes, "byte", "bytes"), (long long)(last - first));
    tensor->place = from->start + (uint64_t)first;
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
                       "%s: its tensors take %ju %s, but %ju follow the header", from->path,
                       (uintmax_t)used, AN_NOUN((uintmax_t)used, "byte", "bytes"),
                       (uintmax_t)from->bytes);
    return ALEXNET_OK;
}

static alexnet_status read_tensors(const source *from, json_t *header)
{
    an_tensor_file *file = from->file;
    const char *name;
    json_t *entry;

    json_object_foreach(header, name, entry)
    {
        an_tensor_view tensor;
        if (strcmp(name, METADATA) == 0) continue;
        AN_TRY(read_tensor(from, name, entry, &tensor));
        AN_TRY(an_tensor_file_add(from->ctx, from->path, file, &tensor));
    }
    if (file->count > 1) qsort(file->tensors, file->count, sizeof *file->tensors, compare_places);
    return check_coverage(from, file);
}

static alexnet_status read_metadata(const source *from, const json_t *header)
{
    json_t *metadata = json_object_get(header, METADATA);
    const char *key;
    json_t *value;

    if (metadata == NULL) return ALEXNET_OK;
    if (!json_is_object(metadata))
        return an_fail(from->ctx, ALEXNET_BAD_FILE, "%s: its metadata is not an object",
                       from->path);
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return an_fail(from->ctx, ALEXNET_BAD_FILE, "%s: metadata '%s' is not a string",
                           from->path, key);
        AN_TRY(an_tensor_file_add_metadata(from->ctx, from->path, from->file, key,
                                           json_string_value(value)));
    }
    return ALEXNET_OK;
}

/* ---- the file ---- */

#define HEAD_BYTES 9 /* the header's size and its first byte */

/* Checks the first HEAD_BYTES (or fewer) of the file; *length receives the size of the header. */
static alexnet_status measure_header(source *from, size_t *length)
{
    const an_reader *reader = &from->file->reader;
    const size_t head_bytes = (size_t)AN_MIN(reader->size, HEAD_BYTES);
    uint8_t head[HEAD_BYTES];

    AN_TRY(an_reader_read(from->ctx, reader, from->path, 0, head, head_bytes));
    an_cursor cursor = an_cursor_open(head, head_bytes);
    const uint64_t bytes = an_cursor_u64le(&cursor);
    const uint64_t left = reader->size - AN_MIN(reader->size, sizeof bytes);
    if (cursor.bad)
        return an_fail(
            from->ctx, ALEXNET_BAD_FILE,
            "%s: not a safetensors file: it has %ju %s, but the size of the header takes 8",
            from->path, (uintmax_t)reader->size, AN_NOUN((uintmax_t)reader->size, "byte", "bytes"));
    if (bytes == 0 || left == 0 || cursor.at[0] != '{')
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: not a safetensors file: its header does not begin with '{'",
                       from->path);
    if (bytes > left)
        return an_fail(from->ctx, ALEXNET_BAD_FILE,
                       "%s: truncated: a header of %ju %s, but %ju follow", from->path,
                       (uintmax_t)bytes, AN_NOUN((uintmax_t)bytes, "byte", "bytes"),
                       (uintmax_t)left);
    if (bytes > AN_SAFETENSORS_HEADER_MAX)
        return an_fail(from->ctx, ALEXNET_BAD_FILE, "%s: a header of %ju %s; expected at most %zu",
                       from->path, (uintmax_t)bytes, AN_NOUN((uintmax_t)bytes, "byte", "bytes"),
                       AN_SAFETENSORS_HEADER_MAX);
    *length = (size_t)bytes;
    from->start = sizeof bytes + bytes;
    from->bytes = reader->size - from->start;
    return ALEXNET_OK;
}

/* Parses the header's text into the description of the file. */
static alexnet_status parse(const source *from, const char *text, size_t length)
{
    json_t *header;

    AN_TRY(an_json_parse(from->ctx, from->path, text, length, &header));
    alexnet_status status = read_metadata(from, header);
    if (status == ALEXNET_OK) status = read_tensors(from, header);
    json_decref(header);
    return status == ALEXNET_OK ? an_sums_take(from->ctx, from->path, from->file) : status;
}

static alexnet_status read_safetensors(alexnet_context *ctx, const char *path, an_tensor_file *out)
{
    source from = {.ctx = ctx, .path = path, .file = out};
    size_t length = 0;

    AN_TRY(measure_header(&from, &length));
    char *text = an_new(ctx, length);
    if (text == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: a header of %zu bytes", path, length);
    alexnet_status status =
        an_reader_read(ctx, &out->reader, path, from.start - length, text, length);
    if (status == ALEXNET_OK) status = parse(&from, text, length);
    an_free(ctx, text);
    return status;
}

/* The size of the header, then the '{' that it begins with. */
static bool is_safetensors(const uint8_t *head, size_t head_bytes, uint64_t size)
{
    return head_bytes >= HEAD_BYTES && head[HEAD_BYTES - 1] == '{' && head[7] == 0 && size > 0;
}

const an_tensor_format an_tensor_format_safetensors = {.name = "safetensors",
                                                       .extension = "safetensors",
                                                       .matches = is_safetensors,
                                                       .read = read_safetensors,
                                                       .write = an_safetensors_write_sum};

alexnet_status an_safetensors_open(alexnet_context *ctx, const char *path, an_tensor_file *out)
{
    return an_tensor_file_open(ctx, path, &an_tensor_format_safetensors, out);
}

alexnet_status an_safetensors_parse(alexnet_context *ctx, const char *what, const void *data,
                                    size_t bytes, an_tensor_file *out)
{
    return an_tensor_file_parse(ctx, what, data, bytes, &an_tensor_format_safetensors, out);
}
