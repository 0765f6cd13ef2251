/*
 * pickle_string_test.c: the window over a file, and the encodings of strings.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/pytorch/pickle_string.h"
#include <stdlib.h>
#include <string.h>

static void numbers_and_lines_cross_the_window(void **state)
{
    const an_test_place *p = *state;
    const size_t size = 3 * AN_PICKLE_WINDOW;
    const char *path = an_test_path(p->folder, "file");
    uint8_t *data = malloc(size);
    an_reader reader;
    an_pickle_source source;

    assert_non_null(data);
    for (size_t i = 0; i < size; ++i)
        data[i] = (uint8_t)(i % 251);
    data[2 * AN_PICKLE_WINDOW + 5] = '\n';
    for (size_t i = 0; i < 2 * AN_PICKLE_WINDOW + 5; ++i)
        if (data[i] == '\n') data[i] = 0;
    an_test_write(path, data, size);
    an_assert_ok(p->ctx, an_reader_open(p->ctx, path, &reader));
    an_assert_ok(p->ctx,
                 an_pickle_source_open(p->ctx, path, &reader, AN_PICKLE_WINDOW - 2, size, &source));
    assert_int_equal(an_pickle_line_length(&source), AN_PICKLE_WINDOW + 7);
    assert_int_equal(source.at, AN_PICKLE_WINDOW - 2);
    uint32_t expected;
    memcpy(&expected, data + AN_PICKLE_WINDOW - 2, sizeof expected);
    assert_int_equal(an_pickle_take_number(&source, 4), expected);
    an_pickle_skip(&source, AN_PICKLE_WINDOW);
    assert_int_equal(an_pickle_take_byte(&source), data[2 * AN_PICKLE_WINDOW + 2]);
    an_pickle_skip(&source, size - source.at);
    an_assert_ok(p->ctx, source.status);
    assert_int_equal(an_pickle_take_byte(&source), 0); /* beyond the end */
    an_assert_status(p->ctx, source.status, ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "truncated");
    assert_int_equal(an_pickle_take_number(&source, 8), 0);
    an_pickle_source_close(&source);
    an_reader_close(&reader);
    free(data);
}

static void a_line_must_end(void **state)
{
    const an_test_place *p = *state;
    const an_reader reader = an_reader_of("abc", 3);
    an_pickle_source source;

    an_assert_ok(p->ctx, an_pickle_source_open(p->ctx, "f", &reader, 0, 3, &source));
    assert_int_equal(an_pickle_line_length(&source), 0);
    an_assert_status(p->ctx, source.status, ALEXNET_BAD_FILE);
    an_pickle_source_close(&source);
}

/* ---- strings ---- */

