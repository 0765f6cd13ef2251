/*
 * param.c: the parameter table, and how initial weights are drawn.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core/param.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/status.h"
#include "base/text.h"
#include "core/shape.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Every parameter starts on such a boundary, so that kernels may load whole vectors. */
#define FLOATS_PER_LINE (AN_ALIGNMENT / sizeof(float))

static const struct {
    const char *name;
    an_init_kind kind;
    bool has_value;
} rules[] = {
    /* clang-format off */
    {"const",     AN_INIT_CONST,     true },
    {"normal",    AN_INIT_NORMAL,    true },
    {"truncated", AN_INIT_TRUNCATED, true },
    {"uniform",   AN_INIT_UNIFORM,   true },
    {"glorot",    AN_INIT_GLOROT,    false},
    {"torch",     AN_INIT_TORCH,     false},
    {"he",        AN_INIT_HE,        false},
    /* clang-format on */
};

alexnet_status an_init_parse(alexnet_context *ctx, const char *what, const char *text, an_init *out)
{
    const char *colon = strchr(text, ':');
    const size_t length = colon != NULL ? (size_t)(colon - text) : strlen(text);

    for (size_t i = 0; i < AN_COUNT(rules); ++i) {
        if (strlen(rules[i].name) != length || strncmp(rules[i].name, text, length) != 0) continue;
        out->kind = rules[i].kind;
        out->value = 0;
        if (rules[i].has_value == (colon != NULL) &&
            (colon == NULL || an_parse_real(colon + 1, strlen(colon + 1), &out->value)))
            return ALEXNET_OK;
    }
    return an_fail(ctx, ALEXNET_BAD_ARG,
                   "%s: '%s' is no rule for initial weights: expected const:X, normal:SD, "
                   "truncated:SD, uniform:MAX, glorot, torch or he",
                   what, text);
}

static alexnet_status grow(alexnet_context *ctx, an_param_list *list)
{
    const int capacity = list->capacity > 0 ? 2 * list->capacity : 16;
    an_param *items = an_grow(ctx, list->items, (size_t)list->capacity * sizeof *items,
                              (size_t)capacity * sizeof *items);

    if (items == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "table of %d parameters", capacity);
    list->items = items;
    list->capacity = capacity;
    return ALEXNET_OK;
}

/* The part of a parameter's name after the layer. */
static const char *usual_suffix(const an_naming *naming, an_param_role role)
{
    if (role == AN_PARAM_BIAS) return naming->bias != NULL ? naming->bias : ".bias";
    return naming->weight != NULL ? naming->weight : ".weight";
}

alexnet_status an_param_add(alexnet_context *ctx, an_param_list *list, const char *layer,
                            an_param_role role, const char *suffix, int rank, const int64_t *shape,
                            an_param **out)
{
    const char *prefix = list->naming.prefix != NULL ? list->naming.prefix : "";
    an_param *param;

    if (list->count == list->capacity) AN_TRY(grow(ctx, list));
    param = &list->items[list->count];
    *param = (an_param){.role = role,
                        .rank = rank,
                        .count = 1,
                        .offset = list->values,
                        .lr_multiplier = 1,
                        .decay_multiplier = 1};
    snprintf(param->name, sizeof param->name, "%s%.*s%s", prefix, (int)strcspn(layer, "/"), layer,
             suffix != NULL ? suffix : usual_suffix(&list->naming, role));
    for (int i = 0; i < rank; ++i) {
        if (shape[i] < 1 || param->count > AN_ELEMENTS_MAX / shape[i])
            return an_fail(ctx, ALEXNET_BAD_SHAPE, "%s: dimension %d is %lld: empty or too large",
                           param->name, i, (long long)shape[i]);
        param->shape[i] = shape[i];
        param->count *= shape[i];
    }
    list->values += AN_ROUND_UP((size_t)param->count, FLOATS_PER_LINE);
    ++list->count;
    *out = param;
    return ALEXNET_OK;
}

void an_param_list_free(alexnet_context *ctx, an_param_list *list)
{
    an_free(ctx, list->items);
    *list = (an_param_list){0};
}

/* Four N(0, 1) from four words: Box and Muller 1958, each pair of words giving a pair of values. */
static void normal_block(const uint32_t words[4], double out[4])
{
    const double turn = 2 * 3.14159265358979323846 * 0x1p-32;

    for (int i = 0; i < 4; i += 2) {
        const double radius = sqrt(-2 * log(((double)words[i] + 0.5) * 0x1p-32));
        out[i] = radius * cos(turn * words[i + 1]);
        out[i + 1] = radius * sin(turn * words[i + 1]);
    }
}

/* N(0, 1) within 2 deviations. Values outside are drawn again, from another stream for each
   attempt. */
static double truncated(uint64_t seed, int index, int64_t element, double drawn)
{
    for (uint32_t attempt = 1; fabs(drawn) > 2; ++attempt) {
        const an_stream again = an_stream_open(seed, AN_PURPOSE_INIT, (uint64_t)index, attempt);
        uint32_t words[4];
        double block[4];

        an_stream_block(&again, (uint32_t)(element / 4), words);
        normal_block(words, block);
        drawn = block[element % 4];
    }
    return drawn;
}

/* The deviation of a normal rule, or half the width of a uniform one. */
static double scale_of(const an_param *param, an_init rule)
{
    const double in = (double)param->fan_in, out = (double)param->fan_out;

    switch (rule.kind) {
    case AN_INIT_HE:
        return sqrt(2 / in);
    case AN_INIT_TORCH:
        return 1 / sqrt(in);
    case AN_INIT_GLOROT:
        return sqrt(6 / (in + out));
    default:
        return rule.value;
    }
}

/* Element i is word i % 4 of block i / 4 of the parameter's stream. */
void an_param_init(const an_param *param, an_init rule, uint64_t seed, int index, float *values)
{
    const an_stream stream = an_stream_open(seed, AN_PURPOSE_INIT, (uint64_t)index, 0);
    const double scale = scale_of(param, rule);
    const bool uniform =
        rule.kind == AN_INIT_TORCH || rule.kind == AN_INIT_GLOROT || rule.kind == AN_INIT_UNIFORM;
    const double low = rule.kind == AN_INIT_UNIFORM ? 0 : -1; /* times scale */

    for (int64_t i = 0; i < param->count; i += 4) {
        uint32_t words[4];
        double drawn[4];

        if (rule.kind != AN_INIT_CONST) an_stream_block(&stream, (uint32_t)(i / 4), words);
        if (rule.kind != AN_INIT_CONST && !uniform) normal_block(words, drawn);
        for (int64_t j = i; j < AN_MIN(i + 4, param->count); ++j) {
            if (rule.kind == AN_INIT_CONST)
                values[j] = (float)scale;
            else if (uniform)
                values[j] = (float)(scale * ((1 - low) * (words[j - i] + 0.5) * 0x1p-32 + low));
            else if (rule.kind == AN_INIT_TRUNCATED)
                values[j] = (float)(scale * truncated(seed, index, j, drawn[j - i]));
            else
                values[j] = (float)(scale * drawn[j - i]);
        }
    }
}
