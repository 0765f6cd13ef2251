/*
 * class_names_test.c: lists of names of classes.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/class_names.h"
#include <errno.h>
#include <string.h>

static void imagenet_has_a_thousand_in_the_order_of_synsets(void **state)
{
    static const struct {
        int index;
        const char *synset, *name;
    } rows[] = {
        {0, "n01440764", "tench"},
        {134, "n02012849", "crane bird"}, /* two are called crane, two maillot */
        {517, "n03126707", "crane"},
        {638, "n03710637", "maillot"},
        {639, "n03710721", "maillot tank suit"},
        {999, "n15075141", "toilet tissue"},
    };
    const an_test_place *p = *state;
    an_names names, synsets;

    an_assert_ok(p->ctx, an_class_names_read(p->ctx, "imagenet", &names));
    an_assert_ok(p->ctx, an_class_names_read(p->ctx, "imagenet-synsets", &synsets));
    assert_int_equal(names.count, AN_IMAGENET_CLASSES);
    assert_int_equal(synsets.count, AN_IMAGENET_CLASSES);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        assert_string_equal(an_imagenet_class(rows[i].index), rows[i].name);
        assert_string_equal(an_imagenet_synset(rows[i].index), rows[i].synset);
        assert_string_equal(names.names[rows[i].index], rows[i].name);
        assert_string_equal(synsets.names[rows[i].index], rows[i].synset);
    }
    for (int i = 0; i < AN_IMAGENET_CLASSES; ++i)
        assert_ptr_equal(an_imagenet_of_synset(an_imagenet_synset(i)), an_imagenet_class(i));
    assert_null(an_imagenet_of_synset("n01440765"));
    assert_null(an_imagenet_of_synset(""));
    assert_null(an_imagenet_of_synset("tench"));
    for (int i = 1; i < AN_IMAGENET_CLASSES; ++i)
        assert_true(strcmp(an_imagenet_synset(i - 1), an_imagenet_synset(i)) < 0);
    for (int i = 0; i < AN_IMAGENET_CLASSES; ++i)
        for (int k = 0; k < i; ++k)
            assert_string_not_equal(an_imagenet_class(i), an_imagenet_class(k));
    an_names_free(p->ctx, &names);
    an_names_free(p->ctx, &synsets);
}

static void a_file_has_a_name_in_each_line(void **state)
{
    static const struct {
        const char *text;
        size_t bytes, count; /* count 0: BAD_FILE */
        const char *error;
    } rows[] = {
        {"ant\nbee\n", 8, 2, ""},        {"ant\r\nbee", 8, 2, ""},
        {" ant , x \nbee\n", 14, 2, ""}, {"ant\n\nbee\n", 9, 0, "list: line 2"},
        {"\n", 1, 0, "list: line 1"},    {"ant\nb\0e\n", 8, 0, "list: line 2"},
        {"\r\n", 2, 0, "list: line 1"},
    };
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "list");
    an_names names;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_test_write(path, rows[i].text, rows[i].bytes);
        an_assert_status(p->ctx, an_class_names_read(p->ctx, path, &names),
                         rows[i].count > 0 ? ALEXNET_OK : ALEXNET_BAD_FILE);
        assert_int_equal(names.count, rows[i].count);
        if (rows[i].count == 0)
            an_assert_error(p->ctx, rows[i].error);
        else
            assert_memory_equal(names.names[1], "bee", 4);
        an_names_free(p->ctx, &names);
    }
    an_assert_status(p->ctx, an_class_names_read(p->ctx, an_test_path(p->folder, "none"), &names),
                     ALEXNET_NOT_FOUND);
}

static char said[512];

static void keep_line(void *user, alexnet_log_level level, const char *line)
{
    (void)user;
    assert_int_equal(level, ALEXNET_LOG_INFO);
    strncpy(said, line, sizeof said - 1);
}

static void a_list_beside_the_weights_is_told(void **state)
{
    const an_test_place *p = *state;
    const char *weights = an_test_path(p->folder, "w.pth");
    an_names names;

    p->ctx->options.log = keep_line;
    said[0] = '\0';
    an_assert_ok(p->ctx, an_class_names_beside(p->ctx, weights, &names));
    assert_int_equal(names.count, 0);
    assert_string_equal(said, "");
    an_test_write_text(an_test_path(p->folder, "w.pth.classes"), "ant\nbee\n");
    an_assert_ok(p->ctx, an_class_names_beside(p->ctx, weights, &names));
    assert_int_equal(names.count, 2);
    assert_non_null(strstr(said, "w.pth: names of its classes from "));
    an_names_free(p->ctx, &names);
}

static void any_failure_is_told(void **state)
{
    static const unsigned kinds[] = {AN_FAULT_BIT(AN_FAULT_READ), AN_FAULT_BIT(AN_FAULT_MEMORY)};
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "list");
    an_test_fault fault;
    an_names names;

    an_test_write_text(path, "ant\nbee\n");
    for (size_t k = 0; k < AN_COUNT(kinds); ++k) {
        for (long n = 0;; ++n) {
            an_test_fault_arm(&fault, p->ctx, kinds[k], n, false, EIO);
            const alexnet_status status = an_class_names_read(p->ctx, path, &names);
            if (!an_test_fault_disarm(&fault)) {
                an_assert_ok(p->ctx, status);
                an_names_free(p->ctx, &names);
                break;
            }
            assert_int_equal(status, k == 0 ? ALEXNET_IO : ALEXNET_NO_MEMORY);
            assert_int_equal(names.count, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(imagenet_has_a_thousand_in_the_order_of_synsets),
        an_test_in_place(a_file_has_a_name_in_each_line),
        an_test_in_place(a_list_beside_the_weights_is_told),
        an_test_in_place(any_failure_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
