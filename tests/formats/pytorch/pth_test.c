/*
 * pth_test.c: files of PyTorch in every container: the values that PyTorch wrote, which dict is
 * read, what is refused, damaged copies.
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/samples.h"

#include <stdlib.h>
#include <string.h>

#define FORMAT &an_tensor_format_pth

static void files_of_pytorch_are_read(void **state)
{
    const an_test_place *p = *state;
    an_sample_check_all(p->ctx, "pth/", FORMAT);
}

static void foreign_files_are_not_recognised(void **state)
{
    static const struct {
        const char *head;
        size_t bytes;
    } rows[] = {{"", 0},
                {"PK\3", 3},
                {"PK\3\4", 4},
                {"\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50", 13},
                {"PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0a.npy", 35}};

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        assert_int_equal(an_tensor_format_pth.matches((const uint8_t *)rows[i].head, rows[i].bytes,
                                                      rows[i].bytes),
                         i == 2);
}

static void tensors_have_the_checksum_of_their_entry(void **state)
{
    static const struct {
        const char *name;
        an_sum_kind sum;
    } rows[] = {{"base", AN_SUM_CRC32},
                {"transposed", AN_SUM_CRC32},
                {"row", AN_SUM_NONE},
                {"corner", AN_SUM_NONE},
                {"channels_last", AN_SUM_CRC32}};
    const an_test_place *p = *state;
    an_tensor_file file;

    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, an_sample_path("pth/views"), FORMAT, &file));
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        assert_int_equal(an_tensor_file_find(&file, rows[i].name)->sum, rows[i].sum);
    assert_int_equal(an_tensor_file_find(&file, "base")->axes, 0); /* is read as it lies there */
    an_tensor_file_close(p->ctx, &file);
}

static void damaged_values_are_detected(void **state)
{
    const an_test_place *p = *state;
    an_sample sample = an_sample_read("pth/zip");
    an_tensor_file file;
    float values[8];

    /* -1, -0.5, 0, 0.5 */
    an_sample_replace(&sample, "\0\0\x80\xbf\0\0\0\xbf\0\0\0\0\0\0\0\x3f",
                      "\0\0\x80\xbf\0\0\0\xbf\0\0\0\0\0\0\0\x3e", 16);
    an_assert_ok(p->ctx,
                 an_tensor_file_parse(p->ctx, "w.pth", sample.data, sample.size, FORMAT, &file));
    an_assert_status(p->ctx, an_tensor_to_float(p->ctx, "w.pth", &file.tensors[0], values),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "w.pth: tensor 'features.0.weight': its CRC-32 is");
    an_tensor_file_close(p->ctx, &file);
    free(sample.data);
}

