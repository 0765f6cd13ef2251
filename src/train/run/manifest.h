/*
 * manifest.h: a checkpoint's manifest.json: the state of training, and the checksums of the other
 * files.
 *
 *     { "schema": 1, "version": "0.1.0", "config_sha256": HEX,
 *       "step": 120, "validated": 119, "val_loss": 0.31, "val_top1": 0.9, "val_top5": 1.0,
 *       "best_step": 119, "best_top1": 0.9, "stale": 0, "seconds": 61.5,
 *       "best_loss": 0.31, "best_sha256": HEX,
 *       "plateau_best": null, "plateau_stale": 0, "plateau_drops": 0,
 *       "course_planned": 0, "course_from": 0, "course_done": 0.0, "course_total": 0,
 *       "side": 224, "limit": null, "most": null, "bias_most": null,
 *       "files": [ { "name": "weights.safetensors", "bytes": 358716, "sha256": HEX }, ... ],
 *       "sha256": HEX of this object without this member, as compact JSON }
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_MANIFEST_H
#define AN_TRAIN_RUN_MANIFEST_H

#include "alexnet.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "train/schedule.h"
#include <stdbool.h>

/* The state of training between two steps. */
typedef struct an_train_state {
    int64_t step;                        /* updates done, which is the number of the next one */
    int64_t validated;                   /* step of the last validation; -1: none */
    double val_loss, val_top1, val_top5; /* of it; NaN: none */
    int64_t best_step;                   /* of best.safetensors; -1: none */
    double best_top1, best_loss;         /* NaN: none */
    /* of best.safetensors as written; "": not known */
    char best_sha256[AN_SHA256_HEX_SIZE];
    int64_t stale;          /* validations since the best */
    double seconds;         /* of training so far, all processes of the run together */
    an_plateau plateau;     /* of the schedule */
    int side;               /* of the input in this epoch, pixels; 0: none yet */
    double limit;           /* time limit that `course` was computed for, seconds; -1: none */
    double most, bias_most; /* bounds of both schedules; AN_SCHEDULE_UNBOUND: none */
    an_course course;       /* the newest estimate of the run's end; planned 0: none */
} an_train_state;

/* The state of a run that has not begun. */
an_train_state an_train_state_start(void);

typedef struct an_manifest_file {
    const char *name; /* of an_checkpoint_file_names; NULL: no such file */
    bool optional;    /* may be missing from a manifest; bytes is -1 then */
    int64_t bytes;
    char sha256[AN_SHA256_HEX_SIZE];
} an_manifest_file;

#define AN_MANIFEST_FILES 3

typedef struct an_manifest {
    an_train_state state;
    char config_sha256[AN_SHA256_HEX_SIZE];
    an_manifest_file files[AN_MANIFEST_FILES];
} an_manifest;

alexnet_status an_manifest_write(alexnet_context *ctx, const char *path,
                                 const an_manifest *manifest) AN_NODISCARD;

/* The caller sets files[i].name and .optional; the rest is filled in. BAD_FILE: the manifest is
 * damaged, or a file is missing from it. */
alexnet_status an_manifest_read(alexnet_context *ctx, const char *path,
                                an_manifest *manifest) AN_NODISCARD;

#endif
