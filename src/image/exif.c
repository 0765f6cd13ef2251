/*
 * exif.c: the one thing EXIF is asked for, which way up the picture is.
 *
 * EXIF is a small TIFF file: byte order, the number 42, the offset of the first directory. A
 * directory is a count and entries of 12 bytes: tag, type, count of values, value (Exif 2.32, 4.6).
 * SPDX-License-Identifier: MIT
 */
#include "base/cursor.h"
#include "base/memory.h"
#include "base/status.h"
#include "image/codec.h"
#include <string.h>

#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT      3

typedef struct tiff {
    an_cursor at;
    bool big_endian;
} tiff;

static uint16_t read_u16(tiff *t)
{
    return t->big_endian ? an_cursor_u16be(&t->at) : an_cursor_u16le(&t->at);
}

static uint32_t read_u32(tiff *t)
{
    return t->big_endian ? an_cursor_u32be(&t->at) : an_cursor_u32le(&t->at);
}

/* Reads the header and goes to the first directory. */
static bool open_tiff(const uint8_t *data, size_t bytes, tiff *t)
{
    *t = (tiff){.at = an_cursor_open(data, bytes)};
    const uint16_t order = an_cursor_u16be(&t->at);
    t->big_endian = order == 0x4d4d; /* "MM"; "II" is little */
    if (!t->big_endian && order != 0x4949) return false;
    if (read_u16(t) != 42) return false;

    const uint32_t directory = read_u32(t);
    if (t->at.bad || directory > bytes) return false;
    t->at = an_cursor_open(data + directory, bytes - directory);
    return true;
}

int an_exif_orientation(const uint8_t *data, size_t bytes)
{
    tiff t;

    if (bytes >= 6 && memcmp(data, "Exif\0", 6) == 0) {
        data += 6;
        bytes -= 6;
    }
    if (!open_tiff(data, bytes, &t)) return 1;

    for (int left = read_u16(&t); left > 0 && !t.at.bad; --left) {
        const uint16_t tag = read_u16(&t);
        const uint16_t type = read_u16(&t);
        const uint32_t count = read_u32(&t);
        const uint16_t value = read_u16(&t);
        an_cursor_skip(&t.at, 2); /* a short fills half of the value's room */
        if (tag == TAG_ORIENTATION && type == TYPE_SHORT && count == 1 && !t.at.bad)
            return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}

/* Where the upright picture finds its pixels: rows and columns exchanged or not, then the stored
   rows and columns counted from the other end or not. */
/* clang-format off */
static const struct {
    bool exchange, right_to_left, bottom_to_top;
} turns[9] = {         /* row 0 and column 0 of the stored picture show the object's */
    [1] = {false, false, false},    /* top,    left   */
    [2] = {false, true,  false},    /* top,    right  */
    [3] = {false, true,  true },    /* bottom, right  */
    [4] = {false, false, true },    /* bottom, left   */
    [5] = {true,  false, false},    /* left,   top    */
    [6] = {true,  false, true },    /* right,  top    */
    [7] = {true,  true,  true },    /* right,  bottom */
    [8] = {true,  true,  false},    /* left,   bottom */
};
/* clang-format on */

alexnet_status an_exif_turn(alexnet_context *ctx, int orientation, an_image *image)
{
    an_image upright = {0};
    const int w = image->width, h = image->height;

    if (orientation <= 1 || orientation > 8) return ALEXNET_OK;
    const bool exchange = turns[orientation].exchange;
    AN_TRY(an_image_reserve(ctx, &upright, exchange ? h : w, exchange ? w : h));

    /* Steps in the stored picture for one to the right and one down in the upright one. */
    const ptrdiff_t along = turns[orientation].right_to_left ? -3 : 3;
    const ptrdiff_t down = turns[orientation].bottom_to_top ? -3 * (ptrdiff_t)w : 3 * (ptrdiff_t)w;
    const ptrdiff_t step_x = exchange ? down : along;
    const ptrdiff_t step_y = exchange ? along : down;
    const uint8_t *row = image->pixels;
    if (along < 0) row += (ptrdiff_t)(w - 1) * 3;
    if (down < 0) row += (ptrdiff_t)(h - 1) * w * 3;

    uint8_t *to = upright.pixels;
    for (int y = 0; y < upright.height; ++y, row += step_y) {
        const uint8_t *from = row;
        for (int x = 0; x < upright.width; ++x, from += step_x, to += 3)
            memcpy(to, from, 3);
    }
    an_image_free(ctx, image);
    *image = upright;
    return ALEXNET_OK;
}
