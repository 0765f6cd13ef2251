/*
 * samples.c: the small files of PyTorch and NumPy, and damaged copies of them.
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/samples.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLIPPED_MAX 4096 /* bytes */
#define VALUES_MAX  16

static const struct row {
    const char *file, *name;
    an_dtype dtype;
    int rank;
    int64_t shape[4];
    float values[VALUES_MAX];
} rows[] = {
#include "golden/pytorch.inc"
};

const char *an_sample_path(const char *name) { return an_test_path(AN_TEST_CORPUS, name); }

an_sample an_sample_read(const char *name)
{
    FILE *file = fopen(an_sample_path(name), "rb");
    an_sample sample = {0};

    if (file == NULL) print_error("%s\n", name);
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    sample.size = (size_t)ftell(file);
    sample.data = malloc(sample.size);
    assert_non_null(sample.data);
    rewind(file);
    assert_int_equal(fread(sample.data, 1, sample.size, file), sample.size);
    fclose(file);
    return sample;
}

/* The values of any type, as float32. */
static void read_values(alexnet_context *ctx, const an_tensor_view *tensor, float *out)
{
    if (tensor->dtype <= AN_BF16) {
        an_assert_ok(ctx, an_tensor_to_float(ctx, "w", tensor, out));
        return;
    }
    assert_int_equal(tensor->axes, 0);
    const size_t size = an_dtype_bytes(tensor->dtype);
    for (int64_t i = 0; i < tensor->count; ++i) { /* they are small, and not negative */
        uint8_t bytes[8] = {0};
        if (tensor->data != NULL)
            memcpy(bytes, tensor->data + (size_t)i * size, size);
        else
            an_assert_ok(ctx, an_reader_read(ctx, &tensor->reader, "w",
                                             tensor->place + (uint64_t)i * size, bytes, size));
        out[i] = bytes[0];
    }
}

static void check_row(alexnet_context *ctx, const struct row *row, const an_tensor_file *file)
{
    const an_tensor_view *tensor = an_tensor_file_find(file, row->name);
    float values[VALUES_MAX];

    if (tensor == NULL) print_error("%s: %s\n", row->file, row->name);
    assert_non_null(tensor);
    assert_int_equal(tensor->dtype, row->dtype);
    assert_int_equal(tensor->rank, row->rank);
    for (int i = 0; i < row->rank; ++i)
        assert_int_equal(tensor->shape[i], row->shape[i]);
    assert_in_range(tensor->count, 0, VALUES_MAX);
    read_values(ctx, tensor, values);
    for (int64_t i = 0; i < tensor->count; ++i) {
        if (values[i] != row->values[i]) print_error("%s: %s\n", row->file, row->name);
        assert_true(values[i] == row->values[i]);
    }
    an_assert_ok(ctx, an_tensor_check(ctx, row->file, tensor));
}

void an_sample_check(alexnet_context *ctx, const char *name, const an_tensor_file *file)
{
    size_t count = 0;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        if (strcmp(rows[i].file, name) != 0) continue;
        check_row(ctx, &rows[i], file);
        ++count;
    }
    assert_int_equal(file->count, count);
    assert_true(count > 0);
}

void an_sample_check_all(alexnet_context *ctx, const char *folder, const an_tensor_format *format)
{
    const char *last = "";
    size_t count = 0;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_tensor_file file;
        if (strncmp(rows[i].file, folder, strlen(folder)) != 0 || strcmp(rows[i].file, last) == 0)
            continue;
        last = rows[i].file;
        an_assert_ok(ctx, an_tensor_file_open(ctx, an_sample_path(last), NULL, &file));
        assert_ptr_equal(file.format, format);
        an_sample_check(ctx, last, &file);
        an_tensor_file_close(ctx, &file);

        const an_sample sample = an_sample_read(last);
        an_assert_ok(ctx, an_tensor_file_parse(ctx, last, sample.data, sample.size, NULL, &file));
        an_sample_check(ctx, last, &file);
        an_tensor_file_close(ctx, &file);
        free(sample.data);
        ++count;
    }
    assert_true(count > 0);
}

void an_sample_refuse(alexnet_context *ctx, const void *data, size_t size,
                      const an_tensor_format *format, alexnet_status status, const char *part)
{
    uint8_t *copy = malloc(size > 0 ? size : 1); /* a sanitizer detects what is beyond it */
    an_tensor_file file;

    assert_non_null(copy);
    if (size > 0) memcpy(copy, data, size);
    const alexnet_status found = an_tensor_file_parse(ctx, "w.bin", copy, size, format, &file);
    if (found != status) print_error("expected: %s\n", part);
    an_assert_status(ctx, found, status);
    an_assert_error(ctx, part);
    an_assert_error(ctx, "w.bin");
    free(copy);
}

void an_sample_refuse_file(alexnet_context *ctx, const char *name, const an_tensor_format *format,
                           alexnet_status status, const char *part)
{
    const an_sample sample = an_sample_read(name);

    an_sample_refuse(ctx, sample.data, sample.size, format, status, part);
    free(sample.data);
}

/* ---- damage ---- */

