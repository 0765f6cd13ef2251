/*
 * files.h: images without labels, as somebody names them on a command line: files, and folders
 * searched through. A source like the others, of a single class without a name.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_FILES_H
#define AN_DATA_FILES_H

#include "data/source.h"

/*
 * In the order given; a folder stands for the images in it and below, in byte order: names that
 * begin with '.' and files without an image's name are passed over. A file that was named itself is
 * always taken, even if there is none: reading it then says so. So is a folder that cannot be listed
 * or holds no images, when another path gives one.
 * NOT_FOUND (only such folders, or no paths at all), IO (only such folders, of which the system refused one), NO_MEMORY.
 */
alexnet_status an_files_open(alexnet_context *ctx, const char *const *paths, size_t count,
                             an_source **out) AN_NODISCARD;

#endif
