/*
 * show_compare.c: prints two networks side by side. Their layers are paired by type and in order
 * (the longest common subsequence); a layer that only one of them has faces a gap.
 * SPDX-License-Identifier: MIT
 */
#include "cli/output.h"
#include "cli/show.h"

#include <stdlib.h>
#include <string.h>

#define LAYERS_MAX 128

typedef struct side {
    alexnet_model_info info;
    alexnet_layer_info layers[LAYERS_MAX];
    int count;
} side;

static alexnet_status look(const alexnet_model *model, side *out)
{
    alexnet_status status = ALEXNET_OK;

    alexnet_model_get_info(model, &out->info);
    out->count = out->info.layers < LAYERS_MAX ? out->info.layers : LAYERS_MAX;
    for (int i = 0; i < out->count && status == ALEXNET_OK; ++i)
        status = alexnet_model_get_layer(model, i, &out->layers[i]);
    return status;
}

/* ---- pairs ---- */

/* One line: a layer of each network; NULL: that network has none here. */
typedef struct pair {
    const alexnet_layer_info *a, *b;
} pair;

static bool same_type(const side *a, int i, const side *b, int j)
{
    return strcmp(a->layers[i].type, b->layers[j].type) == 0;
}

/* Returns the number of pairs; `pairs` has room for the layers of both networks. */
static int pair_up(const side *a, const side *b, pair *pairs)
{
    static int common[LAYERS_MAX + 1][LAYERS_MAX + 1]; /* longest from layers i and j on */
    int i = 0, j = 0, count = 0;

    memset(common, 0, sizeof common);
    for (i = a->count - 1; i >= 0; --i) {
        for (j = b->count - 1; j >= 0; --j) {
            const int skip =
                common[i + 1][j] > common[i][j + 1] ? common[i + 1][j] : common[i][j + 1];
            common[i][j] = same_type(a, i, b, j) ? 1 + common[i + 1][j + 1] : skip;
        }
    }
    for (i = j = 0; i < a->count || j < b->count;) {
        if (i < a->count && j < b->count && same_type(a, i, b, j))
            pairs[count++] = (pair){&a->layers[i++], &b->layers[j++]};
        else if (j == b->count || (i < a->count && common[i + 1][j] >= common[i][j + 1]))
            pairs[count++] = (pair){&a->layers[i++], NULL};
        else
            pairs[count++] = (pair){NULL, &b->layers[j++]};
    }
    return count;
}

/* ---- text ---- */

static const char *output_text(const alexnet_layer_info *layer, char text[64])
{
    if (layer->output[1] == 1 && layer->output[2] == 1)
        snprintf(text, 64, "%d", layer->output[0]);
    else
        snprintf(text, 64, "%dx%dx%d", layer->output[0], layer->output[1], layer->output[2]);
    return text;
}

/* "=" if both are equal, so that differences are easy to see; else `b`. */
static const char *unless_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0 && *b != '\0' ? "=" : b;
}

static void add_pair(cli_table *table, const pair *p)
{
    char a_output[64] = "", b_output[64] = "";
    const char *type = p->a != NULL ? p->a->type : p->b->type;
    const char *a_name = "", *b_name = "", *a_settings = NULL, *b_settings = NULL;

    if (p->a != NULL) {
        a_name = p->a->name;
        a_settings = p->a->settings;
        output_text(p->a, a_output);
    }
    if (p->b != NULL) {
        b_name = p->b->name;
        b_settings = p->b->settings;
        output_text(p->b, b_output);
    }
    cli_table_row(table, type, a_name, a_settings, a_output, b_name,
                  unless_same(a_settings, b_settings), unless_same(a_output, b_output));
}

static void print_numbers(const side *a, const side *b)
{
    cli_table table = {.align = "lll"};
    char x[CLI_NUMBER], y[CLI_NUMBER], a_input[64], b_input[64];

    snprintf(a_input, sizeof a_input, "%d x %d x %d", a->info.input[0], a->info.input[1],
             a->info.input[2]);
    snprintf(b_input, sizeof b_input, "%d x %d x %d", b->info.input[0], b->info.input[1],
             b->info.input[2]);
    cli_table_row(&table, "", a->info.family, b->info.family);
    cli_table_row(&table, "source", a->info.source, b->info.source);
    cli_table_row(&table, "input", a_input, b_input);
    cli_table_row(&table, "pixels", a->info.preprocess,
                  unless_same(a->info.preprocess, b->info.preprocess));
    cli_table_row(&table, "parameters", cli_thousands(a->info.parameters, x),
                  cli_thousands(b->info.parameters, y));
    cli_table_row(&table, "MACs", cli_thousands(a->info.macs, x), cli_thousands(b->info.macs, y));
    cli_table_row(&table, "neurons", cli_thousands(a->info.neurons, x),
                  cli_thousands(b->info.neurons, y));
    cli_table_print(&table, stdout, "");
    cli_table_free(&table);
}

static void print_pairs(const side *a, const side *b, const pair *pairs, int count)
{
    cli_table table = {.align = "lllrllr"};

    cli_table_row(&table, "type", a->info.family, "", "output", b->info.family, "", "output");
    for (int i = 0; i < count; ++i)
        add_pair(&table, &pairs[i]);
    cli_table_print(&table, stdout, "");
    cli_table_free(&table);
}

/* ---- JSON ---- */

static json_t *side_json(an_json_maker *m, const side *s)
{
    return an_json_pack(m, "{s:s, s:s, s:[i,i,i], s:I, s:I, s:I, s:s}", "model", s->info.family,
                        "source", s->info.source, "input", s->info.input[0], s->info.input[1],
                        s->info.input[2], "parameters", (json_int_t)s->info.parameters, "macs",
                        (json_int_t)s->info.macs, "neurons", (json_int_t)s->info.neurons,
                        "preprocess", s->info.preprocess);
}

static json_t *layer_json(an_json_maker *m, const alexnet_layer_info *layer)
{
    if (layer == NULL) return json_null();
    return an_json_pack(m, "{s:s, s:s, s:s, s:[i,i,i], s:I, s:I}", "name", layer->name, "type",
                        layer->type, "settings", layer->settings, "output", layer->output[0],
                        layer->output[1], layer->output[2], "parameters",
                        (json_int_t)layer->parameters, "macs", (json_int_t)layer->macs);
}

static json_t *compare_json(an_json_maker *m, const side *a, const side *b, const pair *pairs,
                            int count)
{
    json_t *layers = an_json_list(m);

    for (int i = 0; i < count; ++i)
        an_json_add(
            m, layers,
            an_json_pack(m, "[o, o]", layer_json(m, pairs[i].a), layer_json(m, pairs[i].b)));
    return an_json_pack(m, "{s:i, s:[o, o], s:o}", "schema", 1, "models", side_json(m, a),
                        side_json(m, b), "layers", layers);
}

cli_exit cli_show_compare(cli *app, const alexnet_model *a, const alexnet_model *b)
{
    static side left, right;
    static pair pairs[2 * LAYERS_MAX];
    alexnet_status status = look(a, &left);

    if (status == ALEXNET_OK) status = look(b, &right);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    const int count = pair_up(&left, &right, pairs);
    if (app->common->json)
        return cli_json_print(app, compare_json(&app->json, &left, &right, pairs, count));
    print_numbers(&left, &right);
    cli_print(stdout, "\n");
    print_pairs(&left, &right, pairs, count);
    return CLI_DONE;
}
