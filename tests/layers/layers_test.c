/*
 * layers_test.c: the table of layers; and for each of them, with random settings and shapes, most
 * of them odd: gradients against central differences, and the same bits for one thread and for
 * three.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/rng.h"
#include "layers/check.h"
#include "layers/layers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIALS         12 /* of each layer */
#define THREADS_TRIALS 4

static void every_layer_is_found_by_its_name(void **unused)
{
    int count = 0;

    (void)unused;
    for (const an_layer_def *layer; (layer = an_layer_at(count)) != NULL; ++count) {
        assert_ptr_equal(an_layer_find(layer->name), layer);
        assert_non_null(layer->summary);
        assert_true(layer->shape != NULL && layer->plan != NULL && layer->forward != NULL &&
                    layer->backward != NULL);
        assert_int_equal(layer->keys != NULL, layer->settings_bytes > 0);
    }
    assert_true(count >= 8);
    assert_null(an_layer_at(-1));
    assert_null(an_layer_find("convolution"));
}

/* ---- settings and shapes at random ---- */

/* step: of central differences */
typedef struct drawn {
    char settings[128];
    an_shape x;
    double step;
} drawn;

#define SETTINGS(d, ...) snprintf((d)->settings, sizeof(d)->settings, __VA_ARGS__)

static int between(an_stream *random, int low, int high)
{
    return low + (int)an_random_below(random, (uint32_t)(high - low + 1));
}

static const char *one_of(an_stream *random, const char *first, const char *second)
{
    return an_random_below(random, 2) == 0 ? first : second;
}

/* As the drawn shape, with sides of at least `side`. */
static void enlarge(drawn *d, int side)
{
    d->x.h += side - 1;
    d->x.w += side - 1;
}

/* Below half the distance of two inputs, so that their order never changes. */
static void keep_apart(drawn *d) { d->step = 0.4 / (double)an_shape_count(d->x); }

/* round=same and valid take no setting `pad`. */
static void draw_filters(an_stream *random, drawn *d, int groups)
{
    const int kernel = between(random, 1, 4);
    const bool pads = an_random_below(random, 2) == 0;

    d->x.c = groups * between(random, 1, 3);
    enlarge(d, kernel);
    SETTINGS(d, "filters=%d kernel=%d stride=%d pad=%d round=%s", groups * between(random, 1, 3),
             kernel, between(random, 1, 3), pads ? between(random, 0, kernel - 1) : 0,
             pads ? one_of(random, "down", "up") : one_of(random, "valid", "same"));
}

static void draw_conv2d(an_stream *random, drawn *d)
{
    const int groups = between(random, 1, 3);

    draw_filters(random, d, groups);
    const size_t used = strlen(d->settings);
    snprintf(d->settings + used, sizeof d->settings - used, " groups=%d", groups);
}

static void draw_local(an_stream *random, drawn *d) { draw_filters(random, d, 1); }

static void draw_pool(an_stream *random, drawn *d)
{
    const int size = between(random, 1, 5);

    enlarge(d, size);
    SETTINGS(d, "%s size=%d stride=%d pad=%d round=%s divisor=%s", one_of(random, "max", "average"),
             size, between(random, 1, 3), between(random, 0, size - 1),
             one_of(random, "down", "up"), one_of(random, "inside", "padded"));
    keep_apart(d);
}

static void draw_adaptive_average(an_stream *random, drawn *d)
{
    SETTINGS(d, "size=%d", between(random, 1, 5));
}

static void draw_lrn(an_stream *random, drawn *d)
{
    const bool within = an_random_below(random, 2) == 0;
    const int groups = within ? 1 : between(random, 1, 3);

    d->x.c *= groups;
    SETTINGS(d, "%s size=%d alpha=%g beta=%s k=%d groups=%d", within ? "within" : "across",
             2 * between(random, 0, 4) + 1, 0.1 * between(random, 1, 9),
             one_of(random, "0.75", "0.5"), between(random, 1, 2), groups);
    d->step = 5e-3;
}

/* The variance of few values may be almost 0: at least 27 for each channel. */
static void draw_batch_norm(an_stream *random, drawn *d)
{
    d->x.n += 2;
    enlarge(d, 3);
    SETTINGS(d, "affine=%s epsilon=%g", one_of(random, "yes", "no"), 0.01 * between(random, 1, 30));
    d->step = 4e-3;
}

/* None of an even number of inputs is 0. */
static void draw_relu(an_stream *random, drawn *d)
{
    d->x.n = 2 * between(random, 1, 2);
    keep_apart(d);
}

static void draw_tanh(an_stream *random, drawn *d)
{
    SETTINGS(d, "a=%g b=%g", 0.25 * between(random, 1, 8), 0.25 * between(random, 1, 6));
    d->step = 5e-3;
}

static void draw_nothing(an_stream *random, drawn *d) { (void)random, (void)d; }

