/*
 * jpeg.c: JPEG to RGB by libjpeg-turbo, with the settings that PIL uses: accurate integer DCT,
 * smooth upsampling.
 *
 * libjpeg reports errors by a callback that must not return, hence the jump back to
 * decode_guarded(). What the callbacks and the clean-up need lies in a struct that outlives it.
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"
#include "image/codec.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h> /* wants stdio.h before it */

#include <jerror.h> /* numbers its messages by macros of jpeglib.h */

/*
 * Each scan of a progressive image costs a pass over all of it, but few bytes of the file. Usual are 10; more than SCANS_USUAL
 * are read where scans times pixels are not many.
 */
#define SCANS_USUAL     20
#define SCANS_MAX       100
#define SCAN_PIXELS_MAX 500000000

typedef struct jpeg_reader {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    alexnet_context *ctx;
    alexnet_status status;
    uint8_t *row; /* one row of four channels, or NULL */
} jpeg_reader;

static bool sniff(const uint8_t *data, size_t bytes)
{
    return bytes >= 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff;
}

/* ---- errors ---- */

static alexnet_status status_of(int message_code)
{
    switch (message_code) {
    case JERR_OUT_OF_MEMORY:
        return ALEXNET_NO_MEMORY;
    case JERR_BAD_PRECISION: /* 12 bits */
    case JERR_SOF_UNSUPPORTED:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED:
        return ALEXNET_UNSUPPORTED;
    default:
        return ALEXNET_BAD_FILE;
    }
}

static void on_error(j_common_ptr info)
{
    jpeg_reader *reader = info->client_data;
    char words[JMSG_LENGTH_MAX];

    info->err->format_message(info, words);
    reader->status = an_fail(reader->ctx, status_of(info->err->msg_code), "JPEG: %s", words);
    longjmp(reader->escape, 1);
}

/* Warnings that mean lost pixels, which libjpeg would make up, are errors here. */
static void on_message(j_common_ptr info, int level)
{
    if (level >= 0) return;
    switch (info->err->msg_code) {
    case JWRN_HIT_MARKER: /* premature end of data segment */
    case JWRN_HUFF_BAD_CODE:
#ifdef D_ARITH_CODING_SUPPORTED
    case JWRN_ARITH_BAD_CODE:
#endif
    case JWRN_MUST_RESYNC:
    case JWRN_JPEG_EOF:
        on_error(info);
    }
}

/* Whether so many scans are too many. */
static alexnet_status check_scans(const jpeg_reader *reader, int64_t scans)
{
    const int64_t pixels = (int64_t)reader->info.image_width * reader->info.image_height;

    if (scans <= SCANS_USUAL || (scans <= SCANS_MAX && scans * pixels <= SCAN_PIXELS_MAX))
        return ALEXNET_OK;
    return an_fail(
        reader->ctx, ALEXNET_BAD_FILE,
        "JPEG: %lld scans of %u x %u pixels; expected at most %d, or %d and %d pixels in "
        "all of them",
        (long long)scans, reader->info.image_width, reader->info.image_height, SCANS_USUAL,
        SCANS_MAX, SCAN_PIXELS_MAX);
}

/* Where count_scans() and libjpeg see different things in a file, libjpeg's count is right. */
static void on_progress(j_common_ptr info)
{
    jpeg_reader *reader = info->client_data;
    const alexnet_status status = check_scans(reader, reader->info.input_scan_number);

    if (status == ALEXNET_OK) return;
    reader->status = status;
    longjmp(reader->escape, 1);
}

/* ---- the file in memory as libjpeg's source ---- */

static void start_source(j_decompress_ptr info) { (void)info; }

static boolean refill_source(j_decompress_ptr info)
{
    jpeg_reader *reader = info->client_data;

    reader->status =
        an_fail(reader->ctx, ALEXNET_BAD_FILE, "JPEG: truncated: the file ends within the image");
    longjmp(reader->escape, 1);
}

static void skip_source(j_decompress_ptr info, long bytes)
{
    if (bytes <= 0) return;
    if ((size_t)bytes > info->src->bytes_in_buffer) refill_source(info);
    info->src->next_input_byte += bytes;
    info->src->bytes_in_buffer -= (size_t)bytes;
}

static void open_source(jpeg_reader *reader, const uint8_t *data, size_t bytes)
{
    reader->source = (struct jpeg_source_mgr){
        .next_input_byte = data,
        .bytes_in_buffer = bytes,
        .init_source = start_source,
        .fill_input_buffer = refill_source,
        .skip_input_data = skip_source,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = start_source,
    };
    reader->info.src = &reader->source;
    reader->progress.progress_monitor = on_progress;
    reader->info.progress = &reader->progress;
}

/* ---- the image ---- */

/* Leaves decode_guarded() unless the status is OK; the message is there already. */
static void check(jpeg_reader *reader, alexnet_status status)
{
    if (status == ALEXNET_OK) return;
    reader->status = status;
    longjmp(reader->escape, 1);
}

/* Huffman coding takes a bit or more for a block of 8 x 8: a small file holds no large image. */
static void check_plausible(jpeg_reader *reader, size_t bytes)
{
    const struct jpeg_decompress_struct *info = &reader->info;
    uint64_t blocks = 0;

    if (info->arith_code) return;
    for (int i = 0; i < info->num_components; ++i)
        blocks +=
            (uint64_t)info->comp_info[i].width_in_blocks * info->comp_info[i].height_in_blocks;
    if (blocks / 8 > bytes)
        check(reader, an_fail(reader->ctx, ALEXNET_BAD_FILE,
                              "JPEG: truncated: %u x %u pixels cannot be in %zu bytes",
                              info->image_width, info->image_height, bytes));
}

