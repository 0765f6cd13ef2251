/*
 * fuzz_settings.c: what settings accept, they print; and what they print, they accept and print
 * again the same.
 * SPDX-License-Identifier: MIT
 */
#include "base/settings.h"
#include "fuzz/fuzz.h"
#include <string.h>

#define TEXT_MAX 4096

typedef struct settings {
    int count, choice, other;
    double rate;
    char name[AN_SETTING_TEXT];
    an_reals list;
} settings;

/* clang-format off */
static const an_key keys[] = {
    {"count",  AN_KEY_INT,    offsetof(settings, count),  -5, 1000, NULL,          "7",   "a number"},
    {"rate",   AN_KEY_REAL,   offsetof(settings, rate),   -1, 1e9,  NULL,          "0.1", "a rate"},
    {"kind",   AN_KEY_CHOICE, offsetof(settings, choice),  0, 0,    "max|average", "max", "a kind"},
    {"other",  AN_KEY_CHOICE, offsetof(settings, other),   0, 0,    "up|max",      "up",  "shares a word with kind"},
    {"name",   AN_KEY_TEXT,   offsetof(settings, name),    0, 0,    NULL,          "",    "a text"},
    {"list",   AN_KEY_REALS,  offsetof(settings, list),    0, 0,    NULL,          "",    "some numbers"},
    {0},
};
/* clang-format on */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    char text[TEXT_MAX], first[TEXT_MAX], second[TEXT_MAX];
    settings parsed;

    if (size >= sizeof text) return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (an_settings_parse(ctx, "fuzz", keys, text, &parsed) != ALEXNET_OK) return 0;
    FUZZ_REQUIRE(an_settings_print(keys, &parsed, first, sizeof first) <= sizeof first);
    FUZZ_REQUIRE(an_settings_parse(ctx, "fuzz", keys, first, &parsed) == ALEXNET_OK);
    FUZZ_REQUIRE(an_settings_print(keys, &parsed, second, sizeof second) <= sizeof second);
    FUZZ_REQUIRE(strcmp(first, second) == 0);
    return 0;
}
