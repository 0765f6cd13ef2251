/*
 * weights_test.c: files of other programs are recognised; every false claim of a file is refused by
 * name, before memory is allocated for it.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/json.h"
#include "formats/metadata.h"
#include "formats/weights.h"
#include "infer/tiny.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- drafts of files ---- */

#define ENTRIES_MAX 24

typedef struct draft {
    an_tensor_out tensors[ENTRIES_MAX];
    size_t tensor_count;
    const char *keys[ENTRIES_MAX], *values[ENTRIES_MAX];
    size_t metadata_count;
} draft;

/* Drafts the tensors of a model, borrowed, without metadata: what another program would write. The
   last comes first, so that the order is not ours. */
static draft draft_of(const alexnet_model *model)
{
    draft made = {0};

    for (int i = model->params.count - 1; i >= 0; --i) {
        const an_param *param = &model->params.items[i];
        an_tensor_out *tensor = &made.tensors[made.tensor_count++];
        *tensor = (an_tensor_out){.name = param->name,
                                  .dtype = AN_F32,
                                  .rank = param->rank,
                                  .data = model->values + param->offset};
        memcpy(tensor->shape, param->shape, sizeof param->shape);
    }
    return made;
}

/* The tensor of this name, or a new one at the end. */
static an_tensor_out *draft_tensor(draft *made, const char *name)
{
    for (size_t i = 0; i < made->tensor_count; ++i) {
        if (strcmp(made->tensors[i].name, name) == 0) return &made->tensors[i];
    }
    made->tensors[made->tensor_count].name = name;
    return &made->tensors[made->tensor_count++];
}

/* Sets an entry of the metadata, or removes it if value is NULL. */
static void draft_set(draft *made, const char *key, const char *value)
{
    size_t i = 0;

    while (i < made->metadata_count && strcmp(made->keys[i], key) != 0)
        ++i;
    if (value == NULL && i < made->metadata_count) {
        --made->metadata_count;
        made->keys[i] = made->keys[made->metadata_count];
        made->values[i] = made->values[made->metadata_count];
    } else if (value != NULL) {
        made->keys[i] = key;
        made->values[i] = value;
        made->metadata_count += i == made->metadata_count;
    }
}

static void draft_set_ours(draft *made)
{
    draft_set(made, "alexnet.schema", "1");
    draft_set(made, "alexnet.family", "cifar-19pct");
    draft_set(made, "alexnet.options", "classes=2 input=32x32");
    draft_set(made, "alexnet.classes", "[\"cat\",\"dog\"]");
    draft_set(made, "alexnet.preprocess", "resize=exact:32x32 divide=1");
}

static void write_draft(alexnet_context *ctx, const draft *made, const char *path)
{
    an_assert_ok(ctx, an_safetensors_write(ctx, path, made->tensors, made->tensor_count, made->keys,
                                           made->values, made->metadata_count));
}

static alexnet_model *small_model(alexnet_context *ctx, int classes)
{
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *model;

    options.classes = classes;
    an_assert_ok(ctx, alexnet_model_create(ctx, "cifar-19pct", &options, 7, &model));
    return model;
}

static void assert_same_values(const alexnet_model *a, const alexnet_model *b)
{
    char hex_a[65], hex_b[65];

    an_assert_ok(a->ctx, alexnet_model_hash(a, hex_a));
    an_assert_ok(b->ctx, alexnet_model_hash(b, hex_b));
    assert_string_equal(hex_a, hex_b);
}

/* ---- good files ---- */

