/*
 * eval_run.h: shows labelled images to one network, or to several whose answers are averaged, and
 * marks the answers. `eval` and the validation of training are both this function.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_EVAL_RUN_H
#define AN_INFER_EVAL_RUN_H

#include "infer/metrics.h"
#include "infer/network.h"
#include "infer/skipped.h"

#define AN_EVAL_BATCH                                                                              \
    64 /* images at a time, unless told otherwise: in eval and in the validation of training */

/* One marked answer. */
typedef struct an_eval_result {
    int64_t index; /* of the image in the source */
    int label;     /* the right class, the network's number */
    int rank;      /* 0: the label is the best answer */
    double loss;
    const float *probs; /* [classes] */
} an_eval_result;

/* A status other than OK ends the examination. */
typedef alexnet_status (*an_eval_result_fn)(void *user, const an_eval_result *answer);

typedef struct an_eval {
    an_network *networks; /* of the same classes */
    size_t network_count;
    an_metrics *each; /* [network_count], filled: each network alone; may be NULL */
    const an_source *source;
    const int64_t *indices; /* the images to show, or NULL: all */
    int64_t count;
    const int *labels; /* an_classes_map(); NULL: the same */
    int batch;         /* as the networks were opened for */
    int workers;       /* of the loader; -1: as needed */
    alexnet_bad_image on_bad_image;
    an_eval_result_fn answer; /* may be NULL */
    void *answer_user;
    const char *phase;            /* for progress: "val", "eval" */
    alexnet_progress_fn progress; /* may be NULL */
    void *progress_user;
} an_eval;

/*
 * Marks every image once, in the order of the source.
 *   skipped  the unreadable images, replaced; may be NULL
 * STOPPED when the progress callback says so; BAD_FILE by the policy for bad images.
 */
alexnet_status an_eval_run(alexnet_context *ctx, const an_eval *exam, an_metrics *metrics,
                          an_bad_list *skipped) AN_NODISCARD;

/* The memory that it takes beside the networks, of which model, record and views are looked at: adds to *bytes. NO_MEMORY, IO. */
alexnet_status an_eval_run_book(alexnet_context *ctx, const an_eval *exam,
                               int64_t *bytes) AN_NODISCARD;

#endif
