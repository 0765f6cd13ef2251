/*
 * trial.c: see trial.h.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/trial.h"

#include "cpu/guarded.h"
#include "cpu/winograd.h"
#include "support/support.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct trial {
    const an_case *c;
    an_case_sizes sizes;
    bool positive; /* all numbers */
    guarded in[AN_CASE_INPUTS], out[AN_CASE_OUTPUTS];
} trial;

static trial trial_at(const an_case *c, guarded (*place)(size_t bytes))
{
    trial t = {.c = c};

    an_case_get_sizes(c, &t.sizes);
    for (int i = 0; i < AN_CASE_INPUTS; ++i) {
        t.in[i] = place(an_operand_bytes(&t.sizes.in[i]));
        an_operand_fill(&t.sizes.in[i], (uint64_t)i, t.in[i].data);
    }
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i)
        t.out[i] = place(an_operand_bytes(&t.sizes.out[i]));
    return t;
}

static trial trial_new(const an_case *c) { return trial_at(c, guarded_new); }

static void trial_free(trial *t)
{
    for (int i = 0; i < AN_CASE_INPUTS; ++i)
        guarded_free(&t->in[i]);
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i)
        guarded_free(&t->out[i]);
}

static void fill(const trial *t, const an_operand *operand, uint64_t seed, guarded *block)
{
    float *data = block->data;

    an_operand_fill(operand, seed, data);
    for (size_t i = 0; t->positive && operand->type == AN_OPERAND_FLOAT && i < operand->count; ++i)
        data[i] = fabsf(data[i]);
}

/* Outputs that are read start with the same values each time, others as not-a-number. */
static void trial_run(trial *t, const an_backend *backend, int threads)
{
    an_case c = *t->c;
    guarded scratch = guarded_new(an_case_scratch(&c, backend, threads));
    guarded packed = guarded_new(an_case_packed_bytes(&c, backend));
    an_run run = {threads, scratch.data, scratch.bytes};
    const void *in[AN_CASE_INPUTS];
    void *out[AN_CASE_OUTPUTS];

    for (int i = 0; i < AN_CASE_INPUTS; ++i)
        in[i] = t->in[i].data;
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i) {
        out[i] = t->out[i].data;
        if (t->sizes.updates)
            fill(t, &t->sizes.out[i], (uint64_t)(10 + i), &t->out[i]);
        else
            memset(out[i], 0xff, t->out[i].bytes);
    }
    if (packed.bytes > 0)
        assert_int_equal(an_case_pack_weights(&c, backend, &run, in, packed.data), ALEXNET_OK);
    assert_int_equal(an_case_run(&c, backend, &run, in, out), ALEXNET_OK);
    guarded_free(&scratch);
    guarded_free(&packed);
}

/* Makes every number positive: the portable result is then the sum of |a||b|, the scale of the
   error. */
static void make_positive(trial *t)
{
    t->positive = true;
    for (int i = 0; i < AN_CASE_INPUTS; ++i)
        fill(t, &t->sizes.in[i], (uint64_t)i, &t->in[i]);
}

/* ---- the algorithms of a case ---- */

#define ALGORITHMS_MAX 8

static bool is_one_of(const an_case *c, const an_case_kind kinds[AN_PASSES])
{
    return c->kind == &kinds[AN_FORWARD] || c->kind == &kinds[AN_BACKWARD_DATA] ||
           c->kind == &kinds[AN_BACKWARD_WEIGHTS];
}

static bool is_conv2d(const an_case *c) { return is_one_of(c, an_case_conv2d); }

static bool is_linear(const an_case *c)
{
    return c->kind == &an_case_linear_update || is_one_of(c, an_case_linear);
}

static an_pass pass_of(const an_case *c)
{
    if (is_conv2d(c)) return (an_pass)(c->kind - an_case_conv2d);
    return c->kind == &an_case_linear_update ? AN_BACKWARD_WEIGHTS
                                             : (an_pass)(c->kind - an_case_linear);
}

/* Adds the name when it is one of this pass and format, and the algorithm applies to the case. */
static int add_algorithm(const an_case *c, const an_backend *backend, an_pass pass,
                         alexnet_dtype dtype, const char *name, const char *names[], int count)
{
    an_case forced = *c;

    forced.algorithm = name;
    if (pass != pass_of(c) || dtype != c->dtype || an_case_algorithm(&forced, backend) == NULL)
        return count;
    assert_true(count < ALGORITHMS_MAX);
    names[count] = name;
    return count + 1;
}

