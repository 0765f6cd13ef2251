/*
 * directory_test.c: entries in both byte orders and both widths; no read beyond the end.
 * SPDX-License-Identifier: MIT
 */
#include "image/samples.h"

#include "image/directory.h"
#include <stdlib.h>
#include <string.h>

/* All with the same entries: 258 of one SHORT 8, 273 of one LONG 70000, 50706 of four BYTEs. */
/* clang-format off */
static const uint8_t little[] = {
    'I', 'I', 42, 0, 8, 0, 0, 0,                        /* the directory is at 8 */
    3, 0,
    2, 1, 3, 0, 1, 0, 0, 0, 8, 0, 0, 0,
    17, 1, 4, 0, 1, 0, 0, 0, 0x70, 0x11, 1, 0,
    0x12, 0xc6, 1, 0, 4, 0, 0, 0, 5, 4, 0, 0,
};
static const uint8_t big[] = {
    'M', 'M', 0, 42, 0, 0, 0, 8,
    0, 3,
    1, 2, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0,
    1, 17, 0, 4, 0, 0, 0, 1, 0, 1, 0x11, 0x70,
    0xc6, 0x12, 0, 1, 0, 0, 0, 4, 5, 4, 0, 0,
};
static const uint8_t wide[] = {
    'I', 'I', 43, 0, 8, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, /* the directory is at 16 */
    3, 0, 0, 0, 0, 0, 0, 0,
    2, 1, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0,
    17, 1, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x70, 0x11, 1, 0, 0, 0, 0, 0,
    0x12, 0xc6, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5, 4, 0, 0, 0, 0, 0, 0,
};
static const uint8_t wide_big[] = {
    'M', 'M', 0, 43, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16,
    0, 0, 0, 0, 0, 0, 0, 3,
    1, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0,
    1, 17, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0x11, 0x70, 0, 0, 0, 0,
    0xc6, 0x12, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4, 5, 4, 0, 0, 0, 0, 0, 0,
};
/* clang-format on */

static const struct {
    const uint8_t *data;
    size_t bytes;
} files[] = {
    {little, sizeof little}, {big, sizeof big}, {wide, sizeof wide}, {wide_big, sizeof wide_big}};

static void entries_are_read_in_order(void **unused)
{
    static const an_directory_entry expected[] = {
        {258, AN_ENTRY_SHORT, 1, 8}, {273, AN_ENTRY_LONG, 1, 70000}, {50706, AN_ENTRY_BYTE, 4, 5}};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(files); ++i) {
        an_directory directory;
        an_directory_entry entry;
        assert_true(an_directory_open(files[i].data, files[i].bytes, &directory));
        for (size_t j = 0; j < AN_COUNT(expected); ++j) {
            assert_true(an_directory_next(&directory, &entry));
            assert_int_equal(entry.tag, expected[j].tag);
            assert_int_equal(entry.type, expected[j].type);
            assert_int_equal(entry.count, expected[j].count);
            assert_int_equal(entry.value, expected[j].value);
        }
        assert_false(an_directory_next(&directory, &entry));
    }
}

static void truncated_data_are_not_read_past_the_end(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < AN_COUNT(files); ++i) {
        for (size_t size = 0; size < files[i].bytes; ++size) {
            uint8_t *cut = malloc(size > 0 ? size : 1); /* for AddressSanitizer */
            an_directory directory;
            an_directory_entry entry;
            int count = 0;
            assert_non_null(cut);
            memcpy(cut, files[i].data, size);
            if (an_directory_open(cut, size, &directory))
                while (an_directory_next(&directory, &entry))
                    ++count;
            assert_in_range(count, 0, 2);
            free(cut);
        }
    }
}

static void other_data_have_no_directory(void **unused)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{0, 'X'}, {1, 'M'}, {2, 44}, {4, 200}, {7, 0x80}};
    an_directory directory;

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(changes); ++i) {
        uint8_t data[sizeof little];
        memcpy(data, little, sizeof little);
        data[changes[i].at] = changes[i].value;
        assert_false(an_directory_open(data, sizeof data, &directory));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(entries_are_read_in_order),
        an_unit_test(truncated_data_are_not_read_past_the_end),
        an_unit_test(other_data_have_no_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
