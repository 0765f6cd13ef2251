/*
 * classes_test.c: the classes of data and of networks are matched by name.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tiny.h"

#include "base/memory.h"
#include "infer/classes.h"

static const char *const abc[] = {"ant", "bee", "cat"};
static const char *const cab[] = {"cat", "ant", "bee"};

/* Maps the classes of a list of images, whose files are not read, to those of a model. */
static alexnet_status map(alexnet_context *ctx, const char *const *names, int classes,
                          const char *list, int labels[3], bool *same)
{
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "list.txt");
    alexnet_model *model = an_tiny_model(ctx, names, classes, 1);
    an_source *source;
    int *map = NULL;

    an_test_write_text(path, list);
    an_assert_ok(ctx, an_source_open(ctx, path, AN_PART_ALL, &source));
    const alexnet_status status = an_classes_map(model, "w.safetensors", source, "photos", &map);
    *same = status == ALEXNET_OK && map == NULL;
    for (int i = 0; map != NULL && i < an_source_classes(source); ++i)
        labels[i] = map[i];
    an_free(ctx, map);
    an_source_close(source);
    alexnet_model_free(model);
    an_test_folder_close(folder);
    return status;
}

static void classes_are_mapped_by_name(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_tiny_open(&memory, 1);
    int labels[3];
    bool same;

    (void)unused;
    an_assert_ok(ctx, map(ctx, abc, 3, "1.jpg ant\n2.jpg bee\n3.jpg cat\n", labels, &same));
    assert_true(same);
    an_assert_ok(ctx, map(ctx, cab, 3, "1.jpg ant\n2.jpg bee\n3.jpg cat\n", labels, &same));
    assert_false(same);
    assert_int_equal(labels[0], 1);
    assert_int_equal(labels[1], 2);
    assert_int_equal(labels[2], 0);
    an_assert_ok(ctx, map(ctx, cab, 3, "2.jpg bee\n3.jpg cat\n", labels, &same));
    assert_false(same);
    assert_int_equal(labels[0], 2);
    assert_int_equal(labels[1], 0);
    an_test_close(ctx, &memory);
}

/* The folders of ImageNet are called by synset, its classes by name. */
static void a_synset_stands_for_its_name(void **unused)
{
    static const char *const fish[] = {"goldfish", "tench", "n01484850"};
    an_test_memory memory;
    alexnet_context *ctx = an_tiny_open(&memory, 1);
    int labels[3];
    bool same;

    (void)unused;
    an_assert_ok(ctx, map(ctx, fish, 3, "1.jpg n01440764\n2.jpg n01443537\n3.jpg n01484850\n",
                          labels, &same));
    assert_int_equal(labels[0], 1);
    assert_int_equal(labels[1], 0);
    assert_int_equal(labels[2], 2); /* its own name comes first */
    an_assert_status(ctx, map(ctx, fish, 3, "1.jpg n01491361\n", labels, &same), ALEXNET_BAD_FILE);
    an_test_close(ctx, &memory);
}

static void an_unknown_class_is_refused_showing_both_lists(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_tiny_open(&memory, 1);
    int labels[3];
    bool same;

    (void)unused;
    an_assert_status(ctx, map(ctx, abc, 3, "1.jpg ant\n2.jpg dog\n", labels, &same),
                     ALEXNET_BAD_FILE);
    an_assert_error(ctx, "'dog'");
    an_assert_error(ctx, "ant, bee, cat (3 classes)");
    an_assert_error(ctx, "ant, dog (2 classes)");
    an_assert_error(ctx, "photos");
    an_test_close(ctx, &memory);
}

static void a_hidden_difference_of_two_names_is_explained(void **unused)
{
    static const char *const names[] = {"ant", "caf\xc3\xa9", "ANT"};
    static const struct {
        const char *list, *error;
    } rows[] = {
        {"1.jpg Ant", "; 'Ant' differs from 'ant' only in the case of letters"},
        {"1.jpg cafe\xcc\x81",
         "; 'cafe\\xcc\\x81' differs from 'caf\\xc3\\xa9' only in Unicode's form"},
    };
    an_test_memory memory;
    alexnet_context *ctx = an_tiny_open(&memory, 1);
    int labels[3];
    bool same;

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(ctx, map(ctx, names, 3, rows[i].list, labels, &same), ALEXNET_BAD_FILE);
        an_assert_error(ctx, rows[i].error);
    }
    an_test_close(ctx, &memory);
}

static void unnamed_classes_are_checked_by_count(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_tiny_open(&memory, 1);
    int labels[3];
    bool same;

    (void)unused;
    an_assert_ok(ctx, map(ctx, NULL, 2, "1.jpg ant\n2.jpg dog\n", labels, &same));
    assert_true(same);
    an_assert_status(ctx, map(ctx, NULL, 3, "1.jpg ant\n2.jpg dog\n", labels, &same),
                     ALEXNET_BAD_FILE);
    an_assert_error(ctx, "w.safetensors has 3 unnamed classes, photos has ant, dog (2 classes)");
    an_test_close(ctx, &memory);
}

static void networks_of_an_ensemble_must_agree(void **unused)
{
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    alexnet_model *a = an_tiny_model(ctx, abc, 3, 1);
    alexnet_model *b = an_tiny_model(ctx, cab, 3, 1);
    alexnet_model *unnamed = an_tiny_model(ctx, NULL, 3, 1);
    alexnet_model *two = an_tiny_model(ctx, NULL, 2, 1);

    (void)unused;
    an_assert_ok(ctx, an_classes_compare(a, "a", a, "a"));
    an_assert_ok(ctx, an_classes_compare(a, "a", unnamed, "u"));
    an_assert_status(ctx, an_classes_compare(a, "a", b, "b"), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "class 0 is 'ant' in a and 'cat' in b");
    an_assert_status(ctx, an_classes_compare(a, "a", two, "t"), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "a has 3 classes, t has 2");
    alexnet_model_free(a);
    alexnet_model_free(b);
    alexnet_model_free(unnamed);
    alexnet_model_free(two);
    an_test_close(ctx, NULL);
}

static void memory_may_run_out(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_tiny_open(&memory, 1);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "list.txt");
    alexnet_model *model = an_tiny_model(ctx, cab, 3, 1);
    an_source *source;

    (void)unused;
    an_test_write_text(path, "1.jpg ant\n2.jpg bee\n");
    an_assert_ok(ctx, an_source_open(ctx, path, AN_PART_ALL, &source));
    for (long n = 0;; ++n) {
        an_test_fault fault;
        int *labels;
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status = an_classes_map(model, "w", source, "d", &labels);
        an_free(ctx, labels);
        if (!an_test_fault_disarm(&fault)) break;
        an_assert_status(ctx, status, ALEXNET_NO_MEMORY);
    }
    an_source_close(source);
    alexnet_model_free(model);
    an_test_folder_close(folder);
    an_test_close(ctx, &memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_mapped_by_name),
        cmocka_unit_test(a_synset_stands_for_its_name),
        cmocka_unit_test(an_unknown_class_is_refused_showing_both_lists),
        cmocka_unit_test(a_hidden_difference_of_two_names_is_explained),
        cmocka_unit_test(unnamed_classes_are_checked_by_count),
        cmocka_unit_test(networks_of_an_ensemble_must_agree),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
