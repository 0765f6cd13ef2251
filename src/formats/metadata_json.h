/*
 * metadata_json.h: metadata as a JSON object of texts, the entry "alexnet.json" of archives (.npz,
 * .pth), whose own programs pass it over.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_METADATA_JSON_H
#define AN_FORMATS_METADATA_JSON_H

#include "formats/tensor_file.h"

#define AN_METADATA_ENTRY     "alexnet.json"
#define AN_METADATA_JSON_MAX  ((size_t)2 << 20) /* bytes */
#define AN_METADATA_COUNT_MAX 2000              /* entries */

/* Adds the entries of such a text to a file. BAD_FILE (also anything but texts in it), NO_MEMORY.
   Memory: about three times the text. */
alexnet_status an_metadata_parse(alexnet_context *ctx, const char *path, const char *text,
                                 size_t bytes, an_tensor_file *out) AN_NODISCARD;

/* Makes the text; release it with an_json_free(). BAD_ARG (a text that is not UTF-8, a key twice,
   more than the limits above), NO_MEMORY. */
alexnet_status an_metadata_print(alexnet_context *ctx, const char *path, const char *const *keys,
                                 const char *const *values, size_t count, char **out) AN_NODISCARD;

#endif
