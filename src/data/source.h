/*
 * source.h: where labelled images come from. Every kind of data set gives the number of its images,
 * the class of each, and the image itself. Sources are read-only, and several threads may read one.
 *
 * Kinds, detected by content:
 *   folder     a folder of class folders (below train/ and val/ or test/, if it has splits)
 *   tar        the same tree in a tar file, plain or gzip (a gzip file is unpacked into memory, at
 *              most AN_TAR_UNPACKED_MAX bytes, once for all splits). A single outer folder is
 *              entered; links are resolved inside the file (data/links.h); sparse files are read
 *   list       a text file of lines "PATH LABEL" or "PATH,LABEL", or a table with a heading
 *              (commas, tabs, semicolons); LABEL is a class number or a name; paths are relative
 *              to the list
 *   cifar      a folder with data_batch_1.bin .. 5 and test_batch.bin (CIFAR-10), or with train.bin
 *              and test.bin (CIFAR-100, fine labels)
 *   idx        a folder with train-images-idx3-ubyte[.gz], train-labels-idx1-ubyte[.gz] and
 *              t10k-... (MNIST, Fashion-MNIST)
 *   synthetic  "synthetic:classes=6,images=600,size=224,seed=1": drawn on demand (synth/synth.h)
 *
 * Rules of folder and tar: classes are sorted by name (byte order), images by path. Entries whose
 * name begins with '.' are passed over and counted (a folder counts a hidden folder as one, a tar
 * file counts its files). A file is an image if it is anywhere below a class folder and has the
 * name of a supported format (image/kinds.c: .jpg .png .webp ..., upper or lower case); others are
 * passed over and counted by kind (data/tally.h).
 *
 * A folder `train`, `val` or `test` at the top is a split of the data set (parts.h has the other
 * names). But beside folders with other names, or without a training split, it is a split only if
 * it contains a folder (that of a class), and otherwise a class of that name. So a class with such
 * a name must contain its images directly. A `test` without folders, beside a `train` with some, is
 * no split. What is in no split is reported (an_source_tell_layout()) and not used.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_SOURCE_H
#define AN_DATA_SOURCE_H

#include "base/hash.h"
#include "image/image.h"
#include <stdbool.h>
#include <stdint.h>

#define AN_TAR_UNPACKED_MAX ((size_t)4 << 30)

/* A split of a data set (data/parts.h), or all of them. */
typedef enum an_part { AN_PART_ALL, AN_PART_TRAIN, AN_PART_VAL, AN_PART_TEST } an_part;

typedef struct an_source an_source;

/*
 * Opens one split of a data set.
 *   TRAIN  its `train`; all of it if it has no splits, NOT_FOUND if it has only others
 *   VAL    its `val`, else its `test`; NOT_FOUND if it has neither (the caller then holds back
 *          training images)
 *   TEST   its `test`, NOT_FOUND if it has none
 *   ALL    all splits; all of it if it has none
 * A folder that contains nothing but one folder of folders is entered, as with tar files. Classes
 * whose names differ only in upper and lower case or in Unicode's form give a warning. CIFAR and
 * IDX have train and test, or one of them. `path` may itself be a split (a folder of class
 * folders).
 *
 * NOT_FOUND (absent; no such split; no images: the message shows the expected tree), BAD_FILE (also
 * an empty class, which is named, a `val` or `test` beside `train` without images, and one split
 * under two names), BAD_ARG (more than 2^32 - 1 images), IO, NO_MEMORY.
 */
alexnet_status an_source_open(alexnet_context *ctx, const char *path, an_part part,
                              an_source **out) AN_NODISCARD;
/*
 * The same for inspection: an empty class and a folder that cannot be listed are logged, and do not
 * fail.
 */
alexnet_status an_source_survey(alexnet_context *ctx, const char *path, an_part part,
                                an_source **out) AN_NODISCARD;
void an_source_close(an_source *source);

/* True if the image stands in for a folder that cannot be listed: reading it gives the reason. */
bool an_source_is_folder(const an_source *source, int64_t index);

