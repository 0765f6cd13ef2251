/*
 * filters.c: alexnet_filters(): draws the first convolution's filters as an image.
 * SPDX-License-Identifier: MIT
 */
#include "figure/filters.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "figure/save.h"
#include "formats/partial.h"
#include "formats/weights.h"
#include "image/preprocess.h"
#include "infer/output.h"

typedef struct drawing {
    alexnet_context *ctx;
    an_partial file;
    alexnet_model *model; /* described, without values */
    const an_node *layer;
    const an_param *param; /* its weights [count][channels][height][width] */
    float *weights;
    an_image image;
} drawing;

/* The weights of a node that is a convolution; else NULL. */
static const an_param *filters_of(const alexnet_model *model, const an_node *node)
{
    for (int i = node->first_param; i < node->first_param + node->param_count; ++i)
        if (model->params.items[i].role == AN_PARAM_WEIGHT && model->params.items[i].rank == 4)
            return &model->params.items[i];
    return NULL;
}

/* The first convolution at or after a node; NULL: none. */
static const an_node *find_convolution(const alexnet_model *model, int first)
{
    for (int i = first; i < model->node_count; ++i)
        if (filters_of(model, &model->nodes[i]) != NULL) return &model->nodes[i];
    return NULL;
}

/* The number of groups in the next convolution: two, one per GPU, in Krizhevsky et al. 2012. */
static int count_towers(const drawing *d)
{
    const an_node *next = find_convolution(d->model, d->layer->index + 1);

    if (next == NULL || next->x.c != d->layer->y.c) return 1;
    return next->x.c / (int)filters_of(d->model, next)->shape[1];
}

static alexnet_status find_layer(drawing *d)
{
    const an_family *family;

    AN_TRY(an_partial_family(d->ctx, &d->file, &family));
    AN_TRY(alexnet_model_describe(d->ctx, family->name, &d->file.options, &d->model));
    d->layer = find_convolution(d->model, 0);
    if (d->layer == NULL)
        return an_fail(d->ctx, ALEXNET_UNSUPPORTED, "%s: model %s has no convolution", d->file.path,
                       family->name);
    d->param = filters_of(d->model, d->layer);
    return ALEXNET_OK;
}

static alexnet_status read_weights(drawing *d)
{
    const an_param *param = d->param;
    const an_tensor_view *tensor = an_partial_find(&d->file, param->name);
    char names[AN_WEIGHTS_NAMES], expected[AN_SHAPE_TEXT], found[AN_SHAPE_TEXT];

    an_tensor_shape_text(param->shape, param->rank, expected);
    if (tensor == NULL)
        return an_fail(d->ctx, ALEXNET_BAD_FILE,
                       "%s: expected '%s' %s, the filters of %s's first convolution; found %s",
                       d->file.path, param->name, expected, d->model->family->name,
                       an_weights_names(&d->file.file, names));
    if (!an_weights_same_shape(param, tensor))
        return an_fail(d->ctx, ALEXNET_BAD_SHAPE, "%s: %s: expected %s, found %s", d->file.path,
                       param->name, expected,
                       an_tensor_shape_text(tensor->shape, tensor->rank, found));
    d->weights = an_new_array(d->ctx, (size_t)param->count, sizeof *d->weights);
    if (d->weights == NULL)
        return an_fail(d->ctx, ALEXNET_NO_MEMORY, "%lld weights", (long long)param->count);
    return an_tensor_to_finite(d->ctx, d->file.path, tensor, d->weights);
}

/* The order of channels in the file's preprocessing record, or else in the family's. */
static alexnet_status find_order(const drawing *d, bool *bgr)
{
    const char *text = d->file.preprocess != NULL ? d->file.preprocess : d->model->preprocess;
    an_preprocess record;

    AN_TRY(an_preprocess_parse(d->ctx, text, &record));
    *bgr = record.bgr;
    return ALEXNET_OK;
}

static alexnet_status draw(drawing *d, bool common)
{
    const int64_t *shape = d->param->shape;
    an_filters filters = {.weights = d->weights,
                          .count = (int)shape[0],
                          .channels = (int)shape[1],
                          .height = (int)shape[2],
                          .width = (int)shape[3],
                          .towers = count_towers(d),
                          .common = common};

    AN_TRY(find_order(d, &filters.bgr));
    return an_filters_draw(d->ctx, &filters, &d->image);
}

static alexnet_status save(const drawing *d, const char *out)
{
    char title[160];

    an_print(title, sizeof title, "The %d %s of %s, the first convolution of %s",
             (int)d->param->shape[0], AN_NOUN(d->param->shape[0], "filter", "filters"),
             d->layer->name, d->model->family->name);
    return an_figure_save(d->ctx, out, title, &d->image);
}

static void describe(const drawing *d, alexnet_filters_info *info)
{
    *info = (alexnet_filters_info){.count = (int)d->param->shape[0],
                                   .channels = (int)d->param->shape[1],
                                   .height = (int)d->param->shape[2],
                                   .width = (int)d->param->shape[3],
                                   .towers = count_towers(d),
                                   .image_h = d->image.height,
                                   .image_w = d->image.width};
    an_print(info->layer, sizeof info->layer, "%s", d->layer->name);
}

static alexnet_status run(drawing *d, const char *weights, const char *out, bool common)
{
    AN_TRY(an_figure_check_name(d->ctx, out));
    AN_TRY(an_partial_open(d->ctx, weights, &d->file));
    AN_TRY(an_output_is_not(d->ctx, out, d->file.path));
    AN_TRY(an_output_try(d->ctx, out));
    AN_TRY(find_layer(d));
    AN_TRY(read_weights(d));
    AN_TRY(draw(d, common));
    return save(d, out);
}

alexnet_status alexnet_filters(alexnet_context *ctx, const char *weights, const char *out,
                               alexnet_filter_scale scale, alexnet_filters_info *info)
{
    drawing d = {.ctx = ctx};

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, weights);
    AN_NEED(ctx, out);
    AN_NEED_WITHIN(ctx, scale, 0, ALEXNET_FILTER_SCALE_COMMON);
    const alexnet_status status = run(&d, weights, out, scale == ALEXNET_FILTER_SCALE_COMMON);
    if (status == ALEXNET_OK && info != NULL) describe(&d, info);
    an_image_free(ctx, &d.image);
    an_free(ctx, d.weights);
    alexnet_model_free(d.model);
    an_partial_close(ctx, &d.file);
    return status;
}
