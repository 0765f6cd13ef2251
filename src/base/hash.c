/*
 * hash.c: SHA-256 and SHA-1 (FIPS 180-4), CRC-32C (Castagnoli 1993; RFC 3720, appendix B.4).
 * SPDX-License-Identifier: MIT
 */
#include "base/hash.h"

#include <string.h>

/* ---- what SHA-256 and SHA-1 share ---- */

/* Of a hash that works on blocks of 64 bytes. */
typedef void add_block_fn(uint32_t *state, const uint8_t block[64]);

static void add_to_blocks(add_block_fn *add_block, uint32_t *state, uint64_t *count,
                          uint8_t block[64], const uint8_t *at, size_t bytes)
{
    const size_t held = (size_t)(*count % 64);

    if (bytes == 0) return;
    *count += bytes;
    if (held > 0) {
        const size_t fill = bytes < 64 - held ? bytes : 64 - held;
        memcpy(block + held, at, fill);
        at += fill;
        bytes -= fill;
        if (held + fill < 64) return;
        add_block(state, block);
    }
    for (; bytes >= 64; at += 64, bytes -= 64)
        add_block(state, at);
    memcpy(block, at, bytes);
}

/* What ends the text: one bit, zeros up to 8 bytes short of a block, and the length in bits, high
   byte first. Returns its bytes. */
static size_t padding_of(uint64_t count, uint8_t padding[128])
{
    const size_t zeros = (size_t)((119 - count % 64) % 64);
    const uint64_t bits = count * 8;

    memset(padding, 0, 128);
    padding[0] = 0x80;
    for (int i = 0; i < 8; ++i)
        padding[1 + zeros + (size_t)i] = (uint8_t)(bits >> (56 - 8 * i));
    return 1 + zeros + 8;
}

