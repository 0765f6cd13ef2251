/*
 * json_test.c: what is refused, what comes back, what is written.
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

static void what_is_no_object_is_refused(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"", "header: line 1, column 0: "},
        {"{", "header: line 1, column 1: "},
        {"[1]", "header: expected an object, found an array"},
        {"1", "header: line 1"},
        {"\"x\"", "header: line 1"},
        {"null", "header: line 1"},
        {"{\"a\":1,\"a\":2}", "duplicate object key"},
        {"{\"a\":1}x", "end of file expected"},
        {"{\"a\":1} {}", "end of file expected"},
        {"{\n\"a\":\n?}", "header: line 3, column 1"},
        {"{\"a\":1e999}", "real number overflow"},
        {"{\"a\":99999999999999999999}", "too big integer"},
        {"{\"a\":NaN}", "invalid token"},
        {"{\"a\":\"\xff\"}", "unable to decode byte 0xff"},
        {"{\"a\":\"\\u0000\"}", "NUL"},
        {"{'a':1}", "header: line 1"},
    };
    const an_test_place *p = *state;
    json_t *object = (json_t *)&object;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(p->ctx, parse(p->ctx, rows[i].text, &object), ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, rows[i].error);
        assert_null(object);
    }
    an_assert_status(p->ctx, an_json_parse(p->ctx, "header", "{}\0", 3, &object), ALEXNET_BAD_FILE);
}

static void nesting_has_a_limit(void **state)
{
    const size_t depth = 1000000;
    const an_test_place *p = *state;
    char *text = malloc(2 * depth);
    json_t *object;

    assert_non_null(text);
    memcpy(text, "{\"a\":", 5);
    memset(text + 5, '[', 2 * depth - 5);
    an_assert_status(p->ctx, an_json_parse(p->ctx, "bomb", text, 2 * depth, &object),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "maximum parsing depth reached");
    free(text);
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

static void text_is_short_and_comes_back(void **state)
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
        json_pack("{s:f}", "third", 1.0 / 3); /* needs more digits than the first try has */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(what_is_no_object_is_refused),
        an_test_in_place(nesting_has_a_limit),
        an_test_in_place(members_have_defaults),
        an_test_in_place(text_is_short_and_comes_back),
        an_test_in_place(files_are_written_and_read),
        an_test_in_place(every_step_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
