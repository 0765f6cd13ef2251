/*
 * parts_test.c: the names of a data set's splits, and which are opened.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "data/parts.h"
#include <stdio.h>
#include <string.h>

static void every_spelling_is_known(void **in)
{
    static const struct {
        const char *name;
        int part;
    } rows[] = {
        {"train", 0},        {"training", 0},
        {"Train", 0},        {"TRAINING", 0},
        {"val", 1},          {"Val", 1},
        {"valid", 1},        {"validation", 1},
        {"Dev", 1},          {"test", 2},
        {"Testing", 2},      {"trains", AN_PARTS},
        {"tr", AN_PARTS},    {"", AN_PARTS},
        {"va\0l", AN_PARTS}, {"a folder of a long name", AN_PARTS},
    };

    (void)in;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        assert_int_equal(an_part_of(rows[i].name, strlen(rows[i].name)), rows[i].part);
    assert_int_equal(an_part_of("train/dog", 5), 0);
    assert_int_equal(an_part_of("va\0l", 4), AN_PARTS);
}

/* The folders at the top, separated by spaces; "/" ends those that contain a folder. */
static an_parts_top look_at(const char *folders)
{
    an_parts_top top = {0};

    for (const char *at = folders; *at != '\0';) {
        const size_t length = strcspn(at, " /");
        const bool nested = at[length] == '/';
        an_parts_note(&top, at, length, nested);
        at += length + nested;
        at += strspn(at, " ");
    }
    return top;
}

static void folders_are_splits_or_classes(void **in)
{
    static const struct {
        const char *folders, *parts;
    } rows[] = {
        {"train/ val/ test/", "train/, val/ and test/"},
        {"Training valid/", "Training/ and valid/"},
        {"train/ dog", "train/"},
        {"train dog test", ""},
        {"train dog dev/", "dev/"},
        {"valid/ test/", "valid/ and test/"},
        {"test", ""}, /* no training split: a class */
        {"dog cat", ""},
        {"train/ dev dog", "train/"},
        {"train/ test", "train/"}, /* images without labels */
        {"train/ val test", "train/ and val/"},
        {"train test", "train/ and test/"},
    };
    const fixture *f = *in;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_parts_top top = look_at(rows[i].folders);
        an_parts parts;
        char text[64];
        an_assert_ok(f->ctx, an_parts_find(f->ctx, "set", &top, &parts));
        assert_int_equal(parts.present, an_parts_present(&top));
        an_parts_list(&parts, parts.present, text, sizeof text);
        assert_string_equal(text, rows[i].parts);
    }
}

static void one_split_under_two_names_is_refused(void **in)
{
    static const struct {
        const char *folders, *error;
    } rows[] = {
        {"train/ val/ valid/", "set: 'val' and 'valid' are both the validation split"},
        {"Train train", "set: 'Train' and 'train' are both the training split"},
        {"train/ test/ testing/ TEST/", "'test' and 'testing' are both the test split"},
    };
    const fixture *f = *in;
    an_parts parts;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_parts_top top = look_at(rows[i].folders);
        an_assert_status(f->ctx, an_parts_find(f->ctx, "set", &top, &parts), ALEXNET_BAD_FILE);
        an_assert_error(f->ctx, rows[i].error);
    }
    const an_parts_top top = look_at("train/ val/ valid dog"); /* valid is a class */
    an_assert_ok(f->ctx, an_parts_find(f->ctx, "set", &top, &parts));
}

static void a_split_is_chosen_among_those_present(void **in)
{
    static const unsigned T = AN_TRAIN_BIT, V = AN_VAL_BIT, E = AN_TEST_BIT;
    const struct {
        an_part part;
        unsigned present, wanted;
        alexnet_status status;
    } rows[] = {
        {AN_PART_ALL, T | V, T | V, ALEXNET_OK},  {AN_PART_ALL, T | V | E, T | V | E, ALEXNET_OK},
        {AN_PART_ALL, V | E, V | E, ALEXNET_OK},  {AN_PART_ALL, 0, 0, ALEXNET_OK},
        {AN_PART_TRAIN, T | V, T, ALEXNET_OK},    {AN_PART_TRAIN, 0, 0, ALEXNET_OK},
        {AN_PART_TRAIN, V, 0, ALEXNET_NOT_FOUND}, /* it would train on validation images */
        {AN_PART_VAL, T | V | E, V, ALEXNET_OK},  {AN_PART_VAL, T | E, E, ALEXNET_OK},
        {AN_PART_VAL, T, 0, ALEXNET_NOT_FOUND},   {AN_PART_VAL, 0, 0, ALEXNET_NOT_FOUND},
        {AN_PART_TEST, V | E, E, ALEXNET_OK},     {AN_PART_TEST, T | V, 0, ALEXNET_NOT_FOUND},
    };
    const fixture *f = *in;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_parts parts = {.present = rows[i].present, .names = {"Train", "valid", "test"}};
        an_assert_status(f->ctx, an_parts_choose(f->ctx, "set", rows[i].part, &parts),
                         rows[i].status);
        if (rows[i].status == ALEXNET_OK) assert_int_equal(parts.wanted, rows[i].wanted);
    }
    an_assert_error(f->ctx, "set: has no split 'test', only Train/ and valid/");
}

static void paths_inside_their_split(void **in)
{
    const an_parts parts = {.present = 3, .names = {"Train", "dev", ""}};

    (void)in;
    assert_string_equal(an_parts_inside(&parts, 1, "Train/a/1.png"), "a/1.png");
    assert_string_equal(an_parts_inside(&parts, 3, "dev/"), "");
    assert_null(an_parts_inside(&parts, 1, "dev/a/1.png"));
    assert_null(an_parts_inside(&parts, 1, "train/a/1.png"));
    assert_null(an_parts_inside(&parts, 1, "Train-old/a/1.png"));
    assert_string_equal(an_parts_inside(&parts, 0, "Train/a"), "Train/a");
}

static void names_of_training_data(void **in)
{
    static const struct {
        const char *data;
        bool training;
    } rows[] = {
        {"train", true},
        {"photos/Training//", true},
        {"a/train.tar.gz", true},
        {"a/train.csv", true},
        {"photos/val", false},
        {"train/photos", false},
        {"trained", false},
        {"", false},
        {"/", false},
        {".", false},
    };

    (void)in;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        assert_int_equal(an_parts_is_training(rows[i].data), rows[i].training);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(every_spelling_is_known),
        FIXTURE_TEST(folders_are_splits_or_classes),
        FIXTURE_TEST(one_split_under_two_names_is_refused),
        FIXTURE_TEST(a_split_is_chosen_among_those_present),
        FIXTURE_TEST(paths_inside_their_split),
        FIXTURE_TEST(names_of_training_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
