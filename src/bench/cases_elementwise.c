/*
 * cases_elementwise.c: kinds of cases (cases.h): how element by element functions, changes of
 * layout, loss and updates are called.
 * SPDX-License-Identifier: MIT
 */
#include "bench/cases_kinds.h"

/* ---- layout ---- */

static void unary_sizes(const an_case *c, an_case_sizes *out)
{
    const int64_t count = an_shape_count(c->shape);

    *out = (an_case_sizes){.in = {an_floats(count)}, .out = {an_floats(count)}, .terms = 1};
}

static alexnet_status layout_run(const an_case *c, const an_backend *backend, const an_run *run,
                                 const void *const in[AN_CASE_INPUTS],
                                 void *const out[AN_CASE_OUTPUTS])
{
    if (c->kind == &an_case_from_nchw) return backend->from_nchw(run, c->shape, in[0], out[0]);
    if (c->kind == &an_case_to_nchw) return backend->to_nchw(run, c->shape, in[0], out[0]);
    return (c->kind == &an_case_flatten ? backend->flatten : backend->unflatten)(run, c->shape,
                                                                                 in[0], out[0]);
}

const an_case_kind an_case_from_nchw = {
    .name = "from_nchw", .exact = true, .sizes = unary_sizes, .run = layout_run};
const an_case_kind an_case_to_nchw = {
    .name = "to_nchw", .exact = true, .sizes = unary_sizes, .run = layout_run};
const an_case_kind an_case_flatten = {
    .name = "flatten", .exact = true, .sizes = unary_sizes, .run = layout_run};
const an_case_kind an_case_unflatten = {
    .name = "unflatten", .exact = true, .sizes = unary_sizes, .run = layout_run};

static void unfold_sizes(const an_case *c, an_case_sizes *out)
{
    const int64_t window = (int64_t)c->size * c->size;
    const int64_t windows = (int64_t)(c->shape.h - c->size + 1) * (c->shape.w - c->size + 1);
    const an_operand map = an_floats(an_shape_count(c->shape));
    const an_operand columns = an_floats((int64_t)c->shape.n * c->shape.c * window * windows);

    *out = c->kind == &an_case_unfold ? (an_case_sizes){.in = {map}, .out = {columns}}
                                      : (an_case_sizes){.in = {columns}, .out = {map}};
    out->terms = window;
}

static alexnet_status unfold_run(const an_case *c, const an_backend *backend, const an_run *run,
                                 const void *const in[AN_CASE_INPUTS],
                                 void *const out[AN_CASE_OUTPUTS])
{
    return (c->kind == &an_case_unfold ? backend->unfold : backend->fold)(run, c->shape, c->size,
                                                                          in[0], out[0]);
}

const an_case_kind an_case_unfold = {
    .name = "unfold", .exact = true, .sizes = unfold_sizes, .run = unfold_run};
const an_case_kind an_case_fold = {
    .name = "fold", .exact = true, .sizes = unfold_sizes, .run = unfold_run};

/* ---- element by element ---- */

static void binary_sizes(const an_case *c, an_case_sizes *out)
{
    unary_sizes(c, out);
    out->in[1] = out->in[0];
}

/* Both implementations of e^x and tanh may be wrong in the last two bits: as many roundings as in a
   sum of these terms. */
#define FUNCTION_TERMS 4

static void function_sizes(const an_case *c, an_case_sizes *out)
{
    unary_sizes(c, out);
    out->terms = FUNCTION_TERMS;
}

static alexnet_status relu_run(const an_case *c, const an_backend *backend, const an_run *run,
                               const void *const in[AN_CASE_INPUTS],
                               void *const out[AN_CASE_OUTPUTS])
{
    return backend->relu(run, an_shape_count(c->shape), in[0], out[0]);
}

static alexnet_status relu_backward_run(const an_case *c, const an_backend *backend,
                                        const an_run *run, const void *const in[AN_CASE_INPUTS],
                                        void *const out[AN_CASE_OUTPUTS])
{
    return backend->relu_backward(run, an_shape_count(c->shape), in[0], in[1], out[0]);
}

