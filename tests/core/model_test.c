/*
 * model_test.c: building models from tables: options, classes, freezing, refusals.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/status.h"
#include "core/model.h"
#include <stdlib.h>
#include <string.h>

static alexnet_context *open_context(void)
{
    alexnet_context *ctx;

    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    return ctx;
}

static void options_reach_their_rows(void **unused)
{
    alexnet_context *ctx = open_context();
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *model;
    alexnet_layer_info layer;

    (void)unused;
    options.classes = 7;
    options.dropout = 0.25;
    an_assert_ok(ctx, alexnet_model_describe(ctx, "torchvision", &options, &model));
    an_assert_ok(
        ctx, alexnet_model_get_layer(model, an_model_find_layer(model, "classifier.0"), &layer));
    assert_string_equal(layer.settings, "p=0.25");
    an_assert_ok(ctx, alexnet_model_get_layer(model, an_model_find_layer(model, "logits"), &layer));
    assert_string_equal(layer.name, "classifier.6");
    assert_string_equal(layer.settings, "outputs=7");
    alexnet_model_free(model);
    alexnet_close(ctx);
}

static void refusals_name_their_reason(void **unused)
{
    static const struct {
        const char *family;
        int classes;
        double dropout;
        int input_h, input_w;
        alexnet_status status;
        const char *message;
    } rows[] = {
        {"torchvison", -1, -1, -1, -1, ALEXNET_BAD_ARG, "did you mean 'torchvision'"},
        {"zzz", -1, -1, -1, -1, ALEXNET_BAD_ARG, "unknown model 'zzz'"},
        {"torchvision", 0, -1, -1, -1, ALEXNET_BAD_ARG, "without classes"},
        {"torchvision", 1 << 30, -1, -1, -1, ALEXNET_BAD_ARG, "at most 100000"},
        {"torchvision", -1, 1, -1, -1, ALEXNET_BAD_ARG, "dropout 1"},
        {"cifar-19pct", -1, 0.5, -1, -1, ALEXNET_BAD_ARG, "no dropout"},
        {"torchvision", -1, -1, 62, 62, ALEXNET_BAD_SHAPE, "features"},
        {"torchvision", -1, -1, 0, 224, ALEXNET_BAD_SHAPE, "input"},
        {"torchvision-2018", -1, -1, 256, 256, ALEXNET_BAD_SHAPE, "feature map is 7x7"},
    };
    alexnet_context *ctx = open_context();

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model_options options = alexnet_model_options_default();
        alexnet_model *model = (alexnet_model *)ctx;

        options.classes = rows[i].classes;
        options.dropout = rows[i].dropout;
        options.input_h = rows[i].input_h;
        options.input_w = rows[i].input_w;
        an_assert_status(ctx, alexnet_model_describe(ctx, rows[i].family, &options, &model),
                         rows[i].status);
        an_assert_error(ctx, rows[i].message);
        assert_null(model);
    }
    alexnet_close(ctx);
}

static void initial_weights_depend_on_the_seed_alone(void **unused)
{
    alexnet_context *ctx = open_context();
    char hash[3][65];

    (void)unused;
    for (int i = 0; i < 3; ++i) {
        alexnet_model *model;

        an_assert_ok(ctx, alexnet_model_create(ctx, "cifar-19pct", NULL, i == 2 ? 2 : 1, &model));
        an_assert_ok(ctx, alexnet_model_hash(model, hash[i]));
        alexnet_model_free(model);
    }
    assert_string_equal(hash[0], hash[1]);
    assert_string_not_equal(hash[0], hash[2]);
    alexnet_close(ctx);
}

static void classes_and_metadata_are_copied(void **unused)
{
    alexnet_context *ctx = open_context();
    alexnet_model_options options = alexnet_model_options_default();
    const char *names[] = {"cat", "dog"};
    alexnet_model *model;

    (void)unused;
    options.classes = 2;
    an_assert_ok(ctx, alexnet_model_describe(ctx, "cifar-19pct", &options, &model));
    assert_null(alexnet_model_class(model, 0));
    an_assert_ok(ctx, an_model_set_classes(model, names, 2));
    names[1] = "wolf";
    assert_string_equal(alexnet_model_class(model, 1), "dog");
    assert_null(alexnet_model_class(model, 2));
    assert_null(alexnet_model_class(model, -1));
    an_assert_status(ctx, an_model_set_classes(model, names, 1), ALEXNET_BAD_ARG);
    an_assert_ok(ctx, an_model_set_metadata(model, "a", "1"));
    an_assert_ok(ctx, an_model_set_metadata(model, "b", "2"));
    an_assert_ok(ctx, an_model_set_metadata(model, "a", "3"));
    assert_string_equal(alexnet_model_metadata(model, "a"), "3");
    assert_int_equal(model->metadata_count, 2);
    assert_null(alexnet_model_metadata(model, "c"));
    alexnet_model_free(model);
    alexnet_close(ctx);
}

static void classes_too_long_for_a_file_are_refused(void **unused)
{
    alexnet_context *ctx = open_context();
    alexnet_model_options options = alexnet_model_options_default();
    const size_t length = AN_CLASSES_BYTES_MAX - 5 - 6;
    char *name = malloc(length + 2);
    const char *names[] = {"a", name};
    alexnet_model *model;

    (void)unused;
    assert_non_null(name);
    options.classes = 2;
    an_assert_ok(ctx, alexnet_model_describe(ctx, "cifar-19pct", &options, &model));
    an_assert_status(ctx, an_model_set_classes(model, (const char *[]){"cat", "caf\xe9"}, 2),
                     ALEXNET_BAD_FILE);
    an_assert_error(ctx, "class 1, 'caf\\xe9': its name is not UTF-8");
    assert_null(alexnet_model_class(model, 0));

    memset(name, 'b', length + 1);
    name[length] = '\0';
    an_assert_ok(ctx, an_model_set_classes(model, names, 2));
    name[length] = 'b';
    name[length + 1] = '\0';
    an_assert_status(ctx, an_model_set_classes(model, names, 2), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "the longest is that of class 1, 'bbb");
    name[length] = '\0';
    name[7] = '"'; /* four bytes, as it is escaped twice */
    an_assert_status(ctx, an_model_set_classes(model, names, 2), ALEXNET_BAD_FILE);
    free(name);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

