/*
 * options.h: the command line as a table. The rows of one table yield parsing (options.c), --help
 * and the manual page (help.c) and shell completion (completion.c).
 *
 *     static const cli_option options[] = {
 *         {"topk", 'k', CLI_INT, offsetof(predict_args, topk), 1, 1000, "N", "how many [5]"},
 *         {0},
 *     };
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value that an option takes, and the type that it writes at its offset. */
typedef enum cli_type {
    CLI_FLAG,    /* no value; int: 1 when given                                          */
    CLI_TEXT,    /* const char *                                                         */
    CLI_PATH,    /* const char *: a file or folder                                       */
    CLI_WEIGHTS, /* the same, or the name of cached weights: weights.h                   */
    CLI_INT,     /* int, min .. max                                                      */
    CLI_COUNT,   /* int64_t, min .. max                                                  */
    CLI_REAL,    /* double, min .. max                                                   */
    CLI_TIME,    /* double, seconds: "90s" "30m" "1h30m"; a bare number is in seconds;
                  min .. max                                                           */
    CLI_BYTES,   /* int64_t: "600M" "1.5G", with K, M, G, T of 1024 each, also KB, MiB ...;
                  min .. max                                                           */
    CLI_SIZE,    /* int[2], height and width: "224" or "224x256"; each min .. max        */
    CLI_CHOICE   /* int: 1 for the first of the words in `value`, separated by '|', 2 ...   */
} cli_type;

#define CLI_NONE (-2) /* ALEXNET_NO_LIMIT */

typedef struct cli_option {
    const char *name; /* without the dashes; NULL ends a table */
    char letter;      /* 0: none */
    cli_type type;
    size_t offset;   /* of the member that receives the value */
    double min, max; /* of numbers, inclusive; max 0: no upper limit */
    /*
     * The value as help shows it: "N"; NULL for a flag. "[DIR]" may be left out and is then "".
     * With "N|none", an INT, COUNT, BYTES, REAL or TIME may be "none", which writes CLI_NONE.
     */
    const char *value;
    const char *help; /* one line, the default in brackets */
    bool as_text;     /* checks the value by its type, but stores it as given, in a const char * */
} cli_option;

typedef enum cli_outcome { CLI_PARSED, CLI_HELP_WANTED, CLI_MISTAKE } cli_outcome;

/*
 * Parses argv[0 .. argc-1]. Values go into the struct at `args`. Arguments that are not options
 * move to the front of argv, and *words becomes their number. `--` ends the options; `-` alone is
 * not an option.
 *   tables   option tables in the order of search, NULL at the end
 *   error    for CLI_MISTAKE: one line with what was found and what was expected
 */
cli_outcome cli_parse(const cli_option *const tables[], int argc, char **argv, void *args,
                      int *words, char *error, size_t error_bytes);

/* Converts "1h30m" to 5400. False if the text is not a time. */
bool cli_parse_time(const char *text, double *seconds);

/* Convert the whole text to a number. False if it is not a number, or does not fit. */
bool cli_parse_count(const char *text, int64_t *out);
bool cli_parse_real(const char *text, double *out);

/* The candidate that begins with `word`, or is a few typing errors away from it. NULL: none. */
const char *cli_nearest(const char *word, const char *const *candidates, size_t count);

#endif
