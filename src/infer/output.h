/*
 * output.h: checks on an output file, before the work.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_OUTPUT_H
#define AN_INFER_OUTPUT_H

#include "alexnet.h"
#include "base/compiler.h"

/* BAD_ARG if both paths are the same file: the output must not replace an input, which may be the
   only copy. */
alexnet_status an_output_is_not(alexnet_context *ctx, const char *out, const char *in) AN_NODISCARD;

/* Checks that the file can be written; changes nothing. IO and BAD_ARG as in an_writer_open(). */
alexnet_status an_output_try(alexnet_context *ctx, const char *path) AN_NODISCARD;

#endif
