/*
 * fixtures.h: small data sets for the tests of src/data: images of one colour, tar files, and whether two sources hold
 * the same.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_DATA_FIXTURES_H
#define AN_TEST_DATA_FIXTURES_H

#include "data/source.h"
#include "support/support.h"

/* What every test starts with: a context that counts its memory, and an empty folder. */
typedef struct fixture {
    an_test_memory memory;
    alexnet_context *ctx;
    char *folder;
} fixture;

int fixture_set_up(void **out);
int fixture_tear_down(void **in); /* fails the test when memory has leaked */
#define FIXTURE_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)

#define FIXTURE_SIDE 6 /* pixels */

/* A PNG of one colour, 1 .. 255 in all channels, FIXTURE_SIDE square. Freed with an_free(). */
uint8_t *fixture_png(alexnet_context *ctx, uint8_t grey, size_t *bytes);

/* Writes one to FOLDER/NAME; folders on the way are made. */
void fixture_write(alexnet_context *ctx, const char *folder, const char *name, uint8_t grey);
void fixture_text(alexnet_context *ctx, const char *folder, const char *name, const char *text);

/*
 * Two classes with parts: train/cat/1.png (grey 10) 2.JPG (20) deep/3.png (30), train/dog/a b.png (40), val/cat/4.jpeg (50),
 * val/dog/5.png (60); and what is passed over: two files in train, two in val.
 */
typedef void (*fixture_file)(void *user, const char *name, uint8_t grey /* 0: text, no image */);
void fixture_list(fixture_file file, void *user);
void fixture_folder(alexnet_context *ctx, const char *folder);

/* A tar file in the making. */
typedef struct fixture_tar {
    alexnet_context *ctx;
    uint8_t *data;
    size_t bytes;
} fixture_tar;

/* Appends a header and data, padded. `size` of the header may lie. */
void fixture_tar_entry(fixture_tar *tar, char type, const char *name, const void *data,
                       size_t bytes);
void fixture_tar_link(fixture_tar *tar, char type, const char *name, const char *target);
void fixture_tar_png(fixture_tar *tar, const char *name, uint8_t grey);
void fixture_tar_end(fixture_tar *tar);                                /* the zeros */
void fixture_tar_checksum(uint8_t *header);                            /* after a change */
void fixture_tar_write(fixture_tar *tar, const char *path, bool gzip); /* and frees it */

/* ---- sweeps: each operation fails once, in turn ---- */

/* What is swept; it closes what it opened. */
typedef alexnet_status (*fixture_job)(const fixture *f, const void *user);

/*
 * Runs a job again and again; in the n-th run its n-th operation of `kinds` (support/support.h)
 * fails with that error. Ends with the run that has no n-th operation. Fails the test unless every
 * status of a run that had one is NO_MEMORY or IO. That nothing leaks is what fixture_tear_down()
 * sees.
 */
void fixture_sweep_job(const fixture *f, unsigned kinds, int error, fixture_job job,
                       const void *user);

/* The same of a source: it is opened, its image `index` is read (-1: none), and all is closed. */
typedef alexnet_status (*fixture_open)(const fixture *f, an_source **out);
void fixture_sweep(const fixture *f, fixture_open open, int64_t index);

/* The grey value of an image of one colour. Fails the test when it cannot be read. */
uint8_t fixture_grey(alexnet_context *ctx, const an_source *source, int64_t index);

/* Fails the test unless both have the same classes, labels, and pixels. */
void fixture_assert_same(alexnet_context *ctx, const an_source *a, const an_source *b);

#endif
