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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_family_is_found_and_built)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
