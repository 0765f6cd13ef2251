/*
 * source.h: where labelled images come from. Every kind of data set answers the same three
 * questions: how many, which class, and the image itself. Sources are read only and may be read by
 * several threads at once.
 *
 * Kinds, told by content:
 *   folder     a folder of class folders (train/ and val/ or test/ above them)
 *   tar        the same tree in a tar file, plain or gzip (a gzip one is unpacked into memory, at
 *              most AN_TAR_UNPACKED_MAX, once for all parts). A single folder around it all is
 *              stepped into; links are followed inside the file (data/links.h), and sparse files read
 *   list       a text file of lines "PATH LABEL" or "PATH,LABEL", or a table with a heading (CSV, tabs,
 *              semicolons); LABEL a class number or a name; paths relative to the list
 *   cifar      a folder with data_batch_1.bin .. 5 and test_batch.bin (CIFAR-10), or with train.bin
 *              and test.bin (CIFAR-100, fine labels)
 *   idx        a folder with train-images-idx3-ubyte[.gz], train-labels-idx1-ubyte[.gz] and t10k-...
 *              (MNIST, Fashion-MNIST)
 *   synthetic  "synthetic:classes=6,images=600,size=224,seed=1": drawn on the fly (synth/synth.h)
 *
 * Rules of folder and tar: classes are sorted by name (byte order), images by path; entries whose
 * name begins with '.' are passed over and counted (a hidden folder counts as one in a folder, as
 * its files in a tar); a file is an image when it lies somewhere below a class folder and its name
 * is that of a format that is read (image/kinds.c: .jpg .png .webp ..., any case), else it is passed
 * over and counted by kind (data/tally.h).
 *
 * A folder `train`, `val` or `test` at the top is a part of the data set (parts.h has what else they
 * are called); but where folders of other names stand beside it, or no part to train on, it is one
 * only when there is a folder in it (that of a class), and else a class of that name. A class that
 * is called so must hold its images directly. A `test` without folders, beside a `train` with
 * some, is no part. What lies in no part is told (an_source_tell_layout()) and not used.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_SOURCE_H
#define AN_DATA_SOURCE_H

#include "base/hash.h"
#include "image/image.h"
#include <stdbool.h>
#include <stdint.h>

#define AN_TAR_UNPACKED_MAX ((size_t)4 << 30)

typedef enum an_part { AN_PART_ALL, AN_PART_TRAIN, AN_PART_VAL, AN_PART_TEST } an_part;

typedef struct an_source an_source;

/*
 * Opens one part of a data set.
 *   TRAIN  `train` inside it; all where it has no parts, NOT_FOUND where it has others
 *   VAL    `val` inside it, else `test`; NOT_FOUND when it has neither (the caller then splits the
 *          training part)
 *   TEST   `test` inside it, NOT_FOUND when it has none
 *   ALL    every one of these; all where there are none
 * A folder that holds nothing but one folder of folders is stepped into, as a tar file is.
 * Classes whose names differ only in the case of letters or in Unicode's form are warned of.
 * CIFAR and IDX have train and test, or one of them. `path` may itself be a part (a folder of class folders).
 *
 * NOT_FOUND (absent; no such part; no images: the message shows the expected tree), BAD_FILE
 * (also an empty class, named, a `val` or `test` beside `train` without images, and one part under
 * two names), BAD_ARG
 * (more images than 2^32 - 1), IO, NO_MEMORY.
 */
alexnet_status an_source_open(alexnet_context *ctx, const char *path, an_part part,
                              an_source **out) AN_NODISCARD;
/* The same to look at the data only: an empty class and a folder that cannot be listed are told and are no failure. */
alexnet_status an_source_survey(alexnet_context *ctx, const char *path, an_part part,
                                an_source **out) AN_NODISCARD;
void an_source_close(an_source *source);

/* True for a folder that stands for an image, as it cannot be listed: reading it says why. */
bool an_source_is_folder(const an_source *source, int64_t index);

