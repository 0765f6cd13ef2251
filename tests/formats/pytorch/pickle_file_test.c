/*
 * pickle_file_test.c: files that are one pickle, of NumPy in every protocol, of cuda-convnet in
 * those of Python 2; trained weights that came with a package; damaged copies.
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/samples.h"

#include <stdlib.h>
#include <string.h>

#define FORMAT &an_tensor_format_pickle

static void pickles_of_arrays_are_read(void **state)
{
    const an_test_place *p = *state;
    an_sample_check_all(p->ctx, "pickle/", FORMAT);
}

static void pickles_are_recognised(void **state)
{
    static const struct {
        const char *head;
        bool is;
    } rows[] = {
        {"\x80\2}q\1.", true},
        {"\x80\5\x95", true},
        {"(dp0\n.", true},
        {"(lp1\n.", true},
        {"}q\1.", true},
        {"].", true},
        {"ccollections\nOrderedDict\n(t", true},
        {"cnumpy\nndarray\np0\n", true},
        {"cos\nsystem\n(S'x'\ntR.", true},
        {"\x80\6}", false},
        {"\x80", false},
        {"", false},
        {"cat\ndog\nrat\n", false},
        {"cat\ndog\n", false},
        {"(define", false},
        {"}", false},
        {"c\n\n(", false},
    };

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const size_t bytes = strlen(rows[i].head);
        assert_int_equal(
            an_tensor_format_pickle.matches((const uint8_t *)rows[i].head, bytes, bytes),
            rows[i].is);
    }
}

static void others_are_refused(void **state)
{
    static const struct {
        const char *pickle;
        size_t bytes;
        const char *part;
    } rows[] = {
#define PICKLE(text) text, sizeof text - 1
        {PICKLE("\x80\2}."), "its pickle holds no array of numbers"},
        {PICKLE("\x80\2}.."), "its pickle ends at byte 4 of 5"},
        {PICKLE("\x80\2X\1\0\0\0kQ."), "its pickle refers to data that are not in the file"},
        {PICKLE("cos\nsystem\n(S'x'\ntR."), "os.system: this file asks for code to be run"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        an_sample_refuse(p->ctx, rows[i].pickle, rows[i].bytes, FORMAT, ALEXNET_BAD_FILE,
                         rows[i].part);
    an_sample_refuse_file(p->ctx, "pickle/bad_nothing", FORMAT, ALEXNET_BAD_FILE,
                          "holds no array of numbers");
    an_sample_refuse_file(p->ctx, "pickle/bad_torch", FORMAT, ALEXNET_BAD_FILE,
                          "torch.storage._load_from_bytes: only plain tensors in dicts");
    an_sample_refuse_file(p->ctx, "pickle/bad_big_endian", FORMAT, ALEXNET_UNSUPPORTED,
                          "array 'w' is big-endian; save array.astype('<f4') instead");
}

static void every_truncation_and_every_bit(void **state)
{
    static const char *const names[] = {"pickle/protocol0",     "pickle/protocol2",
                                        "pickle/protocol4",     "pickle/protocol5",
                                        "pickle/cuda_convnet0", "pickle/cuda_convnet2"};
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(names); ++i)
        an_sample_damage(p->ctx, names[i], FORMAT, false);
}

static void every_refusal_is_reported(void **state)
{
    static const char *const names[] = {"pickle/protocol0", "pickle/protocol5",
                                        "pickle/cuda_convnet2"};
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(names); ++i)
        an_sample_starve(p->ctx, names[i], FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(pickles_of_arrays_are_read),
        cmocka_unit_test(pickles_are_recognised),
        an_test_in_place(others_are_refused),
        an_test_in_place(every_truncation_and_every_bit),
        an_test_in_place(every_refusal_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
