/*
 * fuzz_options.c: whatever the command line holds (words, each ended by a 0), it is a mistake that
 * is named in one line, or every value is of the range that its option has.
 * SPDX-License-Identifier: MIT
 */
#include "cli/table.h"
#include "fuzz/fuzz.h"
#include <string.h>

#define WORDS_MAX   64
#define LINE_BYTES  4096
#define ERROR_BYTES 200

/* Values that no command line leaves as they are where it names the option. */
static test_args start(void)
{
    return (test_args){.whole = 1,
                       .size = {1, 1},
                       .epochs = 1,
                       .steps = 1,
                       .limit = 1,
                       .until = 1,
                       .text = "x",
                       .path = "x"};
}

static void check_values(const test_args *v)
{
    FUZZ_REQUIRE(v->flag == 0 || v->flag == 1);
    FUZZ_REQUIRE(v->whole >= 1 && v->whole <= 100);
    FUZZ_REQUIRE(v->count >= 0 && v->seconds >= 0 && v->limit >= 0.001);
    FUZZ_REQUIRE(v->real >= 0 && v->real <= 1);
    FUZZ_REQUIRE(v->epochs == CLI_NONE || (v->epochs >= 1 && v->epochs <= 100));
    FUZZ_REQUIRE(v->steps == CLI_NONE || v->steps >= 1);
    FUZZ_REQUIRE(v->until == CLI_NONE || v->until >= 0.001);
    FUZZ_REQUIRE(v->text[0] != '\0' && v->path[0] != '\0');
    FUZZ_REQUIRE(v->choice >= 0 && v->choice <= 2);
    for (int i = 0; i < 2; ++i)
        FUZZ_REQUIRE(v->size[i] >= 1 && v->size[i] <= 1000);
}

/* A number alone, as it is accepted, is of the characters of numbers and units and nothing else. */
static void check_number(char *word)
{
    char name[] = "--size", error[ERROR_BYTES];
    char *argv[] = {name, word};
    test_args v = start();
    int words;
    int64_t count;
    double value;

    if (cli_parse_count(word, &count)) FUZZ_REQUIRE(strspn(word, "+-0123456789") == strlen(word));
    if (cli_parse_time(word, &value)) {
        FUZZ_REQUIRE(strspn(word, "0123456789.eE+-dhms") == strlen(word));
        if (strpbrk(word, "dhms") != NULL)
            FUZZ_REQUIRE(strchr("dhms", word[strlen(word) - 1]) != NULL);
    }
    if (cli_parse(test_tables, 2, argv, &v, &words, error, sizeof error) == CLI_PARSED &&
        words == 0)
        FUZZ_REQUIRE(strspn(word, "0123456789x") == strlen(word));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[LINE_BYTES], error[ERROR_BYTES] = "";
    char *argv[WORDS_MAX];
    test_args v = start();
    int argc = 0, words;

    if (size >= sizeof line) return 0;
    memcpy(line, data, size);
    line[size] = '\0';
    for (char *at = line; at < line + size && argc < WORDS_MAX; at += strlen(at) + 1)
        argv[argc++] = at;
    for (int i = 0; i < argc; ++i)
        if (argv[i][0] != '\0' && argv[i][0] != '-') check_number(argv[i]);

    const cli_outcome outcome = cli_parse(test_tables, argc, argv, &v, &words, error, sizeof error);
    FUZZ_REQUIRE(words >= 0 && words <= argc);
    for (int i = 0; i < words; ++i)
        FUZZ_REQUIRE(argv[i] >= line && argv[i] < line + size && argv[i][0] != '\0');
    check_values(&v);
    if (outcome == CLI_MISTAKE) FUZZ_REQUIRE(error[0] != '\0' && strlen(error) < sizeof error);
    return 0;
}
