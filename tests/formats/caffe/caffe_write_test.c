/*
 * caffe_write_test.c: a chain with every layer that Caffe has, written, read back as the same chain
 * and tensors, and run; OpenCV's numbers for the same files; what Caffe cannot express; refusals.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/memory.h"
#include "formats/caffe/caffe.h"
#include "formats/caffe/caffe_record.h"
#include "formats/caffe/caffe_write.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES   24
#define TENSORS 24

/* A chain that is made, with its tensors: value i of tensor t is ((37 i + 11 t) mod 19 - 9) / 16,
   of variances and scales plus 1. */
typedef struct chain {
    an_graph graph;
    an_graph_node nodes[NODES];
    an_tensor_out tensors[TENSORS];
    float values[6000];
    size_t used, count;
    int at[3];
} chain;

static int add_tensor(chain *c, const char *name, int rank, const int64_t *shape, float shift)
{
    an_tensor_out *t = &c->tensors[c->count];
    int64_t count = 1;

    for (int i = 0; i < rank; ++i)
        count *= shape[i];
    assert_true(c->count < TENSORS && c->used + (size_t)count <= AN_COUNT(c->values));
    for (int64_t i = 0; i < count; ++i)
        c->values[c->used + (size_t)i] =
            (float)((i * 37 + 11 * (int64_t)c->count) % 19 - 9) / 16 + shift;
    *t = (an_tensor_out){.name = name, .rank = rank, .data = c->values + c->used};
    memcpy(t->shape, shape, (size_t)rank * sizeof *shape);
    c->used += (size_t)count;
    return (int)c->count++;
}

/* A node of the current map, which keeps its size. */
static an_graph_node *add_node(chain *c, an_graph_op op, const char *name)
{
    an_graph_node *n = &c->nodes[c->graph.count++];

    assert_true(c->graph.count <= NODES);
    *n = (an_graph_node){
        .op = op, .name = name, .weight = -1, .bias = -1, .mean = -1, .variance = -1, .groups = 1};
    memcpy(n->in, c->at, sizeof n->in);
    memcpy(n->out, c->at, sizeof n->out);
    return n;
}

static void set_out(chain *c, an_graph_node *n, int channels, int height, int width)
{
    n->out[0] = c->at[0] = channels;
    n->out[1] = c->at[1] = height;
    n->out[2] = c->at[2] = width;
}

static an_graph_node *add_conv(chain *c, const char *name, int outputs, int groups, const int *size,
                               bool bias)
{
    an_graph_node *n = add_node(c, AN_GRAPH_CONV2D, name);
    const int64_t shape[] = {outputs, c->at[0] / groups, size[0], size[1]};

    for (int i = 0; i < 2; ++i) {
        n->kernel[i] = size[i];
        n->stride[i] = size[2 + i];
        n->pad[i] = size[4 + i];
    }
    n->groups = groups;
    n->weight = add_tensor(c, name, 4, shape, 0);
    if (bias) n->bias = add_tensor(c, name, 1, shape, 0);
    set_out(c, n, outputs, (c->at[1] + 2 * size[4] - size[0]) / size[2] + 1,
            (c->at[2] + 2 * size[5] - size[1]) / size[3] + 1);
    return n;
}

static void add_pool(chain *c, an_graph_op op, const char *name, int kernel, int stride, int pad,
                     int height, int width)
{
    an_graph_node *n = add_node(c, op, name);

    n->kernel[0] = n->kernel[1] = kernel;
    n->stride[0] = n->stride[1] = stride;
    n->pad[0] = n->pad[1] = pad;
    n->counts_pad = true;
    set_out(c, n, c->at[0], height, width);
}

static void add_lrn(chain *c, an_graph_op op, const char *name, int size, double k)
{
    an_graph_node *n = add_node(c, op, name);

    n->size = size;
    n->alpha = 0.1;
    n->beta = 0.75;
    n->k = k;
}

static void add_norm(chain *c, const char *name, bool scales)
{
    an_graph_node *n = add_node(c, AN_GRAPH_BATCH_NORM, name);
    const int64_t shape[] = {c->at[0]};

    n->epsilon = 0.001;
    n->mean = add_tensor(c, name, 1, shape, 0);
    n->variance = add_tensor(c, name, 1, shape, 1);
    if (scales) {
        n->weight = add_tensor(c, name, 1, shape, 1);
        n->bias = add_tensor(c, name, 1, shape, 0);
    }
}

