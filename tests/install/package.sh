#!/bin/sh
# Installs the build, moves the installed tree, and builds other programs against it, by
# find_package and by pkg-config.
# usage: package.sh BUILD-DIRECTORY CC CXX VERSION
# SPDX-License-Identifier: MIT
set -eu
build=$1 cc=$2 cxx=$3 version=$4
here=$(cd "$(dirname "$0")" && pwd)

if [ -z "$cxx" ]; then
    echo "skipped: no C++ compiler"
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

expect() { # expect BEGINNING COMMAND...
    text=$1
    shift
    said=$("$@")
    echo "$said"
    case $said in "$text"*) ;; *) echo "expected: $text..."; exit 1 ;; esac
}

DESTDIR=$scratch/stage cmake --install "$build" --prefix /opt/alexnet >install.log
mv stage/opt/alexnet moved
prefix=$scratch/moved

echo "== find_package"
cmake -S "$here/consumer" -B by-cmake -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" >configure.log
cmake --build by-cmake >build.log || { cat build.log; exit 1; }
expect "C, library $version: 10 prob" by-cmake/c_shared
expect "C, library $version: 10 prob" by-cmake/c_static
expect "C++, library $version: 10 prob" by-cmake/cxx_shared

echo "== pkg-config"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name alexnet.pc)")
export PKG_CONFIG_PATH
[ "$(pkg-config --modversion alexnet)" = "$version" ] ||
    { echo "alexnet.pc: wrong version"; exit 1; }
libdir=$(pkg-config --variable=libdir alexnet)
# shellcheck disable=SC2046 # the flags are words
"$cc" "$here/consumer/consumer.c" -o c_shared $(pkg-config --cflags --libs alexnet)
# shellcheck disable=SC2046
"$cxx" -std=c++17 "$here/consumer/consumer.cpp" -o cxx_shared $(pkg-config --cflags --libs alexnet)
expect "C, library $version: 10 prob" env LD_LIBRARY_PATH="$libdir" ./c_shared
expect "C++, library $version: 10 prob" env LD_LIBRARY_PATH="$libdir" ./cxx_shared

echo "== program"
expect "alexnet $version" "$prefix/bin/alexnet" --version
