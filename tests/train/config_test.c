/*
 * config_test.c: a caller's options, a recipe and an earlier run make a config; what is refused.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include "base/memory.h"
#include "train/config.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

static const an_family *family(const char *name)
{
    const an_family *found = an_family_find(name);

    assert_non_null(found);
    return found;
}

static alexnet_train_options options_for(const char *data)
{
    alexnet_train_options options = alexnet_train_options_default();

    options.data = data;
    return options;
}

static void the_recipe_is_the_family_s_own(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    const alexnet_train_options options = options_for("photos");
    an_config config;

    (void)unused;
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("cifar-19pct"), &config));
    assert_string_equal(config.data, "photos");
    assert_string_equal(config.model, "cifar-19pct");
    assert_string_equal(config.recipe_name, "cifar-19pct");
    assert_true(config.recipe.lr == 0.001);
    assert_true(config.network.dropout < 0);
    assert_true(config.val_split == 0.1 && config.seed == 1 && config.steps == -1);
    assert_true(config.stop_at_top1 == -1 && config.patience == 0);
    assert_true(config.checkpoint_seconds == 600 && config.checkpoint_keep == 2);
    assert_null(config.val);
    an_config_free(ctx, &config);
    an_test_close(ctx, &memory);
}

static void options_override_the_recipe(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    alexnet_train_options options = options_for("photos");
    an_config config;

    (void)unused;
    options.recipe = "torchvision";
    an_test_set(&options, "batch=7 lr=0.5 momentum=0 weight_decay=0.25");
    options.epochs = 1.5;
    an_test_set(&options, "schedule=cosine augment=none init=he update=adam");
    an_test_set(&options, "bias_lr=2 bias_decay=0.5 rho=0.75 beta2=0.99 epsilon=1");
    an_test_set(&options, "average=0.99 smoothing=0.1");
    options.freeze = "features";
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("torchvision"), &config));
    assert_int_equal(config.recipe.batch, 7);
    assert_true(config.recipe.lr == 0.5 && config.recipe.momentum == 0);
    assert_true(config.recipe.weight_decay == 0.25 && config.recipe.epochs == 1.5);
    assert_string_equal(config.recipe.schedule, "cosine");
    assert_string_equal(config.recipe.augment, "none");
    assert_int_equal(config.recipe.init, AN_RECIPE_INIT_HE);
    assert_int_equal(config.recipe.update, AN_UPDATE_ADAM);
    assert_true(config.recipe.bias_lr == 2 && config.recipe.bias_decay == 0.5);
    assert_true(config.recipe.rho == 0.75 && config.recipe.beta2 == 0.99);
    assert_true(config.recipe.epsilon == 1);
    assert_true(config.recipe.average == 0.99 && config.recipe.smoothing == 0.1);
    assert_string_equal(config.freeze, "features");
    an_config_free(ctx, &config);
    an_test_close(ctx, NULL);
}

/* Option before recipe before family; and no dropout if the family has none. */
static void who_decides_on_dropout(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    alexnet_train_options options = options_for("photos");
    alexnet_model_options network = alexnet_model_options_default();
    an_config config;
    an_recipe quick;

    (void)unused;
    an_assert_ok(ctx, an_recipe_find(ctx, "quick", &quick));
    options.recipe = "quick";
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("torchvision"), &config));
    assert_true(config.network.dropout == quick.dropout);
    an_config_free(ctx, &config);
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("cifar-19pct"), &config));
    assert_true(config.network.dropout < 0);
    an_config_free(ctx, &config);
    network.dropout = 0.75;
    options.model_options = &network;
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("torchvision"), &config));
    assert_true(config.network.dropout == 0.75);
    an_config_free(ctx, &config);
    an_test_close(ctx, NULL);
}

