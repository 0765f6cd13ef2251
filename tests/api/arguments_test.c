/*
 * arguments_test.c: no argument of a public function crashes the program that calls it.
 * make_calls.py makes the calls from the header. Each call runs in its own process, so that a crash
 * is one line of the result.
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAMILY "cifar-19pct"
#define PASSES 64
#define INPUT  (3 * 32 * 32)

/* Valid arguments for every function. */
typedef struct fixture {
    char *folder;
    alexnet_options options;
    alexnet_context *ctx, *ctx2, *other;
    alexnet_machine machine;
    alexnet_family_info family;
    alexnet_model_options model_options;
    alexnet_model *model, *model2;
    alexnet_run_size size;
    alexnet_model_info info;
    alexnet_layer_info layer;
    alexnet_tensor_info tensor;
    alexnet_memory_info memory;
    alexnet_pass_info passes[PASSES];
    char hex[65];
    alexnet_session *session, *session2;
    int shape[3], count;
    float images[2 * INPUT], probs[64];
    alexnet_classifier *classifier, *classifier2;
    alexnet_prediction predictions[3];
    alexnet_image_bytes image;
    alexnet_image_result image_result;
    uint8_t bytes[65536];
    size_t byte_count;
    int64_t numbers[4];
    const char *weights, *image_file, *new_file, *new_image, *new_npz, *paths[1];
    alexnet_predict_options predict;
    alexnet_features_options features;
    alexnet_convert_options convert;
    alexnet_conversion conversion;
    alexnet_file_info file_info;
    const char *format;
    alexnet_filters_info filters;
    alexnet_evaluate_options evaluate;
    alexnet_evaluate_result evaluated;
    alexnet_train_options train;
    alexnet_train_result trained;
    alexnet_data_options data_options;
    alexnet_data_info data_info;
    alexnet_synth_options synth;
} fixture;

typedef enum expectation {
    EXPECT_OK,      /* valid arguments: ALEXNET_OK */
    EXPECT_BAD_ARG, /* ALEXNET_BAD_ARG and no other status */
    EXPECT_ANY      /* any status: the call returns */
} expectation;

typedef struct call {
    const char *what;
    int (*run)(fixture *f);
    expectation expected;
} call;

/* Reads a returned text to its end. */
static void look_at(const char *text)
{
    volatile size_t length = text != NULL ? strlen(text) : 0;

    (void)length;
}

#include "calls.inc"

/* ---- one call in its own process ---- */

/* The call's status; 256 + the signal that ended the process; -1: it could not be started. */
static int run_apart(const call *c, fixture *f)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    int status = 0;

    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        for (size_t i = 0; i < AN_COUNT(signals); ++i)
            signal(signals[i], SIG_DFL); /* cmocka's handlers would continue with the next test */
        _exit(c->run(f));
    }
    if (child < 0 || waitpid(child, &status, 0) != child) return -1;
    return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool is_right(expectation expected, int found)
{
    if (expected == EXPECT_OK) return found == ALEXNET_OK;
    if (expected == EXPECT_BAD_ARG) return found == ALEXNET_BAD_ARG;
    return found >= ALEXNET_OK && found <= ALEXNET_DIVERGED;
}

static void every_wrong_argument_is_refused(void **state)
{
    fixture *f = *state;
    size_t wrong = 0;

    for (size_t i = 0; i < AN_COUNT(calls); ++i) {
        const int found = run_apart(&calls[i], f);
        if (is_right(calls[i].expected, found)) continue;
        ++wrong;
        if (found > 256)
            print_error("%s: ended by signal %d\n", calls[i].what, found - 256);
        else
            print_error("%s: status %d (%s), expected %s\n", calls[i].what, found,
                        alexnet_status_text((alexnet_status)found),
                        calls[i].expected == EXPECT_OK ? "success" : "BAD_ARG");
    }
    print_message("%zu calls, %zu wrong\n", AN_COUNT(calls), wrong);
    assert_int_equal(wrong, 0);
}