static void our_files_hold_the_whole_model(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    const float mean[3] = {1, 2, 3};
    alexnet_model *model = small_model(p->ctx, 2);
    alexnet_model *back;
    draft made = draft_of(model);

    draft_set_ours(&made);
    draft_set(&made, "alexnet.trained", "{\"steps\":3}");
    *draft_tensor(&made, "preprocess.mean_image") = (an_tensor_out){.name = "preprocess.mean_image",
                                                                    .dtype = AN_F32,
                                                                    .rank = 3,
                                                                    .shape = {3, 1, 1},
                                                                    .data = mean};
    write_draft(p->ctx, &made, path);
    an_assert_ok(p->ctx, alexnet_model_load(p->ctx, path, &back));
    assert_same_values(model, back);
    assert_string_equal(back->family->name, "cifar-19pct");
    assert_int_equal(back->options.classes, 2);
    assert_string_equal(alexnet_model_class(back, 0), "cat");
    assert_string_equal(alexnet_model_class(back, 1), "dog");
    assert_string_equal(back->preprocess, "resize=exact:32x32 divide=1");
    assert_string_equal(alexnet_model_metadata(back, "alexnet.trained"), "{\"steps\":3}");
    assert_null(alexnet_model_metadata(back, "alexnet.family"));
    assert_memory_equal(back->mean_image, mean, sizeof mean);
    assert_int_equal(back->mean_shape[0], 3);
    assert_int_equal(back->mean_shape[1], 1);
    alexnet_model_free(back);

    /* without names and record: unnamed classes, and the family's record */
    draft_set(&made, "alexnet.classes", NULL);
    draft_set(&made, "alexnet.preprocess", NULL);
    write_draft(p->ctx, &made, path);
    an_assert_ok(p->ctx, alexnet_model_load(p->ctx, path, &back));
    assert_null(alexnet_model_class(back, 0));
    assert_string_equal(back->preprocess, "resize=exact:32x32 filter=bilinear crop=none "
                                          "orientation=stored channels=rgb divide=1 mean=image");
    alexnet_model_free(back);

    /* the names of a list beside it; a list of another count is refused */
    an_test_write_text(an_test_path(p->folder, "w.safetensors.classes"), "ant\nbee\n");
    an_assert_ok(p->ctx, alexnet_model_load(p->ctx, path, &back));
    assert_string_equal(alexnet_model_class(back, 0), "ant");
    assert_string_equal(alexnet_model_class(back, 1), "bee");
    alexnet_model_free(back);
    an_test_write_text(an_test_path(p->folder, "w.safetensors.classes"), "ant\nbee\ncat\n");
    an_assert_status(p->ctx, alexnet_model_load(p->ctx, path, &back), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "w.safetensors.classes has 3 names, for 2 classes");

    /* the file's own names come first */
    draft_set(&made, "alexnet.classes", "[\"cat\",\"dog\"]");
    write_draft(p->ctx, &made, path);
    an_assert_ok(p->ctx, alexnet_model_load(p->ctx, path, &back));
    assert_string_equal(alexnet_model_class(back, 0), "cat");
    alexnet_model_free(back);
    alexnet_model_free(model);
}

static void a_bad_record_is_refused_when_the_file_is_read(void **state)
{
    static const char *const rows[] = {"crop=big", "resize=exact:32x32 mean=1,2", "tilt=3"};
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    alexnet_model *model = small_model(p->ctx, 2);
    alexnet_model *back;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        draft made = draft_of(model);
        draft_set_ours(&made);
        draft_set(&made, "alexnet.preprocess", rows[i]);
        write_draft(p->ctx, &made, path);
        an_assert_status(p->ctx, alexnet_model_load(p->ctx, path, &back), ALEXNET_BAD_FILE);
        assert_null(back);
        an_assert_error(p->ctx, "w.safetensors: preprocessing: ");
    }
    alexnet_model_free(model);
}

static void keep_line(void *user, alexnet_log_level level, const char *line)
{
    (void)level;
    strncpy(user, line, 255);
}

static void tensors_alone_are_recognised(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "foreign.safetensors");
    alexnet_model *model = small_model(p->ctx, 7);
    alexnet_model *back;
    draft made = draft_of(model);
    char line[256] = "";

    draft_set(&made, "format", "pt");
    write_draft(p->ctx, &made, path);
    p->ctx->options.log = keep_line;
    p->ctx->options.log_user = line;
    an_assert_ok(p->ctx, alexnet_model_load(p->ctx, path, &back));
    assert_non_null(strstr(
        line, "foreign.safetensors: recognised by its tensors as cifar-19pct with 7 classes"));
    assert_same_values(model, back);
    assert_int_equal(back->options.classes, 7);
    assert_null(alexnet_model_class(back, 0));
    alexnet_model_free(back);
    alexnet_model_free(model);
}

/*
 * The tensors of torchvision's AlexNet with two classes, as half-precision zeros. torchvision-2018
 * has the same; the first in the table is preferred. The file is a header and a hole.
 */
