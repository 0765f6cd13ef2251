/*
 * exports.c: for runtime.py. Writes a family's network as ONNX, with images and the logits that the
 * program gives for them; runs an ONNX file by its own rules.
 *
 * usage: exports write FAMILY FILE DTYPE    FILE, FILE.images, FILE.logits: raw float32 of 2 images
 *        exports run FILE                   reads FILE.images; FILE.run; prints the families whose
 *                                           chain of layers is the file's
 * SPDX-License-Identifier: MIT
 */
#include "alexnet.h"
#include "base/file.h"
#include "base/memory.h"
#include "core/model.h"
#include "formats/graph.h"
#include "formats/onnx/onnx_write.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define IMAGES     2
#define PATH_BYTES 4096

static alexnet_status write_floats(alexnet_context *ctx, const char *path, const char *end,
                                   const float *values, size_t count)
{
    char name[PATH_BYTES];

    snprintf(name, sizeof name, "%s%s", path, end);
    return an_file_write(ctx, name, values, count * sizeof *values);
}

/* Weights of size 1 / sqrt(inputs), so that values keep their size; other parameters that differ
   from channel to channel. */
static void set_values(alexnet_model *model)
{
    uint32_t state = 1;

    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        const float size = sqrtf(3.F * (float)param->shape[0] / (float)param->count);
        for (int64_t j = 0; j < param->count; ++j) {
            state = state * 1664525 + 1013904223;
            const float drawn = (float)(state >> 8) * 0x1p-23F - 1;
            model->values[param->offset + (size_t)j] = param->is_variance ? 1.5F + drawn
                                                       : param->rank > 1  ? size * drawn
                                                                          : 0.5F + 0.2F * drawn;
        }
    }
    an_model_changed(model);
}

static alexnet_status write_model(alexnet_context *ctx, const alexnet_model *model,
                                  const char *path, an_dtype dtype)
{
    const size_t count = (size_t)model->params.count;
    an_tensor_out *tensors = an_new_array(ctx, count, sizeof *tensors);
    an_graph graph = {0};
    alexnet_status status = tensors != NULL ? an_graph_of_model(model, &graph) : ALEXNET_NO_MEMORY;

    for (size_t i = 0; i < count && status == ALEXNET_OK; ++i) {
        const an_param *param = &model->params.items[i];
        tensors[i] = (an_tensor_out){.name = param->name,
                                     .dtype = AN_F32,
                                     .rank = param->rank,
                                     .data = model->values + param->offset};
        memcpy(tensors[i].shape, param->shape, sizeof param->shape);
    }
    const an_network_out what = {
        .graph = &graph, .tensors = tensors, .count = count, .dtype = dtype};
    if (status == ALEXNET_OK) status = an_onnx_write(ctx, path, &what, NULL);
    an_free(ctx, graph.nodes);
    an_free(ctx, tensors);
    return status;
}

static alexnet_status write_logits(alexnet_context *ctx, const alexnet_model *model,
                                   const char *path)
{
    const size_t elements =
        3 * (size_t)model->options.input_h * (size_t)model->options.input_w * IMAGES;
    alexnet_session *session = NULL;
    int shape[3] = {0};
    alexnet_status status = alexnet_session_open(model, IMAGES, "logits", &session);

    if (status == ALEXNET_OK) alexnet_session_get_output(session, shape);
    const size_t results = IMAGES * (size_t)shape[0] * (size_t)shape[1] * (size_t)shape[2];
    float *images = an_new(ctx, elements * sizeof *images);
    float *logits = an_new(ctx, results * sizeof *logits);
    if (status == ALEXNET_OK && (images == NULL || logits == NULL)) status = ALEXNET_NO_MEMORY;
    if (status == ALEXNET_OK) {
        for (size_t i = 0; i < elements; ++i)
            images[i] = (float)((i * 7919) % 256) - 128;
        status = alexnet_session_run(session, images, IMAGES, logits);
    }
    if (status == ALEXNET_OK) status = write_floats(ctx, path, ".images", images, elements);
    if (status == ALEXNET_OK) status = write_floats(ctx, path, ".logits", logits, results);
    an_free(ctx, images);
    an_free(ctx, logits);
    alexnet_session_close(session);
    return status;
}

