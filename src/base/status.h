/*
 * status.h: a status code out, the cause in the context.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_STATUS_H
#define AN_BASE_STATUS_H

#include "alexnet.h"
#include "base/compiler.h"

/* Returns from the enclosing function with the status of `call` unless that is ALEXNET_OK. */
#define AN_TRY(call)                                                                               \
    do {                                                                                           \
        const alexnet_status try_ = (call);                                                        \
        if (try_ != ALEXNET_OK) return try_;                                                       \
    } while (0)

/*
 * Checks of a public function's arguments. BAD_ARG, naming the function and the argument: a
 * required pointer is NULL, or a number is out of range. The context may be NULL: then there is no
 * message.
 */
#define AN_NEED(ctx, pointer) AN_TRY(an_need(ctx, __func__, #pointer, pointer))
#define AN_NEED_WITHIN(ctx, number, min, max)                                                      \
    AN_TRY(an_need_within(ctx, __func__, #number, (long long)(number), min, max))

alexnet_status an_need(alexnet_context *ctx, const char *function, const char *name,
                       const void *pointer) AN_NODISCARD;
alexnet_status an_need_within(alexnet_context *ctx, const char *function, const char *name,
                              long long number, long long min, long long max) AN_NODISCARD;

/*
 * Writes the cause of a failure into the context and returns `status`:
 *     return an_fail(ctx, ALEXNET_BAD_FILE, "%s: header of %zu bytes, file has %zu", path, n,
 *                    size);
 * The message names the thing (file, layer, option), what was expected and what was found. No final
 * full stop, no newline. A longer message is truncated to AN_ERROR_BYTES - 1 bytes.
 */
alexnet_status an_fail(alexnet_context *ctx, alexnet_status status, const char *format, ...)
    AN_PRINTF(3, 4);

/*
 * As an_fail(), with ": " and the system's text for `error_number` appended. The status follows
 * from it: NOT_FOUND (ENOENT, ENOTDIR), NO_MEMORY (ENOMEM), for all others IO.
 */
alexnet_status an_fail_errno(alexnet_context *ctx, int error_number, const char *format, ...)
    AN_PRINTF(3, 4);

/* Puts "text: " in front of the message already there, and returns `status` unchanged. */
alexnet_status an_fail_within(alexnet_context *ctx, alexnet_status status, const char *format, ...)
    AN_PRINTF(3, 4);

/*
 * The status of a failed read of one file among many: BAD_FILE in place of IO if the system refuses
 * this file only (no permission, a link to itself, a name too long, a damaged sector). Causes such
 * as too many open files stay IO, as the next file would fail, too. Call this before anything else
 * fails on the context.
 */
alexnet_status an_status_of_reading(const alexnet_context *ctx, alexnet_status status);

/*
 * gcc's analyzer reads one file at a time, so it does not know that these functions never return
 * success. This tells it, so that it follows only possible paths. Only in the analyzer's build, as
 * arguments are evaluated twice.
 */
#ifdef AN_ANALYZE
static inline alexnet_status an_known(alexnet_status returned, alexnet_status status)
{
    (void)returned;
    return status;
}
#define an_fail(ctx, status, ...)        an_known(an_fail(ctx, status, __VA_ARGS__), status)
#define an_fail_within(ctx, status, ...) an_known(an_fail_within(ctx, status, __VA_ARGS__), status)
#define an_fail_errno(ctx, number, ...)                                                            \
    an_known(an_fail_errno(ctx, number, __VA_ARGS__), ALEXNET_IO)
#endif

/* If the place of an output does not exist, that is IO; NOT_FOUND is for inputs. */
static inline alexnet_status an_status_of_writing(alexnet_status status)
{
    return status == ALEXNET_NOT_FOUND ? ALEXNET_IO : status;
}

#endif
