/*
 * graph.c: the chain of a model, and the comparison of two chains.
 * SPDX-License-Identifier: MIT
 */
#include "formats/graph.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <math.h>
#include <string.h>

/* ---- the settings of a layer ---- */

/* The member of a layer's settings that this key fills; the layer has such a key. */
static const void *setting(const an_node *node, const char *name, const an_key **key)
{
    for (*key = node->def->keys; (*key)->name != NULL; ++*key)
        if (strcmp((*key)->name, name) == 0) return (const char *)node->settings + (*key)->offset;
    return NULL;
}

static int get_int(const an_node *node, const char *name)
{
    const an_key *key;
    const int *value = setting(node, name, &key);

    return value != NULL ? *value : 0;
}

static double get_real(const an_node *node, const char *name)
{
    const an_key *key;
    const double *value = setting(node, name, &key);

    return value != NULL ? *value : 0;
}

/* Whether a choice key has this value. */
static bool is_choice(const an_node *node, const char *name, const char *value)
{
    const an_key *key;
    const int *chosen = setting(node, name, &key);
    const char *at = chosen != NULL ? key->choices : "";

    for (int i = 0; chosen != NULL && i < *chosen && at != NULL; ++i) {
        at = strchr(at, '|');
        if (at != NULL) ++at;
    }
    return at != NULL && strncmp(at, value, strlen(value)) == 0 &&
           (at[strlen(value)] == '|' || at[strlen(value)] == '\0');
}

/* ---- one layer ---- */

/* What a layer does with its input, as far as it is not in the settings of all layers. */
typedef bool (*translate)(const an_node *from, an_graph_node *to);

static void set_window(const an_node *from, int kernel, int stride, int pad, an_graph_node *to)
{
    an_window window = {0};
    const int in[2] = {from->x.h, from->x.w};
    const an_key *key;
    const int *round = setting(from, "round", &key);

    for (int i = 0; i < 2; ++i) {
        to->kernel[i] = kernel;
        to->stride[i] = stride;
        to->pad[i] = pad;
        if (round != NULL && an_window_output((an_rounding)*round, in[i], kernel, stride, pad,
                                              to->op != AN_GRAPH_CONV2D, &window))
            to->pad[i] = window.pad_before; /* differs from pad where TensorFlow chooses it */
    }
}

static bool from_conv2d(const an_node *from, an_graph_node *to)
{
    to->op = strcmp(from->def->name, "local") == 0 ? AN_GRAPH_LOCAL : AN_GRAPH_CONV2D;
    to->groups = to->op == AN_GRAPH_LOCAL ? 1 : get_int(from, "groups");
    set_window(from, get_int(from, "kernel"), get_int(from, "stride"), get_int(from, "pad"), to);
    return true;
}

static bool from_linear(const an_node *from, an_graph_node *to)
{
    to->op = AN_GRAPH_LINEAR;
    return from->x.h == 1 && from->x.w == 1; /* else it runs at every place of a map */
}

static bool from_pool(const an_node *from, an_graph_node *to)
{
    to->op = is_choice(from, "kind", "max") ? AN_GRAPH_MAX_POOL : AN_GRAPH_AVERAGE_POOL;
    to->counts_pad = is_choice(from, "divisor", "padded");
    set_window(from, get_int(from, "size"), get_int(from, "stride"), get_int(from, "pad"), to);
    return true;
}

static bool from_adaptive(const an_node *from, an_graph_node *to)
{
    to->op = AN_GRAPH_AVERAGE_POOL;
    to->kernel[0] = to->stride[0] = from->x.h / from->y.h;
    to->kernel[1] = to->stride[1] = from->x.w / from->y.w;
    return from->x.h % from->y.h == 0 && from->x.w % from->y.w == 0;
}

