/*
 * output.h: how results look: numbers people can read, aligned tables, JSON documents, CSV fields.
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/cli.h"
#include <stdio.h>

/*
 * Prints what fprintf() prints, and returns what it returns. All of stdout goes through here, so
 * that the reason of the first write that fails is kept for cli_output_close(): stdio forgets it.
 */
int cli_print(FILE *to, const char *format, ...) CLI_PRINTF(2, 3);

/*
 * Closes stdout at the end of the program. False if that or an earlier write failed; *error is then
 * the errno of the first that did, or 0 if the system named no reason.
 */
bool cli_output_close(int *error);

#define CLI_NUMBER 32

/* Each writes into the buffer `text`, and returns it. */
const char *cli_thousands(int64_t value, char text[CLI_NUMBER]); /* "61,100,840" */
const char *cli_bytes(int64_t bytes, char text[CLI_NUMBER]);     /* "233 MiB" */
const char *cli_seconds(double seconds, char text[CLI_NUMBER]);  /* "3m20s", "0.4s" */
const char *cli_percent(double fraction, char text[CLI_NUMBER]); /* "84.31 %"; "not a number" */

/* `one` for a count of 1, else `many`: "1 step", "2 steps". */
const char *cli_noun(double count, const char *one, const char *many);

const char *cli_fixed(double value, int decimals,
                      char text[CLI_NUMBER]); /* "0.7329", "not a number" */

/*
 * A text that is safe on a terminal: control characters, and bytes that are not UTF-8, become
 * "\x1b", "\n" and the like. Names of files and classes may hold anything, and a terminal obeys
 * control characters. Free with free().
 */
char *cli_escape(const char *text);
/* The text as one word of a shell command. Free with free(). */
char *cli_quote(const char *text);
void cli_put(FILE *to, const char *text); /* prints cli_escape(text) */

/* A table whose columns are as wide as their longest cell. */
typedef struct cli_table {
    const char *align; /* one letter per column: 'l' left, 'r' right */
    char **cells;
    size_t count;
} cli_table;

/* Adds a row: one text for each column, copied and escaped; NULL is an empty cell. */
void cli_table_row(cli_table *table, ...);
void cli_table_print(const cli_table *table, FILE *to, const char *indent);
void cli_table_free(cli_table *table); /* the table can then be filled again */

/*
 * A text as JSON; NULL gives null. Bytes that are not UTF-8 (file names may hold any) are printed
 * as "\udcXX", with XX the byte, as in Python's os.fsdecode(); os.fsencode() restores the name.
 * Only cli_json_print() prints such a text correctly.
 */
json_t *cli_json_text(an_json_maker *m, const char *text);
json_t *cli_json_ints(an_json_maker *m, const int64_t *values, int count);

/*
 * Prints the document, made with app->json, as one line on stdout, and releases both. If memory
 * was short, it prints nothing and returns CLI_FAILED. Control characters, also U+007F to U+009F,
 * are escaped.
 */
cli_exit cli_json_print(cli *app, json_t *document);

/*
 * Prints a field of a CSV line (RFC 4180), quoted where needed, so that a reader gets the same
 * bytes back. Control characters are escaped only on a terminal. safe: puts ' before a field that
 * a spreadsheet would read as a formula.
 */
void cli_csv_field(FILE *to, const char *text, bool safe);

#define CLI_CSV_SAFE_HELP                                                                          \
    "in CSV, put ' before cells that begin with = + - @, so that no spreadsheet reads a formula"
#define CLI_BYTES_NOTE                                                                             \
    "In JSON, a byte of a name that is not UTF-8 is written as \\udcXX, with XX the byte. CSV "    \
    "holds names unchanged."

#endif
