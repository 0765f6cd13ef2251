/*
 * evaluate.c: what `alexnet eval` computes: top-1 and top-5 accuracy and the mean loss of weights,
 * or of the average of several, on labelled images, with one crop of each or ten (the paper's way
 * to test, 4.1).
 *
 * Here weights, data and reports are opened and the result is filled. The loop over the images is
 * an_eval_run() (eval_run.h), the sums are in metrics.c; the validation of training uses both, so
 * that the two cannot disagree. A new report needs to be opened in open_reports(), fed in
 * note_result() and written in write_reports().
 *
 * SPDX-License-Identifier: MIT
 */
#include "infer/evaluate.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/room.h"
#include "base/status.h"
#include "data/parts.h"
#include "infer/classes.h"
#include "infer/confusion.h"
#include "infer/eval_run.h"
#include "infer/prediction_file.h"
#include <string.h>

#define PARTS_BYTES 256 /* of the names of splits in a message */

typedef struct evaluation {
    alexnet_context *ctx;
    const alexnet_evaluate_options *options;
    int batch;              /* images at a time, with all their views */
    int views;              /* crops of each image: 1 or 10 */
    alexnet_model **models; /* [weights_count]; the classes are those of the first */
    an_network *networks;   /* [weights_count]: the models, ready to run */
    an_evaluated images;
    an_source *source; /* options->data, opened here; NULL: the caller's images */
    int *labels;       /* [classes of the source]: their numbers in the network; NULL: the same */
    an_prediction_file predictions;
    int64_t *confusion; /* [classes][classes], or NULL */
    an_confusion_file confusion_file;
    alexnet_class_result *per_class; /* [classes] */
    an_metrics *each_metrics;        /* one for each of several weights; NULL: only one */
    alexnet_weights_result *each;
    an_bad_list skipped;
    an_footprint memory;
} evaluation;

/* ---- opening ---- */

static alexnet_status check_options(const evaluation *e)
{
    alexnet_context *ctx = e->ctx;
    const alexnet_evaluate_options *options = e->options;

    if (options->weights_count == 0 || (options->data == NULL && e->images.source == NULL))
        return an_fail(ctx, ALEXNET_BAD_ARG, "evaluation needs weights and data");
    if (options->crops != 0 && options->crops != 1 && options->crops != AN_VIEWS)
        return an_fail(ctx, ALEXNET_BAD_ARG, "crops is %d, expected 1 or %d", options->crops,
                       AN_VIEWS);
    if (options->batch < 0 || options->batch > 65536)
        return an_fail(ctx, ALEXNET_BAD_ARG, "batch is %d, expected 1 to 65536", options->batch);
    return ALEXNET_OK;
}

static alexnet_status load_networks(evaluation *e)
{
    const size_t count = e->options->weights_count;
    const char *const *paths = e->options->weights;

    e->models = an_new_array(e->ctx, count, sizeof *e->models);
    e->networks = an_new_array(e->ctx, count, sizeof *e->networks);
    if (e->models == NULL || e->networks == NULL)
        return an_fail(e->ctx, ALEXNET_NO_MEMORY, "%zu networks", count);
    for (size_t i = 0; i < count; ++i) {
        AN_TRY(an_network_load(e->ctx, paths[i], e->options->orientation, e->options->size,
                               &e->models[i]));
        AN_TRY(an_network_join(e->models[i]));
        AN_TRY(an_classes_compare(e->models[0], paths[0], e->models[i], paths[i]));
        AN_TRY(an_model_check_classifier(e->models[i]));
    }
    return ALEXNET_OK;
}

static alexnet_status open_networks(evaluation *e)
{
    for (size_t i = 0; i < e->options->weights_count; ++i)
        AN_TRY(an_network_open(e->models[i], e->batch, e->views, true, &e->networks[i]));
    return ALEXNET_OK;
}

