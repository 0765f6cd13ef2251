#!/usr/bin/env python3
"""Writes calls.inc: calls of every function of the public header with every wrong argument.

usage: make_calls.py alexnet.h > calls.inc

Each pointer is NULL once, each number is far out of its range, and so is each member of a struct of
options. The table RIGHT has a valid argument for each parameter. The tables after it list what may
be NULL, and what may be any number, as the header says. A parameter that no table has ends the
generator with an error, so that no new function is forgotten.
SPDX-License-Identifier: MIT
"""

import re
import sys

# Valid arguments: by "function.parameter", else by the parameter's type and name, else by its type.
RIGHT = {
    "alexnet_open.options": "&f->options",
    "alexnet_open.out": "&f->ctx2",
    "alexnet_close.ctx": "NULL",
    "alexnet_context *": "f->ctx",
    "const alexnet_context *": "f->ctx",
    "alexnet_machine *": "&f->machine",
    "alexnet_family_info *": "&f->family",
    "const char * family": "FAMILY",
    "const alexnet_model_options *": "&f->model_options",
    "alexnet_model_free.model": "NULL",
    "alexnet_model **": "&f->model2",
    "alexnet_model *": "f->model",
    "const alexnet_model *": "f->model",
    "alexnet_model_save.path": "f->new_file",
    "const char * path": "f->weights",
    "const char * weights": "f->weights",
    "alexnet_orientation": "ALEXNET_ORIENTATION_EXIF",
    "const alexnet_run_size *": "&f->size",
    "alexnet_model_info *": "&f->info",
    "alexnet_layer_info *": "&f->layer",
    "alexnet_tensor_info *": "&f->tensor",
    "alexnet_memory_info *": "&f->memory",
    "alexnet_pass_info *": "f->passes",
    "const char * key": '"format"',
    "char * hex": "f->hex",
    "const char * output": '"prob"',
    "alexnet_session_close.session": "NULL",
    "alexnet_session **": "&f->session2",
    "alexnet_session *": "f->session",
    "const alexnet_session *": "f->session",
    "int * shape": "f->shape",
    "const float * images": "f->images",
    "float * out": "f->probs",
    "alexnet_model_share.ctx": "f->other",
    "alexnet_classifier_share.ctx": "f->other",
    "const alexnet_image_bytes *": "&f->image",
    "alexnet_image_result *": "&f->image_result",
    "alexnet_classifier_close.classifier": "NULL",
    "alexnet_classifier **": "&f->classifier2",
    "alexnet_classifier *": "f->classifier",
    "alexnet_classifier_file.path": "f->image_file",
    "alexnet_prediction *": "f->predictions",
    "const void * data": "f->bytes",
    "size_t bytes": "f->byte_count",
    "const alexnet_predict_options *": "&f->predict",
    "int64_t * images": "&f->numbers[0]",
    "int64_t * failed": "&f->numbers[1]",
    "const alexnet_features_options *": "&f->features",
    "alexnet_filters.out": "f->new_image",
    "alexnet_convert.from": "f->weights",
    "alexnet_convert.to": "f->new_npz",
    "const alexnet_convert_options *": "&f->convert",
    "alexnet_conversion *": "&f->conversion",
    "alexnet_filter_scale": "ALEXNET_FILTER_SCALE_OWN",
    "alexnet_filters_info *": "&f->filters",
    "int * rank": "&f->count",
    "int64_t * shape": "f->numbers",
    "const alexnet_evaluate_options *": "&f->evaluate",
    "alexnet_evaluate_result_free.result": "&f->evaluated",
    "alexnet_evaluate_result *": "&f->evaluated",
    "const alexnet_train_options *": "&f->train",
    "alexnet_train_result *": "&f->trained",
    "const alexnet_data_options *": "&f->data_options",
    "alexnet_data_info *": "&f->data_info",
    "const alexnet_synth_options *": "&f->synth",
    "int * count": "&f->count",
    "alexnet_file_format.format": "&f->format",
    "alexnet_file_info_free.info": "&f->file_info",
    "alexnet_file_info *": "&f->file_info",
    "int stats": "1",
    "alexnet_verified_fn": "NULL",
    "void * user": "NULL",
    "int * bad": "&f->count",
    "alexnet_status": "ALEXNET_OK",
    "int index": "0",
    "int batch": "2",
    "int n": "1",
    "int topk": "1",
    "int training": "0",
    "int capacity": "PASSES",
    "uint64_t seed": "1",
}

