/*
 * onnx_tensor_test.c: every way to store a tensor's numbers; files beside the model, and the ways
 * out of its folder that were found in other readers (CVE-2022-25882, CVE-2024-27318: "..";
 * CVE-2026-27489: a link; CVE-2026-34446: a hard link).
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/onnx/made.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A model of one initializer, called w. Frees the tensor. */
static an_pb_out model_of(an_pb_out *tensor)
{
    an_pb_out model = {.ctx = tensor->ctx}, graph = model, opset = model;

    an_pb_add_text(tensor, 8, "w");
    an_pb_add_message(&graph, 5, tensor);
    an_pb_add_varint(&model, 1, 8);
    an_pb_add_message(&model, 7, &graph);
    an_pb_add_varint(&opset, 2, 17);
    an_pb_add_message(&model, 8, &opset);
    an_pb_free(tensor);
    an_pb_free(&graph);
    an_pb_free(&opset);
    return model;
}

static an_pb_out tensor_of(alexnet_context *ctx, int type, int count)
{
    an_pb_out tensor = {.ctx = ctx};

    an_pb_add_varint(&tensor, 1, (uint64_t)count);
    an_pb_add_varint(&tensor, 2, (uint64_t)type);
    return tensor;
}

static alexnet_status parse(alexnet_context *ctx, an_pb_out *tensor, an_pb_out *model,
                            an_tensor_file *file)
{
    *model = model_of(tensor);
    return an_tensor_file_parse(ctx, "made", model->data, model->bytes,
                                an_tensor_format_find("onnx"), file);
}

/* The values of w must be 1, -2, 0.5. */
static void expect(alexnet_context *ctx, an_pb_out *tensor)
{
    an_pb_out model;
    an_tensor_file file;
    float values[3];

    an_assert_ok(ctx, parse(ctx, tensor, &model, &file));
    assert_int_equal(file.count, 1);
    assert_string_equal(file.tensors[0].name, "w");
    an_assert_ok(ctx, an_tensor_to_float(ctx, "made", &file.tensors[0], values));
    assert_float_equal(values[0], 1, 0);
    assert_float_equal(values[1], -2, 0);
    assert_float_equal(values[2], 0.5F, 0);
    an_tensor_file_close(ctx, &file);
    an_pb_free(&model);
}

static void refuse(alexnet_context *ctx, an_pb_out *tensor, alexnet_status status, const char *why)
{
    an_pb_out model;
    an_tensor_file file;

    an_assert_status(ctx, parse(ctx, tensor, &model, &file), status);
    an_assert_error(ctx, "made: tensor 'w': ");
    an_assert_error(ctx, why);
    an_pb_free(&model);
}

/* ---- every way to store it ---- */

static void every_storage_is_read(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const float floats[3] = {1, -2, 0.5F};
    static const double doubles[3] = {1, -2, 0.5};
    static const uint16_t halves[3] = {0x3c00, 0xc000, 0x3800},
                          bfloats[3] = {0x3f80, 0xc000, 0x3f00};
    an_pb_out t = tensor_of(ctx, 1, 3);

    an_pb_add_bytes(&t, 9, floats, sizeof floats);
    expect(ctx, &t);
    t = tensor_of(ctx, 1, 3); /* packed */
    an_pb_add_bytes(&t, 4, floats, sizeof floats);
    expect(ctx, &t);
    t = tensor_of(ctx, 1, 3); /* one by one */
    for (int i = 0; i < 3; ++i)
        an_pb_add_float(&t, 4, floats[i]);
    expect(ctx, &t);
    t = tensor_of(ctx, 1, 3); /* in two packed lists and a single number */
    an_pb_add_bytes(&t, 4, floats, sizeof *floats);
    an_pb_add_float(&t, 4, floats[1]);
    an_pb_add_bytes(&t, 4, floats + 2, sizeof *floats);
    expect(ctx, &t);
    t = tensor_of(ctx, 11, 3);
    an_pb_add_bytes(&t, 10, doubles, sizeof doubles);
    expect(ctx, &t);
    t = tensor_of(ctx, 10, 3);
    an_pb_add_bytes(&t, 9, halves, sizeof halves);
    expect(ctx, &t);
    t = tensor_of(ctx, 16, 3);
    an_pb_add_bytes(&t, 9, bfloats, sizeof bfloats);
    expect(ctx, &t);
    for (int type = 10; type <= 16; type += 6) { /* halves as numbers of int32_data */
        t = tensor_of(ctx, type, 3);
        for (int i = 0; i < 3; ++i)
            an_pb_add_varint(&t, 5, type == 10 ? halves[i] : bfloats[i]);
        expect(ctx, &t);
        uint8_t packed[9]; /* each as a varint of 3 bytes */
        for (int i = 0; i < 3; ++i) {
            const uint16_t bits = type == 10 ? halves[i] : bfloats[i];
            packed[3 * i] = (uint8_t)(bits | 0x80);
            packed[3 * i + 1] = (uint8_t)(bits >> 7 | 0x80);
            packed[3 * i + 2] = (uint8_t)(bits >> 14);
        }
        t = tensor_of(ctx, type, 3);
        an_pb_add_bytes(&t, 5, packed, sizeof packed);
        expect(ctx, &t);
    }
}

