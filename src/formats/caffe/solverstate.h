/*
 * solverstate.h: the state of Caffe's solver, `.solverstate`: a message SolverState (BVLC/caffe,
 * src/caffe/proto/caffe.proto) with the iteration and, for SGD, the momentum of every blob in the
 * order of the network's layers.
 *
 * Caffe's momentum (src/caffe/solvers/sgd_solver.cpp) is h = momentum h + lr (g + decay w), then
 * w = w - h, where lr and decay are the blob's own (lr_mult, decay_mult). Ours (cpu/sgd.h) is
 *
 *     v = momentum v - lr (g + decay w), w = w + v    with lr_inside: v = -h, whatever the rates
 *     v = momentum v + (g + decay w), w = w - lr v    without: v = h / lr, lr that of the last step
 *                                                     and of the parameter (a bias has twice the
 *                                                     rate in most of Caffe's networks)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_CAFFE_SOLVERSTATE_H
#define AN_FORMATS_CAFFE_SOLVERSTATE_H

#include "formats/caffe/caffe.h"

#define AN_CAFFE_HISTORY_MAX 2000

/* Zeroed: closed. */
typedef struct an_caffe_solverstate {
    int64_t iteration;       /* steps that were done */
    int64_t current_step;    /* of the schedule */
    const char *learned_net; /* the file of weights, as Caffe was told; NULL: not said */
    an_tensor_view *history; /* in the order of the file; their values stay there */
    int count;
    bool open;
    an_reader reader;
    an_store store;
} an_caffe_solverstate;

/* Opens a file and keeps it open. BAD_FILE, NOT_FOUND, IO, NO_MEMORY. On failure *out is zeroed. */
alexnet_status an_caffe_solverstate_open(alexnet_context *ctx, const char *path,
                                         an_caffe_solverstate *out) AN_NODISCARD;
/* The same from bytes, which must outlive *out. */
alexnet_status an_caffe_solverstate_parse(alexnet_context *ctx, const char *what, const void *data,
                                          size_t bytes, an_caffe_solverstate *out) AN_NODISCARD;
void an_caffe_solverstate_close(alexnet_context *ctx, an_caffe_solverstate *state);

/*
 * Finds the momentum h of each tensor of the network's file of weights.
 *
 *   momentum  [weights->count] of the shape and layout of weights->tensors; name NULL: the tensor
 *             has none, as it is a statistic. Valid as long as both files.
 *
 * BAD_FILE: the state is of another network. UNSUPPORTED: of a solver that keeps more than SGD
 * does.
 */
alexnet_status an_caffe_solverstate_match(alexnet_context *ctx, const char *path,
                                          const an_caffe_solverstate *state,
                                          const an_tensor_file *weights,
                                          an_tensor_view *momentum) AN_NODISCARD;

#endif