static void add_linear(chain *c, const char *name, int outputs, bool bias)
{
    an_graph_node *n = add_node(c, AN_GRAPH_LINEAR, name);
    const int64_t shape[] = {outputs, (int64_t)c->at[0] * c->at[1] * c->at[2]};

    n->weight = add_tensor(c, name, 2, shape, 0);
    if (bias) n->bias = add_tensor(c, name, 1, shape, 0);
    set_out(c, n, outputs, 1, 1);
}

/* down: with a pooling that rounds down, which OpenCV does not have. */
static void make_chain(chain *c, bool down)
{
    static const int conv1[] = {3, 5, 1, 2, 1, 2}, conv2[] = {3, 3, 1, 1, 1, 1};

    memset(c, 0, sizeof *c);
    c->graph = (an_graph){.nodes = c->nodes, .name = "chain \"1\"\\"};
    c->at[0] = 3;
    c->at[1] = 12;
    c->at[2] = 22;
    add_conv(c, "conv/1", 4, 1, conv1, true); /* 12 x 11 */
    add_norm(c, "bn1", true);
    add_node(c, AN_GRAPH_RELU, "relu1");
    add_lrn(c, AN_GRAPH_LRN_ACROSS, "norm1", 3, 2);
    add_pool(c, AN_GRAPH_MAX_POOL, "pool1", 3, 2, 0, down ? 5 : 6, 5);
    add_conv(c, "conv2", 6, 2, conv2, false);
    add_norm(c, "bn2", false);
    add_node(c, AN_GRAPH_TANH, "tanh2");
    add_lrn(c, AN_GRAPH_LRN_WITHIN, "norm2", 3, 1);
    add_pool(c, AN_GRAPH_AVERAGE_POOL, "pool2", 3, 2, 1, down ? 3 : 4, 3);
    add_lrn(c, AN_GRAPH_LRN_WITHIN, "norm3", 3, 0.5);
    set_out(c, add_node(c, AN_GRAPH_FLATTEN, "flat"), c->at[0] * c->at[1] * c->at[2], 1, 1);
    add_linear(c, "fc1", 8, true);
    add_node(c, AN_GRAPH_SIGMOID, "sigmoid1");
    add_node(c, AN_GRAPH_SCALE, "drop1")->factor = 0.5;
    add_linear(c, "fc2", 5, false);
}

static an_network_out export_of(const chain *c)
{
    return (an_network_out){.graph = &c->graph, .tensors = c->tensors, .count = c->count};
}

/* ---- written and read back ---- */

static bool same_values(alexnet_context *ctx, const an_tensor_view *view, const an_tensor_out *out)
{
    float values[2000];

    assert_int_equal(view->rank, out->rank);
    assert_memory_equal(view->shape, out->shape, (size_t)out->rank * sizeof out->shape[0]);
    assert_true(view->count <= 2000);
    an_assert_ok(ctx, an_tensor_to_float(ctx, "w", view, values));
    return memcmp(values, out->data, (size_t)view->count * sizeof *values) == 0;
}

static void check_tensors(alexnet_context *ctx, const an_tensor_file *file, const chain *c)
{
    for (int i = 0, at = 0; i < c->graph.count; ++i) {
        const an_graph_node *ours = &c->graph.nodes[i], *theirs = &file->graph->nodes[at];
        const int pairs[][2] = {{ours->weight, theirs->weight},
                                {ours->bias, theirs->bias},
                                {ours->mean, theirs->mean},
                                {ours->variance, theirs->variance}};
        if (ours->op == AN_GRAPH_FLATTEN) continue; /* part of the linear layer */
        for (size_t k = 0; k < AN_COUNT(pairs); ++k) {
            assert_int_equal(pairs[k][0] < 0, pairs[k][1] < 0);
            if (pairs[k][0] >= 0)
                assert_true(
                    same_values(ctx, &file->tensors[pairs[k][1]], &c->tensors[pairs[k][0]]));
        }
        ++at;
    }
}

static void a_chain_is_read_back(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "n.caffemodel");
    static chain c;

    for (int down = 0; down < 2; ++down) {
        an_tensor_file file;
        an_file_sum sum;
        make_chain(&c, down == 1);
        const an_network_out what = export_of(&c);
        an_assert_ok(p->ctx, an_caffe_write(p->ctx, path, &what, &sum));
        an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
        assert_int_equal(file.reader.size, sum.bytes);
        assert_non_null(file.graph);
        assert_string_equal(file.graph->name, "chain \"1\"\\");
        an_assert_ok(p->ctx, an_graph_compare(p->ctx, path, file.graph, &c.graph, "itself"));
        check_tensors(p->ctx, &file, &c);
        an_tensor_file_close(p->ctx, &file);
    }
}

