/*
 * prediction_file_test.c: quoting in CSV and JSON; the files of predictions; failures.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tiny.h"

#include "base/status.h"
#include "data/files.h"
#include "infer/prediction_file.h"
#include <errno.h>
#include <string.h>

/* ---- text ---- */

static void write_both(alexnet_context *ctx, const char *path, const char *text)
{
    an_writer *writer;

    an_assert_ok(ctx, an_writer_open(ctx, path, &writer));
    an_assert_ok(ctx, an_write_csv(writer, text, false));
    an_assert_ok(ctx, an_writer_add(writer, " ", 1));
    an_assert_ok(ctx, an_write_json(writer, text));
    an_assert_ok(ctx, an_writer_commit(writer));
}

static void texts_are_quoted_for_each_format(void **unused)
{
    static const struct {
        const char *text, *file; /* CSV, space, JSON */
    } rows[] = {
        {"cat", "cat \"cat\""},
        {"", " \"\""},
        {"tabby, big", "\"tabby, big\" \"tabby, big\""},
        {"5\" nail", "\"5\"\" nail\" \"5\\\" nail\""},
        {"a\\b", "a\\b \"a\\\\b\""},
        {"two\nlines", "\"two\nlines\" \"two\\u000alines\""},
        {"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9 \"\xc3\xa9t\xc3\xa9\""},
        {"\xf0\x9f\x90\x88", "\xf0\x9f\x90\x88 \"\xf0\x9f\x90\x88\""},
        {"tab\there\x1b", "tab	here\x1b \"tab\\u0009here\\u001b\""},
        {"\x7f", "\x7f \"\\u007f\""},
        {"\xc2\x9b m\xc2\xa0", "\xc2\x9b m\xc2\xa0 \"\\u009b m\xc2\xa0\""}, /* C1 */
        {"a\xff", "a\xff \"a\\udcff\""},             /* never a first byte of UTF-8 */
        {"\xc3", "\xc3 \"\\udcc3\""},                /* truncated */
        {"\xe2\x82", "\xe2\x82 \"\\udce2\\udc82\""}, /* truncated */
        {"\xc0\xaf", "\xc0\xaf \"\\udcc0\\udcaf\""}, /* overlong */
        {"\xed\xb3\xbf", "\xed\xb3\xbf \"\\udced\\udcb3\\udcbf\""},                /* a surrogate */
        {"\xf4\x90\x80\x80", "\xf4\x90\x80\x80 \"\\udcf4\\udc90\\udc80\\udc80\""}, /* too high */
    };
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "text");

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        write_both(ctx, path, rows[i].text);
        an_test_assert_text_file(path, rows[i].file);
    }
    an_test_folder_close(folder);
    an_test_close(ctx, NULL);
}

static void formulas_are_disarmed_on_request(void **unused)
{
    static const struct {
        const char *text, *file; /* safe, space, not safe */
    } rows[] = {
        {"=1+1", "'=1+1 =1+1"},
        {"+1", "'+1 +1"},
        {"-1", "'-1 -1"},
        {"@sum", "'@sum @sum"},
        {"=a,b", "\"'=a,b\" \"=a,b\""},
        {"a=b", "a=b a=b"},
        {"'", "' '"},
        {"", " "},
    };
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "text");
    an_writer *writer;

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_ok(ctx, an_writer_open(ctx, path, &writer));
        an_assert_ok(ctx, an_write_csv(writer, rows[i].text, true));
        an_assert_ok(ctx, an_writer_add(writer, " ", 1));
        an_assert_ok(ctx, an_write_csv(writer, rows[i].text, false));
        an_assert_ok(ctx, an_writer_commit(writer));
        an_test_assert_text_file(path, rows[i].file);
    }
    an_test_folder_close(folder);
    an_test_close(ctx, NULL);
}

/* ---- predictions ---- */

typedef struct fixture {
    alexnet_context *ctx;
    char *folder;
    alexnet_model *model;
    an_source *source;
} fixture;

