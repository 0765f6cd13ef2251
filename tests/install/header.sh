#!/bin/sh
# The public header compiles alone, as C11 and as C++11, without any of these warnings; its lines
# have at most 100 columns. usage: header.sh CC CXX HEADER
# SPDX-License-Identifier: MIT
set -eu
cc=$1 cxx=$2 header=$3
warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wdouble-promotion
          -Wundef -Wcast-qual -Wwrite-strings -Wformat=2 -Werror"

awk 'length > 100 { print FILENAME ":" FNR ": " length " columns"; bad = 1 } END { exit bad }' \
    "$header"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Included, because a compiler warns of unused functions in a main file.
printf '#include "%s"\n' "$header" >"$scratch/alone.c"

# shellcheck disable=SC2086 # the warnings are words
"$cc" -std=c11 $warnings -Wstrict-prototypes -Wmissing-prototypes -fsyntax-only "$scratch/alone.c"
echo "C11: fine"
if [ -z "$cxx" ]; then
    echo "C++: skipped, no compiler"
    exit 77
fi
# shellcheck disable=SC2086
"$cxx" -std=c++11 $warnings -Wold-style-cast -fsyntax-only -x c++ "$scratch/alone.c"
echo "C++11: fine"
