/*
 * json_parse_test.c: what is JSON, what is not and where, and failed allocations, which are
 * reported as such.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/json.h"
#include <stdlib.h>
#include <string.h>

static alexnet_status parse(alexnet_context *ctx, const char *text, json_t **out)
{
    return an_json_parse(ctx, "header", text, strlen(text), out);
}

static void non_objects_are_refused(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"", "header: line 1, column 0: "},
        {"{", "header: line 1, column 1: "},
        {"[1]", "header: expected an object, found an array"},
        {"1", "header: line 1"},
        {"\"x\"", "header: line 1"},
        {"null", "header: line 1"},
        {"{\"a\":1,\"a\":2}", "duplicate object key"},
        {"{\"a\":1}x", "end of file expected"},
        {"{\"a\":1} {}", "end of file expected"},
        {"{\n\"a\":\n?}", "header: line 3, column 1"},
        {"{\"a\":1e999}", "real number overflow"},
        {"{\"a\":99999999999999999999}", "too big integer"},
        {"{\"a\":NaN}", "invalid token"},
        {"{\"a\":\"\xff\"}", "unable to decode byte 0xff"},
        {"{\"a\":\"\\u0000\"}", "NUL"},
        {"{'a':1}", "header: line 1"},
    };
    const an_test_place *p = *state;
    json_t *object = (json_t *)&object;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(p->ctx, parse(p->ctx, rows[i].text, &object), ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, rows[i].error);
        assert_null(object);
    }
    an_assert_status(p->ctx, an_json_parse(p->ctx, "header", "{}\0", 3, &object), ALEXNET_BAD_FILE);
}

static void nesting_has_a_limit(void **state)
{
    const size_t depth = 1000000;
    const an_test_place *p = *state;
    char *text = malloc(2 * depth);
    json_t *object;

    assert_non_null(text);
    memcpy(text, "{\"a\":", 5);
    memset(text + 5, '[', 2 * depth - 5);
    an_assert_status(p->ctx, an_json_parse(p->ctx, "bomb", text, 2 * depth, &object),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "maximum parsing depth reached");
    free(text);
}

/* Accepted texts, and how jansson prints them. */
static void values_are_kept(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"{}", "{}"},
        {" {\"a\" : [ ] , \"b\":{} }\r\n\t", "{\"a\":[],\"b\":{}}"},
        {"{\"a\":[true,false,null]}", "{\"a\":[true,false,null]}"},
        {"{\"a\":[0,-0,-1,9223372036854775807,-9223372036854775808]}",
         "{\"a\":[0,0,-1,9223372036854775807,-9223372036854775808]}"},
        {"{\"a\":[0.5,1e3,-2.5E-3,1.0,1E+2]}", "{\"a\":[0.5,1000.0,-0.0025,1.0,100.0]}"},
        {"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "{\"a\":\"\\\"\\\\/\\b\\f\\n\\r\\t\"}"},
        {"{\"a\":\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"}",
         "{\"a\":\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}"},
        {"{\"\\u00e9\":\"\x7f\"}", "{\"\xc3\xa9\":\"\x7f\"}"},
        {"{\"\":1}", "{\"\":1}"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        json_t *object;
        an_assert_ok(p->ctx, parse(p->ctx, rows[i].text, &object));
        char *text = an_json_line(p->ctx, object, 15);
        assert_string_equal(text, rows[i].expected);
        an_json_free(p->ctx, text);
        json_decref(object);
    }
}

static void near_json_is_refused(void **state)
{
    static const char *const rows[] = {
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":-}",
        "{\"a\":+1}",
        "{\"a\":1e}",
        "{\"a\":1e+}",
        "{\"a\":0x1}",
        "{\"a\":tru}",
        "{\"a\":truee}",
        "{\"a\":nul",
        "{\"a\":[1,]}",
        "{\"a\":[1 2]}",
        "{\"a\":[1}}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"x",
        "{\"a\":\"x\\",
        "{\"a\":\"\xc0\x80\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\xe2\x82",
        "\xef\xbb\xbf{}",
        "{\"a\":[",
        "{\"a\"",
        "{\"a\":",
        "{,}",
        "[1]",
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        json_t *object;
        an_assert_status(p->ctx, parse(p->ctx, rows[i], &object), ALEXNET_BAD_FILE);
        assert_null(object);
    }
}

static void lists_and_objects_are_told_apart(void **state)
{
    const an_test_place *p = *state;
    json_t *value;

    an_assert_ok(p->ctx, an_json_parse_list(p->ctx, "names", "[\"a\",\"b\"]", 9, &value));
    assert_int_equal(json_array_size(value), 2);
    json_decref(value);
    an_assert_status(p->ctx, an_json_parse_list(p->ctx, "names", "{}", 2, &value),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "names: expected a list, found an object");
    assert_null(value);
}

/* The text ends at its length, not at a 0. */
static void nothing_after_the_text_is_read(void **state)
{
    static const char text[] = "{\"a\":\"b\",\"c\":[1.5,true]}";
    const an_test_place *p = *state;

    for (size_t length = 0; length <= sizeof text - 1; ++length) {
        char *exact = malloc(length + 1); /* the sanitizers check its end */
        json_t *object;
        assert_non_null(exact);
        memcpy(exact, text, length);
        exact[length] = '}';
        const alexnet_status status = an_json_parse(p->ctx, "cut", exact, length, &object);
        assert_int_equal(status, length == sizeof text - 1 ? ALEXNET_OK : ALEXNET_BAD_FILE);
        json_decref(object);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(non_objects_are_refused),
        an_test_in_place(nesting_has_a_limit),
        an_test_in_place(values_are_kept),
        an_test_in_place(near_json_is_refused),
        an_test_in_place(lists_and_objects_are_told_apart),
        an_test_in_place(nothing_after_the_text_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
