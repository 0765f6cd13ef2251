/*
 * cases.c: how each primitive is called, and the calls that AlexNet makes.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/cases.h"

#include "base/compiler.h"
#include <assert.h>
#include <string.h>

static an_operand floats(int64_t count)
{
    return (an_operand){.count = (size_t)count, .type = AN_OPERAND_FLOAT};
}

/* What goes into a layer's forward pass. */
static an_operand layer_input(const an_case *c, int64_t count)
{
    return (an_operand){.count = (size_t)count,
                        .type = c->behind_relu ? AN_OPERAND_UNIT : AN_OPERAND_FLOAT};
}

/* ---- convolution ---- */

static int64_t conv2d_x(const an_conv2d *g) { return (int64_t)g->n * g->c * g->h * g->w; }

static int64_t conv2d_y(const an_conv2d *g) { return (int64_t)g->n * g->k * g->p * g->q; }

static int64_t conv2d_w(const an_conv2d *g)
{
    return (int64_t)g->k * (g->c / g->groups) * g->r * g->s;
}

static void conv2d_sizes(const an_case *c, an_case_sizes *out)
{
    const an_conv2d *g = &c->conv2d;
    const int64_t x = conv2d_x(g);
    const int64_t y = conv2d_y(g);
    const int64_t w = conv2d_w(g);
    const an_pass pass = (an_pass)(c->kind - an_case_conv2d);

    switch (pass) {
    case AN_FORWARD:
        *out = (an_case_sizes){.in = {layer_input(c, x), floats(w), floats(g->k)},
                               .out = {floats(y)},
                               .terms = w / g->k + 1};
        break;
    case AN_BACKWARD_DATA:
        *out = (an_case_sizes){.in = {floats(y), floats(w)},
                               .out = {floats(x)},
                               .terms = (int64_t)g->k / g->groups * g->r * g->s};
        break;
    case AN_BACKWARD_WEIGHTS:
        *out = (an_case_sizes){.in = {floats(x), floats(y)},
                               .out = {floats(w), floats(g->k)},
                               .terms = (int64_t)g->n * g->p * g->q};
        break;
    }
    out->flops = 2.0 * (double)y * (double)(w / g->k);
}

static const an_conv2d_algorithm *conv2d_algorithm(const an_case *c, const an_backend *backend)
{
    return backend->conv2d(&c->conv2d, (an_pass)(c->kind - an_case_conv2d), c->dtype);
}

static size_t conv2d_scratch(const an_case *c, const an_backend *backend, int threads)
{
    const an_conv2d_algorithm *algorithm = conv2d_algorithm(c, backend);

    return algorithm->scratch_bytes != NULL ? algorithm->scratch_bytes(&c->conv2d, threads) : 0;
}

/* The operands of a pass, as they lie in a case of a convolution or a linear layer. */
static an_conv2d_tensors tensors(const an_case *c, an_pass pass,
                                 const void *const in[AN_CASE_INPUTS],
                                 void *const out[AN_CASE_OUTPUTS])
{
    switch (pass) {
    case AN_FORWARD:
        return (an_conv2d_tensors){.x = in[0],
                                   .w = in[1],
                                   .bias = in[2],
                                   .y = out[0],
                                   .relu = c->relu,
                                   .prepared = c->prepared};
    case AN_BACKWARD_DATA:
        return (an_conv2d_tensors){.dy = in[0], .w = in[1], .dx = out[0]};
    case AN_BACKWARD_WEIGHTS:
        return (an_conv2d_tensors){.x = in[0], .dy = in[1], .dw = out[0], .db = out[1]};
    }
    return (an_conv2d_tensors){0};
}

static alexnet_status conv2d_run(const an_case *c, const an_backend *backend, const an_run *run,
                                 const void *const in[AN_CASE_INPUTS],
                                 void *const out[AN_CASE_OUTPUTS])
{
    const an_conv2d_tensors t = tensors(c, (an_pass)(c->kind - an_case_conv2d), in, out);

    return conv2d_algorithm(c, backend)->run(run, &c->conv2d, &t);
}

