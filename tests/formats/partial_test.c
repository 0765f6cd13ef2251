/*
 * partial_test.c: a network starts from the part of it that a file holds: by name, shape and class.
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "formats/metadata.h"
#include "formats/partial.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define TENSORS_MAX 24

typedef struct world {
    an_test_memory memory;
    an_tiny_text log;
    alexnet_context *ctx;
    char *folder;
    const char *path;
} world;

static int set_up(void **state)
{
    static world w;

    w = (world){.folder = an_test_folder_open()};
    w.ctx = an_tiny_open(&w.memory, 1);
    w.ctx->options.log = an_tiny_log;
    w.ctx->options.log_user = &w.log;
    w.path = an_test_path(w.folder, "w.safetensors");
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;

    an_test_folder_close(w->folder);
    an_test_close(w->ctx, &w->memory);
    return 0;
}

/* ---- files of other programs ---- */

typedef struct draft {
    an_tensor_out tensors[TENSORS_MAX];
    char names[TENSORS_MAX][AN_PARAM_NAME_BYTES + 32];
    size_t count;
} draft;

/* Drafts the tensors of a model whose names begin with `only`, with the prefix `word`. */
static void draft_of(const alexnet_model *model, const char *only, const char *word, draft *made)
{
    made->count = 0;
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        if (strncmp(param->name, only, strlen(only)) != 0) continue;
        an_tensor_out *tensor = &made->tensors[made->count];
        snprintf(made->names[made->count], sizeof made->names[0], "%s%s", word, param->name);
        *tensor = (an_tensor_out){.name = made->names[made->count++],
                                  .dtype = AN_F32,
                                  .rank = param->rank,
                                  .data = model->values + param->offset};
        memcpy(tensor->shape, param->shape, sizeof param->shape);
    }
}

static void write_draft(const world *w, const draft *made, const char *classes)
{
    static const char key[] = AN_KEY_CLASSES;
    const char *keys[] = {key}, *values[] = {classes};

    an_assert_ok(w->ctx, an_safetensors_write(w->ctx, w->path, made->tensors, made->count, keys,
                                              values, classes != NULL));
}

static alexnet_model *small_model(const world *w, const char *const *names, int classes,
                                  uint64_t seed)
{
    return an_tiny_model(w->ctx, names, classes, seed);
}

/* Opens a file, reads it into the model and closes it. */
static alexnet_status read_into(world *w, alexnet_model *model, bool *fresh)
{
    an_partial partial;

    w->log.text[0] = '\0';
    alexnet_status status = an_partial_open(w->ctx, w->path, &partial);
    if (status != ALEXNET_OK) return status;
    status = an_partial_read(&partial, model, fresh);
    an_partial_close(w->ctx, &partial);
    return status;
}

static bool same_tensor(const alexnet_model *a, const alexnet_model *b, const char *name)
{
    const an_param *x = &a->params.items[an_model_find_param(a, name)];
    const an_param *y = &b->params.items[an_model_find_param(b, name)];

    return x->count == y->count && memcmp(a->values + x->offset, b->values + y->offset,
                                          (size_t)x->count * sizeof(float)) == 0;
}

static void assert_logged(const world *w, const char *part)
{
    if (strstr(w->log.text, part) == NULL)
        fail_msg("'%s' is not in the log: %s", part, w->log.text);
}

static void a_part_is_loaded_and_the_rest_starts_afresh(void **state)
{
    static const struct {
        const char *only, *word, *loaded, *afresh;
    } rows[] = {
        {"conv", "", "loaded 6 of the 8 tensors of cifar-19pct: conv1, conv2, conv3\n",
         "has no such tensors: fc10.weight, fc10.bias"},
        {"conv", "module.", "loaded 6 of", "fc10.weight"},
        {"conv", "model.", "loaded 6 of", "fc10.weight"},
        {"conv", "module.model.", "loaded 6 of", "fc10.weight"},
        {"conv", "_orig_mod.module.", "loaded 6 of", "fc10.weight"},
        {"conv3", "", "loaded 2 of the 8 tensors of cifar-19pct: conv3\n", "conv1.weight"},
    };
    world *w = *state;
    alexnet_model *from = small_model(w, NULL, 2, 1);
    draft made;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model *model = small_model(w, NULL, 2, 2), *before = small_model(w, NULL, 2, 2);
        bool fresh[TENSORS_MAX];
        draft_of(from, rows[i].only, rows[i].word, &made);
        write_draft(w, &made, NULL);
        an_assert_ok(w->ctx, read_into(w, model, fresh));
        for (int j = 0; j < model->params.count; ++j) {
            const char *name = model->params.items[j].name;
            const bool there = strncmp(name, rows[i].only, strlen(rows[i].only)) == 0;
            assert_int_equal(fresh[j], !there);
            assert_true(same_tensor(model, there ? from : before, name));
        }
        assert_logged(w, rows[i].loaded);
        assert_logged(w, rows[i].afresh);
        alexnet_model_free(before);
        alexnet_model_free(model);
    }
    alexnet_model_free(from);
}

