/*
 * gif_test.c: compares every drawn GIF with PIL's decoding; files that must fail.
 * SPDX-License-Identifier: MIT
 */
#include "image/codecs.h"

static const codec_format gif = {&an_codec_gif, "gif"};

static void images_decode_as_pil_does(void **state)
{
    static const codec_expected rows[] = {
#include "golden/image_gif.inc"
    };

    codec_decodes_as_pil(*state, &gif, rows, AN_COUNT(rows));
}

static void damaged_files_fail_and_say_why(void **state)
{
    static const codec_fault rows[] = {
        {"bad_truncated", ALEXNET_BAD_FILE, "GIF: truncated"},
        {"bad_no_end", ALEXNET_BAD_FILE, "GIF: truncated"},
        {"bad_empty", ALEXNET_BAD_FILE, "GIF: it contains no image"},
        {"bad_large", ALEXNET_BAD_FILE, "GIF: 60000 x 60000 pixels; expected"},
        {"bad_ratio", ALEXNET_BAD_FILE, "GIF: truncated: 8000 x 8000 pixels cannot be in"},
        {"bad_header", ALEXNET_BAD_FILE, "GIF: truncated"},
    };

    codec_refuses(*state, &gif, rows, AN_COUNT(rows));
}

static void every_truncation_is_detected(void **state)
{
    codec_detects_truncation(*state, &gif, "interlaced");
    codec_detects_truncation(*state, &gif, "part");
}

static void every_failed_allocation_is_a_status(void **state)
{
    codec_survives_failed_allocations(*state, &gif, "part");
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
