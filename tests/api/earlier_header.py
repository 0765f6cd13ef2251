#!/usr/bin/env python3
"""Writes the public header as it could have been before each struct of options got its last member.

usage: earlier_header.py alexnet.h > earlier/alexnet.h

Removes the last 8 bytes of every struct that begins with `struct_size` (one pointer or 64-bit
number, or two ints), and their defaults in alexnet_..._options_default(). A program that is
compiled with the result must run with today's library.
SPDX-License-Identifier: MIT
"""

import re
import sys

STRUCT = re.compile(r"typedef struct (\w+) \{\n    size_t struct_size;\n(.*?)\n\} \1;", re.S)
# The last declaration of a struct, with its comment.
DECLARATION = re.compile(r"\n    (?=[^ ][^;]*;)(?:(?!\n    [^ ]).)*$", re.S)


def without_last(body):
    """The members without the last declaration, the names in that declaration, and its code."""
    match = DECLARATION.search(body)
    code = re.sub(r"/\*.*?\*/", "", match[0], flags=re.S)
    pointer = re.search(r"\(\*(\w+)\)\(", code)
    names = [pointer[1]] if pointer else re.findall(r"(\w+)\s*[,;]", code)
    return body[:match.start()], names, code


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    found = STRUCT.findall(text)
    if len(found) < 9:
        sys.exit(f"earlier_header.py: {len(found)} structs of options, expected 9 or more")
    for name, body in found:
        earlier, gone, code = without_last(body)
        if re.match(r"\s*int ", code) and len(gone) == 1:       # 4 bytes would be padding
            earlier, more, _ = without_last(earlier)
            gone += more
        text = text.replace(body + f"\n}} {name};", earlier + f"\n}} {name};")
        start = text.index(f"static inline {name} ")
        end = text.index("\n}\n", start)
        default = text[start:end]
        for member in gone:
            default = re.sub(rf"\w+\.{member} = (?=\w+\.)", "", default)
            default = re.sub(rf"\n    \w+\.{member} = [^;.]*;", "", default)
            default = re.sub(rf" = \w+\.{member}(?= = )", "", default)
        text = text[:start] + default + text[end:]
        print(f"{name}: without {' '.join(gone)}", file=sys.stderr)
    print(text, end="")


if __name__ == "__main__":
    main()
