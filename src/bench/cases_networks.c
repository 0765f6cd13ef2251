/*
 * cases_networks.c: the calls that networks make, for one image: tables that `alexnet bench
 * kernels` times. Sizes are written out, so that they can be compared with a network's; tests/bench
 * compares their sums with those of torchvision's.
 * SPDX-License-Identifier: MIT
 */
#include "bench/cases.h"

#include "base/compiler.h"

/* ---- torchvision's AlexNet (Krizhevsky: One weird trick, arXiv 1404.5997) ---- */

/* n, c, h, w; k, r, s, stride, groups; the four pads; p, q */
#define CONV1 1, 3, 224, 224, 64, 11, 11, 4, 1, 2, 2, 2, 2, 55, 55
#define CONV2 1, 64, 27, 27, 192, 5, 5, 1, 1, 2, 2, 2, 2, 27, 27
#define CONV3 1, 192, 13, 13, 384, 3, 3, 1, 1, 1, 1, 1, 1, 13, 13
#define CONV4 1, 384, 13, 13, 256, 3, 3, 1, 1, 1, 1, 1, 1, 13, 13
#define CONV5 1, 256, 13, 13, 256, 3, 3, 1, 1, 1, 1, 1, 1, 13, 13
/* n, c, h, w; r, s, stride, pads; p, q */
#define POOL1 1, 64, 55, 55, 3, 3, 2, 0, 0, 27, 27
#define POOL2 1, 192, 27, 27, 3, 3, 2, 0, 0, 13, 13
#define POOL5 1, 256, 13, 13, 3, 3, 2, 0, 0, 6, 6

/* With the pooling that follows; conv1 reads images as [n][c][h][w]. */
#define CONV1_POOL1 CONV1, .nchw = true, .pool = {POOL1}
#define CONV2_POOL2 CONV2, .pool = {POOL2}
#define CONV5_POOL5 CONV5, .pool = {POOL5}
/* n, inputs, outputs */
#define FC6         1, 9216, 4096
#define FC7         1, 4096, 4096
#define FC8         1, 4096, 1000