static void values_out_of_range_are_named(void **unused)
{
    static char longer[AN_SETTING_TEXT + 16] = "schedule=";
    enum { INT, LONG, REAL, TEXT };
    const struct {
        const char *message;
        size_t member;
        int type;
        double number;
        const char *text;
    } rows[] = {
#define AT(member)     offsetof(alexnet_train_options, member)
#define SETTINGS(text) AT(settings), TEXT, 0, text
        {"patience is -2", AT(patience), INT, -2, NULL},
        {"steps is 0, expected 1 to", AT(steps), LONG, 0, NULL},
        {"epochs is 0, expected 1e-06 to", AT(epochs), REAL, 0, NULL},
        {"seconds is 0, expected 0.001 to", AT(seconds), REAL, 0, NULL},
        {"checkpoint_keep is -2, expected 0 to", AT(checkpoint_keep), INT, -2, NULL},
        {"val_split is 1", AT(val_split), REAL, 1, NULL},
        {"stop_at_top1 is 1.5", AT(stop_at_top1), REAL, 1.5, NULL},
        {"checkpoint_seconds is -2", AT(checkpoint_seconds), REAL, -2, NULL},
        {"unknown recipe 'quik'", AT(recipe), TEXT, 0, "quik"},
        {"batch=0: expected a whole number from 1 to 65536", SETTINGS("batch=0")},
        {"lr=-1: expected a number from 0 to", SETTINGS("lr=-1")},
        {"momentum=1: expected", SETTINGS("momentum=1")},
        {"weight_decay=-0.5: expected", SETTINGS("weight_decay=-0.5")},
        {"bias_lr=-1: expected", SETTINGS("bias_lr=-1")},
        {"bias_decay=1001: expected", SETTINGS("bias_decay=1001")},
        {"rho=1: expected", SETTINGS("rho=1")},
        {"beta2=1: expected", SETTINGS("beta2=1")},
        {"epsilon=0: expected", SETTINGS("epsilon=0")},
        {"average=1: expected", SETTINGS("average=1")},
        {"smoothing=-0.5: expected", SETTINGS("smoothing=-0.5")},
        {"mixup=3: expected", SETTINGS("mixup=3")},
        {"grow=-1: expected", SETTINGS("grow=-1")},
        {"views=1001: expected", SETTINGS("views=1001")},
        {"update=sgd: expected one of torch|paper|rmsprop|adam", SETTINGS("update=sgd")},
        {"init=xavier: expected one of family|he", SETTINGS("init=xavier")},
        {"schedule=xxx", SETTINGS(longer)},
        {"unknown setting 'learning_rate'", SETTINGS("learning_rate=1")},
        {"'bacth'; did you mean 'batch'?", SETTINGS("bacth=1")},
        {"settings: epochs belongs to recipes", SETTINGS("lr=1 epochs=3")},
        {"'lr' is given twice", SETTINGS("lr=1 lr=1")},
#undef SETTINGS
#undef AT
    };
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);

    (void)unused;
    memset(longer + strlen(longer), 'x', AN_SETTING_TEXT);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_train_options options = options_for("photos");
        char *at = (char *)&options + rows[i].member;
        const int integer = (int)rows[i].number;
        const int64_t longer_integer = integer;
        an_config config;
        if (rows[i].type == INT)
            memcpy(at, &integer, sizeof integer);
        else if (rows[i].type == LONG)
            memcpy(at, &longer_integer, sizeof longer_integer);
        else if (rows[i].type == REAL)
            memcpy(at, &rows[i].number, sizeof rows[i].number);
        else
            memcpy(at, &rows[i].text, sizeof rows[i].text);
        an_assert_status(ctx, an_config_resolve(ctx, &options, family("torchvision"), &config),
                         ALEXNET_BAD_ARG);
        an_assert_error(ctx, rows[i].message);
    }
    an_test_close(ctx, &memory);
}

static void a_resumed_run_may_be_longer(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    alexnet_train_options options = options_for("photos");
    alexnet_train_options later = alexnet_train_options_default();
    an_config config;

    (void)unused;
    options.epochs = 3;
    options.seconds = 60;
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("torchvision"), &config));
    an_assert_ok(ctx, an_config_change(ctx, &later, &config));
    assert_true(config.recipe.epochs == 3 && config.seconds == 60 && config.steps == -1);
    later.epochs = 5;
    later.steps = 1000;
    an_assert_ok(ctx, an_config_change(ctx, &later, &config));
    assert_true(config.recipe.epochs == 5 && config.seconds == 60 && config.steps == 1000);
    later = alexnet_train_options_default();
    later.patience = 4;
    later.stop_at_top1 = 0.5;
    later.checkpoint_seconds = 0;
    later.checkpoint_steps = 7;
    later.checkpoint_keep = 3;
    an_assert_ok(ctx, an_config_change(ctx, &later, &config));
    assert_true(config.patience == 4 && config.stop_at_top1 == 0.5 && config.steps == 1000);
    assert_true(config.checkpoint_seconds == 0 && config.checkpoint_steps == 7);
    assert_int_equal(config.checkpoint_keep, 3);
    later = alexnet_train_options_default(); /* and back again */
    later.steps = ALEXNET_NO_LIMIT;
    later.seconds = ALEXNET_NO_LIMIT;
    later.stop_at_top1 = ALEXNET_NO_LIMIT;
    later.patience = 0;
    an_assert_ok(ctx, an_config_change(ctx, &later, &config));
    assert_true(config.steps == -1 && config.seconds == -1 && config.stop_at_top1 == -1);
    assert_int_equal(config.patience, 0);
    later.epochs = 1e20;
    an_assert_status(ctx, an_config_change(ctx, &later, &config), ALEXNET_BAD_ARG);
    an_config_free(ctx, &config);
    an_test_close(ctx, NULL);
}

