/*
 * caffe_test.c: networks of every generation and form give the same tensors and the same chain;
 * Caffe's trained network; every truncation and every changed bit; refused memory.
 * SPDX-License-Identifier: MIT
 */
#include "made.h"
#include "support/support.h"

#include "base/memory.h"
#include "formats/caffe/caffe.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const made_form plain_form = {.generation = 2};

static alexnet_status parse(alexnet_context *ctx, const made *net, an_tensor_file *file)
{
    return an_tensor_file_parse(ctx, "w", net->data, net->bytes, NULL, file);
}

/* ---- good files ---- */

static void check_values(alexnet_context *ctx, const an_tensor_file *file, const char *name,
                         int rank, const int64_t *shape, bool transposed, float start, float step)
{
    const an_tensor_view *tensor = an_tensor_file_find(file, name);
    float values[512];

    assert_non_null(tensor);
    assert_int_equal(tensor->rank, rank);
    assert_memory_equal(tensor->shape, shape, (size_t)rank * sizeof *shape);
    an_assert_ok(ctx, an_tensor_to_float(ctx, "w", tensor, values));
    for (int i = 0; i < tensor->count; ++i) {
        const int columns = (int)(tensor->count / shape[0]);
        const int at = transposed ? i % columns * (int)shape[0] + i / columns : i;
        assert_true(values[i] == made_value(start, step, at));
    }
}

static void check_chain(const an_graph *graph)
{
    static const struct {
        const char *name;
        an_graph_op op;
        int out[3];
    } rows[] = {
        {"conv", AN_GRAPH_CONV2D, {4, 5, 6}},     {"relu", AN_GRAPH_RELU, {4, 5, 6}},
        {"pool", AN_GRAPH_MAX_POOL, {4, 3, 3}}, /* 5 rounds up */
        {"norm", AN_GRAPH_LRN_ACROSS, {4, 3, 3}}, {"ip", AN_GRAPH_LINEAR, {3, 1, 1}},
    };

    assert_non_null(graph);
    assert_string_equal(graph->name, "made");
    assert_int_equal(graph->count, AN_COUNT(rows));
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        assert_string_equal(graph->nodes[i].name, rows[i].name);
        assert_int_equal(graph->nodes[i].op, rows[i].op);
        assert_memory_equal(graph->nodes[i].out, rows[i].out, sizeof rows[i].out);
    }
    assert_int_equal(graph->nodes[0].groups, 2);
    assert_int_equal(graph->nodes[0].pad[1], 1);
    assert_true(graph->nodes[3].alpha == (double)0.3f / 3 && graph->nodes[3].k == 1);
    assert_int_equal(graph->nodes[4].weight, 2);
    assert_int_equal(graph->nodes[4].bias, 3);
}

static void every_form_is_read(void **state)
{
    static const int64_t conv[] = {4, 1, 3, 3}, four[] = {4}, ip[] = {3, 36}, three[] = {3};
    const an_test_place *p = *state;

    for (int i = 0; i < MADE_FORMS; ++i) {
        static made net;
        an_tensor_file file;
        made_net(&net, &made_forms[i]);
        an_assert_ok(p->ctx, parse(p->ctx, &net, &file));
        assert_string_equal(file.format->name, "caffemodel");
        assert_int_equal(file.count, 4);
        check_values(p->ctx, &file, "conv.weight", 4, conv, false, 0.25f, 0.125f);
        check_values(p->ctx, &file, "conv.bias", 1, four, false, -0.5f, 0.25f);
        check_values(p->ctx, &file, "ip.weight", 2, ip, made_forms[i].transpose, 0.5f, 0.25f);
        check_values(p->ctx, &file, "ip.bias", 1, three, false, 1, 0.5f);
        check_chain(file.graph);
        assert_string_equal(an_tensor_file_metadata(&file, "caffe.input"), "2x5x6");
        assert_string_equal(an_tensor_file_metadata(&file, "caffe.input_from"), "file");
        an_tensor_file_close(p->ctx, &file);
    }
}

/* Packed values stay in the file, of either type; others are copied. */
static void values_stay_in_the_file(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.caffemodel");

    for (int values = MADE_PACKED; values <= MADE_DOUBLE_SINGLE; ++values) {
        static made net;
        an_tensor_file file;
        const made_form form = {.generation = 2, .values = (made_values)values};
        made_net(&net, &form);
        an_test_write(path, net.data, net.bytes);
        an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
        const an_tensor_view *tensor = an_tensor_file_find(&file, "ip.weight");
        assert_int_equal(tensor->data == NULL, values == MADE_PACKED || values == MADE_DOUBLE);
        assert_int_equal(tensor->dtype, values >= MADE_DOUBLE ? AN_F64 : AN_F32);
        an_tensor_file_close(p->ctx, &file);
    }
}

