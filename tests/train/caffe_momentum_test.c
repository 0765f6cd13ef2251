/*
 * caffe_momentum_test.c: what is refused; Caffe's own momentum in the terms of both rules of SGD; a
 * training that goes on with it.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "core/model.h"
#include "formats/caffe/solverstate.h"
#include "train/caffe_momentum.h"
#include <math.h>
#include <stdlib.h>

#define WEIGHTS "caffe/cifar10_full_iter_70000.caffemodel"
#define STATE   "caffe/cifar10_full_iter_70000.solverstate"

static char *path_of(const char *name) { return (char *)(uintptr_t)an_test_data(name); }

static void what_is_refused(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static char from[] = "no.caffemodel", solver[] = "no.solverstate";
    an_config config = {.solverstate = solver};

    an_assert_status(ctx, an_caffe_momentum_check(ctx, &config), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "needs the weights that were saved with it");
    config.from = from;
    config.recipe.update = AN_UPDATE_ADAM;
    an_assert_status(ctx, an_caffe_momentum_check(ctx, &config), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "has the momentum of SGD, but the recipe's update is another");
    config.recipe.update = AN_UPDATE_PAPER;
    an_assert_status(ctx, an_caffe_momentum_check(ctx, &config), ALEXNET_NOT_FOUND);

    if (path_of(WEIGHTS) == NULL) skip();
    config.from = path_of(WEIGHTS);
    an_assert_status(ctx, an_caffe_momentum_check(ctx, &config), ALEXNET_NOT_FOUND);
    config.solverstate = path_of(WEIGHTS); /* a network is no state */
    an_assert_status(ctx, an_caffe_momentum_check(ctx, &config), ALEXNET_BAD_FILE);
    config.from = path_of("weights/torchvision-alexnet-features.safetensors");
    config.solverstate = path_of(STATE);
    an_assert_status(ctx, an_caffe_momentum_check(ctx, &config), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "needs the weights it was saved with, as a .caffemodel");
}

/* The history is in the order of the network's tensors, and so are the parameters. */
static void compare(alexnet_context *ctx, const alexnet_model *model, const an_optimiser *optimiser,
                    double weights, double biases)
{
    an_caffe_solverstate solver;

    an_assert_ok(ctx, an_caffe_solverstate_open(ctx, path_of(STATE), &solver));
    assert_int_equal(solver.count, model->params.count);
    for (int i = 0; i < solver.count; ++i) {
        const an_param *param = &model->params.items[i];
        const float *v = optimiser->slots[AN_SLOT_MOMENTUM] + param->offset;
        const double factor = param->role == AN_PARAM_BIAS ? biases : weights;
        float *h = malloc((size_t)param->count * sizeof *h);
        assert_int_equal(solver.history[i].count, param->count);
        an_assert_ok(ctx, an_tensor_to_finite(ctx, "state", &solver.history[i], h));
        for (int64_t k = 0; k < param->count; ++k)
            assert_true(v[k] == (float)(factor * (double)h[k]) ||
                        fabs((double)v[k] - factor * (double)h[k]) < 1e-6 * fabs((double)v[k]));
        free(h);
    }
    an_caffe_solverstate_close(ctx, &solver);
}

/* update=paper: v = -h. update=torch: v = h / lr, where a bias of Caffe's network has twice the
   rate. */
static void the_momentum_has_our_sign_and_scale(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    alexnet_model *model;
    an_optimiser optimiser;
    an_config config = {.from = path_of(WEIGHTS),
                        .solverstate = path_of(STATE),
                        .recipe = {.lr = 0.001, .bias_lr = 1, .momentum = 0.9}};

    if (config.from == NULL || config.solverstate == NULL) skip();
    an_assert_ok(ctx, alexnet_model_load(ctx, config.from, &model));
    const float first = model->values[0];
    for (int torch = 0; torch < 2; ++torch) {
        config.recipe.update = torch ? AN_UPDATE_TORCH : AN_UPDATE_PAPER;
        an_assert_ok(ctx, an_optimiser_open(model, &config.recipe, &optimiser));
        an_assert_ok(ctx, an_caffe_momentum_load(model, &config, &optimiser));
        assert_true(model->values[0] == first); /* the weights are untouched */
        compare(ctx, model, &optimiser, torch ? 1 / 0.001 : -1, torch ? 1 / 0.002 : -1);
        an_optimiser_close(ctx, &optimiser);
    }
    alexnet_model_free(model);
}

/* Without a jump: the loss of the first steps is that of the weights, about 0.4 on images that they
   were trained on; 2.3 is that of a guess. A momentum of the wrong scale destroys them. */
static void a_training_goes_on_without_a_jump(void **state)
{
    const an_test_place *p = *state;
    alexnet_train_options options = alexnet_train_options_default();
    alexnet_train_result result;
    alexnet_context *ctx; /* with a backend */

    options.data = path_of("cifar10-jpeg.tar.gz");
    options.from = path_of(WEIGHTS);
    options.solverstate = path_of(STATE);
    if (options.data == NULL || options.from == NULL || options.solverstate == NULL) skip();
    an_assert_ok(NULL, alexnet_open(NULL, &ctx));
    options.out = an_test_path(p->folder, "run");
    options.settings = "batch=100 lr=0.00001 schedule=constant";
    options.steps = 20;
    an_assert_ok(ctx, alexnet_train(ctx, &options, &result));
    assert_true(result.train_loss > 0.2 && result.train_loss < 0.6);

    /* a resumed run has its own */
    options.resume = options.out;
    options.out = NULL;
    an_assert_status(ctx, alexnet_train(ctx, &options, &result), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "a resumed run has its own momentum");
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(what_is_refused),
        an_test_in_place(the_momentum_has_our_sign_and_scale),
        an_test_in_place(a_training_goes_on_without_a_jump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
