/*
 * weights.h: names of weights on the command line. Wherever a command asks for WEIGHTS,
 * "torchvision:imagenet" and the like stand for a file in the cache (fetch/cache.h). A name is one
 * of the published table, or of a file that is in the cache; "./a:b" is always a path.
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_WEIGHTS_H
#define CLI_WEIGHTS_H

#include "cli/cli.h"

/*
 * Replaces names by paths: in app->words as far as the command's weights_words, and in its options
 * of type CLI_WEIGHTS. A published file that is not in the cache is an error that says how to get
 * it.
 */
cli_exit cli_weights_resolve(cli *app, void *args);
void cli_weights_release(cli *app);

#endif
