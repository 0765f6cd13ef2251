/*
 * weights_save.c: the part of weights.h that writes a model as a safetensors file, and
 * alexnet_model_save(). The same model gives the same bytes.
 * SPDX-License-Identifier: MIT
 */
#include "formats/weights.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "core/options.h"
#include "formats/graph.h"
#include "formats/metadata.h"
#include <string.h>

#define RESERVED_ENTRIES_MAX 6

/* The rest of the header, a few kilobytes, fits beside the largest list of classes. */
_Static_assert(AN_CLASSES_BYTES_MAX + 32768 < AN_SAFETENSORS_HEADER_MAX, "no room for the header");

/* The lists that a file is written from; the texts and values belong to the model. */
typedef struct contents {
    an_tensor_out *tensors;
    size_t tensor_count;
    const char **keys, **values;
    size_t metadata_count;
    char options[AN_OPTIONS_TEXT];
    char *classes; /* JSON, allocated; NULL: unnamed */
} contents;

static void list_tensors(const alexnet_model *model, an_weights_part part, contents *out)
{
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        if (part != AN_WEIGHTS_ALL && param->frozen != (part == AN_WEIGHTS_FROZEN)) continue;
        an_tensor_out *tensor = &out->tensors[out->tensor_count++];
        *tensor = (an_tensor_out){.name = param->name,
                                  .dtype = AN_F32,
                                  .rank = param->rank,
                                  .data = model->values + param->offset};
        memcpy(tensor->shape, param->shape, sizeof param->shape);
    }
    if (model->mean_image != NULL && part != AN_WEIGHTS_FROZEN)
        out->tensors[out->tensor_count++] = (an_tensor_out){
            .name = AN_MEAN_IMAGE,
            .dtype = AN_F32,
            .rank = 3,
            .shape = {model->mean_shape[0], model->mean_shape[1], model->mean_shape[2]},
            .data = model->mean_image};
}

/* Prints the class names as a JSON list, allocated. */
static alexnet_status print_classes(const alexnet_model *model, char **out)
{
    alexnet_context *ctx = model->ctx;
    an_json_maker m = {0};
    json_t *list = an_json_list(&m);

    for (int i = 0; i < model->options.classes; ++i)
        an_json_add(&m, list, an_json_string(&m, model->classes[i]));
    *out = m.status == ALEXNET_OK ? an_json_text(ctx, list) : NULL;
    json_decref(list);
    return *out != NULL
               ? ALEXNET_OK
               : an_fail(ctx, ALEXNET_NO_MEMORY, "names of %d classes", model->options.classes);
}

static void add_entry(contents *out, const char *key, const char *value)
{
    out->keys[out->metadata_count] = key;
    out->values[out->metadata_count++] = value;
}

static alexnet_status list_metadata(const alexnet_model *model, an_weights_part part, contents *out)
{
    add_entry(out, AN_KEY_FORMAT, "pt");
    if (part == AN_WEIGHTS_FROZEN) return ALEXNET_OK; /* AN_WEIGHTS_TRAINED has it */
    an_options_print(&model->options, out->options);
    if (model->classes != NULL) AN_TRY(print_classes(model, &out->classes));

    add_entry(out, AN_KEY_SCHEMA, AN_WEIGHTS_SCHEMA);
    add_entry(out, AN_KEY_FAMILY, model->family->name);
    add_entry(out, AN_KEY_OPTIONS, out->options);
    if (out->classes != NULL) add_entry(out, AN_KEY_CLASSES, out->classes);
    add_entry(out, AN_KEY_PREPROCESS, model->preprocess);
    for (size_t i = 0; i < model->metadata_count; ++i) {
        const an_metadata_entry *entry = &model->metadata[i];
        if (!an_metadata_is_reserved(entry->key)) add_entry(out, entry->key, entry->value);
    }
    return ALEXNET_OK;
}

static alexnet_status list_contents(const alexnet_model *model, an_weights_part part, contents *out)
{
    alexnet_context *ctx = model->ctx;
    const size_t tensors = (size_t)model->params.count + 1;
    const size_t entries = model->metadata_count + RESERVED_ENTRIES_MAX;

    out->tensors = an_new_array(ctx, tensors, sizeof *out->tensors);
    out->keys = an_new_array(ctx, entries, sizeof *out->keys);
    out->values = an_new_array(ctx, entries, sizeof *out->values);
    if (out->tensors == NULL || out->keys == NULL || out->values == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "list of %zu tensors", tensors);
    list_tensors(model, part, out);
    return list_metadata(model, part, out);
}

