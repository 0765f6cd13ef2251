/*
 * inflate.h: the content of deflated data (RFC 1951) in a file, in its order, with bounded memory:
 * about 110 KiB, whatever the data claims.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_INFLATE_H
#define AN_FORMATS_INFLATE_H

#include "base/file.h"

/* Deflate's best: a pair of one-bit codes produces 258 bytes. Data that claims more is damaged. */
#define AN_INFLATE_RATIO_MAX ((uint64_t)1032)

/* Zeroed: closed. The texts and the reader are borrowed. */
typedef struct an_inflate {
    alexnet_context *ctx;
    const char *path, *kind, *name; /* for messages: "PATH: tensor 'a': its compressed data ..." */
    const an_reader *reader;
    uint64_t place, left; /* of the compressed data that was not read yet */
    struct z_stream_s *stream;
    uint8_t *input;
    bool ended; /* the last block was decoded */
} an_inflate;

/* Begins `packed` bytes of compressed data at `place`. NO_MEMORY. Close it even on failure. */
alexnet_status an_inflate_open(alexnet_context *ctx, const char *path, const char *kind,
                               const char *name, const an_reader *reader, uint64_t place,
                               uint64_t packed, an_inflate *out) AN_NODISCARD;
/* The next bytes, all of them. BAD_FILE (damaged, or shorter), IO, NO_MEMORY. */
alexnet_status an_inflate_read(an_inflate *inflate, void *out, size_t bytes) AN_NODISCARD;
/* Checks that the content and the compressed data end here. BAD_FILE, IO, NO_MEMORY. */
alexnet_status an_inflate_finish(an_inflate *inflate) AN_NODISCARD;
void an_inflate_close(an_inflate *inflate); /* safe on a zeroed one */

#endif