static void draw_linear(an_stream *random, drawn *d)
{
    if (an_random_below(random, 2) == 0) d->x.h = d->x.w = 1; /* a row, not a map */
    SETTINGS(d, "outputs=%d", between(random, 1, 9));
}

static void draw_dropout(an_stream *random, drawn *d)
{
    SETTINGS(d, "%s p=%g", one_of(random, "inverted", "paper"), 0.1 * between(random, 0, 9));
}

static void draw_flatten(an_stream *random, drawn *d)
{
    const int side = d->x.h < d->x.w ? d->x.h : d->x.w;

    SETTINGS(d, "window=%d", between(random, 0, side));
}

static void draw_row(an_stream *random, drawn *d)
{
    (void)random;
    d->x.h = d->x.w = 1;
}

static const struct {
    const char *type;
    void (*draw)(an_stream *random, drawn *d);
} kinds[] = {
    {"conv2d", draw_conv2d},   {"local", draw_local},
    {"pool", draw_pool},       {"adaptive_average", draw_adaptive_average},
    {"lrn", draw_lrn},         {"batch_norm", draw_batch_norm},
    {"relu", draw_relu},       {"tanh", draw_tanh},
    {"sigmoid", draw_nothing}, {"linear", draw_linear},
    {"dropout", draw_dropout}, {"flatten", draw_flatten},
    {"squeeze", draw_row},     {"softmax", draw_row},
};

/* A new layer must come with its row above. */
static drawn draw(int layer, int trial)
{
    an_stream random = an_stream_open(3, AN_PURPOSE_TEST, (uint64_t)layer, (uint32_t)trial);
    const char *type = an_layer_at(layer)->name;
    drawn d = {.step = 1e-2};
    size_t at = 0;

    d.x = (an_shape){between(&random, 1, 3), between(&random, 1, 5), between(&random, 1, 7),
                     between(&random, 1, 7)};
    while (at < AN_COUNT(kinds) && strcmp(kinds[at].type, type) != 0)
        ++at;
    if (at == AN_COUNT(kinds)) fail_msg("%s: nothing says how to draw one", type);
    kinds[at].draw(&random, &d);
    return d;
}

/* softmax's backward is that of the loss: softmax_test.c. */
static void gradients_agree_with_central_differences(void **unused)
{
    (void)unused;
    for (int layer = 0; an_layer_at(layer) != NULL; ++layer)
        for (int trial = 0; trial < TRIALS; ++trial) {
            const drawn d = draw(layer, trial);
            const char *type = an_layer_at(layer)->name;
            if (strcmp(type, "softmax") != 0) check_gradient(type, d.settings, d.x, d.step, 1e-3);
        }
}

/* ---- threads ---- */

static float *take(int64_t count, uint32_t stream)
{
    float *values = malloc((size_t)count * sizeof *values);

    assert_non_null(values);
    check_fill(values, (size_t)count, stream);
    return values;
}

/* The results of a layer, forward and backward, one tensor after the other. */
static float *run(const char *type, const drawn *d, const char *tier, int threads, size_t *bytes)
{
    check_layer c;

    check_open_threads(&c, tier, threads, type, d->settings, d->x, AN_TRAIN);
    const int64_t x_count = an_shape_count(c.x_shape), y_count = an_shape_count(c.y_shape);
    float *x = take(x_count, 1), *dy = take(y_count, 2);
    int64_t count = x_count + y_count;
    for (int i = 0; i < c.params.count; ++i)
        count += c.params.items[i].count;
    float *found = take(count, 3), *at = found + x_count + y_count;
    check_forward(&c, x, found);
    check_backward(&c, dy, found + y_count);
    for (int i = 0; i < c.params.count; at += c.params.items[i++].count)
        memcpy(at, c.dw[i], (size_t)c.params.items[i].count * sizeof *at);
    check_close(&c);
    free(x);
    free(dy);
    *bytes = (size_t)count * sizeof *found;
    return found;
}

static void require_same_bits(const char *type, const drawn *d, const char *tier)
{
    size_t bytes;
    float *one = run(type, d, tier, 1, &bytes), *three = run(type, d, tier, 3, &bytes);

    if (memcmp(one, three, bytes) != 0)
        fail_msg("%s %s on %dx%dx%dx%d: other bits with three threads", type, d->settings, d->x.n,
                 d->x.c, d->x.h, d->x.w);
    free(one);
    free(three);
}

static void bits_do_not_depend_on_threads(void **unused)
{
    (void)unused;
    for (int layer = 0; an_layer_at(layer) != NULL; ++layer)
        for (int trial = 0; trial < THREADS_TRIALS; ++trial) {
            const drawn d = draw(layer, trial);
            require_same_bits(an_layer_at(layer)->name, &d, "portable");
            require_same_bits(an_layer_at(layer)->name, &d, NULL);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layer_is_found_by_its_name),
        cmocka_unit_test(gradients_agree_with_central_differences),
        cmocka_unit_test(bits_do_not_depend_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
