/*
 * skipped.h: the policy for bad images, and the report of those that were skipped.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_SKIPPED_H
#define AN_INFER_SKIPPED_H

#include "data/bad_list.h"
#include "data/loader.h"

/* Sets skip_bad and skip_max for a set of `count` images. */
void an_skip_policy(alexnet_bad_image policy, int64_t count, an_loader_options *options);

/* Replaces the list with the bad images that the loader found. NO_MEMORY: the list is empty. */
alexnet_status an_skipped_take(alexnet_context *ctx, an_loader *loader,
                               an_bad_list *skipped) AN_NODISCARD;

/* Calls `tell` (may be NULL) for every skipped image, with its name. */
void an_skipped_tell(const an_bad_list *skipped, const an_source *source, alexnet_skipped_fn tell,
                     void *user);

#endif
