/*
 * refit.h: the same weights at another size of input. Filters slide over any map, so most layers'
 * parameters do not depend on the input's size; those behind a flattened map, and of a layer whose
 * places have parameters of their own, do. A network is laid out anew for the other size, and takes
 * over the values only where every parameter is the same tensor with the same meaning.
 *
 *     model    nodes for 224x224 --+
 *                                  +--> one table of parameters, one block of values
 *     view     nodes for 160x160 --+
 *
 * alexnet_model_resize() is implemented here.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_REFIT_H
#define AN_CORE_REFIT_H

#include "core/model.h"

/*
 * A network like `model` in all but the size of its input, h x w pixels, over the same parameters:
 * values, marks of frozen layers and multipliers are the model's, and who writes to the values through
 * one has written to the other's. The view has a preprocessing record and mean image scaled to its
 * size, and the classes' names; its metadata is empty. It borrows: free it before the model, and let
 * nobody resize the model meanwhile. It may be an outline, as the model may.
 *
 * BAD_SHAPE: the size does not fit, or the parameters would be others; the message names the layer and
 * sizes that fit. NO_MEMORY.
 */
alexnet_status an_model_describe_like(alexnet_model *model, int h, int w,
                                     alexnet_model **view) AN_NODISCARD;

/*
 * Adds to the context's message, which says why a size of input does not fit, those that would:
 * "...; the smallest input is 63x63". `like`: whose parameters must fit, too; NULL: any. Adds nothing
 * when it finds none.
 */
void an_refit_tell_sizes(alexnet_context *ctx, const an_family *family,
                         const alexnet_model_options *options, const alexnet_model *like);

#endif
