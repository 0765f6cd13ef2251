/*
 * bundle.c: the entries of a checkpoint's index, and its shards.
 * SPDX-License-Identifier: MIT
 */
#include "formats/tensorflow/bundle.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/protobuf.h"
#include "formats/tensorflow/sstable.h"
#include <stdlib.h>
#include <string.h>

#define VERSION 1 /* of the format: what is read here */

/* Fields of BundleHeaderProto, VersionDef, BundleEntryProto, TensorShapeProto and its Dim. */
enum {
    HEADER_SHARDS = 1,
    HEADER_ENDIANNESS = 2,
    HEADER_VERSION = 3,
    VERSION_MIN_CONSUMER = 2,
    ENTRY_DTYPE = 1,
    ENTRY_SHAPE = 2,
    ENTRY_SHARD = 3,
    ENTRY_OFFSET = 4,
    ENTRY_SIZE = 5,
    ENTRY_CRC = 6,
    ENTRY_SLICES = 7,
    SHAPE_DIM = 2,
    SHAPE_UNKNOWN_RANK = 3,
    DIM_SIZE = 1
};

/* DataType (tensorflow/core/framework/types.proto). */
static const struct {
    uint64_t number;
    an_dtype dtype;
} types[] = {{1, AN_F32}, {2, AN_F64}, {3, AN_I32},   {4, AN_U8},    {5, AN_I16},
             {6, AN_I8},  {9, AN_I64}, {10, AN_BOOL}, {14, AN_BF16}, {19, AN_F16}};

enum { TYPE_STRING = 7, TYPE_RESOURCE = 20, TYPE_VARIANT = 21 };

typedef struct reading {
    alexnet_context *ctx;
    const char *path;
    an_tensor_file *file;
    an_pb_cursor pb; /* over the index */
    uint64_t shards; /* their number; 0: the header was not read yet */
    size_t *opened;  /* of each shard: 1 + its index in file->others; 0: not open */
    size_t left_out; /* entries that are no numbers */
    bool has_slices; /* a slice was passed over: the entry of its variable follows */
} reading;

/* A BundleEntryProto as it is in the file. */
typedef struct bundle_entry {
    an_tensor_view view;
    uint64_t type, shard, offset, size, slices;
} bundle_entry;

