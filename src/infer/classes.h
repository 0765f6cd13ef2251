/*
 * classes.h: matches the classes of a data set with those of a network, always by name.
 *
 *   the network's classes are unnamed     the numbers of classes must be equal
 *   the same names in the same order      nothing to map
 *   all names of the data are known       mapped by name; the data may have fewer classes, and a
 *                                         class without images may be unknown. A synset of
 *                                         ImageNet, n01440764, stands for the name of its class
 *   otherwise                             an error that shows both lists
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_CLASSES_H
#define AN_INFER_CLASSES_H

#include "core/model.h"
#include "data/source.h"

/*
 * *labels: the model's class for each class of the source; NULL if they are the same. Free with
 * an_free(). `weights` and `data` name the two in messages. BAD_FILE (no match), NO_MEMORY.
 */
alexnet_status an_classes_map(const alexnet_model *model, const char *weights,
                              const an_source *source, const char *data, int **labels) AN_NODISCARD;

/* BAD_FILE unless two models have the same classes in the same order, or the same number of classes
   if one has no names. */
alexnet_status an_classes_compare(const alexnet_model *a, const char *a_weights,
                                  const alexnet_model *b, const char *b_weights) AN_NODISCARD;

#endif
