/*
 * source.c: detects the kind of a data set; what all kinds have in common.
 * SPDX-License-Identifier: MIT
 */
#include "base/alike.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/kind.h"
#include "data/tar.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- detection ---- */

bool an_source_is_path(const char *data) { return strncmp(data, "synthetic:", 10) != 0; }

alexnet_status an_folder_has(alexnet_context *ctx, const char *folder, const char *name, bool *out)
{
    an_file_info info;
    char *path = an_path_join(ctx, folder, name);

    *out = false;
    if (path == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for a path", folder);
    const alexnet_status status = an_file_stat(ctx, path, &info);
    an_free(ctx, path);
    if (status == ALEXNET_OK) *out = info.kind == AN_FILE_REGULAR;
    return status;
}

/* A folder with one of these files is CIFAR or IDX; any other is a folder of class folders. */
static alexnet_status tell_folder(alexnet_context *ctx, const char *path, an_source_opener *open)
{
    static const struct {
        const char *name;
        an_source_opener open;
    } signs[] = {
        {"data_batch_1.bin", an_cifar_open},
        {"test_batch.bin", an_cifar_open},
        {"train.bin", an_cifar_open},
        {"train-labels-idx1-ubyte", an_idx_open},
        {"train-labels-idx1-ubyte.gz", an_idx_open},
        {"t10k-labels-idx1-ubyte", an_idx_open},
        {"t10k-labels-idx1-ubyte.gz", an_idx_open},
    };

    for (size_t i = 0; i < AN_COUNT(signs); ++i) {
        bool found;
        AN_TRY(an_folder_has(ctx, path, signs[i].name, &found));
        if (found) {
            *open = signs[i].open;
            return ALEXNET_OK;
        }
    }
    *open = an_folder_open;
    return ALEXNET_OK;
}

static alexnet_status tell_file(alexnet_context *ctx, const char *path, an_source_opener *open)
{
    an_reader reader;
    uint8_t head[AN_TAR_BLOCK];

    AN_TRY(an_reader_open(ctx, path, &reader));
    const size_t bytes = (size_t)AN_MIN(reader.size, sizeof head);
    const alexnet_status status = an_reader_read(ctx, &reader, path, 0, head, bytes);
    an_reader_close(&reader);
    AN_TRY(status);

    const bool gzip = bytes >= 2 && head[0] == 0x1f && head[1] == 0x8b;
    if (gzip || an_tar_sniff(head, bytes)) {
        *open = an_tar_open;
        return ALEXNET_OK;
    }
    const char *archive = an_image_archive(head, bytes);
    if (archive != NULL)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: expected a folder of class folders, a tar file or a list of images, "
                       "found %s: unpack it",
                       path, archive);
    if (memchr(head, 0, bytes) == NULL && !an_image_sniff(head, bytes)) {
        *open = an_list_open;
        return ALEXNET_OK;
    }
    const bool utf16 = bytes >= 2 && ((head[0] == 0xff && head[1] == 0xfe) ||
                                      (head[0] == 0xfe && head[1] == 0xff));
    return an_fail(ctx, ALEXNET_BAD_FILE,
                   "%s: expected a folder of class folders, a tar file or a list of images, "
                   "found %s",
                   path,
                   an_image_sniff(head, bytes) ? "an image"
                   : utf16                     ? "text in UTF-16: save it as UTF-8"
                   : an_idx_sniff(head, bytes) ? "an IDX file: the data set is its folder"
                                               : "something else");
}

static alexnet_status tell(alexnet_context *ctx, const char *path, an_source_opener *open)
{
    an_file_info info;

    if (!an_source_is_path(path)) {
        *open = an_synthetic_open;
        return ALEXNET_OK;
    }
    AN_TRY(an_file_stat(ctx, path, &info));
    switch (info.kind) {
    case AN_FILE_FOLDER:
        return tell_folder(ctx, path, open);
    case AN_FILE_REGULAR:
        return tell_file(ctx, path, open);
    case AN_FILE_ABSENT:
        return an_fail(ctx, ALEXNET_NOT_FOUND, "%s: no such file or folder", path);
    case AN_FILE_OTHER:
        break;
    }
    return an_fail(ctx, ALEXNET_BAD_FILE, "%s: expected a file or a folder", path);
}

/* ---- names of classes that look alike ---- */

/* A class and its key, which is the same for names that look alike. */
typedef struct look {
    char *key;
    const char *name;
} look;

static int compare_looks(const void *a, const void *b)
{
    const look *x = a, *y = b;
    const int order = strcmp(x->key, y->key);

    return order != 0 ? order : strcmp(x->name, y->name);
}

