/*
 * inspect_test.c: files of each kind: a whole network, a part, other tensors, one array, a damaged
 * file, and files that are none; refusals of memory and reads.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/numpy/npy.h"
#include "formats/safetensors.h"
#include <errno.h>
#include <math.h>
#include <string.h>

static float values[64 * 3 * 11 * 11];

/* A file of the first tensors of torchvision, or of others. */
static const char *make_part(const an_test_place *p, const char *name, const char *weight,
                             const char *bias, const char *family)
{
    const an_tensor_out tensors[] = {
        {.name = weight, .rank = 4, .shape = {64, 3, 11, 11}, .data = values},
        {.name = bias, .rank = 1, .shape = {64}, .data = values},
    };
    static const char *const keys[] = {"alexnet.family", "maker"};
    const char *const texts[] = {family, "a test"};
    const char *path = an_test_path(p->folder, name);

    an_assert_ok(p->ctx,
                 an_safetensors_write(p->ctx, path, tensors, 2, keys + (family == NULL),
                                      texts + (family == NULL), (size_t)2 - (family == NULL)));
    return path;
}

static void assert_format(const an_test_place *p, const char *path, const char *expected)
{
    const char *format;

    an_assert_ok(p->ctx, alexnet_file_format(p->ctx, path, &format));
    if (expected == NULL)
        assert_null(format);
    else
        assert_string_equal(format, expected);
}

static void a_whole_network_is_described(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "whole.safetensors");
    alexnet_file_info info;
    alexnet_model_info about;
    alexnet_model *model;

    an_assert_ok(p->ctx, alexnet_model_create(p->ctx, "cifar-19pct", NULL, 1, &model));
    an_assert_ok(p->ctx, alexnet_model_save(model, path));
    alexnet_model_free(model);
    assert_format(p, path, "safetensors");
    an_assert_ok(p->ctx, alexnet_file_inspect(p->ctx, path, 0, &info));
    assert_string_equal(info.format, "safetensors");
    assert_true(info.differs == NULL && info.nearest == NULL && info.layers == NULL);
    alexnet_model_get_info(info.model, &about);
    assert_string_equal(about.family, "cifar-19pct");
    assert_int_equal(info.tensor_count, about.tensors);
    assert_string_equal(info.tensors[0].type, "F32");
    assert_true(info.tensors[0].not_finite == -1 && isnan(info.tensors[0].mean));
    assert_true(info.metadata_count > 0);
    alexnet_file_info_free(p->ctx, &info);
}

static void a_part_has_its_layers(void **state)
{
    const an_test_place *p = *state;
    const char *path = make_part(p, "part.safetensors", "module.features.0.weight",
                                 "module.features.0.bias", NULL);
    alexnet_file_info info;

    values[5] = 23232 / 2; /* the mean of all is 1/2 */
    make_part(p, "part.safetensors", "module.features.0.weight", "module.features.0.bias", NULL);
    an_assert_ok(p->ctx, alexnet_file_inspect(p->ctx, path, 1, &info));
    assert_null(info.model);
    assert_string_equal(info.nearest, "torchvision");
    assert_string_equal(info.layers, "features.0");
    assert_non_null(strstr(info.differs, "the file has no such tensor"));
    assert_string_equal(info.tensors[0].name, "module.features.0.weight"); /* as in the file */
    assert_true(info.tensors[0].max == 11616 && fabs(info.tensors[0].mean - 0.5) < 1e-12);
    assert_int_equal(info.tensors[0].not_finite, 0);
    assert_string_equal(info.keys[0], "maker");
    assert_string_equal(info.values[0], "a test");
    alexnet_file_info_free(p->ctx, &info);
    values[5] = 0;
}

