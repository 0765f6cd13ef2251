/*
 * train_test.c: alexnet_train() from options to files.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runs.h"

#include "base/file.h"
#include "core/backend.h"
#include "core/model.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void it_learns(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");

    options.data = "synthetic:classes=2,images=60,size=32";
    options.val_split = 0.1;
    an_test_set(&options, "batch=8");
    options.epochs = 12;
    an_test_set(&options, "lr=0.01 schedule=warmup:8+cosine augment=none");
    const alexnet_train_result result = an_runs_train(r, &options);
    assert_true(result.train_loss < 0.3); /* guessing gives ln 2 = 0.69 */
    assert_true(result.best_top1 > 0.5);
}

static void a_run_leaves_its_files(void **state)
{
    an_runs *r = *state;
    const alexnet_train_options options = an_runs_options(r, "run");
    const alexnet_train_result result = an_runs_train(r, &options);
    alexnet_model *model;

    assert_string_equal(result.run, options.out);
    assert_string_equal(result.weights, an_test_path(r->folder, "run/best.safetensors"));
    assert_true(an_runs_is_file(r, an_test_path(r->folder, "run/config.json")));
    assert_true(an_runs_is_file(r, an_test_path(r->folder, "run/log.jsonl")));
    assert_int_equal(an_test_count_entries(an_test_path(r->folder, "run")), 6);
    assert_int_equal(an_test_count_entries(an_test_path(r->folder, "run/checkpoints")), 2);

    an_assert_ok(r->ctx, alexnet_model_load(r->ctx, an_test_path(r->folder, "run/last.safetensors"),
                                            &model));
    assert_string_equal(alexnet_model_class(model, 1), "cross");
    assert_non_null(model->mean_image);
    const char *trained = alexnet_model_metadata(model, "alexnet.trained");
    assert_non_null(strstr(trained, "\"recipe\":\"quick\",\"steps\":9,\"epochs\":3.0"));
    assert_non_null(strstr(trained, "\"val_top1\":"));
    alexnet_model_free(model);
}

static void what_validates_is_what_evaluates(void **state)
{
    an_runs *r = *state;
    const alexnet_train_options options = an_runs_options(r, "run");
    const alexnet_train_result trained = an_runs_train(r, &options);
    const char *weights = an_test_path(r->folder, "run/last.safetensors");
    const alexnet_evaluate_options evaluation = {
        .struct_size = sizeof evaluation, .weights = &weights, .weights_count = 1, .data = r->data};
    alexnet_evaluate_result evaluated;

    an_assert_ok(r->ctx, alexnet_evaluate(r->ctx, &evaluation, &evaluated));
    assert_true(evaluated.top1 == trained.val_top1 && evaluated.top5 == trained.val_top5);
    alexnet_evaluate_result_free(r->ctx, &evaluated);
}

static void equal_runs_write_equal_weights_files(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "one");
    an_bytes bytes;

    an_runs_train(r, &options);
    options.out = an_test_path(r->folder, "two");
    an_runs_train(r, &options);
    an_assert_ok(r->ctx, an_file_read(r->ctx, an_test_path(r->folder, "one/last.safetensors"),
                                      (size_t)1 << 30, &bytes));
    an_test_assert_file(an_test_path(r->folder, "two/last.safetensors"), bytes.data, bytes.size);
    an_bytes_free(r->ctx, &bytes);
}

static void without_validation_the_last_weights_count(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");

    options.data = an_test_path(r->folder, "data/train");
    options.val_split = 0;
    const alexnet_train_result result = an_runs_train(r, &options);
    assert_true(isnan(result.val_top1) && isnan(result.best_top1));
    assert_string_equal(result.weights, an_test_path(r->folder, "run/last.safetensors"));
    assert_string_equal(result.last_weights, result.weights);
    assert_string_equal(result.last_sha256, result.weights_sha256);
    an_runs_assert_hash(r, result.weights, result.weights_sha256);
    assert_false(an_runs_is_file(r, an_test_path(r->folder, "run/best.safetensors")));
}

/* ---- from weights ---- */

