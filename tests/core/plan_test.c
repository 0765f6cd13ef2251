/*
 * plan_test.c: the planner, checked by running its plans on a tagged memory: every buffer's lines
 * are marked when it is written and must still carry its mark whenever it is read.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "core/plan.h"
#include <stdlib.h>
#include <string.h>

#define LINE AN_ALIGNMENT

typedef struct tape {
    uint32_t *lines; /* the mark of each line of the step arena */
    uint32_t next;
} tape;

static size_t bytes_of(an_shape shape, int n)
{
    return (size_t)an_shape_count(an_shape_with_n(shape, n)) * sizeof(float);
}

static uint32_t write_buffer(tape *t, const an_plan *plan, size_t offset, size_t bytes)
{
    const uint32_t mark = ++t->next;

    assert_true(offset != AN_NOWHERE && offset % LINE == 0);
    assert_true(offset + bytes <= plan->step_bytes);
    for (size_t i = offset / LINE; i < (offset + bytes + LINE - 1) / LINE; ++i)
        t->lines[i] = mark;
    return mark;
}

static void read_buffer(const tape *t, size_t offset, size_t bytes, uint32_t mark)
{
    for (size_t i = offset / LINE; i < (offset + bytes + LINE - 1) / LINE; ++i)
        assert_int_equal(t->lines[i], mark);
}

/* The input of a step. That of the first may be the unconverted images, which are not in the
   arena. */
static void read_x(const tape *t, const an_plan *plan, const an_plan_step *step, uint32_t mark)
{
    if (step == plan->steps && step->needs.takes_nchw) {
        assert_true(step->x == AN_NOWHERE && plan->input == AN_NOWHERE);
        return;
    }
    read_buffer(t, step->x, bytes_of(step->x_shape, plan->batch), mark);
}

typedef struct marks {
    uint32_t y, saved;
} marks;

static void play_forward(tape *t, const an_plan *plan, marks *of)
{
    uint32_t flow = 0;

    if (!plan->steps[0].needs.takes_nchw)
        flow = write_buffer(t, plan, plan->input, bytes_of(plan->model->nodes[0].x, plan->batch));

    for (int i = 0; i < plan->step_count; ++i) {
        const an_plan_step *step = &plan->steps[i];
        const size_t x_bytes = bytes_of(step->x_shape, plan->batch),
                     y_bytes = bytes_of(step->y_shape, plan->batch);

        if (step->run_forward) {
            read_x(t, plan, step, flow);
            flow = write_buffer(t, plan, step->y, y_bytes);
            if (step->x == AN_NOWHERE)
                assert_int_equal(i, 0);
            else if (step->y != step->x)
                assert_true(step->y + y_bytes <= step->x || step->x + x_bytes <= step->y);
            else
                assert_true(step->needs.in_place);
        } else
            assert_int_equal(step->x, step->y);
        of[i].y = flow;
        if (step->saved != AN_NOWHERE)
            of[i].saved = write_buffer(t, plan, step->saved, step->needs.saved_bytes);
    }
    read_buffer(t, plan->steps[plan->step_count - 1].y,
                bytes_of(plan->steps[plan->step_count - 1].y_shape, plan->batch), flow);
}

/* With a fused ReLU the buffer holds the ReLU's result from the start, so its mark is the same. */
static void play_backward(tape *t, const an_plan *plan, const marks *of)
{
    uint32_t flow = 0;

    for (int i = plan->step_count - 1; i >= 0; --i) {
        const an_plan_step *step = &plan->steps[i];
        const size_t x_bytes = bytes_of(step->x_shape, plan->batch),
                     y_bytes = bytes_of(step->y_shape, plan->batch);

        if (!step->run_backward) {
            if (step->want_dx) assert_int_equal(step->dx, step->dy); /* an alias */
            continue;
        }
        if (step->needs.backward_reads_x) read_x(t, plan, step, i > 0 ? of[i - 1].y : 1);
        if (step->needs.backward_reads_y) read_buffer(t, step->y, y_bytes, of[i].y);
        if (step->saved != AN_NOWHERE)
            read_buffer(t, step->saved, step->needs.saved_bytes, of[i].saved);
        if (step->dy != AN_NOWHERE) read_buffer(t, step->dy, y_bytes, flow);
        if (step->relu_before && !step->needs.backward_reads_x) {
            read_buffer(t, step->y, y_bytes, of[i].y);
            write_buffer(t, plan, step->dy, y_bytes);
        }
        if (step->want_dx) {
            flow = write_buffer(t, plan, step->dx, x_bytes);
            /* still there after dx is written, unless dx replaces dy in place */
            if (step->needs.backward_reads_x) read_x(t, plan, step, i > 0 ? of[i - 1].y : 1);
            if (step->dy != AN_NOWHERE && step->dy != step->dx)
                assert_true(step->dy + y_bytes <= step->dx || step->dx + x_bytes <= step->dy);
        }
    }
}

/* A described model, its context, and a plan of it. */
typedef struct described_model {
    alexnet_context *ctx;
    alexnet_model *model;
    an_plan plan;
} described_model;

