/*
 * progress.h: progress reports of jobs that process many images.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_PROGRESS_H
#define AN_BASE_PROGRESS_H

#include "alexnet.h"
#include "base/compiler.h"

/*
 * A report: `done` of `total` images in `seconds`, with the rate and the time left; loss and
 * accuracies are NaN.
 */
alexnet_progress an_progress(const char *phase, int64_t done, int64_t total, double seconds);

/*
 * Calls the callback; NULL is legal. STOPPED, with the counts in the message: it asked to stop.
 */
alexnet_status an_progress_tell(alexnet_context *ctx, const alexnet_progress *progress,
                                alexnet_progress_fn callback, void *user) AN_NODISCARD;

#endif
