/* The table of families: each is found, can be built, and says where it comes from.
 * SPDX-License-Identifier: MIT */
#include "support/support.h"

#include "models/models.h"
#include <string.h>

static void every_family_is_found_and_built(void **unused)
{
    alexnet_context *ctx;
    int count = 0;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    for (const an_family *family; (family = an_family_at(count)) != NULL; ++count) {
        alexnet_model *model;

        assert_ptr_equal(an_family_find(family->name), family);
        assert_true(strlen(family->summary) > 0 && strlen(family->source) > 0 &&
                    strlen(family->recipe) > 0);
        an_assert_ok(ctx, alexnet_model_outline(ctx, family->name, NULL, &model));
        assert_int_equal(model->nodes[model->node_count - 2].y.c, family->classes);
        alexnet_model_free(model);
    }
    assert_true(count >= 3);
    assert_null(an_family_at(-1));
    assert_null(an_family_find("resnet"));
    alexnet_close(ctx);
}

/* --activation tanh leaves no ReLU behind, in every family that takes it. */
static void activation_is_that_of_all_layers(void **unused)
{
    alexnet_context *ctx;
    int taken = 0;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    for (int i = 0; an_family_at(i) != NULL; ++i) {
        alexnet_model_options options = alexnet_model_options_default();
        alexnet_model *model;

        options.activation = ALEXNET_ACTIVATION_TANH;
        if (alexnet_model_outline(ctx, an_family_at(i)->name, &options, &model) != ALEXNET_OK)
            continue;
        ++taken;
        for (int j = 0; j < model->node_count; ++j)
            assert_string_not_equal(model->nodes[j].def->name, "relu");
        alexnet_model_free(model);
    }
    assert_true(taken >= 14);
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_family_is_found_and_built),
                                       cmocka_unit_test(activation_is_that_of_all_layers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
