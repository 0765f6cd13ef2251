/*
 * options.h: what may differ between two networks of one family, and how a family's table says where.
 *
 * A row of the table mentions an option in one of three ways:
 *
 *   a word in capitals in `settings`   CLASSES DROPOUT POOL     stands for the option's value
 *   the type ACTIVATION                                         is the layer relu or tanh
 *   a condition in `when`              lrn  no-lrn  squeeze  global-pool  3/2  2/2  classes ...
 *                                                               the row stands only where all of
 *                                                               these words, separated by spaces, hold
 *
 * What no row of a family mentions is no option of it: one rule, and no list of families to keep.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_OPTIONS_H
#define AN_CORE_OPTIONS_H

#include "core/model.h"

#define AN_ROW_SETTINGS 256 /* bytes of a row's settings, filled in */

/* Fills in the family's values and refuses what the family cannot do. BAD_ARG. */
alexnet_status an_options_resolve(alexnet_context *ctx, const an_family *family,
                                  alexnet_model_options *options) AN_NODISCARD;

/* Takes from `other` what `options` leaves to the family. */
void an_options_fill_in(alexnet_model_options *options, const alexnet_model_options *other);

/* Whether the row stands in a network of these resolved options. */
bool an_options_hold(const alexnet_model_options *options, const char *when);

/* The layer type of a row: ACTIVATION is replaced. */
const char *an_options_type(const alexnet_model_options *options, const char *type);

/* The settings of a row, with the values of these options. */
void an_options_substitute(const alexnet_model_options *options, const char *settings,
                     char out[AN_ROW_SETTINGS]);

/* Resolved options as text: "classes=10 dropout=0.5 input=224x224"; what is usual is left out. */
#define AN_OPTIONS_TEXT 192
void an_options_print(const alexnet_model_options *options, char text[AN_OPTIONS_TEXT]);
/* `what` leads the message. BAD_ARG. */
alexnet_status an_options_parse(alexnet_context *ctx, const char *what, const char *text,
                                alexnet_model_options *out) AN_NODISCARD;

/* Copies `text`, putting `value` for the word `name`. */
void an_substitute(char *out, size_t bytes, const char *text, const char *name, const char *value);

#endif