#define SHOWN_BYTES 300 /* of a name in a message */

/* Warns of two classes in a form that shows their difference, and of the number of such pairs. */
static void warn_of_pair(alexnet_context *ctx, const char *data, const char *a, const char *b,
                         size_t more)
{
    const bool same_look = an_compare_likeness(a, b) == AN_LIKENESS_FORM;
    char x[SHOWN_BYTES], y[SHOWN_BYTES], others[64] = "";

    if (same_look) {
        an_escape_bytes(x, sizeof x, a);
        an_escape_bytes(y, sizeof y, b);
    } else {
        an_escape(x, sizeof x, a);
        an_escape(y, sizeof y, b);
    }
    if (more > 0)
        an_print(others, sizeof others, " (and %zu more such %s)", more,
                 AN_NOUN(more, "pair", "pairs"));
    an_log(ctx, ALEXNET_LOG_WARNING, "%s: classes '%s' and '%s' %s%s: they are two classes", data,
           x, y,
           same_look ? "look the same, and differ only in Unicode's form"
                     : "differ only in the case of letters",
           others);
}

static void warn_of_looks(alexnet_context *ctx, const char *data, const look *looks, size_t count)
{
    size_t pairs[2] = {0}, first[2] = {0}; /* pairs that look the same, others */

    for (size_t i = 1; i < count; ++i) {
        if (strcmp(looks[i - 1].key, looks[i].key) != 0) continue;
        const int other = an_compare_likeness(looks[i - 1].name, looks[i].name) != AN_LIKENESS_FORM;
        if (pairs[other]++ == 0) first[other] = i;
    }
    for (int k = 0; k < 2; ++k)
        if (pairs[k] > 0)
            warn_of_pair(ctx, data, looks[first[k] - 1].name, looks[first[k]].name, pairs[k] - 1);
}

/*
 * Refuses classes of the same name, which only lists can have: predictions could not tell them
 * apart.
 */
static alexnet_status check_different(alexnet_context *ctx, const char *data, const look *looks,
                                      size_t count)
{
    char shown[SHOWN_BYTES];

    for (size_t i = 1; i < count; ++i) {
        if (strcmp(looks[i - 1].name, looks[i].name) != 0) continue;
        an_escape(shown, sizeof shown, looks[i].name);
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: two classes are called '%s'", data, shown);
    }
    return ALEXNET_OK;
}

static alexnet_status check_looks(alexnet_context *ctx, const an_source *source)
{
    const size_t count = source->classes.count;
    alexnet_status status = ALEXNET_OK;
    look *looks = an_new_array(ctx, count, sizeof *looks);
    bool complete = looks != NULL;

    for (size_t i = 0; i < count && complete; ++i) {
        looks[i] = (look){an_alike_key(ctx, source->classes.names[i]), source->classes.names[i]};
        complete = looks[i].key != NULL;
    }
    if (complete && count > 0) {
        qsort(looks, count, sizeof *looks, compare_looks);
        status = check_different(ctx, source->path, looks, count);
        if (status == ALEXNET_OK) warn_of_looks(ctx, source->path, looks, count);
    }
    for (size_t i = 0; i < count && looks != NULL; ++i)
        an_free(ctx, looks[i].key);
    an_free(ctx, looks);
    return complete ? status
                    : an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for %zu classes", source->path,
                              count);
}

/* ---- opening and closing ---- */