const an_case_kind an_case_conv2d[AN_PASSES] = {
    {"conv2d forward", false, conv2d_sizes, conv2d_scratch, conv2d_run},
    {"conv2d backward data", false, conv2d_sizes, conv2d_scratch, conv2d_run},
    {"conv2d backward weights", false, conv2d_sizes, conv2d_scratch, conv2d_run},
};

/* ---- convolution with unshared filters ---- */

static void local_sizes(const an_case *c, an_case_sizes *out)
{
    const an_conv2d *g = &c->conv2d;
    const int64_t x = conv2d_x(g);
    const int64_t y = conv2d_y(g);
    const int64_t places = (int64_t)g->p * g->q;
    const int64_t w = places * conv2d_w(g);

    switch ((an_pass)(c->kind - an_case_local)) {
    case AN_FORWARD:
        *out = (an_case_sizes){.in = {floats(x), floats(w), floats(places * g->k)},
                               .out = {floats(y)},
                               .terms = conv2d_w(g) / g->k + 1};
        break;
    case AN_BACKWARD_DATA:
        *out = (an_case_sizes){
            .in = {floats(y), floats(w)}, .out = {floats(x)}, .terms = (int64_t)g->k * g->r * g->s};
        break;
    case AN_BACKWARD_WEIGHTS:
        *out = (an_case_sizes){
            .in = {floats(x), floats(y)}, .out = {floats(w), floats(places * g->k)}, .terms = g->n};
        break;
    }
    out->flops = 2.0 * (double)g->n * (double)w;
}

static alexnet_status local_run(const an_case *c, const an_backend *backend, const an_run *run,
                                const void *const in[AN_CASE_INPUTS],
                                void *const out[AN_CASE_OUTPUTS])
{
    const an_conv2d *g = &c->conv2d;

    switch ((an_pass)(c->kind - an_case_local)) {
    case AN_FORWARD:
        return backend->local_forward(run, g, in[0], in[1], in[2], c->relu, out[0]);
    case AN_BACKWARD_DATA:
        return backend->local_backward_data(run, g, in[0], in[1], out[0]);
    case AN_BACKWARD_WEIGHTS:
        return backend->local_backward_weights(run, g, in[0], in[1], out[0], out[1]);
    }
    return ALEXNET_BAD_ARG;
}

static size_t local_scratch(const an_case *c, const an_backend *backend, int threads)
{
    return backend->local_scratch(&c->conv2d, threads);
}

const an_case_kind an_case_local[AN_PASSES] = {
    {"local forward", false, local_sizes, local_scratch, local_run},
    {"local backward data", false, local_sizes, local_scratch, local_run},
    {"local backward weights", false, local_sizes, local_scratch, local_run},
};

/* ---- linear ---- */

static void linear_sizes(const an_case *c, an_case_sizes *out)
{
    const an_linear *g = &c->linear;
    const int64_t x = (int64_t)g->n * g->inputs;
    const int64_t y = (int64_t)g->n * g->outputs;
    const int64_t w = (int64_t)g->outputs * g->inputs;

    switch ((an_pass)(c->kind - an_case_linear)) {
    case AN_FORWARD:
        *out = (an_case_sizes){.in = {layer_input(c, x), floats(w), floats(g->outputs)},
                               .out = {floats(y)},
                               .terms = (int64_t)g->inputs + 1};
        break;
    case AN_BACKWARD_DATA:
        *out =
            (an_case_sizes){.in = {floats(y), floats(w)}, .out = {floats(x)}, .terms = g->outputs};
        break;
    case AN_BACKWARD_WEIGHTS:
        *out = (an_case_sizes){
            .in = {floats(x), floats(y)}, .out = {floats(w), floats(g->outputs)}, .terms = g->n};
        break;
    }
    out->flops = 2.0 * (double)y * g->inputs;
}

static const an_linear_algorithm *linear_algorithm(const an_case *c, const an_backend *backend)
{
    const bool updates = c->kind == &an_case_linear_update;

    return backend->linear(
        &c->linear, updates ? AN_BACKWARD_WEIGHTS : (an_pass)(c->kind - an_case_linear), c->dtype);
}

static size_t linear_scratch(const an_case *c, const an_backend *backend, int threads)
{
    const an_linear_algorithm *algorithm = linear_algorithm(c, backend);

    return algorithm->scratch_bytes != NULL ? algorithm->scratch_bytes(&c->linear, threads) : 0;
}

