/*
 * caffe_record_test.c: mean images; the files beside a network, and the record made of them.
 * SPDX-License-Identifier: MIT
 */
#include "made.h"
#include "support/support.h"

#include "base/memory.h"
#include "formats/caffe/caffe_record.h"
#include "image/preprocess.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Writes a mean image [c][h][w] of the values 1, 2, 3 ... */
static void write_mean(const an_test_place *p, const char *name, int c, int h, int w)
{
    static float values[3 * 40 * 40];
    static made blob;
    const int dims[] = {1, c, h, w};

    assert_true(c * h * w * 4 < 19000);
    blob.bytes = 0;
    for (int i = 0; i < 4; ++i)
        made_varint(&blob, 1 + i, (uint64_t)dims[i]);
    for (int i = 0; i < c * h * w; ++i)
        values[i] = (float)(i + 1);
    made_bytes(&blob, 5, values, (size_t)(c * h * w) * sizeof *values);
    an_test_write(an_test_path(p->folder, name), blob.data, blob.bytes);
}

/* Writes a network that reads images of 3 x `size` x `size`. transform: of its data layer, or
   NULL. */
static const char *write_net(const an_test_place *p, const char *name, int size,
                             const made *transform)
{
    static made net;
    made rest = {.bytes = 0}, shape = {.bytes = 0}, input = {.bytes = 0};
    const char *path = an_test_path(p->folder, name);

    net.bytes = 0;
    if (transform != NULL) {
        made_message(&rest, 100, transform);
        made_layer(&net, "data", "Data", NULL, "data", &rest);
    }
    for (int i = 0; i < 4; ++i)
        made_varint(&shape, 1, (uint64_t)(i == 0 ? 1 : i == 1 ? 3 : size));
    made_message(&input, 1, &shape);
    rest.bytes = 0;
    made_message(&rest, 143, &input);
    made_layer(&net, "input", "Input", NULL, "data", &rest);
    made_layer(&net, "tanh", "TanH", "data", "tanh", NULL);
    an_test_write(path, net.data, net.bytes);
    return path;
}

/* Finds the sidecar and compares the record; NULL: none. Close *out. */
static void find(const an_test_place *p, const char *path, const char *record,
                 an_caffe_sidecar *out)
{
    an_tensor_file file;
    an_preprocess parsed;

    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    an_assert_ok(p->ctx, an_caffe_sidecar_find(p->ctx, path, &file, out));
    an_tensor_file_close(p->ctx, &file);
    if (record == NULL) {
        assert_null(out->record);
        return;
    }
    assert_non_null(out->record);
    assert_string_equal(out->record, record);
    an_assert_ok(p->ctx, an_preprocess_parse(p->ctx, out->record, &parsed));
}

static void mean_images_are_read(void **state)
{
    const an_test_place *p = *state;
    int shape[3];
    float *mean;

    write_mean(p, "m", 3, 2, 4);
    an_assert_ok(p->ctx, an_caffe_mean_read(p->ctx, an_test_path(p->folder, "m"), shape, &mean));
    assert_true(shape[0] == 3 && shape[1] == 2 && shape[2] == 4);
    for (int i = 0; i < 24; ++i)
        assert_true(mean[i] == (float)(i + 1));
    an_free(p->ctx, mean);

    write_mean(p, "grey", 1, 2, 4);
    an_assert_status(p->ctx,
                     an_caffe_mean_read(p->ctx, an_test_path(p->folder, "grey"), shape, &mean),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "expected a mean image [3,height,width], found [1,2,4]");
    an_assert_status(p->ctx, an_caffe_mean_read(p->ctx, write_net(p, "n", 8, NULL), shape, &mean),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "found a network");
    an_assert_status(p->ctx,
                     an_caffe_mean_read(p->ctx, an_test_path(p->folder, "no"), shape, &mean),
                     ALEXNET_NOT_FOUND);
    assert_null(mean);
}

static void nothing_beside_it_is_no_failure(void **state)
{
    const an_test_place *p = *state;
    an_caffe_sidecar s;

    find(p, write_net(p, "n.caffemodel", 32, NULL), NULL, &s);
    assert_null(s.mean_image);
    assert_null(s.definition);
    an_caffe_sidecar_close(p->ctx, &s);
    an_caffe_sidecar_close(p->ctx, &s);
}

