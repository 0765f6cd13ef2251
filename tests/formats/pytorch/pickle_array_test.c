/*
 * pickle_array_test.c: arrays whose parts do not fit together. What NumPy writes is read in
 * pickle_file_test.c.
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/samples.h"

#include <stdio.h>
#include <string.h>

#define ARRAY  "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tU\1btR"
#define DTYPE  "cnumpy\ndtype\n(U\2f4K\0K\1tR(K\3U\1<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
#define BUFFER "cnumpy.core.numeric\n_frombuffer\n"

static void parts_must_fit_together(void **state)
{
#define PICKLE(text) text, sizeof text - 1
    static const struct {
        const char *pickle;
        size_t bytes;
        const char *part; /* NULL: read */
    } rows[] = {
        {PICKLE(ARRAY "(K\1(K\2t" DTYPE "K\0U\x08"
                      "abcdefghtb."),
         NULL},
        {PICKLE(ARRAY "(K\1(t" DTYPE "K\0U\x04"
                      "abcdtb."),
         NULL},
        {PICKLE(ARRAY "(K\1(K\0K\5t" DTYPE "K\1U\0tb."), NULL},
        {PICKLE(BUFFER "(C\x08"
                       "abcdefgh" DTYPE "(K\1K\2tU\1CtR."),
         NULL},
        {PICKLE(BUFFER "(C\x08"
                       "abcdefgh" DTYPE "(K\1K\2tU\1FtR."),
         NULL},
        {PICKLE(BUFFER "(C\x08"
                       "abcdefgh" DTYPE "(K\1K\2tU\1AtR."),
         "expected its order to be C or F"},
        {PICKLE(BUFFER ")R."), "expected its order to be C or F"},
        {PICKLE(ARRAY "."), "expected its state to be (version, shape, dtype, order, data)"},
        {PICKLE(ARRAY "(K\1(K\2t" DTYPE "K\0tb."), "expected its state to be"},
        {PICKLE(ARRAY "(K\1(K\2t" DTYPE "NU\x08"
                      "abcdefghtb."),
         "expected its order to be true or false"},
        {PICKLE(ARRAY "(K\1(K\2tNK\0U\x08"
                      "abcdefghtb."),
         "expected a numpy.dtype"},
        {PICKLE(ARRAY "(K\1(K\2tcnumpy\ndtype\n)RK\0U\x08"
                      "abcdefghtb."),
         "expected a numpy.dtype"},
        {PICKLE(ARRAY "(K\1K\2" DTYPE "K\0U\x08"
                      "abcdefghtb."),
         "expected a shape of at most 8"},
        {PICKLE(ARRAY "(K\1(J\xff\xff\xff\xfft" DTYPE "K\0U\x08"
                      "abcdefghtb."),
         "expected a shape of at most 8 dimensions, none of them negative"},
        {PICKLE(ARRAY "(K\1(K\1K\1K\1K\1K\1K\1K\1K\1K\1t" DTYPE "K\0U\x04"
                      "abcdtb."),
         "expected a shape of at most 8"},
        {PICKLE(ARRAY "(K\1(\x8a\x08\0\0\0\0\0\0\0\x40K\5t" DTYPE "K\0U\x08"
                      "abcdefghtb."),
         "is too large"},
        {PICKLE(ARRAY "(K\1(K\3t" DTYPE "K\0U\x08"
                      "abcdefghtb."),
         "its shape and type need 12 bytes, it has 8"},
        {PICKLE(ARRAY "(K\1(K\1t" DTYPE "K\0U\x08"
                      "abcdefghtb."),
         "its shape and type need 4 bytes, it has 8"},
        {PICKLE(ARRAY "(K\1(K\2t" DTYPE "K\0Ntb."), "expected its elements as bytes"},
        {PICKLE(ARRAY "(K\1(K\2t" DTYPE "K\0X\x08\0\0\0"
                      "abcdefghtb."),
         "expected its elements as bytes"},
        {PICKLE(ARRAY "(K\1(K\2t" DTYPE "K\0c_codecs\nencode\n(U\x08"
                      "abcdefghU\6latin1tRtb."),
         "expected its elements as bytes"},
        {PICKLE(ARRAY "(K\1(K\2t" DTYPE "K\0c_codecs\nencode\n(X\x08\0\0\0"
                      "abcdefghU\5utf-8tRtb."),
         "expected its elements to be encoded as latin1"},
        {PICKLE(ARRAY "(K\1(K\2t" DTYPE "K\0c_codecs\nencode\n)Rtb."),
         "expected its elements to be encoded as latin1"},
        {PICKLE(ARRAY "(K\1(K\3t" DTYPE "K\0c_codecs\nencode\n(X\x08\0\0\0"
                      "abcdefghU\6latin1tRtb."),
         "has another length"},
        {PICKLE(ARRAY "(K\1(K\1t" DTYPE "K\0c_codecs\nencode\n(X\x08\0\0\0"
                      "abcdefghU\6latin1tRtb."),
         "is longer than the 4 bytes of its array"},
        {PICKLE(ARRAY "(K\1(K\3t" DTYPE "K\0S'abcd'\ntb."), "has another length"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_tensor_file file;
        const alexnet_status status = an_tensor_file_parse(
            p->ctx, "w.pkl", rows[i].pickle, rows[i].bytes, &an_tensor_format_pickle, &file);
        if (rows[i].part == NULL) {
            an_assert_ok(p->ctx, status);
            assert_int_equal(file.count, 1);
            an_tensor_file_close(p->ctx, &file);
        } else {
            an_assert_status(p->ctx, status, ALEXNET_BAD_FILE);
            an_assert_error(p->ctx, "w.pkl");
            an_assert_error(p->ctx, rows[i].part);
        }
    }
}

/* The memory for decoded elements is at most that of the text, whatever the shape. */
static void claims_cost_nothing(void **state)
{
    static const char pickle[] = ARRAY "(K\1(J\0\0\0\x40t" DTYPE "K\0c_codecs\nencode\n(X\x08\0\0\0"
                                       "abcdefghU\6latin1tRtb.";
    alexnet_status status;

    (void)state;
    assert_in_range(an_sample_peak(pickle, sizeof pickle - 1, &an_tensor_format_pickle, &status), 1,
                    1 << 20);
    assert_int_equal(status, ALEXNET_BAD_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(parts_must_fit_together),
        cmocka_unit_test(claims_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
