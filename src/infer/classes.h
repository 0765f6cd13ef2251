/*
 * classes.h: which class of a data set is which class of a network: by name, never by luck.
 *
 *   the network's classes have no names   the numbers must agree in count
 *   the same names in the same order      nothing to map
 *   all of the data's names are known     mapped by name (the data may have fewer); one that no image
 *                                         has need not be
 *   otherwise                             an error that shows both
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_CLASSES_H
#define AN_INFER_CLASSES_H

#include "core/model.h"
#include "data/source.h"

/*
 * *labels: for each class of the source the model's; NULL where they are the same. Free with
 * an_free(). `weights` and `data` name the two in messages. BAD_FILE (they do not fit), NO_MEMORY.
 */
alexnet_status an_classes_map(const alexnet_model *model, const char *weights,
                              const an_source *source, const char *data, int **labels) AN_NODISCARD;

/* BAD_FILE unless two models have the same classes in the same order (or as many, where one has no
 * names). */
alexnet_status an_classes_compare(const alexnet_model *a, const char *a_weights,
                                  const alexnet_model *b, const char *b_weights) AN_NODISCARD;

#endif
