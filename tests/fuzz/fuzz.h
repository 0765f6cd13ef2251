/*
 * fuzz.h: what the fuzz targets share.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_FUZZ_H
#define AN_TEST_FUZZ_H

#include "alexnet.h"
#include "base/context.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A fault that no sanitizer would see. */
#define FUZZ_REQUIRE(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

static inline void fuzz_fail(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
    abort();
}

/* One context for the whole process. */
static inline alexnet_context *fuzz_context(void)
{
    static alexnet_context *ctx;

    if (ctx == NULL) FUZZ_REQUIRE(an_context_open(NULL, &ctx) == ALEXNET_OK);
    return ctx;
}

#endif