/* Images of CIFAR-10's size are red first, others blue first. */
static void a_mean_image_is_used(void **state)
{
    const an_test_place *p = *state;
    an_caffe_sidecar s;

    write_mean(p, "mean.binaryproto", 3, 32, 32);
    find(p, write_net(p, "n.caffemodel", 32, NULL),
         "resize=exact:32x32 filter=bilinear crop=none orientation=stored channels=rgb divide=1 "
         "mean=image",
         &s);
    assert_non_null(s.mean_image);
    assert_string_equal(s.mean, an_test_path(p->folder, "mean.binaryproto"));
    an_caffe_sidecar_close(p->ctx, &s);

    write_mean(p, "mean.binaryproto", 3, 38, 36);
    find(p, write_net(p, "n.caffemodel", 34, NULL),
         "resize=exact:38x36 filter=bilinear crop=34x34 orientation=stored channels=bgr divide=1 "
         "mean=image",
         &s);
    an_caffe_sidecar_close(p->ctx, &s);

    find(p, write_net(p, "n.caffemodel", 40, NULL), NULL, &s); /* too small a mean */
    assert_null(s.mean_image);
    assert_null(s.mean);
    an_caffe_sidecar_close(p->ctx, &s);

    an_test_write_text(an_test_path(p->folder, "mean.binaryproto"), "\x08\x01");
    an_tensor_file file;
    const char *path = write_net(p, "n.caffemodel", 34, NULL);
    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    an_assert_status(p->ctx, an_caffe_sidecar_find(p->ctx, path, &file, &s), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "mean.binaryproto: not a file of Caffe");
    an_tensor_file_close(p->ctx, &file);
}

/* The data layer in the file of weights: its mean file by its last name, its crop, its scale. */
static void the_networks_own_words_count(void **state)
{
    const an_test_place *p = *state;
    an_caffe_sidecar s;
    made t = {.bytes = 0};

    write_mean(p, "mean.binaryproto", 3, 33, 33);
    write_mean(p, "other.binaryproto", 3, 36, 36);
    made_float(&t, 1, 0.00390625f);
    made_varint(&t, 3, 34);
    made_text(&t, 4, "data/other.binaryproto");
    find(p, write_net(p, "n.caffemodel", 34, &t),
         "resize=exact:36x36 filter=bilinear crop=34x34 orientation=stored channels=bgr divide=1 "
         "mean=image std=256,256,256",
         &s);
    assert_string_equal(s.mean, an_test_path(p->folder, "other.binaryproto"));
    an_caffe_sidecar_close(p->ctx, &s);

    t.bytes = 0;
    made_varint(&t, 3, 227);
    made_float(&t, 5, 104);
    made_float(&t, 5, 117);
    made_float(&t, 5, 123);
    find(p, write_net(p, "n.caffemodel", 227, &t),
         "resize=exact:256x256 filter=bilinear crop=227x227 orientation=stored channels=bgr "
         "divide=1 mean=104,117,123",
         &s);
    assert_null(s.mean_image);
    an_caffe_sidecar_close(p->ctx, &s);

    t.bytes = 0;
    made_float(&t, 1, 0.5f); /* no mean at all: the file beside it belongs to another */
    find(p, write_net(p, "n.caffemodel", 34, &t),
         "resize=exact:34x34 filter=bilinear crop=none orientation=stored channels=bgr divide=1 "
         "mean=0,0,0 std=2,2,2",
         &s);
    an_caffe_sidecar_close(p->ctx, &s);

    t.bytes = 0;
    made_text(&t, 4, "gone.binaryproto"); /* not there: the usual name */
    find(p, write_net(p, "n.caffemodel", 33, &t),
         "resize=exact:33x33 filter=bilinear crop=none orientation=stored channels=bgr divide=1 "
         "mean=image",
         &s);
    assert_string_equal(s.mean, an_test_path(p->folder, "mean.binaryproto"));
    an_caffe_sidecar_close(p->ctx, &s);

    t.bytes = 0;
    made_float(&t, 1, 0);
    an_tensor_file file;
    const char *path = write_net(p, "n.caffemodel", 33, &t);
    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    an_assert_status(p->ctx, an_caffe_sidecar_find(p->ctx, path, &file, &s), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "images are scaled by 0");
    an_tensor_file_close(p->ctx, &file);
}

#define TRAIN_TEST                                                                                 \
    "layer { type: 'Data' include { phase: TRAIN } transform_param { scale: 0.5 crop_size: 99 } "  \
    "} layer { type: 'Data' include { phase: TEST } transform_param { crop_size: 34 "              \
    "mean_value: 1 mean_value: 2.5 mean_value: 3 } }"
#define OF_DEFINITION                                                                              \
    "resize=exact:256x256 filter=bilinear crop=34x34 orientation=stored channels=bgr divide=1 "    \
    "mean=1,2.5,3"

