/*
 * session.c: runs the steps of a plan, forward from first to last, backward from last to first.
 * Every operation is a function of the layer.
 * SPDX-License-Identifier: MIT
 */
#include "core/session.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "base/threads.h"
#include <assert.h>
#include <math.h>
#include <string.h>

struct alexnet_session {
    alexnet_context *ctx;
    const alexnet_model *model;
    an_plan plan;
    an_arena gradients; /* training: those that are stored */
    an_arena step;      /* activations and their gradients, as the plan says */
    an_arena scratch;
    an_arena packed;    /* inference: packed weights */
    uint64_t packed_of; /* an_model_changes() at the time of packing; 0: never */
    an_run run;
    const float **w;        /* of each parameter of the model */
    float **dw;             /* training; NULL where none is stored */
    an_sgd_update *updates; /* in place of gradients, if `sgd`; w NULL: none */
    bool sgd;               /* backward updates the values where it can */
    bool exclusive;         /* inference: no other reader of the model's values */
    bool borrows;           /* `packed` is another session's */
    float *row_loss;
    const an_profile *profile; /* NULL: not profiled */
    uint64_t seed;
};

/* ---- opening ---- */

static alexnet_status open_arenas(alexnet_session *s, const alexnet_session *of)
{
    AN_TRY(an_arena_open(s->ctx, "activations", s->plan.step_bytes, &s->step));
    AN_TRY(an_arena_open(s->ctx, "scratch", AN_MAX(s->plan.scratch_bytes, (size_t)AN_ALIGNMENT),
                         &s->scratch));
    if (of != NULL) {
        s->packed = of->packed;
        s->packed_of = of->packed_of;
        s->borrows = true;
    } else if (s->plan.packed_bytes > 0)
        AN_TRY(an_arena_open(s->ctx, "packed weights", s->plan.packed_bytes, &s->packed));
    if (s->plan.setup.mode == AN_TRAIN)
        AN_TRY(an_arena_open(s->ctx, "gradients",
                             AN_MAX(an_plan_gradient_bytes(&s->plan, s->sgd), (size_t)AN_ALIGNMENT),
                             &s->gradients));
    s->run = (an_run){s->plan.setup.threads, s->scratch.base, s->scratch.capacity};
    return ALEXNET_OK;
}

static void place_gradients(alexnet_session *s)
{
    const an_plan *plan = &s->plan;

    for (const an_plan_step *step = plan->steps; step < plan->steps + plan->step_count; ++step) {
        for (int i = 0; i < step->node->param_count; ++i) {
            const int param = step->node->first_param + i;
            if (an_plan_stores_gradient(plan, step, i, s->sgd))
                s->dw[param] = an_arena_alloc(
                    &s->gradients, (size_t)s->model->params.items[param].count * sizeof(float));
        }
    }
}

static alexnet_status open_tables(alexnet_session *s)
{
    const size_t count = (size_t)s->model->params.count;

    s->w = an_new_array(s->ctx, count + 1, sizeof *s->w);
    s->dw = an_new_array(s->ctx, count + 1, sizeof *s->dw);
    s->updates = an_new_array(s->ctx, count + 1, sizeof *s->updates);
    s->row_loss = an_new_array(s->ctx, (size_t)s->plan.batch, sizeof *s->row_loss);
    if (s->w == NULL || s->dw == NULL || s->updates == NULL || s->row_loss == NULL)
        return an_fail(s->ctx, ALEXNET_NO_MEMORY, "session for a batch of %d", s->plan.batch);
    for (size_t i = 0; i < count; ++i)
        s->w[i] = s->model->values + s->model->params.items[i].offset;
    if (s->plan.setup.mode == AN_TRAIN) place_gradients(s);
    return ALEXNET_OK;
}

/* Whether both plans read the same packed weights. */
static bool packs_alike(const an_plan *a, const an_plan *b)
{
    bool alike = a->setup.backend == b->setup.backend && a->step_count == b->step_count &&
                 a->packed_bytes == b->packed_bytes;

    for (int i = 0; alike && i < a->step_count; ++i)
        alike =
            a->steps[i].packed == b->steps[i].packed &&
            a->steps[i].needs.algorithm[AN_FORWARD] == b->steps[i].needs.algorithm[AN_FORWARD] &&
            a->steps[i].needs.linear[AN_FORWARD] == b->steps[i].needs.linear[AN_FORWARD];
    return alike;
}

