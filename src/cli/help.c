/*
 * help.c: prints the tables of commands and options as help on a terminal and as the manual page
 * alexnet(1).
 * SPDX-License-Identifier: MIT
 */
#include "cli/cli.h"
#include "cli/output.h"

#include <string.h>

#define LINE_WIDTH    80
#define ABOUT_COLUMN  28 /* where the explanation of an option begins */
#define COMMAND_WIDTH 16

static const char about_program[] =
    "trains, evaluates, runs and inspects AlexNet image classifiers on a CPU";

static const struct {
    int code;
    const char *meaning;
} exit_codes[] = {
    {CLI_DONE, "done"},
    {CLI_FAILED, "failed"},
    {CLI_USAGE, "the command line is wrong"},
    {CLI_BAD_DATA, "a file is damaged or of the wrong kind"},
    {CLI_NO_INPUT, "an input does not exist"},
    {CLI_IO, "the system refused a read or a write"},
    {CLI_STOPPED, "stopped early; the run can be resumed"},
};

/* ---- text in lines ---- */

/* Prints words from column `at` on, further lines from column `indent`, and a newline. */
static void wrap(FILE *to, const char *text, int at, int indent)
{
    bool first = true;

    while (*text != '\0') {
        const int length = (int)strcspn(text, " ");
        if (!first && at + 1 + length > LINE_WIDTH) {
            cli_print(to, "\n%*s", indent, "");
            at = indent;
        } else if (!first) {
            cli_print(to, " ");
            ++at;
        }
        cli_print(to, "%.*s", length, text);
        at += length;
        text += length;
        text += strspn(text, " ");
        first = false;
    }
    cli_print(to, "\n");
}

/* "  left        about that is wrapped" */
static void two_columns(FILE *to, const char *left, int column, const char *about)
{
    int at = cli_print(to, "  %s", left);

    if (at > column - 2) {
        cli_print(to, "\n");
        at = 0;
    }
    cli_print(to, "%*s", column - at, "");
    wrap(to, about, column, column);
}

/* "-k, --topk N" */
static void option_label(const cli_option *option, char *text, size_t bytes)
{
    char letter[8] = "";

    if (option->letter != 0) snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(text, bytes, "%s--%s%s%s", letter, option->name, option->value != NULL ? " " : "",
             option->value != NULL ? option->value : "");
}

static void print_options(FILE *to, const char *title, const cli_option *options)
{
    char label[160];

    if (options->name == NULL) return;
    cli_print(to, "\n%s:\n", title);
    for (const cli_option *o = options; o->name != NULL; ++o) {
        option_label(o, label, sizeof label);
        two_columns(to, label, ABOUT_COLUMN, o->help);
    }
}

/* ---- help ---- */

void cli_help_command(FILE *to, const cli_command *command)
{
    cli_print(to, "alexnet %s: ", command->name);
    wrap(to, command->summary, 10 + (int)strlen(command->name), 0);
    cli_print(to, "\nExamples:\n");
    for (const cli_example *e = command->examples; e->line != NULL; ++e) {
        cli_print(to, "  %s\n      ", e->line);
        wrap(to, e->about, 6, 6);
    }
    cli_print(to, "\nUsage: alexnet %s%s%s [options]\n", command->name,
              *command->words != '\0' ? " " : "", command->words);
    for (int i = 0; command->notes[i] != NULL; ++i) {
        cli_print(to, "\n");
        wrap(to, command->notes[i], 0, 0);
    }
    print_options(to, "Options", command->options);
    if (command->builds) print_options(to, "Options of the network", cli_network_options);
    if (command->runs_weights)
        print_options(to, "Options of the weights' network", cli_weights_options);
    if (command->computes) print_options(to, "Common options", cli_common_options(command));
}

static void print_commands(FILE *to, const char *group)
{
    for (size_t i = 0; cli_commands[i] != NULL; ++i)
        if (strncmp(cli_commands[i]->name, group, strlen(group)) == 0)
            two_columns(to, cli_commands[i]->name, COMMAND_WIDTH + 2, cli_commands[i]->summary);
}

void cli_help_group(FILE *to, const char *group)
{
    char prefix[64];

    snprintf(prefix, sizeof prefix, "%s ", group);
    cli_print(to, "Examples:\n");
    for (size_t i = 0; cli_commands[i] != NULL; ++i)
        if (strncmp(cli_commands[i]->name, prefix, strlen(prefix)) == 0)
            cli_print(to, "  %s\n", cli_commands[i]->examples->line);
    cli_print(to, "\nUsage: alexnet %s ACTION [options]\n\nActions:\n", group);
    print_commands(to, prefix);
    cli_print(to, "\nSee 'alexnet %s ACTION --help'.\n", group);
}

