/*
 * hash.h: SHA-256 (FIPS 180-4) for files and weights, CRC-32C for framing.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_HASH_H
#define AN_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define AN_SHA256_BYTES    32
#define AN_SHA256_HEX_SIZE 65 /* 64 digits and the final 0 */

typedef struct an_sha256 {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t  block[64];
} an_sha256;

void an_sha256_open(an_sha256 *hash);
void an_sha256_add(an_sha256 *hash, const void *data, size_t bytes);
void an_sha256_close(an_sha256 *hash, uint8_t digest[AN_SHA256_BYTES]);
void an_sha256_hex(const uint8_t digest[AN_SHA256_BYTES], char hex[AN_SHA256_HEX_SIZE]);

/* CRC-32C (Castagnoli). `crc` is 0 for the first piece, the previous result for the next. */
uint32_t an_crc32c(uint32_t crc, const void *data, size_t bytes);

#endif
