/*
 * text_test.c: numbers as text and back in any locale; the nearest word.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/rng.h"
#include "base/text.h"
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void integers(void **unused)
{
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"7", 7},
        {"-12", -12},
        {"007", 7},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    static const char *const bad[] = {
        "",
        "-",
        "+",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "0x10",
        "--1",
        "1-",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999999",
        "one",
    };
    int64_t value;

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(good); ++i) {
        assert_true(an_parse_int(good[i].text, strlen(good[i].text), &value));
        assert_true(value == good[i].value);
    }
    value = 42;
    for (size_t i = 0; i < AN_COUNT(bad); ++i) {
        if (an_parse_int(bad[i], strlen(bad[i]), &value))
            fail_msg("'%s' was taken for a number", bad[i]);
        assert_int_equal(value, 42);
    }
    assert_true(an_parse_int("123", 2, &value)); /* only the given characters */
    assert_int_equal(value, 12);
}

static void reals(void **unused)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {"0", 0},      {"0.1", 0.1},  {"-1e-3", -0.001},
        {"1E+2", 100}, {".5", 0.5},   {"5.", 5},
        {"+2", 2},     {"1e-400", 0}, {"1.7976931348623157e308", DBL_MAX},
    };
    static const char *const bad[] = {
        "",
        "inf",
        "-inf",
        "nan",
        "NaN",
        "0x1p3",
        "1e",
        "e1",
        "1e400",
        "-1e400",
        "1,5",
        "1.5.2",
        " 1",
        "1 ",
        "--1",
        ".",
        "+",
        "1d",
        "0.00000000000000000000000000000000000000000000000000000000000000000000000000000000001",
    };
    double value;

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(good); ++i) {
        assert_true(an_parse_real(good[i].text, strlen(good[i].text), &value));
        assert_true(value == good[i].value);
    }
    value = 42;
    for (size_t i = 0; i < AN_COUNT(bad); ++i) {
        if (an_parse_real(bad[i], strlen(bad[i]), &value))
            fail_msg("'%s' was taken for a number", bad[i]);
        assert_true(value == 42);
    }
    assert_true(an_parse_real("1.25", 3, &value));
    assert_true(value == 1.2);
}

static void printed_reals_are_short_and_parse_back(void **unused)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {0.1, "0.1"},
        {0.0005, "0.0005"},
        {-3, "-3"},
        {1e-5, "1e-05"},
        {224, "224"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {2147483647, "2147483647"},
    };
    an_stream stream = an_stream_open(1, AN_PURPOSE_TEST, 0, 0);
    char text[AN_REAL_SIZE];
    double back;

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_print_real(text, rows[i].value);
        assert_string_equal(text, rows[i].text);
    }
    for (int i = 0; i < 20000; ++i) {
        uint64_t bits = (uint64_t)an_random_u32(&stream) << 32 | an_random_u32(&stream);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        an_print_real(text, value);
        assert_true(an_parse_real(text, strlen(text), &back));
        assert_memory_equal(&back, &value, sizeof value);
    }
}

static void a_locale_with_decimal_commas_changes_nothing(void **unused)
{
    char text[AN_REAL_SIZE];
    double value;

    (void)unused;
    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL && setlocale(LC_ALL, "fr_FR.UTF-8") == NULL) {
        print_message("skipped: no locale with decimal commas is installed\n");
        skip();
    }
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5");
    assert_int_equal(an_print(text, sizeof text, "%.1f", 0.5), 3);
    assert_string_equal(text, "0.5");
    an_print_real(text, 0.25);
    assert_string_equal(text, "0.25");
    assert_true(an_parse_real("0.75", 4, &value));
    assert_true(value == 0.75);
    snprintf(text, sizeof text, "%.1f", 0.5); /* the host program's locale is unchanged */
    assert_string_equal(text, "0,5");
    setlocale(LC_ALL, "C");
}

static void words_are_equal_but_for_case(void **unused)
{
    (void)unused;
    assert_true(an_same_word("", ""));
    assert_true(an_same_word("JPEG", "jpeg"));
    assert_true(an_same_word("jPg", "JpG"));
    assert_false(an_same_word("jpg", "jpeg"));
    assert_false(an_same_word("jp", "jpg"));
    assert_false(an_same_word("jpg", "jp"));
    assert_false(an_same_word("@", "`")); /* 32 apart, but not letters */
}

