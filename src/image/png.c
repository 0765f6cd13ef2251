/*
 * png.c: PNG to RGB by libpng. Palettes, grey, and 1 to 16 bits are expanded by libpng; alpha,
 * gamma and text are ignored.
 *
 * Errors are reported by a callback that must not return: see jpeg.c.
 * SPDX-License-Identifier: MIT
 */
#include "base/cursor.h"
#include "base/memory.h"
#include "base/status.h"
#include "image/codec.h"
#include <png.h>
#include <setjmp.h>
#include <string.h>

#define RATIO_MAX 1032 /* deflate: a pair of one-bit codes produces 258 bytes */

typedef struct png_reader {
    png_structp png;
    png_infop info;
    an_cursor file;
    jmp_buf escape;
    alexnet_context *ctx;
    alexnet_status status;
} png_reader;

static bool sniff(const uint8_t *data, size_t bytes)
{
    return bytes >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0;
}

/* ---- callbacks ---- */

static void on_error(png_structp png, png_const_charp words)
{
    png_reader *reader = png_get_error_ptr(png);

    if (reader->status == ALEXNET_OK)
        reader->status = an_fail(reader->ctx, ALEXNET_BAD_FILE, "PNG: %s", words);
    longjmp(reader->escape, 1);
}

static void on_warning(png_structp png, png_const_charp words)
{
    (void)png;
    (void)words;
}

static png_voidp take(png_structp png, png_alloc_size_t bytes)
{
    png_reader *reader = png_get_mem_ptr(png);
    void *block = an_new(reader->ctx, bytes);

    if (block == NULL)
        reader->status = an_fail(reader->ctx, ALEXNET_NO_MEMORY, "PNG: %zu bytes", (size_t)bytes);
    return block;
}

static void give_back(png_structp png, png_voidp block)
{
    const png_reader *reader = png_get_mem_ptr(png);

    an_free(reader->ctx, block);
}

static void read_bytes(png_structp png, png_bytep to, size_t bytes)
{
    png_reader *reader = png_get_io_ptr(png);
    const uint8_t *from = an_cursor_bytes(&reader->file, bytes);

    if (from == NULL) png_error(png, "truncated: the file ends within the image");
    memcpy(to, from, bytes);
}

/* ---- the image ---- */

/* Jumps out of decode_guarded() unless the status is OK; the caller has set the message. */
static void check(png_reader *reader, alexnet_status status)
{
    if (status == ALEXNET_OK) return;
    reader->status = status;
    longjmp(reader->escape, 1);
}

static void check_plausible(png_reader *reader, size_t bytes)
{
    const size_t raw = png_get_rowbytes(reader->png, reader->info) *
                       png_get_image_height(reader->png, reader->info);

    if (raw / RATIO_MAX > bytes)
        check(reader,
              an_fail(reader->ctx, ALEXNET_BAD_FILE,
                      "PNG: truncated: %zu bytes of pixels cannot be in %zu bytes", raw, bytes));
}

/* Has libpng convert whatever the file holds to 8-bit RGB. */
static void ask_for_rgb(png_structp png)
{
    png_set_expand(png);   /* palettes; 1, 2 and 4 bits */
    png_set_strip_16(png); /* keeps the high byte */
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png);
}

static void read_orientation(const png_reader *reader, int *turn)
{
    png_bytep exif;
    png_uint_32 bytes;

    if (png_get_eXIf_1(reader->png, reader->info, &bytes, &exif) != 0)
        *turn = an_exif_orientation(exif, bytes);
}

static void read_rows(png_structp png, int passes, an_image *image)
{
    const size_t stride = (size_t)image->width * 3;

    for (int pass = 0; pass < passes; ++pass)
        for (int y = 0; y < image->height; ++y)
            png_read_row(png, image->pixels + (size_t)y * stride, NULL);
}

static void read_image(png_reader *reader, size_t bytes, int *turn, an_image *image)
{
    static const png_byte exif_chunk[] = "eXIf";
    png_structp png = reader->png;
    png_infop info = reader->info;

    png_set_read_fn(png, reader, read_bytes);
    png_set_user_limits(png, AN_IMAGE_SIDE_MAX, AN_IMAGE_SIDE_MAX);
    png_set_chunk_malloc_max(png, bytes); /* no chunk is longer than the file */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    if (turn != NULL) png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_AS_DEFAULT, exif_chunk, 1);

    png_read_info(png, info);
    const int64_t width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    check(reader, an_image_check_size(reader->ctx, "PNG", width, height));
    check_plausible(reader, bytes);
    check(reader, an_image_check_ratio(reader->ctx, "PNG", width, height, bytes));
    if (turn != NULL) read_orientation(reader, turn);

    ask_for_rgb(png);
    check(reader, an_image_reserve(reader->ctx, image, (int)width, (int)height));
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != (size_t)width * 3) png_error(png, "not converted to RGB");
    read_rows(png, passes, image);
}

/* A separate function, so that none of its variables changes between setjmp() and longjmp(). */
static void decode_guarded(png_reader *reader, size_t bytes, int *turn, an_image *image)
{
    if (setjmp(reader->escape) != 0) return;
    reader->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning,
                                           reader, take, give_back);
    if (reader->png != NULL) reader->info = png_create_info_struct(reader->png);
    if (reader->info == NULL)
        check(reader, an_fail(reader->ctx, ALEXNET_NO_MEMORY, "PNG: the decoder"));
    read_image(reader, bytes, turn, image);
}

alexnet_status an_png_decode(alexnet_context *ctx, const uint8_t *data, size_t bytes, int *turn,
                             an_image *image)
{
    png_reader reader = {.ctx = ctx, .file = an_cursor_open(data, bytes)};

    decode_guarded(&reader, bytes, turn, image);
    if (reader.png != NULL) png_destroy_read_struct(&reader.png, &reader.info, NULL);
    return reader.status;
}

const an_codec an_codec_png = {
    .name = "PNG", .library = "libpng", .sniff = sniff, .decode = an_png_decode};