static void families_are_read_back(void **state)
{
    static const char *const families[] = {"cifar-80sec", "cifar-19pct", "cifar-18pct"};
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "n.caffemodel");

    for (size_t i = 0; i < AN_COUNT(families); ++i) {
        alexnet_model *model;
        an_graph graph;
        an_tensor_out tensors[TENSORS];
        an_tensor_file file;
        an_assert_ok(p->ctx, alexnet_model_create(p->ctx, families[i], NULL, 1, &model));
        an_assert_ok(p->ctx, an_graph_of_model(model, &graph));
        for (int k = 0; k < model->params.count; ++k) {
            const an_param *param = &model->params.items[k];
            tensors[k] = (an_tensor_out){
                .name = param->name, .rank = param->rank, .data = model->values + param->offset};
            memcpy(tensors[k].shape, param->shape, sizeof param->shape);
        }
        const an_network_out what = {
            .graph = &graph, .tensors = tensors, .count = (size_t)model->params.count};
        an_assert_ok(p->ctx, an_caffe_write(p->ctx, path, &what, NULL));
        an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
        an_assert_ok(p->ctx, an_graph_compare(p->ctx, path, file.graph, &graph, families[i]));
        for (size_t k = 0; k < file.count; ++k)
            assert_string_equal(file.tensors[k].name, tensors[k].name);
        an_tensor_file_close(p->ctx, &file);
        an_free(p->ctx, graph.nodes);
        alexnet_model_free(model);
    }
}

/* OpenCV 4.14, readNetFromCaffe(n.prototxt, n.caffemodel), the layer before "prob". */
static void opencv_gives_the_same(void **state)
{
    static const float expected[] = {-0.686944723f, 0.606472194f, -0.33419466f, 0.262471199f,
                                     0.0185554102f};
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "n.caffemodel");
    static chain c;
    an_tensor_file file;
    an_plain_map x, y;

    make_chain(&c, false);
    const an_network_out what = export_of(&c);
    an_assert_ok(p->ctx, an_caffe_write(p->ctx, path, &what, NULL));
    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    an_assert_ok(p->ctx, an_plain_new(p->ctx, "x", 1, 3, 12, 22, &x));
    for (int i = 0; i < 3 * 12 * 22; ++i)
        x.data[i] = (float)((i * 41) % 23 - 11) / 8;
    an_assert_ok(p->ctx, file.format->run(p->ctx, path, &file, &x, &y));
    assert_int_equal(y.c, AN_COUNT(expected));
    assert_true(an_relative_error(y.data, expected, AN_COUNT(expected)) < 1e-5);
    an_plain_free(p->ctx, &x);
    an_plain_free(p->ctx, &y);
    an_tensor_file_close(p->ctx, &file);
}

/* ---- the files beside it ---- */

static void what_belongs_to_images_is_found_again(void **state)
{
    static const char *const keys[] = {"format", "alexnet.preprocess", "alexnet.classes",
                                       "alexnet.mean", "alexnet.lines"};
    static const char *const values[] = {
        "pt", "resize=exact:14x24 filter=bilinear crop=12x22 channels=bgr divide=1 mean=image",
        "[\"a: b\",\"c # d\"]", "../elsewhere", "two\nlines"};
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "n.v2.caffemodel");
    static float mean[3 * 14 * 24];
    static chain c;
    an_tensor_file file;
    an_caffe_sidecar s;
    an_bytes text;

    for (size_t i = 0; i < AN_COUNT(mean); ++i)
        mean[i] = (float)i;
    make_chain(&c, false);
    an_network_out what = export_of(&c);
    what.keys = keys;
    what.values = values;
    what.metadata_count = AN_COUNT(keys);
    what.mean_image = mean;
    memcpy(what.mean_shape, (int[]){3, 14, 24}, sizeof what.mean_shape);
    an_assert_ok(p->ctx, an_caffe_write(p->ctx, path, &what, NULL));
    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    an_assert_ok(p->ctx, an_caffe_sidecar_find(p->ctx, path, &file, &s));
    assert_string_equal(s.record, values[1]);
    assert_string_equal(s.classes, values[2]);
    assert_string_equal(s.mean, an_test_path(p->folder, "n.v2_mean.binaryproto"));
    assert_int_equal(s.mean_shape[2], 24);
    assert_memory_equal(s.mean_image, mean, sizeof mean);
    an_caffe_sidecar_close(p->ctx, &s);
    an_tensor_file_close(p->ctx, &file);
    an_assert_ok(p->ctx,
                 an_file_read(p->ctx, an_test_path(p->folder, "n.v2.prototxt"), 1 << 20, &text));
    assert_null(strstr((const char *)text.data, "two"));
    assert_null(strstr((const char *)text.data, "# format"));
    an_bytes_free(p->ctx, &text);
    assert_int_equal(an_test_count_entries(p->folder), 3);
}

