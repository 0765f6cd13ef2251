/*
 * caffe_chain_test.c: which layers make the chain, and the layers that are refused, each with its
 * name; sizes by Caffe's rules.
 * SPDX-License-Identifier: MIT
 */
#include "made.h"
#include "support/support.h"

#include "formats/caffe/caffe.h"
#include <stdio.h>
#include <string.h>

static void begin(made *net, int size)
{
    net->bytes = 0;
    made_text(net, 3, "data");
    for (int i = 0; i < 4; ++i)
        made_varint(net, 4, (uint64_t)(i < 2 ? i + 1 : size));
}

/* A layer with a message of settings. */
static void add(made *net, const char *name, const char *type, const char *bottom, const char *top,
                int number, const made *settings)
{
    made rest = {.bytes = 0};

    made_message(&rest, number, settings);
    made_layer(net, name, type, bottom, top, &rest);
}

static void open_net(alexnet_context *ctx, const made *net, an_tensor_file *file)
{
    an_assert_ok(ctx, an_tensor_file_parse(ctx, "w", net->data, net->bytes, NULL, file));
}

/* The reason that there is no chain. */
static void check_refused(alexnet_context *ctx, const made *net, const char *reason)
{
    an_tensor_file file;

    open_net(ctx, net, &file);
    const char *found = an_tensor_file_metadata(&file, "caffe.not_a_chain");
    assert_null(file.graph);
    if (found == NULL || strstr(found, reason) == NULL)
        fail_msg("found '%s'; expected '%s'", found != NULL ? found : "nothing", reason);
    an_assert_status(ctx, an_caffe_set_input(ctx, "w", &file, 8, 8), ALEXNET_UNSUPPORTED);
    an_assert_error(ctx, reason);
    an_tensor_file_close(ctx, &file);
}

/* ---- refused ---- */

