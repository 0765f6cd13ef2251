/*
 * caffe_run_test.c: networks run by Caffe's rules. The numbers are those of OpenCV 4.14's dnn
 * module, which reads the same files (readNetFromCaffe with a prototxt that names the layers).
 * SPDX-License-Identifier: MIT
 */
#include "made.h"
#include "support/support.h"

#include "formats/caffe/caffe.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* x[i] = ((37 i) mod 19 - 9) / 8 */
static an_plain_map make_images(alexnet_context *ctx, int c, int h, int w)
{
    an_plain_map x;

    an_assert_ok(ctx, an_plain_new(ctx, "x", 1, c, h, w, &x));
    for (int i = 0; i < c * h * w; ++i)
        x.data[i] = (float)((i * 37) % 19 - 9) / 8;
    return x;
}

static void check_logits(alexnet_context *ctx, const made *net, an_plain_map *x, int count,
                         const float *expected)
{
    an_tensor_file file;
    an_plain_map logits;

    an_assert_ok(ctx, an_tensor_file_parse(ctx, "w", net->data, net->bytes, NULL, &file));
    an_assert_ok(ctx, file.format->run(ctx, "w", &file, x, &logits));
    assert_int_equal(logits.n * logits.c * logits.h * logits.w, count);
    for (int i = 0; i < count; ++i)
        if (!(fabsf(logits.data[i] - expected[i]) <= 2e-6f * fabsf(expected[i])))
            fail_msg("number %d is %.9g; expected %.9g", i, (double)logits.data[i],
                     (double)expected[i]);
    an_plain_free(ctx, &logits);
    an_tensor_file_close(ctx, &file);
    an_plain_free(ctx, x);
}

static void every_form_gives_the_same(void **state)
{
    static const float plain[] = {6.200953483581543f, 7.719855785369873f, 9.00511360168457f};
    /* OpenCV does not know `transpose`: these come from NumPy and OpenCV's input of the layer */
    static const float transposed[] = {18.410236358642578f, 10.10062026977539f,
                                       1.3092957735061646f};
    const an_test_place *p = *state;

    for (int i = 0; i < MADE_FORMS; ++i) {
        static made net;
        an_plain_map x = make_images(p->ctx, 2, 5, 6);
        made_net(&net, &made_forms[i]);
        check_logits(p->ctx, &net, &x, 3, made_forms[i].transpose ? transposed : plain);
    }
}

/* ---- one layer of each further kind ---- */

static const made_form form = {.generation = 2};

static void begin(made *net)
{
    net->bytes = 0;
    made_text(net, 1, "more");
    made_text(net, 3, "data");
    for (int i = 0; i < 4; ++i)
        made_varint(net, 4, (uint64_t[]){1, 2, 5, 6}[i]);
}

/* Average pooling with padding, a normalisation within maps, statistics, all activations. */
static void add_more(made *net)
{
    static const int two[] = {2}, one[] = {1};
    made settings = {.bytes = 0}, rest = {.bytes = 0};

    made_layer(net, "tanh", "TanH", "data", "tanh", NULL);
    made_varint(&settings, 1, 1); /* average */
    made_varint(&settings, 2, 3);
    made_varint(&settings, 3, 2);
    made_varint(&settings, 4, 1);
    made_message(&rest, 121, &settings);
    made_layer(net, "pool", "Pooling", "tanh", "pool", &rest);
    settings.bytes = rest.bytes = 0;
    made_varint(&settings, 1, 3);
    made_float(&settings, 2, 2);
    made_float(&settings, 3, 0.75f);
    made_varint(&settings, 4, 1); /* within */
    made_message(&rest, 118, &settings);
    made_layer(net, "norm", "LRN", "pool", "norm", &rest);
    settings.bytes = rest.bytes = 0;
    made_float(&settings, 3, 0.125f);
    made_message(&rest, 139, &settings);
    made_blob(&rest, 7, &form, 1, two, 0.5f, 0.25f);
    made_blob(&rest, 7, &form, 1, two, 2, 1);
    made_blob(&rest, 7, &form, 1, one, 4, 0);
    made_layer(net, "bn", "BatchNorm", "norm", "norm", &rest);
    settings.bytes = rest.bytes = 0;
    made_varint(&settings, 4, 1);
    made_message(&rest, 142, &settings);
    made_blob(&rest, 7, &form, 1, two, 3, 2);
    made_blob(&rest, 7, &form, 1, two, -1, 0.5f);
    made_layer(net, "scale", "Scale", "norm", "norm", &rest);
    settings.bytes = rest.bytes = 0;
    made_float(&settings, 2, 0.5f);
    made_message(&rest, 122, &settings);
    made_layer(net, "power", "Power", "norm", "norm", &rest);
    made_layer(net, "sigmoid", "Sigmoid", "norm", "norm", NULL);
    made_layer(net, "flat", "Flatten", "norm", "flat", NULL);
}

