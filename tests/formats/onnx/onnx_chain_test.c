/*
 * onnx_chain_test.c: graphs as chains of layers: what every operator becomes, in every spelling,
 * and what is refused, with the node's name and what was expected.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/graph.h"
#include "formats/onnx/made.h"
#include <stdio.h>
#include <string.h>

#define IN         "input x N,3,8,8\n"
#define OUT        "output y\n"
#define W          "float w 4,3,3,3\nfloat b 4\n"
#define CONV       W "Conv c x,w,b a "
#define PADS       "pads=1,1,1,1"
#define ROWS(text) IN CONV PADS "\n" text OUT

static const struct {
    const char *name, *text, *chain;
} accepted[] = {
    {"a convolution", IN W "Conv c x,w,b y\n" OUT, "conv 3x3/1,1 bias > 4,6,6"},
    {"without bias", IN W "Conv c x,w y strides=2,1\n" OUT, "conv 3x3/2,1 > 4,3,6"},
    {"pads", IN W "Conv c x,w,b y pads=0,1,2,1 strides=2,2\n" OUT,
     "conv 3x3/2,2 pad 0,1 bias > 4,4,4"},
    {"same", IN W "Conv c x,w,b y auto_pad=SAME_UPPER strides=2,2\n" OUT,
     "conv 3x3/2,2 bias > 4,4,4"}, /* the one zero comes after */
    {"same, kept", IN W "Conv c x,w,b y auto_pad=SAME_UPPER\n" OUT,
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8"},
    {"valid", IN W "Conv c x,w,b y auto_pad=VALID strides=2,2\n" OUT, "conv 3x3/2,2 bias > 4,3,3"},
    {"groups", "input x N,4,8,8\nfloat w 6,2,3,3\nConv c x,w y group=2\n" OUT,
     "conv 3x3/1,1 groups 2 > 6,6,6"},
    {"bias by Add", IN W "ints s 1,4,1,1\nConv c x,w a\nReshape r b,s bb\nAdd d a,bb y\n" OUT,
     "conv 3x3/1,1 bias > 4,6,6"},
    {"Pad before", IN W "ints p 0,0,1,2,0,0,1,2\nPad d x,p a\nConv c a,w,b y\n" OUT,
     "conv 3x3/1,1 pad 1,2 bias > 4,8,10"},
    {"Pad of set 2", "opset 10\n" IN W "Pad d x a pads=0,0,1,1,0,0,1,1\nConv c a,w,b y\n" OUT,
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8"},
    {"activations", ROWS("Relu r a q\nTanh t q v\nSigmoid s v y\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; relu > 4,8,8; tanh > 4,8,8; sigmoid > 4,8,8"},
    {"pooling", ROWS("MaxPool p a y kernel_shape=3,3 strides=2,2\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; max 3x3/2,2 > 4,3,3"},
    {"rounded up", ROWS("MaxPool p a y kernel_shape=3,3 strides=2,2 ceil_mode=1\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; max 3x3/2,2 > 4,4,4"},
    {"the same by pads", ROWS("MaxPool p a y kernel_shape=3,3 strides=2,2 pads=0,0,1,1\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; max 3x3/2,2 > 4,4,4"},
    {"averages", ROWS("AveragePool p a y kernel_shape=3,3 strides=2,2 pads=1,1,1,1\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; mean 3x3/2,2 pad 1,1 > 4,4,4"},
    {"counted",
     ROWS("AveragePool p a y kernel_shape=3,3 strides=2,2 pads=1,1,1,1 count_include_pad=1\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; mean 3x3/2,2 pad 1,1 counted > 4,4,4"},
    {"one element", ROWS("AveragePool p a y kernel_shape=1,1 strides=1,1\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8"},
    {"global", ROWS("GlobalAveragePool p a y\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; mean 8x8/8,8 > 4,1,1"},
    {"the same as a window", ROWS("AveragePool p a y kernel_shape=8,8\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; mean 8x8/8,8 > 4,1,1"},
    {"a mean", "opset 18\n" ROWS("ints m 2,3\nReduceMean p a,m y keepdims=0\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; mean 8x8/8,8 > 4,1,1"},
    {"a mean of set 11", ROWS("ReduceMean p a v axes=-1,-2\nSqueeze s v,m y\nints m 2,3\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; mean 8x8/8,8 > 4,1,1"},
    {"normalisation", ROWS("LRN n a y size=3 alpha=0.3 beta=0.5 bias=2.0\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; lrn 3 0.1 0.5 2 > 4,8,8"},
    {"its defaults", ROWS("LRN n a y size=5\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; lrn 5 2e-05 0.75 1 > 4,8,8"},
    {"in groups",
     ROWS("ints s -1,2,8,8\nints t -1,4,8,8\nReshape r a,s u\nLRN n u v size=3 alpha=0.3\n"
          "Reshape q v,t y\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; lrn groups 2 3 0.1 0.75 1 > 4,8,8"},
    {"within a map",
     ROWS("floats f 0.9\nfloats k 2\nfloats e 0.75\nMul m a,a s\n"
          "AveragePool p s t kernel_shape=3,3 pads=1,1,1,1 count_include_pad=1\nMul n f,t u\n"
          "Add o u,k v\nPow q v,e z\nDiv d a,z y\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; within 3 0.1 0.75 2 > 4,8,8"},
    {"by a negative power",
     ROWS("floats f 0.9\nfloats k 2\nfloats e -0.75\nfloats two 2\nPow m a,two s\n"
          "AveragePool p s t kernel_shape=3,3 pads=1,1,1,1 count_include_pad=1\nMul n t,f u\n"
          "Add o k,u v\nPow q v,e z\nMul d z,a y\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; within 3 0.1 0.75 2 > 4,8,8"},
    {"across, as PyTorch writes it",
     ROWS("ints one 1\nints p 0,0,1,0,0,0,0,1,0,0\nfloats f 0.3\nfloats k 2\nfloats e 0.75\n"
          "Mul m a,a s\nUnsqueeze u s,one t\nPad d t,p v\n"
          "AveragePool q v w1 kernel_shape=3,1,1 strides=1,1,1 count_include_pad=1\n"
          "Squeeze z w1,one w2\nMul n w2,f w3\nAdd o w3,k w4\nPow r w4,e w5\nDiv g a,w5 y\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; lrn 3 0.1 0.75 2 > 4,8,8"},
    {"batch normalisation",
     ROWS("float g 4\nfloat h 4\nfloat m 4\nfloat v 4\n"
          "BatchNormalization n a,g,h,m,v y epsilon=0.001\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; norm 0.001 bias > 4,8,8"},
    {"dropout, identities, scaling",
     ROWS("floats half 0.5\nDropout d a e\nIdentity i e f\nCast c2 f g to=1\nMul m g,half y\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; scale 0.5 > 4,8,8"},
    {"linear", ROWS("float l 5,256\nfloat k 5\nFlatten f a v\nGemm g v,l,k y transB=1\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; flatten > 256,1,1; linear bias > 5,1,1"},
    {"linear by MatMul and Add",
     ROWS("float l 256,5\nfloat k 5\nints s 0,-1\nReshape f a,s v\nMatMul g v,l u\nAdd d u,k y\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; flatten > 256,1,1; linear bias > 5,1,1"},
    {"a shape that is computed",
     ROWS("float l 256,5\nints zero 0\nints rest 256\nShape s a t\nGather g t,zero u\n"
          "Concat c2 u,rest v axis=0\nReshape f a,v z\nMatMul m z,l y\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; flatten > 256,1,1; linear > 5,1,1"},
    {"a softmax at the end", ROWS("float l 256,5\nFlatten f a v\nMatMul g v,l u\nSoftmax s u y\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; flatten > 256,1,1; linear > 5,1,1"},
    {"channels last",
     "input x N,8,8,3\n" W "float l 144,5\nTranspose t x a perm=0,3,1,2\nConv c a,w,b d\n"
     "Transpose u d e perm=0,2,3,1\nFlatten f e g\nMatMul m g,l y\n" OUT,
     "conv 3x3/1,1 bias > 4,6,6; flatten > 144,1,1; linear > 5,1,1"},
    {"channels last, a mean",
     "input x N,8,8,3\n" W "float l 4,5\nints m 1,2\nTranspose t x a perm=0,3,1,2\nConv c a,w,b d\n"
     "Transpose u d e perm=0,2,3,1\nReduceMean f e,m g keepdims=0\nMatMul q g,l y\nopset 18\n" OUT,
     "conv 3x3/1,1 bias > 4,6,6; mean 6x6/6,6 > 4,1,1; linear > 5,1,1"},
    {"a fixed number of images",
     "input x 2,3,8,8\n" W "float l 144,5\nints s 2,144\nConv c x,w,b a\nReshape f a,s v\n"
     "MatMul g v,l y\n" OUT,
     "conv 3x3/1,1 bias > 4,6,6; flatten > 144,1,1; linear > 5,1,1"},
    {"what leads nowhere", ROWS("Relu r a y\nErf e a q\nNonsense n q v\n"),
     "conv 3x3/1,1 pad 1,1 bias > 4,8,8; relu > 4,8,8"},
};

static void every_spelling_becomes_its_layers(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    char text[MADE_TEXT];

    for (size_t i = 0; i < AN_COUNT(accepted); ++i) {
        an_pb_out bytes;
        an_tensor_file file;
        an_assert_ok(ctx, made_open(ctx, accepted[i].text, &bytes, &file));
        const char *found = made_describe(&file, text);
        if (strcmp(found, accepted[i].chain) != 0)
            fail_msg("%s:\n%s\nexpected\n%s", accepted[i].name, found, accepted[i].chain);
        an_tensor_file_close(ctx, &file);
        an_pb_free(&bytes);
    }
}

/* ---- refusals ---- */

static const struct {
    const char *text, *reason;
} refused[] = {
    {ROWS("Erf e a y\n"), "node 'e' (Erf): expected an operator of AlexNet's families"},
    {ROWS("LeakyRelu e a q\nRelu r q y\n"), "node 'e' (LeakyRelu): expected an operator"},
    {IN W "Conv c x,w,b y dilations=2,2\n" OUT,
     "node 'c' (Conv): expected windows like its weights"},
    {IN W "Conv c x,w,b y kernel_shape=5,5\n" OUT, "node 'c' (Conv): expected windows like its"},
    {IN W "Conv c x,w,b y auto_pad=SAME_LOWER\n" OUT, "auto_pad SAME_LOWER is not read"},
    {IN W "Conv c x,w,b y group=2\n" OUT, "2 groups of 3 channels and 4 filters on an input of 3"},
    {IN W "Conv c x,w,w y\n" OUT, "expected a constant bias for each of 4 filters"},
    {"input x N,3,2,2\n" W "Conv c x,w,b y\n" OUT,
     "node 'c' (Conv): a window of 3 on a padded side"},
    {"input x N,3,h,w\n" W "Conv c x,w,b y\n" OUT, "the size of its input is not given"},
    {"input x N,8,8\n" W "Conv c x,w,b y\n" OUT, "does not have 4 dimensions"},
    {IN "input z N,3\n" W "Conv c x,w,b y\n" OUT, "it has several inputs"},
    {IN "input z 4,3,3,3\nfloat b 4\nConv c x,z,b y\n" OUT, "it has several inputs"},
    {ROWS("MaxPool p a y kernel_shape=2,2 strides=3,3 pads=1,1,1,1 ceil_mode=1\n"),
     "node 'p' (MaxPool): rounded up, its last window begins beyond the input"},
    {ROWS("MaxPool p a y kernel_shape=2,2 pads=2,0,0,0\n"), "expected less padding than a window"},
    {ROWS("MaxPool p a y kernel_shape=2,2 ceil_mode=1 auto_pad=VALID\n"), "ceil_mode and auto_pad"},
    {ROWS("AveragePool p a y kernel_shape=3,3 pads=0,0,1,1 count_include_pad=1\n"),
     "expected the same padding on both sides, as it is counted"},
    {ROWS("ints p 0,0,1,1,0,0,1,1\nPad d a,p q\nMaxPool m q y kernel_shape=2,2\n"),
     "node 'm' (MaxPool): expected a padding that is no maximum, found 0"},
    {ROWS("ints p 0,0,1,1,0,0,1,1\nfloats v 1\nPad d a,p,v q\nConv e q,w2 y\nfloat w2 4,4,3,3\n"),
     "node 'e' (Conv): expected a padding of zeros before it, found 1"},
    {ROWS("ints p 0,0,1,1,0,0,1,1\nPad d a,p q\nRelu r q y\n"),
     "node 'r' (Relu): expected a convolution or a pooling after a Pad"},
    {ROWS("ints p 0,1,0,0,0,0,0,0\nPad d a,p q\nRelu r q y\n"),
     "node 'd' (Pad): expected a padding of rows and columns"},
    {ROWS("ints p 0,0,1,1,0,0,1,1\nPad d a,p q mode=reflect\nRelu r q y\n"),
     "node 'd' (Pad): expected a constant padding"},
    {ROWS("LRN n a y size=4\n"), "node 'n' (LRN): expected an odd size, found 4"},
    {ROWS("float l 5,256\nFlatten f a v\nGemm g v,l y transB=1 alpha=0.5\n"),
     "node 'g' (Gemm): expected alpha and beta 1"},
    {ROWS("float l 5,255\nFlatten f a v\nGemm g v,l y transB=1\n"),
     "node 'g' (Gemm): weights for 255 inputs, the map has 256"},
    {ROWS("float l 5,256\nGemm g a,l y transB=1\n"), "expected a row for each image as its input"},
    {ROWS("Add d a,a y\n"), "node 'd' (Add): expected a bias, a scaling by one number"},
    {ROWS("Add d a,b y\n"), "expected a convolution or a linear layer without bias before it"},
    {ROWS("floats v 1,2,3,4,5,6,7,8\nMul d a,v y\n"), "expected a bias, a scaling by one number"},
    {IN W "floats v 1,2,3,4\nConv c x,w a\nAdd d a,v y\n" OUT, "expected a bias for each of 4"},
    {ROWS("Softmax s a y axis=2\n"), "node 's' (Softmax): expected a softmax over classes"},
    {ROWS("Softmax s a q axis=1\nRelu r q y\n"),
     "node 'r' (Relu): expected nothing after the softmax"},
    {ROWS("ints s -1,2,8,8\nReshape r a,s q\nMaxPool p q y kernel_shape=2,2\n"),
     "node 'p' (MaxPool): expected a normalisation of 2 groups of channels"},
    {ROWS("ints s -1,4,4,8\nReshape r a,s y\n"), "node 'r' (Reshape): it cuts the images in 2"},
    {ROWS("ints s 1,-1\nReshape r a,s y\n"),
     "node 'r' (Reshape): expected a shape of 256 elements"},
    {ROWS("Flatten f a y axis=2\n"), "node 'f' (Flatten): expected a row for each image"},
    {ROWS("Transpose t a q perm=0,2,3,1\nMaxPool p q y kernel_shape=2,2\n"),
     "node 'p' (MaxPool): expected an input of channels, rows, columns"},
    {ROWS("Transpose t a y perm=1,0,2,3\n"),
     "expected a map of channels, rows, columns in another"},
    {ROWS("floats f 0.9\nMul m a,a s\nAveragePool p s t kernel_shape=3,3 pads=1,1,1,1\nDiv d a,t "
          "y\n"),
     "node 'p' (AveragePool): expected an average over an odd window"},
    {ROWS("Mul m a,a y\n"), "output 'y': expected the end of a chain of layers"},
    {ROWS("floats t 1\nDropout d a,-,t y\n"), "node 'd' (Dropout): it is in training mode"},
    {IN W "float w2 3,4,1,1\nConv c x,w,b a\nConv d a,w2 e\nConv f e,w,b y\n" OUT,
     "node 'c' (Conv): expected parameters that no other node reads"},
    {IN "output x\n", "output 'x': expected the end of a chain of layers"},
    {ROWS("Relu r a y,z\nTanh t z q\nRelu s q v\n") "", NULL},
    {IN CONV PADS "\nRelu r a y,z\noutput z\n", "node 'r' (Relu): expected only its first output"},
};

static void what_no_chain_has_is_refused_with_its_node(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;

    for (size_t i = 0; i < AN_COUNT(refused); ++i) {
        an_pb_out bytes;
        an_tensor_file file;
        an_assert_ok(ctx, made_open(ctx, refused[i].text, &bytes, &file));
        if (refused[i].reason == NULL) {
            assert_non_null(file.graph);
        } else {
            if (file.graph != NULL) fail_msg("accepted, not refused: %s", refused[i].reason);
            if (strstr(file.no_graph, refused[i].reason) == NULL)
                fail_msg("%s\nexpected\n%s", file.no_graph, refused[i].reason);
        }
        an_tensor_file_close(ctx, &file);
        an_pb_free(&bytes);
    }
}

/* ---- the layout of parameters ---- */

/* The weights of a linear layer over a map with channels last are those over one with channels
   first, in another order. */
static void weights_get_our_layout(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const char *const text =
        "input x N,3,4,4\nfloat w 2,3,3,3\nfloat l 8,5\nConv c x,w a\n"
        "Transpose u a e perm=0,2,3,1\nFlatten f e g\nMatMul m g,l y\n" OUT;
    an_pb_out bytes;
    an_tensor_file file;
    float values[40];

    an_assert_ok(ctx, made_open(ctx, text, &bytes, &file));
    assert_non_null(file.graph);
    const an_tensor_view *l = &file.tensors[file.graph->nodes[2].weight];
    assert_string_equal(l->name, "l");
    assert_int_equal(l->shape[0], 5);
    assert_int_equal(l->shape[1], 8);
    an_assert_ok(ctx, an_tensor_to_float(ctx, "made", l, values));
    for (int o = 0; o < 5; ++o)
        for (int c = 0; c < 2; ++c)
            for (int place = 0; place < 4; ++place) /* stored [row][column][channel][output] */
                assert_float_equal(values[o * 8 + c * 4 + place],
                                   made_value((place * 2 + c) * 5 + o), 0);
    an_tensor_file_close(ctx, &file);
    an_pb_free(&bytes);
}

/* ---- another network is told apart ---- */

static void a_changed_graph_differs_at_its_node(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const char *const form = "input x N,3,%d,%d\n" W "float l %d,5\nConv c x,w,b a pads=%s\n"
                                    "Relu r a d\n%sMaxPool p %s e kernel_shape=3,3 strides=2,2 "
                                    "ceil_mode=%d\nFlatten f e g\nMatMul m g,l y\n" OUT;
    static const struct {
        int side, inputs;
        const char *pads, *extra, *from;
        int up;
        const char *reason;
    } rows[] = {
        {8, 64, "1,1,1,1", "", "d", 1, NULL},
        {8, 36, "0,0,0,0", "", "d", 1, "node 'c': found convolution 3x3, stride 1, 3x8x8 to 4x6x6"},
        {8, 36, "1,1,1,1", "", "d", 0, "node 'p': found maximum pooling 3x3, stride 2"},
        {9, 64, "1,1,1,1", "", "d", 1, "node 'c': found convolution 3x3, stride 1, pad 1, 3x9x9"},
        {8, 64, "1,1,1,1", "Tanh t d q\n", "q", 1, "node 't': found tanh"},
    };
    an_pb_out model, changed;
    an_tensor_file file, other;
    char text[MADE_TEXT];

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        snprintf(text, sizeof text, form, rows[i].side, rows[i].side, rows[i].inputs, rows[i].pads,
                 rows[i].extra, rows[i].from, rows[i].up);
        an_assert_ok(ctx, made_open(ctx, text, &changed, &other));
        if (other.graph == NULL) fail_msg("%s", other.no_graph);
        if (i == 0) {
            an_assert_ok(ctx, made_open(ctx, text, &model, &file));
            an_assert_ok(ctx, an_graph_compare(ctx, "made", other.graph, file.graph, "made"));
        } else {
            an_assert_status(ctx, an_graph_compare(ctx, "made", other.graph, file.graph, "first"),
                             ALEXNET_BAD_FILE);
            an_assert_error(ctx, rows[i].reason);
        }
        an_tensor_file_close(ctx, &other);
        an_pb_free(&changed);
    }
    an_tensor_file_close(ctx, &file);
    an_pb_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(every_spelling_becomes_its_layers),
        an_test_in_place(what_no_chain_has_is_refused_with_its_node),
        an_test_in_place(weights_get_our_layout),
        an_test_in_place(a_changed_graph_differs_at_its_node),
    };

    return cmocka_run_group_tests_name("onnx_chain", tests, NULL, NULL);
}
