/*
 * skipped.c: the policy for bad images, and their report.
 *
 * SPDX-License-Identifier: MIT
 */
#include "infer/skipped.h"

#include "base/status.h"

#define NAME_BYTES 4096 /* of an image's name in a message */

void an_skip_policy(alexnet_bad_image policy, int64_t count, an_loader_options *options)
{
    options->skip_bad = policy != ALEXNET_BAD_IMAGE_FAIL;
    options->skip_max = policy == ALEXNET_BAD_IMAGE_SKIP ? -1 : AN_MAX(count / 100, 1);
}

alexnet_status an_skipped_take(alexnet_context *ctx, an_loader *loader, an_bad_list *skipped)
{
    const an_bad_image *bad;
    const size_t count = an_loader_bad(loader, &bad);
    alexnet_status status = ALEXNET_OK;

    an_bad_list_free(ctx, skipped);
    for (size_t i = 0; i < count && status == ALEXNET_OK; ++i)
        status = an_bad_list_add(ctx, skipped, bad[i].index, bad[i].reason);
    if (status != ALEXNET_OK) an_bad_list_free(ctx, skipped);
    return status;
}

void an_skipped_tell(const an_bad_list *skipped, const an_source *source, alexnet_skipped_fn tell,
                     void *user)
{
    char name[NAME_BYTES];

    for (size_t i = 0; tell != NULL && i < skipped->count; ++i) {
        an_source_name(source, skipped->images[i].index, name, sizeof name);
        tell(user, name, skipped->images[i].reason);
    }
}
