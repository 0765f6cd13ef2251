/*
 * npz.c: reads and writes archives of arrays.
 * SPDX-License-Identifier: MIT
 */
#include "formats/numpy/npz.h"

#include "base/cursor.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "formats/metadata_json.h"
#include "formats/numpy/npy.h"
#include "formats/zip.h"
#include "formats/zip_records.h"
#include <string.h>

#define EXTENSION ".npy"
#define ALIGNMENT 64 /* of the header, whose size is a multiple of it as well */

static bool has_extension(const char *name, size_t length)
{
    const size_t extension = strlen(EXTENSION);

    return length >= extension && memcmp(name + length - extension, EXTENSION, extension) == 0;
}

/* ---- reading ---- */

/* Reads the array's header; *out describes its values in the file. */
static alexnet_status describe(alexnet_context *ctx, const char *what, const char *path,
                               const an_reader *reader, const an_zip_entry *entry,
                               an_tensor_view *out)
{
    an_npy_source source = {.reader = reader, .place = entry->place, .bytes = entry->size};
    an_inflate inflate = {0};
    alexnet_status status = ALEXNET_OK;

    if (entry->deflated) {
        source.inflate = &inflate;
        status = an_inflate_open(ctx, path, "entry", entry->name, reader, entry->place,
                                 entry->packed, &inflate);
    }
    if (status == ALEXNET_OK) status = an_npy_describe(ctx, what, &source, out);
    an_inflate_close(&inflate);
    AN_TRY(status);
    out->place = entry->deflated ? entry->place : entry->place + out->skip;
    out->packed = entry->deflated ? entry->packed : 0;
    out->sum = AN_SUM_CRC32;
    out->crc = entry->crc32;
    return ALEXNET_OK;
}

static alexnet_status read_array(alexnet_context *ctx, const char *path, const an_zip_entry *entry,
                                 an_tensor_file *out)
{
    const size_t length = strlen(entry->name) - strlen(EXTENSION);
    char *what = an_format(ctx, "%s: entry '%s'", path, entry->name);
    char *name = an_format(ctx, "%.*s", (int)length, entry->name);
    alexnet_status status =
        what != NULL && name != NULL
            ? ALEXNET_OK
            : an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for the list of tensors", path);
    an_tensor_view tensor;

    if (status == ALEXNET_OK) status = describe(ctx, what, path, &out->reader, entry, &tensor);
    if (status == ALEXNET_OK) {
        tensor.name = name;
        status = an_tensor_file_add(ctx, path, out, &tensor);
    }
    an_free(ctx, name);
    an_free(ctx, what);
    return status;
}

static alexnet_status read_metadata(alexnet_context *ctx, const char *path,
                                    const an_zip_entry *entry, an_tensor_file *out)
{
    an_bytes text;

    AN_TRY(an_zip_content(ctx, path, &out->reader, entry, AN_METADATA_JSON_MAX, &text));
    const alexnet_status status =
        an_metadata_parse(ctx, path, (const char *)text.data, text.size, out);
    an_bytes_free(ctx, &text);
    return status;
}

static alexnet_status read_entries(alexnet_context *ctx, const char *path, const an_zip *zip,
                                   an_tensor_file *out)
{
    for (size_t i = 0; i < zip->count; ++i) {
        const an_zip_entry *entry = &zip->entries[i];
        if (has_extension(entry->name, strlen(entry->name)))
            AN_TRY(read_array(ctx, path, entry, out));
        else if (strcmp(entry->name, AN_METADATA_ENTRY) == 0)
            AN_TRY(read_metadata(ctx, path, entry, out));
        else
            return an_fail(ctx, ALEXNET_BAD_FILE,
                           "%s: entry '%s' is neither an array, NAME.npy, nor " AN_METADATA_ENTRY,
                           path, entry->name);
    }
    return ALEXNET_OK;
}

