/*
 * tensor_file.c: the table of formats, and the list of tensors that their readers fill.
 * SPDX-License-Identifier: MIT
 */
#include "formats/tensor_file.h"

#include "base/memory.h"
#include "base/status.h"
#include <string.h>

#define HEAD_BYTES ((size_t)512) /* enough to recognise every format */

/* In the order in which they are tried: a format with a magic number first. */
/* clang-format off */
static const an_tensor_format *const formats[] = {
    &an_tensor_format_safetensors,
    &an_tensor_format_npz,
    &an_tensor_format_pth,
    &an_tensor_format_pickle,
    &an_tensor_format_tensorflow,
    &an_tensor_format_onnx,
    &an_tensor_format_caffe,
};
/* clang-format on */

const an_tensor_format *an_tensor_format_at(int index)
{
    return index >= 0 && (size_t)index < AN_COUNT(formats) ? formats[index] : NULL;
}

const an_tensor_format *an_tensor_format_find(const char *name)
{
    for (size_t i = 0; i < AN_COUNT(formats); ++i)
        if (strcmp(formats[i]->name, name) == 0) return formats[i];
    return NULL;
}

/* ---- opening ---- */

alexnet_status an_tensor_format_recognise(alexnet_context *ctx, const char *path,
                                          const an_reader *reader, const an_tensor_format **format)
{
    uint8_t head[HEAD_BYTES], end[AN_TENSOR_END_BYTES];
    const size_t bytes = (size_t)AN_MIN(reader->size, (uint64_t)HEAD_BYTES);
    const size_t end_bytes = AN_MIN(bytes, AN_TENSOR_END_BYTES);

    *format = NULL;
    AN_TRY(an_reader_read(ctx, reader, path, 0, head, bytes));
    AN_TRY(an_reader_read(ctx, reader, path, reader->size - end_bytes, end, end_bytes));
    for (size_t i = 0; i < AN_COUNT(formats); ++i) {
        const an_tensor_format *f = formats[i];
        if ((f->matches != NULL && f->matches(head, bytes, reader->size)) ||
            (f->matches_end != NULL && f->matches_end(end, end_bytes))) {
            *format = f;
            return ALEXNET_OK;
        }
    }
    return ALEXNET_OK;
}

/* Describes the file of out->reader; on failure closes *out. */
static alexnet_status describe(alexnet_context *ctx, const char *path,
                               const an_tensor_format *format, an_tensor_file *out)
{
    alexnet_status status = ALEXNET_OK;

    if (format == NULL) status = an_tensor_format_recognise(ctx, path, &out->reader, &format);
    /* The reader of the native format says what is wrong with the beginning of another file. */
    if (format == NULL) format = &an_tensor_format_safetensors;
    out->format = format;
    if (status == ALEXNET_OK) status = format->read(ctx, path, out);
    if (status != ALEXNET_OK) an_tensor_file_close(ctx, out);
    return status;
}

alexnet_status an_tensor_file_open(alexnet_context *ctx, const char *path,
                                   const an_tensor_format *format, an_tensor_file *out)
{
    an_reader reader;

    *out = (an_tensor_file){0};
    AN_TRY(an_reader_open(ctx, path, &reader));
    out->open = true;
    out->reader = reader;
    return describe(ctx, path, format, out);
}

alexnet_status an_tensor_file_parse(alexnet_context *ctx, const char *what, const void *data,
                                    size_t bytes, const an_tensor_format *format,
                                    an_tensor_file *out)
{
    *out = (an_tensor_file){.reader = an_reader_of(data, bytes)};
    return describe(ctx, what, format, out);
}

void an_tensor_file_close(alexnet_context *ctx, an_tensor_file *file)
{
    for (size_t i = 0; i < file->other_count; ++i)
        an_reader_close(&file->others[i]);
    if (file->open) an_reader_close(&file->reader);
    an_free(ctx, file->tensors);
    an_free(ctx, file->keys);
    an_free(ctx, file->values);
    an_store_free(ctx, &file->store);
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

/* ---- for readers ---- */

static alexnet_status fail_memory(alexnet_context *ctx, const char *path)
{
    return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for the list of tensors", path);
}

/* The list with room for one more element, perhaps moved; NULL: no memory, and it is unchanged. */
static void *make_room(alexnet_context *ctx, void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room) return list;
    const size_t more = *room > 0 ? 2 * *room : 32;
    void *grown = an_grow(ctx, list, *room * size, more * size);
    if (grown != NULL) *room = more;
    return grown;
}

alexnet_status an_tensor_file_add(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                  const an_tensor_view *tensor)
{
    if (file->count == AN_TENSORS_MAX)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: more than %d tensors", path, AN_TENSORS_MAX);
    const char *name = an_store_text(ctx, &file->store, tensor->name, strlen(tensor->name));
    an_tensor_view *list =
        make_room(ctx, file->tensors, file->count, &file->room, sizeof *file->tensors);
    if (list != NULL) file->tensors = list;
    if (name == NULL || list == NULL) return fail_memory(ctx, path);
    an_tensor_view *added = &file->tensors[file->count++];
    *added = *tensor;
    added->name = name;
    if (added->data == NULL && added->reader.size == 0) added->reader = file->reader;
    if (added->reader.memory != NULL && added->packed == 0)
        added->data = added->reader.memory + added->place;
    return ALEXNET_OK;
}

alexnet_status an_tensor_file_add_metadata(alexnet_context *ctx, const char *path,
                                           an_tensor_file *file, const char *key, const char *value)
{
    size_t room = file->metadata_room; /* of both lists */
    const char *key_copy = an_store_text(ctx, &file->store, key, strlen(key));
    const char *value_copy = an_store_text(ctx, &file->store, value, strlen(value));
    const char **keys = make_room(ctx, file->keys, file->metadata_count, &room, sizeof *keys);

    if (keys == NULL) return fail_memory(ctx, path);
    file->keys = keys;
    const char **values =
        make_room(ctx, file->values, file->metadata_count, &file->metadata_room, sizeof *values);
    if (values != NULL) file->values = values;
    if (key_copy == NULL || value_copy == NULL || values == NULL) return fail_memory(ctx, path);
    file->keys[file->metadata_count] = key_copy;
    file->values[file->metadata_count++] = value_copy;
    return ALEXNET_OK;
}

alexnet_status an_tensor_file_check(alexnet_context *ctx, const char *path,
                                    const an_tensor_file *file, an_tensor_view *tensor)
{
    char shape[AN_SHAPE_TEXT];
    size_t bytes;

    an_tensor_shape_text(tensor->shape, tensor->rank, shape);
    if (!an_tensor_size(tensor->shape, tensor->rank, tensor->dtype, &tensor->count, &bytes))
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': shape %s is too large", path,
                       tensor->name, shape);
    if (tensor->place > file->reader.size || bytes > file->reader.size - tensor->place)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: tensor '%s': %s of %s needs %zu bytes at %ju, the file has %ju", path,
                       tensor->name, shape, an_dtype_name(tensor->dtype), bytes,
                       (uintmax_t)tensor->place, (uintmax_t)file->reader.size);
    return ALEXNET_OK;
}
