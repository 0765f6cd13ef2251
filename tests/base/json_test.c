/*
 * json_test.c: refusals, members, and written documents.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/rng.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static alexnet_status parse(alexnet_context *ctx, const char *text, json_t **out)
{
    return an_json_parse(ctx, "header", text, strlen(text), out);
}

static void members_have_defaults(void **state)
{
    const an_test_place *p = *state;
    json_t *object;

    an_assert_ok(p->ctx,
                 parse(p->ctx, "{\"t\":\"x\",\"i\":-5,\"r\":2.5,\"n\":null,\"b\":true}", &object));
    assert_string_equal(an_json_get_text(object, "t", "fallback"), "x");
    assert_string_equal(an_json_get_text(object, "i", "fallback"), "fallback");
    assert_null(an_json_get_text(object, "absent", NULL));
    assert_int_equal(an_json_get_int(object, "i", 7), -5);
    assert_int_equal(an_json_get_int(object, "r", 7), 7);
    assert_int_equal(an_json_get_int(object, "b", 7), 7);
    assert_int_equal(an_json_get_int(object, "absent", 7), 7);
    assert_true(an_json_get_real(object, "r", 7) == 2.5);
    assert_true(an_json_get_real(object, "i", 7) == -5);
    assert_true(an_json_get_real(object, "t", 7) == 7);
    assert_true(an_json_get_real(object, "n", 7) == 7);
    assert_true(an_json_get_real(NULL, "n", 7) == 7);
    json_decref(object);
}

static void text_is_short_and_parses_back(void **state)
{
    const an_test_place *p = *state;
    an_stream stream = an_stream_open(1, AN_PURPOSE_TEST, 0, 0);
    json_t *object = json_pack("{s:f, s:f, s:i, s:s}", "lr", 0.1, "weight_decay", 0.0005, "step", 3,
                               "name", "caf\xc3\xa9");
    json_t *back;

    char *text = an_json_text(p->ctx, object);
    assert_string_equal(text,
                        "{\"lr\":0.1,\"weight_decay\":0.0005,\"step\":3,\"name\":\"caf\xc3\xa9\"}");
    an_free(p->ctx, text);
    json_decref(object);

    for (int i = 0; i < 1000; ++i) {
        const double value =
            (an_random_unit64(&stream) - 0.5) * pow(10, (int)an_random_below(&stream, 40) - 20);
        object = json_pack("{s:f, s:[f, f]}", "value", value, "list", 0.5, (double)(float)value);
        text = an_json_text(p->ctx, object);
        an_assert_ok(p->ctx, parse(p->ctx, text, &back));
        assert_true(json_equal(object, back));
        an_free(p->ctx, text);
        json_decref(object);
        json_decref(back);
    }
}

static void files_are_written_and_read(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "config.json");
    json_t *object = json_pack("{s:s, s:{s:f}}", "model", "torchvision", "sgd", "lr", 0.01);
    json_t *back;

    an_assert_ok(p->ctx, an_json_write(p->ctx, path, object));
    an_test_assert_text_file(
        path, "{\n  \"model\": \"torchvision\",\n  \"sgd\": {\n    \"lr\": 0.01\n  }\n}\n");
    an_assert_ok(p->ctx, an_json_read(p->ctx, path, &back));
    assert_true(json_equal(object, back));
    json_decref(back);
    json_decref(object);

    an_test_write_text(path, "{\"model\": ");
    an_assert_status(p->ctx, an_json_read(p->ctx, path, &back), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "config.json: line 1, column 10: ");
    an_assert_status(p->ctx, an_json_read(p->ctx, an_test_path(p->folder, "absent"), &back),
                     ALEXNET_NOT_FOUND);
    assert_null(back);
}

static void every_step_can_fail(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "config.json");
    json_t *object =
        json_pack("{s:f}", "third", 1.0 / 3); /* needs more digits than the first try */
    json_t *back = NULL;
    bool failed = true;

    for (long n = 0; failed; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY, n, true, EIO);
        alexnet_status status = an_json_write(p->ctx, path, object);
        if (status == ALEXNET_OK) status = an_json_read(p->ctx, path, &back);
        failed = an_test_fault_disarm(&fault);
        if (!failed)
            an_assert_ok(p->ctx, status);
        else if (status != ALEXNET_NO_MEMORY)
            an_assert_status(p->ctx, status, ALEXNET_IO);
        an_assert_error(p->ctx, "config.json");
        if (failed) assert_null(back);
    }
    assert_true(json_equal(object, back));
    json_decref(back);

    an_test_fault fault;
    an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), 1, true, ENOMEM);
    assert_null(an_json_text(p->ctx, object));
    assert_true(an_test_fault_disarm(&fault));
    json_decref(object);
}

