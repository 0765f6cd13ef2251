/*
 * fuzz_caffe.c: whatever the bytes, the reader refuses them, or gives tensors that lie in them and
 * a network that runs or is refused.
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "formats/caffe/caffe.h"
#include "fuzz/fuzz.h"

#define ELEMENTS_MAX 4096 /* of a map that is run */

static void check_tensor(const an_tensor_view *tensor, size_t size)
{
    float *values = malloc((size_t)tensor->count * sizeof *values + 1);

    FUZZ_REQUIRE(values != NULL);
    FUZZ_REQUIRE(tensor->rank >= 0 && tensor->rank <= AN_TENSOR_RANK_MAX);
    FUZZ_REQUIRE((size_t)tensor->count <= size / 4);
    FUZZ_REQUIRE(an_tensor_to_float(fuzz_context(), "fuzz", tensor, values) == ALEXNET_OK);
    free(values);
}

static int64_t elements(const int *shape) { return (int64_t)shape[0] * shape[1] * shape[2]; }

static bool is_small(const an_graph *graph)
{
    for (int i = 0; i < graph->count; ++i)
        if (elements(graph->nodes[i].in) > ELEMENTS_MAX ||
            elements(graph->nodes[i].out) > ELEMENTS_MAX)
            return false;
    return true;
}

/* A network that fits its weights gives as many numbers as its chain says. */
static void run(const an_tensor_file *file)
{
    alexnet_context *ctx = fuzz_context();
    const int *in = file->graph->nodes[0].in;
    const int *out = file->graph->nodes[file->graph->count - 1].out;
    an_plain_map x, y;

    if (file->graph->count > 12 || !is_small(file->graph)) return;
    FUZZ_REQUIRE(an_plain_new(ctx, "x", 1, in[0], in[1], in[2], &x) == ALEXNET_OK);
    for (int i = 0; i < elements(in); ++i)
        x.data[i] = (float)(i % 7 - 3);
    FUZZ_REQUIRE(file->format->run(ctx, "fuzz", file, &x, &y) == ALEXNET_OK);
    FUZZ_REQUIRE(y.c == out[0] && y.h == out[1] && y.w == out[2]);
    an_plain_free(ctx, &x);
    an_plain_free(ctx, &y);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    an_tensor_file file;
    const alexnet_status status =
        an_tensor_file_parse(ctx, "fuzz", data, size, &an_tensor_format_caffe, &file);

    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
    if (status != ALEXNET_OK) return 0;
    for (size_t i = 0; i < file.count; ++i)
        check_tensor(&file.tensors[i], size);
    if (file.graph != NULL) run(&file);
    an_tensor_file_close(ctx, &file);
    return 0;
}
