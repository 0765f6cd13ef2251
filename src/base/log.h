/*
 * log.h: messages for the user, passed to the caller's callback. The library itself never prints.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_LOG_H
#define AN_BASE_LOG_H

#include "alexnet.h"
#include "base/compiler.h"

/* One line without newline. Does nothing if the context has no log callback. */
void an_log(alexnet_context *ctx, alexnet_log_level level, const char *format, ...) AN_PRINTF(3, 4);

#endif
