/*
 * cifar.c: the source (kind.h) of CIFAR-10 and CIFAR-100 in their binary versions (Krizhevsky,
 * Learning Multiple Layers of Features from Tiny Images, 2009;
 * www.cs.toronto.edu/~kriz/cifar.html).
 *
 *     CIFAR-10:  class (1 byte)        | 1024 red | 1024 green | 1024 blue
 *     CIFAR-100: coarse, fine (1 each) | 1024 red | 1024 green | 1024 blue
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "base/status.h"
#include "data/blob.h"
#include "data/kind.h"
#include <stdio.h>
#include <string.h>

#define SIDE      32
#define PLANE     (SIDE * SIDE)
#define FILES_MAX 6

typedef struct format {
    const char *train[FILES_MAX], *test;
    const char *names; /* file with one class name per line */
    int classes;
    size_t label_bytes; /* the last label byte is the class */
} format;

static const format cifar10 = {
    .train = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
              "data_batch_5.bin"},
    .test = "test_batch.bin",
    .names = "batches.meta.txt",
    .classes = 10,
    .label_bytes = 1,
};

static const format cifar100 = {
    .train = {"train.bin"},
    .test = "test.bin",
    .names = "fine_label_names.txt",
    .classes = 100,
    .label_bytes = 2,
};

static const char *const cifar10_classes[10] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                                "dog",      "frog",       "horse", "ship", "truck"};

typedef struct file {
    an_blob blob;
    const char *name;
    int64_t first, count; /* images: their indices in the source */
} file;

typedef struct cifar {
    const format *format;
    file files[FILES_MAX];
    int file_count;
} cifar;

static size_t record_bytes(const format *f) { return f->label_bytes + 3 * PLANE; }

/* ---- opening ---- */

static alexnet_status fail_memory(alexnet_context *ctx, const an_source *source)
{
    return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", source->path);
}

static alexnet_status open_file(alexnet_context *ctx, const char *name, an_source *source)
{
    cifar *c = source->own;
    file *f = &c->files[c->file_count];
    const size_t record = record_bytes(c->format);
    char *path = an_path_join(ctx, source->path, name);

    if (path == NULL) return fail_memory(ctx, source);
    const alexnet_status status = an_blob_open(ctx, path, AN_TAR_UNPACKED_MAX, &f->blob);
    an_free(ctx, path);
    AN_TRY(status);
    ++c->file_count;

    if (f->blob.size == 0 || f->blob.size % record != 0)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: expected a multiple of %zu bytes, found %ju bytes", f->blob.path,
                       record, (uintmax_t)f->blob.size);
    f->name = name;
    f->first = source->count;
    f->count = (int64_t)(f->blob.size / record);
    source->count += f->count;
    return ALEXNET_OK;
}

static alexnet_status open_files(alexnet_context *ctx, an_part part, an_source *source)
{
    const format *f = ((const cifar *)source->own)->format;
    bool train = true, test = true; /* AN_PART_ALL takes the files that exist */

    if (part == AN_PART_ALL) AN_TRY(an_folder_has(ctx, source->path, f->train[0], &train));
    if (part != AN_PART_TRAIN) AN_TRY(an_folder_has(ctx, source->path, f->test, &test));
    for (int i = 0; i < FILES_MAX && f->train[i] != NULL && train; ++i) {
        if (part == AN_PART_ALL || part == AN_PART_TRAIN)
            AN_TRY(open_file(ctx, f->train[i], source));
    }
    source->only_training = part == AN_PART_TRAIN || !test;
    if (part == AN_PART_TRAIN || (part == AN_PART_ALL && !test)) return ALEXNET_OK;
    if (!test) return an_source_no_part(ctx, source, part);
    if (part != AN_PART_ALL) source->taken = f->test;
    return open_file(ctx, f->test, source);
}

static alexnet_status read_labels(alexnet_context *ctx, an_source *source, const file *f,
                                  an_source_buffer *buffer)
{
    const cifar *c = source->own;
    const uint8_t *label;

    for (int64_t i = 0; i < f->count; ++i) {
        const uint64_t offset = (uint64_t)i * record_bytes(c->format) + c->format->label_bytes - 1;
        AN_TRY(an_blob_view(&f->blob, ctx, offset, 1, buffer, &label));
        if (*label >= c->format->classes)
            return an_fail(ctx, ALEXNET_BAD_FILE,
                           "%s: image %jd: expected a class from 0 to %d, found %d", f->blob.path,
                           (intmax_t)i, c->format->classes - 1, *label);
        source->labels[f->first + i] = *label;
    }
    return ALEXNET_OK;
}

/* ---- class names ---- */

