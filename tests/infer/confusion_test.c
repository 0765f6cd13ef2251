/*
 * confusion_test.c: both forms of the matrix hold the counts; the image is well-formed, whatever
 * the classes are called.
 * SPDX-License-Identifier: MIT
 */
#include "tiny.h"

#include "base/file.h"
#include "base/status.h"
#include "infer/confusion.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const int64_t counts[9] = {5, 1, 0, 0, 7, 0, 2, 0, 12};

static alexnet_status write_matrix(const alexnet_model *model, const int64_t *all, const char *path)
{
    an_confusion_file file;

    AN_TRY(an_confusion_open(model->ctx, path, true, &file));
    return an_confusion_commit(&file, model, all);
}

static void a_row_for_each_label_in_csv(void **state)
{
    static const char *const names[] = {"cat", "dog, big", "=eel"}; /* which a table may run */
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "c.csv");
    alexnet_model *model = an_tiny_model(p->ctx, names, 3, 1);

    an_assert_ok(p->ctx, write_matrix(model, counts, path));
    an_test_assert_text_file(path, "label,cat,\"dog, big\",'=eel\n"
                                   "cat,5,1,0\n"
                                   "\"dog, big\",0,7,0\n"
                                   "'=eel,2,0,12\n");
    alexnet_model_free(model);
}

/* ---- the image ---- */

#define DEPTH_MAX 8

/* Fails the test unless every element that begins also ends, in its turn, and no bare '<' or '&' is left. */
static void assert_well_formed(const char *text)
{
    const char *open[DEPTH_MAX];
    int depth = 0;

    for (const char *at = text; *at != '\0'; ++at) {
        assert_true((unsigned char)*at >= ' ' || *at == '\n');
        assert_true(*at != '>');
        if (*at == '&') assert_true(strcspn(at, ";") <= 5);
        if (*at != '<') continue;
        const char *end = strchr(at, '>');
        assert_non_null(end);
        if (at[1] == '/') {
            assert_true(depth > 0);
            assert_memory_equal(open[--depth], at + 2, (size_t)(end - at - 2));
        } else if (end[-1] != '/') {
            assert_true(depth < DEPTH_MAX);
            open[depth++] = at + 1;
        }
        at = end;
    }
    assert_int_equal(depth, 0);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    while ((text = strstr(text, part)) != NULL) {
        ++count;
        ++text;
    }
    return count;
}

static void the_image_holds_the_counts(void **state)
{
    static const char *const names[] = {"<cat> & \"co\"", "a\033\357\277\277b", /* U+FFFF */
                                        "Pferd mit einem sehr langen Namen"};
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "c.svg");
    alexnet_model *model = an_tiny_model(p->ctx, names, 3, 1);
    an_bytes bytes;

    an_assert_ok(p->ctx, write_matrix(model, counts, path));
    an_assert_ok(p->ctx, an_file_read(p->ctx, path, 1 << 20, &bytes));
    const char *text = (const char *)bytes.data;
    assert_well_formed(text);
    assert_int_equal(count_of(text, "class=\"cell\""), 5); /* none for a count of 0 */
    assert_non_null(strstr(text, "&lt;cat&gt; &amp; &quot;co&quot;: 5 of 6 as &lt;cat&gt;"));
    assert_non_null(strstr(text, "a\xef\xbf\xbd\xef\xbf\xbd"
                                 "b: 7 of 7 as a"));
    assert_non_null(strstr(text, "Pferd mit einem sehr langen Namen: 2 of 14 as &lt;cat&gt;"));
    assert_non_null(strstr(text, ">Pferd mit einem sehr lan\xe2\x80\xa6<"));
    assert_int_equal(count_of(text, ">12</text>"), 1);
    an_bytes_free(p->ctx, &bytes);
    alexnet_model_free(model);
}

/* Many classes: small cells without labels and numbers, nothing for what never happened. */
static void a_thousand_classes_make_no_million_of_cells(void **state)
{
    static int64_t many[1000 * 1000];
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "c.svg");
    alexnet_model *model = an_tiny_model(p->ctx, NULL, 1000, 1);
    an_bytes bytes;

    memset(many, 0, sizeof many);
    for (int i = 0; i < 1000; ++i)
        many[i * 1000 + (i + 1) % 1000] = 1;
    an_assert_ok(p->ctx, write_matrix(model, many, path));
    an_assert_ok(p->ctx, an_file_read(p->ctx, path, 1 << 20, &bytes));
    assert_well_formed((const char *)bytes.data);
    assert_int_equal(count_of((const char *)bytes.data, "class=\"cell\""), 1000);
    assert_int_equal(count_of((const char *)bytes.data, "<text"), 0);
    assert_non_null(strstr((const char *)bytes.data, "class 999: 1 of 1 as class 0<"));
    an_bytes_free(p->ctx, &bytes);
    alexnet_model_free(model);
}

/* ---- failures ---- */

static void other_names_are_refused(void **state)
{
    const an_test_place *p = *state;
    an_confusion_file file;

    an_assert_status(p->ctx, an_confusion_open(p->ctx, "c.png", false, &file), ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "c.png");
    assert_null(file.writer);
    an_confusion_abandon(&file);
}

static void a_failed_write_leaves_nothing(void **state)
{
    static const char *const names[] = {"c.csv", "c.svg"};
    const an_test_place *p = *state;
    alexnet_model *model = an_tiny_model(p->ctx, NULL, 3, 1);

    for (size_t i = 0; i < 2; ++i) {
        const char *path = an_test_path(p->folder, names[i]);
        for (long n = 0;; ++n) {
            an_test_fault fault;
            an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY & ~AN_FAULT_BIT(AN_FAULT_CLOSE), n,
                              false, ENOSPC);
            const alexnet_status status = write_matrix(model, counts, path);
            if (!an_test_fault_disarm(&fault)) break;
            assert_int_not_equal(status, ALEXNET_OK);
            assert_true(an_test_count_entries(p->folder) <= 1); /* whole; the last sync failed */
            remove(path);
        }
        remove(path);
    }
    alexnet_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(a_row_for_each_label_in_csv),
        an_test_in_place(the_image_holds_the_counts),
        an_test_in_place(a_thousand_classes_make_no_million_of_cells),
        an_test_in_place(other_names_are_refused),
        an_test_in_place(a_failed_write_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
