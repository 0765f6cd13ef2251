/*
 * fuzz_data.h: a data set in a folder of files that are not images: refused, or all of it can be
 * read.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_FUZZ_DATA_H
#define AN_TEST_FUZZ_DATA_H

#include "data/source.h"
#include "fuzz/fuzz_file.h"

#define FUZZ_IMAGES_READ 4 /* of each end of a data set */

static inline void fuzz_read_image(const an_source *source, int64_t index, an_source_buffer *buffer,
                                   an_image *image)
{
    const int label = an_source_label(source, index);
    char name[64];

    FUZZ_REQUIRE(label >= 0 && label < an_source_classes(source));
    an_source_name(source, index, name, sizeof name);
    FUZZ_REQUIRE(strlen(name) < sizeof name);
    FUZZ_REQUIRE(an_source_read(source, fuzz_context(), index, AN_ORIENTATION_EXIF, buffer,
                                image) == ALEXNET_OK);
    FUZZ_REQUIRE(image->width > 0 && image->height > 0);
}

/* Opens the folder of the target as `kind`; these kinds keep every promise that they open with. */
static inline void fuzz_data(const char *kind, an_part part)
{
    an_source_buffer buffer = {0};
    an_image image = {0};
    an_source *source;

    if (an_source_open(fuzz_context(), fuzz_folder(), part, &source) != ALEXNET_OK) {
        FUZZ_REQUIRE(alexnet_error(fuzz_context())[0] != '\0');
        return;
    }
    const int64_t count = an_source_count(source);
    FUZZ_REQUIRE(strcmp(an_source_kind(source), kind) == 0 && count > 0);
    for (int64_t i = 0; i < count; ++i)
        if (i < FUZZ_IMAGES_READ || i >= count - FUZZ_IMAGES_READ)
            fuzz_read_image(source, i, &buffer, &image);
    an_image_free(fuzz_context(), &image);
    an_source_buffer_free(fuzz_context(), &buffer);
    an_source_close(source);
}

#endif
