#!/usr/bin/env python3
"""Checks that the public header and docs/training.md have every setting of a recipe.

usage: check_settings.py src/train/recipe_keys.inc alexnet.h docs/training.md src/image/augment.c

The header lists them at alexnet_train_options.settings, in the same order; the document has a row
for each, with its option, and one for each word of augment.
SPDX-License-Identifier: MIT
"""

import re
import sys


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    keys, header, document, augment = (open(path, encoding="utf-8").read() for path in sys.argv[1:])
    rows = re.findall(r'^AN_RECIPE_KEY\((\w+),.*?\n\s+"([\w-]+)",', keys, re.M)
    listed = re.search(r"Keys \(docs/training\.md\): ([^.]*)\.", header)
    words = re.findall(r"\w+", listed[1]) if listed else []
    faults = []
    if words != [key for key, _ in rows]:
        faults.append(f"the header lists {' '.join(words)}\n"
                      f"the settings are {' '.join(key for key, _ in rows)}")
    table = "\n".join(line for line in document.splitlines() if line.startswith("| `"))
    for key, option in rows:
        if f"`{key}`" not in table or f"`--{option}`" not in table:
            faults.append(f"docs/training.md: no row for `{key}`, `--{option}`")
    changes = re.findall(r'^        \{"([\w-]+)", +&a\.', augment, re.M)
    faults += [f"docs/training.md: no row for `{word}` of augment"
               for word in changes if f"| `{word}`" not in table and f"| `{word}[" not in table]
    print("\n".join(faults) if faults else f"{len(rows)} settings: all are explained")
    return 1 if faults or len(rows) < 20 or len(changes) < 6 else 0


if __name__ == "__main__":
    sys.exit(main())