static uint32_t word_of(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static void digest_of(const uint32_t *state, uint8_t *digest, int bytes)
{
    for (int i = 0; i < bytes; ++i)
        digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

static void hex_of(const uint8_t *digest, int bytes, char *hex)
{
    for (int i = 0; i < bytes; ++i) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    hex[2 * bytes] = '\0';
}

/* ---- SHA-256 ---- */

/* The fractional parts of the cube roots of the first 64 primes, 32 bits (FIPS 180-4, 4.2.2). */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

/* The compression function, FIPS 180-4, 6.2.2, with the names of the standard. */
static void add_block_256(uint32_t *state, const uint8_t block[64])
{
    uint32_t w[64];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

    for (int t = 0; t < 16; ++t)
        w[t] = word_of(block + 4 * t);
    for (int t = 16; t < 64; ++t) {
        const uint32_t x = w[t - 15], y = w[t - 2];
        w[t] = w[t - 16] + w[t - 7] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) +
               (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
    }
    for (int t = 0; t < 64; ++t) {
        const uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
                            ((e & f) ^ (~e & g)) + round_constants[t] + w[t];
        const uint32_t t2 =
            (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void an_sha256_open(an_sha256 *hash)
{
    /* The fractional parts of the square roots of the first 8 primes (FIPS 180-4, 5.3.3). */
    *hash = (an_sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                  0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void an_sha256_add(an_sha256 *hash, const void *data, size_t bytes)
{
    add_to_blocks(add_block_256, hash->state, &hash->bytes, hash->block, data, bytes);
}

void an_sha256_close(an_sha256 *hash, uint8_t digest[AN_SHA256_BYTES])
{
    uint8_t padding[128];

    an_sha256_add(hash, padding, padding_of(hash->bytes, padding));
    digest_of(hash->state, digest, AN_SHA256_BYTES);
}

void an_sha256_hex(const uint8_t digest[AN_SHA256_BYTES], char hex[AN_SHA256_HEX_SIZE])
{
    hex_of(digest, AN_SHA256_BYTES, hex);
}

/* ---- SHA-1 ---- */

/* The compression function, FIPS 180-4, 6.1.2, with the names of the standard. */
static void add_block_1(uint32_t *state, const uint8_t block[64])
{
    uint32_t w[80];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

    for (int t = 0; t < 16; ++t)
        w[t] = word_of(block + 4 * t);
    for (int t = 16; t < 80; ++t)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 31);
    for (int t = 0; t < 80; ++t) {
        const uint32_t f = t < 20   ? ((b & c) ^ (~b & d)) + 0x5a827999
                           : t < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                           : t < 60 ? ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdc
                                    : (b ^ c ^ d) + 0xca62c1d6;
        const uint32_t next = rotate(a, 27) + f + e + w[t];
        e = d, d = c, c = rotate(b, 2), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

void an_sha1_open(an_sha1 *hash)
{
    *hash = (an_sha1){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
}

void an_sha1_add(an_sha1 *hash, const void *data, size_t bytes)
{
    add_to_blocks(add_block_1, hash->state, &hash->bytes, hash->block, data, bytes);
}

void an_sha1_close(an_sha1 *hash, char hex[AN_SHA1_HEX_SIZE])
{
    uint8_t padding[128], digest[AN_SHA1_BYTES];

    an_sha1_add(hash, padding, padding_of(hash->bytes, padding));
    digest_of(hash->state, digest, AN_SHA1_BYTES);
    hex_of(digest, AN_SHA1_BYTES, hex);
}

/* ---- CRC-32C ---- */

/* The polynomial without its highest term, bits reversed: the highest bit is the constant term. */
#define POLYNOMIAL 0x82f63b78u

#define TABLES     8
/* Below this, eight lookups per byte take less time than making the tables. */
#define TABLES_PAY 2048

static uint32_t add_bytes(uint32_t crc, const uint8_t *at, size_t bytes)
{
    /* The remainders of the 16 half bytes. */
    static const uint32_t remainders[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };

    for (size_t i = 0; i < bytes; ++i) {
        crc ^= at[i];
        crc = crc >> 4 ^ remainders[crc & 15];
        crc = crc >> 4 ^ remainders[crc & 15];
    }
    return crc;
}

/* tables[i][b]: the remainder of byte b followed by i zero bytes. They are computed, as 2048
   constants would explain nothing, and are not kept, as the library has no variables. */
static void make_tables(uint32_t tables[TABLES][256])
{
    for (uint32_t i = 0; i < 256; ++i) {
        const uint8_t byte = (uint8_t)i;
        tables[0][i] = add_bytes(0, &byte, 1);
    }
    for (int t = 1; t < TABLES; ++t)
        for (int i = 0; i < 256; ++i)
            tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 255];
}

/* Eight bytes at a time (Kounavis and Berry 2005). */
static uint32_t add_by_tables(uint32_t crc, const uint8_t *at, size_t bytes)
{
    uint32_t t[TABLES][256];

    make_tables(t);
    for (; bytes >= TABLES; at += TABLES, bytes -= TABLES) {
        const uint32_t low = crc ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
                                    (uint32_t)at[3] << 24);
        crc = t[7][low & 255] ^ t[6][low >> 8 & 255] ^ t[5][low >> 16 & 255] ^ t[4][low >> 24] ^
              t[3][at[4]] ^ t[2][at[5]] ^ t[1][at[6]] ^ t[0][at[7]];
    }
    return add_bytes(crc, at, bytes);
}

uint32_t an_crc32c(uint32_t crc, const void *data, size_t bytes)
{
    return ~(bytes < TABLES_PAY ? add_bytes(~crc, data, bytes) : add_by_tables(~crc, data, bytes));
}

/* The product of two polynomials, as a remainder. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;

    for (uint32_t term = (uint32_t)1 << 31; term != 0; term >>= 1) {
        if ((a & term) != 0) product ^= b;
        b = b >> 1 ^ ((b & 1) != 0 ? POLYNOMIAL : 0);
    }
    return product;
}

/* x^(8 bytes): a remainder is multiplied by it when so many bytes follow. */
uint32_t an_crc32c_shift(uint64_t bytes)
{
    uint32_t shift = (uint32_t)1 << 31; /* x^0 */

    for (uint32_t power = (uint32_t)1 << 23 /* x^8 */; bytes != 0; bytes >>= 1) {
        if ((bytes & 1) != 0) shift = multiply(shift, power);
        power = multiply(power, power);
    }
    return shift;
}

/* Both are inverted at the beginning and the end, which cancels out (zlib's crc32_combine()). */
uint32_t an_crc32c_join_by(uint32_t first, uint32_t second, uint32_t shift)
{
    return multiply(shift, first) ^ second;
}

uint32_t an_crc32c_join(uint32_t first, uint32_t second, uint64_t bytes)
{
    return an_crc32c_join_by(first, second, an_crc32c_shift(bytes));
}
