/*
 * class_names.c: names of classes from lists.
 * SPDX-License-Identifier: MIT
 */
#include "formats/class_names.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)16 << 20)

typedef struct imagenet_class {
    const char *synset, *name;
} imagenet_class;

static const imagenet_class imagenet[] = {
#include "formats/imagenet.inc"
};

static_assert(AN_COUNT(imagenet) == AN_IMAGENET_CLASSES, "all classes");

const char *an_imagenet_class(int index)
{
    assert(index >= 0 && index < AN_IMAGENET_CLASSES);
    return imagenet[index].name;
}

const char *an_imagenet_synset(int index)
{
    assert(index >= 0 && index < AN_IMAGENET_CLASSES);
    return imagenet[index].synset;
}

static int compare_synsets(const void *synset, const void *row)
{
    return strcmp(synset, *(const char *const *)row); /* the first member of a row */
}

const char *an_imagenet_of_synset(const char *synset)
{
    const imagenet_class *found =
        bsearch(synset, imagenet, AN_COUNT(imagenet), sizeof imagenet[0], compare_synsets);

    return found != NULL ? found->name : NULL;
}

static alexnet_status list_imagenet(alexnet_context *ctx, bool synsets, an_names *out)
{
    for (int i = 0; i < AN_IMAGENET_CLASSES; ++i)
        AN_TRY(an_names_add(ctx, out, synsets ? imagenet[i].synset : imagenet[i].name));
    return ALEXNET_OK;
}

/* Splits the text into lines, in place. */
static alexnet_status list_lines(alexnet_context *ctx, const char *path, an_bytes *text,
                                 an_names *out)
{
    char *line = (char *)text->data, *const end = line + text->size;

    while (line < end) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        if (stop == NULL) stop = end;
        *stop = '\0'; /* an_bytes has a byte more */
        if (stop > line && stop[-1] == '\r') stop[-1] = '\0';
        if (*line == '\0' || strlen(line) + 1 < (size_t)(stop - line))
            return an_fail(ctx, ALEXNET_BAD_FILE, "%s: line %zu: expected the name of a class",
                           path, out->count + 1);
        AN_TRY(an_names_add(ctx, out, line));
        line = stop + 1;
    }
    return ALEXNET_OK;
}

static alexnet_status read_file(alexnet_context *ctx, const char *path, an_names *out)
{
    an_bytes text;

    AN_TRY(an_file_read(ctx, path, FILE_BYTES_MAX, &text));
    const alexnet_status status = list_lines(ctx, path, &text, out);
    an_bytes_free(ctx, &text);
    return status;
}

alexnet_status an_class_names_read(alexnet_context *ctx, const char *from, an_names *out)
{
    const bool synsets = strcmp(from, "imagenet-synsets") == 0;

    *out = (an_names){0};
    const alexnet_status status = synsets || strcmp(from, "imagenet") == 0
                                      ? list_imagenet(ctx, synsets, out)
                                      : read_file(ctx, from, out);
    if (status != ALEXNET_OK) an_names_free(ctx, out);
    return status;
}

alexnet_status an_class_names_beside(alexnet_context *ctx, const char *weights, an_names *out)
{
    an_file_info info;
    char *path = an_format(ctx, "%s" AN_CLASSES_FILE_SUFFIX, weights);

    *out = (an_names){0};
    if (path == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for a path", weights);
    alexnet_status status = an_file_stat(ctx, path, &info);
    if (status == ALEXNET_OK && info.kind == AN_FILE_REGULAR) status = read_file(ctx, path, out);
    if (status == ALEXNET_OK && out->count > 0)
        an_log(ctx, ALEXNET_LOG_INFO, "%s: names of its classes from %s", weights, path);
    an_free(ctx, path);
    if (status != ALEXNET_OK) an_names_free(ctx, out);
    return status;
}
