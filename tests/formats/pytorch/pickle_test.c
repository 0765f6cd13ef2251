/*
 * pickle_test.c: every opcode and what it builds, as Python would print it; what is refused;
 * pickles that would run code; pickles that are small but ask for much.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/pytorch/pickle.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A pickle in a block of its size, so that a sanitizer detects the first byte read beyond it. */
static alexnet_status read_bytes(alexnet_context *ctx, const void *data, size_t size,
                                 an_pickle *out)
{
    uint8_t *copy = malloc(size + (size == 0));

    assert_non_null(copy);
    memcpy(copy, data, size);
    const an_reader reader = an_reader_of(copy, size);
    const alexnet_status status = an_pickle_read(ctx, "w.pkl", &reader, 0, size, out);
    free(copy); /* short texts were copied */
    return status;
}

/* ---- values as text ---- */

#define SHOWN 1000

static void show(const an_pickle_value *value, char *text);

static void show_items(const an_pickle_items *items, const char *brackets, bool dict, char *text)
{
    snprintf(text + strlen(text), SHOWN - strlen(text), "%c", brackets[0]);
    for (size_t i = 0; i < items->count; ++i) {
        if (i > 0) strcat(text, dict && i % 2 == 1 ? ": " : ", ");
        show(&items->values[i], text);
    }
    snprintf(text + strlen(text), SHOWN - strlen(text), "%c", brackets[1]);
}

static void show(const an_pickle_value *value, char *text)
{
    char *end = text + strlen(text);
    const size_t room = SHOWN - strlen(text);

    switch (value->kind) {
    case AN_PICKLE_NONE:
        snprintf(end, room, "None");
        break;
    case AN_PICKLE_BOOL:
        snprintf(end, room, value->truth ? "True" : "False");
        break;
    case AN_PICKLE_INT:
        snprintf(end, room, "%lld", (long long)value->integer);
        break;
    case AN_PICKLE_LONG:
        snprintf(end, room, "long");
        break;
    case AN_PICKLE_REAL:
        snprintf(end, room, "%.9g", value->real);
        break;
    case AN_PICKLE_TEXT:
    case AN_PICKLE_BYTES:
        snprintf(end, room, "%s'%s'", value->kind == AN_PICKLE_BYTES ? "b" : "",
                 value->string->text != NULL ? value->string->text : "...");
        break;
    case AN_PICKLE_LIST:
        show_items(value->items, "[]", false, text);
        break;
    case AN_PICKLE_TUPLE:
        show_items(value->items, "()", false, text);
        break;
    case AN_PICKLE_DICT:
        show_items(value->items, "{}", true, text);
        break;
    case AN_PICKLE_GLOBAL:
        snprintf(end, room, "%s.%s", value->global->module, value->global->name);
        break;
    case AN_PICKLE_OBJECT:
        snprintf(end, room, "%s", value->object->global->name);
        show_items(value->object->arguments, "()", false, text);
        if (value->object->state.kind == AN_PICKLE_NONE) break;
        strcat(text, ".");
        show(&value->object->state, text);
        break;
    case AN_PICKLE_PERSISTENT:
        snprintf(end, room, "#");
        show(value->id, text);
        break;
    case AN_PICKLE_MARK:
        snprintf(end, room, "MARK");
    }
}

/* ---- what is read ---- */

#define PICKLE(text) text, sizeof text - 1

