/*
 * checkpoint_files_test.c: names are made and recognised.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include "base/memory.h"
#include "train/run/checkpoint_files.h"
#include <string.h>

static void names_tell_what_they_are(void **unused)
{
    static const struct {
        const char *name;
        int64_t step, unnamed_step; /* -1: none */
        bool leftover;
    } rows[] = {
        /* clang-format off */
        {"step-00000120",                120,       -1,  false},
        {"step-123456789",               123456789, -1,  false}, /* more digits than are written */
        {"step-00000120.tmp",            -1,        120, true},
        {"step-00000120.gone.tmp",       -1,        -1,  true},
        {"step-.tmp",                    -1,        -1,  true},
        {"step-",                        -1,        -1,  false},
        {"step-12x",                     -1,        -1,  false},
        {"mine.tmp",                     -1,        -1,  false},
        {"frozen.safetensors",           -1,        -1,  false},
        {"frozen.safetensors.tmp-12-34", -1,        -1,  true},
        /* clang-format on */
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        assert_int_equal(an_checkpoint_step_of(rows[i].name), rows[i].step);
        assert_int_equal(an_checkpoint_unnamed_step_of(rows[i].name), rows[i].unnamed_step);
        assert_int_equal(an_checkpoint_is_leftover(rows[i].name), rows[i].leftover);
    }
}

static void a_path_has_the_name_of_its_step(void **state)
{
    an_test_place *place = *state;
    char *path;

    an_assert_ok(place->ctx,
                 an_checkpoint_step_path(place->ctx, "run", 120, AN_CHECKPOINT_TEMPORARY, &path));
    assert_string_equal(path, "run/step-00000120.tmp");
    an_free(place->ctx, path);
}

static void steps_are_listed_newest_first(void **state)
{
    static const char *const names[] = {"step-00000009", "step-00000100", "step-00000020",
                                        "step-00000200.tmp", "mine"};
    static const int64_t expected[] = {100, 20, 9};
    an_test_place *place = *state;
    int64_t *steps;
    size_t count;

    for (size_t i = 0; i < AN_COUNT(names); ++i)
        an_assert_ok(place->ctx, an_folder_make(place->ctx, an_test_path(place->folder, names[i])));
    an_assert_ok(place->ctx, an_checkpoint_list_steps(place->ctx, place->folder, &steps, &count));
    assert_int_equal(count, AN_COUNT(expected));
    assert_memory_equal(steps, expected, sizeof expected);
    an_free(place->ctx, steps);
    an_assert_ok(place->ctx,
                 an_checkpoint_list_steps(place->ctx, an_test_path(place->folder, "absent"), &steps,
                                          &count));
    assert_int_equal(count, 0);
    an_free(place->ctx, steps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_tell_what_they_are),
        an_test_in_place(a_path_has_the_name_of_its_step),
        an_test_in_place(steps_are_listed_newest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
