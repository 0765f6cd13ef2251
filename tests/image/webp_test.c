/*
 * webp_test.c: what PIL makes of every drawn WebP, and files that must fail.
 * SPDX-License-Identifier: MIT
 */
#include "image/codecs.h"

static const codec_format webp = {&an_codec_webp, "webp"};

static void images_decode_as_pil_does(void **state)
{
    static const codec_answer rows[] = {
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

static void every_truncation_is_noticed(void **state)
{
    codec_notices_truncation(*state, &webp, "lossy_alpha");
    codec_notices_truncation(*state, &webp, "animated_part");
}

static void short_memory_is_a_status_at_every_point(void **state)
{
    codec_survives_short_memory(*state, &webp, "exif6");
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