static alexnet_status check_like(const alexnet_session *s, const alexnet_session *of)
{
    return of == NULL || packs_alike(&s->plan, &of->plan)
               ? ALEXNET_OK
               : an_fail(s->ctx, ALEXNET_BAD_ARG,
                         "share: the other context has another tier or format of numbers");
}

/* of: the session whose packed weights are used; NULL: none, it packs its weights. */
static alexnet_status open_session(const alexnet_model *model, an_mode mode, int batch, int first,
                                   int output, uint64_t seed, bool sgd, const alexnet_session *of,
                                   alexnet_session **out)
{
    alexnet_context *ctx = model->ctx;
    alexnet_session *s;
    alexnet_status status;

    *out = NULL;
    if (model->values == NULL)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "session: the model is only described, without weights");
    s = an_new_zeroed(ctx, sizeof *s);
    if (s == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "session for a batch of %d", batch);
    s->ctx = ctx;
    s->model = model;
    s->seed = seed;
    s->sgd = sgd;
    an_threads_settle(ctx); /* the plan has scratch for each thread */
    if ((status = an_plan_open(model, mode, batch, first, output, &s->plan)) != ALEXNET_OK)
        goto fail;
    if ((status = check_like(s, of)) != ALEXNET_OK) goto fail;
    if ((status = open_arenas(s, of)) != ALEXNET_OK) goto fail;
    if ((status = open_tables(s)) != ALEXNET_OK) goto fail;
    *out = s;
    return ALEXNET_OK;
fail:
    alexnet_session_close(s);
    return status;
}

static alexnet_status open_inference(const alexnet_model *model, int batch, int first,
                                     const char *output, bool exclusive, alexnet_session **out)
{
    int node = model->node_count - 1;

    *out = NULL;
    if (output != NULL) AN_TRY(an_model_require_layer(model, output, &node));
    AN_TRY(open_session(model, AN_INFER, batch, first, node, 0, false, NULL, out));
    (*out)->exclusive = exclusive;
    return ALEXNET_OK;
}

alexnet_status alexnet_session_open(const alexnet_model *model, int batch, const char *output,
                                    alexnet_session **out)
{
    AN_NEED(NULL, model);
    AN_NEED(model->ctx, out);
    return open_inference(model, batch, 0, output, false, out);
}

alexnet_status an_session_open_exclusive(alexnet_model *model, int batch, const char *output,
                                         alexnet_session **out)
{
    return open_inference(model, batch, 0, output, true, out);
}

alexnet_status an_session_open_from(const alexnet_model *model, int batch, int first,
                                    alexnet_session **out)
{
    return open_inference(model, batch, first, NULL, false, out);
}

static alexnet_status open_training(alexnet_model *model, int batch, int first, uint64_t seed,
                                    bool sgd, alexnet_session **out)
{
    *out = NULL;
    AN_TRY(an_session_check_training(model->ctx, model->ctx->options.dtype));
    AN_TRY(an_model_check_classifier(model));
    return open_session(model, AN_TRAIN, batch, first, model->node_count - 1, seed, sgd, NULL, out);
}

alexnet_status an_session_check_training(alexnet_context *ctx, alexnet_dtype dtype)
{
    return dtype != ALEXNET_INT8
               ? ALEXNET_OK
               : an_fail(ctx, ALEXNET_BAD_ARG,
                         "int8 is for inference only: training computes in fp32 or bf16");
}

alexnet_status an_session_open_training(alexnet_model *model, int batch, int first, uint64_t seed,
                                        alexnet_session **out)
{
    return open_training(model, batch, first, seed, false, out);
}

alexnet_status an_session_open_sgd(alexnet_model *model, int batch, int first, uint64_t seed,
                                   alexnet_session **out)
{
    return open_training(model, batch, first, seed, true, out);
}

void alexnet_session_close(alexnet_session *s)
{
    alexnet_context *ctx;

    if (s == NULL) return;
    ctx = s->ctx;
    an_plan_close(ctx, &s->plan);
    an_arena_close(ctx, &s->gradients);
    an_arena_close(ctx, &s->step);
    an_arena_close(ctx, &s->scratch);
    if (!s->borrows) an_arena_close(ctx, &s->packed);
    an_free(ctx, s->w);
    an_free(ctx, s->dw);
    an_free(ctx, s->updates);
    an_free(ctx, s->row_loss);
    an_free(ctx, s);
}

