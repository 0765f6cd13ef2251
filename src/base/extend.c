/*
 * extend.c: converts options of any version of the header to those of this one.
 * SPDX-License-Identifier: MIT
 */
#include "base/extend.h"

#include <stdbool.h>
#include <string.h>

static bool is_zero(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (bytes[i] != 0) return false;
    return true;
}

alexnet_status an_extend(alexnet_context *ctx, const char *function, const char *name,
                         const void *given, size_t bytes, void *out)
{
    size_t size;

    memcpy(&size, given, sizeof size);
    const bool set = size > sizeof size && size <= AN_EXTEND_BYTES_MAX;
    const bool known = set && (size <= bytes || is_zero((const char *)given + bytes, size - bytes));
    if (!known && ctx == NULL) return ALEXNET_BAD_ARG;
    if (!set)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "%s(): '%s' has struct_size %zu, expected %zu: begin with "
                       "alexnet_..._default()",
                       function, name, size, bytes);
    if (!known)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "%s(): '%s' asks for something that version %s does not know", function,
                       name, alexnet_version());
    memset(out, 0, bytes);
    memcpy(out, given, AN_MIN(size, bytes));
    memcpy(out, &bytes, sizeof bytes); /* struct_size of the completed struct */
    return ALEXNET_OK;
}
