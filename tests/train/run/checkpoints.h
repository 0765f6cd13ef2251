/*
 * checkpoints.h: saved checkpoints, to be found, loaded and damaged.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_CHECKPOINTS_H
#define AN_TEST_CHECKPOINTS_H

#include "infer/tiny.h"

#include "train/optimiser.h"
#include <stdint.h>

/* Of the config that the checkpoints belong to. */
#define AN_CHECKPOINTS_HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* A model, an optimiser with all slots, no checkpoint yet, and the log. */
typedef struct an_checkpoints {
    an_test_memory memory;
    an_tiny_text log;
    alexnet_context *ctx;
    char *root;
    char folder[512]; /* ROOT/checkpoints; outlives the texts of an_test_path() */
    alexnet_model *model;
    an_optimiser optimiser;
} an_checkpoints;

int an_checkpoints_set_up(void **state);
int an_checkpoints_tear_down(void **state);

/* A cmocka test whose *state is an an_checkpoints. */
#define an_checkpoints_test(name)                                                                  \
    cmocka_unit_test_setup_teardown(name, an_checkpoints_set_up, an_checkpoints_tear_down)

/* A recipe with all slots. */
extern const an_recipe an_checkpoints_adam;

/* Saves a checkpoint of `step`, which is in the first weight of conv1, too. */
alexnet_status an_checkpoints_save(an_checkpoints *w, int64_t step, int keep);

/* The step of the newest good checkpoint; -1: none. */
int64_t an_checkpoints_find(an_checkpoints *w);

/* ROOT/checkpoints/step-STEP/NAME. */
const char *an_checkpoints_path(const an_checkpoints *w, int64_t step, const char *name);

/* Freezes conv1 and conv2, whose slots keep their initial values. */
void an_checkpoints_freeze(an_checkpoints *w);

/* As an_checkpoints_save(), for frozen layers: all weights are the same each time. */
alexnet_status an_checkpoints_save_frozen(an_checkpoints *w, int64_t step, int keep);
const char *an_checkpoints_frozen_path(const an_checkpoints *w);

/* Flips a bit of the byte at a place; below 0: from the end. */
void an_checkpoints_flip(const char *path, long at);

#endif
