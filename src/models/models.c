/*
 * models.c: the table of families.
 *
 * SPDX-License-Identifier: MIT
 */
#include "models/models.h"
#include <string.h>

static const an_family *const table[] = {
#define AN_FAMILY(name) &an_family_##name,
#include "models/models.inc"
#undef AN_FAMILY
};

const an_family *an_family_at(int index)
{
    return index >= 0 && (size_t)index < AN_COUNT(table) ? table[index] : NULL;
}

const an_family *an_family_find(const char *name)
{
    for (size_t i = 0; i < AN_COUNT(table); ++i)
        if (strcmp(table[i]->name, name) == 0) return table[i];
    return NULL;
}
