/*
 * onnx_run_test.c: graphs run node by node: values worked by hand, spellings of the same network
 * that give the same numbers, batches, refused memory.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/onnx/made.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void fill(an_plain_map *images)
{
    for (int i = 0; i < images->n * images->c * images->h * images->w; ++i)
        images->data[i] = (float)((i * 29 + 3) % 41 - 20) / 8;
}

/* Runs a model on n images; the caller frees *logits. */
static alexnet_status run(alexnet_context *ctx, const char *text, int n, int c, int h, int w,
                          an_plain_map *logits)
{
    an_pb_out bytes;
    an_tensor_file file;
    an_plain_map images;

    an_assert_ok(ctx, made_open(ctx, text, &bytes, &file));
    an_assert_ok(ctx, an_plain_new(ctx, "images", n, c, h, w, &images));
    fill(&images);
    const alexnet_status status = file.format->run(ctx, "made", &file, &images, logits);
    an_plain_free(ctx, &images);
    an_tensor_file_close(ctx, &file);
    an_pb_free(&bytes);
    return status;
}

/* ---- by hand ---- */

/* images: -20/8 + i * 29/8 modulo 41/8: -17/8, 12/8, 0, -12/8 */
static void values_by_hand(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const float x[4] = {-17. / 8, 12. / 8, 0, -12. / 8};
    static const struct {
        const char *text;
        int count;
        double values[4];
    } rows[] = {
        {"floats w 1,2,3,4,5,6,7,8\nints s 2,4\nReshape r w,s v\nFlatten f x a\n"
         "Gemm g a,v y transB=1\n",
         2,
         {-17. / 8 + 24. / 8 - 48. / 8, 5 * -17. / 8 + 72. / 8 - 96. / 8}},
        {"floats w 1,2,3,4,5,6,7,8\nints s 4,2\nfloats b 10,20\nReshape r w,s v\nFlatten f x a\n"
         "MatMul g a,v c\nAdd d c,b y\n",
         2,
         {10 - 17. / 8 + 36. / 8 - 84. / 8, 20 - 34. / 8 + 48. / 8 - 96. / 8}},
        {"Relu r x y\n", 4, {0, 12. / 8, 0, 0}},
        {"floats two 2\nfloats q 4\nMul m x,two a\nDiv d a,q y\n",
         4,
         {-17. / 16, 12. / 16, 0, -12. / 16}},
        {"MaxPool m x y kernel_shape=2,2\n", 1, {12. / 8}},
        {"GlobalAveragePool m x y\n", 1, {-17. / 32}},
        {"AveragePool m x y kernel_shape=2,2 pads=1,1,0,0 strides=2,2 count_include_pad=1\n",
         4,
         {0}},
    };

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        char text[MADE_TEXT];
        an_plain_map y;
        snprintf(text, sizeof text, "input x N,1,2,2\n%soutput y\n", rows[i].text);
        an_assert_ok(ctx, run(ctx, text, 1, 1, 2, 2, &y));
        for (int j = 0; j < y.c * y.h * y.w; ++j) {
            const double expected = i == 6 ? (double)x[j] / 4 : rows[i].values[j];
            if (fabs((double)y.data[j] - expected) > 1e-6)
                fail_msg("row %zu, element %d: %g, expected %g", i, j, (double)y.data[j], expected);
        }
        an_plain_free(ctx, &y);
    }
}

/* ---- the same network in two spellings ---- */

#define NET(middle)                                                                                \
    "input x N,3,8,8\nfloat w 4,3,3,3\nfloat b 4\nfloat l 5,64\nConv c x,w,b a pads=1,1,1,1\n"     \
    "Relu r a d\n" middle "MaxPool p e f kernel_shape=3,3 strides=2,2 ceil_mode=1\n"               \
    "Flatten g f h\nGemm m h,l y transB=1\noutput y\n"

static void spellings_of_one_network_agree(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const char *const pairs[][2] = {
        {NET("Identity i d e\n"), NET("Dropout i d e\n")},
        {NET("Identity i d e\n"),
         "input x N,3,8,8\nfloat w 4,3,3,3\nfloat b 4\nfloat l 5,64\nints q 0,0,1,1,0,0,1,1\n"
         "ints z 0,0,0,0,0,0,1,1\nfloats low -99\nints s -1,64\nints b4 4,1,1\n"
         "Pad k x,q kx\nConv c kx,w a\nUnsqueeze v b,ax bb\nints ax 1,2\nAdd t a,bb a2\n"
         "Relu r a2 d\nMaxPool p d f kernel_shape=3,3 strides=2,2 pads=0,0,1,1\n"
         "Reshape g f,s h\nGemm m h,l y transB=1\noutput y\n"},
        {NET("LRN n d e size=3 alpha=0.3 beta=0.75 bias=2.0\n"),
         NET("ints one 1\nints q 0,0,1,0,0,0,0,1,0,0\nfloats al 0.3\nfloats k 2\nfloats be 0.75\n"
             "Mul n1 d,d s\nUnsqueeze n2 s,one t\nPad n3 t,q v\n"
             "AveragePool n4 v w1 kernel_shape=3,1,1 strides=1,1,1\nSqueeze n5 w1,one w2\n"
             "Mul n6 w2,al w3\nAdd n7 w3,k w4\nPow n8 w4,be w5\nDiv n9 d,w5 e\n")},
        {NET("ints s -1,2,8,8\nints t -1,4,8,8\nReshape n1 d,s u\nLRN n2 u v size=1 alpha=0.3\n"
             "Reshape n3 v,t e\n"),
         NET("LRN n d e size=1 alpha=0.3\n")},
        {NET("Identity i d e\n"),
         NET("ints zero 0\nints rest 4,8,8\nShape n1 d q\nGather n2 q,zero t\n"
             "Concat n3 t,rest u axis=0\nReshape n4 d,u e\n")},
        {NET("GlobalAveragePool i d q\nfloats one8 1\nMul j d,one8 e\n"), NET("Cast i d e to=1\n")},
        {NET("Transpose i d q perm=0,2,3,1\nTranspose j q e perm=0,3,1,2\n"),
         NET("Identity i d e\n")},
    };

    for (size_t i = 0; i < AN_COUNT(pairs); ++i) {
        an_plain_map a, b;
        an_assert_ok(ctx, run(ctx, pairs[i][0], 2, 3, 8, 8, &a));
        an_assert_ok(ctx, run(ctx, pairs[i][1], 2, 3, 8, 8, &b));
        assert_int_equal(a.c, 5);
        const double error = an_relative_error(a.data, b.data, 10);
        if (!(error < 1e-6)) fail_msg("pair %zu: %g", i, error);
        an_plain_free(ctx, &a);
        an_plain_free(ctx, &b);
    }
}

