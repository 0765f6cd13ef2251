#!/bin/sh
# The public header compiles alone, as C11 and as C++11, without a warning. usage: header.sh CC CXX HEADER
# SPDX-License-Identifier: MIT
set -eu
cc=$1 cxx=$2 header=$3

"$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c "$header"
echo "C11: fine"
if [ -z "$cxx" ]; then
    echo "C++: no compiler here, not tried"
    exit 77
fi
"$cxx" -std=c++11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c++ "$header"
echo "C++11: fine"