static alexnet_status linear_run(const an_case *c, const an_backend *backend, const an_run *run,
                                 const void *const in[AN_CASE_INPUTS],
                                 void *const out[AN_CASE_OUTPUTS])
{
    const an_linear_tensors t = tensors(c, (an_pass)(c->kind - an_case_linear), in, out);

    return linear_algorithm(c, backend)->run(run, &c->linear, &t);
}

/* What the cases of SGD have in common. */
static an_sgd sgd_rule(const an_case *c)
{
    return (an_sgd){
        .lr = 0.01f, .momentum = 0.9f, .weight_decay = 0.0005f, .lr_inside = c->lr_inside};
}

/* Weights, bias gradient, velocity. */
static void linear_update_sizes(const an_case *c, an_case_sizes *out)
{
    const an_linear *g = &c->linear;
    const int64_t w = (int64_t)g->outputs * g->inputs;

    *out = (an_case_sizes){
        .in = {floats((int64_t)g->n * g->inputs), floats((int64_t)g->n * g->outputs)},
        .out = {floats(w), floats(g->outputs), floats(w)},
        .updates = true,
        .terms = g->n,
        .flops = 2.0 * g->n * (double)w,
    };
}

static alexnet_status linear_update_run(const an_case *c, const an_backend *backend,
                                        const an_run *run, const void *const in[AN_CASE_INPUTS],
                                        void *const out[AN_CASE_OUTPUTS])
{
    const an_sgd_update update = {.rule = sgd_rule(c), .v = out[2], .w = out[0]};

    const an_linear_tensors t = {.x = in[0], .dy = in[1], .db = out[1], .update = &update};

    return linear_algorithm(c, backend)->run(run, &c->linear, &t);
}

const an_case_kind an_case_linear[AN_PASSES] = {
    {"linear forward", false, linear_sizes, linear_scratch, linear_run},
    {"linear backward data", false, linear_sizes, linear_scratch, linear_run},
    {"linear backward weights", false, linear_sizes, linear_scratch, linear_run},
};
const an_case_kind an_case_linear_update = {"linear backward weights and update", false,
                                            linear_update_sizes, linear_scratch, linear_update_run};

/* ---- prepared weights ---- */

size_t an_case_prepared_bytes(const an_case *c, const an_backend *backend)
{
    if (c->kind == &an_case_conv2d[AN_FORWARD] && c->conv2d.prepared) {
        const an_conv2d_algorithm *algorithm = conv2d_algorithm(c, backend);
        return algorithm->prepare != NULL ? algorithm->prepared_bytes(&c->conv2d) : 0;
    }
    if (c->kind == &an_case_linear[AN_FORWARD] && c->linear.prepared) {
        const an_linear_algorithm *algorithm = linear_algorithm(c, backend);
        return algorithm->prepare != NULL ? algorithm->prepared_bytes(&c->linear) : 0;
    }
    return 0;
}

alexnet_status an_case_prepare(an_case *c, const an_backend *backend, const an_run *run,
                               const void *const in[AN_CASE_INPUTS], void *prepared)
{
    c->prepared = prepared;
    return c->kind == &an_case_conv2d[AN_FORWARD]
               ? conv2d_algorithm(c, backend)->prepare(run, &c->conv2d, in[1], prepared)
               : linear_algorithm(c, backend)->prepare(run, &c->linear, in[1], prepared);
}

/* ---- pooling ---- */

static int64_t pool_x(const an_pool *g) { return (int64_t)g->n * g->c * g->h * g->w; }

static int64_t pool_y(const an_pool *g) { return (int64_t)g->n * g->c * g->p * g->q; }

static an_operand places(const an_pool *g)
{
    return (an_operand){(size_t)pool_y(g), AN_OPERAND_BYTE, g->r * g->s};
}

static void max_pool_sizes(const an_case *c, an_case_sizes *out)
{
    *out = (an_case_sizes){.in = {floats(pool_x(&c->pool))},
                           .out = {floats(pool_y(&c->pool)), places(&c->pool)},
                           .terms = 1};
}

