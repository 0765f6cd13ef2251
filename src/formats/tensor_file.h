/*
 * tensor_file.h: a file of named tensors, whatever its format. Each format has a reader, which
 * checks every claim of the file and describes its tensors; their values stay in the file until
 * they are read (tensor.h). tensor_file.c has the table of formats. They are told apart by content.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_TENSOR_FILE_H
#define AN_FORMATS_TENSOR_FILE_H

#include "base/file.h"
#include "formats/plain.h"
#include "formats/store.h"
#include "formats/tensor.h"

/* A file of more is refused: a list of tensors is searched by name, one after the other. */
#define AN_TENSORS_MAX 20000

#define AN_TENSOR_END_BYTES ((size_t)8)

/* Zeroed: closed. */
typedef struct an_tensor_file {
    const struct an_tensor_format *format;
    bool open;         /* the reader must be closed: the file is on disk */
    an_reader reader;  /* of the file; tensors may have readers of further files */
    an_reader *others; /* those, in the store */
    const char **other_names;
    size_t other_count;
    an_store store; /* names, texts and lists of the file; small values that were decoded */
    an_tensor_view *tensors; /* in the order of their data, where the format has one */
    size_t count, room;
    const char **keys, **values; /* metadata, in the file's order */
    size_t metadata_count, metadata_room;
    const struct an_graph *graph; /* the network, if the format describes one; else NULL */
    const char *no_graph; /* the format describes one, but it is no chain of graph.h: a message that
                             names the node that differs. Whoever wants the network fails with it;
                             the tensors can be read. NULL otherwise */
    const void *network;  /* the same in the format's own terms, for its run() */
} an_tensor_file;

/* ---- formats ---- */

/* A network to write. */
typedef struct an_network_out {
    const struct an_graph *graph; /* its indices of parameters are those of tensors */
    const an_tensor_out *tensors; /* F32, in the layout of graph.h; their names differ */
    size_t count;
    an_dtype dtype;                          /* F32, F16 or BF16: what they are stored as */
    const char *const *keys, *const *values; /* metadata */
    size_t metadata_count;
    const float *mean_image; /* [3][h][w] of mean_shape, in the order of the network's channels;
                                NULL: none */
    int mean_shape[3];
} an_network_out;

typedef struct an_tensor_format {
    const char *name;      /* as `alexnet convert --to` spells it: "safetensors" */
    const char *extension; /* "safetensors" */
    /* Whether a file of `size` bytes that begins with these may be of this format. NULL: its last
       bytes show it. */
    bool (*matches)(const uint8_t *head, size_t head_bytes, uint64_t size);
    /* The same for at most AN_TENSOR_END_BYTES bytes at its end. NULL: the first ones show it. */
    bool (*matches_end)(const uint8_t *end, size_t end_bytes);
    /*
     * Describes the file of out->reader, which is open; the rest of *out is empty. On failure,
     * the caller closes *out. `path` names the file in messages; files beside it may be opened.
     */
    alexnet_status (*read)(alexnet_context *ctx, const char *path, an_tensor_file *out);
    /*
     * Runs the network that the file describes by the rules of its format, on images as the network
     * gets them. *logits receives a map that the caller frees. NULL: the format describes no
     * network.
     */
    alexnet_status (*run)(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                          const an_plain_map *images, an_plain_map *logits);
    /*
     * Writes these tensors and texts, whole or not at all; equal arguments give equal bytes. *sum
     * receives the size and SHA-256 of the file; it may be NULL. UNSUPPORTED (a type that the
     * format lacks), BAD_ARG (names or texts that cannot be written), IO, NO_MEMORY. NULL: a format
     * that is only read, or whose writer needs to know the network.
     */
    alexnet_status (*write)(alexnet_context *ctx, const char *path, const an_tensor_out *tensors,
                            size_t count, const char *const *keys, const char *const *values,
                            size_t metadata_count, an_file_sum *sum);
    /* The same for a format that describes a network. UNSUPPORTED also: it cannot express a layer,
       which the message names, or this type of numbers. */
    alexnet_status (*write_network)(alexnet_context *ctx, const char *path,
                                    const an_network_out *network, an_file_sum *sum);
} an_tensor_format;

/* clang-format off */
extern const an_tensor_format
    an_tensor_format_safetensors,
    an_tensor_format_npz,    /* numpy/npz.h */
    an_tensor_format_pth,    /* pytorch/pth.h */
    an_tensor_format_pickle, /* of NumPy's arrays: pytorch/pickle_file.h */
    an_tensor_format_tensorflow, /* tensorflow/bundle.h */
    an_tensor_format_onnx,   /* onnx/onnx.h */
    an_tensor_format_caffe;  /* caffe/caffe.h */
/* clang-format on */

/* The table of formats; NULL past its end. */
const an_tensor_format *an_tensor_format_at(int index);

/* The format of this name; NULL: none. */
const an_tensor_format *an_tensor_format_find(const char *name);

/* The format that the content of a file shows; NULL: none. IO. */
alexnet_status an_tensor_format_recognise(alexnet_context *ctx, const char *path,
                                          const an_reader *reader,
                                          const an_tensor_format **format) AN_NODISCARD;

/* ---- opening ---- */

/*
 * Opens a file and keeps it open. `format` NULL: the one that its content shows. BAD_FILE (of no
 * known format, or not as its format says), UNSUPPORTED, NOT_FOUND, IO, NO_MEMORY. Every message
 * names `path`. On failure *out is zeroed.
 */
alexnet_status an_tensor_file_open(alexnet_context *ctx, const char *path,
                                   const an_tensor_format *format,
                                   an_tensor_file *out) AN_NODISCARD;
/* The same from bytes, which must outlive *out. For fuzzing and embedding. */
alexnet_status an_tensor_file_parse(alexnet_context *ctx, const char *what, const void *data,
                                    size_t bytes, const an_tensor_format *format,
                                    an_tensor_file *out) AN_NODISCARD;
void an_tensor_file_close(alexnet_context *ctx, an_tensor_file *file); /* safe on a zeroed file */

const an_tensor_view *an_tensor_file_find(const an_tensor_file *file,
                                          const char *name);                      /* NULL: none */
const char *an_tensor_file_metadata(const an_tensor_file *file, const char *key); /* NULL: none */

/* ---- for readers ---- */

/* Appends a tensor. Its name is copied; a tensor without data in memory or a reader gets that of
   the file. BAD_FILE (more than AN_TENSORS_MAX), NO_MEMORY. */
alexnet_status an_tensor_file_add(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                  const an_tensor_view *tensor) AN_NODISCARD;

/* Appends an entry of the metadata; both texts are copied. NO_MEMORY. */
alexnet_status an_tensor_file_add_metadata(alexnet_context *ctx, const char *path,
                                           an_tensor_file *file, const char *key,
                                           const char *value) AN_NODISCARD;

/* Sets count, and checks that a tensor of this type and shape that is stored without compression at
   `place` lies within the file. BAD_FILE: it does not, or it is too large. */
alexnet_status an_tensor_file_check(alexnet_context *ctx, const char *path,
                                    const an_tensor_file *file,
                                    an_tensor_view *tensor) AN_NODISCARD;

#endif
