/*
 * replay_main.c: runs one fuzz target without libFuzzer, as an ordinary test.
 *
 * usage: PROGRAM CORPUS-DIRECTORY
 *
 * Feeds the target the empty input, every file of the directory, and copies of each file that are
 * cut short or have a byte changed; places and values come from a fixed sequence. Each input lies
 * in a block of exactly its size, so that AddressSanitizer sees the first byte read beyond it.
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CUTS_PER_FILE    50
#define CHANGES_PER_FILE 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t next_random(void)
{
    static uint64_t state = 1;

    state ^= state << 13; /* xorshift64 */
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Gives the target a copy of data[0..size), with one byte changed where `change` is not zero. */
static void feed(const uint8_t *data, size_t size, size_t at, uint8_t change)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL) {
        perror("malloc");
        exit(1);
    }
    if (size > 0) {
        memcpy(copy, data, size);
        copy[at] ^= change;
    }
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void feed_file(const char *path)
{
    struct stat info;
    FILE *file = fopen(path, "rb");

    if (file == NULL || fstat(fileno(file), &info) != 0) {
        perror(path);
        exit(1);
    }
    const size_t size = (size_t)info.st_size;
    uint8_t *data = malloc(size > 0 ? size : 1);
    if (data == NULL || fread(data, 1, size, file) != size) {
        perror(path);
        exit(1);
    }
    fclose(file);

    feed(data, size, 0, 0);
    for (int i = 0; i < CUTS_PER_FILE && size > 0; ++i)
        feed(data, next_random() % size, 0, 0);
    for (int i = 0; i < CHANGES_PER_FILE && size > 0; ++i)
        feed(data, size, next_random() % size, (uint8_t)(1 + next_random() % 255));
    free(data);
}

int main(int argc, char **argv)
{
    int files = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
        return 2;
    }
    feed((const uint8_t *)"", 0, 0, 0);

    struct dirent **names;
    const int count = scandir(argv[1], &names, NULL, alphasort);
    if (count < 0) {
        perror(argv[1]);
        return 1;
    }
    for (int i = 0; i < count; ++i) {
        char path[4096];
        if (names[i]->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", argv[1], names[i]->d_name);
            feed_file(path);
            ++files;
        }
        free(names[i]);
    }
    free(names);
    if (files == 0) {
        fprintf(stderr, "%s: no files to start from\n", argv[1]);
        return 1;
    }
    printf("%d files, each with %d variations\n", files, CUTS_PER_FILE + CHANGES_PER_FILE);
    return 0;
}