const char *an_source_kind(const an_source *source); /* "folder" */
int64_t an_source_count(const an_source *source);
int64_t an_source_ignored(const an_source *source); /* files passed over */
int an_source_classes(const an_source *source);
const char *an_source_class(const an_source *source, int label);
int an_source_label(const an_source *source, int64_t index);

/*
 * Says in the log what is passed over: images in formats that are not read as a warning, other files as a note. `what`
 * leads the line: the path, or what it is used for.
 */
void an_source_tell_passed(alexnet_context *ctx, const an_source *source, const char *what);

/*
 * Looks at what a data set with parts holds beside them: class folders of other names, loose images.
 * They are not counted as passed over until then. NO_MEMORY, IO; one folder that the system refuses
 * to list is one without images.
 */
alexnet_status an_source_look_beside(alexnet_context *ctx, an_source *source) AN_NODISCARD;

/* Says in the log what of `what`, the path that the user named, is taken, and what lies beside. */
alexnet_status an_source_tell_layout(alexnet_context *ctx, an_source *source,
                                     const char *what) AN_NODISCARD;

/* The file of CIFAR's or IDX' images to test with, where these alone were opened; else NULL. */
const char *an_source_taken(const an_source *source);

/* True when it holds the images of a part to train on, of a data set that is known to have such a part. */
bool an_source_is_training(const an_source *source);

/* Its parts (data/parts.h): none where it is no folder or tar file, or has none. */
const struct an_parts *an_source_parts(const an_source *source);

/*
 * The parts that are there and not in the set `used`, as "train/ and test/ with 200 images"; how
 * many there are. Those of a folder are counted now.
 */
int an_source_unused(const an_source *source, alexnet_context *ctx, unsigned used, char *text,
                     size_t bytes);

/* False for data that lies nowhere: "synthetic:..." */
bool an_source_is_path(const char *data);

/*
 * What tells data sets apart, not by the pixels: half of a SHA-256 of the images in whatever order (each one's class and
 * own name, and the sizes of some files), the same in a folder, a tar file, a list and a part; then half of one of the names
 * of the classes, and of each image's whole name and class, in order.
 */
void an_source_hash(const an_source *source, char hex[AN_SHA256_HEX_SIZE]);

/* Of two such: whether these are the same images; whether they come in the same order under the same names. */
bool an_source_same_images(const char *a, const char *b);
bool an_source_same_order(const char *a, const char *b);

/* The size of the file that image `index` is, 0: nobody can say. False: images of this source are no files of their own. */
bool an_source_bytes(const an_source *source, int64_t index, uint64_t *bytes);

/* What to call image `index`: a path that can be opened ("photos/train/dog/0001.jpg"), or one that
 * goes on inside a file ("photos.tar/dog/1.jpg", "cifar/data_batch_1.bin[17]"). Written to buffer, cut
 * where it does not fit. */
void an_source_name(const an_source *source, int64_t index, char *buffer, size_t bytes);

/* Working memory of one thread: the bytes of a file. Zeroed to begin with, grown as needed. */
typedef struct an_source_buffer {
    uint8_t *data;
    size_t capacity;
} an_source_buffer;

void an_source_buffer_free(alexnet_context *ctx, an_source_buffer *buffer);

/*
 * Decodes image `index` on the calling thread's own context. Allocates nothing but to make buffer
 * and image larger than they are (and what the decoder needs inside).
 * BAD_FILE (also where the system refuses this one file), NOT_FOUND, UNSUPPORTED, IO (it could read no other, either: too
 * many open files), NO_MEMORY; the message does not repeat the name.
 */
alexnet_status an_source_read(const an_source *source, alexnet_context *ctx, int64_t index,
                              an_orientation orientation, an_source_buffer *buffer,
                              an_image *image) AN_NODISCARD;

/* True when such a failure to read is the image's own fault: others can still be read. */
bool an_source_is_bad_image(alexnet_status status);

#endif
