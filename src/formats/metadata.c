/*
 * metadata.c: which metadata entries are reserved.
 * SPDX-License-Identifier: MIT
 */
#include "formats/metadata.h"

#include "formats/tensor.h"
#include <string.h>

bool an_metadata_is_reserved(const char *key)
{
    static const char *const reserved[] = {AN_KEY_SCHEMA,  AN_KEY_FAMILY,     AN_KEY_OPTIONS,
                                           AN_KEY_CLASSES, AN_KEY_PREPROCESS, AN_KEY_FORMAT,
                                           AN_KEY_CRC32C};

    for (size_t i = 0; i < AN_COUNT(reserved); ++i) {
        if (strcmp(key, reserved[i]) == 0) return true;
    }
    return false;
}
