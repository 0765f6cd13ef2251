/*
 * alexnet.h: trains, evaluates, runs and explains the AlexNet family of image classifiers on a CPU.
 *
 * From simple to expert:
 *
 *   1  alexnet_classifier_*   weights and an image in, names out
 *   2  alexnet_train() alexnet_evaluate() alexnet_predict() alexnet_features() alexnet_data_*()   whole jobs on files
 *   3  alexnet_model_*        build, load, inspect and save a network
 *   4  alexnet_session_*      run a network on tensors of your own
 *
 *     alexnet_context    *ctx;
 *     alexnet_classifier *net;
 *     alexnet_prediction  best;
 *
 *     if (alexnet_open(NULL, &ctx) != ALEXNET_OK) return 1;
 *     if (alexnet_classifier_open(ctx, "best.safetensors", &net) == ALEXNET_OK
 *         && alexnet_classifier_file(net, "cat.jpg", 1, &best, NULL) == ALEXNET_OK)
 *         printf("%s (%.0f %%)\n", best.label, 100 * best.probability);
 *     else
 *         fprintf(stderr, "%s\n", alexnet_error(ctx));
 *     alexnet_classifier_close(net);
 *     alexnet_close(ctx);
 *
 * Rules that hold for every call:
 *   - Functions that can fail return an alexnet_status; alexnet_error() then says what, where, expected and found.
 *     Results come last and are NULL or untouched on failure.
 *   - A context serves one thread at a time, and so does everything made from it. Use one context per thread;
 *     contexts share nothing. The library starts threads of its own and joins them before a call returns.
 *   - An argument that is NULL where that is not said to be allowed, or a number out of its range, is BAD_ARG. Functions
 *     without a status then do nothing, return NULL, or fill what they were to fill with zeros.
 *   - close and free functions take NULL. Close what was made from a context before the context.
 *   - Texts are UTF-8, ended by 0. `const char *` results are borrowed: valid until their owner is closed.
 *   - Tensors are row-major float32, images [n][3][h][w].
 *   - The arithmetic threads are OpenMP's. They share the machine better when they sleep while they wait: start your
 *     program with OMP_WAIT_POLICY=passive in its environment, as the program `alexnet` does for itself.
 *   - The library never prints, never exits, never installs signal handlers, and never runs anything it reads.
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

#if defined(_WIN32)
#  define ALEXNET_API
#elif defined(__GNUC__)
#  define ALEXNET_API __attribute__((visibility("default")))
#else
#  define ALEXNET_API
#endif

#if defined(__GNUC__)
#  define ALEXNET_NODISCARD __attribute__((warn_unused_result))
#else
#  define ALEXNET_NODISCARD
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ statuses */

/* name, value (pinned for ever), what it means */
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

/* "0.1.0": the version of the library that is running. Any thread. */
ALEXNET_API const char *alexnet_version(void);

/* The meaning of a status, one phrase; "unknown status" for any other number. Any thread. */
ALEXNET_API const char *alexnet_status_text(alexnet_status status);

/* ------------------------------------------------------------------ context */

typedef enum alexnet_log_level { ALEXNET_LOG_INFO, ALEXNET_LOG_WARNING } alexnet_log_level;

/* One line, without newline. Called on the thread that called the library. */
typedef void (*alexnet_log)(void *user, alexnet_log_level level, const char *line);

/*
 * The format of the numbers that convolutions and linear layers multiply. Weights, activations, gradients and sums stay
 * fp32 whatever it is; results differ by its rounding.
 */
typedef enum alexnet_dtype {
    ALEXNET_FP32,
    ALEXNET_BF16, /* 8 bits of fraction; training: linear layers only, convolutions stay fp32 */
    ALEXNET_INT8  /* inference only: weights scaled for each output channel, inputs for each image and layer */
} alexnet_dtype;

#define ALEXNET_PIXELS     (INT64_C(256) << 20)
#define ALEXNET_PIXELS_MAX (INT64_C(1) << 30)

/* For max_memory, steps, seconds and stop_at_top1: none; a resumed run so gets rid of the one that it has. */
#define ALEXNET_NO_LIMIT (-2)

#define ALEXNET_MEMORY_MAX (INT64_C(1) << 60)

/* A zeroed struct asks for every default. */
typedef struct alexnet_options {
    int         threads;  /* arithmetic threads; 0: all cores this process may use, or as many as its cgroup has the
                             time of; at most 256 */
    const char *cpu;      /* use no more than this tier: "portable", "avx2", "avx512", "neon"; a machine that lacks it
                             uses the best one below. NULL: the best there is. Must outlive the context. */
    alexnet_dtype dtype;  /* what the networks compute in; the machine may lack it and give the same results slower */
    alexnet_log log;      /* NULL: silent */
    void       *log_user;
    void *(*allocate)(void *user, size_t bytes); /* as malloc; NULL: malloc and free. Any thread. */
    void (*release)(void *user, void *block);    /* as free */
    void *memory_user;
    int64_t max_pixels; /* of an image: a larger one is not decoded (BAD_FILE). At most ALEXNET_PIXELS_MAX; 0:
                           ALEXNET_PIXELS, which a photograph of 200 megapixels stays below */
    int64_t max_memory; /* bytes of the whole process: what would take more is refused before it begins (NO_MEMORY). 0: as
                           much as the machine, the process's cgroup and its limits have; ALEXNET_NO_LIMIT: it is not
                           looked at. At most ALEXNET_MEMORY_MAX */
} alexnet_options;

