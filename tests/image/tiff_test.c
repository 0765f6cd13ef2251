/*
 * tiff_test.c: compares every drawn TIFF with PIL's decoding; files that must fail.
 * SPDX-License-Identifier: MIT
 */
#include "image/codecs.h"

static const codec_format tiff = {&an_codec_tiff, "tiff"};

static void images_decode_as_pil_does(void **state)
{
    static const codec_expected rows[] = {
#include "golden/image_tiff.inc"
    };

    codec_decodes_as_pil(*state, &tiff, rows, AN_COUNT(rows));
}

static void damaged_files_fail_and_say_why(void **state)
{
    static const codec_fault rows[] = {
        {"bad_truncated", ALEXNET_BAD_FILE, "TIFF: "},
        {"bad_lzw", ALEXNET_BAD_FILE, "TIFF: "},
        {"bad_huge", ALEXNET_BAD_FILE, "TIFF: 60000 x 60000 pixels; expected"},
        {"bad_large", ALEXNET_BAD_FILE, "TIFF: "},
        {"bad_loop", ALEXNET_BAD_FILE, "TIFF: "},
        {"bad_empty", ALEXNET_BAD_FILE, "TIFF: "},
        {"bad_float", ALEXNET_UNSUPPORTED, "TIFF: "},
        {"bad_inks", ALEXNET_UNSUPPORTED, "TIFF with 5 inks is not supported; convert to JPEG"},
    };

    codec_refuses(*state, &tiff, rows, AN_COUNT(rows));
}

static void every_truncation_is_detected(void **state)
{
    codec_detects_truncation(*state, &tiff, "rgb16");
    codec_detects_truncation(*state, &tiff, "lzw");
}

static void every_failed_allocation_is_a_status(void **state)
{
    codec_survives_failed_allocations(*state, &tiff, "turned6");
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