/* LeCun's 1.7159 tanh(2/3 x). */
static alexnet_status tanh_run(const an_case *c, const an_backend *backend, const an_run *run,
                               const void *const in[AN_CASE_INPUTS],
                               void *const out[AN_CASE_OUTPUTS])
{
    const int64_t count = an_shape_count(c->shape);
    const float a = 1.7159f, b = 2 / 3.0f;

    return c->kind == &an_case_tanh
               ? backend->tanh(run, a, b, count, in[0], out[0])
               : backend->tanh_backward(run, a, b, count, in[0], in[1], out[0]);
}

static alexnet_status sigmoid_run(const an_case *c, const an_backend *backend, const an_run *run,
                                  const void *const in[AN_CASE_INPUTS],
                                  void *const out[AN_CASE_OUTPUTS])
{
    const int64_t count = an_shape_count(c->shape);

    return c->kind == &an_case_sigmoid
               ? backend->sigmoid(run, count, in[0], out[0])
               : backend->sigmoid_backward(run, count, in[0], in[1], out[0]);
}

static alexnet_status dropout_run(const an_case *c, const an_backend *backend, const an_run *run,
                                  const void *const in[AN_CASE_INPUTS],
                                  void *const out[AN_CASE_OUTPUTS])
{
    const an_dropout rule = {.seed = 1, .step = 7, .layer = 15, .drop = 0.5f, .scale = 2};

    return backend->dropout(run, &rule, c->shape, in[0], out[0]);
}

/* Weights, velocity and, where the rule has them, mean squares. */
static void update_sizes(const an_case *c, an_case_sizes *out)
{
    const an_operand values = an_floats(an_shape_count(c->shape));

    *out = (an_case_sizes){.in = {values}, .out = {values}, .updates = true, .terms = 1};
    if (c->kind == &an_case_average_values) return;
    out->out[1] = values;
    if (c->kind == &an_case_sgd) return;
    out->out[2] = values;
    out->out[2].type = AN_OPERAND_UNIT;
}

static alexnet_status update_run(const an_case *c, const an_backend *backend, const an_run *run,
                                 const void *const in[AN_CASE_INPUTS],
                                 void *const out[AN_CASE_OUTPUTS])
{
    const int64_t count = an_shape_count(c->shape);
    const an_sgd sgd = an_case_sgd_rule(c);
    const an_rmsprop rmsprop = {
        .lr = 0.01f, .momentum = 0.9f, .weight_decay = 0.0005f, .rho = 0.9f, .epsilon = 1};
    const an_adam adam = {.lr = 0.001f,
                          .weight_decay = 0.0005f,
                          .beta1 = 0.9f,
                          .beta2 = 0.999f,
                          .epsilon = 1e-8f,
                          .t = 7};

    if (c->kind == &an_case_sgd) return backend->sgd(run, &sgd, count, in[0], out[1], out[0]);
    if (c->kind == &an_case_rmsprop)
        return backend->rmsprop(run, &rmsprop, count, in[0], out[1], out[2], out[0]);
    if (c->kind == &an_case_adam)
        return backend->adam(run, &adam, count, in[0], out[1], out[2], out[0]);
    return backend->average(run, 0.25f, count, in[0], out[0]);
}

/* The result, 0 or 1. */
static void all_finite_sizes(const an_case *c, an_case_sizes *out)
{
    *out = (an_case_sizes){.in = {an_floats(an_shape_count(c->shape))},
                           .out = {{.count = 1, .type = AN_OPERAND_INT}},
                           .terms = 1};
}

static alexnet_status all_finite_run(const an_case *c, const an_backend *backend, const an_run *run,
                                     const void *const in[AN_CASE_INPUTS],
                                     void *const out[AN_CASE_OUTPUTS])
{
    *(int32_t *)out[0] = backend->all_finite(run, an_shape_count(c->shape), in[0]);
    return ALEXNET_OK;
}

const an_case_kind an_case_all_finite = {
    .name = "all finite", .exact = true, .sizes = all_finite_sizes, .run = all_finite_run};
const an_case_kind an_case_relu = {
    .name = "relu", .exact = true, .sizes = unary_sizes, .run = relu_run};
const an_case_kind an_case_relu_backward = {
    .name = "relu backward", .exact = true, .sizes = binary_sizes, .run = relu_backward_run};