/* ---- refused ---- */

static void check_refused(alexnet_context *ctx, const chain *c, const char *path,
                          alexnet_status status, const char *reason)
{
    const an_network_out what = export_of(c);

    an_assert_status(ctx, an_caffe_write(ctx, path, &what, NULL), status);
    an_assert_error(ctx, reason);
}

static void what_caffe_has_not_is_refused(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "n.caffemodel");
    static chain c;

    make_chain(&c, false);
    c.nodes[0].out[1] = 13; /* as if it rounded up */
    check_refused(p->ctx, &c, path, ALEXNET_UNSUPPORTED,
                  "layer conv/1: Caffe has no convolution whose last windows reach further");
    make_chain(&c, false);
    c.nodes[3].groups = 2;
    check_refused(p->ctx, &c, path, ALEXNET_UNSUPPORTED,
                  "layer norm1: Caffe has no normalisation in groups of channels");
    make_chain(&c, false);
    c.nodes[3].size = 4;
    check_refused(p->ctx, &c, path, ALEXNET_UNSUPPORTED, "over an even number of elements");
    make_chain(&c, false);
    c.nodes[3].k = 0;
    check_refused(p->ctx, &c, path, ALEXNET_UNSUPPORTED, "with k of 0");
    make_chain(&c, false);
    c.nodes[9].counts_pad = false;
    check_refused(p->ctx, &c, path, ALEXNET_UNSUPPORTED,
                  "layer pool2: Caffe has no average that leaves its padding out");
    make_chain(&c, false);
    c.nodes[4].out[1] = 9;
    check_refused(p->ctx, &c, path, ALEXNET_UNSUPPORTED, "layer pool1: Caffe has no pooling with");
    make_chain(&c, false);
    c.nodes[2].op = AN_GRAPH_LOCAL;
    check_refused(p->ctx, &c, path, ALEXNET_UNSUPPORTED,
                  "layer relu1: Caffe has no locally connected layers");
    make_chain(&c, false);
    c.nodes[2].name = "conv/1";
    check_refused(p->ctx, &c, path, ALEXNET_BAD_ARG, "two layers are called 'conv/1'");
    make_chain(&c, false);
    c.tensors[0].shape[0] = 1 << 30;
    check_refused(p->ctx, &c, path, ALEXNET_UNSUPPORTED, "Caffe reads files of at most 2 GB");
    assert_int_equal(an_test_count_entries(p->folder), 0);
}

static void refusals_of_the_system_leave_nothing_half(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "n.caffemodel");
    static chain c;

    make_chain(&c, false);
    const an_network_out what = export_of(&c);
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, p->ctx,
                          AN_FAULT_BIT(AN_FAULT_MEMORY) | AN_FAULT_BIT(AN_FAULT_WRITE), n, false,
                          ENOSPC);
        const alexnet_status status = an_caffe_write(p->ctx, path, &what, NULL);
        const bool failed = an_test_fault_disarm(&fault);
        if (!failed) {
            an_assert_ok(p->ctx, status);
            break;
        }
        assert_true(status == ALEXNET_NO_MEMORY || status == ALEXNET_IO);
        assert_true(an_test_count_entries(p->folder) <= 1); /* perhaps the prototxt */
        an_assert_ok(p->ctx, an_file_remove(p->ctx, an_test_path(p->folder, "n.prototxt")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(a_chain_is_read_back),
        an_test_in_place(families_are_read_back),
        an_test_in_place(opencv_gives_the_same),
        an_test_in_place(what_belongs_to_images_is_found_again),
        an_test_in_place(what_caffe_has_not_is_refused),
        an_test_in_place(refusals_of_the_system_leave_nothing_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
