/*
 * sums_test.c: every changed bit of our files is detected; messages say what is wrong and what to
 * do; files without checksums, and files whose entries another program has reordered, are read.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/memory.h"
#include "formats/sums.h"
#include "formats/weights.h"
#include "infer/tiny.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- every bit ---- */

/* Prints all that predictions depend on, as one text. */
static void describe(const alexnet_model *model, char *text, size_t bytes)
{
    char hex[65];

    an_assert_ok(model->ctx, alexnet_model_hash(model, hex));
    snprintf(text, bytes, "%s %s %d %s %s %s %g", model->family->name, model->preprocess,
             model->options.classes, alexnet_model_class(model, 0), alexnet_model_class(model, 2),
             hex, model->mean_image != NULL ? (double)model->mean_image[0] : 0);
}

/* Loads the file with one bit flipped. True if it was refused; if the checksums did it, the message
   must say what to do. */
static bool flip(const an_test_place *p, const char *path, const an_bytes *file, size_t bit,
                 const char *expected)
{
    char found[2048];
    alexnet_model *model;

    file->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    an_test_write(path, file->data, file->size);
    file->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    if (alexnet_model_load(p->ctx, path, &model) != ALEXNET_OK) {
        an_assert_error(p->ctx, "w.safetensors");
        return true;
    }
    describe(model, found, sizeof found);
    alexnet_model_free(model);
    if (strcmp(found, expected) != 0) fail_msg("bit %zu changed the model undetected", bit);
    return false;
}

static void every_changed_bit_is_detected(void **state)
{
    static const size_t samples = 250;
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    char expected[2048];
    alexnet_model *model = an_tiny_model(p->ctx, an_tiny_classes, 3, 5);
    an_bytes file;
    uint64_t header;
    size_t passed = 0;

    describe(model, expected, sizeof expected);
    an_assert_ok(p->ctx, alexnet_model_save(model, path));
    alexnet_model_free(model);
    an_assert_ok(p->ctx, an_file_read(p->ctx, path, 1 << 24, &file));
    memcpy(&header, file.data, sizeof header);

    for (size_t i = 0; i < samples; ++i) { /* a stride that covers every bit of a byte */
        const size_t bit = (i * (file.size * 8 / samples) + i % 8) % (file.size * 8);
        if (!flip(p, path, &file, bit, expected)) ++passed;
    }
    assert_true(passed <= 2); /* not in the records: the names of entries that are not read */
    for (size_t bit = 0; bit < (sizeof header + header) * 8; bit += 41)
        flip(p, path, &file, bit, expected);
    an_bytes_free(p->ctx, &file);
}

/* ---- what a header may contain ---- */

#define TENSOR ",\"conv\":{\"dtype\":\"F32\",\"shape\":[1,3],\"data_offsets\":[0,12]}}"

static const float numbers[] = {1, -2, 0.5f};

static alexnet_status parse(const an_test_place *p, const char *header, const float *values)
{
    const uint64_t length = strlen(header);
    const size_t size = sizeof length + length + sizeof numbers;
    uint8_t *data = malloc(size);
    an_tensor_file file;
    float back[3];

    assert_non_null(data);
    memcpy(data, &length, sizeof length);
    memcpy(data + sizeof length, header, length);
    memcpy(data + sizeof length + length, values, sizeof numbers);
    alexnet_status status = an_safetensors_parse(p->ctx, "w", data, size, &file);
    if (status == ALEXNET_OK) {
        status = an_tensor_to_float(p->ctx, "w", &file.tensors[0], back);
        an_tensor_file_close(p->ctx, &file);
    }
    free(data);
    return status;
}

