/*
 * cache_test.c: names of fetched weights, their records, and the lock of their folder.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include "base/memory.h"
#include "fetch/cache.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void names_have_two_words(void **unused)
{
    static const char *const good[] = {"torchvision:imagenet", "a:b", "mine:flowers-17.v2_x"};
    static const char *const bad[] = {"",      "a",      "a:",         ":b",        "a:b:c",
                                      "a:b/c", "../a:b", ".a:b",       "a:.b",      "a:..",
                                      "a b:c", "C:\\x",  "synthetic:", "a:\xc3\xa4"};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(good); ++i)
        assert_true(an_cache_is_name(good[i]));
    for (size_t i = 0; i < AN_COUNT(bad); ++i)
        assert_false(an_cache_is_name(bad[i]));
}

static void the_folder_follows_the_environment(void **state)
{
    static const struct {
        const char *cache, *home, *folder; /* NULL: BAD_ARG */
    } rows[] = {
        {"/c", "/h", "/c/alexnet/weights"},
        {NULL, "/h", "/h/.cache/alexnet/weights"},
        {"", "/h", "/h/.cache/alexnet/weights"},
        {"relative", "/h", "/h/.cache/alexnet/weights"}, /* ignored, says the specification */
        {NULL, NULL, NULL},
        {NULL, "", NULL},
    };
    const an_test_place *p = *state;
    char *folder;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        unsetenv("XDG_CACHE_HOME");
        unsetenv("HOME");
        if (rows[i].cache != NULL) setenv("XDG_CACHE_HOME", rows[i].cache, 1);
        if (rows[i].home != NULL) setenv("HOME", rows[i].home, 1);
        an_assert_status(p->ctx, an_cache_folder(p->ctx, &folder),
                         rows[i].folder != NULL ? ALEXNET_OK : ALEXNET_BAD_ARG);
        if (rows[i].folder != NULL) assert_string_equal(folder, rows[i].folder);
        an_free(p->ctx, folder);
    }
}

/* A cache in the test's folder, a file to fetch, and what asks for it. */
typedef struct job {
    char url[4300], sha256[AN_SHA256_HEX_SIZE];
    an_cache_wanted wanted;
} job;

static void make_job(const an_test_place *p, job *j, const char *file, const char *text)
{
    const char *from = an_test_path(p->folder, file);

    setenv("XDG_CACHE_HOME", p->folder, 1);
    an_test_write_text(from, text);
    snprintf(j->url, sizeof j->url, "file:%s", from);
    an_assert_ok(p->ctx, an_fetch_hash(p->ctx, from, true, j->sha256));
    j->wanted =
        (an_cache_wanted){.name = "mine:flowers", .fetch = {.url = j->url, .sha256 = j->sha256}};
}

static void expect_there(const an_test_place *p, const char *text)
{
    an_cached found;

    an_assert_ok(p->ctx, an_cache_find(p->ctx, "mine:flowers", &found));
    if (text == NULL)
        assert_null(found.path);
    else
        an_test_assert_text_file(found.path, text);
    an_cached_free(p->ctx, &found);
}

static void a_file_is_fetched_once(void **state)
{
    const an_test_place *p = *state;
    an_cached got;
    job j;

    make_job(p, &j, "first.pth", "first");
    expect_there(p, NULL);
    an_assert_ok(p->ctx, an_cache_get(p->ctx, &j.wanted, &got));
    assert_true(got.fetched);
    assert_string_equal(got.path,
                        an_test_path(p->folder, "alexnet/weights/mine/flowers/first.pth"));
    assert_string_equal(got.url, j.url);
    assert_string_equal(got.sha256, j.sha256);
    assert_null(got.sha1);
    assert_int_equal(got.bytes, 5);
    an_cached_free(p->ctx, &got);
    expect_there(p, "first");

    unlink(an_test_path(p->folder, "first.pth")); /* it is not needed again */
    an_assert_ok(p->ctx, an_cache_get(p->ctx, &j.wanted, &got));
    assert_false(got.fetched);
    an_cached_free(p->ctx, &got);

    /* A file that was changed in the cache does not verify, and is fetched again. */
    an_test_write_text(an_test_path(p->folder, "alexnet/weights/mine/flowers/first.pth"), "First");
    an_test_write_text(an_test_path(p->folder, "first.pth"), "first");
    an_assert_ok(p->ctx, an_cache_get(p->ctx, &j.wanted, &got));
    assert_true(got.fetched);
    an_cached_free(p->ctx, &got);
    expect_there(p, "first");
}

