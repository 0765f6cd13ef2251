/*
 * names.h: the images that somebody names: on the command line, and in a list on standard input.
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include "cli/cli.h"

typedef struct cli_names {
    char **items;
    size_t count;
} cli_names;

/*
 * The words from `first` on; "-" stands for the names on standard input: ended by zero bytes where
 * there are any (find -print0), else one a line, ended as on Unix or as on Windows. A byte order
 * mark is passed over. An empty list, or one that cannot be read, is said and ends the command.
 */
cli_exit cli_names_collect(cli *app, int first, cli_names *out);
void cli_names_free(cli_names *names);

#define CLI_NAMES_NOTE                                                                             \
    "A folder stands for all images in it, '-' for a list of names on standard input: one a "      \
    "line, "                                                                                       \
    "or ended by zero bytes, as 'find -print0' writes them."

#endif
