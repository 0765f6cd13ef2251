/*
 * solverstate_test.c: the momentum of every tensor; states of other networks and solvers; every
 * truncation and every changed bit; Caffe's own file, whose momentum continues the training.
 * SPDX-License-Identifier: MIT
 */
#include "made.h"
#include "support/support.h"

#include "formats/caffe/solverstate.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The history of the network of made.h: four blobs, or `copies` times four. */
static void make_state(made *state, const made_form *form, int copies)
{
    static const int conv[] = {4, 1, 3, 3}, four[] = {4}, ip[] = {3, 36}, turned[] = {36, 3},
                     three[] = {3};

    state->bytes = 0;
    made_varint(state, 1, 70000);
    made_text(state, 2, "some/where/net_iter_70000.caffemodel");
    for (int i = 0; i < copies; ++i) {
        made_blob(state, 3, form, 4, conv, 1, 0.5f);
        made_blob(state, 3, form, 1, four, 2, 0.5f);
        made_blob(state, 3, form, 2, form->transpose ? turned : ip, 3, 0.5f);
        made_blob(state, 3, form, 1, three, 4, 0.5f);
    }
    made_varint(state, 4, 2);
}

static void momentum_follows_the_tensors(void **state)
{
    const an_test_place *p = *state;

    for (int i = 0; i < MADE_FORMS; ++i) {
        static made net, bytes;
        an_caffe_solverstate s;
        an_tensor_file weights;
        an_tensor_view momentum[4];
        float values[200];
        made_net(&net, &made_forms[i]);
        make_state(&bytes, &made_forms[i], 1);
        an_assert_ok(p->ctx,
                     an_tensor_file_parse(p->ctx, "w", net.data, net.bytes, NULL, &weights));
        an_assert_ok(p->ctx, an_caffe_solverstate_parse(p->ctx, "s", bytes.data, bytes.bytes, &s));
        assert_true(s.iteration == 70000 && s.current_step == 2 && s.count == 4);
        assert_string_equal(s.learned_net, "some/where/net_iter_70000.caffemodel");
        an_assert_ok(p->ctx, an_caffe_solverstate_match(p->ctx, "s", &s, &weights, momentum));
        for (int t = 0; t < 4; ++t) {
            const an_tensor_view *tensor = &weights.tensors[t];
            assert_string_equal(momentum[t].name, tensor->name);
            assert_int_equal(momentum[t].rank, tensor->rank);
            assert_memory_equal(momentum[t].shape, tensor->shape,
                                (size_t)tensor->rank * sizeof tensor->shape[0]);
            an_assert_ok(p->ctx, an_tensor_to_float(p->ctx, "s", &momentum[t], values));
            for (int k = 0; k < tensor->count; ++k) {
                const bool turned = t == 2 && made_forms[i].transpose;
                const int at = turned ? k % 36 * 3 + k / 36 : k;
                assert_true(values[k] == made_value((float)(t + 1), 0.5f, at));
            }
        }
        an_caffe_solverstate_close(p->ctx, &s);
        an_tensor_file_close(p->ctx, &weights);
    }
}

static void other_networks_and_solvers_are_refused(void **state)
{
    static const int two[] = {2};
    const an_test_place *p = *state;
    static made net, bytes;
    an_caffe_solverstate s;
    an_tensor_file weights;
    an_tensor_view momentum[4];
    const made_form form = {.generation = 2};

    made_net(&net, &form);
    an_assert_ok(p->ctx, an_tensor_file_parse(p->ctx, "w", net.data, net.bytes, NULL, &weights));
    make_state(&bytes, &form, 2); /* Adam keeps two */
    an_assert_ok(p->ctx, an_caffe_solverstate_parse(p->ctx, "s", bytes.data, bytes.bytes, &s));
    an_assert_status(p->ctx, an_caffe_solverstate_match(p->ctx, "s", &s, &weights, momentum),
                     ALEXNET_UNSUPPORTED);
    an_assert_error(p->ctx, "s: 8 blobs of history for 4 of weights: it is not of the solver SGD");
    an_caffe_solverstate_close(p->ctx, &s);

    bytes.bytes = 0;
    for (int i = 0; i < 4; ++i)
        made_blob(&bytes, 3, &form, 1, two, 0, 1);
    an_assert_ok(p->ctx, an_caffe_solverstate_parse(p->ctx, "s", bytes.data, bytes.bytes, &s));
    an_assert_status(p->ctx, an_caffe_solverstate_match(p->ctx, "s", &s, &weights, momentum),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "s: history 0 has 2 numbers, 'conv.weight' has 36");
    an_caffe_solverstate_close(p->ctx, &s);

    bytes.bytes = 0;
    made_blob(&bytes, 3, &form, 1, two, 0, 1);
    an_assert_ok(p->ctx, an_caffe_solverstate_parse(p->ctx, "s", bytes.data, bytes.bytes, &s));
    an_assert_status(p->ctx, an_caffe_solverstate_match(p->ctx, "s", &s, &weights, momentum),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "s: 1 blobs of history, the network has 4 of weights");
    an_caffe_solverstate_close(p->ctx, &s);
    an_tensor_file_close(p->ctx, &weights);

    an_assert_status(p->ctx, an_caffe_solverstate_parse(p->ctx, "s", "", 0, &s), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "not a solver state of Caffe: it has no history");
    bytes.bytes = 0;
    made_varint(&bytes, 1, UINT64_MAX);
    made_blob(&bytes, 3, &form, 1, two, 0, 1);
    an_assert_status(p->ctx, an_caffe_solverstate_parse(p->ctx, "s", bytes.data, bytes.bytes, &s),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "its iteration is negative");
}