typedef struct alexnet_context alexnet_context;

/*
 * Makes a context. options may be NULL. On failure *out is NULL: NO_MEMORY, BAD_ARG (threads, max_pixels or max_memory out of range, unknown tier
 * name or dtype), UNSUPPORTED (a tier of another architecture than this build's).
 */
ALEXNET_API alexnet_status alexnet_open(const alexnet_options *options, alexnet_context **out) ALEXNET_NODISCARD;
ALEXNET_API void           alexnet_close(alexnet_context *ctx);

/* The cause of the last failure on this context, one line; "" before any. NULL: that there is no context. */
ALEXNET_API const char *alexnet_error(const alexnet_context *ctx);

/* What the machine offers and what of it is used. */
typedef struct alexnet_machine {
    const char *backend;  /* "cpu" */
    const char *tier;     /* "portable", "avx2", "avx512", "neon" */
    int         threads;
    const char *features; /* names separated by spaces: "avx2 fma avx512f ..." */
} alexnet_machine;

ALEXNET_API alexnet_status alexnet_get_machine(alexnet_context *ctx, alexnet_machine *out) ALEXNET_NODISCARD;

/* ------------------------------------------------------------------ progress */

/* What a long job tells its caller, after each step and each image or batch of images. */
typedef struct alexnet_progress {
    const char *phase;      /* "train", "val", "eval", "predict", "verify", "stats", "mean", "synth",
                               "features": of frozen layers */
    int64_t     done, total; /* steps in "train", images otherwise; total 0: not known */
    double      epoch;      /* train: epochs done, a fraction */
    double      loss, top1, top5; /* since the last report; NaN where the phase has none */
    double      lr;         /* train */
    double      images_per_second;
    double      data_wait;  /* fraction of the time spent waiting for images, 0 .. 1 */
    double      seconds_left; /* an estimate; NaN: not known */
    const char *message;    /* non-NULL: a finished line for a log ("epoch 3: val top-1 71.2 % ...") */
} alexnet_progress;

typedef enum alexnet_go {
    ALEXNET_GO_ON,
    ALEXNET_GO_CHECKPOINT, /* train: write a checkpoint now, then go on */
    ALEXNET_GO_STOP        /* finish cleanly: train writes a checkpoint; the call returns ALEXNET_STOPPED */
} alexnet_go;

/* Called on the thread that called the library. Must return quickly. */
typedef alexnet_go (*alexnet_progress_fn)(void *user, const alexnet_progress *progress);

typedef enum alexnet_bad_image {
    ALEXNET_BAD_IMAGE_DEFAULT, /* skip, at most 1 % of the images (but at least one) */
    ALEXNET_BAD_IMAGE_FAIL,    /* the first unreadable image ends the call with BAD_FILE */
    ALEXNET_BAD_IMAGE_SKIP     /* skip any number */
} alexnet_bad_image;

/* An unreadable image. */
typedef void (*alexnet_skipped_fn)(void *user, const char *path, const char *reason);

/* Photographs say which way up they were taken (EXIF). */
typedef enum alexnet_orientation {
    ALEXNET_ORIENTATION_DEFAULT, /* what the weights' preprocessing record says */
    ALEXNET_ORIENTATION_EXIF,    /* turned upright */
    ALEXNET_ORIENTATION_STORED   /* as the pixels are stored, which is what most networks were trained on */
} alexnet_orientation;

/* ------------------------------------------------------------------ 3: models */

typedef struct alexnet_model alexnet_model;

/* The families that this build knows, 0 .. count-1. */
typedef struct alexnet_family_info {
    const char *name;    /* "torchvision" */
    const char *summary; /* one line */
    const char *source;  /* where its numbers come from */
    const char *recipe;  /* its own training recipe */
    int64_t     parameters, macs; /* with its default options */
} alexnet_family_info;

ALEXNET_API int            alexnet_family_count(void);
ALEXNET_API alexnet_status alexnet_get_family(alexnet_context *ctx, int index, alexnet_family_info *out) ALEXNET_NODISCARD;

/* How far options may go; beyond it is BAD_ARG. The program's options end here, too. */
#define ALEXNET_DROPOUT_MAX         0.99
#define ALEXNET_CLASSES_MAX         100000
#define ALEXNET_INPUT_MAX           65535   /* pixels */
#define ALEXNET_BATCH_MAX           65536
#define ALEXNET_WORKERS_MAX         64
#define ALEXNET_EPOCHS_MIN          1e-6
#define ALEXNET_EPOCHS_MAX          1e9
#define ALEXNET_SECONDS_MIN         0.001
#define ALEXNET_LR_MAX              1e9
#define ALEXNET_MOMENTUM_MAX        0.9999
#define ALEXNET_WEIGHT_DECAY_MAX    1000
#define ALEXNET_BIAS_FACTOR_MAX     1000
#define ALEXNET_EPSILON_MIN         1e-30   /* 0 / 0 is not a number */
#define ALEXNET_EPSILON_MAX         1e6
#define ALEXNET_AVERAGE_MAX         0.9999999
#define ALEXNET_SMOOTHING_MAX       0.999
#define ALEXNET_MIXUP_MAX           2
#define ALEXNET_VIEWS_MAX           1000
#define ALEXNET_SEEN_MAX            1000000000
#define ALEXNET_VAL_SPLIT_MAX       0.99
#define ALEXNET_PATIENCE_MAX        1000000
#define ALEXNET_CHECKPOINT_KEEP_MAX 1000

