/*
 * pth_write.c: writes PyTorch's file of a state dict.
 *
 * The pickle has only the instructions that PyTorch's own restricted reader allows
 * (torch/_weights_only_unpickler.py), in the order in which torch.save() writes them. A text that
 * occurs often is remembered under a number (BINPUT) and recalled (BINGET).
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/pth_write.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/metadata_json.h"
#include "formats/zip.h"
#include <string.h>

#define FOLDER    "archive/"
#define ALIGNMENT 64 /* of storages, as torch's; memory that is mapped can so be used as it is */
#define NAME_SIZE 64

/* ---- a pickle of protocol 2, as Python's pickletools names its instructions ---- */

#define PROTO         "\x80\x02"
#define MARK          "("
#define STOP          "."
#define EMPTY_TUPLE   ")"
#define TUPLE         "t"
#define REDUCE        "R"
#define BINPERSID     "Q"
#define SETITEMS      "u"
#define NEWFALSE      "\x89"
#define OP_TUPLE1     0x85 /* and two more for two and three elements */
#define OP_BINUNICODE 'X'
#define OP_BININT1    'K'
#define OP_BININT2    'M'
#define OP_BININT     'J'
#define OP_LONG1      0x8a
#define OP_BINPUT     'q'
#define OP_BINGET     'h'

/* What is remembered, by its number. Storage types follow, numbered by an_dtype. */
enum { ORDERED_DICT, REBUILD, STORAGE, DEVICE, STORAGE_TYPES };

static const char *const storage_types[] = {
    [AN_F32] = "ctorch\nFloatStorage\n", [AN_F64] = "ctorch\nDoubleStorage\n",
    [AN_F16] = "ctorch\nHalfStorage\n",  [AN_BF16] = "ctorch\nBFloat16Storage\n",
    [AN_I64] = "ctorch\nLongStorage\n",  [AN_I32] = "ctorch\nIntStorage\n",
    [AN_I16] = "ctorch\nShortStorage\n", [AN_I8] = "ctorch\nCharStorage\n",
    [AN_U8] = "ctorch\nByteStorage\n",   [AN_BOOL] = "ctorch\nBoolStorage\n",
};

typedef struct pickle {
    alexnet_context *ctx;
    uint8_t *data;
    size_t used, room;
    bool failed; /* no memory */
    bool known[STORAGE_TYPES + AN_COUNT(storage_types)];
} pickle;

static void put(pickle *p, const void *data, size_t bytes)
{
    if (p->failed) return;
    if (bytes > p->room - p->used) {
        const size_t room = AN_MAX(2 * p->room, p->used + bytes + 1024);
        uint8_t *grown = an_grow(p->ctx, p->data, p->used, room);
        p->failed = grown == NULL;
        if (p->failed) return;
        p->data = grown;
        p->room = room;
    }
    memcpy(p->data + p->used, data, bytes);
    p->used += bytes;
}

static void put_text(pickle *p, const char *text) { put(p, text, strlen(text)); }

/* An instruction and its argument of `bytes` bytes. */
static void put_op(pickle *p, uint8_t op, uint64_t argument, size_t bytes)
{
    put(p, &op, 1);
    put(p, &argument, bytes); /* little-endian, as the machine */
}

/* The shortest of four forms. */
static void put_int(pickle *p, int64_t value)
{
    if (value <= UINT8_MAX) {
        put_op(p, OP_BININT1, (uint64_t)value, 1);
    } else if (value <= UINT16_MAX) {
        put_op(p, OP_BININT2, (uint64_t)value, 2);
    } else if (value <= INT32_MAX) {
        put_op(p, OP_BININT, (uint64_t)value, 4);
    } else {
        put_op(p, OP_LONG1, sizeof value, 1);
        put(p, &value, sizeof value);
    }
}

static void put_unicode(pickle *p, const char *text)
{
    put_op(p, OP_BINUNICODE, strlen(text), 4);
    put_text(p, text);
}

/* Writes what makes a value, the first time; then recalls it. `text` is an instruction; NULL: the
   value is the text `unicode`. */
static void put_known(pickle *p, int number, const char *text, const char *unicode)
{
    if (p->known[number]) {
        put_op(p, OP_BINGET, (uint64_t)number, 1);
        return;
    }
    if (text != NULL)
        put_text(p, text);
    else
        put_unicode(p, unicode);
    put_op(p, OP_BINPUT, (uint64_t)number, 1);
    p->known[number] = true;
}

static void put_tuple(pickle *p, const int64_t *numbers, int count)
{
    if (count > 3) put_text(p, MARK);
    for (int i = 0; i < count; ++i)
        put_int(p, numbers[i]);
    if (count == 0)
        put_text(p, EMPTY_TUPLE);
    else if (count > 3)
        put_text(p, TUPLE);
    else
        put_op(p, (uint8_t)(OP_TUPLE1 + count - 1), 0, 0);
}

static void put_ordered_dict(pickle *p)
{
    put_known(p, ORDERED_DICT, "ccollections\nOrderedDict\n", NULL);
    put_text(p, EMPTY_TUPLE REDUCE);
}

/* Distances of neighbours in a row-major tensor; a dimension of 0 counts as 1, as in torch. */
static void make_strides(const an_tensor_out *tensor, int64_t stride[AN_TENSOR_RANK_MAX])
{
    uint64_t step = 1; /* wraps around only if there are no elements */

    for (int i = tensor->rank - 1; i >= 0; --i) {
        stride[i] = (int64_t)(step & INT64_MAX);
        step *= (uint64_t)AN_MAX(tensor->shape[i], INT64_C(1));
    }
}

