/*
 * bmp.c: BMP to RGB: 1, 4, 8, 16, 24 and 32 bits, rows bottom-up or top-down, with Windows' headers
 * of 40 bytes and more or OS/2's of 12. Run-length encoding is refused with a message of its own.
 *
 *     file header 14: "BM", size, 0, offset of the rows
 *     header 12 or 40 ..: its size, width, height, planes, bits, compression, ..., colours (at 32)
 *     masks (compression 3) | palette, 3 or 4 bytes per colour: blue, green, red
 *     rows, each padded to a multiple of 4 bytes
 *
 * (Microsoft, "Bitmap Storage", "BITMAPINFOHEADER", "BITMAPV4HEADER")
 * SPDX-License-Identifier: MIT
 */
#include "base/cursor.h"
#include "base/status.h"
#include "image/codec.h"
#include <string.h>

#define FILE_HEADER 14
#define OS2_HEADER  12
#define WIN_HEADER  40

typedef enum compression { PLAIN = 0, RLE8 = 1, RLE4 = 2, MASKS = 3 } compression;

typedef struct bmp {
    alexnet_context *ctx;
    an_cursor file;
    size_t header, rows; /* bytes of the header; where the rows begin */
    int64_t width, height;
    bool top_down;
    int bits;
    uint32_t compression, colours;
    uint32_t masks[3]; /* red, green, blue */
    uint8_t palette[256][3];
} bmp;

static uint32_t u32_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The two letters alone could also begin a text. */
static bool sniff(const uint8_t *data, size_t bytes)
{
    static const uint32_t headers[] = {OS2_HEADER, WIN_HEADER, 52, 56, 64, 108, 124};

    if (bytes < FILE_HEADER + 4 || data[0] != 'B' || data[1] != 'M') return false;
    for (size_t i = 0; i < AN_COUNT(headers); ++i) {
        if (u32_at(data + FILE_HEADER) == headers[i]) return true;
    }
    return false;
}

/* ---- the header ---- */

static alexnet_status fail(const bmp *b, const char *what)
{
    return an_fail(b->ctx, ALEXNET_BAD_FILE, "BMP: %s", what);
}

static alexnet_status fail_truncated(const bmp *b)
{
    return fail(b, "truncated: the file ends within the image");
}

static alexnet_status read_header(bmp *b)
{
    an_cursor *c = &b->file;

    an_cursor_skip(c, 10);
    b->rows = an_cursor_u32le(c);
    b->header = an_cursor_u32le(c);
    if (b->header == OS2_HEADER) {
        b->width = an_cursor_u16le(c);
        b->height = an_cursor_u16le(c);
    } else {
        b->width = (int32_t)an_cursor_u32le(c);
        b->height = (int32_t)an_cursor_u32le(c);
    }
    b->top_down = b->height < 0;
    if (b->top_down) b->height = -b->height;
    an_cursor_skip(c, 2); /* planes */
    b->bits = an_cursor_u16le(c);
    if (b->header == OS2_HEADER) return c->bad ? fail_truncated(b) : ALEXNET_OK;

    b->compression = an_cursor_u32le(c);
    an_cursor_skip(c, 12);
    b->colours = an_cursor_u32le(c);
    an_cursor_skip(c, 4);
    for (int i = 0; i < 3 && b->compression == MASKS; ++i) /* in the header, or just after it */
        b->masks[i] = an_cursor_u32le(c);
    return c->bad ? fail_truncated(b) : ALEXNET_OK;
}

static alexnet_status check_header(bmp *b)
{
    static const uint32_t masks_of_16[3] = {0x7c00, 0x03e0, 0x001f};
    static const uint32_t masks_of_32[3] = {0xff0000, 0xff00, 0xff};

    if (b->compression == RLE8 || b->compression == RLE4)
        return an_fail(b->ctx, ALEXNET_UNSUPPORTED,
                       "run-length encoded BMP is not supported; " AN_IMAGE_WAY_ON);
    if (b->compression != PLAIN && b->compression != MASKS)
        return an_fail(b->ctx, ALEXNET_UNSUPPORTED,
                       "BMP with compression %u is not supported; " AN_IMAGE_WAY_ON,
                       b->compression);
    if (b->bits != 1 && b->bits != 4 && b->bits != 8 && b->bits != 16 && b->bits != 24 &&
        b->bits != 32)
        return an_fail(b->ctx, ALEXNET_BAD_FILE,
                       "BMP: expected 1, 4, 8, 16, 24 or 32 bits per pixel, found %d", b->bits);
    if (b->compression == PLAIN || (b->masks[0] | b->masks[1] | b->masks[2]) == 0)
        memcpy(b->masks, b->bits == 16 ? masks_of_16 : masks_of_32, sizeof b->masks);
    else if (b->bits != 16 && b->bits != 32)
        return fail(b, "bit masks need 16 or 32 bits per pixel");
    return an_image_check_size(b->ctx, "BMP", b->width, b->height);
}

