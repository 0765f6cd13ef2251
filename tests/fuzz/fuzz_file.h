/*
 * fuzz_file.h: for targets whose reader takes a path: a folder of their own, gone when the process
 * ends well.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_FUZZ_FILE_H
#define AN_TEST_FUZZ_FILE_H

#include "fuzz/fuzz.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FUZZ_PATH_BYTES 256

/* Removes what the folder holds: files, no folders. */
static inline void fuzz_empty_folder(const char *folder)
{
    char path[2 * FUZZ_PATH_BYTES];
    DIR *entries = opendir(folder);

    FUZZ_REQUIRE(entries != NULL);
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FUZZ_REQUIRE(unlink(path) == 0);
    }
    closedir(entries);
}

static inline const char *fuzz_folder(void);

static inline void fuzz_remove_folder(void)
{
    fuzz_empty_folder(fuzz_folder());
    rmdir(fuzz_folder());
}

/* One folder for the whole process; in memory where the system has such a place. */
static inline const char *fuzz_folder(void)
{
    static char path[FUZZ_PATH_BYTES];

    if (path[0] == '\0') {
        const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        snprintf(path, sizeof path, "%s/alexnet-fuzz-XXXXXX", base);
        FUZZ_REQUIRE(mkdtemp(path) != NULL);
        FUZZ_REQUIRE(atexit(fuzz_remove_folder) == 0);
    }
    return path;
}

/* Writes FOLDER/NAME anew; `path` gets its path. */
static inline const char *fuzz_fill(const char *name, const void *data, size_t size,
                                    char path[FUZZ_PATH_BYTES])
{
    const int length = snprintf(path, FUZZ_PATH_BYTES, "%s/%s", fuzz_folder(), name);
    FUZZ_REQUIRE(length > 0 && length < FUZZ_PATH_BYTES);
    FILE *file = fopen(path, "wb");
    FUZZ_REQUIRE(file != NULL);
    FUZZ_REQUIRE(size == 0 || fwrite(data, 1, size, file) == size);
    FUZZ_REQUIRE(fclose(file) == 0);
    return path;
}

#endif
