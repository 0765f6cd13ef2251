/*
 * progress.c: one line about the progress of a long job.
 * SPDX-License-Identifier: MIT
 */
#include "cli/progress.h"
#include "cli/output.h"
#include "fetch/cache.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define SECONDS_BETWEEN_LINES 10.0
#define SECONDS_BETWEEN_BARS  0.1
#define BAR_WIDTH             20  /* columns; half of that on a terminal narrower than WIDE */
#define WIDE                  110 /* columns */
#define WAIT_WORTH_TELLING    0.1 /* fraction of the time spent waiting for images */

double cli_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* True if the variable is set and not empty (https://no-color.org). */
static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && *value != '\0';
}

void cli_progress_open(cli_progress *progress, bool quiet, bool hidden)
{
    const char *terminal = getenv("TERM");
    const bool dumb = terminal == NULL || *terminal == '\0' || strcmp(terminal, "dumb") == 0;
    const bool rewritable = isatty(STDERR_FILENO) && !dumb;

    *progress = (cli_progress){
        .style = quiet || hidden ? CLI_PROGRESS_NONE
                 : rewritable    ? CLI_PROGRESS_BAR
                                 : CLI_PROGRESS_LINES,
        .messages = !quiet,
        .colour = rewritable && !is_set("NO_COLOR"),
        .last = cli_now(),
    };
}

void cli_progress_clear(cli_progress *progress)
{
    if (progress->standing) fputs("\r\033[K", stderr);
    progress->standing = false;
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t bytes,
                                                         const char *format, ...)
{
    const size_t length = strlen(text);
    va_list list;

    va_start(list, format);
    vsnprintf(text + length, bytes - length, format, list);
    va_end(list);
}

/* "fetch 12.3 MiB/233 MiB (5 %), 4.2 MiB/s, 50s left": counts bytes. */
static void text_of_bytes(const alexnet_progress *r, char *text, size_t bytes)
{
    char a[CLI_NUMBER];

    snprintf(text, bytes, "%s %s", r->phase, cli_bytes(r->done, a));
    if (r->total > 0)
        append(text, bytes, "/%s (%.0f %%)", cli_bytes(r->total, a),
               floor(100 * (double)r->done / (double)r->total));
    if (r->images_per_second > 0)
        append(text, bytes, ", %s/s", cli_bytes((int64_t)r->images_per_second, a));
    if (isfinite(r->seconds_left) && r->seconds_left >= 0)
        append(text, bytes, ", %s left", cli_seconds(r->seconds_left, a));
}

/* The most important numbers come first, since a narrow terminal cuts off the end. */
void cli_progress_text(const alexnet_progress *r, char *text, size_t bytes)
{
    const bool training = strcmp(r->phase, "train") == 0;
    char a[CLI_NUMBER], b[CLI_NUMBER];

    if (strcmp(r->phase, AN_FETCH_PHASE) == 0) {
        text_of_bytes(r, text, bytes);
        return;
    }
    snprintf(text, bytes, "%s %s%s", r->phase, training ? "step " : "", cli_thousands(r->done, a));
    if (r->total > 0)
        append(text, bytes, "/%s (%.0f %%)", cli_thousands(r->total, b),
               floor(100 * (double)r->done / (double)r->total));
    if (r->images_per_second > 0)
        append(text, bytes, ", %s images/s",
               cli_thousands((int64_t)(r->images_per_second + 0.5), a));
    if (isfinite(r->seconds_left) && r->seconds_left >= 0)
        append(text, bytes, ", %s left", cli_seconds(r->seconds_left, a));
    if (isfinite(r->loss)) append(text, bytes, ", loss %.3f", r->loss);
    if (isfinite(r->top1)) append(text, bytes, ", top-1 %.1f %%", 100 * r->top1);
    if (training) append(text, bytes, ", epoch %.2f", r->epoch);
    if (r->data_wait > WAIT_WORTH_TELLING)
        append(text, bytes, ", %.0f %% waiting for images", 100 * r->data_wait);
}

static int terminal_width(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void draw_bar(cli_progress *progress, const alexnet_progress *report, const char *text)
{
    const int width = terminal_width() - 1;
    const int bar = width < WIDE ? BAR_WIDTH / 2 : BAR_WIDTH;
    int room = width;

    fputs("\r\033[K", stderr);
    if (report->total > 0 && width > 3 * bar) {
        const double part = (double)report->done / (double)report->total;
        const int full = part < 1 ? (int)(part * bar) : bar;
        fprintf(stderr, "[%s%.*s%s%.*s] ", progress->colour ? "\033[32m" : "", full,
                "####################", progress->colour ? "\033[0m" : "", bar - full,
                "--------------------");
        room -= bar + 3;
    }
    fprintf(stderr, "%.*s", room, text);
    fflush(stderr);
    progress->standing = true;
}

alexnet_go cli_progress_report(void *user, const alexnet_progress *report)
{
    cli_progress *progress = user;
    const double time = cli_now();
    char text[256];

    if (report->message != NULL && progress->messages) {
        cli_progress_clear(progress);
        cli_put(stderr, report->message);
        fputc('\n', stderr);
    }
    if (progress->style == CLI_PROGRESS_NONE ||
        time - progress->last <
            (progress->style == CLI_PROGRESS_BAR ? SECONDS_BETWEEN_BARS : SECONDS_BETWEEN_LINES))
        return ALEXNET_GO_ON;

    progress->last = time;
    cli_progress_text(report, text, sizeof text);
    if (progress->style == CLI_PROGRESS_BAR)
        draw_bar(progress, report, text);
    else
        fprintf(stderr, "%s\n", text);
    return ALEXNET_GO_ON;
}