const an_case_kind an_case_tanh = {.name = "tanh", .sizes = function_sizes, .run = tanh_run};
const an_case_kind an_case_tanh_backward = {
    .name = "tanh backward", .exact = true, .sizes = binary_sizes, .run = tanh_run};
const an_case_kind an_case_sigmoid = {
    .name = "sigmoid", .sizes = function_sizes, .run = sigmoid_run};
const an_case_kind an_case_sigmoid_backward = {
    .name = "sigmoid backward", .exact = true, .sizes = binary_sizes, .run = sigmoid_run};
const an_case_kind an_case_dropout = {
    .name = "dropout", .exact = true, .sizes = unary_sizes, .run = dropout_run};
const an_case_kind an_case_sgd = {
    .name = "sgd", .exact = true, .sizes = update_sizes, .run = update_run};
const an_case_kind an_case_rmsprop = {
    .name = "rmsprop", .exact = true, .sizes = update_sizes, .run = update_run};
const an_case_kind an_case_adam = {
    .name = "adam", .exact = true, .sizes = update_sizes, .run = update_run};
const an_case_kind an_case_average_values = {
    .name = "average", .exact = true, .sizes = update_sizes, .run = update_run};

/* ---- loss ---- */

static an_operand labels(an_shape shape)
{
    return (an_operand){.count = (size_t)shape.n, .type = AN_OPERAND_INT, .limit = shape.c};
}

static void softmax_sizes(const an_case *c, an_case_sizes *out)
{
    unary_sizes(c, out);
    out->terms = c->shape.c + FUNCTION_TERMS;
}

static alexnet_status softmax_run(const an_case *c, const an_backend *backend, const an_run *run,
                                  const void *const in[AN_CASE_INPUTS],
                                  void *const out[AN_CASE_OUTPUTS])
{
    return backend->softmax(run, c->shape, in[0], out[0]);
}

static void blended_sizes(const an_case *c, an_case_sizes *out)
{
    if (!c->blended) return;
    out->in[2] = labels(c->shape);
    out->in[3] = an_floats(c->shape.n);
}

static an_targets targets_of(const an_case *c, const void *const in[AN_CASE_INPUTS])
{
    return (an_targets){.labels = in[1],
                        .other_labels = c->blended ? in[2] : NULL,
                        .shares = c->blended ? in[3] : NULL,
                        .smoothing = c->smoothing};
}

static void cross_entropy_sizes(const an_case *c, an_case_sizes *out)
{
    *out = (an_case_sizes){.in = {an_floats(an_shape_count(c->shape)), labels(c->shape)},
                           .out = {an_floats(c->shape.n)},
                           .terms = c->shape.c + FUNCTION_TERMS};
    blended_sizes(c, out);
}

static alexnet_status cross_entropy_run(const an_case *c, const an_backend *backend,
                                        const an_run *run, const void *const in[AN_CASE_INPUTS],
                                        void *const out[AN_CASE_OUTPUTS])
{
    const an_targets targets = targets_of(c, in);

    return backend->cross_entropy(run, c->shape.n, c->shape.c, in[0], &targets, out[0]);
}

static void loss_backward_sizes(const an_case *c, an_case_sizes *out)
{
    unary_sizes(c, out);
    out->in[1] = labels(c->shape);
    blended_sizes(c, out);
}

static alexnet_status loss_backward_run(const an_case *c, const an_backend *backend,
                                        const an_run *run, const void *const in[AN_CASE_INPUTS],
                                        void *const out[AN_CASE_OUTPUTS])
{
    const an_targets targets = targets_of(c, in);

    return backend->softmax_loss_backward(run, c->shape.n, c->shape.c, in[0], &targets,
                                          1 / (float)c->shape.n, out[0]);
}

const an_case_kind an_case_softmax = {
    .name = "softmax", .sizes = softmax_sizes, .run = softmax_run};
const an_case_kind an_case_cross_entropy = {
    .name = "cross entropy", .sizes = cross_entropy_sizes, .run = cross_entropy_run};
const an_case_kind an_case_loss_backward = {.name = "softmax loss backward",
                                            .exact = true,
                                            .sizes = loss_backward_sizes,
                                            .run = loss_backward_run};
