/*
 * machine.c: alexnet_open(): a context of base (base/context.h) with the backend for its options;
 * alexnet_get_machine().
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/status.h"
#include "core/backend.h"

alexnet_status alexnet_open(const alexnet_options *options, alexnet_context **out)
{
    const an_backend *backend = NULL;

    AN_NEED(NULL, out);
    AN_TRY(an_context_open(options, out));
    const alexnet_status status = an_backend_find(*out, (*out)->options.cpu, &backend);
    (*out)->inherited = backend;
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
        .backend = an_context_backend(ctx)->name,
        .tier = an_context_backend(ctx)->tier,
        .threads = ctx->options.threads,
        .features = an_context_backend(ctx)->features(),
    };
    return ALEXNET_OK;
}
