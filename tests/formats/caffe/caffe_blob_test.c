/*
 * caffe_blob_test.c: blobs that claim what they do not have. caffe_test.c reads the good ones.
 * SPDX-License-Identifier: MIT
 */
#include "made.h"
#include "support/support.h"

#include "formats/caffe/caffe.h"
#include <string.h>

/* The content of one blob, in an InnerProduct layer. */
static alexnet_status parse_blob(alexnet_context *ctx, const made *blob)
{
    made net = {.bytes = 0}, rest = {.bytes = 0};
    an_tensor_file file;

    made_message(&rest, 7, blob);
    made_layer(&net, "ip", "InnerProduct", "data", "ip", &rest);
    const alexnet_status status = an_tensor_file_parse(ctx, "w", net.data, net.bytes, NULL, &file);
    an_tensor_file_close(ctx, &file);
    return status;
}

static void false_blobs_are_refused(void **state)
{
    const an_test_place *p = *state;
    made blob, shape;

    blob.bytes = shape.bytes = 0; /* fewer values than the shape says */
    made_varint(&shape, 1, 3);
    made_message(&blob, 7, &shape);
    made_bytes(&blob, 5, "12345678", 8);
    an_assert_status(p->ctx, parse_blob(p->ctx, &blob), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "w: layer 'ip', blob 0: its shape is [3], but it has 2 values");

    blob.bytes = shape.bytes = 0; /* a product that overflows */
    for (int i = 0; i < 5; ++i)
        made_varint(&shape, 1, 1 << 30);
    made_message(&blob, 7, &shape);
    an_assert_status(p->ctx, parse_blob(p->ctx, &blob), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "but it has 0 values");

    blob.bytes = shape.bytes = 0;
    made_varint(&shape, 1, UINT64_MAX);
    made_message(&blob, 7, &shape);
    an_assert_status(p->ctx, parse_blob(p->ctx, &blob), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "a dimension is negative");

    blob.bytes = shape.bytes = 0;
    for (int i = 0; i < 9; ++i)
        made_varint(&shape, 1, 1);
    made_message(&blob, 7, &shape);
    an_assert_status(p->ctx, parse_blob(p->ctx, &blob), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "more than 8 dimensions");

    blob.bytes = 0;
    made_bytes(&blob, 5, "1234567", 7);
    an_assert_status(p->ctx, parse_blob(p->ctx, &blob), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "its values end within a number");

    blob.bytes = 0;
    made_varint(&blob, 5, 1);
    an_assert_status(p->ctx, parse_blob(p->ctx, &blob), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "not of a floating-point type");

    blob.bytes = 0;
    made_varint(&blob, 1, UINT64_MAX);
    an_assert_status(p->ctx, parse_blob(p->ctx, &blob), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "a dimension is negative");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(false_blobs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
