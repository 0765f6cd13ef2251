/*
 * earlier.c: a program that may have been compiled before each struct of options got its last
 * member. Every struct is followed by bytes that are no default; the library must not read them.
 * The program is built twice, with today's header and with an earlier one (earlier_header.py), and
 * both must print the same. usage: earlier FOLDER
 *
 * SPDX-License-Identifier: MIT
 */
#include <alexnet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WITH_POISON(type)                                                                          \
    struct {                                                                                       \
        type options;                                                                              \
        unsigned char poison[64];                                                                  \
    }
#define POISON(struct_) memset((struct_).poison, 0xa5, sizeof(struct_).poison)

static alexnet_context *ctx;

static void must(alexnet_status status)
{
    if (status == ALEXNET_OK) return;
    printf("%s: %s\n", alexnet_status_text(status), alexnet_error(ctx));
    exit(1);
}

static const char *path_of(const char *folder, const char *name)
{
    static char paths[8][512];
    static int next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* This callback and the next get `user` from the last member of their options, which is not set. */
static alexnet_go on_progress(void *user, const alexnet_progress *progress)
{
    if (user != NULL) printf("progress of %s has a user\n", progress->phase);
    return ALEXNET_GO_ON;
}

static void on_skipped(void *user, const char *path, const char *reason)
{
    (void)path, (void)reason;
    printf("skipped%s\n", user != NULL ? " has a user" : "");
}

static void open_context(void)
{
    WITH_POISON(alexnet_options) open;

    POISON(open);
    open.options = alexnet_options_default();
    open.options.threads = 1;
    must(alexnet_open(&open.options, &ctx));
}

static void make_data(const char *data)
{
    WITH_POISON(alexnet_synth_options) synth;
    WITH_POISON(alexnet_data_options) inspect;
    alexnet_data_info info;

    POISON(synth);
    synth.options = alexnet_synth_options_default();
    synth.options.out = data;
    synth.options.classes = 2;
    synth.options.train_images = 4;
    synth.options.val_images = 2;
    synth.options.size = 32;
    synth.options.progress = on_progress;
    must(alexnet_data_synth(ctx, &synth.options));

    FILE *bad = fopen(path_of(data, "val/cross/bad.jpg"), "w");
    if (bad == NULL) exit(1);
    fclose(bad);
    POISON(inspect);
    inspect.options = alexnet_data_options_default();
    inspect.options.data = data;
    inspect.options.skipped = on_skipped;
    must(alexnet_data_verify(ctx, &inspect.options, &info));
    printf("data: %d images, %d bad\n", (int)info.images, (int)info.bad);
    alexnet_data_info_free(ctx, &info);
}

static void look_at_models(void)
{
    WITH_POISON(alexnet_model_options) network;
    WITH_POISON(alexnet_run_size) size;
    alexnet_model_info info;
    alexnet_model *model;

    POISON(network);
    network.options = alexnet_model_options_default();
    network.options.classes = 10;
    must(alexnet_model_describe(ctx, "torchvision", &network.options, &model));
    POISON(size);
    size.options = alexnet_run_size_default();
    size.options.input_h = size.options.input_w = 256;
    must(alexnet_model_resize(model, &size.options));
    alexnet_model_get_info(model, &info);
    printf("model: %d parameters, %dx%d\n", (int)info.parameters, info.input[1], info.input[2]);
    alexnet_model_free(model);
}

static void train(const char *data, const char *run)
{
    WITH_POISON(alexnet_train_options) train;
    alexnet_train_result result;

    POISON(train);
    train.options = alexnet_train_options_default();
    train.options.data = data;
    train.options.out = run;
    train.options.model = "cifar-19pct";
    train.options.recipe = "quick";
    train.options.settings = "batch=4 lr=0.01";
    train.options.steps = 2;
    train.options.workers = 0;
    train.options.on_bad_image = ALEXNET_BAD_IMAGE_SKIP;
    train.options.skipped = on_skipped;
    must(alexnet_train(ctx, &train.options, &result));
    printf("trained: %d steps, %s\n", (int)result.steps, result.last_sha256);
}

static void print_result(void *user, const alexnet_prediction_result *result)
{
    (void)user;
    if (result->error == NULL)
        printf("predicted: %s %.6f\n", result->predictions[0].label,
               (double)result->predictions[0].probability);
}

static void use(const char *data, const char *run, const char *features)
{
    WITH_POISON(alexnet_predict_options) predict;
    WITH_POISON(alexnet_evaluate_options) evaluate;
    WITH_POISON(alexnet_features_options) rows;
    const char *images[] = {path_of(data, "train/cross")};
    alexnet_evaluate_result result;
    int64_t count, failed, shape[4];
    int rank;

    POISON(predict);
    predict.options = alexnet_predict_options_default();
    predict.options.weights = run;
    predict.options.images = images;
    predict.options.image_count = 1;
    predict.options.result = print_result;
    predict.options.progress = on_progress;
    must(alexnet_predict(ctx, &predict.options, &count, &failed));

    POISON(evaluate);
    evaluate.options = alexnet_evaluate_options_default();
    evaluate.options.weights = &run;
    evaluate.options.weights_count = 1;
    evaluate.options.data = data;
    evaluate.options.on_bad_image = ALEXNET_BAD_IMAGE_SKIP;
    evaluate.options.skipped = on_skipped;
    must(alexnet_evaluate(ctx, &evaluate.options, &result));
    printf("evaluated: %d images, loss %.6f\n", (int)result.images, result.loss);
    alexnet_evaluate_result_free(ctx, &result);

    POISON(rows);
    rows.options = alexnet_features_options_default();
    rows.options.weights = run;
    rows.options.layer = "logits";
    rows.options.images = images;
    rows.options.image_count = 1;
    rows.options.out = features;
    rows.options.progress = on_progress;
    must(alexnet_features(ctx, &rows.options, &rank, shape));
    printf("features: %d x %d\n", (int)shape[0], (int)shape[1]);
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    const char *data = path_of(argv[1], "data"), *run = path_of(argv[1], "run");

    open_context();
    make_data(data);
    look_at_models();
    train(data, run);
    use(data, run, path_of(argv[1], "rows.npy"));
    alexnet_close(ctx);
    return 0;
}
