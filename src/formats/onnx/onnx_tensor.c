/*
 * onnx_tensor.c: TensorProto. Its numbers are one array of raw bytes, or a list by its type, packed
 * or one by one, or lie in another file, which must be beside this one.
 * SPDX-License-Identifier: MIT
 */
#include "formats/onnx/onnx.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#define READERS_MAX 64 /* files beside this one */

/* Fields of TensorProto, and of the types of its elements. */
enum {
    DIMS = 1,
    DATA_TYPE = 2,
    SEGMENT = 3,
    FLOAT_DATA = 4,
    INT32_DATA = 5,
    STRING_DATA = 6,
    INT64_DATA = 7,
    NAME = 8,
    RAW_DATA = 9,
    DOUBLE_DATA = 10,
    UINT64_DATA = 11,
    EXTERNAL_DATA = 13,
    DATA_LOCATION = 14
};

static const struct {
    int number; /* of TensorProto.DataType */
    an_dtype dtype;
    int list; /* the field that holds its elements, if they are not raw */
} types[] = {
    {1, AN_F32, FLOAT_DATA},   {2, AN_U8, INT32_DATA},   {3, AN_I8, INT32_DATA},
    {5, AN_I16, INT32_DATA},   {6, AN_I32, INT32_DATA},  {7, AN_I64, INT64_DATA},
    {9, AN_BOOL, INT32_DATA},  {10, AN_F16, INT32_DATA}, {11, AN_F64, DOUBLE_DATA},
    {16, AN_BF16, INT32_DATA},
};

typedef struct tensor_message {
    alexnet_context *ctx;
    const char *path;
    an_tensor_file *file;
    an_tensor_view *view;
    int type;        /* index in types[]; -1: none */
    int list;        /* the field of the elements that was found; 0: none */
    uint64_t chunks; /* of that field */
    uint64_t place;  /* of its last chunk */
    uint64_t bytes;  /* of its last chunk; 0: one number */
    bool external;   /* data_location */
    const char *location;
    uint64_t offset, length;
    bool has_length;
} tensor_message;

