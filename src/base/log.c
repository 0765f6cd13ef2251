/*
 * log.c: messages for the user.
 * SPDX-License-Identifier: MIT
 */
#include "base/log.h"

#include "base/context.h"
#include "base/text.h"
#include <stdarg.h>

void an_log(alexnet_context *ctx, alexnet_log_level level, const char *format, ...)
{
    char text[AN_ERROR_BYTES] = "", line[AN_ERROR_BYTES];
    va_list list;

    if (ctx->options.log == NULL) return;
    va_start(list, format);
    an_print_list(text, sizeof text, format, list);
    va_end(list);
    an_escape_line(line, sizeof line, text);
    ctx->options.log(ctx->options.log_user, level, line);
}
