/*
 * cli.h: what the commands of the program `alexnet` share. A command is one table entry
 * (cli_command) whose run() gets its parsed options, the words that are no options, and a context.
 *
 * Results go to stdout; messages and progress to stderr, each one line beginning "alexnet:
 * COMMAND: ".
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

/* How the program ends. */
typedef enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_BAD_DATA = 65, /* this and the next two as in sysexits.h */
    CLI_NO_INPUT = 66,
    CLI_IO = 74,
    CLI_STOPPED = 75
} cli_exit;

/* The options of every command that computes; the first member of its struct of options. */
typedef struct cli_common {
    int threads; /* 0: all cores */
    int cpu;     /* place in CLI_TIERS, from 1; 0: the best there is */
    int dtype; /* place in CLI_DTYPES, from 1: an alexnet_dtype and one; 0: fp32, or a resumed run's */
    int64_t seed, max_pixels, max_memory;
    int quiet, json, no_progress;
} cli_common;

/* Those of every command that builds a network; begins the struct of options instead. */
typedef struct cli_network {
    cli_common common;
    alexnet_model_options model;
    int input_size[2];                   /* height, width; 0: not given */
    int global_pool, no_squeeze, no_lrn; /* flags */
    int activation, pooling;             /* place among the words, from 1; 0: not given */
} cli_network;

/* Those of every command that runs weights; begins the struct of options instead of cli_common. */
typedef struct cli_weights {
    cli_common common;
    int input_size[2];           /* height, width; 0: as recorded */
    int global_pool, no_squeeze; /* flags */
} cli_weights;

/* The places of CLI_ORIENTATIONS, from 1, are those of alexnet_orientation. */
#define CLI_ORIENTATIONS     "exif|stored"
#define CLI_ORIENTATION_HELP "photographs upright as EXIF says, or as stored [as the weights say]"

#define CLI_TIERS  "portable|avx2|avx512|neon"
#define CLI_DTYPES "fp32|bf16|int8"

typedef struct cli cli;

typedef struct cli_example {
    const char *line, *about;
} cli_example;

typedef struct cli_command {
    const char *name;            /* "train", "data synth" */
    const char *words;           /* "DATA", as the usage line shows it */
    const char *summary;         /* one line */
    const cli_example *examples; /* ended by NULL */
    const char *notes[6];        /* paragraphs, ended by NULL */
    int words_min, words_max;
    const cli_option *options; /* ended by a NULL name */
    size_t args_bytes;
    bool computes;                /* args begin with cli_common, and there is a context */
    bool builds;                  /* args begin with cli_network */
    bool runs_weights;            /* args begin with cli_weights */
    void (*defaults)(void *args); /* what is not zero; NULL: the shared options only */
    cli_exit (*run)(cli *app, void *args);
} cli_command;

extern const cli_command command_train, command_eval, command_predict, command_features,
    command_preprocess, command_filters, command_info, command_init, command_data_synth,
    command_data_verify, command_data_stats, command_bench_train, command_bench_infer,
    command_bench_latency, command_bench_kernels, command_bench_load, command_help,
    command_completion;

/* All of them, in the order of help; NULL at the end. */
extern const cli_command *const cli_commands[];

extern const cli_option cli_network_options[], cli_weights_options[], cli_common_options[];

/* What was given of them. */
alexnet_run_size cli_run_size(const cli_weights *args);

/* All tables of a command's options, its own first; NULL at the end. */
#define CLI_TABLES 4
void cli_tables(const cli_command *command, const cli_option *tables[CLI_TABLES]);

/* One run of the program. */
struct cli {
    const cli_command *command;
    const cli_common *common;
    alexnet_context *ctx;
    char **words; /* the arguments that are no options */
    int word_count;
    cli_progress progress;
    an_json_maker json; /* of the document that is being made */
};

/* What is computed in: a word of CLI_DTYPES. */
const char *cli_dtype(const cli *app);

/* ---- message.c: messages, to stderr ---- */

cli_exit cli_exit_code(alexnet_status status);

/* Says why the last call on the context failed; returns the exit code for the status. */
cli_exit cli_fail(cli *app, alexnet_status status);

#define CLI_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* Says what is wrong with the command line, and where help is. */
cli_exit cli_usage(cli *app, const char *format, ...) CLI_PRINTF(2, 3);

/* Says that something failed outside the library. */
cli_exit cli_error(cli *app, cli_exit code, const char *format, ...) CLI_PRINTF(3, 4);

void cli_warn(cli *app, const char *format, ...) CLI_PRINTF(2, 3);
void cli_note(cli *app, const char *format, ...) CLI_PRINTF(2, 3); /* not with --quiet */

/* An alexnet_skipped_fn: warns of an unreadable image. `user` is the cli. */
void cli_warn_skipped(void *user, const char *path, const char *reason);

void cli_note_memory(cli *app, int64_t bytes, int64_t bytes_free); /* what the command will take */

/* An alexnet_start_fn: the same, where there is more than one batch to do: one is over before it is read. `user` is the cli. */
void cli_note_start(void *user, const alexnet_start *start);

/* Memory, freed with free(); the program ends when there is none. */
void *cli_allocate(size_t count, size_t size); /* zeroed */
void *cli_grow(void *block, size_t count, size_t size);
char *cli_copy(const char *text);

void cli_end_for_memory(void); /* says so, and ends the program */

/* ---- help.c, completion.c ---- */

void cli_help_overview(FILE *to);
void cli_help_group(FILE *to, const char *group);
void cli_help_command(FILE *to, const cli_command *command);
void cli_help_manual(FILE *to);
bool cli_completion(FILE *to, const char *shell); /* false: not a shell that is known */

#endif