/* Sets *trained if the weights' record of their run says that it trained on exactly this data. */
static alexnet_status is_trained_on(const alexnet_model *model, const char *hash, bool *trained)
{
    const char *text = alexnet_model_metadata(model, "alexnet.trained");
    json_t *record;

    *trained = false;
    if (text == NULL) return ALEXNET_OK;
    const alexnet_status status = an_json_parse(model->ctx, "record", text, strlen(text), &record);
    if (status != ALEXNET_OK) /* another program's record */
        return status == ALEXNET_NO_MEMORY ? status : ALEXNET_OK;
    *trained = an_source_same_images(an_json_get_text(record, "train_sha256", ""), hash);
    json_decref(record);
    return ALEXNET_OK;
}

/* Warns if these are training images; else logs which split is evaluated. */
static alexnet_status tell_split(const evaluation *e)
{
    const an_parts *parts = an_source_parts(e->source);
    const char *data = e->options->data;
    char hash[AN_SHA256_HEX_SIZE], used[PARTS_BYTES], unused[PARTS_BYTES];
    bool trained = false;

    an_source_hash(e->source, hash);
    for (size_t i = 0; i < e->options->weights_count && !trained; ++i)
        AN_TRY(is_trained_on(e->models[i], hash, &trained));
    if (an_source_is_training(e->source)) {
        an_log(e->ctx, ALEXNET_LOG_WARNING,
               "%s: it has no validation or test split: evaluating on the training images", data);
    } else if (trained) {
        an_log(e->ctx, ALEXNET_LOG_WARNING,
               "%s: evaluating on the training images: these weights were trained on this data "
               "('alexnet eval RUN' evaluates on the run's validation images)",
               data);
    } else if (parts->present == 0 && an_parts_is_training(data)) {
        an_log(e->ctx, ALEXNET_LOG_WARNING,
               "%s: evaluating on the training images, as its name says", data);
    } else if (an_source_taken(e->source) != NULL) {
        an_log(e->ctx, ALEXNET_LOG_INFO, "%s: evaluating on %s; the training images are not used",
               data, an_source_taken(e->source));
    } else if (parts->present != 0) {
        const int count = an_source_unused(e->source, e->ctx, parts->wanted, unused, sizeof unused);
        an_parts_list(parts, parts->wanted, used, sizeof used);
        an_log(e->ctx, ALEXNET_LOG_INFO, "%s: evaluating on %s%s%s%s", data, used,
               count > 0 ? "; " : "", unused,
               count == 0   ? ""
               : count == 1 ? " is not used"
                            : " are not used");
    }
    return ALEXNET_OK;
}

/* Opens the validation split if the data has one, else all of it. */
static alexnet_status open_data(evaluation *e)
{
    const char *data = e->options->data;
    alexnet_status status = an_source_open(e->ctx, data, AN_PART_VAL, &e->source);

    if (status == ALEXNET_NOT_FOUND) status = an_source_open(e->ctx, data, AN_PART_ALL, &e->source);
    AN_TRY(status);
    AN_TRY(an_source_tell_layout(e->ctx, e->source, data));
    an_source_tell_passed(e->ctx, e->source, data);
    e->images =
        (an_evaluated){.source = e->source, .count = an_source_count(e->source), .name = data};
    return tell_split(e);
}

static alexnet_status open_source(evaluation *e)
{
    if (e->images.source == NULL) AN_TRY(open_data(e));
    return an_classes_map(e->models[0], e->options->weights[0], e->images.source, e->images.name,
                          &e->labels);
}

/* Allocates the results for each class: the entries and then their labels' texts, in one block. */
static alexnet_status open_per_class(evaluation *e)
{
    const alexnet_model *model = e->models[0];
    const size_t classes = (size_t)model->options.classes;
    size_t bytes = classes * sizeof *e->per_class;
    char buffer[AN_LABEL_BYTES];

    for (int c = 0; c < model->options.classes; ++c)
        bytes += strlen(an_network_label(model, c, buffer)) + 1;
    e->per_class = an_new_zeroed(e->ctx, bytes);
    if (e->per_class == NULL)
        return an_fail(e->ctx, ALEXNET_NO_MEMORY, "results of %zu classes", classes);
    char *text = (char *)(e->per_class + classes);
    for (int c = 0; c < model->options.classes; ++c) {
        const char *label = an_network_label(model, c, buffer);
        const size_t length = strlen(label) + 1;
        e->per_class[c].label = memcpy(text, label, length);
        text += length;
    }
    return ALEXNET_OK;
}

