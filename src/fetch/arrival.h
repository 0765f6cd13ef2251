/*
 * arrival.h: a file that arrives in pieces, over several runs of the program.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FETCH_ARRIVAL_H
#define AN_FETCH_ARRIVAL_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stddef.h>
#include <stdint.h>

/*
 * The file PATH while it arrives: PATH.part grows in place and stays when the process ends, so that
 * the next one can continue at its end. an_arrival_commit() syncs it and renames it onto PATH.
 * Zeroed: closed.
 */
typedef struct an_arrival {
    alexnet_context *ctx;
    char *path, *name; /* PATH, PATH.part */
    int descriptor;    /* -1: none */
    uint64_t size;     /* bytes that are there */
} an_arrival;

/* Makes the file, or continues the one that is there. On failure *out is zeroed. */
alexnet_status an_arrival_open(alexnet_context *ctx, const char *path,
                               an_arrival *out) AN_NODISCARD;
alexnet_status an_arrival_add(an_arrival *part, const void *data, size_t bytes) AN_NODISCARD;
alexnet_status an_arrival_restart(an_arrival *part) AN_NODISCARD; /* drops what is there */
alexnet_status an_arrival_commit(an_arrival *part) AN_NODISCARD;  /* always closes */
void an_arrival_close(an_arrival *part);                          /* PATH.part stays */

#endif