static bool from_lrn(const an_node *from, an_graph_node *to)
{
    to->op = is_choice(from, "kind", "across") ? AN_GRAPH_LRN_ACROSS : AN_GRAPH_LRN_WITHIN;
    to->size = get_int(from, "size");
    to->groups = get_int(from, "groups");
    to->alpha = get_real(from, "alpha");
    to->beta = get_real(from, "beta");
    to->k = get_real(from, "k");
    return true;
}

static bool from_batch_norm(const an_node *from, an_graph_node *to)
{
    to->op = AN_GRAPH_BATCH_NORM;
    to->epsilon = get_real(from, "epsilon");
    return true;
}

static bool from_relu(const an_node *from, an_graph_node *to)
{
    (void)from;
    to->op = AN_GRAPH_RELU;
    return true;
}

static bool from_tanh(const an_node *from, an_graph_node *to)
{
    to->op = AN_GRAPH_TANH;
    return get_real(from, "a") == 1 && get_real(from, "b") == 1;
}

static bool from_sigmoid(const an_node *from, an_graph_node *to)
{
    (void)from;
    to->op = AN_GRAPH_SIGMOID;
    return true;
}

static bool from_flatten(const an_node *from, an_graph_node *to)
{
    to->op = AN_GRAPH_FLATTEN;
    return from->y.h == 1 && from->y.w == 1;
}

/* The paper's form: inference multiplies. The other form does nothing: is_identity(). */
static bool from_dropout(const an_node *from, an_graph_node *to)
{
    to->op = AN_GRAPH_SCALE;
    to->factor = 1 - get_real(from, "p");
    return true;
}

static const struct {
    const char *layer;
    translate translate; /* NULL: it computes nothing in inference */
} layers[] = {
    {"conv2d", from_conv2d},
    {"local", from_conv2d},
    {"linear", from_linear},
    {"pool", from_pool},
    {"adaptive_average", from_adaptive},
    {"lrn", from_lrn},
    {"batch_norm", from_batch_norm},
    {"relu", from_relu},
    {"tanh", from_tanh},
    {"sigmoid", from_sigmoid},
    {"flatten", from_flatten},
    {"dropout", from_dropout},
    {"squeeze", NULL},
};

static void set_params(const alexnet_model *model, const an_node *from, an_graph_node *to)
{
    to->weight = to->bias = to->mean = to->variance = -1;
    for (int i = from->first_param; i < from->first_param + from->param_count; ++i) {
        const an_param *param = &model->params.items[i];
        if (param->role == AN_PARAM_WEIGHT)
            to->weight = i;
        else if (param->role == AN_PARAM_BIAS)
            to->bias = i;
        else if (param->is_variance)
            to->variance = i;
        else
            to->mean = i;
    }
}

/* Whether the output is the input: an average that a map of this size does not need, inverted
   dropout. */
static bool is_identity(const an_node *node)
{
    if (strcmp(node->def->name, "dropout") == 0)
        return !is_choice(node, "form", "paper") || !(get_real(node, "p") > 0);
    return node->def->is_loss || (strcmp(node->def->name, "adaptive_average") == 0 &&
                                  node->x.h == node->y.h && node->x.w == node->y.w);
}

static alexnet_status add_layer(const alexnet_model *model, const an_node *from, an_graph *graph)
{
    an_graph_node *to = &graph->nodes[graph->count];

    if (is_identity(from)) return ALEXNET_OK;
    *to = (an_graph_node){.name = from->name,
                          .in = {from->x.c, from->x.h, from->x.w},
                          .out = {from->y.c, from->y.h, from->y.w}};
    for (size_t i = 0; i < AN_COUNT(layers); ++i) {
        if (strcmp(layers[i].layer, from->def->name) != 0) continue;
        if (layers[i].translate == NULL) return ALEXNET_OK;
        if (!layers[i].translate(from, to)) break;
        set_params(model, from, to);
        ++graph->count;
        return ALEXNET_OK;
    }
    return an_fail(model->ctx, ALEXNET_UNSUPPORTED,
                   "layer %s: a %s on a map of %dx%d with settings '%s' is not exchanged with "
                   "other formats",
                   from->name, from->def->name, from->x.h, from->x.w, from->settings_text);
}

