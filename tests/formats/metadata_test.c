/*
 * metadata_test.c: which entries of a file are reserved.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/metadata.h"

static void reserved_keys_are_known(void **state)
{
    (void)state;
    assert_true(an_metadata_is_reserved("format"));
    assert_true(an_metadata_is_reserved("alexnet.schema"));
    assert_true(an_metadata_is_reserved("alexnet.family"));
    assert_true(an_metadata_is_reserved("alexnet.options"));
    assert_true(an_metadata_is_reserved("alexnet.classes"));
    assert_true(an_metadata_is_reserved("alexnet.preprocess"));
    assert_true(an_metadata_is_reserved("alexnet.crc32c"));
    assert_false(an_metadata_is_reserved("alexnet.trained"));
    assert_false(an_metadata_is_reserved(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserved_keys_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
