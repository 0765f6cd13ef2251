/*
 * webp_test.c: compares every drawn WebP with PIL's decoding; files that must fail.
 * SPDX-License-Identifier: MIT
 */
#include "image/codecs.h"

static const codec_format webp = {&an_codec_webp, "webp"};

static void images_decode_as_pil_does(void **state)
{
    static const codec_expected rows[] = {
#include "golden/image_webp.inc"
    };

    codec_decodes_as_pil(*state, &webp, rows, AN_COUNT(rows));
}

static void damaged_files_fail_and_say_why(void **state)
{
    static const codec_fault rows[] = {
        {"bad_truncated", ALEXNET_BAD_FILE, "WebP: truncated"},
        {"bad_truncated_lossless", ALEXNET_BAD_FILE, "WebP: truncated"},
        {"bad_truncated_frame", ALEXNET_BAD_FILE, "WebP: truncated"},
        {"bad_empty", ALEXNET_BAD_FILE, "WebP: "},
        {"bad_huge", ALEXNET_BAD_FILE, "WebP: "},
        {"bad_outside", ALEXNET_BAD_FILE, "WebP: the first frame lies outside the image"},
    };

    codec_refuses(*state, &webp, rows, AN_COUNT(rows));
}

static void every_truncation_is_detected(void **state)
{
    codec_detects_truncation(*state, &webp, "lossy_alpha");
    codec_detects_truncation(*state, &webp, "animated_part");
}

static void every_failed_allocation_is_a_status(void **state)
{
    codec_survives_failed_allocations(*state, &webp, "exif6");
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