static void another_file_takes_the_place_of_the_former(void **state)
{
    const an_test_place *p = *state;
    const char *folder = an_test_path(p->folder, "alexnet/weights/mine/flowers");
    an_cached got;
    job j;

    make_job(p, &j, "first.pth", "first");
    an_assert_ok(p->ctx, an_cache_get(p->ctx, &j.wanted, &got));
    an_cached_free(p->ctx, &got);
    make_job(p, &j, "second.pth", "second");
    j.wanted.file = "named.pth";
    j.sha256[0] = j.sha256[0] == '0' ? '1' : '0';
    an_assert_status(p->ctx, an_cache_get(p->ctx, &j.wanted, &got), ALEXNET_BAD_FILE);
    assert_null(got.path);
    expect_there(p, "first"); /* the former stays until there is another */
    make_job(p, &j, "second.pth", "second");
    j.wanted.file = "named.pth";
    an_assert_ok(p->ctx, an_cache_get(p->ctx, &j.wanted, &got));
    assert_string_equal(got.path, an_test_path(folder, "named.pth"));
    an_cached_free(p->ctx, &got);
    expect_there(p, "second");
    assert_int_equal(an_test_count_entries(folder), 2);
}

static void a_record_that_does_not_fit_is_no_file(void **state)
{
    static const char *const records[] = {"{",
                                          "{}",
                                          "{\"file\":\"../../x\",\"bytes\":5}",
                                          "{\"file\":\"..\",\"bytes\":5}",
                                          "{\"file\":\"first.pth\",\"bytes\":6}",
                                          "{\"file\":\"first.pth\"}",
                                          "{\"file\":\"gone.pth\",\"bytes\":5}"};
    const an_test_place *p = *state;
    const char *record = an_test_path(p->folder, "alexnet/weights/mine/flowers/about.json");
    an_cached got;
    job j;

    make_job(p, &j, "first.pth", "first");
    an_assert_ok(p->ctx, an_cache_get(p->ctx, &j.wanted, &got));
    an_cached_free(p->ctx, &got);
    for (size_t i = 0; i < AN_COUNT(records); ++i) {
        an_test_write_text(record, records[i]);
        expect_there(p, NULL);
    }
    an_assert_status(p->ctx, an_cache_find(p->ctx, "../x", &got), ALEXNET_BAD_ARG);
}

static alexnet_go stop(void *user, const alexnet_progress *report)
{
    (void)report;
    ++*(int *)user;
    return ALEXNET_GO_STOP;
}

static void say_so(void *user) { ++*(int *)user; }

static void a_locked_folder_is_waited_for(void **state)
{
    const an_test_place *p = *state;
    const char *folder = an_test_path(p->folder, "alexnet/weights/mine/flowers");
    an_lock held;
    an_cached got;
    int asked = 0, waits = 0;
    job j;

    make_job(p, &j, "first.pth", "first");
    j.wanted.fetch.tell = stop;
    j.wanted.fetch.tell_user = &asked;
    j.wanted.waits = say_so;
    j.wanted.waits_user = &waits;
    an_assert_ok(p->ctx, an_folder_make(p->ctx, folder));
    an_assert_ok(p->ctx, an_folder_lock(p->ctx, folder, &held));
    an_assert_status(p->ctx, an_cache_get(p->ctx, &j.wanted, &got), ALEXNET_STOPPED);
    assert_int_equal(asked, 1);
    assert_int_equal(waits, 1);
    an_lock_close(&held);
    j.wanted.fetch.tell = NULL;
    an_assert_ok(p->ctx, an_cache_get(p->ctx, &j.wanted, &got));
    an_cached_free(p->ctx, &got);
    assert_int_equal(waits, 1);
}

static void a_cache_that_cannot_be_is_an_error(void **state)
{
    const an_test_place *p = *state;
    an_cached got;
    job j;

    make_job(p, &j, "first.pth", "first");
    setenv("XDG_CACHE_HOME", an_test_path(p->folder, "first.pth"), 1); /* a file */
    an_assert_status(p->ctx, an_cache_get(p->ctx, &j.wanted, &got), ALEXNET_IO);
    an_assert_error(p->ctx, "first.pth: expected a folder, found a file");
    assert_null(got.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_two_words),
        an_test_in_place(the_folder_follows_the_environment),
        an_test_in_place(a_file_is_fetched_once),
        an_test_in_place(another_file_takes_the_place_of_the_former),
        an_test_in_place(a_record_that_does_not_fit_is_no_file),
        an_test_in_place(a_locked_folder_is_waited_for),
        an_test_in_place(a_cache_that_cannot_be_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