# Parameters that may be NULL, as the header says. Members may be NULL unless the next table has
# them.
MAY_BE_NULL = {
    "alexnet_open.options", "alexnet_close.ctx",
    "alexnet_model_create.options", "alexnet_model_describe.options",
    "alexnet_model_complete.options", "alexnet_model_complete.family", "alexnet_model_resize.size",
    "alexnet_model_free.model", "alexnet_session_open.output", "alexnet_session_close.session",
    "alexnet_classifier_close.classifier", "alexnet_classifier_file.count",
    "alexnet_classifier_memory.count", "alexnet_features.rank", "alexnet_features.shape",
    "alexnet_filters.info", "alexnet_convert.options", "alexnet_convert.out",
    "alexnet_verify.tell", "alexnet_verify.user", "alexnet_verify.bad",
}

# Members that must be given.
MEMBERS_NEEDED = {
    "alexnet_predict.weights", "alexnet_predict.images", "alexnet_features.weights",
    "alexnet_features.out", "alexnet_features.images", "alexnet_evaluate.weights",
    "alexnet_evaluate.weights_count", "alexnet_evaluate.data", "alexnet_train.data",
    "alexnet_train.out", "alexnet_data_inspect.data", "alexnet_data_verify.data",
    "alexnet_data_stats.data", "alexnet_data_synth.out",
}

# These may be any number: seeds, and sizes in bytes of the caller's memory.
ANY_NUMBER = {"seed", "bytes"}

# Switches of a struct: 0 or any other number.
SWITCHES = {"force", "allow_other_bits", "csv_safe", "as_bytes", "global_pool", "no_squeeze",
            "no_verify"}

# Structs in which a negative number means the default, as the header says.
NEGATIVE_IS_DEFAULT = ("alexnet_model_options", "alexnet_train_options")

INTEGERS = {"int", "int64_t", "size_t", "uint64_t"}
LOWEST = {"int": "INT_MIN", "int64_t": "INT64_MIN"}
HIGHEST = {"int": "INT_MAX", "int64_t": "INT64_MAX", "size_t": "SIZE_MAX", "uint64_t": "UINT64_MAX"}

ENUM_OR_STRUCT = re.compile(r"typedef (enum|struct) (\w+) \{(.*?)\} (\w+);", re.S)
FUNCTION = re.compile(r"ALEXNET_API\s+([^;(]+?)(\w+)\(([^;]*)\)\s*(?:ALEXNET_NODISCARD)?;", re.S)


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("#"))


def parse_parameter(text):
    """'const char *path' gives ('const char *', 'path'), 'int shape[3]' ('int *', 'shape')."""
    match = re.fullmatch(r"(.*?)(\w+)((?:\[\w+\])*)", " ".join(text.split()))
    kind = match[1].strip() + (" *" if match[3] else "")
    return re.sub(r"\s*(\*+)", r" \1", kind).strip(), match[2]


def parse_members(body):
    """(type, name) of each member; a function pointer's type is 'function'."""
    members = []
    for declaration in body.split(";"):
        declaration = " ".join(declaration.split())
        if not declaration:
            continue
        pointer = re.search(r"\(\*(\w+)\)\(", declaration)
        if pointer:
            members.append(("function", pointer[1]))
            continue
        first, *others = [part.strip() for part in declaration.split(",")]
        kind, name = parse_parameter(first)
        members.append((kind, name))
        members += [(kind, other.strip("* ")) for other in others]
    return members


class Header:
    def __init__(self, text):
        text = without_comments(text)
        self.structs, self.enums = {}, set()
        for kind, _, body, name in ENUM_OR_STRUCT.findall(text):
            if kind == "enum":
                self.enums.add(name)
            else:
                self.structs[name] = parse_members(body)
        self.callbacks = set(re.findall(r"typedef \w+ \(\*(\w+)\)\(", text))
        self.functions = []
        for result, name, parameters in FUNCTION.findall(text):
            parameters = " ".join(parameters.split())
            parts = [] if parameters == "void" else parameters.split(",")
            listed = [parse_parameter(part) for part in parts]
            self.functions.append((" ".join(result.split()), name, listed))
        declared = len(re.findall(r"^ALEXNET_API", text, re.M))
        if declared != len(self.functions):
            sys.exit(f"make_calls.py: of {declared} functions, {len(self.functions)} were parsed")

    def wrong_numbers(self, kind):
        if kind in self.enums:
            return [(f"({kind})-1", "low"), (f"({kind})99", "high")]
        if kind in INTEGERS:
            low = [(LOWEST[kind], "low"), ("-2", "low")] if kind in LOWEST else []
            return low + [(HIGHEST[kind], "high")]
        if kind == "double":
            return [("-(double)INFINITY", "low"), ("(double)INFINITY", "high"),
                    ("(double)NAN", "nan")]
        return None


