/*
 * machine.c: a context for this machine: base's part, and the backend that its options ask for.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/status.h"
#include "core/backend.h"

alexnet_status alexnet_open(const alexnet_options *options, alexnet_context **out)
{
    alexnet_status status;

    AN_NEED(NULL, out);
    AN_TRY(an_context_open(options, out));
    status = an_backend_find(*out, (*out)->options.cpu, &(*out)->backend);
    if (status != ALEXNET_OK) {
        alexnet_close(*out);
        *out = NULL;
    }
    return status;
}

alexnet_status alexnet_get_machine(alexnet_context *ctx, alexnet_machine *out)
{
    AN_NEED(ctx, ctx);
    AN_NEED(ctx, out);
    *out = (alexnet_machine){
        .backend = ctx->backend->name,
        .tier = ctx->backend->tier,
        .threads = ctx->options.threads,
        .features = ctx->backend->features(),
    };
    return ALEXNET_OK;
}
