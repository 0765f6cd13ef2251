/*
 * safetensors_write.c: the part of safetensors.h that writes a file. The same tensors and metadata
 * give the same bytes.
 * SPDX-License-Identifier: MIT
 */
#include "formats/safetensors.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "formats/sums.h"
#include <string.h>

#define METADATA       "__metadata__"
#define DATA_ALIGNMENT 8 /* of the first tensor's position in the file */

/* The arguments of an_safetensors_write(). */
typedef struct write_job {
    alexnet_context *ctx;
    const char *path;
    const an_tensor_out *tensors;
    size_t count;
    const char *const *keys, *const *values;
    size_t metadata_count;
    an_file_sum *sum; /* receives the size and SHA-256 of the file; may be NULL */
} write_job;

/* Sets a member of the header or of its metadata; takes ownership of `value`. */
static alexnet_status set_member(const write_job *job, an_json_maker *m, json_t *object,
                                 const char *key, json_t *value)
{
    if (json_object_get(object, key) != NULL) {
        json_decref(value);
        return an_fail(job->ctx, ALEXNET_BAD_ARG, "%s: '%s' would be written twice", job->path,
                       key);
    }
    an_json_set(m, object, key, value);
    if (m->status == ALEXNET_BAD_ARG)
        return an_fail(job->ctx, ALEXNET_BAD_ARG, "%s: '%s' cannot be written: it is not UTF-8",
                       job->path, key);
    return an_json_made(job->ctx, m, job->path);
}

static alexnet_status add_metadata(const write_job *job, an_json_maker *m, json_t *header)
{
    json_t *metadata = an_json_object(m);

    AN_TRY(set_member(job, m, header, METADATA, metadata));
    for (size_t i = 0; i < job->metadata_count; ++i)
        AN_TRY(set_member(job, m, metadata, job->keys[i], an_json_string(m, job->values[i])));
    return ALEXNET_OK;
}

/* Called last, when it is known that JSON can represent the names. */
static alexnet_status add_sums(const write_job *job, an_json_maker *m, json_t *header)
{
    char *text;

    AN_TRY(an_sums_make(job->ctx, job->path, job->tensors, job->count, job->keys, job->values,
                        job->metadata_count, &text));
    const alexnet_status status = set_member(job, m, json_object_get(header, METADATA),
                                             AN_KEY_CRC32C, an_json_string(m, text));
    an_free(job->ctx, text);
    return status;
}

static json_t *list_of(an_json_maker *m, const int64_t *numbers, int count)
{
    json_t *list = an_json_list(m);

    for (int i = 0; i < count; ++i)
        an_json_add(m, list, an_json_int(m, numbers[i]));
    return list;
}

/* Adds the entry of a tensor whose data begins at *place, and moves *place to its end. */
static alexnet_status add_tensor(const write_job *job, an_json_maker *m, json_t *header,
                                 const an_tensor_out *tensor, size_t *place)
{
    const int64_t begin = (int64_t)*place;
    json_t *entry = an_json_object(m);
    int64_t count;
    size_t bytes;

    AN_TRY(set_member(job, m, header, tensor->name, entry));
    if (!an_tensor_size(tensor->shape, tensor->rank, tensor->dtype, &count, &bytes) ||
        !an_add(*place, bytes, place) || *place > INT64_MAX)
        return an_fail(job->ctx, ALEXNET_BAD_ARG, "%s: tensor '%s' is too large", job->path,
                       tensor->name);

    const int64_t range[2] = {begin, (int64_t)*place};
    an_json_set(m, entry, "dtype", an_json_string(m, an_dtype_name(tensor->dtype)));
    an_json_set(m, entry, "shape", list_of(m, tensor->shape, tensor->rank));
    an_json_set(m, entry, "data_offsets", list_of(m, range, 2));
    return an_json_made(job->ctx, m, job->path);
}

static alexnet_status fill_header(const write_job *job, json_t *header)
{
    an_json_maker m = {0};
    size_t place = 0;

    AN_TRY(add_metadata(job, &m, header));
    for (size_t i = 0; i < job->count; ++i)
        AN_TRY(add_tensor(job, &m, header, &job->tensors[i], &place));
    return add_sums(job, &m, header);
}

/* Makes the header's text, allocated. */
static alexnet_status make_header(const write_job *job, char **text)
{
    an_json_maker m = {0};
    json_t *header = an_json_object(&m);
    alexnet_status status = an_json_made(job->ctx, &m, job->path);

    *text = NULL;
    if (status == ALEXNET_OK) status = fill_header(job, header);
    if (status == ALEXNET_OK && (*text = an_json_text(job->ctx, header)) == NULL)
        status = an_fail(job->ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", job->path);
    json_decref(header);
    return status;
}

static alexnet_status write_header(const write_job *job, const char *header, an_writer *writer)
{
    static const char spaces[] = "       ";
    const size_t length = strlen(header);
    const uint64_t padded = AN_ROUND_UP(length, (size_t)DATA_ALIGNMENT);

    if (padded > AN_SAFETENSORS_HEADER_MAX)
        return an_fail(job->ctx, ALEXNET_BAD_ARG,
                       "%s: names and metadata take %zu bytes; expected at most %zu", job->path,
                       length, AN_SAFETENSORS_HEADER_MAX);
    AN_TRY(an_writer_add(writer, &padded, sizeof padded));
    AN_TRY(an_writer_add(writer, header, length));
    return an_writer_add(writer, spaces, (size_t)padded - length);
}

static alexnet_status write_tensor(const an_tensor_out *tensor, an_writer *writer)
{
    size_t bytes = an_dtype_bytes(tensor->dtype);

    for (int i = 0; i < tensor->rank; ++i) /* add_tensor() has excluded an overflow */
        bytes *= (size_t)tensor->shape[i];
    return an_writer_add(writer, tensor->data, bytes);
}

static alexnet_status write_all(const write_job *job, const char *header)
{
    an_writer *writer;
    alexnet_status status;

    AN_TRY(an_writer_open(job->ctx, job->path, &writer));
    if (job->sum != NULL) an_writer_sum(writer, job->sum);
    status = write_header(job, header, writer);
    for (size_t i = 0; status == ALEXNET_OK && i < job->count; ++i)
        status = write_tensor(&job->tensors[i], writer);
    if (status == ALEXNET_OK) return an_writer_commit(writer);
    an_writer_abandon(writer);
    return status;
}

alexnet_status an_safetensors_write_sum(alexnet_context *ctx, const char *path,
                                        const an_tensor_out *tensors, size_t count,
                                        const char *const *keys, const char *const *values,
                                        size_t metadata_count, an_file_sum *sum)
{
    const write_job job = {ctx, path, tensors, count, keys, values, metadata_count, sum};
    char *header;

    AN_TRY(make_header(&job, &header));
    const alexnet_status status = write_all(&job, header);
    an_free(ctx, header);
    return status;
}

alexnet_status an_safetensors_write(alexnet_context *ctx, const char *path,
                                    const an_tensor_out *tensors, size_t count,
                                    const char *const *keys, const char *const *values,
                                    size_t metadata_count)
{
    return an_safetensors_write_sum(ctx, path, tensors, count, keys, values, metadata_count, NULL);
}
