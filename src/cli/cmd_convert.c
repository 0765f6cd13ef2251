/*
 * cmd_convert.c: alexnet convert: weights from one format to another, proved by running both.
 * SPDX-License-Identifier: MIT
 */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "formats/class_names.h"
#include <math.h>

typedef struct convert_args {
    cli_common common;
    const char *to, *from, *model, *classes_from, *mean;
    int storage; /* index among STORAGES, from 1: alexnet_storage + 1; 0: not given */
    int no_verify, force;
} convert_args;

#define STORAGES "fp32|bf16|fp16"

#define AT(member) offsetof(convert_args, member)
static const cli_option convert_options[] = {
    {"to", 0, CLI_TEXT, AT(to), 0, 0, "FORMAT",
     "safetensors, pth, npz, onnx or caffemodel [by the extension of OUT]"},
    {"from", 0, CLI_TEXT, AT(from), 0, 0, "FORMAT", "format of IN [by its content]"},
    {"model", 0, CLI_TEXT, AT(model), 0, 0, "NAME",
     "the family, where the weights fit several, or to be sure [found by layers or tensors]"},
    {"dtype", 0, CLI_CHOICE, AT(storage), 0, 0, STORAGES,
     "how OUT stores numbers; narrower ones are rounded [fp32]"},
    {"classes-from", 0, CLI_TEXT, AT(classes_from), 0, 0, "FILE",
     "names of the classes, one in each line; 'imagenet' for its 1,000 [those of IN]"},
    {"mean", 0, CLI_PATH, AT(mean), 0, 0, "FILE",
     "a mean image to subtract: .binaryproto or .npy [what lies beside IN]"},
    {"no-verify", 0, CLI_FLAG, AT(no_verify), 0, 0, NULL, "do not run both files"},
    {"force", 'f', CLI_FLAG, AT(force), 0, 0, NULL, "replace OUT if it exists"},
    {0},
};
#undef AT

static cli_exit print_result(cli *app, const alexnet_conversion *c)
{
    char bytes[CLI_NUMBER];

    if (app->common->json)
        return cli_json_print(
            app, an_json_pack(&app->json, "{s:i, s:o, s:o, s:s, s:s, s:s, s:i, s:o, s:I, s:s}",
                              "schema", 1, "in", cli_json_text(&app->json, app->words[0]), "out",
                              cli_json_text(&app->json, app->words[1]), "model", c->model, "from",
                              c->from, "to", c->to, "tensors", c->tensors, "difference",
                              isnan(c->difference) ? json_null()
                                                   : an_json_real(&app->json, c->difference),
                              "bytes", (json_int_t)c->bytes, "sha256", c->sha256));
    cli_put(stdout, app->words[1]);
    cli_print(stdout, ": %s, %s, %d %s, %s\n", c->model, c->to, c->tensors,
              cli_noun(c->tensors, "tensor", "tensors"), cli_bytes(c->bytes, bytes));
    if (isnan(c->difference))
        cli_print(stdout, "not verified\n");
    else
        cli_print(stdout, "verified: both files were run; their logits differ by %.2g at most\n",
                  c->difference);
    return CLI_DONE;
}

static cli_exit run_convert(cli *app, void *data)
{
    const convert_args *args = data;
    alexnet_convert_options options = alexnet_convert_options_default();
    alexnet_conversion result;
    an_names names = {0};

    const cli_exit usable = args->force ? CLI_DONE : cli_check_free(app, app->words[1]);
    if (usable != CLI_DONE) return usable;
    options.from = args->from;
    options.to = args->to;
    options.model = args->model;
    options.storage = (alexnet_storage)(args->storage > 0 ? args->storage - 1 : 0);
    options.mean = args->mean;
    options.no_verify = args->no_verify;
    alexnet_status status = args->classes_from != NULL
                                ? an_class_names_read(app->ctx, args->classes_from, &names)
                                : ALEXNET_OK;
    if (status == ALEXNET_OK && args->classes_from != NULL) {
        options.classes = (const char *const *)names.names;
        options.class_count = (int)names.count;
    }
    if (status == ALEXNET_OK)
        status = alexnet_convert(app->ctx, app->words[0], app->words[1], &options, &result);
    an_names_free(app->ctx, &names);
    return status == ALEXNET_OK ? print_result(app, &result) : cli_fail(app, status);
}

static const cli_example examples[] = {
    {"alexnet convert model.pth model.safetensors", "from PyTorch; both are run and compared"},
    {"alexnet convert run model.onnx", "the best weights of a run, for other programs"},
    {"alexnet convert bvlc_alexnet.caffemodel w.safetensors --classes-from imagenet",
     "from Caffe, with the names of ImageNet's classes"},
    {"alexnet convert model.pth small.safetensors --dtype bf16", "half the size"},
    {0},
};

const cli_command command_convert = {
    .name = "convert",
    .words = "IN OUT",
    .summary = "converts weights to another format, and proves it",
    .examples = examples,
    .notes = {"Read are safetensors, PyTorch's pth, pickles of NumPy arrays, NumPy's npz, Caffe's "
              "caffemodel, ONNX and TensorFlow checkpoints. IN is run by the rules of its own "
              "format, OUT by this program; above a relative difference of 1e-4 (1e-2 for bf16 and "
              "fp16) nothing is written.",
              "What is written is the network for inference. A caffemodel gets its .prototxt "
              "beside it."},
    .words_min = 2,
    .words_max = 2,
    .weights_words = 1,
    .options = convert_options,
    .args_bytes = sizeof(convert_args),
    .computes = true,
    .stores = true,
    .run = run_convert,
};
