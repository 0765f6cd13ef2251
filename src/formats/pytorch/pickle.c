/*
 * pickle.c: the stack machine of a pickle, which only builds values (CPython, Lib/pickletools.py
 * and Lib/pickle.py).
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/pickle.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <math.h>
#include <string.h>

#define PROTOCOL_MAX 5
#define OPCODES_MAX  4000000 /* several for each value that the memory holds */
#define LINE_MAX     255     /* of a number or a name */
#define INTEGER_MAX  255     /* bytes of an integer */

/* Memory that is refused, and opcodes that are damaged, set in.status, as a failed read does. */
typedef struct machine {
    an_pickle *out;
    an_pickle_source in;
    uint8_t opcode;
    bool stopped;
    size_t memory; /* what is taken of AN_PICKLE_MEMORY_MAX */
    an_pickle_value *stack, *memo;
    size_t depth, stack_room;
    size_t memo_count, memo_room; /* what was never put is a MARK */
} machine;

static alexnet_status fail(machine *m, const char *fact)
{
    if (m->in.status == ALEXNET_OK)
        m->in.status = an_fail(m->in.ctx, ALEXNET_BAD_FILE,
                               "%s: damaged pickle: opcode 0x%02x before byte %ju: %s", m->in.path,
                               m->opcode, (uintmax_t)m->in.at, fact);
    return m->in.status;
}

/* ---- memory ---- */

static alexnet_status reserve(machine *m, size_t bytes)
{
    if (m->in.status == ALEXNET_OK && bytes > AN_PICKLE_MEMORY_MAX - m->memory)
        m->in.status = an_fail(m->in.ctx, ALEXNET_BAD_FILE,
                               "%s: its pickle has more than %zu MiB of values that are no arrays",
                               m->in.path, AN_PICKLE_MEMORY_MAX >> 20);
    if (m->in.status == ALEXNET_OK) m->memory += bytes;
    return m->in.status;
}

static alexnet_status fail_memory(machine *m)
{
    m->in.status =
        an_fail(m->in.ctx, ALEXNET_NO_MEMORY, "%s: no memory for its pickle", m->in.path);
    return m->in.status;
}

/* Memory that lives as long as the values; NULL: the machine has failed. */
static void *make(machine *m, size_t bytes)
{
    if (reserve(m, AN_ROUND_UP(bytes, (size_t)16)) != ALEXNET_OK) return NULL;
    void *made = an_store_new(m->in.ctx, &m->out->store, bytes);
    if (made == NULL) fail_memory(m);
    return made;
}

/* Makes room for value `count` of a list of the machine itself. */
static alexnet_status widen(machine *m, an_pickle_value **list, size_t count, size_t *room)
{
    size_t wider = AN_MAX(*room, (size_t)64);

    if (count < *room) return ALEXNET_OK;
    if (count >= AN_PICKLE_MEMORY_MAX / sizeof **list)
        return reserve(m, AN_PICKLE_MEMORY_MAX + 1 - m->memory);
    while (wider <= count)
        wider *= 2;
    AN_TRY(reserve(m, (wider - *room) * sizeof **list));
    an_pickle_value *grown =
        an_grow(m->in.ctx, *list, *room * sizeof **list, wider * sizeof **list);
    if (grown == NULL) return fail_memory(m);
    for (size_t i = *room; i < wider; ++i)
        grown[i] = (an_pickle_value){.kind = AN_PICKLE_MARK};
    *list = grown;
    *room = wider;
    return ALEXNET_OK;
}

/* ---- the stack ---- */

static alexnet_status push(machine *m, an_pickle_value value)
{
    AN_TRY(m->in.status);
    AN_TRY(widen(m, &m->stack, m->depth, &m->stack_room));
    m->stack[m->depth++] = value;
    return ALEXNET_OK;
}

/* The value on top, or NULL: there is none, and the machine has failed. */
static an_pickle_value *top(machine *m)
{
    if (m->depth > 0 && m->stack[m->depth - 1].kind != AN_PICKLE_MARK)
        return &m->stack[m->depth - 1];
    fail(m, "there is no value on the stack");
    return NULL;
}

