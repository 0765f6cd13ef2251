/*
 * config_file.c: config.json: one table of members checks, writes and reads it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "train/config.h"
#include <limits.h>
#include <math.h>
#include <string.h>

#define SCHEMA 1

/* ---- the table ---- */

typedef enum member_type {
    TEXT,     /* char *, allocated; NULL is null */
    WORD,     /* char[AN_SETTING_TEXT] */
    INT,      /* int */
    LONG,     /* int64_t */
    SEED,     /* uint64_t, any bits: written as an int64_t */
    REAL,     /* double */
    OPTIONAL, /* double; NaN is null */
    CHOICE    /* int; the index in `choices` */
} member_type;

typedef struct member {
    const char *name;
    member_type type;
    size_t offset;
    double min, max; /* INT, LONG, REAL, OPTIONAL */
    const char *choices;
} member;

#define AT(path)    offsetof(an_config, path)
#define LARGE       9007199254740992.0  /* 2^53: a double holds every whole number up to here */
#define BAD_CHOICES "default|fail|skip" /* alexnet_bad_image */

/* What the run is: the same in every sitting. */
static const member fixed[] = {
    {"data", TEXT, AT(data), 0, 0, NULL},
    {"val", TEXT, AT(val), 0, 0, NULL},
    {"val_split", REAL, AT(val_split), 0, 0.99, NULL},
    {"model", TEXT, AT(model), 0, 0, NULL},
    {"dropout", REAL, AT(dropout), -1, 0.99, NULL},
    {"input_h", INT, AT(input_h), -1, 65535, NULL},
    {"input_w", INT, AT(input_w), -1, 65535, NULL},
    {"from", TEXT, AT(from), 0, 0, NULL},
    {"freeze", TEXT, AT(freeze), 0, 0, NULL},
    {"train_images", LONG, AT(train_images), 0, LARGE, NULL},
    {"val_images", LONG, AT(val_images), 0, LARGE, NULL},
    {"classes", INT, AT(classes), -1, INT_MAX, NULL},
    {"recipe", TEXT, AT(recipe_name), 0, 0, NULL},
    {"batch", INT, AT(recipe.batch), 1, 65536, NULL},
    {"lr", REAL, AT(recipe.lr), 0, 1e30, NULL},
    {"bias_lr", REAL, AT(recipe.bias_lr), 0, 1000, NULL},
    {"momentum", REAL, AT(recipe.momentum), 0, 0.9999, NULL},
    {"weight_decay", REAL, AT(recipe.weight_decay), 0, 1000, NULL},
    {"bias_decay", REAL, AT(recipe.bias_decay), 0, 1000, NULL},
    {"update", CHOICE, AT(recipe.update), 0, 0, AN_UPDATE_CHOICES},
    {"schedule", WORD, AT(recipe.schedule), 0, 0, NULL},
    {"augment", WORD, AT(recipe.augment), 0, 0, NULL},
    {"init", CHOICE, AT(recipe.init), 0, 0, AN_RECIPE_INIT_CHOICES},
    {"seed", SEED, AT(seed), 0, 0, NULL},
    {"on_bad_image", CHOICE, AT(on_bad_image), 0, 0, BAD_CHOICES},
};

/* How long, and how carefully. */
static const member changeable[] = {
    {"epochs", REAL, AT(recipe.epochs), 0, 1e9, NULL},
    {"steps", LONG, AT(steps), -1, LARGE, NULL},
    {"seconds", REAL, AT(seconds), -1, 1e12, NULL},
    {"patience", INT, AT(patience), 0, INT_MAX, NULL},
    {"stop_at_top1", OPTIONAL, AT(stop_at_top1), 0, 1, NULL},
    {"checkpoint_seconds", REAL, AT(checkpoint_seconds), 0, 1e12, NULL},
    {"checkpoint_steps", LONG, AT(checkpoint_steps), 0, LARGE, NULL},
    {"checkpoint_keep", INT, AT(checkpoint_keep), 1, 1000, NULL},
};

/* ---- ranges ---- */

static bool is_number(const member *m)
{
    return m->type == INT || m->type == LONG || m->type == REAL || m->type == OPTIONAL;
}

static double number_at(const member *m, const void *at)
{
    if (m->type == INT) return *(const int *)at;
    return m->type == LONG ? (double)*(const int64_t *)at : *(const double *)at;
}

