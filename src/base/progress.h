/*
 * progress.h: what jobs that walk through images tell their caller.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_PROGRESS_H
#define AN_BASE_PROGRESS_H

#include "alexnet.h"
#include "base/compiler.h"

/* `done` of `total` images in `seconds`: speed and time left follow; no loss and no accuracies. */
alexnet_progress an_progress(const char *phase, int64_t done, int64_t total, double seconds);

/* Tells it. STOPPED, with the counts, when the callback (NULL: nobody listens) asks for it. */
alexnet_status an_progress_tell(alexnet_context *ctx, const alexnet_progress *progress,
                                alexnet_progress_fn callback, void *user) AN_NODISCARD;

#endif
