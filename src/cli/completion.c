/*
 * completion.c: prints the tables of commands and options as completion scripts for bash, zsh and
 * fish.
 * SPDX-License-Identifier: MIT
 */
#include "cli/cli.h"
#include "cli/output.h"

#include <string.h>

/* Calls `each` for every option of a command. */
static void for_each_option(const cli_command *command,
                            void (*each)(FILE *, const cli_command *, const cli_option *), FILE *to)
{
    const cli_option *tables[CLI_TABLES];

    cli_tables(command, tables);
    for (int t = 0; tables[t] != NULL; ++t)
        for (const cli_option *o = tables[t]; o->name != NULL; ++o)
            each(to, command, o);
}

/* Prints a text in single quotes, for any of the three shells. */
static void quoted(FILE *to, const char *text)
{
    cli_print(to, "'");
    for (; *text != '\0'; ++text) {
        if (*text == '\'')
            cli_print(to, "'\\''");
        else
            cli_print(to, "%c", *text);
    }
    cli_print(to, "'");
}

/* Prints the words of "a|b|c" with spaces between them. */
static void spaced(FILE *to, const char *choices)
{
    for (; *choices != '\0'; ++choices)
        cli_print(to, "%c", *choices == '|' ? ' ' : *choices);
}

/* True for "data" when no earlier command began with "data " as well. */
static bool is_first_of_group(size_t index)
{
    const size_t length = strcspn(cli_commands[index]->name, " ");

    for (size_t i = 0; i < index; ++i)
        if (strncmp(cli_commands[i]->name, cli_commands[index]->name, length + 1) == 0)
            return false;
    return true;
}

/* Prints the first words of commands ("train", "data") or, with a group, the second ones
 * ("synth"), with spaces between them. */
static void command_words(FILE *to, const char *group)
{
    const size_t skip = group != NULL ? strlen(group) + 1 : 0;

    for (size_t i = 0; cli_commands[i] != NULL; ++i) {
        const char *name = cli_commands[i]->name;
        if (group == NULL ? is_first_of_group(i)
                          : strncmp(name, group, skip - 1) == 0 && name[skip - 1] == ' ')
            cli_print(to, "%.*s ", (int)strcspn(name + skip, " "), name + skip);
    }
}

static void group_cases(FILE *to, const char *format_before, const char *format_after)
{
    for (size_t i = 0; cli_commands[i] != NULL; ++i) {
        const char *name = cli_commands[i]->name;
        const int length = (int)strcspn(name, " ");
        char group[64];
        if (name[length] == '\0' || !is_first_of_group(i)) continue;
        snprintf(group, sizeof group, "%.*s", length, name);
        cli_print(to, "    %s", group);
        cli_print(to, "%s", format_before);
        command_words(to, group);
        cli_print(to, "%s", format_after);
    }
}

/* ---- bash ---- */

static void bash_word(FILE *to, const cli_command *command, const cli_option *option)
{
    (void)command;
    cli_print(to, "--%s ", option->name);
}

static void bash_choices(FILE *to, const cli_command *command, const cli_option *option)
{
    if (option->type != CLI_CHOICE) return;
    cli_print(to, "    '%s --%s') words='", command->name, option->name);
    spaced(to, option->value);
    cli_print(to, "' ;;\n");
}

static void bash(FILE *to)
{
    cli_print(to,
              "# alexnet completion for bash: source this file, or put it into bash-completion's "
              "completions folder as 'alexnet'.\n"
              "_alexnet()\n{\n"
              "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} "
              "command=${COMP_WORDS[1]} words=\n"
              "    case $command in\n");
    group_cases(to, ") [ \"$COMP_CWORD\" -gt 2 ] && command+=\" ${COMP_WORDS[2]}\" || words='",
                "' ;;\n");
    cli_print(to, "    esac\n    [ \"$COMP_CWORD\" -gt 1 ] || words='");
    command_words(to, NULL);
    cli_print(to, "--help --version'\n    [[ $current != -* ]] || case $command in\n");
    for (size_t i = 0; cli_commands[i] != NULL; ++i) {
        cli_print(to, "    '%s') words='", cli_commands[i]->name);
        for_each_option(cli_commands[i], bash_word, to);
        cli_print(to, "--help' ;;\n");
    }
    cli_print(to, "    esac\n    case \"$command $previous\" in\n");
    for (size_t i = 0; cli_commands[i] != NULL; ++i)
        for_each_option(cli_commands[i], bash_choices, to);
    cli_print(to, "    esac\n"
                  "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
                  "}\n"
                  "complete -o default -F _alexnet alexnet\n");
}

