/*
 * prototxt_test.c: the text format, value by value; false texts; every truncation; Caffe's own
 * files; refused memory.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include "formats/caffe/prototxt.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static alexnet_status parse(alexnet_context *ctx, const char *text, an_store *store,
                            const an_prototxt **out)
{
    const size_t bytes = strlen(text);
    char *copy = malloc(bytes + 1); /* a sanitizer sees the first byte beyond it */

    assert_non_null(copy);
    memcpy(copy, text, bytes);
    const alexnet_status status = an_prototxt_parse(ctx, "n", copy, bytes, store, out);
    free(copy);
    return status;
}

/* The tree as text: name=value and name{...}, separated by spaces. */
static void print_tree(const an_prototxt *message, char *out, size_t room)
{
    for (const an_prototxt *f = message->first; f != NULL; f = f->next) {
        const size_t used = strlen(out);
        if (f->text != NULL) {
            snprintf(out + used, room - used, "%s=%s ", f->name, f->text);
            continue;
        }
        snprintf(out + used, room - used, "%s{ ", f->name);
        print_tree(f, out, room);
        const size_t then = strlen(out);
        snprintf(out + then, room - then, "} ");
    }
}

static void texts_are_read(void **state)
{
    static const struct {
        const char *text, *tree;
    } rows[] = {
        {"", ""},
        {"# only a comment", ""},
        {"name: \"net\"", "name=net "},
        {"a:1 b : -2.5e-3 c: MAX d:true", "a=1 b=-2.5e-3 c=MAX d=true "},
        {"a{b{c:1}d:2}e:3", "a{ b{ c=1 } d=2 } e=3 "},
        {"a: { b: 1 }, c <d: 2; e: 3>;", "a{ b=1 } c{ d=2 e=3 } "},
        {"pad: [1, 2,3] x: [] y:['p' 'q', \"r\"]", "pad=1 pad=2 pad=3 y=pq y=r "},
        {"a\n# no\n:\n# no\n1 # no\nb{# no\n}", "a=1 b{ } "},
        {"a: 'x' \"y\"\n'z' b: \"'\" c: '\"'", "a=xyz b=' c=\" "},
        {"a: \"\\n\\t\\\\\\\"\\x41\\101\\?\"", "a=\n\t\\\"AA? "},
        {"# alexnet.classes: [\"a\", \"b:c\"]  \r\nname: 'n' #alexnet.k:v",
         "alexnet.classes=[\"a\", \"b:c\"] alexnet.k=v name=n "},
        {"# alexnet. is good\n# other.k: v\na: 1", "a=1 "},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_store store = {0};
        const an_prototxt *root;
        char tree[512] = "";
        an_assert_ok(p->ctx, parse(p->ctx, rows[i].text, &store, &root));
        print_tree(root, tree, sizeof tree);
        assert_string_equal(tree, rows[i].tree);
        an_store_free(p->ctx, &store);
    }
}

static void false_texts_are_refused(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"a", "n: line 1: expected ':' or '{'"},
        {"a 1", "line 1: expected ':' or '{'"},
        {"a:", "line 1: expected a value"},
        {"\n\na: }", "line 3: expected a value"},
        {"}", "line 1: expected the name of a field"},
        {"a {", "a message does not end"},
        {"a { >", "expected the name of a field"},
        {"a < }", "expected the name of a field"},
        {"a: [1", "a list does not end with ']'"},
        {"a: [1,", "expected a value"},
        {"a: [,]", "expected a value"},
        {"a: \"x", "a text does not end on its line"},
        {"a: \"x\n\"", "line 1: a text does not end on its line"},
        {"a: \"x\\", "a text does not end"},
        {"a: \"\\0\"", "a text has a zero byte"},
        {"a: \"\\400\"", "a text has a zero byte"},
        {"a: \"x\" # comment\n \"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\"",
         "there is a comment between parts of a text"},
        {"a: 1 =", "expected the name of a field"},
        {"\"a\": 1", "expected the name of a field"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_store store = {0};
        const an_prototxt *root;
        an_assert_status(p->ctx, parse(p->ctx, rows[i].text, &store, &root), ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, rows[i].error);
        assert_null(root);
        an_store_free(p->ctx, &store);
    }
}

static void limits_are_kept(void **state)
{
    const an_test_place *p = *state;
    static char text[300000];
    const an_prototxt *root;

    for (int depth = 32; depth <= 33; ++depth) {
        an_store store = {0};
        text[0] = '\0';
        for (int i = 0; i < depth; ++i)
            strcat(text, "a{");
        for (int i = 0; i < depth; ++i)
            strcat(text, "}");
        an_assert_status(p->ctx, parse(p->ctx, text, &store, &root),
                         depth == 32 ? ALEXNET_OK : ALEXNET_BAD_FILE);
        an_store_free(p->ctx, &store);
    }
    an_assert_error(p->ctx, "nested more than 32 deep");
    an_store store = {0};
    for (int i = 0; i < AN_PROTOTXT_FIELDS_MAX; ++i) /* and the message itself */
        memcpy(text + 4 * i, "a:1 ", 5);
    an_assert_status(p->ctx, parse(p->ctx, text, &store, &root), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "more than 50000 fields");
    an_store_free(p->ctx, &store);
}

