#!/bin/sh
# templates.sh CC SOURCE: each template of fp32 and simd compiles alone, with only what its head says
# it needs.
# SPDX-License-Identifier: MIT
set -eu
cc=$1 source=$2

case $("$cc" -dumpmachine) in
x86_64*) tier=avx2 flags="-mavx2 -mfma" ;;
aarch64*) tier=neon flags= ;;
*)
    echo "no fast tier for this processor"
    exit 77
    ;;
esac
name=$(echo "$tier" | tr '[:lower:]' '[:upper:]')
for template in "$source"/src/cpu/simd/*_tmpl.h "$source"/src/cpu/fp32/*_tmpl.h; do
    "$cc" -std=c17 -D_GNU_SOURCE -fopenmp -Wall -Wno-unused -Werror -fsyntax-only $flags \
        -I"$source/include" -I"$source/src" -x c - <<END
#include "cpu/tiles.h"
#define TIER  $tier
#define LANES AN_TILE_${name}_LANES
#define NV    AN_TILE_${name}_VECTORS
#define MR    AN_TILE_${name}_ROWS
#include "cpu/simd/$tier.h"

#include "$template"
END
done
