/*
 * show_model.c: prints a network as text or JSON: layers, sizes, costs and memory; for a weights
 * file also its classes and hash.
 * SPDX-License-Identifier: MIT
 */
#include "cli/output.h"
#include "cli/show.h"
#include <string.h>

static json_t *memory_json(an_json_maker *m, const alexnet_memory_info *memory)
{
    return an_json_pack(
        m, "{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "weights", (json_int_t)memory->weights,
        "gradients", (json_int_t)memory->gradients, "momentum", (json_int_t)memory->momentum,
        "activations", (json_int_t)memory->activations, "scratch", (json_int_t)memory->scratch,
        "prepared", (json_int_t)memory->prepared, "total", (json_int_t)memory->total);
}

static alexnet_status layers_json(an_json_maker *m, const alexnet_model *model, int count,
                                  json_t *array)
{
    for (int i = 0; i < count; ++i) {
        alexnet_layer_info layer;
        const alexnet_status status = alexnet_model_get_layer(model, i, &layer);
        if (status != ALEXNET_OK) return status;
        an_json_add(m, array,
                    an_json_pack(m, "{s:s, s:s, s:s, s:[i,i,i], s:I, s:I}", "name", layer.name,
                                 "type", layer.type, "settings", layer.settings, "output",
                                 layer.output[0], layer.output[1], layer.output[2], "parameters",
                                 (json_int_t)layer.parameters, "macs", (json_int_t)layer.macs));
    }
    return ALEXNET_OK;
}

static alexnet_status tensors_json(an_json_maker *m, const alexnet_model *model, int count,
                                   json_t *array)
{
    for (int i = 0; i < count; ++i) {
        alexnet_tensor_info tensor;
        const alexnet_status status = alexnet_model_get_tensor(model, i, &tensor);
        if (status != ALEXNET_OK) return status;
        an_json_add(m, array,
                    an_json_pack(m, "{s:s, s:o}", "name", tensor.name, "shape",
                                 cli_json_ints(m, tensor.shape, tensor.rank)));
    }
    return ALEXNET_OK;
}

/* Adds what only a weights file has: its classes, how it was trained, and its hash. */
static void add_weights_json(an_json_maker *m, const alexnet_model *model,
                             const cli_shown_file *file, const char *hash, int classes,
                             json_t *document)
{
    an_json_set(m, document, "weights", cli_json_text(m, file->path));
    an_json_set(m, document, "weights_sha256", an_json_string(m, file->loaded ? hash : NULL));
    if (file->info != NULL) cli_file_json(m, file->path, file->info, document);
    if (alexnet_model_class(model, 0) != NULL) {
        json_t *names = an_json_list(m);
        for (int i = 0; i < classes; ++i)
            an_json_add(m, names, cli_json_text(m, alexnet_model_class(model, i)));
        an_json_set(m, document, "class_names", names);
    }
    an_json_set(m, document, "trained",
                cli_json_text(m, alexnet_model_metadata(model, "alexnet.trained")));
}

static cli_exit model_json(cli *app, const alexnet_model *model, int batch,
                           const cli_shown_file *file, const char *hash,
                           const alexnet_memory_info memory[2])
{
    alexnet_model_info info;
    an_json_maker *m = &app->json;

    alexnet_model_get_info(model, &info);
    json_t *layers = an_json_list(m);
    json_t *tensors =
        file != NULL && file->info != NULL ? cli_file_tensors_json(m, file->info) : an_json_list(m);
    json_t *document = an_json_pack(
        m, "{s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:[i,i,i], s:i, s:s, s:s, s:{s:i, s:o, s:o}}",
        "schema", 1, "model", info.family, "summary", info.summary, "source", info.source,
        "parameters", (json_int_t)info.parameters, "macs", (json_int_t)info.macs, "neurons",
        (json_int_t)info.neurons, "input", info.input[0], info.input[1], info.input[2], "classes",
        info.classes, "preprocess", info.preprocess, "recipe", info.recipe, "memory", "batch",
        batch, "inference", memory_json(m, &memory[0]), "training", memory_json(m, &memory[1]));
    alexnet_status status = layers_json(m, model, info.layers, layers);
    if (status == ALEXNET_OK && (file == NULL || file->info == NULL))
        status = tensors_json(m, model, info.tensors, tensors);
    an_json_set(m, document, "layers", layers);
    an_json_set(m, document, "tensors", tensors);
    if (file != NULL) add_weights_json(m, model, file, hash, info.classes, document);
    if (status == ALEXNET_OK) return cli_json_print(app, document);
    json_decref(document);
    return cli_fail(app, status);
}

static void add_layer(cli_table *table, const alexnet_layer_info *layer)
{
    char output[64], a[CLI_NUMBER], b[CLI_NUMBER];

    if (layer->output[1] == 1 && layer->output[2] == 1)
        snprintf(output, sizeof output, "%d", layer->output[0]);
    else
        snprintf(output, sizeof output, "%d x %d x %d", layer->output[0], layer->output[1],
                 layer->output[2]);
    cli_table_row(table, layer->name, layer->type, layer->settings, output,
                  layer->parameters > 0 ? cli_thousands(layer->parameters, a) : "",
                  layer->macs > 0 ? cli_thousands(layer->macs, b) : "");
}

