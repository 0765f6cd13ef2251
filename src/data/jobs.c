/*
 * jobs.c: alexnet_data_inspect(), alexnet_data_verify(), alexnet_data_stats().
 *
 * Sums over pixels are integers, so that the result does not depend on which thread adds what when.
 * SPDX-License-Identifier: MIT
 */
#include "base/each.h"
#include "base/extend.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/team.h"
#include "data/bad_list.h"
#include "data/kind.h"
#include "data/moments.h"
#include "image/resize.h"
#include <stdbool.h>
#include <string.h>

#define NAME_BYTES 4096

/* ---- what is reported ---- */

typedef struct owner {
    an_names names;
    int64_t *images;
    an_tally passed;
    alexnet_passed_over *kinds; /* `passed`, as the public struct */
} owner;

void alexnet_data_info_free(alexnet_context *ctx, alexnet_data_info *info)
{
    if (ctx == NULL || info == NULL) return;
    owner *o = info->owner;
    if (o != NULL) {
        an_names_free(ctx, &o->names);
        an_free(ctx, o->images);
        an_tally_free(ctx, &o->passed);
        an_free(ctx, o->kinds);
        an_free(ctx, o);
    }
    *info = (alexnet_data_info){0};
}

static alexnet_status describe(alexnet_context *ctx, an_source *source, alexnet_data_info *info)
{
    owner *o = an_new_zeroed(ctx, sizeof *o);
    const int classes = an_source_classes(source);

    *info = (alexnet_data_info){.kind = an_source_kind(source),
                                .images = an_source_count(source),
                                .classes = classes,
                                .ignored = an_source_ignored(source),
                                .owner = o};
    if (o != NULL) o->images = an_new_array(ctx, (size_t)classes, sizeof *o->images);
    if (o != NULL) o->kinds = an_new_array(ctx, source->passed.count, sizeof *o->kinds);
    if (o == NULL || o->images == NULL || o->kinds == NULL) {
        alexnet_data_info_free(ctx, info);
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for %d classes", source->path,
                       classes);
    }
    for (int64_t i = 0; i < an_source_count(source); ++i) {
        if (an_source_is_folder(source, i))
            --info->images;
        else
            ++o->images[an_source_label(source, i)];
    }
    o->names = source->classes; /* the source is closed next: its names move to the result */
    source->classes = (an_names){0};
    info->class_names = (const char *const *)o->names.names;
    info->class_images = o->images;
    o->passed = source->passed; /* moves, too */
    source->passed = (an_tally){0};
    for (size_t i = 0; i < o->passed.count; ++i) {
        const an_tally_row *row = &o->passed.rows[i];
        o->kinds[i] = (alexnet_passed_over){row->name, row->files, row->unread};
    }
    info->passed_over = o->kinds;
    info->passed_over_kinds = o->passed.count;
    return ALEXNET_OK;
}

/* Counts the images of each class, in all splits and in the training split. */
static void count_classes(const an_source *source, int64_t *all, int64_t *train)
{
    const bool parts = (source->parts.present & AN_TRAIN_BIT) != 0;
    char name[NAME_BYTES];

    for (int64_t i = 0; i < source->count; ++i) {
        ++all[source->labels[i]];
        if (parts) source->kind->name_of(source, i, name, sizeof name);
        train[source->labels[i]] +=
            !parts || an_parts_inside(&source->parts, AN_TRAIN_BIT, name) != NULL;
    }
}

