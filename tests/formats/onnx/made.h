/*
 * made.h: small ONNX models, written as text and made without the code that is tested:
 *
 *     opset 17                                the operator set; 17 if it is not given
 *     input x N,3,8,8                         a float input; N and -1: open
 *     float w 4,3,3,3                         an initializer, its values from a fixed sequence
 *     floats k 2.5,1                          an initializer of these values; one value: a scalar
 *     ints s 0,-1                             one of whole numbers
 *     Conv c1 x,w y kernel_shape=3,3 group=2  a node: operator, name, inputs ('-': none), output
 *     output y
 *
 * An attribute with a comma is a list, with a point a float, of letters a text, else a number; one
 * that ends in a comma is a list of one.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_ONNX_MADE_H
#define AN_TEST_ONNX_MADE_H

#include "formats/protobuf.h"
#include "formats/tensor_file.h"

/* The bytes of a model; an_pb_free() it. */
an_pb_out made_model(alexnet_context *ctx, const char *text);

/* Value i of an initializer made by "float". */
float made_value(int i);

/* Opens a made model; *bytes must be kept until the file is closed. */
alexnet_status made_open(alexnet_context *ctx, const char *text, an_pb_out *bytes,
                         an_tensor_file *file);

/* The chain as text: "conv 3x3/1 pad 1,1 > 4,8,8; relu; ..."; or, without one, why. */
#define MADE_TEXT 2000
const char *made_describe(const an_tensor_file *file, char text[MADE_TEXT]);

#endif