static alexnet_status open_source(alexnet_context *ctx, const char *path, an_part part, bool survey,
                                  an_source **out)
{
    an_source_opener open;

    *out = NULL;
    AN_TRY(tell(ctx, path, &open));
    an_source *source = an_new_zeroed(ctx, sizeof *source);
    if (source == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", path);

    alexnet_status status = ALEXNET_OK;
    source->ctx = ctx;
    source->survey = survey;
    source->path = an_copy_text(ctx, path);
    if (source->path == NULL) status = an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", path);
    if (status == ALEXNET_OK) status = open(ctx, part, source);
    if (status == ALEXNET_OK) status = check_looks(ctx, source);
    if (status == ALEXNET_OK && source->count > (int64_t)UINT32_MAX)
        status = an_fail(ctx, ALEXNET_BAD_ARG, "%s: %jd images, at most %ju", path,
                         (intmax_t)source->count, (uintmax_t)UINT32_MAX);
    if (status != ALEXNET_OK) {
        an_source_close(source);
        return status;
    }
    *out = source;
    return ALEXNET_OK;
}

alexnet_status an_source_open(alexnet_context *ctx, const char *path, an_part part, an_source **out)
{
    return open_source(ctx, path, part, false, out);
}

alexnet_status an_source_survey(alexnet_context *ctx, const char *path, an_part part,
                                an_source **out)
{
    return open_source(ctx, path, part, true, out);
}

void an_source_close(an_source *source)
{
    if (source == NULL) return;
    alexnet_context *ctx = source->ctx;
    if (source->own != NULL) source->kind->close(source);
    an_names_free(ctx, &source->classes);
    an_tally_free(ctx, &source->passed);
    an_tally_free(ctx, &source->beside.files);
    an_free(ctx, source->labels);
    an_free(ctx, source->path);
    an_free(ctx, source);
}

alexnet_status an_source_number_classes(alexnet_context *ctx, an_source *source, int64_t count)
{
    char name[24];

    for (int64_t i = 0; i < count; ++i) {
        snprintf(name, sizeof name, "%jd", (intmax_t)i);
        AN_TRY(an_names_add(ctx, &source->classes, name));
    }
    return ALEXNET_OK;
}

alexnet_status an_source_no_part(alexnet_context *ctx, const an_source *source, an_part part)
{
    return an_fail(ctx, ALEXNET_NOT_FOUND, "%s: has no split %s", source->path,
                   part == AN_PART_VAL    ? "'val' or 'test'"
                   : part == AN_PART_TEST ? "'test'"
                                          : "'train'");
}

/* ---- queries ---- */

const char *an_source_kind(const an_source *source) { return source->kind->name; }

int64_t an_source_count(const an_source *source) { return source->count; }

int64_t an_source_ignored(const an_source *source)
{
    return an_tally_files(&source->passed, true) + an_tally_files(&source->passed, false);
}

void an_source_tell_passed(alexnet_context *ctx, const an_source *source, const char *what)
{
    char text[AN_TALLY_TEXT];

    an_tally_print(&source->passed, true, text, sizeof text);
    if (text[0] != '\0')
        an_log(ctx, ALEXNET_LOG_WARNING, "%s: %s: unsupported image formats; " AN_IMAGE_WAY_ON,
               what, text);
    an_tally_print(&source->passed, false, text, sizeof text);
    if (text[0] != '\0') an_log(ctx, ALEXNET_LOG_INFO, "%s: passed over: %s", what, text);
}

alexnet_status an_source_look_beside(alexnet_context *ctx, an_source *source)
{
    if (source->beside.known || source->kind->look_beside == NULL || source->parts.present == 0)
        return ALEXNET_OK;
    return source->kind->look_beside(source, ctx);
}

/* Logs "'a' and 'b' with 12 images are WHAT: not used". */
static void tell_folders(alexnet_context *ctx, const char *what,
                         const struct an_beside_folders *folders, const char *one, const char *more)
{
    an_listing names = folders->names;

    if (names.count == 0) return;
    an_log(ctx, ALEXNET_LOG_INFO, "%s: %s with %jd %s %s: not used", what, an_listing_text(&names),
           (intmax_t)folders->images, AN_NOUN(folders->images, "image", "images"),
           AN_NOUN(names.count, one, more));
}

alexnet_status an_source_tell_layout(alexnet_context *ctx, an_source *source, const char *what)
{
    const an_beside *beside = &source->beside;

    if (source->stepped_in)
        an_log(ctx, ALEXNET_LOG_INFO, "%s: everything is in %s: that is the data set", what,
               source->path);
    AN_TRY(an_source_look_beside(ctx, source));
    tell_folders(ctx, what, &beside->strangers, "is neither train, val nor test",
                 "are neither train, val nor test");
    tell_folders(ctx, what, &beside->flat, "has no class folders, so no labels",
                 "have no class folders, so no labels");
    if (beside->loose > 0)
        an_log(ctx, ALEXNET_LOG_INFO, "%s: %jd %s beside %s/: not used", what,
               (intmax_t)beside->loose, AN_NOUN(beside->loose, "image", "images"),
               source->parts.names[(source->parts.present & AN_TRAIN_BIT) != 0 ? 0
                                   : (source->parts.present & AN_VAL_BIT) != 0 ? 1
                                                                               : 2]);
    return ALEXNET_OK;
}

int an_source_classes(const an_source *source) { return (int)source->classes.count; }

const char *an_source_class(const an_source *source, int label)
{
    assert(label >= 0 && (size_t)label < source->classes.count);
    return source->classes.names[label];
}

int an_source_label(const an_source *source, int64_t index)
{
    assert(index >= 0 && index < source->count);
    return source->labels[index];
}

const char *an_source_taken(const an_source *source) { return source->taken; }

bool an_source_is_training(const an_source *source)
{
    return source->only_training || (source->parts.wanted & AN_TRAIN_BIT) != 0;
}

const an_parts *an_source_parts(const an_source *source) { return &source->parts; }

static int64_t count_part(const an_source *source, alexnet_context *ctx, int part)
{
    return source->kind->count_part != NULL ? source->kind->count_part(source, ctx, part)
                                            : source->parts.images[part];
}

int an_source_unused(const an_source *source, alexnet_context *ctx, unsigned used, char *text,
                     size_t bytes)
{
    const unsigned unused = source->parts.present & ~used;
    size_t at = 0;
    int parts = 0;

    text[0] = '\0';
    for (int i = 0; i < AN_PARTS && at < bytes; ++i) {
        if ((unused >> i & 1) == 0) continue;
        const int64_t images = count_part(source, ctx, i);
        const char *before = parts++ == 0 ? "" : unused >> i == 1 ? " and " : ", ";
        at += (size_t)an_print(text + at, bytes - at, "%s%s/", before, source->parts.names[i]);
        if (images >= 0 && at < bytes)
            at += (size_t)an_print(text + at, bytes - at, " with %jd %s", (intmax_t)images,
                                   AN_NOUN(images, "image", "images"));
    }
    return parts;
}

bool an_source_is_folder(const an_source *source, int64_t index)
{
    char name[AN_PATH_BYTES];

    if (!source->survey) return false;
    source->kind->name_of(source, index, name, sizeof name);
    return name[0] != '\0' && name[strlen(name) - 1] == '/';
}

void an_source_name(const an_source *source, int64_t index, char *buffer, size_t bytes)
{
    const an_names_rule rule = source->kind->names;
    const char *path = source->path; /* NULL: files from a command line, whose names are complete */
    char name[AN_PATH_BYTES];

    assert(index >= 0 && index < source->count);
    source->kind->name_of(source, index, name, sizeof name);
    if (rule == AN_NAMES_INSIDE)
        snprintf(buffer, bytes, "%s%s%s", path, an_path_base(path)[0] == '\0' ? "" : "/", name);
    else if (rule == AN_NAMES_BESIDE && name[0] != '/')
        snprintf(buffer, bytes, "%.*s%s", (int)(an_path_base(path) - path), path, name);
    else
        snprintf(buffer, bytes, "%s", name);
}

/* ---- identity ---- */

/* Hashes all names and classes, in order. */
static void hash_order(const an_source *source, uint8_t digest[AN_SHA256_BYTES])
{
    an_sha256 hash;
    char name[AN_PATH_BYTES];

    an_sha256_open(&hash);
    for (int i = 0; i < an_source_classes(source); ++i)
        an_sha256_add(&hash, an_source_class(source, i), strlen(an_source_class(source, i)) + 1);
    for (int64_t i = 0; i < source->count; ++i) {
        const uint32_t label = (uint32_t)source->labels[i];
        const uint8_t bytes[4] = {(uint8_t)label, (uint8_t)(label >> 8), (uint8_t)(label >> 16),
                                  (uint8_t)(label >> 24)};
        /* relative to the data set, wherever that is */
        source->kind->name_of(source, i, name, sizeof name);
        an_sha256_add(&hash, name, strlen(name) + 1);
        an_sha256_add(&hash, bytes, sizeof bytes);
    }
    an_sha256_close(&hash, digest);
}

bool an_source_bytes(const an_source *source, int64_t index, uint64_t *bytes)
{
    *bytes = 0;
    if (source->kind->size_of == NULL) return false;
    *bytes = source->kind->size_of(source, index);
    return true;
}

/* Number of files whose sizes count: the sizes of a million files take minutes on a far disk. */
#define SAMPLED 64

typedef struct sampled {
    uint8_t digest[AN_SHA256_BYTES]; /* of class and name */
    int64_t index;
} sampled;

typedef struct sample {
    sampled files[SAMPLED]; /* the lowest digests, sorted: independent of the order of images */
    int count;
} sample;

static void keep_lowest(sample *s, const sampled *file)
{
    int at = s->count;

    if (at == SAMPLED && memcmp(s->files[at - 1].digest, file->digest, AN_SHA256_BYTES) <= 0)
        return;
    at = AN_MIN(at, SAMPLED - 1);
    for (; at > 0 && memcmp(s->files[at - 1].digest, file->digest, AN_SHA256_BYTES) > 0; --at)
        s->files[at] = s->files[at - 1];
    s->files[at] = *file;
    s->count = AN_MIN(s->count + 1, SAMPLED);
}

/* Hashes an image's class and its name without folders. */
static void hash_image(const an_source *source, int64_t index, uint8_t digest[AN_SHA256_BYTES])
{
    const char *class = an_source_class(source, source->labels[index]);
    char name[AN_PATH_BYTES];
    an_sha256 hash;

    source->kind->name_of(source, index, name, sizeof name);
    an_sha256_open(&hash);
    an_sha256_add(&hash, class, strlen(class) + 1);
    an_sha256_add(&hash, an_path_base(name), strlen(an_path_base(name)));
    an_sha256_close(&hash, digest);
}

static void add_number(an_sha256 *hash, uint64_t number)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; ++i)
        bytes[i] = (uint8_t)(number >> 8 * i);
    an_sha256_add(hash, bytes, sizeof bytes);
}

