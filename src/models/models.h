/*
 * models.h: declares every family of models.inc: the networks, each with its source.
 *
 * A family is a table that repeats its source line by line: the layer's name, its type
 * (src/layers/TYPE.c) and its settings as text. Words in capitals (POOL, ACTIVATION, DROPOUT,
 * CLASSES) are replaced by the model's options, and a row that ends in "lrn", "3/2", "2/2" or
 * "global-pool" is there with that option only (core/options.h).
 *
 * The rows and names of a family stay as its source has them: weights files, checkpoints and
 * tests/golden rely on them. Another network, even with one other number, is another family: a
 * table, a line in models.inc, and its expected numbers (tests/golden/torch_families.py).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_MODELS_MODELS_H
#define AN_MODELS_MODELS_H

#include "core/model.h"

#define AN_FAMILY(name) extern const an_family an_family_##name;
#include "models/models.inc"
#undef AN_FAMILY

/* Preprocessing records that several families share (image/preprocess.h). */

/* The paper and cuda-convnet: the short side is resized to 256, and crops are taken from the middle
 * 256x256; 0 to 255 minus the mean image's centre. */
#define AN_PREPROCESS_2012                                                                         \
    "resize=square:SHORT filter=bilinear crop=INPUT orientation=stored channels=rgb divide=1 "     \
    "mean=image"

/* torchvision's transforms: mean and deviation of ImageNet's pixels. */
#define AN_PREPROCESS_TORCH                                                                        \
    "resize=short:SHORT filter=bilinear crop=INPUT orientation=stored channels=rgb divide=255 "    \
    "mean=0.485,0.456,0.406 std=0.229,0.224,0.225"

/* cuda-convnet's small nets: the whole image, or the centre of one of SHORT x SHORT. */
#define AN_PREPROCESS_CIFAR                                                                        \
    "resize=exact:INPUT filter=bilinear crop=none orientation=stored channels=rgb divide=1 "       \
    "mean=image"
#define AN_PREPROCESS_CIFAR_CROP                                                                   \
    "resize=exact:SHORT filter=bilinear crop=INPUT orientation=stored channels=rgb divide=1 "      \
    "mean=image"

#endif
