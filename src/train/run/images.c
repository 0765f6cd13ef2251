/*
 * images.c: see images.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/run/images.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 4096
#define LIST_MAX   ((size_t)64 << 20)

/* ---- lines ---- */

typedef alexnet_status (*line_fn)(void *user, const char *line);

static alexnet_status each_of(const an_image_set *images, const char *use, line_fn take, void *user)
{
    char name[NAME_BYTES], shown[NAME_BYTES], line[3 * NAME_BYTES];
    char class[NAME_BYTES];

    for (int64_t i = 0; i < images->count; ++i) {
        const int64_t index = images->indices != NULL ? images->indices[i] : i;
        uint64_t bytes;
        if (!an_source_bytes(images->source, index, &bytes)) return ALEXNET_OK;
        an_source_name(images->source, index, name, sizeof name);
        an_escape(shown, sizeof shown, an_path_base(name));
        an_escape(class, sizeof class,
                  an_source_class(images->source, an_source_label(images->source, index)));
        an_print(line, sizeof line, "%s %s/%s %llu", use, class, shown, (unsigned long long)bytes);
        AN_TRY(take(user, line));
    }
    return ALEXNET_OK;
}

/*
 * If validation images are held back, one image more or less changes which they are: so the list
 * does not distinguish them from the training images.
 */
static alexnet_status each_line(const an_dataset *data, line_fn take, void *user)
{
    const an_image_set all = {.source = data->train_source,
                              .count = an_source_count(data->train_source)};

    if (data->val_source == NULL) return each_of(&all, "data", take, user);
    AN_TRY(each_of(&data->train, "train", take, user));
    return each_of(&data->val, "val", take, user);
}

static alexnet_status write_line(void *user, const char *line)
{
    return an_writer_format(user, "%s\n", line);
}

alexnet_status an_images_write(alexnet_context *ctx, const an_dataset *data, const char *path)
{
    an_writer *writer;
    uint64_t bytes;

    if (data->train.count + data->val.count >= ALEXNET_SMALL_SET ||
        !an_source_bytes(data->train_source, 0, &bytes))
        return ALEXNET_OK;
    AN_TRY(an_writer_open(ctx, path, &writer));
    const alexnet_status status = each_line(data, write_line, writer);
    if (status == ALEXNET_OK) return an_writer_commit(writer);
    an_writer_abandon(writer);
    return status;
}

/* ---- differences ---- */

/* The lines of two lists, sorted by name. */
typedef struct lines {
    alexnet_context *ctx;
    an_names list;
} lines;

static alexnet_status add_line(void *user, const char *line)
{
    lines *l = user;

    return an_names_add(l->ctx, &l->list, line);
}

static size_t name_length(const char *line)
{
    const char *space = strrchr(line, ' ');

    return space != NULL ? (size_t)(space - line) : strlen(line);
}

static int compare_names(const char *a, const char *b)
{
    const size_t x = name_length(a), y = name_length(b);
    const int order = memcmp(a, b, AN_MIN(x, y));

    return order != 0 ? order : (x > y) - (x < y);
}

static int compare_lines(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    const int order = compare_names(x, y);

    return order != 0 ? order : strcmp(x, y);
}

static void sort(lines *l)
{
    if (l->list.count > 0)
        qsort(l->list.names, l->list.count, sizeof *l->list.names, compare_lines);
}

static alexnet_status read_lines(alexnet_context *ctx, const char *path, lines *out)
{
    alexnet_status status = ALEXNET_OK;
    an_bytes bytes;

    AN_TRY(an_file_read(ctx, path, LIST_MAX, &bytes));
    for (char *line = (char *)bytes.data, *end;
         status == ALEXNET_OK && (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        status = add_line(out, line);
    }
    an_bytes_free(ctx, &bytes);
    return status;
}

/* "dog/0007.jpg" of a line. */
static void add_name(an_listing *listing, const char *line)
{
    char name[NAME_BYTES];
    const char *space = strchr(line, ' ');
    const char *from = space != NULL ? space + 1 : line;

    an_print(name, sizeof name, "%.*s", (int)(line + name_length(line) - from), from);
    an_listing_add(listing, name);
}

static void compare(const lines *before, const lines *now, an_listing *gone, an_listing *added,
                    an_listing *resized)
{
    size_t i = 0, j = 0;

    while (i < before->list.count || j < now->list.count) {
        const bool old = i < before->list.count, new = j < now->list.count; /* at least one */
        const int order = !old   ? 1
                          : !new ? -1
                                 : compare_names(before->list.names[i], now->list.names[j]);
        if (order < 0) add_name(gone, before->list.names[i]);
        if (order > 0) add_name(added, now->list.names[j]);
        if (order == 0 && strcmp(before->list.names[i], now->list.names[j]) != 0)
            add_name(resized, now->list.names[j]);
        i += order <= 0;
        j += order >= 0;
    }
}

static void tell(an_listing *listing, const char *what, char *text, size_t bytes)
{
    const size_t used = strlen(text);

    if (listing->count > 0)
        an_print(text + used, bytes - used, "%s%s: %s", used > 0 ? "; " : "", what,
                 an_listing_text(listing));
}

alexnet_status an_images_differ(alexnet_context *ctx, const an_dataset *data, const char *path,
                                char *text, size_t bytes)
{
    lines before = {.ctx = ctx}, now = {.ctx = ctx};
    an_listing gone = {0}, added = {0}, resized = {0};
    an_file_info info;

    *text = '\0';
    AN_TRY(an_file_stat(ctx, path, &info));
    if (info.kind != AN_FILE_REGULAR) return ALEXNET_OK;
    alexnet_status status = read_lines(ctx, path, &before);
    if (status == ALEXNET_OK) status = each_line(data, add_line, &now);
    if (status == ALEXNET_OK) {
        sort(&before);
        sort(&now);
        compare(&before, &now, &gone, &added, &resized);
        tell(&gone, "gone", text, bytes);
        tell(&added, "new", text, bytes);
        tell(&resized, "of another size", text, bytes);
    }
    an_names_free(ctx, &before.list);
    an_names_free(ctx, &now.list);
    return status;
}
