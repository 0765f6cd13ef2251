/*
 * show_trained.c: what `train` prints at its end: the result, a comparison, advice, and the next
 * commands.
 * SPDX-License-Identifier: MIT
 */
#include "cli/output.h"
#include "cli/show.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what to expect ---- */

/* Accuracy that recipes reach on real photos, as measured: docs/quick-recipe.md. */
typedef struct reference {
    const char *recipe, *model;
    int per_class; /* training images of each class */
    double top1;
} reference;

static const reference references[] = {
    {"quick", "torchvision", 947, 0.79},
    {"quick-bn", "bn", 947, 0.82},
};

#define FAR_OFF 3 /* ratio of sizes from which two sets are not comparable */

/* The reference of the same recipe and model with the nearest class size. NULL: none is near. */
static const reference *find_reference(const alexnet_train_result *r)
{
    const double size = (double)r->images / r->classes;
    const reference *best = NULL;
    double distance = log(FAR_OFF);

    for (size_t i = 0; i < sizeof references / sizeof *references; ++i) {
        const double d = fabs(log(size / references[i].per_class));
        if (strcmp(references[i].recipe, r->recipe) != 0 ||
            strcmp(references[i].model, r->model) != 0 || d >= distance)
            continue;
        distance = d;
        best = &references[i];
    }
    return best;
}

/* ---- comparison and advice ---- */

#define BARELY  1.2 /* times the accuracy of guessing: below it, top-1 is no better than guessing */
#define OVERFIT 0.15 /* training accuracy minus validation accuracy: above it, it overfits */
#define LATE    0.9  /* fraction of the run from which a best epoch counts as at its end */

/* Whether top1 is about what guessing reaches. If that is near 1, half of the rest is enough. */
static bool is_guessing(double top1, double guess_top1)
{
    return top1 < fmin(BARELY * guess_top1, (1 + guess_top1) / 2);
}

/* One line of advice, the most useful one; NULL: none. */
static const char *advise(const alexnet_train_result *r)
{
    const bool overfits = r->train_top1 - r->val_top1 > OVERFIT;

    if (isnan(r->val_top1) || !(r->guess_top1 < 1) || r->classes < 2) return NULL;
    if (is_guessing(r->best_top1, r->guess_top1)) {
        if (overfits && !is_guessing(r->train_top1, r->guess_top1))
            return "it has learnt its training images by heart and does not recognise others: take "
                   "more training images, or --from WEIGHTS, and check that the validation images "
                   "are of the same classes";
        return strncmp(r->recipe, "quick", 5) == 0 || strcmp(r->recipe, "finetune") == 0
                   ? "it has learnt almost nothing: try more epochs or --from WEIGHTS, and check "
                     "that each class folder holds the right images (alexnet data verify)"
                   : "it has learnt almost nothing: try more epochs, the recipe 'quick', or "
                     "--from WEIGHTS";
    }
    if (overfits)
        return "it overfits its training images: more images help most, or --from WEIGHTS";
    if (r->best_epoch >= LATE * r->epochs && r->epochs > 1)
        return "its best epoch was at the end: more epochs may help (--epochs)";
    return NULL;
}

static void print_standing(const alexnet_train_result *r)
{
    const reference *expected = r->classes > 1 ? find_reference(r) : NULL;
    const char *advice = advise(r);
    char a[CLI_NUMBER];

    if (isnan(r->val_top1)) return;
    if (!isnan(r->guess_top1))
        cli_print(stdout, "guessing    top-1 %s: always the largest class\n",
                  cli_percent(r->guess_top1, a));
    if (expected != NULL)
        cli_print(
            stdout,
            "expected    about %.0f %% with this recipe on photos of ten classes, %d of each\n",
            100 * expected->top1, expected->per_class);
    if (advice != NULL) cli_print(stdout, "advice      %s\n", advice);
}

/* ---- the result ---- */