static alexnet_status split_names(alexnet_context *ctx, char *text, an_names *names)
{
    char *rest;

    for (char *name = strtok_r(text, "\r\n", &rest); name != NULL;
         name = strtok_r(NULL, "\r\n", &rest))
        AN_TRY(an_names_add(ctx, names, name));
    return ALEXNET_OK;
}

static alexnet_status read_names(alexnet_context *ctx, const char *path, an_source *source)
{
    const cifar *c = source->own;
    an_bytes text;

    AN_TRY(an_file_read(ctx, path, 65536, &text));
    const alexnet_status status = split_names(ctx, (char *)text.data, &source->classes);
    an_bytes_free(ctx, &text);
    AN_TRY(status);
    if (source->classes.count != (size_t)c->format->classes)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: expected %d class names, found %zu", path,
                       c->format->classes, source->classes.count);
    return ALEXNET_OK;
}

static alexnet_status known_names(alexnet_context *ctx, an_source *source)
{
    const cifar *c = source->own;

    if (c->format != &cifar10) return an_source_number_classes(ctx, source, c->format->classes);
    for (size_t i = 0; i < AN_COUNT(cifar10_classes); ++i)
        AN_TRY(an_names_add(ctx, &source->classes, cifar10_classes[i]));
    return ALEXNET_OK;
}

static alexnet_status name_classes(alexnet_context *ctx, an_source *source)
{
    const cifar *c = source->own;
    an_file_info info;
    char *path = an_path_join(ctx, source->path, c->format->names);

    if (path == NULL) return fail_memory(ctx, source);
    alexnet_status status = an_file_stat(ctx, path, &info);
    if (status == ALEXNET_OK)
        status =
            info.kind == AN_FILE_ABSENT ? known_names(ctx, source) : read_names(ctx, path, source);
    an_free(ctx, path);
    return status;
}

static alexnet_status tell_format(alexnet_context *ctx, const an_source *source, const format **out)
{
    an_file_info info;
    char *path = an_path_join(ctx, source->path, cifar100.train[0]);

    if (path == NULL) return fail_memory(ctx, source);
    const alexnet_status status = an_file_stat(ctx, path, &info);
    an_free(ctx, path);
    *out = info.kind == AN_FILE_ABSENT ? &cifar10 : &cifar100;
    return status;
}

/* ---- the kind ---- */

static const file *find_file(const cifar *c, int64_t index)
{
    const file *f = c->files;

    while (index >= f->first + f->count)
        ++f;
    return f;
}

static void name_of(const an_source *source, int64_t index, char *buffer, size_t bytes)
{
    const file *f = find_file(source->own, index);

    snprintf(buffer, bytes, "%s[%jd]", f->name, (intmax_t)(index - f->first));
}

static alexnet_status read_image(const an_source *source, alexnet_context *ctx, int64_t index,
                                 an_orientation orientation, an_source_buffer *buffer,
                                 an_image *image)
{
    const cifar *c = source->own;
    const file *f = find_file(c, index);
    const uint64_t offset =
        (uint64_t)(index - f->first) * record_bytes(c->format) + c->format->label_bytes;
    const uint8_t *planes;

    (void)orientation;
    AN_TRY(an_blob_view(&f->blob, ctx, offset, 3 * PLANE, buffer, &planes));
    AN_TRY(an_image_reserve(ctx, image, SIDE, SIDE));
    for (int i = 0; i < PLANE; ++i) {
        for (int channel = 0; channel < 3; ++channel)
            image->pixels[3 * i + channel] = planes[channel * PLANE + i];
    }
    return ALEXNET_OK;
}

static void close_cifar(an_source *source)
{
    cifar *c = source->own;

    for (int i = 0; i < c->file_count; ++i)
        an_blob_close(source->ctx, &c->files[i].blob);
    an_free(source->ctx, c);
}

static const an_kind cifar_kind = {.name = "cifar",
                                   .names = AN_NAMES_INSIDE,
                                   .close = close_cifar,
                                   .name_of = name_of,
                                   .read = read_image};

alexnet_status an_cifar_open(alexnet_context *ctx, an_part part, an_source *source)
{
    an_source_buffer buffer = {0};
    alexnet_status status = ALEXNET_OK;
    cifar *c = an_new_zeroed(ctx, sizeof *c);

    source->kind = &cifar_kind;
    source->own = c;
    if (c == NULL) return fail_memory(ctx, source);
    AN_TRY(tell_format(ctx, source, &c->format));
    AN_TRY(open_files(ctx, part, source));
    AN_TRY(name_classes(ctx, source));
    source->labels = an_new_array(ctx, (size_t)source->count, sizeof *source->labels);
    if (source->labels == NULL) return fail_memory(ctx, source);
    for (int i = 0; i < c->file_count && status == ALEXNET_OK; ++i)
        status = read_labels(ctx, source, &c->files[i], &buffer);
    an_source_buffer_free(ctx, &buffer);
    return status;
}