static alexnet_status write_family(alexnet_context *ctx, char **arguments)
{
    alexnet_model *model;
    an_dtype dtype;

    if (!an_dtype_find(arguments[4], &dtype)) return ALEXNET_BAD_ARG;
    alexnet_status status = alexnet_model_create(ctx, arguments[2], NULL, 1, &model);
    if (status != ALEXNET_OK) return status;
    set_values(model);
    status = write_model(ctx, model, arguments[3], dtype);
    if (status == ALEXNET_OK) status = write_logits(ctx, model, arguments[3]);
    alexnet_model_free(model);
    return status;
}

/* Prints the families of this input size and number of classes whose chain is equal. */
static alexnet_status print_families(alexnet_context *ctx, const an_graph *found)
{
    alexnet_model_options options = alexnet_model_options_default();

    options.input_h = found->nodes[0].in[1];
    options.input_w = found->nodes[0].in[2];
    for (int i = 0; i < found->count; ++i)
        if (found->nodes[i].weight >= 0) options.classes = found->nodes[i].out[0];
    for (int i = 0; an_family_at(i) != NULL; ++i) {
        const an_graph_node *theirs = NULL, *ours = NULL;
        an_graph graph = {0};
        alexnet_model *model;
        if (alexnet_model_describe(ctx, an_family_at(i)->name, &options, &model) != ALEXNET_OK)
            continue;
        if (an_graph_of_model(model, &graph) == ALEXNET_OK) {
            (void)an_graph_equal_nodes(found, &graph, &theirs, &ours);
            if (theirs == NULL && ours == NULL) printf("%s\n", an_family_at(i)->name);
        }
        an_free(ctx, graph.nodes);
        alexnet_model_free(model);
    }
    return ALEXNET_OK;
}

static alexnet_status run_on(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                             const an_bytes *bytes)
{
    const int *in = file->graph->nodes[0].in;
    const size_t image = (size_t)in[0] * (size_t)in[1] * (size_t)in[2] * sizeof(float);
    an_plain_map images, logits = {0};

    alexnet_status status =
        an_plain_new(ctx, path, (int)(bytes->size / image), in[0], in[1], in[2], &images);
    if (status != ALEXNET_OK) return status;
    memcpy(images.data, bytes->data, (size_t)images.n * image);
    status = file->format->run(ctx, path, file, &images, &logits);
    if (status == ALEXNET_OK)
        status =
            write_floats(ctx, path, ".run", logits.data,
                         (size_t)logits.n * (size_t)logits.c * (size_t)logits.h * (size_t)logits.w);
    an_plain_free(ctx, &images);
    an_plain_free(ctx, &logits);
    return status;
}

static alexnet_status run_file(alexnet_context *ctx, const char *path)
{
    char name[PATH_BYTES];
    an_tensor_file file;
    an_bytes bytes = {0};
    alexnet_status status = an_tensor_file_open(ctx, path, NULL, &file);

    if (status != ALEXNET_OK) return status;
    if (file.graph == NULL) {
        fprintf(stderr, "%s\n", file.no_graph);
        status = ALEXNET_UNSUPPORTED;
    }
    snprintf(name, sizeof name, "%s.images", path);
    if (status == ALEXNET_OK) status = an_file_read(ctx, name, (size_t)1 << 30, &bytes);
    if (status == ALEXNET_OK) status = run_on(ctx, path, &file, &bytes);
    if (status == ALEXNET_OK) status = print_families(ctx, file.graph);
    an_bytes_free(ctx, &bytes);
    an_tensor_file_close(ctx, &file);
    return status;
}

int main(int count, char **arguments)
{
    alexnet_context *ctx;
    alexnet_status status = ALEXNET_BAD_ARG;

    if (alexnet_open(NULL, &ctx) != ALEXNET_OK) return 1;
    if (count == 5 && strcmp(arguments[1], "write") == 0)
        status = write_family(ctx, arguments);
    else if (count == 3 && strcmp(arguments[1], "run") == 0)
        status = run_file(ctx, arguments[2]);
    if (status != ALEXNET_OK) fprintf(stderr, "%s\n", alexnet_error(ctx));
    alexnet_close(ctx);
    return status == ALEXNET_OK ? 0 : 1;
}