static void other_claims_are_refused(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const float floats[4] = {1, 2, 3, 4};
    an_pb_out t = tensor_of(ctx, 1, 3);

    refuse(ctx, &t, ALEXNET_BAD_FILE, "fewer numbers");
    t = tensor_of(ctx, 1, 3);
    an_pb_add_bytes(&t, 9, floats, 16);
    refuse(ctx, &t, ALEXNET_BAD_FILE, "[3] of F32 is 12 bytes, the file has 16");
    t = tensor_of(ctx, 1, 3);
    an_pb_add_bytes(&t, 9, floats, 12);
    an_pb_add_bytes(&t, 9, floats, 12);
    refuse(ctx, &t, ALEXNET_BAD_FILE, "it has its numbers twice");
    t = tensor_of(ctx, 1, 3);
    an_pb_add_bytes(&t, 10, floats, 12);
    refuse(ctx, &t, ALEXNET_BAD_FILE, "in the list of another type");
    t = tensor_of(ctx, 1, 3);
    for (int i = 0; i < 4; ++i)
        an_pb_add_float(&t, 4, 1);
    refuse(ctx, &t, ALEXNET_BAD_FILE, "other numbers than its shape says");
    t = tensor_of(ctx, 10, 1);
    an_pb_add_varint(&t, 5, 65536);
    refuse(ctx, &t, ALEXNET_BAD_FILE, "outside the range of its type");
    t = tensor_of(ctx, 17, 1);
    refuse(ctx, &t, ALEXNET_UNSUPPORTED, "ONNX's type 17");
    t = tensor_of(ctx, 1, 1 << 30);
    for (int i = 0; i < 2; ++i)
        an_pb_add_varint(&t, 1, UINT64_C(1) << 40);
    refuse(ctx, &t, ALEXNET_BAD_FILE, "too large");
    t = tensor_of(ctx, 1, 1 << 30); /* refused before it is allocated */
    an_pb_add_float(&t, 4, 1);
    refuse(ctx, &t, ALEXNET_BAD_FILE, "fewer numbers");
    t = tensor_of(ctx, 1, 1);
    an_pb_add_varint(&t, 1, UINT64_MAX);
    refuse(ctx, &t, ALEXNET_BAD_FILE, "a dimension is negative");
    t = tensor_of(ctx, 1, 1);
    for (int i = 0; i < 8; ++i)
        an_pb_add_varint(&t, 1, 1);
    refuse(ctx, &t, ALEXNET_BAD_FILE, "more than 8 dimensions");
    t = (an_pb_out){.ctx = ctx};
    refuse(ctx, &t, ALEXNET_BAD_FILE, "it has no type");
}

/* ---- files beside the model ---- */

static void add_entry(an_pb_out *tensor, const char *key, const char *value)
{
    an_pb_out entry = {.ctx = tensor->ctx};

    an_pb_add_text(&entry, 1, key);
    an_pb_add_text(&entry, 2, value);
    an_pb_add_message(tensor, 13, &entry);
    an_pb_free(&entry);
}

/* FOLDER/in/model.onnx, whose tensor of three floats is elsewhere. NULL: no such entry. */
static alexnet_status open_external(const an_test_place *p, const char *location,
                                    const char *offset, const char *length, an_tensor_file *file)
{
    an_pb_out tensor = tensor_of(p->ctx, 1, 3);
    const char *path = an_test_path(p->folder, "in/model.onnx");

    if (location != NULL) add_entry(&tensor, "location", location);
    if (offset != NULL) add_entry(&tensor, "offset", offset);
    if (length != NULL) add_entry(&tensor, "length", length);
    an_pb_add_varint(&tensor, 14, 1);
    an_pb_out model = model_of(&tensor);
    an_test_write(path, model.data, model.bytes);
    an_pb_free(&model);
    return an_tensor_file_open(p->ctx, path, NULL, file);
}

static void make_folders(const an_test_place *p)
{
    static const float floats[5] = {9, 1, -2, 0.5F, 9};

    assert_int_equal(mkdir(an_test_path(p->folder, "in"), 0700), 0);
    assert_int_equal(mkdir(an_test_path(p->folder, "in/sub"), 0700), 0);
    an_test_write(an_test_path(p->folder, "in/w.bin"), floats, sizeof floats);
    an_test_write(an_test_path(p->folder, "in/sub/w.bin"), floats, sizeof floats);
    an_test_write(an_test_path(p->folder, "secret"), floats, sizeof floats);
}

