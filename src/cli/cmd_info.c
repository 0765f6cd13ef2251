/*
 * cmd_info.c: alexnet info: shows the machine, a model, a weights file, data or a run, whichever
 * the argument is.
 * SPDX-License-Identifier: MIT
 */
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/run.h"
#include "cli/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct info_args {
    cli_network network;
    int batch;
    const char *compare;
    int plan, train, verify, stats; /* flags are int: cli/options.h */
} info_args;

static const cli_option info_options[] = {
    {"batch", 'b', CLI_INT, offsetof(info_args, batch), 1, 65536, "N",
     "images at a time, for the memory figures and the plan [1]"},
    {"compare", 0, CLI_WEIGHTS, offsetof(info_args, compare), 0, 0, "MODEL",
     "a second model or weights file, shown beside the first"},
    {"plan", 0, CLI_FLAG, offsetof(info_args, plan), 0, 0, NULL,
     "show how inference is computed here, pass by pass, with estimated times"},
    {"train", 0, CLI_FLAG, offsetof(info_args, train), 0, 0, NULL,
     "with --plan: show a training step"},
    {"stats", 0, CLI_FLAG, offsetof(info_args, stats), 0, 0, NULL,
     "for a file of tensors: read all values, and show smallest, largest, mean, standard deviation "
     "and the number that is not finite"},
    {"verify", 0, CLI_FLAG, offsetof(info_args, verify), 0, 0, NULL,
     "for weights or a run: read every file and compare it with its checksums"},
    {0},
};

static void defaults(void *data) { ((info_args *)data)->batch = 1; }

/* ---- the machine, the families, the recipes ---- */

static alexnet_status families_json(cli *app, json_t *array)
{
    an_json_maker *m = &app->json;

    for (int i = 0; i < alexnet_family_count(); ++i) {
        alexnet_family_info family;
        const alexnet_status status = alexnet_get_family(app->ctx, i, &family);
        if (status != ALEXNET_OK) return status;
        an_json_add(m, array,
                    an_json_pack(m, "{s:s, s:I, s:I, s:s, s:s}", "model", family.name, "parameters",
                                 (json_int_t)family.parameters, "macs", (json_int_t)family.macs,
                                 "summary", family.summary, "source", family.source));
    }
    return ALEXNET_OK;
}

static json_t *recipes_json(an_json_maker *m)
{
    json_t *array = an_json_list(m);

    for (int i = 0; i < alexnet_recipe_count(); ++i)
        an_json_add(m, array,
                    an_json_pack(m, "{s:s, s:s}", "recipe", alexnet_recipe_name(i), "settings",
                                 alexnet_recipe_settings(i)));
    return array;
}

/* The words of a text, separated by spaces. */
static json_t *words_json(an_json_maker *m, const char *text)
{
    json_t *array = an_json_list(m);

    for (const char *at = text; *at != '\0'; at += strspn(at, " ")) {
        const size_t length = strcspn(at, " ");
        an_json_add(m, array, an_json_pack(m, "s%", at, length));
        at += length;
    }
    return array;
}

static cli_exit machine_json(cli *app, const alexnet_machine *machine)
{
    an_json_maker *m = &app->json;
    json_t *models = an_json_list(m);
    const alexnet_status status = families_json(app, models);

    if (status != ALEXNET_OK) {
        json_decref(models);
        return cli_fail(app, status);
    }
    return cli_json_print(
        app, an_json_pack(m, "{s:i, s:s, s:s, s:s, s:i, s:o, s:o, s:o}", "schema", 1, "version",
                          alexnet_version(), "backend", machine->backend, "tier", machine->tier,
                          "threads", machine->threads, "features", words_json(m, machine->features),
                          "models", models, "recipes", recipes_json(m)));
}

static alexnet_status print_families(cli *app)
{
    cli_table table = {.align = "lrrl"};
    alexnet_status status = ALEXNET_OK;
    char a[CLI_NUMBER], b[CLI_NUMBER];

    cli_table_row(&table, "model", "parameters", "MACs", "");
    for (int i = 0; i < alexnet_family_count() && status == ALEXNET_OK; ++i) {
        alexnet_family_info family;
        status = alexnet_get_family(app->ctx, i, &family);
        if (status == ALEXNET_OK)
            cli_table_row(&table, family.name, cli_thousands(family.parameters, a),
                          cli_thousands(family.macs, b), family.summary);
    }
    cli_table_print(&table, stdout, "");
    cli_table_free(&table);
    return status;
}

static void print_recipes(void)
{
    cli_table table = {.align = "ll"};

    cli_table_row(&table, "recipe", "");
    for (int i = 0; i < alexnet_recipe_count(); ++i)
        cli_table_row(&table, alexnet_recipe_name(i), alexnet_recipe_settings(i));
    cli_table_print(&table, stdout, "");
    cli_table_free(&table);
}