static void strings_are_decoded(void **state)
{
    static const struct {
        const char *text;
        an_pickle_encoding encoding;
        bool latin1;
        const char *decoded; /* NULL: refused */
        size_t bytes;
    } rows[] = {
        {"abc", AN_PICKLE_QUOTED, false, "abc", 3},
        {"\\x00\\xff\\n\\t\\r\\\\\\'\\\"\\a\\b\\f\\v", AN_PICKLE_QUOTED, false,
         "\0\xff\n\t\r\\'\"\a\b\f\v", 12},
        {"\\x0G", AN_PICKLE_QUOTED, false, NULL, 1},
        {"\\x0", AN_PICKLE_QUOTED, false, NULL, 1},
        {"\\", AN_PICKLE_QUOTED, false, NULL, 1},
        {"\\e", AN_PICKLE_QUOTED, false, NULL, 1},
        {"abc", AN_PICKLE_QUOTED, false, NULL, 2},
        {"abc", AN_PICKLE_QUOTED, false, NULL, 4},
        {"a\xc2\x80\xc3\xbf", AN_PICKLE_PLAIN, true, "a\x80\xff", 3},
        {"\xc4\x80", AN_PICKLE_PLAIN, true, NULL, 1}, /* U+0100 */
        {"\xc3", AN_PICKLE_PLAIN, true, NULL, 1},
        {"\xc3"
         "a",
         AN_PICKLE_PLAIN, true, NULL, 1},
        {"\xc0\x80", AN_PICKLE_PLAIN, true, NULL, 1}, /* overlong */
        {"\x80", AN_PICKLE_PLAIN, true, NULL, 1},
        {"a\xff\\u0000\\u005c\\x", AN_PICKLE_UNICODE_ESCAPED, true, "a\xff\0\\\\x", 6},
        {"\\u0100", AN_PICKLE_UNICODE_ESCAPED, true, NULL, 1},
        {"\\u00", AN_PICKLE_UNICODE_ESCAPED, true, NULL, 1},
        {"", AN_PICKLE_QUOTED, false, "", 0},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const size_t length = strlen(rows[i].text);
        const an_reader reader = an_reader_of(rows[i].text, length);
        an_pickle_string string = {.length = length, .encoding = rows[i].encoding};
        an_store store = {0};
        const alexnet_status status = an_pickle_string_decode(
            p->ctx, "f", &reader, &store, rows[i].latin1, rows[i].bytes, &string);
        an_assert_status(p->ctx, status, rows[i].decoded != NULL ? ALEXNET_OK : ALEXNET_BAD_FILE);
        if (status == ALEXNET_OK) {
            assert_memory_equal(string.decoded, rows[i].decoded, rows[i].bytes);
            const uint8_t *first = string.decoded;
            an_assert_ok(p->ctx, an_pickle_string_decode(p->ctx, "f", &reader, &store,
                                                         rows[i].latin1, rows[i].bytes, &string));
            assert_ptr_equal(string.decoded, first); /* once */
            an_assert_status(p->ctx,
                             an_pickle_string_decode(p->ctx, "f", &reader, &store, rows[i].latin1,
                                                     rows[i].bytes + 1, &string),
                             ALEXNET_BAD_FILE);
        }
        an_store_free(p->ctx, &store);
    }
}

static void short_texts_are_kept(void **state)
{
    static const struct {
        const char *encoded;
        an_pickle_encoding encoding;
        const char *text;
    } rows[] = {{"a\xc3\xa9", AN_PICKLE_PLAIN, "a\xc3\xa9"},
                {"a\\x41", AN_PICKLE_QUOTED, "aA"},
                {"\xe9\\u20ac", AN_PICKLE_UNICODE_ESCAPED, "\xc3\xa9\xe2\x82\xac"}};
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const size_t length = strlen(rows[i].encoded);
        const an_reader reader = an_reader_of(rows[i].encoded, length);
        an_pickle_source source;
        an_pickle_string string;
        an_store store = {0};
        an_assert_ok(p->ctx, an_pickle_source_open(p->ctx, "f", &reader, 0, length, &source));
        an_assert_ok(p->ctx,
                     an_pickle_take_string(&source, &store, rows[i].encoding, length, &string));
        assert_string_equal(string.text, rows[i].text);
        assert_int_equal(string.text_length, strlen(rows[i].text));
        an_pickle_source_close(&source);
        an_store_free(p->ctx, &store);
    }
}

static void the_longest_text_fits(void **state)
{
    const an_test_place *p = *state;
    char encoded[AN_PICKLE_TEXT_MAX + 1];
    an_pickle_source source;
    an_pickle_string string;
    an_store store = {0};

    memset(encoded, 0xe9, sizeof encoded); /* each takes two bytes of UTF-8 */
    const an_reader reader = an_reader_of(encoded, sizeof encoded);
    an_assert_ok(p->ctx, an_pickle_source_open(p->ctx, "f", &reader, 0, sizeof encoded, &source));
    an_assert_ok(p->ctx, an_pickle_take_string(&source, &store, AN_PICKLE_UNICODE_ESCAPED,
                                               AN_PICKLE_TEXT_MAX, &string));
    assert_int_equal(string.text_length, 2 * AN_PICKLE_TEXT_MAX);
    source.at = 0;
    an_assert_ok(p->ctx, an_pickle_take_string(&source, &store, AN_PICKLE_UNICODE_ESCAPED,
                                               AN_PICKLE_TEXT_MAX + 1, &string));
    assert_null(string.text);
    an_pickle_source_close(&source);
    an_store_free(p->ctx, &store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(numbers_and_lines_cross_the_window),
        an_test_in_place(a_line_must_end),
        an_test_in_place(strings_are_decoded),
        an_test_in_place(short_texts_are_kept),
        an_test_in_place(the_longest_text_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
