/*
 * pickle_globals_test.c: the names that a pickle may refer to, and no others.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/pytorch/pickle_globals.h"

static void names_stand_for_data(void **state)
{
    static const struct {
        const char *module, *name;
        an_pickle_role role;
        an_dtype dtype;
    } rows[] = {
        {"collections", "OrderedDict", AN_PICKLE_ORDERED_DICT, AN_U8},
        {"torch", "FloatStorage", AN_PICKLE_STORAGE, AN_F32},
        {"torch", "BFloat16Storage", AN_PICKLE_STORAGE, AN_BF16},
        {"torch", "BoolStorage", AN_PICKLE_STORAGE, AN_BOOL},
        {"torch", "float64", AN_PICKLE_DTYPE, AN_F64},
        {"torch.storage", "UntypedStorage", AN_PICKLE_BARE, AN_U8},
        {"torch._utils", "_rebuild_tensor_v2", AN_PICKLE_TENSOR, AN_U8},
        {"numpy._core.multiarray", "_reconstruct", AN_PICKLE_ARRAY, AN_U8},
        {"numpy.core.multiarray", "_reconstruct", AN_PICKLE_ARRAY, AN_U8},
        {"options", "StringOptionParser", AN_PICKLE_OPAQUE, AN_U8},
    };

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_pickle_global *global = an_pickle_global_find(rows[i].module, rows[i].name);
        assert_non_null(global);
        assert_int_equal(global->role, rows[i].role);
        assert_int_equal(global->dtype, rows[i].dtype);
    }
}

static void other_names_stand_for_nothing(void **state)
{
    static const struct {
        const char *module, *name;
    } rows[] = {{"os", "system"},
                {"builtins", "eval"},
                {"torch", "load"},
                {"torch", ""},
                {"", "FloatStorage"},
                {"torch.FloatStorage", ""},
                {"torch", "floatstorage"},
                {"_codecs", "decode"},
                {"collections", "defaultdict"},
                {"numpy", "load"},
                {"numpy.core.multiarray", "fromfile"},
                {"options.x", "y"},
                {"torch._utils", "_rebuild_qtensor"}};

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        assert_null(an_pickle_global_find(rows[i].module, rows[i].name));
}

static void refusals_name_the_way_on(void **state)
{
    const an_test_place *p = *state;

    an_assert_status(p->ctx, an_pickle_global_refuse(p->ctx, "w.pth", "os", "system"),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "w.pth: os.system: this file asks for code to be run");
    an_assert_status(p->ctx, an_pickle_global_refuse(p->ctx, "w.pth", "torch.nn", "Module"),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "w.pth: torch.nn.Module: only plain tensors in dicts are read");
    an_assert_error(p->ctx, "torch.save(model.state_dict(), FILE)");
    an_assert_status(p->ctx, an_pickle_global_refuse(p->ctx, "w.pth", "torchlike", "a\n"),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "w.pth: torchlike.a\\n: this file asks for code to be run");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_stand_for_data),
        cmocka_unit_test(other_names_stand_for_nothing),
        an_test_in_place(refusals_name_the_way_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