static void every_opcode_builds_its_value(void **state)
{
    static const struct {
        const char *pickle;
        size_t bytes;
        const char *value;
    } rows[] = {
        {PICKLE("N."), "None"},
        {PICKLE("\x88."), "True"},
        {PICKLE("\x89."), "False"},
        {PICKLE("I01\n."), "True"},
        {PICKLE("I00\n."), "False"},
        {PICKLE("I-12\n."), "-12"},
        {PICKLE("L34L\n."), "34"},
        {PICKLE("L34\n."), "34"},
        {PICKLE("L-119547037146038801333356L\n."), "long"},
        {PICKLE("K\xff."), "255"},
        {PICKLE("M\x01\x02."), "513"},
        {PICKLE("J\xff\xff\xff\xff."), "-1"},
        {PICKLE("\x8a\x00."), "0"},
        {PICKLE("\x8a\x01\x80."), "-128"},
        {PICKLE("\x8a\x02\xff\x00."), "255"},
        {PICKLE("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f."), "9223372036854775807"},
        {PICKLE("\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00."), "long"},
        {PICKLE("\x8b\x02\x00\x00\x00\x01\x02."), "513"},
        {PICKLE("F1.5\n."), "1.5"},
        {PICKLE("F-inf\n."), "-inf"},
        {PICKLE("Finf\n."), "inf"},
        {PICKLE("Fnan\n."), "nan"},
        {PICKLE("G\x3f\xf8\0\0\0\0\0\0."), "1.5"},
        {PICKLE("S'a\\x62\\n\\\\\\''\n."), "b'ab\n\\''"},
        {PICKLE("S\"it's\"\n."), "b'it's'"},
        {PICKLE("Va\\u0062\\\xe9\n."), "'ab\\\xc3\xa9'"},
        {PICKLE("V\\u20ac\n."), "'\xe2\x82\xac'"},
        {PICKLE("U\x02"
                "ab."),
         "b'ab'"},
        {PICKLE("T\x02\0\0\0"
                "ab."),
         "b'ab'"},
        {PICKLE("C\x02"
                "ab."),
         "b'ab'"},
        {PICKLE("B\x02\0\0\0"
                "ab."),
         "b'ab'"},
        {PICKLE("\x8e\x02\0\0\0\0\0\0\0"
                "ab."),
         "b'ab'"},
        {PICKLE("\x96\x02\0\0\0\0\0\0\0"
                "ab."),
         "b'ab'"},
        {PICKLE("X\x02\0\0\0"
                "ab."),
         "'ab'"},
        {PICKLE("\x8c\x02"
                "ab."),
         "'ab'"},
        {PICKLE("\x8d\x02\0\0\0\0\0\0\0"
                "ab."),
         "'ab'"},
        {PICKLE("]."), "[]"},
        {PICKLE(")."), "()"},
        {PICKLE("}."), "{}"},
        {PICKLE("\x8f."), "[]"},
        {PICKLE("(K\1K\2l."), "[1, 2]"},
        {PICKLE("(K\1K\2\x91."), "[1, 2]"},
        {PICKLE("(K\1(K\2tt."), "(1, (2))"},
        {PICKLE("(K\1K\2d."), "{1: 2}"},
        {PICKLE("K\1\x85."), "(1)"},
        {PICKLE("K\1K\2\x86."), "(1, 2)"},
        {PICKLE("K\1K\2K\3\x87."), "(1, 2, 3)"},
        {PICKLE("]K\1a]aK\2a."), "[1, [], 2]"},
        {PICKLE("](K\1K\2K\3K\4K\5e."), "[1, 2, 3, 4, 5]"},
        {PICKLE("\x8f(K\1K\2\x90."), "[1, 2]"},
        {PICKLE("}K\1K\2s."), "{1: 2}"},
        {PICKLE("}(K\1K\2K\3Nu."), "{1: 2, 3: None}"},
        {PICKLE("K\1K\0020."), "1"},
        {PICKLE("K\1(K\2K\0031."), "1"},
        {PICKLE("K\1(0."), "1"},
        {PICKLE("K\0012\x86."), "(1, 1)"},
        {PICKLE("(K\1p5\ng5\nt."), "(1, 1)"},
        {PICKLE("(K\1q\5h\5t."), "(1, 1)"},
        {PICKLE("(K\1r\0\1\0\0j\0\1\0\0t."), "(1, 1)"},
        {PICKLE("(K\1\x94K\2\x94h\1t."), "(1, 2, 2)"},
        {PICKLE("cnumpy\nndarray\n."), "numpy.ndarray"},
        {PICKLE("\x8c\5numpy\x8c\7ndarray\x93."), "numpy.ndarray"},
        {PICKLE("ccollections\nOrderedDict\n)R."), "{}"},
        {PICKLE("ccollections\nOrderedDict\n(](](K\1K\2e](K\3K\4eetR."), "{1: 2, 3: 4}"},
        {PICKLE("ccollections\nOrderedDict\n)R}X\1\0\0\0mNsb."), "{}"},
        {PICKLE("ctorch\nSize\n(K\1K\2tR."), "Size(1, 2)"},
        {PICKLE("ctorch\nSize\n)\x81K\1b."), "Size().1"},
        {PICKLE("ctorch\nSize\n)}\x92."), "Size()"},
        {PICKLE("(ctorch\nSize\nK\1o."), "Size(1)"},
        {PICKLE("(K\1itorch\nSize\n."), "Size(1)"},
        {PICKLE("Pkey\n."), "#'key'"},
        {PICKLE("(K\1K\2tQ."), "#(1, 2)"},
        {PICKLE("\x80\2N."), "None"},
        {PICKLE("\x80\4\x95\2\0\0\0\0\0\0\0N."), "None"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_pickle pickle;
        char text[SHOWN + 8] = "";
        const alexnet_status status = read_bytes(p->ctx, rows[i].pickle, rows[i].bytes, &pickle);
        if (status != ALEXNET_OK) print_error("%s\n", rows[i].value);
        an_assert_ok(p->ctx, status);
        show(&pickle.value, text);
        assert_string_equal(text, rows[i].value);
        assert_int_equal(pickle.end, rows[i].bytes);
        an_pickle_close(p->ctx, &pickle);
    }
}

static void values_are_found(void **state)
{
    const an_test_place *p = *state;
    an_pickle pickle;
    int64_t numbers[2];
    int count;

    an_assert_ok(p->ctx,
                 read_bytes(p->ctx,
                            PICKLE("}(X\1\0\0\0aK\1U\1bctorch\nSize\n((K\2K\3ttR"
                                   "X\1\0\0\0a(K\4JO\xff\xff\xfftX\1\0\0\0zT\3\0\0\0a\0bu."),
                            &pickle));
    const an_pickle_value *root = &pickle.value;
    assert_null(an_pickle_get(root, "c"));
    assert_null(an_pickle_get(an_pickle_get(root, "a"), "a"));
    assert_int_equal(an_pickle_get(root, "a")->kind, AN_PICKLE_TUPLE); /* the last of two */
    assert_false(an_pickle_integers(an_pickle_get(root, "a"), numbers, 2, &count)); /* negative */
    assert_null(an_pickle_text(an_pickle_get(root, "z")));
    assert_false(an_pickle_is(an_pickle_get(root, "z"), "a"));
    assert_false(an_pickle_integers(root, numbers, 2, &count));
    assert_null(an_pickle_made_by(root, AN_PICKLE_SIZE));
    assert_non_null(an_pickle_made_by(an_pickle_get(root, "b"), AN_PICKLE_SIZE));
    assert_null(an_pickle_made_by(an_pickle_get(root, "b"), AN_PICKLE_TENSOR));
    assert_int_equal(an_pickle_item(root->items, 99)->kind, AN_PICKLE_NONE);
    an_pickle_close(p->ctx, &pickle);
}

static void integers_may_be_in_a_size(void **state)
{
    const an_test_place *p = *state;
    an_pickle pickle;
    int64_t numbers[3];
    int count;

    an_assert_ok(p->ctx, read_bytes(p->ctx, PICKLE("ctorch\nSize\n((K\2K\3ttR."), &pickle));
    assert_true(an_pickle_integers(&pickle.value, numbers, 3, &count));
    assert_int_equal(count, 2);
    assert_int_equal(numbers[1], 3);
    assert_false(an_pickle_integers(&pickle.value, numbers, 1, &count));
    an_pickle_close(p->ctx, &pickle);
}

static void long_strings_stay_in_the_file(void **state)
{
    const an_test_place *p = *state;
    const size_t length = 100000;
    uint8_t *data = malloc(length + 6);
    an_pickle pickle;

    assert_non_null(data);
    memset(data, 'x', length + 6);
    memcpy(data, "B\xa0\x86\1\0", 5); /* 100,000 */
    data[length + 5] = '.';
    an_assert_ok(p->ctx, read_bytes(p->ctx, data, length + 6, &pickle));
    assert_int_equal(pickle.value.string->place, 5);
    assert_int_equal(pickle.value.string->length, length);
    assert_null(pickle.value.string->text);
    assert_null(an_pickle_text(&pickle.value));
    an_pickle_close(p->ctx, &pickle);
    free(data);
}

/* ---- what is refused ---- */

static void refuse(alexnet_context *ctx, const void *data, size_t bytes, alexnet_status expected,
                   const char *part)
{
    an_pickle pickle;
    const alexnet_status status = read_bytes(ctx, data, bytes, &pickle);

    if (status != expected) print_error("expected: %s\n", part);
    an_assert_status(ctx, status, expected);
    an_assert_error(ctx, part);
    an_assert_error(ctx, "w.pkl");
    an_pickle_close(ctx, &pickle);
}

static void damaged_pickles_are_refused(void **state)
{
    static const struct {
        const char *pickle;
        size_t bytes;
        const char *part;
    } rows[] = {
        {PICKLE(""), "truncated: its pickle needs 1 bytes at 0, but ends at 0"},
        {PICKLE("N"), "truncated"},
        {PICKLE("."), "opcode 0x2e before byte 1: there is no value on the stack"},
        {PICKLE("(."), "there is no value on the stack"},
        {PICKLE("0."), "there is no value on the stack"},
        {PICKLE("2."), "there is no value on the stack"},
        {PICKLE("1."), "there is no mark on the stack"},
        {PICKLE("N1."), "there is no mark on the stack"},
        {PICKLE("Nt."), "there is no mark on the stack"},
        {PICKLE("Nl."), "there is no mark on the stack"},
        {PICKLE("N\x86."), "there is no value on the stack"},
        {PICKLE("(K\1d."), "a key has no value"},
        {PICKLE("}(K\1u."), "a key has no value"},
        {PICKLE("](K\1u."), "no dict on the stack"},
        {PICKLE("]K\1K\1s."), "no dict on the stack"},
        {PICKLE("}(K\1e."), "no list on the stack"},
        {PICKLE(")K\1a."), "no list on the stack"},
        {PICKLE("(K\1e."), "there is no value on the stack"},
        {PICKLE("Ix\n."), "no integer"},
        {PICKLE("I\n."), "no integer"},
        {PICKLE("L-L\n."), "no integer"},
        {PICKLE("L999999999999999999999x\n."), "no integer"},
        {PICKLE("Fx\n."), "no number"},
        {PICKLE("F1,5\n."), "no number"},
        {PICKLE("I1"), "truncated"},
        {PICKLE("Sabc\n."), "no string in quotes"},
        {PICKLE("S'abc\n."), "no string in quotes"},
        {PICKLE("S'\n."), "no string in quotes"},
        {PICKLE("S\n."), "no string in quotes"},
        {PICKLE("S'a\\q'\n."), "badly encoded"},
        {PICKLE("S'a\\'\n."), "badly encoded"},
        {PICKLE("S'a\\x4'\n."), "badly encoded"},
        {PICKLE("Va\\u12\n."), "badly encoded"},
        {PICKLE("X\xff\xff\xff\xff."), "truncated: its pickle needs 4294967295 bytes at 5"},
        {PICKLE("X\5\0\0\0ab."), "truncated"},
        {PICKLE("\x8e\xff\xff\xff\xff\xff\xff\xff\xff."),
         "truncated: its pickle needs 18446744073709551615 bytes"},
        {PICKLE("\x8b\0\1\0\0."), "an integer of too many bytes"},
        {PICKLE("\x8b\xff\xff\xff\xff."), "an integer of too many bytes"},
        {PICKLE("\x8a\x10."), "truncated"},
        {PICKLE("h\0."), "nothing was put there in the memo"},
        {PICKLE("Nq\2h\1."), "nothing was put there in the memo"},
        {PICKLE("g-1\n."), "no index of the memo"},
        {PICKLE("Np4294967296\n."), "no index of the memo"},
        {PICKLE("Np99999999999999999999\n."), "no index of the memo"},
        {PICKLE("q\0."), "there is no value on the stack"},
        {PICKLE("NN\x93."), "a name is no text"},
        {PICKLE("X\1\0\0\0aN\x93."), "a name is no text"},
        {PICKLE("K\1)R."), "it calls what is no function"},
        {PICKLE("ctorch\nFloatStorage\n)R."), "it calls what is no function"},
        {PICKLE("ctorch\nfloat32\n)R."), "it calls what is no function"},
        {PICKLE("cnumpy\nndarray\n)\x81."), "it calls what is no function"},
        {PICKLE("ctorch\nSize\nNR."), "arguments that are no tuple"},
        {PICKLE("ctorch\nSize\n]R."), "arguments that are no tuple"},
        {PICKLE("ccollections\nOrderedDict\n(](K\1etR."), "an OrderedDict of what are no pairs"},
        {PICKLE("ccollections\nOrderedDict\n(](](K\1eetR."), "an OrderedDict of what are no pairs"},
        {PICKLE("(o."), "no class above the mark"},
        {PICKLE("(K\1o."), "it calls what is no function"},
        {PICKLE("NNb."), "it sets the state of what has none"},
        {PICKLE("Nb."), "there is no value on the stack"},
        {PICKLE("Q."), "there is no value on the stack"},
        {PICKLE("\x80\4\x95\5\0\0\0\0\0\0\0N."), "a frame beyond the end"},
        {PICKLE("\x82\1."), "opcode 0x82 before byte 1: there is no such opcode, or it is refused"},
        {PICKLE("\x83\1\1."), "opcode 0x83"},
        {PICKLE("\x84\1\1\1\1."), "opcode 0x84"},
        {PICKLE("\x97."), "opcode 0x97"},
        {PICKLE("\x98."), "opcode 0x98"},
        {PICKLE("\0."), "opcode 0x00"},
        {PICKLE("\xff."), "opcode 0xff"},
        {PICKLE("Z."), "opcode 0x5a"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        refuse(p->ctx, rows[i].pickle, rows[i].bytes, ALEXNET_BAD_FILE, rows[i].part);
    refuse(p->ctx, "\x80\6N.", 4, ALEXNET_UNSUPPORTED, "a pickle of protocol 6; expected 0 to 5");
}

static void long_names_are_refused(void **state)
{
    const an_test_place *p = *state;
    char text[600];

    memset(text, 'x', sizeof text);
    text[0] = 'c';
    text[300] = '\n';
    text[599] = '\n';
    refuse(p->ctx, text, sizeof text, ALEXNET_BAD_FILE, "its line is too long");
}

/* Each would leave a file behind if it were run. */
static void nothing_is_executed(void **state)
{
    static const struct {
        const char *before, *after, *name; /* of the command */
    } rows[] = {
        {"cos\nsystem\n(S'", "'\ntR.", "os.system"},
        {"\x80\2cposix\nsystem\n(X\x50\0\0\0", "tR.", "posix.system"},
        {"(S'", "'\nios\nsystem\n.", "os.system"},
        {"(cos\nsystem\nS'", "'\no.", "os.system"},
        {"\x80\4\x8c\2os\x8c\6system\x93\x8c\x50", "\x85R.", "os.system"},
        {"csubprocess\nPopen\n((S'touch'\nS'", "'\nltR.", "subprocess.Popen"},
        {"csubprocess\ncheck_output\n(S'", "'\ntR.", "subprocess.check_output"},
        {"cbuiltins\neval\n(S'", "'\ntR.", "builtins.eval"},
        {"cbuiltins\nexec\n(S'", "'\ntR.", "builtins.exec"},
        {"c__builtin__\nexecfile\n(S'", "'\ntR.", "__builtin__.execfile"},
        {"cbuiltins\ngetattr\n(S'", "'\ntR.", "builtins.getattr"},
        {"crunpy\n_run_code\n(S'", "'\ntR.", "runpy._run_code"},
        {"cnumpy.testing._private.utils\nrunstring\n(S'", "'\n}tR.",
         "numpy.testing._private.utils.runstring"},
        {"ctorch.serialization\nload\n(S'", "'\ntR.", "torch.serialization.load"},
        {"ctorch.hub\nload\n(S'", "'\ntR.", "torch.hub.load"},
        {"ctorch.storage\n_load_from_bytes\n(S'", "'\ntR.", "torch.storage._load_from_bytes"},
        {"c_codecs\ndecode\n(S'", "'\ntR.", "_codecs.decode"},
        {"ccopyreg\n_reconstructor\n(S'", "'\ntR.", "copyreg._reconstructor"},
        {"coptions.os\nsystem\n(S'", "'\ntR.", "options.os.system"},
        {"ctorch\n_utils._rebuild_tensor\n(S'", "'\ntR.", "torch._utils._rebuild_tensor"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const char *victim = an_test_path(p->folder, "victim");
        char pickle[1000];
        const int bytes = snprintf(pickle, sizeof pickle, "%stouch %-74s%s", rows[i].before, victim,
                                   rows[i].after);
        refuse(p->ctx, pickle, (size_t)bytes, ALEXNET_BAD_FILE, rows[i].name);
        assert_int_equal(an_test_count_entries(p->folder), 0);
    }
}

static void a_refusal_says_how_to_save(void **state)
{
    const an_test_place *p = *state;

    refuse(p->ctx, PICKLE("cos\nsystem\n."), ALEXNET_BAD_FILE,
           "w.pkl: os.system: this file asks for code to be run; only plain tensors and arrays in "
           "dicts are read, as by torch.save(model.state_dict(), FILE)");
    refuse(p->ctx, PICKLE("ctorchvision.models.alexnet\nAlexNet\n."), ALEXNET_BAD_FILE,
           "w.pkl: torchvision.models.alexnet.AlexNet: only plain tensors in dicts are read, "
           "nothing that has code; save the weights by torch.save(model.state_dict(), FILE)");
    refuse(p->ctx, PICKLE("c\x1b[31m\nx\n."), ALEXNET_BAD_FILE, "\\x1b[31m.x");
}

/* ---- small pickles that ask for much ---- */

/* Repeats a part many times between a start and an end. */
static void refuse_repeated(alexnet_context *ctx, const char *start, const char *part,
                            size_t part_bytes, size_t times, const char *message)
{
    const size_t head = strlen(start);
    uint8_t *data = malloc(head + part_bytes * times + 1);

    assert_non_null(data);
    memcpy(data, start, head);
    for (size_t i = 0; i < times; ++i)
        memcpy(data + head + i * part_bytes, part, part_bytes);
    data[head + part_bytes * times] = '.';
    refuse(ctx, data, head + part_bytes * times + 1, ALEXNET_BAD_FILE, message);
    free(data);
}

static void bombs_are_refused(void **state)
{
    static const char much[] = "its pickle has more than 4 MiB of values that are no arrays";
    const an_test_place *p = *state;

    refuse_repeated(p->ctx, "", PICKLE("N"), 1000000, much);
    refuse_repeated(p->ctx, "", PICKLE("("), 1000000, much);
    refuse_repeated(p->ctx, "]", PICKLE("]a"), 1000000, much);
    refuse_repeated(p->ctx, "N", PICKLE("\x85"), 1000000, much);
    refuse_repeated(p->ctx, "N", PICKLE("\x94"), 1000000, much);
    refuse_repeated(p->ctx, "]", PICKLE("C\1xa"), 1000000, much);
    refuse_repeated(p->ctx, "(", PICKLE("K\1K\2"), 1000000, much);
    refuse_repeated(p->ctx, "N", PICKLE("20"), 4000000, "too many opcodes");
    refuse(p->ctx, PICKLE("Nr\xff\xff\xff\xff."), ALEXNET_BAD_FILE, much);
    refuse(p->ctx, PICKLE("Np4294967295\n."), ALEXNET_BAD_FILE, much);
    refuse(p->ctx, PICKLE("Nr\0\0\10\0."), ALEXNET_BAD_FILE, much);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(every_opcode_builds_its_value),
        an_test_in_place(values_are_found),
        an_test_in_place(integers_may_be_in_a_size),
        an_test_in_place(long_strings_stay_in_the_file),
        an_test_in_place(damaged_pickles_are_refused),
        an_test_in_place(long_names_are_refused),
        an_test_in_place(nothing_is_executed),
        an_test_in_place(a_refusal_says_how_to_save),
        an_test_in_place(bombs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
