/*
 * pickle_walk.h: names the tensors of nested dicts and lists: the keys and indices that lead to
 * them, joined by dots.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_PYTORCH_PICKLE_WALK_H
#define AN_FORMATS_PYTORCH_PICKLE_WALK_H

#include "formats/pytorch/pickle.h"
#include "formats/tensor_file.h"

#define AN_PICKLE_NAME_MAX 255

typedef struct an_pickle_walk {
    alexnet_context *ctx;
    const char *path;
    an_tensor_file *file;
    /* Describes the tensor `value`, named out->name; *is: false if it is none that can be read. */
    alexnet_status (*describe)(void *self, const an_pickle_value *value, an_tensor_view *out,
                               bool *is);
    bool (*is_tensor)(const an_pickle_value *value);
    void *self;
    char name[AN_PICKLE_NAME_MAX + 1]; /* of the value that is looked at */
    size_t steps;
} an_pickle_walk;

/* Adds all tensors of a value to the file. BAD_FILE: nested too deep, too much to look at, a name
   too long; and as describe() does. */
alexnet_status an_pickle_walk_value(an_pickle_walk *walk,
                                    const an_pickle_value *value) AN_NODISCARD;

/*
 * Adds those of the layers of cuda-convnet: a list of dicts that have a name, or a dict of dicts by
 * their names. A layer's arrays, and those of its lists, are "layers.conv1.weights.0"; what else it
 * has are references to other layers. Errors as above.
 */
alexnet_status an_pickle_walk_layers(an_pickle_walk *walk,
                                     const an_pickle_value *layers) AN_NODISCARD;

/* Refuses a file in which two tensors have one name. BAD_FILE, NO_MEMORY. */
alexnet_status an_pickle_check_names(alexnet_context *ctx, const char *path,
                                     const an_tensor_file *file) AN_NODISCARD;

#endif
