/*
 * idx.c: the source (kind.h) of MNIST and of data sets in its format (LeCun, Cortes, Burges:
 * yann.lecun.com/exdb/mnist).
 *
 *     images: 0x00000803 | count | rows | columns | bytes, row by row       (big-endian, 32 bits)
 *     labels: 0x00000801 | count | bytes
 *
 * Grey values are repeated for red, green and blue. The files have no class names: classes are
 * named by their numbers.
 * SPDX-License-Identifier: MIT
 */
#include "base/cursor.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/blob.h"
#include "data/kind.h"
#include <stdio.h>

#define IMAGES_MAGIC  0x803
#define LABELS_MAGIC  0x801
#define IMAGES_HEADER 16
#define LABELS_HEADER 8

typedef struct half {
    const char *stem; /* "train" or "t10k" */
    an_blob images;
    int rows, columns;
    int64_t first, count; /* images: their indices in the source */
} half;

typedef struct idx {
    half halves[2];
    int count;
} idx;

/* ---- opening ---- */

static alexnet_status fail_memory(alexnet_context *ctx, const an_source *source)
{
    return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", source->path);
}

/* Opens FOLDER/STEM-WHAT-ubyte, or the same file compressed. */
static alexnet_status open_either(alexnet_context *ctx, const char *folder, const char *stem,
                                  const char *what, an_blob *out)
{
    an_file_info info;
    char *plain = an_format(ctx, "%s/%s-%s-ubyte", folder, stem, what);
    char *packed = an_format(ctx, "%s/%s-%s-ubyte.gz", folder, stem, what);
    alexnet_status status = ALEXNET_NO_MEMORY;

    if (plain == NULL || packed == NULL)
        an_fail(ctx, status, "%s: no memory", folder);
    else
        status = an_file_stat(ctx, plain, &info);
    if (status == ALEXNET_OK)
        status = an_blob_open(ctx, info.kind == AN_FILE_ABSENT ? packed : plain,
                              AN_TAR_UNPACKED_MAX, out);
    an_free(ctx, plain);
    an_free(ctx, packed);
    return status;
}

static alexnet_status fail_header(alexnet_context *ctx, const an_blob *blob)
{
    return an_fail(ctx, ALEXNET_BAD_FILE, "%s: not an IDX file, or not of the size it says (%ju)",
                   blob->path, (uintmax_t)blob->size);
}

static alexnet_status read_image_header(alexnet_context *ctx, half *h, an_source_buffer *buffer)
{
    const uint8_t *header;

    AN_TRY(an_blob_view(&h->images, ctx, 0, IMAGES_HEADER, buffer, &header));
    an_cursor c = an_cursor_open(header, IMAGES_HEADER);
    const uint32_t magic = an_cursor_u32be(&c);
    const uint64_t count = an_cursor_u32be(&c);
    const uint64_t rows = an_cursor_u32be(&c);
    const uint64_t columns = an_cursor_u32be(&c);

    if (magic != IMAGES_MAGIC || count == 0 || rows == 0 || rows > AN_IMAGE_SIDE_MAX ||
        columns == 0 || columns > AN_IMAGE_SIDE_MAX)
        return fail_header(ctx, &h->images);
    const uint64_t bytes = h->images.size - IMAGES_HEADER;
    if (bytes % (rows * columns) != 0 || bytes / (rows * columns) != count)
        return fail_header(ctx, &h->images);
    h->rows = (int)rows;
    h->columns = (int)columns;
    h->count = (int64_t)count;
    return ALEXNET_OK;
}

static alexnet_status add_labels(alexnet_context *ctx, const half *h, const an_blob *blob,
                                 an_source *source, an_source_buffer *buffer)
{
    const uint8_t *data;
    const int64_t total = source->count + h->count;

    AN_TRY(an_blob_view(blob, ctx, 0, LABELS_HEADER, buffer, &data));
    an_cursor c = an_cursor_open(data, LABELS_HEADER);
    const uint32_t magic = an_cursor_u32be(&c);
    const int64_t count = an_cursor_u32be(&c);
    if (magic != LABELS_MAGIC || blob->size - LABELS_HEADER != (uint64_t)count)
        return fail_header(ctx, blob);
    if (count != h->count)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: expected %jd %s, found %jd", blob->path,
                       (intmax_t)h->count, AN_NOUN(h->count, "label", "labels"), (intmax_t)count);

    AN_TRY(an_blob_view(blob, ctx, LABELS_HEADER, (size_t)count, buffer, &data));
    int *labels = an_grow(ctx, source->labels, (size_t)source->count * sizeof *labels,
                          (size_t)total * sizeof *labels);
    if (labels == NULL) return fail_memory(ctx, source);
    source->labels = labels;
    for (int64_t i = 0; i < count; ++i)
        labels[source->count + i] = data[i];
    source->count = total;
    return ALEXNET_OK;
}

