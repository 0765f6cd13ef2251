/*
 * loader_test.c: batches are a function of seed, epoch and place, whatever the threads and the
 * start.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "base/file.h"
#include "base/hash.h"
#include "data/kind.h"
#include "data/loader.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIDE   12
#define FLOATS (3 * SIDE * SIDE)

/* 23 drawn images of 12 x 12 in batches of 5: four full ones and one of three. */
typedef struct setting {
    const fixture *f;
    an_source *source;
    an_preprocess record;
    an_augment augment;
    an_loader_options options;
} setting;

static void open_setting(const fixture *f, const char *data, setting *s)
{
    *s = (setting){.f = f};
    an_assert_ok(f->ctx, an_source_open(f->ctx, data, AN_PART_ALL, &s->source));
    an_assert_ok(f->ctx,
                 an_preprocess_parse(f->ctx, "resize=exact:16x16 crop=12 divide=255", &s->record));
    an_assert_ok(f->ctx, an_augment_parse(f->ctx, "rrc,flip,jitter", &s->augment));
    s->options = (an_loader_options){.source = s->source,
                                     .record = &s->record,
                                     .views = 1,
                                     .height = SIDE,
                                     .width = SIDE,
                                     .batch = 5,
                                     .seed = 3,
                                     .skip_max = -1};
}

static void open_drawn(const fixture *f, setting *s)
{
    open_setting(f, "synthetic:classes=3,images=23,size=20", s);
    s->options.augment = &s->augment;
    s->options.shuffle = true;
    s->options.repeat = true;
}

static void close_setting(setting *s) { an_source_close(s->source); }

static an_loader *open_loader(const setting *s)
{
    an_loader *loader;

    an_assert_ok(s->f->ctx, an_loader_open(s->f->ctx, &s->options, &loader));
    return loader;
}

static const an_batch *next(const setting *s, an_loader *loader)
{
    const an_batch *batch;

    an_assert_ok(s->f->ctx, an_loader_next(loader, &batch));
    return batch;
}

static void hash_batch(an_sha256 *hash, const an_batch *b, int views)
{
    an_sha256_add(hash, b->images, (size_t)b->n * (size_t)views * FLOATS * sizeof *b->images);
    an_sha256_add(hash, b->labels, (size_t)b->n * sizeof *b->labels);
    an_sha256_add(hash, b->indices, (size_t)b->n * sizeof *b->indices);
    an_sha256_add(hash, &b->n, sizeof b->n);
    an_sha256_add(hash, &b->epoch, sizeof b->epoch);
    an_sha256_add(hash, &b->number, sizeof b->number);
    an_sha256_add(hash, &b->last, sizeof b->last);
}

/* The hash of `count` batches after the first `skip`. */
static void hash_batches(const setting *s, int workers, int skip, int count,
                         char hex[AN_SHA256_HEX_SIZE])
{
    setting with = *s;
    an_sha256 hash;
    uint8_t digest[AN_SHA256_BYTES];

    with.options.workers = workers;
    an_loader *loader = open_loader(&with);
    an_sha256_open(&hash);
    for (int i = 0; i < skip + count; ++i) {
        const an_batch *batch = next(s, loader);
        assert_non_null(batch);
        if (i >= skip) hash_batch(&hash, batch, s->options.views);
    }
    an_loader_close(loader);
    an_sha256_close(&hash, digest);
    an_sha256_hex(digest, hex);
}

static void threads_do_not_change_the_batches(void **in)
{
    setting s;
    char expected[AN_SHA256_HEX_SIZE], found[AN_SHA256_HEX_SIZE];

    open_drawn(*in, &s);
    hash_batches(&s, 0, 0, 16, expected);
    for (int workers = -1; workers <= 4; ++workers) {
        hash_batches(&s, workers, 0, 16, found);
        assert_string_equal(found, expected);
    }
    s.options.seed = 4;
    hash_batches(&s, 0, 0, 16, found);
    assert_string_not_equal(found, expected);
    close_setting(&s);
}