static void other_shapes_and_other_tensors_are_logged(void **state)
{
    static const float values[64];
    world *w = *state;
    alexnet_model *model = small_model(w, NULL, 2, 2);
    draft made;

    draft_of(model, "conv", "module.", &made);
    made.tensors[1].shape[0] = 31;
    made.tensors[made.count++] = (an_tensor_out){
        .name = "optimizer.lr", .dtype = AN_F32, .rank = 1, .shape = {1}, .data = values};
    made.tensors[made.count++] = (an_tensor_out){.name = "norm1.num_batches_tracked",
                                                 .dtype = AN_I64,
                                                 .rank = 1,
                                                 .shape = {1},
                                                 .data = values};
    write_draft(w, &made, NULL);
    an_assert_ok(w->ctx, read_into(w, model, NULL));
    assert_logged(w, "of another shape: conv1.bias [32], not [31]");
    assert_logged(w, "not used, as model cifar-19pct has no such tensors: optimizer.lr\n");
    alexnet_model_free(model);
}

/* ---- the last layer ---- */

static const char *const two[] = {"ant", "bee"};
static const char *const swapped[] = {"bee", "ant"};
static const char *const three[] = {"cow", "bee", "ant"};
static const char *const strangers[] = {"elk", "fox"};

/* Row `class` of the model's last layer must equal row `row` of the other's. */
static void assert_row(const alexnet_model *model, int class, const alexnet_model *other, int row)
{
    static const char *const names[] = {"fc10.weight", "fc10.bias"};

    for (int i = 0; i < 2; ++i) {
        const an_param *a = &model->params.items[an_model_find_param(model, names[i])];
        const an_param *b = &other->params.items[an_model_find_param(other, names[i])];
        const int64_t count = a->count / a->shape[0];
        assert_memory_equal(model->values + a->offset + class * count,
                            other->values + b->offset + row * count, (size_t)count * sizeof(float));
    }
}

static void set_biases(alexnet_model *model, float first)
{
    const an_param *bias = &model->params.items[an_model_find_param(model, "fc10.bias")];

    for (int64_t i = 0; i < bias->count; ++i)
        model->values[bias->offset + (size_t)i] = first + (float)i;
}

static void the_last_layer_is_matched_by_names(void **state)
{
    enum { FRESH = -1 };
    static const struct {
        const char *classes; /* of the file */
        int file_count;
        const char *const *names; /* of the model */
        int count;
        int rows[3];
        const char *logged;
    } rows[] = {
        {"[\"ant\",\"bee\"]",
         2,
         two,
         2,
         {0, 1},
         "head: 2 of 2 classes taken over by name: ant, bee"},
        {"[\"ant\",\"bee\"]", 2, swapped, 2, {1, 0}, "head: 2 of 2 classes taken over by name"},
        {"[\"ant\",\"bee\"]",
         2,
         three,
         3,
         {FRESH, 1, 0},
         "head: 2 of 3 classes taken over by name: bee, ant; these start afresh: cow"},
        {"[\"cow\",\"bee\",\"ant\"]",
         3,
         two,
         2,
         {2, 1},
         "taken over by name: ant, bee; the file's other classes are not used"},
        {"[\"ant\",\"bee\"]",
         2,
         strangers,
         2,
         {FRESH, FRESH},
         "head: fc10.weight starts afresh: the file has none of this model's class names"},
        {NULL, 2, two, 2, {FRESH, FRESH}, "starts afresh: the file does not name its classes"},
        {"[\"ant\",\"bee\"]",
         2,
         NULL,
         2,
         {FRESH, FRESH},
         "starts afresh: the file names its classes, but this model does not"},
        {NULL, 2, NULL, 2, {0, 1}, "loaded 8 of the 8 tensors"},
        {NULL, 3, NULL, 2, {FRESH, FRESH}, "starts afresh: the file has another number of classes"},
    };
    world *w = *state;
    draft made;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model *from = small_model(w, NULL, rows[i].file_count, 1);
        alexnet_model *model = small_model(w, rows[i].names, rows[i].count, 2);
        alexnet_model *before = small_model(w, rows[i].names, rows[i].count, 2);
        set_biases(from, 10);
        set_biases(model, 1);
        set_biases(before, 1);
        draft_of(from, "", "model.", &made);
        write_draft(w, &made, rows[i].classes);
        an_assert_ok(w->ctx, read_into(w, model, NULL));
        for (int j = 0; j < rows[i].count; ++j) {
            const bool fresh = rows[i].rows[j] == FRESH;
            assert_row(model, j, fresh ? before : from, fresh ? j : rows[i].rows[j]);
        }
        assert_true(same_tensor(model, from, "conv2.weight"));
        assert_logged(w, rows[i].logged);
        alexnet_model_free(before);
        alexnet_model_free(model);
        alexnet_model_free(from);
    }
}