static void fine_tuning_takes_over_what_fits(void **state)
{
    static const char *const abc[] = {"ant", "bee", "cat"};
    an_runs *r = *state;
    const char *from = an_test_path(r->folder, "from.safetensors");
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_model *before, *after;

    an_tiny_weights(r->ctx, from, abc, 3, 9);
    options.model = NULL; /* the weights' model */
    options.from = from;
    options.freeze = "conv1,conv2";
    const alexnet_train_result result = an_runs_train(r, &options);
    assert_non_null(strstr(r->log.text, "loaded 6 of the 8 tensors of cifar-19pct"));
    assert_non_null(
        strstr(r->log.text, "head: fc10.weight starts afresh: the file has none of this"));

    an_assert_ok(r->ctx, alexnet_model_load(r->ctx, from, &before));
    an_assert_ok(r->ctx, alexnet_model_load(r->ctx, result.weights, &after));
    assert_int_equal(after->options.classes, 2);
    assert_memory_equal(before->mean_image, after->mean_image, 3 * 32 * 32 * sizeof(float));
    for (int i = 0; i < 6; ++i) { /* conv1, conv2, conv3: weights and biases */
        const an_param *a = &before->params.items[i], *b = &after->params.items[i];
        const bool same = memcmp(before->values + a->offset, after->values + b->offset,
                                 (size_t)a->count * sizeof(float)) == 0;
        assert_int_equal(same, i < 4);
    }
    alexnet_model_free(before);
    alexnet_model_free(after);
}

static void swap_rows(alexnet_model *model, const char *name)
{
    const an_param *param = &model->params.items[an_model_find_param(model, name)];
    float *row = model->values + param->offset;
    const int64_t count = param->count / 2;

    for (int64_t i = 0; i < count; ++i) {
        const float value = row[i];
        row[i] = row[count + i];
        row[count + i] = value;
    }
}

/*
 * A network that predicts all of its images correctly, with its classes in reverse order, is the
 * same network. If classes were matched by position, every prediction would be wrong.
 */
static void permuted_classes_are_matched_by_name(void **state)
{
    static const char *const names[] = {"cross", "checker"};
    an_runs *r = *state;
    const char *from = an_test_path(r->folder, "permuted.safetensors");
    alexnet_train_options options = an_runs_options(r, "first");
    alexnet_model *model;

    options.data = an_test_path(r->folder, "data/train");
    options.val = options.data;
    options.epochs = 60;
    an_test_set(&options, "lr=0.01 augment=none");
    options.stop_at_top1 = 1;
    alexnet_train_result result = an_runs_train(r, &options);
    assert_true(result.best_top1 == 1);

    an_assert_ok(r->ctx, alexnet_model_load(r->ctx, result.weights, &model));
    assert_string_equal(alexnet_model_class(model, 1), "cross");
    swap_rows(model, "fc10.weight");
    swap_rows(model, "fc10.bias");
    an_assert_ok(r->ctx, an_model_set_classes(model, names, 2));
    an_assert_ok(r->ctx, alexnet_model_save(model, from));
    alexnet_model_free(model);

    options.out = an_test_path(r->folder, "second");
    options.from = from;
    an_test_set(&options, "lr=0");
    options.steps = 1;
    result = an_runs_train(r, &options);
    assert_true(result.best_top1 == 1);
    assert_non_null(strstr(r->log.text, "head: 2 of 2 classes taken over by name"));
}

/* ---- rotated photographs ---- */

/* Puts the EXIF segment "turn by 90 degrees" into a JPEG file. */
static void lay_on_side(an_runs *r, const char *path)
{
    static const uint8_t segment[] = "\xff\xd8\xff\xe1\0\x22"
                                     "Exif\0\0MM\0\x2a\0\0\0\x08\0\x01"
                                     "\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    const size_t head = sizeof segment - 1;
    an_bytes bytes;
    uint8_t data[1 << 16];

    an_assert_ok(r->ctx, an_file_read(r->ctx, path, sizeof data - head, &bytes));
    memcpy(data, segment, head);
    memcpy(data + head, bytes.data + 2, bytes.size - 2);
    an_test_write(path, data, head + bytes.size - 2);
    an_bytes_free(r->ctx, &bytes);
}

