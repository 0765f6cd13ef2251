/*
 * bmp_test.c: compares every drawn BMP with PIL's decoding; files that must fail.
 * SPDX-License-Identifier: MIT
 */
#include "image/codecs.h"

static const codec_format bmp = {&an_codec_bmp, "bmp"};

static void images_decode_as_pil_does(void **state)
{
    static const codec_expected rows[] = {
#include "golden/image_bmp.inc"
    };

    codec_decodes_as_pil(*state, &bmp, rows, AN_COUNT(rows));
}

static void damaged_files_fail_and_say_why(void **state)
{
    static const codec_fault rows[] = {
        {"bad_truncated", ALEXNET_BAD_FILE, "BMP: truncated"},
        {"bad_colours", ALEXNET_BAD_FILE, "BMP: truncated"},
        {"bad_rle", ALEXNET_UNSUPPORTED, "run-length encoded BMP is not supported; convert"},
        {"bad_jpeg", ALEXNET_UNSUPPORTED, "BMP with compression 4 is not supported"},
        {"bad_bits", ALEXNET_BAD_FILE,
         "BMP: expected 1, 4, 8, 16, 24 or 32 bits per pixel, found 7"},
        {"bad_huge", ALEXNET_BAD_FILE, "BMP: 60000 x 60000 pixels; expected"},
        {"bad_large", ALEXNET_BAD_FILE, "BMP: truncated"},
        {"bad_width", ALEXNET_BAD_FILE, "BMP: -13 x 9 pixels; expected"},
        {"bad_height", ALEXNET_BAD_FILE, "BMP: 13 x 2147483648 pixels; expected"},
        {"bad_masks", ALEXNET_BAD_FILE, "BMP: bit masks need 16 or 32 bits per pixel"},
        {"bad_header", ALEXNET_BAD_FILE, "BMP: truncated"},
    };

    codec_refuses(*state, &bmp, rows, AN_COUNT(rows));
}

static void every_truncation_is_detected(void **state)
{
    codec_detects_truncation(*state, &bmp, "bits4");
    codec_detects_truncation(*state, &bmp, "os2");
}

static void every_failed_allocation_is_a_status(void **state)
{
    codec_survives_failed_allocations(*state, &bmp, "bits8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(images_decode_as_pil_does),
        an_unit_test(damaged_files_fail_and_say_why),
        an_unit_test(every_truncation_is_detected),
        an_unit_test(every_failed_allocation_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
