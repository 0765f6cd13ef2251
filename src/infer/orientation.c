/*
 * orientation.c: alexnet_model_set_orientation(): changes one word of a preprocessing record.
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "base/status.h"
#include "core/model.h"
#include <string.h>

alexnet_status alexnet_model_set_orientation(alexnet_model *model, alexnet_orientation orientation)
{
    static const char key[] = "orientation=";
    const char *value = orientation == ALEXNET_ORIENTATION_EXIF ? "exif" : "stored";

    AN_NEED(NULL, model);
    alexnet_context *ctx = model->ctx;
    AN_NEED_WITHIN(ctx, orientation, 0, ALEXNET_ORIENTATION_STORED);
    const char *at = model->preprocess;
    if (orientation == ALEXNET_ORIENTATION_DEFAULT) return ALEXNET_OK;
    at += strspn(at, " ");
    const char *old = strncmp(at, key, sizeof key - 1) == 0 ? at : strstr(at, " orientation=");
    if (old == NULL) old = at + strlen(at);
    const char *rest = old + strspn(old, " ");
    rest += strcspn(rest, " ");

    char *record =
        an_format(ctx, "%.*s%s%s%s%s", (int)(old - at), at, old > at ? " " : "", key, value, rest);
    if (record == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "preprocessing record");
    const alexnet_status status = an_model_set_preprocess(model, record);
    an_free(ctx, record);
    return status;
}
