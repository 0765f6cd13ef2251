/*
 * cli.h: what the commands of the program `alexnet` share. A command is one table entry
 * (cli_command) whose run() gets its parsed options, the arguments that are not options, and a
 * context.
 *
 * Results go to stdout. Messages and progress go to stderr; each message is one line that begins
 * "alexnet: COMMAND: ".
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "alexnet.h"
#include "base/json.h"
#include "cli/options.h"
#include "cli/progress.h"
#include <stdio.h>

#define CLI_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Exit statuses of the program. */
typedef enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_BAD_DATA = 65, /* this and the next two as in sysexits.h */
    CLI_NO_INPUT = 66,
    CLI_IO = 74,
    CLI_STOPPED = 75
} cli_exit;

/* Options of every command that computes: the first member of its struct of options. */
typedef struct cli_common {
    int threads; /* 0: all cores */
    int cpu;     /* index in CLI_TIERS, from 1; 0: the best of this processor */
    int dtype;   /* index in CLI_DTYPES, from 1: alexnet_dtype + 1; 0: fp32, or a resumed run's */
    int64_t seed, max_pixels, max_memory;
    int quiet, json, no_progress;
} cli_common;

/* Options of every command that builds a network: the first member instead of cli_common. */
typedef struct cli_network {
    cli_common common;
    alexnet_model_options model;
    int input_size[2];                   /* height, width; 0: not given */
    int global_pool, no_squeeze, no_lrn; /* flags */
    int activation, pooling;             /* index among the words, from 1; 0: not given */
} cli_network;

/* Options of every command that runs weights: the first member instead of cli_common. */
typedef struct cli_weights {
    cli_common common;
    int input_size[2];           /* height, width; 0: as recorded */
    int global_pool, no_squeeze; /* flags */
} cli_weights;

/* Indices into CLI_ORIENTATIONS, from 1, are the values of alexnet_orientation. */
#define CLI_ORIENTATIONS "exif|stored"
#define CLI_ORIENTATION_HELP                                                                       \
    "turn photographs upright by their EXIF record, or keep them as stored [as recorded in the "   \
    "weights]"

#define CLI_TIERS  "portable|avx2|avx512|neon"
#define CLI_DTYPES "fp32|bf16|int8"

typedef struct cli cli;

typedef struct cli_example {
    const char *line, *about;
} cli_example;

typedef struct cli_command {
    const char *name;            /* "train", "data synth" */
    const char *words;           /* its arguments, as the usage line shows them: "DATA" */
    const char *summary;         /* one line */
    const cli_example *examples; /* ended by NULL */
    const char *notes[6];        /* paragraphs, ended by NULL */
    int words_min, words_max;
    const cli_option *options; /* ended by a NULL name */
    size_t args_bytes;
    bool computes;     /* args begin with cli_common, and there is a context */
    bool stores;       /* its own --dtype is that of a file: numbers are computed in fp32 */
    bool builds;       /* args begin with cli_network */
    bool runs_weights; /* args begin with cli_weights */
    int weights_words; /* how many of the first arguments may be weights */
    void (*defaults)(void *args); /* sets defaults other than 0; NULL: only the shared ones */
    cli_exit (*run)(cli *app, void *args);
} cli_command;

extern const cli_command command_train, command_eval, command_predict, command_features,
    command_preprocess, command_filters, command_info, command_init, command_convert,
    command_data_synth, command_data_verify, command_data_stats, command_bench_train,
    command_bench_infer, command_bench_latency, command_bench_kernels, command_bench_load,
    command_weights_list, command_weights_get, command_help, command_completion;

/* All of them, in the order of help; NULL at the end. */
extern const cli_command *const cli_commands[];

extern const cli_option cli_network_options[], cli_weights_options[];

/* The options of cli_common that this command has; NULL: all. */
const cli_option *cli_common_options(const cli_command *command);

/* The options of cli_weights as the library takes them. */
alexnet_run_size cli_run_size(const cli_weights *args);

/* All option tables of a command, those of the command itself first; NULL at the end. */
#define CLI_TABLES 4
void cli_tables(const cli_command *command, const cli_option *tables[CLI_TABLES]);

/* One run of the program. */
struct cli {
    const cli_command *command;
    const cli_common *common;
    alexnet_context *ctx;
    char **words; /* the arguments that are not options; names of cached weights are paths here */
    char **given; /* the same, as they were given */
    int word_count;
    char **paths; /* allocated; of cached weights */
    size_t path_count;
    cli_progress progress;
    an_json_maker json; /* of the JSON document under construction */
};

/* The number format of computations: a word of CLI_DTYPES. */
const char *cli_dtype(const cli *app);

/* ---- message.c: messages, to stderr ---- */

cli_exit cli_exit_code(alexnet_status status);

/* Prints why the last call on the context failed; returns the exit code for the status. */
cli_exit cli_fail(cli *app, alexnet_status status);

#define CLI_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* Prints what is wrong with the command line, and where to find help. Returns CLI_USAGE. */
cli_exit cli_usage(cli *app, const char *format, ...) CLI_PRINTF(2, 3);

/* Prints an error of the program itself, not of the library. Returns `code`. */
cli_exit cli_error(cli *app, cli_exit code, const char *format, ...) CLI_PRINTF(3, 4);

void cli_warn(cli *app, const char *format, ...) CLI_PRINTF(2, 3);
void cli_note(cli *app, const char *format, ...) CLI_PRINTF(2, 3); /* not with --quiet */

/* Refuses an output that exists. A path that the system refuses to look at may exist: an error. */
cli_exit cli_check_free(cli *app, const char *path);

/* An alexnet_skipped_fn: warns of an unreadable image. `user` is the cli. */
void cli_warn_skipped(void *user, const char *path, const char *reason);

/* Notes the memory that the command will take. bytes_free < 0: unknown. */
void cli_note_memory(cli *app, int64_t bytes, int64_t bytes_free);

/*
 * An alexnet_start_fn: calls cli_note_memory() if there is more than one batch; one batch is done
 * before the note is read. `user` is the cli.
 */
void cli_note_start(void *user, const alexnet_start *start);

/* Allocate memory, which free() releases; without memory the program ends. */
void *cli_allocate(size_t count, size_t size); /* zeroed */
void *cli_grow(void *block, size_t count, size_t size);
char *cli_copy(const char *text);

void cli_end_for_memory(void); /* prints "out of memory" and ends the program */

/* ---- help.c, completion.c ---- */

void cli_help_overview(FILE *to);
void cli_help_group(FILE *to, const char *group);
void cli_help_command(FILE *to, const cli_command *command);
void cli_help_manual(FILE *to);
bool cli_completion(FILE *to, const char *shell); /* false: unknown shell */

#endif