static void open_described(described_model *o, const char *family, const alexnet_options *options)
{
    *o = (described_model){0};
    assert_int_equal(alexnet_open(options, &o->ctx), ALEXNET_OK);
    an_assert_ok(o->ctx, alexnet_model_describe(o->ctx, family, NULL, &o->model));
}

/* The plan up to a layer, in place of the one before. */
static const an_plan *plan_to(described_model *o, an_mode mode, int batch, int last)
{
    an_plan_close(o->ctx, &o->plan);
    an_assert_ok(o->ctx, an_plan_open(o->model, mode, batch, 0, last, &o->plan));
    return &o->plan;
}

static const an_plan *plan_all(described_model *o, an_mode mode, int batch)
{
    return plan_to(o, mode, batch, o->model->node_count - 1);
}

static void close_described(described_model *o)
{
    an_plan_close(o->ctx, &o->plan);
    alexnet_model_free(o->model);
    alexnet_close(o->ctx);
}

static void play(const char *family, an_mode mode, int batch, const char *output,
                 const char *freeze)
{
    described_model o;
    tape t = {0};
    marks *of;

    open_described(&o, family, NULL);
    if (freeze != NULL) an_assert_ok(o.ctx, an_model_freeze(o.model, freeze));
    const an_plan *plan = plan_to(&o, mode, batch, an_model_find_layer(o.model, output));
    t.lines = calloc(plan->step_bytes / LINE + 1, sizeof *t.lines);
    of = calloc((size_t)plan->step_count, sizeof *of);
    assert_true(t.lines != NULL && of != NULL);
    play_forward(&t, plan, of);
    if (mode == AN_TRAIN) play_backward(&t, plan, of);
    free(t.lines);
    free(of);
    close_described(&o);
}