static cli_exit show_machine(cli *app)
{
    alexnet_machine machine;

    alexnet_status status = alexnet_get_machine(app->ctx, &machine);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    if (app->common->json) return machine_json(app, &machine);
    cli_print(stdout, "alexnet   %s\nbackend   %s, tier %s\nthreads   %d\nfeatures  %s\n\n",
              alexnet_version(), machine.backend, machine.tier, machine.threads, machine.features);
    status = print_families(app);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    cli_print(stdout, "\n");
    print_recipes();
    return CLI_DONE;
}

/* ---- models and weights ---- */

static bool is_family(cli *app, const char *name)
{
    alexnet_family_info family;

    for (int i = 0; i < alexnet_family_count(); ++i) {
        const alexnet_status status = alexnet_get_family(app->ctx, i, &family);
        if (status == ALEXNET_NO_MEMORY) cli_end_for_memory(); /* not "no such family" */
        if (status == ALEXNET_OK && strcmp(family.name, name) == 0) return true;
    }
    return false;
}

static alexnet_status load_weights(cli *app, const info_args *args, const char *path,
                                   alexnet_model **model)
{
    const cli_network *given = &args->network;
    const alexnet_run_size size = {sizeof size, given->input_size[0], given->input_size[1],
                                   given->global_pool, given->no_squeeze};

    alexnet_status status = alexnet_model_load(app->ctx, path, model);
    if (status == ALEXNET_OK) status = alexnet_model_resize(*model, &size);
    if (status != ALEXNET_OK) {
        alexnet_model_free(*model);
        *model = NULL;
    }
    return status;
}

/* Describes a family's network, or loads a weights file. */
static alexnet_status open_model(cli *app, const info_args *args, const char *word,
                                 alexnet_model **model)
{
    return is_family(app, word)
               ? alexnet_model_describe(app->ctx, word, &args->network.model, model)
               : load_weights(app, args, word, model);
}

/* True if an option is given that changes how weights are run. */
static bool is_sized(const cli_network *given)
{
    return given->input_size[0] > 0 || given->global_pool || given->no_squeeze;
}

/* The first given option that can change a family but not a weights file; NULL: none. */
static const char *building_option(const cli_network *given)
{
    return given->model.classes >= 0   ? "--classes"
           : given->model.dropout >= 0 ? "--dropout"
           : given->no_lrn             ? "--no-lrn"
           : given->activation > 0     ? "--activation"
           : given->pooling > 0        ? "--pool"
                                       : NULL;
}

static cli_exit show_model(cli *app, const info_args *args, const char *word)
{
    alexnet_model *model, *other = NULL;
    alexnet_status status = open_model(app, args, word, &model);
    cli_exit code;

    if (status != ALEXNET_OK) return cli_fail(app, status);
    if (args->compare != NULL) status = open_model(app, args, args->compare, &other);
    if (status != ALEXNET_OK)
        code = cli_fail(app, status);
    else if (other != NULL)
        code = cli_show_compare(app, model, other);
    else if (args->plan)
        code = cli_show_plan(app, model, args->batch, args->train);
    else {
        const cli_shown_file file = {.path = word, .loaded = true};
        code = cli_show_model(app, model, args->batch, is_family(app, word) ? NULL : &file);
    }
    alexnet_model_free(other);
    alexnet_model_free(model);
    return code;
}

/* ---- data ---- */

static cli_exit show_data(cli *app, const char *path)
{
    const alexnet_data_options options = {.struct_size = sizeof options, .data = path};
    alexnet_data_info info;
    const alexnet_status status = alexnet_data_inspect(app->ctx, &options, &info);

    if (status != ALEXNET_OK) return cli_fail(app, status);
    cli_exit code = CLI_DONE;
    if (app->common->json)
        code = cli_json_print(app, cli_data_json(&app->json, path, &info));
    else
        cli_data_print(path, &info);
    alexnet_data_info_free(app->ctx, &info);
    return code;
}

/* ---- runs ---- */

/* Prints one member as text; false: out of memory. */
static bool print_member(alexnet_context *ctx, bool lines, const char *key, const json_t *value)
{
    char *text = json_is_string(value) ? NULL : an_json_line(ctx, value, 6);

    if (!json_is_string(value) && text == NULL) return false;
    cli_print(stdout, lines ? "  %-18s " : "  %s ", key);
    cli_put(stdout, text != NULL ? text : json_string_value(value));
    if (lines) cli_print(stdout, "\n");
    an_json_free(ctx, text);
    return true;
}

static bool print_object(alexnet_context *ctx, const char *title, json_t *object, bool lines)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object)) return true;
    cli_print(stdout, "%s\n", title);
    json_object_foreach(object, key, value)
    {
        if (!print_member(ctx, lines, key, value)) return false;
    }
    if (!lines) cli_print(stdout, "\n");
    return true;
}