/* Equal options are accepted; any other is refused, and then nothing changes. */
/* Without a recipe option, the recipe is chosen by the data, and the reason is given. */
static void the_recipe_follows_from_the_data(void **unused)
{
    static const struct {
        const char *family, *recipe, *from;
        int64_t images;
        const char *expected, *reason;
        double epochs;
    } rows[] = {
        {"torchvision", NULL, NULL, 2500, "quick", "2500 images are a small set", 40},
        {"torchvision", NULL, NULL, 36, "quick", "36 images are a small set", 150},
        {"torchvision", NULL, NULL, 99999, "quick", "99999 images are a small set", 15},
        {"paper", NULL, NULL, 9469, "quick", "9469 images are a small set", 15},
        {"bn", NULL, NULL, 9469, "quick-bn", "9469 images are a small set", 15},
        {"bn", NULL, "w", 9469, "finetune",
         "9469 images are a small set, and there are weights to start from", 8},
        {"torchvision", NULL, NULL, 100000, "torchvision",
         "model torchvision's own, as there are 100000 images", 90},
        {"torchvision", NULL, "w", 100000, "torchvision",
         "model torchvision's own, as there are 100000 images", 90},
        {"torchvision", NULL, "w", 9469, "finetune",
         "9469 images are a small set, and there are weights to start from", -1},
        {"cifar-19pct", NULL, NULL, 36, "cifar-19pct",
         "model cifar-19pct and its recipe are made for one data set", 140},
        {"figure1-tanh", NULL, "w", 50000, "figure1-tanh",
         "model figure1-tanh and its recipe are made for one data set", 40},
        {"torchvision", "caffe", "w", 36, "caffe", "requested", 90},
        {"torchvision", "quick", NULL, 1200000, "quick", "requested", 15},
    };
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_train_options options = alexnet_train_options_default();
        an_config config;
        options.data = "photos";
        options.recipe = rows[i].recipe;
        options.from = rows[i].from;
        an_assert_ok(ctx, an_config_resolve(ctx, &options, family(rows[i].family), &config));
        an_assert_ok(
            ctx, an_config_suit(ctx, &options, family(rows[i].family), rows[i].images, &config));
        assert_string_equal(config.recipe_name, rows[i].expected);
        assert_string_equal(config.recipe_reason, rows[i].reason);
        if (rows[i].epochs > 0) assert_true(config.recipe.epochs == rows[i].epochs);
        an_config_free(ctx, &config);
        options.epochs = 3;
        an_assert_ok(ctx, an_config_resolve(ctx, &options, family(rows[i].family), &config));
        an_assert_ok(
            ctx, an_config_suit(ctx, &options, family(rows[i].family), rows[i].images, &config));
        assert_true(config.recipe.epochs == 3);
        an_config_free(ctx, &config);
    }
    an_test_close(ctx, NULL);
}

