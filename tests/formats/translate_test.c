/*
 * translate_test.c: files of other sources become networks of ours with the same values; chains of
 * layers that are no family's are refused by the node that differs; a wrong map gives other values.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/memory.h"
#include "core/options.h"
#include "formats/graph.h"
#include "formats/metadata.h"
#include "formats/safetensors.h"
#include "formats/translate.h"
#include "formats/weights.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 3 };

/* A network of CIFAR size with weights, and its file. */
typedef struct fixture {
    alexnet_model *model;
    an_tensor_file file; /* its tensors lie in the model's memory */
} fixture;

static void fixture_open(alexnet_context *ctx, const char *family, fixture *out)
{
    alexnet_model_options options = alexnet_model_options_default();

    options.classes = CLASSES;
    an_assert_ok(ctx, alexnet_model_create(ctx, family, &options, 7, &out->model));
    out->file = (an_tensor_file){.reader = an_reader_of("", 0)};
    for (int i = 0; i < out->model->params.count; ++i) {
        const an_param *param = &out->model->params.items[i];
        an_tensor_view view = {.name = param->name,
                               .dtype = AN_F32,
                               .rank = param->rank,
                               .count = param->count,
                               .data = (const uint8_t *)(out->model->values + param->offset)};
        memcpy(view.shape, param->shape, sizeof param->shape);
        an_assert_ok(ctx, an_tensor_file_add(ctx, "f", &out->file, &view));
    }
}

static void fixture_close(alexnet_context *ctx, fixture *f)
{
    an_tensor_file_close(ctx, &f->file);
    alexnet_model_free(f->model);
}

static void rename_tensors(alexnet_context *ctx, an_tensor_file *file, const char *from,
                           const char *to)
{
    for (size_t i = 0; i < file->count; ++i) {
        char name[128];
        if (strstr(file->tensors[i].name, from) == NULL) continue;
        an_substitute(name, sizeof name, file->tensors[i].name, from, to);
        file->tensors[i].name = an_store_text(ctx, &file->store, name, strlen(name));
        assert_non_null(file->tensors[i].name);
    }
}

/* The network that the file is read as must have the values of the fixture's. */
static void assert_same_values(alexnet_context *ctx, const fixture *f)
{
    alexnet_model *read;

    an_assert_ok(ctx, an_weights_read(ctx, "f", &f->file, &read));
    assert_string_equal(read->family->name, f->model->family->name);
    assert_int_equal(read->options.classes, CLASSES);
    assert_memory_equal(read->values, f->model->values, f->model->params.values * sizeof(float));
    alexnet_model_free(read);
}

static void a_native_file_stays_as_it_is(void **state)
{
    const an_test_place *p = *state;
    fixture f;

    fixture_open(p->ctx, "cifar-19pct", &f);
    an_assert_ok(p->ctx, an_translate(p->ctx, "f", &f.file, NULL, false));
    assert_same_values(p->ctx, &f);
    fixture_close(p->ctx, &f);
}

/* The transposed copy of a tensor [rows][columns]. */
static float *transpose(const float *from, size_t rows, size_t columns)
{
    float *to = malloc(rows * columns * sizeof *to);

    assert_non_null(to);
    for (size_t i = 0; i < rows; ++i)
        for (size_t k = 0; k < columns; ++k)
            to[k * rows + i] = from[i * columns + k];
    return to;
}

/* Lays out the file as cuda-convnet does. `copies` receives blocks to free. */
static void lay_out_as_convnet(alexnet_context *ctx, fixture *f, float **copies)
{
    for (size_t i = 0; i < f->file.count; ++i) {
        an_tensor_view *t = &f->file.tensors[i];
        const int64_t outputs = t->shape[0];
        if (t->rank == 1) {
            assert_true(an_tensor_reshape(t, (const int64_t[]){1, outputs}, 2));
            continue;
        }
        copies[i] = transpose((const float *)(const void *)t->data, (size_t)outputs,
                              (size_t)(t->count / outputs));
        t->data = (const uint8_t *)copies[i];
        assert_true(an_tensor_reshape(t, (const int64_t[]){t->count / outputs, outputs}, 2));
    }
    rename_tensors(ctx, &f->file, ".weight", ".weights.0");
    rename_tensors(ctx, &f->file, ".bias", ".biases");
    rename_tensors(ctx, &f->file, "conv", "layers.conv");
    rename_tensors(ctx, &f->file, "fc", "layers.fc");
}