static void layers_of_no_family_are_refused(void **state)
{
    static const struct {
        const char *type;
        int message, field;
        float real; /* the setting as a float if it is not 0 */
        int whole;
        const char *reason;
    } rows[] = {
        {"Convolution", 106, 18, 0, 2, "layer 'x' (Convolution): its kernel is dilated"},
        {"Convolution", 106, 16, 0, 2, "its axis is not 1"},
        {"Convolution", 106, 3, 0, 1, "its padding is not less than its kernel"},
        {"Pooling", 121, 1, 0, 2, "layer 'x' (Pooling): it is stochastic"},
        {"Pooling", 121, 13, 0, 2, "its rounding is unknown"},
        {"Pooling", 121, 4, 0, 3, "its padding is not less than its kernel"},
        {"LRN", 118, 1, 0, 4, "layer 'x' (LRN): its size is even"},
        {"LRN", 118, 4, 0, 2, "its region is unknown"},
        {"InnerProduct", 117, 5, 0, 2, "its axis is not 1"},
        {"ReLU", 123, 1, 0.1f, 0, "layer 'x' (ReLU): its negative slope is not 0"},
        {"Softmax", 125, 2, 0, 2, "its axis is not 1"},
        {"Power", 122, 1, 2, 0, "layer 'x' (Power): it does more than scale"},
        {"Power", 122, 3, 1, 0, "it does more than scale"},
        {"Flatten", 135, 1, 0, 2, "it flattens other axes"},
        {"Scale", 142, 1, 0, 1, "layer 'x' (Scale): it does not follow a BatchNorm"},
        {"Eltwise", 110, 1, 0, 1, "layer 'x' (Eltwise): no network here has such a layer"},
        {"Deconvolution", 106, 1, 0, 1, "no network here has such a layer"},
        {"Python", 130, 1, 0, 1, "no network here has such a layer"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        static made net;
        made settings = {.bytes = 0};
        begin(&net, 8);
        if (rows[i].real != 0)
            made_float(&settings, rows[i].field, rows[i].real);
        else
            made_varint(&settings, rows[i].field, (uint64_t)rows[i].whole);
        add(&net, "x", rows[i].type, "data", "x", rows[i].message, &settings);
        check_refused(p->ctx, &net, rows[i].reason);
    }
}

static void branches_are_refused(void **state)
{
    const an_test_place *p = *state;
    static made net;
    made rest = {.bytes = 0};

    begin(&net, 8); /* two layers read the same blob */
    made_layer(&net, "a", "TanH", "data", "a", NULL);
    made_layer(&net, "b", "TanH", "data", "b", NULL);
    check_refused(p->ctx, &net,
                  "layer 'b' (TanH): the layers are no chain: it reads a blob that the layer "
                  "before it did not write, 'data'");

    begin(&net, 8); /* through a Split */
    made_layer(&net, "a", "TanH", "data", "a", NULL);
    made_text(&rest, 4, "a2");
    made_layer(&net, "s", "Split", "a", "a1", &rest);
    made_layer(&net, "b", "TanH", "a1", "b", NULL);
    made_layer(&net, "c", "TanH", "a2", "c", NULL);
    check_refused(p->ctx, &net, "layer 'c' (TanH): the layers are no chain");

    begin(&net, 8); /* two inputs */
    rest.bytes = 0;
    made_text(&rest, 3, "a");
    made_layer(&net, "a", "TanH", "data", "a", &rest);
    check_refused(p->ctx, &net, "layer 'a' (TanH): it does not read and write one blob");

    begin(&net, 8);
    made_layer(&net, "p", "Softmax", "data", "p", NULL);
    made_layer(&net, "a", "TanH", "p", "a", NULL);
    check_refused(p->ctx, &net, "layer 'a' (TanH): it follows a softmax");
}

static void sizes_that_do_not_fit_are_refused(void **state)
{
    static const int kernel[] = {2, 2, 3, 3}, biases[] = {2};
    static const struct {
        int outputs, size, stride, groups;
        bool without_bias;
        const char *reason;
    } rows[] = {
        {2, 3, 1, 1, false, NULL},
        {3, 3, 1, 1, false, "its weights do not fit its settings and its map"},
        {2, 5, 1, 1, false, "its weights do not fit"},
        {2, 3, 0, 1, false, "its window does not fit its map"},
        {2, 3, 1, 0, false, "its weights do not fit"},
        {2, 3, 1, 2, false, "its weights do not fit"},
        {2, 3, 1, 1, true, "its weights do not fit"},
        {2, 9, 1, 1, false, "its window does not fit its map"},
    };
    const an_test_place *p = *state;
    const made_form form = {.generation = 2};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        static made net;
        made rest = {.bytes = 0}, settings = {.bytes = 0};
        an_tensor_file file;
        begin(&net, 8);
        made_varint(&settings, 1, (uint64_t)rows[i].outputs);
        made_varint(&settings, 4, (uint64_t)rows[i].size);
        made_varint(&settings, 5, (uint64_t)rows[i].groups);
        made_varint(&settings, 6, (uint64_t)rows[i].stride);
        made_message(&rest, 106, &settings);
        made_blob(&rest, 7, &form, 4, kernel, 0, 1);
        if (!rows[i].without_bias) made_blob(&rest, 7, &form, 1, biases, 0, 1);
        made_layer(&net, "conv", "Convolution", "data", "conv", &rest);
        open_net(p->ctx, &net, &file);
        assert_int_equal(file.count, rows[i].without_bias ? 1 : 2); /* the tensors are there */
        assert_int_equal(file.graph != NULL, rows[i].reason == NULL);
        if (rows[i].reason != NULL) {
            an_assert_status(p->ctx, an_caffe_set_input(p->ctx, "w", &file, 8, 8),
                             ALEXNET_BAD_FILE);
            an_assert_error(p->ctx, rows[i].reason);
        }
        an_tensor_file_close(p->ctx, &file);
    }
}

/* ---- sizes ---- */

