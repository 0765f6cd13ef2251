/*
 * onnx_test.c: models as files: real exports of PyTorch, what is told from other formats, damage of
 * every kind, refused memory.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include "formats/onnx/made.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL                                                                                      \
    "input x N,3,8,8\nfloat w 4,3,3,3\nfloat b 4\nfloat l 5,64\nConv c x,w,b a pads=1,1,1,1\n"     \
    "Relu r a d\nMaxPool p d f kernel_shape=3,3 strides=2,2 ceil_mode=1\nFlatten g f h\n"          \
    "Gemm m h,l y transB=1\noutput y\n"

/* ---- exports of PyTorch 2.15, by both of its exporters ---- */

static void exports_of_pytorch_are_chains(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const struct {
        const char *name, *chain;
    } rows[] = {
        {"torch-lrn_dydyn", "conv 3x3/1,1 bias > 8,6,6; relu > 8,6,6; lrn 5 2e-05 0.75 2 > 8,6,6"},
        {"torch-view_tsdyn", "conv 3x3/1,1 bias > 8,6,6; flatten > 288,1,1; linear bias > 4,1,1"},
        {"torch-view1_dydyn", "conv 3x3/1,1 bias > 8,6,6; flatten > 288,1,1; linear bias > 4,1,1"},
        {"torch-lrn_tsdyn", "expected a padding of channels"},
    };
    char text[MADE_TEXT], path[1000];

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_tensor_file file;
        snprintf(path, sizeof path, "%s/onnx/%s", AN_TEST_CORPUS, rows[i].name);
        an_assert_ok(ctx, an_tensor_file_open(ctx, path, NULL, &file));
        assert_string_equal(file.format->name, "onnx");
        if (strstr(made_describe(&file, text), rows[i].chain) == NULL)
            fail_msg("%s: %s", rows[i].name, made_describe(&file, text));
        an_tensor_file_close(ctx, &file);
    }
}

/* ---- content ---- */

static void the_format_is_detected_by_content(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    const an_tensor_format *onnx = an_tensor_format_find("onnx");
    an_pb_out bytes = made_model(ctx, MODEL);
    static const struct {
        const char *data;
        size_t bytes;
        bool is;
    } rows[] = {
        {"\x08\x08\x3a\x05", 4, false},                   /* a graph longer than the file */
        {"\x08\x08\x3a\x00", 4, true},                    /* an empty graph */
        {"\x08\x08\x12\x02hi\x42\x02\x10\x11", 10, true}, /* a producer, an operator set */
        {"\x08\x01\x10\x03\x18\x80\x02", 7, false},       /* Caffe's mean: num, channels, height */
        {"\x08\x05\x12\x03net\x1a\x00", 9, false},        /* Caffe's solver state */
        {"\x0a\x05"
         "alexn\xa2\x06\x00",
         10, false},                            /* Caffe's network: a name */
        {"\x08\xf0\xa2\x04\x3a\x00", 6, false}, /* 70,000 is no version */
        {"", 0, false},
        {"\x08", 1, false},
        {"\x08\x08\x32\xff\x0f", 5, false}, /* a text longer than the file */
        {"{\"a\":1}", 7, false},
    };

    assert_true(onnx->matches(bytes.data, AN_MIN(bytes.bytes, (size_t)512), bytes.bytes));
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        if (onnx->matches((const uint8_t *)rows[i].data, rows[i].bytes, rows[i].bytes) !=
            rows[i].is)
            fail_msg("row %zu", i);
    /* a documentation that is longer than the head that is looked at */
    assert_true(onnx->matches((const uint8_t *)"\x08\x08\x32\xff\x0f", 5, 5000));
    an_pb_free(&bytes);
}

/* ---- the graph's tables ---- */

static void damaged_graphs_are_refused(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const struct {
        const char *text, *why;
        alexnet_status status;
    } rows[] = {
        {"opset 6\n" MODEL, "operator set 6; expected 7 to 28", ALEXNET_UNSUPPORTED},
        {"opset 29\n" MODEL, "operator set 29; expected 7 to 28", ALEXNET_UNSUPPORTED},
        {MODEL "Relu q nowhere z\n", "node 'q' (Relu): it reads 'nowhere'", ALEXNET_BAD_FILE},
        {"input x N,3,8,8\nRelu a q y\nRelu b x q\noutput y\n",
         "it reads 'q', which is not computed", ALEXNET_BAD_FILE},
        {MODEL "Relu q x a\n", "node 'q' (Relu): its output is set twice", ALEXNET_BAD_FILE},
        {MODEL "float w 4\n", "value 'w' is set twice", ALEXNET_BAD_FILE},
        {MODEL "Relu q x w\n", "its output is set twice", ALEXNET_BAD_FILE},
        {MODEL "Constant q - z value_strings=abc\n", "node 'q' (Constant)", ALEXNET_BAD_FILE},
        {MODEL "Constant q - z\n", "node 'q' (Constant): expected one value", ALEXNET_BAD_FILE},
        {MODEL "Relu q x z pads=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n",
         "more than 16 numbers", ALEXNET_BAD_FILE},
    };

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_pb_out bytes;
        an_tensor_file file;
        an_assert_status(ctx, made_open(ctx, rows[i].text, &bytes, &file), rows[i].status);
        an_assert_error(ctx, rows[i].why);
        an_pb_free(&bytes);
    }
}