typedef enum alexnet_activation {
    ALEXNET_ACTIVATION_RELU, /* max(x, 0) */
    ALEXNET_ACTIVATION_TANH  /* tanh(x) */
} alexnet_activation;

typedef enum alexnet_pooling {
    ALEXNET_POOLING_3_2, /* windows of 3x3, 2 pixels apart: overlapping (Krizhevsky et al. 2012, 3.4) */
    ALEXNET_POOLING_2_2  /* windows of 2x2, 2 pixels apart */
} alexnet_pooling;

/*
 * Start from alexnet_model_options_default(): -1 asks for the family's own value. A family refuses what makes no sense
 * for it: alexnet_model_describe() says which and why.
 */
typedef struct alexnet_model_options {
    int    classes;          /* 0: no classifier, the network ends with its last hidden layer ('slim') */
    double dropout;          /* probability of dropping, 0 .. ALEXNET_DROPOUT_MAX; negative: the family's */
    int    input_h, input_w; /* pixels */
    int    global_pool;      /* 1: the map before the classifier is averaged to 1x1, so that any larger input has one answer */
    int    squeeze;          /* 0: answers may be a map, one for each place ('slim': spatial_squeeze) */
    int    lrn;              /* 0: without the response normalisation layers */
    int    activation;       /* alexnet_activation */
    int    pooling;          /* alexnet_pooling */
} alexnet_model_options;

ALEXNET_API alexnet_model_options alexnet_model_options_default(void);

/*
 * A network of a family with freshly started weights (a function of the seed).
 * BAD_ARG (unknown family, with the nearest name; option out of range), BAD_SHAPE (input size does not fit), NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_model_create(alexnet_context *ctx, const char *family,
                                                const alexnet_model_options *options /* NULL: defaults */,
                                                uint64_t seed, alexnet_model **out) ALEXNET_NODISCARD;

/* The same without weights, for asking about it: alexnet_tensor_info.data is NULL. Cheap. */
ALEXNET_API alexnet_status alexnet_model_describe(alexnet_context *ctx, const char *family,
                                                 const alexnet_model_options *options,
                                                 alexnet_model **out) ALEXNET_NODISCARD;

/*
 * Reads a weights file (safetensors). The folder of a run stands for its best.safetensors, or last.safetensors where there
 * is no best, here and wherever a path of weights is asked for; the log says which. A file without our metadata is recognised by its tensor names and shapes, where
 * they fit exactly one family; its classes are then unnamed. Tensors may be called "module.NAME" or "model.NAME". BAD_FILE (also a preprocessing record that is none,
 * two classes of one name, or checksums, in "alexnet.crc32c", that do not fit: an edited file is read without that entry),
 * BAD_SHAPE, NOT_FOUND, IO, NO_MEMORY. Weights whose record asks for a mean image that the file lacks load, so that
 * training can start from them; what is shown images (classifier, predict, features, evaluate) refuses them: BAD_FILE.
 */
ALEXNET_API alexnet_status alexnet_model_load(alexnet_context *ctx, const char *path, alexnet_model **out) ALEXNET_NODISCARD;

/*
 * A network of a family that has from a weights file what this holds of it, also a part only, and the rest freshly
 * started (a function of the seed). Tensors may be called "module.NAME" or "model.NAME". The log says what was loaded,
 * what starts afresh and why, what of the file is not used. What the options leave open is as the file says.
 *   family  NULL: the file's own, else the one that most of its tensors fit
 * As alexnet_model_create() and alexnet_model_load(); BAD_FILE: nothing of the file fits.
 */
ALEXNET_API alexnet_status alexnet_model_complete(alexnet_context *ctx, const char *path, const char *family,
                                                  const alexnet_model_options *options /* NULL: defaults */,
                                                  uint64_t seed, alexnet_model **out) ALEXNET_NODISCARD;

/* Changes what the preprocessing record says of orientation; DEFAULT changes nothing. NO_MEMORY. */
ALEXNET_API alexnet_status alexnet_model_set_orientation(alexnet_model *model, alexnet_orientation orientation) ALEXNET_NODISCARD;

/*
 * How trained weights are run at another size of input than they were recorded with. A zeroed struct: as recorded.
 * Filters slide over a map of any size, and so do linear layers that began as a window of it; what is behind a map
 * that was flattened whole fits one size of map only.
 */
typedef struct alexnet_run_size {
    int input_h, input_w; /* pixels; 0: as recorded */
    int global_pool;      /* 1: the map before the classifier is averaged, so that any larger input has one answer */
    int no_squeeze;       /* 1: answers may be a map, one for each place ('slim'). So they are anyway where they become one */
} alexnet_run_size;

/*
 * Lays a model out anew for another size. The values stay where they are, and are not copied; the sizes in the
 * preprocessing record are scaled as the input is, and so is a mean image. Close the model's sessions first. size may
 * be NULL. On failure the model is as before: BAD_SHAPE (the size does not fit, or the weights are of another one: the
 * message names the layer, and sizes that fit), BAD_ARG (out of range, or the family has no such option), NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_model_resize(alexnet_model *model, const alexnet_run_size *size) ALEXNET_NODISCARD;

/* Writes a weights file, whole or not at all. IO. */
ALEXNET_API alexnet_status alexnet_model_save(const alexnet_model *model, const char *path) ALEXNET_NODISCARD;
ALEXNET_API void           alexnet_model_free(alexnet_model *model);

