/*
 * config_file.c: the part of config.h for config.json. One table of members serves checking,
 * comparing, writing and reading: a new member of an_config is a row of it, a setting of the recipe
 * a row of recipe_keys.inc.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "core/session.h"
#include "train/config.h"
#include <limits.h>
#include <string.h>

#define SCHEMA      2
#define VALUE_BYTES 256 /* of a value in a message; longer ones are cut */

/* ---- the table ---- */

typedef enum member_type {
    TEXT,  /* char *, allocated; NULL is null */
    PATH,  /* the same; two are equal if they lead to the same file */
    WORD,  /* char[AN_SETTING_TEXT] */
    INT,   /* int */
    LONG,  /* int64_t */
    SEED,  /* uint64_t, any bits: written as an int64_t */
    REAL,  /* double */
    CHOICE /* int; the index in `choices` */
} member_type;

typedef struct member {
    const char *name;
    member_type type;
    size_t offset;
    double min, max; /* INT, LONG, REAL */
    bool optional;   /* for these types: -1 means none, and is null in the file */
    const char *choices;
} member;

#define AT(path)    offsetof(an_config, path)
#define LARGE       9007199254740992.0    /* 2^53: a double holds every integer up to here */
#define DTYPES      "fp32|bf16"           /* alexnet_dtype; int8 does not train */
#define BAD_CHOICES "default|fail|skip"   /* alexnet_bad_image */
#define WAYS        "default|exif|stored" /* alexnet_orientation */