static cli_exit print_run(cli *app, const char *path, const json_t *run)
{
    if (!json_is_object(json_object_get(run, "config")))
        return cli_error(app, CLI_BAD_DATA, "%s/config.json: not a JSON object", path);
    cli_print(stdout, "run ");
    cli_put(stdout, path);
    cli_print(stdout, "\n");
    if (print_object(app->ctx, "\nconfig", json_object_get(run, "config"), true) &&
        print_object(app->ctx, "\nlast training report", json_object_get(run, "train"), false) &&
        print_object(app->ctx, "\nlast validation", json_object_get(run, "val"), false))
        return CLI_DONE;
    return cli_error(app, CLI_FAILED, "out of memory for the result");
}

static cli_exit show_run(cli *app, const char *path)
{
    an_json_maker *m = &app->json;
    json_t *run;
    const alexnet_status status = cli_run_read(app->ctx, m, path, &run);

    if (status != ALEXNET_OK) return cli_fail(app, status);
    if (app->common->json) {
        an_json_set(m, run, "schema", an_json_int(m, 1));
        an_json_set(m, run, "run", cli_json_text(m, path));
        return cli_json_print(app, run);
    }
    const cli_exit code = print_run(app, path, run);
    json_decref(run);
    return code;
}

/* ---- verification ---- */

typedef struct verified_list {
    an_json_maker *m;
    json_t *files; /* NULL: each is a line of text */
} verified_list;

static void show_verified(void *user, const alexnet_verified *file)
{
    const verified_list *list = user;
    an_json_maker *m = list->m;

    if (list->files != NULL) {
        an_json_add(m, list->files,
                    an_json_pack(m, "{s:o, s:b, s:s, s:o}", "file", cli_json_text(m, file->file),
                                 "ok", file->error == NULL, "proof", file->proof, "error",
                                 cli_json_text(m, file->error)));
        return;
    }
    cli_print(stdout, "%-4s %-7s ", file->error == NULL ? "ok" : "BAD", file->proof);
    cli_put(stdout, file->error == NULL ? file->file : file->error);
    cli_print(stdout, "\n");
}

static cli_exit verify(cli *app, const char *path)
{
    an_json_maker *m = &app->json;
    verified_list list = {.m = m, .files = app->common->json ? an_json_list(m) : NULL};
    int bad;

    const alexnet_status status = alexnet_verify(app->ctx, path, show_verified, &list, &bad);
    if (status != ALEXNET_OK) {
        json_decref(list.files);
        return cli_fail(app, status);
    }
    if (app->common->json) {
        const cli_exit code = cli_json_print(app, an_json_pack(m, "{s:i, s:o, s:o, s:i}", "schema",
                                                               1, "path", cli_json_text(m, path),
                                                               "files", list.files, "bad", bad));
        if (code != CLI_DONE) return code;
    }
    return bad == 0 ? CLI_DONE
                    : cli_error(app, CLI_BAD_DATA, "%s: %d %s failed verification", path, bad,
                                cli_noun(bad, "file", "files"));
}

/* ---- the kind of the argument ---- */

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), n = strlen(end);
    return length >= n && strcmp(text + length - n, end) == 0;
}

static cli_exit neither(cli *app, const char *word)
{
    const char *names[64];
    size_t count = 0;
    alexnet_family_info family;

    for (int i = 0; i < alexnet_family_count() && count < CLI_COUNT_OF(names); ++i)
        if (alexnet_get_family(app->ctx, i, &family) == ALEXNET_OK) names[count++] = family.name;
    const char *near = cli_nearest(word, names, count);
    return cli_error(app, CLI_NO_INPUT, "'%s' is not a model, file or folder%s%s%s", word,
                     near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                     near != NULL ? "'?" : "");
}

static cli_exit needs_file(cli *app, const info_args *args)
{
    return args->verify ? cli_error(app, CLI_USAGE, "--verify needs weights or a run")
                        : cli_error(app, CLI_USAGE, "--stats needs a file of tensors");
}

static cli_exit needs_model(cli *app, const info_args *args, const char *option)
{
    return args->verify || args->stats
               ? needs_file(app, args)
               : cli_error(app, CLI_USAGE, "%s needs a model or a weights file", option);
}

/* The first given option that needs a model, weights or a run; NULL: none. */
static const char *idle_option(const info_args *args)
{
    const char *building = building_option(&args->network);

    return args->verify                      ? "--verify"
           : args->stats                     ? "--stats"
           : args->plan                      ? "--plan"
           : args->compare != NULL           ? "--compare"
           : building != NULL                ? building
           : args->network.input_size[0] > 0 ? "--input-size"
           : args->network.global_pool       ? "--global-pool"
           : args->network.no_squeeze        ? "--no-spatial-squeeze"
                                             : NULL;
}

