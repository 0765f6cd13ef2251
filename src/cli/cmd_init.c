/*
 * cmd_init.c: alexnet init: initial weights of a family.
 * SPDX-License-Identifier: MIT
 */
#include "cli/cli.h"
#include "cli/output.h"
#include <string.h>

typedef struct init_args {
    cli_network network;
    const char *out, *from;
    int force;
    int orientation; /* alexnet_orientation */
} init_args;

static const cli_option init_options[] = {
    {"out", 'o', CLI_PATH, offsetof(init_args, out), 0, 0, "FILE",
     "weights file to write, .safetensors; required"},
    {"from", 0, CLI_WEIGHTS, offsetof(init_args, from), 0, 0, "FILE",
     "take the tensors that fit from this weights file, of a whole network or a part"},
    {"force", 'f', CLI_FLAG, offsetof(init_args, force), 0, 0, NULL,
     "replace the file if it exists"},
    {"orientation", 0, CLI_CHOICE, offsetof(init_args, orientation), 0, 0, CLI_ORIENTATIONS,
     "what the preprocessing record says: turn photographs upright by their EXIF record, or keep "
     "them as stored [as the family does: stored]"},
    {0},
};

static cli_exit print_result(cli *app, const init_args *args, const alexnet_model *model)
{
    alexnet_model_info info;
    char hash[65], a[CLI_NUMBER];

    alexnet_model_get_info(model, &info);
    const alexnet_status status = alexnet_model_hash(model, hash);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    if (app->common->json)
        return cli_json_print(
            app, an_json_pack(&app->json, "{s:i, s:o, s:s, s:I, s:s}", "schema", 1, "weights",
                              cli_json_text(&app->json, args->out), "model", info.family,
                              "parameters", (json_int_t)info.parameters, "weights_sha256", hash));
    cli_put(stdout, args->out);
    cli_print(stdout, ": %s, %s parameters\n", info.family, cli_thousands(info.parameters, a));
    return CLI_DONE;
}

static alexnet_status make_model(cli *app, const init_args *args, alexnet_model **model)
{
    const char *family = app->words[0];
    const uint64_t seed = (uint64_t)app->common->seed;

    return args->from != NULL
               ? alexnet_model_complete(app->ctx, args->from, family, &args->network.model, seed,
                                        model)
               : alexnet_model_create(app->ctx, family, &args->network.model, seed, model);
}

static cli_exit run_init(cli *app, void *data)
{
    init_args *args = data;
    alexnet_model *model;

    if (args->out == NULL) return cli_usage(app, "expected --out FILE");
    const char *dot = strrchr(args->out, '.');
    if (dot == NULL || strcmp(dot, ".safetensors") != 0)
        return cli_usage(app, "--out '%s': expected a name that ends in .safetensors", args->out);

    const cli_exit usable = args->force ? CLI_DONE : cli_check_free(app, args->out);
    if (usable != CLI_DONE) return usable;

    alexnet_status status = make_model(app, args, &model);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    status = alexnet_model_set_orientation(model, (alexnet_orientation)args->orientation);
    if (status == ALEXNET_OK) status = alexnet_model_save(model, args->out);
    const cli_exit code =
        status == ALEXNET_OK ? print_result(app, args, model) : cli_fail(app, status);
    alexnet_model_free(model);
    return code;
}

static const cli_example examples[] = {
    {"alexnet init torchvision -o fresh.safetensors", "the weights that training would start from"},
    {"alexnet init cifar-19pct --classes 6 --seed 7 -o fresh.safetensors",
     "with another number of classes and other random numbers"},
    {"alexnet init torchvision --from convolutions.safetensors --classes 6 -o start.safetensors",
     "the weights that the file holds, and initial weights for the rest"},
    {0},
};

const cli_command command_init = {
    .name = "init",
    .words = "MODEL",
    .summary = "writes initial weights",
    .examples = examples,
    .words_min = 1,
    .words_max = 1,
    .options = init_options,
    .args_bytes = sizeof(init_args),
    .computes = true,
    .builds = true,
    .run = run_init,
};
