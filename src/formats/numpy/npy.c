/*
 * npy.c: reads and writes NumPy's array file.
 * SPDX-License-Identifier: MIT
 */
#include "formats/numpy/npy.h"

#include "base/cursor.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <string.h>

#define MAGIC          "\x93NUMPY"
#define MAGIC_BYTES    6
#define PREFIX_BYTES   10 /* magic, version, size of the header: version 1.0 */
#define DATA_ALIGNMENT 64

/* The types that both sides have, by NumPy's names. */
static const struct {
    const char *descr;
    an_dtype dtype;
} types[] = {{"<f4", AN_F32}, {"<f8", AN_F64}, {"<f2", AN_F16}, {"|u1", AN_U8},  {"|i1", AN_I8},
             {"<i2", AN_I16}, {"<i4", AN_I32}, {"<i8", AN_I64}, {"|b1", AN_BOOL}};

/* ---- the header's text ---- */

static void skip_spaces(an_cursor *text)
{
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\n'))
        ++text->at;
}

/* Skips spaces, and `word` if it follows; returns whether it did. */
static bool accept(an_cursor *text, const char *word)
{
    const size_t length = strlen(word);

    skip_spaces(text);
    if (an_cursor_left(text) < length || memcmp(text->at, word, length) != 0) return false;
    text->at += length;
    return true;
}

static bool accept_number(an_cursor *text, int64_t *out)
{
    const char *start = (const char *)text->at;
    size_t length = 0;

    while (length < an_cursor_left(text) && start[length] >= '0' && start[length] <= '9')
        ++length;
    text->at += length;
    return length > 0 && an_parse_int(start, length, out);
}

/* After a member of a list: skips a comma; the end of the list is accepted, but not skipped. */
static bool accept_comma_before(an_cursor *text, char end)
{
    return accept(text, ",") || (text->at < text->end && *text->at == end);
}

/* "()", "(3,)", "(2, 10)", with or without a trailing comma. */
static bool accept_shape(an_cursor *text, an_tensor_view *out)
{
    out->rank = 0;
    if (!accept(text, "(")) return false;
    while (!accept(text, ")")) {
        if (out->rank == AN_TENSOR_RANK_MAX || !accept_number(text, &out->shape[out->rank]))
            return false;
        ++out->rank;
        if (!accept_comma_before(text, ')')) return false;
    }
    return true;
}

/* Reads a quoted text, 'text', into a buffer. */
static bool accept_text(an_cursor *text, char *out, size_t bytes)
{
    const uint8_t *end;

    if (!accept(text, "'")) return false;
    end = memchr(text->at, '\'', an_cursor_left(text));
    if (end == NULL || (size_t)(end - text->at) >= bytes) return false;
    memcpy(out, text->at, (size_t)(end - text->at));
    out[end - text->at] = '\0';
    text->at = end + 1;
    return true;
}

/* The fields of the header, not yet checked. */
typedef struct npy_header {
    char descr[16];
    bool fortran;
    an_tensor_view tensor; /* rank and shape */
} npy_header;

/* Reads one member; `seen` has a bit for each member, so that none may occur twice. */
static bool accept_member(an_cursor *text, npy_header *out, unsigned *seen)
{
    unsigned member = 0;
    bool good = false;

    if (accept(text, "'descr':")) {
        member = 1;
        good = accept_text(text, out->descr, sizeof out->descr);
    } else if (accept(text, "'fortran_order':")) {
        member = 2;
        out->fortran = accept(text, "True");
        good = out->fortran || accept(text, "False");
    } else if (accept(text, "'shape':")) {
        member = 4;
        good = accept_shape(text, &out->tensor);
    }
    good = good && (*seen & member) == 0;
    *seen |= member;
    return good;
}

/* Reads the three members in any order; only spaces may follow. */
static bool accept_header(an_cursor *text, npy_header *out)
{
    unsigned seen = 0;

    if (!accept(text, "{")) return false;
    while (!accept(text, "}")) {
        if (!accept_member(text, out, &seen) || !accept_comma_before(text, '}')) return false;
    }
    skip_spaces(text);
    return seen == 7 && an_cursor_left(text) == 0;
}

/* ---- reading ---- */

/* Reads the next bytes of an array file; the caller has checked that it has them. */
static alexnet_status take(alexnet_context *ctx, const char *what, an_npy_source *source, void *out,
                           size_t bytes)
{
    if (source->inflate != NULL) return an_inflate_read(source->inflate, out, bytes);
    AN_TRY(an_reader_read(ctx, source->reader, what, source->place, out, bytes));
    source->place += bytes;
    return ALEXNET_OK;
}

#define VERSION_BYTES 8 /* the magic and the version */