/* Pooling rounds up, and its last window begins within the map or its padding. */
static void pooling_rounds_up(void **state)
{
    static const struct {
        int in, kernel, stride, pad, down, out;
    } rows[] = {
        {32, 3, 2, 0, 0, 16}, {32, 3, 2, 0, 1, 15}, {13, 3, 2, 0, 0, 6},
        {12, 3, 2, 0, 0, 6},  {7, 2, 2, 1, 0, 4},   {8, 2, 2, 1, 0, 5},
        {7, 2, 2, 0, 0, 4},   {5, 5, 1, 0, 0, 1},   {5, 0, 1, 0, 0, 1}, /* global */
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        static made net;
        made settings = {.bytes = 0};
        an_tensor_file file;
        begin(&net, rows[i].in);
        if (rows[i].kernel > 0)
            made_varint(&settings, 2, (uint64_t)rows[i].kernel);
        else
            made_varint(&settings, 12, 1);
        made_varint(&settings, 3, (uint64_t)rows[i].stride);
        made_varint(&settings, 4, (uint64_t)rows[i].pad);
        made_varint(&settings, 13, (uint64_t)rows[i].down);
        add(&net, "pool", "Pooling", "data", "pool", 121, &settings);
        open_net(p->ctx, &net, &file);
        assert_non_null(file.graph);
        assert_int_equal(file.graph->nodes[0].out[1], rows[i].out);
        assert_true(file.graph->nodes[0].counts_pad);
        if (rows[i].kernel == 0) assert_int_equal(file.graph->nodes[0].kernel[1], rows[i].in);
        an_tensor_file_close(p->ctx, &file);
    }
}

/* One number for both sides, one for each, or a field for each. */
static void sides_may_differ(void **state)
{
    const an_test_place *p = *state;

    for (int form = 0; form < 3; ++form) {
        static made net;
        made settings = {.bytes = 0};
        an_tensor_file file;
        begin(&net, 9);
        if (form == 0) {
            made_varint(&settings, 2, 3);
            made_varint(&settings, 2, 5);
        } else if (form == 1) {
            made_bytes(&settings, 2, "\3\5", 2); /* packed */
        } else {
            made_varint(&settings, 5, 3);
            made_varint(&settings, 6, 5);
        }
        add(&net, "pool", "Pooling", "data", "pool", 121, &settings);
        open_net(p->ctx, &net, &file);
        assert_int_equal(file.graph->nodes[0].out[1], 7);
        assert_int_equal(file.graph->nodes[0].out[2], 5);
        an_tensor_file_close(p->ctx, &file);
    }
}

/* alpha is that of the mean of squares; within a map k is 1 whatever the file says. */
static void normalisations_are_those_of_sums(void **state)
{
    const an_test_place *p = *state;

    for (int region = 0; region < 2; ++region) {
        static made net;
        made settings = {.bytes = 0};
        an_tensor_file file;
        begin(&net, 9);
        made_varint(&settings, 1, 3);
        made_float(&settings, 2, 0.5f);
        made_varint(&settings, 4, (uint64_t)region);
        made_float(&settings, 5, 2);
        add(&net, "norm", "LRN", "data", "norm", 118, &settings);
        open_net(p->ctx, &net, &file);
        assert_true(file.graph->nodes[0].alpha == 0.5 / (region == 0 ? 3 : 9));
        assert_true(file.graph->nodes[0].k == (region == 0 ? 2 : 1));
        assert_true(file.graph->nodes[0].beta == 0.75);
        an_tensor_file_close(p->ctx, &file);
    }
}

/* ---- phases ---- */