static alexnet_status open_half(alexnet_context *ctx, const char *stem, an_source *source,
                                an_source_buffer *buffer)
{
    idx *all = source->own;
    half *h = &all->halves[all->count];
    an_blob labels;

    AN_TRY(open_either(ctx, source->path, stem, "images-idx3", &h->images));
    ++all->count;
    h->stem = stem;
    h->first = source->count;
    AN_TRY(read_image_header(ctx, h, buffer));

    AN_TRY(open_either(ctx, source->path, stem, "labels-idx1", &labels));
    const alexnet_status status = add_labels(ctx, h, &labels, source, buffer);
    an_blob_close(ctx, &labels);
    return status;
}

/* Either half may be missing. A half exists if its labels do. */
static alexnet_status holds_half(alexnet_context *ctx, const an_source *source, const char *stem,
                                 bool *out)
{
    char name[64];

    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", stem);
    AN_TRY(an_folder_has(ctx, source->path, name, out));
    if (*out) return ALEXNET_OK;
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte.gz", stem);
    return an_folder_has(ctx, source->path, name, out);
}

bool an_idx_sniff(const uint8_t *data, size_t bytes)
{
    an_cursor c = an_cursor_open(data, bytes);
    const uint32_t magic = an_cursor_u32be(&c);

    return bytes >= LABELS_HEADER && (magic == IMAGES_MAGIC || magic == LABELS_MAGIC);
}

/* ---- the kind ---- */

static const half *find_half(const idx *all, int64_t index)
{
    return &all->halves[all->count > 1 && index >= all->halves[1].first];
}

static void name_of(const an_source *source, int64_t index, char *buffer, size_t bytes)
{
    const half *h = find_half(source->own, index);

    snprintf(buffer, bytes, "%s-images-idx3-ubyte[%jd]", h->stem, (intmax_t)(index - h->first));
}

static alexnet_status read_image(const an_source *source, alexnet_context *ctx, int64_t index,
                                 an_orientation orientation, an_source_buffer *buffer,
                                 an_image *image)
{
    const half *h = find_half(source->own, index);
    const size_t pixels = (size_t)h->rows * (size_t)h->columns;
    const uint8_t *grey;

    (void)orientation;
    AN_TRY(an_blob_view(&h->images, ctx, IMAGES_HEADER + (uint64_t)(index - h->first) * pixels,
                        pixels, buffer, &grey));
    AN_TRY(an_image_reserve(ctx, image, h->columns, h->rows));
    for (size_t i = 0; i < 3 * pixels; ++i)
        image->pixels[i] = grey[i / 3];
    return ALEXNET_OK;
}

static void close_idx(an_source *source)
{
    idx *all = source->own;

    for (int i = 0; i < all->count; ++i)
        an_blob_close(source->ctx, &all->halves[i].images);
    an_free(source->ctx, all);
}

static const an_kind idx_kind = {.name = "idx",
                                 .names = AN_NAMES_INSIDE,
                                 .close = close_idx,
                                 .name_of = name_of,
                                 .read = read_image};

alexnet_status an_idx_open(alexnet_context *ctx, an_part part, an_source *source)
{
    an_source_buffer buffer = {0};
    alexnet_status status = ALEXNET_OK;
    int classes = 0;
    bool train, test;

    source->kind = &idx_kind;
    source->own = an_new_zeroed(ctx, sizeof(idx));
    if (source->own == NULL) return fail_memory(ctx, source);
    AN_TRY(holds_half(ctx, source, "train", &train));
    AN_TRY(holds_half(ctx, source, "t10k", &test));
    source->only_training = part == AN_PART_TRAIN || !test;
    if ((part == AN_PART_VAL || part == AN_PART_TEST) && !test)
        return an_source_no_part(ctx, source, part);
    if (part == AN_PART_VAL || part == AN_PART_TEST) source->taken = "t10k-images-idx3-ubyte";
    if (part == AN_PART_TRAIN || (part == AN_PART_ALL && train))
        status = open_half(ctx, "train", source, &buffer);
    if (status == ALEXNET_OK && part != AN_PART_TRAIN && test)
        status = open_half(ctx, "t10k", source, &buffer);
    an_source_buffer_free(ctx, &buffer);
    AN_TRY(status);

    for (int64_t i = 0; i < source->count; ++i)
        classes = AN_MAX(classes, source->labels[i] + 1);
    return an_source_number_classes(ctx, source, classes);
}