static void names_may_lie_beside_the_file(void **state)
{
    static const char *const synsets[] = {"n01443537", "n01440764"};
    world *w = *state;
    const char *list = an_test_path(w->folder, "w.safetensors.classes");
    alexnet_model *from = small_model(w, NULL, 2, 1);
    alexnet_model *model = small_model(w, swapped, 2, 2), *fish = small_model(w, synsets, 2, 2);
    draft made;

    set_biases(from, 10);
    draft_of(from, "", "", &made);
    write_draft(w, &made, NULL);
    an_test_write_text(list, "ant\nbee\n");
    an_assert_ok(w->ctx, read_into(w, model, NULL));
    assert_row(model, 0, from, 1);
    assert_row(model, 1, from, 0);
    assert_logged(w, "names of its classes from ");

    /* Data whose folders are called by ImageNet's synsets. */
    an_test_write_text(list, "tench\ngoldfish\n");
    an_assert_ok(w->ctx, read_into(w, fish, NULL));
    assert_row(fish, 0, from, 1);
    assert_row(fish, 1, from, 0);

    an_test_write_text(list, "ant\nbee\ncat\n");
    an_assert_status(w->ctx, read_into(w, model, NULL), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "the list of classes beside it has 3 names, but fc10.weight has rows");
    alexnet_model_free(fish);
    alexnet_model_free(model);
    alexnet_model_free(from);
}

/* ---- which family ---- */

static void the_family_that_most_tensors_fit_is_taken(void **state)
{
    static const char *const families[] = {"torchvision", "cifar-19pct", "caffe"};
    world *w = *state;
    draft made;

    for (size_t i = 0; i < AN_COUNT(families); ++i) {
        const an_family *found;
        alexnet_model *model;
        an_partial partial;
        an_assert_ok(w->ctx, an_model_create_zero(w->ctx, families[i], NULL, &model));
        draft_of(model, i == 0 ? "features." : i == 1 ? "" : "conv", "module.", &made);
        write_draft(w, &made, NULL);
        an_assert_ok(w->ctx, an_partial_open(w->ctx, w->path, &partial));
        an_assert_ok(w->ctx, an_partial_family(w->ctx, &partial, &found));
        /* caffe has the tensors of paper, which precedes it in the table */
        assert_string_equal(found->name, i == 2 ? "paper" : families[i]);
        an_partial_close(w->ctx, &partial);
        alexnet_model_free(model);
    }
}

static void a_part_is_completed_to_a_model(void **state)
{
    world *w = *state;
    alexnet_model *from = small_model(w, NULL, 3, 1), *model;
    alexnet_model_options options = alexnet_model_options_default();
    draft made;

    draft_of(from, "", "module.", &made);
    write_draft(w, &made, "[\"x\",\"y\",\"z\"]");
    an_assert_ok(w->ctx, alexnet_model_complete(w->ctx, w->path, NULL, NULL, 7, &model));
    assert_string_equal(model->family->name, "cifar-19pct");
    assert_int_equal(model->options.classes, 3);
    assert_string_equal(alexnet_model_class(model, 2), "z");
    assert_true(same_tensor(model, from, "fc10.weight"));
    alexnet_model_free(model);

    options.classes = 5;
    an_assert_ok(w->ctx,
                 alexnet_model_complete(w->ctx, w->path, "cifar-19pct", &options, 7, &model));
    assert_int_equal(model->options.classes, 5);
    assert_null(alexnet_model_class(model, 0));
    assert_true(same_tensor(model, from, "conv1.weight"));
    alexnet_model_free(model);
    alexnet_model_free(from);

    an_assert_status(w->ctx, alexnet_model_complete(w->ctx, w->path, "slim", NULL, 7, &model),
                     ALEXNET_BAD_FILE);
    assert_null(model);
    an_assert_error(w->ctx,
                    "w.safetensors: it has 8 tensors, and none fits model slim: the file has "
                    "module.conv1.weight, module.conv1.bias, module.conv2.weight ..., the "
                    "model alexnet_v2/conv1/weights, alexnet_v2/conv1/biases ...");
}

