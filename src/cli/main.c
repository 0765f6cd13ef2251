/*
 * main.c: the program: finds the command, parses its options, opens a context, runs it, and ends
 * with its exit code.
 * SPDX-License-Identifier: MIT
 */
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/weights.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const cli_command *const cli_commands[] = {
    &command_train,         &command_eval,
    &command_predict,       &command_features,
    &command_preprocess,    &command_filters,
    &command_info,          &command_init,
    &command_convert,       &command_data_synth,
    &command_data_verify,   &command_data_stats,
    &command_bench_train,   &command_bench_infer,
    &command_bench_latency, &command_bench_kernels,
    &command_bench_load,    &command_weights_list,
    &command_weights_get,   &command_help,
    &command_completion,    NULL,
};

#define AT(member) offsetof(cli_common, member)
/* The first is left out for a command whose --dtype is that of a file. */
static const cli_option common_options[] = {
    {"dtype", 0, CLI_CHOICE, AT(dtype), 0, 0, CLI_DTYPES,
     "number format of multiplications; int8 for inference only [fp32]"},
    {"threads", 0, CLI_INT, AT(threads), 1, 256, "N",
     "number of compute threads [all cores, or as many as the cgroup allows]"},
    {"cpu", 0, CLI_CHOICE, AT(cpu), 0, 0, CLI_TIERS,
     "highest instruction set to use [the best of the processor]"},
    {"seed", 0, CLI_COUNT, AT(seed), 0, 0, "N", "seed of all random choices [1]"},
    {"max-pixels", 0, CLI_COUNT, AT(max_pixels), 1, ALEXNET_PIXELS_MAX, "N",
     "do not decode images of more pixels than this [268,435,456]"},
    {"max-memory", 0, CLI_BYTES, AT(max_memory), 1, (double)ALEXNET_MEMORY_MAX, "SIZE|none",
     "refuse to start what needs more memory than this, such as 600M [what is available]"},
    {"quiet", 'q', CLI_FLAG, AT(quiet), 0, 0, NULL, "print results, warnings and errors only"},
    {"json", 0, CLI_FLAG, AT(json), 0, 0, NULL, "print results as JSON"},
    {"no-progress", 0, CLI_FLAG, AT(no_progress), 0, 0, NULL,
     "show no progress on stderr, only finished lines"},
    {0},
};
#undef AT

#define AT(member) offsetof(cli_network, member)
const cli_option cli_network_options[] = {
    {"classes", 0, CLI_INT, AT(model.classes), 0, ALEXNET_CLASSES_MAX, "N",
     "number of classes [the data's, else the family's]"},
    {"dropout", 0, CLI_REAL, AT(model.dropout), 0, ALEXNET_DROPOUT_MAX, "P",
     "dropout probability [the family's]"},
    {"input-size", 0, CLI_SIZE, AT(input_size), 1, ALEXNET_INPUT_MAX, "HxW",
     "height and width of the images [the family's]"},
    {"global-pool", 0, CLI_FLAG, AT(global_pool), 0, 0, NULL,
     "average the map before the last layer: a larger image, too, gives one prediction"},
    {"no-spatial-squeeze", 0, CLI_FLAG, AT(no_squeeze), 0, 0, NULL,
     "the output may be a map, with a prediction for each place ('slim')"},
    {"activation", 0, CLI_CHOICE, AT(activation), 0, 0, "relu|tanh",
     "activation function [the family's]"},
    {"no-lrn", 0, CLI_FLAG, AT(no_lrn), 0, 0, NULL, "leave out local response normalisation"},
    {"pool", 0, CLI_CHOICE, AT(pooling), 0, 0, "3/2|2/2",
     "window and stride of pooling: overlapping (3/2) or not (2/2) [3/2]"},
    {0},
};
#undef AT

#define AT(member) offsetof(cli_weights, member)
const cli_option cli_weights_options[] = {
    {"input-size", 0, CLI_SIZE, AT(input_size), 1, ALEXNET_INPUT_MAX, "HxW",
     "height and width of the images [as recorded in the weights]"},
    {"global-pool", 0, CLI_FLAG, AT(global_pool), 0, 0, NULL,
     "average the map before the last layer: a larger image, too, gives one prediction"},
    {"no-spatial-squeeze", 0, CLI_FLAG, AT(no_squeeze), 0, 0, NULL,
     "the output may be a map, with a prediction for each place ('slim')"},
    {0},
};
#undef AT

alexnet_run_size cli_run_size(const cli_weights *args)
{
    return (alexnet_run_size){.struct_size = sizeof(alexnet_run_size),
                              .input_h = args->input_size[0],
                              .input_w = args->input_size[1],
                              .global_pool = args->global_pool,
                              .no_squeeze = args->no_squeeze};
}

