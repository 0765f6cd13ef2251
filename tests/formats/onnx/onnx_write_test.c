/*
 * onnx_write_test.c: chains as models: what is written is read as the same chain with the same
 * values, and run by ONNX's rules it gives the program's logits. runtime.py compares with ONNX
 * Runtime.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/memory.h"
#include "core/model.h"
#include "formats/onnx/made.h"
#include "formats/onnx/onnx_write.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A model of a family, with values that let every layer matter. */
typedef struct sample {
    alexnet_model *model;
    an_graph graph;
    an_tensor_out *tensors;
    size_t count;
} sample;

static void sample_open(alexnet_context *ctx, const char *family, sample *s)
{
    an_assert_ok(ctx, alexnet_model_create(ctx, family, NULL, 3, &s->model));
    an_assert_ok(ctx, an_graph_of_model(s->model, &s->graph));
    s->count = (size_t)s->model->params.count;
    s->tensors = calloc(s->count, sizeof *s->tensors);
    assert_non_null(s->tensors);
    for (size_t i = 0; i < s->count; ++i) {
        const an_param *param = &s->model->params.items[i];
        float *values = s->model->values + param->offset;
        for (int64_t j = 0; j < param->count; ++j)
            values[j] =
                param->is_variance ? 0.5F + (float)(j % 5) : made_value((int)(j % 4096)) / 4;
        s->tensors[i] = (an_tensor_out){
            .name = param->name, .dtype = AN_F32, .rank = param->rank, .data = values};
        memcpy(s->tensors[i].shape, param->shape, sizeof param->shape);
    }
    an_model_changed(s->model);
}

static void sample_close(alexnet_context *ctx, sample *s)
{
    an_free(ctx, s->graph.nodes);
    alexnet_model_free(s->model);
    free(s->tensors);
}

static an_network_out export_of(const sample *s, an_dtype dtype)
{
    static const char *const keys[] = {"note"}, *const values[] = {"gr\xc3\xbc\xc3\x9f"};

    return (an_network_out){.graph = &s->graph,
                            .tensors = s->tensors,
                            .count = s->count,
                            .dtype = dtype,
                            .keys = keys,
                            .values = values,
                            .metadata_count = 1};
}

/* The relative difference of the file, run by its own rules, from the program. */
static double compare_logits(alexnet_context *ctx, const sample *s, const char *path,
                             const an_tensor_file *file)
{
    const int *in = s->graph.nodes[0].in;
    an_plain_map images, logits;
    alexnet_session *session;
    int shape[3];

    an_assert_ok(ctx, an_plain_new(ctx, "images", 2, in[0], in[1], in[2], &images));
    for (int i = 0; i < 2 * in[0] * in[1] * in[2]; ++i)
        images.data[i] = 100 * made_value(i % 4001);
    an_assert_ok(ctx, file->format->run(ctx, path, file, &images, &logits));
    an_assert_ok(ctx, alexnet_session_open(s->model, 2, "logits", &session));
    alexnet_session_get_output(session, shape);
    const size_t count = 2 * (size_t)(shape[0] * shape[1] * shape[2]);
    float *expected = malloc(count * sizeof *expected);
    assert_non_null(expected);
    an_assert_ok(ctx, alexnet_session_run(session, images.data, 2, expected));
    assert_int_equal((size_t)logits.n * (size_t)logits.c * (size_t)logits.h * (size_t)logits.w,
                     count);
    const double error = an_relative_error(logits.data, expected, count);
    free(expected);
    alexnet_session_close(session);
    an_plain_free(ctx, &images);
    an_plain_free(ctx, &logits);
    return error;
}

static void check_values(alexnet_context *ctx, const sample *s, const an_tensor_file *file,
                         double tolerance)
{
    for (size_t i = 0; i < s->count; ++i) {
        const an_tensor_view *view = an_tensor_file_find(file, s->tensors[i].name);
        assert_non_null(view);
        float *values = malloc((size_t)view->count * sizeof *values);
        assert_non_null(values);
        an_assert_ok(ctx, an_tensor_to_float(ctx, "written", view, values));
        assert_true(an_relative_error(values, s->tensors[i].data, (size_t)view->count) <=
                    tolerance);
        free(values);
    }
}

