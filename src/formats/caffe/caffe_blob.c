/*
 * caffe_blob.c: a BlobProto: a shape, or the four dimensions of older files, and values as float32
 * or float64, packed or one by one.
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "base/status.h"
#include "formats/caffe/caffe_net.h"
#include <string.h>

enum { LEGACY_FIRST = 1, LEGACY_LAST = 4, DATA = 5, SHAPE = 7, DOUBLE_DATA = 8 };

/* The values of one type, as they lie in the message. */
typedef struct values {
    uint64_t place;                /* of the first packed piece */
    int64_t count, pieces, single; /* single: that are fields of their own */
} values;

typedef struct parts {
    an_caffe_shape shape, legacy;
    bool has_shape, has_legacy;
    values floats, doubles;
} parts;

static alexnet_status fail_blob(an_pb_cursor *message, const char *what, const char *fact)
{
    return message->status =
               an_fail(message->ctx, ALEXNET_BAD_FILE, "%s: %s: %s", message->path, what, fact);
}

static alexnet_status add_dimension(an_pb_cursor *message, const char *what, an_caffe_shape *shape,
                                    uint64_t value)
{
    if (shape->rank == AN_TENSOR_RANK_MAX)
        return fail_blob(message, what, "its shape has more than 8 dimensions");
    if (value > INT64_MAX) return fail_blob(message, what, "a dimension is negative");
    shape->dims[shape->rank++] = (int64_t)value;
    return ALEXNET_OK;
}

alexnet_status an_caffe_shape_read(an_pb_cursor *outer, const an_pb_field *field, const char *what,
                                   an_caffe_shape *shape)
{
    an_pb_cursor message = an_pb_enter(outer, field);
    an_pb_field dim;

    shape->rank = 0;
    while (an_pb_next(&message, &dim)) {
        uint64_t value;
        if (dim.number != 1) continue;
        if (dim.wire == AN_PB_VARINT) (void)add_dimension(&message, what, shape, dim.value);
        if (dim.wire != AN_PB_BYTES) continue;
        an_pb_cursor list = an_pb_enter(&message, &dim);
        while (an_pb_varint(&list, &value))
            (void)add_dimension(&list, what, shape, value);
        an_pb_leave(&message, &list);
    }
    an_pb_leave(outer, &message);
    return outer->status;
}

static alexnet_status count_values(an_pb_cursor *message, const char *what,
                                   const an_pb_field *field, an_pb_wire single, size_t size,
                                   values *v)
{
    if (field->wire == single) {
        ++v->single;
        ++v->count;
    } else if (field->wire != AN_PB_BYTES) {
        return fail_blob(message, what, "its values are not of a floating-point type");
    } else if (field->value % size != 0) {
        return fail_blob(message, what, "its values end within a number");
    } else if (field->value > 0) {
        if (v->pieces++ == 0) v->place = field->place;
        v->count += (int64_t)(field->value / size);
    }
    return ALEXNET_OK;
}

static alexnet_status measure(an_pb_cursor message, const char *what, parts *p)
{
    an_pb_field field;

    while (an_pb_next(&message, &field)) {
        if (field.number >= LEGACY_FIRST && field.number <= LEGACY_LAST &&
            field.wire == AN_PB_VARINT) {
            if (field.value > INT64_MAX)
                return fail_blob(&message, what, "a dimension is negative");
            p->has_legacy = true;
            p->legacy.dims[field.number - 1] = (int64_t)field.value;
        } else if (field.number == SHAPE) {
            p->has_shape = true;
            AN_TRY(an_caffe_shape_read(&message, &field, what, &p->shape));
        } else if (field.number == DATA) {
            AN_TRY(count_values(&message, what, &field, AN_PB_32, sizeof(float), &p->floats));
        } else if (field.number == DOUBLE_DATA) {
            AN_TRY(count_values(&message, what, &field, AN_PB_64, sizeof(double), &p->doubles));
        }
    }
    return message.status;
}

/* Copies the values of all pieces and single fields, one after the other. */
static alexnet_status collect(an_pb_cursor message, int number, size_t size, uint8_t *out,
                              size_t left)
{
    an_pb_field field;

    while (an_pb_next(&message, &field)) {
        if (field.number != number) continue;
        const size_t bytes = field.wire == AN_PB_BYTES ? (size_t)field.value : size;
        if (bytes > left)
            return fail_blob(&message, "its values", "they changed while they were read");
        if (field.wire == AN_PB_BYTES)
            AN_TRY(
                an_reader_read(message.ctx, message.reader, message.path, field.place, out, bytes));
        else
            memcpy(out, &field.value, size); /* little-endian, as the file */
        out += bytes;
        left -= bytes;
    }
    return message.status;
}

static alexnet_status place_values(an_pb_cursor *message, an_store *store, const values *v,
                                   int number, an_tensor_view *view)
{
    const size_t size = an_dtype_bytes(view->dtype);

    if (v->pieces == 1 && v->single == 0) {
        view->place = v->place;
        return ALEXNET_OK;
    }
    uint8_t *copy = an_store_array(message->ctx, store, (size_t)v->count, size);
    if (copy == NULL)
        return message->status = an_fail(message->ctx, ALEXNET_NO_MEMORY, "%s: %jd values",
                                         message->path, (intmax_t)v->count);
    view->data = copy;
    return message->status = collect(*message, number, size, copy, (size_t)v->count * size);
}

alexnet_status an_caffe_blob_read(an_pb_cursor *message, const char *what, an_store *store,
                                  an_caffe_blob *out)
{
    parts p = {.legacy.rank = LEGACY_LAST};
    char text[AN_SHAPE_TEXT];
    size_t bytes;

    *out = (an_caffe_blob){0};
    AN_TRY(message->status = measure(*message, what, &p));
    const bool is_double = p.doubles.count > 0;
    const values *v = is_double ? &p.doubles : &p.floats;
    const an_caffe_shape *shape = p.has_shape || !p.has_legacy ? &p.shape : &p.legacy;
    an_tensor_view *view = &out->view;
    view->dtype = is_double ? AN_F64 : AN_F32;
    view->rank = shape->rank;
    memcpy(view->shape, shape->dims, sizeof view->shape);
    an_tensor_shape_text(view->shape, view->rank, text);
    if (!an_tensor_size(view->shape, view->rank, view->dtype, &view->count, &bytes) ||
        view->count != v->count)
        return message->status = an_fail(message->ctx, ALEXNET_BAD_FILE,
                                         "%s: %s: its shape is %s, but it has %jd values",
                                         message->path, what, text, (intmax_t)v->count);
    if (view->count == 0) {
        view->data = (const uint8_t *)"";
        return ALEXNET_OK;
    }
    return place_values(message, store, v, is_double ? DOUBLE_DATA : DATA, view);
}