/* The threads that start do all the work; without any, the caller does. */
static void refused_threads_do_not_change_the_batches(void **in)
{
    const fixture *f = *in;
    setting s;
    char expected[AN_SHA256_HEX_SIZE], found[AN_SHA256_HEX_SIZE];

    open_drawn(f, &s);
    hash_batches(&s, 0, 0, 16, expected);
    for (int most = 0; most <= 3; ++most) {
        an_test_fault fault;
        an_test_fault_arm(&fault, f->ctx, AN_FAULT_BIT(AN_FAULT_THREAD), most, true, EAGAIN);
        hash_batches(&s, 4, 0, 16, found);
        assert_true(an_test_fault_disarm(&fault));
        assert_string_equal(found, expected);
        s.options.workers = 4;
        an_test_fault_arm(&fault, f->ctx, AN_FAULT_BIT(AN_FAULT_THREAD), most, true, EAGAIN);
        an_loader *loader = open_loader(&s);
        assert_int_equal(an_loader_workers(loader), most);
        an_loader_close(loader);
        assert_true(an_test_fault_disarm(&fault));
    }
    close_setting(&s);
}

static void a_resumed_loader_continues_the_order(void **in)
{
    setting s;
    char expected[AN_SHA256_HEX_SIZE], found[AN_SHA256_HEX_SIZE];

    open_drawn(*in, &s);
    for (int start = 0; start <= 11; ++start) {
        setting resumed = s;
        resumed.options.epoch = start / 5;
        resumed.options.first_batch = start % 5;
        hash_batches(&s, 2, start, 4, expected);
        hash_batches(&resumed, 2, 0, 4, found);
        assert_string_equal(found, expected);
        if (start % 5 == 0 && start > 0) { /* the same place, counted from the epoch before */
            resumed.options.epoch = start / 5 - 1;
            resumed.options.first_batch = 5;
            hash_batches(&resumed, 2, 0, 4, found);
            assert_string_equal(found, expected);
        }
    }
    close_setting(&s);
}

static void an_epoch_has_every_image_once(void **in)
{
    setting s;
    bool seen[23] = {false};

    open_drawn(*in, &s);
    s.options.repeat = false;
    an_loader *loader = open_loader(&s);
    assert_int_equal(an_loader_batches(loader), 5);
    for (int i = 0; i < 5; ++i) {
        const an_batch *batch = next(&s, loader);
        assert_int_equal(batch->n, i < 4 ? 5 : 3);
        assert_int_equal(batch->number, i);
        assert_int_equal(batch->epoch, 0);
        assert_int_equal(batch->last, i == 4);
        for (int k = 0; k < batch->n; ++k) {
            assert_false(seen[batch->indices[k]]);
            seen[batch->indices[k]] = true;
            assert_int_equal(batch->labels[k], batch->indices[k] % 3);
        }
    }
    assert_null(next(&s, loader));
    assert_null(next(&s, loader));
    assert_true(an_loader_wait_seconds(loader) > 0);
    an_loader_close(loader);

    s.options.first_batch = 5; /* resumed after the last step */
    loader = open_loader(&s);
    assert_null(next(&s, loader));
    an_loader_close(loader);
    close_setting(&s);
}

static void orders_are_permutations_that_change(void **in)
{
    uint32_t a[100], b[100];
    bool seen[100] = {false};
    int moved = 0;

    (void)in;
    an_loader_order(1, 0, false, 100, a);
    for (uint32_t i = 0; i < 100; ++i)
        assert_int_equal(a[i], i);
    an_loader_order(1, 0, true, 100, a);
    an_loader_order(1, 1, true, 100, b);
    for (int i = 0; i < 100; ++i) {
        assert_true(a[i] < 100 && !seen[a[i]]);
        seen[a[i]] = true;
        moved += a[i] != b[i];
    }
    assert_true(moved > 80);
    an_loader_order(1, 1, true, 100, a);
    assert_memory_equal(a, b, sizeof a);
}