static void torchvision_is_recognised(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "torchvision.safetensors");
    alexnet_model_options options = alexnet_model_options_default();
    json_t *header = json_object();
    json_int_t end = 0;
    alexnet_model *model;

    options.classes = 2;
    an_assert_ok(p->ctx, alexnet_model_describe(p->ctx, "torchvision", &options, &model));
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        json_t *shape = json_array();
        for (int j = 0; j < param->rank; ++j)
            assert_int_equal(json_array_append_new(shape, json_integer(param->shape[j])), 0);
        const json_int_t begin = end;
        end += 2 * param->count;
        json_t *entry = json_pack("{s:s,s:o,s:[I,I]}", "dtype", "F16", "shape", shape,
                                  "data_offsets", begin, end);
        assert_int_equal(json_object_set_new(header, param->name, entry), 0);
    }
    alexnet_model_free(model);

    char *text = json_dumps(header, JSON_COMPACT);
    const uint64_t length = strlen(text);
    char *data = malloc(8 + length);
    assert_non_null(data);
    memcpy(data, &length, 8);
    memcpy(data + 8, text, length);
    an_test_write(path, data, 8 + length);
    assert_int_equal(truncate(path, (off_t)(8 + length) + end), 0);
    free(data);
    free(text);
    json_decref(header);

    an_assert_ok(p->ctx, alexnet_model_load(p->ctx, path, &model));
    assert_string_equal(model->family->name, "torchvision");
    assert_int_equal(model->options.classes, 2);
    alexnet_model_free(model);
}

/* DataParallel, torch.compile and users' own modules put a prefix before every name. */
static void prefixes_of_names_are_ignored(void **state)
{
    static const char *const words[] = {"module.", "model.", "_orig_mod.", "module.model."};
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "wrapped.safetensors");
    alexnet_model *model = small_model(p->ctx, 3);
    char names[ENTRIES_MAX][AN_PARAM_NAME_BYTES + 32];
    alexnet_model *back;

    for (size_t i = 0; i < 2 * AN_COUNT(words); ++i) {
        draft made = draft_of(model);
        for (size_t t = 0; t < made.tensor_count; ++t) {
            snprintf(names[t], sizeof names[t], "%s%s", words[i / 2], made.tensors[t].name);
            made.tensors[t].name = names[t];
        }
        if (i % 2 == 1) draft_set_ours(&made);
        draft_set(&made, "alexnet.options", "classes=3 input=32x32");
        draft_set(&made, "alexnet.classes", NULL);
        write_draft(p->ctx, &made, path);
        an_assert_ok(p->ctx, alexnet_model_load(p->ctx, path, &back));
        assert_string_equal(back->family->name, "cifar-19pct");
        assert_same_values(model, back);
        alexnet_model_free(back);

        *draft_tensor(&made, "conv1.bias") = (an_tensor_out){
            .name = "conv1.bias", .dtype = AN_F32, .rank = 0, .data = model->values}; /* twice */
        write_draft(p->ctx, &made, path);
        an_assert_status(p->ctx, alexnet_model_load(p->ctx, path, &back), ALEXNET_BAD_FILE);
    }
    alexnet_model_free(model);
}

/* ---- refused ---- */

static const float nan_values[32] = {[5] = NAN};
static const float infinite_values[32] = {[31] = -INFINITY};

