/*
 * completion.c: prints the tables of commands and options as completion scripts for bash, zsh and
 * fish.
 * SPDX-License-Identifier: MIT
 */
#include "cli/cli.h"

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
    fputc('\'', to);
    for (; *text != '\0'; ++text) {
        if (*text == '\'')
            fputs("'\\''", to);
        else
            fputc(*text, to);
    }
    fputc('\'', to);
}

/* Prints the words of "a|b|c" with spaces between them. */
static void spaced(FILE *to, const char *choices)
{
    for (; *choices != '\0'; ++choices)
        fputc(*choices == '|' ? ' ' : *choices, to);
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
            fprintf(to, "%.*s ", (int)strcspn(name + skip, " "), name + skip);
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
        fprintf(to, "    %s", group);
        fputs(format_before, to);
        command_words(to, group);
        fputs(format_after, to);
    }
}

/* ---- bash ---- */

static void bash_word(FILE *to, const cli_command *command, const cli_option *option)
{
    (void)command;
    fprintf(to, "--%s ", option->name);
}

static void bash_choices(FILE *to, const cli_command *command, const cli_option *option)
{
    if (option->type != CLI_CHOICE) return;
    fprintf(to, "    '%s --%s') words='", command->name, option->name);
    spaced(to, option->value);
    fputs("' ;;\n", to);
}

static void bash(FILE *to)
{
    fputs("# alexnet completion for bash: source this file, or put it into bash-completion's "
          "completions folder as 'alexnet'.\n"
          "_alexnet()\n{\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} "
          "command=${COMP_WORDS[1]} words=\n"
          "    case $command in\n",
          to);
    group_cases(to, ") [ \"$COMP_CWORD\" -gt 2 ] && command+=\" ${COMP_WORDS[2]}\" || words='",
                "' ;;\n");
    fputs("    esac\n    [ \"$COMP_CWORD\" -gt 1 ] || words='", to);
    command_words(to, NULL);
    fputs("--help --version'\n    [[ $current != -* ]] || case $command in\n", to);
    for (size_t i = 0; cli_commands[i] != NULL; ++i) {
        fprintf(to, "    '%s') words='", cli_commands[i]->name);
        for_each_option(cli_commands[i], bash_word, to);
        fputs("--help' ;;\n", to);
    }
    fputs("    esac\n    case \"$command $previous\" in\n", to);
    for (size_t i = 0; cli_commands[i] != NULL; ++i)
        for_each_option(cli_commands[i], bash_choices, to);
    fputs("    esac\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
          "}\n"
          "complete -o default -F _alexnet alexnet\n",
          to);
}

/* ---- zsh ---- */

/* '--name=[help]:value:_files' */
static void zsh_option(FILE *to, const cli_command *command, const cli_option *option)
{
    (void)command;
    fprintf(to, " \\\n        '--%s%s[", option->name, option->type == CLI_FLAG ? "" : "=");
    for (const char *at = option->help; *at != '\0'; ++at) {
        if (*at == '\'')
            fputs("'\\''", to);
        else
            fprintf(to, "%s%c", strchr("[]\\:", *at) != NULL ? "\\" : "", *at);
    }
    fputc(']', to);
    if (option->type == CLI_PATH || option->type == CLI_WEIGHTS)
        fputs(":file:_files", to);
    else if (option->type == CLI_CHOICE) {
        fputs(":value:(", to);
        spaced(to, option->value);
        fputc(')', to);
    } else if (option->type != CLI_FLAG)
        fputs(":value: ", to);
    fputc('\'', to);
}

static void zsh(FILE *to)
{
    fputs("#compdef alexnet\n# alexnet completion for zsh: put this file into a folder of $fpath "
          "as '_alexnet'.\n"
          "local command=$words[2]\n"
          "if (( CURRENT == 2 )); then\n    compadd -- ",
          to);
    command_words(to, NULL);
    fputs("--help --version\n    return\nfi\ncase $command in\n", to);
    group_cases(to, ") if (( CURRENT == 3 )); then compadd -- ",
                "; return; fi; command+=\" $words[3]\" ;;\n");
    fputs("esac\ncase $command in\n", to);
    for (size_t i = 0; cli_commands[i] != NULL; ++i) {
        fprintf(to, "    '%s') _arguments", cli_commands[i]->name);
        for_each_option(cli_commands[i], zsh_option, to);
        fputs(" '*:file:_files' ;;\n", to);
    }
    fputs("esac\n", to);
}

/* ---- fish ---- */

/* Prints the condition under which a command's options are offered. */
static void fish_condition(FILE *to, const cli_command *command)
{
    const char *action = strchr(command->name, ' ');

    fprintf(to, "-n '__fish_seen_subcommand_from %.*s", (int)strcspn(command->name, " "),
            command->name);
    fprintf(to, action != NULL ? "; and __fish_seen_subcommand_from%s'" : "%s'",
            action != NULL ? action : "");
}

static void fish_option(FILE *to, const cli_command *command, const cli_option *option)
{
    fputs("complete -c alexnet ", to);
    fish_condition(to, command);
    fprintf(to, " -l %s", option->name);
    if (option->letter != 0) fprintf(to, " -s %c", option->letter);
    if (option->type == CLI_PATH || option->type == CLI_WEIGHTS)
        fputs(" -rF", to);
    else if (option->type == CLI_CHOICE) {
        fputs(" -xa '", to);
        spaced(to, option->value);
        fputc('\'', to);
    } else if (option->type != CLI_FLAG)
        fputs(" -x", to);
    fputs(" -d ", to);
    quoted(to, option->help);
    fputc('\n', to);
}

static void fish(FILE *to)
{
    fputs("# alexnet completion for fish: put this file into ~/.config/fish/completions as "
          "'alexnet.fish'.\n",
          to);
    for (size_t i = 0; cli_commands[i] != NULL; ++i) {
        const char *name = cli_commands[i]->name;
        const char *action = strchr(name, ' ');
        fputs("complete -c alexnet -f -n ", to);
        if (action == NULL)
            fprintf(to, "__fish_use_subcommand -a %s -d ", name);
        else
            fprintf(to, "'__fish_seen_subcommand_from %.*s' -a %s -d ", (int)(action - name), name,
                    action + 1);
        quoted(to, cli_commands[i]->summary);
        fputc('\n', to);
        if (action != NULL && is_first_of_group(i))
            fprintf(to, "complete -c alexnet -f -n __fish_use_subcommand -a %.*s\n",
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
