/*
 * options_test.c: model options with a family's values filled in; options as text and back.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "core/options.h"

enum { SIZE = sizeof(alexnet_model_options) };

static void options_come_back(void **state)
{
    static const struct {
        alexnet_model_options options;
        const char *text;
    } rows[] = {
        {{.classes = 1000, .dropout = 0.5, .input_h = 224, .input_w = 224, -1, -1, -1, -1, -1},
         "classes=1000 dropout=0.5 input=224x224"},
        {{.classes = 10, .dropout = -1, .input_h = 32, .input_w = 48, -1, -1, -1, -1, -1},
         "classes=10 input=32x48"},
        {{.classes = 2, .dropout = 0.1, .input_h = 1, .input_w = 1 << 24, -1, -1, -1, -1, -1},
         "classes=2 dropout=0.1 input=1x16777216"},
        {{.classes = 2, .dropout = 0, .input_h = 9, .input_w = 9, .squeeze = 1, .lrn = 1},
         "classes=2 dropout=0 input=9x9"},
        {{.classes = 0, .dropout = -1, .input_h = 9, .input_w = 9, 1, 0, 0, 1, 1},
         "classes=0 input=9x9 global-pool no-squeeze no-lrn tanh 2/2"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        char text[AN_OPTIONS_TEXT], again[AN_OPTIONS_TEXT];
        alexnet_model_options back;
        an_options_print(&rows[i].options, text);
        assert_string_equal(text, rows[i].text);
        an_assert_ok(p->ctx, an_options_parse(p->ctx, "options", text, &back));
        assert_int_equal(back.classes, rows[i].options.classes);
        assert_true(back.dropout == rows[i].options.dropout);
        assert_int_equal(back.input_h, rows[i].options.input_h);
        assert_int_equal(back.input_w, rows[i].options.input_w);
        an_options_print(&back, again);
        assert_string_equal(again, text);
    }
}

static void bad_options_are_refused(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"", "setting 'classes' is missing"},
        {"classes=10", "setting 'input' is missing"},
        {"classes=-1 input=2x2", "classes=-1"},
        {"classes=99999999999 input=2x2", "classes=99999999999"},
        {"classes=ten input=2x2", "classes=ten"},
        {"classes=10 input=2x2 colour=3", "unknown setting 'colour'"},
        {"classes=10 input=2x2 classes=11", "'classes' is given twice"},
        {"classes=10 input=2x2 dropout=2", "dropout=2"},
        {"classes=10 input=2x2 dropout=nan", "dropout=nan"},
        {"classes=10 input=224", "input=224: expected HEIGHTxWIDTH"},
        {"classes=10 input=0x2", "input=0x2: expected HEIGHTxWIDTH"},
        {"classes=10 input=2x", "input=2x: expected HEIGHTxWIDTH"},
        {"classes=10 input=x2", "input=x2: expected HEIGHTxWIDTH"},
        {"classes=10 input=2x2x2", "input=2x2x2: expected HEIGHTxWIDTH"},
        {"classes=10 input=2x16777217", "input=2x16777217: expected HEIGHTxWIDTH"},
        {"classes=10 input=-2x2", "input=-2x2: expected HEIGHTxWIDTH"},
    };
    const an_test_place *p = *state;
    alexnet_model_options options;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(p->ctx, an_options_parse(p->ctx, "options", rows[i].text, &options),
                         ALEXNET_BAD_ARG);
        an_assert_error(p->ctx, "options");
        an_assert_error(p->ctx, rows[i].error);
    }
}

/* A family that mentions every option; its rows are never built. */
static const an_row rows_of_all[] = {
    {"conv1", "conv2d", "filters=4 kernel=3"},
    {"act1", "ACTIVATION", ""},
    {"lrn1", "lrn", "", "lrn"},
    {"pool1", "pool", "max POOL"},
    {"conv2", "conv2d", "filters=4 kernel=3 pad=1", "3/2"},
    {"conv2", "conv2d", "filters=4 kernel=3", "2/2"},
    {"mean", "adaptive_average", "size=1", "global-pool"},
    {"drop", "dropout", "p=DROPOUT"},
    {"fc", "conv2d", "filters=CLASSES kernel=1", "classes"},
    {"squeeze", "squeeze", "", "squeeze"},
};
static const an_family family_of_all = {.name = "all",
                                        .input = {3, 20, 30},
                                        .classes = 7,
                                        .dropout = 0.5,
                                        .rows = rows_of_all,
                                        .row_count = AN_COUNT(rows_of_all)};