/* The names of the tier's algorithms for the case, in its format: all that apply. One NULL, which
   is the tier's choice, where there is none. */
static int algorithms_for(const an_case *c, const an_backend *backend,
                          const char *names[ALGORITHMS_MAX])
{
    const an_conv2d_algorithm *const *conv = backend->conv2d_algorithms;
    const an_linear_algorithm *const *linear = backend->linear_algorithms;
    int count = 0;

    names[0] = NULL;
    for (; is_conv2d(c) && *conv != NULL; ++conv)
        count =
            add_algorithm(c, backend, (*conv)->pass, (*conv)->dtype, (*conv)->name, names, count);
    for (; is_linear(c) && *linear != NULL; ++linear)
        count = add_algorithm(c, backend, (*linear)->pass, (*linear)->dtype, (*linear)->name, names,
                              count);
    return count > 0 ? count : 1;
}

/* The one that the others are compared with. */
static const char *reference_for(const an_case *c)
{
    const char *names[ALGORITHMS_MAX];

    assert_int_equal(algorithms_for(c, an_backend_portable(), names), 1);
    return names[0];
}

/* Whether the tier computes the case by the reference function itself: then only threads and
   overruns remain to be tested. */
static bool is_reference(const an_case *c, const an_backend *backend, const char *algorithm)
{
    static const struct {
        const an_case_kind *kind;
        size_t entry;
    } shared[] = {
        {&an_case_relu, offsetof(an_backend, relu)},
        {&an_case_relu_backward, offsetof(an_backend, relu_backward)},
        {&an_case_tanh_backward, offsetof(an_backend, tanh_backward)},
        {&an_case_sigmoid_backward, offsetof(an_backend, sigmoid_backward)},
        {&an_case_unfold, offsetof(an_backend, unfold)},
        {&an_case_fold, offsetof(an_backend, fold)},
        {&an_case_loss_backward, offsetof(an_backend, softmax_loss_backward)},
        {&an_case_sgd, offsetof(an_backend, sgd)},
        {&an_case_rmsprop, offsetof(an_backend, rmsprop)},
        {&an_case_adam, offsetof(an_backend, adam)},
        {&an_case_average_values, offsetof(an_backend, average)},
        {&an_case_all_finite, offsetof(an_backend, all_finite)},
    };
    const an_backend *portable = an_backend_portable();

    if (backend == portable) return true;
    for (size_t i = 0; i < AN_COUNT(shared); ++i)
        if (c->kind == shared[i].kind)
            return memcmp((const char *)backend + shared[i].entry,
                          (const char *)portable + shared[i].entry, sizeof(void (*)(void))) == 0;
    return c->dtype == ALEXNET_INT8 && algorithm != NULL &&
           strcmp(algorithm, reference_for(c)) == 0;
}

/* ---- comparing ---- */

static bool is_tiled(const an_case *c)
{
    return c->algorithm != NULL && strcmp(c->algorithm, "winograd") == 0;
}

/* Operations that round an element. A Winograd tile is transformed on its way in and out, in both
   axes, which are more sums than those of few images. */
static double roundings(const trial *found)
{
    const int tile = is_tiled(found->c) ? AN_WINOGRAD_POINTS * AN_WINOGRAD_POINTS : 0;

    return (double)(found->sizes.terms + 1 + tile);
}

/*
 * A Winograd tile's rounding is of the size of all its sums. Few images, or a pooling's gaps in the
 * gradient, leave elements whose own sums are small beside them: both gradients are measured by
 * their largest element. 0: each element by itself.
 */
static double shared_scale(const trial *found, const trial *scale, int output)
{
    const an_case *c = found->c;
    const float *s = scale->out[output].data;
    float largest = 0;

    if (!is_conv2d(c) || c->kind == &an_case_conv2d[AN_FORWARD] || output > 0) return 0;
    if (!is_tiled(c) && c->conv2d.pool.r == 0) return 0;
    for (size_t i = 0; i < scale->sizes.out[output].count; ++i)
        largest = fmaxf(largest, s[i]);
    return (double)largest;
}