/* With channels last, the images are still given with channels first. */
static void channels_last_get_the_same_images(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    an_plain_map a, b;

    an_assert_ok(ctx, run(ctx, "input x N,3,4,5\nfloat w 2,3,3,3\nConv c x,w y\noutput y\n", 2, 3,
                          4, 5, &a));
    an_assert_ok(ctx, run(ctx,
                          "input x N,4,5,3\nfloat w 2,3,3,3\nTranspose t x a perm=0,3,1,2\n"
                          "Conv c a,w y\noutput y\n",
                          2, 3, 4, 5, &b));
    assert_memory_equal(a.data, b.data, (size_t)(2 * a.c * a.h * a.w) * sizeof *a.data);
    an_plain_free(ctx, &a);
    an_plain_free(ctx, &b);
}

/* A graph for one number of images runs them in such batches. */
static void a_fixed_batch_is_kept_to(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const char *const form = "input x %s,3,4,4\nfloat w 2,3,3,3\nfloat l 8,5\nints s %s,8\n"
                                    "Conv c x,w a\nReshape r a,s b\nMatMul m b,l y\noutput y\n";
    an_plain_map open, fixed;
    char text[MADE_TEXT];

    snprintf(text, sizeof text, form, "N", "-1");
    an_assert_ok(ctx, run(ctx, text, 5, 3, 4, 4, &open));
    snprintf(text, sizeof text, form, "2", "2");
    an_assert_ok(ctx, run(ctx, text, 5, 3, 4, 4, &fixed));
    assert_int_equal(fixed.n, 5);
    assert_memory_equal(open.data, fixed.data, 25 * sizeof *open.data);
    an_plain_free(ctx, &open);
    an_plain_free(ctx, &fixed);
}

/* ---- refusals ---- */

static void refusals_are_named(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    an_plain_map y;

    an_assert_status(ctx, run(ctx, "input x N,3,4,4\nErf e x y\noutput y\n", 1, 3, 4, 4, &y),
                     ALEXNET_UNSUPPORTED);
    an_assert_error(ctx, "node 'e' (Erf)");
    an_assert_status(ctx, run(ctx, "input x N,3,4,4\nRelu e x y\noutput y\n", 1, 3, 4, 5, &y),
                     ALEXNET_BAD_SHAPE);
    an_assert_error(ctx, "images of 3x4x5; its input has 3x4x4");
    an_assert_status(ctx, run(ctx, "input x 999,3,4,4\nRelu e x y\noutput y\n", 1, 3, 4, 4, &y),
                     ALEXNET_UNSUPPORTED);
    an_assert_error(ctx, "999 images at once");
}

static void refused_memory_is_reported(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    an_pb_out bytes;
    an_tensor_file file;
    an_plain_map images, y;

    an_assert_ok(ctx, made_open(ctx, NET("LRN n d e size=3\n"), &bytes, &file));
    an_assert_ok(ctx, an_plain_new(ctx, "images", 1, 3, 8, 8, &images));
    fill(&images);
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, ENOMEM);
        const alexnet_status status = file.format->run(ctx, "made", &file, &images, &y);
        if (!an_test_fault_disarm(&fault)) {
            an_assert_ok(ctx, status);
            break;
        }
        an_assert_status(ctx, status, ALEXNET_NO_MEMORY);
        assert_null(y.data);
    }
    an_plain_free(ctx, &y);
    an_plain_free(ctx, &images);
    an_tensor_file_close(ctx, &file);
    an_pb_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(values_by_hand),
        an_test_in_place(spellings_of_one_network_agree),
        an_test_in_place(channels_last_get_the_same_images),
        an_test_in_place(a_fixed_batch_is_kept_to),
        an_test_in_place(refusals_are_named),
        an_test_in_place(refused_memory_is_reported),
    };

    return cmocka_run_group_tests_name("onnx_run", tests, NULL, NULL);
}
