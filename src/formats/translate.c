/*
 * translate.c: other formats and sources to our names, layouts and metadata.
 * SPDX-License-Identifier: MIT
 */
#include "formats/translate.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "core/options.h"
#include "formats/caffe/caffe.h"
#include "formats/caffe/caffe_record.h"
#include "formats/graph.h"
#include "formats/metadata.h"
#include "formats/weights.h"
#include <string.h>

/* ---- names that do not belong to a network ---- */

static bool ends_in(const char *name, const char *tail)
{
    const size_t length = strlen(name), bytes = strlen(tail);

    return length > bytes && strcmp(name + length - bytes, tail) == 0;
}

bool an_translate_ignores(const char *name)
{
    static const char *const tails[] = {".num_batches_tracked",
                                        "/Momentum",
                                        "/RMSProp",
                                        "/RMSProp_1",
                                        "/Adam",
                                        "/Adam_1",
                                        "/Adagrad",
                                        "/ExponentialMovingAverage"};

    for (size_t i = 0; i < AN_COUNT(tails); ++i)
        if (ends_in(name, tails[i])) return true;
    return strcmp(name, "global_step") == 0 || strcmp(name, "beta1_power") == 0 ||
           strcmp(name, "beta2_power") == 0;
}

static void remove_ignored(an_tensor_file *file)
{
    size_t kept = 0;

    for (size_t i = 0; i < file->count; ++i)
        if (!an_translate_ignores(file->tensors[i].name)) file->tensors[kept++] = file->tensors[i];
    file->count = kept;
}

/* ---- by the chain of layers ---- */

/* A family in one of its forms that the chain of a file is compared with. */
typedef struct candidate {
    const an_family *family;
    alexnet_model_options options;
    alexnet_model *model; /* described; NULL: there is no such form */
    an_graph graph;
} candidate;

static void candidate_close(alexnet_context *ctx, candidate *c)
{
    an_free(ctx, c->graph.nodes);
    alexnet_model_free(c->model);
    c->graph = (an_graph){0};
    c->model = NULL;
}

/* Describes the form, if the family has it. NO_MEMORY is the only error. */
static alexnet_status candidate_open(alexnet_context *ctx, const char *path, candidate *c)
{
    alexnet_status status = an_model_try_describe(ctx, c->family, &c->options, &c->model);

    if (status == ALEXNET_OK) status = an_graph_of_model(c->model, &c->graph);
    if (status == ALEXNET_OK) return ALEXNET_OK;
    candidate_close(ctx, c);
    return status == ALEXNET_NO_MEMORY ? an_fail_within(ctx, status, "%s", path) : ALEXNET_OK;
}

/* What the options of a family's network can change in its chain; -1: as the family has it. */
static const struct {
    int lrn, activation, pooling, global_pool;
} forms[] = {
    {-1, -1, -1, -1},
    {0, -1, -1, -1},
    {-1, ALEXNET_ACTIVATION_TANH, -1, -1},
    {-1, -1, ALEXNET_POOLING_2_2, -1},
    {-1, -1, -1, 1},
};

/* The options that the file's chain shows: its input and the outputs of its last layer. */
static alexnet_model_options options_of(const an_graph *graph)
{
    alexnet_model_options options = alexnet_model_options_default();

    if (graph->count == 0) return options;
    options.input_h = graph->nodes[0].in[1];
    options.input_w = graph->nodes[0].in[2];
    for (int i = 0; i < graph->count; ++i)
        if (graph->nodes[i].weight >= 0) options.classes = graph->nodes[i].out[0];
    return options;
}

/* The family and form whose chain has the most nodes in common with the file's. */
typedef struct search {
    alexnet_context *ctx;
    const char *path;
    const an_graph *found;
    candidate best;
    int common; /* nodes; -1: none was compared */
    bool equal;
    bool prefix; /* the file's chain is the beginning of the best's, which goes on */
} search;

static alexnet_status try_form(search *s, const an_family *family, size_t form)
{
    candidate c = {.family = family, .options = options_of(s->found)};
    const an_graph_node *differs, *expected;

    c.options.lrn = forms[form].lrn;
    c.options.activation = forms[form].activation;
    c.options.pooling = forms[form].pooling;
    c.options.global_pool = forms[form].global_pool;
    AN_TRY(candidate_open(s->ctx, s->path, &c));
    if (c.model == NULL) return ALEXNET_OK;
    const int common = an_graph_equal_nodes(s->found, &c.graph, &differs, &expected);
    if (common <= s->common) {
        candidate_close(s->ctx, &c);
        return ALEXNET_OK;
    }
    candidate_close(s->ctx, &s->best);
    s->best = c;
    s->common = common;
    s->equal = differs == NULL && expected == NULL;
    s->prefix = differs == NULL && expected != NULL && common > 0;
    return ALEXNET_OK;
}

