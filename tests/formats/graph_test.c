/*
 * graph_test.c: the chain of every family; comparisons that must find each difference.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/memory.h"
#include "formats/graph.h"
#include <string.h>

static void describe(alexnet_context *ctx, const char *family, alexnet_model **model,
                     an_graph *graph)
{
    an_assert_ok(ctx, alexnet_model_describe(ctx, family, NULL, model));
    an_assert_ok(ctx, an_graph_of_model(*model, graph));
}

static void every_family_has_a_chain(void **state)
{
    const an_test_place *p = *state;

    for (int i = 0; an_family_at(i) != NULL; ++i) {
        alexnet_model *model;
        an_graph graph;
        int params = 0;
        an_assert_ok(p->ctx, alexnet_model_describe(p->ctx, an_family_at(i)->name, NULL, &model));
        an_assert_ok(p->ctx, an_graph_of_model(model, &graph));
        for (const an_graph_node *n = graph.nodes; n < graph.nodes + graph.count; ++n)
            params += (n->weight >= 0) + (n->bias >= 0) + (n->mean >= 0) + (n->variance >= 0);
        assert_int_equal(params, model->params.count);
        an_assert_ok(p->ctx, an_graph_compare(p->ctx, "f", &graph, &graph, "itself"));
        an_free(p->ctx, graph.nodes);
        alexnet_model_free(model);
    }
}

/* A linear layer that runs at every place of a map is another layer elsewhere. */
static void larger_inputs_have_no_chain(void **state)
{
    const an_test_place *p = *state;
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *model;
    an_graph graph;

    options.input_h = options.input_w = 448;
    an_assert_ok(p->ctx, alexnet_model_describe(p->ctx, "paper", &options, &model));
    an_assert_status(p->ctx, an_graph_of_model(model, &graph), ALEXNET_UNSUPPORTED);
    an_assert_error(p->ctx, "layer flat5: a flatten on a map of 13x13");
    assert_null(graph.nodes);
    alexnet_model_free(model);
}

static const an_graph_node *find(const an_graph *graph, const char *name)
{
    for (int i = 0; i < graph->count; ++i)
        if (strcmp(graph->nodes[i].name, name) == 0) return &graph->nodes[i];
    fail_msg("no layer %s", name);
    return NULL;
}

static void arithmetic_is_written_out(void **state)
{
    const an_test_place *p = *state;
    alexnet_model *model;
    an_graph graph;

    describe(p->ctx, "paper", &model, &graph);
    const an_graph_node *conv1 = find(&graph, "conv1"), *norm1 = find(&graph, "norm1");
    assert_int_equal(conv1->op, AN_GRAPH_CONV2D);
    assert_int_equal(conv1->kernel[0], 11);
    assert_int_equal(conv1->stride[1], 4);
    assert_int_equal(conv1->pad[0], 0);
    assert_int_equal(conv1->out[1], 55);
    assert_int_equal(find(&graph, "conv2")->groups, 2);
    assert_int_equal(norm1->op, AN_GRAPH_LRN_ACROSS);
    assert_int_equal(norm1->size, 5);
    assert_true(norm1->alpha == 0.0001 && norm1->k == 2);
    assert_int_equal(find(&graph, "fc6")->op, AN_GRAPH_LINEAR);
    assert_int_equal(find(&graph, "drop6")->op, AN_GRAPH_SCALE); /* inference multiplies by 0.5 */
    assert_true(find(&graph, "drop7")->factor == 0.5);
    an_free(p->ctx, graph.nodes);
    alexnet_model_free(model);

    describe(p->ctx, "slim", &model, &graph); /* TensorFlow's SAME */
    assert_int_equal(find(&graph, "conv2/BiasAdd")->pad[0], 2);
    assert_int_equal(find(&graph, "conv3/BiasAdd")->pad[1], 1);
    an_free(p->ctx, graph.nodes);
    alexnet_model_free(model);
}