static alexnet_status fail_tensor(const reading *r, const char *name, const char *fact)
{
    return an_fail(r->ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': %s", r->path, name, fact);
}

static alexnet_status fail_memory(const reading *r)
{
    return an_fail(r->ctx, ALEXNET_NO_MEMORY, "%s: no memory for the list of tensors", r->path);
}

/* ---- messages ---- */

/* A cursor over the value of an entry of the table, which lies in the index as it is. */
static an_pb_cursor enter_value(reading *r, const an_sstable_entry *entry)
{
    const an_pb_field field = {
        .wire = AN_PB_BYTES, .value = entry->value_bytes, .place = entry->place};

    return an_pb_enter(&r->pb, &field);
}

/* Whether the field is a number of this wire type; otherwise the cursor fails. */
static bool is_wire(const reading *r, an_pb_cursor *message, const an_pb_field *field,
                    an_pb_wire wire)
{
    if (field->wire == wire) return true;
    message->status =
        an_fail(r->ctx, ALEXNET_BAD_FILE, "%s: field %d before byte %ju has another type", r->path,
                field->number, (uintmax_t)message->at);
    return false;
}

static void read_version(const reading *r, an_pb_cursor *message, const an_pb_field *field)
{
    an_pb_cursor version = an_pb_enter(message, field);
    an_pb_field part;

    while (an_pb_next(&version, &part))
        if (part.number == VERSION_MIN_CONSUMER && is_wire(r, &version, &part, AN_PB_VARINT) &&
            part.value > VERSION)
            version.status =
                an_fail(r->ctx, ALEXNET_UNSUPPORTED,
                        "%s: the checkpoint needs a reader of version %ju; this one reads version "
                        "%d",
                        r->path, (uintmax_t)part.value, VERSION);
    an_pb_leave(message, &version);
}

static alexnet_status check_header(const reading *r, uint64_t endianness)
{
    if (endianness != 0)
        return an_fail(r->ctx, ALEXNET_UNSUPPORTED,
                       "%s: the numbers of the checkpoint are big-endian; only little-endian ones "
                       "are read",
                       r->path);
    if (r->shards >= 1 && r->shards <= AN_BUNDLE_SHARDS_MAX) return ALEXNET_OK;
    return an_fail(r->ctx, ALEXNET_BAD_FILE, "%s: a checkpoint of %ju data files; expected 1 to %d",
                   r->path, (uintmax_t)r->shards, AN_BUNDLE_SHARDS_MAX);
}

static alexnet_status read_header(reading *r, const an_sstable_entry *entry)
{
    an_pb_cursor header = enter_value(r, entry);
    uint64_t endianness = 0;
    an_pb_field field;

    while (an_pb_next(&header, &field)) {
        if (field.number == HEADER_VERSION)
            read_version(r, &header, &field);
        else if (field.number == HEADER_SHARDS && is_wire(r, &header, &field, AN_PB_VARINT))
            r->shards = field.value;
        else if (field.number == HEADER_ENDIANNESS && is_wire(r, &header, &field, AN_PB_VARINT))
            endianness = field.value;
    }
    if (header.status != ALEXNET_OK) return header.status;
    AN_TRY(check_header(r, endianness));
    const size_t count = (size_t)r->shards;
    an_store *store = &r->file->store;
    r->file->others = an_store_array(r->ctx, store, count, sizeof *r->file->others);
    r->file->other_names = an_store_array(r->ctx, store, count, sizeof *r->file->other_names);
    r->opened = an_store_array(r->ctx, store, count, sizeof *r->opened);
    return r->file->others != NULL && r->file->other_names != NULL && r->opened != NULL
               ? ALEXNET_OK
               : fail_memory(r);
}

static void read_dimension(const reading *r, an_pb_cursor *shape, const an_pb_field *field,
                           an_tensor_view *view)
{
    an_pb_cursor dim = an_pb_enter(shape, field);
    uint64_t size = 0;
    an_pb_field part;

    while (an_pb_next(&dim, &part))
        if (part.number == DIM_SIZE && is_wire(r, &dim, &part, AN_PB_VARINT)) size = part.value;
    an_pb_leave(shape, &dim);
    if (shape->status != ALEXNET_OK) return;
    if (size > INT64_MAX)
        shape->status = fail_tensor(r, view->name, "a dimension is negative");
    else if (view->rank == AN_TENSOR_RANK_MAX)
        shape->status = fail_tensor(r, view->name, "it has more than 8 dimensions");
    else
        view->shape[view->rank++] = (int64_t)size;
}

static void read_shape(const reading *r, an_pb_cursor *message, const an_pb_field *field,
                       an_tensor_view *view)
{
    an_pb_cursor shape = an_pb_enter(message, field);
    an_pb_field part;

    view->rank = 0;
    while (an_pb_next(&shape, &part)) {
        if (part.number == SHAPE_DIM)
            read_dimension(r, &shape, &part, view);
        else if (part.number == SHAPE_UNKNOWN_RANK && part.value != 0)
            shape.status = fail_tensor(r, view->name, "its shape is unknown");
    }
    an_pb_leave(message, &shape);
}

static void read_field(const reading *r, an_pb_cursor *message, const an_pb_field *field,
                       bundle_entry *out)
{
    uint64_t *number;

    switch (field->number) {
    case ENTRY_SHAPE:
        read_shape(r, message, field, &out->view);
        return;
    case ENTRY_CRC:
        if (is_wire(r, message, field, AN_PB_32))
            out->view.crc = an_sstable_unmask((uint32_t)field->value);
        return;
    case ENTRY_SLICES:
        ++out->slices;
        return;
    case ENTRY_DTYPE:
        number = &out->type;
        break;
    case ENTRY_SHARD:
        number = &out->shard;
        break;
    case ENTRY_OFFSET:
        number = &out->offset;
        break;
    case ENTRY_SIZE:
        number = &out->size;
        break;
    default:
        return;
    }
    if (is_wire(r, message, field, AN_PB_VARINT)) *number = field->value;
}

/* ---- shards ---- */

/* Opens NAME.data-XXXXX-of-XXXXX beside NAME.index. */
static alexnet_status open_shard(reading *r, const char *tensor, size_t shard)
{
    an_tensor_file *file = r->file;
    const char *base = an_path_base(r->path);
    const size_t length = strlen(base), ending = strlen(AN_BUNDLE_INDEX);

    if (!file->open)
        return an_fail(r->ctx, ALEXNET_UNSUPPORTED,
                       "%s: tensor '%s': its data are in another file, and the index is not on "
                       "disk",
                       r->path, tensor);
    if (length <= ending || strcmp(base + length - ending, AN_BUNDLE_INDEX) != 0)
        return an_fail(r->ctx, ALEXNET_BAD_FILE,
                       "%s: the index of a checkpoint of TensorFlow; expected a name that ends in "
                       "'" AN_BUNDLE_INDEX "', as the names of its data files begin with the rest",
                       r->path);
    const char *name = an_store_format(r->ctx, &file->store, "%.*s.data-%05zu-of-%05zu",
                                       (int)(length - ending), base, shard, (size_t)r->shards);
    if (name == NULL) return fail_memory(r);
    const alexnet_status status =
        an_reader_open_beside(r->ctx, r->path, name, &file->others[file->other_count]);
    if (status != ALEXNET_OK)
        return an_fail_within(r->ctx, status, "%s: data of tensor '%s'", r->path, tensor);
    file->other_names[file->other_count] = name;
    r->opened[shard] = ++file->other_count;
    return ALEXNET_OK;
}

/* ---- entries ---- */

/* The name as text: UTF-8 without zero bytes. NULL: it is not, or no memory; see *status. */
static const char *read_name(const reading *r, const an_sstable_entry *entry,
                             alexnet_status *status)
{
    const char *name =
        an_store_text(r->ctx, &r->file->store, (const char *)entry->key, entry->key_bytes);
    size_t at = 0, bytes = 1;

    *status = ALEXNET_OK;
    if (name == NULL)
        *status = fail_memory(r);
    else if (entry->key_bytes > AN_BUNDLE_NAME_MAX)
        *status = an_fail(r->ctx, ALEXNET_BAD_FILE, "%s: a name of %zu bytes; expected at most %d",
                          r->path, entry->key_bytes, AN_BUNDLE_NAME_MAX);
    for (; *status == ALEXNET_OK && bytes > 0 && at < entry->key_bytes && name[at] != '\0';
         at += bytes)
        bytes = an_utf8_length(name + at);
    if (*status == ALEXNET_OK && at < entry->key_bytes)
        *status = fail_tensor(r, name, "its name is not UTF-8, or has a zero byte");
    return *status == ALEXNET_OK ? name : NULL;
}

/* *known: it is an array of numbers. */
static alexnet_status set_type(const reading *r, bundle_entry *entry, bool *known)
{
    *known = true;
    for (size_t i = 0; i < AN_COUNT(types); ++i)
        if (types[i].number == entry->type) {
            entry->view.dtype = types[i].dtype;
            return ALEXNET_OK;
        }
    *known = false;
    if (entry->type == TYPE_STRING || entry->type == TYPE_RESOURCE || entry->type == TYPE_VARIANT)
        return ALEXNET_OK;
    return an_fail(r->ctx, ALEXNET_UNSUPPORTED,
                   "%s: tensor '%s': numbers of TensorFlow's type %ju are not read", r->path,
                   entry->view.name, (uintmax_t)entry->type);
}

/* Finds the values in their shard. */
static alexnet_status place(reading *r, bundle_entry *entry)
{
    an_tensor_view *view = &entry->view;
    char shape[AN_SHAPE_TEXT];
    size_t bytes;

    an_tensor_shape_text(view->shape, view->rank, shape);
    if (!an_tensor_size(view->shape, view->rank, view->dtype, &view->count, &bytes))
        return an_fail(r->ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': shape %s is too large", r->path,
                       view->name, shape);
    if (entry->size != bytes)
        return an_fail(r->ctx, ALEXNET_BAD_FILE,
                       "%s: tensor '%s': %s of %s needs %zu bytes, the index says %ju", r->path,
                       view->name, shape, an_dtype_name(view->dtype), bytes,
                       (uintmax_t)entry->size);
    if (entry->shard >= r->shards)
        return an_fail(r->ctx, ALEXNET_BAD_FILE,
                       "%s: tensor '%s': it is in data file %ju of %ju, counted from 0", r->path,
                       view->name, (uintmax_t)entry->shard, (uintmax_t)r->shards);
    const size_t shard = (size_t)entry->shard;
    if (r->opened[shard] == 0) AN_TRY(open_shard(r, view->name, shard));
    const size_t other = r->opened[shard] - 1;
    view->reader = r->file->others[other];
    view->place = entry->offset;
    if (entry->offset <= view->reader.size && bytes <= view->reader.size - entry->offset)
        return ALEXNET_OK;
    return an_fail(r->ctx, ALEXNET_BAD_FILE,
                   "%s: tensor '%s': needs %zu bytes at %ju of '%s', which has %ju", r->path,
                   view->name, bytes, (uintmax_t)entry->offset, r->file->other_names[other],
                   (uintmax_t)view->reader.size);
}

static alexnet_status read_entry(reading *r, const an_sstable_entry *from)
{
    bundle_entry entry = {.view = {.sum = AN_SUM_CRC32C_FOREIGN, .crc = an_sstable_unmask(0)}};
    an_pb_field field;
    bool known;
    alexnet_status status;

    /* A slice has the key 0, name, 0 ... and comes before all names. */
    if (from->key_bytes > 0 && from->key[0] == 0) {
        r->has_slices = true;
        return ALEXNET_OK;
    }
    entry.view.name = read_name(r, from, &status);
    if (entry.view.name == NULL) return status;
    an_pb_cursor message = enter_value(r, from);
    while (an_pb_next(&message, &field))
        read_field(r, &message, &field, &entry);
    if (message.status != ALEXNET_OK) return message.status;
    if (entry.slices > 0)
        return an_fail(r->ctx, ALEXNET_UNSUPPORTED,
                       "%s: tensor '%s': a partitioned variable, stored in %ju %s; save the "
                       "checkpoint again from a graph without a partitioner",
                       r->path, entry.view.name, (uintmax_t)entry.slices,
                       AN_NOUN(entry.slices, "slice", "slices"));
    AN_TRY(set_type(r, &entry, &known));
    if (!known) {
        ++r->left_out;
        return ALEXNET_OK;
    }
    AN_TRY(place(r, &entry));
    return an_tensor_file_add(r->ctx, r->path, r->file, &entry.view);
}

static alexnet_status read_entries(reading *r, an_sstable *table)
{
    an_sstable_entry entry;
    bool more;

    AN_TRY(an_sstable_next(table, &entry, &more));
    if (!more || entry.key_bytes > 0)
        return an_fail(r->ctx, ALEXNET_BAD_FILE,
                       "%s: a table of another program: expected the header of a checkpoint of "
                       "TensorFlow as its first entry",
                       r->path);
    AN_TRY(read_header(r, &entry));
    for (;;) {
        AN_TRY(an_sstable_next(table, &entry, &more));
        if (!more) break;
        AN_TRY(read_entry(r, &entry));
    }
    if (r->has_slices)
        return an_fail(r->ctx, ALEXNET_BAD_FILE, "%s: a slice of a variable that is not there",
                       r->path);
    return ALEXNET_OK;
}

/* ---- overlaps ---- */

typedef struct extent {
    int shard; /* its descriptor */
    uint64_t begin, end;
    const char *name;
} extent;

static int compare_extents(const void *a, const void *b)
{
    const extent *x = a, *y = b;

    if (x->shard != y->shard) return x->shard < y->shard ? -1 : 1;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* No byte belongs to two tensors, so that a small file cannot claim to be many large ones. */
static alexnet_status check_overlaps(const reading *r)
{
    const an_tensor_file *file = r->file;
    extent *extents = an_new_array(r->ctx, file->count, sizeof *extents);
    alexnet_status status = ALEXNET_OK;

    if (extents == NULL) return fail_memory(r);
    for (size_t i = 0; i < file->count; ++i) {
        const an_tensor_view *t = &file->tensors[i];
        const uint64_t bytes = (uint64_t)t->count * an_dtype_bytes(t->dtype);
        extents[i] = (extent){t->reader.descriptor, t->place, t->place + bytes, t->name};
    }
    if (file->count > 1) qsort(extents, file->count, sizeof *extents, compare_extents);
    for (size_t i = 1; i < file->count && status == ALEXNET_OK; ++i)
        if (extents[i].shard == extents[i - 1].shard && extents[i].begin < extents[i - 1].end)
            status =
                an_fail(r->ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': its data overlap those of '%s'",
                        r->path, extents[i].name, extents[i - 1].name);
    an_free(r->ctx, extents);
    return status;
}

/* ---- the interface ---- */

static alexnet_status read_checkpoint(alexnet_context *ctx, const char *path, an_tensor_file *out)
{
    reading r = {.ctx = ctx, .path = path, .file = out};
    an_sstable table;

    if (out->reader.size > AN_BUNDLE_INDEX_MAX)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: an index of %ju bytes; expected at most %zu",
                       path, (uintmax_t)out->reader.size, AN_BUNDLE_INDEX_MAX);
    r.pb = an_pb_open(ctx, path, &out->reader);
    alexnet_status status = an_sstable_open(ctx, path, &out->reader, &table);
    if (status == ALEXNET_OK) status = r.pb.status;
    if (status == ALEXNET_OK) status = read_entries(&r, &table);
    if (status == ALEXNET_OK) status = check_overlaps(&r);
    an_sstable_close(&table);
    an_pb_close(&r.pb);
    if (status == ALEXNET_OK && r.left_out > 0)
        an_log(ctx, ALEXNET_LOG_INFO, "%s: %zu %s, texts and the like, left out", path, r.left_out,
               AN_NOUN(r.left_out, "entry that is no array of numbers",
                       "entries that are no arrays of numbers"));
    return status;
}

const an_tensor_format an_tensor_format_tensorflow = {.name = "tensorflow",
                                                      .extension = "index",
                                                      .matches_end = an_sstable_matches,
                                                      .read = read_checkpoint};
