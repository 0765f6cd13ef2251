/*
 * weights_save_test.c: saved models load again; equal models give equal bytes; faults leave the old
 * file.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/metadata.h"
#include "formats/weights.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static alexnet_model *full_model(alexnet_context *ctx)
{
    static const char *const names[] = {"caf\xc3\xa9 \"noir\"", "dog"};
    static const int shape[3] = {3, 2, 1};
    static const float mean[6] = {1, 2, 3, 4, 5, 6.5f};
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *model;

    options.classes = 2;
    an_assert_ok(ctx, alexnet_model_create(ctx, "cifar-19pct", &options, 7, &model));
    an_assert_ok(ctx, an_model_set_classes(model, names, 2));
    an_assert_ok(ctx, an_model_set_preprocess(model, "resize=none divide=1 mean=image"));
    an_assert_ok(ctx, an_model_set_mean_image(model, shape, mean));
    an_assert_ok(ctx, an_model_set_metadata(model, "alexnet.trained", "{\"steps\":3}"));
    an_assert_ok(ctx, an_model_set_metadata(model, "alexnet.family", "never written"));
    return model;
}

static void the_file_holds_the_whole_model(void **state)
{
    static const struct {
        const char *key, *value;
    } rows[] = {
        {"format", "pt"},
        {"alexnet.schema", "1"},
        {"alexnet.family", "cifar-19pct"},
        {"alexnet.options", "classes=2 input=32x32"},
        {"alexnet.classes", "[\"caf\xc3\xa9 \\\"noir\\\"\",\"dog\"]"},
        {"alexnet.preprocess", "resize=none divide=1 mean=image"},
        {"alexnet.trained", "{\"steps\":3}"},
    };
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    alexnet_model *model = full_model(p->ctx);
    an_tensor_file file;

    an_assert_ok(p->ctx, alexnet_model_save(model, path));
    an_assert_ok(p->ctx, an_safetensors_open(p->ctx, path, &file));
    assert_int_equal(file.metadata_count, AN_COUNT(rows) + 1);
    assert_string_equal(file.keys[AN_COUNT(rows)], "alexnet.crc32c");
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        assert_string_equal(file.keys[i], rows[i].key);
        assert_string_equal(file.values[i], rows[i].value);
    }
    assert_int_equal(file.count, model->params.count + 1);
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        assert_string_equal(file.tensors[i].name, param->name);
        bool same;
        an_assert_ok(p->ctx, an_tensor_equals(p->ctx, path, &file.tensors[i],
                                              model->values + param->offset, &same));
        assert_true(same);
    }
    assert_string_equal(file.tensors[file.count - 1].name, AN_MEAN_IMAGE);
    an_tensor_file_close(p->ctx, &file);
    alexnet_model_free(model);
}

static void equal_models_give_equal_bytes(void **state)
{
    const an_test_place *p = *state;
    const char *first = an_test_path(p->folder, "first.safetensors");
    const char *second = an_test_path(p->folder, "second.safetensors");
    alexnet_model *model = full_model(p->ctx);
    alexnet_model *back;
    an_bytes bytes;

    an_assert_ok(p->ctx, alexnet_model_save(model, first));
    an_assert_ok(p->ctx, alexnet_model_load(p->ctx, first, &back));
    an_assert_ok(p->ctx, alexnet_model_save(back, second));
    an_assert_ok(p->ctx, an_file_read(p->ctx, first, 1 << 24, &bytes));
    an_test_assert_file(second, bytes.data, bytes.size);
    an_bytes_free(p->ctx, &bytes);
    assert_memory_equal(back->mean_image, model->mean_image, 6 * sizeof(float));
    assert_string_equal(alexnet_model_class(back, 0), alexnet_model_class(model, 0));
    alexnet_model_free(back);
    alexnet_model_free(model);
}

static void unnamed_classes_stay_unnamed(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    alexnet_model *model = full_model(p->ctx);
    alexnet_model *back;

    an_assert_ok(p->ctx, an_model_set_classes(model, NULL, 0));
    an_assert_ok(p->ctx, an_model_set_mean_image(model, NULL, NULL));
    an_assert_ok(p->ctx, alexnet_model_save(model, path));
    an_assert_ok(p->ctx, alexnet_model_load(p->ctx, path, &back));
    assert_null(alexnet_model_class(back, 0));
    assert_null(back->mean_image);
    alexnet_model_free(back);
    alexnet_model_free(model);
}

/* The longest list of names that a model accepts; each character is written as seven. */
static void the_longest_names_can_be_saved(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    const size_t length = (AN_CLASSES_BYTES_MAX - 5 - 6) / 7;
    alexnet_model *model = full_model(p->ctx);
    alexnet_model *back;
    char *name = malloc(length + 1);

    assert_non_null(name);
    memset(name, '\001', length);
    name[length] = '\0';
    an_assert_ok(p->ctx, an_model_set_classes(model, (const char *[]){name, "a"}, 2));
    an_assert_ok(p->ctx, alexnet_model_save(model, path));
    an_assert_ok(p->ctx, alexnet_model_load(p->ctx, path, &back));
    assert_string_equal(alexnet_model_class(back, 0), name);
    alexnet_model_free(back);
    alexnet_model_free(model);
    free(name);
}

static void a_fault_leaves_the_old_file(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    alexnet_model *model = full_model(p->ctx);
    bool failed = true;

    for (long n = 0; failed; ++n) {
        an_test_fault fault;
        an_test_write_text(path, "old");
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY, n, true, ENOSPC);
        const alexnet_status status = alexnet_model_save(model, path);
        failed = an_test_fault_disarm(&fault);
        assert_int_equal(an_test_count_entries(p->folder), 1);
        if (!failed) {
            an_assert_ok(p->ctx, status);
            continue;
        }
        if (status != ALEXNET_NO_MEMORY) an_assert_status(p->ctx, status, ALEXNET_IO);
        an_assert_error(p->ctx, "w.safetensors");
    }
    alexnet_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(the_file_holds_the_whole_model),
        an_test_in_place(equal_models_give_equal_bytes),
        an_test_in_place(unnamed_classes_stay_unnamed),
        an_test_in_place(the_longest_names_can_be_saved),
        an_test_in_place(a_fault_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
