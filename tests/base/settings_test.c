/*
 * settings_test.c: the grammar, the messages, and printed settings parsed back.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/rng.h"
#include "base/settings.h"
#include <stdlib.h>
#include <string.h>

typedef struct example {
    int filters, kernel, mode, edge;
    double lr;
    char name[AN_SETTING_TEXT];
    an_reals mean;
} example;

static const an_key keys[] = {
    {"filters", AN_KEY_INT, offsetof(example, filters), 1, 65536, NULL, NULL, "output channels"},
    {"kernel", AN_KEY_INT, offsetof(example, kernel), -5, 64, NULL, "3", "pixels"},
    {"mode", AN_KEY_CHOICE, offsetof(example, mode), 0, 0, "max|average", "max", "what is taken"},
    {"edge", AN_KEY_CHOICE, offsetof(example, edge), 0, 0, "floor|ceil|average", "floor",
     "odd sizes"},
    {"lr", AN_KEY_REAL, offsetof(example, lr), 0, 10, NULL, "0.01", "learning rate"},
    {"name", AN_KEY_TEXT, offsetof(example, name), 0, 0, NULL, "none", "a name"},
    {"mean", AN_KEY_REALS, offsetof(example, mean), 0, 0, NULL, "0.5,0.25", "RGB, 0 .. 1"},
    {NULL, AN_KEY_INT, 0, 0, 0, NULL, NULL, NULL},
};

static alexnet_status parse(alexnet_context *ctx, const char *text, example *out)
{
    memset(out, 0x5a, sizeof *out);
    return an_settings_parse(ctx, "layer conv1", keys, text, out);
}

static void defaults_are_filled_in(void **state)
{
    const an_test_place *p = *state;
    example e;

    an_assert_ok(p->ctx, parse(p->ctx, "filters=96", &e));
    assert_int_equal(e.filters, 96);
    assert_int_equal(e.kernel, 3);
    assert_int_equal(e.mode, 0);
    assert_int_equal(e.edge, 0);
    assert_true(e.lr == 0.01);
    assert_string_equal(e.name, "none");
    assert_int_equal(e.mean.count, 2);
    assert_true(e.mean.values[0] == 0.5 && e.mean.values[1] == 0.25);
}

static void every_kind_of_value(void **state)
{
    const an_test_place *p = *state;
    example e;

    an_assert_ok(p->ctx,
                 parse(p->ctx,
                       "  average   filters=1 kernel=-5 ceil lr=1e-3 name=a=b|c mean=-1,2.5,3e2 ",
                       &e));
    assert_int_equal(e.filters, 1);
    assert_int_equal(e.kernel, -5);
    assert_int_equal(e.mode, 1); /* "average": the first key that lists it */
    assert_int_equal(e.edge, 1);
    assert_true(e.lr == 0.001);
    assert_string_equal(e.name, "a=b|c");
    assert_int_equal(e.mean.count, 3);
    assert_true(e.mean.values[2] == 300);

    an_assert_ok(p->ctx, parse(p->ctx, "mode=average edge=average filters=2 name= mean=", &e));
    assert_int_equal(e.mode, 1);
    assert_int_equal(e.edge, 2);
    assert_string_equal(e.name, "");
    assert_int_equal(e.mean.count, 0);
}

#define LONG "0123456789012345678901234567890123456789012345678901234567890123" /* 64 characters */

static void other_members_are_kept(void **state)
{
    const an_test_place *p = *state;
    example e;

    an_assert_ok(p->ctx, parse(p->ctx, "filters=96 lr=2", &e));
    an_assert_ok(p->ctx, an_settings_override(p->ctx, "run", keys, "kernel=5 name=x", &e));
    assert_true(e.filters == 96 && e.kernel == 5 && e.lr == 2);
    assert_string_equal(e.name, "x");
    /* no key is required */
    an_assert_ok(p->ctx, an_settings_override(p->ctx, "run", keys, " ", &e));
    an_assert_status(p->ctx, an_settings_override(p->ctx, "run", keys, "lr=11", &e),
                     ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "run: lr=11: expected a number from 0 to 10");
    an_assert_status(p->ctx, an_settings_override(p->ctx, "run", keys, "lr=1 lr=1", &e),
                     ALEXNET_BAD_ARG);
}