/* Reads all that can be read. */
static void read_all(alexnet_context *ctx, const an_tensor_file *file)
{
    for (size_t i = 0; i < file->count; ++i) {
        const an_tensor_view *tensor = &file->tensors[i];
        float *values = malloc((size_t)tensor->count * sizeof *values + 1);
        assert_non_null(values);
        const alexnet_status status = an_tensor_to_float(ctx, "w", tensor, values);
        assert_true(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
        free(values);
    }
}

/* Whether all values are still intact as far as the checksums tell. */
static bool is_intact(alexnet_context *ctx, const an_tensor_file *file)
{
    for (size_t i = 0; i < file->count; ++i)
        if (an_tensor_check(ctx, "w", &file->tensors[i]) != ALEXNET_OK) return false;
    return true;
}

static void read_damaged(alexnet_context *ctx, const char *name, const uint8_t *data, size_t size,
                         const an_tensor_format *format, bool exact)
{
    an_tensor_file file;
    const alexnet_status status = an_tensor_file_parse(ctx, name, data, size, format, &file);

    if (status != ALEXNET_OK) {
        assert_true(status == ALEXNET_BAD_FILE || status == ALEXNET_UNSUPPORTED);
        return;
    }
    read_all(ctx, &file);
    if (exact && is_intact(ctx, &file)) an_sample_check(ctx, name, &file);
    an_tensor_file_close(ctx, &file);
}

void an_sample_damage(alexnet_context *ctx, const char *name, const an_tensor_format *format,
                      bool exact)
{
    const an_sample sample = an_sample_read(name);
    an_tensor_file file;

    for (size_t size = 0; size < sample.size; ++size) {
        uint8_t *cut = malloc(size + (size == 0));
        assert_non_null(cut);
        memcpy(cut, sample.data, size);
        if (an_tensor_file_parse(ctx, name, cut, size, format, &file) == ALEXNET_OK)
            print_error("%s: read when cut to %zu bytes\n", name, size);
        assert_null(file.format); /* refused */
        free(cut);
    }
    for (size_t at = 0; at < AN_MIN(sample.size, (size_t)FLIPPED_MAX); ++at)
        for (int bit = 0; bit < 8; ++bit) {
            sample.data[at] ^= (uint8_t)(1 << bit);
            read_damaged(ctx, name, sample.data, sample.size, format, exact);
            sample.data[at] ^= (uint8_t)(1 << bit);
        }
    free(sample.data);
}

void an_sample_starve(alexnet_context *ctx, const char *name, const an_tensor_format *format)
{
    for (int memory = 0; memory < 2; ++memory) {
        bool failed = true;
        for (long n = 0; failed; ++n) {
            an_test_fault fault;
            an_tensor_file file;
            an_test_fault_arm(&fault, ctx,
                              AN_FAULT_BIT(memory == 1 ? AN_FAULT_MEMORY : AN_FAULT_READ), n, false,
                              memory == 1 ? ENOMEM : EIO);
            const alexnet_status status =
                an_tensor_file_open(ctx, an_sample_path(name), format, &file);
            failed = an_test_fault_disarm(&fault);
            an_assert_status(ctx, status,
                             !failed       ? ALEXNET_OK
                             : memory == 1 ? ALEXNET_NO_MEMORY
                                           : ALEXNET_IO);
            if (status == ALEXNET_OK) an_tensor_file_close(ctx, &file);
        }
    }
}

/* ---- memory ---- */

typedef struct meter {
    size_t now, peak;
} meter;

#define PREFIX 64 /* before each block: its size */

static void *meter_new(void *user, size_t bytes)
{
    meter *m = user;
    char *block = malloc(bytes + PREFIX);

    if (block == NULL) return NULL;
    memcpy(block, &bytes, sizeof bytes);
    m->now += bytes;
    m->peak = AN_MAX(m->peak, m->now);
    return block + PREFIX;
}

static void meter_free(void *user, void *block)
{
    meter *m = user;
    size_t bytes;

    if (block == NULL) return;
    memcpy(&bytes, (char *)block - PREFIX, sizeof bytes);
    m->now -= bytes;
    free((char *)block - PREFIX);
}

size_t an_sample_peak(const void *data, size_t size, const an_tensor_format *format,
                      alexnet_status *status)
{
    meter m = {0};
    alexnet_options options = alexnet_options_default();
    alexnet_context *ctx;
    an_tensor_file file;

    options.allocate = meter_new;
    options.release = meter_free;
    options.memory_user = &m;
    assert_int_equal(an_context_open(&options, &ctx), ALEXNET_OK);
    const size_t before = m.now;
    m.peak = before;
    *status = an_tensor_file_parse(ctx, "w.bin", data, size, format, &file);
    an_tensor_file_close(ctx, &file);
    an_test_close(ctx, NULL);
    assert_int_equal(m.now, 0);
    return m.peak - before;
}

void an_sample_replace(an_sample *sample, const char *old, const char *new_, size_t bytes)
{
    size_t found = 0;

    for (size_t at = 0; at + bytes <= sample->size; ++at)
        if (memcmp(sample->data + at, old, bytes) == 0) {
            memcpy(sample->data + at, new_, bytes);
            ++found;
        }
    assert_int_equal(found, 1);
}