static void files_beside_the_model_are_read(void **state)
{
    const an_test_place *p = *state;
    static const char *const names[] = {"w.bin", "sub/w.bin"};

    make_folders(p);
    for (size_t i = 0; i < AN_COUNT(names); ++i) {
        an_tensor_file file;
        float values[3];
        an_assert_ok(p->ctx, open_external(p, names[i], "4", "12", &file));
        an_assert_ok(p->ctx, an_tensor_to_float(p->ctx, "model", &file.tensors[0], values));
        assert_float_equal(values[1], -2, 0);
        assert_int_equal(file.other_count, 1);
        an_tensor_file_close(p->ctx, &file);
    }
}

static void nothing_outside_its_folder_is_opened(void **state)
{
    const an_test_place *p = *state;
    char absolute[400];

    make_folders(p);
    snprintf(absolute, sizeof absolute, "%s", an_test_path(p->folder, "secret"));
    assert_int_equal(symlink("../secret", an_test_path(p->folder, "in/link")), 0);
    assert_int_equal(symlink("..", an_test_path(p->folder, "in/up")), 0);
    assert_int_equal(symlink("w.bin", an_test_path(p->folder, "in/inside")), 0);
    assert_int_equal(link(absolute, an_test_path(p->folder, "in/hard")), 0);
    assert_int_equal(mkfifo(an_test_path(p->folder, "in/pipe"), 0600), 0);
    const struct {
        const char *location, *offset, *length, *why;
        alexnet_status status;
    } rows[] = {
        {"../secret", "0", "12", "may lie outside the folder", ALEXNET_BAD_FILE},
        {"sub/../../secret", NULL, NULL, "may lie outside the folder", ALEXNET_BAD_FILE},
        {"..", NULL, NULL, "may lie outside the folder", ALEXNET_BAD_FILE},
        {"./w.bin", NULL, NULL, "may lie outside the folder", ALEXNET_BAD_FILE},
        {"sub//w.bin", NULL, NULL, "may lie outside the folder", ALEXNET_BAD_FILE},
        {absolute, NULL, NULL, "may lie outside the folder", ALEXNET_BAD_FILE},
        {"", NULL, NULL, "may lie outside the folder", ALEXNET_BAD_FILE},
        {"link", NULL, NULL, "is a link", ALEXNET_BAD_FILE},
        {"inside", NULL, NULL, "is a link", ALEXNET_BAD_FILE},
        {"up/secret", NULL, NULL, "is a link", ALEXNET_BAD_FILE},
        {"w.bin/w.bin", NULL, NULL, "is a link", ALEXNET_BAD_FILE},
        {"hard", NULL, NULL, "it has other names", ALEXNET_BAD_FILE},
        {"sub", NULL, NULL, "expected a file, found a folder", ALEXNET_BAD_FILE},
        {"pipe", NULL, NULL, "a device or a pipe", ALEXNET_BAD_FILE},
        {"none", NULL, NULL, "No such file", ALEXNET_NOT_FOUND},
        {"w.bin", "12", NULL, "needs 12 bytes at 12 of 'w.bin', which has 20", ALEXNET_BAD_FILE},
        {"w.bin", "999999999999999999", NULL, "needs 12 bytes", ALEXNET_BAD_FILE},
        {"w.bin", "-4", NULL, "that is no number", ALEXNET_BAD_FILE},
        {"w.bin", "4", "16", "have 16 bytes; expected 12", ALEXNET_BAD_FILE},
        {NULL, NULL, NULL, "have no location", ALEXNET_BAD_FILE},
    };
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_tensor_file file;
        const size_t open = an_test_count_descriptors();
        an_assert_status(p->ctx,
                         open_external(p, rows[i].location, rows[i].offset, rows[i].length, &file),
                         rows[i].status);
        an_assert_error(p->ctx, "tensor 'w'");
        an_assert_error(p->ctx, rows[i].why);
        assert_int_equal(an_test_count_descriptors(), open);
    }
}

static void a_model_in_memory_has_no_other_files(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    an_pb_out tensor = tensor_of(ctx, 1, 3);

    add_entry(&tensor, "location", "w.bin");
    an_pb_add_varint(&tensor, 14, 1);
    refuse(ctx, &tensor, ALEXNET_UNSUPPORTED, "this one is not on disk");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(every_storage_is_read),
        an_test_in_place(other_claims_are_refused),
        an_test_in_place(files_beside_the_model_are_read),
        an_test_in_place(nothing_outside_its_folder_is_opened),
        an_test_in_place(a_model_in_memory_has_no_other_files),
    };

    return cmocka_run_group_tests_name("onnx_tensor", tests, NULL, NULL);
}