/* The palette follows the header. Missing colours stay black, as in PIL. */
static alexnet_status read_palette(bmp *b, const uint8_t *data, size_t bytes)
{
    const size_t size = b->header == OS2_HEADER ? 3 : 4;
    const size_t most = (size_t)1 << b->bits;
    const size_t count = b->colours == 0 || b->colours > most ? most : b->colours;
    an_cursor c = an_cursor_open(data, bytes);

    an_cursor_skip(&c, FILE_HEADER + b->header);
    if (b->rows == FILE_HEADER + b->header) b->rows += count * size; /* some writers omit it */
    for (size_t i = 0; i < count; ++i) {
        const uint8_t *colour = an_cursor_bytes(&c, size);
        if (colour == NULL) return fail_truncated(b);
        for (int k = 0; k < 3; ++k)
            b->palette[i][k] = colour[2 - k];
    }
    return ALEXNET_OK;
}

/* ---- rows ---- */

static void rgb_of_indices(const bmp *b, const uint8_t *row, uint8_t *rgb)
{
    const int per_byte = 8 / b->bits;
    const unsigned last = (1u << b->bits) - 1;

    for (int64_t x = 0; x < b->width; ++x, rgb += 3) {
        const int shift = b->bits * (per_byte - 1 - (int)(x % per_byte));
        memcpy(rgb, b->palette[(unsigned)row[x / per_byte] >> shift & last], 3);
    }
}

static void rgb_of_bytes(const bmp *b, const uint8_t *row, uint8_t *rgb)
{
    for (int64_t x = 0; x < b->width; ++x, row += 3, rgb += 3)
        for (int k = 0; k < 3; ++k)
            rgb[k] = row[2 - k];
}

/* The masked bits scaled to 0 .. 255, rounded down. */
static uint8_t scale(uint32_t pixel, uint32_t mask)
{
    if (mask == 0) return 0;
    const uint32_t lowest = mask & -mask;
    const uint64_t value = (pixel & mask) / lowest, most = mask / lowest;
    return (uint8_t)(value * 255 / most);
}

static void rgb_of_masks(const bmp *b, const uint8_t *row, uint8_t *rgb)
{
    const int size = b->bits / 8;

    for (int64_t x = 0; x < b->width; ++x, row += size, rgb += 3) {
        const uint32_t pixel = size == 4 ? u32_at(row) : (uint32_t)row[0] | (uint32_t)row[1] << 8;
        for (int k = 0; k < 3; ++k)
            rgb[k] = scale(pixel, b->masks[k]);
    }
}

static alexnet_status read_rows(bmp *b, const uint8_t *data, size_t bytes, an_image *image)
{
    const size_t stride = ((size_t)b->width * (size_t)b->bits + 31) / 32 * 4;
    an_cursor c = an_cursor_open(data, bytes);
    const uint8_t *rows;

    an_cursor_skip(&c, b->rows);
    rows = an_cursor_bytes(&c, stride * (size_t)b->height);
    if (rows == NULL) return fail_truncated(b);
    AN_TRY(an_image_reserve(b->ctx, image, (int)b->width, (int)b->height));
    for (int64_t y = 0; y < b->height; ++y) {
        const uint8_t *row = rows + stride * (size_t)(b->top_down ? y : b->height - 1 - y);
        uint8_t *to = image->pixels + (size_t)y * (size_t)b->width * 3;
        if (b->bits <= 8)
            rgb_of_indices(b, row, to);
        else if (b->bits == 24)
            rgb_of_bytes(b, row, to);
        else
            rgb_of_masks(b, row, to);
    }
    return ALEXNET_OK;
}

static alexnet_status decode(alexnet_context *ctx, const uint8_t *data, size_t bytes, int *turn,
                             an_image *image)
{
    bmp b = {.ctx = ctx, .file = an_cursor_open(data, bytes)};

    (void)turn; /* the format has no orientation */
    AN_TRY(read_header(&b));
    AN_TRY(check_header(&b));
    if (b.bits <= 8) AN_TRY(read_palette(&b, data, bytes));
    return read_rows(&b, data, bytes, image);
}

const an_codec an_codec_bmp = {.name = "BMP", .library = "", .sniff = sniff, .decode = decode};