static void false_tensors_are_refused(void **state)
{
    static const struct {
        const char *drop;
        an_tensor_out set;
        alexnet_status status;
        const char *error;
    } rows[] = {
        {"conv2.bias",
         {0},
         ALEXNET_BAD_FILE,
         "conv2.bias: expected [32], the file has no such tensor"},
        {"conv2.bias",
         {0},
         ALEXNET_BAD_FILE,
         "a checkpoint does not contain the frozen parameters of its run: use the run folder or "
         "its "
         "best.safetensors"},
        {NULL,
         {"model.conv1.bias", AN_F32, 1, {32}, infinite_values},
         ALEXNET_BAD_FILE,
         "two of its tensors are 'conv1.bias'"},
        {NULL,
         {"conv1.bias", AN_F32, 1, {31}, nan_values},
         ALEXNET_BAD_SHAPE,
         "conv1.bias: expected [32], the file has [31]"},
        {NULL,
         {"conv1.bias", AN_F32, 2, {32, 1}, infinite_values},
         ALEXNET_BAD_SHAPE,
         "conv1.bias: expected [32], the file has [32,1]"},
        {NULL,
         {"conv1.bias", AN_F32, 1, {32}, nan_values},
         ALEXNET_BAD_FILE,
         "tensor 'conv1.bias': number 5 is NaN"},
        {NULL,
         {"conv1.bias", AN_F32, 1, {32}, infinite_values},
         ALEXNET_BAD_FILE,
         "tensor 'conv1.bias': number 31 is infinite"},
        {NULL, {"conv1.bias", AN_U8, 1, {32}, nan_values}, ALEXNET_BAD_FILE, "found U8"},
        {NULL,
         {"conv4.bias", AN_F32, 1, {1}, nan_values},
         ALEXNET_BAD_FILE,
         "conv4.bias: model cifar-19pct has no such tensor, the file has one of [1]"},
        {NULL,
         {"preprocess.mean_image", AN_F32, 2, {3, 1}, nan_values},
         ALEXNET_BAD_SHAPE,
         "preprocess.mean_image: expected [3,h,w], the file has [3,1]"},
        {NULL,
         {"preprocess.mean_image", AN_F32, 3, {4, 1, 1}, nan_values},
         ALEXNET_BAD_SHAPE,
         "the file has [4,1,1]"},
        {NULL,
         {"preprocess.mean_image", AN_F32, 3, {3, 0, 1}, nan_values},
         ALEXNET_BAD_SHAPE,
         "the file has [3,0,1]"},
        {NULL,
         {"preprocess.mean_image", AN_F32, 3, {3, 0, 1 << 25}, nan_values},
         ALEXNET_BAD_SHAPE,
         "the file has [3,0,33554432]"},
        {NULL,
         {"preprocess.mean_image", AN_F32, 3, {3, 2, 1}, nan_values},
         ALEXNET_BAD_FILE,
         "'preprocess.mean_image': number 5 is NaN"},
    };
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    alexnet_model *model = small_model(p->ctx, 2);
    alexnet_model *back;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        draft made = draft_of(model);
        draft_set_ours(&made);
        if (rows[i].drop != NULL)
            *draft_tensor(&made, rows[i].drop) = made.tensors[--made.tensor_count];
        else
            *draft_tensor(&made, rows[i].set.name) = rows[i].set;
        write_draft(p->ctx, &made, path);
        an_assert_status(p->ctx, alexnet_model_load(p->ctx, path, &back), rows[i].status);
        an_assert_error(p->ctx, "w.safetensors: ");
        an_assert_error(p->ctx, rows[i].error);
        assert_null(back);
    }
    alexnet_model_free(model);
}

