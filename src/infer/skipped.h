/*
 * skipped.h: what to do about unreadable images, and telling the caller of those that were passed
 * over.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_SKIPPED_H
#define AN_INFER_SKIPPED_H

#include "data/bad_list.h"
#include "data/loader.h"

/* Sets skip_bad and skip_max for a set of `count` images. */
void an_skip_policy(alexnet_bad_image policy, int64_t count, an_loader_options *options);

/* Replaces the list by what the loader has met. NO_MEMORY: the list is then empty. */
alexnet_status an_skipped_take(alexnet_context *ctx, an_loader *loader,
                               an_bad_list *skipped) AN_NODISCARD;

/* Tells the callback (may be NULL) of every image, by name. */
void an_skipped_tell(const an_bad_list *skipped, const an_source *source, alexnet_skipped_fn tell,
                     void *user);

#endif