static cli_exit print_json(cli *app, const alexnet_train_result *r)
{
    an_json_maker *m = &app->json;

    return cli_json_print(
        app,
        an_json_pack(
            m,
            "{s:i, s:o, s:I, s:f, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:s, s:o, s:s, s:o, s:o, "
            "s:o, s:o, s:I, s:I}",
            "schema", 1, "run", cli_json_text(m, r->run), "steps", (json_int_t)r->steps, "epochs",
            r->epochs, "train_loss", an_json_real(m, r->train_loss), "val_top1",
            an_json_real(m, r->val_top1), "val_top5", an_json_real(m, r->val_top5), "best_top1",
            an_json_real(m, r->best_top1), "skipped", (json_int_t)r->skipped, "images_per_second",
            an_json_real(m, r->images_per_second), "weights", cli_json_text(m, r->weights),
            "weights_sha256", r->weights_sha256, "last_weights", cli_json_text(m, r->last_weights),
            "last_sha256", r->last_sha256, "seconds", an_json_real(m, r->seconds), "train_top1",
            an_json_real(m, r->train_top1), "guess_top1", an_json_real(m, r->guess_top1),
            "best_epoch", an_json_real(m, r->best_epoch), "memory_bytes",
            (json_int_t)r->memory_bytes, "peak_rss_bytes", (json_int_t)r->peak_rss_bytes));
}

static void print_end(const alexnet_train_result *r)
{
    static const struct {
        const char *ended, *text;
    } ends[] = {
        {"time", "by the time limit"},
        {"patience", "because validation stopped improving (--patience)"},
        {"top1", "because validation reached its target (--stop-at-top1)"},
    };

    for (size_t i = 0; i < sizeof ends / sizeof *ends; ++i)
        if (strcmp(r->ended, ends[i].ended) == 0)
            cli_print(stdout, "ended       %s, after %.3g of %.6g %s\n", ends[i].text, r->epochs,
                      r->planned_epochs, cli_noun(r->planned_epochs, "epoch", "epochs"));
}

static void print_validation(const alexnet_train_result *r)
{
    char a[CLI_NUMBER], b[CLI_NUMBER], c[CLI_NUMBER];

    if (isnan(r->val_top1)) return;
    cli_print(stdout, "validation  top-1 %s", cli_percent(r->val_top1, a));
    if (r->classes > ALEXNET_TOP5_CLASSES)
        cli_print(stdout, ", top-5 %s", cli_percent(r->val_top5, b));
    cli_print(stdout, "; best top-1 %s", cli_percent(r->best_top1, c));
    if (!isnan(r->best_epoch)) cli_print(stdout, " after epoch %.3g", r->best_epoch);
    cli_print(stdout, "\n");
}

cli_exit cli_show_trained(cli *app, const alexnet_train_result *r)
{
    char a[CLI_NUMBER], b[CLI_NUMBER];

    if (app->common->json) return print_json(app, r);
    cli_print(stdout, "trained     %s %s, %.4g %s in %s, %.0f images/s\n",
              cli_thousands(r->steps, a), cli_noun((double)r->steps, "step", "steps"), r->epochs,
              cli_noun(r->epochs, "epoch", "epochs"), cli_seconds(r->seconds, b),
              r->images_per_second);
    print_end(r);
    if (!isnan(r->train_loss))
        cli_print(stdout, "training    loss %.4f, top-1 %s\n", r->train_loss,
                  cli_percent(r->train_top1, a));
    print_validation(r);
    print_standing(r);
    cli_print(stdout, "weights     ");
    cli_put(stdout, r->weights);
    cli_print(stdout, "\n");
    return CLI_DONE;
}

void cli_show_next(cli *app, const alexnet_train_result *r)
{
    char *word = cli_quote(r->run), *run = cli_escape(word);

    cli_note(app, "next: alexnet predict %s IMAGE...", run);
    if (!isnan(r->val_top1)) cli_note(app, "next: alexnet eval %s --per-class", run);
    free(run);
    free(word);
}