static void false_metadata_is_refused(void **state)
{
    static const struct {
        const char *key, *value; /* value NULL: removed */
        alexnet_status status;
        const char *error;
    } rows[] = {
        {"alexnet.schema", NULL, ALEXNET_BAD_FILE, "metadata 'alexnet.schema' is ''; expected '1'"},
        {"alexnet.schema", "2", ALEXNET_BAD_FILE, "metadata 'alexnet.schema' is '2'; expected '1'"},
        {"alexnet.family", "alexnt", ALEXNET_BAD_FILE, "unknown model 'alexnt'"},
        {"alexnet.family", "", ALEXNET_BAD_FILE, "unknown model ''"},
        {"alexnet.family", "torchvision", ALEXNET_BAD_SHAPE, "layer features.12"},
        {"alexnet.options", NULL, ALEXNET_BAD_FILE, "metadata 'alexnet.options' is missing"},
        {"alexnet.options", "", ALEXNET_BAD_FILE, "setting 'classes' is missing"},
        {"alexnet.options", "classes=0 input=32x32", ALEXNET_BAD_FILE, "classes"},
        {"alexnet.options", "classes=-5 input=32x32", ALEXNET_BAD_FILE, "classes=-5"},
        {"alexnet.options", "classes=2000000000 input=32x32", ALEXNET_BAD_FILE, "classes"},
        {"alexnet.options", "classes=3 input=32x32", ALEXNET_BAD_SHAPE,
         "fc10.weight: expected [3,1024], the file has [2,1024]"},
        {"alexnet.options", "classes=2 input=64x64", ALEXNET_BAD_SHAPE, "fc10.weight: expected"},
        {"alexnet.options", "classes=2 input=1x1", ALEXNET_BAD_SHAPE, "w.safetensors: "},
        {"alexnet.options", "classes=2 dropout=0.5 input=32x32", ALEXNET_BAD_FILE, "dropout"},
        {"alexnet.classes", "cat,dog", ALEXNET_BAD_FILE,
         "metadata 'alexnet.classes': expected a JSON list of 2 names"},
        {"alexnet.classes", "{\"0\":\"cat\",\"1\":\"dog\"}", ALEXNET_BAD_FILE,
         "expected a JSON list of 2 names"},
        {"alexnet.classes", "[\"cat\"]", ALEXNET_BAD_FILE,
         "expected a JSON list of 2 names, found 1"},
        {"alexnet.classes", "[\"cat\",7]", ALEXNET_BAD_FILE,
         "'alexnet.classes': entry 1 is not a string"},
        {"alexnet.classes", "[\"cat\",\"cat\"]", ALEXNET_BAD_FILE,
         "w.safetensors: two classes are called 'cat'"},
        {"alexnet.classes", "[\"cat\",\"\\u0000\"]", ALEXNET_BAD_FILE,
         "expected a JSON list of 2 names"},
    };
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    alexnet_model *model = small_model(p->ctx, 2);
    alexnet_model *back;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        draft made = draft_of(model);
        draft_set_ours(&made);
        draft_set(&made, rows[i].key, rows[i].value);
        write_draft(p->ctx, &made, path);
        an_assert_status(p->ctx, alexnet_model_load(p->ctx, path, &back), rows[i].status);
        an_assert_error(p->ctx, "w.safetensors: ");
        an_assert_error(p->ctx, rows[i].error);
        assert_null(back);
    }
    alexnet_model_free(model);
}

static void too_much_metadata_is_refused(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    static char names[1001][8];
    static const char *keys[1001];
    alexnet_model *model = small_model(p->ctx, 2);
    alexnet_model *back;
    draft made = draft_of(model);

    for (size_t i = 0; i < AN_COUNT(keys); ++i) {
        names[i][0] = 'k';
        names[i][1] = (char)('0' + i / 100 % 100);
        names[i][2] = (char)('0' + i / 10 % 10);
        names[i][3] = (char)('0' + i % 10);
        keys[i] = names[i];
    }
    an_assert_ok(p->ctx, an_safetensors_write(p->ctx, path, made.tensors, made.tensor_count, keys,
                                              keys, 1001));
    an_assert_status(p->ctx, alexnet_model_load(p->ctx, path, &back), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "1001 entries of metadata; expected at most 1000");
    an_assert_ok(p->ctx, an_safetensors_write(p->ctx, path, made.tensors, made.tensor_count, keys,
                                              keys, 1000));
    an_assert_ok(p->ctx, alexnet_model_load(p->ctx, path, &back));
    assert_string_equal(alexnet_model_metadata(back, names[999]), names[999]);
    alexnet_model_free(back);
    alexnet_model_free(model);
}

