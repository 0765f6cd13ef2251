/*
 * fuzz_json.c: what is accepted is written as one line that is accepted again and means the same.
 * SPDX-License-Identifier: MIT
 */
#include "base/json.h"
#include "base/memory.h"
#include "fuzz/fuzz.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    json_t *object, *back;

    const alexnet_status status = an_json_parse(ctx, "fuzz", (const char *)data, size, &object);
    /* jansson, which needs more memory, takes the same for JSON. */
    json_t *other = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    FUZZ_REQUIRE(json_is_object(other) == (status == ALEXNET_OK));
    if (status == ALEXNET_OK) FUZZ_REQUIRE(json_equal(object, other));
    json_decref(other);
    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
    if (status != ALEXNET_OK) return 0;
    char *text = an_json_text(ctx, object);
    FUZZ_REQUIRE(text != NULL && strchr(text, '\n') == NULL);
    FUZZ_REQUIRE(an_json_parse(ctx, "fuzz", text, strlen(text), &back) == ALEXNET_OK);
    FUZZ_REQUIRE(json_equal(object, back));
    an_free(ctx, text);
    json_decref(object);
    json_decref(back);
    return 0;
}
