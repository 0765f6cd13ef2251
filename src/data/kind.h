/*
 * kind.h: what the kinds of sources have in common, and the one way into each. Included by the files
 * of src/data only.
 *
 * An opener gets a zeroed source with path and context set; on success it has filled in the rest, on
 * failure an_source_close() frees whatever it had filled in so far.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_KIND_H
#define AN_DATA_KIND_H

#include "base/file.h"
#include "base/text.h"
#include "data/parts.h"
#include "data/tally.h"

/* What name_of() gives; an_source_name() makes a path of it. */
typedef enum an_names_rule {
    AN_NAMES_WHOLE,  /* all there is to say */
    AN_NAMES_INSIDE, /* a name inside the data set */
    AN_NAMES_BESIDE  /* a path, absolute or from the folder that the data set lies in */
} an_names_rule;

typedef struct an_kind {
    const char *name;
    an_names_rule names;
    void (*close)(an_source *source); /* frees `own`; called with `own` not NULL */
    void (*name_of)(const an_source *source, int64_t index, char *buffer, size_t bytes);
    alexnet_status (*read)(const an_source *source, alexnet_context *ctx, int64_t index,
                           an_orientation orientation, an_source_buffer *buffer, an_image *image);
    /* Images in a part that was not opened; -1: it would take too long to count them. NULL: they
       are in parts.images. */
    int64_t (*count_part)(const an_source *source, alexnet_context *ctx, int part);
    /* Bytes of the file of an image; 0: nobody can say. NULL: images are no files. */
    uint64_t (*size_of)(const an_source *source, int64_t index);
    /* Fills in what lies beside the parts. NULL: opening did. */
    alexnet_status (*look_beside)(an_source *source, alexnet_context *ctx);
} an_kind;

/* What lies at the top of a data set with parts, and in none of them. */
typedef struct an_beside {
    bool known;
    an_tally files;
    int64_t loose; /* images in no folder */
    struct an_beside_folders {
        an_listing names;
        int64_t images;
    } strangers, /* that hold images, under names of no part */
        flat;    /* called as a part is, without class folders */
} an_beside;

struct an_source {
    const an_kind *kind;
    alexnet_context *ctx; /* that opened it */
    char *path;           /* as the user gave it, or the one folder in that */
    an_parts parts;       /* of folders and tar files; else none */
    an_names classes;
    int64_t count;
    an_tally passed; /* files passed over */
    an_beside beside;
    const char *taken;  /* of CIFAR and IDX: what an_source_taken() tells */
    bool only_training; /* likewise: there are no others */
    bool survey;        /* what is wrong with the data is told, not refused */
    bool stepped_in;    /* `path` is the one folder in what the user named */
    int *labels; /* [count] */
    void *own;   /* what the kind keeps */
};

typedef alexnet_status (*an_source_opener)(alexnet_context *ctx, an_part part, an_source *source);

alexnet_status an_folder_open(alexnet_context *ctx, an_part part, an_source *source) AN_NODISCARD;
alexnet_status an_tar_open(alexnet_context *ctx, an_part part, an_source *source) AN_NODISCARD;
alexnet_status an_list_open(alexnet_context *ctx, an_part part, an_source *source) AN_NODISCARD;
alexnet_status an_cifar_open(alexnet_context *ctx, an_part part, an_source *source) AN_NODISCARD;
alexnet_status an_idx_open(alexnet_context *ctx, an_part part, an_source *source) AN_NODISCARD;
alexnet_status an_synthetic_open(alexnet_context *ctx, an_part part,
                                 an_source *source) AN_NODISCARD;

/* True when these bytes begin a file of the IDX format that holds bytes. */
bool an_idx_sniff(const uint8_t *data, size_t bytes);

#define AN_PATH_BYTES 4096 /* Linux opens no longer path */

/* A larger file is not read as an image. */
#define AN_IMAGE_BYTES_MAX ((uint64_t)256 << 20)

/* Makes room for `bytes` bytes. NO_MEMORY. */
alexnet_status an_source_buffer_reserve(alexnet_context *ctx, an_source_buffer *buffer,
                                        size_t bytes) AN_NODISCARD;

/* Decodes the image in the file FOLDER/NAME, or NAME where that begins with '/'. */
alexnet_status an_source_read_file(alexnet_context *ctx, const char *folder, const char *name,
                                   an_orientation orientation, an_source_buffer *buffer,
                                   an_image *image) AN_NODISCARD;

/* Whether a file of this name lies in the folder. */
alexnet_status an_folder_has(alexnet_context *ctx, const char *folder, const char *name,
                             bool *out) AN_NODISCARD;

/* The bytes of the file FOLDER/NAME, or NAME where that begins with '/'; 0: nobody can say. */
uint64_t an_source_file_bytes(alexnet_context *ctx, const char *folder, const char *name);

/* Takes the path from the head of the context's message. */
void an_source_drop_path(alexnet_context *ctx, const char *path);

/* Names the classes "0" .. "count-1". NO_MEMORY. */
alexnet_status an_source_number_classes(alexnet_context *ctx, an_source *source,
                                        int64_t count) AN_NODISCARD;

/* NOT_FOUND: the data set has no such part. */
alexnet_status an_source_no_part(alexnet_context *ctx, const an_source *source, an_part part);

#endif
