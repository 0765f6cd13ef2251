/*
 * consumer.c: a C program that uses the installed library: makes a network, runs it on numbers in
 * the shape of one image, and adds up the probabilities.
 * SPDX-License-Identifier: MIT
 */
#include <alexnet.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    alexnet_context *ctx = NULL;
    alexnet_model *model = NULL;
    alexnet_session *session = NULL;
    alexnet_model_info info;
    double sum = 0;

    if (alexnet_open(NULL, &ctx) != ALEXNET_OK) return 1;
    if (alexnet_model_create(ctx, "cifar-19pct", NULL, 1, &model) != ALEXNET_OK ||
        alexnet_session_open(model, 1, NULL, &session) != ALEXNET_OK) {
        fprintf(stderr, "%s\n", alexnet_error(ctx));
        return 1;
    }
    alexnet_model_get_info(model, &info);

    const int count = info.input[0] * info.input[1] * info.input[2];
    float *pixels = malloc((size_t)count * sizeof *pixels);
    float *probs = malloc((size_t)info.classes * sizeof *probs);
    if (pixels == NULL || probs == NULL) return 1;
    for (int i = 0; i < count; ++i)
        pixels[i] = (float)(i * 37 % 255) - 127.0f;

    if (alexnet_session_run(session, pixels, 1, probs) != ALEXNET_OK) {
        fprintf(stderr, "%s\n", alexnet_error(ctx));
        return 1;
    }
    for (int i = 0; i < info.classes; ++i)
        sum += (double)probs[i];
    printf("C, library %s: %d probabilities, sum %.3f\n", alexnet_version(), info.classes, sum);

    free(probs);
    free(pixels);
    alexnet_session_close(session);
    alexnet_model_free(model);
    alexnet_close(ctx);
    return 0;
}
