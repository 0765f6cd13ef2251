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