static void free_contents(alexnet_context *ctx, contents *list)
{
    an_free(ctx, list->tensors);
    an_free(ctx, list->keys);
    an_free(ctx, list->values);
    an_free(ctx, list->classes);
}

static alexnet_status check_values(const alexnet_model *model, const char *path)
{
    return model->values != NULL
               ? ALEXNET_OK
               : an_fail(model->ctx, ALEXNET_BAD_ARG,
                         "%s: the model is only described, without weights", path);
}

alexnet_status an_weights_save(const alexnet_model *model, an_weights_part part, const char *path,
                               an_file_sum *sum)
{
    alexnet_context *ctx = model->ctx;
    contents list = {0};

    AN_TRY(check_values(model, path));
    alexnet_status status = list_contents(model, part, &list);
    if (status == ALEXNET_OK)
        status = an_safetensors_write_sum(ctx, path, list.tensors, list.tensor_count, list.keys,
                                          list.values, list.metadata_count, sum);
    else
        status = an_fail_within(ctx, status, "%s", path);
    free_contents(ctx, &list);
    return status;
}

alexnet_status alexnet_model_save(const alexnet_model *model, const char *path)
{
    AN_NEED(NULL, model);
    AN_NEED(model->ctx, path);
    return an_weights_save(model, AN_WEIGHTS_ALL, path, NULL);
}

/* ---- in any format ---- */

/* Rounds the weights and biases of a list to a narrower type, into one new block. */
static alexnet_status narrow(const alexnet_model *model, an_dtype dtype, contents *list,
                             void **block)
{
    alexnet_context *ctx = model->ctx;
    uint8_t *at = an_new_array(ctx, model->params.values, an_dtype_bytes(dtype));

    *block = at;
    if (at == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "weights as %s", an_dtype_name(dtype));
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        if (param->role == AN_PARAM_STATISTIC) continue;
        const int64_t odd =
            an_tensor_from_float(dtype, list->tensors[i].data, (size_t)param->count, at);
        if (odd >= 0)
            return an_fail(ctx, ALEXNET_UNSUPPORTED, "%s: number %lld is too large for %s",
                           param->name, (long long)odd, an_dtype_name(dtype));
        list->tensors[i].dtype = dtype;
        list->tensors[i].data = at;
        at += (size_t)param->count * an_dtype_bytes(dtype);
    }
    return ALEXNET_OK;
}

static alexnet_status write_network(const alexnet_model *model, const an_tensor_format *format,
                                    an_dtype dtype, const char *path, const contents *list,
                                    an_file_sum *sum)
{
    an_graph graph;

    AN_TRY(an_graph_of_model(model, &graph));
    const an_network_out network = {
        .graph = &graph,
        .tensors = list->tensors,
        .count = (size_t)model->params.count,
        .dtype = dtype,
        .keys = list->keys,
        .values = list->values,
        .metadata_count = list->metadata_count,
        .mean_image = model->mean_image,
        .mean_shape = {model->mean_shape[0], model->mean_shape[1], model->mean_shape[2]}};
    const alexnet_status status = format->write_network(model->ctx, path, &network, sum);
    an_free(model->ctx, graph.nodes);
    return status;
}

static alexnet_status write_list(const alexnet_model *model, const an_tensor_format *format,
                                 an_dtype dtype, const char *path, contents *list, an_file_sum *sum)
{
    void *block = NULL;
    alexnet_status status = ALEXNET_OK;

    if (format->write_network != NULL) return write_network(model, format, dtype, path, list, sum);
    if (format->write == NULL)
        return an_fail(model->ctx, ALEXNET_UNSUPPORTED, "%s: format %s is only read", path,
                       format->name);
    if (dtype != AN_F32) status = narrow(model, dtype, list, &block);
    if (status == ALEXNET_OK)
        status = format->write(model->ctx, path, list->tensors, list->tensor_count, list->keys,
                               list->values, list->metadata_count, sum);
    an_free(model->ctx, block);
    return status;
}

alexnet_status an_weights_write(const alexnet_model *model, const an_tensor_format *format,
                                an_dtype dtype, const char *path, an_file_sum *sum)
{
    contents list = {0};

    AN_TRY(check_values(model, path));
    alexnet_status status = list_contents(model, AN_WEIGHTS_ALL, &list);
    status = status == ALEXNET_OK ? write_list(model, format, dtype, path, &list, sum)
                                  : an_fail_within(model->ctx, status, "%s", path);
    free_contents(model->ctx, &list);
    return status;
}