static void check_family(const an_test_place *p, const char *family, an_dtype dtype,
                         double of_values, double of_logits)
{
    const char *path = an_test_path(p->folder, "x.onnx");
    alexnet_context *ctx;
    an_tensor_file file;
    sample s;

    an_assert_ok(p->ctx, alexnet_open(NULL, &ctx)); /* with a backend */
    sample_open(ctx, family, &s);
    const an_network_out what = export_of(&s, dtype);
    an_assert_ok(ctx, an_onnx_write(ctx, path, &what, NULL));
    an_assert_ok(ctx, an_tensor_file_open(ctx, path, NULL, &file));
    if (file.graph == NULL) fail_msg("%s", file.no_graph);
    an_assert_ok(ctx, an_graph_compare(ctx, path, file.graph, &s.graph, family));
    assert_string_equal(an_tensor_file_metadata(&file, "note"), "gr\xc3\xbc\xc3\x9f");
    check_values(ctx, &s, &file, of_values);
    const double error = compare_logits(ctx, &s, path, &file);
    if (!(error <= of_logits)) fail_msg("%s: logits differ by %g", family, error);
    an_tensor_file_close(ctx, &file);
    sample_close(ctx, &s);
    alexnet_close(ctx);
}

static void what_is_written_is_read_as_the_same(void **state)
{
    const an_test_place *p = *state;

    check_family(p, "cifar-80sec", AN_F32, 0, 1e-5);
    check_family(p, "cifar-18pct", AN_F32, 0, 1e-5);
    check_family(p, "cifar-18pct", AN_F16, 1e-3, 1e-2);
    check_family(p, "cifar-18pct", AN_BF16, 1e-2, 1e-1);
}

static void large_networks_too(void **state)
{
    const an_test_place *p = *state;

    check_family(p, "paper-run", AN_F32, 0, 1e-4);
    check_family(p, "bn", AN_BF16, 1e-2, 1e-1);
    check_family(p, "slim", AN_F32, 0, 1e-4);
}

/* ---- single layers ---- */

/* Windows that no family has: read back, they are the same. */
static void windows_are_kept(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "x.onnx");
    static const an_graph_node rows[] = {
        {AN_GRAPH_MAX_POOL, "a", {2, 7, 9}, {2, 4, 4}, {3, 3}, {2, 2}, {1, 0}},
        {AN_GRAPH_MAX_POOL, "b", {2, 8, 8}, {2, 4, 4}, {3, 3}, {2, 2}, {0, 0}},
        {AN_GRAPH_AVERAGE_POOL, "c", {2, 8, 8}, {2, 4, 4}, {3, 3}, {2, 2}, {0, 0}},
        {AN_GRAPH_AVERAGE_POOL, "d", {2, 8, 8}, {2, 4, 4}, {3, 3}, {2, 2}, {1, 1}, 0, true},
        {AN_GRAPH_AVERAGE_POOL, "e", {2, 7, 7}, {2, 4, 4}, {4, 4}, {2, 2}, {1, 1}, 0, true},
        {AN_GRAPH_AVERAGE_POOL, "f", {2, 7, 7}, {2, 1, 1}, {7, 7}, {7, 7}, {0, 0}},
    };

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_graph_node node = rows[i];
        node.weight = node.bias = node.mean = node.variance = -1;
        const an_graph graph = {.nodes = &node, .count = 1};
        const an_network_out what = {.graph = &graph, .dtype = AN_F32};
        an_tensor_file file;
        an_assert_ok(p->ctx, an_onnx_write(p->ctx, path, &what, NULL));
        an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
        if (file.graph == NULL) fail_msg("%s", file.no_graph);
        an_assert_ok(p->ctx, an_graph_compare(p->ctx, path, file.graph, &graph, "it"));
        an_tensor_file_close(p->ctx, &file);
    }
}

/* ---- refusals ---- */

