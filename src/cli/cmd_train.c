/*
 * cmd_train.c: alexnet train. Options go straight into alexnet_train_options; signals become
 * answers of the progress callback.
 * SPDX-License-Identifier: MIT
 */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/run.h"
#include "cli/show.h"

#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUNS "runs" /* where runs without a name go */

/* The settings of a recipe, in the order of their list. */
enum {
#define AN_RECIPE_KEY(name, kind, min, max, fallback, option, letter, value, help) SETTING_##name,
#include "train/recipe_keys.inc"
#undef AN_RECIPE_KEY
    SETTINGS
};

#define SETTINGS_BYTES 4096

typedef struct train_args {
    cli_network network;
    alexnet_train_options options;
    const char *given[SETTINGS]; /* values of these; NULL: the recipe's own */
    char settings[SETTINGS_BYTES];
    const char *checkpoint_every;
    int on_bad_image; /* 1: fail, 2: skip */
    int orientation;  /* alexnet_orientation */
    char run[4096];   /* the run directory, where no option names it */
    bool named;       /* by name_run() */
    bool made_runs;   /* by it, too */
} train_args;

#define AT(member) offsetof(train_args, member)
static const cli_option train_options[] = {
    {"config", 0, CLI_PATH, AT(options.config), 0, 0, "FILE",
     "a new run as another was set up, by its config.json or folder; options override"},
    {"val", 0, CLI_PATH, AT(options.val), 0, 0, "DATA",
     "validation data [val or test beside train inside DATA, else a split]"},
    {"val-split", 0, CLI_REAL, AT(options.val_split), 0, ALEXNET_VAL_SPLIT_MAX, "X",
     "part of DATA to validate with, when it holds no validation data [0.1]"},
    {"model", 'm', CLI_TEXT, AT(options.model), 0, 0, "MODEL",
     "family, see 'alexnet info' [torchvision]"},
    {"from", 0, CLI_PATH, AT(options.from), 0, 0, "WEIGHTS",
     "start from these weights, a part of a network or a run's; the last layer goes by class "
     "names"},
    {"orientation", 0, CLI_CHOICE, AT(orientation), 0, 0, CLI_ORIENTATIONS,
     "photographs upright as EXIF says, or as stored [exif for files of images]"},
    {"freeze", 0, CLI_TEXT, AT(options.freeze), 0, 0, "LAYERS",
     "not trained: 'features', or names separated by commas"},
    {"recipe", 0, CLI_TEXT, AT(options.recipe), 0, 0, "NAME",
     "a named set of the options below, see 'alexnet info' [by the data: quick for a small set, "
     "finetune with --from, else the model's own]"},
    {"epochs", 'e', CLI_REAL, AT(options.epochs), ALEXNET_EPOCHS_MIN, ALEXNET_EPOCHS_MAX, "X",
     "how long: the first limit reached ends the run [the recipe's]"},
    {"steps", 0, CLI_COUNT, AT(options.steps), 1, 0, "N|none", "limit in steps [none]"},
    {"time", 't', CLI_TIME, AT(options.seconds), ALEXNET_SECONDS_MIN, 0, "TIME|none",
     "limit in time, all sittings together, such as 90s, 30m, 1h30m [none]"},
/* clang-format off */
#define AN_RECIPE_KEY(name, kind, min, max, fallback, option, letter, value, help)                 \
    {option, letter, CLI_##kind, AT(given[SETTING_##name]), min, max, value,                       \
     help " [the recipe's]", true},
/* clang-format on */
#include "train/recipe_keys.inc"
#undef AN_RECIPE_KEY
    {"out", 'o', CLI_PATH, AT(options.out), 0, 0, "DIR", "run directory [runs/MODEL-DATE]"},
    {"force", 'f', CLI_FLAG, AT(options.force), 0, 0, NULL,
     "replace the run directory if it exists"},
    {"resume", 0, CLI_PATH, AT(options.resume), 0, 0, "[DIR]",
     "go on where a run's newest good checkpoint stands [the newest under runs/]"},
    {"data", 0, CLI_PATH, AT(options.data), 0, 0, "DIR",
     "the same as DATA; with --resume, where the run's data lies now"},
    {"allow-other-bits", 0, CLI_FLAG, AT(options.allow_other_bits), 0, 0, NULL,
     "resume a run of another tier (--cpu, another processor), to other bits"},
    {"checkpoint-every", 0, CLI_TEXT, AT(checkpoint_every), 0, 0, "TIME|N|none",
     "a time, or a number of steps; also after an epoch (small sets: several) [10m]"},
    {"checkpoint-keep", 0, CLI_INT, AT(options.checkpoint_keep), 0, ALEXNET_CHECKPOINT_KEEP_MAX,
     "N", "how many checkpoints stay; 0: none after success [2]"},
    {"workers", 0, CLI_INT, AT(options.workers), 0, 64, "N",
     "threads that decode images [as needed]"},
    {"on-bad-image", 0, CLI_CHOICE, AT(on_bad_image), 0, 0, "fail|skip",
     "unreadable images [skip, but at most 1 %]"},
    {"patience", 0, CLI_INT, AT(options.patience), 0, ALEXNET_PATIENCE_MAX, "N|none",
     "end when validation has not improved for N epochs [off]"},
    {"stop-at-top1", 0, CLI_REAL, AT(options.stop_at_top1), 0, 1, "X|none",
     "end when validation top-1 reaches this, 0 to 1 [off]"},
    {0},
};
#undef AT

