/*
 * run_folder.h: the run folder: the names of its files, making and removing it, and its log.
 * docs/file-formats.md describes the files for users; programs rely on names and members, which may
 * be added to, not changed.
 *
 *     config.json        everything needed to run again; written first: without it there is no run
 *     images.txt         the images that the run began with (images.h)
 *     val.csv            the validation images that were held back (held_back.h)
 *     log.jsonl          a line for each report (report.h)
 *     checkpoints/       checkpoint.h
 *     best.safetensors   the weights with the best validation top-1; written after their checkpoint
 *     last.safetensors   the weights at the end
 *
 * A kill leaves files with temporary names (base/file.h) beside them. A folder that holds only
 * these counts as empty; the temporary name of a config.json means that the folder's run was being
 * replaced.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_RUN_FOLDER_H
#define AN_TRAIN_RUN_RUN_FOLDER_H

#include "alexnet.h"
#include "base/file.h"

/* Paths, which the struct owns, and a lock that every writer must hold. Zeroed: closed. */
typedef struct an_run_folder {
    char *path; /* of the folder */
    char *config, *val, *images, *log, *checkpoints, *best, *last;
    an_lock lock;
} an_run_folder;

/* Only sets the paths; touches no file. NO_MEMORY, BAD_ARG (too long). */
alexnet_status an_run_folder_open(alexnet_context *ctx, const char *path,
                                  an_run_folder *out) AN_NODISCARD;
void an_run_folder_close(alexnet_context *ctx, an_run_folder *folder);

/* BAD_ARG unless the folder is absent or empty or, with `force`, a run folder, including one
 * whose replacement was interrupted. */
alexnet_status an_run_folder_check(alexnet_context *ctx, const an_run_folder *folder,
                                   bool force) AN_NODISCARD;

/*
 * Takes the exclusive lock, held until the folder is closed; a folder that is absent is locked when
 * it is created. BAD_ARG: another process holds the lock.
 */
alexnet_status an_run_folder_lock(alexnet_context *ctx, an_run_folder *folder) AN_NODISCARD;

/*
 * Creates and locks the folder. With `force` removes the files of an earlier run in it, and nothing
 * else. The old config.json stays under a temporary name: call an_run_folder_clean() once the new
 * one is written.
 */
alexnet_status an_run_folder_create(alexnet_context *ctx, an_run_folder *folder,
                                    bool force) AN_NODISCARD;

/*
 * Removes a run that failed before its first checkpoint, so that the same command works again: its
 * files and, with `made`, the folder if nothing else is in it. If the run was to replace another
 * (`replaced`), the mark of a run stays. A run with a checkpoint stays as it is. Allocates nothing
 * if no checkpoint was begun. Keeps the context's message.
 */
void an_run_folder_undo(alexnet_context *ctx, const an_run_folder *folder, bool made,
                        bool replaced);

/* Removes the temporary files of an earlier process that was killed, or of a run that was replaced.
 * Needs the lock and a config.json. */
alexnet_status an_run_folder_clean(alexnet_context *ctx, const an_run_folder *folder) AN_NODISCARD;

/*
 * Syncs the log, so that its lines survive a power failure: a resumed run does not rewrite the
 * lines before its checkpoint.
 */
alexnet_status an_run_folder_sync_log(alexnet_context *ctx,
                                      const an_run_folder *folder) AN_NODISCARD;

/* One line of log.jsonl. Numbers that are not finite are written as null. */
typedef struct an_log_line {
    const char *split;       /* "train" or "val"; "pace" and "end" are written below */
    int64_t step;            /* steps done */
    double epoch, lr;        /* epochs done, the learning rate of the step */
    double loss, top1, top5; /* means over the images of the report; 0 .. 1 but loss */
    double images_per_second;
    double data_wait; /* fraction of the time spent waiting for images, 0 .. 1 */
    double seconds;   /* of training so far */
} an_log_line;

/* Appends the line. IO, NO_MEMORY. */
alexnet_status an_run_folder_log(alexnet_context *ctx, const an_run_folder *folder,
                                 const an_log_line *line) AN_NODISCARD;

/*
 * Appends a line with split "pace": after `step` steps, of step_seconds each, a run with a time
 * limit is estimated to end at step total_steps. epoch and seconds as in an_log_line. IO,
 * NO_MEMORY.
 */
alexnet_status an_run_folder_log_pace(alexnet_context *ctx, const an_run_folder *folder,
                                      int64_t step, double epoch, double step_seconds,
                                      int64_t total_steps, double seconds) AN_NODISCARD;

/*
 * Appends the last line, with split "end", and syncs the log: the hashes of the recommended weights
 * and of the last ones, and the memory that was estimated and used.
 */
alexnet_status an_run_folder_log_end(alexnet_context *ctx, const an_run_folder *folder,
                                     const alexnet_train_result *result) AN_NODISCARD;

/*
 * Cuts the log before the first line after `step` or with split "end": a resumed run will write
 * these lines again.
 */
alexnet_status an_run_folder_trim_log(alexnet_context *ctx, const an_run_folder *folder,
                                      int64_t step) AN_NODISCARD;

#endif
