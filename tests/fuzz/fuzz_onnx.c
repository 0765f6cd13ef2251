/*
 * fuzz_onnx.c: whatever the bytes, the reader refuses them, or gives tensors that can be read and,
 * perhaps, a chain of layers whose sizes follow from each other; a small one runs by its own rules.
 * SPDX-License-Identifier: MIT
 */
#include "formats/graph.h"
#include "formats/tensor_file.h"
#include "fuzz/fuzz.h"
#include <stdlib.h>

#define RUN_ELEMENTS ((int64_t)1 << 16) /* of a map: a larger network takes too long */

static void check_tensor(const an_tensor_view *tensor)
{
    float *values = malloc((size_t)tensor->count * sizeof *values + 1);

    FUZZ_REQUIRE(values != NULL);
    FUZZ_REQUIRE(tensor->rank >= 0 && tensor->rank <= AN_TENSOR_RANK_MAX);
    const alexnet_status status = an_tensor_to_float(fuzz_context(), "fuzz", tensor, values);
    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
    free(values);
}

/* Returns the number of elements of the largest map and of the largest kernel over it. */
static int64_t check_graph(const an_tensor_file *file)
{
    const an_graph *graph = file->graph;
    int64_t most = 0;

    for (int i = 0; i < graph->count; ++i) {
        const an_graph_node *node = &graph->nodes[i];
        const int params[4] = {node->weight, node->bias, node->mean, node->variance};
        for (int j = 0; j < 4; ++j)
            FUZZ_REQUIRE(params[j] < (int)file->count);
        for (int j = 0; j < 3; ++j) {
            FUZZ_REQUIRE(node->in[j] > 0 && node->out[j] > 0);
            FUZZ_REQUIRE(i == 0 || node->in[j] == node[-1].out[j]);
        }
        const int64_t area = (int64_t)node->in[0] * node->in[1] * node->in[2];
        const int64_t out = (int64_t)node->out[0] * node->out[1] * node->out[2];
        const int64_t window = (1 + (int64_t)node->kernel[0] + node->pad[0]) *
                               (1 + (int64_t)node->kernel[1] + node->pad[1]);
        const int64_t work = area > RUN_ELEMENTS || out > RUN_ELEMENTS || window > RUN_ELEMENTS
                                 ? RUN_ELEMENTS + 1
                                 : (out + area) * window * (1 + node->size);
        most = work > most ? work : most;
    }
    return most;
}

static void run(const an_tensor_file *file)
{
    alexnet_context *ctx = fuzz_context();
    const int *in = file->graph->nodes[0].in;
    an_plain_map images, logits;

    FUZZ_REQUIRE(an_plain_new(ctx, "fuzz", 1, in[0], in[1], in[2], &images) == ALEXNET_OK);
    for (int i = 0; i < in[0] * in[1] * in[2]; ++i)
        images.data[i] = (float)(i % 7);
    const alexnet_status status = file->format->run(ctx, "fuzz", file, &images, &logits);
    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE ||
                 status == ALEXNET_UNSUPPORTED);
    an_plain_free(ctx, &images);
    an_plain_free(ctx, &logits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    an_tensor_file file;

    if (an_tensor_file_parse(ctx, "fuzz", data, size, an_tensor_format_find("onnx"), &file) !=
        ALEXNET_OK)
        return 0;
    FUZZ_REQUIRE((file.graph == NULL) == (file.no_graph != NULL));
    for (size_t i = 0; i < file.count; ++i)
        if (file.tensors[i].dtype <= AN_BF16) check_tensor(&file.tensors[i]);
    if (file.graph != NULL && check_graph(&file) <= RUN_ELEMENTS) run(&file);
    an_tensor_file_close(ctx, &file);
    return 0;
}