static void what_a_run_is_does_not_change(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    char *folder = an_test_folder_open();
    alexnet_train_options options, same, other;
    alexnet_model_options network = alexnet_model_options_default(), other_dropout = network;
    alexnet_model_options other_classes = network, other_input_h = network;
    const struct {
        void *member;
        const void *value;
        size_t bytes;
        const char *message;
    } rows[] = {
#define ROW(member, type, value, message) {&other.member, &(type){value}, sizeof(type), message}
        ROW(data, const char *, "synthetic:classes=2",
            "photos' and cannot become 'synthetic:classes=2'"),
        ROW(val, const char *, "photos", "val is none and cannot become 'photos'"),
        ROW(val_split, double, 0.25, "val_split is 0.1 and cannot become 0.25"),
        ROW(model, const char *, "cifar-19pct",
            "model is 'torchvision' and cannot become 'cifar-19pct'"),
        ROW(model_options, const alexnet_model_options *, &other_dropout,
            "dropout is 0.75 and cannot become 0.25"),
        ROW(model_options, const alexnet_model_options *, &other_classes,
            "classes is none and cannot become 7"),
        ROW(model_options, const alexnet_model_options *, &other_input_h,
            "input_h is 224 and cannot become 128"),
        ROW(from, const char *, "w", "from is none and cannot become 'w'"),
        ROW(freeze, const char *, "conv1", "freeze is 'features' and cannot become 'conv1'"),
        ROW(recipe, const char *, "quick", "recipe is 'torchvision' and cannot become 'quick'"),
        ROW(settings, const char *, "batch=8", "batch is 7 and cannot become 8"),
        ROW(settings, const char *, "lr=0.25", "lr is 0.5 and cannot become 0.25"),
        ROW(settings, const char *, "schedule=constant",
            "schedule is 'cosine' and cannot become 'constant'"),
        ROW(settings, const char *, "bias_schedule=cosine",
            "bias_schedule is '' and cannot become 'cosine'"),
        ROW(settings, const char *, "events=1:rate=0.5",
            "events is '' and cannot become '1:rate=0.5'"),
        ROW(settings, const char *, "init=he", "init is family and cannot become he"),
        ROW(settings, const char *, "update=adam", "update is torch and cannot become adam"),
        ROW(settings, const char *, "bias_lr=2", "bias_lr is 1 and cannot become 2"),
        ROW(settings, const char *, "bias_decay=0", "bias_decay is 1 and cannot become 0"),
        ROW(settings, const char *, "rho=0.5", "rho is 0.9 and cannot become 0.5"),
        ROW(settings, const char *, "beta2=0.5", "beta2 is 0.999 and cannot become 0.5"),
        ROW(settings, const char *, "epsilon=1", "epsilon is 1e-08 and cannot become 1"),
        ROW(settings, const char *, "average=0.5", "average is 0 and cannot become 0.5"),
        ROW(settings, const char *, "smoothing=0.5", "smoothing is 0 and cannot become 0.5"),
        ROW(settings, const char *, "mixup=0.5", "mixup is 0 and cannot become 0.5"),
        ROW(settings, const char *, "grow=128", "grow is 0 and cannot become 128"),
        ROW(settings, const char *, "views=2", "views is 0 and cannot become 2"),
        ROW(orientation, alexnet_orientation, ALEXNET_ORIENTATION_STORED,
            "orientation is exif and cannot become stored"),
        ROW(seed, int64_t, 2, "seed is 9 and cannot become 2"),
        ROW(on_bad_image, alexnet_bad_image, ALEXNET_BAD_IMAGE_FAIL,
            "on_bad_image is skip and cannot become fail"),
#undef ROW
    };
    an_config config;

    (void)unused;
    other_dropout.dropout = 0.25;
    other_classes.classes = 7;
    other_input_h.input_h = 128;
    options = options_for(an_test_path(folder, "photos"));
    an_assert_ok(ctx, an_folder_make(ctx, options.data));
    options.recipe = "torchvision";
    network.dropout = 0.75;
    network.input_h = 224;
    options.model_options = &network;
    options.freeze = "features";
    options.orientation = ALEXNET_ORIENTATION_EXIF;
    an_test_set(&options, "batch=7 lr=0.5 schedule=cosine");
    options.seed = 9;
    options.on_bad_image = ALEXNET_BAD_IMAGE_SKIP;
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("torchvision"), &config));
    same = options;
    same.data = an_test_path(folder, "photos/../photos/");
    same.model = "torchvision";
    same.recipe = "torchvision";
    same.epochs = 5;
    an_assert_ok(ctx, an_config_change(ctx, &same, &config));
    assert_true(config.recipe.epochs == 5);
    assert_string_equal(config.data, options.data);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        other = alexnet_train_options_default();
        other.epochs = 6;
        memcpy(rows[i].member, rows[i].value, rows[i].bytes);
        an_assert_status(ctx, an_config_change(ctx, &other, &config), ALEXNET_BAD_ARG);
        an_assert_error(ctx, rows[i].message);
        assert_true(config.recipe.epochs == 5);
    }
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status = an_config_change(ctx, &same, &config);
        if (!an_test_fault_disarm(&fault)) break;
        an_assert_status(ctx, status, ALEXNET_NO_MEMORY);
    }
    an_config_free(ctx, &config);
    an_test_folder_close(folder);
    an_test_close(ctx, &memory);
}