/* Of a native file the values are read, too, as they have a hash. One with values that no network
   may have is shown without, if their statistics were asked for. */
static cli_exit show_whole(cli *app, const info_args *args, const char *path,
                           const alexnet_file_info *info)
{
    cli_shown_file file = {.path = path, .info = info};
    alexnet_model *loaded = NULL;

    if (strcmp(info->format, "safetensors") == 0) {
        const alexnet_status status = alexnet_model_load(app->ctx, path, &loaded);
        if (status != ALEXNET_OK && (status != ALEXNET_BAD_FILE || !args->stats))
            return cli_fail(app, status);
    }
    file.loaded = loaded != NULL;
    const cli_exit code =
        cli_show_model(app, loaded != NULL ? loaded : info->model, args->batch, &file);
    alexnet_model_free(loaded);
    return code;
}

/* Shows a file of tensors of any format. */
static cli_exit show_file(cli *app, const info_args *args, const char *path)
{
    alexnet_file_info info;
    const alexnet_status status = alexnet_file_inspect(app->ctx, path, args->stats, &info);

    if (status != ALEXNET_OK) return cli_fail(app, status);
    const cli_exit code =
        info.model != NULL ? show_whole(app, args, path, &info) : cli_show_file(app, path, &info);
    alexnet_file_info_free(app->ctx, &info);
    return code;
}

static cli_exit show_weights(cli *app, const info_args *args, const char *word)
{
    const char *building = building_option(&args->network);

    if (building != NULL && (args->compare == NULL || !is_family(app, args->compare)))
        return cli_error(app, CLI_USAGE, "%s needs a model: it cannot change a weights file",
                         building);
    if (!args->plan && args->compare == NULL && !is_sized(&args->network))
        return show_file(app, args, word);
    return show_model(app, args, word);
}

static cli_exit run_info(cli *app, void *data)
{
    info_args *args = data;
    const char *word = app->words[0];
    struct stat info;

    if (args->train && !args->plan) return cli_error(app, CLI_USAGE, "--train needs --plan");
    if (app->word_count == 0)
        return idle_option(args) != NULL ? needs_model(app, args, idle_option(args))
                                         : show_machine(app);
    if (is_family(app, word))
        return args->verify || args->stats ? needs_file(app, args) : show_model(app, args, word);
    const bool synthetic = strncmp(word, "synthetic:", 10) == 0;
    if (!synthetic && stat(word, &info) != 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? neither(app, word)
                   : cli_error(app, CLI_IO, "%s: %s", word, strerror(errno));
    const bool folder = !synthetic && S_ISDIR(info.st_mode);
    if (args->verify && !synthetic) return verify(app, word);
    const char *format = NULL; /* of a file of tensors */
    bool run = false;
    alexnet_status status = ALEXNET_OK;
    if (folder)
        status = cli_is_run(app->ctx, word, &run);
    else if (!synthetic)
        status = alexnet_file_format(app->ctx, word, &format);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    if (format != NULL || (!synthetic && !folder && ends_with(word, ".safetensors")))
        return show_weights(app, args, word);
    if (run && (args->plan || args->compare != NULL || is_sized(&args->network)))
        return show_weights(app, args, word); /* of the run */
    if (idle_option(args) != NULL) return needs_model(app, args, idle_option(args));
    return run ? show_run(app, word) : show_data(app, word);
}

static const cli_example examples[] = {
    {"alexnet info", "the machine; all models and recipes"},
    {"alexnet info torchvision",
     "layers, shapes, parameters, multiply-accumulates, tensors, memory"},
    {"alexnet info paper --compare torchvision", "two models side by side"},
    {"alexnet info torchvision --plan --train --batch 128",
     "how a training step is computed here, with the estimated time of each pass"},
    {"alexnet info run/best.safetensors --json",
     "the same for a weights file, with its classes and hash"},
    {"alexnet info weights.pth --stats",
     "any file of tensors, from PyTorch, Caffe, ONNX or NumPy, with the range of each tensor's "
     "values"},
    {"alexnet info run --verify", "checks that no file of a run has changed"},
    {"alexnet info photos/", "the classes and the number of images of each"},
    {"alexnet info runs/torchvision-20250101-120000", "the settings and progress of a run"},
    {0},
};

const cli_command command_info = {
    .name = "info",
    .words = "[MODEL|WEIGHTS|DATA|RUN]",
    .summary = "shows the machine, a model, weights, data or a run",
    .examples = examples,
    .words_max = 1,
    .weights_words = 1,
    .options = info_options,
    .args_bytes = sizeof(info_args),
    .computes = true,
    .builds = true,
    .defaults = defaults,
    .run = run_info,
};
