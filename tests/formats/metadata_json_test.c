/*
 * metadata_json_test.c: metadata to JSON and back; texts of another form are refused before they
 * are parsed.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/json.h"
#include "formats/metadata_json.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static alexnet_status parse(alexnet_context *ctx, const char *text, an_tensor_file *out)
{
    *out = (an_tensor_file){0};
    return an_metadata_parse(ctx, "f", text, strlen(text), out);
}

static void texts_come_back(void **state)
{
    static const char *const keys[] = {"format", "alexnet.classes", "a \"quoted\" key", "empty"};
    static const char *const values[] = {"pt", "[\"cat\",\"gr\xc3\xbc\xc3\x9f\"]", "{}:,\\\n", ""};
    const an_test_place *p = *state;
    an_tensor_file file;
    char *text;

    an_assert_ok(p->ctx, an_metadata_print(p->ctx, "f", keys, values, AN_COUNT(keys), &text));
    an_assert_ok(p->ctx, parse(p->ctx, text, &file));
    assert_int_equal(file.metadata_count, AN_COUNT(keys));
    for (size_t i = 0; i < AN_COUNT(keys); ++i) {
        assert_string_equal(file.keys[i], keys[i]);
        assert_string_equal(file.values[i], values[i]);
    }
    an_tensor_file_close(p->ctx, &file);
    an_json_free(p->ctx, text);
}

static void other_forms_are_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "[]",
        "{\"a\": 1}",
        "{\"a\": null}",
        "{\"a\": {\"b\": \"c\"}}",
        "{\"a\": [\"b\"]}",
        "{\"a\": \"b\"",
        "{\"a\" \"b\"}",
        "{\"a\": \"b\"}}",
        "{\"a\": \"b\", \"a\": \"c\"}",
        "{\"a\": \"b",
        "{\"a\": \"b\\",
        "{\"a\": \"\xff\"}",
    };
    const an_test_place *p = *state;
    an_tensor_file file;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(p->ctx, parse(p->ctx, rows[i], &file), ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, "f: ");
        an_tensor_file_close(p->ctx, &file);
    }
    an_assert_ok(p->ctx, parse(p->ctx, " {\n} ", &file));
    an_tensor_file_close(p->ctx, &file);
}

static void there_are_limits(void **state)
{
    enum { MANY = AN_METADATA_COUNT_MAX + 1 };
    const an_test_place *p = *state;
    static char names[MANY][8];
    static const char *keys[MANY];
    char *large = malloc(AN_METADATA_JSON_MAX), *text;
    const char *const one[] = {large};
    an_tensor_file file;

    assert_non_null(large);
    for (int i = 0; i < MANY; ++i) {
        snprintf(names[i], sizeof names[i], "%d", i);
        keys[i] = names[i];
    }
    an_assert_ok(p->ctx, an_metadata_print(p->ctx, "f", keys, keys, MANY - 1, &text));
    an_assert_ok(p->ctx, parse(p->ctx, text, &file));
    an_tensor_file_close(p->ctx, &file);
    text[strlen(text) - 1] = '\0'; /* and one more */
    char *more = malloc(strlen(text) + 32);
    assert_non_null(more);
    sprintf(more, "%s, \"x\": \"y\"}", text);
    an_assert_status(p->ctx, parse(p->ctx, more, &file), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "f: its metadata is not a JSON object of at most 2000 texts");
    free(more);
    an_json_free(p->ctx, text);
    an_assert_status(p->ctx, an_metadata_print(p->ctx, "f", keys, keys, MANY, &text),
                     ALEXNET_BAD_ARG);
    memset(large, 'a', AN_METADATA_JSON_MAX - 1);
    large[AN_METADATA_JSON_MAX - 1] = '\0';
    an_assert_status(p->ctx, an_metadata_print(p->ctx, "f", one, one, 1, &text), ALEXNET_BAD_ARG);
    free(large);
}

static void texts_that_json_lacks_are_refused(void **state)
{
    static const char *const twice[] = {"a", "a"}, *const other[] = {"\xff", "a"};
    const an_test_place *p = *state;
    char *text;

    an_assert_status(p->ctx, an_metadata_print(p->ctx, "f", twice, twice, 2, &text),
                     ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "f: 'a' would be written twice");
    an_assert_status(p->ctx, an_metadata_print(p->ctx, "f", twice, other, 1, &text),
                     ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "f: 'a' cannot be written: it is not UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(texts_come_back),
        an_test_in_place(other_forms_are_refused),
        an_test_in_place(there_are_limits),
        an_test_in_place(texts_that_json_lacks_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