const cli_option *cli_common_options(const cli_command *command)
{
    return command != NULL && command->stores ? common_options + 1 : common_options;
}

void cli_tables(const cli_command *command, const cli_option *tables[CLI_TABLES])
{
    *tables++ = command->options;
    if (command->builds) *tables++ = cli_network_options;
    if (command->runs_weights) *tables++ = cli_weights_options;
    if (command->computes) *tables++ = cli_common_options(command);
    *tables = NULL;
}

/* ---- one run ---- */

static void log_line(void *user, alexnet_log_level level, const char *line)
{
    if (level == ALEXNET_LOG_WARNING)
        cli_warn(user, "%s", line);
    else
        cli_note(user, "%s", line);
}

static cli_exit open_context(cli *app)
{
    static const char *const tiers[] = {NULL, "portable", "avx2", "avx512", "neon"};
    const alexnet_options options = {
        .struct_size = sizeof options,
        .threads = app->common->threads,
        .cpu = tiers[app->common->cpu],
        .dtype = (alexnet_dtype)(app->common->dtype > 0 ? app->common->dtype - 1 : 0),
        .max_pixels = app->common->max_pixels,
        .max_memory = app->common->max_memory,
        .log = log_line,
        .log_user = app,
    };

    const alexnet_status status = alexnet_open(&options, &app->ctx);
    if (status == ALEXNET_OK) return CLI_DONE;
    if (options.cpu != NULL && (status == ALEXNET_UNSUPPORTED || status == ALEXNET_BAD_ARG))
        return cli_usage(app, "--cpu %s: this build does not have it", options.cpu);
    return cli_error(app, cli_exit_code(status), "%s", alexnet_status_text(status));
}

const char *cli_dtype(const cli *app)
{
    static const char *const words[] = {"fp32", "fp32", "bf16", "int8"};

    return words[app->common->dtype];
}

static void set_shared_defaults(const cli_command *command, void *args)
{
    if (command->computes) ((cli_common *)args)->seed = 1;
    if (command->builds) ((cli_network *)args)->model = alexnet_model_options_default();
}

/* Copies the given options into the model's options, where -1 means not given. */
static void join_network_options(cli_network *network)
{
    alexnet_model_options *model = &network->model;

    if (network->input_size[0] > 0) {
        model->input_h = network->input_size[0];
        model->input_w = network->input_size[1];
    }
    if (network->global_pool) model->global_pool = 1;
    if (network->no_squeeze) model->squeeze = 0;
    if (network->no_lrn) model->lrn = 0;
    model->activation = network->activation - 1;
    model->pooling = network->pooling - 1;
}

/* Makes the checks that parsing leaves, then runs the command. */
static cli_exit execute(cli *app, void *args)
{
    const cli_command *command = app->command;
    cli_exit code = CLI_DONE;

    if (command->builds) join_network_options(args);
    if (app->word_count < command->words_min) return cli_usage(app, "expected %s", command->words);
    if (app->word_count > command->words_max)
        return cli_usage(app, "'%s' is one argument too many", app->words[command->words_max]);
    if (command->computes) {
        cli_progress_open(&app->progress, app->common->quiet, app->common->no_progress);
        code = open_context(app);
    }
    if (code == CLI_DONE) code = cli_weights_resolve(app, args);
    if (code == CLI_DONE) code = command->run(app, args);
    cli_weights_release(app);
    cli_progress_clear(&app->progress);
    alexnet_close(app->ctx);
    return code;
}

static cli_exit run_command(cli *app, int argc, char **argv)
{
    const cli_command *command = app->command;
    const cli_option *tables[CLI_TABLES];
    void *args = cli_allocate(1, command->args_bytes);
    char error[512];
    cli_exit code = CLI_DONE;

    set_shared_defaults(command, args);
    if (command->defaults != NULL) command->defaults(args);
    app->common = args;
    app->words = argv;
    cli_tables(command, tables);
    switch (cli_parse(tables, argc, argv, args, &app->word_count, error, sizeof error)) {
    case CLI_PARSED:
        code = execute(app, args);
        break;
    case CLI_HELP_WANTED:
        cli_help_command(stdout, command);
        break;
    case CLI_MISTAKE:
        code = cli_usage(app, "%s", error);
        break;
    }
    free(args);
    return code;
}

/* True when the command's name is the first *used words. */
static bool is_named(const cli_command *command, int argc, char **argv, int *used)
{
    const size_t first = strlen(argv[0]);
    const char *name = command->name;

    *used = strchr(name, ' ') != NULL ? 2 : 1;
    if (*used == 1) return strcmp(name, argv[0]) == 0;
    return argc > 1 && strncmp(name, argv[0], first) == 0 && name[first] == ' ' &&
           strcmp(name + first + 1, argv[1]) == 0;
}