static void other_archives_are_refused(void **state)
{
    static const struct {
        const char *name;
        alexnet_status status;
        const char *part;
    } rows[] = {
        {"pth/bad_tensor", ALEXNET_BAD_FILE, "it holds no dict of tensors; expected a state_dict"},
        {"pth/bad_empty", ALEXNET_BAD_FILE, "no tensors in its dict of 'epoch'"},
        {"pth/bad_module", ALEXNET_BAD_FILE,
         "torch.nn.modules.linear.Linear: only plain tensors in dicts are read, nothing that has "
         "code; save the weights by torch.save(model.state_dict(), FILE)"},
        {"pth/bad_complex", ALEXNET_BAD_FILE,
         "torch.ComplexFloatStorage is not read; expected dense tensors of float32, float64, "
         "float16, "
         "bfloat16, bool, or integers"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        an_sample_refuse_file(p->ctx, rows[i].name, FORMAT, rows[i].status, rows[i].part);
}

static void what_we_write_is_read(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "ours.pth");
    static const float values[6] = {0, 1, 2, 3, 4, 5};
    static const char *const keys[] = {"alexnet.family"}, *const texts[] = {"paper"};
    const an_tensor_out tensors[] = {
        {.name = "a.weight", .dtype = AN_F32, .rank = 2, .shape = {2, 3}, .data = values},
        {.name = "", .dtype = AN_U8, .rank = 0, .data = "\7"},
        {.name = "empty", .dtype = AN_F16, .rank = 2, .shape = {0, 3}, .data = ""}};
    an_tensor_file file;
    float found[6];

    an_assert_ok(p->ctx, an_tensor_format_pth.write(p->ctx, path, tensors, AN_COUNT(tensors), keys,
                                                    texts, 1, NULL));
    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    assert_ptr_equal(file.format, FORMAT);
    assert_int_equal(file.count, 3);
    assert_string_equal(an_tensor_file_metadata(&file, "alexnet.family"), "paper");
    const an_tensor_view *tensor = an_tensor_file_find(&file, "a.weight");
    assert_int_equal(tensor->sum, AN_SUM_CRC32);
    an_assert_ok(p->ctx, an_tensor_to_float(p->ctx, path, tensor, found));
    assert_memory_equal(found, values, sizeof values);
    assert_int_equal(an_tensor_file_find(&file, "")->dtype, AN_U8);
    assert_int_equal(an_tensor_file_find(&file, "empty")->shape[1], 3);
    an_tensor_file_close(p->ctx, &file);
}

/* ---- which dict is read ---- */

static void take_line(void *user, alexnet_log_level level, const char *line)
{
    char *text = user;

    (void)level;
    strncat(text, line, 1000 - strlen(text));
}

static void the_log_names_the_dict(void **state)
{
    char text[1024] = "";
    alexnet_options options = alexnet_options_default();
    alexnet_context *ctx;
    an_tensor_file file;

    (void)state;
    options.log = take_line;
    options.log_user = text;
    assert_int_equal(an_context_open(&options, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, an_tensor_file_open(ctx, an_sample_path("pth/zip"), NULL, &file));
    an_tensor_file_close(ctx, &file);
    assert_string_equal(text, "");
    an_assert_ok(ctx, an_tensor_file_open(ctx, an_sample_path("pth/checkpoint"), NULL, &file));
    an_tensor_file_close(ctx, &file);
    assert_non_null(strstr(text, "checkpoint: the tensors under 'model.state_dict' are read"));
    an_test_close(ctx, NULL);
}

/* ---- memory ---- */

/* The most memory that a stream takes whose third pickle is `part`, many times. */
static size_t measure(const char *part, size_t part_bytes, size_t times)
{
    static const char head[] =
        "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\2M\xe9\3.\x80\2}.(";
    const size_t size = sizeof head - 1 + part_bytes * times;
    uint8_t *data = malloc(size);
    alexnet_status status;

    assert_non_null(data);
    memcpy(data, head, sizeof head - 1);
    for (size_t i = 0; i < times; ++i)
        memcpy(data + sizeof head - 1 + i * part_bytes, part, part_bytes);
    const size_t peak = an_sample_peak(data, size, FORMAT, &status);
    assert_int_equal(status, ALEXNET_BAD_FILE);
    free(data);
    return peak;
}

static void small_files_take_little_memory(void **state)
{
    static const struct {
        const char *part;
        size_t bytes;
    } rows[] = {{"N", 1},       {"]", 1},
                {"K\1\x85", 3}, {"N\x94", 2},
                {"U\1a", 3},    {"]K\1aK\2aK\3a", 10},
                {"K\1Q", 3},    {"ctorch\nSize\n)R", 14}};

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        assert_in_range(measure(rows[i].part, rows[i].bytes, 300000), 1, 8 << 20);
}

/* ---- damage ---- */

static void every_truncation_and_every_bit(void **state)
{
    static const struct {
        const char *name;
        bool exact; /* checksums cover all */
    } rows[] = {{"pth/zip", true},     {"pth/views", false}, {"pth/deflated", true},
                {"pth/legacy", false}, {"pth/tar", false},   {"pth/metadata", true}};
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        an_sample_damage(p->ctx, rows[i].name, FORMAT, rows[i].exact);
}

static void every_refusal_is_reported(void **state)
{
    static const char *const names[] = {"pth/zip",    "pth/views", "pth/deflated",
                                        "pth/legacy", "pth/tar",   "pth/metadata"};
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(names); ++i)
        an_sample_starve(p->ctx, names[i], FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(files_of_pytorch_are_read),
        cmocka_unit_test(foreign_files_are_not_recognised),
        an_test_in_place(tensors_have_the_checksum_of_their_entry),
        an_test_in_place(damaged_values_are_detected),
        an_test_in_place(other_archives_are_refused),
        an_test_in_place(what_we_write_is_read),
        cmocka_unit_test(the_log_names_the_dict),
        cmocka_unit_test(small_files_take_little_memory),
        an_test_in_place(every_truncation_and_every_bit),
        an_test_in_place(every_refusal_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