static void defaults(void *data)
{
    train_args *args = data;

    args->options = alexnet_train_options_default();
    args->network.common.seed = args->options.seed;
}

/* ---- signals ---- */

static volatile sig_atomic_t stop_wanted, checkpoint_wanted;

static volatile sig_atomic_t first_stop; /* in seconds */

/*
 * The first asks for a clean end. A second one from the keyboard (Ctrl-C, Ctrl-\) ends the program at once, but not one that
 * comes within a second or so, nor a second one of the others: some senders signal a process and then its group, or each second.
 */
static void on_stop(int number)
{
    const sig_atomic_t now = (sig_atomic_t)(time(NULL) % 1000000);

    if (!stop_wanted)
        first_stop = now;
    else if ((number == SIGINT || number == SIGQUIT) && now - first_stop > 1)
        _exit(128 + number);
    stop_wanted = 1;
}

static void on_checkpoint(int number)
{
    (void)number;
    checkpoint_wanted = 1;
}

/* What was ignored when the program began stays so: that is how nohup and background jobs of a shell ask for it. */
static void catch_signal(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, before;

    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

/* All that would end the program while it could still save: asked to, hung up on, out of CPU time, nobody reads what it says. */
static void catch_signals(void)
{
    static const int stops[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU, SIGPIPE};

    for (size_t i = 0; i < sizeof stops / sizeof *stops; ++i)
        catch_signal(stops[i], on_stop);
    catch_signal(SIGUSR1, on_checkpoint);
}

static alexnet_go report_progress(void *user, const alexnet_progress *report)
{
    cli *app = user;

    cli_progress_report(&app->progress, report);
    if (stop_wanted) return ALEXNET_GO_STOP;
    if (checkpoint_wanted) {
        checkpoint_wanted = 0;
        return ALEXNET_GO_CHECKPOINT;
    }
    return ALEXNET_GO_ON;
}

/* ---- before the run ---- */

/* "10m" or "500": a bare number counts steps here. */
static bool parse_checkpoint_every(const char *text, alexnet_train_options *options)
{
    int64_t steps;

    if (strcmp(text, "none") == 0) text = "0";
    if (cli_parse_count(text, &steps) && steps >= 0) {
        options->checkpoint_steps = steps;
        options->checkpoint_seconds = 0;
        return true;
    }
    options->checkpoint_steps = 0;
    return cli_parse_time(text, &options->checkpoint_seconds);
}

/* A value as settings have it. Numbers are written anew: the command line takes any that strtod()
   does. NULL: no setting can be that. */
static const char *value_of_setting(cli_type type, const char *value, char number[CLI_NUMBER])
{
    int64_t count;
    double real;

    for (const char *at = value; *at != '\0'; ++at)
        if ((unsigned char)*at <= ' ' || *at == 0x7f) return NULL;
    if (type == CLI_REAL && cli_parse_real(value, &real))
        snprintf(number, CLI_NUMBER, "%.17g", real);
    else if (type == CLI_INT && cli_parse_count(value, &count))
        snprintf(number, CLI_NUMBER, "%lld", (long long)count);
    else
        return value;
    return number;
}

/* The settings that are given become one text: "batch=16 lr=0.01". False: *bad is an option whose
   value no setting can be. */
static bool join_settings(train_args *args, const char **bad)
{
    static const struct {
        const char *key, *option;
        cli_type type;
    } keys[] = {
#define AN_RECIPE_KEY(name, kind, min, max, fallback, option, letter, value, help)                 \
    {#name, option, CLI_##kind},
#include "train/recipe_keys.inc"
#undef AN_RECIPE_KEY
    };
    const size_t bytes = sizeof args->settings;
    size_t used = 0;

    for (int i = 0; i < SETTINGS; ++i) {
        char number[CLI_NUMBER];
        if (args->given[i] == NULL) continue;
        const char *value = value_of_setting(keys[i].type, args->given[i], number);
        *bad = keys[i].option;
        if (value == NULL) return false;
        used += (size_t)snprintf(args->settings + used, bytes - used, "%s%s=%s",
                                 used > 0 ? " " : "", keys[i].key, value);
        if (used >= bytes) return false;
    }
    if (used > 0) args->options.settings = args->settings;
    return true;
}

/* What a run without a name is called after. */
static const char *model_of_run(cli *app, const alexnet_train_options *options, char *buffer,
                                size_t bytes)
{
    if (options->model != NULL) return options->model;
    if (options->config != NULL && cli_config_model(app->ctx, options->config, buffer, bytes))
        return buffer;
    return options->from != NULL ? "tuned" : "torchvision";
}

/* Whether the current folder is the data's, or lies in it. */
static bool stands_in(const char *data)
{
    char outer[PATH_MAX], inner[PATH_MAX];

    if (data == NULL || realpath(data, outer) == NULL || realpath(".", inner) == NULL) return false;
    const size_t length = strcmp(outer, "/") == 0 ? 0 : strlen(outer);
    return strncmp(outer, inner, length) == 0 && (inner[length] == '/' || inner[length] == '\0');
}

/*
 * Takes runs/MODEL-DATE, with -2, -3 ... while somebody has that: making the folder decides between runs that begin in the same
 * second.
 */
static alexnet_status name_run(cli *app, train_args *args)
{
    const alexnet_train_options *options = &args->options;
    const size_t bytes = sizeof args->run;
    char *path = args->run;
    char buffer[201];
    const char *model = model_of_run(app, options, buffer, sizeof buffer);
    const time_t now = time(NULL);
    struct tm local;
    char date[32];

    localtime_r(&now, &local);
    strftime(date, sizeof date, "%Y%m%d-%H%M%S", &local);
    snprintf(path, bytes, RUNS "/%.200s-%s", model, date);
    bool made = false;
    alexnet_status status = an_folder_make_new(app->ctx, RUNS, &args->made_runs);
    if (status == ALEXNET_OK) status = an_folder_make_new(app->ctx, path, &made);
    for (int n = 2; status == ALEXNET_OK && !made; ++n) {
        snprintf(path, bytes, RUNS "/%.200s-%s-%d", model, date, n);
        status = an_folder_make_new(app->ctx, path, &made);
    }
    return status;
}

/* A run that did not begin leaves no folder; one that did is not empty. */
static void unname_run(const train_args *args)
{
    (void)rmdir(args->run);
    if (args->made_runs) (void)rmdir(RUNS); /* unless another run has begun there meanwhile */
}

/* Which run to resume: the one named, else --out, else the newest. */
static cli_exit choose_resume(cli *app, alexnet_train_options *options, char *path, size_t bytes)
{
    if (*options->resume != '\0') return CLI_DONE;
    const alexnet_status status =
        options->out == NULL ? cli_run_newest(app->ctx, RUNS, path, bytes) : ALEXNET_OK;
    if (status == ALEXNET_NOT_FOUND)
        return cli_error(app, CLI_NO_INPUT, "there is no run under " RUNS "/ to resume");
    if (status != ALEXNET_OK) return cli_fail(app, status);
    options->resume = options->out != NULL ? options->out : path;
    return CLI_DONE;
}

/* How long it will take; with a limit in time, what fits into it. */
static void tell_time(cli *app, const alexnet_train_start *start)
{
    const double epoch = (double)start->steps_per_epoch;
    char limit[CLI_NUMBER];

    if (start->seconds < 0 && !isnan(start->expected_seconds))
        cli_note(app, "time: about %s for %.6g epochs", cli_seconds(start->expected_seconds, limit),
                 (double)start->steps / epoch);
    if (start->seconds < 0) return;
    cli_seconds(start->seconds, limit);
    if (start->steps < start->planned_steps)
        cli_note(app,
                 "time: at most %s: about %.3g of %.6g epochs fit, and the learning rate goes "
                 "through its schedule in them",
                 limit, (double)start->steps / epoch, (double)start->planned_steps / epoch);
    else
        cli_note(app, "time: at most %s: all %.6g epochs should fit", limit,
                 (double)start->planned_steps / epoch);
}

static void tell_disk(cli *app, const alexnet_train_start *start)
{
    char a[CLI_NUMBER], b[CLI_NUMBER], c[CLI_NUMBER];

    cli_note(app, "disk: up to %s while it trains, %s at the end%s%s",
             cli_bytes(start->disk_bytes_max, a), cli_bytes(start->disk_bytes, b),
             start->disk_bytes_free >= 0 ? ", free are " : "",
             start->disk_bytes_free >= 0 ? cli_bytes(start->disk_bytes_free, c) : "");
}

/* The first lines: what will be trained, on what, with what. */
static void tell_start(void *user, const alexnet_train_start *start)
{
    cli *app = user;
    alexnet_machine machine;
    alexnet_model_info model;
    char a[CLI_NUMBER], b[CLI_NUMBER], c[CLI_NUMBER];

    alexnet_model_get_info(start->model, &model);
    cli_note(app, "model %s: %s parameters, %d classes", model.family,
             cli_thousands(model.parameters, a), model.classes);
    cli_note(app, "recipe %s: %s", start->recipe, start->recipe_reason);
    if (start->trained_parameters < model.parameters)
        cli_note(app, "frozen: trains %s of %s parameters",
                 cli_thousands(start->trained_parameters, a), cli_thousands(model.parameters, b));
    if (alexnet_get_machine(app->ctx, &machine) == ALEXNET_OK)
        cli_note(app, "machine: %s %s, %d thread%s", machine.backend, machine.tier, machine.threads,
                 machine.threads > 1 ? "s" : "");
    cli_note(app, "data: %s images an epoch in %s steps of %d, %s to validate with",
             cli_thousands(start->images, a), cli_thousands(start->steps_per_epoch, b),
             start->batch, cli_thousands(start->val_images, c));
    tell_time(app, start);
    cli_note_memory(app, start->memory_bytes, start->memory_bytes_free);
    tell_disk(app, start);
    if (start->step > 0)
        cli_note(app, "run: %s, resumed after step %s", start->run, cli_thousands(start->step, a));
    else
        cli_note(app, "run: %s", start->run);
}

/* ---- after the run ---- */

/* A run without a name would go among its own data. */
static bool goes_inside(cli *app, const alexnet_train_options *options)
{
    char data[PATH_MAX];

    if (options->data != NULL || options->config == NULL) return stands_in(options->data);
    return cli_config_data(app->ctx, options->config, data, sizeof data) && stands_in(data);
}

static cli_exit run_train(cli *app, void *data)
{
    train_args *args = data;
    alexnet_train_options *options = &args->options;
    alexnet_train_result result;
    const char *bad;
    cli_exit code;

    if (!join_settings(args, &bad))
        return cli_usage(app, "--%s: expected a text without spaces, not too long", bad);
    if (args->checkpoint_every != NULL && !parse_checkpoint_every(args->checkpoint_every, options))
        return cli_usage(
            app, "--checkpoint-every: expected a time such as 10m or a number of steps, found '%s'",
            args->checkpoint_every);
    if (options->resume == NULL && options->config == NULL && app->word_count == 0 &&
        options->data == NULL)
        return cli_usage(app, "expected DATA: a folder with a folder of images for each class");

    if (app->word_count > 0 && options->data != NULL)
        return cli_usage(app, "DATA is '%s', and --data '%s': say one", app->words[0],
                         options->data);
    if (app->word_count > 0) options->data = app->words[0];
    if (options->patience == CLI_NONE) options->patience = 0;
    if (options->resume != NULL) {
        code = choose_resume(app, options, args->run, sizeof args->run);
        if (code != CLI_DONE) return code;
    } else if (options->out == NULL && goes_inside(app, options)) {
        return cli_usage(app, "the run would go to " RUNS
                              "/ inside its own data, where it would count as a class: name a "
                              "place outside, such as --out ../run");
    } else if (options->out == NULL) {
        const alexnet_status named = name_run(app, args);
        if (named != ALEXNET_OK) {
            unname_run(args);
            return cli_fail(app, named);
        }
        options->out = args->run;
        args->named = true;
    }
    options->model_options = &args->network.model;
    options->on_bad_image = (alexnet_bad_image)args->on_bad_image;
    options->orientation = (alexnet_orientation)args->orientation;
    options->seed = app->common->seed;
    options->dtype = app->common->dtype - 1;
    options->start = tell_start;
    options->start_user = app;
    options->progress = report_progress;
    options->progress_user = app;
    options->skipped = cli_warn_skipped;
    options->skipped_user = app;
    catch_signals();

    const alexnet_status status = alexnet_train(app->ctx, options, &result);
    if (args->named) unname_run(args);
    if (status != ALEXNET_OK && status != ALEXNET_STOPPED) return cli_fail(app, status);
    cli_progress_clear(&app->progress);
    if (result.run[0] == '\0')
        return cli_error(app, CLI_STOPPED, "stopped before the first step: nothing to go on with");
    code = cli_show_trained(app, &result);
    if (status == ALEXNET_OK && code == CLI_DONE) cli_show_next(app, &result);
    if (status != ALEXNET_STOPPED || code != CLI_DONE) return code;
    char *run = cli_quote(result.run);
    code = cli_error(app, CLI_STOPPED,
                     "stopped after step %lld; go on with: alexnet train --resume %s",
                     (long long)result.steps, run);
    free(run);
    return code;
}

static const cli_example examples[] = {
    {"alexnet train photos/ --model bn --out run",
     "photos/ holds one folder of images for each class, or train/ and val/ with such folders"},
    {"alexnet train photos/ --model bn --time 30m", "the same in half an hour at most"},
    {"alexnet train photos/ --from alexnet.safetensors",
     "fine-tune: from weights that know images, in minutes"},
    {"alexnet train cifar-10-batches-bin/ --model cifar-19pct",
     "a small network for small images"},
    {"alexnet train --config runs/torchvision-20250101-120000 --lr 0.005 --seed 2",
     "a new run as that one, but for what is given"},
    {"alexnet train --resume runs/torchvision-20250101-120000",
     "go on after Ctrl-C, a crash or a power failure"},
    {0},
};

const cli_command command_train = {
    .name = "train",
    .words = "DATA",
    .summary = "trains a network on images, or goes on with a run",
    .examples = examples,
    .notes =
        {
            "DATA is a folder of class folders, the same in a tar file, a list file of lines "
            "'PATH LABEL' or CSV with a heading, or a folder of CIFAR or MNIST files.",
            "Ctrl-C writes a checkpoint and ends with status 75, as SIGTERM, SIGHUP, SIGQUIT, "
            "SIGXCPU and a "
            "closed stderr do, but where a signal was ignored before (nohup); a second Ctrl-C ends "
            "at once. SIGUSR1 writes a "
            "checkpoint.",
            "The run directory holds config.json, log.jsonl, checkpoints/, best.safetensors and "
            "last.safetensors.",
        },
    .words_max = 1,
    .options = train_options,
    .args_bytes = sizeof(train_args),
    .computes = true,
    .builds = true,
    .defaults = defaults,
    .run = run_train,
};
