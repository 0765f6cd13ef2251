/*
 * synthetic_test.c: the source of drawn images.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "synth/synth.h"
#include <string.h>

static void the_path_selects_what_is_drawn(void **in)
{
    const fixture *f = *in;
    an_source_buffer buffer = {0};
    an_image drawn = {0}, read = {0};
    an_source *source;
    char name[100];

    an_assert_ok(f->ctx, an_source_open(f->ctx, "synthetic:classes=3,images=8,size=20,seed=5",
                                        AN_PART_TRAIN, &source));
    assert_string_equal(an_source_kind(source), "synthetic");
    assert_int_equal(an_source_count(source), 8);
    assert_int_equal(an_source_classes(source), 3);
    assert_string_equal(an_source_class(source, 2), an_synth_class(2));
    assert_int_equal(an_source_label(source, 7), 1);
    an_source_name(source, 7, name, sizeof name);
    assert_string_equal(name, "synthetic:classes=3,images=8,size=20,seed=5[7]");
    an_assert_ok(f->ctx, an_source_read(source, f->ctx, 7, AN_ORIENTATION_EXIF, &buffer, &read));
    an_assert_ok(f->ctx, an_synth_draw(f->ctx, 5, 1, 2, 20, &drawn));
    assert_memory_equal(read.pixels, drawn.pixels, 20 * 20 * 3);
    an_image_free(f->ctx, &drawn);
    an_image_free(f->ctx, &read);
    an_source_close(source);
}

static void defaults_and_limits(void **in)
{
    static const char *const bad[] = {"synthetic:classes=13", "synthetic:images=0",
                                      "synthetic:size=7", "synthetic:colour=red",
                                      "synthetic:seed=-1"};
    const fixture *f = *in;
    an_source *source;

    an_assert_ok(f->ctx, an_source_open(f->ctx, "synthetic:", AN_PART_ALL, &source));
    assert_int_equal(an_source_count(source), 600);
    assert_int_equal(an_source_classes(source), 6);
    an_source_close(source);
    for (size_t i = 0; i < AN_COUNT(bad); ++i)
        an_assert_status(f->ctx, an_source_open(f->ctx, bad[i], AN_PART_ALL, &source),
                         ALEXNET_BAD_ARG);
    an_assert_status(f->ctx, an_source_open(f->ctx, "synthetic:", AN_PART_VAL, &source),
                     ALEXNET_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {FIXTURE_TEST(the_path_selects_what_is_drawn),
                                       FIXTURE_TEST(defaults_and_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
