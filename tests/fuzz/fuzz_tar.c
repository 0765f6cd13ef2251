/*
 * fuzz_tar.c: whatever the bytes, the index points inside them, and the tree made of it holds
 * together.
 *
 * Headers are given a right checksum first: it would keep nearly every change from being looked at.
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "data/tar.h"
#include "fuzz/fuzz.h"
#include <stdio.h>
#include <string.h>

#define SPARSE_READ_MAX (1 << 20) /* bytes of a file with holes that is put together */

static void set_checksum(uint8_t *block)
{
    unsigned sum = 8 * ' ';

    for (int i = 0; i < AN_TAR_BLOCK; ++i)
        sum += i >= 148 && i < 156 ? 0 : block[i];
    if (sum > 8 * ' ') snprintf((char *)block + 148, 8, "%06o", sum & 0777777);
}

static void check_index(const an_tar *tar, const an_blob *blob, an_source_buffer *buffer)
{
    const an_tree *tree = &tar->tree;

    for (size_t i = 0; i < tree->count; ++i) {
        const an_leaf *leaf = &tree->leaves[i];
        FUZZ_REQUIRE(leaf->path[0] != '\0' && leaf->path[0] != '/');
        FUZZ_REQUIRE(leaf->offset <= blob->size && leaf->size <= blob->size - leaf->offset);
        const an_sparse *sparse = an_sparse_find(&tar->sparse, leaf->offset);
        if (leaf->offset == 0 && leaf->path[strlen(leaf->path) - 1] != '/')
            FUZZ_REQUIRE(leaf->size < tar->reasons.count);
        if (sparse != NULL && sparse->size < SPARSE_READ_MAX)
            FUZZ_REQUIRE(an_sparse_view(sparse, blob, fuzz_context(), buffer) == ALEXNET_OK);
    }
}

static void check_source(const an_tree *tree, const an_source *source)
{
    FUZZ_REQUIRE(source->count > 0 && (size_t)source->count == tree->count);
    for (int64_t i = 0; i < source->count; ++i) {
        const char *name = source->classes.names[source->labels[i]];
        FUZZ_REQUIRE(strstr(tree->leaves[i].path, name) == tree->leaves[i].path);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "fuzz";
    alexnet_context *ctx = fuzz_context();
    an_blob blob = {.path = path, .size = size, .memory = malloc(size + 1)};
    an_source source = {.ctx = ctx, .path = path};
    an_tar tar = {0};
    an_source_buffer buffer = {0};

    FUZZ_REQUIRE(blob.memory != NULL);
    memcpy(blob.memory, data, size);
    for (size_t at = 0; at + AN_TAR_BLOCK <= size; at += AN_TAR_BLOCK)
        set_checksum(blob.memory + at);
    if (an_tar_index(ctx, &blob, &tar) == ALEXNET_OK) {
        check_index(&tar, &blob, &buffer);
        if (an_tree_finish(ctx, &tar.tree, &source) == ALEXNET_OK) check_source(&tar.tree, &source);
    }
    an_source_buffer_free(ctx, &buffer);
    an_tally_free(ctx, &source.passed);
    an_names_free(ctx, &source.classes);
    an_free(ctx, source.labels);
    an_tar_free(ctx, &tar);
    free(blob.memory);
    return 0;
}
