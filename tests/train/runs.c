/*
 * runs.c: tiny training runs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runs.h"

#include "base/file.h"
#include <string.h>

int an_runs_set_up(void **state)
{
    static an_runs r;

    r = (an_runs){.folder = an_test_folder_open()};
    r.ctx = an_tiny_open(&r.memory, 1);
    r.ctx->options.log = an_tiny_log;
    r.ctx->options.log_user = &r.log;
    r.data = an_test_path(r.folder, "data");
    an_tiny_draw(r.ctx, r.data, 2, 6);
    *state = &r;
    return 0;
}

int an_runs_tear_down(void **state)
{
    an_runs *r = *state;

    an_test_folder_close(r->folder);
    an_test_close(r->ctx, &r->memory);
    return 0;
}

alexnet_train_options an_runs_options(an_runs *r, const char *name)
{
    alexnet_train_options options = alexnet_train_options_default();

    options.data = r->data;
    options.out = an_test_path(r->folder, name);
    options.model = "cifar-19pct";
    options.recipe = "quick";
    an_test_set(&options, "batch=4");
    options.epochs = 3;
    options.workers = 0;
    return options;
}

alexnet_train_result an_runs_train(an_runs *r, const alexnet_train_options *options)
{
    alexnet_train_result result;

    an_assert_ok(r->ctx, alexnet_train(r->ctx, options, &result));
    return result;
}

bool an_runs_is_file(an_runs *r, const char *path)
{
    an_file_info info;

    an_assert_ok(r->ctx, an_file_stat(r->ctx, path, &info));
    return info.kind == AN_FILE_REGULAR;
}

alexnet_go an_runs_ask(void *user, const alexnet_progress *progress)
{
    an_runs_wish *wish = user;
    const bool val = strcmp(progress->phase, "val") == 0;

    if (strcmp(progress->phase, "train") == 0) wish->last_step = progress->done;
    return wish->last_step == wish->step && val == wish->val ? wish->go : ALEXNET_GO_ON;
}

alexnet_train_result an_runs_interrupt(an_runs *r, const alexnet_train_options *options,
                                       int64_t step, bool val)
{
    an_runs_wish wish = {.step = step, .val = val, .go = ALEXNET_GO_STOP};
    alexnet_train_options stopped = *options, resumed = alexnet_train_options_default();
    alexnet_train_result result;

    stopped.progress = an_runs_ask;
    stopped.progress_user = &wish;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &stopped, &result), ALEXNET_STOPPED);
    resumed.resume = options->out;
    return an_runs_train(r, &resumed);
}

void an_runs_assert_hash(an_runs *r, const char *path, const char *expected)
{
    alexnet_model *model;
    char hex[65];

    an_assert_ok(r->ctx, alexnet_model_load(r->ctx, path, &model));
    an_assert_ok(r->ctx, alexnet_model_hash(model, hex));
    assert_string_equal(hex, expected);
    alexnet_model_free(model);
}
