/*
 * crc32c_tmpl.h: CRC-32C by the processor's own instruction, where the vocabulary has it as
 * CRC32C_WORD; else by tables.
 *
 * The instruction takes 3 cycles, and one can start every cycle: three streams run side by side,
 * and their remainders are combined (Gopal et al. 2011, Fast CRC Computation for iSCSI Polynomial
 * Using CRC32 Instruction).
 *
 * Needs: TIER; of the vocabulary CRC32C_WORD and CRC32C_BYTE, where it has them.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SIMD_CRC32C_TMPL_H
#define AN_CPU_SIMD_CRC32C_TMPL_H

#include "base/hash.h"
#include "cpu/simd/compiler.h"
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(CRC32C_WORD)

#define STREAM_BYTES ((size_t)16 << 10) /* three of them fit L2 beside other data */

static uint64_t crc32c_load(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

/* One stream; the remainder as the instruction has it, not inverted. */
static uint64_t TIER_NAME(crc32c_stream)(uint64_t crc, const uint8_t *at, size_t bytes)
{
    for (; bytes >= sizeof crc; at += sizeof crc, bytes -= sizeof crc)
        crc = CRC32C_WORD(crc, crc32c_load(at));
    for (; bytes > 0; ++at, --bytes)
        crc = CRC32C_BYTE((uint32_t)crc, *at);
    return crc;
}

/* 3 * STREAM_BYTES bytes; crc and the result are inverted, as in the interface. */
static uint32_t TIER_NAME(crc32c_streams)(uint32_t crc, const uint8_t *at, uint32_t shift)
{
    uint64_t a = (uint32_t)~crc, b = UINT32_MAX, c = UINT32_MAX;

    for (size_t i = 0; i < STREAM_BYTES; i += sizeof a) {
        a = CRC32C_WORD(a, crc32c_load(at + i));
        b = CRC32C_WORD(b, crc32c_load(at + STREAM_BYTES + i));
        c = CRC32C_WORD(c, crc32c_load(at + 2 * STREAM_BYTES + i));
    }
    crc = an_crc32c_join_by(~(uint32_t)a, ~(uint32_t)b, shift);
    return an_crc32c_join_by(crc, ~(uint32_t)c, shift);
}

static uint32_t crc32c(uint32_t crc, const void *data, size_t bytes)
{
    const uint8_t *at = data;

    if (bytes >= 3 * STREAM_BYTES) {
        const uint32_t shift = an_crc32c_shift(STREAM_BYTES);
        for (; bytes >= 3 * STREAM_BYTES; at += 3 * STREAM_BYTES, bytes -= 3 * STREAM_BYTES)
            crc = TIER_NAME(crc32c_streams)(crc, at, shift);
    }
    return ~(uint32_t)TIER_NAME(crc32c_stream)((uint32_t)~crc, at, bytes);
}

#else

static uint32_t crc32c(uint32_t crc, const void *data, size_t bytes)
{
    return an_crc32c(crc, data, bytes);
}

#endif

#endif