/* ---- from another run's config ---- */

/* A run of cifar-19pct, as read from a file. */
static const char *write_base(alexnet_context *ctx, const char *folder)
{
    const char *path = an_test_path(folder, "config.json");
    alexnet_train_options options = options_for("photos");
    an_config config;

    options.val = "others";
    options.from = "w.safetensors";
    options.freeze = "conv1";
    options.recipe = "quick";
    an_test_set(&options, "lr=0.25");
    options.steps = 7;
    options.seed = 9;
    options.orientation = ALEXNET_ORIENTATION_EXIF;
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("cifar-19pct"), &config));
    config.network.classes = 5;
    config.network.input_h = config.network.input_w = 40;
    config.train_images = 100;
    config.train_sha256 = an_copy_text(ctx, "abc");
    an_assert_ok(ctx, an_config_write(ctx, &config, path));
    an_config_free(ctx, &config);
    return path;
}

static void a_new_run_is_as_the_old_one_but_for_what_is_given(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    char *folder = an_test_folder_open();
    const char *path = write_base(ctx, folder);
    alexnet_train_options options = alexnet_train_options_default();
    alexnet_model_options network = alexnet_model_options_default();
    an_recipe recipe;
    an_config base, config;

    (void)unused;
    for (int by_folder = 0; by_folder < 2; ++by_folder) {
        an_assert_ok(ctx, an_config_open(ctx, by_folder ? folder : path, &base));
        assert_null(base.train_sha256); /* the new run's data may differ */
        assert_true(base.train_images == 0 && base.network.classes == -1);
        if (!by_folder) an_config_free(ctx, &base);
    }
    const an_family *same = family("cifar-19pct");
    an_assert_ok(ctx, an_config_resolve_from(ctx, &base, &options, same, &config));
    assert_string_equal(config.data, "photos");
    assert_string_equal(config.val, "others");
    assert_string_equal(config.from, "w.safetensors");
    assert_string_equal(config.freeze, "conv1");
    assert_string_equal(config.recipe_name, "quick");
    assert_true(config.recipe.lr == 0.25 && config.steps == 7 && config.seed == 9);
    assert_true(config.network.input_h == 40 && config.network.dropout < 0);
    assert_int_equal(config.orientation, ALEXNET_ORIENTATION_EXIF);
    an_config_free(ctx, &config);

    an_test_set(&options, "lr=0.5");
    options.data = "elsewhere";
    options.from = "none";
    options.freeze = "";
    options.seed = 2;
    options.steps = 8;
    options.orientation = ALEXNET_ORIENTATION_STORED;
    network.input_h = network.input_w = 48;
    options.model_options = &network;
    an_assert_ok(ctx, an_config_resolve_from(ctx, &base, &options, same, &config));
    assert_string_equal(config.data, "elsewhere");
    assert_null(config.val); /* belonged to the old data */
    assert_null(config.from);
    assert_null(config.freeze);
    assert_true(config.recipe.lr == 0.5 && config.steps == 8 && config.seed == 2);
    assert_int_equal(config.network.input_h, 48);
    assert_int_equal(config.orientation, ALEXNET_ORIENTATION_STORED);
    an_config_free(ctx, &config);

    /* the recipe's dropout holds for another family, too */
    options = alexnet_train_options_default();
    options.model = "torchvision";
    an_assert_ok(ctx, an_recipe_find(ctx, "quick", &recipe));
    an_assert_ok(ctx, an_config_resolve_from(ctx, &base, &options, family("torchvision"), &config));
    assert_string_equal(config.recipe_name, "quick");
    assert_true(recipe.dropout > 0 && config.network.dropout == recipe.dropout);
    an_config_free(ctx, &config);

    /* another recipe replaces the settings, another family the model's options */
    options = alexnet_train_options_default();
    options.recipe = "paper";
    options.model = "torchvision";
    options.val = "yet/others";
    an_assert_ok(ctx, an_recipe_find(ctx, "paper", &recipe));
    an_assert_ok(ctx, an_config_resolve_from(ctx, &base, &options, family("torchvision"), &config));
    assert_string_equal(config.model, "torchvision");
    assert_string_equal(config.val, "yet/others");
    assert_true(config.recipe.lr == recipe.lr && config.recipe.batch == recipe.batch);
    assert_true(config.network.input_h == -1);
    an_config_free(ctx, &config);

    an_test_set(&options, "batch=0");
    an_assert_status(ctx, an_config_resolve_from(ctx, &base, &options, same, &config),
                     ALEXNET_BAD_ARG);
    an_assert_error(ctx, "batch=0");
    an_config_free(ctx, &base);
    an_test_folder_close(folder);
    an_test_close(ctx, &memory);
}

