/*
 * synth_set.c: alexnet_data_synth(): a folder of drawn images.
 *
 * Everything is drawn into OUT.tmp-PID, which is renamed to OUT at the end: the folder is whole or
 * absent.
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/each.h"
#include "base/extend.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/team.h"
#include "synth/synth.h"
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define CLASSES_DEFAULT 6
#define TRAIN_DEFAULT   200
#define VAL_DEFAULT     40
#define SIZE_DEFAULT    224
#define IMAGES_MAX      1000000 /* per class and split */
#define JPEG_QUALITY    90
#define WRITERS         8 /* threads; more than cores, as they mostly wait for the disk */

/*
 * Training images of a class have the numbers 0 .. train-1. Validation images have a range of their
 * own, so that they do not depend on the number of training images.
 */
#define FIRST_VAL_NUMBER ((uint32_t)1 << 31)

typedef struct drawing {
    alexnet_synth_options options; /* defaults filled in */
    char *folder;                  /* the temporary folder */
    an_image *images;              /* [members] */
    int members;
} drawing;

/* ---- one image ---- */

static alexnet_status write_image(alexnet_context *ctx, const char *folder, bool val,
                                  const char *class_name, int number, const an_image *image)
{
    uint8_t *jpeg;
    size_t bytes;
    char *path =
        an_format(ctx, "%s/%s/%s/%04d.jpg", folder, val ? "val" : "train", class_name, number);

    if (path == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", folder);
    alexnet_status status = an_image_encode_jpeg(ctx, image, JPEG_QUALITY, &jpeg, &bytes);
    if (status == ALEXNET_OK) {
        status = an_file_write(ctx, path, jpeg, bytes);
        an_free(ctx, jpeg);
    }
    an_free(ctx, path);
    return status;
}

/* Indices run through the images of class 0, training first, then those of class 1 ... */
static alexnet_status draw_image(void *arg, alexnet_context *ctx, int member, int64_t index)
{
    const drawing *d = arg;
    const alexnet_synth_options *o = &d->options;
    const int per_class = o->train_images + o->val_images;
    const int class_index = (int)(index / per_class);
    const int place = (int)(index % per_class);
    const bool val = place >= o->train_images;
    const int number = val ? place - o->train_images : place;
    an_image *image = &d->images[member];

    AN_TRY(an_synth_draw(ctx, o->seed, class_index, (val ? FIRST_VAL_NUMBER : 0) + (uint32_t)number,
                         o->size, image));
    return write_image(ctx, d->folder, val, an_synth_class(class_index), number, image);
}

/* ---- folders ---- */

static alexnet_status make_folders(alexnet_context *ctx, const drawing *d)
{
    static const char *const parts[] = {"train", "val"};

    for (size_t part = 0; part < AN_COUNT(parts); ++part) {
        for (int i = 0; i < d->options.classes; ++i) {
            char *path = an_format(ctx, "%s/%s/%s", d->folder, parts[part], an_synth_class(i));
            if (path == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", d->folder);
            const alexnet_status status = an_folder_make(ctx, path);
            an_free(ctx, path);
            AN_TRY(status);
        }
    }
    return ALEXNET_OK;
}

/* `force` replaces only what this function has written, and nothing that may be missed. */
static alexnet_status check_replaceable(alexnet_context *ctx, const char *out)
{
    an_names names;

    AN_TRY(an_folder_list(ctx, out, &names));
    alexnet_status status = ALEXNET_OK;
    for (size_t i = 0; i < names.count && status == ALEXNET_OK; ++i) {
        if (strcmp(names.names[i], "train") != 0 && strcmp(names.names[i], "val") != 0)
            status = an_fail(ctx, ALEXNET_BAD_ARG,
                             "%s: contains '%s': only a folder of train and val is replaced", out,
                             names.names[i]);
    }
    an_names_free(ctx, &names);
    return status;
}

static alexnet_status check_out(alexnet_context *ctx, const alexnet_synth_options *o)
{
    an_file_info info;

    AN_TRY(an_file_stat(ctx, o->out, &info));
    if (info.kind == AN_FILE_ABSENT) return ALEXNET_OK;
    if (!o->force)
        return an_fail(ctx, ALEXNET_BAD_ARG, "%s: exists already; use force to replace it", o->out);
    if (info.kind != AN_FILE_FOLDER)
        return an_fail(ctx, ALEXNET_BAD_ARG, "%s: expected a folder, found a file", o->out);
    return check_replaceable(ctx, o->out);
}

/* ---- all images ---- */

static alexnet_status fill_in(alexnet_context *ctx, const alexnet_synth_options *given,
                              alexnet_synth_options *o)
{
    AN_TAKE_OPTIONS(ctx, given, o);
    if (o->classes == 0) o->classes = CLASSES_DEFAULT;
    if (o->train_images == 0) o->train_images = TRAIN_DEFAULT;
    if (o->val_images == 0) o->val_images = VAL_DEFAULT;
    if (o->size == 0) o->size = SIZE_DEFAULT;
    if (o->out == NULL || o->out[0] == '\0')
        return an_fail(ctx, ALEXNET_BAD_ARG, "no output folder is given");
    if (o->classes < 1 || o->classes > AN_SYNTH_CLASSES_MAX)
        return an_fail(ctx, ALEXNET_BAD_ARG, "classes: expected 1 to %d, found %d",
                       AN_SYNTH_CLASSES_MAX, o->classes);
    if (o->train_images < 1 || o->train_images > IMAGES_MAX || o->val_images < 1 ||
        o->val_images > IMAGES_MAX)
        return an_fail(ctx, ALEXNET_BAD_ARG, "images of a class: expected 1 to %d, found %d and %d",
                       IMAGES_MAX, o->train_images, o->val_images);
    if (o->size < AN_SYNTH_SIZE_MIN || o->size > AN_SYNTH_SIZE_MAX)
        return an_fail(ctx, ALEXNET_BAD_ARG, "size: expected %d to %d pixels, found %d",
                       AN_SYNTH_SIZE_MIN, AN_SYNTH_SIZE_MAX, o->size);
    return ALEXNET_OK;
}

static alexnet_status draw_all(alexnet_context *ctx, drawing *d)
{
    const alexnet_synth_options *o = &d->options;
    const int64_t count = (int64_t)o->classes * (o->train_images + o->val_images);

    d->members = an_team_size(ctx, WRITERS, count);
    d->images = an_new_array(ctx, (size_t)d->members, sizeof *d->images);
    if (d->images == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", o->out);
    AN_TRY(an_folder_remove(ctx, d->folder)); /* left by a crashed process with the same id */
    AN_TRY(make_folders(ctx, d));
    return an_each(ctx, &(an_each_options){.count = count,
                                           .members = d->members,
                                           .job = draw_image,
                                           .arg = d,
                                           .phase = "synth",
                                           .progress = o->progress,
                                           .progress_user = o->progress_user});
}

static alexnet_status put_in_place(alexnet_context *ctx, const drawing *d)
{
    AN_TRY(an_folder_remove(ctx, d->options.out)); /* absent, or one that may be replaced */
    return an_file_rename(ctx, d->folder, d->options.out);
}

/* "photos/" is treated as "photos": the temporary folder is beside it, not inside. */
static char *temporary_name(alexnet_context *ctx, const char *out)
{
    size_t length = strlen(out);

    while (length > 1 && out[length - 1] == '/')
        --length;
    return an_format(ctx, "%.*s.tmp-%ld", (int)length, out, (long)getpid());
}

alexnet_status alexnet_data_synth(alexnet_context *ctx, const alexnet_synth_options *options)
{
    drawing d = {0};

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, options);
    AN_TRY(fill_in(ctx, options, &d.options));
    AN_TRY(check_out(ctx, &d.options));
    d.folder = temporary_name(ctx, d.options.out);
    if (d.folder == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", d.options.out);

    alexnet_status status = draw_all(ctx, &d);
    if (status == ALEXNET_OK) status = put_in_place(ctx, &d);
    for (int i = 0; i < d.members && d.images != NULL; ++i)
        an_image_free(ctx, &d.images[i]);
    an_free(ctx, d.images);
    if (status != ALEXNET_OK) {
        char cause[AN_ERROR_BYTES];
        memcpy(cause, alexnet_error(ctx), sizeof cause);
        if (an_folder_remove(ctx, d.folder) != ALEXNET_OK) /* report the first cause */
            an_fail(ctx, status, "%s (%s could not be removed)", cause, d.folder);
        else
            an_fail(ctx, status, "%s", cause);
    }
    an_free(ctx, d.folder);
    return status;
}
