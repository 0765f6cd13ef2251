/*
 * pickle_array.c: an array of NumPy in a pickle (numpy/core/src/multiarray/methods.c).
 *
 * Up to protocol 4 an array is made empty and gets its state (version, shape, dtype, whether the
 * first index changes fastest, elements); in protocol 5 it is a view of a buffer. A dtype has its
 * kind and size as an argument ("f4"), and its byte order in its state.
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/pickle_array.h"

#include "base/status.h"
#include <string.h>

static const struct {
    const char *name;
    an_dtype dtype;
} types[] = {{"f4", AN_F32}, {"f8", AN_F64}, {"f2", AN_F16}, {"i8", AN_I64}, {"i4", AN_I32},
             {"i2", AN_I16}, {"i1", AN_I8},  {"u1", AN_U8},  {"b1", AN_BOOL}};

/* The array that is being described. */
typedef struct array {
    alexnet_context *ctx;
    const char *path;
    an_tensor_file *file;
    const an_pickle_value *shape, *dtype, *data;
    bool fortran; /* the first index changes fastest */
    an_tensor_view *out;
} array;

static alexnet_status fail(const array *a, const char *fact)
{
    return an_fail(a->ctx, ALEXNET_BAD_FILE, "%s: array '%s': %s", a->path, a->out->name, fact);
}

bool an_pickle_is_array(const an_pickle_value *value)
{
    return an_pickle_made_by(value, AN_PICKLE_ARRAY) != NULL ||
           an_pickle_made_by(value, AN_PICKLE_ARRAY_OF) != NULL;
}

/* Finds the parts of an array. */
static alexnet_status find_parts(array *a, const an_pickle_value *value)
{
    const an_pickle_object *buffer = an_pickle_made_by(value, AN_PICKLE_ARRAY_OF);

    if (buffer != NULL) {
        a->data = an_pickle_item(buffer->arguments, 0);
        a->dtype = an_pickle_item(buffer->arguments, 1);
        a->shape = an_pickle_item(buffer->arguments, 2);
        a->fortran = an_pickle_is(an_pickle_item(buffer->arguments, 3), "F");
        return a->fortran || an_pickle_is(an_pickle_item(buffer->arguments, 3), "C")
                   ? ALEXNET_OK
                   : fail(a, "expected its order to be C or F");
    }
    const an_pickle_value *state = &value->object->state;
    if (state->kind != AN_PICKLE_TUPLE || state->items->count != 5)
        return fail(a, "expected its state to be (version, shape, dtype, order, data)");
    a->shape = &state->items->values[1];
    a->dtype = &state->items->values[2];
    a->data = &state->items->values[4];
    const an_pickle_value *fortran = &state->items->values[3]; /* Python 2 may write 0 or 1 */
    if (fortran->kind != AN_PICKLE_BOOL && fortran->kind != AN_PICKLE_INT)
        return fail(a, "expected its order to be true or false");
    a->fortran = fortran->kind == AN_PICKLE_BOOL ? fortran->truth : fortran->integer != 0;
    return ALEXNET_OK;
}

static alexnet_status find_type(const array *a, bool *known)
{
    const an_pickle_object *dtype = an_pickle_made_by(a->dtype, AN_PICKLE_ARRAY_TYPE);
    const char *name = dtype != NULL ? an_pickle_text(an_pickle_item(dtype->arguments, 0)) : NULL;
    const char *order = "=";

    *known = false;
    if (name == NULL) return fail(a, "expected a numpy.dtype");
    if (dtype->state.kind == AN_PICKLE_TUPLE)
        order = an_pickle_text(an_pickle_item(dtype->state.items, 1));
    if (*name != '\0' && strchr("<>=|", *name) != NULL) order = name++;
    for (size_t i = 0; i < AN_COUNT(types); ++i) {
        if (strcmp(types[i].name, name) != 0) continue;
        a->out->dtype = types[i].dtype;
        *known = true;
    }
    if (*known && order != NULL && *order == '>' && an_dtype_bytes(a->out->dtype) > 1)
        return an_fail(a->ctx, ALEXNET_UNSUPPORTED,
                       "%s: array '%s' is big-endian; save array.astype('<%s') instead", a->path,
                       a->out->name, name);
    return ALEXNET_OK;
}

static alexnet_status find_shape(const array *a, size_t *bytes)
{
    an_tensor_view *t = a->out;
    char shape[AN_SHAPE_TEXT];

    if (!an_pickle_integers(a->shape, t->shape, AN_TENSOR_RANK_MAX, &t->rank))
        return fail(a, "expected a shape of at most 8 dimensions, none of them negative");
    if (!an_tensor_size(t->shape, t->rank, t->dtype, &t->count, bytes))
        return an_fail(a->ctx, ALEXNET_BAD_FILE, "%s: array '%s': shape %s is too large", a->path,
                       t->name, an_tensor_shape_text(t->shape, t->rank, shape));
    return ALEXNET_OK;
}

/* Sets the strides of an array whose first index changes fastest. */
static alexnet_status reverse(const array *a)
{
    int64_t stride[AN_TENSOR_RANK_MAX], product = 1;

    for (int i = 0; i < a->out->rank; ++i) {
        stride[i] = product;
        product *= a->out->shape[i];
    }
    return an_tensor_set_strides(a->out, stride) ? ALEXNET_OK : fail(a, "it is too large");
}

/* Finds the elements, whose string must be of their size. */
static alexnet_status find_data(const array *a, size_t bytes)
{
    const an_pickle_object *encode = an_pickle_made_by(a->data, AN_PICKLE_ENCODE);
    const an_pickle_value *data = encode != NULL ? an_pickle_item(encode->arguments, 0) : a->data;

    if (encode != NULL && !an_pickle_is(an_pickle_item(encode->arguments, 1), "latin1"))
        return fail(a, "expected its elements to be encoded as latin1");
    if (data->kind != (encode != NULL ? AN_PICKLE_TEXT : AN_PICKLE_BYTES))
        return fail(a, "expected its elements as bytes");
    an_pickle_string *string = data->string;
    if (encode != NULL || string->encoding != AN_PICKLE_PLAIN) {
        AN_TRY(an_pickle_string_decode(a->ctx, a->path, &a->file->reader, &a->file->store,
                                       encode != NULL, bytes, string));
        a->out->data = string->decoded;
        return ALEXNET_OK;
    }
    if (string->length != bytes)
        return an_fail(a->ctx, ALEXNET_BAD_FILE,
                       "%s: array '%s': its shape and type need %zu bytes, it has %ju", a->path,
                       a->out->name, bytes, (uintmax_t)string->length);
    a->out->place = string->place;
    return an_tensor_file_check(a->ctx, a->path, a->file, a->out);
}

alexnet_status an_pickle_array(alexnet_context *ctx, const char *path, const an_pickle_value *value,
                               an_tensor_file *file, an_tensor_view *out, bool *known)
{
    array a = {.ctx = ctx, .path = path, .file = file, .out = out};
    size_t bytes;

    AN_TRY(find_parts(&a, value));
    AN_TRY(find_type(&a, known));
    if (!*known) return ALEXNET_OK;
    AN_TRY(find_shape(&a, &bytes));
    AN_TRY(find_data(&a, bytes));
    return a.fortran && out->rank > 1 && out->count > 1 ? reverse(&a) : ALEXNET_OK;
}