static alexnet_status pop(machine *m, an_pickle_value *out)
{
    const an_pickle_value *value = top(m);

    if (value == NULL) return m->in.status;
    *out = *value;
    --m->depth;
    return ALEXNET_OK;
}

/* Removes what lies above the last mark, and the mark. The values stay where they are until the
   next push. */
static alexnet_status pop_mark(machine *m, const an_pickle_value **values, size_t *count)
{
    size_t mark = m->depth;

    while (mark > 0 && m->stack[mark - 1].kind != AN_PICKLE_MARK)
        --mark;
    if (mark == 0) return fail(m, "there is no mark on the stack");
    *values = m->stack + mark;
    *count = m->depth - mark;
    m->depth = mark - 1;
    return ALEXNET_OK;
}

static alexnet_status run_mark(machine *m)
{
    return push(m, (an_pickle_value){.kind = AN_PICKLE_MARK});
}

static alexnet_status run_stop(machine *m)
{
    m->stopped = true;
    return pop(m, &m->out->value);
}

static alexnet_status run_pop(machine *m)
{
    if (m->depth == 0) return fail(m, "there is no value on the stack");
    --m->depth;
    return ALEXNET_OK;
}

static alexnet_status run_pop_mark(machine *m)
{
    const an_pickle_value *values;
    size_t count;

    return pop_mark(m, &values, &count);
}

static alexnet_status run_dup(machine *m)
{
    const an_pickle_value *value = top(m);
    return value != NULL ? push(m, *value) : m->in.status;
}

/* ---- numbers ---- */

/* Takes a line of a number or a name. */
static alexnet_status take_line(machine *m, char line[LINE_MAX + 1])
{
    const uint64_t length = an_pickle_line_length(&m->in);

    if (length > LINE_MAX) return fail(m, "its line is too long");
    an_pickle_take(&m->in, line, (size_t)length);
    an_pickle_skip(&m->in, 1);
    line[length] = '\0';
    return m->in.status;
}

static alexnet_status push_int(machine *m, int64_t number)
{
    return push(m, (an_pickle_value){.kind = AN_PICKLE_INT, .integer = number});
}

static alexnet_status push_bool(machine *m, bool truth)
{
    return push(m, (an_pickle_value){.kind = AN_PICKLE_BOOL, .truth = truth});
}

static alexnet_status push_real(machine *m, double number)
{
    return push(m, (an_pickle_value){.kind = AN_PICKLE_REAL, .real = number});
}

static alexnet_status run_none(machine *m) { return push(m, (an_pickle_value){0}); }

static alexnet_status run_bool(machine *m) { return push_bool(m, m->opcode == 0x88); }

/* BININT1, BININT2, BININT */
static alexnet_status run_small_int(machine *m)
{
    const size_t bytes = m->opcode == 'K' ? 1 : m->opcode == 'M' ? 2 : 4;
    const uint64_t number = an_pickle_take_number(&m->in, bytes);

    return push_int(m, bytes == 4 ? (int32_t)(uint32_t)number : (int64_t)number);
}

/* INT, which also has the truth values, and LONG, which ends in an L. */
static alexnet_status run_text_int(machine *m)
{
    char line[LINE_MAX + 1];
    int64_t number;

    AN_TRY(take_line(m, line));
    size_t length = strlen(line);
    if (m->opcode == 'I' && length == 2 && line[0] == '0' && (line[1] == '0' || line[1] == '1'))
        return push_bool(m, line[1] == '1');
    if (m->opcode == 'L' && length > 0 && line[length - 1] == 'L') --length;
    if (an_parse_int(line, length, &number)) return push_int(m, number);
    const size_t sign = line[0] == '-';
    if (length == sign || strspn(line + sign, "0123456789") != length - sign)
        return fail(m, "no integer");
    return push(m, (an_pickle_value){.kind = AN_PICKLE_LONG}); /* of more than 64 bits */
}