static void values_are_of_a_type(void **state)
{
    const an_test_place *p = *state;
    an_store store = {0};
    const an_prototxt *root;

    an_assert_ok(p->ctx, parse(p->ctx,
                               "i: 12 r: -1.5 f: 2.5f b: true m { i: 3 } i: 13 t: xyz "
                               "n: -1 c: false",
                               &store, &root));
    assert_int_equal(an_prototxt_int(root, "i", 7), 12);
    assert_int_equal(an_prototxt_int(root, "x", 7), 7);
    assert_int_equal(an_prototxt_int(root, "n", 7), 7);
    assert_int_equal(an_prototxt_int(root, "t", 7), 7);
    assert_int_equal(an_prototxt_int(root, "m", 7), 7);
    assert_int_equal(an_prototxt_int(NULL, "i", 7), 7);
    assert_true(an_prototxt_real(root, "r", 7) == -1.5);
    assert_true(an_prototxt_real(root, "f", 7) == 2.5);
    assert_true(an_prototxt_real(root, "t", 7) == 7);
    assert_true(an_prototxt_bool(root, "b", false));
    assert_false(an_prototxt_bool(root, "c", true));
    assert_true(an_prototxt_bool(root, "x", true));
    assert_string_equal(an_prototxt_text(root, "t", ""), "xyz");
    assert_string_equal(an_prototxt_text(root, "m", "none"), "none");
    const an_prototxt *i = an_prototxt_find(root, "i", NULL);
    i = an_prototxt_find(root, "i", i);
    assert_string_equal(i->text, "13");
    assert_null(an_prototxt_find(root, "i", i));
    assert_int_equal(an_prototxt_int(an_prototxt_find(root, "m", NULL), "i", 7), 3);
    an_store_free(p->ctx, &store);
}

static void every_truncation_is_survived(void **state)
{
    static const char text[] =
        "# alexnet.k: v\nname: \"a\\x41\" 'b' l { p: [1, 2] q < r: x > } e: 1";
    const an_test_place *p = *state;

    for (size_t bytes = 0; bytes < sizeof text; ++bytes) {
        an_store store = {0};
        const an_prototxt *root;
        char *copy = malloc(bytes + 1);
        memcpy(copy, text, bytes);
        const alexnet_status status = an_prototxt_parse(p->ctx, "n", copy, bytes, &store, &root);
        assert_true(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
        free(copy);
        an_store_free(p->ctx, &store);
    }
}

static void caffes_files_are_read(void **state)
{
    static const struct {
        const char *name;
        int layers;
    } rows[] = {
        {"caffe/bvlc_alexnet_train_val.prototxt", 26},
        {"caffe/bvlc_alexnet_deploy.prototxt", 24},
        {"caffe/cifar10_full_train_test.prototxt", 15},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const char *path = an_test_data(rows[i].name);
        an_store store = {0};
        const an_prototxt *root, *layer = NULL;
        int layers = 0;
        if (path == NULL) skip();
        an_assert_ok(p->ctx, an_prototxt_read(p->ctx, path, &store, &root));
        while ((layer = an_prototxt_find(root, "layer", layer)) != NULL)
            ++layers;
        assert_int_equal(layers, rows[i].layers);
        an_store_free(p->ctx, &store);
    }
}

static void refused_memory_is_told(void **state)
{
    const an_test_place *p = *state;

    for (long n = 0;; ++n) {
        static char text[9000] = "a: 1 ";
        an_test_fault fault;
        an_store store = {0};
        const an_prototxt *root;
        for (int i = 1; i < 1500; ++i)
            memcpy(text + 5 * i, "bb:1 ", 6);
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, ENOMEM);
        const alexnet_status status =
            an_prototxt_parse(p->ctx, "n", text, strlen(text), &store, &root);
        const bool failed = an_test_fault_disarm(&fault);
        an_store_free(p->ctx, &store);
        an_assert_status(p->ctx, status, failed ? ALEXNET_NO_MEMORY : ALEXNET_OK);
        if (!failed) break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(texts_are_read),
        an_test_in_place(false_texts_are_refused),
        an_test_in_place(limits_are_kept),
        an_test_in_place(values_are_of_a_type),
        an_test_in_place(every_truncation_is_survived),
        an_test_in_place(caffes_files_are_read),
        an_test_in_place(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
