/*
 * kind.h: what all kinds of sources share, and the function that opens each. For src/data only.
 *
 * An opener gets a zeroed source with path and context set, and fills in the rest. After a failure
 * an_source_close() frees what it has filled in.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_KIND_H
#define AN_DATA_KIND_H

#include "base/file.h"
#include "base/text.h"
#include "data/parts.h"
#include "data/tally.h"

/* What name_of() returns; an_source_name() makes a path of it. */
typedef enum an_names_rule {
    AN_NAMES_WHOLE,  /* complete as it is */
    AN_NAMES_INSIDE, /* relative to the data set */
    AN_NAMES_BESIDE  /* absolute, or relative to the folder that contains the data set */
} an_names_rule;

typedef struct an_kind {
    const char *name;
    an_names_rule names;
    void (*close)(an_source *source); /* frees `own`; not called if that is NULL */
    void (*name_of)(const an_source *source, int64_t index, char *buffer, size_t bytes);
    alexnet_status (*read)(const an_source *source, alexnet_context *ctx, int64_t index,
                           an_orientation orientation, an_source_buffer *buffer, an_image *image);
    /*
     * The images of a split that was not opened; -1: counting would take too long. NULL: see
     * parts.images.
     */
    int64_t (*count_part)(const an_source *source, alexnet_context *ctx, int part);
    /* The size of an image's file in bytes; 0: unknown. NULL: images are not files of their own. */
    uint64_t (*size_of)(const an_source *source, int64_t index);
    /* Fills in `beside`. NULL: the opener has done so. */
    alexnet_status (*look_beside)(an_source *source, alexnet_context *ctx);
} an_kind;

/* Files and folders at the top of a data set with splits that belong to none of them. */
typedef struct an_beside {
    bool known;
    an_tally files;
    int64_t loose; /* images outside any folder */
    struct an_beside_folders {
        an_listing names;
        int64_t images;
    } strangers, /* with images, and another name than a split's */
        flat;    /* named as a split, but without class folders */
} an_beside;

struct an_source {
    const an_kind *kind;
    alexnet_context *ctx; /* the opener's */
    char *path;           /* as given, or the one folder in it that holds everything */
    an_parts parts;       /* of folders and tar files; empty for other kinds */
    an_names classes;
    int64_t count;
    an_tally passed; /* files that were passed over */
    an_beside beside;
    const char *taken;  /* CIFAR, IDX: see an_source_taken() */
    bool only_training; /* CIFAR, IDX: holds training images only */
    bool survey;        /* log faults of the data instead of refusing them */
    bool stepped_in;    /* `path` is a folder inside the one that the user named */
    int *labels;        /* [count] */
    void *own;          /* the kind's data */
};

typedef alexnet_status (*an_source_opener)(alexnet_context *ctx, an_part part, an_source *source);

alexnet_status an_folder_open(alexnet_context *ctx, an_part part, an_source *source) AN_NODISCARD;
alexnet_status an_tar_open(alexnet_context *ctx, an_part part, an_source *source) AN_NODISCARD;
alexnet_status an_list_open(alexnet_context *ctx, an_part part, an_source *source) AN_NODISCARD;
alexnet_status an_cifar_open(alexnet_context *ctx, an_part part, an_source *source) AN_NODISCARD;
alexnet_status an_idx_open(alexnet_context *ctx, an_part part, an_source *source) AN_NODISCARD;
alexnet_status an_synthetic_open(alexnet_context *ctx, an_part part,
                                 an_source *source) AN_NODISCARD;

/* True if the bytes are the head of an IDX file of 8-bit values. */
bool an_idx_sniff(const uint8_t *data, size_t bytes);

#define AN_PATH_BYTES 4096 /* Linux opens no longer path than this */

/* Larger files are not read as images. */
#define AN_IMAGE_BYTES_MAX ((uint64_t)256 << 20)

/* Makes the buffer hold at least `bytes` bytes; its contents are lost. NO_MEMORY. */
alexnet_status an_source_buffer_reserve(alexnet_context *ctx, an_source_buffer *buffer,
                                        size_t bytes) AN_NODISCARD;

/* Decodes the image file FOLDER/NAME, or NAME if that begins with '/'. Errors: an_source_read(). */
alexnet_status an_source_read_file(alexnet_context *ctx, const char *folder, const char *name,
                                   an_orientation orientation, an_source_buffer *buffer,
                                   an_image *image) AN_NODISCARD;

/* Whether the folder contains a regular file of this name. */
alexnet_status an_folder_has(alexnet_context *ctx, const char *folder, const char *name,
                             bool *out) AN_NODISCARD;

/* The size of the file FOLDER/NAME, or NAME if that begins with '/'; 0: unknown. */
uint64_t an_source_file_bytes(alexnet_context *ctx, const char *folder, const char *name);

/* Removes the path from the head of the context's message. */
void an_source_drop_path(alexnet_context *ctx, const char *path);

/* Names the classes "0" .. "count-1". NO_MEMORY. */
alexnet_status an_source_number_classes(alexnet_context *ctx, an_source *source,
                                        int64_t count) AN_NODISCARD;

/* Fails with NOT_FOUND: the data set has no such split. */
alexnet_status an_source_no_part(alexnet_context *ctx, const an_source *source, an_part part);

#endif