static void check_close(const trial *found, const trial *expected, const trial *scale,
                        const char *what)
{
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i) {
        const float *f = found->out[i].data;
        const float *e = expected->out[i].data;
        const float *s = scale->out[i].data;
        const double shared = shared_scale(found, scale, i);
        if (found->sizes.out[i].type == AN_OPERAND_ARGMAX)
            continue; /* rounding decides between equal maxima: check_parts() */
        for (size_t j = 0; j < found->sizes.out[i].count; ++j) {
            const double bound =
                roundings(found) * (double)FLT_EPSILON * AN_MAX((double)s[j], shared);
            if (!(fabs((double)f[j] - (double)e[j]) <= bound))
                fail_msg("%s: output %d, element %zu: %.9g, expected %.9g within %.3g", what, i, j,
                         (double)f[j], (double)e[j], bound);
        }
    }
}

static void check_equal(const trial *found, const trial *expected, const char *what)
{
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i)
        if (memcmp(found->out[i].data, expected->out[i].data, found->out[i].bytes) != 0)
            fail_msg("%s: output %d differs in its bits", what, i);
}

static const char *const dtype_names[] = {"fp32", "bf16", "int8"};

static void describe(const an_case *c, const char *tier, int threads, char *text, size_t bytes)
{
    const an_conv2d *v = &c->conv2d;
    const an_linear *l = &c->linear;
    const an_lrn *r = &c->lrn;
    const an_pool *p = v->pool.r > 0 ? &v->pool : r->pool.r > 0 ? &r->pool : &c->pool;

    (void)snprintf(
        text, bytes,
        "%s, %s, %s, %s, %d threads (conv2d %d %dx%dx%d, %d of %dx%d/%d groups %d; linear %d %d "
        "%d; "
        "pool %d %dx%dx%d, %dx%d/%d; lrn %d %dx%dx%d, %s %d groups %d; shape %d %d %d %d)",
        c->kind->name, dtype_names[c->dtype], tier,
        c->algorithm != NULL ? c->algorithm : "its choice", threads, v->n, v->c, v->h, v->w, v->k,
        v->r, v->s, v->stride, v->groups, l->n, l->inputs, l->outputs, p->n, p->c, p->h, p->w, p->r,
        p->s, p->stride, r->n, r->c, r->h, r->w, r->within ? "within" : "across", r->size,
        r->groups, c->shape.n, c->shape.c, c->shape.h, c->shape.w);
}

/* ---- the checks ---- */

/* One tier, one algorithm. expected and scale: of the reference implementation. */
static void check_algorithm(const an_case *c, const an_backend *backend, const trial *expected,
                            const trial *scale)
{
    trial one = trial_new(c), several = trial_at(c, guarded_new_first);
    char what[512];

    trial_run(&one, backend, 1);
    describe(c, backend->tier, 1, what, sizeof what);
    const bool exact = c->kind->exact || c->dtype == ALEXNET_INT8; /* sums of whole numbers are */
    if (!is_reference(c, backend, c->algorithm)) {
        if (exact)
            check_equal(&one, expected, what);
        else
            check_close(&one, expected, scale, what);
    }
    for (int threads = 2; threads <= 4; ++threads) {
        trial_run(&several, backend, threads);
        describe(c, backend->tier, threads, what, sizeof what);
        check_equal(&several, &one, what);
    }
    trial_free(&one);
    trial_free(&several);
}

void check_case(const an_case *c)
{
    an_case reference = *c;
    trial expected = trial_new(&reference), scale = trial_new(c);
    const an_backend *backend;

    reference.algorithm = reference_for(c);
    an_case plain = reference;
    plain.relu = false;
    plain.adds_gradient = true;
    scale.c = &plain;
    make_positive(&scale);
    trial_run(&expected, an_backend_portable(), 1);
    trial_run(&scale, an_backend_portable(), 1);

    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i) {
        const char *names[ALGORITHMS_MAX];
        an_case forced = *c;
        for (int a = 0; backend != NULL && a < algorithms_for(c, backend, names); ++a) {
            forced.algorithm = names[a];
            check_algorithm(&forced, backend, &expected, &scale);
        }
    }
    trial_free(&expected);
    trial_free(&scale);
}