static void two_classes_of_one_name_are_refused(void **unused)
{
    static const char *const names[] = {"cat", "dog", "cat"};
    alexnet_context *ctx = open_context();
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *model;

    (void)unused;
    options.classes = 3;
    an_assert_ok(ctx, alexnet_model_describe(ctx, "cifar-19pct", &options, &model));
    an_assert_status(ctx, an_model_set_classes(model, names, 3), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "two classes are called 'cat'");
    alexnet_model_free(model);
    alexnet_close(ctx);
}

static void freezing_goes_by_layer(void **unused)
{
    alexnet_context *ctx = open_context();
    alexnet_model *model;
    int frozen = 0;

    (void)unused;
    an_assert_ok(ctx, alexnet_model_describe(ctx, "torchvision", NULL, &model));
    an_assert_status(ctx, an_model_freeze(model, "features.1"),
                     ALEXNET_NOT_FOUND); /* not features.10 */
    an_assert_status(ctx, an_model_freeze(model, "nothing"), ALEXNET_NOT_FOUND);
    an_assert_error(ctx, "'nothing'");
    an_assert_ok(ctx, an_model_freeze(model, "features.10,classifier.1"));
    for (int i = 0; i < model->params.count; ++i)
        frozen += model->params.items[i].frozen;
    assert_int_equal(frozen, 4);
    alexnet_model_free(model);
    an_assert_ok(ctx, alexnet_model_describe(ctx, "cifar-19pct", NULL, &model));
    an_assert_ok(ctx,
                 an_model_freeze(model, "features")); /* a name that no layer of this family has */
    for (int i = 0; i < model->params.count; ++i)
        assert_int_equal(model->params.items[i].frozen, i < 6); /* three convolutions, not fc10 */
    alexnet_model_free(model);
    alexnet_close(ctx);
}

