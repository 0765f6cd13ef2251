/*
 * tiff_test.c: what PIL makes of every drawn TIFF, and files that must fail.
 * SPDX-License-Identifier: MIT
 */
#include "image/codecs.h"

static const codec_format tiff = {&an_codec_tiff, "tiff"};

static void images_decode_as_pil_does(void **state)
{
    static const codec_answer rows[] = {
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
        {"bad_inks", ALEXNET_UNSUPPORTED, "TIFF of 5 inks is not read; convert to JPEG"},
    };

    codec_refuses(*state, &tiff, rows, AN_COUNT(rows));
}

static void every_truncation_is_noticed(void **state)
{
    codec_notices_truncation(*state, &tiff, "rgb16");
    codec_notices_truncation(*state, &tiff, "lzw");
}

static void short_memory_is_a_status_at_every_point(void **state)
{
    codec_survives_short_memory(*state, &tiff, "turned6");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(images_decode_as_pil_does),
        an_unit_test(damaged_files_fail_and_say_why),
        an_unit_test(every_truncation_is_noticed),
        an_unit_test(short_memory_is_a_status_at_every_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