static void buffers_are_intact_when_read(void **unused)
{
    static const struct {
        const char *family;
        an_mode mode;
        int batch;
        const char *output, *freeze;
    } rows[] = {
        {"torchvision", AN_TRAIN, 2, "prob", NULL},
        {"torchvision", AN_TRAIN, 1, "prob", "features"},
        {"torchvision", AN_TRAIN, 1, "prob", "features.0,features.3"},
        {"torchvision", AN_TRAIN, 1, "prob", "classifier"},
        {"torchvision", AN_INFER, 3, "prob", NULL},
        {"torchvision", AN_INFER, 1, "features.0", NULL},
        {"torchvision", AN_INFER, 1, "features.12", NULL},
        {"torchvision-2018", AN_TRAIN, 1, "prob", NULL},
        {"paper", AN_TRAIN, 2, "prob", NULL},
        {"paper-run", AN_TRAIN, 1, "prob", NULL},
        {"paper", AN_TRAIN, 1, "prob", "conv1"},
        {"paper-run", AN_INFER, 2, "prob", NULL},
        {"cifar-19pct", AN_TRAIN, 5, "prob", NULL},
        {"cifar-19pct", AN_TRAIN, 5, "prob", "conv1,conv2"},
        {"cifar-19pct", AN_INFER, 5, "pool1_neuron", NULL},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        play(rows[i].family, rows[i].mode, rows[i].batch, rows[i].output, rows[i].freeze);
}

/* A convolution includes its ReLU, unless the convolution's output is wanted. */
static void relu_is_fused_but_not_across_the_output(void **unused)
{
    described_model o;

    (void)unused;
    open_described(&o, "torchvision", NULL);
    const an_plan *plan = plan_all(&o, AN_INFER, 1);
    assert_true(plan->steps[0].fused_relu && !plan->steps[1].run_forward);
    plan = plan_to(&o, AN_INFER, 1, 0);
    assert_false(plan->steps[0].fused_relu);
    close_described(&o);
}

static bool is_a(const an_plan_step *step, const char *layer)
{
    return strcmp(step->node->def->name, layer) == 0;
}

/* Maximum pooling includes the backward pass of the ReLU before it, so that the convolution's
   output is not needed after forward. A convolution includes it, too. */
static void the_next_layer_does_the_relu_before_it(void **unused)
{
    const alexnet_options plain = {.struct_size = sizeof plain,
                                   .cpu = "portable"}; /* whose convolutions do not pool */
    described_model o;

    (void)unused;
    open_described(&o, "torchvision", &plain);
    const an_plan *plan = plan_all(&o, AN_TRAIN, 1);
    for (int i = 1; i < plan->step_count; ++i) {
        const an_plan_step *step = &plan->steps[i];
        const bool does = is_a(step, "pool") || (is_a(step, "conv2d") && is_a(step - 1, "relu"));
        assert_int_equal(step->relu_before, does);
        if (does) assert_false(step[-1].run_backward);
    }
    an_assert_ok(o.ctx, an_model_freeze(o.model, "features"));
    plan = plan_all(&o, AN_TRAIN, 1);
    for (int i = 0; i < plan->step_count; ++i)
        assert_false(plan->steps[i].relu_before);
    close_described(&o);
}

/* A convolution that pools stores only the pooled map; a ReLU in between runs backward on that, or
   in the next convolution. */
static void convolutions_include_pooling(void **unused)
{
    described_model o;

    (void)unused;
    open_described(&o, "torchvision", NULL);
    const an_plan *plan = plan_all(&o, AN_TRAIN, 32);
    for (int i = 0; i + 2 < plan->step_count; ++i) {
        const an_plan_step *conv = &plan->steps[i], *relu = conv + 1, *pool = conv + 2;
        const bool fused = conv->needs.fuses_pool;
        const an_plan_step *above = pool + 1;
        if (!is_a(pool, "pool")) continue;
        while (!above->run_backward)
            ++above;
        assert_true(!fused || above->relu_before || !is_a(above, "conv2d"));
        for (int pass = 0; pass < AN_PASSES; ++pass)
            if (fused && !(i == 0 && pass == AN_BACKWARD_DATA))
                assert_true(conv->needs.algorithm[pass]->pools);
        assert_int_equal(conv->fused_pool.r, fused ? 3 : 0);
        assert_int_equal(pool->run_forward, !fused);
        assert_int_equal(pool->run_backward, !fused);
        assert_int_equal(relu->run_backward, fused && !above->relu_before);
        if (!fused) continue;
        assert_int_equal(conv->y, pool->y);
        assert_int_equal(conv->dy, pool->dy);
        assert_int_equal(an_shape_count(relu->y_shape), an_shape_count(pool->node->y));
        assert_int_equal(conv->needs.saved_bytes, 32 * an_shape_count(pool->node->y));
    }
    close_described(&o);
}

/* Normalisation includes the pooling after it, and the backward pass of the ReLU before it. */
static void normalisation_includes_pooling_and_relu(void **unused)
{
    alexnet_context *ctx;
    alexnet_model *model;
    an_plan plan;
    int found = 0;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, alexnet_model_describe(ctx, "paper", NULL, &model));
    an_assert_ok(ctx, an_plan_open(model, AN_TRAIN, 2, 0, model->node_count - 1, &plan));
    for (int i = 1; i + 1 < plan.step_count; ++i) {
        const an_plan_step *norm = &plan.steps[i], *relu = norm - 1, *pool = norm + 1;
        if (strcmp(norm->node->def->name, "lrn") != 0) continue;
        ++found;
        assert_true(norm->relu_before);
        assert_false(relu->run_backward);
        assert_int_equal(norm->fused_pool.r > 0, norm->needs.fuses_pool);
        assert_int_equal(pool->run_forward, !norm->needs.fuses_pool);
        assert_int_equal(pool->run_backward, !norm->needs.fuses_pool);
    }
    assert_int_equal(found, 2);
    an_plan_close(ctx, &plan);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* No layer before the first trained one runs backward. */
static void frozen_layers_cost_no_backward(void **unused)
{
    described_model o;

    (void)unused;
    open_described(&o, "torchvision", NULL);
    an_assert_ok(o.ctx, an_model_freeze(o.model, "features"));
    const an_plan *plan = plan_all(&o, AN_TRAIN, 1);
    const int first = an_model_find_layer(o.model, "classifier.1");
    for (int i = 0; i < first; ++i)
        assert_false(plan->steps[i].run_backward);
    assert_false(plan->steps[first].want_dx);
    close_described(&o);
}

/* Reuse: inference needs little more than its two largest neighbours; training at most all that
 * backward reads. */
static void memory_is_reused(void **unused)
{
    const size_t conv1 = 64 * 55 * 55 * sizeof(float), pool1 = 64 * 27 * 27 * sizeof(float);
    size_t all = 0;
    described_model o;

    (void)unused;
    open_described(&o, "torchvision", NULL);
    const an_plan *plan = plan_all(&o, AN_INFER, 1);
    assert_true(plan->step_bytes <= conv1 + pool1 + 3 * 224 * 224 * sizeof(float));
    plan = plan_all(&o, AN_TRAIN, 1);
    for (int i = 0; i < plan->step_count; ++i)
        all += bytes_of(plan->steps[i].node->y, 1) + bytes_of(plan->steps[i].node->x, 1);
    assert_true(plan->step_bytes < all / 3);
    close_described(&o);
}

static void bad_batches_are_refused(void **unused)
{
    described_model o;

    (void)unused;
    open_described(&o, "torchvision", NULL);
    const int last = o.model->node_count - 1;
    an_assert_status(o.ctx, an_plan_open(o.model, AN_TRAIN, 0, 0, last, &o.plan), ALEXNET_BAD_ARG);
    an_assert_status(o.ctx,
                     an_plan_open(o.model, AN_TRAIN, ALEXNET_BATCH_MAX + 1, 0, last, &o.plan),
                     ALEXNET_BAD_ARG);
    close_described(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_are_intact_when_read),
        cmocka_unit_test(relu_is_fused_but_not_across_the_output),
        cmocka_unit_test(the_next_layer_does_the_relu_before_it),
        cmocka_unit_test(convolutions_include_pooling),
        cmocka_unit_test(normalisation_includes_pooling_and_relu),
        cmocka_unit_test(frozen_layers_cost_no_backward),
        cmocka_unit_test(memory_is_reused),
        cmocka_unit_test(bad_batches_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
