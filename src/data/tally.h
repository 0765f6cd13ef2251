/*
 * tally.h: the files that a data set passes over, counted by kind, so that nothing is dropped in silence.
 *
 *     12 HEIC, 3 CR2           images in formats that are not read
 *     4 .txt, 2 hidden         all others, by the end of their names
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
    bool unread; /* images in a format that is not read */
    int64_t files;
} an_tally_row;

/* Zeroed: nothing yet. */
typedef struct an_tally {
    an_tally_row *rows;
    size_t count, capacity;
} an_tally;

/* Counts one file, by the kind that its path says: relative to the data set. NO_MEMORY. */
alexnet_status an_tally_add(alexnet_context *ctx, an_tally *tally, const char *path) AN_NODISCARD;

/* Counts `files` of a kind that no name says: "links". NO_MEMORY. */
alexnet_status an_tally_add_kind(alexnet_context *ctx, an_tally *tally, const char *name,
                                 int64_t files) AN_NODISCARD;

/* Adds all of `from`. NO_MEMORY. */
alexnet_status an_tally_merge(alexnet_context *ctx, an_tally *tally,
                              const an_tally *from) AN_NODISCARD;

int64_t an_tally_files(const an_tally *tally, bool unread);

/* "12 HEIC, 3 CR2", the most first, of one sort; "": none. Cut where it does not fit. */
void an_tally_print(const an_tally *tally, bool unread, char *buffer, size_t bytes);

/* Both sorts, and what to do about images that are not read, for the end of a message: "; passed over: 12 HEIC, 1 .txt; convert ..."
   or "". */
#define AN_TALLY_TEXT 512
void an_tally_explain(const an_tally *tally, char buffer[AN_TALLY_TEXT]);

void an_tally_free(alexnet_context *ctx, an_tally *tally);

#endif