static void checksums_must_match(void **state)
{
    static const struct {
        const char *header, *error; /* NULL: the header is good */
    } rows[] = {
        {"{\"__metadata__\":{\"format\":\"pt\",\"alexnet.crc32c\":"
         "\"{\\\"__metadata__\\\":\\\"83b44848\\\",\\\"conv\\\":\\\"86739cf2\\\"}\"}" TENSOR,
         NULL},
        /* in another order, with spaces */
        {"{\"conv\":{\"shape\":[1,3],\"data_offsets\":[0,12],\"dtype\":\"F32\"},"
         "\"__metadata__\":{\"alexnet.crc32c\":"
         "\"{ \\\"conv\\\": \\\"86739cf2\\\", \\\"__metadata__\\\": \\\"83b44848\\\" }\","
         "\"format\":\"pt\"}}",
         NULL},
        {"{\"__metadata__\":{\"format\":\"pt\"}" TENSOR, NULL}, /* from another program */
        {"{\"__metadata__\":{\"format\":\"pt\",\"alexnet.crc32c\":"
         "\"{\\\"__metadata__\\\":\\\"83b44848\\\",\\\"conv\\\":\\\"86739cf3\\\"}\"}" TENSOR,
         "w: tensor 'conv': its CRC-32C is 86739cf2, the file says 86739cf3"},
        {"{\"__metadata__\":{\"format\":\"np\",\"alexnet.crc32c\":"
         "\"{\\\"__metadata__\\\":\\\"83b44848\\\",\\\"conv\\\":\\\"86739cf2\\\"}\"}" TENSOR,
         "w: the CRC-32C of its records is "},
        {"{\"__metadata__\":{\"format\":\"pt\",\"note\":\"\",\"alexnet.crc32c\":"
         "\"{\\\"__metadata__\\\":\\\"83b44848\\\",\\\"conv\\\":\\\"86739cf2\\\"}\"}" TENSOR,
         "w: the CRC-32C of its records is "},
        {"{\"__metadata__\":{\"format\":\"pt\",\"alexnet.crc32c\":"
         "\"{\\\"conv\\\":\\\"86739cf2\\\"}\"}" TENSOR,
         "metadata 'alexnet.crc32c' has no checksum of the records"},
        {"{\"__metadata__\":{\"format\":\"pt\",\"alexnet.crc32c\":"
         "\"{\\\"__metadata__\\\":\\\"83b44848\\\"}\"}" TENSOR,
         "metadata 'alexnet.crc32c' has no checksum of tensor conv"},
        {"{\"__metadata__\":{\"format\":\"pt\",\"alexnet.crc32c\":"
         "\"{\\\"__metadata__\\\":\\\"83b44848\\\",\\\"conv\\\":\\\"86739CF2\\\"}\"}" TENSOR,
         "metadata 'alexnet.crc32c' has no checksum of tensor conv"},
        {"{\"__metadata__\":{\"format\":\"pt\",\"alexnet.crc32c\":"
         "\"{\\\"__metadata__\\\":\\\"83b44848\\\",\\\"conv\\\":\\\"86739cf20\\\"}\"}" TENSOR,
         "metadata 'alexnet.crc32c' has no checksum of tensor conv"},
        {"{\"__metadata__\":{\"format\":\"pt\",\"alexnet.crc32c\":"
         "\"{\\\"__metadata__\\\":\\\"83b44848\\\",\\\"conv\\\":7}\"}" TENSOR,
         "metadata 'alexnet.crc32c' has no checksum of tensor conv"},
        {"{\"__metadata__\":{\"format\":\"pt\",\"alexnet.crc32c\":"
         "\"{\\\"__metadata__\\\":\\\"83b44848\\\",\\\"conv\\\":\\\"86739cf2\\\",\\\"b\\\":"
         "\\\"\\\"}\"}" TENSOR,
         "metadata 'alexnet.crc32c' has checksums of missing tensors"},
        {"{\"__metadata__\":{\"format\":\"pt\",\"alexnet.crc32c\":\"\"}" TENSOR,
         "metadata 'alexnet.crc32c' is not a JSON object"},
        {"{\"__metadata__\":{\"format\":\"pt\",\"alexnet.crc32c\":\"[]\"}" TENSOR,
         "metadata 'alexnet.crc32c' is not a JSON object"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const alexnet_status status = parse(p, rows[i].header, numbers);
        if (rows[i].error == NULL) {
            an_assert_ok(p->ctx, status);
            continue;
        }
        an_assert_status(p->ctx, status, ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, rows[i].error);
        an_assert_error(p->ctx, "the file is damaged; if it was edited on purpose, remove "
                                "'alexnet.crc32c' from its metadata");
    }
}

/* Without the entry an edited file is read as it is; with it, it is refused. */
static void an_edited_file_is_read_without_its_checksums(void **state)
{
    static const float edited[] = {1, -2, 0.75f};
    const an_test_place *p = *state;

    an_assert_status(p->ctx,
                     parse(p,
                           "{\"__metadata__\":{\"format\":\"pt\",\"alexnet.crc32c\":"
                           "\"{\\\"__metadata__\\\":\\\"83b44848\\\","
                           "\\\"conv\\\":\\\"86739cf2\\\"}\"}" TENSOR,
                           edited),
                     ALEXNET_BAD_FILE);
    an_assert_ok(p->ctx, parse(p, "{\"__metadata__\":{\"format\":\"pt\"}" TENSOR, edited));
}

/* Sizes of a tensor around multiples of the chunk size. */
static void long_tensors_are_checked_to_their_end(void **state)
{
    static const int64_t counts[] = {0, 1, 65535, 65536, 65537, 200001};
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    float *values = calloc(200001, sizeof *values), *back = malloc(200001 * sizeof *values);

    assert_non_null(values);
    assert_non_null(back);
    for (size_t i = 0; i < AN_COUNT(counts); ++i) {
        const an_tensor_out tensor = {
            .name = "w", .dtype = AN_F32, .rank = 1, .shape = {counts[i]}, .data = values};
        an_tensor_file file;
        an_bytes bytes;
        an_assert_ok(p->ctx, an_safetensors_write(p->ctx, path, &tensor, 1, NULL, NULL, 0));
        an_assert_ok(p->ctx, an_safetensors_open(p->ctx, path, &file));
        an_assert_ok(p->ctx, an_tensor_to_finite(p->ctx, path, &file.tensors[0], back));
        an_tensor_file_close(p->ctx, &file);
        if (counts[i] == 0) continue;
        an_assert_ok(p->ctx, an_file_read(p->ctx, path, 1 << 24, &bytes));
        bytes.data[bytes.size - 1] ^= 0x40; /* an exponent: the damage is reported first */
        an_test_write(path, bytes.data, bytes.size);
        an_bytes_free(p->ctx, &bytes);
        an_assert_ok(p->ctx, an_safetensors_open(p->ctx, path, &file));
        an_assert_status(p->ctx, an_tensor_to_finite(p->ctx, path, &file.tensors[0], back),
                         ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, "w.safetensors: tensor 'w': its CRC-32C is ");
        an_tensor_file_close(p->ctx, &file);
    }
    free(back);
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(every_changed_bit_is_detected),
        an_test_in_place(checksums_must_match),
        an_test_in_place(an_edited_file_is_read_without_its_checksums),
        an_test_in_place(long_tensors_are_checked_to_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
