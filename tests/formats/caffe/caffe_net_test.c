/*
 * caffe_net_test.c: the limits of a network. caffe_test.c reads good ones.
 * SPDX-License-Identifier: MIT
 */
#include "made.h"
#include "support/support.h"

#include "formats/caffe/caffe.h"
#include <string.h>

static void limits_are_kept(void **state)
{
    const an_test_place *p = *state;
    static made net;
    made rest = {.bytes = 0};
    an_tensor_file file;

    net.bytes = 0;
    for (int i = 0; i < AN_CAFFE_LAYERS_MAX + 1; ++i)
        made_layer(&net, "r", "ReLU", NULL, NULL, NULL);
    an_assert_status(p->ctx, an_tensor_file_parse(p->ctx, "w", net.data, net.bytes, NULL, &file),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "more than 1000 layers");

    net.bytes = 0;
    for (int i = 0; i < AN_CAFFE_ENDS_MAX + 1; ++i)
        made_text(&rest, 3, "b");
    made_layer(&net, "r", "ReLU", NULL, NULL, &rest);
    an_assert_status(p->ctx, an_tensor_file_parse(p->ctx, "w", net.data, net.bytes, NULL, &file),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "more than 32 bottoms and tops");

    net.bytes = rest.bytes = 0;
    made settings = {.bytes = 0};
    made_varint(&settings, 1, 1 << 25);
    made_message(&rest, 106, &settings);
    made_layer(&net, "c", "Convolution", "a", "b", &rest);
    an_assert_status(p->ctx, an_tensor_file_parse(p->ctx, "w", net.data, net.bytes, NULL, &file),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "layer 'c' (Convolution): field 1 of its settings is 33554432; "
                            "expected 0 to 16777216");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(limits_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