static alexnet_status open_each(evaluation *e)
{
    const size_t count = e->options->weights_count;

    if (count == 1) return ALEXNET_OK;
    e->each_metrics = an_new_array(e->ctx, count, sizeof *e->each_metrics);
    e->each = an_new_array(e->ctx, count, sizeof *e->each);
    return e->each_metrics != NULL && e->each != NULL
               ? ALEXNET_OK
               : an_fail(e->ctx, ALEXNET_NO_MEMORY, "results of %zu weights", count);
}

static alexnet_status open_reports(evaluation *e)
{
    const size_t classes = (size_t)e->models[0]->options.classes;

    AN_TRY(open_per_class(e));
    AN_TRY(open_each(e));
    if (e->options->confusion != NULL) {
        e->confusion = an_new_array(e->ctx, classes, classes * sizeof *e->confusion);
        if (e->confusion == NULL)
            return an_fail(e->ctx, ALEXNET_NO_MEMORY, "confusion matrix of %zu classes", classes);
    }
    if (e->options->predictions != NULL)
        AN_TRY(an_prediction_file_open(e->models[0], e->images.source, e->options->predictions,
                                       e->options->csv_safe != 0, &e->predictions));
    return ALEXNET_OK;
}

static void close_evaluation(evaluation *e)
{
    for (size_t i = 0; e->networks != NULL && i < e->options->weights_count; ++i)
        an_network_close(&e->networks[i]);
    for (size_t i = 0; e->models != NULL && i < e->options->weights_count; ++i)
        alexnet_model_free(e->models[i]);
    an_free(e->ctx, e->networks);
    an_free(e->ctx, e->models);
    an_source_close(e->source);
    an_free(e->ctx, e->labels);
    an_free(e->ctx, e->confusion);
    an_free(e->ctx, e->per_class);
    an_free(e->ctx, e->each_metrics);
    an_free(e->ctx, e->each);
    an_prediction_file_abandon(&e->predictions);
    an_confusion_abandon(&e->confusion_file);
    an_bad_list_free(e->ctx, &e->skipped);
}

/* ---- running ---- */

static alexnet_status note_result(void *user, const an_eval_result *result)
{
    evaluation *e = user;
    const int classes = e->models[0]->options.classes;
    int best;

    e->per_class[result->label].images += 1;
    e->per_class[result->label].correct += result->rank == 0;
    if (e->confusion != NULL) {
        an_best_classes(result->probs, classes, 1, &best);
        ++e->confusion[(ptrdiff_t)result->label * classes + best];
    }
    return e->predictions.writer != NULL ? an_prediction_file_add(&e->predictions, result)
                                         : ALEXNET_OK;
}

static an_eval describe_eval(evaluation *e)
{
    const alexnet_evaluate_options *options = e->options;

    return (an_eval){
        .networks = e->networks,
        .network_count = options->weights_count,
        .each = e->each_metrics,
        .source = e->images.source,
        .indices = e->images.indices,
        .count = e->images.count,
        .labels = e->labels,
        .batch = e->batch,
        .workers = options->workers > 0 ? options->workers : -1,
        .on_bad_image = options->on_bad_image,
        .result = note_result,
        .result_user = e,
        .phase = "eval",
        .progress = options->progress,
        .progress_user = options->progress_user,
    };
}

/* The images come first: they are read ahead while the first network prepares its weights. */
static alexnet_status book_memory(evaluation *e)
{
    const an_eval eval = describe_eval(e);
    an_footprint *f = &e->memory;
    int64_t bytes = 0;

    *f = an_footprint_begin(e->ctx);
    for (size_t i = 0; i < e->options->weights_count; ++i) {
        e->networks[i] = (an_network){.model = e->models[i], .views = e->views};
        AN_TRY(an_preprocess_parse(e->ctx, e->models[i]->preprocess, &e->networks[i].record));
    }
    AN_TRY(an_eval_run_book(e->ctx, &eval, &bytes));
    an_footprint_add(f, bytes);
    for (size_t i = 0; i < e->options->weights_count; ++i)
        AN_TRY(an_network_book(e->models[i], e->batch, e->images.count, e->views, true, f));
    return ALEXNET_OK;
}

