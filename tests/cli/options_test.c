/*
 * options_test.c: the parser of the command line, without the program.
 * SPDX-License-Identifier: MIT
 */
#include "table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS_MAX       8

/* Parses a line of words separated by spaces; those that are not options end up in `words`. */
static cli_outcome parse(const char *line, test_args *args, const char *words[WORDS_MAX],
                         int *count, char error[200])
{
    static char buffer[400];
    char *argv[32];
    int argc = 0;

    memset(args, 0, sizeof *args);
    snprintf(buffer, sizeof buffer, "%s", line);
    for (char *word = strtok(buffer, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    const cli_outcome outcome = cli_parse(test_tables, argc, argv, args, count, error, 200);
    for (int i = 0; i < *count && i < WORDS_MAX; ++i)
        words[i] = argv[i];
    return outcome;
}

static void values_arrive_where_the_table_says(void **unused)
{
    test_args args;
    const char *words[WORDS_MAX];
    char error[200];
    int count;

    (void)unused;
    assert_int_equal(
        parse(
            "one -f --whole 7 two --count=9000000000 --real .25 -t 1h30m --text=a=b --size 224x256 "
            "--choice skip three",
            &args, words, &count, error),
        CLI_PARSED);
    assert_int_equal(args.flag, 1);
    assert_int_equal(args.whole, 7);
    assert_true(args.count == 9000000000);
    assert_true(args.real == 0.25);
    assert_true(args.seconds == 5400);
    assert_string_equal(args.text, "a=b");
    assert_int_equal(args.size[0], 224);
    assert_int_equal(args.size[1], 256);
    assert_int_equal(args.choice, 2);
    assert_int_equal(count, 3);
    assert_string_equal(words[0], "one");
    assert_string_equal(words[1], "two");
    assert_string_equal(words[2], "three");
}

static void an_optional_value_may_be_left_out(void **unused)
{
    static const struct {
        const char *line, *value;
        int words;
    } rows[] = {
        {"--maybe", "", 0},         {"--maybe dir", "dir", 0}, {"--maybe=dir word", "dir", 1},
        {"word --maybe -f", "", 1}, {"--maybe --flag", "", 0},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); ++i) {
        test_args args;
        const char *words[WORDS_MAX];
        char error[200];
        int count;
        assert_int_equal(parse(rows[i].line, &args, words, &count, error), CLI_PARSED);
        assert_string_equal(args.maybe, rows[i].value);
        assert_int_equal(count, rows[i].words);
    }
}

static void two_dashes_end_the_options_and_one_is_a_word(void **unused)
{
    test_args args;
    const char *words[WORDS_MAX];
    char error[200];
    int count;

    (void)unused;
    assert_int_equal(parse("- -f -- --whole -x", &args, words, &count, error), CLI_PARSED);
    assert_int_equal(args.flag, 1);
    assert_int_equal(count, 3);
    assert_string_equal(words[0], "-");
    assert_string_equal(words[1], "--whole");
    assert_string_equal(words[2], "-x");
}

static void mistakes_say_what_would_be_right(void **unused)
{
    static const struct {
        const char *line, *error;
    } rows[] = {
        {"--whle 3", "unknown option '--whle'; did you mean '--whole'?"},
        {"--whle=3", "unknown option '--whle=3'; did you mean '--whole'?"},
        {"--cho", "unknown option '--cho'; did you mean '--choice'?"},
        {"--zzzzzz", "unknown option '--zzzzzz'"},
        {"-z", "unknown option '-z'"},
        {"-fw", "unknown option '-fw'"},
        {"--whole", "--whole needs a value: N"},
        {"--text --flag", "--text needs a value: TEXT"},
        {"--flag=1", "--flag takes no value"},
        {"--whole 0", "--whole: expected a whole number from 1 to 100, found '0'"},
        {"--whole 101", "--whole: expected a whole number from 1 to 100, found '101'"},
        {"--whole 3x", "--whole: expected a whole number from 1 to 100, found '3x'"},
        {"--whole=", "--whole: expected a whole number from 1 to 100, found ''"},
        {"--whole 99999999999999999999",
         "--whole: expected a whole number from 1 to 100, found '99999999999999999999'"},
        {"--count -1", "--count: expected a whole number of at least 0, found '-1'"},
        {"--real 1.5", "--real: expected a number from 0 to 1, found '1.5'"},
        {"--real nan", "--real: expected a number from 0 to 1, found 'nan'"},
        {"--time soon", "--time: expected a time such as 90s, 30m or 1h30m, found 'soon'"},
        {"--limit 0", "--limit: expected a time above 0, such as 90s, 30m or 1h30m, found '0'"},
        {"--bytes 5X",
         "--bytes: expected a size in memory such as 600M or 1.5G, or none, found '5X'"},
        {"--size 224x1001",
         "--size: expected a size such as 224 or 224x256 (height x width), found '224x1001'"},
        {"--size 224x+256",
         "--size: expected a size such as 224 or 224x256 (height x width), found '224x+256'"},
        {"--size 224x",
         "--size: expected a size such as 224 or 224x256 (height x width), found '224x'"},
        {"--choice never", "--choice: expected one of fail|skip, found 'never'"},
        {"--choice fai", "--choice: expected one of fail|skip, found 'fai'"},
        {"--choice=", "--choice: expected one of fail|skip, found ''"},
        {"--text=", "--text: expected a text, found ''"},
        {"--path=", "--path: expected a path, found ''"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); ++i) {
        test_args args;
        const char *words[WORDS_MAX];
        char error[200];
        int count;
        assert_int_equal(parse(rows[i].line, &args, words, &count, error), CLI_MISTAKE);
        assert_string_equal(error, rows[i].error);
    }
}

/* A shell expands "$UNSET" to an empty argument. */
static void an_empty_argument_is_a_mistake(void **unused)
{
    char empty[] = "", text[] = "--text", maybe[] = "--maybe";
    char *rows[][2] = {{text, empty}, {empty, text}, {maybe, empty}};

    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); ++i) {
        test_args args = {.flag = 0};
        char error[200];
        int count;
        const cli_outcome expected = rows[i][0] == maybe ? CLI_PARSED : CLI_MISTAKE;
        assert_int_equal(cli_parse(test_tables, 2, rows[i], &args, &count, error, 200), expected);
        if (i == 0) assert_string_equal(error, "--text: expected a text, found ''");
        if (i == 1) assert_string_equal(error, "an argument is empty");
    }
}

