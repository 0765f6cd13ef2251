/*
 * support.h: what every test shares: contexts that are checked for leaks, faults on demand, a folder of its own,
 * the images outside the repository, the distance between two arrays.
 *
 * Every helper fails the running cmocka test when it cannot do its work.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_SUPPORT_H
#define AN_TEST_SUPPORT_H

#include <setjmp.h> /* cmocka.h wants these four first */
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

/* Fails the test, with the context's message, unless the call gives that status. */
#define an_assert_status(ctx, call, expected) an_check_status(ctx, call, expected, #call, __FILE__, __LINE__)
#define an_assert_ok(ctx, call)               an_assert_status(ctx, call, ALEXNET_OK)

/* Fails the test unless the context's message contains `part`. */
#define an_assert_error(ctx, part) an_check_error(ctx, part, __FILE__, __LINE__)

void an_check_status(const alexnet_context *ctx, alexnet_status found, alexnet_status expected, const char *call, const char *file,
                     int line);
void an_check_error(const alexnet_context *ctx, const char *part, const char *file, int line);

/* ---- contexts and memory ---- */

/* Counts the blocks taken through a context's allocation hooks. */
typedef struct an_test_memory {
    atomic_long live;  /* blocks not yet given back */
    atomic_long total; /* blocks ever taken */
} an_test_memory;

/* Options for alexnet_open() or an_context_open() that take memory through `memory`; the rest is default. */
alexnet_options an_test_options(an_test_memory *memory);

/* A context of base alone (no backend). With `memory`, blocks are counted there; NULL: plain malloc. */
alexnet_context *an_test_open(an_test_memory *memory);

/* Closes the context and fails the test if a block of `memory` (may be NULL) is still live. */
void an_test_close(alexnet_context *ctx, const an_test_memory *memory);

/* ---- faults ---- */

/*
 * Makes the n-th of the operations in `kinds` fail, once or for ever. A sweep tries every n until nothing fails any more:
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
#define AN_FAULT_FILES     (AN_FAULT_ANY & ~AN_FAULT_BIT(AN_FAULT_MEMORY)) /* every kind but memory */
#define AN_FAULT_ANY       ((AN_FAULT_BIT(AN_FAULT_STAT) << 1) - 1)

typedef struct an_test_fault {
    alexnet_context *ctx;
    unsigned         kinds;
    long             n; /* 0: the first */
    bool             forever;
    int              error;
    atomic_long      asked;
} an_test_fault;

void an_test_fault_arm(an_test_fault *fault, alexnet_context *ctx, unsigned kinds, long n, bool forever, int error);

/* Takes the hook off; true when at least one operation was made to fail. */
bool an_test_fault_disarm(an_test_fault *fault);

/* ---- files ---- */

/* A new empty folder under $TMPDIR or /tmp, and its end with everything in it. The path is allocated: close frees it. */
char *an_test_folder_open(void);
void  an_test_folder_close(char *folder);

/* FOLDER/NAME. Like that of an_test_data() the text lives until the 64th call after. */
const char *an_test_path(const char *folder, const char *name);

void an_test_write(const char *path, const void *data, size_t bytes);
void an_test_write_text(const char *path, const char *text);

/* Fails the test unless the file holds exactly these bytes. */
void an_test_assert_file(const char *path, const void *data, size_t bytes);
void an_test_assert_text_file(const char *path, const char *text);

/* Adds to options->settings, in place of what it said of the same keys: "lr=%g schedule=cosine". Lives as such a path. */
void an_test_set(alexnet_train_options *options, const char *format, ...) AN_PRINTF(2, 3);

/* How many entries a folder has, hidden ones counted. */
size_t an_test_count_entries(const char *folder);

/* $ALEXNET_TEST_DATA/NAME. NULL, with the reason printed, when the variable or the file is missing: then skip(). */
const char *an_test_data(const char *name);

/* True where $ALEXNET_TEST_EMULATED is set, as by `make test-arm`: the processor is a program, and what takes it minutes
   is left out, which is printed. */
bool an_test_leaves_out(const char *what);

/* ---- a place of one's own ---- */

/*
 * What a test that works with files needs. an_test_in_place(function) makes a cmocka test whose *state is an an_test_place;
 * at its end the folder is removed, and blocks or file descriptors left over fail the test.
 */
typedef struct an_test_place {
    an_test_memory   memory;
    alexnet_context *ctx; /* counts its memory in `memory` */
    char            *folder;
    size_t           descriptors; /* open at the start */
} an_test_place;

#define an_test_in_place(function) cmocka_unit_test_setup_teardown(function, an_test_place_open, an_test_place_close)

int    an_test_place_open(void **state);
int    an_test_place_close(void **state);
size_t an_test_count_descriptors(void); /* of this process, now */

/* ---- numbers ---- */

/* ||a - b|| / ||b|| in double; ||a|| where b is zero; NaN where either has one. */
double an_relative_error(const float *a, const float *b, size_t n);

#endif