static void the_nearest_word(void **unused)
{
    static const char *const keys[] = {"filters", "kernel", "stride", "pad", "groups", "lr"};
    static const struct {
        const char *word, *nearest;
    } rows[] = {
        {"kernel", "kernel"},
        {"kernal", "kernel"},
        {"kernle", "kernel"},
        {"ernel", "kernel"},
        {"filter", "filters"},
        {"fliters", "filters"},
        {"strid", "stride"},
        {"pda", "pad"},
        {"rl", "lr"},
        {"group", "groups"},
        {"classes", NULL},
        {"x", NULL},
        {"", NULL},
        {"outputs", NULL},
        {"a-word-that-is-much-longer-than-any-that-a-table-of-ours-could-ever-have", NULL},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const char *nearest = an_nearest(rows[i].word, keys, AN_COUNT(keys));
        if (rows[i].nearest == NULL)
            assert_null(nearest);
        else
            assert_string_equal(nearest, rows[i].nearest);
    }
    assert_null(an_nearest("kernel", NULL, 0));
}

/* A line of at most 7 bytes, truncated by snprintf(). */
static void lines_keep_whole_characters(void **unused)
{
    static const struct {
        const char *text, *line;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"a\tb\n", "a\\tb\\n"},
        {"abcd\xe2\x82\xac", "abcd\xe2\x82\xac"},
        {"abcde\xe2\x82\xac", "abcde"},
        {"abcdef\xe2\x82\xac", "abcdef"},
        {"abcde\xf0\x9f\x90\xb1", "abcde"},
        {"caf\xe9", "caf\\xe9"}, /* not truncated: the last bytes are the text's */
        {"ab\nd\033f", "ab\\nd"},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        char text[8], line[8];
        an_print(text, sizeof text, "%s", rows[i].text);
        an_escape_line(line, sizeof line, text);
        assert_string_equal(line, rows[i].line);
    }
}

static void nan_and_infinities_have_names(void **unused)
{
    static const struct {
        double value;
        const char *fixed, *brief; /* with three decimals, three digits */
    } rows[] = {
        {0.25, "0.250", "0.25"},
        {-12.3456, "-12.346", "-12.3"},
        {1e300, "1e+300", "1e+300"},
        {(double)NAN, "not a number", "not a number"},
        {-(double)NAN, "not a number", "not a number"},
        {(double)INFINITY, "infinity", "infinity"},
        {-(double)INFINITY, "-infinity", "-infinity"},
    };
    char text[AN_REAL_SIZE];

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        assert_string_equal(an_show_fixed(text, 3, rows[i].value), rows[i].fixed);
        assert_string_equal(an_show_short(text, 3, rows[i].value), rows[i].brief);
    }
    an_print_real(text, -(double)NAN);
    assert_string_equal(text, "not a number");
}

static void escaped_text_is_printable(void **unused)
{
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"", ""},
        {"gr\xc3\xbc\xc3\x9f \\", "gr\xc3\xbc\xc3\x9f \\"},
        {"a\033[31m\n\177", "a\\x1b[31m\\n\\x7f"},
        {"\xc2\x9b"
         "5m",
         "\\xc2\\x9b5m"}, /* U+009B begins an escape sequence, too */
        {"caf\xe9", "caf\\xe9"},
        {"\xe2\x82", "\\xe2\\x82"},
        {"\xc0\xaf", "\\xc0\\xaf"}, /* overlong */
    };
    char text[32], small[6];

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_escape(text, sizeof text, rows[i].text);
        assert_string_equal(text, rows[i].shown);
    }
    an_escape_bytes(text, sizeof text, "caf\xc3\xa9 \033");
    assert_string_equal(text, "caf\\xc3\\xa9 \\x1b");
    an_escape(small, sizeof small, "ab\xe2\x82\xac.");
    assert_string_equal(small, "ab\xe2\x82\xac");
    an_escape(small, sizeof small, "abc\033");
    assert_string_equal(small, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(reals),
        cmocka_unit_test(printed_reals_are_short_and_parse_back),
        cmocka_unit_test(a_locale_with_decimal_commas_changes_nothing),
        cmocka_unit_test(words_are_equal_but_for_case),
        cmocka_unit_test(the_nearest_word),
        cmocka_unit_test(lines_keep_whole_characters),
        cmocka_unit_test(nan_and_infinities_have_names),
        cmocka_unit_test(escaped_text_is_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
