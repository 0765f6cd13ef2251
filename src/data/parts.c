/*
 * parts.c: which folders are the splits of a data set.
 * SPDX-License-Identifier: MIT
 */
#include "data/parts.h"

#include "base/status.h"
#include "base/text.h"
#include <string.h>

static const struct {
    const char *name;
    int part;
} spellings[] = {
    {"train", 0}, {"training", 0},   {"val", 1},  {"valid", 1},
    {"dev", 1},   {"validation", 1}, {"test", 2}, {"testing", 2},
};

int an_part_of(const char *name, size_t length)
{
    char word[AN_PART_NAME_BYTES] = "";

    if (length >= sizeof word) return AN_PARTS;
    memcpy(word, name, length);
    for (size_t i = 0; i < AN_COUNT(spellings); ++i) {
        if (strlen(word) == length && an_same_word(word, spellings[i].name))
            return spellings[i].part;
    }
    return AN_PARTS;
}

/* ---- which exist ---- */

/* Notes the spelling, unless two others are known. */
static void note(char names[2][AN_PART_NAME_BYTES], const char *name, size_t length)
{
    for (int i = 0; i < 2; ++i) {
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0) return;
        if (names[i][0] != '\0') continue;
        memcpy(names[i], name, length); /* it fits: an_part_of() has checked the length */
        names[i][length] = '\0';
        return;
    }
}

void an_parts_note(an_parts_top *top, const char *name, size_t length, bool nested)
{
    const int part = an_part_of(name, length);

    if (part == AN_PARTS) {
        top->others = true;
        return;
    }
    note(top->named[part].names, name, length);
    if (nested) note(top->nested[part].names, name, length);
}

/* True if only folders that contain folders are splits. */
static bool is_strict(const an_parts_top *top)
{
    return top->others || top->named[0].names[0][0] == '\0';
}

/* A test split may come without labels: beside training classes it is then no split. */
static bool needs_classes(const an_parts_top *top, int part)
{
    return is_strict(top) || (1u << part == AN_TEST_BIT && top->nested[0].names[0][0] != '\0');
}

unsigned an_parts_present(const an_parts_top *top)
{
    unsigned present = 0;

    for (int i = 0; i < AN_PARTS; ++i) {
        const char *name = needs_classes(top, i) ? top->nested[i].names[0] : top->named[i].names[0];
        present |= (unsigned)(name[0] != '\0') << i;
    }
    return present;
}

alexnet_status an_parts_find(alexnet_context *ctx, const char *data, const an_parts_top *top,
                             an_parts *out)
{
    static const char *const purposes[AN_PARTS] = {"training", "validation", "test"};

    *out = (an_parts){.present = an_parts_present(top)};
    for (int i = 0; i < AN_PARTS; ++i) {
        const char(*names)[AN_PART_NAME_BYTES] =
            needs_classes(top, i) ? top->nested[i].names : top->named[i].names;
        if (names[1][0] != '\0')
            return an_fail(ctx, ALEXNET_BAD_FILE,
                           "%s: '%s' and '%s' are both the %s split: rename or remove one of them",
                           data, names[0], names[1], purposes[i]);
        memcpy(out->names[i], names[0], sizeof out->names[i]);
    }
    return ALEXNET_OK;
}

/* ---- which are wanted ---- */

void an_parts_list(const an_parts *parts, unsigned set, char *text, size_t bytes)
{
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < AN_PARTS && used < bytes; ++i) {
        const bool last = set >> i == 1;
        if ((set >> i & 1) == 0) continue;
        used += (size_t)an_print(text + used, bytes - used, "%s%s/",
                                 used == 0 ? ""
                                 : last    ? " and "
                                           : ", ",
                                 parts->names[i]);
    }
}

alexnet_status an_parts_choose(alexnet_context *ctx, const char *data, an_part part,
                               an_parts *parts)
{
    static const char *const missing[] = {"", "'train'", "'val' or 'test'", "'test'"};
    const unsigned present = parts->present;
    char there[3 * AN_PART_NAME_BYTES + 16];
    bool found = true;

    switch (part) {
    case AN_PART_ALL:
        parts->wanted = present;
        break;
    case AN_PART_TRAIN:
        parts->wanted = present & AN_TRAIN_BIT;
        found = present == 0 || parts->wanted != 0;
        break;
    case AN_PART_VAL:
        parts->wanted = present & AN_VAL_BIT ? AN_VAL_BIT : present & AN_TEST_BIT;
        found = parts->wanted != 0;
        break;
    case AN_PART_TEST:
        parts->wanted = present & AN_TEST_BIT;
        found = parts->wanted != 0;
        break;
    }
    if (found) return ALEXNET_OK;
    an_parts_list(parts, present, there, sizeof there);
    return an_fail(ctx, ALEXNET_NOT_FOUND, "%s: has no split %s%s%s", data, missing[part],
                   present != 0 ? ", only " : "", there);
}

/* ---- paths ---- */

const char *an_parts_inside(const an_parts *parts, unsigned among, const char *path)
{
    if (among == 0) return path;
    for (int i = 0; i < AN_PARTS; ++i) {
        const size_t length = strlen(parts->names[i]);
        if ((among >> i & 1) != 0 && strncmp(path, parts->names[i], length) == 0 &&
            path[length] == '/')
            return path + length + 1;
    }
    return NULL;
}

bool an_parts_is_training(const char *data)
{
    size_t end = strlen(data), start;

    while (end > 0 && data[end - 1] == '/')
        --end;
    for (start = end; start > 0 && data[start - 1] != '/';)
        --start;
    const char *dot = memchr(data + start, '.', end - start);
    return an_part_of(data + start, dot != NULL ? (size_t)(dot - data) - start : end - start) == 0;
}
