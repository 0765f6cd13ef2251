/*
 * cmd_features.c: alexnet features and alexnet preprocess: the output of a layer, and the input of
 * the network.
 * SPDX-License-Identifier: MIT
 */
#include "cli/cli.h"
#include "cli/names.h"
#include "cli/output.h"

#include <limits.h>

typedef struct features_args {
    cli_weights shared;
    alexnet_features_options options;
    int orientation; /* alexnet_orientation */
} features_args;

#define AT(member) offsetof(features_args, member)
static const cli_option features_options[] = {
    {"layer", 'l', CLI_TEXT, AT(options.layer), 0, 0, "NAME",
     "name of a layer as 'alexnet info WEIGHTS' prints it, or logits, or prob [prob]"},
    {"out", 'o', CLI_PATH, AT(options.out), 0, 0, "FILE",
     "file to write: .safetensors or .npy; required"},
    {"input", 0, CLI_PATH, AT(options.input), 0, 0, "FILE",
     "instead of images: a float32 tensor [n,3,h,w] of any size, not preprocessed"},
    {"orientation", 0, CLI_CHOICE, AT(orientation), 0, 0, CLI_ORIENTATIONS, CLI_ORIENTATION_HELP},
    {"batch", 'b', CLI_INT, AT(options.batch), 1, 65536, "N", "images at a time [32]"},
    {0},
};

static const cli_option preprocess_options[] = {
    {"out", 'o', CLI_PATH, AT(options.out), 0, 0, "FILE",
     "file to write: .safetensors or .npy; required"},
    {"bytes", 0, CLI_FLAG, AT(options.as_bytes), 0, 0, NULL,
     "write the pixels before mean and scale, as uint8 [n,h,w,3]"},
    {"orientation", 0, CLI_CHOICE, AT(orientation), 0, 0, CLI_ORIENTATIONS, CLI_ORIENTATION_HELP},
    {"batch", 'b', CLI_INT, AT(options.batch), 1, 65536, "N", "images at a time [32]"},
    {0},
};
#undef AT

static cli_exit print_result(cli *app, const alexnet_features_options *options, int rank,
                             const int64_t shape[4])
{
    const char *layer = options->layer != NULL ? options->layer : "input";

    if (app->common->json)
        return cli_json_print(app, an_json_pack(&app->json, "{s:i, s:o, s:o, s:o}", "schema", 1,
                                                "file", cli_json_text(&app->json, options->out),
                                                "layer", cli_json_text(&app->json, layer), "shape",
                                                cli_json_ints(&app->json, shape, rank)));
    cli_put(stdout, options->out);
    cli_print(stdout, ": ");
    cli_put(stdout, layer);
    cli_print(stdout, ", ");
    for (int i = 0; i < rank; ++i)
        cli_print(stdout, "%s%lld", i > 0 ? " x " : "", (long long)shape[i]);
    cli_print(stdout, "\n");
    return CLI_DONE;
}

static cli_exit write_tensor(cli *app, features_args *args)
{
    alexnet_features_options *options = &args->options;
    const alexnet_run_size size = cli_run_size(&args->shared);
    cli_names images;
    int64_t shape[4];
    int rank;

    const cli_exit code = cli_names_collect(app, 1, &images);
    if (code != CLI_DONE) {
        cli_names_free(&images);
        return code;
    }
    options->weights = app->words[0];
    options->orientation = (alexnet_orientation)args->orientation;
    options->struct_size = sizeof *options;
    options->size = &size;
    options->images = (const char *const *)images.items;
    options->image_count = images.count;
    options->progress = cli_progress_report;
    options->progress_user = &app->progress;

    const alexnet_status status = alexnet_features(app->ctx, options, &rank, shape);
    cli_names_free(&images);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    cli_progress_clear(&app->progress);
    return print_result(app, options, rank, shape);
}

static cli_exit run_features(cli *app, void *data)
{
    alexnet_features_options *options = &((features_args *)data)->options;

    if (options->layer == NULL) options->layer = "prob";
    if (options->out == NULL) return cli_usage(app, "expected --out FILE");
    if ((options->input != NULL) == (app->word_count > 1))
        return cli_usage(app, "expected either images or --input FILE");
    return write_tensor(app, data);
}

static cli_exit run_preprocess(cli *app, void *data)
{
    alexnet_features_options *options = &((features_args *)data)->options;

    if (options->out == NULL) return cli_usage(app, "expected --out FILE");
    return write_tensor(app, data);
}

static const cli_example features_examples[] = {
    {"alexnet features run/best.safetensors photos/ --layer features.12 -o conv5.npy",
     "one row for each image"},
    {"alexnet features run/best.safetensors cat.jpg --layer logits -o cat.safetensors",
     "the values before the softmax"},
    {"alexnet features run/best.safetensors --input x.npy --layer prob -o y.npy",
     "for a tensor of your own, which is not preprocessed"},
    {0},
};

const cli_command command_features = {
    .name = "features",
    .words = "WEIGHTS IMAGE|DIR|-...",
    .summary = "writes the output of a layer for images, as a tensor",
    .examples = features_examples,
    .notes = {CLI_NAMES_NOTE},
    .words_min = 1,
    .words_max = INT_MAX,
    .weights_words = 1,
    .options = features_options,
    .args_bytes = sizeof(features_args),
    .computes = true,
    .runs_weights = true,
    .run = run_features,
};

static const cli_example preprocess_examples[] = {
    {"alexnet preprocess run/best.safetensors cat.jpg -o cat.npy",
     "the input tensor of the network, [1,3,h,w]"},
    {"alexnet preprocess run/best.safetensors photos/ --bytes -o pixels.npy",
     "decoded, resized and cropped pixels"},
    {0},
};

const cli_command command_preprocess = {
    .name = "preprocess",
    .words = "WEIGHTS IMAGE|DIR|-...",
    .summary = "writes images as the network sees them, as a tensor",
    .examples = preprocess_examples,
    .notes = {CLI_NAMES_NOTE},
    .words_min = 2,
    .words_max = INT_MAX,
    .weights_words = 1,
    .options = preprocess_options,
    .args_bytes = sizeof(features_args),
    .computes = true,
    .runs_weights = true,
    .run = run_preprocess,
};
