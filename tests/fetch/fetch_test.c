/*
 * fetch_test.c: a fetched file is whole and verified, or absent, whatever fails.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include "fetch/fetch.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT "The weights of a network, as it were."

/* A file: URL, and options that fetch it. */
typedef struct job {
    char url[4300], sha256[AN_SHA256_HEX_SIZE], sha1[AN_SHA1_HEX_SIZE];
    an_fetch_options options;
} job;

static void make_job(const an_test_place *p, job *j)
{
    const char *from = an_test_path(p->folder, "from");
    char hex[AN_SHA256_HEX_SIZE];

    an_test_write_text(from, TEXT);
    snprintf(j->url, sizeof j->url, "file:%s", from);
    an_assert_ok(p->ctx, an_fetch_hash(p->ctx, from, true, j->sha256));
    an_assert_ok(p->ctx, an_fetch_hash(p->ctx, from, false, hex));
    memcpy(j->sha1, hex, sizeof j->sha1);
    j->options = (an_fetch_options){
        .url = j->url, .path = an_test_path(p->folder, "to"), .sha256 = j->sha256};
}

static void a_file_is_verified_by_either_checksum(void **state)
{
    const an_test_place *p = *state;
    uint64_t bytes;
    job j;

    make_job(p, &j);
    an_assert_ok(p->ctx, an_fetch(p->ctx, &j.options, &bytes));
    assert_int_equal(bytes, strlen(TEXT));
    an_test_assert_text_file(j.options.path, TEXT);
    assert_int_equal(an_test_count_entries(p->folder), 2);

    j.options.sha256 = NULL;
    j.options.sha1 = j.sha1;
    j.options.bytes = strlen(TEXT);
    for (size_t i = 0; j.sha1[i] != '\0'; ++i) /* digits of any case */
        if (j.sha1[i] >= 'a') j.sha1[i] = (char)(j.sha1[i] - 'a' + 'A');
    an_assert_ok(p->ctx, an_fetch(p->ctx, &j.options, &bytes));
    an_test_assert_text_file(j.options.path, TEXT);
}

static void a_wrong_file_leaves_nothing(void **state)
{
    const an_test_place *p = *state;
    uint64_t bytes;
    job j;

    make_job(p, &j);
    j.sha256[0] = j.sha256[0] == '0' ? '1' : '0';
    an_assert_status(p->ctx, an_fetch(p->ctx, &j.options, &bytes), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "expected SHA-256 ");
    assert_int_equal(an_test_count_entries(p->folder), 1);
    j.options.bytes = 5;
    an_assert_status(p->ctx, an_fetch(p->ctx, &j.options, &bytes), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "expected a file of 5 bytes, the server has 37");
    assert_int_equal(an_test_count_entries(p->folder), 1);
}

static void bad_options_are_refused(void **state)
{
    const an_test_place *p = *state;
    uint64_t bytes;
    job j;

    make_job(p, &j);
    const struct {
        const char *url, *sha256, *sha1;
        alexnet_status status;
        const char *error;
    } rows[] = {
        {j.url, NULL, NULL, ALEXNET_BAD_ARG, "expected a checksum"},
        {j.url, "12", NULL, ALEXNET_BAD_ARG, "expected 64 hexadecimal digits, found '12'"},
        {j.url, NULL, "12", ALEXNET_BAD_ARG, "expected a checksum"},
        {"ftp://host/file", j.sha256, NULL, ALEXNET_UNSUPPORTED, "expected https://"},
        {"nothing", j.sha256, NULL, ALEXNET_BAD_ARG, "expected https://"},
    };
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        j.options.url = rows[i].url;
        j.options.sha256 = rows[i].sha256;
        j.options.sha1 = rows[i].sha1;
        an_assert_status(p->ctx, an_fetch(p->ctx, &j.options, &bytes), rows[i].status);
        an_assert_error(p->ctx, rows[i].error);
    }
    assert_int_equal(an_test_count_entries(p->folder), 1);
}

static void a_build_without_libcurl_says_so(void **state)
{
    const an_test_place *p = *state;
    uint64_t bytes;
    job j;

    if (an_fetch_has_http()) skip();
    make_job(p, &j);
    j.options.url = "https://host.example/file";
    an_assert_status(p->ctx, an_fetch(p->ctx, &j.options, &bytes), ALEXNET_UNSUPPORTED);
    an_assert_error(p->ctx, "libcurl4-openssl-dev");
}