/* Lists the actions of a group: for "data", "synth", "verify" ... Returns their number. */
static size_t actions_of(const char *group, const char *actions[], size_t max)
{
    const size_t length = strlen(group);
    size_t count = 0;

    for (size_t i = 0; cli_commands[i] != NULL && count < max; ++i)
        if (strncmp(cli_commands[i]->name, group, length) == 0 &&
            cli_commands[i]->name[length] == ' ')
            actions[count++] = cli_commands[i]->name + length + 1;
    return count;
}

/* Reports that no command matches, with the nearest name. */
static cli_exit no_command(cli *app, int argc, char **argv)
{
    const char *names[64];
    const size_t actions = actions_of(argv[0], names, CLI_COUNT_OF(names));
    size_t count = actions;
    const char *word = argv[0];

    if (actions > 0) {
        if (argc < 2) return cli_usage(app, "expected an action after '%s'", argv[0]);
        if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
            cli_help_group(stdout, argv[0]);
            return CLI_DONE;
        }
        word = argv[1];
    } else {
        for (; cli_commands[count] != NULL && count < CLI_COUNT_OF(names); ++count)
            names[count] = cli_commands[count]->name;
    }
    const char *what = *word == '-' ? "option" : actions > 0 ? "action" : "command";
    const char *near = *word == '-' ? NULL : cli_nearest(word, names, count);
    if (near != NULL)
        return cli_usage(app, "unknown %s '%s'; did you mean '%s'?", what, word, near);
    return cli_usage(app, "unknown %s '%s'", what, word);
}

static cli_exit run(int argc, char **argv)
{
    cli app = {.command = NULL};
    int used;

    if (argc == 0) {
        cli_help_overview(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[0], "--version") == 0) {
        cli_print(stdout, "alexnet %s\n", alexnet_version());
        return CLI_DONE;
    }
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
        cli_help_overview(stdout);
        return CLI_DONE;
    }
    for (size_t i = 0; cli_commands[i] != NULL; ++i) {
        if (is_named(cli_commands[i], argc, argv, &used)) {
            app.command = cli_commands[i];
            return run_command(&app, argc - used, argv + used);
        }
    }
    return no_command(&app, argc, argv);
}

/*
 * Makes waiting threads sleep after a short spin. Beside the loader's threads, or any other work
 * on the machine, a spinning thread takes the core that the thread it waits for needs. With one
 * busy process beside it on two cores: 45 against 22 images/s in training, 15 against 160 ms for
 * one image (2 cores of AMD Zen 5, gcc 12). The spin lasts a thousand turns, about 15
 * microseconds, which covers most waits that are too short for sleeping and waking. With it, one
 * image in int8 takes 2.1 instead of 2.7 ms, and a small network trains 1.4 times as fast; beside
 * a busy process it costs 10 to 25 %.
 *
 * OpenMP's runtime reads these settings before main() begins, so the program executes itself
 * again. If that fails, it continues with spinning threads. It also continues if the user chose
 * how threads wait or where they run: this thread is bound by then, and a new start would give
 * all threads its one core.
 */
#define TURNS "1000"

static void sleep_while_waiting(char **argv)
{
    static const char *const choices[] = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT",    "OMP_PROC_BIND",
                                          "OMP_PLACES",      "GOMP_CPU_AFFINITY", NULL};

    for (const char *const *choice = choices; *choice != NULL; ++choice)
        if (getenv(*choice) != NULL) return;
    if (setenv("OMP_WAIT_POLICY", "passive", 0) == 0 && setenv("GOMP_SPINCOUNT", TURNS, 0) == 0)
        execv("/proc/self/exe", argv);
}

/*
 * Returns large freed blocks to the system, so that the program takes no more memory than it
 * states. Otherwise glibc keeps up to 64 MiB for each thread, once blocks of half that size have
 * been freed.
 */
static void keep_no_large_blocks(void)
{
#if defined(__GLIBC__)
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

int main(int argc, char **argv)
{
    int reason;

    sleep_while_waiting(argv);
    keep_no_large_blocks();
    signal(SIGXFSZ, SIG_IGN); /* a file that grows too large is then reported as a write error */
    const cli_exit code = argc > 0 ? run(argc - 1, argv + 1) : CLI_USAGE;

    if (!cli_output_close(&reason) &&
        code != CLI_STOPPED) { /* there is a checkpoint to resume from */
        fprintf(stderr, "alexnet: cannot write the results: %s\n",
                reason != 0 ? strerror(reason) : "standard output is broken");
        return CLI_IO;
    }
    return (int)code;
}
