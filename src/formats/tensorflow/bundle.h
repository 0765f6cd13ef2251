/*
 * bundle.h: TensorFlow's checkpoints, version 2 (tensorflow/core/protobuf/tensor_bundle.proto):
 *
 *     NAME.index                  a table (sstable.h): under the empty key a BundleHeaderProto,
 *                                 under each tensor's name a BundleEntryProto: type, shape, shard,
 *                                 place, size, masked CRC-32C
 *     NAME.data-00000-of-0000N    the shards: the values, row-major
 *     checkpoint                  text; names the newest NAME of a folder
 *
 * The shards are files beside the index, which no file names: their names are made here. Texts and
 * other entries that are no numbers are left out. A variable that was stored in slices, a
 * big-endian checkpoint, and other types of numbers are refused.
 *
 * an_tensor_format_tensorflow is implemented here.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_BUNDLE_H
#define AN_FORMATS_BUNDLE_H

#include "formats/tensor_file.h"

/* A checkpoint of more is refused. */
#define AN_BUNDLE_SHARDS_MAX 256                /* each is an open file */
#define AN_BUNDLE_INDEX_MAX  ((size_t)64 << 20) /* bytes of the index */
#define AN_BUNDLE_NAME_MAX   512                /* bytes of a name */

#define AN_BUNDLE_INDEX ".index"     /* ends the name of the index */
#define AN_BUNDLE_STATE "checkpoint" /* the file that names the newest one */

/*
 * Sets *out to the index that a path without its ending, or a file `checkpoint`, stands for: to
 * PATH.index if that exists, or, if `path` is a state file, to the one it names, which is beside
 * it. NULL: neither. Free *out with an_free(). BAD_FILE (a state file that names no checkpoint of
 * its folder), IO, NO_MEMORY.
 */
alexnet_status an_bundle_find(alexnet_context *ctx, const char *path, char **out) AN_NODISCARD;

#endif
