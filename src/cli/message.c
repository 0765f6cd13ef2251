/*
 * message.c: messages on stderr, exit codes, and allocation that ends the program when it fails.
 * SPDX-License-Identifier: MIT
 */
#include "cli/cli.h"

#include "base/file.h"
#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- statuses and exit codes ---- */

cli_exit cli_exit_code(alexnet_status status)
{
    static const struct {
        alexnet_status status;
        cli_exit code;
    } table[] = {
        {ALEXNET_OK, CLI_DONE},
        {ALEXNET_BAD_ARG, CLI_USAGE},
        {ALEXNET_BAD_FILE, CLI_BAD_DATA},
        {ALEXNET_BAD_SHAPE, CLI_BAD_DATA},
        {ALEXNET_UNSUPPORTED, CLI_BAD_DATA},
        {ALEXNET_NOT_FOUND, CLI_NO_INPUT},
        {ALEXNET_IO, CLI_IO},
        {ALEXNET_STOPPED, CLI_STOPPED},
    };

    for (size_t i = 0; i < CLI_COUNT_OF(table); ++i)
        if (table[i].status == status) return table[i].code;
    return CLI_FAILED;
}

/* ---- messages ---- */

__attribute__((format(printf, 3, 0))) static void message(cli *app, const char *kind,
                                                          const char *format, va_list list)
{
    va_list again;

    va_copy(again, list);
    const int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = cli_allocate((size_t)length + 1, 1);
    vsnprintf(text, (size_t)length + 1, format, list);
    char *escaped = cli_escape(text); /* file names in it may hold anything */

    cli_progress_clear(&app->progress);
    fputs("alexnet: ", stderr);
    if (app->command != NULL) fprintf(stderr, "%s: ", app->command->name);
    fputs(kind, stderr);
    fprintf(stderr, "%s\n", escaped);
    free(escaped);
    free(text);
}

cli_exit cli_error(cli *app, cli_exit code, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    message(app, "", format, list);
    va_end(list);
    return code;
}

cli_exit cli_fail(cli *app, alexnet_status status)
{
    const char *cause = alexnet_error(app->ctx);

    return cli_error(app, cli_exit_code(status), "%s%s",
                     status == ALEXNET_NO_MEMORY ? "out of memory: " : "",
                     *cause != '\0' ? cause : alexnet_status_text(status));
}

cli_exit cli_usage(cli *app, const char *format, ...)
{
    char text[512];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return cli_error(app, CLI_USAGE, "%s%s See 'alexnet %s%s--help'", text,
                     text[strlen(text) - 1] == '?' ? "" : ".",
                     app->command != NULL ? app->command->name : "",
                     app->command != NULL ? " " : "");
}

void cli_warn(cli *app, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    message(app, "warning: ", format, list);
    va_end(list);
}

void cli_note(cli *app, const char *format, ...)
{
    va_list list;

    if (app->common->quiet) return;
    va_start(list, format);
    message(app, "", format, list);
    va_end(list);
}

void cli_warn_skipped(void *user, const char *path, const char *reason)
{
    cli_warn(user, "%s: %s", path, reason);
}

void cli_note_memory(cli *app, int64_t bytes, int64_t bytes_free)
{
    char a[CLI_NUMBER], b[CLI_NUMBER];

    cli_note(app, "memory: up to %s%s%s%s", cli_bytes(bytes, a), bytes_free >= 0 ? ", " : "",
             bytes_free >= 0 ? cli_bytes(bytes_free, b) : "", bytes_free >= 0 ? " available" : "");
}

void cli_note_start(void *user, const alexnet_start *start)
{
    if (start->images > start->batch)
        cli_note_memory(user, start->memory_bytes, start->memory_bytes_free);
}

/* ---- memory ---- */

void cli_end_for_memory(void)
{
    fputs("alexnet: out of memory\n", stderr);
    exit(CLI_FAILED);
}

static void *or_end(void *block)
{
    if (block == NULL) cli_end_for_memory();
    return block;
}

void *cli_allocate(size_t count, size_t size)
{
    return or_end(calloc(count > 0 ? count : 1, size));
}

void *cli_grow(void *block, size_t count, size_t size)
{
    return or_end(reallocarray(block, count > 0 ? count : 1, size));
}

char *cli_copy(const char *text) { return or_end(strdup(text)); }

cli_exit cli_check_free(cli *app, const char *path)
{
    an_file_info info;
    const alexnet_status status = an_file_stat(app->ctx, path, &info);

    if (status != ALEXNET_OK) return cli_fail(app, status);
    return info.kind == AN_FILE_ABSENT
               ? CLI_DONE
               : cli_usage(app, "'%s' exists: choose another name, or replace it with --force",
                           path);
}
