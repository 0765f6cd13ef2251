/*
 * pickle_array.h: an array of NumPy in a pickle.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_PYTORCH_PICKLE_ARRAY_H
#define AN_FORMATS_PYTORCH_PICKLE_ARRAY_H

#include "formats/pytorch/pickle.h"
#include "formats/tensor_file.h"

/* Whether the value is an array. */
bool an_pickle_is_array(const an_pickle_value *value);

/*
 * Describes an array of the pickle of file->reader. Its values stay in the file, or, where they are
 * written as a text, are decoded into file->store. `out` has its name, for messages. *known: false
 * if its elements are of a type that no tensor has (texts, objects): then that is all. BAD_FILE,
 * UNSUPPORTED (big-endian), NO_MEMORY, IO.
 */
alexnet_status an_pickle_array(alexnet_context *ctx, const char *path, const an_pickle_value *value,
                               an_tensor_file *file, an_tensor_view *out, bool *known) AN_NODISCARD;

#endif
