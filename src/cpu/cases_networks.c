/*
 * cases_networks.c: the calls that networks make, those of one image.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/cases.h"

#include "base/compiler.h"

/* ---- torchvision's AlexNet (Krizhevsky: One weird trick, arXiv 1404.5997; widths of torchvision) ---- */

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

static const an_case step[] = {
    {"import images", &an_case_import, .shape = {1, 3, 224, 224}},
    {"conv1 forward", &an_case_conv2d[AN_FORWARD], .conv2d = {CONV1}, .relu = true},
    {"pool1 forward", &an_case_max_pool, .pool = {POOL1}},
    {"conv2 forward", &an_case_conv2d[AN_FORWARD], .conv2d = {CONV2}, .relu = true},
    {"pool2 forward", &an_case_max_pool, .pool = {POOL2}},
    {"conv3 forward", &an_case_conv2d[AN_FORWARD], .conv2d = {CONV3}, .relu = true},
    {"conv4 forward", &an_case_conv2d[AN_FORWARD], .conv2d = {CONV4}, .relu = true},
    {"conv5 forward", &an_case_conv2d[AN_FORWARD], .conv2d = {CONV5}, .relu = true},
    {"pool5 forward", &an_case_max_pool, .pool = {POOL5}},
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
    {"pool5 backward", &an_case_max_pool_backward, .pool = {POOL5}},
    {"relu5 backward", &an_case_relu_backward, .shape = {1, 256, 13, 13}},
    {"conv5 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = {CONV5}},
    {"conv5 backward data", &an_case_conv2d[AN_BACKWARD_DATA], .conv2d = {CONV5}},
    {"relu4 backward", &an_case_relu_backward, .shape = {1, 256, 13, 13}},
    {"conv4 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = {CONV4}},
    {"conv4 backward data", &an_case_conv2d[AN_BACKWARD_DATA], .conv2d = {CONV4}},
    {"relu3 backward", &an_case_relu_backward, .shape = {1, 384, 13, 13}},
    {"conv3 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = {CONV3}},
    {"conv3 backward data", &an_case_conv2d[AN_BACKWARD_DATA], .conv2d = {CONV3}},
    {"pool2 backward", &an_case_max_pool_backward, .pool = {POOL2}},
    {"relu2 backward", &an_case_relu_backward, .shape = {1, 192, 27, 27}},
    {"conv2 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = {CONV2}},
    {"conv2 backward data", &an_case_conv2d[AN_BACKWARD_DATA], .conv2d = {CONV2}},
    {"pool1 backward", &an_case_max_pool_backward, .pool = {POOL1}},
    {"relu1 backward", &an_case_relu_backward, .shape = {1, 64, 55, 55}},
    {"conv1 backward weights", &an_case_conv2d[AN_BACKWARD_WEIGHTS], .conv2d = {CONV1}},
    {"update of the others", &an_case_sgd, .shape = {1, 2478888, 1, 1}},
};

const an_case_list an_cases_step = {step, AN_COUNT(step)};

/* ---- what it calls nothing of ---- */

/* n, c, h, w; within, size, groups; alpha, beta, k */
#define NORM1   1, 96, 55, 55, false, 5, 1, 1e-4f, 0.75f, 2 /* of paper */
#define CNORM2  1, 256, 27, 27, true, 5, 1, 4e-5f, 0.75f, 1 /* of paper-run */
/* as the convolutions and poolings above */
#define LOCAL3  1, 64, 6, 6, 32, 3, 3, 1, 1, 1, 1, 1, 1, 6, 6 /* of cifar-13pct */
#define AVERAGE 1, 32, 16, 16, 3, 3, 2, 0, 0, 8, 8            /* pool2 of cifar-19pct */
/* n, c, h, w */
#define BN1     1, 64, 55, 55  /* of bn */
#define NEURONS 1, 32, 16, 16  /* conv2_neuron of cifar-19pct */
#define AVGPOOL 1, 256, 13, 13 /* of torchvision, for pictures of 448 pixels */
#define VALUES  1, 2478888, 1, 1

static const an_case others[] = {
    {"lrn across forward", &an_case_lrn, .lrn = {NORM1}},
    {"lrn across backward", &an_case_lrn_backward, .lrn = {NORM1}},
    {"lrn within forward", &an_case_lrn, .lrn = {CNORM2}},
    {"lrn within backward", &an_case_lrn_backward, .lrn = {CNORM2}},
    {"batch statistics", &an_case_batch_statistics, .shape = {BN1}},
    {"batch norm forward", &an_case_batch_norm, .shape = {BN1}, .relu = true},
    {"batch norm backward", &an_case_batch_norm_backward, .shape = {BN1}},
    {"local forward", &an_case_local[AN_FORWARD], .conv2d = {LOCAL3}, .relu = true},
    {"local backward weights", &an_case_local[AN_BACKWARD_WEIGHTS], .conv2d = {LOCAL3}},
    {"local backward data", &an_case_local[AN_BACKWARD_DATA], .conv2d = {LOCAL3}},
    {"average pool forward", &an_case_average_pool, .pool = {AVERAGE}},
    {"average pool backward", &an_case_average_pool_backward, .pool = {AVERAGE}},
    {"adaptive average forward", &an_case_average, .shape = {AVGPOOL}, .p = 6, .q = 6},
    {"adaptive average backward", &an_case_average_backward, .shape = {AVGPOOL}, .p = 6, .q = 6},
    {"relu forward", &an_case_relu, .shape = {NEURONS}},
    {"tanh forward", &an_case_tanh, .shape = {NEURONS}},
    {"tanh backward", &an_case_tanh_backward, .shape = {NEURONS}},
    {"sigmoid forward", &an_case_sigmoid, .shape = {NEURONS}},
    {"sigmoid backward", &an_case_sigmoid_backward, .shape = {NEURONS}},
    {"export maps", &an_case_export, .shape = {AVGPOOL}},
    {"update by rmsprop", &an_case_rmsprop, .shape = {VALUES}},
    {"update by adam", &an_case_adam, .shape = {VALUES}},
    {"running average", &an_case_average_values, .shape = {VALUES}},
};

const an_case_list an_cases_others = {others, AN_COUNT(others)};
