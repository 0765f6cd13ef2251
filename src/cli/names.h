/*
 * names.h: the names of images, from the command line and from a list on standard input.
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
 * Collects the arguments from `first` on. "-" means the names on standard input: each ended by a
 * zero byte if there is any (find -print0), else one per line, with Unix or Windows line ends. A
 * byte order mark is skipped. An empty or unreadable list is reported and gives an exit code other
 * than CLI_DONE. Call cli_names_free() in every case.
 */
cli_exit cli_names_collect(cli *app, int first, cli_names *out);
void cli_names_free(cli_names *names);

#define CLI_NAMES_NOTE                                                                             \
    "A folder means all images in it, and '-' a list of names on standard input: one per line, "   \
    "or each ended by a zero byte, as 'find -print0' writes them."

#endif