static void mistakes_are_explained(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"", "layer conv1: setting 'filters' is missing: expected a whole number from 1 to 65536"},
        {"kernel=3",
         "layer conv1: setting 'filters' is missing: expected a whole number from 1 to 65536"},
        {"filters=1 kernal=3", "layer conv1: unknown setting 'kernal'; did you mean 'kernel'?"},
        {"filters=1 averege", "layer conv1: unknown setting 'averege'; did you mean 'average'?"},
        {"filters=1 zzz=3",
         "layer conv1: unknown setting 'zzz'; expected filters=..., kernel=..., mode=max|average, "
         "edge=floor|ceil|average, lr=..., name=..., mean=..."},
        {"filters=1 filters=1", "layer conv1: setting 'filters' is given twice"},
        {"filters=1 max average", "layer conv1: setting 'mode' is given twice"},
        {"filters=1 max mode=max", "layer conv1: setting 'mode' is given twice"},
        {"filters=0", "layer conv1: filters=0: expected a whole number from 1 to 65536"},
        {"filters=65537", "layer conv1: filters=65537: expected a whole number from 1 to 65536"},
        {"filters=99999999999999999999", "filters=99999999999999999999: expected a whole number"},
        {"filters=4294967297", "filters=4294967297: expected a whole number"},
        {"filters=1.5", "filters=1.5: expected a whole number"},
        {"filters=", "filters=: expected a whole number"},
        {"filters", "filters=: expected a whole number"},
        {"filters=1x", "filters=1x: expected a whole number"},
        {"filters=1 kernel=-6", "kernel=-6: expected a whole number from -5 to 64"},
        {"filters=1 lr=10.5", "lr=10.5: expected a number from 0 to 10"},
        {"filters=1 lr=nan", "lr=nan: expected a number from 0 to 10"},
        {"filters=1 lr=inf", "lr=inf: expected"},
        {"filters=1 lr=0x1", "lr=0x1: expected"},
        {"filters=1 lr=0,1", "lr=0,1: expected"},
        {"filters=1 mode=min", "mode=min: expected one of max|average"},
        {"filters=1 mode=", "mode=: expected one of max|average"},
        {"filters=1 mode=max|average", "mode=max|average: expected one of max|average"},
        {"filters=1 mode", "mode=: expected one of max|average"},
        {"filters=1 mean=1,", "mean=1,: expected at most 16 numbers separated by commas"},
        {"filters=1 mean=,1", "mean=,1: expected at most 16"},
        {"filters=1 mean=1,,2", "mean=1,,2: expected"},
        {"filters=1 mean=1,x", "mean=1,x: expected"},
        {"filters=1 mean=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "expected at most 16 numbers"},
        {"filters=1 name=" LONG LONG LONG LONG, "expected a text of at most 255 characters"},
        {"filters=1 name=tab\there", "name=tab\\there: expected a text"},
        {"filters=1 =3", "unknown setting ''"},
        {"filters=1 =", "unknown setting ''"},
        {"filters=1\nkernel=3", "filters=1\\nkernel=3: expected a whole number"},
        {"FILTERS=1", "unknown setting 'FILTERS'"},
    };
    const an_test_place *p = *state;
    example e;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(p->ctx, parse(p->ctx, rows[i].text, &e), ALEXNET_BAD_ARG);
        an_assert_error(p->ctx, rows[i].error);
    }
}

static void a_table_without_keys_takes_nothing(void **state)
{
    static const an_key none[] = {{NULL, AN_KEY_INT, 0, 0, 0, NULL, NULL, NULL}};
    const an_test_place *p = *state;
    int nothing = 0;
    char text[4];

    an_assert_ok(p->ctx, an_settings_parse(p->ctx, "relu", none, "  ", &nothing));
    an_assert_status(p->ctx, an_settings_parse(p->ctx, "relu", none, "x=1", &nothing),
                     ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "relu: unknown setting 'x'; expected none");
    assert_int_equal(an_settings_print(none, &nothing, text, sizeof text), 1);
    assert_string_equal(text, "");
}

static void a_default_that_does_not_parse_is_reported(void **state)
{
    static const an_key wrong[] = {
        {"size", AN_KEY_INT, 0, 1, 5, NULL, "6", ""},
        {NULL, AN_KEY_INT, 0, 0, 0, NULL, NULL, NULL},
    };
    const an_test_place *p = *state;
    int size;

    an_assert_status(p->ctx, an_settings_parse(p->ctx, "pool", wrong, "", &size), ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "pool: the default of 'size' does not parse");
}