static void what_onnx_lacks_is_refused(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "x.onnx");
    static const float values[2] = {1, 1e30F};
    an_graph_node nodes[2] = {{.op = AN_GRAPH_LOCAL, .name = "local3"}};
    an_graph graph = {.nodes = nodes, .count = 1};
    an_tensor_out tensors[] = {
        {.name = "w", .dtype = AN_F32, .rank = 4, .shape = {1, 1, 1, 2}, .data = values},
        {.name = "w", .dtype = AN_F32, .rank = 0, .data = values},
    };
    an_network_out what = {.graph = &graph, .dtype = AN_F32};

    an_assert_status(p->ctx, an_onnx_write(p->ctx, path, &what, NULL), ALEXNET_UNSUPPORTED);
    an_assert_error(p->ctx, "layer local3: ONNX has no operator for a locally connected layer");
    nodes[0] = (an_graph_node){.op = AN_GRAPH_LINEAR, .name = "fc", .in = {2, 1, 1}};
    an_assert_status(p->ctx, an_onnx_write(p->ctx, path, &what, NULL), ALEXNET_UNSUPPORTED);
    an_assert_error(p->ctx, "layer fc: it reads a map that is not flattened");
    nodes[0] = (an_graph_node){.op = AN_GRAPH_FLATTEN, .name = "f", .in = {2, 1, 1}};
    nodes[1] = (an_graph_node){.op = AN_GRAPH_MAX_POOL, .name = "p", .in = {2, 1, 1}};
    graph.count = 2;
    an_assert_status(p->ctx, an_onnx_write(p->ctx, path, &what, NULL), ALEXNET_UNSUPPORTED);
    an_assert_error(p->ctx, "layer p: it comes after a flatten");
    graph.count = 0;
    an_assert_status(p->ctx, an_onnx_write(p->ctx, path, &what, NULL), ALEXNET_UNSUPPORTED);
    graph.count = 1;
    nodes[0] = (an_graph_node){.op = AN_GRAPH_CONV2D,
                               .name = "c",
                               .in = {1, 1, 2},
                               .out = {1, 1, 1},
                               .kernel = {1, 2},
                               .stride = {1, 1},
                               .groups = 1,
                               .bias = -1};
    what.tensors = tensors;
    what.count = 2;
    an_assert_status(p->ctx, an_onnx_write(p->ctx, path, &what, NULL), ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "'w' would be written twice");
    what.count = 1;
    what.dtype = AN_F16;
    an_assert_status(p->ctx, an_onnx_write(p->ctx, path, &what, NULL), ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "w: 1e+30 is beyond the range of F16");
    what.dtype = AN_BF16;
    an_assert_ok(p->ctx, an_onnx_write(p->ctx, path, &what, NULL));
}

static void refusals_of_the_system_leave_no_file(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "x.onnx");
    an_graph_node nodes[] = {
        {.op = AN_GRAPH_LRN_WITHIN, .name = "n", .in = {2, 4, 4}, .out = {2, 4, 4}, .size = 3},
        {.op = AN_GRAPH_BATCH_NORM,
         .name = "b",
         .in = {2, 4, 4},
         .out = {2, 4, 4},
         .weight = -1,
         .bias = -1,
         .mean = 0,
         .variance = 1},
    };
    static const float values[2] = {1, 2};
    const an_tensor_out tensors[] = {
        {.name = "mean", .dtype = AN_F32, .rank = 1, .shape = {2}, .data = values},
        {.name = "variance", .dtype = AN_F32, .rank = 1, .shape = {2}, .data = values},
    };
    const an_graph graph = {.nodes = nodes, .count = 2};
    const an_network_out what = {.graph = &graph, .tensors = tensors, .count = 2, .dtype = AN_F16};

    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY & ~AN_FAULT_BIT(AN_FAULT_CLOSE), n, false,
                          ENOMEM);
        const alexnet_status status = an_onnx_write(p->ctx, path, &what, NULL);
        if (!an_test_fault_disarm(&fault)) {
            an_assert_ok(p->ctx, status);
            break;
        }
        assert_true(status == ALEXNET_NO_MEMORY || status == ALEXNET_IO || status == ALEXNET_OK);
    }
    assert_int_equal(an_test_count_entries(p->folder), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(what_is_written_is_read_as_the_same),
        an_test_in_place(large_networks_too),
        an_test_in_place(windows_are_kept),
        an_test_in_place(what_onnx_lacks_is_refused),
        an_test_in_place(refusals_of_the_system_leave_no_file),
    };

    return cmocka_run_group_tests_name("onnx_write", tests, NULL, NULL);
}