alexnet_status an_graph_of_model(const alexnet_model *model, an_graph *out)
{
    alexnet_status status = ALEXNET_OK;

    *out = (an_graph){.name = model->family->name};
    out->nodes = an_new_array(model->ctx, (size_t)model->node_count, sizeof *out->nodes);
    if (out->nodes == NULL)
        return an_fail(model->ctx, ALEXNET_NO_MEMORY, "chain of layers of %s", out->name);
    for (int i = 0; i < model->node_count && status == ALEXNET_OK; ++i)
        status = add_layer(model, &model->nodes[i], out);
    if (status != ALEXNET_OK) {
        an_free(model->ctx, out->nodes);
        *out = (an_graph){0};
    }
    return status;
}

/* ---- comparison ---- */

/* A convolution over all of its map is a linear layer. */
static bool is_linear(const an_graph_node *n)
{
    return n->op == AN_GRAPH_LINEAR ||
           (n->op == AN_GRAPH_CONV2D && n->groups == 1 && n->kernel[0] == n->in[1] &&
            n->kernel[1] == n->in[2] && n->pad[0] == 0 && n->pad[1] == 0 && n->out[1] == 1 &&
            n->out[2] == 1);
}

static bool has_window(const an_graph_node *n)
{
    return n->op == AN_GRAPH_CONV2D || n->op == AN_GRAPH_LOCAL || n->op == AN_GRAPH_MAX_POOL ||
           n->op == AN_GRAPH_AVERAGE_POOL;
}

static const char *op_name(an_graph_op op)
{
    static const char *const names[] = {
        [AN_GRAPH_CONV2D] = "convolution",
        [AN_GRAPH_LINEAR] = "linear layer",
        [AN_GRAPH_RELU] = "ReLU",
        [AN_GRAPH_TANH] = "tanh",
        [AN_GRAPH_SIGMOID] = "sigmoid",
        [AN_GRAPH_LRN_ACROSS] = "response normalisation across channels",
        [AN_GRAPH_LRN_WITHIN] = "response normalisation within a map",
        [AN_GRAPH_MAX_POOL] = "maximum pooling",
        [AN_GRAPH_AVERAGE_POOL] = "average pooling",
        [AN_GRAPH_BATCH_NORM] = "batch normalisation",
        [AN_GRAPH_LOCAL] = "locally connected layer",
        [AN_GRAPH_SCALE] = "scaling",
        [AN_GRAPH_FLATTEN] = "flatten",
    };
    return names[op];
}

#define NODE_TEXT 256

/* "convolution 11x11, stride 4, pad 2, 3x224x224 to 64x55x55" */
static const char *describe(const an_graph_node *n, char text[NODE_TEXT])
{
    const size_t room = NODE_TEXT;
    size_t used = 0;

    if (n == NULL) return "no further layer";
    if (is_linear(n)) {
        an_print(text, room, "linear layer, %lld to %d", (long long)n->in[0] * n->in[1] * n->in[2],
                 n->out[0]);
        return text;
    }
    used = (size_t)an_print(text, room, "%s", op_name(n->op));
    if (has_window(n))
        used += (size_t)an_print(text + used, room - used, " %dx%d, stride %d", n->kernel[0],
                                 n->kernel[1], n->stride[0]);
    if (has_window(n) && (n->pad[0] > 0 || n->pad[1] > 0))
        used += (size_t)an_print(text + used, room - used, ", pad %d%s", n->pad[0],
                                 n->op == AN_GRAPH_AVERAGE_POOL && n->counts_pad ? " counted" : "");
    if (n->op == AN_GRAPH_CONV2D && n->groups > 1)
        used += (size_t)an_print(text + used, room - used, ", %d groups", n->groups);
    if (n->op == AN_GRAPH_LRN_ACROSS || n->op == AN_GRAPH_LRN_WITHIN)
        used += (size_t)an_print(text + used, room - used,
                                 ", size %d, alpha %.6g of the sum, beta %g, k %g", n->size,
                                 n->alpha, n->beta, n->k);
    if (n->op == AN_GRAPH_BATCH_NORM)
        used += (size_t)an_print(text + used, room - used, ", epsilon %g", n->epsilon);
    if (n->op == AN_GRAPH_SCALE)
        used += (size_t)an_print(text + used, room - used, " by %g", n->factor);
    an_print(text + used, room - used, ", %dx%dx%d to %dx%dx%d", n->in[0], n->in[1], n->in[2],
             n->out[0], n->out[1], n->out[2]);
    return text;
}

