/*
 * shapes2d_test.c: signed distances of the drawn shapes.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "synth/shapes2d.h"
#include <math.h>
#include <string.h>

static const an_shape2d *find(const char *name)
{
    for (int i = 0; i < AN_SHAPES2D; ++i)
        if (strcmp(an_shapes2d[i].name, name) == 0) return &an_shapes2d[i];
    fail_msg("there is no shape '%s'", name);
    return NULL;
}

static void distances_worked_by_hand(void **in)
{
    static const struct {
        const char *name;
        float u, v, distance;
    } rows[] = {
        {"disc", 0, 0, -0.9f},
        {"disc", 1.2f, 1.6f, 1.1f},
        {"ring", 0.72f, 0, -0.2f},
        {"ring", 0, 0, 0.52f},
        {"square", 0.5f, 0, -0.25f},
        {"square", 0, -1, 0.25f},
        {"triangle", 0, 0, -0.5f},
        {"triangle", 0, 1, 0.5f},
        {"triangle", 0, -1, 0},
        {"cross", 0.5f, 0, -0.27f},
        {"cross", 0.5f, 0.5f, 0.23f},
        {"star", 0, -1, 0},
        {"star", 0, 0.42f, 0},
        {"star", 0, -2, 1},
        {"stripes", 0.5f, 9, -0.25f},
        {"stripes", 3, 0, 0.25f},
        {"checker", 0.5f, 0.5f, 0.25f},
        {"checker", 0.5f, 1, -0.25f},
        {"dots", 0.5f, 2.5f, -0.3f},
        {"dots", 0, 0.5f, 0.2f},
        {"grid", 1, 0.5f, -0.1f},
        {"grid", 0.5f, 0.5f, 0.4f},
        {"spiral", 2, 0, 1},
        {"zigzag", 0, 0, -0.119f},
        {"zigzag", 0, 1, 0.221f},
        {"zigzag", 0, 0.5f, -0.034f},
    };
    bool seen[AN_SHAPES2D] = {false};

    (void)in;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_shape2d *shape = find(rows[i].name);
        seen[shape - an_shapes2d] = true;
        assert_float_equal(shape->distance(rows[i].u, rows[i].v), rows[i].distance, 1e-4);
    }
    for (int i = 0; i < AN_SHAPES2D; ++i)
        if (!seen[i]) fail_msg("no row is of '%s'", an_shapes2d[i].name);
}

/*
 * A step changes the distance by at most its length (a little more for slanted shapes); else edges
 * look wrong. Both inside and outside exist; for a texture also far away.
 */
static void distances_have_slope_one(void **in)
{
    (void)in;
    for (int i = 0; i < AN_SHAPES2D; ++i) {
        const an_shape2d *o = &an_shapes2d[i];
        const float far = o->texture ? 100 : 0;
        int inside = 0, outside = 0;
        for (float v = far - 1.2f; v < far + 1.2f; v += 0.05f) {
            for (float u = far - 1.2f; u < far + 1.2f; u += 0.05f) {
                const float here = o->distance(u, v);
                inside += here < -0.01f;
                outside += here > 0.01f;
                if (strcmp(o->name, "spiral") == 0)
                    continue; /* its slope is too large in the middle */
                assert_true(fabsf(o->distance(u + 0.01f, v) - here) < 0.0125f);
                assert_true(fabsf(o->distance(u, v + 0.01f) - here) < 0.0125f);
            }
        }
        assert_in_range(inside, 150, 1500);
        assert_in_range(outside, 150, 2200);
    }
}

static void names_are_sorted(void **in)
{
    (void)in;
    for (int i = 1; i < AN_SHAPES2D; ++i)
        assert_true(strcmp(an_shapes2d[i - 1].name, an_shapes2d[i].name) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_worked_by_hand),
        cmocka_unit_test(distances_have_slope_one),
        cmocka_unit_test(names_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