static alexnet_status max_pool_run(const an_case *c, const an_backend *backend, const an_run *run,
                                   const void *const in[AN_CASE_INPUTS],
                                   void *const out[AN_CASE_OUTPUTS])
{
    return backend->max_pool(run, &c->pool, in[0], out[0], out[1]);
}

static void max_pool_backward_sizes(const an_case *c, an_case_sizes *out)
{
    *out = (an_case_sizes){.in = {floats(pool_y(&c->pool)), places(&c->pool)},
                           .out = {floats(pool_x(&c->pool))},
                           .terms = (int64_t)c->pool.r * c->pool.s};
}

static alexnet_status max_pool_backward_run(const an_case *c, const an_backend *backend,
                                            const an_run *run, const void *const in[AN_CASE_INPUTS],
                                            void *const out[AN_CASE_OUTPUTS])
{
    return backend->max_pool_backward(run, &c->pool, in[0], in[1], out[0]);
}

static void average_pool_sizes(const an_case *c, an_case_sizes *out)
{
    const an_operand x = floats(pool_x(&c->pool)), y = floats(pool_y(&c->pool));

    *out = c->kind == &an_case_average_pool ? (an_case_sizes){.in = {x}, .out = {y}}
                                            : (an_case_sizes){.in = {y}, .out = {x}};
    out->terms = (int64_t)c->pool.r * c->pool.s;
}

static alexnet_status average_pool_run(const an_case *c, const an_backend *backend,
                                       const an_run *run, const void *const in[AN_CASE_INPUTS],
                                       void *const out[AN_CASE_OUTPUTS])
{
    return c->kind == &an_case_average_pool
               ? backend->average_pool(run, &c->pool, in[0], out[0])
               : backend->average_pool_backward(run, &c->pool, in[0], out[0]);
}

static void average_sizes(const an_case *c, an_case_sizes *out)
{
    const int64_t x = an_shape_count(c->shape);
    const int64_t y = (int64_t)c->shape.n * c->shape.c * c->p * c->q;

    *out = c->kind == &an_case_average ? (an_case_sizes){.in = {floats(x)}, .out = {floats(y)}}
                                       : (an_case_sizes){.in = {floats(y)}, .out = {floats(x)}};
    out->terms = (int64_t)c->shape.h * c->shape.w;
}

static alexnet_status average_run(const an_case *c, const an_backend *backend, const an_run *run,
                                  const void *const in[AN_CASE_INPUTS],
                                  void *const out[AN_CASE_OUTPUTS])
{
    return c->kind == &an_case_average
               ? backend->adaptive_average(run, c->shape, c->p, c->q, in[0], out[0])
               : backend->adaptive_average_backward(run, c->shape, c->p, c->q, in[0], out[0]);
}

const an_case_kind an_case_max_pool = {"max pool", true, max_pool_sizes, NULL, max_pool_run};
const an_case_kind an_case_max_pool_backward = {"max pool backward", true, max_pool_backward_sizes,
                                                NULL, max_pool_backward_run};
const an_case_kind an_case_average_pool = {"average pool", true, average_pool_sizes, NULL,
                                           average_pool_run};
const an_case_kind an_case_average_pool_backward = {"average pool backward", true,
                                                    average_pool_sizes, NULL, average_pool_run};
const an_case_kind an_case_average = {"adaptive average", false, average_sizes, NULL, average_run};
const an_case_kind an_case_average_backward = {"adaptive average backward", false, average_sizes,
                                               NULL, average_run};

/* ---- local response normalisation ---- */

static void lrn_sizes(const an_case *c, an_case_sizes *out)
{
    const an_lrn *g = &c->lrn;
    const an_operand map = floats((int64_t)g->n * g->c * g->h * g->w);

    *out = (an_case_sizes){
        .in = {map}, .out = {map}, .terms = g->within ? (int64_t)g->size * g->size : g->size};
    if (c->kind == &an_case_lrn_backward) out->in[1] = map;
}

static size_t lrn_scratch(const an_case *c, const an_backend *backend, int threads)
{
    return backend->lrn_scratch(&c->lrn, threads);
}