/* In the order of pack_weights(). */
static void book_packed(const an_plan *plan, bool exclusive, an_footprint *f)
{
    for (int i = plan->step_count - 1; i >= plan->first; --i) {
        const an_plan_step *step = &plan->steps[i];

        if (step->packed == AN_NOWHERE) continue;
        an_footprint_add(f, (int64_t)step->needs.packed_bytes);
        if (exclusive)
            an_footprint_subtract(f, plan->model->params.items[step->node->first_param].count *
                                         (int64_t)sizeof(float));
    }
}

/* Marks the pages of a buffer of the step arena, [from, from + bytes). */
static void mark(bool *pages, size_t page, size_t from, size_t bytes)
{
    for (size_t i = from / page; bytes > 0 && from != AN_NOWHERE && i <= (from + bytes - 1) / page;
         ++i)
        pages[i] = true;
}

/* The bytes of the step arena that a run of n images touches, in whole pages. */
static alexnet_status count_touched(const an_plan *plan, int n, int64_t *bytes)
{
    alexnet_context *ctx = plan->model->ctx;
    const size_t page = an_arena_page(plan->step_bytes), count = plan->step_bytes / page + 1;
    bool *pages = an_new_array(ctx, count, sizeof *pages);
    size_t touched = 0;

    if (pages == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "plan of %d steps", plan->step_count);
    for (const an_plan_step *s = plan->steps; s < plan->steps + plan->step_count; ++s) {
        const size_t x = (size_t)an_shape_count(an_shape_with_n(s->x_shape, n)) * sizeof(float);
        const size_t y = (size_t)an_shape_count(an_shape_with_n(s->y_shape, n)) * sizeof(float);
        mark(pages, page, s->x, x);
        mark(pages, page, s->y, y);
        mark(pages, page, s->dx, x);
        mark(pages, page, s->dy, y);
        mark(pages, page, s->saved, s->needs.saved_bytes * (size_t)n / (size_t)plan->batch);
    }
    for (size_t i = 0; i < count; ++i)
        touched += pages[i];
    *bytes = (int64_t)AN_MIN(touched * page, plan->step_bytes);
    an_free(ctx, pages);
    return ALEXNET_OK;
}

alexnet_status an_session_book(const alexnet_model *model, const an_session_order *order,
                               an_footprint *footprint)
{
    an_plan plan;
    int64_t touched = 0;

    an_threads_settle(model->ctx);
    AN_TRY(an_plan_open(model, order->mode, order->batch, order->first, order->output, &plan));
    const alexnet_status status = count_touched(&plan, order->images, &touched);
    book_packed(&plan, order->exclusive, footprint);
    an_footprint_add(footprint, touched + (int64_t)plan.scratch_bytes);
    if (order->mode == AN_TRAIN)
        an_footprint_add(footprint, (int64_t)an_plan_gradient_bytes(&plan, order->updates));
    an_plan_close(model->ctx, &plan);
    return status;
}

/* ---- running ---- */

/* The batch being run. */
typedef struct batch {
    const float *images; /* [n][c][h][w] */
    int n;
    int64_t step;
    an_targets targets; /* training */
} batch;

static void *at(const alexnet_session *s, size_t offset)
{
    return offset == AN_NOWHERE ? NULL : s->step.base + offset;
}

static an_op make_op(alexnet_session *s, const an_plan_step *step, const batch *b)
{
    const an_sgd_update *update = s->updates + step->node->first_param;
    an_pool pool = step->fused_pool;

    pool.n = b->n;
    return (an_op){
        .node = step->node,
        .backend = s->plan.setup.backend,
        .run = &s->run,
        .needs = &step->needs,
        .mode = s->plan.setup.mode,
        .x_shape = an_shape_with_n(step->x_shape, b->n),
        .y_shape = an_shape_with_n(step->y_shape, b->n),
        .x = step->needs.takes_nchw ? b->images : at(s, step->x),
        .y = at(s, step->y),
        .dy = at(s, step->dy),
        .dx = step->want_dx ? at(s, step->dx) : NULL,
        .saved = at(s, step->saved),
        .packed = step->packed == AN_NOWHERE ? NULL : s->packed.base + step->packed,
        .relu = step->fused_relu,
        .relu_before = step->relu_before,
        .pool = pool,
        .w = s->w + step->node->first_param,
        .dw = s->dw + step->node->first_param,
        .update = step->node->param_count > 0 && update->w != NULL ? update : NULL,
        .seed = s->seed,
        .step = b->step,
        .loss_scale = 1.0f / (float)b->n,
        .targets = b->targets,
        .row_loss = s->row_loss,
    };
}

