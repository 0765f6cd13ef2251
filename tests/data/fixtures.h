/*
 * fixtures.h: small data sets for the tests of src/data: images of one colour, tar files; and a
 * comparison of two sources.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_DATA_FIXTURES_H
#define AN_TEST_DATA_FIXTURES_H

#include "data/source.h"
#include "support/support.h"

/* Every test starts with a context that counts its memory, and an empty folder. */
typedef struct fixture {
    an_test_memory memory;
    alexnet_context *ctx;
    char *folder;
} fixture;

int fixture_set_up(void **out);
int fixture_tear_down(void **in); /* fails the test if memory has leaked */
#define FIXTURE_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)

#define FIXTURE_SIDE 6 /* pixels */

/*
 * A square PNG of FIXTURE_SIDE, whose channels all have one value, 1 .. 255. Freed with an_free().
 */
uint8_t *fixture_png(alexnet_context *ctx, uint8_t grey, size_t *bytes);

/* Writes such a PNG, or text, to FOLDER/NAME; makes missing folders. */
void fixture_write(alexnet_context *ctx, const char *folder, const char *name, uint8_t grey);
void fixture_text(alexnet_context *ctx, const char *folder, const char *name, const char *text);

/*
 * Two classes with splits: train/cat/1.png (grey 10) 2.JPG (20) deep/3.png (30), train/dog/a b.png
 * (40), val/cat/4.jpeg (50), val/dog/5.png (60); and files that are passed over: two in train, two
 * in val.
 */
typedef void (*fixture_file)(void *user, const char *name, uint8_t grey /* 0: a text file */);
void fixture_list(fixture_file file, void *user);
void fixture_folder(alexnet_context *ctx, const char *folder);

/* A tar file under construction. */
typedef struct fixture_tar {
    alexnet_context *ctx;
    uint8_t *data;
    size_t bytes;
} fixture_tar;

/* Appends a header and padded data. */
void fixture_tar_entry(fixture_tar *tar, char type, const char *name, const void *data,
                       size_t bytes);
void fixture_tar_link(fixture_tar *tar, char type, const char *name, const char *target);
void fixture_tar_png(fixture_tar *tar, const char *name, uint8_t grey);
void fixture_tar_end(fixture_tar *tar);     /* appends the final zeros */
void fixture_tar_checksum(uint8_t *header); /* to be called after a change */
void fixture_tar_write(fixture_tar *tar, const char *path, bool gzip); /* frees it, too */

/* ---- sweeps: each operation fails once, in turn ---- */

/* A job for a sweep; it closes what it opens. */
typedef alexnet_status (*fixture_job)(const fixture *f, const void *user);

/*
 * Runs a job repeatedly; in the n-th run its n-th operation of `kinds` (support/support.h) fails
 * with `error`. Stops when a run has no n-th operation. Fails the test unless the status of every
 * other run is NO_MEMORY or IO. fixture_tear_down() checks for leaks.
 */
void fixture_sweep_job(const fixture *f, unsigned kinds, int error, fixture_job job,
                       const void *user);

/* The same for a source: opens it, reads image `index` (-1: none), and closes it. */
typedef alexnet_status (*fixture_open)(const fixture *f, an_source **out);
void fixture_sweep(const fixture *f, fixture_open open, int64_t index);

/* The grey value of an image of one colour. Fails the test if it cannot be read. */
uint8_t fixture_grey(alexnet_context *ctx, const an_source *source, int64_t index);

/* Fails the test unless both have the same classes, labels, and pixels. */
void fixture_assert_same(alexnet_context *ctx, const an_source *a, const an_source *b);

#endif