static void printed_settings_parse_back(void **state)
{
    static const struct {
        const char *text, *printed;
    } rows[] = {
        {"filters=96", "filters=96"},
        {"kernel=3 max filters=96 lr=0.010 floor name=none mean=0.5,0.25", "filters=96"},
        {"average kernel=11 filters=96", "filters=96 kernel=11 average"},
        {"edge=average filters=1",
         "filters=1 edge=average"}, /* "average" alone would be the mode */
        {"ceil filters=1 lr=0.1 name=x mean=1", "filters=1 ceil lr=0.1 name=x mean=1"},
        {"filters=1 name= mean=", "filters=1 name= mean="},
        {"filters=1 mean=0.5,0.25,1e-7", "filters=1 mean=0.5,0.25,1e-07"},
    };
    const an_test_place *p = *state;
    char text[256], again[256];

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        example e, back;
        an_assert_ok(p->ctx, parse(p->ctx, rows[i].text, &e));
        assert_int_equal(an_settings_print(keys, &e, text, sizeof text),
                         strlen(rows[i].printed) + 1);
        assert_string_equal(text, rows[i].printed);
        an_assert_ok(p->ctx, parse(p->ctx, text, &back));
        (void)an_settings_print(keys, &back, again, sizeof again);
        assert_string_equal(again, text);
    }
}

static void printing_into_a_small_buffer_truncates(void **state)
{
    const char *whole = "filters=1 ceil lr=0.1 name=x mean=1";
    const an_test_place *p = *state;
    example e;

    an_assert_ok(p->ctx, parse(p->ctx, whole, &e));
    assert_int_equal(an_settings_print(keys, &e, NULL, 0), strlen(whole) + 1);
    for (size_t bytes = 1; bytes <= strlen(whole) + 1; ++bytes) {
        char *text = malloc(bytes); /* the sanitizer checks its end */
        assert_non_null(text);
        assert_int_equal(an_settings_print(keys, &e, text, bytes), strlen(whole) + 1);
        assert_int_equal(strlen(text), bytes - 1);
        assert_memory_equal(text, whole, bytes - 1);
        free(text);
    }
}

static void hostile_texts_are_harmless(void **state)
{
    static const char alphabet[] = "filterskernlmodgapx=|, -+.e0123456789\x01\xff\n%";
    const an_test_place *p = *state;
    an_stream stream = an_stream_open(1, AN_PURPOSE_TEST, 0, 0);
    char *longer = malloc(1000001);
    example e;

    for (int i = 0; i < 20000; ++i) {
        char text[64];
        size_t length = an_random_below(&stream, sizeof text);
        for (size_t k = 0; k < length; ++k)
            text[k] = alphabet[an_random_below(&stream, sizeof alphabet - 1)];
        text[length] = '\0';
        (void)!parse(p->ctx, text, &e);
    }

    assert_non_null(longer);
    memset(longer, 'x', 1000000);
    longer[1000000] = '\0';
    an_assert_status(p->ctx, parse(p->ctx, longer, &e), ALEXNET_BAD_ARG);
    assert_true(strlen(alexnet_error(p->ctx)) < 400);
    memcpy(longer, "filters=", 8);
    an_assert_status(p->ctx, parse(p->ctx, longer, &e), ALEXNET_BAD_ARG);
    assert_true(strlen(alexnet_error(p->ctx)) < 400);
    memset(longer, ' ', 1000000);
    an_assert_status(p->ctx, parse(p->ctx, longer, &e), ALEXNET_BAD_ARG);
    memset(longer, '=', 1000000);
    an_assert_status(p->ctx, parse(p->ctx, longer, &e), ALEXNET_BAD_ARG);
    an_assert_status(p->ctx, parse(p->ctx, "%s%n%1000000d=%s", &e), ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "'%s%n%1000000d'");
    free(longer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(defaults_are_filled_in),
        an_test_in_place(every_kind_of_value),
        an_test_in_place(other_members_are_kept),
        an_test_in_place(mistakes_are_explained),
        an_test_in_place(a_table_without_keys_takes_nothing),
        an_test_in_place(a_default_that_does_not_parse_is_reported),
        an_test_in_place(printed_settings_parse_back),
        an_test_in_place(printing_into_a_small_buffer_truncates),
        an_test_in_place(hostile_texts_are_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
