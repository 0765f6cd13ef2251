/*
 * transfer.h: one try to fetch a file, by one protocol; fetch.c makes the tries.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FETCH_TRANSFER_H
#define AN_FETCH_TRANSFER_H

#include "base/file.h"
#include "fetch/arrival.h"
#include "fetch/fetch.h"

/* What tells a file of a server from a later one at the same URL. Empty texts: the server said
   nothing. */
#define AN_VALIDATOR 200
typedef struct an_validator {
    char etag[AN_VALIDATOR];     /* a strong one, with its quotes */
    char modified[AN_VALIDATOR]; /* the date of Last-Modified, as the server wrote it */
    uint64_t bytes;              /* of the whole file; 0: not said */
} an_validator;

/* What fetch.c does after a try that gave OK. */
typedef enum an_transfer_end {
    AN_TRANSFER_WHOLE,  /* all of the file has arrived, as far as the protocol can tell */
    AN_TRANSFER_CUT,    /* some bytes arrived, then the connection ended */
    AN_TRANSFER_CHANGED /* the server cannot continue where the last try ended */
} an_transfer_end;

typedef struct an_transfer {
    alexnet_context *ctx;
    const an_fetch_options *options;
    uint64_t bytes_max;
    an_arrival part;
    char *record;       /* the path of what is known, PATH.part.json */
    an_validator known; /* of what is in `part` */
    char cause[256];    /* of AN_TRANSFER_CUT: for the message if no try follows */
    double began;       /* seconds */
    uint64_t resumed;   /* bytes that had arrived before that */
} an_transfer;

/*
 * Before the first byte of a file arrives: checks its size (0: not known) against what is expected,
 * allowed, and free on the disk; drops what arrived before, and records what is known.
 */
alexnet_status an_transfer_begin(an_transfer *t, const an_validator *known) AN_NODISCARD;

/* Appends bytes. BAD_FILE: more than the file may have. */
alexnet_status an_transfer_add(an_transfer *t, const void *data, size_t bytes) AN_NODISCARD;

/* Reports progress. STOPPED. */
alexnet_status an_transfer_tell(an_transfer *t) AN_NODISCARD;

/* The tries. On failure the message names the URL. */
alexnet_status an_transfer_local(an_transfer *t, an_transfer_end *end) AN_NODISCARD;
alexnet_status an_transfer_http(an_transfer *t, an_transfer_end *end) AN_NODISCARD;

#endif
