/*
 * encode.c: the part of image.h that encodes: JPEG or PNG in memory, for drawn data sets and
 * figures.
 *
 * Both libraries report errors by a callback that must not return: see jpeg.c.
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "base/status.h"
#include "image/image.h"
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h> /* needs stdio.h before it */

#include <jerror.h> /* needs macros of jpeglib.h */

#define FIRST_BYTES 16384

/* The growing result, the jump target and the libraries' state; must stay valid after the jump. */
typedef struct encoder {
    alexnet_context *ctx;
    const an_image *image;
    uint8_t *data;
    size_t used, capacity;
    alexnet_status status;
    jmp_buf escape;
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination;
    png_structp png;
    png_infop png_info;
} encoder;

static void leave(encoder *e, alexnet_status status, const char *words)
{
    e->status = an_fail(e->ctx, status, "encoding an image of %d x %d pixels: %s", e->image->width,
                        e->image->height, words);
    longjmp(e->escape, 1);
}

/* Makes room for `bytes` more. */
static void make_room(encoder *e, size_t bytes)
{
    size_t capacity = AN_MAX(e->capacity, FIRST_BYTES);

    if (bytes <= e->capacity - e->used) return;
    while (capacity - e->used < bytes) {
        if (!an_multiply(capacity, 2, &capacity)) leave(e, ALEXNET_NO_MEMORY, "too large");
    }
    uint8_t *larger = an_grow(e->ctx, e->data, e->used, capacity);
    if (larger == NULL) leave(e, ALEXNET_NO_MEMORY, "no memory");
    e->data = larger;
    e->capacity = capacity;
}

/* Hands the result to the caller, or frees it after an error. */
static alexnet_status finish(encoder *e, uint8_t **data, size_t *bytes)
{
    if (e->status != ALEXNET_OK) an_free(e->ctx, e->data);
    *data = e->status == ALEXNET_OK ? e->data : NULL;
    *bytes = e->status == ALEXNET_OK ? e->used : 0;
    return e->status;
}

/* ---- JPEG ---- */

static void on_jpeg_error(j_common_ptr info)
{
    char words[JMSG_LENGTH_MAX];

    info->err->format_message(info, words);
    leave(info->client_data,
          info->err->msg_code == JERR_OUT_OF_MEMORY ? ALEXNET_NO_MEMORY : ALEXNET_BAD_ARG, words);
}

static void on_jpeg_message(j_common_ptr info, int level)
{
    (void)info;
    (void)level;
}

/* libjpeg writes straight into the result; `destination` holds the position and the free space. */
static void offer_room(encoder *e)
{
    make_room(e, FIRST_BYTES);
    e->destination.next_output_byte = e->data + e->used;
    e->destination.free_in_buffer = e->capacity - e->used;
}

static void start_jpeg(j_compress_ptr info) { offer_room(info->client_data); }

static boolean drain_jpeg(j_compress_ptr info) /* the buffer is full */
{
    encoder *e = info->client_data;

    e->used = e->capacity;
    offer_room(e);
    return TRUE;
}

static void end_jpeg(j_compress_ptr info)
{
    encoder *e = info->client_data;

    e->used = e->capacity - e->destination.free_in_buffer;
}

static void write_jpeg(encoder *e, int quality)
{
    struct jpeg_compress_struct *info = &e->info;
    const size_t stride = (size_t)e->image->width * 3;

    if (setjmp(e->escape) != 0) return;
    jpeg_create_compress(info);
    e->destination = (struct jpeg_destination_mgr){.init_destination = start_jpeg,
                                                   .empty_output_buffer = drain_jpeg,
                                                   .term_destination = end_jpeg};
    info->dest = &e->destination;
    info->image_width = (JDIMENSION)e->image->width;
    info->image_height = (JDIMENSION)e->image->height;
    info->input_components = 3;
    info->in_color_space = JCS_RGB;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, quality, TRUE);
    jpeg_start_compress(info, TRUE);
    while (info->next_scanline < info->image_height) {
        JSAMPROW row = e->image->pixels + info->next_scanline * stride;
        jpeg_write_scanlines(info, &row, 1);
    }
    jpeg_finish_compress(info);
}

alexnet_status an_image_encode_jpeg(alexnet_context *ctx, const an_image *image, int quality,
                                    uint8_t **data, size_t *bytes)
{
    encoder e = {.ctx = ctx, .image = image};

    e.info.err = jpeg_std_error(&e.errors);
    e.info.client_data = &e;
    e.errors.error_exit = on_jpeg_error;
    e.errors.emit_message = on_jpeg_message;
    write_jpeg(&e, quality);
    jpeg_destroy_compress(&e.info);
    return finish(&e, data, bytes);
}

/* ---- PNG ---- */

static void on_png_error(png_structp png, png_const_charp words)
{
    leave(png_get_error_ptr(png), ALEXNET_NO_MEMORY, words);
}

static void on_png_warning(png_structp png, png_const_charp words)
{
    (void)png;
    (void)words;
}

static png_voidp take(png_structp png, png_alloc_size_t bytes)
{
    const encoder *e = png_get_mem_ptr(png);

    return an_new(e->ctx, bytes);
}

static void give_back(png_structp png, png_voidp block)
{
    const encoder *e = png_get_mem_ptr(png);

    an_free(e->ctx, block);
}

static void write_bytes(png_structp png, png_bytep from, size_t bytes)
{
    encoder *e = png_get_io_ptr(png);

    make_room(e, bytes);
    memcpy(e->data + e->used, from, bytes);
    e->used += bytes;
}

static void flush_nothing(png_structp png) { (void)png; }

static void write_png(encoder *e)
{
    const an_image *image = e->image;

    if (setjmp(e->escape) != 0) return;
    e->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, e, on_png_error, on_png_warning, e,
                                       take, give_back);
    if (e->png != NULL) e->png_info = png_create_info_struct(e->png);
    if (e->png_info == NULL) leave(e, ALEXNET_NO_MEMORY, "no memory");

    png_set_write_fn(e->png, e, write_bytes, flush_nothing);
    png_set_IHDR(e->png, e->png_info, (png_uint_32)image->width, (png_uint_32)image->height, 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE,
                 PNG_FILTER_TYPE_BASE);
    png_write_info(e->png, e->png_info);
    for (int y = 0; y < image->height; ++y)
        png_write_row(e->png, image->pixels + (size_t)y * (size_t)image->width * 3);
    png_write_end(e->png, NULL);
}

alexnet_status an_image_encode_png(alexnet_context *ctx, const an_image *image, uint8_t **data,
                                   size_t *bytes)
{
    encoder e = {.ctx = ctx, .image = image};

    write_png(&e);
    if (e.png != NULL) png_destroy_write_struct(&e.png, &e.png_info);
    return finish(&e, data, bytes);
}