/* _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks) */
static void put_tensor(pickle *p, const an_tensor_out *tensor, size_t index, int64_t count)
{
    const int type = STORAGE_TYPES + (int)tensor->dtype;
    int64_t stride[AN_TENSOR_RANK_MAX];
    char key[NAME_SIZE];

    an_print(key, sizeof key, "%zu", index);
    make_strides(tensor, stride);
    put_known(p, REBUILD, "ctorch._utils\n_rebuild_tensor_v2\n", NULL);
    put_text(p, MARK MARK);
    put_known(p, STORAGE, NULL, "storage");
    put_known(p, type, storage_types[tensor->dtype], NULL);
    put_unicode(p, key);
    put_known(p, DEVICE, NULL, "cpu");
    put_int(p, count);
    put_text(p, TUPLE BINPERSID);
    put_int(p, 0);
    put_tuple(p, tensor->shape, tensor->rank);
    put_tuple(p, stride, tensor->rank);
    put_text(p, NEWFALSE);
    put_ordered_dict(p);
    put_text(p, TUPLE REDUCE);
}

/* ---- the archive ---- */

/* The arguments of an_pth_write(). */
typedef struct write_job {
    alexnet_context *ctx;
    const char *path;
    const an_tensor_out *tensors;
    size_t count;
    const char *metadata; /* as JSON; NULL: none */
    an_zip_writer *zip;
} write_job;

static alexnet_status put_tensors(const write_job *job, pickle *p)
{
    put_text(p, PROTO);
    put_ordered_dict(p);
    put_text(p, MARK);
    for (size_t i = 0; i < job->count; ++i) {
        const an_tensor_out *tensor = &job->tensors[i];
        int64_t count;
        size_t bytes;
        if (!an_tensor_size(tensor->shape, tensor->rank, tensor->dtype, &count, &bytes))
            return an_fail(job->ctx, ALEXNET_BAD_ARG, "%s: tensor '%s' is too large", job->path,
                           tensor->name);
        put_unicode(p, tensor->name);
        put_tensor(p, tensor, i, count);
    }
    put_text(p, SETITEMS STOP);
    return p->failed ? an_fail(job->ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", job->path)
                     : ALEXNET_OK;
}

static alexnet_status add_pickle(const write_job *job)
{
    pickle p = {.ctx = job->ctx};

    alexnet_status status = put_tensors(job, &p);
    if (status == ALEXNET_OK)
        status = an_zip_add(job->zip, FOLDER "data.pkl", NULL, 0, p.data, p.used);
    an_free(job->ctx, p.data);
    return status;
}

static alexnet_status add_text(const write_job *job, const char *name, const char *text)
{
    return an_zip_add(job->zip, name, NULL, 0, text, strlen(text));
}

static alexnet_status add_entries(const write_job *job)
{
    AN_TRY(add_pickle(job));
    AN_TRY(add_text(job, FOLDER "byteorder", "little"));
    for (size_t i = 0; i < job->count; ++i) {
        const an_tensor_out *tensor = &job->tensors[i];
        char name[NAME_SIZE];
        int64_t count;
        size_t bytes = 0;
        an_print(name, sizeof name, FOLDER "data/%zu", i);
        if (!an_tensor_size(tensor->shape, tensor->rank, tensor->dtype, &count, &bytes)) bytes = 0;
        AN_TRY(an_zip_add(job->zip, name, NULL, 0, tensor->data, bytes));
    }
    AN_TRY(add_text(job, FOLDER "version", "3\n"));
    return job->metadata != NULL ? add_text(job, FOLDER AN_METADATA_ENTRY, job->metadata)
                                 : ALEXNET_OK;
}

static alexnet_status write_archive(write_job *job, an_writer *writer)
{
    AN_TRY(an_zip_begin(job->ctx, job->path, writer, ALIGNMENT, &job->zip));
    const alexnet_status status = add_entries(job);
    if (status == ALEXNET_OK) return an_zip_end(job->zip);
    an_zip_abandon(job->zip);
    return status;
}

static alexnet_status write_file(write_job *job, an_file_sum *sum)
{
    an_writer *writer;

    AN_TRY(an_writer_open(job->ctx, job->path, &writer));
    if (sum != NULL) an_writer_sum(writer, sum);
    const alexnet_status status = write_archive(job, writer);
    if (status == ALEXNET_OK) return an_writer_commit(writer);
    an_writer_abandon(writer);
    return status;
}

alexnet_status an_pth_write(alexnet_context *ctx, const char *path, const an_tensor_out *tensors,
                            size_t count, const char *const *keys, const char *const *values,
                            size_t metadata_count, an_file_sum *sum)
{
    write_job job = {.ctx = ctx, .path = path, .tensors = tensors, .count = count};
    char *metadata = NULL;

    AN_TRY(an_tensor_check_names(ctx, path, tensors, count));
    if (metadata_count > 0)
        AN_TRY(an_metadata_print(ctx, path, keys, values, metadata_count, &metadata));
    job.metadata = metadata;
    const alexnet_status status = write_file(&job, sum);
    an_json_free(ctx, metadata);
    return status;
}