/* Packs the weights unless they are packed already. From the last layer to the first: by the time
   of the largest, the first linear one, the memory of those after it has been released. */
static alexnet_status pack_weights(alexnet_session *s)
{
    const batch whole = {.n = s->plan.batch};

    if (s->packed_of == an_model_changes(s->model)) return ALEXNET_OK;
    assert(!s->exclusive || s->packed_of == 0); /* the originals are gone */
    for (int i = s->plan.step_count - 1; i >= s->plan.first; --i) {
        const an_plan_step *step = &s->plan.steps[i];
        const an_op op = make_op(s, step, &whole);

        if (op.packed == NULL) continue;
        AN_TRY(step->node->def->pack_weights(&op));
        if (s->exclusive)
            an_pages_release(op.w[0],
                             (size_t)s->model->params.items[step->node->first_param].count *
                                 sizeof *op.w[0]);
    }
    s->packed_of = an_model_changes(s->model);
    return ALEXNET_OK;
}

alexnet_status an_session_open_like(const alexnet_model *model, alexnet_session *of,
                                    alexnet_session **out)
{
    const an_plan *plan = &of->plan;

    *out = NULL;
    AN_TRY(pack_weights(of));
    return open_session(model, AN_INFER, plan->batch, plan->first, plan->step_count - 1, 0, false,
                        of, out);
}

static an_shape images_shape(const alexnet_session *s, const batch *b)
{
    return an_shape_with_n(s->model->nodes[s->plan.first].x, b->n);
}

static alexnet_status images_from_nchw(alexnet_session *s, const batch *b)
{
    if (s->plan.input == AN_NOWHERE) return ALEXNET_OK;
    return s->plan.setup.backend->from_nchw(&s->run, images_shape(s, b), b->images,
                                            at(s, s->plan.input));
}

/* Runs one direction of one layer, and times it when profiled. */
static alexnet_status run_layer(const alexnet_session *s, const an_op *op, bool is_forward)
{
    const an_layer_def *def = op->node->def;
    const double start = s->profile != NULL ? an_seconds() : 0;
    const alexnet_status status = is_forward ? def->forward(op) : def->backward(op);

    if (s->profile != NULL)
        (is_forward ? s->profile->forward : s->profile->backward)[op->node->index] +=
            an_seconds() - start;
    return status;
}

static alexnet_status forward(alexnet_session *s, const batch *b)
{
    for (int i = s->plan.first; i < s->plan.step_count; ++i) {
        const an_plan_step *step = &s->plan.steps[i];
        const an_op op = make_op(s, step, b);

        if (step->run_forward) AN_TRY(run_layer(s, &op, true));
    }
    return ALEXNET_OK;
}

static alexnet_status backward(alexnet_session *s, const batch *b)
{
    for (int i = s->plan.step_count - 1; i >= s->plan.first; --i) {
        const an_plan_step *step = &s->plan.steps[i];
        const an_op op = make_op(s, step, b);

        if (step->run_backward) AN_TRY(run_layer(s, &op, false));
    }
    return ALEXNET_OK;
}

static alexnet_status check_n(const alexnet_session *s, int n)
{
    if (n < 1 || n > s->plan.batch)
        return an_fail(s->ctx, ALEXNET_BAD_ARG, "batch of %d images, this session takes 1 .. %d", n,
                       s->plan.batch);
    return ALEXNET_OK;
}

void alexnet_session_get_output(const alexnet_session *s, int shape[3])
{
    if (shape == NULL) return;
    const an_shape y = s != NULL ? s->plan.steps[s->plan.step_count - 1].node->y : (an_shape){0};
    shape[0] = y.c;
    shape[1] = y.h;
    shape[2] = y.w;
}

static alexnet_status output_to_nchw(alexnet_session *s, int n, float *out)
{
    const an_plan_step *last = &s->plan.steps[s->plan.step_count - 1];

    return s->plan.setup.backend->to_nchw(&s->run, an_shape_with_n(last->node->y, n),
                                          at(s, last->y), out);
}