/* Fused as in a plan. A backend does separately what it cannot fuse. */
/* clang-format off */
static const an_case step[] = {
    {"conv1+pool1 forward", &an_case_conv2d[AN_FORWARD], .conv2d = {CONV1_POOL1}, .relu = true},
    {"conv2+pool2 forward", &an_case_conv2d[AN_FORWARD], .conv2d = {CONV2_POOL2}, .relu = true},
    {"conv3 forward", &an_case_conv2d[AN_FORWARD], .conv2d = {CONV3}, .relu = true},
    {"conv4 forward", &an_case_conv2d[AN_FORWARD], .conv2d = {CONV4}, .relu = true},
    {"conv5+pool5 forward", &an_case_conv2d[AN_FORWARD], .conv2d = {CONV5_POOL5}, .relu = true},
    {"flatten", &an_case_flatten, .shape = {1, 256, 6, 6}},
    {"drop6 forward", &an_case_dropout, .shape = {1, 9216, 1, 1}},
    {"fc6 forward", &an_case_linear[AN_FORWARD], .linear = {FC6}, .relu = true},
    {"drop7 forward", &an_case_dropout, .shape = {1, 4096, 1, 1}},
    {"fc7 forward", &an_case_linear[AN_FORWARD], .linear = {FC7}, .relu = true},
    {"fc8 forward", &an_case_linear[AN_FORWARD], .linear = {FC8}},
    {"softmax", &an_case_softmax, .shape = {1, 1000, 1, 1}},
    {"cross entropy", &an_case_cross_entropy, .shape = {1, 1000, 1, 1}},
    {"loss backward", &an_case_loss_backward, .shape = {1, 1000, 1, 1}},
    {"fc8 backward, update", &an_case_linear_update, .linear = {FC8}, .with_data = true},
    {"relu7 backward", &an_case_relu_backward, .shape = {1, 4096, 1, 1}},
    {"fc7 backward, update", &an_case_linear_update, .linear = {FC7}, .with_data = true},
    {"drop7 backward", &an_case_dropout, .shape = {1, 4096, 1, 1}},
    {"relu6 backward", &an_case_relu_backward, .shape = {1, 4096, 1, 1}},
    {"fc6 backward, update", &an_case_linear_update, .linear = {FC6}, .with_data = true},
    {"drop6 backward", &an_case_dropout, .shape = {1, 9216, 1, 1}},
    {"unflatten", &an_case_unflatten, .shape = {1, 256, 6, 6}},
    {"relu5 backward", &an_case_relu_backward, .shape = {1, 256, 6, 6}},
    {"conv5+pool5 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = {CONV5_POOL5}},
    {"conv5+pool5 backward data, relu4", &an_case_conv2d[AN_BACKWARD_DATA],
     .conv2d = {CONV5_POOL5}, .relu = true},
    {"conv4 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = {CONV4}},
    {"conv4 backward data, relu3", &an_case_conv2d[AN_BACKWARD_DATA],
     .conv2d = {CONV4}, .relu = true},
    {"conv3 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = {CONV3}},
    {"conv3 backward data, relu2", &an_case_conv2d[AN_BACKWARD_DATA],
     .conv2d = {CONV3}, .relu = true},
    {"conv2+pool2 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = {CONV2_POOL2}},
    {"conv2+pool2 backward data, relu1", &an_case_conv2d[AN_BACKWARD_DATA],
     .conv2d = {CONV2_POOL2}, .relu = true},
    {"conv1+pool1 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = {CONV1_POOL1}},
    {"update of the others", &an_case_sgd, .shape = {1, 2478888, 1, 1}},
};
/* clang-format on */

const an_case_list an_cases_step = {step, AN_COUNT(step)};

/* ---- kinds that it does not call ---- */

/* n, c, h, w; within, size, groups; alpha, beta, k */
#define NORM1   1, 96, 55, 55, false, 5, 1, 1e-4f, 0.75f, 2 /* of paper */
#define CNORM2  1, 256, 27, 27, true, 5, 1, 4e-5f, 0.75f, 1 /* of paper-run */
/* as the convolutions and poolings above */
#define PNORM1  1, 96, 55, 55, 3, 3, 2, 0, 0, 27, 27
#define PCNORM2 1, 256, 27, 27, 3, 3, 2, 0, 0, 13, 13
#define LOCAL3  1, 64, 6, 6, 32, 3, 3, 1, 1, 1, 1, 1, 1, 6, 6 /* of cifar-13pct */
#define AVERAGE 1, 32, 16, 16, 3, 3, 2, 0, 0, 8, 8            /* pool2 of cifar-19pct */
/* n, c, h, w */
#define BN1     1, 64, 55, 55 /* of bn */
#define NEURONS 1, 32, 16, 16 /* conv2_neuron of cifar-19pct */
#define AVGPOOL                                                                                    \
    1, 256, 13, 13 /* of torchvision, for images of 448 pixels; about what paper then unfolds */
#define VALUES 1, 2478888, 1, 1

static const an_case others[] = {
    {"from_nchw maps", &an_case_from_nchw, .shape = {AVGPOOL}},
    {"to_nchw maps", &an_case_to_nchw, .shape = {AVGPOOL}},
    {"max pool forward", &an_case_max_pool, .pool = {POOL2}},
    {"max pool backward", &an_case_max_pool_backward, .pool = {POOL2}},
    {"linear backward data", &an_case_linear[AN_BACKWARD_DATA], .linear = {FC8}},
    {"linear backward weights", &an_case_linear[AN_BACKWARD_WEIGHTS], .linear = {FC8}},
    {"linear backward", &an_case_linear[AN_BACKWARD_WEIGHTS], .linear = {FC8}, .with_data = true},
    {"linear backward weights, update", &an_case_linear_update, .linear = {FC8}},
    {"lrn across forward", &an_case_lrn, .lrn = {NORM1}},
    {"lrn across backward", &an_case_lrn_backward, .lrn = {NORM1}},
    {"lrn across+pool forward", &an_case_lrn, .lrn = {NORM1, .pool = {PNORM1}}},
    {"lrn across+pool backward", &an_case_lrn_backward, .lrn = {NORM1, .pool = {PNORM1}}},
    {"lrn within forward", &an_case_lrn, .lrn = {CNORM2}},
    {"lrn within backward", &an_case_lrn_backward, .lrn = {CNORM2}},
    {"lrn within+pool forward", &an_case_lrn, .lrn = {CNORM2, .pool = {PCNORM2}}},
    {"lrn within+pool backward", &an_case_lrn_backward, .lrn = {CNORM2, .pool = {PCNORM2}}},
    {"batch statistics", &an_case_batch_statistics, .shape = {BN1}},
    {"batch norm forward", &an_case_batch_norm, .shape = {BN1}, .relu = true},
    {"batch norm backward", &an_case_batch_norm_backward, .shape = {BN1}},
    {"local forward", &an_case_local[AN_FORWARD], .conv2d = {LOCAL3}, .relu = true},
    {"local backward weights", &an_case_local[AN_BACKWARD_WEIGHTS], .conv2d = {LOCAL3}},
    {"local backward data", &an_case_local[AN_BACKWARD_DATA], .conv2d = {LOCAL3}},
    {"average pool forward", &an_case_average_pool, .pool = {AVERAGE}},
    {"average pool backward", &an_case_average_pool_backward, .pool = {AVERAGE}},
    {"adaptive average forward", &an_case_adaptive_average, .shape = {AVGPOOL}, .p = 6, .q = 6},
    {"adaptive average backward", &an_case_adaptive_average_backward, .shape = {AVGPOOL}, .p = 6,
     .q = 6},
    {"relu forward", &an_case_relu, .shape = {NEURONS}},
    {"tanh forward", &an_case_tanh, .shape = {NEURONS}},
    {"tanh backward", &an_case_tanh_backward, .shape = {NEURONS}},
    {"sigmoid forward", &an_case_sigmoid, .shape = {NEURONS}},
    {"sigmoid backward", &an_case_sigmoid_backward, .shape = {NEURONS}},
    {"unfold", &an_case_unfold, .shape = {AVGPOOL}, .size = 6},
    {"fold", &an_case_fold, .shape = {AVGPOOL}, .size = 6},
    {"all finite", &an_case_all_finite, .shape = {VALUES}},
    {"update by rmsprop", &an_case_rmsprop, .shape = {VALUES}},
    {"update by adam", &an_case_adam, .shape = {VALUES}},
    {"running average", &an_case_average_values, .shape = {VALUES}},
};

const an_case_list an_cases_others = {others, AN_COUNT(others)};
