/*
 * exif.c: an image's orientation, the only EXIF tag that is read (codec.h).
 *
 * EXIF data are a small TIFF file; the orientation is in its first directory (Exif 2.32, 4.6).
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "base/status.h"
#include "image/codec.h"
#include "image/directory.h"
#include <string.h>

#define TAG_ORIENTATION 0x0112

int an_exif_orientation(const uint8_t *data, size_t bytes)
{
    an_directory directory;
    an_directory_entry entry;

    if (bytes >= 6 && memcmp(data, "Exif\0", 6) == 0) {
        data += 6;
        bytes -= 6;
    }
    if (!an_directory_open(data, bytes, &directory)) return 1;
    while (an_directory_next(&directory, &entry)) {
        if (entry.tag == TAG_ORIENTATION && entry.type == AN_ENTRY_SHORT && entry.count == 1)
            return entry.value >= 1 && entry.value <= 8 ? (int)entry.value : 1;
    }
    return 1;
}

/* Where the upright image finds its pixels: whether rows and columns are exchanged, and whether
   the stored columns and rows are counted from the opposite end. */
/* clang-format off */
static const struct {
    bool exchange, right_to_left, bottom_to_top;
} turns[9] = {         /* where row 0 and column 0 of the stored image belong */
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

    /* Offsets in the stored image of one pixel to the right and one down in the upright image. */
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
