/*
 * alike.h: finds equal names, and names that look almost the same: they differ in the case of
 * letters, or in Unicode's two forms of a letter with a mark (one code point on most systems, two
 * on macOS).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_ALIKE_H
#define AN_BASE_ALIKE_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stddef.h>

typedef enum an_likeness {
    AN_LIKENESS_NONE, /* different names, or the same bytes */
    AN_LIKENESS_CASE, /* the case of letters differs, and perhaps the form */
    AN_LIKENESS_FORM  /* they look the same */
} an_likeness;

an_likeness an_compare_likeness(const char *a, const char *b);

/*
 * A key that is equal for two names if and only if they are alike or the same: the name with marks
 * separated from their letters, in small letters. Covers Latin, Greek, Cyrillic and Arabic letters,
 * kana and Hangul; other bytes are copied. Allocated; NULL: no memory.
 */
char *an_alike_key(alexnet_context *ctx, const char *name) AN_NODISCARD;

/* *twice: a name that occurs more than once; NULL: there is none. NO_MEMORY. */
alexnet_status an_find_twice(alexnet_context *ctx, const char *const *names, size_t count,
                             const char **twice) AN_NODISCARD;

#endif
