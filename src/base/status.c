/*
 * status.c: the meaning of a status, and the message of a failure.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"

#include "base/context.h"
#include "base/text.h"
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <string.h>

#undef an_fail /* they are macros in the analyzer's build */
#undef an_fail_within
#undef an_fail_errno

#define VERSION         ALEXNET_VERSION_MAJOR.ALEXNET_VERSION_MINOR.ALEXNET_VERSION_PATCH
#define TEXT_OF(macro)  TEXT_OF_2(macro) /* twice, so that the macro's value becomes the text */
#define TEXT_OF_2(text) #text

const char *alexnet_version(void) { return TEXT_OF(VERSION); }

const char *alexnet_status_text(alexnet_status status)
{
    switch (status) {
#define STATUS_CASE(name, value, text)                                                             \
    case ALEXNET_##name:                                                                           \
        return text;
        ALEXNET_STATUS_MAP(STATUS_CASE)
#undef STATUS_CASE
    }
    return "unknown status"; /* a number from elsewhere: a newer library, a cast */
}

const char *alexnet_error(const alexnet_context *ctx)
{
    return ctx != NULL ? ctx->error : "there is no context";
}

/* Messages are formatted in another buffer: an argument may be the message that is replaced. */
static void set_message(alexnet_context *ctx, char text[AN_ERROR_BYTES])
{
    an_escape_line(ctx->error, AN_ERROR_BYTES, text); /* names in it may hold anything */
}

alexnet_status an_fail(alexnet_context *ctx, alexnet_status status, const char *format, ...)
{
    char text[AN_ERROR_BYTES] = "";
    va_list list;

    va_start(list, format);
    an_print_list(text, sizeof text, format, list);
    va_end(list);
    set_message(ctx, text);
    ctx->error_number = 0;
    return status;
}

alexnet_status an_need(alexnet_context *ctx, const char *function, const char *name,
                       const void *pointer)
{
    if (pointer != NULL) return ALEXNET_OK;
    return ctx != NULL ? an_fail(ctx, ALEXNET_BAD_ARG, "%s(): '%s' is NULL", function, name)
                       : ALEXNET_BAD_ARG;
}

alexnet_status an_need_within(alexnet_context *ctx, const char *function, const char *name,
                              long long number, long long min, long long max)
{
    if (number >= min && number <= max) return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_ARG, "%s(): '%s' is %lld, expected %lld to %lld", function,
                   name, number, min, max);
}

static alexnet_status status_of_errno(int error_number)
{
    switch (error_number) {
    case ENOENT:
    case ENOTDIR:
        return ALEXNET_NOT_FOUND;
    case ENOMEM:
        return ALEXNET_NO_MEMORY;
    default:
        return ALEXNET_IO;
    }
}

alexnet_status an_fail_errno(alexnet_context *ctx, int error_number, const char *format, ...)
{
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    char subject[AN_ERROR_BYTES] = "";
    char text[AN_ERROR_BYTES] = "";
    va_list list;

    va_start(list, format);
    an_print_list(subject, sizeof subject, format, list);
    va_end(list);
    an_print(text, sizeof text, "%s: %s", subject, strerror_l(error_number, plain));
    freelocale(plain);
    set_message(ctx, text);
    ctx->error_number = error_number;
    return status_of_errno(error_number);
}

alexnet_status an_status_of_reading(const alexnet_context *ctx, alexnet_status status)
{
    static const int of_one_file[] = {EACCES, EPERM,  ELOOP,  ENAMETOOLONG, EIO,     EISDIR,
                                      ENXIO,  ENODEV, EINVAL, EOVERFLOW,    EBADMSG, ESTALE};

    for (size_t i = 0; i < AN_COUNT(of_one_file); ++i) {
        if (status == ALEXNET_IO && ctx->error_number == of_one_file[i]) return ALEXNET_BAD_FILE;
    }
    return status;
}

alexnet_status an_fail_within(alexnet_context *ctx, alexnet_status status, const char *format, ...)
{
    char place[AN_ERROR_BYTES] = "";
    char text[AN_ERROR_BYTES] = "";
    va_list list;

    va_start(list, format);
    an_print_list(place, sizeof place, format, list);
    va_end(list);
    an_print(text, sizeof text, "%s: %s", place, ctx->error);
    set_message(ctx, text);
    return status;
}
