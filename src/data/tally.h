/*
 * tally.h: counts by kind the files that a data set passes over, so that none is dropped silently.
 *
 *     12 HEIC, 3 CR2           images in unsupported formats
 *     4 .txt, 2 hidden         other files, by extension
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_TALLY_H
#define AN_DATA_TALLY_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AN_TALLY_NAME 48

typedef struct an_tally_row {
    char name[AN_TALLY_NAME];
    bool unread; /* images in an unsupported format */
    int64_t files;
} an_tally_row;

/* Zeroed: empty. */
typedef struct an_tally {
    an_tally_row *rows;
    size_t count, capacity;
} an_tally;

/* Counts one file, whose kind follows from its path, relative to the data set. NO_MEMORY. */
alexnet_status an_tally_add(alexnet_context *ctx, an_tally *tally, const char *path) AN_NODISCARD;

/* Counts `files` files of a kind that names do not show: "links". NO_MEMORY. */
alexnet_status an_tally_add_kind(alexnet_context *ctx, an_tally *tally, const char *name,
                                 int64_t files) AN_NODISCARD;

/* Adds all of `from`. NO_MEMORY. */
alexnet_status an_tally_merge(alexnet_context *ctx, an_tally *tally,
                              const an_tally *from) AN_NODISCARD;

int64_t an_tally_files(const an_tally *tally, bool unread);

/*
 * Prints "12 HEIC, 3 CR2", the most frequent first; "" if there are none. Truncated to the buffer.
 */
void an_tally_print(const an_tally *tally, bool unread, char *buffer, size_t bytes);

/*
 * Both sorts, and advice about unsupported formats, for the end of a message: "; passed over: 12
 * HEIC, 1 .txt; convert ...", or "".
 */
#define AN_TALLY_TEXT 512
void an_tally_explain(const an_tally *tally, char buffer[AN_TALLY_TEXT]);

void an_tally_free(alexnet_context *ctx, an_tally *tally);

#endif
