/*
 * cmd_filters.c: alexnet filters: what the first layer learned, as an image.
 * SPDX-License-Identifier: MIT
 */
#include "cli/cli.h"
#include "cli/output.h"

typedef struct filters_args {
    cli_common common;
    const char *out;
    int scale; /* index among SCALES, from 1; 0: not given */
} filters_args;

#define SCALES "own|common"

static const cli_option filters_options[] = {
    {"out", 'o', CLI_PATH, offsetof(filters_args, out), 0, 0, "FILE",
     "image to write: .png or .svg; required"},
    {"scale", 0, CLI_CHOICE, offsetof(filters_args, scale), 0, 0, SCALES,
     "black and white show the largest weight of each filter, or of all filters [own]"},
    {0},
};

static cli_exit print_result(cli *app, const filters_args *args, const alexnet_filters_info *info)
{
    const char *scale = args->scale == 2 ? "common" : "own";
    const int64_t size[] = {info->height, info->width}, image[] = {info->image_h, info->image_w};

    if (app->common->json)
        return cli_json_print(
            app, an_json_pack(&app->json, "{s:i, s:o, s:s, s:i, s:o, s:i, s:i, s:s, s:o}", "schema",
                              1, "file", cli_json_text(&app->json, args->out), "layer", info->layer,
                              "count", info->count, "size", cli_json_ints(&app->json, size, 2),
                              "channels", info->channels, "towers", info->towers, "scale", scale,
                              "image", cli_json_ints(&app->json, image, 2)));
    cli_put(stdout, args->out);
    cli_print(stdout, ": %s, %d %s of %d x %d", info->layer, info->count,
              cli_noun(info->count, "filter", "filters"), info->height, info->width);
    if (info->towers > 1) cli_print(stdout, " in %d towers", info->towers);
    cli_print(stdout, ", %s scale, %d x %d pixels\n", scale, info->image_h, info->image_w);
    return CLI_DONE;
}

static cli_exit run_filters(cli *app, void *data)
{
    const filters_args *args = data;
    const alexnet_filter_scale scale =
        args->scale == 2 ? ALEXNET_FILTER_SCALE_COMMON : ALEXNET_FILTER_SCALE_OWN;
    alexnet_filters_info info;

    if (args->out == NULL) return cli_usage(app, "expected --out FILE");
    const alexnet_status status = alexnet_filters(app->ctx, app->words[0], args->out, scale, &info);
    return status == ALEXNET_OK ? print_result(app, args, &info) : cli_fail(app, status);
}

static const cli_example examples[] = {
    {"alexnet filters run -o filters.png", "what the first layer of a run's best weights learned"},
    {"alexnet filters convolutions.safetensors -o filters.svg --scale common",
     "from a file with a part of a network; filters that learned little stay grey"},
    {0},
};

const cli_command command_filters = {
    .name = "filters",
    .words = "WEIGHTS",
    .summary = "draws the filters of the first convolution",
    .examples = examples,
    .notes =
        {"A weight of 0 is mid-grey. Colours are those that a filter responds to, in the channel "
         "order of the weights' preprocessing record. The two towers of 'paper', 'paper-run', "
         "'caffe' and 'caffenet' are drawn apart.",
         "An existing image of that name is replaced."},
    .words_min = 1,
    .words_max = 1,
    .weights_words = 1,
    .options = filters_options,
    .args_bytes = sizeof(filters_args),
    .computes = true,
    .run = run_filters,
};