static alexnet_status fail_short(alexnet_context *ctx, const char *what)
{
    return an_fail(ctx, ALEXNET_BAD_FILE, "%s: truncated within its header", what);
}

/* Reads what is before the header; sets its position and its length. */
static alexnet_status find_header(alexnet_context *ctx, const char *what, an_npy_source *source,
                                  size_t *begin, size_t *length)
{
    uint8_t head[VERSION_BYTES], size[sizeof(uint32_t)];
    const size_t head_bytes = (size_t)AN_MIN(source->bytes, (uint64_t)VERSION_BYTES);

    AN_TRY(take(ctx, what, source, head, head_bytes));
    an_cursor cursor = an_cursor_open(head, head_bytes);
    const uint8_t *magic = an_cursor_bytes(&cursor, MAGIC_BYTES);
    const uint8_t major = an_cursor_u8(&cursor);
    const uint8_t minor = an_cursor_u8(&cursor);
    if (magic == NULL || memcmp(magic, MAGIC, MAGIC_BYTES) != 0)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: not a NumPy file: it does not begin with \\x93NUMPY", what);
    if (cursor.bad) return fail_short(ctx, what);
    if (major < 1 || major > 3 || minor != 0)
        return an_fail(ctx, ALEXNET_UNSUPPORTED,
                       "%s: NumPy file of version %d.%d; expected 1.0 to 3.0", what, major, minor);

    const size_t size_bytes = major == 1 ? sizeof(uint16_t) : sizeof(uint32_t);
    *begin = VERSION_BYTES + size_bytes;
    if (*begin > source->bytes) return fail_short(ctx, what);
    AN_TRY(take(ctx, what, source, size, size_bytes));
    cursor = an_cursor_open(size, size_bytes);
    *length = major == 1 ? an_cursor_u16le(&cursor) : an_cursor_u32le(&cursor);
    if (*length > source->bytes - *begin) return fail_short(ctx, what);
    return *length <= AN_NPY_HEADER_MAX
               ? ALEXNET_OK
               : an_fail(ctx, ALEXNET_BAD_FILE, "%s: a header of %zu bytes; expected at most %d",
                         what, *length, AN_NPY_HEADER_MAX);
}

static alexnet_status set_type(alexnet_context *ctx, const char *what, const npy_header *from,
                               an_tensor_view *out)
{
    for (size_t i = 0; i < AN_COUNT(types); ++i) {
        if (strcmp(types[i].descr, from->descr) == 0) {
            out->dtype = types[i].dtype;
            return ALEXNET_OK;
        }
    }
    if (strchr(from->descr, 'O') != NULL)
        return an_fail(ctx, ALEXNET_UNSUPPORTED,
                       "%s: Python objects ('%s'); expected numbers: no pickle is read", what,
                       from->descr);
    return an_fail(ctx, ALEXNET_UNSUPPORTED,
                   "%s: numbers of type '%s'; expected '<f4', '<f8', '<f2', '|u1', '|i1', '<i2', "
                   "'<i4', '<i8' or '|b1'",
                   what, from->descr);
}

/* An array in Fortran order is the transposed of one in C order. */
static void set_order(an_tensor_view *tensor)
{
    const an_tensor_view given = *tensor;
    int order[AN_TENSOR_RANK_MAX];

    for (int i = 0; i < given.rank; ++i) {
        order[i] = given.rank - 1 - i;
        tensor->shape[i] = given.shape[order[i]];
    }
    an_tensor_permute(tensor, order);
}

/* Parses the header's text; `bytes` bytes of data follow it. */
static alexnet_status parse(alexnet_context *ctx, const char *what, an_cursor text, uint64_t bytes,
                            an_tensor_view *out)
{
    npy_header header = {0};
    size_t size;
    char shape[AN_SHAPE_TEXT];

    if (!accept_header(&text, &header))
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: its header is not {'descr': ..., 'fortran_order': ..., 'shape': ...}",
                       what);
    AN_TRY(set_type(ctx, what, &header, &header.tensor));
    an_tensor_shape_text(header.tensor.shape, header.tensor.rank, shape);
    if (!an_tensor_size(header.tensor.shape, header.tensor.rank, header.tensor.dtype,
                        &header.tensor.count, &size))
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: shape %s is too large", what, shape);
    if (size != bytes)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: %s of '%s' needs %zu %s, the file has %ju", what,
                       shape, header.descr, size, AN_NOUN(size, "byte", "bytes"), (uintmax_t)bytes);
    if (header.fortran && header.tensor.rank > 1) set_order(&header.tensor);
    *out = header.tensor;
    out->name = "";
    return ALEXNET_OK;
}