/* A varint of `value` after the tag of a field that is a message or a list. */
static size_t write_head(uint8_t *out, int number, uint64_t value)
{
    size_t bytes = 0;

    for (uint64_t tag = (uint64_t)number << 3 | 2; bytes == 0 || tag > 0; tag >>= 7)
        out[bytes++] = (uint8_t)((tag & 0x7f) | (tag >= 0x80 ? 0x80 : 0));
    for (size_t first = bytes; bytes == first || value > 0; value >>= 7)
        out[bytes++] = (uint8_t)((value & 0x7f) | (value >= 0x80 ? 0x80 : 0));
    return bytes;
}

/* Nothing of a large blob is read: here it is a hole of 1 GB in the file. */
static void large_blobs_are_passed_over(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "large.caffemodel");
    const uint64_t side = 1 << 14, bytes = side * side * sizeof(float);
    made shape = {.bytes = 0}, blob = {.bytes = 0}, layer = {.bytes = 0};
    uint8_t heads[3][16]; /* of the layer, of the blob, of its values */
    size_t sizes[3];
    an_tensor_file file;

    made_varint(&shape, 1, side);
    made_varint(&shape, 1, side);
    made_message(&blob, 7, &shape);
    made_text(&layer, 1, "ip");
    made_text(&layer, 2, "InnerProduct");
    sizes[2] = write_head(heads[2], 5, bytes);
    sizes[1] = write_head(heads[1], 7, blob.bytes + sizes[2] + bytes);
    sizes[0] = write_head(heads[0], 100, layer.bytes + sizes[1] + blob.bytes + sizes[2] + bytes);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    fwrite(heads[0], 1, sizes[0], out);
    fwrite(layer.data, 1, layer.bytes, out);
    fwrite(heads[1], 1, sizes[1], out);
    fwrite(blob.data, 1, blob.bytes, out);
    fwrite(heads[2], 1, sizes[2], out);
    assert_int_equal(fseek(out, (long)bytes - 1, SEEK_CUR), 0);
    fputc(0, out);
    assert_int_equal(fclose(out), 0);

    const long before = atomic_load(&p->memory.live);
    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    assert_int_equal(file.count, 1);
    assert_int_equal(file.tensors[0].count, (int64_t)(side * side));
    assert_null(file.tensors[0].data);
    assert_true(atomic_load(&p->memory.live) - before < 40);
    an_tensor_file_close(p->ctx, &file);
}

/* A mean image, legacy and not; Caffe's own is 1x3x256x256. */
static void a_mean_is_one_tensor(void **state)
{
    static const int dims[] = {1, 3, 2, 4};
    const an_test_place *p = *state;

    for (int legacy = 0; legacy < 2; ++legacy) {
        const made_form form = {.legacy = legacy == 1};
        made whole = {.bytes = 0};
        an_tensor_file file;
        made_blob(&whole, 1, &form, 4, dims, 100, 3);
        /* without the tag and size of the field: the message itself is the file */
        an_assert_ok(p->ctx, an_tensor_file_parse(p->ctx, "m", whole.data + 2, whole.bytes - 2,
                                                  NULL, &file));
        assert_string_equal(file.format->name, "caffemodel");
        assert_int_equal(file.count, 1);
        check_values(p->ctx, &file, "mean", 3, (const int64_t[]){3, 2, 4}, false, 100, 3);
        assert_null(file.graph);
        an_tensor_file_close(p->ctx, &file);
    }
}

