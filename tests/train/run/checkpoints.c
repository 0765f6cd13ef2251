/*
 * checkpoints.c: saved checkpoints.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/run/checkpoints.h"

#include "base/memory.h"
#include "train/run/checkpoint.h"
#include "train/run/checkpoint_read.h"
#include <stdio.h>
#include <string.h>

const an_recipe an_checkpoints_adam = {.update = AN_UPDATE_ADAM,
                                       .momentum = 0.9,
                                       .beta2 = 0.999,
                                       .epsilon = 1e-8,
                                       .weight_decay = 0.01,
                                       .bias_lr = 1,
                                       .bias_decay = 1,
                                       .average = 0.75};

int an_checkpoints_set_up(void **state)
{
    static an_checkpoints w;

    w = (an_checkpoints){.root = an_test_folder_open()};
    w.ctx = an_tiny_open(&w.memory, 1);
    w.ctx->options.log = an_tiny_log;
    w.ctx->options.log_user = &w.log;
    snprintf(w.folder, sizeof w.folder, "%s/checkpoints", w.root);
    w.model = an_tiny_model(w.ctx, an_tiny_classes, 3, 1);
    an_assert_ok(w.ctx, an_optimiser_open(w.model, &an_checkpoints_adam, &w.optimiser));
    for (int slot = 0; slot < AN_SLOTS; ++slot)
        for (int i = 0; i < w.model->params.count; ++i)
            for (int64_t j = 0; j < w.model->params.items[i].count; ++j)
                w.optimiser.slots[slot][(int64_t)w.model->params.items[i].offset + j] =
                    (float)(slot * 100 + i + 1) / (float)(j + 3);
    *state = &w;
    return 0;
}

int an_checkpoints_tear_down(void **state)
{
    an_checkpoints *w = *state;

    an_optimiser_close(w->ctx, &w->optimiser);
    alexnet_model_free(w->model);
    an_test_folder_close(w->root);
    an_test_close(w->ctx, &w->memory);
    return 0;
}

alexnet_status an_checkpoints_save(an_checkpoints *w, int64_t step, int keep)
{
    an_train_state state = an_train_state_start();

    state.step = step;
    state.seconds = (double)step / 2;
    w->model->values[0] = (float)step;
    return an_checkpoint_save(w->model, w->folder, &w->optimiser, &state, AN_CHECKPOINTS_HASH,
                              keep);
}

int64_t an_checkpoints_find(an_checkpoints *w)
{
    an_train_state state;
    char *path;

    w->log.text[0] = '\0';
    an_assert_ok(w->ctx,
                 an_checkpoint_find(w->ctx, w->folder, AN_CHECKPOINTS_HASH, &path, &state, NULL));
    const int64_t step = path != NULL ? state.step : -1;
    an_free(w->ctx, path);
    return step;
}

const char *an_checkpoints_path(const an_checkpoints *w, int64_t step, const char *name)
{
    char text[128];

    snprintf(text, sizeof text, "checkpoints/step-%08lld%s%s", (long long)step,
             name[0] != '\0' ? "/" : "", name);
    return an_test_path(w->root, text);
}

void an_checkpoints_freeze(an_checkpoints *w)
{
    an_optimiser fresh;

    an_assert_ok(w->ctx, an_model_freeze(w->model, "conv1,conv2"));
    an_assert_ok(w->ctx, an_optimiser_open(w->model, &an_checkpoints_adam, &fresh));
    for (int slot = 0; slot < AN_SLOTS; ++slot)
        for (int i = 0; i < w->model->params.count; ++i) {
            const an_param *param = &w->model->params.items[i];
            if (param->frozen)
                memcpy(w->optimiser.slots[slot] + param->offset, fresh.slots[slot] + param->offset,
                       (size_t)param->count * sizeof(float));
        }
    an_optimiser_close(w->ctx, &fresh);
}

alexnet_status an_checkpoints_save_frozen(an_checkpoints *w, int64_t step, int keep)
{
    an_train_state state = an_train_state_start();

    state.step = step;
    return an_checkpoint_save(w->model, w->folder, &w->optimiser, &state, AN_CHECKPOINTS_HASH,
                              keep);
}

const char *an_checkpoints_frozen_path(const an_checkpoints *w)
{
    return an_test_path(w->root, "checkpoints/frozen.safetensors");
}

void an_checkpoints_flip(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");

    assert_non_null(file);
    assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
    fputc(byte ^ 1, file);
    fclose(file);
}