static void a_split_and_a_map_of_labels(void **in)
{
    static const int64_t indices[] = {22, 3, 7};
    static const int labels[] = {10, 11, 12};
    setting s;

    open_drawn(*in, &s);
    s.options.indices = indices;
    s.options.count = 3;
    s.options.labels = labels;
    s.options.shuffle = false;
    an_loader *loader = open_loader(&s);
    const an_batch *batch = next(&s, loader);
    assert_int_equal(batch->n, 3);
    for (int i = 0; i < 3; ++i) {
        assert_int_equal(batch->indices[i], indices[i]);
        assert_int_equal(batch->labels[i], 10 + indices[i] % 3);
    }
    an_loader_close(loader);
    close_setting(&s);
}

/*
 * Two epochs with one augmentation, then with the other, for any number of threads and after a
 * resume.
 */
static void a_later_epoch_may_change_the_augmentation(void **in)
{
    an_augment other;
    setting s;
    char first[AN_SHA256_HEX_SIZE], second[AN_SHA256_HEX_SIZE], found[AN_SHA256_HEX_SIZE];

    open_drawn(*in, &s);
    an_assert_ok(s.f->ctx, an_augment_parse(s.f->ctx, "crop", &other));
    hash_batches(&s, 0, 0, 10, first); /* epochs 0 and 1, of five batches */
    s.options.augment = &other;
    hash_batches(&s, 0, 10, 10, second);
    s.options.augment = &s.augment;
    s.options.later = &other;
    s.options.later_epoch = 2;
    for (int workers = 0; workers <= 2; ++workers) {
        hash_batches(&s, workers, 0, 10, found);
        assert_string_equal(found, first);
        hash_batches(&s, workers, 10, 10, found);
        assert_string_equal(found, second);
    }
    s.options.epoch = 2;
    hash_batches(&s, 0, 0, 10, found);
    assert_string_equal(found, second);
    close_setting(&s);
}

static void ten_views_are_consecutive(void **in)
{
    static float expected[FLOATS];
    const fixture *f = *in;
    an_preparer preparer = {0};
    an_source_buffer buffer = {0};
    an_image image = {0};
    setting s;

    open_drawn(f, &s);
    s.options.augment = NULL;
    s.options.shuffle = false;
    s.options.views = AN_VIEWS;
    s.options.workers = 2;
    an_loader *loader = open_loader(&s);
    const an_batch *batch = next(&s, loader);
    for (int i = 0; i < batch->n; ++i) {
        an_assert_ok(f->ctx,
                     an_source_read(s.source, f->ctx, i, AN_ORIENTATION_EXIF, &buffer, &image));
        for (int view = 0; view < AN_VIEWS; ++view) {
            an_assert_ok(f->ctx,
                         an_preprocess_tensor(f->ctx, &preparer, &s.record, NULL, 0, 0, NULL, NULL,
                                              view, &image, SIDE, SIDE, expected));
            assert_memory_equal(batch->images + (i * AN_VIEWS + view) * FLOATS, expected,
                                sizeof expected);
        }
    }
    an_loader_close(loader);
    an_preparer_free(f->ctx, &preparer);
    an_source_buffer_free(f->ctx, &buffer);
    an_image_free(f->ctx, &image);
    close_setting(&s);
}

/* ---- images that cannot be read ---- */

#define GOOD 12
#define BAD  5

/* a/00.png .. a/16.png; numbers 1, 4, 7, 10, 13 are broken. */
static void write_some_bad(const fixture *f)
{
    char name[32];

    for (int i = 0; i < GOOD + BAD; ++i) {
        snprintf(name, sizeof name, "a/%02d.png", i);
        if (i % 3 == 1 && i < 15)
            fixture_text(f->ctx, f->folder, name, "broken");
        else
            fixture_write(f->ctx, f->folder, name, (uint8_t)(1 + i));
    }
}

