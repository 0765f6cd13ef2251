/*
 * eval_run.h: evaluates one network, or the average of several, on labelled images. Both `eval` and
 * the validation of training use it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_EVAL_RUN_H
#define AN_INFER_EVAL_RUN_H

#include "infer/metrics.h"
#include "infer/network.h"
#include "infer/skipped.h"

#define AN_EVAL_BATCH 64 /* images in a batch by default, in eval and in validation */

/* The prediction for one image, compared with its label. */
typedef struct an_eval_result {
    int64_t index; /* index of the image in the source */
    int label;     /* the true class, as the network numbers it */
    int rank;      /* number of classes that rank before the label: 0 is top-1 */
    double loss;
    const float *probs; /* [classes] */
} an_eval_result;

/* A status other than OK ends the evaluation. */
typedef alexnet_status (*an_eval_result_fn)(void *user, const an_eval_result *result);

typedef struct an_eval {
    an_network *networks; /* with the same classes */
    size_t network_count;
    an_metrics *each; /* [network_count], receives the metrics of each network alone; may be NULL */
    const an_source *source;
    const int64_t *indices; /* the images to evaluate; NULL: all */
    int64_t count;
    const int *labels; /* from an_classes_map(); NULL: no mapping */
    int batch;         /* the batch that the networks were opened with */
    int workers;       /* of the loader; -1: as needed */
    alexnet_bad_image on_bad_image;
    an_eval_result_fn result; /* may be NULL */
    void *result_user;
    const char *phase;            /* for progress: "val", "eval" */
    alexnet_progress_fn progress; /* may be NULL */
    void *progress_user;
} an_eval;

/*
 * Evaluates every image once, in the order of the source.
 *   skipped  receives the bad images that were skipped, replacing its contents; may be NULL
 * STOPPED if the progress callback asks for it; BAD_FILE by the policy for bad images.
 */
alexnet_status an_eval_run(alexnet_context *ctx, const an_eval *eval, an_metrics *metrics,
                           an_bad_list *skipped) AN_NODISCARD;

/*
 * The memory that it takes beside the networks, of which model, record and views are looked at:
 * adds to *bytes. NO_MEMORY, IO.
 */
alexnet_status an_eval_run_book(alexnet_context *ctx, const an_eval *eval,
                                int64_t *bytes) AN_NODISCARD;

#endif
