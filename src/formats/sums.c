/*
 * sums.c: computes and checks the checksums of a safetensors file.
 * SPDX-License-Identifier: MIT
 */
#include "formats/sums.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#define RECORDS "__metadata__"
#define DIGITS  8

/* An entry of the metadata, or the header's entry of a tensor. */
typedef struct record {
    const char *name;
    const char *value; /* NULL: a tensor */
    an_dtype dtype;
    int rank;
    const int64_t *shape;
} record;

static int in_order(const void *a, const void *b)
{
    const record *x = a, *y = b;

    if ((x->value != NULL) != (y->value != NULL)) return x->value != NULL ? -1 : 1;
    return strcmp(x->name, y->name);
}

static uint32_t add_text(const alexnet_context *ctx, uint32_t crc, const char *text)
{
    return an_tensor_crc32c(ctx, crc, text, strlen(text) + 1);
}

static uint32_t add_number(const alexnet_context *ctx, uint32_t crc, int64_t number)
{
    return an_tensor_crc32c(ctx, crc, &number, sizeof number);
}

/* The checksum of the records; sorts them. */
static uint32_t sum_records(const alexnet_context *ctx, record *records, size_t count)
{
    uint32_t crc = 0;

    qsort(records, count, sizeof *records, in_order);
    for (const record *r = records; r < records + count; ++r) {
        crc = add_text(ctx, crc, r->name);
        crc = add_text(ctx, crc, r->value != NULL ? r->value : an_dtype_name(r->dtype));
        if (r->value != NULL) continue;
        crc = add_number(ctx, crc, r->rank);
        for (int i = 0; i < r->rank; ++i)
            crc = add_number(ctx, crc, r->shape[i]);
    }
    return crc;
}

/* ---- checking ---- */