static alexnet_status check_table(alexnet_context *ctx, const an_config *config,
                                  const member *table, size_t count)
{
    char found[AN_REAL_SIZE], min[AN_REAL_SIZE], max[AN_REAL_SIZE];

    for (const member *m = table; m < table + count; ++m) {
        const double number = is_number(m) ? number_at(m, (const char *)config + m->offset) : 0;
        if (!is_number(m) || (number >= m->min && number <= m->max) ||
            (m->type == OPTIONAL && isnan(number)))
            continue;
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
    AN_TRY(check_table(ctx, config, fixed, AN_COUNT(fixed)));
    return check_table(ctx, config, changeable, AN_COUNT(changeable));
}

/* ---- words of a choice: "a|b|c" ---- */

static json_t *choice_word(const char *choices, int index)
{
    for (; index > 0; --index)
        choices = strchr(choices, '|') + 1;
    return json_stringn(choices, strcspn(choices, "|"));
}

static int choice_index(const char *choices, const char *word) /* -1: none */
{
    for (int i = 0;; ++i) {
        const size_t length = strcspn(choices, "|");
        if (length == strlen(word) && memcmp(choices, word, length) == 0) return i;
        if (choices[length] == '\0') return -1;
        choices += length + 1;
    }
}

/* ---- writing ---- */

static json_t *to_json(const member *m, const void *at)
{
    char *const *text = at;
    const double *real = at;

    switch (m->type) {
    case TEXT:
        return *text != NULL ? json_string(*text) : json_null();
    case WORD:
        return json_string(at);
    case INT:
        return json_integer(*(const int *)at);
    case LONG:
    case SEED:
        return json_integer(*(const int64_t *)at);
    case REAL:
    case OPTIONAL:
        return isnan(*real) ? json_null() : json_real(*real);
    case CHOICE:
        return choice_word(m->choices, *(const int *)at);
    }
    return NULL;
}

static alexnet_status add_members(alexnet_context *ctx, const an_config *config,
                                  const member *table, size_t count, json_t *object)
{
    for (const member *m = table; m < table + count; ++m)
        if (json_object_set_new(object, m->name, to_json(m, (const char *)config + m->offset)) != 0)
            return an_fail(ctx, ALEXNET_BAD_ARG, "'%s' cannot be written as JSON: is it UTF-8?",
                           m->name);
    return ALEXNET_OK;
}

alexnet_status an_config_write(alexnet_context *ctx, const an_config *config, const char *path)
{
    json_t *object = json_pack("{s:i, s:s}", "schema", SCHEMA, "version", alexnet_version());
    alexnet_status status = add_members(ctx, config, fixed, AN_COUNT(fixed), object);

    if (status == ALEXNET_OK)
        status = add_members(ctx, config, changeable, AN_COUNT(changeable), object);
    if (status == ALEXNET_OK) status = an_json_write(ctx, path, object);
    json_decref(object);
    return status;
}

alexnet_status an_config_hash(alexnet_context *ctx, const an_config *config,
                              char hex[AN_SHA256_HEX_SIZE])
{
    json_t *object = json_object();
    char *text = NULL;
    alexnet_status status = add_members(ctx, config, fixed, AN_COUNT(fixed), object);
    an_sha256 hash;
    uint8_t digest[AN_SHA256_BYTES];

    if (status == ALEXNET_OK && (text = an_json_text(ctx, object)) == NULL)
        status = an_fail(ctx, ALEXNET_NO_MEMORY, "config");
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

/* False when the value is of another kind. A text is not copied: take_members() does that. */
static bool from_json(const member *m, const json_t *value, void *at)
{
    double *real = at;
    int *integer = at;
    int64_t *longer = at;

    switch (m->type) {
    case TEXT:
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
    case OPTIONAL:
        *real = json_is_null(value) ? (double)NAN : json_number_value(value);
        return json_is_null(value) || json_is_number(value);
    case CHOICE:
        *integer = json_is_string(value) ? choice_index(m->choices, json_string_value(value)) : -1;
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
        if (value == NULL) return an_fail(ctx, ALEXNET_BAD_FILE, "'%s' is missing", m->name);
        if (!from_json(m, value, at))
            return an_fail(ctx, ALEXNET_BAD_FILE, "'%s' has a value of another kind than expected",
                           m->name);
        if (m->type == TEXT && json_is_string(value) &&
            (*(char **)at = an_copy_text(ctx, json_string_value(value))) == NULL)
            return an_fail(ctx, ALEXNET_NO_MEMORY, "'%s'", m->name);
    }
    return ALEXNET_OK;
}

static alexnet_status take_config(alexnet_context *ctx, const json_t *object, an_config *config)
{
    const int64_t schema = an_json_get_int(object, "schema", -1);

    if (schema != SCHEMA)
        return an_fail(ctx, ALEXNET_UNSUPPORTED, "schema %lld, expected %d", (long long)schema,
                       SCHEMA);
    AN_TRY(take_members(ctx, object, fixed, AN_COUNT(fixed), config));
    AN_TRY(take_members(ctx, object, changeable, AN_COUNT(changeable), config));
    if (config->data == NULL || config->model == NULL || config->recipe_name == NULL)
        return an_fail(ctx, ALEXNET_BAD_FILE, "'data', 'model' and 'recipe' must not be null");
    const alexnet_status status = an_config_check(ctx, config);
    return status == ALEXNET_BAD_ARG ? ALEXNET_BAD_FILE
                                     : status; /* the file's fault, not the caller's */
}

alexnet_status an_config_read(alexnet_context *ctx, const char *path, an_config *config)
{
    json_t *object;

    *config = (an_config){0};
    AN_TRY(an_json_read(ctx, path, &object));
    alexnet_status status = take_config(ctx, object, config);
    json_decref(object);
    if (status != ALEXNET_OK) {
        an_config_free(ctx, config);
        status = an_fail_within(ctx, status, "%s", path);
    }
    return status;
}
