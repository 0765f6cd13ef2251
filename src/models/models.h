/*
 * models.h: declares every family of models.inc.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_MODELS_MODELS_H
#define AN_MODELS_MODELS_H

#include "core/model.h"

#define AN_FAMILY(name) extern const an_family an_family_##name;
#include "models/models.inc"
#undef AN_FAMILY

#endif