static alexnet_status print_layers(const alexnet_model *model, const alexnet_model_info *info)
{
    cli_table table = {.align = "lllrrr"};
    alexnet_status status = ALEXNET_OK;
    char a[CLI_NUMBER], b[CLI_NUMBER];

    cli_table_row(&table, "layer", "type", "settings", "output", "parameters", "MACs");
    for (int i = 0; i < info->layers && status == ALEXNET_OK; ++i) {
        alexnet_layer_info layer;
        status = alexnet_model_get_layer(model, i, &layer);
        if (status == ALEXNET_OK) add_layer(&table, &layer);
    }
    cli_table_row(&table, "total", "", "", "", cli_thousands(info->parameters, a),
                  cli_thousands(info->macs, b));
    cli_table_print(&table, stdout, "");
    cli_table_free(&table);
    return status;
}

static alexnet_status print_tensors(const alexnet_model *model, int count)
{
    cli_table table = {.align = "ll"};
    alexnet_status status = ALEXNET_OK;

    cli_table_row(&table, "tensor", "shape");
    for (int i = 0; i < count && status == ALEXNET_OK; ++i) {
        alexnet_tensor_info tensor;
        char shape[96];
        int used = 0;

        status = alexnet_model_get_tensor(model, i, &tensor);
        if (status != ALEXNET_OK) break;
        for (int j = 0; j < tensor.rank; ++j)
            used += snprintf(shape + used, sizeof shape - (size_t)used, "%s%lld",
                             j == 0 ? "" : " x ", (long long)tensor.shape[j]);
        cli_table_row(&table, tensor.name, shape);
    }
    cli_table_print(&table, stdout, "");
    cli_table_free(&table);
    return status;
}

/* Prints the family's recipe with its settings. */
static void print_recipe(const char *name)
{
    for (int i = 0; i < alexnet_recipe_count(); ++i)
        if (strcmp(alexnet_recipe_name(i), name) == 0)
            cli_print(stdout, "recipe      %s: %s\n", name, alexnet_recipe_settings(i));
}

static void print_memory(const char *what, const alexnet_memory_info *m)
{
    char a[CLI_NUMBER], b[CLI_NUMBER], c[CLI_NUMBER], d[CLI_NUMBER];

    cli_print(stdout, "%-11s %s: weights %s, activations %s, scratch %s", what,
              cli_bytes(m->total, a), cli_bytes(m->weights, b), cli_bytes(m->activations, c),
              cli_bytes(m->scratch, d));
    if (m->prepared > 0) cli_print(stdout, ", packed weights %s", cli_bytes(m->prepared, a));
    if (m->gradients + m->momentum > 0)
        cli_print(stdout, ", gradients %s, momentum %s", cli_bytes(m->gradients, a),
                  cli_bytes(m->momentum, b));
    cli_print(stdout, "\n");
}

/* Prints the class names, or the first ones of many. */
static void print_classes(const alexnet_model *model, int classes)
{
    const int shown = classes <= 12 ? classes : 10;

    cli_print(stdout, "classes     %d", classes);
    for (int i = 0; i < shown && alexnet_model_class(model, i) != NULL; ++i) {
        cli_print(stdout, "%s ", i == 0 ? ":" : ",");
        cli_put(stdout, alexnet_model_class(model, i));
    }
    cli_print(stdout, "%s\n",
              shown < classes && alexnet_model_class(model, 0) != NULL ? ", ..." : "");
}

/* The file's own lines between the source of the model and its classes. */
static void print_file(const cli_shown_file *file, const char *hash)
{
    cli_print(stdout, "weights     ");
    cli_put(stdout, file->path);
    cli_print(stdout, "\n");
    if (file->info != NULL) cli_file_print_format(file->info);
    if (file->loaded) cli_print(stdout, "sha256      %s\n", hash);
}

cli_exit cli_show_model(cli *app, const alexnet_model *model, int batch, const cli_shown_file *file)
{
    alexnet_model_info info;
    alexnet_memory_info memory[2]; /* inference, training */
    char hash[65] = "", a[CLI_NUMBER];
    alexnet_status status = ALEXNET_OK;

    for (int training = 0; training < 2 && status == ALEXNET_OK; ++training)
        status = alexnet_model_get_memory(model, batch, training, &memory[training]);
    if (status == ALEXNET_OK && file != NULL && file->loaded)
        status = alexnet_model_hash(model, hash);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    if (app->common->json) return model_json(app, model, batch, file, hash, memory);

    alexnet_model_get_info(model, &info);
    cli_print(stdout, "%s: %s\n", info.family, info.summary);
    cli_print(stdout, "source      %s\n", info.source);
    if (file != NULL) print_file(file, hash);
    print_classes(model, info.classes);
    cli_print(stdout, "input       %d x %d x %d, %s\n", info.input[0], info.input[1], info.input[2],
              info.preprocess);
    print_recipe(info.recipe);
    cli_print(stdout, "neurons     %s\n\n", cli_thousands(info.neurons, a));
    status = print_layers(model, &info);
    if (status == ALEXNET_OK) {
        cli_print(stdout, "\n");
        if (file != NULL && file->info != NULL)
            cli_file_print_tensors(file->info);
        else
            status = print_tensors(model, info.tensors);
    }
    if (status != ALEXNET_OK) return cli_fail(app, status);
    cli_print(stdout, "\nmemory of the network alone, for %d %s at a time\n", batch,
              cli_noun(batch, "image", "images"));
    print_memory("inference", &memory[0]);
    print_memory("training", &memory[1]);
    if (file != NULL && file->info != NULL) cli_file_print_metadata(file->info);
    return CLI_DONE;
}