/* ---- jansson's failed allocations ---- */

static long blocks_left; /* that malloc() still gives jansson; the next one fails */

static void *take_block(size_t bytes) { return blocks_left-- == 0 ? NULL : malloc(bytes); }

/* A document with every kind of value. */
static json_t *make(an_json_maker *m)
{
    json_t *list = an_json_list(m);

    for (int i = 0; i < 20; ++i)
        an_json_add(m, list, an_json_pack(m, "{s:i, s:s}", "index", i, "label", "checker"));
    an_json_add(m, list, an_json_real(m, 0.1));
    json_t *object = an_json_pack(m, "{s:i, s:o}", "schema", 1, "list", list);
    an_json_set(m, object, "name", an_json_string(m, "caf\xc3\xa9"));
    an_json_set(m, object, "bytes", an_json_int(m, INT64_MAX));
    an_json_set(m, object, "inner", an_json_object(m));
    return object;
}

/* The whole document, or a failure with its message, for every allocation that may fail. */
static void jansson_allocation_failures_are_reported(void **state)
{
    const an_test_place *p = *state;
    bool refused = true;
    long n = 0;

    for (; refused; ++n) {
        an_json_maker m = {0};
        json_t *back = NULL;
        blocks_left = n;
        json_set_alloc_funcs(take_block, free);
        json_t *object = make(&m);
        alexnet_status status = an_json_made(p->ctx, &m, "document");
        char *text = status == ALEXNET_OK ? an_json_text(p->ctx, object) : NULL;
        if (status == ALEXNET_OK && text == NULL) status = ALEXNET_NO_MEMORY;
        if (status == ALEXNET_OK)
            status = an_json_parse(p->ctx, "document", text, strlen(text), &back);
        refused = blocks_left < 0;
        json_set_alloc_funcs(malloc, free);
        assert_int_equal(status, refused ? ALEXNET_NO_MEMORY : ALEXNET_OK);
        if (!refused) assert_true(json_equal(object, back));
        an_free(p->ctx, text);
        json_decref(object);
        json_decref(back);
    }
    print_message("%ld points\n", n);
}

static void texts_that_are_not_utf8_are_named(void **state)
{
    const an_test_place *p = *state;
    an_json_maker m = {0};
    json_t *object = an_json_object(&m);

    an_json_set(&m, object, "good", an_json_string(&m, "yes"));
    an_json_set(&m, object, "bad", an_json_string(&m, "no\xff"));
    an_json_set(&m, object, "later", an_json_string(&m, "\xff"));
    an_json_set(&m, object, "none", an_json_string(&m, NULL));
    an_assert_status(p->ctx, an_json_made(p->ctx, &m, "file"), ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "file: 'bad' cannot be written as JSON: is it UTF-8?");
    json_decref(object);
}

static void nan_and_infinities_are_null(void **state)
{
    const an_test_place *p = *state;
    an_json_maker m = {0};
    json_t *list = an_json_list(&m);

    an_json_add(&m, list, an_json_real(&m, (double)NAN));
    an_json_add(&m, list, an_json_real(&m, (double)INFINITY));
    an_json_add(&m, list, an_json_real(&m, 0.5));
    an_assert_ok(p->ctx, an_json_made(p->ctx, &m, "list"));
    char *text = an_json_line(p->ctx, list, 9);
    assert_string_equal(text, "[null,null,0.5]");
    an_json_free(p->ctx, text);
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(members_have_defaults),
        an_test_in_place(text_is_short_and_parses_back),
        an_test_in_place(files_are_written_and_read),
        an_test_in_place(every_step_can_fail),
        an_test_in_place(jansson_allocation_failures_are_reported),
        an_test_in_place(texts_that_are_not_utf8_are_named),
        an_test_in_place(nan_and_infinities_are_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