static void constants_are_values_too(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const char *const text =
        "input x N,3,8,8\nConstant c1 - f value_float=0.5\nConstant c2 - s value_ints=0,-1\n"
        "Constant c3 - i value_int=7\nMul m x,f a\nReshape r a,s y\noutput y\n";
    an_pb_out bytes;
    an_tensor_file file;
    char described[MADE_TEXT];

    an_assert_ok(ctx, made_open(ctx, text, &bytes, &file));
    assert_string_equal(made_describe(&file, described), "scale 0.5 > 3,8,8");
    an_tensor_file_close(ctx, &file);
    an_pb_free(&bytes);
}

static void what_is_no_model_is_refused(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const struct {
        const char *data;
        size_t bytes;
        const char *why;
    } rows[] = {
        {"\x08\x08\x42\x02\x10\x11", 6, "an ONNX model without a graph"},
        {"\x08\x08\x3a\x00", 4, "it names no version"},
        {"\x08\x08\x3a\x00\x3a\x00", 6, "it has two graphs"},
        {"\x08\x08\x3a\x02\x7a\x00", 6, "a sparse tensor"},
        {"\x08\x08\x3a\x02\x2a\x00", 6, "tensor '': it has no type"},
    };

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_tensor_file file;
        const alexnet_status status = an_tensor_file_parse(ctx, "made", rows[i].data, rows[i].bytes,
                                                           an_tensor_format_find("onnx"), &file);
        assert_true(status == ALEXNET_BAD_FILE || status == ALEXNET_UNSUPPORTED);
        an_assert_error(ctx, rows[i].why);
    }
}

/* ---- damage ---- */

static void parse_quietly(alexnet_context *ctx, const void *data, size_t bytes)
{
    an_tensor_file file;
    const alexnet_status status =
        an_tensor_file_parse(ctx, "made", data, bytes, an_tensor_format_find("onnx"), &file);

    assert_true(status == ALEXNET_OK || status == ALEXNET_BAD_FILE ||
                status == ALEXNET_UNSUPPORTED);
    if (status == ALEXNET_OK) an_tensor_file_close(ctx, &file);
}

static void a_cut_file_is_refused_at_every_byte(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    an_pb_out bytes = made_model(ctx, MODEL);

    for (size_t i = 0; i < bytes.bytes; ++i) {
        an_tensor_file file;
        uint8_t *copy = malloc(i + 1);
        assert_non_null(copy);
        memcpy(copy, bytes.data, i);
        an_assert_status(
            ctx, an_tensor_file_parse(ctx, "made", copy, i, an_tensor_format_find("onnx"), &file),
            ALEXNET_BAD_FILE);
        free(copy);
    }
    an_pb_free(&bytes);
}

static void every_flipped_bit_is_survived(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    an_pb_out bytes = made_model(ctx, MODEL);

    for (size_t i = 0; i < AN_MIN(bytes.bytes, (size_t)4096); ++i)
        for (int bit = 0; bit < 8; ++bit) {
            bytes.data[i] ^= (uint8_t)(1 << bit);
            parse_quietly(ctx, bytes.data, bytes.bytes);
            bytes.data[i] ^= (uint8_t)(1 << bit);
        }
    an_pb_free(&bytes);
}

static void refused_memory_is_reported(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    an_pb_out bytes = made_model(ctx, MODEL);

    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_tensor_file file;
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, ENOMEM);
        const alexnet_status status = an_tensor_file_parse(ctx, "made", bytes.data, bytes.bytes,
                                                           an_tensor_format_find("onnx"), &file);
        if (!an_test_fault_disarm(&fault)) {
            an_assert_ok(ctx, status);
            an_tensor_file_close(ctx, &file);
            break;
        }
        an_assert_status(ctx, status, ALEXNET_NO_MEMORY);
        an_assert_error(ctx, "made: ");
    }
    an_pb_free(&bytes);
}

/* Counts that would take much memory or time are refused by their number. */
static void large_counts_are_refused(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const struct {
        const char *field;
        size_t bytes;
        int count;
        const char *why;
    } rows[] = {
        {"\x0a\x00", 2, 10001, "more than 10000 nodes"},
        {"\x2a\x00", 2, 8001, "more than 10000 nodes or 8000 tensors"},
        {"\x0a\x06\x2a\x00\x2a\x00\x2a\x00", 8, 10000, NULL},
        {"\x0a\x0a\x2a\x00\x2a\x00\x2a\x00\x2a\x00\x2a\x00", 12, 10000,
         "more than 30000 attributes"},
    };

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_pb_out model = {.ctx = ctx};
        an_tensor_file file;
        const size_t bytes = rows[i].bytes * (size_t)rows[i].count;
        an_pb_add_varint(&model, 1, 8);
        uint8_t *graph = malloc(bytes);
        assert_non_null(graph);
        for (int j = 0; j < rows[i].count; ++j)
            memcpy(graph + (size_t)j * rows[i].bytes, rows[i].field, rows[i].bytes);
        an_pb_add_bytes(&model, 7, graph, bytes);
        an_assert_status(ctx,
                         an_tensor_file_parse(ctx, "made", model.data, model.bytes,
                                              an_tensor_format_find("onnx"), &file),
                         ALEXNET_BAD_FILE);
        if (rows[i].why != NULL) an_assert_error(ctx, rows[i].why);
        free(graph);
        an_pb_free(&model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(exports_of_pytorch_are_chains),
        an_test_in_place(the_format_is_detected_by_content),
        an_test_in_place(damaged_graphs_are_refused),
        an_test_in_place(constants_are_values_too),
        an_test_in_place(what_is_no_model_is_refused),
        an_test_in_place(a_cut_file_is_refused_at_every_byte),
        an_test_in_place(every_flipped_bit_is_survived),
        an_test_in_place(refused_memory_is_reported),
        an_test_in_place(large_counts_are_refused),
    };

    return cmocka_run_group_tests_name("onnx", tests, NULL, NULL);
}
