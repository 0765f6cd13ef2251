/*
 * refuse.c: a library for LD_PRELOAD that refuses memory or threads to the whole process: libjpeg,
 * jansson and libgomp as well as alexnet.
 *
 *   REFUSE_MEMORY=N    the N-th allocation fails, counted from 0; N+ : and all later ones
 *   REFUSE_THREADS=N   no more than N threads run besides the first
 *   REFUSE_COUNT=FILE  writes the number of allocations to FILE at the end
 *
 * It relies on the second names under which the GNU C library exports its functions.
 * SPDX-License-Identifier: MIT
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

static atomic_long asked, threads;

/* The number after NAME=; LONG_MAX: none. Allocates nothing. */
static long number_of(const char *name, bool *and_after)
{
    const char *text = getenv(name);
    long number = 0;

    if (text == NULL) return LONG_MAX;
    for (; *text >= '0' && *text <= '9'; ++text)
        number = number * 10 + (*text - '0');
    *and_after = *text == '+';
    return number;
}

/* Whether to refuse this allocation. */
static bool is_refused(void)
{
    static atomic_bool known;
    static long which;
    static bool and_after;

    if (!atomic_load(&known)) {
        which = number_of("REFUSE_MEMORY", &and_after);
        atomic_store(&known, true);
    }
    const long n = atomic_fetch_add(&asked, 1);
    if (n < which || (n > which && !and_after)) return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t bytes) { return is_refused() ? NULL : __libc_malloc(bytes); }

void *calloc(size_t count, size_t size) { return is_refused() ? NULL : __libc_calloc(count, size); }

void *realloc(void *block, size_t bytes)
{
    return is_refused() ? NULL : __libc_realloc(block, bytes);
}

void *reallocarray(void *block, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, count * size);
}

void *memalign(size_t alignment, size_t bytes)
{
    return is_refused() ? NULL : __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
    void *block = memalign(alignment, bytes);

    if (block == NULL) return ENOMEM;
    *out = block;
    return 0;
}

/* Runs a thread that is counted until it ends. */
typedef struct counted {
    void *(*run)(void *);
    void *arg;
} counted;

static void *run_counted(void *arg)
{
    const counted c = *(counted *)arg;

    free(arg);
    void *const result = c.run(c.arg);
    atomic_fetch_sub(&threads, 1);
    return result;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *arg)
{
    int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    void *const found = dlsym(RTLD_NEXT, "pthread_create");
    counted *c = __libc_malloc(sizeof *c);
    bool unused;
    int error = EAGAIN;

    if (found == NULL || c == NULL) abort();
    *c = (counted){run, arg};
    memcpy(&next, &found, sizeof next);
    if (atomic_fetch_add(&threads, 1) < number_of("REFUSE_THREADS", &unused))
        error = next(thread, attributes, run_counted, c);
    if (error == 0) return 0;
    atomic_fetch_sub(&threads, 1);
    free(c);
    return error;
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("REFUSE_COUNT");
    char text[32];

    if (path == NULL) return;
    const long count = atomic_load(&asked);
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    const int length = snprintf(text, sizeof text, "%ld\n", count);
    if (file >= 0 && write(file, text, (size_t)length) != length) _exit(99);
    if (file >= 0) close(file);
}