static void help_is_told_apart(void **unused)
{
    test_args args;
    const char *words[WORDS_MAX];
    char error[200];
    int count;

    (void)unused;
    assert_int_equal(parse("word --flag --help", &args, words, &count, error), CLI_HELP_WANTED);
    assert_int_equal(parse("-h", &args, words, &count, error), CLI_HELP_WANTED);
}

static void times_add_up_from_large_to_small(void **unused)
{
    static const struct {
        const char *text;
        double seconds; /* -1: not a time */
    } rows[] = {
        {"90", 90},          {"90s", 90},    {"30m", 1800}, {"2h", 7200}, {"1h30m", 5400},
        {"1d2h3m4s", 93784}, {"0.5h", 1800}, {"0", 0},      {"", -1},     {"m", -1},
        {"1h30", -1},        {"30m1h", -1},  {"1m1m", -1},  {"-5m", -1},  {"5 m", -1},
        {"0x10", -1},        {"inf", -1},    {"1e999", -1}, {"5w", -1},   {"0h30", -1},
        {"0X10", -1},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); ++i) {
        double seconds = -1;
        assert_int_equal(cli_parse_time(rows[i].text, &seconds), rows[i].seconds >= 0);
        if (rows[i].seconds >= 0) assert_true(seconds == rows[i].seconds);
    }
}

static void sizes_in_memory_have_units_of_1024(void **unused)
{
    static const struct {
        const char *line;
        int64_t bytes; /* -1: not a size */
    } rows[] = {
        {"--bytes 7", 7},
        {"--bytes 2K", 2048},
        {"--bytes 600M", 629145600},
        {"--bytes 1.5g", 1610612736},
        {"--bytes 1GiB", 1073741824},
        {"--bytes 3MB", 3145728},
        {"--bytes none", -2},
        {"--bytes 0", -1},
        {"--bytes -5M", -1},
        {"--bytes M", -1},
        {"--bytes 5MM", -1},
        {"--bytes 0x10", -1},
        {"--bytes 1e99", -1},
        {"--bytes 5iB", -1},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); ++i) {
        test_args args;
        const char *words[WORDS_MAX];
        char error[200];
        int count;
        const cli_outcome found = parse(rows[i].line, &args, words, &count, error);
        assert_int_equal(found, rows[i].bytes == -1 ? CLI_MISTAKE : CLI_PARSED);
        if (found == CLI_PARSED) assert_true(args.bytes == rows[i].bytes);
    }
}

