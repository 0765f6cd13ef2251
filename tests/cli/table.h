/*
 * table.h: options of every type, for options_test.c and fuzz_options.c.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_CLI_TABLE_H
#define AN_TEST_CLI_TABLE_H

#include "cli/options.h"
#include <stddef.h>
#include <stdint.h>

typedef struct test_args {
    int flag, whole, choice, size[2], epochs;
    int64_t count, steps, bytes;
    double real, seconds, limit, until;
    const char *text, *path, *maybe, *checked;
} test_args;

#define AT(member) offsetof(test_args, member)
static const cli_option test_options[] = {
    {"flag", 'f', CLI_FLAG, AT(flag), 0, 0, NULL, ""},
    {"whole", 'w', CLI_INT, AT(whole), 1, 100, "N", ""},
    {"count", 0, CLI_COUNT, AT(count), 0, 0, "N", ""},
    {"real", 0, CLI_REAL, AT(real), 0, 1, "X", ""},
    {"time", 't', CLI_TIME, AT(seconds), 0, 0, "TIME", ""},
    {"limit", 0, CLI_TIME, AT(limit), 0.001, 0, "TIME", ""},
    {"text", 0, CLI_TEXT, AT(text), 0, 0, "TEXT", ""},
    {"path", 0, CLI_PATH, AT(path), 0, 0, "FILE", ""},
    {0},
};
static const cli_option test_more[] = {
    {"maybe", 0, CLI_PATH, AT(maybe), 0, 0, "[DIR]", ""},
    {"size", 0, CLI_SIZE, AT(size), 1, 1000, "HxW", ""},
    {"choice", 0, CLI_CHOICE, AT(choice), 0, 0, "fail|skip", ""},
    {"epochs", 0, CLI_INT, AT(epochs), 1, 100, "N|none", ""},
    {"steps", 0, CLI_COUNT, AT(steps), 1, 0, "N|none", ""},
    {"bytes", 0, CLI_BYTES, AT(bytes), 1, 0, "SIZE|none", ""},
    {"until", 0, CLI_TIME, AT(until), 0.001, 0, "TIME|none", ""},
    {"checked", 0, CLI_REAL, AT(checked), 0, 1, "X", "", true},
    {0},
};
#undef AT
static const cli_option *const test_tables[] = {test_options, test_more, NULL};

#endif