/* The settings of the recipe; a TEXT of base/settings.h is a WORD here. */
#define OF_INT    INT
#define OF_REAL   REAL
#define OF_CHOICE CHOICE
#define OF_TEXT   WORD
#define AN_RECIPE_KEY(name, kind, min, max, fallback, option, letter, value, help)                 \
    {#name, OF_##kind, AT(recipe.name), min, max, false, value},

/* Members that must not change on resume. */
static const member fixed[] = {
    {"data", PATH, AT(data), 0, 0, false, NULL},
    {"val", PATH, AT(val), 0, 0, false, NULL},
    {"val_split", REAL, AT(val_split), 0, ALEXNET_VAL_SPLIT_MAX, false, NULL},
    {"model", TEXT, AT(model), 0, 0, false, NULL},
    {"classes", INT, AT(network.classes), 0, ALEXNET_CLASSES_MAX, true, NULL},
    {"dropout", REAL, AT(network.dropout), 0, ALEXNET_DROPOUT_MAX, true, NULL},
    {"input_h", INT, AT(network.input_h), 1, ALEXNET_INPUT_MAX, true, NULL},
    {"input_w", INT, AT(network.input_w), 1, ALEXNET_INPUT_MAX, true, NULL},
    {"global_pool", INT, AT(network.global_pool), 0, 1, true, NULL},
    {"squeeze", INT, AT(network.squeeze), 0, 1, true, NULL},
    {"lrn", INT, AT(network.lrn), 0, 1, true, NULL},
    {"activation", INT, AT(network.activation), 0, 1, true, NULL},
    {"pooling", INT, AT(network.pooling), 0, 1, true, NULL},
    {"from", PATH, AT(from), 0, 0, false, NULL},
    {"freeze", TEXT, AT(freeze), 0, 0, false, NULL},
    {"orientation", CHOICE, AT(orientation), 0, 0, false, WAYS},
    {"train_images", LONG, AT(train_images), 0, LARGE, false, NULL},
    {"val_images", LONG, AT(val_images), 0, LARGE, false, NULL},
    {"train_sha256", TEXT, AT(train_sha256), 0, 0, false, NULL},
    {"val_sha256", TEXT, AT(val_sha256), 0, 0, false, NULL},
    {"recipe", TEXT, AT(recipe_name), 0, 0, false, NULL},
    {"recipe_reason", TEXT, AT(recipe_reason), 0, 0, false, NULL},
#include "train/recipe_keys.inc"
    {"seed", SEED, AT(seed), 0, 0, false, NULL},
    {"dtype", CHOICE, AT(dtype), 0, 0, false, DTYPES},
    {"on_bad_image", CHOICE, AT(on_bad_image), 0, 0, false, BAD_CHOICES},
};

/* Members that may change on resume. */
static const member changeable[] = {
    {"epochs", REAL, AT(recipe.epochs), ALEXNET_EPOCHS_MIN, ALEXNET_EPOCHS_MAX, false, NULL},
    {"steps", LONG, AT(steps), 1, LARGE, true, NULL},
    {"seconds", REAL, AT(seconds), ALEXNET_SECONDS_MIN, 1e12, true, NULL},
    {"patience", INT, AT(patience), 0, ALEXNET_PATIENCE_MAX, false, NULL},
    {"stop_at_top1", REAL, AT(stop_at_top1), 0, 1, true, NULL},
    {"checkpoint_seconds", REAL, AT(checkpoint_seconds), 0, 1e12, false, NULL},
    {"checkpoint_steps", LONG, AT(checkpoint_steps), 0, LARGE, false, NULL},
    {"checkpoint_keep", INT, AT(checkpoint_keep), 0, ALEXNET_CHECKPOINT_KEEP_MAX, false, NULL},
};

/* Members that files of older versions do not have; absent means none. */
static const member later[] = {
    {"first_data", PATH, AT(first_data), 0, 0, false, NULL},
    {"first_val", PATH, AT(first_val), 0, 0, false, NULL},
    {"tier", TEXT, AT(tier), 0, 0, false, NULL},
    {"solverstate", PATH, AT(solverstate), 0, 0, false, NULL},
};

static bool is_text(const member *m) { return m->type == TEXT || m->type == PATH; }

/* ---- ranges ---- */

static bool is_number(const member *m)
{
    return m->type == INT || m->type == LONG || m->type == REAL;
}

static double number_at(const member *m, const void *at)
{
    if (m->type == INT) return *(const int *)at;
    return m->type == LONG ? (double)*(const int64_t *)at : *(const double *)at;
}

static bool is_none(const member *m, const void *at)
{
    return m->optional && number_at(m, at) == -1;
}

/* Whether a choice of "a|b|c" has this index. */
static bool is_choice(const char *choices, int index)
{
    int count = 1;

    for (; *choices != '\0'; ++choices)
        count += *choices == '|';
    return index >= 0 && index < count;
}

static alexnet_status check_table(alexnet_context *ctx, const an_config *config,
                                  const member *table, size_t count)
{
    char found[AN_REAL_SIZE], min[AN_REAL_SIZE], max[AN_REAL_SIZE];

    for (const member *m = table; m < table + count; ++m) {
        const void *at = (const char *)config + m->offset;
        const double number = is_number(m) ? number_at(m, at) : 0;
        if (m->type == CHOICE && !is_choice(m->choices, *(const int *)at))
            return an_fail(ctx, ALEXNET_BAD_ARG, "%s is %d, expected one of %s", m->name,
                           *(const int *)at, m->choices);
        if (!is_number(m) || is_none(m, at) || (number >= m->min && number <= m->max)) continue;
        an_print_real(found, number);
        an_print_real(min, m->min);
        an_print_real(max, m->max);
        return an_fail(ctx, ALEXNET_BAD_ARG, "%s is %s, expected %s to %s", m->name, found, min,
                       max);
    }
    return ALEXNET_OK;
}

alexnet_status an_config_check(alexnet_context *ctx, const an_config *config)
{
    AN_TRY(an_session_check_training(ctx, (alexnet_dtype)config->dtype));
    AN_TRY(check_table(ctx, config, fixed, AN_COUNT(fixed)));
    return check_table(ctx, config, changeable, AN_COUNT(changeable));
}

/* ---- words of a choice: "a|b|c" ---- */

static const char *choice_text(const char *choices, int index, char text[VALUE_BYTES])
{
    for (; index > 0; --index)
        choices = strchr(choices, '|') + 1;
    an_print(text, VALUE_BYTES, "%.*s", (int)strcspn(choices, "|"), choices);
    return text;
}

int an_config_choice(const char *choices, const char *word)
{
    for (int i = 0;; ++i) {
        const size_t length = strcspn(choices, "|");
        if (length == strlen(word) && memcmp(choices, word, length) == 0) return i;
        if (choices[length] == '\0') return -1;
        choices += length + 1;
    }
}

/* ---- copying and comparing ---- */

/* The i-th text member of all tables; NULL: there are no more. */
static const member *text_at(size_t i)
{
    for (const member *m = fixed; m < fixed + AN_COUNT(fixed); ++m)
        if (is_text(m) && i-- == 0) return m;
    return i < AN_COUNT(later) ? &later[i] : NULL;
}

void an_config_free(alexnet_context *ctx, an_config *config)
{
    const member *m;

    for (size_t i = 0; (m = text_at(i)) != NULL; ++i)
        an_free(ctx, *(char **)((char *)config + m->offset));
    *config = (an_config){0};
}

alexnet_status an_config_copy(alexnet_context *ctx, const an_config *config, an_config *out)
{
    alexnet_status status = ALEXNET_OK;
    const member *m;

    *out = *config;
    for (size_t i = 0; (m = text_at(i)) != NULL; ++i) {
        char **text = (char **)((char *)out + m->offset);
        if (*text == NULL) continue;
        *text = status == ALEXNET_OK ? an_copy_text(ctx, *text) : NULL;
        if (*text == NULL) status = ALEXNET_NO_MEMORY;
    }
    if (status == ALEXNET_OK) return ALEXNET_OK;
    an_config_free(ctx, out);
    return an_fail(ctx, ALEXNET_NO_MEMORY, "config");
}

static alexnet_status same_value(alexnet_context *ctx, const member *m, const void *a,
                                 const void *b, bool *same)
{
    char *const *x = a, *const *y = b;

    if (is_text(m)) {
        *same = *x == *y || (*x != NULL && *y != NULL && strcmp(*x, *y) == 0);
        if (!*same && m->type == PATH && *x != NULL && *y != NULL)
            return an_file_same(ctx, *x, *y, same);
    } else if (m->type == WORD)
        *same = strcmp(a, b) == 0;
    else if (m->type == CHOICE)
        *same = *(const int *)a == *(const int *)b;
    else if (m->type == SEED)
        *same = *(const uint64_t *)a == *(const uint64_t *)b;
    else
        *same = number_at(m, a) == number_at(m, b);
    return ALEXNET_OK;
}

/* A value for a message. */
static const char *value_text(const member *m, const void *at, char text[VALUE_BYTES])
{
    char *const *allocated = at;
    char real[AN_REAL_SIZE];

    if (is_none(m, at) || (is_text(m) && *allocated == NULL))
        an_print(text, VALUE_BYTES, "none");
    else if (is_text(m))
        an_print(text, VALUE_BYTES, "'%s'", *allocated);
    else if (m->type == WORD)
        an_print(text, VALUE_BYTES, "'%s'", (const char *)at);
    else if (m->type == CHOICE)
        choice_text(m->choices, *(const int *)at, text);
    else if (m->type == SEED)
        an_print(text, VALUE_BYTES, "%llu", (unsigned long long)*(const uint64_t *)at);
    else {
        an_print_real(real, number_at(m, at));
        an_print(text, VALUE_BYTES, "%s", real);
    }
    return text;
}

alexnet_status an_config_compare(alexnet_context *ctx, const an_config *config,
                                 const an_config *other)
{
    char a[VALUE_BYTES], b[VALUE_BYTES];

    for (const member *m = fixed; m < fixed + AN_COUNT(fixed); ++m) {
        const void *ours = (const char *)config + m->offset;
        const void *theirs = (const char *)other + m->offset;
        bool same;
        AN_TRY(same_value(ctx, m, ours, theirs, &same));
        if (!same)
            return an_fail(ctx, ALEXNET_BAD_ARG, "%s is %s and cannot become %s", m->name,
                           value_text(m, ours, a), value_text(m, theirs, b));
    }
    return ALEXNET_OK;
}

/* ---- writing ---- */

static json_t *to_json(an_json_maker *maker, const member *m, const void *at)
{
    char *const *text = at;
    char word[VALUE_BYTES];

    if (is_none(m, at)) return json_null();
    switch (m->type) {
    case TEXT:
    case PATH:
        return an_json_string(maker, *text);
    case WORD:
        return an_json_string(maker, at);
    case INT:
        return an_json_int(maker, *(const int *)at);
    case LONG:
    case SEED:
        return an_json_int(maker, *(const int64_t *)at);
    case REAL:
        return an_json_real(maker, *(const double *)at);
    case CHOICE:
        return an_json_string(maker, choice_text(m->choices, *(const int *)at, word));
    }
    return NULL;
}

static void add_members(an_json_maker *maker, const an_config *config, const member *table,
                        size_t count, json_t *object)
{
    for (const member *m = table; m < table + count; ++m)
        an_json_set(maker, object, m->name, to_json(maker, m, (const char *)config + m->offset));
}

alexnet_status an_config_write(alexnet_context *ctx, const an_config *config, const char *path)
{
    an_json_maker maker = {0};
    json_t *object =
        an_json_pack(&maker, "{s:i, s:s}", "schema", SCHEMA, "version", alexnet_version());

    add_members(&maker, config, fixed, AN_COUNT(fixed), object);
    add_members(&maker, config, changeable, AN_COUNT(changeable), object);
    add_members(&maker, config, later, AN_COUNT(later), object);
    alexnet_status status = an_json_made(ctx, &maker, path);
    if (status == ALEXNET_OK) status = an_json_write(ctx, path, object);
    json_decref(object);
    return status;
}

alexnet_status an_config_hash(alexnet_context *ctx, const an_config *config,
                              char hex[AN_SHA256_HEX_SIZE])
{
    an_json_maker maker = {0};
    json_t *object = an_json_object(&maker);
    char *text = NULL;
    an_config first = *config; /* borrowed texts */
    an_sha256 hash;
    uint8_t digest[AN_SHA256_BYTES];

    if (config->first_data != NULL) first.data = config->first_data;
    if (config->first_val != NULL) first.val = config->first_val;
    add_members(&maker, &first, fixed, AN_COUNT(fixed), object);
    alexnet_status status = an_json_made(ctx, &maker, "config");
    if (status == ALEXNET_OK && (text = an_json_text(ctx, object)) == NULL)
        status = an_fail(ctx, ALEXNET_NO_MEMORY, "config: no memory for its checksum");
    json_decref(object);
    if (status != ALEXNET_OK) return status;
    an_sha256_open(&hash);
    an_sha256_add(&hash, text, strlen(text));
    an_sha256_close(&hash, digest);
    an_sha256_hex(digest, hex);
    an_free(ctx, text);
    return ALEXNET_OK;
}

/* ---- reading ---- */

static bool take_word(const json_t *value, char word[AN_SETTING_TEXT])
{
    if (!json_is_string(value) || json_string_length(value) >= AN_SETTING_TEXT) return false;
    memset(word, 0, AN_SETTING_TEXT);
    memcpy(word, json_string_value(value), json_string_length(value));
    return true;
}

static bool take_int(const json_t *value, int *out)
{
    const json_int_t integer = json_integer_value(value);

    if (!json_is_integer(value) || integer < INT_MIN || integer > INT_MAX) return false;
    *out = (int)integer;
    return true;
}

static bool take_none(const member *m, void *at)
{
    if (m->type == INT) *(int *)at = -1;
    if (m->type == LONG) *(int64_t *)at = -1;
    if (m->type == REAL) *(double *)at = -1;
    return true;
}

/* False if the value has another type. A text is not copied: take_members() does that. */
static bool from_json(const member *m, const json_t *value, void *at)
{
    double *real = at;
    int *integer = at;
    int64_t *longer = at;

    if (m->optional && json_is_null(value)) return take_none(m, at);
    switch (m->type) {
    case TEXT:
    case PATH:
        return json_is_null(value) || json_is_string(value);
    case WORD:
        return take_word(value, at);
    case INT:
        return take_int(value, integer);
    case LONG:
    case SEED:
        *longer = json_integer_value(value);
        return json_is_integer(value);
    case REAL:
        *real = json_number_value(value);
        return json_is_number(value);
    case CHOICE:
        *integer =
            json_is_string(value) ? an_config_choice(m->choices, json_string_value(value)) : -1;
        return *integer >= 0;
    }
    return false;
}

static alexnet_status take_members(alexnet_context *ctx, const json_t *object, const member *table,
                                   size_t count, an_config *config)
{
    for (const member *m = table; m < table + count; ++m) {
        void *at = (char *)config + m->offset;
        const json_t *value = json_object_get(object, m->name);
        if (value == NULL && table == later) continue;
        if (value == NULL) return an_fail(ctx, ALEXNET_BAD_FILE, "'%s' is missing", m->name);
        if (!from_json(m, value, at))
            return an_fail(ctx, ALEXNET_BAD_FILE, "'%s' has a value of another type than expected",
                           m->name);
        if (is_text(m) && json_is_string(value) &&
            (*(char **)at = an_copy_text(ctx, json_string_value(value))) == NULL)
            return an_fail(ctx, ALEXNET_NO_MEMORY, "'%s'", m->name);
    }
    return ALEXNET_OK;
}

static alexnet_status take_config(alexnet_context *ctx, const json_t *object, an_config *config)
{
    const int64_t schema = an_json_get_int(object, "schema", -1);

    if (json_object_get(object, "schema") == NULL || json_object_get(object, "recipe") == NULL)
        return an_fail(ctx, ALEXNET_BAD_FILE, "it is not the config.json of a run: '%s' is missing",
                       json_object_get(object, "schema") == NULL ? "schema" : "recipe");
    if (schema != SCHEMA)
        return an_fail(ctx, ALEXNET_UNSUPPORTED,
                       "schema %lld, expected %d: it is of another version of alexnet (%.40s)",
                       (long long)schema, SCHEMA, an_json_get_text(object, "version", "unknown"));
    AN_TRY(take_members(ctx, object, fixed, AN_COUNT(fixed), config));
    AN_TRY(take_members(ctx, object, changeable, AN_COUNT(changeable), config));
    AN_TRY(take_members(ctx, object, later, AN_COUNT(later), config));
    if (config->data == NULL || config->model == NULL || config->recipe_name == NULL ||
        config->train_sha256 == NULL)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "'data', 'model', 'recipe' and 'train_sha256' must not be null");
    const alexnet_status status = an_config_check(ctx, config);
    return status == ALEXNET_BAD_ARG ? ALEXNET_BAD_FILE
                                     : status; /* the file's fault, not the caller's */
}

alexnet_status an_config_read(alexnet_context *ctx, const char *path, an_config *config)
{
    json_t *object;

    *config = (an_config){.network = alexnet_model_options_default()};
    AN_TRY(an_json_read(ctx, path, &object));
    alexnet_status status = take_config(ctx, object, config);
    json_decref(object);
    if (status != ALEXNET_OK) {
        an_config_free(ctx, config);
        status = an_fail_within(ctx, status, "%s", path);
    }
    return status;
}
