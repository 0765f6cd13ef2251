#!/bin/sh
# core_headers.sh CXX SOURCE: each header of SOURCE/src/core alone as C++17, as a backend in CUDA would read it.
# SPDX-License-Identifier: MIT
set -eu
cxx=$1 source=$2

if [ -z "$cxx" ]; then
    echo "no C++ compiler here"
    exit 77
fi
for header in "$source"/src/core/*.h; do
    echo "#include \"core/$(basename "$header")\"" |
        "$cxx" -x c++ -std=c++17 -Wall -Wextra -Werror -fsyntax-only -I"$source/include" -I"$source/src" -
done
