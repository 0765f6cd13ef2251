/*
 * peak.c: the peak speed of this machine's arithmetic and memory, to compare speeds with.
 *
 *     cc -O2 -pthread peak.c -o peak && ./peak [--threads N] [--cpu avx2|avx512]
 *
 * Prints one line of JSON: GFLOP/s of fp32 multiply-adds; where the CPU has them, of bf16 and int8
 * dot products; GB/s read from memory. In each thread the instructions of one kind are independent.
 * Bursts of about 60 ms of every kind take turns for two or three seconds, and the median counts,
 * because the speed of a shared machine drifts. For the same reason, measure in the same minute
 * what is compared with it. --cpu avx2 uses AVX2's vectors only. x86-64, gcc or clang.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <immintrin.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
    THREADS_MAX = 64,
    BURSTS = 11,
    ROUNDS = 20000000,
    SUMS_256 = 12,
    SUMS_512 = 24,
    READ_BYTES = 256 << 20,
};

typedef void *burst(void *argument);

/*
 * ---- one thread's burst ----
 *
 * In assembly: a compiler merges sums that are equal, and spills. Registers 0 to 11 (and 16 to 27)
 * are the sums, 14 and 15 the factors, all of them zero.
 */
#define LOW_SUMS          "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"
#define ALL_SUMS          LOW_SUMS ", 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27"
#define EACH(op, r, sums) ".irp sum, " sums "\n" op " %%" r "14, %%" r "15, %%" r "\\sum\n.endr\n"
#define ON_256(op)        EACH(op, "ymm", LOW_SUMS)
#define ON_512(op)        EACH(op, "zmm", ALL_SUMS)
#define LOW_REGISTERS                                                                              \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",       \
        "xmm11", "xmm14", "xmm15"
#define ALL_REGISTERS                                                                              \
    LOW_REGISTERS, "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",         \
        "xmm24", "xmm25", "xmm26", "xmm27"

__attribute__((target("avx2,fma"))) static void *fp32_256(void *unused)
{
    __asm__ volatile("vzeroall" ::: LOW_REGISTERS);
    for (int round = 0; round < ROUNDS; ++round)
        __asm__ volatile(ON_256("vfmadd231ps")::: LOW_REGISTERS);
    return unused;
}

__attribute__((target("avx512f"))) static void *fp32_512(void *unused)
{
    __asm__ volatile("vzeroall\n" ON_512("vpxord")::: ALL_REGISTERS);
    for (int round = 0; round < ROUNDS; ++round)
        __asm__ volatile(ON_512("vfmadd231ps")::: ALL_REGISTERS);
    return unused;
}

__attribute__((target("avx512f,avx512bf16"))) static void *bf16_512(void *unused)
{
    __asm__ volatile("vzeroall\n" ON_512("vpxord")::: ALL_REGISTERS);
    for (int round = 0; round < ROUNDS; ++round)
        __asm__ volatile(ON_512("vdpbf16ps")::: ALL_REGISTERS);
    return unused;
}

__attribute__((target("avx512f,avx512vnni"))) static void *int8_512(void *unused)
{
    __asm__ volatile("vzeroall\n" ON_512("vpxord")::: ALL_REGISTERS);
    for (int round = 0; round < ROUNDS; ++round)
        __asm__ volatile(ON_512("vpdpbusd")::: ALL_REGISTERS);
    return unused;
}

/* Keeps the compiler from dropping a sum that is not read. */
static volatile int sink;

__attribute__((target("avx2"))) static void *read_memory(void *block)
{
    const __m256i *at = block, *end = at + READ_BYTES / sizeof *at;
    __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;

    for (; at < end; at += 4) {
        s0 = _mm256_add_epi32(s0, at[0]);
        s1 = _mm256_add_epi32(s1, at[1]);
        s2 = _mm256_add_epi32(s2, at[2]);
        s3 = _mm256_add_epi32(s3, at[3]);
    }
    s0 = _mm256_add_epi32(_mm256_add_epi32(s0, s1), _mm256_add_epi32(s2, s3));
    sink = _mm256_extract_epi32(s0, 0);
    return NULL;
}

/* ---- all threads together ---- */

static double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

typedef struct figure {
    const char *name;
    burst *body;
    double work;          /* of one burst in one thread: operations or bytes */
    double rates[BURSTS]; /* in 1e9 a second, of all threads */
} figure;

/* The rate of one burst in every thread at the same time. */
static double rate(const figure *f, int threads, void **blocks)
{
    pthread_t id[THREADS_MAX];
    const double start = seconds_now();

    for (int t = 0; t < threads; ++t)
        if (pthread_create(&id[t], NULL, f->body, blocks[t]) != 0) {
            fprintf(stderr, "peak: cannot start a thread\n");
            exit(1);
        }
    for (int t = 0; t < threads; ++t)
        pthread_join(id[t], NULL);
    return 1e-9 * f->work * threads / (seconds_now() - start);
}

/* Arguments: true, or false after a message. */
static bool parse(int argc, char **argv, int *threads, bool *wide)
{
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--threads") == 0)
            *threads = atoi(value);
        else if (strcmp(argv[i], "--cpu") == 0 && strcmp(value, "avx2") == 0)
            *wide = false;
        else if (strcmp(argv[i], "--cpu") == 0 && strcmp(value, "avx512") == 0)
            *wide = true;
        else
            *threads = 0;
    }
    if (*threads >= 1 && *threads <= THREADS_MAX) return true;
    fprintf(stderr, "usage: peak [--threads 1..%d] [--cpu avx2|avx512]\n", THREADS_MAX);
    return false;
}

int main(int argc, char **argv)
{
    int threads = 2;
    bool wide = __builtin_cpu_supports("avx512f");
    void *blocks[THREADS_MAX];

    if (!parse(argc, argv, &threads, &wide)) return 2;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        (wide && !__builtin_cpu_supports("avx512f"))) {
        fprintf(stderr, "peak: this CPU has no such instructions\n");
        return 1;
    }
    for (int t = 0; t < threads; ++t) {
        blocks[t] = aligned_alloc(2 << 20, READ_BYTES);
        if (blocks[t] == NULL) {
            fprintf(stderr, "peak: out of memory\n");
            return 1;
        }
        madvise(blocks[t], READ_BYTES, MADV_HUGEPAGE);
        memset(blocks[t], 1, READ_BYTES);
    }

    const double sums = ROUNDS * (wide ? SUMS_512 : SUMS_256);
    figure figures[4] = {
        {"fp32_gflops", wide ? fp32_512 : fp32_256, 2 * sums * (wide ? 16 : 8), {0}},
        {"read_gbytes_per_second", read_memory, READ_BYTES, {0}},
    };
    int count = 2;
    if (wide && __builtin_cpu_supports("avx512bf16"))
        figures[count++] = (figure){"bf16_gflops", bf16_512, 2 * sums * 32, {0}};
    if (wide && __builtin_cpu_supports("avx512vnni"))
        figures[count++] = (figure){"int8_gops", int8_512, 2 * sums * 64, {0}};

    for (int i = 0; i < BURSTS; ++i)
        for (int f = 0; f < count; ++f)
            figures[f].rates[i] = rate(&figures[f], threads, blocks);

    printf("{\"peer\": \"peak\", \"threads\": %d, \"tier\": \"%s\"", threads,
           wide ? "avx512" : "avx2");
    for (int f = 0; f < count; ++f) {
        qsort(figures[f].rates, BURSTS, sizeof(double), by_value);
        printf(", \"%s\": %.1f", figures[f].name, figures[f].rates[BURSTS / 2]);
    }
    printf("}\n");
    return 0;
}
