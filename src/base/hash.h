/*
 * hash.h: SHA-256 (FIPS 180-4) for files and weights, CRC-32C for data that is checked at every
 * read, SHA-1 for published files of which nothing better was published.
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
    uint8_t block[64];
} an_sha256;

void an_sha256_open(an_sha256 *hash);
void an_sha256_add(an_sha256 *hash, const void *data, size_t bytes);
void an_sha256_close(an_sha256 *hash, uint8_t digest[AN_SHA256_BYTES]);
void an_sha256_hex(const uint8_t digest[AN_SHA256_BYTES], char hex[AN_SHA256_HEX_SIZE]);

#define AN_SHA1_BYTES    20
#define AN_SHA1_HEX_SIZE 41 /* 40 digits and the final 0 */

/*
 * Detects accidents and most replacements. It does not hold against whoever made both of two
 * files: such pairs with one SHA-1 exist.
 */
typedef struct an_sha1 {
    uint32_t state[5];
    uint64_t bytes;
    uint8_t block[64];
} an_sha1;

void an_sha1_open(an_sha1 *hash);
void an_sha1_add(an_sha1 *hash, const void *data, size_t bytes);
void an_sha1_close(an_sha1 *hash, char hex[AN_SHA1_HEX_SIZE]);

/*
 * CRC-32C (Castagnoli). `crc` is 0 for the first part, and the previous result for the next. This
 * one uses tables; the backend's (core/backend.h) may use instructions, with the same results.
 */
uint32_t an_crc32c(uint32_t crc, const void *data, size_t bytes);

/* The CRC-32C of two parts in a row, from the CRC-32C of each; the second has `bytes` bytes. */
uint32_t an_crc32c_join(uint32_t first, uint32_t second, uint64_t bytes);

/* The same for many parts of one size: `shift` is an_crc32c_shift(bytes). */
uint32_t an_crc32c_shift(uint64_t bytes);
uint32_t an_crc32c_join_by(uint32_t first, uint32_t second, uint32_t shift);

#endif
