/*
 * tally_test.c: files that are passed over, counted by kind.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "base/memory.h"
#include "data/tally.h"
#include <stdio.h>
#include <string.h>

static void assert_text(const an_tally *tally, bool unread, const char *expected)
{
    char text[AN_TALLY_TEXT];

    an_tally_print(tally, unread, text, sizeof text);
    assert_string_equal(text, expected);
}

static void files_are_counted_by_kind(void **in)
{
    static const char *const paths[] = {"a/1.heic",    "a/2.HEIC", "b/3.cr2",        "a/1.txt",
                                        "top.jpg",     "a/README", "a/2.TXT",        ".hidden",
                                        "a/.b/1.heic", "a/x.j p",  "a/x.longest_of", "3.HeIc"};
    const fixture *f = *in;
    an_tally tally = {0};
    char text[AN_TALLY_TEXT];

    an_tally_explain(&tally, text);
    assert_string_equal(text, "");
    for (size_t i = 0; i < AN_COUNT(paths); ++i)
        an_assert_ok(f->ctx, an_tally_add(f->ctx, &tally, paths[i]));
    an_assert_ok(f->ctx, an_tally_add_kind(f->ctx, &tally, "links", 5));
    an_assert_ok(f->ctx, an_tally_add_kind(f->ctx, &tally, "devices", 0));
    assert_text(&tally, true, "3 HEIC, 1 CR2");
    assert_text(&tally, false,
                "5 links, 3 without extension, 2 .txt, 2 hidden, 1 in no class folder");
    assert_int_equal(an_tally_files(&tally, true), 4);
    assert_int_equal(an_tally_files(&tally, false), 13);
    an_tally_explain(&tally, text);
    assert_non_null(strstr(text, "; passed over: 3 HEIC, 1 CR2, 5 links"));
    assert_non_null(strstr(text, "convert to JPEG, for example with 'magick IN out.jpg'"));
    an_tally_free(f->ctx, &tally);
}

/* A folder of strange names gives no endless list. */
static void too_many_kinds_are_counted_as_one(void **in)
{
    const fixture *f = *in;
    an_tally tally = {0};
    char path[32], text[AN_TALLY_TEXT];

    for (int i = 0; i < 1000; ++i) {
        snprintf(path, sizeof path, "a/b.x%d", i);
        an_assert_ok(f->ctx, an_tally_add(f->ctx, &tally, path));
    }
    assert_true(tally.count < 70);
    assert_int_equal(an_tally_files(&tally, false), 1000);
    an_tally_print(&tally, false, text, sizeof text);
    assert_int_equal(strlen(text), sizeof text - 1);
    assert_non_null(strstr(text, "936 of other kinds"));
    an_tally_free(f->ctx, &tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(files_are_counted_by_kind),
        FIXTURE_TEST(too_many_kinds_are_counted_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