static alexnet_status sum_file(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                               uint32_t *crc)
{
    record *records = an_new_array(ctx, file->metadata_count + file->count, sizeof *records);
    size_t count = 0;

    if (records == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: checksums", path);
    for (size_t i = 0; i < file->metadata_count; ++i)
        if (strcmp(file->keys[i], AN_KEY_CRC32C) != 0)
            records[count++] = (record){.name = file->keys[i], .value = file->values[i]};
    for (const an_tensor_view *t = file->tensors; t < file->tensors + file->count; ++t)
        records[count++] =
            (record){.name = t->name, .dtype = t->dtype, .rank = t->rank, .shape = t->shape};
    *crc = sum_records(ctx, records, count);
    an_free(ctx, records);
    return ALEXNET_OK;
}

/* False if there is no such member or it is not 8 hexadecimal digits. */
static bool get_sum(const json_t *sums, const char *name, uint32_t *crc)
{
    const char *text = an_json_get_text(sums, name, "");

    *crc = 0;
    for (int i = 0; i < DIGITS; ++i) {
        const char c = text[i];
        const bool digit = c >= '0' && c <= '9';
        if (!digit && (c < 'a' || c > 'f')) return false; /* also at the end of a short text */
        *crc = *crc << 4 | (uint32_t)(digit ? c - '0' : c - 'a' + 10);
    }
    return text[DIGITS] == '\0';
}

static alexnet_status fail_entry(alexnet_context *ctx, const char *path, const char *fact,
                                 const char *name)
{
    return an_fail(ctx, ALEXNET_BAD_FILE,
                   "%s: metadata '" AN_KEY_CRC32C "' %s%s%s: " AN_CRC32C_WAY_ON, path, fact,
                   name[0] != '\0' ? " " : "", name);
}

static alexnet_status take(alexnet_context *ctx, const char *path, const json_t *sums,
                           an_tensor_file *file)
{
    uint32_t claimed, found = 0;

    if (!get_sum(sums, RECORDS, &claimed))
        return fail_entry(ctx, path, "has no checksum of the records", "");
    AN_TRY(sum_file(ctx, path, file, &found));
    if (claimed != found)
        return an_fail(
            ctx, ALEXNET_BAD_FILE,
            "%s: the CRC-32C of its records is %08x, the file says %08x: " AN_CRC32C_WAY_ON, path,
            found, claimed);
    for (size_t i = 0; i < file->count; ++i) {
        an_tensor_view *tensor = &file->tensors[i];
        tensor->sum = AN_SUM_CRC32C;
        if (!get_sum(sums, tensor->name, &tensor->crc))
            return fail_entry(ctx, path, "has no checksum of tensor", tensor->name);
    }
    return json_object_size(sums) == file->count + 1
               ? ALEXNET_OK
               : fail_entry(ctx, path, "has checksums of missing tensors", "");
}

alexnet_status an_sums_take(alexnet_context *ctx, const char *path, an_tensor_file *file)
{
    const char *text = an_tensor_file_metadata(file, AN_KEY_CRC32C);
    json_t *sums;

    if (text == NULL) return ALEXNET_OK;
    alexnet_status status = an_json_parse(ctx, path, text, strlen(text), &sums);
    if (status == ALEXNET_BAD_FILE) return fail_entry(ctx, path, "is not a JSON object", "");
    AN_TRY(status);
    status = take(ctx, path, sums, file);
    json_decref(sums);
    return status;
}

/* ---- making ---- */

static void set_sum(an_json_maker *m, json_t *sums, const char *name, uint32_t crc)
{
    char text[DIGITS + 1];

    an_print(text, sizeof text, "%08x", crc);
    an_json_set(m, sums, name, an_json_string(m, text));
}

static uint32_t sum_tensor(const alexnet_context *ctx, const an_tensor_out *tensor)
{
    int64_t count;
    size_t bytes;

    if (!an_tensor_size(tensor->shape, tensor->rank, tensor->dtype, &count, &bytes))
        return 0; /* an_safetensors_write() refuses it */
    return bytes > 0 ? an_tensor_crc32c(ctx, 0, tensor->data, bytes) : 0;
}

/* The checksum of the records: keys, values, tensors. */
static alexnet_status sum_out(alexnet_context *ctx, const char *path, const an_tensor_out *tensors,
                              size_t count, const char *const *keys, const char *const *values,
                              size_t metadata_count, uint32_t *crc)
{
    record *records = an_new_array(ctx, metadata_count + count, sizeof *records);

    if (records == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: checksums", path);
    for (size_t i = 0; i < metadata_count; ++i)
        records[i] = (record){.name = keys[i], .value = values[i]};
    for (size_t i = 0; i < count; ++i)
        records[metadata_count + i] = (record){.name = tensors[i].name,
                                               .dtype = tensors[i].dtype,
                                               .rank = tensors[i].rank,
                                               .shape = tensors[i].shape};
    *crc = sum_records(ctx, records, metadata_count + count);
    an_free(ctx, records);
    return ALEXNET_OK;
}

alexnet_status an_sums_make(alexnet_context *ctx, const char *path, const an_tensor_out *tensors,
                            size_t count, const char *const *keys, const char *const *values,
                            size_t metadata_count, char **text)
{
    an_json_maker m = {0};
    uint32_t crc = 0;

    *text = NULL;
    AN_TRY(sum_out(ctx, path, tensors, count, keys, values, metadata_count, &crc));
    json_t *sums = an_json_object(&m);
    set_sum(&m, sums, RECORDS, crc);
    for (size_t i = 0; i < count; ++i)
        set_sum(&m, sums, tensors[i].name, sum_tensor(ctx, &tensors[i]));
    alexnet_status status = an_json_made(ctx, &m, path);
    if (status == ALEXNET_OK && (*text = an_json_text(ctx, sums)) == NULL)
        status = an_fail(ctx, ALEXNET_NO_MEMORY, "%s: checksums", path);
    json_decref(sums);
    return status;
}