static void numbers_are_whole_words(void **unused)
{
    static const char *const bad[] = {"",   " 1",  "1 ",       "1,5", "0x1p3",
                                      "1e", "nan", "infinity", "--1", "1e999"};
    int64_t count;
    double real;

    (void)unused;
    for (size_t i = 0; i < COUNT_OF(bad); ++i) {
        assert_false(cli_parse_count(bad[i], &count));
        assert_false(cli_parse_real(bad[i], &real));
    }
    assert_true(cli_parse_count("-9223372036854775808", &count));
    assert_true(count == INT64_MIN);
    assert_false(cli_parse_count("9223372036854775808", &count));
    assert_true(cli_parse_real("-1.5e-3", &real));
    assert_true(real == -1.5e-3);
}

static void a_value_may_stay_a_text(void **unused)
{
    test_args args;
    const char *words[WORDS_MAX];
    char error[200];
    int count;

    (void)unused;
    assert_int_equal(parse("--checked=.50", &args, words, &count, error), CLI_PARSED);
    assert_string_equal(args.checked, ".50");
    assert_int_equal(parse("--checked 1.5", &args, words, &count, error), CLI_MISTAKE);
    assert_string_equal(error, "--checked: expected a number from 0 to 1, found '1.5'");
    assert_null(args.checked);
}

static void the_nearest_word_is_near(void **unused)
{
    static const char *const names[] = {"train",    "eval", "predict",
                                        "features", "info", "data synth"};
    static const struct {
        const char *word, *near;
    } rows[] = {
        {"predct", "predict"},   {"trian", "train"}, {"pred", "predict"},
        {"evla", "eval"},        {"inof", "info"},   {"serve", NULL},
        {"plot", NULL},          {"x", NULL},        {"", NULL},
        {"feature", "features"},
    };
    char long_word[200];

    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); ++i) {
        const char *near = cli_nearest(rows[i].word, names, COUNT_OF(names));
        if (rows[i].near == NULL)
            assert_null(near);
        else
            assert_string_equal(near, rows[i].near);
    }
    memset(long_word, 'a', sizeof long_word);
    long_word[sizeof long_word - 1] = '\0';
    assert_null(cli_nearest(long_word, names, COUNT_OF(names)));
}

/* The word "none" removes a limit of a run. */
static void some_numbers_may_be_none(void **unused)
{
    const char *words[WORDS_MAX];
    char error[200];
    test_args args;
    int count;

    (void)unused;
    assert_int_equal(parse("--epochs none --steps=none --until none", &args, words, &count, error),
                     CLI_PARSED);
    assert_int_equal(args.epochs, CLI_NONE);
    assert_true(args.steps == CLI_NONE && args.until == CLI_NONE);
    assert_int_equal(parse("--until 3s --steps 7", &args, words, &count, error), CLI_PARSED);
    assert_true(args.steps == 7 && args.until == 3);
    assert_int_equal(parse("--steps 0", &args, words, &count, error), CLI_MISTAKE);
    assert_string_equal(error,
                        "--steps: expected a whole number of at least 1, or none, found '0'");
    assert_int_equal(parse("--whole none", &args, words, &count, error), CLI_MISTAKE);
    assert_int_equal(parse("--choice none", &args, words, &count, error), CLI_MISTAKE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_arrive_where_the_table_says),
        cmocka_unit_test(an_optional_value_may_be_left_out),
        cmocka_unit_test(two_dashes_end_the_options_and_one_is_a_word),
        cmocka_unit_test(mistakes_say_what_would_be_right),
        cmocka_unit_test(an_empty_argument_is_a_mistake),
        cmocka_unit_test(help_is_told_apart),
        cmocka_unit_test(times_add_up_from_large_to_small),
        cmocka_unit_test(sizes_in_memory_have_units_of_1024),
        cmocka_unit_test(numbers_are_whole_words),
        cmocka_unit_test(some_numbers_may_be_none),
        cmocka_unit_test(a_value_may_stay_a_text),
        cmocka_unit_test(the_nearest_word_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