static void a_definition_is_used(void **state)
{
    static const struct {
        const char *weights, *definition;
        bool used;
    } rows[] = {
        {"net_iter_70.caffemodel", "net_train_test.prototxt", true},
        {"net_iter_70.caffemodel", "net_train_val.prototxt", true},
        {"net_iter_70.caffemodel", "train_val.prototxt", true},
        {"net_iter_70.caffemodel", "net_iter_70.prototxt", true},
        {"net_iter_70.caffemodel", "other_train_val.prototxt", false},
        {"net_iter_70.caffemodel", "solver.prototxt", false},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const char *definition = an_test_path(p->folder, rows[i].definition);
        an_caffe_sidecar s;
        an_test_write_text(definition, TRAIN_TEST);
        find(p, write_net(p, rows[i].weights, 34, NULL), rows[i].used ? OF_DEFINITION : NULL, &s);
        if (rows[i].used)
            assert_string_equal(s.definition, definition);
        else
            assert_null(s.definition);
        an_caffe_sidecar_close(p->ctx, &s);
        an_assert_ok(p->ctx, an_file_remove(p->ctx, definition));
    }
}

/* Comments of our own files. */
static void our_own_words_are_taken(void **state)
{
    const an_test_place *p = *state;
    an_caffe_sidecar s;

    write_mean(p, "n_mean.binaryproto", 3, 39, 39);
    write_mean(p, "mean.binaryproto", 3, 34, 34);
    an_test_write_text(an_test_path(p->folder, "n.prototxt"),
                       "# alexnet.preprocess: resize=short:40 filter=bilinear crop=34 channels=rgb "
                       "divide=1 mean=image\n# alexnet.classes: [\"ant\",\"bee\"]\n"
                       "# alexnet.mean: n_mean.binaryproto\nname: 'n'\n");
    find(p, write_net(p, "n.caffemodel", 34, NULL),
         "resize=short:40 filter=bilinear crop=34 channels=rgb divide=1 mean=image", &s);
    assert_string_equal(s.classes, "[\"ant\",\"bee\"]");
    assert_string_equal(s.mean, an_test_path(p->folder, "n_mean.binaryproto"));
    assert_int_equal(s.mean_shape[1], 39);
    an_caffe_sidecar_close(p->ctx, &s);

    an_test_write_text(an_test_path(p->folder, "n.prototxt"), "# alexnet.preprocess: crop=no\n");
    an_tensor_file file;
    const char *path = an_test_path(p->folder, "n.caffemodel");
    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    an_assert_status(p->ctx, an_caffe_sidecar_find(p->ctx, path, &file, &s), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "n.prototxt: ");
    an_tensor_file_close(p->ctx, &file);
}

/* Caffe's trained network, with its mean image and a definition of another network's layers. */
static void the_trained_network_has_its_mean(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_data("caffe/cifar10_full_iter_70000.caffemodel");
    an_caffe_sidecar s;

    if (path == NULL) skip();
    find(p, path,
         "resize=exact:32x32 filter=bilinear crop=none orientation=stored channels=rgb divide=1 "
         "mean=image",
         &s);
    assert_non_null(s.mean_image);
    assert_int_equal(s.mean_shape[2], 32);
    assert_null(s.definition); /* the weights' own data layer says it */
    an_caffe_sidecar_close(p->ctx, &s);
}

static void refusals_are_told(void **state)
{
    const an_test_place *p = *state;
    const char *path = write_net(p, "n.caffemodel", 34, NULL);
    an_tensor_file file;

    write_mean(p, "mean.binaryproto", 3, 38, 36);
    an_test_write_text(an_test_path(p->folder, "n_train_val.prototxt"),
                       "layer { type: 'Data' transform_param { mean_file: 'mean.binaryproto' } }");
    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_caffe_sidecar s;
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, ENOMEM);
        const alexnet_status status = an_caffe_sidecar_find(p->ctx, path, &file, &s);
        const bool failed = an_test_fault_disarm(&fault);
        an_assert_status(p->ctx, status, failed ? ALEXNET_NO_MEMORY : ALEXNET_OK);
        if (!failed) assert_non_null(s.mean_image);
        an_caffe_sidecar_close(p->ctx, &s);
        if (!failed) break;
    }
    an_tensor_file_close(p->ctx, &file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(mean_images_are_read),
        an_test_in_place(nothing_beside_it_is_no_failure),
        an_test_in_place(a_mean_image_is_used),
        an_test_in_place(the_networks_own_words_count),
        an_test_in_place(a_definition_is_used),
        an_test_in_place(our_own_words_are_taken),
        an_test_in_place(the_trained_network_has_its_mean),
        an_test_in_place(refusals_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
