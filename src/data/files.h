/*
 * files.h: unlabelled images named on a command line: files, and folders that are searched. A
 * source of one class, whose name is empty.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_FILES_H
#define AN_DATA_FILES_H

#include "data/source.h"

/*
 * Images are in the order given. A folder gives the images in it and below, in byte order; names
 * that begin with '.' and files without an image's name are passed over. A file named by the user
 * is always taken: if it does not exist, reading it fails. So is a folder that cannot be listed or
 * has no images, if another path gives one.
 * NOT_FOUND (only such folders, or no paths at all), IO (only such folders, one of which the system
 * refused), NO_MEMORY.
 */
alexnet_status an_files_open(alexnet_context *ctx, const char *const *paths, size_t count,
                             an_source **out) AN_NODISCARD;

#endif
