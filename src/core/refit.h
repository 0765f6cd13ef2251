/*
 * refit.h: the same weights at another input size. Filters slide over a map of any size, so most
 * parameters do not depend on the input size. Those of a layer after a flattened map, and of
 * locally connected layers, do. The network is described again for the other size, and uses the
 * values only if every parameter is the same tensor with the same meaning.
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
 * A network like `model` for an input of h x w pixels, over the same parameters: values, frozen
 * marks and multipliers are the model's, and a write to the values through one is seen by the
 * other. The view has the class names, and a preprocessing record and mean image scaled to its
 * size; its metadata is empty. It borrows: free it before the model, and do not resize the model
 * meanwhile. The model may be only described; so is the view then.
 *
 * BAD_SHAPE: the size does not fit, or the parameters would differ; the message names the layer and
 * the sizes that fit. NO_MEMORY.
 */
alexnet_status an_model_describe_like(alexnet_model *model, int h, int w,
                                      alexnet_model **view) AN_NODISCARD;

/*
 * The context's message says why an input size does not fit; this adds the sizes that do: "...; the
 * smallest input that fits is 63x63". `like`: a model whose parameters must fit, too; NULL: any.
 * Adds nothing if no size is found.
 */
void an_refit_tell_sizes(alexnet_context *ctx, const an_family *family,
                         const alexnet_model_options *options, const alexnet_model *like);

#endif
