/* The table of layers. SPDX-License-Identifier: MIT */
#include "support/support.h"

#include "layers/layers.h"

static void every_layer_is_found_by_its_name(void **unused)
{
    int count = 0;

    (void)unused;
    for (const an_layer_def *layer; (layer = an_layer_at(count)) != NULL; ++count) {
        assert_ptr_equal(an_layer_find(layer->name), layer);
        assert_non_null(layer->summary);
        assert_true(layer->shape != NULL && layer->plan != NULL && layer->forward != NULL &&
                    layer->backward != NULL);
        assert_int_equal(layer->keys != NULL, layer->settings_bytes > 0);
    }
    assert_true(count >= 8);
    assert_null(an_layer_at(-1));
    assert_null(an_layer_find("convolution"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_layer_is_found_by_its_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
