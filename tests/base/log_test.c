/*
 * log_test.c: messages reach the callback, each complete and on one line.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/log.h"
#include <string.h>

typedef struct heard {
    int count;
    alexnet_log_level level;
    char line[2 * AN_ERROR_BYTES];
} heard;

static void hear(void *user, alexnet_log_level level, const char *line)
{
    heard *h = user;

    ++h->count;
    h->level = level;
    assert_true(strlen(line) < sizeof h->line);
    strcpy(h->line, line);
}

static void lines_reach_the_callback(void **unused)
{
    heard h = {0};
    alexnet_context *ctx;
    char longer[3 * AN_ERROR_BYTES];

    (void)unused;
    an_assert_ok(NULL, an_context_open(&(alexnet_options){.struct_size = sizeof(alexnet_options),
                                                          .log = hear,
                                                          .log_user = &h},
                                       &ctx));
    an_log(ctx, ALEXNET_LOG_WARNING, "%d images skipped", 3);
    assert_int_equal(h.count, 1);
    assert_int_equal(h.level, ALEXNET_LOG_WARNING);
    assert_string_equal(h.line, "3 images skipped");

    an_log(ctx, ALEXNET_LOG_INFO, "%s", "a file's\nname\x1b[2J");
    assert_int_equal(h.level, ALEXNET_LOG_INFO);
    assert_string_equal(h.line, "a file's\\nname\\x1b[2J");

    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    an_log(ctx, ALEXNET_LOG_INFO, "%s", longer);
    assert_int_equal(strlen(h.line), AN_ERROR_BYTES - 1);
    assert_int_equal(h.count, 3);
    alexnet_close(ctx);
}

static void without_a_callback_nothing_happens(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    an_log(ctx, ALEXNET_LOG_WARNING, "nobody %s", "listens");
    assert_string_equal(alexnet_error(ctx), ""); /* a log message is no failure */
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_reach_the_callback),
        cmocka_unit_test(without_a_callback_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