/*
 * A fused operation gives the bits of its parts run one after the other, in every tier. Only the
 * gradient of a pooled convolution's biases is a sum in another order.
 */
static void check_parts_of(const an_case *c, const an_backend *backend)
{
    const bool other_order =
        c->conv2d.pool.r > 0 && c->kind == &an_case_conv2d[AN_BACKWARD_WEIGHTS];
    an_case parts = *c;
    trial fused = trial_new(c), unfused = trial_new(&parts);
    char what[512];

    parts.unfused = true;
    trial_run(&unfused, backend, 1);
    trial_run(&fused, backend, 2);
    if (other_order) memcpy(fused.out[1].data, unfused.out[1].data, unfused.out[1].bytes);
    describe(c, backend->tier, 2, what, sizeof what);
    check_equal(&fused, &unfused, what);
    trial_free(&fused);
    trial_free(&unfused);
}

void check_parts(const an_case *c)
{
    const bool pools = c->conv2d.pool.r > 0;
    const an_backend *backend;

    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i) {
        const char *names[ALGORITHMS_MAX];
        an_case forced = *c;
        if (backend == NULL || (pools && backend == an_backend_portable()))
            continue; /* which pools separately */
        for (int a = 0; a < algorithms_for(c, backend, names); ++a) {
            forced.algorithm = names[a];
            check_parts_of(&forced, backend);
        }
    }
}

void check_fused(const an_case *c)
{
    check_case(c);
    check_parts(c);
}

/* The norm of the difference to the reference implementation, which sums in double, over the norm
   of its result. */
void check_relative_error(const an_case *c, double limit)
{
    const an_backend *backend;
    an_case reference = *c;
    trial expected = trial_new(&reference), found = trial_new(c);
    char what[512];

    reference.algorithm = reference_for(c);
    trial_run(&expected, an_backend_portable(), 1);
    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i) {
        if (backend == NULL || backend == an_backend_portable()) continue;
        trial_run(&found, backend, 2);
        for (int o = 0; o < AN_CASE_OUTPUTS; ++o) {
            const float *f = found.out[o].data, *e = expected.out[o].data;
            double size = 0, difference = 0;
            if (found.sizes.out[o].type == AN_OPERAND_ARGMAX) continue;
            for (size_t j = 0; j < found.sizes.out[o].count; ++j) {
                size += pow((double)e[j], 2);
                difference += pow((double)f[j] - (double)e[j], 2);
            }
            describe(c, backend->tier, 2, what, sizeof what);
            if (!(sqrt(difference) <= limit * sqrt(size)))
                fail_msg("%s: output %d: relative error %.3g", what, o, sqrt(difference / size));
        }
    }
    trial_free(&expected);
    trial_free(&found);
}

/* The same bits for any number of threads. */
void check_threads(const an_case *c)
{
    const an_backend *backend;
    trial one = trial_new(c), several = trial_at(c, guarded_new_first);
    char what[512];

    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i) {
        if (backend == NULL) continue;
        trial_run(&one, backend, 1);
        for (int threads = 2; threads <= 4; ++threads) {
            trial_run(&several, backend, threads);
            describe(c, backend->tier, threads, what, sizeof what);
            check_equal(&several, &one, what);
        }
    }
    trial_free(&one);
    trial_free(&several);
}

/* ---- geometries ---- */

double macs_of(const an_conv2d *g)
{
    return (double)g->n * g->p * g->q * g->k * g->r * g->s * (g->c / g->groups);
}

an_conv2d conv2d(int n, int c, int h, int w, int k, int r, int s, int stride, int groups,
                 const int pad[4])
{
    return (an_conv2d){n,
                       c,
                       h,
                       w,
                       k,
                       r,
                       s,
                       stride,
                       groups,
                       pad[0],
                       pad[1],
                       pad[2],
                       pad[3],
                       .p = (h + pad[0] + pad[2] - r) / stride + 1,
                       .q = (w + pad[1] + pad[3] - s) / stride + 1};
}