static void try_state(alexnet_context *ctx, const uint8_t *data, size_t bytes)
{
    an_caffe_solverstate s;
    const alexnet_status status = an_caffe_solverstate_parse(ctx, "s", data, bytes, &s);

    assert_true(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
    for (int i = 0; i < s.count; ++i) {
        float *values = malloc((size_t)s.history[i].count * sizeof *values + 1);
        assert_non_null(values);
        an_assert_ok(ctx, an_tensor_to_float(ctx, "s", &s.history[i], values));
        free(values);
    }
    an_caffe_solverstate_close(ctx, &s);
}

static void hostile_states_are_survived(void **state)
{
    const an_test_place *p = *state;

    for (int i = 0; i < MADE_FORMS; ++i) {
        static made bytes;
        make_state(&bytes, &made_forms[i], 1);
        for (size_t cut = 0; cut < bytes.bytes; ++cut) {
            uint8_t *copy = malloc(cut + 1);
            assert_non_null(copy);
            memcpy(copy, bytes.data, cut);
            try_state(p->ctx, copy, cut);
            free(copy);
        }
        for (size_t bit = 0; bit < bytes.bytes * 8; ++bit) {
            bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            try_state(p->ctx, bytes.data, bytes.bytes);
            bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void refusals_are_told(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "s.solverstate");
    const made_form form = {.values = MADE_PIECES};
    static made bytes;

    make_state(&bytes, &form, 1);
    an_test_write(path, bytes.data, bytes.bytes);
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_caffe_solverstate s;
        an_test_fault_arm(&fault, p->ctx,
                          AN_FAULT_BIT(AN_FAULT_MEMORY) | AN_FAULT_BIT(AN_FAULT_READ), n, false,
                          EIO);
        const alexnet_status status = an_caffe_solverstate_open(p->ctx, path, &s);
        const bool failed = an_test_fault_disarm(&fault);
        an_caffe_solverstate_close(p->ctx, &s);
        if (!failed) {
            an_assert_ok(p->ctx, status);
            break;
        }
        assert_true(status == ALEXNET_NO_MEMORY || status == ALEXNET_IO);
    }
}

/* Caffe's file belongs to its weights: blob for blob of their size, and small beside them. */
static void caffes_own_state_is_read(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_data("caffe/cifar10_full_iter_70000.solverstate");
    const char *net = an_test_data("caffe/cifar10_full_iter_70000.caffemodel");
    an_caffe_solverstate s;
    an_tensor_file weights;
    an_tensor_view momentum[8];

    if (path == NULL || net == NULL) skip();
    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, net, NULL, &weights));
    an_assert_ok(p->ctx, an_caffe_solverstate_open(p->ctx, path, &s));
    assert_int_equal(s.iteration, 70000);
    assert_string_equal(s.learned_net, "examples/cifar10/model/cifar10_full_iter_70000.caffemodel");
    assert_int_equal(weights.count, 8);
    an_assert_ok(p->ctx, an_caffe_solverstate_match(p->ctx, path, &s, &weights, momentum));
    for (int i = 0; i < 8; ++i) {
        const size_t count = (size_t)weights.tensors[i].count;
        float *w = malloc(count * sizeof *w), *h = malloc(count * sizeof *h);
        double w_sum = 0, h_sum = 0;
        an_assert_ok(p->ctx, an_tensor_to_finite(p->ctx, net, &weights.tensors[i], w));
        an_assert_ok(p->ctx, an_tensor_to_finite(p->ctx, path, &momentum[i], h));
        for (size_t k = 0; k < count; ++k) {
            w_sum += fabs((double)w[k]);
            h_sum += fabs((double)h[k]);
        }
        assert_true(h_sum > 0 && h_sum < 0.01 * w_sum);
        free(w);
        free(h);
    }
    an_caffe_solverstate_close(p->ctx, &s);
    an_tensor_file_close(p->ctx, &weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(momentum_follows_the_tensors),
        an_test_in_place(other_networks_and_solvers_are_refused),
        an_test_in_place(hostile_states_are_survived),
        an_test_in_place(refusals_are_told),
        an_test_in_place(caffes_own_state_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
