/*
 * layers.h: declares every layer of layers.inc, and the code that several layers share.
 *
 * A layer's file has its settings, its shape rule, its parameters, what the planner must know of
 * it, and which primitives of the backend (core/backend.h) compute its passes. The arithmetic is in
 * src/cpu: plainly in cpu/reference, fast in cpu/fp32, in files of the layer's name or subject.
 *
 * A setting may be added, with a default that leaves every network as it is. The names and meanings
 * of settings, shapes and parameters stay: the families of src/models, weights files and
 * tests/golden rely on them. CONTRIBUTING.md says what a new layer needs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_LAYERS_LAYERS_H
#define AN_LAYERS_LAYERS_H

#include "core/layer.h"

#define AN_LAYER(name) extern const an_layer_def an_layer_##name;
#include "layers/layers.inc"
#undef AN_LAYER

/*
 * The settings of every layer with weights: how initial weights are drawn, and the multipliers of
 * the learning rate and the weight decay, for weights and for biases (cuda-convnet's epsW/epsB and
 * wc, Caffe's lr_mult and decay_mult).
 */
typedef struct an_weight_settings {
    char weights[AN_SETTING_TEXT], bias[AN_SETTING_TEXT];
    double lr, bias_lr, decay, bias_decay;
} an_weight_settings;

/* clang-format off */
#define AN_WEIGHT_KEYS(type, member) AN_WEIGHT_KEYS_FROM(type, member, "torch", "torch")
#define AN_WEIGHT_KEYS_FROM(type, member, first_weights, first_bias)                                                 \
    { "weights",    AN_KEY_TEXT, offsetof(type, member.weights),    0, 0,   NULL, first_weights, "how initial weights are drawn" }, \
    { "bias",       AN_KEY_TEXT, offsetof(type, member.bias),       0, 0,   NULL, first_bias,    "how initial biases are drawn" },  \
    { "lr",         AN_KEY_REAL, offsetof(type, member.lr),         0, 1e6, NULL, "1", "multiplies the weights' rate" },    \
    { "bias_lr",    AN_KEY_REAL, offsetof(type, member.bias_lr),    0, 1e6, NULL, "1", "multiplies the biases' rate" },     \
    { "decay",      AN_KEY_REAL, offsetof(type, member.decay),      0, 1e6, NULL, "1", "multiplies the weights' decay" },   \
    { "bias_decay", AN_KEY_REAL, offsetof(type, member.bias_decay), 0, 1e6, NULL, "1", "multiplies the biases' decay" }
/* clang-format on */

/* The settings of layers whose filters slide over a map: conv2d and local. */
typedef struct an_filter_settings {
    int filters, kernel, stride, pad, round;
} an_filter_settings;

/* clang-format off */
#define AN_FILTER_KEYS(type, member)                                                                                         \
    { "filters", AN_KEY_INT, offsetof(type, member.filters), 1, 65536, NULL, NULL, "output channels" },                     \
    { "kernel",  AN_KEY_INT, offsetof(type, member.kernel),  1, 255,   NULL, NULL, "side of the square filter, pixels" },   \
    { "stride",  AN_KEY_INT, offsetof(type, member.stride),  1, 255,   NULL, "1",  "pixels between neighbouring outputs" }, \
    { "pad",     AN_KEY_INT, offsetof(type, member.pad),     0, 255,   NULL, "0",  "zeros added on each side, pixels" },    \
    { "round",   AN_KEY_CHOICE, offsetof(type, member.round), 0, 0, AN_ROUNDING_CHOICES, "down", "how the output size is rounded" }
/* clang-format on */

/* y's shape. BAD_SHAPE: the filter does not fit on the map. */
alexnet_status an_layer_filter_shape(alexnet_context *ctx, const an_node *node,
                                     const an_filter_settings *settings, an_shape x,
                                     an_shape *y) AN_NODISCARD;

/* The geometry for n images. Call an_layer_filter_shape() first: it checks that the windows fit. */
an_conv2d an_layer_filter_geometry(const an_node *node, const an_filter_settings *settings,
                                   int groups, int n);

/* Declares weights or biases (role) with the rule for initial weights and the multipliers of the
   settings. fan_in, fan_out: see an_param; 0 if no such rule uses it. */
alexnet_status an_layer_add_param(alexnet_context *ctx, const an_node *node, an_param_role role,
                                  const an_weight_settings *settings, int rank,
                                  const int64_t *shape, int64_t fan_in, int64_t fan_out,
                                  an_param_list *list) AN_NODISCARD;

/* Declares weights of the given shape, [outputs][inputs]..., and biases of shape[0] numbers. */
alexnet_status an_layer_add_weights(alexnet_context *ctx, const an_node *node,
                                    const an_weight_settings *settings, int rank,
                                    const int64_t *shape, int64_t fan_in,
                                    an_param_list *list) AN_NODISCARD;

/* For layers that treat every element separately: y has the shape of x. */
alexnet_status an_layer_same_shape(alexnet_context *ctx, const an_node *node, an_shape x,
                                   an_shape *y) AN_NODISCARD;

/* The plan of an activation whose backward reads y: it may run in place, as x is not read again. */
void an_layer_plan_activation(const an_node *node, const an_setup *setup, an_shape x, an_shape y,
                              an_needs *needs);

/* Shared by convolutions and linear layers on a map: choosing an algorithm for each pass, and
   running it. */
void an_layer_plan_conv2d(const an_conv2d *g, const an_setup *setup, an_needs *needs);
alexnet_status an_layer_conv2d_pack_weights(const an_op *op, const an_conv2d *g) AN_NODISCARD;
alexnet_status an_layer_conv2d_forward(const an_op *op, const an_conv2d *g) AN_NODISCARD;
alexnet_status an_layer_conv2d_backward(const an_op *op, const an_conv2d *g) AN_NODISCARD;

#endif