void check_conv2d(an_conv2d g)
{
    void (*const check)(const an_case *c) = g.pool.r > 0 ? check_fused : check_case;

    for (int pass = 0; pass < AN_PASSES; ++pass)
        for (int relu = 0; relu < (pass == AN_BACKWARD_WEIGHTS ? 1 : 2); ++relu)
            check(&(an_case){.kind = &an_case_conv2d[pass], .conv2d = g, .relu = relu == 1});
    g.packed = true;
    for (int dtype = ALEXNET_FP32; dtype <= ALEXNET_INT8; ++dtype)
        check(&(an_case){.kind = &an_case_conv2d[AN_FORWARD],
                         .conv2d = g,
                         .relu = g.n % 2 == 0,
                         .after_relu = g.k % 2 == 0,
                         .dtype = (alexnet_dtype)dtype});
}

void check_local(an_conv2d g)
{
    for (int pass = 0; pass < AN_PASSES; ++pass)
        for (int relu = 0; relu < (pass == AN_FORWARD ? 2 : 1); ++relu)
            check_case(&(an_case){.kind = &an_case_local[pass], .conv2d = g, .relu = relu == 1});
}

void check_pool(an_pool g)
{
    check_case(&(an_case){.kind = &an_case_max_pool, .pool = g});
    check_case(&(an_case){.kind = &an_case_max_pool_backward, .pool = g});
    for (int padded = 0; padded < 2; ++padded) {
        g.padded = padded == 1;
        check_case(&(an_case){.kind = &an_case_average_pool, .pool = g});
        check_case(&(an_case){.kind = &an_case_average_pool_backward, .pool = g});
    }
}

/* Compared with the reference implementation by the norm of the difference, as powers are computed
   in other ways. */
void check_lrn(an_lrn g)
{
    static const an_case_kind *const kinds[] = {&an_case_lrn, &an_case_lrn_backward};

    for (size_t i = 0; i < AN_COUNT(kinds); ++i) {
        const an_case c = {.kind = kinds[i], .lrn = g};
        an_case_sizes sizes;
        an_case_get_sizes(&c, &sizes);
        check_relative_error(&c, (double)(sizes.terms + 8) * (double)FLT_EPSILON);
        check_threads(&c);
        if (g.pool.r > 0) check_parts(&c);
    }
}

an_lrn random_lrn(an_stream *stream, int i)
{
    const int groups = 1 + (int)an_random_below(stream, 3);

    return (an_lrn){.n = 1 + (int)an_random_below(stream, 9),
                    .c = groups * (1 + (int)an_random_below(stream, 40)),
                    .h = 1 + (int)an_random_below(stream, 9),
                    .w = 1 + (int)an_random_below(stream, 9),
                    .within = i % 2 == 1,
                    .size = 1 + 2 * (int)an_random_below(stream, 6),
                    .groups = groups,
                    .alpha = an_random_unit(stream),
                    .beta = i % 4 < 2 ? 0.75f : an_random_unit(stream),
                    .k = 1 + an_random_unit(stream),
                    .relu = i % 8 < 4};
}

/* Over maps [n][c][h][w], with windows of size x size. */
an_pool pool_over(int n, int c, int h, int w, int size, int stride, int pad, an_rounding rounding)
{
    an_window rows = {0}, columns = {0};

    assert_true(an_window_output(rounding, h, size, stride, pad, true, &rows));
    assert_true(an_window_output(rounding, w, size, stride, pad, true, &columns));
    return (an_pool){n, c, h, w, size, size, stride, pad, pad, rows.out, columns.out};
}

/* Some windows pass the edges, some do not reach them. */
an_pool random_pool(an_stream *stream, int n, int c, int h, int w)
{
    const int size = 1 + (int)an_random_below(stream, (uint32_t)AN_MIN(4, AN_MIN(h, w)));
    const int stride = 1 + (int)an_random_below(stream, 4);
    const int pad = (int)an_random_below(stream, (uint32_t)size);

    return pool_over(n, c, h, w, size, stride, pad,
                     an_random_below(stream, 2) == 0 ? AN_ROUND_DOWN : AN_ROUND_UP_SIZE);
}

/* ---- tiers and formats ---- */

void for_each_tier(void (*check)(const an_backend *backend))
{
    const an_backend *backend;

    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i)
        if (backend != NULL) check(backend);
}

void for_each_format(void (*check)(const an_backend *backend, alexnet_dtype dtype))
{
    const an_backend *backend;

    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i)
        for (int dtype = ALEXNET_FP32; backend != NULL && dtype <= ALEXNET_INT8; ++dtype)
            check(backend, (alexnet_dtype)dtype);
}
