/*
 * pickle_walk_test.c: names of nested tensors, and structures that are small but long to look at.
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT &an_tensor_format_pickle
#define DTYPE  "cnumpy\ndtype\n(U\2f4K\0K\1tR"
/* an array of one element */
#define ARRAY  "cnumpy.core.numeric\n_frombuffer\n(C\4abcd" DTYPE "(K\1tU\1CtR"

typedef struct text {
    char *data;
    size_t size;
} text;

/* The memory has `room` bytes, which are enough. */
static void put(text *t, const char *part, size_t bytes)
{
    memcpy(t->data + t->size, part, bytes);
    t->size += bytes;
}

#define PUT(t, part) put(t, part, sizeof part - 1)

static text open_text(size_t room)
{
    text t = {malloc(room), 0};
    assert_non_null(t.data);
    return t;
}

static void names_are_joined(void **state)
{
    static const struct {
        const char *pickle;
        size_t bytes;
        const char *names[3];
    } rows[] = {
#define PICKLE(text) text, sizeof text - 1
        {PICKLE(ARRAY "."), {""}},
        {PICKLE("}U\1a" ARRAY "s."), {"a"}},
        {PICKLE("](" ARRAY "K\1" ARRAY "e."), {"0", "2"}},
        {PICKLE("}(U\1a}U\1b](" ARRAY "esJ\xfe\xff\xff\xff" ARRAY "u."), {"a.b.0", "-2"}},
        {PICKLE("}(N" ARRAY ")" ARRAY "U\1a(" ARRAY "tu."), {"a.0"}}, /* keys without a name */
        {PICKLE("}(U\6layers](}(U\4nameU\1cU\1w](" ARRAY ")" ARRAY "eU\1x}U\1y" ARRAY "suK\1eu."),
         {"layers.c.w.0", "layers.c.w.2"}},
        {PICKLE("}(U\6layers}(U\1c}(U\4nameU\1dU\1b" ARRAY "uuu."), {"layers.c.b"}},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_tensor_file file;
        size_t count = 0;
        an_assert_ok(p->ctx, an_tensor_file_parse(p->ctx, "w.pkl", rows[i].pickle, rows[i].bytes,
                                                  FORMAT, &file));
        for (; count < 3 && rows[i].names[count] != NULL; ++count)
            assert_string_equal(file.tensors[count].name, rows[i].names[count]);
        assert_int_equal(file.count, count);
        an_tensor_file_close(p->ctx, &file);
    }
}

static void equal_names_are_refused(void **state)
{
    const an_test_place *p = *state;

    an_sample_refuse(p->ctx, PICKLE("}(U\1a" ARRAY "U\1b" ARRAY "U\1a" ARRAY "u."), FORMAT,
                     ALEXNET_BAD_FILE, "two of its tensors are named 'a'");
    an_sample_refuse(p->ctx, PICKLE("}(U\3a.b" ARRAY "U\1a}U\1b" ARRAY "su."), FORMAT,
                     ALEXNET_BAD_FILE, "two of its tensors are named 'a.b'");
}

static void long_names_are_refused(void **state)
{
    const an_test_place *p = *state;
    text t = open_text(2000);

    PUT(&t, "}(X\x80\0\0\0");
    memset(t.data + t.size, 'a', 128);
    t.size += 128;
    PUT(&t, "}(X\x80\0\0\0");
    memset(t.data + t.size, 'b', 128);
    t.size += 128;
    PUT(&t, ARRAY "uu.");
    an_sample_refuse(p->ctx, t.data, t.size, FORMAT, ALEXNET_BAD_FILE,
                     "makes one of more than 255 bytes");
    free(t.data);
}

static void deep_nesting_is_refused(void **state)
{
    const an_test_place *p = *state;
    text t = open_text(2000);

    for (int i = 0; i < 80; ++i)
        PUT(&t, "(");
    PUT(&t, ARRAY);
    for (int i = 0; i < 80; ++i)
        PUT(&t, "t");
    PUT(&t, ".");
    an_sample_refuse(p->ctx, t.data, t.size, FORMAT, ALEXNET_BAD_FILE, "nested more than 64 deep");
    an_sample_refuse(p->ctx, PICKLE("]q\0h\0a."), FORMAT, ALEXNET_BAD_FILE,
                     "nested more than 64 deep"); /* a list in itself */
    an_sample_refuse(p->ctx, PICKLE("}q\0U\1ah\0s."), FORMAT, ALEXNET_BAD_FILE,
                     "nested more than 64 deep");
    free(t.data);
}

/* A list of ten times one list, and so on: 10^40 values in 900 bytes, but none of them a tensor. */
static void repeated_lists_are_looked_at_once(void **state)
{
    const an_test_place *p = *state;
    text t = open_text(4000);
    alexnet_status status;

    PUT(&t, "]");
    for (int i = 0; i < 40; ++i)
        PUT(&t, "q\0(h\0h\0h\0h\0h\0h\0h\0h\0h\0h\0t");
    PUT(&t, ".");
    an_sample_refuse(p->ctx, t.data, t.size, FORMAT, ALEXNET_BAD_FILE, "holds no array of numbers");
    assert_in_range(an_sample_peak(t.data, t.size, FORMAT, &status), 1, 1 << 20);
    free(t.data);
}

/* A list of many numbers and one array, many times. */
static void long_lists_are_not_looked_at_for_ever(void **state)
{
    const an_test_place *p = *state;
    text t = open_text(100000);

    PUT(&t, "](" ARRAY);
    for (int i = 0; i < 20000; ++i)
        PUT(&t, "K\1");
    PUT(&t, "eq\0(");
    for (int i = 0; i < 200; ++i)
        PUT(&t, "h\0");
    PUT(&t, "t.");
    an_sample_refuse(p->ctx, t.data, t.size, FORMAT, ALEXNET_BAD_FILE,
                     "have more than 262144 values");
    free(t.data);
}

/* An array that occurs too often: its names would be longer than the file. */
static void repeated_arrays_are_refused(void **state)
{
    const an_test_place *p = *state;
    text t = open_text(4000);
    alexnet_status status;

    PUT(&t, ARRAY);
    for (int i = 0; i < 10; ++i)
        PUT(&t, "q\0(h\0h\0h\0h\0h\0h\0h\0h\0h\0h\0t");
    PUT(&t, ".");
    an_sample_refuse(p->ctx, t.data, t.size, FORMAT, ALEXNET_BAD_FILE, "more than 20000 tensors");
    assert_in_range(an_sample_peak(t.data, t.size, FORMAT, &status), 1, (16 << 20) - 1);
    free(t.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(names_are_joined),
        an_test_in_place(equal_names_are_refused),
        an_test_in_place(long_names_are_refused),
        an_test_in_place(deep_nesting_is_refused),
        an_test_in_place(repeated_lists_are_looked_at_once),
        an_test_in_place(long_lists_are_not_looked_at_for_ever),
        an_test_in_place(repeated_arrays_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
