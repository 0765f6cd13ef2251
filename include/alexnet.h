/*
 * alexnet.h: trains, evaluates, runs and inspects the AlexNet family of image classifiers on a CPU.
 *
 * From simple to expert:
 *
 *   1  alexnet_classifier_*   weights and an image in, class names out
 *   2  alexnet_predict() alexnet_features() alexnet_evaluate() alexnet_train() alexnet_verify()
 *      alexnet_data_*()       whole jobs on files
 *   3  alexnet_model_*        build, load, inspect and save a network
 *   4  alexnet_session_*      run a network on your own tensors
 *
 * Before them: statuses, contexts, and what several parts share. After them: the limits of options.
 *
 *     alexnet_context    *ctx;
 *     alexnet_classifier *net;
 *     alexnet_prediction  best;
 *
 *     if (alexnet_open(NULL, &ctx) != ALEXNET_OK) return 1;
 *     int failed = alexnet_classifier_open(ctx, "best.safetensors", &net) != ALEXNET_OK
 *         || alexnet_classifier_file(net, "cat.jpg", 1, &best, NULL) != ALEXNET_OK;
 *     if (failed)
 *         fprintf(stderr, "%s\n", alexnet_error(ctx));
 *     else
 *         printf("%s (%.0f %%)\n", best.label, 100 * best.probability);
 *     alexnet_classifier_close(net);
 *     alexnet_close(ctx);
 *     return failed;
 *
 * Rules for every call:
 *   - A function that can fail returns an alexnet_status. alexnet_error() then names the cause: the
 *     file, layer or option, what was expected and what was found. Results come last; on failure
 *     they are NULL or untouched.
 *   - A context and everything made from it serve one thread at a time. Use one context per thread.
 *     Contexts share nothing, except weights that alexnet_model_share() and
 *     alexnet_classifier_share() lend. The library starts threads of its own and joins them before
 *     a call returns.
 *   - NULL where it is not said to be allowed, and a number out of its range, give BAD_ARG. A
 *     function without a status then does nothing, returns NULL, or fills its result with zeros.
 *   - Close and free functions accept NULL. Close what was made from a context before the context.
 *   - Texts are UTF-8 and end with 0. A `const char *` result is borrowed: it is valid until its
 *     owner is closed.
 *   - Tensors are row-major float32; images are [n][3][h][w].
 *   - The arithmetic threads are OpenMP's. On a busy machine they should sleep while they wait:
 *     start your program with OMP_WAIT_POLICY=passive in its environment, as the program `alexnet`
 *     does.
 *   - The library never prints, never exits, never installs signal handlers, and never runs
 *     anything it reads.
 *
 * Structs and later versions. The number in the library's file name (libalexnet.so.0) changes when
 * a compiled program must be compiled again. Until then:
 *   - A struct of options begins with `struct_size`, which its alexnet_..._default() sets. New
 *     members come at its end, and 0 or NULL in them asks for the default. So the library completes
 *     the options of a program that was compiled with an earlier header, and refuses those of a
 *     later one only if they ask for something that it does not know. `struct_size` 0 is BAD_ARG.
 *   - A struct that the library lends to a callback may grow at its end, too.
 *   - Any other struct does not grow: what must be added comes with a new function.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ALEXNET_H
#define ALEXNET_H

#include <stddef.h>
#include <stdint.h>

#define ALEXNET_VERSION_MAJOR 0
#define ALEXNET_VERSION_MINOR 1
#define ALEXNET_VERSION_PATCH 0

#if defined(__GNUC__)
#define ALEXNET_API       __attribute__((visibility("default")))
#define ALEXNET_NODISCARD __attribute__((warn_unused_result))
#else
#define ALEXNET_API
#define ALEXNET_NODISCARD
#endif

/* clang-format off */
#ifdef __cplusplus
#define ALEXNET_ZERO {}
extern "C" {
#else
#define ALEXNET_ZERO {0}
#endif
/* clang-format on */

typedef struct alexnet_context alexnet_context;       /* memory, threads, the last error */
typedef struct alexnet_classifier alexnet_classifier; /* part 1 */
typedef struct alexnet_model alexnet_model;           /* part 3 */
typedef struct alexnet_session alexnet_session;       /* part 4 */

/* ------------------------------------------------------------------ statuses */

/* name, value (never changes), meaning */
/* clang-format off */
#define ALEXNET_STATUS_MAP(X)                                                                      \
    X(OK, 0, "success")                                                                            \
    X(NO_MEMORY, 1, "out of memory")                                                               \
    X(BAD_ARG, 2, "an argument is outside its documented range")                                   \
    X(BAD_SHAPE, 3, "tensor shapes do not fit together")                                           \
    X(BAD_FILE, 4, "the file is truncated, corrupt or of another format")                          \
    X(NOT_FOUND, 5, "no such file, layer or class")                                                \
    X(UNSUPPORTED, 6, "valid input that this build cannot handle")                                 \
    X(IO, 7, "the system refused a read or a write")                                               \
    X(DEVICE, 8, "the accelerator reported an error")                                              \
    X(PEER, 9, "another rank failed; its log has the cause")                                       \
    X(STOPPED, 10, "stopped on request; the run can be resumed")                                   \
    X(DIVERGED, 11, "the loss or a layer's values are no longer finite")

typedef enum alexnet_status {
#define ALEXNET_STATUS_ENUM(name, value, text) ALEXNET_##name = value,
    ALEXNET_STATUS_MAP(ALEXNET_STATUS_ENUM)
#undef ALEXNET_STATUS_ENUM
} alexnet_status;
/* clang-format on */

/* "0.1.0": the version of the library that is running. Any thread. */
ALEXNET_API const char *alexnet_version(void);

/* The meaning of a status; "unknown status" for any other number. Any thread. */
ALEXNET_API const char *alexnet_status_text(alexnet_status status);

/* ------------------------------------------------------------------ contexts */

typedef enum alexnet_log_level { ALEXNET_LOG_INFO, ALEXNET_LOG_WARNING } alexnet_log_level;

/* Receives one line without a newline, on the thread that called the library. */
typedef void (*alexnet_log)(void *user, alexnet_log_level level, const char *line);

/*
 * The number format in which convolutions and linear layers multiply. Weights, activations,
 * gradients and sums are fp32 in any case. Results differ by the rounding of the format.
 */
typedef enum alexnet_dtype {
    ALEXNET_FP32,
    ALEXNET_BF16, /* 8-bit mantissa. Training: linear layers only; convolutions stay fp32 */
    ALEXNET_INT8  /* inference only. Weights have a scale per output channel, inputs one per image
                     and layer */
} alexnet_dtype;

/* For max_memory, steps, seconds and stop_at_top1: none; removes the limit of a resumed run. */
#define ALEXNET_NO_LIMIT (-2)

typedef struct alexnet_options {
    size_t struct_size;
    int threads;         /* arithmetic threads, at most 256; 0: all cores this process may use, or
                            as many as the CPU quota of its cgroup allows */
    alexnet_dtype dtype; /* a machine without instructions for it computes the same, but slower */
    const char *cpu;     /* highest tier to use: "portable", "avx2", "avx512" or "neon". A machine
                            that lacks it uses the best tier below. NULL: the best there is. Must
                            outlive the context */
    alexnet_log log;     /* NULL: silent */
    void *log_user;
    void *(*allocate)(void *user, size_t bytes); /* like malloc, on any thread; NULL: malloc */
    void (*release)(void *user, void *block);    /* like free; given exactly if allocate is */
    void *memory_user;
    int64_t max_pixels; /* an image with more is not decoded (BAD_FILE), at most
                           ALEXNET_PIXELS_MAX; 0: ALEXNET_PIXELS, enough for a photograph of 200
                           megapixels */
    int64_t max_memory; /* bytes of the whole process, at most ALEXNET_MEMORY_MAX: a job that needs
                           more is refused before it begins (NO_MEMORY). 0: what the machine, the
                           cgroup and the limits of the process allow; ALEXNET_NO_LIMIT: not
                           checked */
} alexnet_options;

static inline alexnet_options alexnet_options_default(void)
{
    alexnet_options options = ALEXNET_ZERO;

    options.struct_size = sizeof options;
    return options;
}

/*
 * Opens a context. options: NULL for the defaults. On failure *out is NULL: NO_MEMORY, BAD_ARG (an
 * option out of range, or an unknown tier or dtype), UNSUPPORTED (a tier of another architecture
 * than this build's).
 */
ALEXNET_API alexnet_status alexnet_open(const alexnet_options *options,
                                        alexnet_context **out) ALEXNET_NODISCARD;
ALEXNET_API void alexnet_close(alexnet_context *ctx);

/* The cause of the last failure on this context, one line; "" before any. NULL: says so. */
ALEXNET_API const char *alexnet_error(const alexnet_context *ctx);

/* What the machine offers, and how much of it this context uses. */
typedef struct alexnet_machine {
    const char *backend; /* "cpu" */
    const char *tier;    /* "portable", "avx2", "avx512", "neon" */
    int threads;
    const char *features; /* names separated by spaces: "avx2 fma avx512f ..." */
} alexnet_machine;

ALEXNET_API alexnet_status alexnet_get_machine(alexnet_context *ctx,
                                               alexnet_machine *out) ALEXNET_NODISCARD;

/* ------------------------------------------------------------------ shared by several parts */

/* The progress of a long job, reported after each step, image or batch. */
typedef struct alexnet_progress {
    const char *phase;   /* "train", "val", "eval", "predict", "verify", "stats", "mean", "synth";
                            "features": of frozen layers */
    int64_t done, total; /* steps in "train", images otherwise; total 0: unknown */
    double epoch;        /* train: epochs done, with a fraction */
    double loss, top1, top5; /* since the last report; NaN where the phase has none */
    double lr;               /* train: learning rate */
    double images_per_second;
    double data_wait;    /* fraction of the time spent waiting for images, 0 .. 1 */
    double seconds_left; /* an estimate; NaN: unknown */
    const char *message; /* not NULL: a complete line for a log ("epoch 3: val top-1 71.2 %") */
} alexnet_progress;

typedef enum alexnet_go {
    ALEXNET_GO_ON,
    ALEXNET_GO_CHECKPOINT, /* train: write a checkpoint now, then go on */
    ALEXNET_GO_STOP        /* end cleanly with STOPPED; train writes a checkpoint first */
} alexnet_go;

/* Called on the thread that called the library. Must return quickly. */
typedef alexnet_go (*alexnet_progress_fn)(void *user, const alexnet_progress *progress);

/* What an unreadable image does to a job. */
typedef enum alexnet_bad_image {
    ALEXNET_BAD_IMAGE_DEFAULT, /* skip, but at most 1 % of the images (and at least one) */
    ALEXNET_BAD_IMAGE_FAIL,    /* the first one ends the call with BAD_FILE */
    ALEXNET_BAD_IMAGE_SKIP     /* skip any number */
} alexnet_bad_image;

/* Receives an unreadable image. */
typedef void (*alexnet_skipped_fn)(void *user, const char *path, const char *reason);

/* Photographs carry a mark (EXIF) that says which way up they were taken. */
typedef enum alexnet_orientation {
    ALEXNET_ORIENTATION_DEFAULT, /* what the preprocessing record of the weights says */
    ALEXNET_ORIENTATION_EXIF,    /* turned upright */
    ALEXNET_ORIENTATION_STORED   /* as the pixels are stored, as most networks were trained */
} alexnet_orientation;

/*
 * The input size at which trained weights run. 0 in all members: the recorded one.
 * Convolutions run on a map of any size, and so do linear layers whose weights cover a window of
 * it. A linear layer behind a fully flattened map fits one size only.
 */
typedef struct alexnet_run_size {
    size_t struct_size;
    int input_h, input_w; /* pixels; 0: as recorded */
    int global_pool; /* 1: average the map before the classifier, so that any larger input gives
                        one answer */
    int no_squeeze;  /* 1: the answer may be a map, one for each place ('slim'). A network whose
                        answers become a map at this size gives one in any case */
} alexnet_run_size;

static inline alexnet_run_size alexnet_run_size_default(void)
{
    alexnet_run_size size = ALEXNET_ZERO;

    size.struct_size = sizeof size;
    return size;
}

typedef enum alexnet_activation {
    ALEXNET_ACTIVATION_RELU, /* max(x, 0) */
    ALEXNET_ACTIVATION_TANH  /* tanh(x) */
} alexnet_activation;

typedef enum alexnet_pooling {
    ALEXNET_POOLING_3_2, /* 3x3 windows, stride 2: overlapping (Krizhevsky et al. 2012, 3.4) */
    ALEXNET_POOLING_2_2  /* 2x2 windows, stride 2 */
} alexnet_pooling;

/*
 * A network of a family, for training and for part 3. -1 asks for the family's own value. A family
 * refuses an option that makes no sense for it: alexnet_model_describe() says which and why.
 */
typedef struct alexnet_model_options {
    size_t struct_size;
    double dropout; /* probability, 0 .. ALEXNET_DROPOUT_MAX; negative: the family's */
    int classes;    /* 0: no classifier, the network ends with its last hidden layer ('slim') */
    int input_h, input_w; /* pixels */
    int global_pool; /* 1: average the map before the classifier to 1x1, so that any larger input
                        gives one answer */
    int squeeze;     /* 0: the answer may be a map, one for each place ('slim': spatial_squeeze) */
    int lrn;         /* 0: without the local response normalisation layers */
    int activation;  /* alexnet_activation */
    int pooling;     /* alexnet_pooling */
} alexnet_model_options;

static inline alexnet_model_options alexnet_model_options_default(void)
{
    alexnet_model_options options = ALEXNET_ZERO;

    options.struct_size = sizeof options;
    options.dropout = options.classes = options.input_h = options.input_w = -1;
    options.global_pool = options.squeeze = options.lrn = -1;
    options.activation = options.pooling = -1;
    return options;
}

/* ------------------------------------------------------------------ 1: classifier */

typedef struct alexnet_prediction {
    int index;         /* of the class */
    const char *label; /* its name, or "class 7" without names. Borrowed from the classifier */
    float probability; /* softmax, 0 .. 1 */
} alexnet_prediction;

/* weights: a weights file or a run folder (alexnet_model_load()). */
ALEXNET_API alexnet_status alexnet_classifier_open(alexnet_context *ctx, const char *weights,
                                                   alexnet_classifier **out) ALEXNET_NODISCARD;

/*
 * Makes a classifier of a loaded model, which may have been resized (alexnet_model_resize()) or
 * turned (alexnet_model_set_orientation()). On success the classifier owns the model; on failure
 * the caller still does. Answers that are a map are averaged (alexnet_evaluate_options.size).
 *   batch  how many images go through the network at once, 1 .. ALEXNET_BATCH_MAX: 1 answers a
 *          single image soonest, as alexnet_classifier_open() does; 32 or 64 is the fastest for
 *          alexnet_classifier_batch(), and takes more memory
 */
ALEXNET_API alexnet_status alexnet_classifier_take_model(
    alexnet_model *model, int batch, alexnet_classifier **out) ALEXNET_NODISCARD;

/*
 * Makes another classifier, on another context, over the weights of `classifier`, which are not
 * copied: for a second thread. The first must stay open until the second is closed. Make no other
 * call on the first during this one; afterwards each may be used on a thread of its own.
 * BAD_ARG: the contexts differ in tier or dtype. NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_classifier_share(alexnet_classifier *classifier,
                                                    alexnet_context *ctx,
                                                    alexnet_classifier **out) ALEXNET_NODISCARD;
ALEXNET_API void alexnet_classifier_close(alexnet_classifier *classifier);

/*
 * Decodes, preprocesses and classifies one image.
 *   predictions  room for topk entries, filled best first
 *   count        how many were filled: the smaller of topk and the number of classes; may be NULL
 * NOT_FOUND, IO, BAD_FILE (no image, or truncated), BAD_ARG (topk below 1), NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_classifier_file(alexnet_classifier *classifier, const char *path,
                                                   int topk, alexnet_prediction *predictions,
                                                   int *count) ALEXNET_NODISCARD;
ALEXNET_API alexnet_status alexnet_classifier_memory(alexnet_classifier *classifier,
                                                     const void *data, size_t bytes, int topk,
                                                     alexnet_prediction *predictions,
                                                     int *count) ALEXNET_NODISCARD;

/* An encoded image in memory: the bytes of a file. */
typedef struct alexnet_image_bytes {
    const void *data;
    size_t bytes;
} alexnet_image_bytes;

/* What became of one image of several. */
typedef struct alexnet_image_result {
    alexnet_status status; /* of this image alone: OK, BAD_FILE, UNSUPPORTED, BAD_SHAPE, BAD_ARG */
    int count;             /* predictions that were filled; 0 unless status is OK */
    const char *error;     /* NULL: success. Borrowed from the classifier until its next call */
} alexnet_image_result;

/*
 * Classifies several images, decoded in parallel. An image that fails does not end the call.
 *   images       n of them; data NULL is BAD_ARG of that image
 *   n            1 .. ALEXNET_BATCH_MAX
 *   predictions  n rows of topk entries, each filled best first
 *   results      n entries
 * BAD_ARG (n or topk out of range), NO_MEMORY, DIVERGED.
 */
ALEXNET_API alexnet_status alexnet_classifier_batch(
    alexnet_classifier *classifier, const alexnet_image_bytes *images, int n, int topk,
    alexnet_prediction *predictions, alexnet_image_result *results) ALEXNET_NODISCARD;

/* ------------------------------------------------------------------ 2: jobs on files */

/* ---- predict ---- */

/* The result for one image, in the order given: an error, or `count` predictions. Borrowed for the
   call. */
typedef struct alexnet_prediction_result {
    const char *image;
    const char *error; /* NULL: success */
    const alexnet_prediction *predictions;
    int count;
} alexnet_prediction_result;

/* What predict or evaluate is about to do: reported once, before the first image. Borrowed for the
   call. */
typedef struct alexnet_start {
    int64_t images;
    int batch;                 /* images at a time */
    int64_t memory_bytes;      /* of the whole process, at most; within a tenth of the real peak */
    int64_t memory_bytes_free; /* that the process may have in all; -1: unknown */
} alexnet_start;

typedef void (*alexnet_start_fn)(void *user, const alexnet_start *start);

typedef void (*alexnet_prediction_fn)(void *user, const alexnet_prediction_result *result);

typedef struct alexnet_predict_options {
    size_t struct_size;
    const char *weights;       /* required */
    const char *const *images; /* files and folders, which are searched in byte order */
    size_t image_count;
    int topk;                        /* 0: 5 */
    int batch;                       /* 0: 32 */
    int workers;                     /* decoding threads; 0: as needed */
    alexnet_orientation orientation; /* for this call, instead of the weights' own */
    const alexnet_run_size *size;    /* the same; NULL: as recorded */
    alexnet_prediction_fn result;    /* may be NULL */
    void *result_user;
    alexnet_progress_fn progress; /* may be NULL */
    void *progress_user;
    alexnet_start_fn start; /* may be NULL */
    void *start_user;
} alexnet_predict_options;

static inline alexnet_predict_options alexnet_predict_options_default(void)
{
    alexnet_predict_options options = ALEXNET_ZERO;

    options.struct_size = sizeof options;
    return options;
}

/* An image that fails is reported and counted in *failed; it does not end the call. */
ALEXNET_API alexnet_status alexnet_predict(alexnet_context *ctx,
                                           const alexnet_predict_options *options, int64_t *images,
                                           int64_t *failed) ALEXNET_NODISCARD;

/* ---- features and preprocess ---- */

typedef struct alexnet_features_options {
    size_t struct_size;
    const char *weights;       /* required */
    const char *layer;         /* a layer's name, "logits" or "prob" (without classes: the last
                                  layer); NULL: the preprocessed images themselves */
    const char *const *images; /* files and folders; or none, and instead */
    size_t image_count;
    const char *input; /* a .safetensors or .npy file with one finite float32 tensor [n][3][h][w],
                          used as it is, of any size that the network takes */
    const char *out; /* required: .safetensors or .npy, [n][c][h][w] or [n][c]. A map of 1x1 becomes
                        a row, except, as in its source, the output of a network without classes
                        or without squeeze */
    int as_bytes;    /* 1: preprocessed images before mean and scale, as uint8 [n][h][w][3] */
    int batch;       /* 0: 32 */
    alexnet_orientation orientation; /* for this call, instead of the weights' own */
    const alexnet_run_size *size;    /* the same; NULL: as recorded. With `input`, its own size */
    alexnet_progress_fn progress;    /* may be NULL */
    void *progress_user;
} alexnet_features_options;

static inline alexnet_features_options alexnet_features_options_default(void)
{
    alexnet_features_options options = ALEXNET_ZERO;

    options.struct_size = sizeof options;
    return options;
}

/*
 * Any unreadable image ends the call, as no row may be missing. rank and shape, of the file
 * written, may be NULL. The output file is opened before the work. DIVERGED: a value is not finite.
 */
ALEXNET_API alexnet_status alexnet_features(alexnet_context *ctx,
                                            const alexnet_features_options *options, int *rank,
                                            int64_t shape[4]) ALEXNET_NODISCARD;

/* ---- filters ---- */

typedef enum alexnet_filter_scale {
    ALEXNET_FILTER_SCALE_OWN,   /* the largest weight of each filter is black or white */
    ALEXNET_FILTER_SCALE_COMMON /* the largest weight of all filters is: filters that learned
                                   little stay grey */
} alexnet_filter_scale;

/* What alexnet_filters() drew. */
typedef struct alexnet_filters_info {
    char layer[64];       /* "features.0" */
    int count;            /* filters */
    int height, width;    /* of a filter, in weights */
    int channels;         /* 3: drawn in colour; otherwise in grey */
    int towers;           /* drawn apart: groups of filters that the next convolution keeps apart */
    int image_h, image_w; /* pixels */
} alexnet_filters_info;

/*
 * Draws the filters of the first convolution as an image, PNG or SVG by the end of its name, and
 * replaces a file of that name. 0 is mid-grey; colours are in the channel order of the
 * preprocessing record. The weights may hold a part of a network: this layer is enough. info may
 * be NULL. BAD_ARG (another name; the weights' own), BAD_FILE (without that layer, or not
 * weights), BAD_SHAPE, NOT_FOUND, IO, NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_filters(alexnet_context *ctx, const char *weights,
                                           const char *out, alexnet_filter_scale scale,
                                           alexnet_filters_info *info) ALEXNET_NODISCARD;

/* ---- evaluate ---- */

typedef struct alexnet_evaluate_options {
    size_t struct_size;
    const char *const *weights; /* required; several: their softmax outputs are averaged */
    size_t weights_count;
    const char *data; /* NULL, with one run folder as weights: the images on which that run
                         validated. They must not have changed (BAD_FILE) */
    int crops;   /* 0 or 1: centre; 10: the four corners, the centre, and their mirror images */
    int batch;   /* images at a time, a tenth of it with ten crops; 0: 64 */
    int workers; /* decoding threads; 0: as needed */
    alexnet_orientation orientation; /* for this call, instead of the weights' own */
    const alexnet_run_size *size;    /* the same; NULL: as recorded. Where the answer is a map, its
                                        logits are averaged before the softmax, as in slim's
                                        tests */
    alexnet_bad_image on_bad_image;
    int csv_safe; /* 1: in .csv files, ' before names that begin with = + - @, which spreadsheets
                     take for formulas */
    const char *predictions;      /* a .csv or .jsonl file to write, or NULL */
    const char *confusion;        /* a .csv or .svg file to write, or NULL */
    alexnet_progress_fn progress; /* may be NULL */
    void *progress_user;
    alexnet_skipped_fn skipped; /* may be NULL */
    void *skipped_user;
    alexnet_start_fn start; /* may be NULL */
    void *start_user;
} alexnet_evaluate_options;

static inline alexnet_evaluate_options alexnet_evaluate_options_default(void)
{
    alexnet_evaluate_options options = ALEXNET_ZERO;

    options.struct_size = sizeof options;
    return options;
}

/* With this many classes or fewer, top-5 is always right and is not shown. */
#define ALEXNET_TOP5_CLASSES 5

typedef struct alexnet_class_result {
    const char *label;
    int64_t images, correct; /* correct: top-1 */
} alexnet_class_result;

/* The result of one of several weights alone, on the same images. */
typedef struct alexnet_weights_result {
    const char *weights; /* as given; borrowed from the options */
    double loss, top1, top5;
} alexnet_weights_result;

typedef struct alexnet_evaluate_result {
    int64_t images, skipped;
    int crops;
    double loss;       /* mean cross-entropy in nats */
    double top1, top5; /* accuracies, 0 .. 1 */
    double images_per_second;
    int classes;
    alexnet_class_result *per_class; /* `classes` entries */
    alexnet_weights_result *each;    /* weights_count entries; NULL for one */
    int64_t memory_bytes;            /* alexnet_start.memory_bytes */
    int64_t peak_rss_bytes;          /* peak memory of the process so far, as the system measured
                                        it; 0: unknown */
} alexnet_evaluate_result;

/* Free *out with alexnet_evaluate_result_free(). */
ALEXNET_API alexnet_status alexnet_evaluate(alexnet_context *ctx,
                                            const alexnet_evaluate_options *options,
                                            alexnet_evaluate_result *out) ALEXNET_NODISCARD;
ALEXNET_API void alexnet_evaluate_result_free(alexnet_context *ctx,
                                              alexnet_evaluate_result *result);

/* ---- train ---- */

/* A run that is about to begin or to be resumed, reported once before the first step. Borrowed for
   the call. */
typedef struct alexnet_train_start {
    const alexnet_model *model; /* with the data's classes */
    const char *run, *recipe;   /* the run folder; the name of the recipe */
    int64_t images, val_images; /* per epoch; val_images 0: no validation */
    int batch;
    int64_t steps_per_epoch;
    int64_t trained_parameters; /* those of alexnet_model_info.parameters that are not frozen */
    int64_t optimiser_bytes;    /* momentum, and for some rules squares and an average */
    int64_t gradient_bytes;
    int64_t disk_bytes;      /* of the run folder at the end, at most */
    int64_t disk_bytes_max;  /* during training */
    int64_t disk_bytes_free; /* on that disk; -1: unknown */
    int64_t step, steps;   /* steps already done (resumed); total, an estimate with a time limit */
    int64_t planned_steps; /* total by epochs and steps alone */
    double seconds;        /* the time limit; -1: none */
    double expected_seconds;   /* of the whole run, estimated by three steps on random images; NaN:
                                  unknown */
    const char *recipe_reason; /* "asked for", "a small set: 2,500 images" ... */
    int64_t memory_bytes;      /* of the whole process, at most; within a tenth of the real peak */
    int64_t memory_bytes_free; /* that the process may have in all; -1: unknown */
} alexnet_train_start;

typedef void (*alexnet_train_start_fn)(void *user, const alexnet_train_start *start);

/* A data set of fewer images is a small one. */
#define ALEXNET_SMALL_SET 100000

/*
 * NULL and -1, which alexnet_train_options_default() sets, ask for the default in the comment.
 *
 * With `resume`, a value that is given must be the run's own (BAD_ARG names the first that is not),
 * except: data, val, epochs, steps, seconds, checkpoint_*, workers, patience, stop_at_top1 and
 * callbacks.
 */
typedef struct alexnet_train_options {
    size_t struct_size;
    const char *config; /* a run's config.json or folder: a new run with the settings of that one,
                           overridden by what is given here ("none" for val, from, freeze and
                           solverstate removes it). Not with resume */
    const char *data;   /* required without resume and config. With resume: where the data lies now,
                           with images of the same names, classes and sizes */
    const char *val;    /* validation data. NULL: `val` or `test` beside `train` in data, else a
                           split */
    double val_split;   /* fraction of data that is split off where it has no validation part; 0:
                           none. -1: 0.1 */
    const char *model;  /* family. NULL: torchvision */
    const alexnet_model_options *model_options; /* NULL: the family's */
    const char *from;   /* initial weights, of a whole network or a part: a file or a run folder */
    const char *freeze; /* not trained: "features", or layer names separated by commas */
    alexnet_orientation orientation; /* of photographs; it is recorded in the weights. DEFAULT: EXIF
                                        where the data is files of images (a folder, a tar, a list),
                                        else as the record says */
    alexnet_bad_image on_bad_image;
    const char *recipe;   /* NULL: for a set below ALEXNET_SMALL_SET, "finetune" with `from`, else
                             "quick" ("quick-bn" for "bn"); for larger sets, and families made for
                             one data set, the family's own */
    const char *settings; /* overrides settings of the recipe, as words "KEY=VALUE" separated by
                             spaces: "lr=0.01 augment=crop,flip". Keys (docs/training.md): batch,
                             lr, bias_lr, momentum, weight_decay, bias_decay, update, rho, beta2,
                             epsilon, average, smoothing, mixup, grow, views, schedule,
                             bias_schedule, augment, events, init. NULL: none */
    double epochs;        /* length: the first of three limits ends the run. -1: the recipe's */
    int64_t steps;        /* at least 1; -1: no limit, or the resumed run's */
    double seconds;       /* above 0, including the time before a resume; -1: as steps */
    const char *out;      /* the run folder. Required without resume */
    const char *resume;   /* the run folder to resume. With more epochs than it began with, the
                             learning rate goes on from where it was, never upward */
    int force;            /* 1: replace an existing run folder; not with resume */
    int allow_other_bits; /* 1: resume a run of another tier, whose kernels round differently */
    double checkpoint_seconds; /* 0: none by time; -1: 600 */
    int64_t checkpoint_steps;  /* 0: none by steps; -1: 0 */
    int checkpoint_keep; /* checkpoints to keep; 0: one during training, none after success; -1:
                            2 */
    int workers;         /* decoding threads; -1: as needed */
    int patience;        /* epochs without improvement that end the run; 0: off; -1: 0 */
    int dtype;           /* ALEXNET_FP32 or ALEXNET_BF16; -1: the context's, or the resumed
                            run's */
    double stop_at_top1; /* end when validation top-1 reaches this fraction; -1: off */
    int64_t seed;        /* 0 or more; -1: 1 */
    alexnet_train_start_fn start; /* may be NULL */
    void *start_user;
    alexnet_progress_fn progress; /* may be NULL */
    void *progress_user;
    alexnet_skipped_fn skipped; /* called at the end, once per image; may be NULL */
    void *skipped_user;
    const char *solverstate; /* Caffe's solver state of `from`, a .caffemodel: its momentum goes on;
                                its step count does not. Classes without names in `from` are then
                                matched by their order. For SGD; not with resume. NULL: none */
} alexnet_train_options;

static inline alexnet_train_options alexnet_train_options_default(void)
{
    alexnet_train_options options = ALEXNET_ZERO;

    options.struct_size = sizeof options;
    options.val_split = options.stop_at_top1 = -1;
    options.epochs = options.seconds = options.checkpoint_seconds = -1;
    options.steps = options.checkpoint_steps = options.seed = -1;
    options.checkpoint_keep = options.workers = options.patience = options.dtype = -1;
    return options;
}

typedef struct alexnet_train_result {
    int64_t steps;
    double epochs;
    double train_loss;         /* mean since the start of the last epoch */
    double val_top1, val_top5; /* of the last weights */
    double best_top1;          /* of the best weights: by top-1, then by loss */
    double images_per_second;  /* whole steps with loading, without validation */
    int64_t skipped;
    char run[4096];          /* the run folder */
    char weights[4096];      /* best.safetensors, or last.safetensors without validation */
    char weights_sha256[65]; /* alexnet_model_hash() of `weights` */
    char last_weights[4096]; /* last.safetensors: where the run ended; equal runs, equal bits */
    char last_sha256[65];    /* alexnet_model_hash() of `last_weights` */
    double seconds;          /* of training and validation, including the time before a resume */
    double train_top1; /* mean since the start of the last epoch, with dropout and augmentation */
    double guess_top1; /* validation top-1 of always answering with the largest class; NaN: none */
    double best_epoch; /* epochs done when the best weights were validated; NaN: none */
    int classes;
    int64_t images;             /* for training */
    const char *ended;          /* "epochs" (or steps), "time", "patience", "top1" or "stopped" */
    double planned_epochs;      /* by epochs and steps alone */
    char recipe[64], model[64]; /* names */
    int64_t memory_bytes;       /* alexnet_train_start.memory_bytes */
    int64_t peak_rss_bytes;     /* peak memory of the process so far, as the system measured it; 0:
                                   unknown */
} alexnet_train_result;

/*
 * Trains until the first limit. IO before anything is written: the disk has less room than the run
 * needs. STOPPED: the progress callback asked for it; a checkpoint is written and *out filled.
 * DIVERGED: the loss is no longer finite; the message names the first bad layer.
 */
ALEXNET_API alexnet_status alexnet_train(alexnet_context *ctx, const alexnet_train_options *options,
                                         alexnet_train_result *out) ALEXNET_NODISCARD;

/* Recipes 0 .. count-1: name and settings as text, with epochs, seen and dropout besides the keys
   of alexnet_train_options.settings. NULL: index out of range. */
ALEXNET_API int alexnet_recipe_count(void);
ALEXNET_API const char *alexnet_recipe_name(int index);
ALEXNET_API const char *alexnet_recipe_settings(int index);

/* ---- verify ---- */

/* A verified file. Borrowed for the call. */
typedef struct alexnet_verified {
    const char *file;
    const char *proof; /* "sha256": a checksum in another file; "crc32c": its own; "none": it can be
                          read, and has no checksum */
    const char *error; /* NULL: intact */
} alexnet_verified;

typedef void (*alexnet_verified_fn)(void *user, const alexnet_verified *file);

/*
 * Reads a weights file, or all files of a run, and compares each with its checksums. A file that is
 * damaged or unreadable is reported and counted; the status is OK all the same.
 *   tell  called for each file; may be NULL
 *   bad   the number of damaged files; may be NULL
 * BAD_ARG (no path), NOT_FOUND, NO_MEMORY, BAD_FILE (a folder that is not a run's).
 */
ALEXNET_API alexnet_status alexnet_verify(alexnet_context *ctx, const char *path,
                                          alexnet_verified_fn tell, void *user,
                                          int *bad) ALEXNET_NODISCARD;

/* ---- data ---- */

typedef struct alexnet_data_options {
    size_t struct_size;
    const char *data; /* required */
    const char *part; /* "train", "val", "test" or another of its names; NULL: everything as one */
    int workers;      /* decoding threads; 0: as needed */
    int size;         /* stats: resize images to size x size first; 0: as they are */
    alexnet_progress_fn progress; /* may be NULL */
    void *progress_user;
    alexnet_skipped_fn skipped; /* unreadable images, in the order of the data; may be NULL */
    void *skipped_user;
} alexnet_data_options;

static inline alexnet_data_options alexnet_data_options_default(void)
{
    alexnet_data_options options = ALEXNET_ZERO;

    options.struct_size = sizeof options;
    return options;
}

/* Files of one kind that a data set does not use: "HEIC", ".txt", "hidden". */
typedef struct alexnet_passed_over {
    const char *kind;
    int64_t files;
    int unread; /* 1: images in a format that this build does not read */
} alexnet_passed_over;

typedef struct alexnet_data_info {
    const char *kind; /* "folder", "tar", "list", "cifar", "idx", "synthetic" */
    int64_t images, bad;
    int classes;
    const char *const *class_names; /* `classes` entries */
    const int64_t *class_images;
    int64_t ignored;           /* files not used: hidden, or without the name of a readable image */
    double mean[3], sd[3];     /* stats: RGB, 0 .. 1 */
    double eigenvalues[3];     /* stats: of the RGB covariance, 0 .. 1 scale */
    double eigenvectors[3][3]; /* [component][channel] */
    void *owner;               /* free with alexnet_data_info_free() */
    const alexnet_passed_over *passed_over; /* what `ignored` counts, by kind */
    size_t passed_over_kinds;
} alexnet_data_info;

/*
 * Counts without decoding. BAD_FILE: an empty class, an empty `val` or `test` beside `train`, or
 * one part under two names. NOT_FOUND: no images at all; the message shows the expected folders.
 */
ALEXNET_API alexnet_status alexnet_data_inspect(alexnet_context *ctx,
                                                const alexnet_data_options *options,
                                                alexnet_data_info *out) ALEXNET_NODISCARD;

/* Decodes every image. Unreadable ones are counted and reported; the status is OK all the same. */
ALEXNET_API alexnet_status alexnet_data_verify(alexnet_context *ctx,
                                               const alexnet_data_options *options,
                                               alexnet_data_info *out) ALEXNET_NODISCARD;

/* Mean, standard deviation and principal components of the colours. */
ALEXNET_API alexnet_status alexnet_data_stats(alexnet_context *ctx,
                                              const alexnet_data_options *options,
                                              alexnet_data_info *out) ALEXNET_NODISCARD;
ALEXNET_API void alexnet_data_info_free(alexnet_context *ctx, alexnet_data_info *info);

typedef struct alexnet_synth_options {
    size_t struct_size;
    const char *out;  /* required; must not exist, unless force */
    int classes;      /* 0: 6; at most 12 */
    int train_images; /* per class; 0: 200 */
    int val_images;   /* per class; 0: 40 */
    int size;         /* pixels; 0: 224 */
    uint64_t seed;
    int force;
    alexnet_progress_fn progress; /* may be NULL */
    void *progress_user;
} alexnet_synth_options;

static inline alexnet_synth_options alexnet_synth_options_default(void)
{
    alexnet_synth_options options = ALEXNET_ZERO;

    options.struct_size = sizeof options;
    return options;
}

/* Draws a small data set: OUT/{train,val}/CLASS/NNNN.jpg. */
ALEXNET_API alexnet_status
alexnet_data_synth(alexnet_context *ctx, const alexnet_synth_options *options) ALEXNET_NODISCARD;

/* ------------------------------------------------------------------ 3: models */

/* The families that this build knows, 0 .. count-1. */
typedef struct alexnet_family_info {
    const char *name;         /* "torchvision" */
    const char *summary;      /* one line */
    const char *source;       /* where its numbers come from */
    const char *recipe;       /* its own training recipe */
    int64_t parameters, macs; /* with its default options */
} alexnet_family_info;

ALEXNET_API int alexnet_family_count(void);
ALEXNET_API alexnet_status alexnet_get_family(alexnet_context *ctx, int index,
                                              alexnet_family_info *out) ALEXNET_NODISCARD;

/*
 * Creates a network of a family with initial weights, which are a function of the seed. options:
 * NULL for the family's own. BAD_ARG (an unknown family, with the nearest name; an option out of
 * range), BAD_SHAPE (the input size does not fit), NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_model_create(alexnet_context *ctx, const char *family,
                                                const alexnet_model_options *options, uint64_t seed,
                                                alexnet_model **out) ALEXNET_NODISCARD;

/* The same without weights, to ask about it: alexnet_tensor_info.data is NULL. Cheap. */
ALEXNET_API alexnet_status alexnet_model_describe(alexnet_context *ctx, const char *family,
                                                  const alexnet_model_options *options,
                                                  alexnet_model **out) ALEXNET_NODISCARD;

/*
 * Loads a weights file (safetensors). Here and wherever weights are asked for, a run folder
 * stands for its best.safetensors, or last.safetensors where there is no best; the log says which.
 * A file without our metadata is recognised by the names and shapes of its tensors, where they fit
 * exactly one family; its classes are then unnamed. Names may begin with "module." or "model.".
 *
 * BAD_FILE (also a preprocessing record that does not parse, two classes of one name, or checksums
 * in "alexnet.crc32c" that do not match: an edited file is read without that entry), BAD_SHAPE,
 * NOT_FOUND, IO, NO_MEMORY. Weights whose record asks for a mean image that the file lacks can be
 * loaded, as training may start from them; whatever classifies images refuses them with BAD_FILE.
 */
ALEXNET_API alexnet_status alexnet_model_load(alexnet_context *ctx, const char *path,
                                              alexnet_model **out) ALEXNET_NODISCARD;

/*
 * Creates a network that takes from a weights file what it holds of it, perhaps only a part, and
 * has initial weights for the rest (a function of the seed). The log says what was loaded, what was
 * initialised and why, and what of the file is not used. An option that is not given is the file's.
 *   family   NULL: the file's own, else the one that most of its tensors fit
 *   options  may be NULL
 * As alexnet_model_create() and alexnet_model_load(); BAD_FILE: nothing of the file fits.
 */
ALEXNET_API alexnet_status alexnet_model_complete(alexnet_context *ctx, const char *path,
                                                  const char *family,
                                                  const alexnet_model_options *options,
                                                  uint64_t seed,
                                                  alexnet_model **out) ALEXNET_NODISCARD;

/* How the numbers of a weights file are stored. Narrower ones are rounded to nearest. */
typedef enum alexnet_storage {
    ALEXNET_STORAGE_FP32,
    ALEXNET_STORAGE_BF16,
    ALEXNET_STORAGE_FP16
} alexnet_storage;

typedef struct alexnet_convert_options {
    size_t struct_size;
    const char *from;  /* format of the input, "pth"; NULL: by its content */
    const char *to;    /* format of the output; NULL: by the extension of its name */
    const char *model; /* the family; NULL: found by layers, or by tensors */
    alexnet_storage storage;
    int no_verify;              /* 1: do not run both files */
    const char *const *classes; /* class_count names, in the order of the outputs; NULL: the file's,
                                   or none */
    int class_count;
    const char *mean; /* a mean image to subtract: .binaryproto or .npy, [3][h][w] in the channel
                         order of the network; NULL: the file's, or none */
} alexnet_convert_options;

static inline alexnet_convert_options alexnet_convert_options_default(void)
{
    alexnet_convert_options options = ALEXNET_ZERO;

    options.struct_size = sizeof options;
    return options;
}

typedef struct alexnet_conversion {
    char model[64];        /* the family */
    char from[16], to[16]; /* formats: "pth", "safetensors" */
    int tensors;           /* written */
    int64_t bytes;         /* of the written file */
    char sha256[65];       /* of the written file, in hexadecimal */
    double difference;     /* largest difference of a logit, relative to the largest logit; NaN: not
                              verified */
} alexnet_conversion;

/*
 * Converts a weights file into another format: safetensors, pth, npz, onnx, caffemodel. What is
 * written is the network for inference. Then both files are run on the same pseudo-random images:
 * the input by the rules of its own format, the output by this library. If the logits differ by
 * more than 1e-4, or by 1e-2 where numbers are stored narrower, the result is BAD_FILE and nothing
 * is left. options may be NULL. out may be NULL.
 *
 * BAD_ARG (an unknown format or model), UNSUPPORTED (a format that cannot express the network; the
 * message says why), BAD_FILE, NOT_FOUND, IO, NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_convert(alexnet_context *ctx, const char *from, const char *to,
                                           const alexnet_convert_options *options,
                                           alexnet_conversion *out) ALEXNET_NODISCARD;

/* A tensor as a file has it. Its statistics are those of its finite values; they are NaN, and
   not_finite -1, unless they were asked for. */
typedef struct alexnet_file_tensor {
    const char *name; /* "module.features.0.weight" */
    const char *type; /* "F32", "F64", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL" */
    int rank;
    int64_t shape[8];
    int64_t count;             /* numbers */
    double min, max, mean, sd; /* sd: over all values, not of a sample */
    int64_t not_finite;        /* values that are infinite or NaN */
} alexnet_file_tensor;

/* What a file of tensors holds. Its texts live as long as it. */
typedef struct alexnet_file_info {
    char format[16];      /* "safetensors", "pth", "npz", "pickle", "onnx", "caffemodel", "npy",
                             "binaryproto", "solverstate" */
    int64_t bytes;        /* of the file */
    alexnet_model *model; /* if the file holds a whole network: its description, without weights, as
                             by alexnet_model_describe(). NULL: it does not */
    const char *differs;  /* why it holds no whole network; NULL: it does */
    const char *nearest;  /* then the family that has most of its tensors; NULL: none has any */
    const char *layers;   /* and the layers of that family that the file holds: "conv1, conv2" */
    const alexnet_file_tensor *tensors; /* in the order of the file */
    size_t tensor_count;
    const char *const *keys;   /* metadata_count entries, in the order of the file */
    const char *const *values; /* theirs */
    size_t metadata_count;
    void *owner; /* free with alexnet_file_info_free() */
} alexnet_file_info;

/* Sets *format to the format of a file of tensors as above, by its content (and a solver state by
   the end of its name), or to NULL: it is of none. NOT_FOUND, IO, NO_MEMORY. */
ALEXNET_API alexnet_status alexnet_file_format(alexnet_context *ctx, const char *path,
                                               const char **format) ALEXNET_NODISCARD;

/*
 * Describes a file of tensors of any format, of a whole network, a part of one or anything else. It
 * reads no values but with `stats` 1: then all, chunk by chunk, to measure them. A run folder
 * stands for its weights as for alexnet_model_load(). BAD_FILE (of no format, or not as its format
 * says), UNSUPPORTED, NOT_FOUND, IO, NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_file_inspect(alexnet_context *ctx, const char *path, int stats,
                                                alexnet_file_info *out) ALEXNET_NODISCARD;
ALEXNET_API void alexnet_file_info_free(alexnet_context *ctx, alexnet_file_info *info);

/* Changes the orientation in the preprocessing record; DEFAULT changes nothing. NO_MEMORY. */
ALEXNET_API alexnet_status alexnet_model_set_orientation(
    alexnet_model *model, alexnet_orientation orientation) ALEXNET_NODISCARD;

/*
 * Changes the input size of a model. The weights stay in place and are not copied; the sizes in the
 * preprocessing record and a mean image are scaled like the input. Close the model's sessions
 * first. size may be NULL. On failure the model is as before: BAD_SHAPE (the size does not fit the
 * network or its weights; the message names the layer and sizes that do), BAD_ARG (out of range, or
 * the family has no such option), NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_model_resize(alexnet_model *model,
                                                const alexnet_run_size *size) ALEXNET_NODISCARD;

/*
 * Makes another model, on another context, over the weights of `model`, which are not copied: for
 * sessions on a second thread. `model` must stay as it is until the other is freed: nobody closes
 * it or writes to its weights, and resizing it or giving it to a classifier is BAD_ARG. Make no
 * other call on `model` during this one; afterwards each may be used on a thread of its own.
 * NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_model_share(alexnet_model *model, alexnet_context *ctx,
                                               alexnet_model **out) ALEXNET_NODISCARD;

/* Writes a weights file, whole or not at all. IO. */
ALEXNET_API alexnet_status alexnet_model_save(const alexnet_model *model,
                                              const char *path) ALEXNET_NODISCARD;
ALEXNET_API void alexnet_model_free(alexnet_model *model);

typedef struct alexnet_model_info {
    const char *family, *summary, *source;
    int input[3]; /* channels, height, width */
    int classes;
    int64_t parameters;     /* trainable numbers */
    int64_t macs;           /* multiply-accumulates of convolutions and linear layers, one image */
    int64_t neurons;        /* outputs of convolutions and linear layers, one image */
    int layers, tensors;    /* counts for the two functions below */
    const char *preprocess; /* the preprocessing record as text */
    const char *recipe;     /* the family's own: alexnet_recipe_name() */
} alexnet_model_info;

typedef struct alexnet_layer_info {
    const char *name;     /* "features.0" */
    const char *type;     /* "conv2d" */
    const char *settings; /* "filters=64 kernel=11 stride=4 pad=2" */
    int output[3];        /* channels, height, width of one image */
    int64_t parameters, macs;
} alexnet_layer_info;

typedef struct alexnet_tensor_info {
    const char *name; /* "features.0.weight" */
    int rank;         /* 1 .. 4 */
    int64_t shape[4];
    const float *data; /* row-major; borrowed from the model */
} alexnet_tensor_info;

/* The bytes that a network needs to run, by its plan. The process also has code, images and more:
   train, evaluate and predict report the whole when they start (alexnet_train_start,
   alexnet_start). */
typedef struct alexnet_memory_info {
    int64_t weights;   /* training needs as much again for momentum; rmsprop, adam and an average
                          need further copies, which are not counted here */
    int64_t gradients; /* those that are stored when SGD updates: the weights of linear layers are
                          updated as their gradient is computed. rmsprop and adam store them
                          all */
    int64_t momentum;
    int64_t activations; /* with their gradients */
    int64_t scratch;     /* of all threads */
    int64_t prepared;    /* inference: weights in the packed form of this machine's kernels */
    int64_t total;
} alexnet_memory_info;

ALEXNET_API void alexnet_model_get_info(const alexnet_model *model, alexnet_model_info *out);
ALEXNET_API alexnet_status alexnet_model_get_layer(const alexnet_model *model, int index,
                                                   alexnet_layer_info *out) ALEXNET_NODISCARD;
ALEXNET_API alexnet_status alexnet_model_get_tensor(const alexnet_model *model, int index,
                                                    alexnet_tensor_info *out) ALEXNET_NODISCARD;

/* For batches of `batch` images; training: 0 or 1. */
ALEXNET_API alexnet_status alexnet_model_get_memory(const alexnet_model *model, int batch,
                                                    int training,
                                                    alexnet_memory_info *out) ALEXNET_NODISCARD;

/* One pass of one layer as the plan has it, before anything runs. Texts are the model's or
   constants. */
typedef struct alexnet_pass_info {
    const char *layer, *type; /* "features.0", "conv2d" */
    const char *pass;      /* "forward"; "weights" and "data", the two gradients; "backward", of a
                              layer that has only one */
    const char *algorithm; /* "winograd"; "": there is no choice */
    char tiles[32];        /* how the work is cut: "1x5+2x4", Winograd tiles along a side; "panels
                              8x32" */
    const char *fused;     /* done in the same pass: "relu", "relu pool", "update"; "" nothing */
    double gflop;          /* by definition; 0: not counted */
    double executed_gflop; /* by the algorithm, without its transforms */
    double seconds;        /* predicted from constants of this machine's tier; 0: unknown */
    int64_t bytes;         /* of stored results: outputs, what backward needs, gradients */
} alexnet_pass_info;

/*
 * The passes of a run on batches of `batch` images in the context's dtype, layers in the order in
 * which they run; training: 0 or 1. out has room for `capacity` entries; 3 per layer are enough.
 * *count: how many there are. BAD_ARG (also training in int8), BAD_SHAPE, NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_model_get_plan(const alexnet_model *model, int batch,
                                                  int training, alexnet_pass_info *out,
                                                  int capacity, int *count) ALEXNET_NODISCARD;

/* The name of class `index`. NULL: the classes are unnamed, or index is out of range. */
ALEXNET_API const char *alexnet_model_class(const alexnet_model *model, int index);

/* An entry of the weights file's metadata ("alexnet.trained"). NULL: there is none. */
ALEXNET_API const char *alexnet_model_metadata(const alexnet_model *model, const char *key);

/* SHA-256 of the tensors' names, shapes and values, as 64 hexadecimal digits and a final 0: equal
   bits, equal hash. */
ALEXNET_API alexnet_status alexnet_model_hash(const alexnet_model *model,
                                              char hex[65]) ALEXNET_NODISCARD;

/* ------------------------------------------------------------------ 4: sessions */

/*
 * Plans the network for batches of up to `batch` images and allocates all memory. Running then
 * allocates nothing.
 *   output   the layer whose output is wanted, a name of alexnet_model_get_layer(), "logits" or
 *            "prob"; NULL: "prob"
 * The model must outlive the session. NOT_FOUND (no such layer), BAD_ARG (batch below 1),
 * NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_session_open(const alexnet_model *model, int batch,
                                                const char *output,
                                                alexnet_session **out) ALEXNET_NODISCARD;
ALEXNET_API void alexnet_session_close(alexnet_session *session);

/* Channels, height and width of the output of one image. */
ALEXNET_API void alexnet_session_get_output(const alexnet_session *session, int shape[3]);

/*
 * Runs the network forward, as in inference (without dropout).
 *   images  [n][3][h][w] float32, preprocessed as the model's record says; h and w of
 *           alexnet_model_get_info()
 *   n       1 .. batch
 *   out     [n] times the shape of alexnet_session_get_output()
 */
ALEXNET_API alexnet_status alexnet_session_run(alexnet_session *session, const float *images, int n,
                                               float *out) ALEXNET_NODISCARD;

/* ------------------------------------------------------------------ limits of options */

/* A value beyond these is BAD_ARG. The program has the same limits. */
#define ALEXNET_PIXELS              (INT64_C(256) << 20)
#define ALEXNET_PIXELS_MAX          (INT64_C(1) << 30)
#define ALEXNET_MEMORY_MAX          (INT64_C(1) << 60) /* bytes */
#define ALEXNET_DROPOUT_MAX         0.99
#define ALEXNET_CLASSES_MAX         100000
#define ALEXNET_INPUT_MAX           65535 /* pixels */
#define ALEXNET_BATCH_MAX           65536
#define ALEXNET_WORKERS_MAX         64
#define ALEXNET_EPOCHS_MIN          1e-6
#define ALEXNET_EPOCHS_MAX          1e9
#define ALEXNET_SECONDS_MIN         0.001
#define ALEXNET_LR_MAX              1e9
#define ALEXNET_MOMENTUM_MAX        0.9999
#define ALEXNET_WEIGHT_DECAY_MAX    1000
#define ALEXNET_BIAS_FACTOR_MAX     1000
#define ALEXNET_EPSILON_MIN         1e-30 /* 0 / 0 is not a number */
#define ALEXNET_EPSILON_MAX         1e6
#define ALEXNET_AVERAGE_MAX         0.9999999
#define ALEXNET_SMOOTHING_MAX       0.999
#define ALEXNET_MIXUP_MAX           2
#define ALEXNET_VIEWS_MAX           1000
#define ALEXNET_SEEN_MAX            1000000000
#define ALEXNET_VAL_SPLIT_MAX       0.99
#define ALEXNET_PATIENCE_MAX        1000000
#define ALEXNET_CHECKPOINT_KEEP_MAX 1000

#ifdef __cplusplus
}
#endif
#endif
