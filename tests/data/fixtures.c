/*
 * fixtures.c: small data sets for the tests of src/data.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "base/file.h"
#include "base/memory.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- before and after ---- */

int fixture_set_up(void **out)
{
    static fixture f;

    memset(&f, 0, sizeof f);
    f.ctx = an_test_open(&f.memory);
    f.folder = an_test_folder_open();
    *out = &f;
    return 0;
}

int fixture_tear_down(void **in)
{
    fixture *f = *in;

    an_test_folder_close(f->folder);
    an_test_close(f->ctx, &f->memory);
    return 0;
}

/* ---- files ---- */

uint8_t *fixture_png(alexnet_context *ctx, uint8_t grey, size_t *bytes)
{
    an_image image = {0};
    uint8_t *png;

    an_assert_ok(ctx, an_image_reserve(ctx, &image, FIXTURE_SIDE, FIXTURE_SIDE));
    memset(image.pixels, grey, 3 * FIXTURE_SIDE * FIXTURE_SIDE);
    an_assert_ok(ctx, an_image_encode_png(ctx, &image, &png, bytes));
    an_image_free(ctx, &image);
    return png;
}

static void write_file(alexnet_context *ctx, const char *folder, const char *name, const void *data,
                       size_t bytes)
{
    char *path = an_path_join(ctx, folder, name);
    assert_non_null(path);
    char *slash = strrchr(path, '/');

    *slash = '\0';
    an_assert_ok(ctx, an_folder_make(ctx, path));
    *slash = '/';
    an_test_write(path, data, bytes);
    an_free(ctx, path);
}

void fixture_write(alexnet_context *ctx, const char *folder, const char *name, uint8_t grey)
{
    size_t bytes;
    uint8_t *png = fixture_png(ctx, grey, &bytes);

    write_file(ctx, folder, name, png, bytes);
    an_free(ctx, png);
}

void fixture_text(alexnet_context *ctx, const char *folder, const char *name, const char *text)
{
    write_file(ctx, folder, name, text, strlen(text));
}

void fixture_list(fixture_file file, void *user)
{
    file(user, "train/cat/1.png", 10);
    file(user, "train/cat/2.JPG", 20); /* a PNG: decoders ignore names */
    file(user, "train/cat/deep/3.png", 30);
    file(user, "train/dog/a b.png", 40);
    file(user, "train/dog/notes.txt", 0);
    file(user, "train/.DS_Store", 0);
    file(user, "val/cat/4.jpeg", 50);
    file(user, "val/dog/5.png", 60);
    file(user, "val/dog/.hidden.png", 70);
    file(user, "val/loose.png", 80);
}

typedef struct destination {
    alexnet_context *ctx;
    const char *folder;
} destination;

static void write_one(void *user, const char *name, uint8_t grey)
{
    const destination *to = user;

    if (grey == 0)
        fixture_text(to->ctx, to->folder, name, "text");
    else
        fixture_write(to->ctx, to->folder, name, grey);
}

void fixture_folder(alexnet_context *ctx, const char *folder)
{
    fixture_list(write_one, &(destination){ctx, folder});
}

/* ---- tar ---- */

void fixture_tar_checksum(uint8_t *header)
{
    unsigned sum = 0;

    memset(header + 148, ' ', 8);
    for (int i = 0; i < 512; ++i)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
}

static uint8_t *append(fixture_tar *tar, size_t bytes)
{
    tar->data = realloc(tar->data, tar->bytes + bytes);
    assert_non_null(tar->data);
    uint8_t *at = memset(tar->data + tar->bytes, 0, bytes);
    tar->bytes += bytes;
    return at;
}

void fixture_tar_entry(fixture_tar *tar, char type, const char *name, const void *data,
                       size_t bytes)
{
    uint8_t *header = append(tar, 512);

    memcpy(header, name, strlen(name) < 100 ? strlen(name) : 100);
    snprintf((char *)header + 124, 12, "%011zo", bytes);
    header[156] = (uint8_t)type;
    memcpy(header + 257,
           "ustar\0"
           "00",
           8);
    fixture_tar_checksum(header);
    if (bytes > 0) memcpy(append(tar, (bytes + 511) / 512 * 512), data, bytes);
}

