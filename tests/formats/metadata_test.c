/*
 * metadata_test.c: model options as text and back; what is refused.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/metadata.h"

static void options_come_back(void **state)
{
    static const struct {
        alexnet_model_options options;
        const char *text;
    } rows[] = {
        {{.classes = 1000, .dropout = 0.5, .input_h = 224, .input_w = 224},
         "classes=1000 dropout=0.5 input=224x224"                                                          },
        {{.classes = 10, .dropout = -1, .input_h = 32, .input_w = 48},      "classes=10 input=32x48"       },
        {{.classes = 2, .dropout = 0.1, .input_h = 1, .input_w = 1 << 24},
         "classes=2 dropout=0.1 input=1x16777216"                                                          },
        {{.classes = 2, .dropout = 0, .input_h = 9, .input_w = 9},          "classes=2 dropout=0 input=9x9"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        char text[AN_OPTIONS_TEXT];
        alexnet_model_options back;
        an_options_print(&rows[i].options, text);
        assert_string_equal(text, rows[i].text);
        an_assert_ok(p->ctx, an_options_parse(p->ctx, text, &back));
        assert_int_equal(back.classes, rows[i].options.classes);
        assert_true(back.dropout == rows[i].options.dropout);
        assert_int_equal(back.input_h, rows[i].options.input_h);
        assert_int_equal(back.input_w, rows[i].options.input_w);
    }
}

static void bad_options_are_refused(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"",                                 "setting 'classes' is missing"           },
        {"classes=10",                       "setting 'input' is missing"             },
        {"classes=-1 input=2x2",             "classes=-1"                             },
        {"classes=99999999999 input=2x2",    "classes=99999999999"                    },
        {"classes=ten input=2x2",            "classes=ten"                            },
        {"classes=10 input=2x2 colour=3",    "unknown setting 'colour'"               },
        {"classes=10 input=2x2 classes=11",  "'classes' is given twice"               },
        {"classes=10 input=2x2 dropout=2",   "dropout=2"                              },
        {"classes=10 input=2x2 dropout=nan", "dropout=nan"                            },
        {"classes=10 input=224",             "input=224: expected HEIGHTxWIDTH"       },
        {"classes=10 input=0x2",             "input=0x2: expected HEIGHTxWIDTH"       },
        {"classes=10 input=2x",              "input=2x: expected HEIGHTxWIDTH"        },
        {"classes=10 input=x2",              "input=x2: expected HEIGHTxWIDTH"        },
        {"classes=10 input=2x2x2",           "input=2x2x2: expected HEIGHTxWIDTH"     },
        {"classes=10 input=2x16777217",      "input=2x16777217: expected HEIGHTxWIDTH"},
        {"classes=10 input=-2x2",            "input=-2x2: expected HEIGHTxWIDTH"      },
    };
    const an_test_place *p = *state;
    alexnet_model_options options;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(p->ctx, an_options_parse(p->ctx, rows[i].text, &options), ALEXNET_BAD_ARG);
        an_assert_error(p->ctx, "alexnet.options");
        an_assert_error(p->ctx, rows[i].error);
    }
}

static void own_keys_are_known(void **state)
{
    (void)state;
    assert_true(an_metadata_is_own("format"));
    assert_true(an_metadata_is_own("alexnet.schema"));
    assert_true(an_metadata_is_own("alexnet.family"));
    assert_true(an_metadata_is_own("alexnet.options"));
    assert_true(an_metadata_is_own("alexnet.classes"));
    assert_true(an_metadata_is_own("alexnet.preprocess"));
    assert_false(an_metadata_is_own("alexnet.trained"));
    assert_false(an_metadata_is_own(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(options_come_back),
        an_test_in_place(bad_options_are_refused),
        cmocka_unit_test(own_keys_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
