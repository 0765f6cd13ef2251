/*
 * support.c: the implementation of support.h.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include <dirent.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 4096

/* ---- statuses ---- */

void an_check_status(const alexnet_context *ctx, alexnet_status found, alexnet_status expected,
                     const char *call, const char *file, int line)
{
    if (found == expected) return;
    print_error("%s:%d: %s\n    gives %d (%s), expected %d (%s)\n    message: %s\n", file, line,
                call, (int)found, alexnet_status_text(found), (int)expected,
                alexnet_status_text(expected), ctx == NULL ? "" : alexnet_error(ctx));
    _fail(file, line);
}

void an_check_error(const alexnet_context *ctx, const char *part, const char *file, int line)
{
    if (strstr(alexnet_error(ctx), part) != NULL) return;
    print_error("%s:%d: the message\n    %s\nlacks\n    %s\n", file, line, alexnet_error(ctx),
                part);
    _fail(file, line);
}

/* ---- contexts and memory ---- */

static void *counting_allocate(void *user, size_t bytes)
{
    an_test_memory *memory = user;
    void *block = malloc(bytes);

    if (block != NULL) {
        atomic_fetch_add(&memory->live, 1);
        atomic_fetch_add(&memory->total, 1);
    }
    return block;
}

static void counting_release(void *user, void *block)
{
    an_test_memory *memory = user;

    atomic_fetch_sub(&memory->live, 1);
    free(block);
}

alexnet_options an_test_options(an_test_memory *memory)
{
    atomic_init(&memory->live, 0);
    atomic_init(&memory->total, 0);
    return (alexnet_options){.struct_size = sizeof(alexnet_options),
                             .allocate = counting_allocate,
                             .release = counting_release,
                             .memory_user = memory};
}

alexnet_context *an_test_open(an_test_memory *memory)
{
    alexnet_options options = alexnet_options_default();
    alexnet_context *ctx;

    if (memory != NULL) options = an_test_options(memory);
    an_assert_ok(NULL, an_context_open(&options, &ctx));
    return ctx;
}

void an_test_close(alexnet_context *ctx, const an_test_memory *memory)
{
    alexnet_close(ctx);
    if (memory != NULL) assert_int_equal(atomic_load(&memory->live), 0);
}

/* ---- faults ---- */

static int fault_hook(void *user, an_fault_kind kind)
{
    an_test_fault *fault = user;

    if ((fault->kinds & AN_FAULT_BIT(kind)) == 0) return 0;
    const long i = atomic_fetch_add(&fault->asked, 1);
    return i == fault->n || (fault->forever && i > fault->n) ? fault->error : 0;
}

void an_test_fault_arm(an_test_fault *fault, alexnet_context *ctx, unsigned kinds, long n,
                       bool forever, int error)
{
    *fault =
        (an_test_fault){.ctx = ctx, .kinds = kinds, .n = n, .forever = forever, .error = error};
    an_context_set_fault(ctx, fault_hook, fault);
}

bool an_test_fault_disarm(an_test_fault *fault)
{
    an_context_set_fault(fault->ctx, NULL, NULL);
    return atomic_load(&fault->asked) > fault->n;
}

/* ---- the log ---- */

void an_test_hear(void *user, alexnet_log_level level, const char *line)
{
    an_test_heard *h = user;

    assert_int_equal(level, ALEXNET_LOG_WARNING);
    ++h->lines;
    snprintf(h->last, sizeof h->last, "%s", line);
}

/* ---- files ---- */

char *an_test_folder_open(void)
{
    const char *root = getenv("TMPDIR");
    char *path = malloc(PATH_SIZE);

    assert_non_null(path);
    snprintf(path, PATH_SIZE, "%s/alexnet-test-XXXXXX",
             root != NULL && root[0] != '\0' ? root : "/tmp");
    if (mkdtemp(path) == NULL) fail_msg("cannot make %s", path);
    return path;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info, (void)type, (void)place;
    return remove(path);
}