typedef struct alexnet_model_info {
    const char *family, *summary, *source;
    int         input[3]; /* channels, height, width */
    int         classes;
    int64_t     parameters; /* trainable numbers */
    int64_t     macs;       /* multiply-accumulates of convolutions and linear layers, one image, forward */
    int64_t     neurons;    /* outputs of convolutions and linear layers, one image */
    int         layers, tensors; /* counts for the two calls below */
    const char *preprocess; /* the preprocessing record as text */
    const char *recipe;     /* the family's own: alexnet_recipe_name() */
} alexnet_model_info;

typedef struct alexnet_layer_info {
    const char *name;     /* "features.0" */
    const char *type;     /* "conv2d" */
    const char *settings; /* "filters=64 kernel=11 stride=4 pad=2" */
    int         output[3]; /* channels, height, width for one image */
    int64_t     parameters, macs;
} alexnet_layer_info;

typedef struct alexnet_tensor_info {
    const char *name; /* "features.0.weight" */
    int         rank; /* 1 .. 4 */
    int64_t     shape[4];
    const float *data; /* row-major, the product of shape; borrowed from the model */
} alexnet_tensor_info;

/* Bytes that a network needs to run, from the plan: the process has code, images and more beside, which train, evaluate and
   predict tell when they start (alexnet_train_start, alexnet_start). */
typedef struct alexnet_memory_info {
    int64_t weights;     /* values; training adds as much for momentum, and again for what the updates rmsprop and adam
                            keep, and for an average: these two are not counted here */
    int64_t gradients;   /* those that are stored when SGD updates: the weights of linear layers are updated as theirs are
                            computed. The updates rmsprop and adam need as much as the weights take */
    int64_t momentum;
    int64_t activations; /* the step arena */
    int64_t scratch;     /* all threads */
    int64_t prepared;    /* inference: weights once more, in the form that this machine's kernels want */
    int64_t total;
} alexnet_memory_info;

ALEXNET_API void           alexnet_model_get_info(const alexnet_model *model, alexnet_model_info *out);
ALEXNET_API alexnet_status alexnet_model_get_layer(const alexnet_model *model, int index, alexnet_layer_info *out) ALEXNET_NODISCARD;
ALEXNET_API alexnet_status alexnet_model_get_tensor(const alexnet_model *model, int index, alexnet_tensor_info *out) ALEXNET_NODISCARD;
ALEXNET_API alexnet_status alexnet_model_get_memory(const alexnet_model *model, int batch, int training /* 0 or 1 */,
                                                    alexnet_memory_info *out) ALEXNET_NODISCARD;

/* One pass of one layer, as a run would compute it: chosen, counted and predicted before anything runs. Texts are the
   model's or constants. */
typedef struct alexnet_pass_info {
    const char *layer, *type; /* "features.0", "conv2d" */
    const char *pass;         /* "forward"; "weights" and "data", the gradients of both; "backward", of layers that have but one */
    const char *algorithm;    /* "winograd"; "": there is but one way */
    char        tiles[32];    /* how the work is cut: "1x5+2x4", tiles of Winograd's along a side; "panels 8x32" */
    const char *fused;        /* what is done in the same pass: "relu", "relu pool", "update"; "" nothing */
    double      gflop;        /* of the definition; 0: not counted */
    double      executed_gflop; /* of the algorithm, without its transforms */
    double      seconds;      /* predicted by fixed constants of this machine's tier; 0: unknown */
    int64_t     bytes;        /* of the results it stores: outputs, what is kept for backward, gradients */
} alexnet_pass_info;

/*
 * The passes of a run on batches of `batch` images in the context's format of numbers; layers in the order they run. out has room for
 * `capacity`; 3 for each layer are enough. *count: how many there are. BAD_ARG (also training in int8), BAD_SHAPE, NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_model_get_plan(const alexnet_model *model, int batch, int training /* 0 or 1 */,
                                                  alexnet_pass_info *out, int capacity, int *count) ALEXNET_NODISCARD;

/* The name of class `index`; NULL when the classes are unnamed or index is out of range. */
ALEXNET_API const char *alexnet_model_class(const alexnet_model *model, int index);

/* An entry of the weights file's metadata ("alexnet.trained"), NULL when absent. */
ALEXNET_API const char *alexnet_model_metadata(const alexnet_model *model, const char *key);

/* SHA-256 over the tensors' names, shapes and values, 64 hexadecimal digits and a final 0: equal bits, equal hash. */
ALEXNET_API alexnet_status alexnet_model_hash(const alexnet_model *model, char hex[65]) ALEXNET_NODISCARD;

/* ------------------------------------------------------------------ 4: sessions */

typedef struct alexnet_session alexnet_session;

/*
 * Plans the network for batches of up to `batch` images and books all memory; running then allocates nothing.
 *   output   the layer whose output is wanted (a name of alexnet_model_get_layer(), "logits" or "prob"); NULL: "prob"
 * The model must outlive the session. NOT_FOUND (no such layer), BAD_ARG (batch below 1), NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_session_open(const alexnet_model *model, int batch, const char *output,
                                                alexnet_session **out) ALEXNET_NODISCARD;
ALEXNET_API void           alexnet_session_close(alexnet_session *session);

/* Channels, height and width of the output for one image. */
ALEXNET_API void alexnet_session_get_output(const alexnet_session *session, int shape[3]);

