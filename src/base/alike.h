/*
 * alike.h: names that are the same, and names that differ, but hardly to the eye: in the case of letters, or in Unicode's two forms of
 * a letter with a mark (one code point, as most systems write it, or two, as macOS has).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_ALIKE_H
#define AN_BASE_ALIKE_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stddef.h>

typedef enum an_likeness {
    AN_LIKENESS_NONE, /* other names; or the same bytes */
    AN_LIKENESS_CASE, /* the case of letters differs, and perhaps the form */
    AN_LIKENESS_FORM  /* they look the same */
} an_likeness;

an_likeness an_compare_likeness(const char *a, const char *b);

/*
 * A text that two names share exactly when they are alike (or the same): marks apart from their
 * letters, all letters small. Of Latin, Greek, Cyrillic, Arabic letters, kana and Hangul; other
 * bytes stay as they are. Allocated; NULL: no memory.
 */
char *an_alike_key(alexnet_context *ctx, const char *name) AN_NODISCARD;

/* *twice: a name that stands there more than once; NULL: there is none. NO_MEMORY. */
alexnet_status an_find_twice(alexnet_context *ctx, const char *const *names, size_t count,
                             const char **twice) AN_NODISCARD;

#endif
