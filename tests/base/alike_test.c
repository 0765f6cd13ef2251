/*
 * alike_test.c: names that differ in case or in Unicode's form only.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/alike.h"
#include "base/memory.h"
#include <string.h>

/* NFC and NFD as given by Python's unicodedata. */
static const struct {
    const char *a, *b;
    an_likeness likeness;
} rows[] = {
    {"cat", "cat", AN_LIKENESS_NONE},
    {"cat", "dog", AN_LIKENESS_NONE},
    {"cat", "cats", AN_LIKENESS_NONE},
    {"", "a", AN_LIKENESS_NONE},
    {"Cat", "cAT", AN_LIKENESS_CASE},
    {"cafe", "caf\xc3\xa9", AN_LIKENESS_NONE}, /* a mark is a visible difference */
    {"caf\xc3\xa9", "cafe\xcc\x81", AN_LIKENESS_FORM},
    {"CAF\xc3\x89", "cafe\xcc\x81", AN_LIKENESS_CASE},
    {"\xe1\xbb\x87", "e\xcc\xa3\xcc\x82", AN_LIKENESS_FORM}, /* U+1EC7 */
    /* partly decomposed */
    {"\xe1\xbb\x87", "\xe1\xba\xb9\xcc\x82", AN_LIKENESS_FORM},
    {"\xe1\xbe\x82", "\xce\xb1\xcc\x93\xcc\x80\xcd\x85", AN_LIKENESS_FORM},     /* U+1F82 */
    {"\xea\xb0\x81", "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8", AN_LIKENESS_FORM}, /* Hangul */
    {"\xea\xb0\x80", "\xe1\x84\x80\xe1\x85\xa1", AN_LIKENESS_FORM},
    {"\xe3\x81\x8c", "\xe3\x81\x8b\xe3\x82\x99", AN_LIKENESS_FORM}, /* kana */
    {"\xd0\x99", "\xd0\xb8\xcc\x86", AN_LIKENESS_CASE},             /* Cyrillic */
    {"\xc3\x98l", "\xc3\xb8L", AN_LIKENESS_CASE},
    {"\xc5\x81", "\xc5\x82", AN_LIKENESS_CASE},
    {"caf\xe9", "caf\xe8", AN_LIKENESS_NONE}, /* not UTF-8: bytes */
    {"Caf\xe9", "caf\xe9", AN_LIKENESS_CASE},
    {"\xc3", "\xc3\x83", AN_LIKENESS_NONE},
    {"a\xf0\x9f\x90\xb1", "A\xf0\x9f\x90\xb1", AN_LIKENESS_CASE},
};

static void names_that_look_alike_are_found(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        if (an_compare_likeness(rows[i].a, rows[i].b) != rows[i].likeness ||
            an_compare_likeness(rows[i].b, rows[i].a) != rows[i].likeness)
            fail_msg("row %zu: '%s' and '%s'", i, rows[i].a, rows[i].b);
    }
}

static void alike_names_share_a_key(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        char *a = an_alike_key(ctx, rows[i].a), *b = an_alike_key(ctx, rows[i].b);
        const bool same = strcmp(rows[i].a, rows[i].b) == 0;
        assert_non_null(a);
        assert_non_null(b);
        if ((strcmp(a, b) == 0) != (same || rows[i].likeness != AN_LIKENESS_NONE))
            fail_msg("row %zu: '%s' and '%s'", i, a, b);
        an_free(ctx, a);
        an_free(ctx, b);
    }
    alexnet_close(ctx);
}

/* All sequences of two bytes, and starts of characters: nothing is read or written beyond the end.
   */
static void keys_exist_for_any_bytes(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    char name[4] = "";

    (void)unused;
    for (unsigned i = 0; i < 0x1000000; i += i < 0x10000 ? 1 : 0x0107) {
        name[0] = (char)(i & 0xff);
        name[1] = (char)(i >> 8 & 0xff);
        name[2] = (char)(i >> 16);
        char *key = an_alike_key(ctx, name);
        assert_non_null(key);
        assert_true(strlen(key) <= 3 * strlen(name));
        an_free(ctx, key);
    }
    alexnet_close(ctx);
}

static void a_repeated_name_is_found(void **unused)
{
    static const char *const names[] = {"cat", "Cat", "dog", "", "cat"};
    alexnet_context *ctx = an_test_open(NULL);
    const char *twice;

    (void)unused;
    an_assert_ok(ctx, an_find_twice(ctx, names, 5, &twice));
    assert_string_equal(twice, "cat");
    an_assert_ok(ctx, an_find_twice(ctx, names, 4, &twice));
    assert_null(twice);
    an_assert_ok(ctx, an_find_twice(ctx, NULL, 0, &twice));
    assert_null(twice);
    an_test_close(ctx, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_look_alike_are_found),
        cmocka_unit_test(alike_names_share_a_key),
        cmocka_unit_test(keys_exist_for_any_bytes),
        cmocka_unit_test(a_repeated_name_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