/* Hashes all images in any order: the sum of their digests, and the sizes of some files. */
static void hash_images(const an_source *source, uint8_t digest[AN_SHA256_BYTES])
{
    uint8_t sum[AN_SHA256_BYTES] = {0};
    sample s = {.count = 0};
    an_sha256 hash;

    for (int64_t i = 0; i < source->count; ++i) {
        sampled file = {.index = i};
        unsigned carry = 0;
        hash_image(source, i, file.digest);
        keep_lowest(&s, &file);
        for (int k = 0; k < AN_SHA256_BYTES; ++k) {
            carry += (unsigned)sum[k] + file.digest[k];
            sum[k] = (uint8_t)carry;
            carry >>= 8;
        }
    }
    an_sha256_open(&hash);
    an_sha256_add(&hash, sum, sizeof sum);
    for (int i = 0; i < s.count && source->kind->size_of != NULL; ++i)
        add_number(&hash, source->kind->size_of(source, s.files[i].index));
    an_sha256_close(&hash, digest);
}

#define HALF (AN_SHA256_BYTES / 2)

void an_source_hash(const an_source *source, char hex[AN_SHA256_HEX_SIZE])
{
    uint8_t digest[AN_SHA256_BYTES], order[AN_SHA256_BYTES];

    hash_images(source, digest);
    hash_order(source, order);
    memcpy(digest + HALF, order, HALF);
    an_sha256_hex(digest, hex);
}

