/*
 * orientation_test.c: one word of the record changes, and no other.
 * SPDX-License-Identifier: MIT
 */
#include "tiny.h"

#include "image/preprocess.h"
#include <string.h>

static void one_word_of_the_record_changes(void **state)
{
    static const struct {
        const char *record;
        alexnet_orientation orientation;
        const char *expected;
    } rows[] = {
        {"crop=32 orientation=stored divide=1", ALEXNET_ORIENTATION_EXIF,
         "crop=32 orientation=exif divide=1"},
        {"crop=32 orientation=exif", ALEXNET_ORIENTATION_STORED, "crop=32 orientation=stored"},
        {"orientation=exif  crop=32", ALEXNET_ORIENTATION_STORED, "orientation=stored  crop=32"},
        {"crop=32", ALEXNET_ORIENTATION_EXIF, "crop=32 orientation=exif"},
        {"", ALEXNET_ORIENTATION_EXIF, "orientation=exif"},
        {"crop=32 orientation=ignore", ALEXNET_ORIENTATION_DEFAULT, "crop=32 orientation=stored"},
        {"crop=32 orientation=exif", ALEXNET_ORIENTATION_DEFAULT, "crop=32 orientation=exif"},
    };
    const an_test_place *p = *state;
    alexnet_model *model = an_tiny_model(p->ctx, NULL, 3, 1);

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_preprocess record;
        an_assert_ok(p->ctx, an_model_set_preprocess(model, rows[i].record));
        an_assert_ok(p->ctx, alexnet_model_set_orientation(model, rows[i].orientation));
        assert_string_equal(model->preprocess, rows[i].expected);
        an_assert_ok(p->ctx, an_preprocess_parse(p->ctx, model->preprocess, &record));
    }
    alexnet_model_free(model);
}

static void memory_may_run_out(void **state)
{
    const an_test_place *p = *state;
    alexnet_model *model = an_tiny_model(p->ctx, NULL, 3, 1);
    bool failed = true;

    for (long n = 0; failed; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status =
            alexnet_model_set_orientation(model, ALEXNET_ORIENTATION_EXIF);
        failed = an_test_fault_disarm(&fault);
        if (failed) an_assert_status(p->ctx, status, ALEXNET_NO_MEMORY);
    }
    assert_non_null(strstr(model->preprocess, "orientation=exif"));
    alexnet_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(one_word_of_the_record_changes),
        an_test_in_place(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
