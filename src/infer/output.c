/*
 * output.c: whether a file can be written, before the work.
 * SPDX-License-Identifier: MIT
 */
#include "infer/output.h"

#include "base/file.h"
#include "base/status.h"

alexnet_status an_output_is_not(alexnet_context *ctx, const char *out, const char *in)
{
    bool same = false;

    AN_TRY(an_file_same(ctx, out, in, &same));
    return same ? an_fail(ctx, ALEXNET_BAD_ARG, "'%s' is read and cannot be written, too", out)
                : ALEXNET_OK;
}

alexnet_status an_output_try(alexnet_context *ctx, const char *path)
{
    an_writer *writer;

    AN_TRY(an_writer_open(ctx, path, &writer));
    an_writer_abandon(writer);
    return ALEXNET_OK;
}
