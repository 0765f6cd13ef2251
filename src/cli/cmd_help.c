/*
 * cmd_help.c: help, the manual page and completion scripts, as commands.
 * SPDX-License-Identifier: MIT
 */
#include "cli/cli.h"

#include <string.h>

typedef struct help_args {
    int man;
} help_args;

static const cli_option help_options[] = {
    {"man", 0, CLI_FLAG, offsetof(help_args, man), 0, 0, NULL,
     "print the manual page alexnet(1), for man -l"},
    {0},
};

static cli_exit run_help(cli *app, void *data)
{
    const help_args *args = data;

    if (args->man) {
        cli_help_manual(stdout);
        return CLI_DONE;
    }
    if (app->word_count == 0) {
        cli_help_overview(stdout);
        return CLI_DONE;
    }
    char name[64];
    snprintf(name, sizeof name, app->word_count > 1 ? "%s %s" : "%s", app->words[0],
             app->words[app->word_count - 1]);
    for (size_t i = 0; cli_commands[i] != NULL; ++i) {
        if (strcmp(cli_commands[i]->name, name) == 0) {
            cli_help_command(stdout, cli_commands[i]);
            return CLI_DONE;
        }
    }
    return cli_usage(app, "there is no command '%s'", name);
}

static const cli_example help_examples[] = {
    {"alexnet help train", "the same as alexnet train --help"},
    {"alexnet help --man | man -l -", "shows the manual page"},
    {0},
};

const cli_command command_help = {
    .name = "help",
    .words = "[COMMAND]",
    .summary = "explains a command",
    .examples = help_examples,
    .words_max = 2,
    .options = help_options,
    .args_bytes = sizeof(help_args),
    .run = run_help,
};

static const cli_option no_options[] = {{0}};

static cli_exit run_completion(cli *app, void *data)
{
    (void)data;
    if (!cli_completion(stdout, app->words[0]))
        return cli_usage(app, "expected one of bash|zsh|fish, found '%s'", app->words[0]);
    return CLI_DONE;
}

static const cli_example completion_examples[] = {
    {". <(alexnet completion bash)", "complete commands and options in this shell"},
    {"alexnet completion fish > ~/.config/fish/completions/alexnet.fish",
     "for every fish shell from now on"},
    {0},
};

const cli_command command_completion = {
    .name = "completion",
    .words = "bash|zsh|fish",
    .summary = "writes a completion script for a shell",
    .examples = completion_examples,
    .words_min = 1,
    .words_max = 1,
    .options = no_options,
    .args_bytes = 1,
    .run = run_completion,
};
