/*
 * cmd_train.c: alexnet train. Options go straight into alexnet_train_options; signals become
 * return values of the progress callback.
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
    const char *given[SETTINGS]; /* values of these; NULL: the recipe's value */
    char settings[SETTINGS_BYTES];
    const char *checkpoint_every;
    int on_bad_image; /* 1: fail, 2: skip */
    int orientation;  /* alexnet_orientation */
    char run[4096];   /* the run folder, if no option names it */
    bool named;       /* name_run() has chosen and made it */
    bool made_runs;   /* name_run() has made RUNS, too */
} train_args;

#define AT(member) offsetof(train_args, member)
static const cli_option train_options[] = {
    {"config", 0, CLI_PATH, AT(options.config), 0, 0, "FILE",
     "start a new run with the settings of another, by its config.json or folder; options "
     "override them"},
    {"val", 0, CLI_PATH, AT(options.val), 0, 0, "DATA",
     "validation data [val or test beside train in DATA, else images held back from DATA]"},
    {"val-split", 0, CLI_REAL, AT(options.val_split), 0, ALEXNET_VAL_SPLIT_MAX, "X",
     "fraction of DATA held back for validation, if there is no validation data [0.1]"},
    {"model", 'm', CLI_TEXT, AT(options.model), 0, 0, "MODEL",
     "family, see 'alexnet info' [torchvision]"},
    {"from", 0, CLI_WEIGHTS, AT(options.from), 0, 0, "WEIGHTS",
     "start from these weights: a file of a network or a part of one, a run, or a name of "
     "'alexnet weights list'; the last layer is matched by class names"},
    {"solverstate", 0, CLI_PATH, AT(options.solverstate), 0, 0, "FILE",
     "go on with the momentum of Caffe's .solverstate that belongs to the .caffemodel of --from; "
     "give the learning rate that Caffe had by --lr"},
    {"orientation", 0, CLI_CHOICE, AT(orientation), 0, 0, CLI_ORIENTATIONS,
     "turn photographs upright by their EXIF record, or keep them as stored [exif for image "
     "files]"},
    {"freeze", 0, CLI_TEXT, AT(options.freeze), 0, 0, "LAYERS",
     "layers not to train: 'features', or names separated by commas"},
    {"recipe", 0, CLI_TEXT, AT(options.recipe), 0, 0, "NAME",
     "a named set of the options below, see 'alexnet info' [by model and data: quick or quick-bn "
     "for a small set, finetune with --from, else the model's own]"},
    {"epochs", 'e', CLI_REAL, AT(options.epochs), ALEXNET_EPOCHS_MIN, ALEXNET_EPOCHS_MAX, "X",
     "limit in epochs; the first limit reached ends the run [the recipe's]"},
    {"steps", 0, CLI_COUNT, AT(options.steps), 1, 0, "N|none", "limit in steps [none]"},
    {"time", 't', CLI_TIME, AT(options.seconds), ALEXNET_SECONDS_MIN, 0, "TIME|none",
     "limit in time, such as 90s, 30m, 1h30m; counts the whole run with its resumes [none]"},
/* clang-format off */
#define AN_RECIPE_KEY(name, kind, min, max, fallback, option, letter, value, help)                 \
    {option, letter, CLI_##kind, AT(given[SETTING_##name]), min, max, value,                       \
     help " [the recipe's]", true},
/* clang-format on */
#include "train/recipe_keys.inc"
#undef AN_RECIPE_KEY
    {"out", 'o', CLI_PATH, AT(options.out), 0, 0, "DIR", "run folder [runs/MODEL-DATE]"},
    {"force", 'f', CLI_FLAG, AT(options.force), 0, 0, NULL, "replace the run folder if it exists"},
    {"resume", 0, CLI_PATH, AT(options.resume), 0, 0, "[DIR]",
     "resume a run from its newest good checkpoint [the newest run under runs/]"},
    {"data", 0, CLI_PATH, AT(options.data), 0, 0, "DIR",
     "the same as DATA; with --resume, where the run's data is now"},
    {"allow-other-bits", 0, CLI_FLAG, AT(options.allow_other_bits), 0, 0, NULL,
     "resume a run of another tier (--cpu, another processor), though its results will differ "
     "in the last bits"},
    {"checkpoint-every", 0, CLI_TEXT, AT(checkpoint_every), 0, 0, "TIME|N|none",
     "write a checkpoint each such time or number of steps, and also after an epoch (small sets: "
     "after several) [10m]"},
    {"checkpoint-keep", 0, CLI_INT, AT(options.checkpoint_keep), 0, ALEXNET_CHECKPOINT_KEEP_MAX,
     "N", "number of checkpoints to keep; 0: none after success [2]"},
    {"workers", 0, CLI_INT, AT(options.workers), 0, 64, "N",
     "threads that decode images [as needed]"},
    {"on-bad-image", 0, CLI_CHOICE, AT(on_bad_image), 0, 0, "fail|skip",
     "what to do with unreadable images [skip, but at most 1 %]"},
    {"patience", 0, CLI_INT, AT(options.patience), 0, ALEXNET_PATIENCE_MAX, "N|none",
     "end the run when validation has not improved for N epochs [off]"},
    {"stop-at-top1", 0, CLI_REAL, AT(options.stop_at_top1), 0, 1, "X|none",
     "end the run when validation top-1 reaches X, 0 to 1 [off]"},
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
 * The first signal requests a clean end. A second one from the keyboard (Ctrl-C, Ctrl-\) ends the
 * program at once, unless it comes within about a second. A second one of the other signals never
 * does: some senders signal a process and then its group, or repeat a signal every second.
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

/* A signal that was ignored at the start stays ignored: nohup and a shell's background jobs rely
 * on it. */
static void catch_signal(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, before;

    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

/* Catches every signal that would end the program while it can still save: a request to end, a
 * closed terminal, no CPU time left, a closed output. */
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

/* Parses "10m" or "500": a bare number is a number of steps. */
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

/* The value as a setting's text. Numbers are printed again, since the command line accepts every
 * form that strtod() does. NULL: no setting can have this value. */
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

/* Joins the given settings in one text: "batch=16 lr=0.01". False: no setting can have the value
 * of option *bad. */
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

/* The model's part of the name of a run that no option names. */
static const char *model_of_run(cli *app, const alexnet_train_options *options, char *buffer,
                                size_t bytes)
{
    if (options->model != NULL) return options->model;
    if (options->config != NULL && cli_config_model(app->ctx, options->config, buffer, bytes))
        return buffer;
    return options->from != NULL ? "tuned" : "torchvision";
}

/* True if the current folder is the data's folder or inside it. */
static bool stands_in(const char *data)
{
    char outer[PATH_MAX], inner[PATH_MAX];

    if (data == NULL || realpath(data, outer) == NULL || realpath(".", inner) == NULL) return false;
    const size_t length = strcmp(outer, "/") == 0 ? 0 : strlen(outer);
    return strncmp(outer, inner, length) == 0 && (inner[length] == '/' || inner[length] == '\0');
}

/*
 * Makes the folder runs/MODEL-DATE, with -2, -3 ... appended while that exists. Whoever makes the
 * folder has the name, even if two runs begin in the same second.
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

/* Removes the run folder if the run did not begin; that of one that did is not empty. */
static void unname_run(const train_args *args)
{
    (void)rmdir(args->run);
    if (args->made_runs) (void)rmdir(RUNS); /* unless another run has begun there meanwhile */
}

/* Chooses the run to resume: the named one, else --out, else the newest. */
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

/* Notes the expected time of the run, or how many epochs fit in its time limit. */
static void tell_time(cli *app, const alexnet_train_start *start)
{
    const double epochs = (double)start->steps / (double)start->steps_per_epoch;
    const double planned = (double)start->planned_steps / (double)start->steps_per_epoch;
    char limit[CLI_NUMBER];

    if (start->seconds < 0 && !isnan(start->expected_seconds))
        cli_note(app, "time: about %s for %.6g %s", cli_seconds(start->expected_seconds, limit),
                 epochs, cli_noun(epochs, "epoch", "epochs"));
    if (start->seconds < 0) return;
    cli_seconds(start->seconds, limit);
    if (start->steps < start->planned_steps)
        cli_note(app,
                 "time: at most %s, enough for about %.3g of %.6g %s; the learning rate follows "
                 "its whole schedule within that",
                 limit, epochs, planned, cli_noun(planned, "epoch", "epochs"));
    else
        cli_note(app, "time: at most %s, enough for %s%.6g %s", limit, planned == 1 ? "" : "all ",
                 planned, cli_noun(planned, "epoch", "epochs"));
}

static void tell_disk(cli *app, const alexnet_train_start *start)
{
    char a[CLI_NUMBER], b[CLI_NUMBER], c[CLI_NUMBER];

    const bool known = start->disk_bytes_free >= 0;
    cli_note(app, "disk: up to %s during training, %s at the end%s%s%s",
             cli_bytes(start->disk_bytes_max, a), cli_bytes(start->disk_bytes, b),
             known ? ", " : "", known ? cli_bytes(start->disk_bytes_free, c) : "",
             known ? " available" : "");
}

/* Prints the first lines: model, recipe, machine, data and costs of the run. */
static void tell_start(void *user, const alexnet_train_start *start)
{
    cli *app = user;
    alexnet_machine machine;
    alexnet_model_info model;
    char a[CLI_NUMBER], b[CLI_NUMBER], c[CLI_NUMBER];

    alexnet_model_get_info(start->model, &model);
    cli_note(app, "model %s: %s parameters, %d %s", model.family,
             cli_thousands(model.parameters, a), model.classes,
             cli_noun(model.classes, "class", "classes"));
    cli_note(app, "recipe %s: %s", start->recipe, start->recipe_reason);
    if (start->trained_parameters < model.parameters)
        cli_note(app, "frozen: trains %s of %s parameters",
                 cli_thousands(start->trained_parameters, a), cli_thousands(model.parameters, b));
    if (alexnet_get_machine(app->ctx, &machine) == ALEXNET_OK)
        cli_note(app, "machine: %s %s, %d %s", machine.backend, machine.tier, machine.threads,
                 cli_noun(machine.threads, "thread", "threads"));
    cli_note(app, "data: %s %s per epoch in %s %s of %d, %s for validation",
             cli_thousands(start->images, a), cli_noun((double)start->images, "image", "images"),
             cli_thousands(start->steps_per_epoch, b),
             cli_noun((double)start->steps_per_epoch, "step", "steps"), start->batch,
             cli_thousands(start->val_images, c));
    tell_time(app, start);
    cli_note_memory(app, start->memory_bytes, start->memory_bytes_free);
    tell_disk(app, start);
    if (start->step > 0)
        cli_note(app, "run: %s, resumed after step %s", start->run, cli_thousands(start->step, a));
    else
        cli_note(app, "run: %s", start->run);
}

/* ---- after the run ---- */

/* True if a run that no option names would be written inside its own data. */
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
        return cli_usage(app, "--%s: expected a text that is not too long and has no spaces", bad);
    if (args->checkpoint_every != NULL && !parse_checkpoint_every(args->checkpoint_every, options))
        return cli_usage(
            app, "--checkpoint-every: expected a time such as 10m or a number of steps, found '%s'",
            args->checkpoint_every);
    if (options->resume == NULL && options->config == NULL && app->word_count == 0 &&
        options->data == NULL)
        return cli_usage(app, "expected DATA: a folder with a folder of images for each class");

    if (app->word_count > 0 && options->data != NULL)
        return cli_usage(app, "DATA is '%s' and --data is '%s': give one of them", app->words[0],
                         options->data);
    if (app->word_count > 0) options->data = app->words[0];
    if (options->patience == CLI_NONE) options->patience = 0;
    if (options->resume != NULL) {
        code = choose_resume(app, options, args->run, sizeof args->run);
        if (code != CLI_DONE) return code;
    } else if (options->out == NULL && goes_inside(app, options)) {
        return cli_usage(app, "the run would go to " RUNS
                              "/ inside its own data, where it would count as a class: choose a "
                              "folder outside, such as --out ../run");
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
        return cli_error(app, CLI_STOPPED,
                         "stopped before the first step: there is nothing to resume");
    code = cli_show_trained(app, &result);
    if (status == ALEXNET_OK && code == CLI_DONE) cli_show_next(app, &result);
    if (status != ALEXNET_STOPPED || code != CLI_DONE) return code;
    char *run = cli_quote(result.run);
    code = cli_error(app, CLI_STOPPED,
                     "stopped after step %lld; resume with: alexnet train --resume %s",
                     (long long)result.steps, run);
    free(run);
    return code;
}

static const cli_example examples[] = {
    {"alexnet train photos/ --model bn --out run",
     "photos/ holds one folder of images for each class, or train/ and val/ with such folders"},
    {"alexnet train photos/ --model bn --time 30m", "the same in half an hour at most"},
    {"alexnet train photos/ --from alexnet.safetensors",
     "fine-tune weights that were trained on other images, in minutes"},
    {"alexnet train cifar-10-batches-bin/ --model cifar-19pct", "a small network for small images"},
    {"alexnet train --config runs/torchvision-20250101-120000 --lr 0.005 --seed 2",
     "a new run with the settings of that one, except the options given here"},
    {"alexnet train --resume runs/torchvision-20250101-120000",
     "resume after Ctrl-C, a crash or a power failure"},
    {0},
};

const cli_command command_train = {
    .name = "train",
    .words = "DATA",
    .summary = "trains a network on images, or resumes a run",
    .examples = examples,
    .notes =
        {
            "DATA is a folder of class folders, a tar file of such a folder, a list file with "
            "lines 'PATH LABEL' or CSV with a heading, or a folder of CIFAR or MNIST files.",
            "On Ctrl-C, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU or a closed stderr, the program writes "
            "a checkpoint and ends with status 75, unless the signal was ignored when it started "
            "(nohup). A second Ctrl-C ends it at once. On SIGUSR1 it writes a checkpoint.",
            "The run folder holds config.json, log.jsonl, checkpoints/, best.safetensors and "
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
