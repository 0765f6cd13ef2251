/*
 * tensor_file_test.c: formats by content and by name, lists that grow, files that are no weights.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/safetensors.h"
#include <stdio.h>
#include <string.h>

static void formats_have_names(void **state)
{
    (void)state;
    assert_ptr_equal(an_tensor_format_find("safetensors"), &an_tensor_format_safetensors);
    assert_ptr_equal(an_tensor_format_find("npz"), &an_tensor_format_npz);
    assert_ptr_equal(an_tensor_format_find("tensorflow"), &an_tensor_format_tensorflow);
    assert_null(an_tensor_format_find("gguf"));
    assert_null(an_tensor_format_find(""));
}

static void a_file_is_known_by_its_content(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "weights.bin");
    const an_tensor_out tensor = {
        .name = "w", .dtype = AN_U8, .rank = 1, .shape = {3}, .data = "abc"};
    an_tensor_file file;

    an_assert_ok(p->ctx, an_safetensors_write(p->ctx, path, &tensor, 1, NULL, NULL, 0));
    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    assert_ptr_equal(file.format, &an_tensor_format_safetensors);
    assert_int_equal(file.count, 1);
    an_tensor_file_close(p->ctx, &file);
    an_tensor_file_close(p->ctx, &file);
}

/* The magic number of TensorFlow's tables, in a file too short to be one. */
static void a_file_may_be_known_by_its_end(void **state)
{
    static const char magic[] = "\x57\xfb\x80\x8b\x24\x75\x47\xdb";
    const an_test_place *p = *state;
    an_tensor_file file;

    an_assert_status(p->ctx, an_tensor_file_parse(p->ctx, "x", magic, 8, NULL, &file),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "x: 8 bytes; expected a table, whose footer alone has 48");
    an_assert_status(p->ctx, an_tensor_file_parse(p->ctx, "x", magic, 7, NULL, &file),
                     ALEXNET_BAD_FILE);
    assert_null(strstr(alexnet_error(p->ctx), "table"));
}

static void other_files_are_refused(void **state)
{
    const an_test_place *p = *state;
    an_tensor_file file;

    an_assert_status(p->ctx, an_tensor_file_parse(p->ctx, "x", "", 0, NULL, &file),
                     ALEXNET_BAD_FILE);
    an_assert_status(p->ctx, an_tensor_file_parse(p->ctx, "x", "GIF89a.......", 13, NULL, &file),
                     ALEXNET_BAD_FILE);
    assert_null(file.format);
    an_assert_status(p->ctx, an_tensor_file_open(p->ctx, p->folder, NULL, &file), ALEXNET_BAD_FILE);
}

static void lists_grow(void **state)
{
    const an_test_place *p = *state;
    an_tensor_file file = {0};
    char name[32];

    for (int i = 0; i < 100; ++i) {
        const an_tensor_view view = {
            .name = name, .dtype = AN_U8, .count = 1, .data = (const uint8_t *)"x"};
        snprintf(name, sizeof name, "tensor %d", i);
        an_assert_ok(p->ctx, an_tensor_file_add(p->ctx, "f", &file, &view));
        an_assert_ok(p->ctx, an_tensor_file_add_metadata(p->ctx, "f", &file, name, name + 7));
    }
    assert_int_equal(file.count, 100);
    assert_string_equal(file.tensors[0].name, "tensor 0");
    assert_ptr_equal(an_tensor_file_find(&file, "tensor 99"), &file.tensors[99]);
    assert_string_equal(an_tensor_file_metadata(&file, "tensor 42"), "42");
    an_tensor_file_close(p->ctx, &file);
}

static void places_outside_the_file_are_refused(void **state)
{
    static const struct {
        int64_t shape;
        uint64_t place;
        bool good;
    } rows[] = {{4, 0, true},   {4, 1, false},          {3, 4, true},         {0, 16, true},
                {0, 17, false}, {1, UINT64_MAX, false}, {INT64_MAX, 0, false}};
    const an_test_place *p = *state;
    const an_tensor_file file = {.reader = an_reader_of("0123456789abcdef", 16)};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_tensor_view view = {.name = "w",
                               .dtype = AN_F32,
                               .rank = 1,
                               .shape = {rows[i].shape},
                               .place = rows[i].place};
        an_assert_status(p->ctx, an_tensor_file_check(p->ctx, "f", &file, &view),
                         rows[i].good ? ALEXNET_OK : ALEXNET_BAD_FILE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_have_names),
        an_test_in_place(a_file_is_known_by_its_content),
        an_test_in_place(a_file_may_be_known_by_its_end),
        an_test_in_place(other_files_are_refused),
        an_test_in_place(lists_grow),
        an_test_in_place(places_outside_the_file_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