static void photographs_stand_upright_unless_they_are_to_lie(void **state)
{
    enum { FOLDER, LIST, SYNTHETIC };
    static const struct {
        int data;
        alexnet_orientation given, from; /* from DEFAULT: no weights */
        const char *record, *config;
    } rows[] = {
        {FOLDER, ALEXNET_ORIENTATION_DEFAULT, ALEXNET_ORIENTATION_DEFAULT, "=exif", "exif"},
        {FOLDER, ALEXNET_ORIENTATION_STORED, ALEXNET_ORIENTATION_DEFAULT, "=stored", "stored"},
        {FOLDER, ALEXNET_ORIENTATION_DEFAULT, ALEXNET_ORIENTATION_STORED, "=exif", "exif"},
        {FOLDER, ALEXNET_ORIENTATION_STORED, ALEXNET_ORIENTATION_EXIF, "=stored", "stored"},
        {LIST, ALEXNET_ORIENTATION_DEFAULT, ALEXNET_ORIENTATION_DEFAULT, "=exif", "exif"},
        {SYNTHETIC, ALEXNET_ORIENTATION_DEFAULT, ALEXNET_ORIENTATION_DEFAULT, "=stored", "stored"},
        {SYNTHETIC, ALEXNET_ORIENTATION_DEFAULT, ALEXNET_ORIENTATION_EXIF, "=exif", "exif"},
        {SYNTHETIC, ALEXNET_ORIENTATION_EXIF, ALEXNET_ORIENTATION_DEFAULT, "=exif", "exif"},
    };
    static const char *const names[] = {"checker", "cross"};
    an_runs *r = *state;
    const char *from = an_test_path(r->folder, "from.safetensors");
    const char *list = an_test_path(r->folder, "list.txt");

    an_test_write_text(list,
                       "data/train/cross/0000.jpg cross\ndata/train/checker/0000.jpg checker\n");
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_train_options options = an_runs_options(r, "run");
        char expected[64];
        an_bytes config;
        alexnet_model *model = an_tiny_model(r->ctx, names, 2, 1);
        an_assert_ok(r->ctx, alexnet_model_set_orientation(model, rows[i].from));
        an_assert_ok(r->ctx, alexnet_model_save(model, from));
        alexnet_model_free(model);
        options.data = rows[i].data == FOLDER ? r->data
                       : rows[i].data == LIST ? list
                                              : "synthetic:classes=2,images=12,size=32";
        options.from = rows[i].from != ALEXNET_ORIENTATION_DEFAULT ? from : NULL;
        options.orientation = rows[i].given;
        options.steps = 1;
        options.force = 1;
        options.val_split = 0;
        r->log.text[0] = '\0';
        const alexnet_train_result result = an_runs_train(r, &options);
        const bool turned = rows[i].from == ALEXNET_ORIENTATION_STORED && rows[i].given == 0;
        assert_int_equal(turned, strstr(r->log.text, "from.safetensors says stored") != NULL);
        an_assert_ok(r->ctx, alexnet_model_load(r->ctx, result.last_weights, &model));
        assert_non_null(strstr(model->preprocess, rows[i].record));
        alexnet_model_free(model);
        snprintf(expected, sizeof expected, "\"orientation\": \"%s\"", rows[i].config);
        an_assert_ok(r->ctx, an_file_read(r->ctx, an_test_path(r->folder, "run/config.json"),
                                          (size_t)1 << 20, &config));
        assert_non_null(strstr((const char *)config.data, expected));
        an_bytes_free(r->ctx, &config);
    }
}

/* The mean image and training use the images in that orientation. */
static void what_is_learnt_of_is_turned(void **state)
{
    static const char *const names[] = {"cross/0000", "cross/0001", "checker/0000", "checker/0001"};
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    alexnet_train_result result;
    char hashes[3][65];

    for (int way = 0; way < 3; ++way) {
        options.force = 1;
        options.orientation = way == 1 ? ALEXNET_ORIENTATION_EXIF : ALEXNET_ORIENTATION_STORED;
        for (size_t i = 0; way == 1 && i < AN_COUNT(names); ++i) {
            char name[64];
            snprintf(name, sizeof name, "data/train/%s.jpg", names[i]);
            lay_on_side(r, an_test_path(r->folder, name));
        }
        result = an_runs_train(r, &options);
        memcpy(hashes[way], result.last_sha256, sizeof hashes[way]);
    }
    assert_string_equal(hashes[0],
                        hashes[2]); /* pixels as stored: the EXIF orientation is ignored */
    assert_string_not_equal(hashes[0], hashes[1]);
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    resumed.orientation = ALEXNET_ORIENTATION_EXIF;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_BAD_ARG);
    an_assert_error(r->ctx, "orientation is stored and cannot become exif");
    resumed.orientation = ALEXNET_ORIENTATION_STORED;
    an_runs_train(r, &resumed);
}

/* ---- resuming ---- */

