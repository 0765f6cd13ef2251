/*
 * extend.h: structs of options that grow from version to version. They begin with `struct_size`,
 * the sizeof in the calling program; new members are added at the end, and zero asks for their
 * default.
 *
 *     caller's struct   | struct_size | members it knows |          completed with zeros
 *     ours              | struct_size | the same         | members added since |
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_EXTEND_H
#define AN_BASE_EXTEND_H

#include "base/status.h"

#define AN_EXTEND_BYTES_MAX                                                                        \
    4096 /* larger than any struct of options; larger values of struct_size
                                    are garbage */

/* Copies the options of a public function's caller to *out, completed. Returns BAD_ARG if that
   fails. */
#define AN_TAKE_OPTIONS(ctx, given, out)                                                           \
    AN_TRY(an_extend(ctx, __func__, #given, given, sizeof *(out), out))

/*
 * Copies a struct of options of any version to `out`, of `bytes` bytes. BAD_ARG: `struct_size` was
 * not set, or members that this version does not have are not zero. The context may be NULL: then
 * there is no message.
 */
alexnet_status an_extend(alexnet_context *ctx, const char *function, const char *name,
                         const void *given, size_t bytes, void *out) AN_NODISCARD;

#endif