/* The first family that fits is taken: as in weights.c, the preferred of equal ones comes first. */
static alexnet_status find_family(search *s, const an_family *only)
{
    for (size_t form = 0; form < AN_COUNT(forms) && !s->equal; ++form)
        for (int i = 0; an_family_at(i) != NULL && !s->equal; ++i)
            if (only == NULL || only == an_family_at(i)) AN_TRY(try_form(s, an_family_at(i), form));
    return ALEXNET_OK;
}

/* A bias that the file's layer does not have: zeros. */
static alexnet_status make_zeros(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                 const an_param *param, an_tensor_view *out)
{
    const void *zeros = an_store_array(ctx, &file->store, (size_t)param->count, sizeof(float));

    if (zeros == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: %s", path, param->name);
    *out = (an_tensor_view){.dtype = AN_F32, .count = param->count, .data = zeros};
    return ALEXNET_OK;
}

/* The tensor of the file that becomes a parameter of the model. */
static alexnet_status take_param(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                 const an_param *param, int index, an_tensor_view *out)
{
    char found[AN_SHAPE_TEXT], expected[AN_SHAPE_TEXT];

    if (index < 0 && param->role == AN_PARAM_BIAS)
        AN_TRY(make_zeros(ctx, path, file, param, out));
    else if (index < 0 || (size_t)index >= file->count)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: the file has nothing for %s", path, param->name);
    else
        *out = file->tensors[index];
    out->name = an_store_text(ctx, &file->store, param->name, strlen(param->name));
    if (out->name == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: %s", path, param->name);
    if (an_tensor_reshape(out, param->shape, param->rank)) return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': expected %s, found %s", path,
                   file->tensors[index].name,
                   an_tensor_shape_text(param->shape, param->rank, expected),
                   an_tensor_shape_text(out->shape, out->rank, found));
}

static alexnet_status take_node(const search *s, an_tensor_file *file, const an_graph_node *theirs,
                                const an_graph_node *ours, an_tensor_view *list)
{
    const int from[] = {theirs->weight, theirs->bias, theirs->mean, theirs->variance};
    const int to[] = {ours->weight, ours->bias, ours->mean, ours->variance};

    for (size_t i = 0; i < AN_COUNT(to); ++i)
        if (to[i] >= 0)
            AN_TRY(take_param(s->ctx, s->path, file, &s->best.model->params.items[to[i]], from[i],
                              &list[to[i]]));
    return ALEXNET_OK;
}

/* Both chains are equal: pairs their nodes that have parameters. */
static alexnet_status take_params(const search *s, an_tensor_file *file, an_tensor_view *list)
{
    const an_graph_node *ours = s->best.graph.nodes;

    for (const an_graph_node *n = s->found->nodes; n < s->found->nodes + s->found->count; ++n) {
        if (n->op == AN_GRAPH_FLATTEN) continue;
        while (ours->op == AN_GRAPH_FLATTEN)
            ++ours;
        AN_TRY(take_node(s, file, n, ours++, list));
    }
    return ALEXNET_OK;
}

/* The options as a text. A part has no last layer: its number of classes is the family's own. */
static alexnet_status print_options(const search *s, char text[AN_OPTIONS_TEXT])
{
    alexnet_model_options options = s->best.model->options;
    alexnet_model *usual;

    if (s->prefix) {
        AN_TRY(an_model_describe(s->ctx, s->best.family, NULL, &usual));
        options.classes = usual->options.classes;
        alexnet_model_free(usual);
    }
    an_options_print(&options, text);
    return ALEXNET_OK;
}

static alexnet_status add_metadata(const search *s, an_tensor_file *file)
{
    char options[AN_OPTIONS_TEXT];
    const struct {
        const char *key, *value;
    } entries[] = {{AN_KEY_SCHEMA, AN_WEIGHTS_SCHEMA},
                   {AN_KEY_FAMILY, s->best.family->name},
                   {AN_KEY_OPTIONS, options}};

    AN_TRY(print_options(s, options));
    for (size_t i = 0; i < AN_COUNT(entries); ++i)
        if (an_tensor_file_metadata(file, entries[i].key) == NULL)
            AN_TRY(an_tensor_file_add_metadata(s->ctx, s->path, file, entries[i].key,
                                               entries[i].value));
    return ALEXNET_OK;
}

/* Replaces the tensors by those of the family, and keeps a mean image. */
static alexnet_status adopt(const search *s, an_tensor_file *file)
{
    const size_t count = (size_t)s->best.model->params.count;
    const an_tensor_view *mean = an_tensor_file_find(file, AN_MEAN_IMAGE);
    an_tensor_view *list = an_new_array(s->ctx, count + 1, sizeof *list);

    if (list == NULL) return an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: list of tensors", s->path);
    alexnet_status status = take_params(s, file, list);
    if (status == ALEXNET_OK) status = add_metadata(s, file);
    if (status != ALEXNET_OK) {
        an_free(s->ctx, list);
        return status;
    }
    size_t kept = 0; /* a part of a network has no tensor for the others */
    for (size_t i = 0; i < count; ++i)
        if (list[i].name != NULL) list[kept++] = list[i];
    if (mean != NULL) list[kept++] = *mean;
    an_free(s->ctx, file->tensors);
    file->tensors = list;
    file->count = kept;
    file->room = count + 1;
    return ALEXNET_OK;
}

/*
 * A file of Caffe need not say the size of its input. The reader then takes that of the first
 * family that fits, which for a part without linear layers is any. Here it becomes that of the
 * family that has the most layers in common.
 */
static alexnet_status settle_input(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                   const an_family *only)
{
    const char *from = an_tensor_file_metadata(file, AN_CAFFE_INPUT_FROM);
    const an_family *guess = from != NULL && file->graph != NULL ? an_family_find(from) : NULL;
    search s = {.ctx = ctx, .path = path, .common = -1};
    alexnet_status status = ALEXNET_OK;

    if (guess == NULL) return ALEXNET_OK;
    for (int i = 0; an_family_at(i) != NULL && status == ALEXNET_OK; ++i) {
        const an_family *family = an_family_at(i);
        if (only != NULL && only != family) continue;
        status = an_caffe_set_input(ctx, path, file, family->input[1], family->input[2]);
        s.found = file->graph;
        if (status == ALEXNET_OK) status = try_form(&s, family, 0);
        if (status == ALEXNET_BAD_FILE || status == ALEXNET_UNSUPPORTED)
            status = ALEXNET_OK; /* the weights do not fit this size */
    }
    if (s.best.family != NULL) guess = s.best.family;
    candidate_close(ctx, &s.best);
    AN_TRY(status);
    return an_caffe_set_input(ctx, path, file, guess->input[1], guess->input[2]);
}

/* The message names the first difference, and for a part of a network what to do with it. */
static alexnet_status fail_graph(const search *s)
{
    char cause[AN_ERROR_BYTES];
    const char *family = s->best.family->name;

    const alexnet_status status =
        an_graph_compare(s->ctx, s->path, s->found, &s->best.graph, family);
    if (status != ALEXNET_BAD_FILE || !s->prefix) return status;
    an_print(cause, sizeof cause, "%s", alexnet_error(s->ctx));
    return an_fail(s->ctx, status,
                   "%s; a part of a network is completed by 'alexnet init %s --from %s -o "
                   "whole.safetensors'",
                   cause, family, s->path);
}

static alexnet_status translate_graph(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                      const an_family *only, bool part)
{
    search s = {.ctx = ctx, .path = path, .found = file->graph, .common = -1};
    alexnet_status status = find_family(&s, only);

    if (status == ALEXNET_OK && s.equal) {
        status = adopt(&s, file);
        if (status == ALEXNET_OK)
            an_log(ctx, ALEXNET_LOG_INFO, "%s: its %d layers are those of %s with %d classes", path,
                   s.found->count, s.best.family->name, s.best.model->options.classes);
    } else if (status == ALEXNET_OK && part && s.prefix) {
        status = adopt(&s, file);
        if (status == ALEXNET_OK)
            an_log(ctx, ALEXNET_LOG_INFO, "%s: its %d layers are the first of %s", path,
                   s.found->count, s.best.family->name);
    } else if (status == ALEXNET_OK && s.best.model == NULL) {
        status = an_fail(ctx, ALEXNET_BAD_FILE,
                         "%s: no model takes an input of %dx%d: its network is not of the "
                         "AlexNet family",
                         path, s.found->count > 0 ? s.found->nodes[0].in[1] : 0,
                         s.found->count > 0 ? s.found->nodes[0].in[2] : 0);
    } else if (status == ALEXNET_OK) {
        status = fail_graph(&s);
    }
    candidate_close(ctx, &s.best);
    if (status != ALEXNET_BAD_FILE || !part) return status;
    an_log(ctx, ALEXNET_LOG_INFO, "%s", alexnet_error(ctx));
    return ALEXNET_OK;
}

/* ---- what lies beside a file of Caffe ---- */

/* Takes a mean image over as a tensor, in the store. */
static alexnet_status add_mean_image(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                     const an_caffe_sidecar *beside)
{
    const int *shape = beside->mean_shape;
    an_tensor_view view = {
        .name = AN_MEAN_IMAGE, .dtype = AN_F32, .rank = 3, .shape = {shape[0], shape[1], shape[2]}};
    size_t bytes;

    if (!an_tensor_size(view.shape, 3, AN_F32, &view.count, &bytes))
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: mean image", path);
    void *values = an_store_new(ctx, &file->store, bytes);
    if (values == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: mean image", path);
    memcpy(values, beside->mean_image, bytes);
    view.data = values;
    return an_tensor_file_add(ctx, path, file, &view);
}

static alexnet_status take_beside(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                  const an_caffe_sidecar *beside)
{
    if (beside->record != NULL && an_tensor_file_metadata(file, AN_KEY_PREPROCESS) == NULL)
        AN_TRY(an_tensor_file_add_metadata(ctx, path, file, AN_KEY_PREPROCESS, beside->record));
    if (beside->classes != NULL && an_tensor_file_metadata(file, AN_KEY_CLASSES) == NULL)
        AN_TRY(an_tensor_file_add_metadata(ctx, path, file, AN_KEY_CLASSES, beside->classes));
    if (beside->mean_image == NULL || an_tensor_file_find(file, AN_MEAN_IMAGE) != NULL)
        return ALEXNET_OK;
    return add_mean_image(ctx, path, file, beside);
}

static alexnet_status look_beside(alexnet_context *ctx, const char *path, an_tensor_file *file)
{
    an_caffe_sidecar beside;

    if (file->format != &an_tensor_format_caffe || !file->open) return ALEXNET_OK;
    AN_TRY(an_caffe_sidecar_find(ctx, path, file, &beside));
    const alexnet_status status = take_beside(ctx, path, file, &beside);
    an_caffe_sidecar_close(ctx, &beside);
    return status;
}

/* ---- by names ---- */

/* As an_model_describe(); the message names the file. */
static alexnet_status describe(alexnet_context *ctx, const char *path, const an_family *family,
                               alexnet_model **out)
{
    const alexnet_status status = an_model_describe(ctx, family, NULL, out);

    return status == ALEXNET_OK ? status : an_fail_within(ctx, status, "%s", path);
}

static int count_named(const an_tensor_file *file, const an_map *map)
{
    char name[AN_PARAM_NAME_BYTES];
    int count = 0;

    for (size_t i = 0; i < file->count; ++i)
        count += an_map_name(map, an_weights_plain_name(file->tensors[i].name), name);
    return count;
}

/* The first parameter of the last layer, which has as many outputs as the file has classes. */
static int find_head(const alexnet_model *model)
{
    int head = 0;

    for (int i = 0; i < model->params.count; ++i)
        if (model->params.items[i].role == AN_PARAM_WEIGHT) head = i;
    return head;
}

/* Lays out a tensor as a parameter, of the last layer with any number of outputs. */
static bool fit_param(const an_map *map, const alexnet_model *model, int index,
                      an_tensor_view *tensor)
{
    an_param wanted = model->params.items[index];
    const int64_t inputs = wanted.count / wanted.shape[0];

    if (an_map_fit(map, &wanted, tensor)) return true;
    if (index < find_head(model)) return false;
    wanted.shape[0] = tensor->count / inputs;
    wanted.count = wanted.shape[0] * inputs;
    return wanted.count == tensor->count && wanted.count > 0 && an_map_fit(map, &wanted, tensor);
}

/* Renames and lays out what fits a family's parameters; returns how many, or -1 without memory.
   With `change` false it only counts. */
static int fit_family(alexnet_context *ctx, an_tensor_file *file, const an_map *map,
                      const alexnet_model *model, bool change)
{
    char name[AN_PARAM_NAME_BYTES];
    int count = 0;

    for (size_t i = 0; i < file->count; ++i) {
        an_tensor_view *tensor = &file->tensors[i], fitted = *tensor;
        if (!an_map_name(map, an_weights_plain_name(tensor->name), name)) continue;
        const int index = an_model_find_param(model, name);
        if (index < 0 || !fit_param(map, model, index, &fitted)) continue;
        ++count;
        if (!change) continue;
        const char *copy = an_store_text(ctx, &file->store, name, strlen(name));
        if (copy == NULL) return -1;
        *tensor = fitted;
        tensor->name = copy;
    }
    return count;
}

/* The family whose parameters most tensors fit by this map, and how many; NULL: none does. */
static alexnet_status find_map_family(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                      const an_map *map, const an_family **family, int *count)
{
    *family = NULL;
    *count = 0;
    for (int i = 0; an_family_at(i) != NULL; ++i) {
        alexnet_model *model;
        if (map->family != NULL && strcmp(map->family, an_family_at(i)->name) != 0) continue;
        AN_TRY(describe(ctx, path, an_family_at(i), &model));
        const int fitting = fit_family(ctx, file, map, model, false);
        if (fitting > *count) *family = an_family_at(i);
        *count = AN_MAX(*count, fitting);
        alexnet_model_free(model);
    }
    return ALEXNET_OK;
}

alexnet_status an_translate_by(alexnet_context *ctx, const char *path, an_tensor_file *file,
                               const an_map *map)
{
    const an_family *family;
    alexnet_model *model;
    int count;

    AN_TRY(find_map_family(ctx, path, file, map, &family, &count));
    if (family == NULL)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: none of its tensors is named as by %s", path,
                       map->source);
    AN_TRY(describe(ctx, path, family, &model));
    const bool done = fit_family(ctx, file, map, model, true) >= 0;
    alexnet_model_free(model);
    if (!done) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: names of tensors", path);
    an_log(ctx, ALEXNET_LOG_INFO, "%s: %d of its %zu tensors are named as by %s", path, count,
           file->count, map->source);
    return ALEXNET_OK;
}

/* The most tensors that fit one family as they are: for those, no map is needed. */
static alexnet_status count_ours(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                                 int *count)
{
    *count = 0;
    for (int i = 0; an_family_at(i) != NULL; ++i) {
        alexnet_model *model;
        int fitting = 0;
        AN_TRY(describe(ctx, path, an_family_at(i), &model));
        for (size_t k = 0; k < file->count; ++k) {
            const int index =
                an_model_find_param(model, an_weights_plain_name(file->tensors[k].name));
            fitting +=
                index >= 0 && an_weights_same_shape(&model->params.items[index], &file->tensors[k]);
        }
        alexnet_model_free(model);
        *count = AN_MAX(*count, fitting);
    }
    return ALEXNET_OK;
}

static alexnet_status translate_names(alexnet_context *ctx, const char *path, an_tensor_file *file)
{
    const an_map *best = NULL;
    int most;

    AN_TRY(count_ours(ctx, path, file, &most));
    for (int i = 0; an_map_at(i) != NULL; ++i) {
        const an_family *family;
        int count;
        if (count_named(file, an_map_at(i)) <= most) continue; /* it cannot be better */
        AN_TRY(find_map_family(ctx, path, file, an_map_at(i), &family, &count));
        if (count > most) best = an_map_at(i);
        most = AN_MAX(most, count);
    }
    return best != NULL ? an_translate_by(ctx, path, file, best) : ALEXNET_OK;
}

alexnet_status an_translate(alexnet_context *ctx, const char *path, an_tensor_file *file,
                            const char *family, bool part)
{
    const an_family *only = NULL;

    if (family != NULL) AN_TRY(an_family_require(ctx, family, &only));
    AN_TRY(settle_input(ctx, path, file, only));
    AN_TRY(look_beside(ctx, path, file));
    if (file->graph != NULL) return translate_graph(ctx, path, file, only, part);
    if (file->no_graph != NULL && !part)
        return an_fail(ctx, ALEXNET_UNSUPPORTED, "%s", file->no_graph);
    if (file->no_graph != NULL) an_log(ctx, ALEXNET_LOG_INFO, "%s", file->no_graph);
    if (an_tensor_file_metadata(file, AN_KEY_FAMILY) != NULL) return ALEXNET_OK;
    remove_ignored(file);
    return translate_names(ctx, path, file);
}