void cli_help_overview(FILE *to)
{
    cli_print(to, "alexnet %s: %s\n", alexnet_version(), about_program);
    cli_print(to,
              "\nThe first three commands:\n"
              "  alexnet train photos/ --out run          photos/ holds a folder for each class\n"
              "  alexnet eval run                         on the images that it held back\n"
              "  alexnet predict run image.jpg\n"
              "\nUsage: alexnet COMMAND [options]\n\nCommands:\n");
    print_commands(to, "");
    cli_print(to, "\nSee 'alexnet COMMAND --help'. 'alexnet --version' prints the version.\n\nExit "
                  "status:\n");
    for (size_t i = 0; i < CLI_COUNT_OF(exit_codes); ++i)
        cli_print(to, "  %2d  %s\n", exit_codes[i].code, exit_codes[i].meaning);
}

/* ---- the manual page ---- */

/* Prints a text that roff shows literally: \ and - escaped; a line must not begin with . or ' */
static void roff(FILE *to, const char *text)
{
    if (*text == '.' || *text == '\'') cli_print(to, "\\&");
    for (; *text != '\0'; ++text) {
        if (*text == '\\')
            cli_print(to, "\\e");
        else if (*text == '-')
            cli_print(to, "\\-");
        else
            cli_print(to, "%c", *text);
    }
}

static void roff_item(FILE *to, const char *label, const char *about)
{
    cli_print(to, ".TP\n.B ");
    roff(to, label);
    cli_print(to, "\n");
    roff(to, about);
    cli_print(to, "\n");
}

static void roff_options(FILE *to, const cli_option *options)
{
    char label[160];

    for (const cli_option *o = options; o->name != NULL; ++o) {
        option_label(o, label, sizeof label);
        roff_item(to, label, o->help);
    }
}

static void roff_command(FILE *to, const cli_command *command)
{
    cli_print(to, ".SS alexnet ");
    roff(to, command->name);
    cli_print(to, " ");
    roff(to, command->words);
    cli_print(to, "\n");
    roff(to, command->summary);
    cli_print(to, ".\n");
    for (int i = 0; command->notes[i] != NULL; ++i) {
        cli_print(to, ".PP\n");
        roff(to, command->notes[i]);
        cli_print(to, "\n");
    }
    roff_options(to, command->options);
    if (command->builds) roff_options(to, cli_network_options);
    if (command->runs_weights) roff_options(to, cli_weights_options);
    for (const cli_example *e = command->examples; e->line != NULL; ++e) {
        cli_print(to, "%s", e == command->examples ? ".PP\nExamples:\n.RS\n.nf\n" : "");
        roff(to, e->line);
        cli_print(to, "\n");
    }
    cli_print(to, "%s", command->examples->line != NULL ? ".fi\n.RE\n" : "");
}

void cli_help_manual(FILE *to)
{
    char code[16];

    cli_print(to, ".TH ALEXNET 1 \"\" \"alexnet %s\" \"User Commands\"\n", alexnet_version());
    cli_print(to, ".SH NAME\nalexnet \\- %s\n", about_program);
    cli_print(to, ".SH SYNOPSIS\n.B alexnet\n.I COMMAND\n.RI [ options ]\n");
    cli_print(
        to,
        ".SH DESCRIPTION\nResults go to standard output, messages and progress to standard error.\n"
        "An option's value follows it after a space or an equals sign.\n");
    cli_print(to, ".SH COMMANDS\n");
    for (size_t i = 0; cli_commands[i] != NULL; ++i)
        roff_command(to, cli_commands[i]);
    cli_print(to, ".SH COMMON OPTIONS\nEvery command that computes has these options.\n");
    roff_options(to, cli_common_options(NULL));
    cli_print(to, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < CLI_COUNT_OF(exit_codes); ++i) {
        snprintf(code, sizeof code, "%d", exit_codes[i].code);
        roff_item(to, code, exit_codes[i].meaning);
    }
    cli_print(to, ".SH ENVIRONMENT\n");
    roff_item(to, "NO_COLOR", "If it is set and not empty, the program uses no colours.");
    roff_item(to, "TERM", "If it is \"dumb\", progress is printed as lines.");
    roff_item(to, "XDG_CACHE_HOME",
              "The folder that holds the cache of fetched weights, instead of ~/.cache.");
    roff_item(to, "http_proxy, https_proxy, all_proxy, no_proxy",
              "Proxies for 'weights get', and hosts that are reached without one.");
    roff_item(to, "SSL_CERT_FILE",
              "Certificates that 'weights get' trusts, instead of the system's.");
}
