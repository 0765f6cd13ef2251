/*
 * sgd.c: the update.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/sgd.h"

#include "base/status.h"

an_sgd an_sgd_rule(const an_recipe *recipe, const an_param *param, double lr)
{
    const double rate = lr * param->lr_multiplier * (param->role == AN_PARAM_BIAS ? recipe->bias_lr : 1);
    const double decay =
        recipe->weight_decay * param->decay_multiplier *
                         (param->role == AN_PARAM_BIAS ? recipe->bias_decay : 1);

    return (an_sgd){
        .lr = (float)rate,
        .momentum = (float)recipe->momentum,
        .weight_decay = (float)decay,
        .lr_inside = recipe->update == AN_UPDATE_PAPER,
    };
}

alexnet_status an_sgd_update(alexnet_session *session, alexnet_model *model,
                             const an_recipe *recipe, double lr, float *velocity)
{
    const an_backend *backend = an_session_plan(session)->backend;
    const an_run *run = an_session_run_resources(session);
    const float *gradients = an_session_gradients(session);

    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        const an_sgd rule = an_sgd_rule(recipe, param, lr);
        const float *gradient = gradients + param->offset;
        float *values = model->values + param->offset;
        if (param->frozen) continue;
        if (param->role == AN_PARAM_STATISTIC)
            AN_TRY(backend->average(run, (float)param->lr_multiplier, param->count, gradient,
                                    values));
        else
            AN_TRY(backend->sgd(run, &rule, param->count, gradient, velocity + param->offset,
                                values));
    }
    return ALEXNET_OK;
}