/* A file of our own also brings its options, record and mean image. */
static void our_own_files_bring_their_record(void **state)
{
    world *w = *state;
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *from = small_model(w, two, 2, 1), *model;

    an_assert_ok(w->ctx, an_model_set_preprocess(from, "resize=exact:32x32 orientation=exif "
                                                       "divide=1 mean=image"));
    an_assert_ok(w->ctx, alexnet_model_save(from, w->path));
    an_assert_ok(w->ctx, alexnet_model_complete(w->ctx, w->path, NULL, NULL, 7, &model));
    assert_string_equal(model->preprocess, from->preprocess);
    assert_memory_equal(model->mean_image, from->mean_image, 3 * 32 * 32 * sizeof(float));
    alexnet_model_free(model);

    options.input_h = options.input_w = 40;
    an_assert_ok(w->ctx, alexnet_model_complete(w->ctx, w->path, NULL, &options, 7, &model));
    assert_null(model->mean_image);
    assert_non_null(strstr(model->preprocess, "exact:40x40"));
    assert_logged(w, "is for images of another size");
    alexnet_model_free(model);
    alexnet_model_free(from);
}

/* ---- refused ---- */

static void false_files_are_refused(void **state)
{
    static const float nan_values[32] = {[5] = NAN};
    static const struct {
        const char *classes;
        an_tensor_out extra;
        const char *error;
    } rows[] = {
        {"[\"ant\"]", {0}, "'alexnet.classes' has 1 name, but fc10.weight has rows for 2 classes"},
        {"[]", {0}, "expected a JSON list of 1 to"},
        {"ant", {0}, "expected a JSON list of 1 to"},
        {"[7,8]", {0}, "'alexnet.classes': entry 0 is not a string"},
        {"[\"ant\",\"ant\"]", {0}, "two classes are called 'ant'"},
        {NULL,
         {"model.conv1.bias", AN_F32, 1, {32}, nan_values},
         "two of its tensors are 'conv1.bias'"},
    };
    world *w = *state;
    alexnet_model *model = small_model(w, two, 2, 1);
    draft made;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        draft_of(model, "", "", &made);
        if (rows[i].extra.name != NULL) made.tensors[made.count++] = rows[i].extra;
        write_draft(w, &made, rows[i].classes);
        an_assert_status(w->ctx, read_into(w, model, NULL), ALEXNET_BAD_FILE);
        an_assert_error(w->ctx, rows[i].error);
        an_assert_error(w->ctx, "w.safetensors");
    }
    draft_of(model, "conv1", "", &made);
    made.tensors[1].data = nan_values;
    write_draft(w, &made, NULL);
    an_assert_status(w->ctx, read_into(w, model, NULL), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "tensor 'conv1.bias': number 5 is NaN");
    made.count = 0;
    write_draft(w, &made, NULL);
    an_assert_status(w->ctx, read_into(w, model, NULL), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "it has 0 tensors, and none fits model cifar-19pct");
    alexnet_model_free(model);
    an_assert_status(w->ctx, alexnet_model_complete(w->ctx, w->path, NULL, NULL, 1, &model),
                     ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "it has 0 tensors, and none fits any model");
    an_assert_status(w->ctx, alexnet_model_complete(w->ctx, "none", NULL, NULL, 1, &model),
                     ALEXNET_NOT_FOUND);
}