static alexnet_status fail_tensor(const tensor_message *t, const char *fact)
{
    return an_fail(t->ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': %s", t->path, t->view->name, fact);
}

/* ---- data in other files ---- */

static alexnet_status parse_size(const tensor_message *t, const char *text, uint64_t *out)
{
    const size_t length = strlen(text);

    *out = 0;
    if (length == 0 || length > 18 || strspn(text, "0123456789") != length)
        return fail_tensor(t, "its external data have an offset or a length that is no number");
    *out = strtoull(text, NULL, 10);
    return ALEXNET_OK;
}

/* One entry of external_data: a key and a value. */
static alexnet_status read_external_entry(tensor_message *t, an_pb_cursor *message,
                                          const an_pb_field *field)
{
    an_pb_cursor entry = an_pb_enter(message, field);
    const char *key = "", *value = "";
    an_pb_field part;

    while (an_pb_next(&entry, &part)) {
        if (part.number == 1)
            key = an_pb_text(&entry, &part, &t->file->store, AN_ONNX_TEXT_MAX);
        else if (part.number == 2)
            value = an_pb_text(&entry, &part, &t->file->store, AN_ONNX_TEXT_MAX);
    }
    an_pb_leave(message, &entry);
    if (message->status != ALEXNET_OK) return message->status;
    if (strcmp(key, "location") == 0)
        t->location = value;
    else if (strcmp(key, "offset") == 0)
        return parse_size(t, value, &t->offset);
    else if (strcmp(key, "length") == 0) {
        t->has_length = true;
        return parse_size(t, value, &t->length);
    }
    return ALEXNET_OK;
}

/* The reader of a file beside this one, opened once. */
static alexnet_status find_reader(const tensor_message *t, an_reader *out)
{
    an_tensor_file *file = t->file;

    if (!file->open)
        return an_fail(t->ctx, ALEXNET_UNSUPPORTED,
                       "%s: tensor '%s': its data are in another file, '%s', and this one is not "
                       "on disk",
                       t->path, t->view->name, t->location);
    if (file->others == NULL) {
        file->others = an_store_array(t->ctx, &file->store, READERS_MAX, sizeof *file->others);
        file->other_names =
            an_store_array(t->ctx, &file->store, READERS_MAX, sizeof *file->other_names);
        if (file->others == NULL || file->other_names == NULL)
            return an_fail(t->ctx, ALEXNET_NO_MEMORY, "%s: list of files", t->path);
    }
    for (size_t i = 0; i < file->other_count; ++i) {
        if (strcmp(file->other_names[i], t->location) == 0) {
            *out = file->others[i];
            return ALEXNET_OK;
        }
    }
    if (file->other_count == READERS_MAX)
        return an_fail(t->ctx, ALEXNET_UNSUPPORTED, "%s: its data are in more than %d files",
                       t->path, READERS_MAX);
    const alexnet_status status = an_reader_open_beside(t->ctx, t->path, t->location, out);
    if (status != ALEXNET_OK)
        return an_fail_within(t->ctx, status, "%s: tensor '%s': external data", t->path,
                              t->view->name);
    file->other_names[file->other_count] = t->location;
    file->others[file->other_count++] = *out;
    return ALEXNET_OK;
}

static alexnet_status place_external(tensor_message *t, size_t bytes)
{
    if (t->location == NULL) return fail_tensor(t, "its external data have no location");
    if (t->list != 0) return fail_tensor(t, "its data are here and in another file");
    if (t->has_length && t->length != bytes)
        return an_fail(t->ctx, ALEXNET_BAD_FILE,
                       "%s: tensor '%s': its external data have %ju bytes; expected %zu", t->path,
                       t->view->name, (uintmax_t)t->length, bytes);
    AN_TRY(find_reader(t, &t->view->reader));
    if (t->offset > t->view->reader.size || bytes > t->view->reader.size - t->offset)
        return an_fail(t->ctx, ALEXNET_BAD_FILE,
                       "%s: tensor '%s': needs %zu bytes at %ju of '%s', which has %ju", t->path,
                       t->view->name, bytes, (uintmax_t)t->offset, t->location,
                       (uintmax_t)t->view->reader.size);
    t->view->place = t->offset;
    return ALEXNET_OK;
}

/* ---- data in this file ---- */

/* Writes one number of the tensor's type. */
static alexnet_status put(const tensor_message *t, const an_pb_field *field, uint8_t *to)
{
    const size_t bytes = an_dtype_bytes(t->view->dtype);
    const int64_t number = an_pb_signed(field);

    if (types[t->type].list == INT32_DATA) {
        const int64_t least = t->view->dtype == AN_I8    ? INT8_MIN
                              : t->view->dtype == AN_I16 ? INT16_MIN
                              : t->view->dtype == AN_I32 ? INT32_MIN
                                                         : 0;
        const int64_t most = t->view->dtype == AN_BOOL ? 1
                             : least < 0               ? -(least + 1)
                             : bytes == 1              ? UINT8_MAX
                                                       : UINT16_MAX;
        if (number < least || number > most)
            return fail_tensor(t, "a number is outside the range of its type");
    }
    memcpy(to, &field->value, bytes); /* little-endian: the low bytes */
    return ALEXNET_OK;
}

/* The wire type of one number of a list. */
static an_pb_wire wire_of(int list)
{
    return list == FLOAT_DATA ? AN_PB_32 : list == DOUBLE_DATA ? AN_PB_64 : AN_PB_VARINT;
}

/* Adds the numbers of one field: a single one, or a packed list. */
static alexnet_status decode_field(const tensor_message *t, an_pb_cursor *message,
                                   const an_pb_field *field, uint8_t *to, size_t room, size_t *used)
{
    const size_t size = an_dtype_bytes(t->view->dtype);
    const an_pb_wire wire = wire_of(t->list);
    an_pb_field number = {.wire = wire};

    if (field->wire == AN_PB_BYTES && wire != AN_PB_VARINT) {
        if (field->value > room - *used || field->value % size != 0)
            return fail_tensor(t, "it has other numbers than its shape says");
        AN_TRY(an_reader_read(t->ctx, message->reader, t->path, field->place, to + *used,
                              (size_t)field->value));
        *used += (size_t)field->value;
        return ALEXNET_OK;
    }
    if (field->wire == AN_PB_BYTES) {
        an_pb_cursor list = an_pb_enter(message, field);
        alexnet_status status = ALEXNET_OK;
        while (status == ALEXNET_OK && an_pb_varint(&list, &number.value)) {
            if (room - *used < size)
                status = fail_tensor(t, "it has more numbers than its shape says");
            else
                status = put(t, &number, to + *used);
            *used += size;
        }
        an_pb_leave(message, &list);
        return status != ALEXNET_OK ? status : message->status;
    }
    if (field->wire != wire || room - *used < size)
        return fail_tensor(t, "it has other numbers than its shape says");
    AN_TRY(put(t, field, to + *used));
    *used += size;
    return ALEXNET_OK;
}

/* Numbers that do not lie in the file as in memory are read into the store. */
static alexnet_status decode(tensor_message *t, an_pb_cursor message, size_t bytes)
{
    size_t used = 0;
    an_pb_field field;

    if (bytes / an_dtype_bytes(t->view->dtype) > message.end - message.at)
        return fail_tensor(t, "it has fewer numbers than its shape says");
    uint8_t *data = an_store_new(t->ctx, &t->file->store, bytes);
    if (data == NULL)
        return an_fail(t->ctx, ALEXNET_NO_MEMORY, "%s: tensor '%s' of %zu bytes", t->path,
                       t->view->name, bytes);
    while (an_pb_next(&message, &field)) {
        if (field.number == t->list) AN_TRY(decode_field(t, &message, &field, data, bytes, &used));
    }
    if (message.status != ALEXNET_OK) return message.status;
    if (used != bytes) return fail_tensor(t, "it has fewer numbers than its shape says");
    t->view->data = data;
    return ALEXNET_OK;
}

static alexnet_status place_data(tensor_message *t, const an_pb_cursor *message)
{
    an_tensor_view *view = t->view;
    char shape[AN_SHAPE_TEXT];
    size_t bytes;

    if (t->type < 0) return fail_tensor(t, "it has no type");
    if (!an_tensor_size(view->shape, view->rank, view->dtype, &view->count, &bytes))
        return an_fail(t->ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': shape %s is too large", t->path,
                       view->name, an_tensor_shape_text(view->shape, view->rank, shape));
    if (t->external) return place_external(t, bytes);
    if (t->location != NULL) return fail_tensor(t, "it names another file and does not use it");
    const bool raw = t->list == RAW_DATA;
    if (t->list != 0 && !raw && t->list != types[t->type].list)
        return fail_tensor(t, "its numbers are in the list of another type");
    if (raw || (t->chunks == 1 && t->bytes > 0 && wire_of(t->list) != AN_PB_VARINT)) {
        if (t->bytes != bytes)
            return an_fail(t->ctx, ALEXNET_BAD_FILE,
                           "%s: tensor '%s': %s of %s is %zu bytes, the file has %ju", t->path,
                           view->name, an_tensor_shape_text(view->shape, view->rank, shape),
                           an_dtype_name(view->dtype), bytes, (uintmax_t)t->bytes);
        view->place = t->place;
        view->reader = *message->reader;
        if (view->reader.memory != NULL) view->data = view->reader.memory + view->place;
        return ALEXNET_OK;
    }
    return decode(t, *message, bytes);
}

/* ---- the message ---- */

static alexnet_status add_dimension(tensor_message *t, uint64_t value)
{
    if (t->view->rank == AN_TENSOR_RANK_MAX) return fail_tensor(t, "it has more than 8 dimensions");
    if (value > INT64_MAX) return fail_tensor(t, "a dimension is negative");
    t->view->shape[t->view->rank++] = (int64_t)value;
    return ALEXNET_OK;
}

static alexnet_status read_dimensions(tensor_message *t, an_pb_cursor *message,
                                      const an_pb_field *field)
{
    uint64_t value;

    if (field->wire == AN_PB_VARINT) return add_dimension(t, field->value);
    an_pb_cursor list = an_pb_enter(message, field);
    alexnet_status status = ALEXNET_OK;
    while (status == ALEXNET_OK && an_pb_varint(&list, &value))
        status = add_dimension(t, value);
    an_pb_leave(message, &list);
    return status != ALEXNET_OK ? status : message->status;
}

static alexnet_status read_type(tensor_message *t, const an_pb_field *field)
{
    for (size_t i = 0; i < AN_COUNT(types); ++i) {
        if (field->wire == AN_PB_VARINT && (uint64_t)types[i].number == field->value) {
            t->type = (int)i;
            t->view->dtype = types[i].dtype;
            return ALEXNET_OK;
        }
    }
    return an_fail(t->ctx, ALEXNET_UNSUPPORTED,
                   "%s: tensor '%s': numbers of ONNX's type %ju are not read", t->path,
                   t->view->name, (uintmax_t)field->value);
}

static alexnet_status read_field(tensor_message *t, an_pb_cursor *message, const an_pb_field *field)
{
    switch (field->number) {
    case DIMS:
        return read_dimensions(t, message, field);
    case DATA_TYPE:
        return read_type(t, field);
    case SEGMENT:
        return fail_tensor(t, "it is a segment of a tensor");
    case STRING_DATA:
    case UINT64_DATA:
        return fail_tensor(t, "its numbers are in the list of another type");
    case FLOAT_DATA:
    case INT32_DATA:
    case INT64_DATA:
    case DOUBLE_DATA:
    case RAW_DATA:
        if (t->list != 0 && (t->list != field->number || field->number == RAW_DATA))
            return fail_tensor(t, "it has its numbers twice");
        if (field->number == RAW_DATA && field->wire != AN_PB_BYTES)
            return fail_tensor(t, "its raw data are a number");
        t->list = field->number;
        t->chunks += 1;
        t->place = field->place;
        t->bytes = field->wire == AN_PB_BYTES ? field->value : 0;
        return ALEXNET_OK;
    case EXTERNAL_DATA:
        return read_external_entry(t, message, field);
    case DATA_LOCATION:
        t->external = field->value == 1;
        return field->value <= 1 ? ALEXNET_OK
                                 : fail_tensor(t, "its data are at an unknown location");
    default:
        return ALEXNET_OK;
    }
}

/* The name, which may come after what a message about it would name. NULL: see the status. */
static const char *read_name(an_pb_cursor *message, an_store *store)
{
    an_pb_cursor copy = *message;
    const char *name = "";
    an_pb_field field;

    while (an_pb_next(&copy, &field))
        if (field.number == NAME) name = an_pb_text(&copy, &field, store, AN_ONNX_TEXT_MAX);
    an_pb_leave(message, &copy);
    return message->status == ALEXNET_OK ? name : NULL;
}

alexnet_status an_onnx_read_tensor(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                   an_pb_cursor *message, const char *name, an_tensor_view *out)
{
    tensor_message t = {.ctx = ctx, .path = path, .file = file, .view = out, .type = -1};
    const an_pb_cursor start = *message;
    an_pb_field field;

    *out = (an_tensor_view){.name = name != NULL ? name : read_name(message, &file->store)};
    if (out->name == NULL) return message->status;
    while (an_pb_next(message, &field))
        AN_TRY(read_field(&t, message, &field));
    if (message->status != ALEXNET_OK) return message->status;
    return place_data(&t, &start);
}

alexnet_status an_onnx_read_ints(alexnet_context *ctx, const char *path,
                                 const an_tensor_view *tensor, int room, int64_t *out, int *count)
{
    int64_t bytes[AN_ONNX_LIST_MAX];
    const size_t size = an_dtype_bytes(tensor->dtype);

    *count = 0;
    if ((tensor->dtype != AN_I64 && tensor->dtype != AN_I32) || tensor->count > room ||
        tensor->count > AN_ONNX_LIST_MAX)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: tensor '%s': expected at most %d whole numbers, found %lld of %s", path,
                       tensor->name, room, (long long)tensor->count, an_dtype_name(tensor->dtype));
    if (tensor->data != NULL)
        memcpy(bytes, tensor->data, (size_t)tensor->count * size);
    else
        AN_TRY(an_reader_read(ctx, &tensor->reader, path, tensor->place, bytes,
                              (size_t)tensor->count * size));
    for (; *count < (int)tensor->count; ++*count) {
        int32_t narrow;
        memcpy(&narrow, (const char *)bytes + (size_t)*count * size, sizeof narrow);
        out[*count] = tensor->dtype == AN_I32 ? narrow : bytes[*count];
    }
    return ALEXNET_OK;
}