/* Of a part without a record, or of another URL, nothing counts. */
static void a_part_of_another_file_is_dropped(void **state)
{
    static const char *const records[] = {NULL, "{", "{}",
                                          "{\"schema\":1,\"url\":\"file:/other\",\"bytes\":37}"};
    const an_test_place *p = *state;
    uint64_t bytes;
    job j;

    make_job(p, &j);
    for (size_t i = 0; i < AN_COUNT(records); ++i) {
        an_test_write_text(an_test_path(p->folder, "to.part"), "What arrived before, of another");
        if (records[i] != NULL)
            an_test_write_text(an_test_path(p->folder, "to.part.json"), records[i]);
        an_assert_ok(p->ctx, an_fetch(p->ctx, &j.options, &bytes));
        an_test_assert_text_file(j.options.path, TEXT);
        assert_int_equal(an_test_count_entries(p->folder), 2);
    }
}

/* A part with all its bytes, of which some are wrong: it is fetched anew. */
static void a_damaged_part_is_fetched_anew(void **state)
{
    const an_test_place *p = *state;
    char record[4500];
    uint64_t bytes;
    job j;

    make_job(p, &j);
    snprintf(record, sizeof record, "{\"schema\":1,\"url\":\"%s\",\"bytes\":%zu}", j.url,
             strlen(TEXT));
    an_test_write_text(an_test_path(p->folder, "to.part"), "the weights of a network, as it were.");
    an_test_write_text(an_test_path(p->folder, "to.part.json"), record);
    an_assert_ok(p->ctx, an_fetch(p->ctx, &j.options, &bytes));
    an_test_assert_text_file(j.options.path, TEXT);

    /* The whole file, of a process that was killed before it had its name, is not fetched again. */
    unlink(j.options.path);
    unlink(an_test_path(p->folder, "from"));
    an_test_write_text(an_test_path(p->folder, "to.part"), TEXT);
    an_test_write_text(an_test_path(p->folder, "to.part.json"), record);
    an_assert_ok(p->ctx, an_fetch(p->ctx, &j.options, &bytes));
    an_test_assert_text_file(j.options.path, TEXT);
    assert_int_equal(an_test_count_entries(p->folder), 1);
}

static uint64_t ten_bytes(void *user)
{
    (void)user;
    return 10;
}

static void a_disk_without_room_is_refused_before(void **state)
{
    const an_test_place *p = *state;
    uint64_t bytes;
    job j;

    make_job(p, &j);
    an_context_set_free(p->ctx, ten_bytes, NULL);
    an_assert_status(p->ctx, an_fetch(p->ctx, &j.options, &bytes), ALEXNET_IO);
    an_assert_error(p->ctx, "the file has 37 bytes, the disk has 10 bytes free");
    an_context_set_free(p->ctx, NULL, NULL);
}

static void any_failure_leaves_it_whole_or_absent(void **state)
{
    static const unsigned kinds[] = {AN_FAULT_FILES, AN_FAULT_BIT(AN_FAULT_MEMORY)};
    const an_test_place *p = *state;
    an_test_fault fault;
    uint64_t bytes;
    job j;

    make_job(p, &j);
    for (size_t k = 0; k < AN_COUNT(kinds); ++k) {
        for (long n = 0;; ++n) {
            unlink(j.options.path);
            an_test_fault_arm(&fault, p->ctx, kinds[k], n, false, ENOSPC);
            const alexnet_status status = an_fetch(p->ctx, &j.options, &bytes);
            const bool failed = an_test_fault_disarm(&fault);
            if (access(j.options.path, F_OK) == 0)
                an_test_assert_text_file(j.options.path, TEXT);
            else
                assert_int_not_equal(status, ALEXNET_OK);
            if (!failed) {
                an_assert_ok(p->ctx, status);
                break;
            }
        }
        an_assert_ok(p->ctx, an_fetch(p->ctx, &j.options, &bytes));
        assert_int_equal(an_test_count_entries(p->folder), 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(a_file_is_verified_by_either_checksum),
        an_test_in_place(a_wrong_file_leaves_nothing),
        an_test_in_place(bad_options_are_refused),
        an_test_in_place(a_build_without_libcurl_says_so),
        an_test_in_place(a_part_of_another_file_is_dropped),
        an_test_in_place(a_damaged_part_is_fetched_anew),
        an_test_in_place(a_disk_without_room_is_refused_before),
        an_test_in_place(any_failure_leaves_it_whole_or_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
