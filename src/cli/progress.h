/*
 * progress.h: the progress of a long job, on stderr. On a terminal it is one line that is
 * rewritten, elsewhere a new line every ten seconds, so that a log stays short.
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
    bool standing; /* the terminal's last line is a bar */
    double last;   /* when progress was last shown, seconds */
} cli_progress;

/* quiet: prints nothing; hidden: prints finished lines only. */
void cli_progress_open(cli_progress *progress, bool quiet, bool hidden);

/* Erases the bar, so that something else can be printed. */
void cli_progress_clear(cli_progress *progress);

/* An alexnet_progress_fn; `user` is the cli_progress. Always ALEXNET_GO_ON. */
alexnet_go cli_progress_report(void *user, const alexnet_progress *report);

/* Seconds of a monotonic clock. */
double cli_now(void);

/* Writes the line without its bar: "train step 1,234/2,890 (43 %), 812 images/s, 3m20s left, loss
 * 1.234". */
void cli_progress_text(const alexnet_progress *report, char *text, size_t bytes);

#endif
