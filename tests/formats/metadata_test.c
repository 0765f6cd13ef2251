/* metadata_test.c: which entries of a file are its own. SPDX-License-Identifier: MIT */
#include "support/support.h"

#include "formats/metadata.h"

static void own_keys_are_known(void **state)
{
    (void)state;
    assert_true(an_metadata_is_own("format"));
    assert_true(an_metadata_is_own("alexnet.schema"));
    assert_true(an_metadata_is_own("alexnet.family"));
    assert_true(an_metadata_is_own("alexnet.options"));
    assert_true(an_metadata_is_own("alexnet.classes"));
    assert_true(an_metadata_is_own("alexnet.preprocess"));
    assert_true(an_metadata_is_own("alexnet.crc32c"));
    assert_false(an_metadata_is_own("alexnet.trained"));
    assert_false(an_metadata_is_own(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_keys_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
