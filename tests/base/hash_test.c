/*
 * hash_test.c: the known answers of FIPS 180-4 and RFC 3720, whole and in parts.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/hash.h"
#include <stdlib.h>
#include <string.h>

static void sha256_of(const char *data, size_t length, size_t chunk, char hex[AN_SHA256_HEX_SIZE])
{
    an_sha256 hash;
    uint8_t digest[AN_SHA256_BYTES];

    an_sha256_open(&hash);
    for (size_t at = 0; at < length; at += chunk)
        an_sha256_add(&hash, data + at, AN_MIN(chunk, length - at));
    an_sha256_close(&hash, digest);
    an_sha256_hex(digest, hex);
}

static void sha256_known_answers(void **unused)
{
    /* NIST, Secure Hash Standard examples; the lengths around a block's end from sha256sum */
    static const struct {
        const char *text, *hex;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
         "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
    };
    char hex[AN_SHA256_HEX_SIZE];

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        for (size_t chunk = 1; chunk <= 130; ++chunk) {
            sha256_of(rows[i].text, strlen(rows[i].text), chunk, hex);
            assert_string_equal(hex, rows[i].hex);
        }
    }
}

static void sha1_of(const char *data, size_t length, size_t chunk, char hex[AN_SHA1_HEX_SIZE])
{
    an_sha1 hash;

    an_sha1_open(&hash);
    for (size_t at = 0; at < length; at += chunk)
        an_sha1_add(&hash, data + at, AN_MIN(chunk, length - at));
    an_sha1_close(&hash, hex);
}

static void sha1_known_answers(void **unused)
{
    /* NIST, Secure Hash Standard examples; the lengths around a block's end from sha1sum */
    static const struct {
        const char *text, *hex;
    } rows[] = {
        {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "c1c8bbdc22796e28c0e15163d20899b65621d65a"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "0098ba824b5c16427bd7a1122a5a442a25ec644d"},
    };
    const size_t length = 1000000;
    char *text = malloc(length);
    char hex[AN_SHA1_HEX_SIZE];

    (void)unused;
    assert_non_null(text);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        for (size_t chunk = 1; chunk <= 130; ++chunk) {
            sha1_of(rows[i].text, strlen(rows[i].text), chunk, hex);
            assert_string_equal(hex, rows[i].hex);
        }
    }
    memset(text, 'a', length);
    sha1_of(text, length, 1000, hex);
    assert_string_equal(hex, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    free(text);
}

static void sha256_of_a_million_letters(void **unused)
{
    static const size_t chunks[] = {1, 3, 63, 64, 65, 1000, 1000000};
    const size_t length = 1000000;
    char *text = malloc(length);
    char hex[AN_SHA256_HEX_SIZE];

    (void)unused;
    assert_non_null(text);
    memset(text, 'a', length);
    for (size_t i = 0; i < AN_COUNT(chunks); ++i) {
        sha256_of(text, length, chunks[i], hex);
        assert_string_equal(hex,
                            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
    free(text);
}

static void crc32c_known_answers(void **unused)
{
    uint8_t data[32];

    (void)unused;
    assert_int_equal(an_crc32c(0, "", 0), 0);
    assert_int_equal(an_crc32c(0, NULL, 0), 0);
    assert_int_equal(an_crc32c(0, "123456789", 9), 0xe3069283);
    /* RFC 3720, B.4 */
    memset(data, 0x00, sizeof data);
    assert_int_equal(an_crc32c(0, data, sizeof data), 0x8a9136aa);
    memset(data, 0xff, sizeof data);
    assert_int_equal(an_crc32c(0, data, sizeof data), 0x62a8ab43);
    for (int i = 0; i < 32; ++i)
        data[i] = (uint8_t)i;
    assert_int_equal(an_crc32c(0, data, sizeof data), 0x46dd794e);
    for (size_t cut = 0; cut <= sizeof data; ++cut)
        assert_int_equal(an_crc32c(an_crc32c(0, data, cut), data + cut, sizeof data - cut),
                         0x46dd794e);
    for (int i = 0; i < 32; ++i)
        data[i] = (uint8_t)(31 - i);
    assert_int_equal(an_crc32c(0, data, sizeof data), 0x113fdb5c);
}

/* Parts long enough for tables, against the same byte by byte; and any two parts joined. */
static void crc32c_of_long_texts(void **unused)
{
    enum { SIZE = 9000 };
    static uint8_t data[SIZE];
    uint32_t slow = 0;

    (void)unused;
    for (size_t i = 0; i < SIZE; ++i)
        data[i] = (uint8_t)(i * 31 + i / 97);
    for (size_t i = 0; i < SIZE; ++i) {
        slow = an_crc32c(slow, data + i, 1);
        if (i % 389 != 0) continue;
        const size_t n = i + 1;
        assert_int_equal(an_crc32c(0, data, n), slow);
        for (size_t cut = 0; cut <= n; cut += 1 + n / 7) {
            const uint32_t first = an_crc32c(0, data, cut);
            const uint32_t second = an_crc32c(0, data + cut, n - cut);
            assert_int_equal(an_crc32c_join(first, second, n - cut), slow);
            assert_int_equal(an_crc32c_join_by(first, second, an_crc32c_shift(n - cut)), slow);
        }
    }
    for (size_t at = 0; at < 16; ++at) /* any alignment */
        assert_int_equal(an_crc32c(an_crc32c(0, data, at), data + at, SIZE - at),
                         an_crc32c(0, data, SIZE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_known_answers), cmocka_unit_test(sha256_of_a_million_letters),
        cmocka_unit_test(sha1_known_answers),   cmocka_unit_test(crc32c_known_answers),
        cmocka_unit_test(crc32c_of_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
