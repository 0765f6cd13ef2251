/*
 * show_file.c: prints what a file of tensors holds, as text or JSON: its tensors as the file has
 * them, with statistics, and its metadata; for a part of a network, the ways on.
 * SPDX-License-Identifier: MIT
 */
#include "cli/output.h"
#include "cli/show.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define METADATA_SHOWN 200 /* bytes of a value */

/* ---- JSON ---- */

static json_t *tensor_json(an_json_maker *m, const alexnet_file_tensor *tensor)
{
    json_t *object =
        an_json_pack(m, "{s:o, s:s, s:o}", "name", cli_json_text(m, tensor->name), "type",
                     tensor->type, "shape", cli_json_ints(m, tensor->shape, tensor->rank));

    if (tensor->not_finite < 0) return object;
    an_json_set(m, object, "min", an_json_real(m, tensor->min));
    an_json_set(m, object, "max", an_json_real(m, tensor->max));
    an_json_set(m, object, "mean", an_json_real(m, tensor->mean));
    an_json_set(m, object, "sd", an_json_real(m, tensor->sd));
    an_json_set(m, object, "not_finite", an_json_int(m, tensor->not_finite));
    return object;
}

json_t *cli_file_tensors_json(an_json_maker *m, const alexnet_file_info *info)
{
    json_t *list = an_json_list(m);

    for (size_t i = 0; i < info->tensor_count; ++i)
        an_json_add(m, list, tensor_json(m, &info->tensors[i]));
    return list;
}

void cli_file_json(an_json_maker *m, const char *file, const alexnet_file_info *info,
                   json_t *document)
{
    json_t *metadata = an_json_object(m);

    for (size_t i = 0; i < info->metadata_count; ++i) {
        char *key = cli_escape(info->keys[i]); /* a key must be UTF-8 */
        an_json_set(m, metadata, key, cli_json_text(m, info->values[i]));
        free(key);
    }
    an_json_set(m, document, "file", cli_json_text(m, file));
    an_json_set(m, document, "format", an_json_string(m, info->format));
    an_json_set(m, document, "bytes", an_json_int(m, info->bytes));
    an_json_set(m, document, "metadata", metadata);
}

static cli_exit file_json(cli *app, const char *file, const alexnet_file_info *info)
{
    an_json_maker *m = &app->json;
    json_t *document =
        an_json_pack(m, "{s:i, s:s?, s:s?, s:s?, s:o, s:o}", "schema", 1, "model", NULL, "nearest",
                     info->nearest, "layers_held", info->layers, "differs",
                     cli_json_text(m, info->differs), "tensors", cli_file_tensors_json(m, info));

    cli_file_json(m, file, info, document);
    return cli_json_print(app, document);
}

/* ---- text ---- */

static const char *shape_text(const alexnet_file_tensor *tensor, char text[160])
{
    int used = 0;

    snprintf(text, 160, "%s", tensor->rank == 0 ? "one number" : "");
    for (int i = 0; i < tensor->rank && used < 130; ++i)
        used += snprintf(text + used, 160 - (size_t)used, "%s%lld", i == 0 ? "" : " x ",
                         (long long)tensor->shape[i]);
    return text;
}

static const char *number_text(double value, char text[CLI_NUMBER])
{
    if (isnan(value)) return "";
    snprintf(text, CLI_NUMBER, "%.4g", value);
    return text;
}

static void print_statistics(const alexnet_file_info *info)
{
    cli_table table = {.align = "lllrrrrr"};
    char shape[160], text[4][CLI_NUMBER], count[CLI_NUMBER];

    cli_table_row(&table, "tensor", "type", "shape", "min", "max", "mean", "sd", "not finite");
    for (size_t i = 0; i < info->tensor_count; ++i) {
        const alexnet_file_tensor *t = &info->tensors[i];
        cli_table_row(&table, t->name, t->type, shape_text(t, shape), number_text(t->min, text[0]),
                      number_text(t->max, text[1]), number_text(t->mean, text[2]),
                      number_text(t->sd, text[3]), cli_thousands(t->not_finite, count));
    }
    cli_table_print(&table, stdout, "");
    cli_table_free(&table);
}

void cli_file_print_tensors(const alexnet_file_info *info)
{
    cli_table table = {.align = "lll"};
    char shape[160];

    if (info->tensor_count > 0 && info->tensors[0].not_finite >= 0) {
        print_statistics(info);
        return;
    }
    cli_table_row(&table, "tensor", "type", "shape");
    for (size_t i = 0; i < info->tensor_count; ++i) {
        const alexnet_file_tensor *t = &info->tensors[i];
        cli_table_row(&table, t->name, t->type, shape_text(t, shape));
    }
    cli_table_print(&table, stdout, "");
    cli_table_free(&table);
}

void cli_file_print_metadata(const alexnet_file_info *info)
{
    cli_table table = {.align = "ll"};

    for (size_t i = 0; i < info->metadata_count; ++i) {
        const char *value = info->values[i];
        char shown[METADATA_SHOWN + 8];
        size_t length = strlen(value);
        const bool cut = length > METADATA_SHOWN;
        if (info->model != NULL && strncmp(info->keys[i], "alexnet.", 8) == 0)
            continue; /* shown above in words */
        if (cut) length = METADATA_SHOWN;
        while (cut && length > 0 && ((unsigned char)value[length] & 0xC0) == 0x80)
            --length; /* not within a character */
        snprintf(shown, sizeof shown, "%.*s%s", (int)length, value, cut ? " ..." : "");
        cli_table_row(&table, info->keys[i], shown);
    }
    if (table.count > 0) cli_print(stdout, "\nmetadata\n");
    cli_table_print(&table, stdout, "  ");
    cli_table_free(&table);
}

void cli_file_print_format(const alexnet_file_info *info)
{
    char bytes[CLI_NUMBER];

    cli_print(stdout, "format      %s, %s, %zu %s\n", info->format, cli_bytes(info->bytes, bytes),
              info->tensor_count, cli_noun((double)info->tensor_count, "tensor", "tensors"));
}

/* What can be done with a part of a network. */
static void print_ways_on(const char *file, const alexnet_file_info *info)
{
    char *word = cli_quote(file);

    cli_print(stdout,
              "to go on    alexnet train DATA --from %s\n"
              "            alexnet init %s --from %s -o whole.safetensors\n",
              word, info->nearest, word);
    free(word);
}

cli_exit cli_show_file(cli *app, const char *file, const alexnet_file_info *info)
{
    if (app->common->json) return file_json(app, file, info);
    cli_put(stdout, file);
    cli_print(stdout, ": ");
    if (info->nearest == NULL)
        cli_print(stdout, "no network\n");
    else if (info->layers[0] != '\0')
        cli_print(stdout, "a part of %s\n", info->nearest);
    else
        cli_print(stdout, "no known network; the nearest is %s\n", info->nearest);
    cli_file_print_format(info);
    if (info->layers != NULL && info->layers[0] != '\0')
        cli_print(stdout, "layers      %s\n", info->layers);
    cli_print(stdout, "differs     ");
    cli_put(stdout, info->differs);
    cli_print(stdout, "\n");
    if (info->layers != NULL && info->layers[0] != '\0') print_ways_on(file, info);
    if (info->tensor_count > 0) cli_print(stdout, "\n");
    if (info->tensor_count > 0) cli_file_print_tensors(info);
    cli_file_print_metadata(info);
    return CLI_DONE;
}