/* ---- zsh ---- */

/* '--name=[help]:value:_files' */
static void zsh_option(FILE *to, const cli_command *command, const cli_option *option)
{
    (void)command;
    cli_print(to, " \\\n        '--%s%s[", option->name, option->type == CLI_FLAG ? "" : "=");
    for (const char *at = option->help; *at != '\0'; ++at) {
        if (*at == '\'')
            cli_print(to, "'\\''");
        else
            cli_print(to, "%s%c", strchr("[]\\:", *at) != NULL ? "\\" : "", *at);
    }
    cli_print(to, "]");
    if (option->type == CLI_PATH || option->type == CLI_WEIGHTS)
        cli_print(to, ":file:_files");
    else if (option->type == CLI_CHOICE) {
        cli_print(to, ":value:(");
        spaced(to, option->value);
        cli_print(to, ")");
    } else if (option->type != CLI_FLAG)
        cli_print(to, ":value: ");
    cli_print(to, "'");
}

static void zsh(FILE *to)
{
    cli_print(
        to, "#compdef alexnet\n# alexnet completion for zsh: put this file into a folder of $fpath "
            "as '_alexnet'.\n"
            "local command=$words[2]\n"
            "if (( CURRENT == 2 )); then\n    compadd -- ");
    command_words(to, NULL);
    cli_print(to, "--help --version\n    return\nfi\ncase $command in\n");
    group_cases(to, ") if (( CURRENT == 3 )); then compadd -- ",
                "; return; fi; command+=\" $words[3]\" ;;\n");
    cli_print(to, "esac\ncase $command in\n");
    for (size_t i = 0; cli_commands[i] != NULL; ++i) {
        cli_print(to, "    '%s') _arguments", cli_commands[i]->name);
        for_each_option(cli_commands[i], zsh_option, to);
        cli_print(to, " '*:file:_files' ;;\n");
    }
    cli_print(to, "esac\n");
}

/* ---- fish ---- */

/* Prints the condition under which a command's options are offered. */
static void fish_condition(FILE *to, const cli_command *command)
{
    const char *action = strchr(command->name, ' ');

    cli_print(to, "-n '__fish_seen_subcommand_from %.*s", (int)strcspn(command->name, " "),
              command->name);
    cli_print(to, action != NULL ? "; and __fish_seen_subcommand_from%s'" : "%s'",
              action != NULL ? action : "");
}

static void fish_option(FILE *to, const cli_command *command, const cli_option *option)
{
    cli_print(to, "complete -c alexnet ");
    fish_condition(to, command);
    cli_print(to, " -l %s", option->name);
    if (option->letter != 0) cli_print(to, " -s %c", option->letter);
    if (option->type == CLI_PATH || option->type == CLI_WEIGHTS)
        cli_print(to, " -rF");
    else if (option->type == CLI_CHOICE) {
        cli_print(to, " -xa '");
        spaced(to, option->value);
        cli_print(to, "'");
    } else if (option->type != CLI_FLAG)
        cli_print(to, " -x");
    cli_print(to, " -d ");
    quoted(to, option->help);
    cli_print(to, "\n");
}

static void fish(FILE *to)
{
    cli_print(to, "# alexnet completion for fish: put this file into ~/.config/fish/completions as "
                  "'alexnet.fish'.\n");
    for (size_t i = 0; cli_commands[i] != NULL; ++i) {
        const char *name = cli_commands[i]->name;
        const char *action = strchr(name, ' ');
        cli_print(to, "complete -c alexnet -f -n ");
        if (action == NULL)
            cli_print(to, "__fish_use_subcommand -a %s -d ", name);
        else
            cli_print(to, "'__fish_seen_subcommand_from %.*s' -a %s -d ", (int)(action - name),
                      name, action + 1);
        quoted(to, cli_commands[i]->summary);
        cli_print(to, "\n");
        if (action != NULL && is_first_of_group(i))
            cli_print(to, "complete -c alexnet -f -n __fish_use_subcommand -a %.*s\n",
                      (int)(action - name), name);
        for_each_option(cli_commands[i], fish_option, to);
    }
}

bool cli_completion(FILE *to, const char *shell)
{
    static const struct {
        const char *shell;
        void (*write)(FILE *to);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

    for (size_t i = 0; i < CLI_COUNT_OF(shells); ++i) {
        if (strcmp(shells[i].shell, shell) == 0) {
            shells[i].write(to);
            return true;
        }
    }
    return false;
}