/* Dropout as in the paper scales in inference; inverted dropout does nothing there. */
static void dropout_is_compared(void **state)
{
    const an_test_place *p = *state;
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *model, *other;
    an_graph graph, changed;
    const an_graph_node *differs, *expected;

    describe(p->ctx, "paper", &model, &graph);
    options.dropout = 0.25;
    an_assert_ok(p->ctx, alexnet_model_describe(p->ctx, "paper", &options, &other));
    an_assert_ok(p->ctx, an_graph_of_model(other, &changed));
    an_graph_equal_nodes(&graph, &changed, &differs, &expected);
    assert_string_equal(differs->name, "drop6");
    assert_string_equal(expected->name, "drop6");
    an_assert_status(p->ctx, an_graph_compare(p->ctx, "f", &graph, &changed, "paper"),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "node 'drop6': found scaling by 0.5, 4096x1x1 to 4096x1x1; model paper "
                            "has scaling by 0.75");
    an_free(p->ctx, graph.nodes);
    an_free(p->ctx, changed.nodes);
    alexnet_model_free(model);
    alexnet_model_free(other);

    describe(p->ctx, "caffe", &model, &graph);
    for (int i = 0; i < graph.count; ++i)
        assert_true(graph.nodes[i].op != AN_GRAPH_SCALE);
    an_free(p->ctx, graph.nodes);
    alexnet_model_free(model);
}

/* paper and caffe differ in the normalisation alone; caffe and caffenet in its place. */
static void differences_are_named(void **state)
{
    static const struct {
        const char *found, *expected, *message;
    } rows[] = {
        {"caffe", "paper", "f: node 'conv1': found convolution 11x11, stride 4, 3x227x227"},
        {"caffenet", "caffe",
         "f: node 'pool1': found maximum pooling 3x3, stride 2, 96x55x55 to "
         "96x27x27; model caffe has response normalisation across channels, "
         "size 5, alpha 2e-05 of the sum, beta 0.75, k 1"},
        {"cifar-19pct", "cifar-18pct", "f: node 'conv2': found convolution 5x5, stride 1, pad 2"},
        {"torchvision", "bn", "found ReLU"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model *a, *b;
        an_graph found, expected;
        describe(p->ctx, rows[i].found, &a, &found);
        describe(p->ctx, rows[i].expected, &b, &expected);
        an_assert_status(p->ctx, an_graph_compare(p->ctx, "f", &found, &expected, rows[i].expected),
                         ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, rows[i].message);
        an_free(p->ctx, found.nodes);
        an_free(p->ctx, expected.nodes);
        alexnet_model_free(a);
        alexnet_model_free(b);
    }
}

/* One number of one node at a time. */
static void every_number_is_compared(void **state)
{
    const an_test_place *p = *state;
    alexnet_model *model, *same;
    an_graph graph, changed;
    const an_graph_node *differs, *expected;

    describe(p->ctx, "caffe", &model, &graph);
    describe(p->ctx, "caffe", &same, &changed);
    for (int i = 0; i < graph.count; ++i) {
        an_graph_node *n = &changed.nodes[i];
        int *const numbers[] = {&n->kernel[0], &n->stride[1], &n->pad[0], &n->groups, &n->out[0]};
        for (size_t k = 0; k < AN_COUNT(numbers); ++k) {
            const bool window = n->op == AN_GRAPH_CONV2D || n->op == AN_GRAPH_MAX_POOL;
            const bool counts = k < 3    ? window
                                : k == 3 ? n->op == AN_GRAPH_CONV2D || n->op == AN_GRAPH_LRN_ACROSS
                                         : n->op != AN_GRAPH_FLATTEN;
            *numbers[k] += 3;
            const int equal = an_graph_equal_nodes(&changed, &graph, &differs, &expected);
            assert_int_equal(differs == n, counts);
            if (!counts) assert_true(differs == NULL && equal > 10);
            *numbers[k] -= 3;
        }
        if (n->op != AN_GRAPH_LRN_ACROSS) continue;
        n->alpha *= 1.001;
        an_graph_equal_nodes(&changed, &graph, &differs, &expected);
        assert_ptr_equal(differs, n);
        n->alpha = (double)(float)graph.nodes[i].alpha; /* as a file of float32 has it */
        an_graph_equal_nodes(&changed, &graph, &differs, &expected);
        assert_null(differs);
    }
    --changed.count;
    an_assert_status(p->ctx, an_graph_compare(p->ctx, "f", &changed, &graph, "caffe"),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "f: its end: found no further layer; model caffe has linear layer, "
                            "4096 to 1000 here");
    an_free(p->ctx, graph.nodes);
    an_free(p->ctx, changed.nodes);
    alexnet_model_free(model);
    alexnet_model_free(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(every_family_has_a_chain),  an_test_in_place(larger_inputs_have_no_chain),
        an_test_in_place(arithmetic_is_written_out), an_test_in_place(dropout_is_compared),
        an_test_in_place(differences_are_named),     an_test_in_place(every_number_is_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