static alexnet_status run_text_real(machine *m)
{
    char line[LINE_MAX + 1];
    double number = (double)NAN;

    AN_TRY(take_line(m, line));
    if (strcmp(line, "inf") == 0 || strcmp(line, "-inf") == 0)
        number = line[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    else if (strcmp(line, "nan") != 0 && !an_parse_real(line, strlen(line), &number))
        return fail(m, "no number");
    return push_real(m, number);
}

static alexnet_status run_real(machine *m)
{
    uint64_t bits = 0;
    double number;

    for (int i = 0; i < 8; ++i)
        bits = bits << 8 | an_pickle_take_byte(&m->in);
    memcpy(&number, &bits, sizeof number);
    return push_real(m, number);
}

/* Takes a string and pushes it. */
static alexnet_status push_string(machine *m, an_pickle_kind kind, an_pickle_encoding encoding,
                                  uint64_t length)
{
    an_pickle_string *string = make(m, sizeof *string);

    if (string == NULL) return m->in.status;
    if (length <= AN_PICKLE_TEXT_MAX) AN_TRY(reserve(m, 2 * (size_t)length + 16));
    m->in.status = an_pickle_take_string(&m->in, &m->out->store, encoding, length, string);
    return push(m, (an_pickle_value){.kind = kind, .string = string});
}

/* LONG1 and LONG4 */
static alexnet_status run_long(machine *m)
{
    const uint64_t bytes = an_pickle_take_number(&m->in, m->opcode == 0x8a ? 1 : 4);

    if (bytes > INTEGER_MAX) return fail(m, "an integer of too many bytes");
    if (bytes > 8) {
        an_pickle_skip(&m->in, bytes);
        return push(m, (an_pickle_value){.kind = AN_PICKLE_LONG});
    }
    uint64_t number = an_pickle_take_number(&m->in, (size_t)bytes);
    if (bytes > 0 && bytes < 8 && number >> (8 * bytes - 1) != 0) number |= UINT64_MAX << 8 * bytes;
    return push_int(m, (int64_t)number);
}

/* ---- strings ---- */

/* Strings that follow their length. */
static alexnet_status run_string(machine *m)
{
    static const struct {
        uint8_t opcode, length_bytes;
        an_pickle_kind kind;
    } kinds[] = {
        {'T', 4, AN_PICKLE_BYTES}, {'U', 1, AN_PICKLE_BYTES},  {'B', 4, AN_PICKLE_BYTES},
        {'C', 1, AN_PICKLE_BYTES}, {0x8e, 8, AN_PICKLE_BYTES}, {0x96, 8, AN_PICKLE_BYTES},
        {'X', 4, AN_PICKLE_TEXT},  {0x8c, 1, AN_PICKLE_TEXT},  {0x8d, 8, AN_PICKLE_TEXT},
    };
    size_t i = 0;

    while (kinds[i].opcode != m->opcode)
        ++i;
    const uint64_t length = an_pickle_take_number(&m->in, kinds[i].length_bytes);
    return push_string(m, kinds[i].kind, AN_PICKLE_PLAIN, length);
}

/* STRING: a literal of Python 2 in its quotes */
static alexnet_status run_quoted(machine *m)
{
    const uint64_t length = an_pickle_line_length(&m->in);
    const uint8_t quote = an_pickle_take_byte(&m->in);

    if (length < 2 || (quote != '\'' && quote != '"')) return fail(m, "no string in quotes");
    AN_TRY(push_string(m, AN_PICKLE_BYTES, AN_PICKLE_QUOTED, length - 2));
    if (an_pickle_take_byte(&m->in) != quote) return fail(m, "no string in quotes");
    an_pickle_skip(&m->in, 1);
    return m->in.status;
}

static alexnet_status run_unicode(machine *m)
{
    const uint64_t length = an_pickle_line_length(&m->in);

    AN_TRY(push_string(m, AN_PICKLE_TEXT, AN_PICKLE_UNICODE_ESCAPED, length));
    an_pickle_skip(&m->in, 1);
    return m->in.status;
}

/* ---- lists, tuples, dicts ---- */

static an_pickle_items *make_items(machine *m, const an_pickle_value *values, size_t count)
{
    an_pickle_items *items = make(m, sizeof *items);

    if (items == NULL || count == 0) return items;
    items->values = make(m, count * sizeof *values); /* the stack has as many */
    if (items->values == NULL) return NULL;
    memcpy(items->values, values, count * sizeof *values);
    items->count = items->room = count;
    return items;
}

static alexnet_status push_items(machine *m, an_pickle_kind kind, const an_pickle_value *values,
                                 size_t count)
{
    an_pickle_items *items = make_items(m, values, count);
    return items != NULL ? push(m, (an_pickle_value){.kind = kind, .items = items}) : m->in.status;
}

static alexnet_status append(machine *m, an_pickle_items *items, const an_pickle_value *values,
                             size_t count)
{
    if (count > items->room - items->count) {
        const size_t room = AN_MAX(2 * items->room, items->count + AN_MAX(count, (size_t)4));
        an_pickle_value *wider = make(m, room * sizeof *wider);
        if (wider == NULL) return m->in.status;
        if (items->count > 0) memcpy(wider, items->values, items->count * sizeof *wider);
        items->values = wider;
        items->room = room;
    }
    if (count > 0) memcpy(items->values + items->count, values, count * sizeof *values);
    items->count += count;
    return ALEXNET_OK;
}

/* EMPTY_LIST, EMPTY_SET, EMPTY_DICT, EMPTY_TUPLE */
static alexnet_status run_empty(machine *m)
{
    return push_items(m,
                      m->opcode == ')'   ? AN_PICKLE_TUPLE
                      : m->opcode == '}' ? AN_PICKLE_DICT
                                         : AN_PICKLE_LIST,
                      NULL, 0);
}

/* LIST, FROZENSET, DICT, TUPLE, of what lies above the mark */
static alexnet_status run_collect(machine *m)
{
    const an_pickle_value *values;
    size_t count;

    AN_TRY(pop_mark(m, &values, &count));
    if (m->opcode == 'd' && count % 2 != 0) return fail(m, "a key has no value");
    return push_items(m,
                      m->opcode == 't'   ? AN_PICKLE_TUPLE
                      : m->opcode == 'd' ? AN_PICKLE_DICT
                                         : AN_PICKLE_LIST,
                      values, count);
}

/* TUPLE1, TUPLE2, TUPLE3 */
static alexnet_status run_short_tuple(machine *m)
{
    an_pickle_value values[3];
    const size_t count = (size_t)(m->opcode - 0x84);

    for (size_t i = count; i > 0; --i)
        AN_TRY(pop(m, &values[i - 1]));
    return push_items(m, AN_PICKLE_TUPLE, values, count);
}

/* Appends to the list or dict on top of the stack. */
static alexnet_status extend(machine *m, const an_pickle_value *values, size_t count)
{
    const bool pairs = m->opcode == 's' || m->opcode == 'u';
    const an_pickle_value *to = top(m);

    if (to == NULL) return m->in.status;
    if (to->kind != (pairs ? AN_PICKLE_DICT : AN_PICKLE_LIST))
        return fail(m, pairs ? "no dict on the stack" : "no list on the stack");
    if (pairs && count % 2 != 0) return fail(m, "a key has no value");
    return append(m, to->items, values, count);
}

/* APPEND, SETITEM */
static alexnet_status run_add(machine *m)
{
    an_pickle_value values[2];
    const size_t count = m->opcode == 's' ? 2 : 1;

    for (size_t i = count; i > 0; --i)
        AN_TRY(pop(m, &values[i - 1]));
    return extend(m, values, count);
}

/* APPENDS, ADDITEMS, SETITEMS */
static alexnet_status run_add_all(machine *m)
{
    const an_pickle_value *values;
    size_t count;

    AN_TRY(pop_mark(m, &values, &count));
    return extend(m, values, count);
}

/* ---- memo ---- */

/* The index of an opcode that puts into the memo or gets from it. */
static alexnet_status take_index(machine *m, bool as_line, bool as_byte, size_t *index)
{
    char line[LINE_MAX + 1];
    int64_t number;

    if (!as_line) {
        *index = (size_t)an_pickle_take_number(&m->in, as_byte ? 1 : 4);
        return m->in.status;
    }
    AN_TRY(take_line(m, line));
    if (!an_parse_int(line, strlen(line), &number) || number < 0 || number > UINT32_MAX)
        return fail(m, "no index of the memo");
    *index = (size_t)number;
    return ALEXNET_OK;
}

/* PUT, BINPUT, LONG_BINPUT, MEMOIZE */
static alexnet_status run_put(machine *m)
{
    const an_pickle_value *value = top(m);
    size_t index = m->memo_count;

    if (value == NULL) return m->in.status;
    if (m->opcode != 0x94) AN_TRY(take_index(m, m->opcode == 'p', m->opcode == 'q', &index));
    AN_TRY(widen(m, &m->memo, index, &m->memo_room));
    m->memo[index] = *value;
    m->memo_count = AN_MAX(m->memo_count, index + 1);
    return ALEXNET_OK;
}

/* GET, BINGET, LONG_BINGET */
static alexnet_status run_get(machine *m)
{
    size_t index;

    AN_TRY(take_index(m, m->opcode == 'g', m->opcode == 'h', &index));
    if (index >= m->memo_count || m->memo[index].kind == AN_PICKLE_MARK)
        return fail(m, "nothing was put there in the memo");
    return push(m, m->memo[index]);
}

/* ---- names and calls ---- */

static alexnet_status find_global(machine *m, const char *module, const char *name,
                                  an_pickle_value *out)
{
    const an_pickle_global *global = an_pickle_global_find(module, name);

    *out = (an_pickle_value){.kind = AN_PICKLE_GLOBAL, .global = global};
    if (global == NULL) m->in.status = an_pickle_global_refuse(m->in.ctx, m->in.path, module, name);
    return m->in.status;
}

static alexnet_status take_global(machine *m, an_pickle_value *out)
{
    char module[LINE_MAX + 1], name[LINE_MAX + 1];

    AN_TRY(take_line(m, module));
    AN_TRY(take_line(m, name));
    return find_global(m, module, name, out);
}

static alexnet_status run_global(machine *m)
{
    an_pickle_value global;

    AN_TRY(take_global(m, &global));
    return push(m, global);
}

static alexnet_status run_stack_global(machine *m)
{
    an_pickle_value module, name, global;

    AN_TRY(pop(m, &name));
    AN_TRY(pop(m, &module));
    const char *module_text = an_pickle_text(&module), *name_text = an_pickle_text(&name);
    if (module_text == NULL || name_text == NULL) return fail(m, "a name is no text");
    AN_TRY(find_global(m, module_text, name_text, &global));
    return push(m, global);
}

/* An OrderedDict of Python 2 gets its pairs as a list. */
static alexnet_status push_ordered_dict(machine *m, const an_pickle_items *arguments)
{
    const an_pickle_value *list = an_pickle_item(arguments, 0);

    AN_TRY(push_items(m, AN_PICKLE_DICT, NULL, 0));
    if (list->kind != AN_PICKLE_LIST && list->kind != AN_PICKLE_TUPLE) return ALEXNET_OK;
    for (size_t i = 0; i < list->items->count; ++i) {
        const an_pickle_value *pair = &list->items->values[i];
        if ((pair->kind != AN_PICKLE_LIST && pair->kind != AN_PICKLE_TUPLE) ||
            pair->items->count != 2)
            return fail(m, "an OrderedDict of what are no pairs");
        AN_TRY(append(m, m->stack[m->depth - 1].items, pair->items->values, 2));
    }
    return ALEXNET_OK;
}

/* Pushes what a function or class would make of its arguments. */
static alexnet_status call(machine *m, const an_pickle_value *function, an_pickle_items *arguments)
{
    if (function->kind != AN_PICKLE_GLOBAL || function->global->role < AN_PICKLE_ORDERED_DICT)
        return fail(m, "it calls what is no function");
    if (function->global->role == AN_PICKLE_ORDERED_DICT) return push_ordered_dict(m, arguments);
    an_pickle_object *object = make(m, sizeof *object);
    if (object == NULL) return m->in.status;
    object->global = function->global;
    object->arguments = arguments;
    return push(m, (an_pickle_value){.kind = AN_PICKLE_OBJECT, .object = object});
}

/* REDUCE, NEWOBJ, NEWOBJ_EX, the last with arguments by name, which no class here takes */
static alexnet_status run_call(machine *m)
{
    an_pickle_value named, arguments, function;

    if (m->opcode == 0x92) AN_TRY(pop(m, &named));
    AN_TRY(pop(m, &arguments));
    AN_TRY(pop(m, &function));
    if (arguments.kind != AN_PICKLE_TUPLE) return fail(m, "arguments that are no tuple");
    return call(m, &function, arguments.items);
}

/* OBJ and INST: an instance of a class of Python 2, of what lies above the mark */
static alexnet_status run_instance(machine *m)
{
    an_pickle_value type;
    const an_pickle_value *values;
    size_t count;

    if (m->opcode == 'i') AN_TRY(take_global(m, &type));
    AN_TRY(pop_mark(m, &values, &count));
    if (m->opcode == 'o') {
        if (count == 0) return fail(m, "no class above the mark");
        type = *values++;
        --count;
    }
    an_pickle_items *arguments = make_items(m, values, count);
    return arguments != NULL ? call(m, &type, arguments) : m->in.status;
}

/* The attributes of a dict ("_metadata" of a state_dict) are of no interest. */
static alexnet_status run_build(machine *m)
{
    an_pickle_value state;

    AN_TRY(pop(m, &state));
    const an_pickle_value *value = top(m);
    if (value == NULL) return m->in.status;
    if (value->kind == AN_PICKLE_OBJECT)
        value->object->state = state;
    else if (value->kind != AN_PICKLE_DICT)
        return fail(m, "it sets the state of what has none");
    return ALEXNET_OK;
}

static alexnet_status push_persistent(machine *m, an_pickle_value key)
{
    an_pickle_value *id = make(m, sizeof *id);

    if (id == NULL) return m->in.status;
    *id = key;
    AN_TRY(append(m, &m->out->persistent, id, 1));
    return push(m, (an_pickle_value){.kind = AN_PICKLE_PERSISTENT, .id = id});
}

/* PERSID and BINPERSID */
static alexnet_status run_persistent(machine *m)
{
    an_pickle_value key;

    if (m->opcode == 'P') {
        AN_TRY(push_string(m, AN_PICKLE_TEXT, AN_PICKLE_PLAIN, an_pickle_line_length(&m->in)));
        an_pickle_skip(&m->in, 1);
    }
    AN_TRY(pop(m, &key));
    return push_persistent(m, key);
}

/* ---- the machine ---- */

static alexnet_status run_protocol(machine *m)
{
    const uint8_t protocol = an_pickle_take_byte(&m->in);

    if (m->in.status == ALEXNET_OK && protocol > PROTOCOL_MAX)
        m->in.status =
            an_fail(m->in.ctx, ALEXNET_UNSUPPORTED, "%s: a pickle of protocol %d; expected 0 to %d",
                    m->in.path, protocol, PROTOCOL_MAX);
    return m->in.status;
}

/* A frame says how many bytes may be read ahead. */
static alexnet_status run_frame(machine *m)
{
    const uint64_t bytes = an_pickle_take_number(&m->in, 8);
    return bytes <= m->in.end - m->in.at ? m->in.status : fail(m, "a frame beyond the end");
}

/* clang-format off */
static alexnet_status (*const opcodes[256])(machine *m) = {
    ['('] = run_mark, ['.'] = run_stop, ['0'] = run_pop, ['1'] = run_pop_mark, ['2'] = run_dup,
    ['N'] = run_none, [0x88] = run_bool, [0x89] = run_bool,
    ['K'] = run_small_int, ['M'] = run_small_int, ['J'] = run_small_int,
    ['I'] = run_text_int, ['L'] = run_text_int, [0x8a] = run_long, [0x8b] = run_long,
    ['F'] = run_text_real, ['G'] = run_real,
    ['S'] = run_quoted, ['T'] = run_string, ['U'] = run_string,
    ['V'] = run_unicode, ['X'] = run_string, [0x8c] = run_string, [0x8d] = run_string,
    ['B'] = run_string, ['C'] = run_string, [0x8e] = run_string, [0x96] = run_string,
    [']'] = run_empty, [')'] = run_empty, ['}'] = run_empty, [0x8f] = run_empty,
    ['l'] = run_collect, ['t'] = run_collect, ['d'] = run_collect, [0x91] = run_collect,
    [0x85] = run_short_tuple, [0x86] = run_short_tuple, [0x87] = run_short_tuple,
    ['a'] = run_add, ['s'] = run_add,
    ['e'] = run_add_all, ['u'] = run_add_all, [0x90] = run_add_all,
    ['p'] = run_put, ['q'] = run_put, ['r'] = run_put, [0x94] = run_put,
    ['g'] = run_get, ['h'] = run_get, ['j'] = run_get,
    ['c'] = run_global, [0x93] = run_stack_global,
    ['R'] = run_call, [0x81] = run_call, [0x92] = run_call,
    ['o'] = run_instance, ['i'] = run_instance, ['b'] = run_build,
    ['P'] = run_persistent, ['Q'] = run_persistent,
    [0x80] = run_protocol, [0x95] = run_frame,
};
/* clang-format on */

static alexnet_status run(machine *m)
{
    for (int i = 0; !m->stopped; ++i) {
        m->opcode = an_pickle_take_byte(&m->in);
        AN_TRY(m->in.status);
        if (opcodes[m->opcode] == NULL) return fail(m, "there is no such opcode, or it is refused");
        if (i == OPCODES_MAX) return fail(m, "too many opcodes");
        AN_TRY(opcodes[m->opcode](m));
        AN_TRY(m->in.status);
    }
    return ALEXNET_OK;
}

alexnet_status an_pickle_read(alexnet_context *ctx, const char *path, const an_reader *reader,
                              uint64_t place, uint64_t end, an_pickle *out)
{
    machine m = {.out = out};

    *out = (an_pickle){0};
    alexnet_status status = an_pickle_source_open(ctx, path, reader, place, end, &m.in);
    if (status == ALEXNET_OK) status = run(&m);
    out->end = m.in.at;
    an_pickle_source_close(&m.in);
    an_free(ctx, m.stack);
    an_free(ctx, m.memo);
    return status;
}

void an_pickle_close(alexnet_context *ctx, an_pickle *pickle)
{
    an_store_free(ctx, &pickle->store);
    *pickle = (an_pickle){0};
}

/* ---- looking at values ---- */

const char *an_pickle_text(const an_pickle_value *value)
{
    if (value->kind != AN_PICKLE_TEXT && value->kind != AN_PICKLE_BYTES) return NULL;
    const an_pickle_string *string = value->string;
    return string->text != NULL && strlen(string->text) == string->text_length ? string->text
                                                                               : NULL;
}

bool an_pickle_is(const an_pickle_value *value, const char *text)
{
    const char *found = an_pickle_text(value);
    return found != NULL && strcmp(found, text) == 0;
}

const an_pickle_value *an_pickle_get(const an_pickle_value *dict, const char *key)
{
    const an_pickle_value *found = NULL;

    if (dict->kind != AN_PICKLE_DICT) return NULL;
    for (size_t i = 0; i < dict->items->count; i += 2)
        if (an_pickle_is(&dict->items->values[i], key)) found = &dict->items->values[i + 1];
    return found;
}

const an_pickle_object *an_pickle_made_by(const an_pickle_value *value, an_pickle_role role)
{
    return value->kind == AN_PICKLE_OBJECT && value->object->global->role == role ? value->object
                                                                                  : NULL;
}

const an_pickle_value *an_pickle_item(const an_pickle_items *items, size_t i)
{
    static const an_pickle_value none;
    return i < items->count ? &items->values[i] : &none;
}

bool an_pickle_integers(const an_pickle_value *value, int64_t *out, int max, int *count)
{
    const an_pickle_object *size = an_pickle_made_by(value, AN_PICKLE_SIZE);

    if (size != NULL) value = an_pickle_item(size->arguments, 0);
    if ((value->kind != AN_PICKLE_TUPLE && value->kind != AN_PICKLE_LIST) ||
        value->items->count > (size_t)max)
        return false;
    for (size_t i = 0; i < value->items->count; ++i) {
        const an_pickle_value *item = &value->items->values[i];
        if (item->kind != AN_PICKLE_INT || item->integer < 0) return false;
        out[i] = item->integer;
    }
    *count = (int)value->items->count;
    return true;
}