static void a_described_model_has_no_weights(void **unused)
{
    alexnet_context *ctx = open_context();
    alexnet_model *model;
    alexnet_session *session;
    alexnet_tensor_info tensor;
    char hash[65];

    (void)unused;
    an_assert_ok(ctx, alexnet_model_describe(ctx, "torchvision", NULL, &model));
    an_assert_ok(ctx, alexnet_model_get_tensor(model, 0, &tensor));
    assert_null(tensor.data);
    an_assert_status(ctx, alexnet_session_open(model, 1, NULL, &session), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "only described, without weights");
    an_assert_status(ctx, alexnet_model_hash(model, hash), ALEXNET_BAD_ARG);
    an_assert_status(ctx, alexnet_model_save(model, "described.safetensors"), ALEXNET_BAD_ARG);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* The same numbers, classes and records on another context; the first model must not change
   meanwhile. */
static void a_shared_model_is_the_same(void **unused)
{
    static const char *const names[] = {"cat", "dog"};
    const alexnet_run_size size = {.struct_size = sizeof size, .input_h = 36, .input_w = 36};
    alexnet_context *ctx = open_context(), *other = open_context();
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *model, *shared, *described;
    alexnet_classifier *classifier;
    char hash[65], shared_hash[65];

    (void)unused;
    options.classes = 2;
    an_assert_ok(ctx, alexnet_model_create(ctx, "cifar-19pct", &options, 1, &model));
    an_assert_ok(ctx, an_model_set_classes(model, names, 2));
    an_assert_ok(ctx, an_model_set_metadata(model, "key", "value"));
    an_assert_ok(other, alexnet_model_share(model, other, &shared));
    assert_ptr_equal(shared->values, model->values);
    assert_string_equal(alexnet_model_class(shared, 1), "dog");
    assert_string_equal(alexnet_model_metadata(shared, "key"), "value");
    assert_string_equal(shared->preprocess, model->preprocess);
    an_assert_ok(ctx, alexnet_model_hash(model, hash));
    an_assert_ok(other, alexnet_model_hash(shared, shared_hash));
    assert_string_equal(hash, shared_hash);

    an_assert_status(ctx, alexnet_model_resize(model, &size), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "resize: 1 models share the weights");
    an_assert_status(ctx, alexnet_classifier_take_model(model, 1, &classifier), ALEXNET_BAD_ARG);
    alexnet_model_free(shared);
    an_assert_ok(ctx, alexnet_model_resize(model, &size)); /* no longer shared */

    an_assert_ok(ctx, alexnet_model_describe(ctx, "cifar-19pct", &options, &described));
    an_assert_status(other, alexnet_model_share(described, other, &shared), ALEXNET_BAD_ARG);
    an_assert_error(other, "only described, without weights");
    alexnet_model_free(described);
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, other, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status = alexnet_model_share(model, other, &shared);
        alexnet_model_free(shared);
        if (!an_test_fault_disarm(&fault)) break;
        an_assert_status(other, status, ALEXNET_NO_MEMORY);
    }
    alexnet_close(other);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

static alexnet_status build(alexnet_context *ctx)
{
    alexnet_model *model;

    AN_TRY(alexnet_model_create(ctx, "cifar-19pct", NULL, 1, &model));
    alexnet_model_free(model);
    return ALEXNET_OK;
}

static void every_failing_allocation_is_reported(void **unused)
{
    an_test_memory memory = {0};
    alexnet_options options = an_test_options(&memory);

    (void)unused;
    for (long n = 0;; ++n) {
        alexnet_context *ctx;
        an_test_fault fault;
        alexnet_status status;

        assert_int_equal(alexnet_open(&options, &ctx), ALEXNET_OK);
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        status = build(ctx);
        const bool failed = an_test_fault_disarm(&fault);
        if (failed) an_assert_status(ctx, status, ALEXNET_NO_MEMORY);
        an_test_close(ctx, &memory);
        if (!failed) break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_reach_their_rows),
        cmocka_unit_test(refusals_name_their_reason),
        cmocka_unit_test(initial_weights_depend_on_the_seed_alone),
        cmocka_unit_test(classes_and_metadata_are_copied),
        cmocka_unit_test(classes_too_long_for_a_file_are_refused),
        cmocka_unit_test(two_classes_of_one_name_are_refused),
        cmocka_unit_test(freezing_goes_by_layer),
        cmocka_unit_test(a_described_model_has_no_weights),
        cmocka_unit_test(a_shared_model_is_the_same),
        cmocka_unit_test(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