static const float probs[2][3] = {{0.125F, 0.5F, 0.375F}, {0.75F, 0.25F, 0}};
static const an_eval_result results[2] = {
    {.index = 0, .label = 2, .rank = 1, .loss = 1, .probs = probs[0]},
    {.index = 1, .label = 0, .rank = 0, .loss = 1, .probs = probs[1]},
};

static int set_up(void **state)
{
    static const char *const names[] = {"cat", "dog, big", "eel"};
    static const char *const paths[] = {"a \"1\".jpg", "b.jpg"};
    static fixture f;

    f.ctx = an_tiny_open(NULL, 1);
    f.folder = an_test_folder_open();
    f.model = an_tiny_model(f.ctx, names, 3, 1);
    an_assert_ok(f.ctx, an_files_open(f.ctx, paths, 2, &f.source));
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    an_source_close(f->source);
    alexnet_model_free(f->model);
    an_test_folder_close(f->folder);
    alexnet_close(f->ctx);
    return 0;
}

static alexnet_status write_results(const fixture *f, const char *path)
{
    an_prediction_file file;

    AN_TRY(an_prediction_file_open(f->model, f->source, path, false, &file));
    for (int i = 0; i < 2; ++i) {
        const alexnet_status status = an_prediction_file_add(&file, &results[i]);
        if (status != ALEXNET_OK) {
            an_prediction_file_abandon(&file);
            return status;
        }
    }
    return an_prediction_file_commit(&file);
}

static void predictions_become_csv(void **state)
{
    fixture *f = *state;
    const char *path = an_test_path(f->folder, "p.csv");

    an_assert_ok(f->ctx, write_results(f, path));
    an_test_assert_text_file(path, "image,label,predicted,probability,correct\n"
                                   "\"a \"\"1\"\".jpg\",eel,\"dog, big\",0.5,0\n"
                                   "b.jpg,cat,cat,0.75,1\n");
}

static void predictions_become_json_lines(void **state)
{
    fixture *f = *state;
    const char *path = an_test_path(f->folder, "p.jsonl");

    an_assert_ok(f->ctx, write_results(f, path));
    an_test_assert_text_file(path,
                             "{\"image\":\"a \\\"1\\\".jpg\",\"label\":\"eel\",\"predictions\":["
                             "{\"index\":1,\"label\":\"dog, big\",\"probability\":0.5},"
                             "{\"index\":2,\"label\":\"eel\",\"probability\":0.375},"
                             "{\"index\":0,\"label\":\"cat\",\"probability\":0.125}]}\n"
                             "{\"image\":\"b.jpg\",\"label\":\"cat\",\"predictions\":["
                             "{\"index\":0,\"label\":\"cat\",\"probability\":0.75},"
                             "{\"index\":1,\"label\":\"dog, big\",\"probability\":0.25},"
                             "{\"index\":2,\"label\":\"eel\",\"probability\":0}]}\n");
}

static void other_names_are_refused(void **state)
{
    fixture *f = *state;
    an_prediction_file file;

    an_assert_status(f->ctx, an_prediction_file_open(f->model, f->source, "p.txt", false, &file),
                     ALEXNET_BAD_ARG);
    an_assert_error(f->ctx, "p.txt");
}

static void a_failed_write_leaves_nothing(void **state)
{
    fixture *f = *state;
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "p.csv");

    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, f->ctx, AN_FAULT_ANY & ~AN_FAULT_BIT(AN_FAULT_CLOSE), n, false,
                          ENOSPC);
        const alexnet_status status = write_results(f, path);
        if (!an_test_fault_disarm(&fault)) break;
        assert_int_not_equal(status, ALEXNET_OK);
        assert_true(an_test_count_entries(folder) <=
                    1); /* the whole file, if only the last sync failed */
    }
    an_test_folder_close(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_quoted_for_each_format),
        cmocka_unit_test(formulas_are_disarmed_on_request),
        cmocka_unit_test_setup_teardown(predictions_become_csv, set_up, tear_down),
        cmocka_unit_test_setup_teardown(predictions_become_json_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_names_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_write_leaves_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