static void bad_images_are_skipped_and_listed(void **in)
{
    const fixture *f = *in;
    const an_bad_image *bad;
    setting s;

    write_some_bad(f);
    open_setting(f, f->folder, &s);
    s.options.skip_bad = true;
    s.options.skip_max = BAD;
    s.options.shuffle = true;
    s.options.repeat = true;
    for (int workers = 0; workers <= 3; ++workers) {
        s.options.workers = workers;
        an_loader *loader = open_loader(&s);
        for (int i = 0; i < 8; ++i) { /* two epochs: each bad image is met twice */
            const an_batch *batch = next(&s, loader);
            for (int k = 0; k < batch->n; ++k) {
                const float grey = (float)(1 + batch->indices[k]) / 255;
                assert_float_equal(batch->images[k * FLOATS], grey, 1e-6);
                assert_float_equal(batch->images[k * FLOATS + FLOATS - 1], grey, 1e-6);
            }
        }
        assert_int_equal(an_loader_bad(loader, &bad), BAD);
        for (int i = 0; i < BAD; ++i) {
            assert_int_equal(bad[i].index, 1 + 3 * i);
            assert_true(strlen(bad[i].reason) > 4);
        }
        an_loader_close(loader);
    }
    close_setting(&s);
}

static void the_first_bad_image_fails_the_call(void **in)
{
    const fixture *f = *in;
    const an_batch *batch;
    setting s;

    write_some_bad(f);
    open_setting(f, f->folder, &s);
    for (int workers = 0; workers <= 3; ++workers) {
        s.options.workers = workers;
        an_loader *loader = open_loader(&s);
        for (int i = 0; i < 3; ++i) { /* the failure is permanent */
            an_assert_status(f->ctx, an_loader_next(loader, &batch), ALEXNET_BAD_FILE);
            assert_null(batch);
            an_assert_error(f->ctx, "a/01.png: ");
        }
        an_loader_close(loader);
    }
    close_setting(&s);
}

static void too_many_bad_images_fail_the_call(void **in)
{
    const fixture *f = *in;
    const an_batch *batch;
    setting s;

    write_some_bad(f);
    open_setting(f, f->folder, &s);
    s.options.skip_bad = true;
    s.options.skip_max = 4;
    s.options.workers = 2;
    an_loader *loader = open_loader(&s);
    next(&s, loader);
    next(&s, loader);
    an_assert_status(f->ctx, an_loader_next(loader, &batch), ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, "a/13.png: ");
    an_assert_error(f->ctx,
                    "image number 5, at most 4 are skipped; '--on-bad-image skip' skips all");
    an_loader_close(loader);
    close_setting(&s);
}

static void a_batch_may_be_all_bad(void **in)
{
    const fixture *f = *in;
    setting s;

    fixture_text(f->ctx, f->folder, "a/1.png", "x");
    fixture_text(f->ctx, f->folder, "a/2.png", "x");
    open_setting(f, f->folder, &s);
    s.options.skip_bad = true;
    an_loader *loader = open_loader(&s);
    assert_int_equal(next(&s, loader)->n, 0);
    assert_null(next(&s, loader));
    an_loader_close(loader);
    close_setting(&s);
}

/* ---- trouble ---- */

/* A lack of descriptors is no bad image either: the next one could not be read. */
static void a_failing_system_is_not_a_bad_image(void **in)
{
    const fixture *f = *in;
    const an_batch *batch;
    setting s;

    write_some_bad(f);
    open_setting(f, f->folder, &s);
    s.options.skip_bad = true;
    for (int workers = 0; workers <= 2; ++workers) {
        an_test_fault fault;
        s.options.workers = workers;
        an_test_fault_arm(&fault, f->ctx, AN_FAULT_BIT(AN_FAULT_READ), 7, true,
                          EMFILE); /* the threads' contexts inherit it */
        an_loader *loader = open_loader(&s);
        alexnet_status status = ALEXNET_OK;
        for (int i = 0; i < 4 && status == ALEXNET_OK; ++i)
            status = an_loader_next(loader, &batch);
        assert_int_equal(status, ALEXNET_IO);
        an_assert_error(f->ctx, ".png: ");
        an_loader_close(loader);
        assert_true(an_test_fault_disarm(&fault));
    }
    close_setting(&s);
}

