/*
 * progress.h: how far a long job is. On a terminal one line that is rewritten; elsewhere a line
 * every ten seconds, so that a log stays short. Everything goes to stderr.
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "alexnet.h"
#include <stdbool.h>
#include <stdio.h>

typedef enum cli_progress_style {
    CLI_PROGRESS_NONE,
    CLI_PROGRESS_LINES,
    CLI_PROGRESS_BAR
} cli_progress_style;

typedef struct cli_progress {
    cli_progress_style style;
    bool messages; /* finished lines (alexnet_progress.message) are shown */
    bool colour;
    bool standing; /* a bar stands on the terminal's last line */
    double last;   /* when progress was last shown, seconds */
} cli_progress;

/* quiet: nothing at all; hidden: finished lines only. */
void cli_progress_open(cli_progress *progress, bool quiet, bool hidden);

/* Takes the bar away, so that something else can be printed. */
void cli_progress_clear(cli_progress *progress);

/* An alexnet_progress_fn; `user` is the cli_progress. Always ALEXNET_GO_ON. */
alexnet_go cli_progress_report(void *user, const alexnet_progress *report);

/* Seconds on a clock that only goes forward. */
double cli_now(void);

/* What is known of the job, without bar: "train step 1,234/2,890 (43 %), 812 images/s, 3m20s left,
 * loss 1.234". */
void cli_progress_text(const alexnet_progress *report, char *text, size_t bytes);

#endif
