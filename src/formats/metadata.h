/*
 * metadata.h: the metadata entries of a weights file that hold a field of the model (weights.h
 * lists them).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_METADATA_H
#define AN_FORMATS_METADATA_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdbool.h>

#define AN_WEIGHTS_SCHEMA "1"

#define AN_KEY_SCHEMA     "alexnet.schema"
#define AN_KEY_FAMILY     "alexnet.family"
#define AN_KEY_OPTIONS    "alexnet.options"
#define AN_KEY_CLASSES    "alexnet.classes"
#define AN_KEY_PREPROCESS "alexnet.preprocess"
#define AN_KEY_FORMAT     "format"

/* How the model was trained, as JSON; not a field of the model. */
#define AN_KEY_TRAINED "alexnet.trained"

/* The mean image's tensor. */
#define AN_MEAN_IMAGE "preprocess.mean_image"

/* True for the six above and AN_KEY_CRC32C (safetensors.h), which are written anew for each file.
   All other entries belong to the model's metadata. */
bool an_metadata_is_reserved(const char *key);

#endif
