/*
 * caffe_record.c: the files beside a network of Caffe, and the preprocessing record made of them.
 * SPDX-License-Identifier: MIT
 */
#include "formats/caffe/caffe_record.h"

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/caffe/caffe.h"
#include "formats/caffe/prototxt.h"
#include "image/preprocess.h"
#include <math.h>
#include <string.h>

#define RED_FIRST_MAX 32  /* side of CIFAR-10's images */
#define IMAGENET_SIDE 256 /* Caffe's examples resize ImageNet to 256x256 */
#define MEAN_SIDE_MAX 65536

/* ---- the mean image ---- */

static alexnet_status copy_mean(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                                int shape[3], float **out)
{
    const an_tensor_view *tensor = an_tensor_file_find(file, "mean");
    char text[AN_SHAPE_TEXT];

    if (tensor == NULL || tensor->rank != 3 || tensor->shape[0] != 3 || tensor->count == 0 ||
        tensor->shape[1] > MEAN_SIDE_MAX || tensor->shape[2] > MEAN_SIDE_MAX)
        return an_fail(
            ctx, ALEXNET_BAD_FILE, "%s: expected a mean image [3,height,width], found %s", path,
            tensor != NULL ? an_tensor_shape_text(tensor->shape, tensor->rank, text) : "a network");
    *out = an_new_array(ctx, (size_t)tensor->count, sizeof **out);
    if (*out == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: mean image", path);
    for (int i = 0; i < 3; ++i)
        shape[i] = (int)tensor->shape[i];
    const alexnet_status status = an_tensor_to_finite(ctx, path, tensor, *out);
    if (status != ALEXNET_OK) {
        an_free(ctx, *out);
        *out = NULL;
    }
    return status;
}

alexnet_status an_caffe_mean_read(alexnet_context *ctx, const char *path, int shape[3], float **out)
{
    an_tensor_file file;

    *out = NULL;
    AN_TRY(an_tensor_file_open(ctx, path, &an_tensor_format_caffe, &file));
    const alexnet_status status = copy_mean(ctx, path, &file, shape, out);
    an_tensor_file_close(ctx, &file);
    return status;
}

/* ---- files beside the weights ---- */

/* The search. */
typedef struct search {
    alexnet_context *ctx;
    const char *path;
    char *folder;
    an_names names; /* of the folder */
    const an_tensor_file *file;
    an_caffe_sidecar *out;
    an_caffe_transform transform; /* that is used */
    bool has_transform, uses_definition;
    const char *own_mean; /* the mean image that a definition of ours names; NULL: none */
    int input[2];         /* height and width; 0: unknown */
} search;

static bool has_name(const search *s, const char *name)
{
    for (size_t i = 0; i < s->names.count; ++i)
        if (strcmp(s->names.names[i], name) == 0) return true;
    return false;
}

/* The path of a file of the folder, in the store; NULL: no memory. */
static const char *path_of(const search *s, const char *name)
{
    char *joined = an_path_join(s->ctx, s->folder, name);
    const char *path =
        joined != NULL ? an_store_text(s->ctx, &s->out->store, joined, strlen(joined)) : NULL;

    an_free(s->ctx, joined);
    return path;
}

/* How well a definition's name fits that of the weights: the length of its prefix, plus 1; 0: not
   at all. */
static size_t fit_name(const char *definition, const char *weights)
{
    static const char *const ends[] = {"train_val.prototxt", "train_test.prototxt"};
    const size_t length = strlen(definition);

    for (size_t i = 0; i < AN_COUNT(ends); ++i) {
        const size_t end = strlen(ends[i]);
        if (length < end || strcmp(definition + length - end, ends[i]) != 0) continue;
        const size_t prefix = length - end;
        if (prefix == 0) return 1;
        return definition[prefix - 1] == '_' && strncmp(definition, weights, prefix - 1) == 0
                   ? prefix + 1
                   : 0;
    }
    return 0;
}

static alexnet_status find_definition(search *s)
{
    const char *weights = an_path_base(s->path), *dot = strrchr(weights, '.'), *best = NULL;
    char *own = an_format(s->ctx, "%.*s.prototxt",
                          dot != NULL ? (int)(dot - weights) : (int)strlen(weights), weights);
    size_t best_fit = 0;

    if (own == NULL) return an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: definition", s->path);
    if (has_name(s, own)) best = own;
    for (size_t i = 0; i < s->names.count && best != own; ++i) {
        const size_t fit = fit_name(s->names.names[i], weights);
        if (fit <= best_fit) continue;
        best_fit = fit;
        best = s->names.names[i];
    }
    if (best != NULL) s->out->definition = path_of(s, best);
    const bool refused = best != NULL && s->out->definition == NULL;
    an_free(s->ctx, own);
    return refused ? an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: definition", s->path) : ALEXNET_OK;
}

/* ---- what a definition says ---- */

static bool is_of_phase(const an_prototxt *layer, const char *phase)
{
    const an_prototxt *include = an_prototxt_find(layer, "include", NULL);

    return include == NULL || strcmp(an_prototxt_text(include, "phase", phase), phase) == 0;
}

static void read_transform(const an_prototxt *message, an_caffe_transform *t)
{
    t->scale = an_prototxt_real(message, "scale", t->scale);
    t->mean_file = an_prototxt_text(message, "mean_file", t->mean_file);
    t->crop[0] = an_prototxt_int(message, "crop_size", t->crop[0]);
    t->crop[1] = an_prototxt_int(message, "crop_w", t->crop[0]);
    t->crop[0] = an_prototxt_int(message, "crop_h", t->crop[0]);
    t->mirror = an_prototxt_bool(message, "mirror", t->mirror);
    for (const an_prototxt *v = NULL; t->mean_values < (int)AN_COUNT(t->mean_value) &&
                                      (v = an_prototxt_find(message, "mean_value", v)) != NULL;) {
        const an_prototxt one = {.name = "", .first = &(an_prototxt){"v", v->text, NULL, NULL}};
        t->mean_value[t->mean_values++] = an_prototxt_real(&one, "v", 0);
    }
}

/* The first layer of the phase that has a message of transformation, or settings of old. */
static bool find_transform(const an_prototxt *net, const char *phase, an_caffe_transform *t)
{
    static const char *const lists[] = {"layer", "layers"};
    static const char *const messages[] = {"transform_param", "data_param", "image_data_param"};

    for (size_t i = 0; i < AN_COUNT(lists); ++i)
        for (const an_prototxt *l = NULL; (l = an_prototxt_find(net, lists[i], l)) != NULL;) {
            bool found = false;
            if (!is_of_phase(l, phase)) continue;
            *t = (an_caffe_transform){.scale = 1};
            for (size_t k = 0; k < AN_COUNT(messages); ++k) {
                const an_prototxt *message = an_prototxt_find(l, messages[k], NULL);
                if (message == NULL) continue;
                read_transform(message, t);
                found = true;
            }
            if (found) return true;
        }
    return false;
}

static alexnet_status take_own_words(search *s, const an_prototxt *net)
{
    an_preprocess checked;

    s->out->classes = an_prototxt_text(net, "alexnet.classes", NULL);
    s->own_mean = an_prototxt_text(net, "alexnet.mean", NULL);
    s->out->record = an_prototxt_text(net, "alexnet.preprocess", NULL);
    s->uses_definition = s->out->record != NULL || s->out->classes != NULL;
    if (s->out->record == NULL) return ALEXNET_OK;
    if (an_preprocess_parse(s->ctx, s->out->record, &checked) == ALEXNET_OK) return ALEXNET_OK;
    return an_fail_within(s->ctx, ALEXNET_BAD_FILE, "%s", s->out->definition);
}

static alexnet_status read_definition(search *s)
{
    const an_caffe_net *net = s->file->network;
    const an_prototxt *root = NULL;

    if (s->out->definition != NULL) {
        AN_TRY(an_prototxt_read(s->ctx, s->out->definition, &s->out->store, &root));
        AN_TRY(take_own_words(s, root));
    }
    if (net->transform != NULL) { /* the network that was trained knows best */
        s->transform = *net->transform;
        s->has_transform = true;
        return ALEXNET_OK;
    }
    s->has_transform =
        find_transform(root, "TEST", &s->transform) || find_transform(root, "TRAIN", &s->transform);
    if (s->has_transform) s->uses_definition = true;
    return ALEXNET_OK;
}

/* ---- the mean ---- */

/* *name: the file in the folder; NULL: none. */
static void find_mean(search *s, const char **name)
{
    static const char *const usual[] = {"mean.binaryproto", "imagenet_mean.binaryproto"};
    const char *file = s->own_mean != NULL ? s->own_mean : s->transform.mean_file;
    const char *named = file != NULL ? an_path_base(file) : NULL;

    *name = NULL;
    if (s->has_transform && (named == NULL || s->transform.mean_values > 0)) return;
    if (named != NULL && has_name(s, named)) *name = named;
    for (size_t i = 0; i < AN_COUNT(usual) && *name == NULL; ++i)
        if (has_name(s, usual[i])) *name = usual[i];
    if (*name == NULL && named != NULL)
        an_log(s->ctx, ALEXNET_LOG_WARNING, "%s: its mean image '%s' is not beside it", s->path,
               named);
}

static alexnet_status read_mean(search *s)
{
    an_caffe_sidecar *out = s->out;
    const char *name;

    find_mean(s, &name);
    if (name == NULL) return ALEXNET_OK;
    out->mean = path_of(s, name);
    if (out->mean == NULL) return an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: mean image", s->path);
    AN_TRY(an_caffe_mean_read(s->ctx, out->mean, out->mean_shape, &out->mean_image));
    if (out->mean_shape[1] >= s->input[0] && out->mean_shape[2] >= s->input[1]) return ALEXNET_OK;
    an_log(s->ctx, ALEXNET_LOG_WARNING,
           "%s is not used: a mean image of %dx%d, but the network's images are %dx%d", out->mean,
           out->mean_shape[1], out->mean_shape[2], s->input[0], s->input[1]);
    an_free(s->ctx, out->mean_image);
    out->mean_image = NULL;
    out->mean = NULL;
    return ALEXNET_OK;
}

/* ---- the record ---- */

static void find_input(search *s)
{
    if (s->has_transform && s->transform.crop[0] > 0 && s->transform.crop[1] > 0) {
        s->input[0] = s->transform.crop[0];
        s->input[1] = s->transform.crop[1];
    } else if (s->file->graph != NULL) {
        s->input[0] = s->file->graph->nodes[0].in[1];
        s->input[1] = s->file->graph->nodes[0].in[2];
    }
}

/* "mean=image", or the mean of each channel. False: the mean is not known. */
static bool print_mean(const search *s, char text[3 * AN_REAL_SIZE + 8])
{
    const an_caffe_transform *t = &s->transform;
    char v[3][AN_REAL_SIZE];

    if (s->out->mean_image != NULL) {
        strcpy(text, "mean=image");
        return true;
    }
    if (t->mean_file != NULL || !s->has_transform || t->mean_values == 2 || t->mean_values > 3)
        return false;
    for (int i = 0; i < 3; ++i)
        an_print_real(v[i], t->mean_values == 0 ? 0 : t->mean_value[t->mean_values == 3 ? i : 0]);
    an_print(text, 3 * AN_REAL_SIZE + 8, "mean=%s,%s,%s", v[0], v[1], v[2]);
    return true;
}

static alexnet_status make_record(search *s)
{
    const int *mean = s->out->mean_shape;
    const bool red_first = s->input[0] <= RED_FIRST_MAX && s->input[1] <= RED_FIRST_MAX;
    char means[3 * AN_REAL_SIZE + 8], std[AN_REAL_SIZE], crop[32] = "none";
    int side[2];

    if (s->out->record != NULL || s->input[0] == 0 || !print_mean(s, means)) return ALEXNET_OK;
    for (int i = 0; i < 2; ++i)
        side[i] = s->out->mean_image != NULL ? mean[1 + i]
                  : s->has_transform && s->transform.crop[0] > 0
                      ? AN_MAX(IMAGENET_SIDE, s->input[i])
                      : s->input[i];
    if (side[0] != s->input[0] || side[1] != s->input[1])
        an_print(crop, sizeof crop, "%dx%d", s->input[0], s->input[1]);
    const double scale = s->has_transform ? s->transform.scale : 1;
    if (!(scale > 0) || !isfinite(1 / scale))
        return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: images are scaled by %g", s->path, scale);
    an_print_real(std, 1 / scale);
    s->out->record = an_store_format(
        s->ctx, &s->out->store,
        "resize=exact:%dx%d filter=bilinear crop=%s orientation=stored channels=%s divide=1 "
        "%s%s%s%s%s%s%s",
        side[0], side[1], crop, red_first ? "rgb" : "bgr", means, scale != 1 ? " std=" : "",
        scale != 1 ? std : "", scale != 1 ? "," : "", scale != 1 ? std : "", scale != 1 ? "," : "",
        scale != 1 ? std : "");
    return s->out->record != NULL ? ALEXNET_OK
                                  : an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: record", s->path);
}

static alexnet_status find_all(search *s)
{
    an_caffe_sidecar *out = s->out;

    /* a folder that may not be listed has nothing to add */
    if (an_folder_list(s->ctx, s->folder, &s->names) == ALEXNET_NO_MEMORY) return ALEXNET_NO_MEMORY;
    AN_TRY(find_definition(s));
    AN_TRY(read_definition(s));
    find_input(s);
    if (out->record == NULL || strstr(out->record, "mean=image") != NULL) AN_TRY(read_mean(s));
    AN_TRY(make_record(s));
    if (!s->uses_definition) out->definition = NULL;
    if (out->definition != NULL)
        an_log(s->ctx, ALEXNET_LOG_INFO, "%s: images are prepared as %s says", s->path,
               out->definition);
    if (out->mean != NULL)
        an_log(s->ctx, ALEXNET_LOG_INFO, "%s: the mean image is that of %s", s->path, out->mean);
    return ALEXNET_OK;
}

alexnet_status an_caffe_sidecar_find(alexnet_context *ctx, const char *path,
                                     const an_tensor_file *file, an_caffe_sidecar *out)
{
    const char *base = an_path_base(path);
    search s = {.ctx = ctx, .path = path, .file = file, .out = out};

    *out = (an_caffe_sidecar){0};
    if (file->network == NULL) return ALEXNET_OK; /* a mean image itself */
    s.folder =
        base == path ? an_format(ctx, ".") : an_format(ctx, "%.*s", (int)(base - path), path);
    if (s.folder == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: folder", path);
    const alexnet_status status = find_all(&s);
    an_names_free(ctx, &s.names);
    an_free(ctx, s.folder);
    if (status != ALEXNET_OK) an_caffe_sidecar_close(ctx, out);
    return status;
}

void an_caffe_sidecar_close(alexnet_context *ctx, an_caffe_sidecar *sidecar)
{
    an_free(ctx, sidecar->mean_image);
    an_store_free(ctx, &sidecar->store);
    *sidecar = (an_caffe_sidecar){0};
}
