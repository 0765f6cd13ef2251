/*
 * fuzz_source.c: whatever a file holds (a list, a tar, either compressed), it is refused or is a
 * data set that hangs together.
 * SPDX-License-Identifier: MIT
 */
#include "base/file.h"
#include "data/source.h"
#include "fuzz/fuzz.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One file for the whole process, its name not left behind. */
static const char *fill_file(const uint8_t *data, size_t size)
{
    static char path[64];
    static FILE *file;

    if (file == NULL) {
        FUZZ_REQUIRE((file = tmpfile()) != NULL);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file));
    }
    FUZZ_REQUIRE(ftruncate(fileno(file), 0) == 0);
    FUZZ_REQUIRE(pwrite(fileno(file), data, size, 0) == (ssize_t)size);
    return path;
}

static void check(const an_source *source)
{
    char name[64];

    FUZZ_REQUIRE(an_source_count(source) > 0);
    for (int64_t i = 0; i < an_source_count(source); ++i) {
        const int label = an_source_label(source, i);
        FUZZ_REQUIRE(label >= 0 && label < an_source_classes(source));
        an_source_name(source, i, name, sizeof name);
        FUZZ_REQUIRE(strlen(name) < sizeof name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    an_source *source;

    if (an_source_open(ctx, fill_file(data, size), AN_PART_ALL, &source) != ALEXNET_OK) return 0;
    check(source);
    an_source_close(source);
    return 0;
}