bool an_source_same_images(const char *a, const char *b)
{
    return strlen(a) >= 2 * HALF && strncmp(a, b, 2 * HALF) == 0;
}

bool an_source_same_order(const char *a, const char *b)
{
    return strlen(a) > 2 * HALF && strlen(b) > 2 * HALF && strcmp(a + 2 * HALF, b + 2 * HALF) == 0;
}

/* ---- reading ---- */

void an_source_buffer_free(alexnet_context *ctx, an_source_buffer *buffer)
{
    an_free(ctx, buffer->data);
    *buffer = (an_source_buffer){0};
}

alexnet_status an_source_buffer_reserve(alexnet_context *ctx, an_source_buffer *buffer,
                                        size_t bytes)
{
    if (buffer->data != NULL && buffer->capacity >= bytes) return ALEXNET_OK;
    an_source_buffer_free(ctx, buffer);
    buffer->data = an_new(ctx, bytes);
    if (buffer->data == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "no memory for the file's %zu bytes", bytes);
    buffer->capacity = bytes;
    return ALEXNET_OK;
}

alexnet_status an_source_read(const an_source *source, alexnet_context *ctx, int64_t index,
                              an_orientation orientation, an_source_buffer *buffer, an_image *image)
{
    assert(index >= 0 && index < source->count);
    return an_status_of_reading(ctx,
                                source->kind->read(source, ctx, index, orientation, buffer, image));
}

alexnet_status an_source_measure(const an_source *source, alexnet_context *ctx, int64_t index,
                                 an_orientation orientation, an_image *image, size_t *bytes)
{
    an_source_buffer buffer = {0};

    *image = (an_image){.measured = true};
    const alexnet_status status = an_source_read(source, ctx, index, orientation, &buffer, image);
    *bytes = buffer.capacity + image->working + an_image_bytes(image);
    an_source_buffer_free(ctx, &buffer);
    return status == ALEXNET_STOPPED ? ALEXNET_OK : status;
}

bool an_source_is_bad_image(alexnet_status status)
{
    return status == ALEXNET_BAD_FILE || status == ALEXNET_UNSUPPORTED ||
           status == ALEXNET_NOT_FOUND;
}
