/*
 * parts.h: the parts of a data set of folders, to train on, to validate with and to test with, under the
 * names that people give them.
 *
 *     train  training
 *     val    valid  validation  dev
 *     test   testing                  all in any case of letters
 *
 * A set of parts has bit 1 << i for part i.
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

/* The parts of a data set, and those that were opened. */
typedef struct an_parts {
    unsigned present, wanted;                 /* wanted 0: the whole data set */
    char names[AN_PARTS][AN_PART_NAME_BYTES]; /* as it spells them: "Valid" */
    int64_t images[AN_PARTS]; /* of those that were not opened, where that is known (tar) */
} an_parts;

/* Which part a name of `length` bytes stands for; AN_PARTS: none. */
int an_part_of(const char *name, size_t length);

/* What lies at the top of a data set. Hidden folders do not count. Zeroed to begin with. */
typedef struct an_parts_top {
    struct {
        char names[2][AN_PART_NAME_BYTES]; /* two spellings at most: more are no better */
    } named[AN_PARTS], nested[AN_PARTS];   /* of folders called so; of those that hold a folder */
    bool others;                           /* there are folders of other names */
} an_parts_top;

/* A folder at the top: its name, and whether there is a folder in it. */
void an_parts_note(an_parts_top *top, const char *name, size_t length, bool nested);

/*
 * The parts that there are. A class may be called "train": beside folders of other names, and where
 * there is nothing to train on, only a folder that holds a folder is a part. So is a part to test with
 * beside one to train on that holds folders: images without classes are for no measurement.
 */
unsigned an_parts_present(const an_parts_top *top);

/* The same with their names. BAD_FILE: one part is there under two names, as "val" and "valid". */
alexnet_status an_parts_find(alexnet_context *ctx, const char *data, const an_parts_top *top,
                             an_parts *out) AN_NODISCARD;

/*
 * Fills in which of the parts that are present are meant (source.h: the rules).
 * NOT_FOUND: there is no such part.
 */
alexnet_status an_parts_choose(alexnet_context *ctx, const char *data, an_part part,
                               an_parts *parts) AN_NODISCARD;

/* The names of a set, as "train/, val/ and test/". */
void an_parts_list(const an_parts *parts, unsigned set, char *text, size_t bytes);

/* What follows the part in a path: "dog/1.jpg" of "train/dog/1.jpg"; NULL: it is not in one of the
 * set `among`. Where that is 0, the path itself. */
const char *an_parts_inside(const an_parts *parts, unsigned among, const char *path);

/* True for data whose own name says that it is to train on: "photos/train", "Training.tar". */
bool an_parts_is_training(const char *data);

#endif