static alexnet_status check_memory(evaluation *e)
{
    AN_TRY(book_memory(e));
    const alexnet_start start = {
        .images = e->images.count,
        .batch = e->batch,
        .memory_bytes = e->memory.peak,
        .memory_bytes_free = e->memory.free,
    };
    if (e->options->start != NULL) e->options->start(e->options->start_user, &start);
    return an_footprint_check(e->ctx, &e->memory, "evaluation", "take a smaller batch (--batch)");
}

static alexnet_status run_networks(evaluation *e, an_metrics *metrics)
{
    const an_eval eval = describe_eval(e);

    AN_TRY(an_eval_run(e->ctx, &eval, metrics, &e->skipped));
    an_skipped_tell(&e->skipped, e->images.source, e->options->skipped, e->options->skipped_user);
    return ALEXNET_OK;
}

static void fill_each(const evaluation *e)
{
    for (size_t i = 0; e->each != NULL && i < e->options->weights_count; ++i)
        e->each[i] = (alexnet_weights_result){
            .weights = e->options->weights[i],
            .loss = an_metrics_loss(&e->each_metrics[i]),
            .top1 = an_metrics_top1(&e->each_metrics[i]),
            .top5 = an_metrics_top5(&e->each_metrics[i]),
        };
}

static alexnet_status write_reports(evaluation *e)
{
    if (e->predictions.writer != NULL) AN_TRY(an_prediction_file_commit(&e->predictions));
    if (e->confusion != NULL)
        AN_TRY(an_confusion_commit(&e->confusion_file, e->models[0], e->confusion));
    return ALEXNET_OK;
}

static alexnet_status evaluate(evaluation *e, alexnet_evaluate_result *out)
{
    an_metrics metrics;

    AN_TRY(check_options(e));
    if (e->options->confusion != NULL)
        AN_TRY(an_confusion_open(e->ctx, e->options->confusion, e->options->csv_safe != 0,
                                 &e->confusion_file));
    AN_TRY(load_networks(e));
    AN_TRY(open_source(e));
    AN_TRY(open_reports(e));
    AN_TRY(check_memory(e));
    AN_TRY(open_networks(e));
    const double start = an_seconds();
    AN_TRY(run_networks(e, &metrics));
    const double seconds = an_seconds() - start;
    AN_TRY(write_reports(e));
    fill_each(e);
    *out = (alexnet_evaluate_result){
        .images = metrics.images,
        .skipped = (int64_t)e->skipped.count,
        .crops = e->views,
        .loss = an_metrics_loss(&metrics),
        .top1 = an_metrics_top1(&metrics),
        .top5 = an_metrics_top5(&metrics),
        .images_per_second = seconds > 0 ? (double)metrics.images / seconds : 0,
        .classes = e->models[0]->options.classes,
        .per_class = e->per_class,
        .each = e->each,
        .memory_bytes = e->memory.peak,
        .peak_rss_bytes = an_room_peak(e->ctx),
    };
    e->per_class = NULL; /* owned by the caller now */
    e->each = NULL;
    return ALEXNET_OK;
}

alexnet_status an_evaluate(alexnet_context *ctx, const alexnet_evaluate_options *options,
                           const an_evaluated *images, alexnet_evaluate_result *out)
{
    const int views = options->crops == AN_VIEWS ? AN_VIEWS : 1;
    const int batch = options->batch > 0 ? options->batch : AN_EVAL_BATCH;
    evaluation e = {
        .ctx = ctx,
        .options = options,
        .batch = AN_MAX(batch / views, 1), /* as much memory as for one view */
        .views = views,
    };
    if (images != NULL) e.images = *images;
    const alexnet_status status = evaluate(&e, out);

    close_evaluation(&e);
    return status;
}

void alexnet_evaluate_result_free(alexnet_context *ctx, alexnet_evaluate_result *result)
{
    if (ctx == NULL || result == NULL) return;
    an_free(ctx, result->per_class);
    an_free(ctx, result->each);
    result->per_class = NULL;
    result->each = NULL;
}
