/*
 * fuzz_prototxt.c: whatever the text, the parser refuses it or gives a tree whose fields have names
 * and values.
 * SPDX-License-Identifier: MIT
 */
#include "formats/caffe/prototxt.h"
#include "fuzz/fuzz.h"
#include <string.h>

static size_t check_tree(const an_prototxt *message, int depth)
{
    size_t fields = 0;

    FUZZ_REQUIRE(depth <= AN_PROTOTXT_DEPTH_MAX);
    for (const an_prototxt *f = message->first; f != NULL; f = f->next) {
        FUZZ_REQUIRE(f->name != NULL && (f->text == NULL || f->first == NULL));
        fields += 1 + (f->text == NULL ? check_tree(f, depth + 1) : 0);
    }
    return fields;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    an_store store = {0};
    const an_prototxt *root;
    const alexnet_status status =
        an_prototxt_parse(ctx, "fuzz", (const char *)data, size, &store, &root);

    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
    FUZZ_REQUIRE((root != NULL) == (status == ALEXNET_OK));
    if (root != NULL) {
        FUZZ_REQUIRE(check_tree(root, 0) <= size);
        for (const an_prototxt *f = root->first; f != NULL; f = f->next) {
            FUZZ_REQUIRE(an_prototxt_find(root, f->name, NULL) != NULL);
            (void)an_prototxt_int(root, f->name, 0);
            (void)an_prototxt_real(root, f->name, 0);
            (void)an_prototxt_bool(root, f->name, false);
        }
    }
    an_store_free(ctx, &store);
    return 0;
}