/* Each tier adds in a different order. */
static void another_tier_is_refused_unless_allowed(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    alexnet_train_result result;
    alexnet_context *portable;
    alexnet_options lesser = {.struct_size = sizeof lesser, .cpu = "portable", .threads = 1};

    options.epochs = 1;
    an_runs_train(r, &options);
    lesser.log = an_tiny_log;
    lesser.log_user = &r->log;
    an_assert_ok(r->ctx, alexnet_open(&lesser, &portable));
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    resumed.epochs = 2;
    if (strcmp(an_context_backend(r->ctx)->tier, "portable") != 0) {
        an_assert_status(portable, alexnet_train(portable, &resumed, &result), ALEXNET_BAD_ARG);
        an_assert_error(portable, "this process with those of portable, which gives other bits");
        an_assert_error(portable, "--allow-other-bits");
        resumed.allow_other_bits = 1;
        an_assert_ok(portable, alexnet_train(portable, &resumed, &result));
        assert_non_null(
            strstr(r->log.text, "continues with the kernels of portable, after those of "));
        resumed.allow_other_bits = 0;
        an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_BAD_ARG);
    }
    an_assert_ok(portable, alexnet_train(portable, &resumed, &result));
    alexnet_close(portable);
}

static void what_is_given_to_a_resumed_run_must_fit_it(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    alexnet_train_result result;

    an_runs_train(r, &options);
    resumed = options;
    resumed.resume = options.out;
    resumed.epochs = 4;
    assert_int_equal(an_runs_train(r, &resumed).steps, 12);
    an_test_set(&resumed, "batch=5");
    an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_BAD_ARG);
    an_assert_error(r->ctx, "run': batch is 4 and cannot become 5");
    resumed.settings = NULL;
    resumed.force = 1;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_BAD_ARG);
    an_assert_error(r->ctx, "resumed or replaced");
    resumed.force = 0;
    resumed.out = r->data;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_BAD_ARG);
    an_assert_error(r->ctx, "out is '");
}

/* ---- mistakes ---- */

static void mistakes_are_named_and_leave_nothing_behind(void **state)
{
    an_runs *r = *state;
    enum { DATA, MODEL, RECIPE, SETTINGS, FREEZE, FROM, VAL };
    static const struct {
        int option;
        const char *value, *message;
        alexnet_status status;
    } rows[] = {
        {DATA, NULL, "data", ALEXNET_BAD_ARG},
        {DATA, "nowhere", "nowhere", ALEXNET_NOT_FOUND},
        {MODEL, "cifar-19pc", "did you mean 'cifar-19pct'", ALEXNET_BAD_ARG},
        {RECIPE, "quik", "did you mean 'quick'", ALEXNET_BAD_ARG},
        {SETTINGS, "schedule=linear", "schedule 'linear'", ALEXNET_BAD_ARG},
        {SETTINGS, "bias_schedule=linear", "schedule 'linear'", ALEXNET_BAD_ARG},
        {SETTINGS, "bias_schedule=plateau:0.1,1,1", "a plateau is for all rates alike",
         ALEXNET_BAD_ARG},
        {SETTINGS, "events=1:rate=x", "event '1:rate=x'", ALEXNET_BAD_ARG},
        {SETTINGS, "events=1:conv9=0", "no parameters under 'conv9'", ALEXNET_NOT_FOUND},
        {SETTINGS, "augment=rrc,flop", "flop", ALEXNET_BAD_ARG},
        {FREEZE, "conv9", "conv9", ALEXNET_NOT_FOUND},
        {FROM, "nowhere.safetensors", "nowhere.safetensors", ALEXNET_NOT_FOUND},
        {VAL, "nowhere", "nowhere", ALEXNET_NOT_FOUND},
    };

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_train_options options = an_runs_options(r, "run");
        alexnet_train_result result;
        const char **members[] = {&options.data,     &options.model,  &options.recipe,
                                  &options.settings, &options.freeze, &options.from,
                                  &options.val};
        *members[rows[i].option] = rows[i].value;
        an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), rows[i].status);
        an_assert_error(r->ctx, rows[i].message);
        assert_int_equal(an_test_count_entries(r->folder), 1); /* data */
    }
}

static void a_plateau_needs_validation(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_train_result result;

    options.data = "synthetic:classes=2,images=12,size=32";
    options.val_split = 0;
    an_test_set(&options, "schedule=plateau:0.1,1,1");
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_BAD_ARG);
    an_assert_error(r->ctx, "schedule 'plateau:0.1,1,1' needs validation data");
}

static alexnet_go stop_at_mean(void *user, const alexnet_progress *progress)
{
    (void)user;
    return strcmp(progress->phase, "mean") == 0 ? ALEXNET_GO_STOP : ALEXNET_GO_ON;
}