/* A layer is there in testing if a rule includes it, and none excludes it. */
static void rules_of_phases_are_kept(void **state)
{
    static const struct {
        int list, field; /* include 8 or exclude 9; phase 1, min_level 2, max_level 3, stage 4 */
        uint64_t value;
        bool there;
    } rows[] = {
        {8, 1, 1, true},  {8, 1, 0, false}, {9, 1, 1, false}, {9, 1, 0, true},
        {8, 2, 1, false}, {8, 2, 0, true},  {8, 3, 0, true},  {8, 3, UINT64_MAX, false},
        {8, 4, 0, false}, {9, 4, 0, true},  {8, 5, 0, true}, /* not_stage */
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        static made net;
        made rule = {.bytes = 0}, rest = {.bytes = 0};
        an_tensor_file file;
        begin(&net, 8);
        if (rows[i].field < 4)
            made_varint(&rule, rows[i].field, rows[i].value);
        else
            made_text(&rule, rows[i].field, "s");
        made_message(&rest, rows[i].list, &rule);
        made_layer(&net, "a", "TanH", "data", "data", NULL);
        made_layer(&net, "b", "TanH", "data", "data", &rest);
        open_net(p->ctx, &net, &file);
        assert_int_equal(file.graph->count, rows[i].there ? 2 : 1);
        an_tensor_file_close(p->ctx, &file);
    }
}

/* Dropout does nothing in testing, unless the file says that training does not scale. */
static void dropout_may_scale(void **state)
{
    const an_test_place *p = *state;

    for (int scales = 0; scales < 2; ++scales) {
        static made net;
        made settings = {.bytes = 0};
        an_tensor_file file;
        begin(&net, 8);
        made_float(&settings, 1, 0.25f);
        made_varint(&settings, 2, (uint64_t)!scales);
        made_layer(&net, "a", "TanH", "data", "a", NULL);
        add(&net, "drop", "Dropout", "a", "b", 108, &settings); /* not in place */
        made_layer(&net, "c", "TanH", "b", "c", NULL);
        open_net(p->ctx, &net, &file);
        assert_int_equal(file.graph->count, 2 + scales);
        if (scales == 1) {
            assert_int_equal(file.graph->nodes[1].op, AN_GRAPH_SCALE);
            assert_true(file.graph->nodes[1].factor == 0.75);
        }
        an_tensor_file_close(p->ctx, &file);
    }
}

/* ---- the input ---- */

static void the_input_may_be_given_later(void **state)
{
    static const int kernel[] = {2, 3, 3, 3}, biases[] = {2};
    const an_test_place *p = *state;
    const made_form form = {.generation = 2};
    static made net;
    made rest = {.bytes = 0}, settings = {.bytes = 0};
    an_tensor_file file;

    net.bytes = 0;
    made_text(&net, 1, "n");
    made_varint(&settings, 1, 2);
    made_varint(&settings, 4, 3);
    made_message(&rest, 106, &settings);
    made_blob(&rest, 7, &form, 4, kernel, 0, 1);
    made_blob(&rest, 7, &form, 1, biases, 0, 1);
    made_layer(&net, "conv", "Convolution", "data", "conv", &rest);
    open_net(p->ctx, &net, &file);
    /* any size fits: the first family's */
    assert_string_equal(an_tensor_file_metadata(&file, "caffe.input_from"), an_family_at(0)->name);
    assert_int_equal(file.graph->nodes[0].in[1], an_family_at(0)->input[1]);
    an_assert_ok(p->ctx, an_caffe_set_input(p->ctx, "w", &file, 12, 10));
    assert_int_equal(file.graph->nodes[0].in[0], 3);
    assert_int_equal(file.graph->nodes[0].out[1], 10);
    assert_int_equal(file.graph->nodes[0].out[2], 8);
    an_assert_status(p->ctx, an_caffe_set_input(p->ctx, "w", &file, 2, 10), ALEXNET_BAD_FILE);
    assert_int_equal(file.graph->nodes[0].out[2], 8); /* as before */
    an_tensor_file_close(p->ctx, &file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(layers_of_no_family_are_refused),
        an_test_in_place(branches_are_refused),
        an_test_in_place(sizes_that_do_not_fit_are_refused),
        an_test_in_place(pooling_rounds_up),
        an_test_in_place(sides_may_differ),
        an_test_in_place(normalisations_are_those_of_sums),
        an_test_in_place(rules_of_phases_are_kept),
        an_test_in_place(dropout_may_scale),
        an_test_in_place(the_input_may_be_given_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
