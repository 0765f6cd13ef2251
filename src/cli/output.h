/*
 * output.h: how results look: numbers people can read, aligned tables, JSON documents, CSV fields.
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/cli.h"
#include <stdio.h>

#define CLI_NUMBER 32

/* Each writes into the buffer that it is given, and returns it. */
const char *cli_thousands(int64_t value, char text[CLI_NUMBER]); /* "61,100,840" */
const char *cli_bytes(int64_t bytes, char text[CLI_NUMBER]);     /* "233 MiB" */
const char *cli_seconds(double seconds, char text[CLI_NUMBER]);  /* "3m20s" */
const char *cli_percent(double fraction, char text[CLI_NUMBER]); /* "84.31 %"; "not a number" */

const char *cli_fixed(double value, int decimals,
                      char text[CLI_NUMBER]); /* "0.7329", "not a number" */

/*
 * A text fit for a terminal: control characters, and bytes that are not UTF-8, as "\x1b", "\n". Names of files and classes may
 * hold anything, and a terminal does what it is told. Free with free().
 */
char *cli_escape(const char *text);
/* The text as one word of a shell command; allocated. */
char *cli_quote(const char *text);
void cli_put(FILE *to, const char *text); /* prints it so */

/* Columns wide enough for what is in them. */
typedef struct cli_table {
    const char *align; /* one letter a column: 'l' left, 'r' right */
    char **cells;
    size_t count;
} cli_table;

/* Adds a row: one text for each column. They are copied, escaped; NULL is an empty cell. */
void cli_table_row(cli_table *table, ...);
void cli_table_print(const cli_table *table, FILE *to, const char *indent);
void cli_table_free(cli_table *table); /* it can be filled again */

/*
 * A text; NULL gives null. Bytes that are not UTF-8 (a file's name may be anything) are printed as "\udcXX", XX the byte, as
 * Python's os.fsdecode() has them: os.fsencode() brings the name back. Print such a text by cli_json_print() alone.
 */
json_t *cli_json_text(an_json_maker *m, const char *text);
json_t *cli_json_ints(an_json_maker *m, const int64_t *values, int count);

/* Prints one line of JSON on stdout, made by app->json, and lets both go; CLI_FAILED, and nothing is printed, where memory was short. Control characters, U+007F to U+009F too, are escaped. */
cli_exit cli_json_print(cli *app, json_t *document);

/*
 * A field of a CSV line (RFC 4180): quoted where that is needed, and read back the same bytes; only on a terminal control
 * characters are escaped. safe: with ' before what a spreadsheet would take for a formula.
 */
void cli_csv_field(FILE *to, const char *text, bool safe);

#define CLI_CSV_SAFE_HELP "in CSV, put ' before cells that begin with = + - @: no formulas"
#define CLI_BYTES_NOTE                                                                             \
    "JSON has a byte of a name that is not UTF-8 as \\udcXX, XX the byte; CSV has names as they "  \
    "are."

#endif