static void other_tensors_fit_no_model(void **state)
{
    static const float value = 1;
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "other.safetensors");
    alexnet_model *model = small_model(p->ctx, 2);
    alexnet_model *back;
    draft made = {0};

    write_draft(p->ctx, &made, path); /* no tensors */
    an_assert_status(p->ctx, alexnet_model_load(p->ctx, path, &back), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "other.safetensors: its 0 tensors fit no model");

    *draft_tensor(&made, "a") =
        (an_tensor_out){.name = "a", .dtype = AN_F32, .rank = 0, .data = &value};
    write_draft(p->ctx, &made, path);
    an_assert_status(p->ctx, alexnet_model_load(p->ctx, path, &back), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx,
                    "its 1 tensor (a) fits no model; with torchvision: features.0.weight: ");

    made = draft_of(model); /* almost a model: the message says the difference */
    draft_tensor(&made, "conv3.bias")->name = "conv3.bais";
    write_draft(p->ctx, &made, path);
    an_assert_status(p->ctx, alexnet_model_load(p->ctx, path, &back), ALEXNET_BAD_FILE);
    an_assert_error(
        p->ctx,
        "fit no model; with cifar-19pct: conv3.bias: expected [64], the file has no such tensor");
    an_assert_error(p->ctx, "its 8 tensors (");
    an_assert_error(p->ctx, "'alexnet init cifar-19pct --from ");

    made = draft_of(model); /* only the convolutions: without the last layers, which come first */
    made.tensors[0] = made.tensors[--made.tensor_count];
    made.tensors[1] = made.tensors[--made.tensor_count];
    write_draft(p->ctx, &made, path);
    an_assert_status(p->ctx, alexnet_model_load(p->ctx, path, &back), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "fit no model; with cifar-80sec: fc64.");
    an_assert_error(p->ctx, "other.safetensors -o whole.safetensors'");

    made = draft_of(model);
    draft_tensor(&made, "fc10.weight")->rank = 0; /* does not show the number of classes */
    write_draft(p->ctx, &made, path);
    an_assert_status(p->ctx, alexnet_model_load(p->ctx, path, &back), ALEXNET_BAD_FILE);
    alexnet_model_free(model);
}

/* ---- claims cost nothing ---- */

static void *note_largest(void *user, size_t bytes)
{
    size_t *largest = user;

    *largest = AN_MAX(*largest, bytes);
    return malloc(bytes);
}

static void release(void *user, void *block)
{
    (void)user;
    free(block);
}

/* A file of a few bytes that claims to hold the largest network. */
static void claims_are_checked_before_memory_is_allocated(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    size_t largest = 0;
    const alexnet_options options = {.struct_size = sizeof options,
                                     .allocate = note_largest,
                                     .release = release,
                                     .memory_user = &largest};
    alexnet_context *ctx;
    alexnet_model *back;
    draft made = {0};

    draft_set_ours(&made);
    draft_set(&made, "alexnet.family", "torchvision");
    draft_set(&made, "alexnet.options", "classes=100000 input=16384x16384");
    write_draft(p->ctx, &made, path);
    an_assert_ok(NULL, an_context_open(&options, &ctx));
    an_assert_status(ctx, alexnet_model_load(ctx, path, &back), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "the file has no such tensor");
    assert_true(largest < 100000);
    alexnet_close(ctx);
}

/* ---- faults ---- */

static void every_step_can_fail(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    alexnet_model *model = small_model(p->ctx, 2);
    alexnet_model *back = NULL;
    draft made = draft_of(model);

    draft_set(&made, "note", "text");
    for (int ours = 0; ours < 2; ++ours) {
        bool failed = true;
        if (ours) {
            draft_set_ours(&made);
            *draft_tensor(&made, AN_MEAN_IMAGE) = (an_tensor_out){.name = AN_MEAN_IMAGE,
                                                                  .dtype = AN_F32,
                                                                  .rank = 3,
                                                                  .shape = {3, 1, 1},
                                                                  .data = model->values};
        }
        write_draft(p->ctx, &made, path);
        for (long n = 0; failed; ++n) {
            an_test_fault fault;
            an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY, n, false, EIO);
            const alexnet_status status = alexnet_model_load(p->ctx, path, &back);
            failed = an_test_fault_disarm(&fault);
            if (!failed) {
                an_assert_ok(p->ctx, status);
                continue;
            }
            if (status != ALEXNET_NO_MEMORY) an_assert_status(p->ctx, status, ALEXNET_IO);
            an_assert_error(p->ctx, "w.safetensors");
            assert_null(back);
        }
        assert_same_values(model, back);
        alexnet_model_free(back);
    }
    alexnet_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(our_files_hold_the_whole_model),
        an_test_in_place(a_bad_record_is_refused_when_the_file_is_read),
        an_test_in_place(tensors_alone_are_recognised),
        an_test_in_place(torchvision_is_recognised),
        an_test_in_place(prefixes_of_names_are_ignored),
        an_test_in_place(false_tensors_are_refused),
        an_test_in_place(false_metadata_is_refused),
        an_test_in_place(too_much_metadata_is_refused),
        an_test_in_place(other_tensors_fit_no_model),
        an_test_in_place(claims_are_checked_before_memory_is_allocated),
        an_test_in_place(every_step_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