static void further_layers_are_run(void **state)
{
    static const float expected[] = {
        0.361653686f, 0.469224513f, 0.413763046f, 0.35382694f,  0.266206533f, 0.328656018f,
        0.332803965f, 0.310694516f, 0.298866987f, 0.410722852f, 0.443387538f, 0.36836946f,
        0.275844753f, 0.276182711f, 0.321853042f, 0.311796069f, 0.302369863f, 0.30768764f,
        0.341168702f, 0.31776309f,  0.282766283f, 0.256233215f, 0.298318684f, 0.315819293f,
    };
    const an_test_place *p = *state;
    static made net;
    an_plain_map x = make_images(p->ctx, 2, 5, 6);

    begin(&net);
    add_more(&net);
    check_logits(p->ctx, &net, &x, (int)AN_COUNT(expected), expected);
}

/* ---- Caffe's trained network ---- */

/* OpenCV's logits for an image of the sequence above times 60. */
static void the_trained_network_is_run(void **state)
{
    static const float expected[] = {6.79099894f,  0.784888804f, 0.202175617f, -1.36279631f,
                                     -1.73910606f, -3.55884528f, -3.51693773f, -1.36409283f,
                                     2.85423136f,  0.909495413f};
    const an_test_place *p = *state;
    const char *path = an_test_data("caffe/cifar10_full_iter_70000.caffemodel");
    an_tensor_file file;
    an_plain_map logits;

    if (path == NULL) skip();
    an_plain_map x = make_images(p->ctx, 3, 32, 32);
    for (int i = 0; i < 3 * 32 * 32; ++i)
        x.data[i] *= 60;
    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    an_assert_ok(p->ctx, file.format->run(p->ctx, path, &file, &x, &logits));
    assert_true(an_relative_error(logits.data, expected, AN_COUNT(expected)) < 1e-5);
    an_plain_free(p->ctx, &logits);
    an_plain_free(p->ctx, &x);
    an_tensor_file_close(p->ctx, &file);
}

/* ---- refused ---- */

static void run_refused(alexnet_context *ctx, const made *net, int channels,
                        alexnet_status expected)
{
    an_plain_map x = make_images(ctx, channels, 5, 6), logits;
    an_tensor_file file;

    an_assert_ok(ctx, an_tensor_file_parse(ctx, "w", net->data, net->bytes, NULL, &file));
    an_assert_status(ctx, file.format->run(ctx, "w", &file, &x, &logits), expected);
    assert_null(logits.data);
    an_plain_free(ctx, &x);
    an_tensor_file_close(ctx, &file);
}

static void what_cannot_run_is_refused(void **state)
{
    const an_test_place *p = *state;
    static made net;
    made settings = {.bytes = 0}, rest = {.bytes = 0};

    made_net(&net, &form);
    run_refused(p->ctx, &net, 3, ALEXNET_BAD_FILE); /* three channels for two groups */
    an_assert_error(p->ctx, "layer 'conv' (Convolution): its groups do not divide its channels");
    run_refused(p->ctx, &net, 4, ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "its values are not as many as its settings say");

    begin(&net);
    made_varint(&settings, 1, 3);
    made_message(&rest, 117, &settings);
    made_layer(&net, "ip", "InnerProduct", "data", "ip", &rest);
    run_refused(p->ctx, &net, 2, ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "layer 'ip' (InnerProduct): it has no weights");

    begin(&net);
    made_layer(&net, "cat", "Concat", "data", "cat", NULL);
    run_refused(p->ctx, &net, 2, ALEXNET_UNSUPPORTED);
    an_assert_error(p->ctx, "w: layer 'cat' (Concat): no network here has such a layer");
}

static void refused_memory_is_told(void **state)
{
    const an_test_place *p = *state;
    static made net;
    an_tensor_file file;

    begin(&net);
    add_more(&net);
    an_assert_ok(p->ctx, an_tensor_file_parse(p->ctx, "w", net.data, net.bytes, NULL, &file));
    an_plain_map x = make_images(p->ctx, 2, 5, 6), logits;
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, ENOMEM);
        const alexnet_status status = file.format->run(p->ctx, "w", &file, &x, &logits);
        const bool failed = an_test_fault_disarm(&fault);
        an_plain_free(p->ctx, &logits);
        an_assert_status(p->ctx, status, failed ? ALEXNET_NO_MEMORY : ALEXNET_OK);
        if (!failed) break;
    }
    an_plain_free(p->ctx, &x);
    an_tensor_file_close(p->ctx, &file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(every_form_gives_the_same),  an_test_in_place(further_layers_are_run),
        an_test_in_place(the_trained_network_is_run), an_test_in_place(what_cannot_run_is_refused),
        an_test_in_place(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