static void normalisation_is_read_with_its_factor(void **state)
{
    static const int channels[] = {2}, one[] = {1}, kernel[] = {2, 2, 1, 1};
    const an_test_place *p = *state;

    for (int factor = 0; factor < 3; ++factor) { /* 0: Caffe takes the statistics to be 0 */
        static made net;
        made rest = {.bytes = 0}, settings = {.bytes = 0};
        an_tensor_file file;
        float mean[2], variance[2];
        net.bytes = 0;
        made_text(&net, 3, "data");
        for (int i = 0; i < 4; ++i)
            made_varint(&net, 4, i < 2 ? 2 : 5);
        made_varint(&settings, 1, 2);
        made_varint(&settings, 2, 0); /* no biases */
        made_varint(&settings, 4, 1);
        made_message(&rest, 106, &settings);
        made_blob(&rest, 7, &plain_form, 4, kernel, 1, 1);
        made_layer(&net, "conv", "Convolution", "data", "conv", &rest);
        rest.bytes = settings.bytes = 0;
        made_blob(&rest, 7, &plain_form, 1, channels, 3, 1);
        made_blob(&rest, 7, &plain_form, 1, channels, 5, 1);
        made_blob(&rest, 7, &plain_form, 1, one, (float)factor, 0);
        made_float(&settings, 3, 0.5f);
        made_message(&rest, 139, &settings);
        made_layer(&net, "bn", "BatchNorm", "conv", "conv", &rest);
        rest.bytes = settings.bytes = 0;
        made_blob(&rest, 7, &plain_form, 1, channels, 7, 1);
        made_blob(&rest, 7, &plain_form, 1, channels, 9, 1);
        made_varint(&settings, 4, 1);
        made_message(&rest, 142, &settings);
        made_layer(&net, "scale", "Scale", "conv", "conv", &rest);
        an_assert_ok(p->ctx, parse(p->ctx, &net, &file));
        assert_non_null(file.graph);
        assert_int_equal(file.graph->count, 2);
        const an_graph_node *bn = &file.graph->nodes[1];
        assert_int_equal(bn->op, AN_GRAPH_BATCH_NORM);
        assert_true(bn->epsilon == 0.5);
        assert_int_equal(file.graph->nodes[0].bias, -1);
        assert_string_equal(file.tensors[bn->mean].name, "bn.running_mean");
        assert_string_equal(file.tensors[bn->variance].name, "bn.running_var");
        assert_string_equal(file.tensors[bn->weight].name, "scale.weight");
        assert_string_equal(file.tensors[bn->bias].name, "scale.bias");
        an_assert_ok(p->ctx, an_tensor_to_float(p->ctx, "w", &file.tensors[bn->mean], mean));
        an_assert_ok(p->ctx,
                     an_tensor_to_float(p->ctx, "w", &file.tensors[bn->variance], variance));
        const float by = factor == 0 ? 0 : 1 / (float)factor;
        assert_true(mean[0] == 3 * by && variance[0] == 5 * by);
        an_tensor_file_close(p->ctx, &file);
    }
}

static void the_trained_network_is_a_family(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_data("caffe/cifar10_full_iter_70000.caffemodel");
    alexnet_model *model;
    an_graph expected;
    an_tensor_file file;

    if (path == NULL) skip();
    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    assert_int_equal(file.count, 8);
    assert_string_equal(an_tensor_file_metadata(&file, "caffe.name"), "CIFAR10_full");
    an_assert_ok(p->ctx, alexnet_model_describe(p->ctx, "cifar-18pct", NULL, &model));
    an_assert_ok(p->ctx, an_graph_of_model(model, &expected));
    an_assert_ok(p->ctx, an_graph_compare(p->ctx, path, file.graph, &expected, "cifar-18pct"));
    an_free(p->ctx, expected.nodes);
    alexnet_model_free(model);
    an_tensor_file_close(p->ctx, &file);
}

static void caffes_mean_images_are_read(void **state)
{
    static const struct {
        const char *name;
        int64_t shape[3];
        float low, high; /* of the average */
    } rows[] = {
        {"caffe/mean.binaryproto", {3, 32, 32}, 100, 140},
        {"imagenet/imagenet_mean.binaryproto", {3, 256, 256}, 100, 130},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const char *path = an_test_data(rows[i].name);
        an_tensor_file file;
        double sum = 0;
        if (path == NULL) skip();
        an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
        assert_int_equal(file.count, 1);
        assert_memory_equal(file.tensors[0].shape, rows[i].shape, sizeof rows[i].shape);
        float *values = malloc((size_t)file.tensors[0].count * sizeof *values);
        an_assert_ok(p->ctx, an_tensor_to_finite(p->ctx, path, &file.tensors[0], values));
        for (int64_t k = 0; k < file.tensors[0].count; ++k)
            sum += (double)values[k];
        sum /= (double)file.tensors[0].count;
        assert_true(sum > (double)rows[i].low && sum < (double)rows[i].high);
        free(values);
        an_tensor_file_close(p->ctx, &file);
    }
}

/* ---- refused ---- */

static void other_files_are_not_recognised(void **state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "{}",
                                        "name: \"x\"\nlayer {\n}\n",
                                        "\n\nabc\n",
                                        ("\x08\x07\x12\x07pytorch\x1a\x03"
                                         "2.1") /* ONNX */};
    const an_test_place *p = *state;
    an_tensor_file file;

    for (size_t i = 0; i < AN_COUNT(texts); ++i) {
        an_assert_status(p->ctx,
                         an_tensor_file_parse(p->ctx, "w", texts[i], strlen(texts[i]), NULL, &file),
                         ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, "not a safetensors file");
        an_assert_status(p->ctx,
                         an_tensor_file_parse(p->ctx, "w", texts[i], strlen(texts[i]),
                                              &an_tensor_format_caffe, &file),
                         ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, "w: not a file of Caffe");
    }
}