/*
 * Runs the network forward, as in testing (no dropout).
 *   images  [n][3][h][w] float32, preprocessed (the model's record), h and w of alexnet_model_get_info()
 *   n       1 .. batch
 *   out     [n] times the shape of alexnet_session_get_output()
 * BAD_ARG (n out of range).
 */
ALEXNET_API alexnet_status alexnet_session_run(alexnet_session *session, const float *images, int n, float *out) ALEXNET_NODISCARD;

/* ------------------------------------------------------------------ 1: classifier */

typedef struct alexnet_classifier alexnet_classifier;

typedef struct alexnet_prediction {
    int         index;       /* of the class */
    const char *label;       /* its name; "class 7" when the weights name none. Borrowed from the classifier */
    float       probability; /* softmax, 0 .. 1 */
} alexnet_prediction;

ALEXNET_API alexnet_status alexnet_classifier_open(alexnet_context *ctx, const char *weights, alexnet_classifier **out) ALEXNET_NODISCARD;

/*
 * The same of a model that was loaded, and then resized or turned (alexnet_model_resize(), alexnet_model_set_orientation()).
 * On success the model is the classifier's, and goes with it; on failure it is still the caller's. Answers that are a
 * map of places are averaged (alexnet_evaluate_options.size).
 */
ALEXNET_API alexnet_status alexnet_classifier_take_model(alexnet_model *model, alexnet_classifier **out) ALEXNET_NODISCARD;
ALEXNET_API void           alexnet_classifier_close(alexnet_classifier *classifier);

/*
 * Decodes, prepares and classifies one image (JPEG or PNG).
 *   predictions  room for topk entries, filled best first
 *   count        how many were filled: the smaller of topk and the number of classes; may be NULL
 * NOT_FOUND, IO, BAD_FILE (not an image, truncated), BAD_ARG (topk below 1), NO_MEMORY.
 */
ALEXNET_API alexnet_status alexnet_classifier_file(alexnet_classifier *classifier, const char *path, int topk,
                                                   alexnet_prediction *predictions, int *count) ALEXNET_NODISCARD;
ALEXNET_API alexnet_status alexnet_classifier_memory(alexnet_classifier *classifier, const void *data, size_t bytes,
                                                     int topk, alexnet_prediction *predictions, int *count) ALEXNET_NODISCARD;

/* ------------------------------------------------------------------ 2: jobs on files */

/* ---- predict ---- */

/* One finished image, in the order given: either `error` is set, or count predictions. Borrowed for the call. */
typedef struct alexnet_prediction_result {
    const char               *image;
    const char               *error; /* NULL: it went well */
    const alexnet_prediction *predictions;
    int                       count;
} alexnet_prediction_result;

/* What predict or evaluate is about to do: told once, before the first image is shown. Borrowed for the call. */
typedef struct alexnet_start {
    int64_t images;
    int     batch;             /* images at a time */
    int64_t memory_bytes;      /* of the whole process, at most: within a tenth of what it will be */
    int64_t memory_bytes_free; /* that the process may have in all; -1: not known */
} alexnet_start;

typedef void (*alexnet_start_fn)(void *user, const alexnet_start *start);

typedef void (*alexnet_prediction_fn)(void *user, const alexnet_prediction_result *result);

typedef struct alexnet_predict_options {
    const char         *weights;
    const char *const  *images;      /* files and folders (searched through, in byte order) */
    size_t              image_count;
    int                 topk;        /* 0: 5 */
    int                 batch;       /* 0: 32 */
    int                 workers;     /* decoding threads; 0: as needed */
    alexnet_orientation orientation; /* for this call, in place of the weights' own */
    alexnet_run_size    size;        /* the same; see alexnet_evaluate_options */
    alexnet_prediction_fn result;
    void               *result_user;
    alexnet_progress_fn progress;    /* may be NULL */
    void               *progress_user;
    alexnet_start_fn    start;       /* may be NULL */
    void               *start_user;
} alexnet_predict_options;

/* *failed is the number of images reported with an error; they do not end the call. */
ALEXNET_API alexnet_status alexnet_predict(alexnet_context *ctx, const alexnet_predict_options *options,
                                           int64_t *images, int64_t *failed) ALEXNET_NODISCARD;

/* ---- features and preprocess ---- */

typedef struct alexnet_features_options {
    const char        *weights;
    const char        *layer;  /* a layer's name, "logits" or "prob" (without classes: the last layer); NULL: the prepared
                                  images themselves */
    const char *const *images; /* files and folders; or none, and */
    size_t             image_count;
    const char        *input;  /* a .safetensors or .npy file holding one float32 tensor [n][3][h][w], fed as it is, of any
                                  size that the network takes; all its numbers are finite */
    const char        *out;    /* .safetensors or .npy, [n][c][h][w] or [n][c]: a map of 1x1 is a row, but as in its source
                                  not the output of a network without classes or without squeeze */
    int                as_bytes; /* preprocess only: the pixels before mean and scale as uint8 [n][h][w][3] */
    int                batch;  /* 0: 32 */
    alexnet_orientation orientation; /* for this call, in place of the weights' own */
    alexnet_run_size   size;         /* the same; of a tensor that is fed it can only repeat the size */
    alexnet_progress_fn progress;
    void              *progress_user;
} alexnet_features_options;

/* Any unreadable image ends the call: a row must not be missing. shape (may be NULL) is that of the file written.
   That the file can be written is made sure of before the work. DIVERGED: a value of a row is infinite or no number. */