def right(function, kind, name):
    for key in (f"{function}.{name}", f"{kind} {name}", kind):
        if key in RIGHT:
            return RIGHT[key]
    sys.exit(f"make_calls.py: RIGHT has no '{kind} {name}' of {function}()")


def calls_of(header, result, function, parameters):
    """(what is wrong, statement before the call, arguments, expected status) for each call."""
    given = [right(function, kind, name) for kind, name in parameters]
    yield "nothing wrong", "", given, "EXPECT_OK"
    for place, (kind, name) in enumerate(parameters):
        def wrong(value):
            return given[:place] + [value] + given[place + 1:]

        if kind.endswith(("*", "_fn")):
            expected = "EXPECT_ANY" if f"{function}.{name}" in MAY_BE_NULL else "EXPECT_BAD_ARG"
            yield f"{name} is NULL", "", wrong("NULL"), expected
        else:
            numbers = header.wrong_numbers(kind)
            if numbers is None:
                sys.exit(f"make_calls.py: no wrong values for '{kind} {name}' of {function}()")
            for value, _ in numbers:
                if name not in ANY_NUMBER:
                    any_status = name in ("status", "capacity", "topk") and "MAX" in value
                    expected = "EXPECT_ANY" if any_status else "EXPECT_BAD_ARG"
                    yield f"{name} is {value}", "", wrong(value), expected
        struct = kind.removeprefix("const ").removesuffix(" *")
        if kind.startswith("const ") and struct in header.structs:
            for member, value, expected in wrong_members(header, function, struct):
                before = f"{struct} options = *({given[place]}); options.{member} = {value};"
                yield f"{name}->{member} is {value}", before, wrong("&options"), expected
            for kind, inner in nested(header, struct):
                for member, value, expected in wrong_members(header, function, kind):
                    before = (f"{struct} options = *({given[place]}); "
                              f"{kind} inner = *options.{inner}; "
                              f"inner.{member} = {value}; options.{inner} = &inner;")
                    what = f"{name}->{inner}->{member} is {value}"
                    yield what, before, wrong("&options"), expected


def nested(header, struct):
    """(struct, member) of each member that points to another struct of options."""
    for kind, name in header.structs[struct]:
        kind = kind.removeprefix("const ").removesuffix(" *")
        if kind in header.structs:
            yield kind, name


def wrong_members(header, function, struct):
    for kind, name in header.structs[struct]:
        if_absent = "EXPECT_BAD_ARG" if f"{function}.{name}" in MEMBERS_NEEDED else "EXPECT_ANY"
        if name == "struct_size":
            for value in ("0", "1", "SIZE_MAX"):
                yield name, value, "EXPECT_BAD_ARG"
        elif kind == "function" or kind in header.callbacks or kind.endswith("*"):
            yield name, "NULL", if_absent
        elif kind == "size_t":      # the length of an array of the caller
            yield name, "0", if_absent
        elif name not in ANY_NUMBER:
            for value, way in header.wrong_numbers(kind):
                default = way != "high" and struct in NEGATIVE_IS_DEFAULT
                default = default or name == "topk" and way == "high"   # there are fewer classes
                default = default or name == "max_memory" and value == "-2"     # ALEXNET_NO_LIMIT
                default = default or name in SWITCHES and struct != "alexnet_model_options"
                yield name, value, "EXPECT_ANY" if default else "EXPECT_BAD_ARG"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        header = Header(file.read())
    rows = []
    print("/* Written by make_calls.py from alexnet.h; do not edit. */")
    for result, function, parameters in header.functions:
        for what, before, arguments, expected in calls_of(header, result, function, parameters):
            call = f"{function}({', '.join(arguments)})"
            if result == "alexnet_status":
                body = f"return (int)({call});"
            elif result == "const char *":
                body = f"look_at({call}); return ALEXNET_OK;"
            else:
                body = f"(void){call}; return ALEXNET_OK;"
            if result != "alexnet_status":
                expected = "EXPECT_ANY"
            number = len(rows)
            print(f"static int call_{number}(fixture *f)\n"
                  f"{{\n    (void)f;\n    {before}\n    {body}\n}}")
            rows.append(f'    {{"{function}: {what}", call_{number}, {expected}}},')
    print("static const call calls[] = {\n" + "\n".join(rows) + "\n};")


if __name__ == "__main__":
    main()
