/*
 * images_test.c: the list of the images that a run began with, and what it says of changed data.
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "base/file.h"
#include "train/run/images.h"
#include <stdio.h>
#include <string.h>

typedef struct world {
    an_test_memory memory;
    alexnet_context *ctx;
    char *root;
    const char *list;
} world;

static int set_up(void **state)
{
    static world w;

    w = (world){.root = an_test_folder_open()};
    w.ctx = an_tiny_open(&w.memory, 1);
    w.list = an_test_path(w.root, "images.txt");
    an_tiny_draw(w.ctx, an_test_path(w.root, "data"), 2, 6);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;

    an_test_folder_close(w->root);
    an_test_close(w->ctx, &w->memory);
    return 0;
}

/* Writes the list of `name`, or compares `name` with the list. */
static void look(world *w, const char *name, char *text, size_t bytes)
{
    char path[512];
    an_dataset data;

    snprintf(path, sizeof path, "%s/%s", w->root, name);
    const an_config config = {.data = path, .val_split = 0.25, .seed = 1};
    an_assert_ok(w->ctx, an_dataset_open(w->ctx, &config, &data));
    if (text == NULL)
        an_assert_ok(w->ctx, an_images_write(w->ctx, &data, w->list));
    else
        an_assert_ok(w->ctx, an_images_differ(w->ctx, &data, w->list, text, bytes));
    an_dataset_close(w->ctx, &data);
}

/* With splits, and held back: a file gone, a new one, one of another size. */
static void what_has_changed_is_named(void **state)
{
    static const char *const rows[] = {"data", "data/train"};
    world *w = *state;
    char text[512];

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        look(w, rows[i], text, sizeof text);
        assert_string_equal(text, ""); /* no list yet */
        look(w, rows[i], NULL, 0);
        look(w, rows[i], text, sizeof text);
        assert_string_equal(text, "");
        const char *from = an_test_path(w->root, "data/train/cross/0000.jpg");
        const char *to = an_test_path(w->root, "data/train/checker/new\n.jpg");
        assert_int_equal(rename(from, to), 0);
        look(w, rows[i], text, sizeof text);
        assert_string_equal(text, "gone: 'cross/0000.jpg'; new: 'checker/new\\n.jpg'");
        assert_int_equal(rename(to, from), 0);
        an_test_write_text(an_test_path(w->root, i == 0 ? "data/train/cross/0001.jpg"
                                                        : "data/train/cross/0002.jpg"),
                           "cut");
        look(w, rows[i], text, sizeof text);
        assert_string_equal(text, i == 0 ? "of another size: 'cross/0001.jpg'"
                                         : "of another size: 'cross/0002.jpg'");
        look(w, rows[i], text, 12);
        assert_true(strlen(text) < 12);
        assert_int_equal(remove(w->list), 0);
    }
}

static void images_that_are_no_files_have_no_list(void **state)
{
    world *w = *state;
    static char name[] = "synthetic:classes=2,images=12,size=32";
    const an_config config = {.data = name, .val_split = 0};
    an_dataset data;
    an_file_info info;

    an_assert_ok(w->ctx, an_dataset_open(w->ctx, &config, &data));
    an_assert_ok(w->ctx, an_images_write(w->ctx, &data, w->list));
    an_dataset_close(w->ctx, &data);
    an_assert_ok(w->ctx, an_file_stat(w->ctx, w->list, &info));
    assert_int_equal(info.kind, AN_FILE_ABSENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_has_changed_is_named),
        TEST(images_that_are_no_files_have_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