static alexnet_status lrn_run(const an_case *c, const an_backend *backend, const an_run *run,
                              const void *const in[AN_CASE_INPUTS],
                              void *const out[AN_CASE_OUTPUTS])
{
    return c->kind == &an_case_lrn ? backend->lrn(run, &c->lrn, in[0], out[0])
                                   : backend->lrn_backward(run, &c->lrn, in[0], in[1], out[0]);
}

const an_case_kind an_case_lrn = {"lrn", true, lrn_sizes, lrn_scratch, lrn_run};
const an_case_kind an_case_lrn_backward = {"lrn backward", true, lrn_sizes, lrn_scratch, lrn_run};

/* ---- layout ---- */

static void unary_sizes(const an_case *c, an_case_sizes *out)
{
    const int64_t count = an_shape_count(c->shape);

    *out = (an_case_sizes){.in = {floats(count)}, .out = {floats(count)}, .terms = 1};
}

static alexnet_status layout_run(const an_case *c, const an_backend *backend, const an_run *run,
                                 const void *const in[AN_CASE_INPUTS],
                                 void *const out[AN_CASE_OUTPUTS])
{
    if (c->kind == &an_case_import) return backend->import(run, c->shape, in[0], out[0]);
    if (c->kind == &an_case_export) return backend->export(run, c->shape, in[0], out[0]);
    return (c->kind == &an_case_flatten ? backend->flatten : backend->unflatten)(run, c->shape,
                                                                                 in[0], out[0]);
}

const an_case_kind an_case_import = {"import", true, unary_sizes, NULL, layout_run};
const an_case_kind an_case_export = {"export", true, unary_sizes, NULL, layout_run};
const an_case_kind an_case_flatten = {"flatten", true, unary_sizes, NULL, layout_run};
const an_case_kind an_case_unflatten = {"unflatten", true, unary_sizes, NULL, layout_run};

/* ---- element by element ---- */

static void binary_sizes(const an_case *c, an_case_sizes *out)
{
    unary_sizes(c, out);
    out->in[1] = out->in[0];
}

/* Both makers of e^x and tanh may be wrong in the last two bits: as many roundings as in a sum of these terms. */
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
    const an_operand values = floats(an_shape_count(c->shape));

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
    const an_sgd sgd = sgd_rule(c);
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

const an_case_kind an_case_relu = {"relu", true, unary_sizes, NULL, relu_run};
const an_case_kind an_case_relu_backward = {"relu backward", true, binary_sizes, NULL,
                                            relu_backward_run};
const an_case_kind an_case_tanh = {"tanh", false, function_sizes, NULL, tanh_run};
const an_case_kind an_case_tanh_backward = {"tanh backward", true, binary_sizes, NULL, tanh_run};
const an_case_kind an_case_sigmoid = {"sigmoid", false, function_sizes, NULL, sigmoid_run};
const an_case_kind an_case_sigmoid_backward = {"sigmoid backward", true, binary_sizes, NULL,
                                               sigmoid_run};
const an_case_kind an_case_dropout = {"dropout", true, unary_sizes, NULL, dropout_run};
const an_case_kind an_case_sgd = {"sgd", true, update_sizes, NULL, update_run};
const an_case_kind an_case_rmsprop = {"rmsprop", true, update_sizes, NULL, update_run};
const an_case_kind an_case_adam = {"adam", true, update_sizes, NULL, update_run};
const an_case_kind an_case_average_values = {"average", true, update_sizes, NULL, update_run};

/* ---- batch normalisation: operands [k][c] hold k of the vectors that have a number for each channel ---- */

#define CASE_EPSILON 1.5f /* variances are drawn from -1 .. 1 */

static an_operand vectors(const an_case *c, int k) { return floats((int64_t)k * c->shape.c); }

static size_t batch_norm_scratch(const an_case *c, const an_backend *backend, int threads)
{
    (void)threads;
    return backend->batch_norm_scratch(c->shape);
}

static void batch_norm_sizes(const an_case *c, an_case_sizes *out)
{
    const an_operand x = floats(an_shape_count(c->shape));
    const int64_t values = an_shape_count(c->shape) / c->shape.c;

    if (c->kind == &an_case_batch_statistics)
        *out = (an_case_sizes){.in = {x, vectors(c, 2)}, .out = {vectors(c, 3)}, .terms = values};
    else if (c->kind == &an_case_batch_norm)
        *out = (an_case_sizes){.in = {x, vectors(c, 4)}, .out = {x}, .terms = 1};
    else
        *out = (an_case_sizes){
            .in = {x, x, vectors(c, 4)}, .out = {x, vectors(c, 2)}, .terms = values};
}