ALEXNET_API alexnet_status alexnet_features(alexnet_context *ctx, const alexnet_features_options *options,
                                            int *rank, int64_t shape[4]) ALEXNET_NODISCARD;

/* ---- evaluate ---- */

typedef struct alexnet_evaluate_options {
    const char *const *weights; /* several: their softmax outputs are averaged */
    size_t             weights_count;
    const char        *data;    /* NULL, with the folder of one run as weights: the images that this run validated with:
                                   held back of its training data, a part of these, or data of their own. They must not have
                                   changed: BAD_FILE */
    int                crops;   /* 0 or 1: centre; 10: four corners, centre, and their mirror images */
    int                batch;   /* images at a time, with ten crops a tenth of that; 0: 64 */
    int                workers;
    alexnet_orientation orientation; /* for this call, in place of the weights' own */
    alexnet_run_size   size;    /* the same. Where the answers are then a map, one for each place, the logits are averaged over
                                   the places before the softmax, as slim's own tests do; as the last layer is linear, this is
                                   its global pool */
    alexnet_bad_image  on_bad_image;
    const char        *predictions; /* a .csv or .jsonl file to write, or NULL */
    const char        *confusion;   /* a .csv file or .svg image to write, or NULL */
    int                csv_safe;    /* in .csv files: ' before names that begin with = + - @, which spreadsheets take for formulas */
    alexnet_progress_fn progress;
    void              *progress_user;
    alexnet_skipped_fn skipped;
    void              *skipped_user;
    alexnet_start_fn    start; /* may be NULL */
    void               *start_user;
} alexnet_evaluate_options;

/* Of so many classes or fewer five answers are always right: top-5 says nothing, and is not shown. */
#define ALEXNET_TOP5_CLASSES 5

typedef struct alexnet_class_result {
    const char *label;
    int64_t     images, correct; /* correct: top-1 */
} alexnet_class_result;

/* What one of several weights answers alone, on the same images. */
typedef struct alexnet_weights_result {
    const char *weights; /* as given; borrowed from the options */
    double      loss, top1, top5;
} alexnet_weights_result;

typedef struct alexnet_evaluate_result {
    int64_t images, skipped;
    int     crops;
    double  loss;       /* mean cross-entropy in nats */
    double  top1, top5; /* accuracies, 0 .. 1 */
    double  images_per_second;
    int     classes;
    alexnet_class_result *per_class; /* classes entries; free with alexnet_evaluate_result_free() */
    alexnet_weights_result *each; /* weights_count entries, each weights alone; NULL for one; freed with the result */
    int64_t memory_bytes;   /* alexnet_start.memory_bytes */
    int64_t peak_rss_bytes; /* memory of the whole process so far, at most, measured by the system; 0: not known */
} alexnet_evaluate_result;

ALEXNET_API alexnet_status alexnet_evaluate(alexnet_context *ctx, const alexnet_evaluate_options *options,
                                            alexnet_evaluate_result *out) ALEXNET_NODISCARD;
ALEXNET_API void           alexnet_evaluate_result_free(alexnet_context *ctx, alexnet_evaluate_result *result);

/* ---- train ---- */

/* What a run is about to do: told once, before the first step, also when a run is resumed. Borrowed for the call. */
typedef struct alexnet_train_start {
    const alexnet_model *model;  /* with the data's classes, for alexnet_model_get_info() and the like */
    const char *run, *recipe;    /* the run directory; the recipe's name */
    int64_t     images, val_images; /* an epoch; val_images 0: nothing is validated */
    int         batch;
    int64_t     steps_per_epoch;
    int64_t     trained_parameters; /* those that are not frozen, of alexnet_model_info.parameters */
    int64_t     optimiser_bytes; /* what the update keeps: momentum, and for some squares and an average */
    int64_t     gradient_bytes;
    int64_t     disk_bytes;      /* of the run directory at the end, at most */
    int64_t     disk_bytes_max;  /* while it trains */
    int64_t     disk_bytes_free; /* that there are for it; -1: not known */
    int64_t     step, steps;     /* done before (resumed); after which the run ends: with a limit in time, an estimate */
    int64_t     planned_steps;   /* by epochs and steps alone */
    double      seconds;         /* the limit in time; -1: none */
    double      expected_seconds; /* an estimate of the whole run by three steps on random images; NaN: not known */
    const char *recipe_reason;   /* why this recipe: "asked for", "a small set: 2,500 images" ... */
    int64_t     memory_bytes;    /* of the whole process, at most: within a tenth of what it will be */
    int64_t     memory_bytes_free; /* that the process may have in all; -1: not known */
} alexnet_train_start;

typedef void (*alexnet_train_start_fn)(void *user, const alexnet_train_start *start);

/*
 * Start from alexnet_train_options_default(), which gives nothing: NULL, -1 and NaN ask for the recipe's own value, or for
 * the default that stands beside the member.
 *
 * With `resume`, what is given must be the run's own value (BAD_ARG names the first that is not), but for what may change:
 * epochs, steps, seconds, checkpoint_*, patience, stop_at_top1, workers and callbacks.
 */
