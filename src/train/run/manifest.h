/*
 * manifest.h: a checkpoint's manifest.json: where training stands, what the other files must be.
 *
 *     { "schema": 1, "version": "0.1.0", "config_sha256": HEX,
 *       "step": 120, "validated": 119, "val_loss": 0.31, "val_top1": 0.9, "val_top5": 1.0,
 *       "best_step": 119, "best_top1": 0.9, "stale": 0, "seconds": 61.5,
 *       "best_loss": 0.31, "best_sha256": HEX, "plateau_best": null, "plateau_stale": 0, "plateau_drops": 0,
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

/* Where training stands between two steps. */
typedef struct an_train_state {
    int64_t step;                        /* updates done; the next one's number */
    int64_t validated;                   /* step of the last validation; -1: none */
    double val_loss, val_top1, val_top5; /* of it; NaN: none */
    int64_t best_step;                   /* of best.safetensors; -1: none */
    double best_top1, best_loss;         /* NaN: none */
    char best_sha256
        [AN_SHA256_HEX_SIZE]; /* of best.safetensors as it was written; "": nobody knows */
    int64_t stale;            /* validations since the best */
    double seconds;           /* of training so far, all sittings together */
    an_plateau plateau;       /* of the schedule */
    int side;                 /* of the input in this epoch, pixels; 0: none yet */
    double limit;             /* in seconds, that course was made for; -1: none */
    double most, bias_most;   /* bounds of both schedules; AN_SCHEDULE_UNBOUND: none */
    an_course course;         /* the newest estimate of its end; planned 0: none */
} an_train_state;

/* A run that has not begun. */
an_train_state an_train_state_start(void);

typedef struct an_manifest_file {
    const char *name; /* a constant of the checkpoint's; NULL: no such file */
    bool optional;    /* may be missing from a manifest: bytes is then -1 */
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

/* files[i].name and .optional are given; the rest is filled in. BAD_FILE: damaged, or one of the
 * files is not in it. */
alexnet_status an_manifest_read(alexnet_context *ctx, const char *path,
                                an_manifest *manifest) AN_NODISCARD;

#endif