const char *an_source_kind(const an_source *source); /* "folder" */
int64_t an_source_count(const an_source *source);
int64_t an_source_ignored(const an_source *source); /* number of files passed over */
int an_source_classes(const an_source *source);
const char *an_source_class(const an_source *source, int label);
int an_source_label(const an_source *source, int64_t index);

/*
 * Logs what is passed over: images in unsupported formats as a warning, other files as information.
 * `what`, a path or its use, begins the line.
 */
void an_source_tell_passed(alexnet_context *ctx, const an_source *source, const char *what);

/*
 * Looks for what a data set has beside its splits: folders with other names, loose images. Only
 * then are these counted as passed over. NO_MEMORY, IO; a folder that cannot be listed counts as
 * empty.
 */
alexnet_status an_source_look_beside(alexnet_context *ctx, an_source *source) AN_NODISCARD;

/*
 * Logs which part of `what`, the path that the user gave, is used, and what is beside the splits.
 */
alexnet_status an_source_tell_layout(alexnet_context *ctx, an_source *source,
                                     const char *what) AN_NODISCARD;

/* The file of test images of CIFAR or IDX, if only these were opened; else NULL. */
const char *an_source_taken(const an_source *source);

/* True if it has the training images of a data set that is known to have a training split. */
bool an_source_is_training(const an_source *source);

/* Its splits (data/parts.h): none if it has none, or is neither a folder nor a tar file. */
const struct an_parts *an_source_parts(const an_source *source);

/*
 * Describes the splits that exist and are not in the set `used`: "train/ and test/ with 200
 * images". Returns their number. Those of a folder are counted now.
 */
int an_source_unused(const an_source *source, alexnet_context *ctx, unsigned used, char *text,
                     size_t bytes);

/* False for data that has no path: "synthetic:..." */
bool an_source_is_path(const char *data);

/*
 * An identity of the data, without the pixels. Its first half is from a SHA-256 over the images in
 * any order (class, name without folders, and the sizes of some files), so it is the same for a
 * folder, a tar file, a list and a split. The second half is from a SHA-256 over the class names,
 * and over every image's whole name and class, in order.
 */
void an_source_hash(const an_source *source, char hex[AN_SHA256_HEX_SIZE]);

/* Compare two of these: the same images; the same order and names. */
bool an_source_same_images(const char *a, const char *b);
bool an_source_same_order(const char *a, const char *b);

/*
 * The size of image `index`'s file, 0 if unknown. False: images of this source are not files of
 * their own.
 */
bool an_source_bytes(const an_source *source, int64_t index, uint64_t *bytes);

/*
 * The name of image `index`: a path that can be opened ("photos/train/dog/0001.jpg"), or one that
 * continues inside a file ("photos.tar/dog/1.jpg", "cifar/data_batch_1.bin[17]"). Truncated to the
 * buffer.
 */
void an_source_name(const an_source *source, int64_t index, char *buffer, size_t bytes);

/* A thread's working memory for the bytes of a file. Zeroed: empty; grown as needed. */
typedef struct an_source_buffer {
    uint8_t *data;
    size_t capacity;
} an_source_buffer;

void an_source_buffer_free(alexnet_context *ctx, an_source_buffer *buffer);

/*
 * Decodes image `index`, on the calling thread's own context. Allocates only to enlarge buffer and
 * image (and what the decoder needs). BAD_FILE (also if the system refuses this one file),
 * NOT_FOUND, UNSUPPORTED, IO (other files would fail, too: too many open files), NO_MEMORY. The
 * message does not repeat the name.
 */
alexnet_status an_source_read(const an_source *source, alexnet_context *ctx, int64_t index,
                              an_orientation orientation, an_source_buffer *buffer,
                              an_image *image) AN_NODISCARD;

/*
 * The bytes of memory that reading image `index` takes: its file, the decoder, the pixels. *image
 * gets the size, and no pixels. Errors: an_source_read().
 */
alexnet_status an_source_measure(const an_source *source, alexnet_context *ctx, int64_t index,
                                 an_orientation orientation, an_image *image,
                                 size_t *bytes) AN_NODISCARD;

/* True if a failure to read is the image's own: others can still be read. */
bool an_source_is_bad_image(alexnet_status status);

#endif