typedef struct alexnet_train_options {
    const char *config;      /* a run's config.json, or its folder: a new run as that one was set up, but for what is given
                                here ("none" for val, from, freeze takes the old one's away); its data need not be as it was.
                                NULL: from defaults. Not with resume */
    const char *data;        /* required, unless resume or config; with resume: where the run's data lies now, with images of
                                the same names, classes and sizes */
    const char *val;         /* as data, with resume. NULL: `val` or `test` beside `train` inside data, else a split */
    double      val_split;   /* fraction of the training data, when there is no validation part; 0: none. NaN: 0.1 */
    const char *model;       /* family. NULL: torchvision */
    alexnet_model_options model_options;
    const char *from;        /* weights to start from, of a whole network or a part, or a run's folder; or NULL */
    alexnet_orientation orientation; /* of photographs, in training and after: the weights' record keeps it. DEFAULT: EXIF
                                where the data are files of images (a folder, a tar, a list), else as the record has it */
    const char *freeze;      /* "features" or layer names separated by commas: not trained; NULL: all are */
    const char *recipe;      /* NULL: as the data asks: with fewer than ALEXNET_SMALL_SET images "quick" ("bn": "quick-bn"), with `from`
                                "finetune"; else, and for a family made for one data set, the family's own */
    double      epochs;      /* how long: the first reached ends the run. -1: the recipe's */
    int64_t     steps;       /* at least 1; -1: no limit, or the resumed run's */
    double      seconds;     /* above 0; -1: no limit, or the resumed run's. Of all sittings together */
    int         batch;
    const char *update;      /* the rule: "torch", "paper", "rmsprop" or "adam"; NULL: the recipe's */
    double      lr, momentum, weight_decay; /* NaN: the recipe's */
    double      bias_lr, bias_decay; /* of biases, times these; NaN: the recipe's */
    double      rho, beta2, epsilon; /* of rmsprop, of adam, of both (docs/training.md); NaN: the recipe's */
    double      average;     /* kept of the weights' running average at each step, and in step n = 0, 1, ... not more than
                                (1 + n) / (10 + n); validation and the weights files then hold it. 0: none. NaN: the
                                recipe's */
    double      smoothing;   /* part of each label that all classes share; NaN: the recipe's */
    double      mixup;       /* images are blended in pairs by parts from Beta(mixup, mixup); 0: not. NaN: the recipe's */
    int         grow;        /* side of the input to begin with, pixels: it grows to the network's own; 0: not. -1: the
                                recipe's */
    int         views;       /* augmented views of each image whose output of frozen layers is kept; 0: none, frozen layers
                                run at each step. -1: the recipe's */
    const char *schedule;    /* "constant", "step:30,0.1", "cosine", ... (docs/training.md); NULL: the recipe's */
    const char *bias_schedule; /* of biases; "": the same; NULL: the recipe's */
    const char *augment;     /* "none" or of crop, flip, rrc, jitter, pca, pca-text, such as "crop,flip"; NULL: the recipe's */
    const char *events;      /* what changes at an epoch: "25:rate=0.1;40:conv1=0" (docs/training.md); "": nothing; NULL: the
                                recipe's */
    const char *init;        /* how first weights are drawn: "family" or "he"; NULL: the recipe's */
    const char *out;         /* run directory. Required, unless resume */
    int         force;       /* 1: an existing run directory is replaced; not with resume */
    const char *resume;      /* run directory to go on with. With more epochs than it began with the learning rate goes on from
                                where it was, never upward */
    int         allow_other_bits; /* 1: a run goes on with the kernels of another tier than it began with, to other bits */
    double      checkpoint_seconds; /* 0: none by time; -1: 600 */
    int64_t     checkpoint_steps;   /* 0: none by steps; -1: 0 */
    int         checkpoint_keep;    /* how many checkpoints stay; 0: one while it trains, none after success; -1: 2 */
    int         workers;     /* decoding threads; -1: as needed */
    alexnet_bad_image on_bad_image;
    int         patience;    /* epochs without improvement that end the run; 0: off; -1: 0 */
    double      stop_at_top1; /* end when validation top-1 reaches this fraction; NaN: off */
    int64_t     seed;        /* 0 or more; -1: 1 */
    int         dtype;       /* an alexnet_dtype but INT8; -1: the context's, or what the resumed run has */
    alexnet_train_start_fn start; /* may be NULL */
    void       *start_user;
    alexnet_progress_fn progress;
    void       *progress_user;
    alexnet_skipped_fn  skipped; /* told at the end, each image once */
    void       *skipped_user;
} alexnet_train_options;

typedef struct alexnet_train_result {
    int64_t steps;
    double  epochs;
    double  train_loss;         /* mean since the last epoch's start */
    double  val_top1, val_top5; /* of the last weights */
    double  best_top1;          /* of the best: by top-1, then by loss */
    double  images_per_second;  /* whole steps with loading, validation not counted */
    int64_t skipped;
    char    run[4096];          /* the run directory */
    char    weights[4096];      /* path of best.safetensors, or last.safetensors when nothing was validated */
    char    weights_sha256[65]; /* alexnet_model_hash() of what `weights` holds */
    char    last_weights[4096]; /* path of last.safetensors: where the run ended; equal runs end with equal bits */
    char    last_sha256[65];    /* alexnet_model_hash() of what `last_weights` holds */
    double  seconds;            /* of training and validation, all sittings together */
    double  train_top1;         /* mean since the last epoch's start, in training: with dropout and augmentation */
    double  guess_top1;         /* who always answers with the largest class gets this in validation; NaN: none */
    double  best_epoch;         /* epochs done when the best weights were validated; NaN: none */
    int     classes;
    int64_t images;             /* to train on */
    const char *ended;          /* by what: "epochs" (or steps), "time", "patience", "top1", "stopped" */
    double  planned_epochs;     /* by epochs and steps alone */
    char    recipe[64], model[64]; /* their names */
    int64_t memory_bytes;       /* alexnet_train_start.memory_bytes */
    int64_t peak_rss_bytes;     /* memory of the whole process so far, at most, measured by the system; 0: not known */
} alexnet_train_result;

