/*
 * options.h: the options of a family's networks, and how the rows of its table use them.
 *
 * A row of the table mentions an option in one of three ways:
 *
 *   a word in capitals in `settings`   CLASSES DROPOUT POOL     replaced by the option's value
 *   the type ACTIVATION                                         replaced by relu or tanh
 *   a condition in `when`              lrn  no-lrn  squeeze  global-pool  3/2  2/2  classes ...
 *                                                               the row is used only if all of
 *                                                               these words hold (separated
 *                                                               by spaces)
 *
 * An option that no row of a family mentions does not exist for it. So there is no list of families
 * to maintain.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_OPTIONS_H
#define AN_CORE_OPTIONS_H

#include "core/model.h"

#define AN_ROW_SETTINGS 256 /* bytes of a row's settings, filled in */

/* Fills in the family's values. BAD_ARG: the family does not have one of these options. */
alexnet_status an_options_resolve(alexnet_context *ctx, const an_family *family,
                                  alexnet_model_options *options) AN_NODISCARD;

/* Copies from `other` the options that `options` leaves to the family. */
void an_options_fill_in(alexnet_model_options *options, const alexnet_model_options *other);

/* Whether the condition `when` of a row holds for these resolved options. */
bool an_options_hold(const alexnet_model_options *options, const char *when);

/* The layer type of a row: ACTIVATION is replaced. */
const char *an_options_type(const alexnet_model_options *options, const char *type);

/* The settings of a row, with the values of these options. */
void an_options_substitute(const alexnet_model_options *options, const char *settings,
                           char out[AN_ROW_SETTINGS]);

/* Resolved options as text: "classes=10 dropout=0.5 input=224x224"; defaults are left out. */
#define AN_OPTIONS_TEXT 192
void an_options_print(const alexnet_model_options *options, char text[AN_OPTIONS_TEXT]);
/* BAD_ARG; the message begins with `what`. */
alexnet_status an_options_parse(alexnet_context *ctx, const char *what, const char *text,
                                alexnet_model_options *out) AN_NODISCARD;

/* Copies `text` with the first `name` in it replaced by `value`. */
void an_substitute(char *out, size_t bytes, const char *text, const char *name, const char *value);

#endif