static void what_is_no_config_is_not_begun_with(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "c.json");
    static const struct {
        const char *text, *message;
        alexnet_status status;
    } rows[] = {
        {"{\"a\": 1}", "c.json: it is not the config.json of a run: 'schema'", ALEXNET_BAD_FILE},
        {"{\"schema\": 1, \"recipe\": \"quick\", \"version\": \"0.1\"}",
         "c.json: schema 1, expected 2: it is of another version of alexnet (0.1)",
         ALEXNET_UNSUPPORTED},
        {"{", "c.json", ALEXNET_BAD_FILE},
        {"", "c.json", ALEXNET_BAD_FILE},
    };
    an_config config;

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_test_write_text(path, rows[i].text);
        an_assert_status(ctx, an_config_open(ctx, path, &config), rows[i].status);
        an_assert_error(ctx, rows[i].message);
    }
    an_assert_status(ctx, an_config_open(ctx, folder, &config), ALEXNET_NOT_FOUND);
    an_assert_error(ctx, "not a run folder: no config.json");
    an_assert_status(ctx, an_config_open(ctx, an_test_path(folder, "none"), &config),
                     ALEXNET_NOT_FOUND);
    write_base(ctx, folder);
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, ctx, AN_FAULT_ANY, n, false, EIO);
        const alexnet_status status = an_config_open(ctx, folder, &config);
        an_config_free(ctx, &config);
        if (!an_test_fault_disarm(&fault)) break;
        assert_int_not_equal(status, ALEXNET_OK);
    }
    an_test_folder_close(folder);
    an_test_close(ctx, &memory);
}

static void paths_become_absolute(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    alexnet_train_options options = options_for("synthetic:classes=2,images=9");
    char here[4096];
    an_config config;

    (void)unused;
    assert_non_null(getcwd(here, sizeof here));
    options.val = "./.";
    options.from = "/no/such/file";
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("torchvision"), &config));
    an_assert_status(ctx, an_config_root(ctx, &config), ALEXNET_NOT_FOUND);
    an_assert_error(ctx, "/no/such/file");
    assert_string_equal(config.data, options.data);
    assert_string_equal(config.val, here);
    an_config_free(ctx, &config);
    an_test_close(ctx, &memory);
}

static void memory_may_run_out(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    alexnet_train_options options = options_for("photos");

    (void)unused;
    options.val = "other";
    options.from = "w";
    options.freeze = "features";
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_config config;
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status =
            an_config_resolve(ctx, &options, family("torchvision"), &config);
        an_config_free(ctx, &config);
        if (!an_test_fault_disarm(&fault)) break;
        an_assert_status(ctx, status, ALEXNET_NO_MEMORY);
    }
    an_test_close(ctx, &memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recipe_is_the_family_s_own),
        cmocka_unit_test(options_override_the_recipe),
        cmocka_unit_test(who_decides_on_dropout),
        cmocka_unit_test(values_out_of_range_are_named),
        cmocka_unit_test(a_resumed_run_may_be_longer),
        cmocka_unit_test(the_recipe_follows_from_the_data),
        cmocka_unit_test(what_a_run_is_does_not_change),
        cmocka_unit_test(a_new_run_is_as_the_old_one_but_for_what_is_given),
        cmocka_unit_test(what_is_no_config_is_not_begun_with),
        cmocka_unit_test(paths_become_absolute),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