static alexnet_status read_npz(alexnet_context *ctx, const char *path, an_tensor_file *out)
{
    an_store store = {0};
    an_zip zip;

    alexnet_status status = an_zip_read(ctx, path, &out->reader, &store, &zip);
    if (status == ALEXNET_OK) status = read_entries(ctx, path, &zip, out);
    an_store_free(ctx, &store);
    return status;
}

/* An archive whose first entry is an array: PyTorch's, too, are zip archives. */
static bool is_npz(const uint8_t *head, size_t head_bytes, uint64_t size)
{
    an_cursor cursor = an_cursor_open(head, head_bytes);

    (void)size;
    an_cursor_skip(&cursor, AN_ZIP_LOCAL_BYTES - 2 - 2);
    const size_t name_bytes = an_cursor_u16le(&cursor);
    an_cursor_skip(&cursor, 2); /* size of the extra field */
    const uint8_t *name = an_cursor_bytes(&cursor, name_bytes);
    return an_zip_matches(head, head_bytes) && name != NULL &&
           has_extension((const char *)name, name_bytes);
}

/* ---- writing ---- */

static alexnet_status add_array(alexnet_context *ctx, const char *path, an_zip_writer *zip,
                                const an_tensor_out *tensor)
{
    char head[AN_NPY_HEAD_MAX];
    size_t head_bytes, data_bytes;
    char *what = an_format(ctx, "%s: tensor '%s'", path, tensor->name);
    char *name = an_format(ctx, "%s" EXTENSION, tensor->name);
    alexnet_status status = what != NULL && name != NULL
                                ? an_npy_head(ctx, what, tensor, head, &head_bytes, &data_bytes)
                                : an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", path);

    if (status == ALEXNET_OK)
        status = an_zip_add(zip, name, head, head_bytes, tensor->data, data_bytes);
    an_free(ctx, name);
    an_free(ctx, what);
    return status;
}

static alexnet_status add_entries(alexnet_context *ctx, const char *path, an_zip_writer *zip,
                                  const an_tensor_out *tensors, size_t count, const char *metadata)
{
    for (size_t i = 0; i < count; ++i)
        AN_TRY(add_array(ctx, path, zip, &tensors[i]));
    return metadata != NULL
               ? an_zip_add(zip, AN_METADATA_ENTRY, NULL, 0, metadata, strlen(metadata))
               : ALEXNET_OK;
}

static alexnet_status write_archive(alexnet_context *ctx, const char *path, an_writer *writer,
                                    const an_tensor_out *tensors, size_t count,
                                    const char *metadata)
{
    an_zip_writer *zip;

    AN_TRY(an_zip_begin(ctx, path, writer, ALIGNMENT, &zip));
    const alexnet_status status = add_entries(ctx, path, zip, tensors, count, metadata);
    if (status == ALEXNET_OK) return an_zip_end(zip);
    an_zip_abandon(zip);
    return status;
}

static alexnet_status write_file(alexnet_context *ctx, const char *path,
                                 const an_tensor_out *tensors, size_t count, const char *metadata,
                                 an_file_sum *sum)
{
    an_writer *writer;

    AN_TRY(an_writer_open(ctx, path, &writer));
    if (sum != NULL) an_writer_sum(writer, sum);
    const alexnet_status status = write_archive(ctx, path, writer, tensors, count, metadata);
    if (status == ALEXNET_OK) return an_writer_commit(writer);
    an_writer_abandon(writer);
    return status;
}

alexnet_status an_npz_write(alexnet_context *ctx, const char *path, const an_tensor_out *tensors,
                            size_t count, const char *const *keys, const char *const *values,
                            size_t metadata_count, an_file_sum *sum)
{
    char *metadata = NULL;

    if (metadata_count > 0)
        AN_TRY(an_metadata_print(ctx, path, keys, values, metadata_count, &metadata));
    const alexnet_status status = write_file(ctx, path, tensors, count, metadata, sum);
    an_json_free(ctx, metadata);
    return status;
}

const an_tensor_format an_tensor_format_npz = {
    .name = "npz", .extension = "npz", .matches = is_npz, .read = read_npz, .write = an_npz_write};