/* ---- hostile files ---- */

/* Opens it and reads all values; any answer is right, as long as nothing else is read. */
static alexnet_status try_file(alexnet_context *ctx, const uint8_t *data, size_t bytes)
{
    an_tensor_file file;
    const alexnet_status status =
        an_tensor_file_parse(ctx, "w", data, bytes, &an_tensor_format_caffe, &file);

    for (size_t i = 0; i < file.count; ++i) {
        float *values = malloc((size_t)file.tensors[i].count * sizeof *values + 1);
        assert_non_null(values);
        const alexnet_status read = an_tensor_to_float(ctx, "w", &file.tensors[i], values);
        assert_true(read == ALEXNET_OK || read == ALEXNET_BAD_FILE);
        free(values);
    }
    assert_true(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
    an_tensor_file_close(ctx, &file);
    return status;
}

static void every_truncation_is_survived(void **state)
{
    const an_test_place *p = *state;

    for (int i = 0; i < MADE_FORMS; ++i) {
        static made net;
        int whole = 0;
        made_net(&net, &made_forms[i]);
        for (size_t bytes = 0; bytes < net.bytes; ++bytes) {
            uint8_t *copy = malloc(bytes + 1);
            assert_non_null(copy);
            memcpy(copy, net.data, bytes);
            if (try_file(p->ctx, copy, bytes) == ALEXNET_OK) ++whole;
            free(copy);
        }
        assert_in_range(whole, 5, 13); /* after each layer; not within one */
    }
}

static void every_changed_bit_is_survived(void **state)
{
    const an_test_place *p = *state;

    for (int i = 0; i < MADE_FORMS; ++i) {
        static made net;
        made_net(&net, &made_forms[i]);
        uint8_t *copy = malloc(net.bytes);
        assert_non_null(copy);
        for (size_t bit = 0; bit < AN_MIN(net.bytes, (size_t)4096) * 8; ++bit) {
            memcpy(copy, net.data, net.bytes);
            copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
            try_file(p->ctx, copy, net.bytes);
        }
        free(copy);
    }
}

static void the_trained_file_is_cut_and_changed(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_data("caffe/cifar10_full_iter_70000.caffemodel");
    an_bytes whole;

    if (path == NULL) skip();
    an_assert_ok(p->ctx, an_file_read(p->ctx, path, 1 << 20, &whole));
    for (size_t bytes = 0; bytes < whole.size; bytes += bytes < 1000 ? 1 : 1021) {
        const alexnet_status status = try_file(p->ctx, whole.data, bytes);
        /* byte 131: the end of the layer that reads the images */
        assert_true(status == ALEXNET_BAD_FILE || bytes > 9000 || bytes == 131);
    }
    for (size_t bit = 0; bit < 4096 * 8; bit += 3) {
        whole.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        try_file(p->ctx, whole.data, whole.size);
        whole.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    an_bytes_free(p->ctx, &whole);
}

static void refused_memory_and_reads_are_told(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.caffemodel");
    const made_form form = {.generation = 2, .values = MADE_PIECES, .train = true};
    static made net;

    made_net(&net, &form);
    an_test_write(path, net.data, net.bytes);
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_tensor_file file;
        an_test_fault_arm(&fault, p->ctx,
                          AN_FAULT_BIT(AN_FAULT_MEMORY) | AN_FAULT_BIT(AN_FAULT_READ), n, false,
                          EIO);
        const alexnet_status status = an_tensor_file_open(p->ctx, path, NULL, &file);
        const bool failed = an_test_fault_disarm(&fault);
        an_tensor_file_close(p->ctx, &file);
        if (!failed) {
            an_assert_ok(p->ctx, status);
            assert_true(n > 20);
            break;
        }
        assert_true(status == ALEXNET_NO_MEMORY || status == ALEXNET_IO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(every_form_is_read),
        an_test_in_place(values_stay_in_the_file),
        an_test_in_place(large_blobs_are_passed_over),
        an_test_in_place(a_mean_is_one_tensor),
        an_test_in_place(normalisation_is_read_with_its_factor),
        an_test_in_place(the_trained_network_is_a_family),
        an_test_in_place(caffes_mean_images_are_read),
        an_test_in_place(other_files_are_not_recognised),
        an_test_in_place(every_truncation_is_survived),
        an_test_in_place(every_changed_bit_is_survived),
        an_test_in_place(the_trained_file_is_cut_and_changed),
        an_test_in_place(refused_memory_and_reads_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
