/*
 * parts.h: the splits of a data set in folders (training, validation, test), under their usual
 * names.
 *
 *     train  training
 *     val    valid  validation  dev
 *     test   testing                  all in upper or lower case
 *
 * A set of splits has bit 1 << i for split i.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_PARTS_H
#define AN_DATA_PARTS_H

#include "data/source.h"

#define AN_PARTS           3
#define AN_TRAIN_BIT       1u
#define AN_VAL_BIT         2u
#define AN_TEST_BIT        4u
#define AN_PART_NAME_BYTES 16 /* "validation" */

/* The splits of a data set, and those that were opened. */
typedef struct an_parts {
    unsigned present, wanted;                 /* wanted 0: the whole data set */
    char names[AN_PARTS][AN_PART_NAME_BYTES]; /* spelled as in the data set: "Valid" */
    int64_t images[AN_PARTS];                 /* of splits that were not opened, if known (tar) */
} an_parts;

/* The split that a name of `length` bytes means; AN_PARTS: none. */
int an_part_of(const char *name, size_t length);

/* The folders at the top of a data set, without hidden ones. Zeroed: none. */
typedef struct an_parts_top {
    struct {
        char names[2][AN_PART_NAME_BYTES]; /* at most two spellings, enough to refuse them */
    } named[AN_PARTS], nested[AN_PARTS];   /* all with such a name; those with a folder */
    bool others;                           /* there are folders with other names */
} an_parts_top;

/* Notes a folder at the top, and whether it contains a folder. */
void an_parts_note(an_parts_top *top, const char *name, size_t length, bool nested);

/*
 * The splits that exist. A class may be called "train": beside folders with other names, and
 * without a training split, a folder is a split only if it contains a folder. The same goes for a
 * test split beside a training split that contains folders: images without classes cannot be
 * evaluated.
 */
unsigned an_parts_present(const an_parts_top *top);

/* The splits and their names. BAD_FILE: a split exists under two names, as "val" and "valid". */
alexnet_status an_parts_find(alexnet_context *ctx, const char *data, const an_parts_top *top,
                             an_parts *out) AN_NODISCARD;

/* Chooses the splits to open (rules: source.h). NOT_FOUND: there is no such split. */
alexnet_status an_parts_choose(alexnet_context *ctx, const char *data, an_part part,
                               an_parts *parts) AN_NODISCARD;

/* Prints the names of a set: "train/, val/ and test/". */
void an_parts_list(const an_parts *parts, unsigned set, char *text, size_t bytes);

/*
 * The rest of a path below its split: "dog/1.jpg" of "train/dog/1.jpg"; NULL: it is in none of the
 * set `among`. With an empty set, the path itself.
 */
const char *an_parts_inside(const an_parts *parts, unsigned among, const char *path);

/* True if the data's own name is that of a training split: "photos/train", "Training.tar". */
bool an_parts_is_training(const char *data);

#endif