void an_test_folder_close(char *folder)
{
    if (nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
        fail_msg("cannot remove %s", folder);
    free(folder);
}

const char *an_test_path(const char *folder, const char *name)
{
    static char paths[64][PATH_SIZE]; /* a test may hold several at once */
    static unsigned next;
    char *path = paths[next++ % AN_COUNT(paths)];

    assert_true(snprintf(path, PATH_SIZE, "%s/%s", folder, name) < PATH_SIZE);
    return path;
}

/* True if `words` has a word with the key that `word` begins with. */
static bool names_key(const char *words, const char *word)
{
    const size_t length = strcspn(word, "=") + 1;

    for (const char *at = words; *at != '\0'; at += strcspn(at, " "), at += strspn(at, " "))
        if (strncmp(at, word, length) == 0) return true;
    return false;
}

void an_test_set(alexnet_train_options *options, const char *format, ...)
{
    static char texts[64][512];
    static unsigned next;
    char *text = texts[next++ % AN_COUNT(texts)];
    char added[512];
    va_list list;
    size_t used;

    va_start(list, format);
    assert_true(vsnprintf(added, sizeof added, format, list) < (int)sizeof added);
    va_end(list);
    used = (size_t)snprintf(text, sizeof texts[0], "%s", added);
    const char *old = options->settings != NULL ? options->settings : "";
    for (; *old != '\0'; old += strcspn(old, " "), old += strspn(old, " ")) {
        if (names_key(added, old)) continue;
        used += (size_t)snprintf(text + used, sizeof texts[0] - used, " %.*s",
                                 (int)strcspn(old, " "), old);
        assert_true(used < sizeof texts[0]);
    }
    options->settings = text;
}

void an_test_write(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL) fail_msg("cannot write %s", path);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

void an_test_write_text(const char *path, const char *text)
{
    an_test_write(path, text, strlen(text));
}

void an_test_assert_file(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "rb");
    char *found = malloc(bytes + 1); /* one more byte, to notice a longer file */

    if (file == NULL) fail_msg("no file %s", path);
    assert_non_null(found);
    assert_int_equal(fread(found, 1, bytes + 1, file), bytes);
    assert_memory_equal(found, data, bytes);
    free(found);
    fclose(file);
}

void an_test_assert_text_file(const char *path, const char *text)
{
    an_test_assert_file(path, text, strlen(text));
}

size_t an_test_count_entries(const char *path)
{
    DIR *folder = opendir(path);
    size_t count = 0;

    if (folder == NULL) fail_msg("no folder %s", path);
    while (readdir(folder) != NULL)
        ++count;
    closedir(folder);
    return count - 2; /* "." and ".." */
}

const char *an_test_data(const char *name)
{
    const char *folder = getenv("ALEXNET_TEST_DATA");

    if (folder == NULL || folder[0] == '\0') {
        print_message("skipped: ALEXNET_TEST_DATA is not set; it names the folder that has %s\n",
                      name);
        return NULL;
    }
    const char *path = an_test_path(folder, name);
    if (access(path, R_OK) != 0) {
        print_message("skipped: no %s\n", path);
        return NULL;
    }
    return path;
}

bool an_test_leaves_out(const char *what)
{
    const bool emulated = getenv("ALEXNET_TEST_EMULATED") != NULL;

    if (emulated) print_message("left out: %s, slow on an emulated processor\n", what);
    return emulated;
}

/* ---- tests with files ---- */

size_t an_test_count_descriptors(void)
{
    return an_test_count_entries("/proc/self/fd") - 1; /* without the one that reads this folder */
}

int an_test_place_open(void **state)
{
    an_test_place *place = calloc(1, sizeof *place);

    assert_non_null(place);
    place->ctx = an_test_open(&place->memory);
    place->folder = an_test_folder_open();
    place->descriptors = an_test_count_descriptors();
    *state = place;
    return 0;
}

int an_test_place_close(void **state)
{
    an_test_place *place = *state;

    assert_int_equal(an_test_count_descriptors(), place->descriptors);
    an_test_folder_close(place->folder);
    an_test_close(place->ctx, &place->memory);
    free(place);
    return 0;
}

/* ---- numbers ---- */

double an_relative_error(const float *a, const float *b, size_t n)
{
    double difference = 0;
    double reference = 0;

    for (size_t i = 0; i < n; ++i) {
        const double d = (double)a[i] - (double)b[i];
        difference += d * d;
        reference += (double)b[i] * (double)b[i];
    }
    return reference == 0 ? sqrt(difference) : sqrt(difference) / sqrt(reference);
}
