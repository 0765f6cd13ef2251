/*
 * metadata.c: which entries are the file's own.
 * SPDX-License-Identifier: MIT
 */
#include "formats/metadata.h"

#include "formats/tensor.h"
#include <string.h>

bool an_metadata_is_own(const char *key)
{
    static const char *const own[] = {AN_KEY_SCHEMA,  AN_KEY_FAMILY,     AN_KEY_OPTIONS,
                                      AN_KEY_CLASSES, AN_KEY_PREPROCESS, AN_KEY_FORMAT,
                                      AN_KEY_CRC32C};

    for (size_t i = 0; i < AN_COUNT(own); ++i) {
        if (strcmp(key, own[i]) == 0) return true;
    }
    return false;
}
