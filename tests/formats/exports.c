/*
 * exports.c: writes FOLDER/all.pth and FOLDER/all.npz, tensors of every type and of many shapes,
 * for exports.py. Element i of a tensor is i - 1 (bool: i odd); "cube" has more elements than 16
 * bits count.
 *
 * usage: exports FOLDER
 * SPDX-License-Identifier: MIT
 */
#include "alexnet.h"
#include "base/memory.h"
#include "formats/numpy/npz.h"
#include "formats/pytorch/pth_write.h"
#include <stdio.h>
#include <string.h>

#define COUNT 70000

static const struct {
    const char *name;
    an_dtype dtype;
    int rank;
    int64_t shape[AN_TENSOR_RANK_MAX];
} rows[] = {
    {"f4", AN_F32, 2, {2, 3}},
    {"f8", AN_F64, 2, {2, 3}},
    {"f2", AN_F16, 2, {2, 3}},
    {"i8", AN_I64, 2, {2, 3}},
    {"i4", AN_I32, 2, {2, 3}},
    {"i2", AN_I16, 2, {2, 3}},
    {"i1", AN_I8, 2, {2, 3}},
    {"u1", AN_U8, 2, {2, 3}},
    {"b1", AN_BOOL, 2, {2, 3}},
    {"scalar", AN_F32, 0, {0}},
    {"vector", AN_F32, 1, {300}},
    {"features.0.weight", AN_F32, 4, {4, 3, 2, 5}},
    {"eight", AN_F32, 8, {1, 2, 1, 2, 1, 2, 1, 2}},
    {"cube", AN_F32, 3, {70, 10, 100}},
    {"empty", AN_F32, 3, {2, 0, 3}},
    {"gr\xc3\xbc\xc3\x9f", AN_F32, 1, {1}},
    {"bf2", AN_BF16, 2, {2, 3}}, /* the last: NumPy has no such type */
};

static float floats[COUNT];
static double doubles[6];
static uint16_t halves[6], bfloats[6];
static int64_t longs[6];
static int32_t ints[6];
static int16_t shorts[6];
static int8_t chars[6];
static uint8_t bytes[6], bools[6];

static const void *const data[] = {
    [AN_F32] = floats, [AN_F64] = doubles, [AN_F16] = halves, [AN_BF16] = bfloats,
    [AN_I64] = longs,  [AN_I32] = ints,    [AN_I16] = shorts, [AN_I8] = chars,
    [AN_U8] = bytes,   [AN_BOOL] = bools,
};

static void fill(void)
{
    for (int i = 0; i < COUNT; ++i)
        floats[i] = (float)(i - 1);
    for (int i = 0; i < 6; ++i) {
        longs[i] = i - 1;
        ints[i] = i - 1;
        shorts[i] = (int16_t)(i - 1);
        chars[i] = (int8_t)(i - 1);
        bytes[i] = (uint8_t)(i - 1);
        bools[i] = (uint8_t)(i % 2);
    }
    (void)an_tensor_from_float(AN_F64, floats, 6, doubles);
    (void)an_tensor_from_float(AN_F16, floats, 6, halves);
    (void)an_tensor_from_float(AN_BF16, floats, 6, bfloats);
}

static alexnet_status write_both(alexnet_context *ctx, const char *folder)
{
    static const char *const keys[] = {"alexnet.family", "note"};
    static const char *const values[] = {"torchvision", "gr\xc3\xbc\xc3\x9f"};
    an_tensor_out tensors[AN_COUNT(rows)];
    char path[4096];

    fill();
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        tensors[i] = (an_tensor_out){.name = rows[i].name,
                                     .dtype = rows[i].dtype,
                                     .rank = rows[i].rank,
                                     .data = data[rows[i].dtype]};
        memcpy(tensors[i].shape, rows[i].shape, sizeof tensors[i].shape);
    }
    snprintf(path, sizeof path, "%s/all.pth", folder);
    alexnet_status status = an_pth_write(ctx, path, tensors, AN_COUNT(rows), keys, values, 2, NULL);
    snprintf(path, sizeof path, "%s/all.npz", folder);
    return status == ALEXNET_OK
               ? an_npz_write(ctx, path, tensors, AN_COUNT(rows) - 1, keys, values, 2, NULL)
               : status;
}

int main(int count, char **arguments)
{
    alexnet_context *ctx;

    if (count != 2) return 2;
    if (alexnet_open(NULL, &ctx) != ALEXNET_OK) return 1;
    const alexnet_status status = write_both(ctx, arguments[1]);
    if (status != ALEXNET_OK) fprintf(stderr, "%s\n", alexnet_error(ctx));
    alexnet_close(ctx);
    return status == ALEXNET_OK ? 0 : 1;
}