/* A constant that one of the two holds as float32. */
static bool same_real(double a, double b) { return fabs(a - b) <= 1e-6 * fmax(fabs(a), fabs(b)); }

static bool same_ints(const int *a, const int *b, int count)
{
    return memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

static bool same_node(const an_graph_node *a, const an_graph_node *b)
{
    if (is_linear(a) && is_linear(b))
        return (int64_t)a->in[0] * a->in[1] * a->in[2] == (int64_t)b->in[0] * b->in[1] * b->in[2] &&
               a->out[0] == b->out[0];
    if (a->op != b->op || !same_ints(a->in, b->in, 3) || !same_ints(a->out, b->out, 3))
        return false;
    if (has_window(a) && !(same_ints(a->kernel, b->kernel, 2) &&
                           same_ints(a->stride, b->stride, 2) && same_ints(a->pad, b->pad, 2)))
        return false;
    switch (a->op) {
    case AN_GRAPH_CONV2D:
        return a->groups == b->groups;
    case AN_GRAPH_AVERAGE_POOL:
        return a->counts_pad == b->counts_pad || (a->pad[0] == 0 && a->pad[1] == 0);
    case AN_GRAPH_LRN_ACROSS:
    case AN_GRAPH_LRN_WITHIN:
        return a->size == b->size && AN_MAX(a->groups, 1) == AN_MAX(b->groups, 1) &&
               same_real(a->alpha, b->alpha) && same_real(a->beta, b->beta) &&
               same_real(a->k, b->k);
    case AN_GRAPH_BATCH_NORM:
        return same_real(a->epsilon, b->epsilon);
    case AN_GRAPH_SCALE:
        return same_real(a->factor, b->factor);
    default:
        return true;
    }
}

/* The next node that counts from `at` on, which moves behind it; NULL: none. A linear layer reads
   its map in the order of a flatten. */
static const an_graph_node *next(const an_graph *graph, int *at)
{
    while (*at < graph->count && graph->nodes[*at].op == AN_GRAPH_FLATTEN)
        ++*at;
    return *at < graph->count ? &graph->nodes[(*at)++] : NULL;
}

int an_graph_equal_nodes(const an_graph *a, const an_graph *b, const an_graph_node **differs,
                         const an_graph_node **expected)
{
    int count = 0, at = 0, bt = 0;

    for (;; ++count) {
        *differs = next(a, &at);
        *expected = next(b, &bt);
        if (*differs == NULL || *expected == NULL || !same_node(*differs, *expected)) return count;
    }
}

alexnet_status an_graph_compare(alexnet_context *ctx, const char *path, const an_graph *found,
                                const an_graph *expected, const char *family)
{
    const an_graph_node *other, *ours;
    char there[NODE_TEXT], here[NODE_TEXT];

    (void)an_graph_equal_nodes(found, expected, &other, &ours);
    if (other == NULL && ours == NULL) return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_FILE, "%s: %s%s%s: found %s; model %s has %s here", path,
                   other != NULL ? "node '" : "its end", other != NULL ? other->name : "",
                   other != NULL ? "'" : "", describe(other, there), family, describe(ours, here));
}