/* The scans of a file, by its markers alone: a scan begins with one (FF DA) that has a length, and its data are up to the
 * next marker that is neither a stuffed FF nor a restart. */
static int64_t count_scans(const uint8_t *data, size_t bytes)
{
    int64_t scans = 0;

    for (size_t at = 2; at + 4 <= bytes;) {
        const uint8_t *found = memchr(data + at, 0xff, bytes - at - 3);
        if (found == NULL) break;
        at = (size_t)(found - data);
        const uint8_t marker = data[at + 1];
        if (marker == 0xd9) break;
        if (marker == 0xff) {
            ++at; /* fill */
        } else if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
            at += 2;
        } else {
            scans += marker == 0xda;
            at += 2 + (size_t)(data[at + 2] << 8 | data[at + 3]);
        }
    }
    return scans;
}

static void read_orientation(const struct jpeg_decompress_struct *info, int *turn)
{
    for (jpeg_saved_marker_ptr marker = info->marker_list; marker != NULL; marker = marker->next) {
        if (marker->data_length >= 6 && memcmp(marker->data, "Exif\0", 6) == 0) {
            *turn = an_exif_orientation(marker->data, marker->data_length);
            return;
        }
    }
}

/* Without Adobe's marker they are YCbCr and one to ignore; libjpeg's YCCK gives 255 - RGB. */
static void rgb_from_ycc(const uint8_t *cmyk, int width, uint8_t *rgb)
{
    for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3)
        for (int c = 0; c < 3; ++c)
            rgb[c] = (uint8_t)(255 - cmyk[c]);
}

/* Where a file has several scans, libjpeg keeps the coefficients of all of it. */
static size_t coefficient_bytes(struct jpeg_decompress_struct *info)
{
    size_t blocks = 0;

    if (!jpeg_has_multiple_scans(info)) return 0;
    for (int i = 0; i < info->num_components; ++i)
        blocks += (size_t)info->comp_info[i].width_in_blocks * info->comp_info[i].height_in_blocks;
    return blocks * sizeof(JBLOCK);
}

static void choose_colours(jpeg_reader *reader)
{
    struct jpeg_decompress_struct *info = &reader->info;

    info->out_color_space = JCS_RGB;
    if (info->num_components != 4) return;
    info->out_color_space = JCS_CMYK;
    if (!info->saw_Adobe_marker) info->jpeg_color_space = JCS_YCCK;
    reader->row = an_new(reader->ctx, (size_t)info->image_width * 4);
    if (reader->row == NULL)
        check(reader, an_fail(reader->ctx, ALEXNET_NO_MEMORY, "JPEG: a row of four channels"));
}

static void read_rows(jpeg_reader *reader, an_image *image)
{
    struct jpeg_decompress_struct *info = &reader->info;
    const size_t stride = (size_t)image->width * 3;

    while (info->output_scanline < info->output_height) {
        uint8_t *to = image->pixels + info->output_scanline * stride;
        if (reader->row == NULL) {
            jpeg_read_scanlines(info, &to, 1);
            continue;
        }
        jpeg_read_scanlines(info, &reader->row, 1);
        if (info->saw_Adobe_marker)
            an_image_rgb_of_cmyk(reader->row, image->width, to); /* Adobe writes 255 - ink */
        else
            rgb_from_ycc(reader->row, image->width, to);
    }
}

static void read_image(jpeg_reader *reader, const uint8_t *data, size_t bytes, int *turn,
                         an_image *image)
{
    struct jpeg_decompress_struct *info = &reader->info;

    jpeg_create_decompress(info);
    open_source(reader, data, bytes);
    if (turn != NULL) jpeg_save_markers(info, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(info, TRUE);
    check(reader, an_image_check_size(reader->ctx, "JPEG", info->image_width, info->image_height));
    check_plausible(reader, bytes);
    check(reader,
          an_image_check_ratio(reader->ctx, "JPEG", info->image_width, info->image_height, bytes));
    check(reader, check_scans(reader, count_scans(data, bytes)));
    if (turn != NULL) read_orientation(info, turn);

    choose_colours(reader);
    image->working = coefficient_bytes(info);
    check(reader,
          an_image_reserve(reader->ctx, image, (int)info->image_width, (int)info->image_height));
    jpeg_start_decompress(info);
    read_rows(reader, image);
    jpeg_finish_decompress(info); /* reads on to the end marker */
}

/* In a function of its own, so that no variable of its changes between setjmp() and longjmp(). */
static void decode_guarded(jpeg_reader *reader, const uint8_t *data, size_t bytes, int *turn,
                           an_image *image)
{
    if (setjmp(reader->escape) == 0) read_image(reader, data, bytes, turn, image);
}

alexnet_status an_jpeg_decode(alexnet_context *ctx, const uint8_t *data, size_t bytes, int *turn,
                              an_image *image)
{
    jpeg_reader reader = {.ctx = ctx};

    reader.info.err = jpeg_std_error(&reader.errors);
    reader.info.client_data = &reader;
    reader.errors.error_exit = on_error;
    reader.errors.emit_message = on_message;
    decode_guarded(&reader, data, bytes, turn, image);
    jpeg_destroy_decompress(&reader.info);
    an_free(ctx, reader.row);
    return reader.status;
}

const an_codec an_codec_jpeg = {
    .name = "JPEG", .library = "libjpeg-turbo", .sniff = sniff, .decode = an_jpeg_decode};