alexnet_status an_npy_describe(alexnet_context *ctx, const char *what, an_npy_source *source,
                               an_tensor_view *out)
{
    size_t begin = 0, length = 0;

    AN_TRY(find_header(ctx, what, source, &begin, &length));
    uint8_t *text = an_new(ctx, length);
    if (text == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for its header", what);
    alexnet_status status = take(ctx, what, source, text, length);
    if (status == ALEXNET_OK)
        status =
            parse(ctx, what, an_cursor_open(text, length), source->bytes - begin - length, out);
    an_free(ctx, text);
    if (status == ALEXNET_OK) out->skip = begin + length;
    return status;
}

/* Describes the whole of a file. */
static alexnet_status describe_file(alexnet_context *ctx, const char *path, const an_reader *reader,
                                    an_tensor_view *out)
{
    an_npy_source source = {.reader = reader, .bytes = reader->size};

    AN_TRY(an_npy_describe(ctx, path, &source, out));
    out->place = out->skip;
    out->reader = *reader;
    if (reader->memory != NULL) out->data = reader->memory + out->place;
    return ALEXNET_OK;
}

alexnet_status an_npy_parse(alexnet_context *ctx, const char *what, const void *data, size_t bytes,
                            an_tensor_view *out)
{
    const an_reader reader = an_reader_of(data, bytes);

    return describe_file(ctx, what, &reader, out);
}

alexnet_status an_npy_open(alexnet_context *ctx, const char *path, an_reader *reader,
                           an_tensor_view *out)
{
    AN_TRY(an_reader_open(ctx, path, reader));
    const alexnet_status status = describe_file(ctx, path, reader, out);
    if (status != ALEXNET_OK) an_reader_close(reader);
    return status;
}

/* ---- writing ---- */

static const char *descr_of(an_dtype dtype)
{
    for (size_t i = 0; i < AN_COUNT(types); ++i) {
        if (types[i].dtype == dtype) return types[i].descr;
    }
    return NULL;
}

/* Makes everything before the data; returns its size, a multiple of DATA_ALIGNMENT. */
static size_t make_head(const an_tensor_out *tensor, const char *descr,
                        char buffer[AN_NPY_HEAD_MAX])
{
    char *text = buffer + PREFIX_BYTES;
    const size_t room = AN_NPY_HEAD_MAX - PREFIX_BYTES;
    size_t used =
        (size_t)an_print(text, room, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);

    for (int i = 0; i < tensor->rank; ++i)
        used += (size_t)an_print(text + used, room - used, "%s%lld%s", i > 0 ? ", " : "",
                                 (long long)tensor->shape[i], tensor->rank == 1 ? "," : "");
    used += (size_t)an_print(text + used, room - used, "), }");

    const size_t size = AN_ROUND_UP(PREFIX_BYTES + used + 1, (size_t)DATA_ALIGNMENT);
    const size_t length = size - PREFIX_BYTES;
    memset(text + used, ' ', length - used);
    text[length - 1] = '\n';
    memcpy(buffer, MAGIC "\x01", MAGIC_BYTES + 2); /* version 1, then the 0 that ends the literal */
    buffer[8] = (char)(length & 0xff);
    buffer[9] = (char)(length >> 8);
    return size;
}

alexnet_status an_npy_head(alexnet_context *ctx, const char *name, const an_tensor_out *tensor,
                           char head[AN_NPY_HEAD_MAX], size_t *head_bytes, size_t *data_bytes)
{
    const char *descr = descr_of(tensor->dtype);
    int64_t count;

    if (descr == NULL)
        return an_fail(ctx, ALEXNET_UNSUPPORTED, "%s: numbers of type %s cannot be written", name,
                       an_dtype_name(tensor->dtype));
    if (!an_tensor_size(tensor->shape, tensor->rank, tensor->dtype, &count, data_bytes))
        return an_fail(ctx, ALEXNET_BAD_ARG, "%s: the tensor is too large", name);
    *head_bytes = make_head(tensor, descr, head);
    return ALEXNET_OK;
}

alexnet_status an_npy_write(alexnet_context *ctx, const char *path, const an_tensor_out *tensor)
{
    char head[AN_NPY_HEAD_MAX];
    size_t head_bytes, data_bytes;
    an_writer *writer;
    alexnet_status status;

    AN_TRY(an_npy_head(ctx, path, tensor, head, &head_bytes, &data_bytes));
    AN_TRY(an_writer_open(ctx, path, &writer));
    if ((status = an_writer_add(writer, head, head_bytes)) == ALEXNET_OK)
        status = an_writer_add(writer, tensor->data, data_bytes);
    if (status == ALEXNET_OK) return an_writer_commit(writer);
    an_writer_abandon(writer);
    return status;
}