static void a_checkpoint_of_cuda_convnet_is_translated(void **state)
{
    const an_test_place *p = *state;
    float *copies[16] = {0};
    fixture f;

    fixture_open(p->ctx, "cifar-19pct", &f);
    lay_out_as_convnet(p->ctx, &f, copies);
    an_assert_ok(p->ctx, an_translate(p->ctx, "f", &f.file, NULL, false));
    assert_same_values(p->ctx, &f);
    fixture_close(p->ctx, &f);
    for (size_t i = 0; i < AN_COUNT(copies); ++i)
        free(copies[i]);
}

/* Names alone are not enough: with a map that forgets to transpose, a layer is not recognised. */
static void a_wrong_map_does_not_fit(void **state)
{
    static const an_map_row rows[] = {{"layers.*.weights.0", "*.weight"},
                                      {"layers.*.biases", "*.bias"}};
    static const an_map wrong = {.source = "a wrong map", .rows = rows, .row_count = 2};
    const an_test_place *p = *state;
    float *copies[16] = {0};
    alexnet_model *read;
    fixture f;

    fixture_open(p->ctx, "cifar-19pct", &f);
    lay_out_as_convnet(p->ctx, &f, copies);
    an_assert_ok(p->ctx, an_translate_by(p->ctx, "f", &f.file, &wrong));
    an_assert_status(p->ctx, an_weights_read(p->ctx, "f", &f.file, &read), ALEXNET_BAD_FILE);
    fixture_close(p->ctx, &f);
    for (size_t i = 0; i < AN_COUNT(copies); ++i)
        free(copies[i]);
}

static void counters_and_slots_are_left_out(void **state)
{
    static const char *const names[] = {"bn1.num_batches_tracked", "global_step",
                                        "alexnet_v2/conv1/weights/Momentum"};
    const an_test_place *p = *state;
    fixture f;

    fixture_open(p->ctx, "cifar-19pct", &f);
    for (size_t i = 0; i < AN_COUNT(names); ++i) {
        const an_tensor_view view = {
            .name = names[i], .dtype = AN_I64, .count = 1, .data = (const uint8_t *)"01234567"};
        assert_true(an_translate_ignores(names[i]));
        an_assert_ok(p->ctx, an_tensor_file_add(p->ctx, "f", &f.file, &view));
    }
    assert_false(an_translate_ignores("conv1.weight"));
    assert_false(an_translate_ignores("/Adam"));
    an_assert_ok(p->ctx, an_translate(p->ctx, "f", &f.file, NULL, false));
    assert_same_values(p->ctx, &f);
    fixture_close(p->ctx, &f);
}

/* ---- chains of layers ---- */

/* Gives the file the chain of its model, with tensors under names of the file's own. */
static void describe_network(alexnet_context *ctx, fixture *f, an_graph *graph)
{
    an_assert_ok(ctx, an_graph_of_model(f->model, graph));
    f->file.graph = graph;
    for (size_t i = 0; i < f->file.count; ++i) {
        char name[48];
        snprintf(name, sizeof name, "initializer_%zu", i);
        f->file.tensors[i].name = an_store_text(ctx, &f->file.store, name, strlen(name));
    }
}

static void a_described_network_is_recognised(void **state)
{
    static const char *const families[] = {"cifar-19pct", "cifar-18pct", "figure1-relu"};
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(families); ++i) {
        fixture f;
        an_graph graph;
        fixture_open(p->ctx, families[i], &f);
        describe_network(p->ctx, &f, &graph);
        an_assert_ok(p->ctx, an_translate(p->ctx, "f", &f.file, families[i], false));
        assert_string_equal(an_tensor_file_metadata(&f.file, AN_KEY_FAMILY), families[i]);
        assert_same_values(p->ctx, &f);
        an_free(p->ctx, graph.nodes);
        fixture_close(p->ctx, &f);
    }
}