/* make_calls.py varies the pointer to a list, but not the items of the list. */
static void a_path_that_is_missing_from_a_list_is_named(void **state)
{
    fixture *f = *state;
    const char *paths[2] = {f->image_file, NULL};
    int64_t images, failed;

    f->predict.images = paths;
    f->predict.image_count = 2;
    an_assert_status(f->ctx, alexnet_predict(f->ctx, &f->predict, &images, &failed),
                     ALEXNET_BAD_ARG);
    an_assert_error(f->ctx, "path 1 of 2 is NULL");
    f->evaluate.weights = paths;
    f->evaluate.weights_count = 2;
    an_assert_status(f->ctx, alexnet_evaluate(f->ctx, &f->evaluate, &f->evaluated),
                     ALEXNET_BAD_ARG);
    an_assert_error(f->ctx, "path 1 of 2 is NULL");
}

/* ---- the fixture ---- */

static void fill_jobs(fixture *f, const char *data)
{
    f->predict = (alexnet_predict_options){.struct_size = sizeof(alexnet_predict_options),
                                           .weights = f->weights,
                                           .images = f->paths,
                                           .image_count = 1,
                                           .workers = 1};
    f->convert = alexnet_convert_options_default();
    f->features = (alexnet_features_options){.struct_size = sizeof(alexnet_features_options),
                                             .weights = f->weights,
                                             .layer = "prob",
                                             .images = f->paths,
                                             .image_count = 1,
                                             .out = f->new_file};
    f->evaluate = (alexnet_evaluate_options){.struct_size = sizeof(alexnet_evaluate_options),
                                             .weights = &f->weights,
                                             .weights_count = 1,
                                             .data = data,
                                             .workers = 1};
    f->predict.size = f->features.size = f->evaluate.size = &f->size;
    f->train = alexnet_train_options_default();
    f->train.model_options = &f->model_options;
    f->train.data = data;
    f->train.model = FAMILY;
    f->train.recipe = "quick";
    f->train.settings = "batch=4";
    f->train.epochs = 1;
    f->train.steps = 1;
    f->train.workers = 0;
    f->train.out = an_test_path(f->folder, "run");
    f->train.force = 1;
    f->data_options = (alexnet_data_options){
        .struct_size = sizeof(alexnet_data_options), .data = data, .workers = 1};
    f->synth = (alexnet_synth_options){.struct_size = sizeof(alexnet_synth_options),
                                       .out = an_test_path(f->folder, "drawn"),
                                       .classes = 2,
                                       .train_images = 1,
                                       .val_images = 1,
                                       .size = 32,
                                       .force = 1};
}

static void read_image(fixture *f)
{
    FILE *file = fopen(f->image_file, "rb");

    assert_non_null(file);
    f->byte_count = fread(f->bytes, 1, sizeof f->bytes, file);
    fclose(file);
}

static int set_up(void **state)
{
    static fixture f;
    const char *data;

    f = (fixture){.folder = an_test_folder_open(),
                  .options = alexnet_options_default(),
                  .size = alexnet_run_size_default()};
    f.options.threads = 1;
    f.ctx = an_tiny_open(NULL, 1);
    f.other = an_tiny_open(NULL, 1);
    data = an_test_path(f.folder, "data");
    an_tiny_draw(f.ctx, data, 2, 4);
    f.weights = an_test_path(f.folder, "weights.safetensors");
    an_tiny_weights(f.ctx, f.weights, an_tiny_classes, 2, 1);
    f.image_file = an_test_path(data, "train/checker/0000.jpg");
    f.paths[0] = f.image_file;
    f.new_file = an_test_path(f.folder, "new.safetensors");
    f.new_image = an_test_path(f.folder, "new.png");
    f.new_npz = an_test_path(f.folder, "new.npz");
    read_image(&f);
    f.image = (alexnet_image_bytes){f.bytes, f.byte_count};
    f.model_options = alexnet_model_options_default();
    an_assert_ok(f.ctx, alexnet_model_load(f.ctx, f.weights, &f.model));
    an_assert_ok(f.ctx, alexnet_session_open(f.model, 2, NULL, &f.session));
    an_assert_ok(f.ctx, alexnet_classifier_open(f.ctx, f.weights, &f.classifier));
    fill_jobs(&f, data);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    alexnet_classifier_close(f->classifier);
    alexnet_session_close(f->session);
    alexnet_model_free(f->model);
    alexnet_close(f->other);
    alexnet_close(f->ctx);
    an_test_folder_close(f->folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_argument_is_refused),
        cmocka_unit_test(a_path_that_is_missing_from_a_list_is_named),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