static const an_row rows_of_none[] = {
    {"flatten", "flatten", ""},
    {"fc", "linear", "outputs=CLASSES"},
};
static const an_family family_of_none = {.name = "none",
                                         .input = {3, 8, 8},
                                         .classes = 10,
                                         .dropout = -1,
                                         .rows = rows_of_none,
                                         .row_count = AN_COUNT(rows_of_none)};

static void defaults_come_from_the_family(void **state)
{
    const an_test_place *p = *state;
    alexnet_model_options options = alexnet_model_options_default();

    an_assert_ok(p->ctx, an_options_resolve(p->ctx, &family_of_all, &options));
    assert_int_equal(options.classes, 7);
    assert_int_equal(options.input_h, 20);
    assert_int_equal(options.input_w, 30);
    assert_true(options.dropout == 0.5);
    assert_int_equal(options.global_pool, 0);
    assert_int_equal(options.squeeze, 1);
    assert_int_equal(options.lrn, 1);
    assert_int_equal(options.activation, ALEXNET_ACTIVATION_RELU);
    assert_int_equal(options.pooling, ALEXNET_POOLING_3_2);
}

static void options_that_no_row_mentions_are_refused(void **state)
{
    static const struct {
        alexnet_model_options options;
        const char *error;
    } rows[] = {
        {{SIZE, -1, 0, -1, -1, -1, -1, -1, -1, -1}, "cannot be built without classes"},
        {{SIZE, 0.5, -1, -1, -1, -1, -1, -1, -1, -1}, "no dropout to set"},
        {{SIZE, -1, -1, -1, -1, 1, -1, -1, -1, -1}, "no global pool"},
        {{SIZE, -1, -1, -1, -1, -1, 0, -1, -1, -1}, "no squeeze to leave out"},
        {{SIZE, -1, -1, -1, -1, -1, -1, 0, -1, -1}, "no response normalisation"},
        {{SIZE, -1, -1, -1, -1, -1, -1, -1, 1, -1}, "activation cannot be chosen"},
        {{SIZE, -1, -1, -1, -1, -1, -1, -1, -1, 1}, "no pooling to choose"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model_options options = rows[i].options;
        an_assert_status(p->ctx, an_options_resolve(p->ctx, &family_of_none, &options),
                         ALEXNET_BAD_ARG);
        an_assert_error(p->ctx, rows[i].error);
        options = rows[i].options;
        an_assert_ok(p->ctx, an_options_resolve(p->ctx, &family_of_all, &options));
    }
}

static void rows_follow_the_options(void **state)
{
    const alexnet_model_options usual = {SIZE, 0.5, 7, 20, 30, 0, 1, 1, 0, 0};
    const alexnet_model_options other = {SIZE, 0.25, 0, 20, 30, 1, 0, 0, 1, 1};
    char text[AN_ROW_SETTINGS];

    (void)state;
    assert_true(an_options_hold(&usual, NULL));
    assert_true(an_options_hold(&usual, "lrn") && !an_options_hold(&other, "lrn"));
    assert_true(!an_options_hold(&usual, "no-lrn") && an_options_hold(&other, "no-lrn"));
    assert_true(an_options_hold(&usual, "classes") && !an_options_hold(&other, "classes"));
    assert_true(an_options_hold(&usual, "squeeze") && !an_options_hold(&other, "squeeze"));
    assert_true(an_options_hold(&usual, "3/2") && an_options_hold(&other, "2/2"));
    assert_false(an_options_hold(&usual, "no such word"));
    assert_string_equal(an_options_type(&usual, "ACTIVATION"), "relu");
    assert_string_equal(an_options_type(&other, "ACTIVATION"), "tanh");
    assert_string_equal(an_options_type(&other, "pool"), "pool");
    an_options_substitute(&usual, "max POOL", text);
    assert_string_equal(text, "max size=3 stride=2");
    an_options_substitute(&other, "max POOL round=up", text);
    assert_string_equal(text, "max size=2 stride=2 round=up");
    an_options_substitute(&usual, "outputs=CLASSES", text);
    assert_string_equal(text, "outputs=7");
    an_options_substitute(&other, "p=DROPOUT", text);
    assert_string_equal(text, "p=0.25");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(options_come_back),
        an_test_in_place(bad_options_are_refused),
        an_test_in_place(defaults_come_from_the_family),
        an_test_in_place(options_that_no_row_mentions_are_refused),
        cmocka_unit_test(rows_follow_the_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