/* A set of fewer images is a small one. */
#define ALEXNET_SMALL_SET 100000

ALEXNET_API alexnet_train_options alexnet_train_options_default(void);

/*
 * Trains until the first limit. IO, before anything is written, when the disk has less room than the run needs. Returns STOPPED, with a checkpoint written and *out filled, when the progress callback
 * asked to stop; DIVERGED, naming the first bad layer, when the loss is no longer finite.
 */
ALEXNET_API alexnet_status alexnet_train(alexnet_context *ctx, const alexnet_train_options *options,
                                         alexnet_train_result *out) ALEXNET_NODISCARD;

/* Recipes, 0 .. count-1: name and its settings as text. */
ALEXNET_API int         alexnet_recipe_count(void);
ALEXNET_API const char *alexnet_recipe_name(int index);     /* NULL: index out of range */
ALEXNET_API const char *alexnet_recipe_settings(int index);

/* ---- verify ---- */

/* A file and what came of it. The texts live until the callback returns. */
typedef struct alexnet_verified {
    const char *file;
    const char *proof; /* what it was held to: "sha256", which something else says of it, "crc32c", which it says itself,
                          "none": it can be read, and says nothing */
    const char *error; /* NULL: it fits */
} alexnet_verified;

typedef void (*alexnet_verified_fn)(void *user, const alexnet_verified *file);

/*
 * Reads a weights file, or all files of a run, and holds each to its checksums. What is damaged or cannot be read is told
 * as such and counted: the status is OK all the same.
 *   tell  told of each file; NULL: nobody is
 *   bad   how many do not fit; may be NULL
 * BAD_ARG (no path), NOT_FOUND, NO_MEMORY; BAD_FILE: a folder that is no run.
 */
ALEXNET_API alexnet_status alexnet_verify(alexnet_context *ctx, const char *path, alexnet_verified_fn tell, void *user,
                                          int *bad) ALEXNET_NODISCARD;

/* ---- data ---- */

typedef struct alexnet_data_options {
    const char         *data;
    const char         *part;    /* "train", "val", "test", or what else they are called; NULL: all of it as one */
    int                 workers;
    int                 size;    /* stats: images are resized to size x size first; 0: as they are */
    alexnet_progress_fn progress;
    void               *progress_user;
    alexnet_skipped_fn  skipped; /* unreadable images, in the data's order */
    void               *skipped_user;
} alexnet_data_options;

/* Files that a data set passes over: "HEIC", ".txt", "hidden". */
typedef struct alexnet_passed_over {
    const char *kind;
    int64_t     files;
    int         unread; /* 1: images in a format that this build does not read */
} alexnet_passed_over;

typedef struct alexnet_data_info {
    const char *kind;  /* "folder", "tar", "list", "cifar", "idx", "synthetic" */
    int64_t     images, bad;
    int         classes;
    const char *const *class_names; /* classes entries */
    const int64_t     *class_images;
    int64_t     ignored;            /* files passed over: hidden, or not the name of an image that is read */
    double      mean[3], sd[3];     /* stats: RGB, 0 .. 1 */
    double      eigenvalues[3], eigenvectors[3][3]; /* stats: of the RGB covariance, 0 .. 1 scale; [component][channel] */
    void       *owner;              /* free with alexnet_data_info_free() */
    const alexnet_passed_over *passed_over; /* what `ignored` counts, by kind */
    size_t      passed_over_kinds;
} alexnet_data_info;

/* Counts without decoding. An empty class is BAD_FILE, naming it, and so is an empty `val` or `test` beside `train`, and one part under
   two names; no images at all is NOT_FOUND, with the expected tree. */
ALEXNET_API alexnet_status alexnet_data_inspect(alexnet_context *ctx, const alexnet_data_options *options, alexnet_data_info *out) ALEXNET_NODISCARD;
/* Decodes every image; bad ones are counted and told to `skipped`; the status is OK all the same. */
ALEXNET_API alexnet_status alexnet_data_verify(alexnet_context *ctx, const alexnet_data_options *options, alexnet_data_info *out) ALEXNET_NODISCARD;
/* Mean, deviation and principal components of the colours. */
ALEXNET_API alexnet_status alexnet_data_stats(alexnet_context *ctx, const alexnet_data_options *options, alexnet_data_info *out) ALEXNET_NODISCARD;
ALEXNET_API void           alexnet_data_info_free(alexnet_context *ctx, alexnet_data_info *info);

/* Draws a small data set: OUT/{train,val}/CLASS/NNNN.jpg. Fails when OUT exists, unless force. */
typedef struct alexnet_synth_options {
    const char *out;
    int         classes;       /* 0: 6; at most 12 */
    int         train_images;  /* per class; 0: 200 */
    int         val_images;    /* per class; 0: 40 */
    int         size;          /* pixels; 0: 224 */
    uint64_t    seed;          /* as it is */
    int         force;
    alexnet_progress_fn progress;
    void       *progress_user;
} alexnet_synth_options;

ALEXNET_API alexnet_status alexnet_data_synth(alexnet_context *ctx, const alexnet_synth_options *options) ALEXNET_NODISCARD;

#ifdef __cplusplus
}
#endif
#endif
