/*
 * support.h: what the tests share: contexts that are checked for leaks, injected faults, temporary
 * folders, images outside the repository, the distance between two arrays.
 *
 * Every function fails the running cmocka test if it cannot do its work.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_SUPPORT_H
#define AN_TEST_SUPPORT_H

#include <setjmp.h> /* cmocka.h needs these four before it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alexnet.h"
#include "base/compiler.h"
#include "base/context.h"
#include <stdatomic.h>
#include <stdbool.h>

/* ---- statuses ---- */

/* Fails the test, with the context's message, unless the call returns the expected status. */
#define an_assert_status(ctx, call, expected)                                                      \
    an_check_status(ctx, call, expected, #call, __FILE__, __LINE__)
#define an_assert_ok(ctx, call) an_assert_status(ctx, call, ALEXNET_OK)

/* Fails the test unless the context's message contains `part`. */
#define an_assert_error(ctx, part) an_check_error(ctx, part, __FILE__, __LINE__)

void an_check_status(const alexnet_context *ctx, alexnet_status found, alexnet_status expected,
                     const char *call, const char *file, int line);
void an_check_error(const alexnet_context *ctx, const char *part, const char *file, int line);

/* ---- contexts and memory ---- */

/* Counts the blocks that are allocated through a context's hooks. */
typedef struct an_test_memory {
    atomic_long live;  /* blocks not yet freed */
    atomic_long total; /* blocks ever allocated */
} an_test_memory;

/* Default options for alexnet_open() or an_context_open() that allocate through `memory`. */
alexnet_options an_test_options(an_test_memory *memory);

/* Opens a context of base alone (no backend). memory: counts its blocks; NULL: plain malloc. */
alexnet_context *an_test_open(an_test_memory *memory);

/* Closes the context and fails the test if a block of `memory` (may be NULL) is still live. */
void an_test_close(alexnet_context *ctx, const an_test_memory *memory);

/* ---- faults ---- */

/*
 * Makes the n-th operation of the given kinds fail, once, or it and all after it. A sweep tries
 * every n until no operation fails:
 *
 *     for (long n = 0; ; ++n) {
 *         an_test_fault fault;
 *         an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_WRITE), n, false, ENOSPC);
 *         alexnet_status status = operation(ctx);
 *         if (!an_test_fault_disarm(&fault)) break;       the operation has fewer steps than that
 *         assert_int_equal(status, ALEXNET_IO);
 *     }
 */
#define AN_FAULT_BIT(kind) (1u << (kind))
#define AN_FAULT_FILES     (AN_FAULT_ANY & ~AN_FAULT_BIT(AN_FAULT_MEMORY)) /* all but memory */
#define AN_FAULT_ANY       ((AN_FAULT_BIT(AN_FAULT_STAT) << 1) - 1)

typedef struct an_test_fault {
    alexnet_context *ctx;
    unsigned kinds;
    long n; /* the operation that fails; 0: the first */
    bool forever;
    int error;
    atomic_long asked;
} an_test_fault;

void an_test_fault_arm(an_test_fault *fault, alexnet_context *ctx, unsigned kinds, long n,
                       bool forever, int error);

/* Removes the hook. True if at least one operation was made to fail. */
bool an_test_fault_disarm(an_test_fault *fault);

/* ---- the log ---- */

/* The lines of the log, which are warnings; set an_test_hear as `log`, and this as `log_user`. */
typedef struct an_test_heard {
    int lines;
    char last[256];
} an_test_heard;

/* An alexnet_log. A line that is no warning fails the test. */
void an_test_hear(void *user, alexnet_log_level level, const char *line);

/* ---- files ---- */

/* Opens a new empty folder under $TMPDIR or /tmp; close removes it with its contents and frees the
 * path. */
char *an_test_folder_open(void);
void an_test_folder_close(char *folder);

/* FOLDER/NAME. The text is valid for the next 63 calls of this function and an_test_data(). */
const char *an_test_path(const char *folder, const char *name);

void an_test_write(const char *path, const void *data, size_t bytes);
void an_test_write_text(const char *path, const char *text);

/* Fails the test unless the file holds exactly these bytes. */
void an_test_assert_file(const char *path, const void *data, size_t bytes);
void an_test_assert_text_file(const char *path, const char *text);

/* Sets keys of options->settings, such as "lr=%g schedule=cosine"; other keys are kept. The text is
 * valid as long as that of an_test_path(). */
void an_test_set(alexnet_train_options *options, const char *format, ...) AN_PRINTF(2, 3);

/* The number of entries of a folder, with hidden ones. */
size_t an_test_count_entries(const char *folder);

/* $ALEXNET_TEST_DATA/NAME. If the variable or the file is missing, prints the reason and returns
 * NULL: then skip(). */
const char *an_test_data(const char *name);

/* True if $ALEXNET_TEST_EMULATED is set, as by `make test-arm`: the processor is emulated, and what
 * takes minutes on it is left out. Prints what. */
bool an_test_leaves_out(const char *what);

/* ---- tests with files ---- */

/*
 * What a test that works with files needs. an_test_in_place(function) makes a cmocka test whose
 * *state is an an_test_place. At its end the folder is removed, and leaked blocks or file
 * descriptors fail the test.
 */
typedef struct an_test_place {
    an_test_memory memory;
    alexnet_context *ctx; /* counts its memory in `memory` */
    char *folder;
    size_t descriptors; /* open at the start */
} an_test_place;

#define an_test_in_place(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, an_test_place_open, an_test_place_close)

int an_test_place_open(void **state);
int an_test_place_close(void **state);
size_t an_test_count_descriptors(void); /* open file descriptors of this process */

/* ---- numbers ---- */

/* ||a - b|| / ||b|| in double; ||a|| if b is zero; NaN if either array has one. */
double an_relative_error(const float *a, const float *b, size_t n);

#endif
