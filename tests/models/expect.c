/*
 * expect.c: see expect.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "models/expect.h"

static void expect_layers(alexnet_context *ctx, const alexnet_model *model,
                          const expect_layer *expected)
{
    for (; expected->name != NULL; ++expected) {
        alexnet_layer_info layer;

        an_assert_ok(ctx, alexnet_model_get_layer(model, an_model_find_layer(model, expected->name),
                                                  &layer));
        for (int i = 0; i < 3; ++i)
            if (layer.output[i] != expected->output[i])
                fail_msg("%s: output[%d] is %d, expected %d", expected->name, i, layer.output[i],
                         expected->output[i]);
        assert_int_equal(layer.parameters, expected->parameters);
        assert_int_equal(layer.macs, expected->macs);
    }
}

static void expect_tensors(alexnet_context *ctx, const alexnet_model *model,
                           const expect_tensor *expected)
{
    int count = 0;

    for (; expected->name != NULL; ++expected, ++count) {
        alexnet_tensor_info tensor;

        an_assert_ok(ctx, alexnet_model_get_tensor(model, count, &tensor));
        assert_string_equal(tensor.name, expected->name);
        assert_int_equal(tensor.rank, expected->rank);
        for (int i = 0; i < expected->rank; ++i)
            assert_int_equal(tensor.shape[i], expected->shape[i]);
    }
    assert_int_equal(count, model->params.count);
}

void an_expect_family(const expect_family *expected)
{
    alexnet_context *ctx;
    alexnet_model *model;
    alexnet_model_info info;

    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, an_model_build(ctx, expected->name, NULL, &model));
    alexnet_model_get_info(model, &info);
    assert_string_equal(info.family, expected->name);
    for (int i = 0; i < 3; ++i)
        assert_int_equal(info.input[i], expected->input[i]);
    assert_int_equal(info.parameters, expected->parameters);
    assert_int_equal(info.macs, expected->macs);
    assert_int_equal(info.neurons, expected->neurons);
    expect_layers(ctx, model, expected->layers);
    expect_tensors(ctx, model, expected->tensors);
    alexnet_model_free(model);
    alexnet_close(ctx);
}