void fixture_tar_link(fixture_tar *tar, char type, const char *name, const char *target)
{
    fixture_tar_entry(tar, type, name, NULL, 0);
    uint8_t *header = tar->data + tar->bytes - 512;
    memcpy(header + 157, target, strlen(target) < 100 ? strlen(target) : 100);
    fixture_tar_checksum(header);
}

void fixture_tar_png(fixture_tar *tar, const char *name, uint8_t grey)
{
    size_t bytes;
    uint8_t *png = fixture_png(tar->ctx, grey, &bytes);

    fixture_tar_entry(tar, '0', name, png, bytes);
    an_free(tar->ctx, png);
}

void fixture_tar_end(fixture_tar *tar) { append(tar, 1024); }

void fixture_tar_write(fixture_tar *tar, const char *path, bool gzip)
{
    if (gzip) {
        gzFile file = gzopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(gzwrite(file, tar->data, (unsigned)tar->bytes), tar->bytes);
        assert_int_equal(gzclose(file), Z_OK);
    } else {
        an_test_write(path, tar->data, tar->bytes);
    }
    free(tar->data);
    *tar = (fixture_tar){.ctx = tar->ctx};
}

/* ---- sweeps ---- */

void fixture_sweep_job(const fixture *f, unsigned kinds, int error, fixture_job job,
                       const void *user)
{
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, f->ctx, kinds, n, false, error);
        const alexnet_status status = job(f, user);
        if (!an_test_fault_disarm(&fault)) {
            assert_true(n > 0); /* a job without operations is none to sweep */
            return;
        }
        assert_true(status == ALEXNET_NO_MEMORY || status == ALEXNET_IO);
    }
}

typedef struct reading {
    fixture_open open;
    int64_t index;
} reading;

static alexnet_status open_and_read(const fixture *f, const void *user)
{
    const reading *r = user;
    an_source *source;
    an_source_buffer buffer = {0};
    an_image image = {0};

    alexnet_status status = r->open(f, &source);
    if (status == ALEXNET_OK && r->index >= 0)
        status = an_source_read(source, f->ctx, r->index, AN_ORIENTATION_EXIF, &buffer, &image);
    an_image_free(f->ctx, &image);
    an_source_buffer_free(f->ctx, &buffer);
    an_source_close(source);
    return status;
}

void fixture_sweep(const fixture *f, fixture_open open, int64_t index)
{
    const reading r = {open, index};

    fixture_sweep_job(f, AN_FAULT_ANY, EMFILE, open_and_read, &r);
}

/* ---- sources ---- */

uint8_t fixture_grey(alexnet_context *ctx, const an_source *source, int64_t index)
{
    an_source_buffer buffer = {0};
    an_image image = {0};

    an_assert_ok(ctx, an_source_read(source, ctx, index, AN_ORIENTATION_IGNORE, &buffer, &image));
    const uint8_t grey = image.pixels[0];
    an_image_free(ctx, &image);
    an_source_buffer_free(ctx, &buffer);
    return grey;
}

static void assert_same_image(alexnet_context *ctx, const an_source *a, const an_source *b,
                              int64_t index)
{
    an_source_buffer buffer = {0};
    an_image x = {0}, y = {0};

    an_assert_ok(ctx, an_source_read(a, ctx, index, AN_ORIENTATION_IGNORE, &buffer, &x));
    an_assert_ok(ctx, an_source_read(b, ctx, index, AN_ORIENTATION_IGNORE, &buffer, &y));
    assert_int_equal(x.width, y.width);
    assert_int_equal(x.height, y.height);
    assert_memory_equal(x.pixels, y.pixels, (size_t)x.width * (size_t)x.height * 3);
    an_image_free(ctx, &x);
    an_image_free(ctx, &y);
    an_source_buffer_free(ctx, &buffer);
}

void fixture_assert_same(alexnet_context *ctx, const an_source *a, const an_source *b)
{
    assert_int_equal(an_source_classes(a), an_source_classes(b));
    for (int i = 0; i < an_source_classes(a); ++i)
        assert_string_equal(an_source_class(a, i), an_source_class(b, i));
    assert_int_equal(an_source_count(a), an_source_count(b));
    for (int64_t i = 0; i < an_source_count(a); ++i) {
        assert_int_equal(an_source_label(a, i), an_source_label(b, i));
        assert_same_image(ctx, a, b, i);
    }
}