/* If nothing fits, the message lists the names, shapes or classes. */
static void the_message_says_what_does_not_fit(void **state)
{
    world *w = *state;
    alexnet_model *from = small_model(w, NULL, 2, 3), *model = small_model(w, two, 2, 1);
    draft made;

    draft_of(from, "fc10", "", &made);
    write_draft(w, &made, NULL);
    an_assert_status(w->ctx, read_into(w, model, NULL), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx,
                    "the only layer of model cifar-19pct in it is the last one, fc10.weight, "
                    "which starts afresh: the file does not name its classes");

    draft_of(from, "conv1.bias", "", &made);
    made.tensors[0].shape[0] = 31;
    write_draft(w, &made, NULL);
    an_assert_status(w->ctx, read_into(w, model, NULL), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx,
                    "it has 1 tensor, and none fits model cifar-19pct, which has them of another "
                    "shape: conv1.bias [32], not [31]");

    draft_of(from, "conv1", "net/", &made);
    write_draft(w, &made, NULL);
    an_assert_status(w->ctx, read_into(w, model, NULL), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx,
                    "the file has net/conv1.weight, net/conv1.bias, the model conv1.weight, "
                    "conv1.bias ...");
    alexnet_model_free(model);
    an_assert_status(w->ctx, alexnet_model_complete(w->ctx, w->path, NULL, NULL, 1, &model),
                     ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "it has 2 tensors, and none fits any model: net/conv1.weight");
    alexnet_model_free(from);
}

/* The square root of a variance is needed. */
static void a_negative_variance_is_refused(void **state)
{
    world *w = *state;
    alexnet_model *model = an_tiny_normed(w->ctx, 3, 1);
    float *variance =
        model->values + model->params.items[an_model_find_param(model, "norm1.running_var")].offset;

    variance[4] = 0;
    an_assert_ok(w->ctx, alexnet_model_save(model, w->path));
    an_assert_ok(w->ctx, read_into(w, model, NULL));
    assert_logged(w, "unknown model");
    variance[4] = -0.5F;
    an_assert_ok(w->ctx, alexnet_model_save(model, w->path));
    an_assert_status(w->ctx, read_into(w, model, NULL), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "w.safetensors: tensor 'norm1.running_var': number 4 is -0.5");
    alexnet_model_free(model);
}

static void every_step_can_fail(void **state)
{
    world *w = *state;
    alexnet_model *from = small_model(w, swapped, 2, 1), *model = NULL;
    draft made;
    bool failed = true;

    for (int ours = 0; ours < 2; ++ours) {
        draft_of(from, "", "module.", &made);
        if (ours)
            an_assert_ok(w->ctx, alexnet_model_save(from, w->path));
        else
            write_draft(w, &made, "[\"ant\",\"bee\"]");
        failed = true;
        for (long n = 0; failed; ++n) {
            an_test_fault fault;
            an_test_fault_arm(&fault, w->ctx, AN_FAULT_ANY, n, false, EIO);
            const alexnet_status status =
                alexnet_model_complete(w->ctx, w->path, NULL, NULL, 1, &model);
            failed = an_test_fault_disarm(&fault);
            if (failed && status != ALEXNET_NO_MEMORY) an_assert_status(w->ctx, status, ALEXNET_IO);
            if (!failed) an_assert_ok(w->ctx, status);
            if (failed) assert_null(model);
        }
        alexnet_model_free(model);
    }
    alexnet_model_free(from);
}

/* ---- real weights ---- */

static void real_convolutions_are_recognised(void **state)
{
    world *w = *state;
    const char *path = an_test_data("weights/torchvision-alexnet-features.safetensors");
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *model;

    if (path == NULL) skip();
    options.classes = 6;
    an_assert_ok(w->ctx, alexnet_model_complete(w->ctx, path, NULL, &options, 1, &model));
    assert_string_equal(model->family->name, "torchvision");
    assert_logged(w, "loaded 10 of the 16 tensors of torchvision: features.0, features.3, "
                     "features.6, features.8, features.10");
    assert_logged(w, "classifier.1.weight, classifier.1.bias, classifier.4.weight");
    alexnet_model_free(model);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_part_is_loaded_and_the_rest_starts_afresh),
        TEST(other_shapes_and_other_tensors_are_logged),
        TEST(the_last_layer_is_matched_by_names),
        TEST(names_may_lie_beside_the_file),
        TEST(the_family_that_most_tensors_fit_is_taken),
        TEST(a_part_is_completed_to_a_model),
        TEST(our_own_files_bring_their_record),
        TEST(false_files_are_refused),
        TEST(a_negative_variance_is_refused),
        TEST(every_step_can_fail),
        TEST(real_convolutions_are_recognised),
        TEST(the_message_says_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
