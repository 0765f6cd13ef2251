/*
 * cursor_test.c: byte orders, and that no read leaves the buffer.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/cursor.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 0xf8};

static void byte_orders(void **unused)
{
    an_cursor c;

    (void)unused;
    c = an_cursor_open(bytes, 8);
    assert_int_equal(an_cursor_u8(&c), 1);
    assert_int_equal(an_cursor_left(&c), 7);
    c = an_cursor_open(bytes, 8);
    assert_int_equal(an_cursor_u16le(&c), 0x0201);
    assert_int_equal(an_cursor_u16be(&c), 0x0304);
    c = an_cursor_open(bytes, 8);
    assert_int_equal(an_cursor_u32be(&c), 0x01020304);
    assert_int_equal(an_cursor_u32le(&c), 0xf8070605);
    c = an_cursor_open(bytes, 8);
    assert_true(an_cursor_u64le(&c) == 0xf807060504030201);
    assert_int_equal(an_cursor_left(&c), 0);
    assert_false(c.bad);
}

static void reading_past_the_end_gives_zeros(void **unused)
{
    an_cursor c = an_cursor_open(bytes, 3);

    (void)unused;
    assert_int_equal(an_cursor_u32le(&c), 0);
    assert_true(c.bad);
    assert_int_equal(an_cursor_left(&c), 0);
    assert_int_equal(an_cursor_u8(&c), 0); /* though three bytes were left */
    assert_int_equal(an_cursor_u16le(&c), 0);
    assert_int_equal(an_cursor_u16be(&c), 0);
    assert_int_equal(an_cursor_u32be(&c), 0);
    assert_true(an_cursor_u64le(&c) == 0);
    assert_null(an_cursor_bytes(&c, 0));
    assert_true(c.bad);
}

static void taking_and_skipping(void **unused)
{
    an_cursor c = an_cursor_open(bytes, 8);

    (void)unused;
    an_cursor_skip(&c, 2);
    assert_ptr_equal(an_cursor_bytes(&c, 3), bytes + 2);
    assert_ptr_equal(an_cursor_bytes(&c, 0), bytes + 5);
    assert_ptr_equal(an_cursor_bytes(&c, 3), bytes + 5);
    assert_false(c.bad);
    assert_non_null(an_cursor_bytes(&c, 0)); /* 0 bytes can always be read */
    an_cursor_skip(&c, SIZE_MAX);            /* no overflow */
    assert_true(c.bad);
}

static void no_data(void **unused)
{
    an_cursor c = an_cursor_open(NULL, 0);

    (void)unused;
    assert_int_equal(an_cursor_left(&c), 0);
    assert_false(c.bad);
    assert_int_equal(an_cursor_u8(&c), 0);
    assert_true(c.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(byte_orders),
        cmocka_unit_test(reading_past_the_end_gives_zeros),
        cmocka_unit_test(taking_and_skipping),
        cmocka_unit_test(no_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