static void a_missing_bias_is_zero(void **state)
{
    const an_test_place *p = *state;
    fixture f;
    an_graph graph;

    fixture_open(p->ctx, "cifar-19pct", &f);
    describe_network(p->ctx, &f, &graph);
    const int bias = graph.nodes[0].bias;
    const an_param *param = &f.model->params.items[bias];
    graph.nodes[0].bias = -1;
    memset(f.model->values + param->offset, 0, (size_t)param->count * sizeof(float));
    an_assert_ok(p->ctx, an_translate(p->ctx, "f", &f.file, NULL, false));
    assert_same_values(p->ctx, &f);
    an_free(p->ctx, graph.nodes);
    fixture_close(p->ctx, &f);
}

static void other_networks_are_refused(void **state)
{
    const an_test_place *p = *state;

    for (int part = 0; part <= 1; ++part) {
        fixture f;
        an_graph graph;
        fixture_open(p->ctx, "cifar-19pct", &f);
        describe_network(p->ctx, &f, &graph);
        graph.nodes[1].stride[0] = 1;
        an_assert_status(p->ctx, an_translate(p->ctx, "f", &f.file, NULL, part == 1),
                         part == 1 ? ALEXNET_OK : ALEXNET_BAD_FILE);
        if (part == 0)
            an_assert_error(p->ctx, "f: node 'pool1': found maximum pooling 3x3, stride 1");
        else
            assert_string_equal(f.file.tensors[0].name, "initializer_0");
        an_free(p->ctx, graph.nodes);
        fixture_close(p->ctx, &f);
    }
}

static void tensors_of_another_size_are_refused(void **state)
{
    const an_test_place *p = *state;
    fixture f;
    an_graph graph;

    fixture_open(p->ctx, "cifar-19pct", &f);
    describe_network(p->ctx, &f, &graph);
    graph.nodes[0].weight = graph.nodes[0].bias;
    an_assert_status(p->ctx, an_translate(p->ctx, "f", &f.file, NULL, false), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "f: tensor 'initializer_1': expected [32,3,5,5], found [32]");
    graph.nodes[0].weight = 1000;
    an_assert_status(p->ctx, an_translate(p->ctx, "f", &f.file, NULL, false), ALEXNET_BAD_FILE);
    graph.nodes[0].weight = -1;
    an_assert_status(p->ctx, an_translate(p->ctx, "f", &f.file, NULL, false), ALEXNET_BAD_FILE);
    an_free(p->ctx, graph.nodes);
    fixture_close(p->ctx, &f);
}

static void the_family_can_be_required(void **state)
{
    const an_test_place *p = *state;
    fixture f;
    an_graph graph;

    fixture_open(p->ctx, "cifar-19pct", &f);
    describe_network(p->ctx, &f, &graph);
    an_assert_status(p->ctx, an_translate(p->ctx, "f", &f.file, "alexnet", false), ALEXNET_BAD_ARG);
    an_assert_status(p->ctx, an_translate(p->ctx, "f", &f.file, "cifar-13pct", false),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx,
                    "model cifar-13pct has convolution 5x5, stride 1, pad 2, 3x32x32 to 64");
    an_free(p->ctx, graph.nodes);
    fixture_close(p->ctx, &f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(a_native_file_stays_as_it_is),
        an_test_in_place(a_checkpoint_of_cuda_convnet_is_translated),
        an_test_in_place(a_wrong_map_does_not_fit),
        an_test_in_place(counters_and_slots_are_left_out),
        an_test_in_place(a_described_network_is_recognised),
        an_test_in_place(a_missing_bias_is_zero),
        an_test_in_place(other_networks_are_refused),
        an_test_in_place(tensors_of_another_size_are_refused),
        an_test_in_place(the_family_can_be_required),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
