/*
 * parts_tmpl.h: how a count is divided: blocks of one size and a rest, tiles of at most MR rows,
 * nearly equal parts for threads.
 *
 * Needs: MR, NV, LANES: the sizes of a tile.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SIMD_PARTS_TMPL_H
#define AN_CPU_SIMD_PARTS_TMPL_H

#include "base/compiler.h"
#include <stddef.h>
#include <stdint.h>

#define NR (NV * LANES) /* columns of a tile; its rows are at most MR */

static int blocks_of(int count, int size) { return (int)(((int64_t)count + size - 1) / size); }

/* The beginning of part i of `parts` nearly equal parts. */
static int part_first(int count, int parts, int i) { return (int)((int64_t)count * i / parts); }

/* The number of tiles of nearly equal height, at most MR, for `count` rows: 15 = 7 + 8, not 14 + 1.
   */
static int tiles_of(int count) { return blocks_of(count, MR); }

static int tile_first(int count, int index) { return part_first(count, tiles_of(count), index); }

/* The number of nearly equal parts of at most `most`, a multiple of the threads unless parts would
   be empty. */
static int parts_for(int count, int most, int threads)
{
    return AN_MIN(AN_ROUND_UP(blocks_of(count, most), threads), count);
}

#endif
