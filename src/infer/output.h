/*
 * output.h: what a job asks of the file that it is to write, before the work.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_OUTPUT_H
#define AN_INFER_OUTPUT_H

#include "alexnet.h"
#include "base/compiler.h"

/* BAD_ARG when both paths are one file: it would replace what is read. */
alexnet_status an_output_is_not(alexnet_context *ctx, const char *out, const char *in) AN_NODISCARD;

/* That the file can be written; nothing is left behind. IO, BAD_ARG as an_writer_open(). */
alexnet_status an_output_try(alexnet_context *ctx, const char *path) AN_NODISCARD;

#endif
