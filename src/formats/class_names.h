/*
 * class_names.h: names of classes from outside a weights file, as most formats have none.
 *
 * A text file of names has one name in each line, in class order. The file "W.classes" beside a
 * weights file "W" is used where "W" has no names; the log says so.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_CLASS_NAMES_H
#define AN_FORMATS_CLASS_NAMES_H

#include "base/file.h"

#define AN_IMAGENET_CLASSES    1000
#define AN_CLASSES_FILE_SUFFIX ".classes"

/* Class `index` of ImageNet 2012, 0 .. 999: "tench", as torchvision calls it; its synset
   "n01440764". The order is by synset. */
const char *an_imagenet_class(int index);
const char *an_imagenet_synset(int index);

/* The name of the class with this synset; NULL: there is none. */
const char *an_imagenet_of_synset(const char *synset);

/*
 * Reads names from "imagenet", from "imagenet-synsets" (for data whose folders are called so), or
 * from a text file. Free with an_names_free(). BAD_FILE (an empty line), NOT_FOUND, IO, NO_MEMORY.
 */
alexnet_status an_class_names_read(alexnet_context *ctx, const char *from,
                                   an_names *out) AN_NODISCARD;

/* Reads the names beside a weights file: none if there is no such file. BAD_FILE, IO, NO_MEMORY. */
alexnet_status an_class_names_beside(alexnet_context *ctx, const char *weights,
                                     an_names *out) AN_NODISCARD;

#endif