static void a_file_that_the_system_refuses_is_a_bad_image(void **in)
{
    static const int numbers[] = {EACCES, EPERM, ELOOP, ENAMETOOLONG, EIO};
    const fixture *f = *in;
    const an_batch *batch;
    const an_bad_image *bad;
    setting s;

    fixture_write(f->ctx, f->folder, "a/1.png", 1);
    fixture_write(f->ctx, f->folder, "a/2.png", 2);
    fixture_write(f->ctx, f->folder, "a/3.png", 3);
    open_setting(f, f->folder, &s);
    s.options.skip_bad = true;
    s.options.workers = 0;
    for (size_t i = 0; i < AN_COUNT(numbers); ++i) {
        an_test_fault fault;
        an_test_fault_arm(&fault, f->ctx, AN_FAULT_BIT(AN_FAULT_OPEN), 1, false, numbers[i]);
        an_loader *loader = open_loader(&s);
        an_assert_ok(f->ctx, an_loader_next(loader, &batch));
        assert_true(an_test_fault_disarm(&fault));
        assert_int_equal(an_loader_bad(loader, &bad), 1);
        assert_int_equal(bad[0].index, 1);
        an_loader_close(loader);
    }
    close_setting(&s);
}

static void a_record_that_does_not_fit_is_not_a_bad_image(void **in)
{
    const fixture *f = *in;
    const an_batch *batch;
    setting s;

    write_some_bad(f);
    open_setting(f, f->folder, &s);
    s.options.skip_bad = true;
    s.options.height = SIDE + 1;
    an_loader *loader = open_loader(&s);
    an_assert_status(f->ctx, an_loader_next(loader, &batch), ALEXNET_BAD_SHAPE);
    an_assert_error(f->ctx, "a/00.png: ");
    an_loader_close(loader);
    close_setting(&s);
}

static void options_are_checked(void **in)
{
    const fixture *f = *in;
    an_loader *loader;
    setting s;

    open_drawn(f, &s);
    for (int i = 0; i < 8; ++i) {
        an_loader_options o = s.options;
        switch (i) {
        case 0:
            o.batch = 0;
            break;
        case 1:
            o.indices = (const int64_t[]){0};
            o.count = 0;
            break;
        case 2:
            o.first_batch = 6;
            break;
        case 3:
            o.first_batch = -1;
            break;
        case 4:
            o.views = 2;
            break;
        case 5:
            o.height = 0;
            break;
        case 6:
            o.workers = ALEXNET_WORKERS_MAX + 1;
            break;
        case 7:
            o.epoch = -1;
            break;
        }
        an_assert_status(f->ctx, an_loader_open(f->ctx, &o, &loader), ALEXNET_BAD_ARG);
        assert_null(loader);
    }
    s.options.batch = 1 << 30; /* memory for at most the images that exist */
    loader = open_loader(&s);
    assert_int_equal(next(&s, loader)->n, 23);
    an_loader_close(loader);
    an_loader_close(NULL);
    close_setting(&s);
}

/* A slow source that counts its reads. */
static atomic_int slow_reads;
static const an_kind *plain_kind;

static alexnet_status read_slowly(const an_source *source, alexnet_context *ctx, int64_t index,
                                  an_orientation orientation, an_source_buffer *buffer,
                                  an_image *image)
{
    nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
    atomic_fetch_add(&slow_reads, 1);
    return plain_kind->read(source, ctx, index, orientation, buffer, image);
}

static int64_t book(const setting *s)
{
    int64_t bytes = 0;

    an_assert_ok(s->f->ctx, an_loader_book(s->f->ctx, &s->options, &bytes));
    return bytes;
}

static void its_memory_is_known_before(void **in)
{
    const int64_t slot = 5 * FLOATS * sizeof(float), room = 2048; /* order, labels and the like */
    const int64_t worker = 20 * 20 * 3 + 12 * 3 * (20 + 2 * 12);
    setting s;

    open_drawn(*in, &s); /* it repeats: three batches ahead */
    s.options.workers = 0;
    assert_in_range(book(&s), 3 * slot + worker, 3 * slot + worker + room);
    s.options.workers = 4;
    assert_in_range(book(&s), 3 * slot + 4 * worker, 3 * slot + 4 * worker + room);
    s.options.workers = 0;
    s.options.repeat = false;
    s.options.batch = 12; /* two batches, of 12 and 11 */
    assert_in_range(book(&s), slot * 23 / 5 + worker, slot * 23 / 5 + worker + room);
    s.options.batch = 100;
    assert_in_range(book(&s), slot * 23 / 5 + worker, slot * 23 / 5 + worker + room);
    close_setting(&s);
}