/* While the mean image is computed there is nothing to save: no run, and the result says so. */
static void a_stop_before_the_first_step_leaves_no_run(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_train_result result;

    memset(&result, 0xAA, sizeof result);
    options.progress = stop_at_mean;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_STOPPED);
    assert_int_equal(result.steps, 0);
    assert_string_equal(result.run, "");
    assert_true(isnan(result.val_top1));
    assert_int_equal(an_test_count_entries(r->folder), 1); /* the data */
}

static void classes_must_be_the_data_s(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_model_options network = alexnet_model_options_default();
    alexnet_train_result result;

    network.classes = 5;
    options.model_options = &network;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_BAD_ARG);
    an_assert_error(r->ctx, "classes is 5");
    network.classes = 2;
    an_runs_train(r, &options);
}

static void a_single_class_is_warned_of(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");

    options.epochs = 1;
    an_runs_train(r, &options);
    assert_null(strstr(r->log.text, "one class only"));
    an_assert_ok(r->ctx, an_folder_remove(r->ctx, an_test_path(r->folder, "data/train/cross")));
    an_assert_ok(r->ctx, an_folder_remove(r->ctx, an_test_path(r->folder, "data/val/cross")));
    options.force = 1;
    an_runs_train(r, &options);
    assert_non_null(strstr(r->log.text, "data has one class only, 'checker'"));
}

static void too_many_bad_images_end_the_run(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_train_result result;

    an_tiny_spoil(r->folder, "data/train/cross/0000.jpg");
    options.on_bad_image = ALEXNET_BAD_IMAGE_FAIL;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_BAD_FILE);
    an_assert_error(r->ctx, "cross/0000.jpg");
    options.on_bad_image = ALEXNET_BAD_IMAGE_DEFAULT;
    an_assert_ok(r->ctx, alexnet_train(r->ctx, &options, &result));
    assert_int_equal(result.skipped, 1);
    an_tiny_spoil(r->folder, "data/train/cross/0001.jpg");
    options.force = 1;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_BAD_FILE);
}

/* ---- faults ---- */

/*
 * Whatever fails: the right status, no leak, no temporary file, and a run that has begun can be
 * resumed. Every third place is tried; with ALEXNET_TEST_LONG set, every place.
 */
static void memory_and_files_may_fail(void **state)
{
    static const unsigned kinds[] = {AN_FAULT_BIT(AN_FAULT_MEMORY), AN_FAULT_FILES};
    an_runs *r = *state;
    const long stride = getenv("ALEXNET_TEST_LONG") != NULL ? 1 : 3;
    alexnet_train_options options = an_runs_options(r, "run");
    char out[512]; /* outlives the texts of an_test_path() */

    snprintf(out, sizeof out, "%s/run", r->folder);
    options.out = out;
    options.steps = 2;
    options.force = 1;
    for (size_t k = 0; k < AN_COUNT(kinds); ++k) {
        for (long n = 0;; n += stride) {
            an_test_fault fault;
            alexnet_train_result result;
            an_test_fault_arm(&fault, r->ctx, kinds[k], n, false, EIO);
            const alexnet_status status = alexnet_train(r->ctx, &options, &result);
            if (!an_test_fault_disarm(&fault)) break;
            if (k == 0) an_assert_status(r->ctx, status, ALEXNET_NO_MEMORY);
            assert_true(an_test_count_entries(r->folder) <= 2);
            if (!an_runs_is_file(r, an_test_path(r->folder, "run/config.json"))) continue;
            alexnet_train_options resumed = alexnet_train_options_default();
            resumed.resume = options.out;
            an_runs_train(r, &resumed);
            assert_int_equal(an_test_count_entries(options.out), 6);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, an_runs_set_up, an_runs_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_learns),
        TEST(a_run_leaves_its_files),
        TEST(what_validates_is_what_evaluates),
        TEST(equal_runs_write_equal_weights_files),
        TEST(without_validation_the_last_weights_count),
        TEST(fine_tuning_takes_over_what_fits),
        TEST(permuted_classes_are_matched_by_name),
        TEST(photographs_stand_upright_unless_they_are_to_lie),
        TEST(what_is_learnt_of_is_turned),
        TEST(another_tier_is_refused_unless_allowed),
        TEST(what_is_given_to_a_resumed_run_must_fit_it),
        TEST(mistakes_are_named_and_leave_nothing_behind),
        TEST(a_plateau_needs_validation),
        TEST(a_stop_before_the_first_step_leaves_no_run),
        TEST(classes_must_be_the_data_s),
        TEST(a_single_class_is_warned_of),
        TEST(too_many_bad_images_end_the_run),
        TEST(memory_and_files_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