static alexnet_status batch_norm_run(const an_case *c, const an_backend *backend, const an_run *run,
                                     const void *const in[AN_CASE_INPUTS],
                                     void *const out[AN_CASE_OUTPUTS])
{
    const int channels = c->shape.c;
    const float *given = in[c->kind == &an_case_batch_norm_backward ? 2 : 1];
    float *found = out[c->kind == &an_case_batch_norm_backward ? 1 : 0];
    an_batch_norm_channels t = {.mean = given, .variance = given + channels};

    if (c->kind == &an_case_batch_statistics)
        return backend->batch_statistics(run, c->shape, in[0], t.mean, t.variance, found,
                                         found + channels, found + 2 * channels);
    t.weight = given + 2 * channels;
    t.bias = given + 3 * channels;
    if (c->kind == &an_case_batch_norm)
        return backend->batch_norm(run, c->shape, CASE_EPSILON, in[0], &t, c->relu, out[0]);
    return backend->batch_norm_backward(run, c->shape, CASE_EPSILON, c->fixed, in[0], in[1], &t,
                                        out[0], found, found + channels);
}

const an_case_kind an_case_batch_statistics = {"batch statistics", true, batch_norm_sizes,
                                               batch_norm_scratch, batch_norm_run};
const an_case_kind an_case_batch_norm = {"batch norm", true, batch_norm_sizes, batch_norm_scratch,
                                         batch_norm_run};
const an_case_kind an_case_batch_norm_backward = {"batch norm backward", true, batch_norm_sizes,
                                                  batch_norm_scratch, batch_norm_run};

/* ---- loss ---- */

static an_operand labels(an_shape shape)
{
    return (an_operand){(size_t)shape.n, AN_OPERAND_INT, shape.c};
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

static void cross_entropy_sizes(const an_case *c, an_case_sizes *out)
{
    *out = (an_case_sizes){.in = {floats(an_shape_count(c->shape)), labels(c->shape)},
                           .out = {floats(c->shape.n)},
                           .terms = c->shape.c + FUNCTION_TERMS};
}

static alexnet_status cross_entropy_run(const an_case *c, const an_backend *backend,
                                        const an_run *run, const void *const in[AN_CASE_INPUTS],
                                        void *const out[AN_CASE_OUTPUTS])
{
    return backend->cross_entropy(run, c->shape.n, c->shape.c, in[0], in[1], c->smoothing, out[0]);
}

static void loss_backward_sizes(const an_case *c, an_case_sizes *out)
{
    unary_sizes(c, out);
    out->in[1] = labels(c->shape);
}

static alexnet_status loss_backward_run(const an_case *c, const an_backend *backend,
                                        const an_run *run, const void *const in[AN_CASE_INPUTS],
                                        void *const out[AN_CASE_OUTPUTS])
{
    return backend->softmax_loss_backward(run, c->shape.n, c->shape.c, in[0], in[1], c->smoothing,
                                          1 / (float)c->shape.n, out[0]);
}

const an_case_kind an_case_softmax = {"softmax", false, softmax_sizes, NULL, softmax_run};
const an_case_kind an_case_cross_entropy = {"cross entropy", false, cross_entropy_sizes, NULL,
                                            cross_entropy_run};
const an_case_kind an_case_loss_backward = {"softmax loss backward", true, loss_backward_sizes,
                                            NULL, loss_backward_run};

/* ---- running a case ---- */

size_t an_operand_bytes(const an_operand *operand)
{
    static const size_t element[] = {[AN_OPERAND_FLOAT] = sizeof(float),
                                     [AN_OPERAND_UNIT] = sizeof(float),
                                     [AN_OPERAND_BYTE] = 1,
                                     [AN_OPERAND_INT] = sizeof(int32_t)};

    return operand->count * element[operand->type];
}

void an_operand_fill(const an_operand *operand, uint64_t seed, void *data)
{
    const an_stream stream = an_stream_open(seed, AN_PURPOSE_BENCH, 0, 0);
    uint32_t words[4];

    for (size_t i = 0; i < operand->count; ++i) {
        if (i % 4 == 0) an_stream_block(&stream, (uint32_t)(i / 4), words);
        const float unit = an_unit_from_u32(words[i % 4]);
        switch (operand->type) {
        case AN_OPERAND_FLOAT:
            ((float *)data)[i] = 2 * unit - 1;
            break;
        case AN_OPERAND_UNIT:
            ((float *)data)[i] = unit;
            break;
        case AN_OPERAND_BYTE:
            ((uint8_t *)data)[i] = (uint8_t)(unit * (float)operand->limit);
            break;
        case AN_OPERAND_INT:
            ((int32_t *)data)[i] = (int32_t)(unit * (float)operand->limit);
            break;
        }
    }
}

void an_case_get_sizes(const an_case *c, an_case_sizes *out)
{
    c->kind->sizes(c, out);
    out->bytes = 0;
    for (int i = 0; i < AN_CASE_INPUTS; ++i)
        out->bytes += (double)an_operand_bytes(&out->in[i]);
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i)
        out->bytes += (double)an_operand_bytes(&out->out[i]);
}

