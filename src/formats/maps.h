/*
 * maps.h: how other programs name the tensors of a network, and how they lay out their elements:
 * one table for each source. A source without a table uses our names and layouts, which are those
 * of the families' origins: torchvision's, Caffe's, slim's, cuda-convnet's.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_MAPS_H
#define AN_FORMATS_MAPS_H

#include "core/param.h"
#include "formats/tensor.h"

/* Ours: convolutions [out][in/groups][kh][kw]. */
typedef enum an_conv_layout {
    AN_CONV_OURS,
    AN_CONV_HWIO,  /* [kh][kw][in/groups][out] (TensorFlow) */
    AN_CONV_MATRIX /* [in/groups * kh * kw][out] (cuda-convnet) */
} an_conv_layout;

/* Ours: linear layers [out][in]. */
typedef enum an_linear_layout {
    AN_LINEAR_OURS,
    AN_LINEAR_IO /* [in][out] (TensorFlow, cuda-convnet) */
} an_linear_layout;

/* A '*' in `theirs` is any text without a '.', which replaces the '*' in `ours`. */
typedef struct an_map_row {
    const char *theirs, *ours; /* names, without the prefixes that weights.h ignores */
} an_map_row;

typedef struct an_map {
    const char *source; /* for the log: "TF-slim" */
    const char *family; /* whose tensors these are; NULL: of any */
    const an_map_row *rows;
    size_t row_count;
    an_conv_layout convolutions;
    an_linear_layout linear;
} an_map;

/* The table; NULL past its end. */
const an_map *an_map_at(int index);

/* Our name for a tensor of theirs, in `name`; false: the map has no row for it. */
bool an_map_name(const an_map *map, const char *theirs, char name[AN_PARAM_NAME_BYTES]);

/* Gives the tensor the layout and shape of a parameter. False: it does not fit; it is unchanged. */
bool an_map_fit(const an_map *map, const an_param *param, an_tensor_view *tensor);

#endif
