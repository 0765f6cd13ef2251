/*
 * detect_test.c: the level found here is the one that Linux reports.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/detect.h"
#include <stdio.h>
#include <string.h>

/* The beginning of the line of /proc/cpuinfo: a name of another architecture means that the program
   is emulated. */
#if defined(__aarch64__)
#define FLAGS "Features"
#else
#define FLAGS "flags"
#endif

/* The first such line; false where there is none (another architecture, not Linux). */
static bool read_flags(char *line, int bytes)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    bool found = false;

    while (file != NULL && !found && fgets(line, bytes, file) != NULL)
        found = strncmp(line, FLAGS, strlen(FLAGS)) == 0;
    if (file != NULL) fclose(file);
    return found;
}

static bool has_all(const char *flags, const char *features)
{
    char words[256], *rest = words, *word;
    bool all = true;

    snprintf(words, sizeof words, "%s", features);
    while ((word = strtok_r(rest, " ", &rest)) != NULL) {
        char padded[64];
        snprintf(padded, sizeof padded, " %s ", word);
        all = all && strstr(flags, padded) != NULL;
    }
    return all;
}

static void level_agrees_with_the_system(void **unused)
{
    static const char *const features[] = {
#define FEATURES(name, text) text,
        AN_CPU_LEVEL_MAP(FEATURES)
#undef FEATURES
    };
    static char line[8192];
    int expected = AN_CPU_BASELINE;

    (void)unused;
    if (!read_flags(line, sizeof line)) skip();
    line[strcspn(line, "\n")] = ' ';
    for (int level = AN_CPU_BASELINE + 1; level < AN_CPU_LEVELS; ++level)
        if (has_all(line, features[level])) expected = level;
    assert_int_equal(an_cpu_of_processor(), expected);
#if defined(__x86_64__)
    expected = AN_MIN(expected, AN_CPU_LIMIT);
#endif
    assert_int_equal(an_cpu_detect(), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(level_agrees_with_the_system)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
