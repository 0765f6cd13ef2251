/*
 * convert.h: alexnet_convert(): a weights file of one format becomes one of another, and both are
 * run to prove it.
 *
 *   reading    the format's reader, translate.h, weights.h: a model as if loaded
 *   writing    to a folder beside the output, TO.tmp-PID-N, from which its files are moved when
 *              they are proved: nothing unproved is ever visible under its name
 *   proving    verify.h
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CONVERT_CONVERT_H
#define AN_CONVERT_CONVERT_H

#include "alexnet.h"
#include "formats/maps.h"
#include "formats/tensor_file.h"

/* The same with a map of names and layouts instead of the table's; for the test that a wrong one is
   found out. NULL: the table's. */
alexnet_status an_convert_by(alexnet_context *ctx, const char *from, const char *to,
                             const an_map *map, const alexnet_convert_options *options,
                             alexnet_conversion *out) AN_NODISCARD;

/* The format of a name for output: --to, or the extension of the path. BAD_ARG lists those that can
   be written. */
alexnet_status an_convert_format(alexnet_context *ctx, const char *name, const char *path,
                                 const an_tensor_format **out) AN_NODISCARD;

#endif
