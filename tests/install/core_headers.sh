#!/bin/sh
# core_headers.sh CXX SOURCE: compiles each header of SOURCE/src/core alone as C++17, as a CUDA
# backend would.
# SPDX-License-Identifier: MIT
set -eu
cxx=$1 source=$2

if [ -z "$cxx" ]; then
    echo "skipped: no C++ compiler"
    exit 77
fi
for header in "$source"/src/core/*.h; do
    echo "#include \"core/$(basename "$header")\"" |
        "$cxx" -x c++ -std=c++17 -Wall -Wextra -Werror -fsyntax-only \
            -I"$source/include" -I"$source/src" -
done