static void other_tensors_are_listed(void **state)
{
    const an_test_place *p = *state;
    const char *path = make_part(p, "other.safetensors", "a", "b", NULL);
    const an_tensor_out one = {.name = "", .rank = 2, .shape = {2, 3}, .data = values};
    const char *array = an_test_path(p->folder, "one.npy");
    alexnet_file_info info;

    an_assert_ok(p->ctx, alexnet_file_inspect(p->ctx, path, 0, &info));
    assert_true(info.model == NULL && info.nearest == NULL && info.tensor_count == 2);
    assert_non_null(strstr(info.differs, "fit no model"));
    alexnet_file_info_free(p->ctx, &info);

    an_assert_ok(p->ctx, an_npy_write(p->ctx, array, &one));
    assert_format(p, array, "npy");
    an_assert_ok(p->ctx, alexnet_file_inspect(p->ctx, array, 0, &info));
    assert_true(info.tensor_count == 1 && info.tensors[0].count == 6);
    assert_non_null(info.differs);
    alexnet_file_info_free(p->ctx, &info);
}

static void caffes_files_are_told_apart(void **state)
{
    const an_test_place *p = *state;
    static const struct {
        const char *name, *format;
        size_t tensors;
        bool network;
    } rows[] = {
        {"caffe/cifar10_full_iter_70000.caffemodel", "caffemodel", 8, true},
        {"caffe/cifar10_full_iter_70000.solverstate", "solverstate", 8, false},
        {"caffe/mean.binaryproto", "binaryproto", 1, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        const char *path = an_test_data(rows[i].name);
        alexnet_file_info info;
        if (path == NULL) skip();
        an_assert_ok(p->ctx, alexnet_file_inspect(p->ctx, path, 0, &info));
        assert_string_equal(info.format, rows[i].format);
        assert_int_equal(info.tensor_count, rows[i].tensors);
        assert_true((info.model != NULL) == rows[i].network);
        alexnet_file_info_free(p->ctx, &info);
    }
}

static void what_is_no_file_of_tensors(void **state)
{
    const an_test_place *p = *state;
    const char *text = an_test_path(p->folder, "list.txt");
    alexnet_file_info info;

    an_assert_ok(p->ctx, an_file_write(p->ctx, text, "2.jpg cat\n3.jpg dog\n", 20));
    assert_format(p, text, NULL);
    assert_format(p, p->folder, NULL);
    an_assert_status(p->ctx, alexnet_file_inspect(p->ctx, text, 0, &info), ALEXNET_BAD_FILE);
    assert_null(info.owner);
    /* one of ours that cannot be read is damaged, and not merely another file */
    const char *path =
        make_part(p, "ours.safetensors", "conv1.weight", "conv1.bias", "cifar-19pct");
    an_assert_status(p->ctx, alexnet_file_inspect(p->ctx, path, 0, &info), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "alexnet.schema");
}

static void refusals_are_told(void **state)
{
    const an_test_place *p = *state;
    const char *path =
        make_part(p, "part.safetensors", "features.0.weight", "features.0.bias", NULL);

    for (int64_t n = 1;; ++n) {
        an_test_fault fault;
        alexnet_file_info info;
        an_test_fault_arm(&fault, p->ctx,
                          AN_FAULT_BIT(AN_FAULT_MEMORY) | AN_FAULT_BIT(AN_FAULT_READ), n, false,
                          EIO);
        const alexnet_status status = alexnet_file_inspect(p->ctx, path, 1, &info);
        const bool failed = an_test_fault_disarm(&fault);
        if (status == ALEXNET_OK) alexnet_file_info_free(p->ctx, &info);
        if (!failed) {
            an_assert_ok(p->ctx, status);
            break;
        }
        assert_true(status == ALEXNET_NO_MEMORY || status == ALEXNET_IO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(a_whole_network_is_described),
        an_test_in_place(a_part_has_its_layers),
        an_test_in_place(other_tensors_are_listed),
        an_test_in_place(caffes_files_are_told_apart),
        an_test_in_place(what_is_no_file_of_tensors),
        an_test_in_place(refusals_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