alexnet_status alexnet_session_run(alexnet_session *s, const float *images, int n, float *out)
{
    const batch b = {.images = images, .n = n};

    AN_NEED(NULL, s);
    AN_NEED(s->ctx, images);
    AN_NEED(s->ctx, out);
    AN_TRY(check_n(s, n));
    AN_TRY(pack_weights(s));
    AN_TRY(images_from_nchw(s, &b));
    AN_TRY(forward(s, &b));
    return output_to_nchw(s, n, out);
}

/* ---- training ---- */

/* The mean, summed in double in the order of the rows. */
static double mean_loss(const float *row_loss, int n)
{
    double sum = 0;

    for (int i = 0; i < n; ++i)
        sum += (double)row_loss[i];
    return sum / n;
}

/* After a loss that is not finite: runs forward again to find the first layer whose output is not
   finite. */
static alexnet_status name_diverged(alexnet_session *s, const batch *b, double loss)
{
    const an_backend *backend = s->plan.setup.backend;
    char shown[AN_REAL_SIZE];

    an_show_short(shown, 6, loss);
    AN_TRY(images_from_nchw(s, b));
    if (!backend->all_finite(&s->run, an_shape_count(images_shape(s, b)), b->images))
        return an_fail(s->ctx, ALEXNET_DIVERGED, "step %lld: loss is %s; the images are not finite",
                       (long long)b->step, shown);
    for (int i = s->plan.first; i < s->plan.step_count; ++i) {
        const an_plan_step *step = &s->plan.steps[i];
        const an_op op = make_op(s, step, b);

        if (step->run_forward) AN_TRY(step->node->def->forward(&op));
        if (!backend->all_finite(&s->run, an_shape_count(op.y_shape), op.y))
            return an_fail(s->ctx, ALEXNET_DIVERGED,
                           "step %lld: loss is %s; layer %s is the first whose output is not "
                           "finite (try a smaller --lr)",
                           (long long)b->step, shown, step->node->name);
    }
    return an_fail(
        s->ctx, ALEXNET_DIVERGED,
        "step %lld: loss is %s though every layer's output is finite (try a smaller --lr)",
        (long long)b->step, shown);
}

static alexnet_status check_labels(const alexnet_session *s, const int32_t *labels, int n)
{
    for (int i = 0; i < n; ++i)
        if (labels[i] < 0 || labels[i] >= s->model->options.classes)
            return an_fail(s->ctx, ALEXNET_BAD_ARG, "label %d of image %d, expected 0 .. %d",
                           (int)labels[i], i, s->model->options.classes - 1);
    return ALEXNET_OK;
}

alexnet_status an_session_train(alexnet_session *s, const float *images, const an_targets *targets,
                                int n, int64_t step, double *loss, float *probs)
{
    const batch b = {.images = images, .n = n, .step = step, .targets = *targets};

    AN_TRY(check_n(s, n));
    AN_TRY(check_labels(s, targets->labels, n));
    if (targets->other_labels != NULL) AN_TRY(check_labels(s, targets->other_labels, n));
    AN_TRY(images_from_nchw(s, &b));
    AN_TRY(forward(s, &b));
    *loss = mean_loss(s->row_loss, n);
    if (!isfinite(*loss)) return name_diverged(s, &b, *loss);
    if (probs != NULL) AN_TRY(output_to_nchw(s, n, probs));
    return backward(s, &b);
}

void an_session_profile(alexnet_session *s, const an_profile *profile) { s->profile = profile; }

bool an_session_updates(const alexnet_session *s, int param)
{
    return s->sgd && s->dw[param] == NULL && !s->model->params.items[param].frozen;
}

void an_session_set_update(alexnet_session *s, int param, const an_sgd_update *update)
{
    assert(an_session_updates(s, param));
    s->updates[param] = update != NULL ? *update : (an_sgd_update){0};
}

float *an_session_gradient(const alexnet_session *s, int param) { return s->dw[param]; }

size_t an_session_gradient_bytes(const alexnet_session *s) { return s->gradients.used; }

const an_run *an_session_run_resources(const alexnet_session *s) { return &s->run; }

const an_plan *an_session_plan(const alexnet_session *s) { return &s->plan; }