/* Logs the classes that training refuses or learns little of. */
static alexnet_status tell_classes(alexnet_context *ctx, const an_source *source, const char *data)
{
    const size_t classes = source->classes.count;
    int64_t *all = an_new_array(ctx, classes, 2 * sizeof *all), *train = all + classes;
    an_listing single = {0}, untrained = {0};

    if (all == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: %zu classes", data, classes);
    count_classes(source, all, train);
    for (size_t i = 0; i < classes; ++i) {
        if (all[i] > 0 && train[i] == 0) an_listing_add(&untrained, source->classes.names[i]);
        if (train[i] == 1) an_listing_add(&single, source->classes.names[i]);
    }
    an_free(ctx, all);
    if (untrained.count > 0)
        an_log(ctx, ALEXNET_LOG_WARNING, "%s: class%s %s ha%s no image to train on, in %s/", data,
               untrained.count > 1 ? "es" : "", an_listing_text(&untrained),
               untrained.count > 1 ? "ve" : "s", source->parts.names[0]);
    if (single.count > 0)
        an_log(ctx, ALEXNET_LOG_INFO, "%s: class%s %s ha%s one image to train on", data,
               single.count > 1 ? "es" : "", an_listing_text(&single),
               single.count > 1 ? "ve" : "s");
    return ALEXNET_OK;
}

/* Opens all splits, and counts what lies beside them. */
static alexnet_status open_all(alexnet_context *ctx, const char *data, an_source **source)
{
    AN_TRY(an_source_survey(ctx, data, AN_PART_ALL, source));
    alexnet_status status = an_source_tell_layout(ctx, *source, data);
    if (status == ALEXNET_OK) status = tell_classes(ctx, *source, data);
    if (status == ALEXNET_OK)
        status = an_tally_merge(ctx, &(*source)->passed, &(*source)->beside.files);
    if (status != ALEXNET_OK) an_source_close(*source);
    return status;
}

/* What the three functions are given, checked; options completed to *taken. */
static alexnet_status take_given(alexnet_context *ctx, const alexnet_data_options *options,
                                 const alexnet_data_info *out, alexnet_data_options *taken)
{
    AN_NEED(ctx, ctx);
    AN_NEED(ctx, options);
    AN_NEED(ctx, out);
    AN_TAKE_OPTIONS(ctx, options, taken);
    AN_NEED_WITHIN(ctx, taken->workers, 0, ALEXNET_WORKERS_MAX);
    return ALEXNET_OK;
}

static alexnet_status open_part(alexnet_context *ctx, const alexnet_data_options *options,
                                an_source **source)
{
    static const an_part parts[AN_PARTS] = {AN_PART_TRAIN, AN_PART_VAL, AN_PART_TEST};

    if (options->data == NULL) return an_fail(ctx, ALEXNET_BAD_ARG, "no data set is given");
    if (options->size < 0 || options->size > AN_IMAGE_SIDE_MAX)
        return an_fail(ctx, ALEXNET_BAD_ARG, "size: expected 0 to %d, found %d", AN_IMAGE_SIDE_MAX,
                       options->size);
    if (options->part == NULL) return open_all(ctx, options->data, source);
    const int part = an_part_of(options->part, strlen(options->part));
    if (part < AN_PARTS) return an_source_survey(ctx, options->data, parts[part], source);
    return an_fail(ctx, ALEXNET_BAD_ARG, "part: expected train, val or test, found '%s'",
                   options->part);
}

/* Logs the folders that cannot be listed. */
static void warn_of_folders(alexnet_context *ctx, const an_source *source)
{
    an_source_buffer unused = {0};
    an_image none = {0};
    char name[NAME_BYTES];

    for (int64_t i = 0; i < an_source_count(source); ++i) {
        if (!an_source_is_folder(source, i)) continue;
        an_source_name(source, i, name, sizeof name);
        if (an_source_read(source, ctx, i, AN_ORIENTATION_IGNORE, &unused, &none) != ALEXNET_OK)
            an_log(ctx, ALEXNET_LOG_WARNING, "%s: %s", name, alexnet_error(ctx));
    }
}

alexnet_status alexnet_data_inspect(alexnet_context *ctx, const alexnet_data_options *options,
                                    alexnet_data_info *out)
{
    alexnet_data_options given;
    an_source *source;

    AN_TRY(take_given(ctx, options, out, &given));
    AN_TRY(open_part(ctx, &given, &source));
    warn_of_folders(ctx, source);
    const alexnet_status status = describe(ctx, source, out);
    an_source_close(source);
    return status;
}

/* ---- all images ---- */

/* The buffers and results of one thread. */
typedef struct worker {
    an_source_buffer buffer;
    an_image image, resized;
    an_resizer resizer;
    an_moments moments;
    an_bad_list bad;
} worker;

typedef struct scan {
    const an_source *source;
    bool sum; /* also sum the colours */
    int size; /* the side to resize images to first; 0: none */
    worker *workers;
    int members;
    an_bad_list bad; /* of all threads */
} scan;

static alexnet_status sum_colours(const scan *all, alexnet_context *ctx, worker *s)
{
    const an_image *image = &s->image;

    if (all->size > 0) {
        AN_TRY(an_image_resize(ctx, &s->resizer, image, NULL, all->size, all->size,
                               AN_FILTER_BILINEAR, &s->resized));
        image = &s->resized;
    }
    an_moments_add(&s->moments, image->pixels, (size_t)image->width * (size_t)image->height);
    return ALEXNET_OK;
}

static alexnet_status scan_image(void *arg, alexnet_context *ctx, int member, int64_t index)
{
    const scan *all = arg;
    worker *s = &all->workers[member];
    const alexnet_status status =
        an_source_read(all->source, ctx, index, AN_ORIENTATION_IGNORE, &s->buffer, &s->image);

    if (an_source_is_bad_image(status))
        return an_bad_list_add(ctx, &s->bad, index, alexnet_error(ctx));
    AN_TRY(status);
    return all->sum ? sum_colours(all, ctx, s) : ALEXNET_OK;
}

static void free_workers(alexnet_context *ctx, scan *all)
{
    for (int i = 0; i < all->members && all->workers != NULL; ++i) {
        worker *s = &all->workers[i];
        an_source_buffer_free(ctx, &s->buffer);
        an_image_free(ctx, &s->image);
        an_image_free(ctx, &s->resized);
        an_resizer_free(ctx, &s->resizer);
        an_bad_list_free(ctx, &s->bad);
    }
    an_free(ctx, all->workers);
    an_bad_list_free(ctx, &all->bad);
}

/* Merges the bad images of all threads. */
static alexnet_status collect_bad(alexnet_context *ctx, scan *all)
{
    for (int i = 0; i < all->members; ++i) {
        const an_bad_list *bad = &all->workers[i].bad;
        for (size_t k = 0; k < bad->count; ++k)
            AN_TRY(an_bad_list_add(ctx, &all->bad, bad->images[k].index, bad->images[k].reason));
    }
    return ALEXNET_OK;
}

static void tell_bad(const scan *all, const alexnet_data_options *options)
{
    char name[NAME_BYTES];

    for (size_t i = 0; i < all->bad.count && options->skipped != NULL; ++i) {
        an_source_name(all->source, all->bad.images[i].index, name, sizeof name);
        options->skipped(options->skipped_user, name, all->bad.images[i].reason);
    }
}

static void conclude(const scan *all, alexnet_data_info *info)
{
    an_moments moments = {0};

    for (int i = 0; i < all->members; ++i)
        an_moments_merge(&moments, &all->workers[i].moments);
    an_moments_conclude(&moments, info->mean, info->sd, info->eigenvalues, info->eigenvectors);
}

static alexnet_status scan_source(alexnet_context *ctx, const alexnet_data_options *options,
                                  const char *phase, scan *all)
{
    const int wanted = options->workers > 0 ? options->workers : -1;
    const int64_t count = an_source_count(all->source);

    all->members = an_team_size(ctx, wanted, count);
    all->workers = an_new_array(ctx, (size_t)all->members, sizeof *all->workers);
    if (all->workers == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", phase);
    AN_TRY(an_each(ctx, &(an_each_options){.count = count,
                                           .members = all->members,
                                           .job = scan_image,
                                           .arg = all,
                                           .phase = phase,
                                           .progress = options->progress,
                                           .progress_user = options->progress_user}));
    return collect_bad(ctx, all);
}

static alexnet_status scan_data(alexnet_context *ctx, const alexnet_data_options *options,
                                const char *phase, bool sum, alexnet_data_info *out)
{
    alexnet_data_options given;
    an_source *source;

    AN_TRY(take_given(ctx, options, out, &given));
    AN_TRY(open_part(ctx, &given, &source));
    scan all = {.source = source, .sum = sum, .size = given.size};
    alexnet_status status = scan_source(ctx, &given, phase, &all);
    if (status == ALEXNET_OK) status = describe(ctx, source, out);
    if (status == ALEXNET_OK) {
        out->bad = (int64_t)all.bad.count;
        tell_bad(&all, &given);
        if (sum) conclude(&all, out);
    }
    free_workers(ctx, &all);
    an_source_close(source);
    return status;
}

alexnet_status alexnet_data_verify(alexnet_context *ctx, const alexnet_data_options *options,
                                   alexnet_data_info *out)
{
    return scan_data(ctx, options, "verify", false, out);
}

alexnet_status alexnet_data_stats(alexnet_context *ctx, const alexnet_data_options *options,
                                  alexnet_data_info *out)
{
    return scan_data(ctx, options, "stats", true, out);
}