/*
 * Opening a loader requests three batches of 300 images; closing it waits only for the few being
 * read.
 */
static void closing_does_not_wait_for_the_epoch(void **in)
{
    an_kind slow;
    setting s;

    open_setting(*in, "synthetic:images=1000,size=8", &s);
    plain_kind = s.source->kind;
    slow = *plain_kind;
    slow.read = read_slowly;
    s.source->kind = &slow;
    s.options.batch = 300;
    s.options.workers = 4;
    for (int i = 0; i < 3; ++i) {
        atomic_store(&slow_reads, 0);
        an_loader_close(open_loader(&s));
        assert_true(atomic_load(&slow_reads) < 900);
    }
    s.source->kind = plain_kind;
    close_setting(&s);
}

static void after_an_epoch_nothing_is_allocated(void **in)
{
    fixture *f = *in;
    setting s;

    open_drawn(f, &s);
    for (int workers = 0; workers <= 1;
         ++workers) { /* with more threads, one may get its first image late */
        s.options.workers = workers;
        an_loader *loader = open_loader(&s);
        for (int i = 0; i < 10; ++i)
            next(&s, loader);
        const long before = atomic_load(&f->memory.total);
        for (int i = 0; i < 10; ++i)
            next(&s, loader);
        assert_int_equal(atomic_load(&f->memory.total), before);
        an_loader_close(loader);
    }
    close_setting(&s);
}

static void every_failure_is_clean(void **in)
{
    const fixture *f = *in;
    setting s;

    write_some_bad(f);
    open_setting(f, f->folder, &s);
    s.options.skip_bad = true;
    for (int workers = 0; workers <= 2; ++workers) {
        s.options.workers = workers;
        for (long n = 0;; ++n) {
            an_test_fault fault;
            an_loader *loader;
            const an_batch *batch = NULL;
            an_test_fault_arm(&fault, f->ctx, AN_FAULT_ANY, n, false, EIO);
            alexnet_status status = an_loader_open(f->ctx, &s.options, &loader);
            while (status == ALEXNET_OK &&
                   (status = an_loader_next(loader, &batch)) == ALEXNET_OK && batch != NULL)
                ;
            an_loader_close(loader);
            if (!an_test_fault_disarm(&fault)) break;
            /* OK: only the copy of a bad image's reason failed */
            assert_true(status == ALEXNET_OK || status == ALEXNET_NO_MEMORY ||
                        status == ALEXNET_IO);
        }
    }
    close_setting(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(threads_do_not_change_the_batches),
        FIXTURE_TEST(refused_threads_do_not_change_the_batches),
        FIXTURE_TEST(a_resumed_loader_continues_the_order),
        FIXTURE_TEST(an_epoch_has_every_image_once),
        FIXTURE_TEST(orders_are_permutations_that_change),
        FIXTURE_TEST(a_split_and_a_map_of_labels),
        FIXTURE_TEST(a_later_epoch_may_change_the_augmentation),
        FIXTURE_TEST(ten_views_are_consecutive),
        FIXTURE_TEST(bad_images_are_skipped_and_listed),
        FIXTURE_TEST(the_first_bad_image_fails_the_call),
        FIXTURE_TEST(too_many_bad_images_fail_the_call),
        FIXTURE_TEST(a_batch_may_be_all_bad),
        FIXTURE_TEST(a_failing_system_is_not_a_bad_image),
        FIXTURE_TEST(a_file_that_the_system_refuses_is_a_bad_image),
        FIXTURE_TEST(a_record_that_does_not_fit_is_not_a_bad_image),
        FIXTURE_TEST(options_are_checked),
        FIXTURE_TEST(its_memory_is_known_before),
        FIXTURE_TEST(closing_does_not_wait_for_the_epoch),
        FIXTURE_TEST(after_an_epoch_nothing_is_allocated),
        FIXTURE_TEST(every_failure_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