size_t an_case_scratch(const an_case *c, const an_backend *backend, int threads)
{
    return c->kind->scratch != NULL ? c->kind->scratch(c, backend, threads) : 0;
}

alexnet_status an_case_run(const an_case *c, const an_backend *backend, const an_run *run,
                           const void *const in[AN_CASE_INPUTS], void *const out[AN_CASE_OUTPUTS])
{
    return c->kind->run(c, backend, run, in, out);
}

/* ---- torchvision's AlexNet (Krizhevsky: One weird trick, arXiv 1404.5997; widths of torchvision) ---- */

/* n, c, h, w; k, r, s, stride, groups; the four pads; p, q */
#define CONV1                                                                                      \
    {                                                                                              \
        1, 3, 224, 224, 64, 11, 11, 4, 1, 2, 2, 2, 2, 55, 55                                       \
    }
#define CONV2                                                                                      \
    {                                                                                              \
        1, 64, 27, 27, 192, 5, 5, 1, 1, 2, 2, 2, 2, 27, 27                                         \
    }
#define CONV3                                                                                      \
    {                                                                                              \
        1, 192, 13, 13, 384, 3, 3, 1, 1, 1, 1, 1, 1, 13, 13                                        \
    }
#define CONV4                                                                                      \
    {                                                                                              \
        1, 384, 13, 13, 256, 3, 3, 1, 1, 1, 1, 1, 1, 13, 13                                        \
    }
#define CONV5                                                                                      \
    {                                                                                              \
        1, 256, 13, 13, 256, 3, 3, 1, 1, 1, 1, 1, 1, 13, 13                                        \
    }
/* n, c, h, w; r, s, stride, pads; p, q */
#define POOL1                                                                                      \
    {                                                                                              \
        1, 64, 55, 55, 3, 3, 2, 0, 0, 27, 27                                                       \
    }
#define POOL2                                                                                      \
    {                                                                                              \
        1, 192, 27, 27, 3, 3, 2, 0, 0, 13, 13                                                      \
    }
#define POOL5                                                                                      \
    {                                                                                              \
        1, 256, 13, 13, 3, 3, 2, 0, 0, 6, 6                                                        \
    }

