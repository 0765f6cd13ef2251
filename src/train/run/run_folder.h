/*
 * run_folder.h: the folder of a run.
 *
 *     config.json        everything needed to run again; written first: before it there is no run
 *     images.txt         the images that it began with (images.h)
 *     val.csv            the images that were split off to validate with (held_back.h)
 *     log.jsonl          a line per report
 *     checkpoints/       checkpoint.h
 *     best.safetensors   the weights with the best validation top-1 so far; after their checkpoint
 *     last.safetensors   the weights at the end
 *
 * A kill leaves temporary names (base/file.h) beside them. A folder that holds nothing else counts
 * as empty; that of a config.json marks a folder whose run was being replaced.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_RUN_FOLDER_H
#define AN_TRAIN_RUN_RUN_FOLDER_H

#include "alexnet.h"
#include "base/file.h"

/* Paths, allocated, and a lock, which whoever writes must have. Zeroed: closed. */
typedef struct an_run_folder {
    char *path, *config, *val, *images, *log, *checkpoints, *best, *last;
    an_lock lock;
} an_run_folder;

/* Only names the paths. NO_MEMORY, BAD_ARG (too long). */
alexnet_status an_run_folder_open(alexnet_context *ctx, const char *path,
                                  an_run_folder *out) AN_NODISCARD;
void an_run_folder_close(alexnet_context *ctx, an_run_folder *folder);

/* BAD_ARG unless the folder is absent or empty or, with `force`, the folder of a run, maybe of one
 * whose replacement was broken off. */
alexnet_status an_run_folder_check(alexnet_context *ctx, const an_run_folder *folder,
                                   bool force) AN_NODISCARD;

/* Takes the folder for this process until it is closed; one that is absent is taken when it is
 * created. BAD_ARG: another process has it. */
alexnet_status an_run_folder_lock(alexnet_context *ctx, an_run_folder *folder) AN_NODISCARD;

/* Makes the folder and takes it. With `force` the files of an earlier run in it go, and nothing
 * else. What was its config.json stays under a temporary name: an_run_folder_sweep() when the new one
 * is there. */
alexnet_status an_run_folder_create(alexnet_context *ctx, an_run_folder *folder,
                                    bool force) AN_NODISCARD;

/*
 * Takes back a run that failed before its first checkpoint, so that the same command works again: removes what it wrote, and
 * with `made` the folder when nothing else lies in it; of a run that was to replace another (`replaced`) the mark stays. A run that has a checkpoint stays as it is. Takes no memory where
 * no checkpoint was begun. The context's message stays.
 */
void an_run_folder_undo(alexnet_context *ctx, const an_run_folder *folder, bool made,
                        bool replaced);

/* Removes the temporary files of an earlier sitting that was killed, or of a run that was replaced.
 * Needs the lock, and a config.json. */
alexnet_status an_run_folder_sweep(alexnet_context *ctx, const an_run_folder *folder) AN_NODISCARD;

/* Makes the lines so far survive a power failure: a resumed run does not write again what lies before its checkpoint. */
alexnet_status an_run_folder_keep_log(alexnet_context *ctx,
                                      const an_run_folder *folder) AN_NODISCARD;

/* One line of log.jsonl. Numbers that are not finite become null. */
typedef struct an_log_line {
    const char *split; /* "train" or "val" */
    int64_t step;      /* done so far */
    double epoch, lr, loss, top1, top5, images_per_second, data_wait;
    double seconds; /* of training so far */
} an_log_line;

alexnet_status an_run_folder_log(alexnet_context *ctx, const an_run_folder *folder,
                                 const an_log_line *line) AN_NODISCARD;

/* A line with split "pace": an estimate of where a run with a limit in time ends. */
alexnet_status an_run_folder_log_pace(alexnet_context *ctx, const an_run_folder *folder,
                                      int64_t step, double epoch, double step_seconds,
                                      int64_t total_steps, double seconds) AN_NODISCARD;

/* The last line, with split "end": the hashes of the weights that are recommended, and of the last ones; the
 * memory that the run was said to take, and took. */
alexnet_status an_run_folder_log_end(alexnet_context *ctx, const an_run_folder *folder,
                                     const alexnet_train_result *result) AN_NODISCARD;

/* Cuts off an end, and the lines after `step`, which a resumed run is about to write again. */
alexnet_status an_run_folder_trim_log(alexnet_context *ctx, const an_run_folder *folder,
                                      int64_t step) AN_NODISCARD;

#endif