static const an_case alexnet_cases[] = {
    {"import images", &an_case_import, .shape = {1, 3, 224, 224}},
    {"conv1 forward", &an_case_conv2d[AN_FORWARD], .conv2d = CONV1, .relu = true},
    {"pool1 forward", &an_case_max_pool, .pool = POOL1},
    {"conv2 forward", &an_case_conv2d[AN_FORWARD], .conv2d = CONV2, .relu = true},
    {"pool2 forward", &an_case_max_pool, .pool = POOL2},
    {"conv3 forward", &an_case_conv2d[AN_FORWARD], .conv2d = CONV3, .relu = true},
    {"conv4 forward", &an_case_conv2d[AN_FORWARD], .conv2d = CONV4, .relu = true},
    {"conv5 forward", &an_case_conv2d[AN_FORWARD], .conv2d = CONV5, .relu = true},
    {"pool5 forward", &an_case_max_pool, .pool = POOL5},
    {"flatten", &an_case_flatten, .shape = {1, 256, 6, 6}},
    {"drop6 forward", &an_case_dropout, .shape = {1, 9216, 1, 1}},
    {"fc6 forward", &an_case_linear[AN_FORWARD], .linear = {1, 9216, 4096}, .relu = true},
    {"drop7 forward", &an_case_dropout, .shape = {1, 4096, 1, 1}},
    {"fc7 forward", &an_case_linear[AN_FORWARD], .linear = {1, 4096, 4096}, .relu = true},
    {"fc8 forward", &an_case_linear[AN_FORWARD], .linear = {1, 4096, 1000}},
    {"softmax", &an_case_softmax, .shape = {1, 1000, 1, 1}},
    {"cross entropy", &an_case_cross_entropy, .shape = {1, 1000, 1, 1}},
    {"loss backward", &an_case_loss_backward, .shape = {1, 1000, 1, 1}},
    {"fc8 backward data", &an_case_linear[AN_BACKWARD_DATA], .linear = {1, 4096, 1000}},
    {"fc8 backward weights, update", &an_case_linear_update, .linear = {1, 4096, 1000}},
    {"relu7 backward", &an_case_relu_backward, .shape = {1, 4096, 1, 1}},
    {"fc7 backward data", &an_case_linear[AN_BACKWARD_DATA], .linear = {1, 4096, 4096}},
    {"fc7 backward weights, update", &an_case_linear_update, .linear = {1, 4096, 4096}},
    {"drop7 backward", &an_case_dropout, .shape = {1, 4096, 1, 1}},
    {"relu6 backward", &an_case_relu_backward, .shape = {1, 4096, 1, 1}},
    {"fc6 backward data", &an_case_linear[AN_BACKWARD_DATA], .linear = {1, 9216, 4096}},
    {"fc6 backward weights, update", &an_case_linear_update, .linear = {1, 9216, 4096}},
    {"drop6 backward", &an_case_dropout, .shape = {1, 9216, 1, 1}},
    {"unflatten", &an_case_unflatten, .shape = {1, 256, 6, 6}},
    {"pool5 backward", &an_case_max_pool_backward, .pool = POOL5},
    {"relu5 backward", &an_case_relu_backward, .shape = {1, 256, 13, 13}},
    {"conv5 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = CONV5},
    {"conv5 backward data", &an_case_conv2d[AN_BACKWARD_DATA], .conv2d = CONV5},
    {"relu4 backward", &an_case_relu_backward, .shape = {1, 256, 13, 13}},
    {"conv4 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = CONV4},
    {"conv4 backward data", &an_case_conv2d[AN_BACKWARD_DATA], .conv2d = CONV4},
    {"relu3 backward", &an_case_relu_backward, .shape = {1, 384, 13, 13}},
    {"conv3 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = CONV3},
    {"conv3 backward data", &an_case_conv2d[AN_BACKWARD_DATA], .conv2d = CONV3},
    {"pool2 backward", &an_case_max_pool_backward, .pool = POOL2},
    {"relu2 backward", &an_case_relu_backward, .shape = {1, 192, 27, 27}},
    {"conv2 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = CONV2},
    {"conv2 backward data", &an_case_conv2d[AN_BACKWARD_DATA], .conv2d = CONV2},
    {"pool1 backward", &an_case_max_pool_backward, .pool = POOL1},
    {"relu1 backward", &an_case_relu_backward, .shape = {1, 64, 55, 55}},
    {"conv1 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = CONV1},
    {"update of the others", &an_case_sgd, .shape = {1, 2478888, 1, 1}},
};

int an_cpu_case_count(void) { return (int)AN_COUNT(alexnet_cases); }

an_case an_cpu_case_get(int index, int n)
{
    assert(index >= 0 && index < an_cpu_case_count());
    an_case c = alexnet_cases[index];

    c.conv2d.n = c.linear.n = c.pool.n = n;
    if (c.kind != &an_case_sgd) /* the weights are as many for any batch */
        c.shape.n = n;
    return c;
}
